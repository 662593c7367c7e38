# SPDX-License-Identifier: Apache-2.0
"""The manifest of a folder that ``kerilog build`` wrote, ``DIR/manifest.json``: what later tools may rely on.

A folder holds a design (``Manifest``) or, where there is no hardware, an integer model alone
(``IntegerManifest``). The types are the contract: ``schemas/manifest.json`` is made from them. Everything
that reaches a command line or a script (names, paths) is checked here, once, when it is read. Keys that the
types do not have are ignored.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from kerilog import listed, regular, typed
from kerilog.errors import KerilogError
from kerilog.listed import PART, Digest

FILE_NAME = "manifest.json"
SCHEMA: Literal[1] = 1
"""Version of the manifest's form; another one means that keys changed their meaning."""
Reset = Literal["active-high", "active-low"]
"""The level at which the reset of a core resets it: port ``rst`` or port ``aresetn``."""
ControlBus = Literal["none", "axi-lite"]
"""The bus of a control block beside a core, if it has one: port ``s_axi``."""
_MOST = 10**15  # what a count may be: far more than any design has, and exact in every JSON reader

Schema = Annotated[Literal[1], Meta(description="1")]
Count = Annotated[int, Meta(ge=0, le=_MOST)]
Size = Annotated[int, Meta(ge=1, le=_MOST)]
Signed = Annotated[int, Meta(ge=-_MOST, le=_MOST)]
Places = Annotated[int, Meta(ge=0, le=128)]
Share = Annotated[float, Meta(ge=0, le=1)]
Distance = Annotated[float, Meta(ge=0)]
Word = Annotated[str, Meta(min_length=1, description="a string that is not empty")]
# (?![\s\S]) is the end of the text in every dialect of regular expressions; $ may stand before a line's end.
Identifier = Annotated[
    str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]*(?![\s\S])", description="a Verilog identifier")
]
Source = Annotated[
    str, Meta(pattern=rf"^({PART}/)*{PART}\.v(?![\s\S])", description="a relative path to a .v file")
]
MemoryFile = Annotated[
    str, Meta(pattern=rf"^({PART}/)*{PART}\.mem(?![\s\S])", description="a relative path to a .mem file")
]
Shape = Annotated[
    tuple[Size, ...], Meta(min_length=1, max_length=8, description="a list of positive integers")
]

AnyManifest = TypeVar("AnyManifest", bound="About")


class Tensor(Struct, frozen=True, kw_only=True):
    """An input or an output of the network, in NHWC order.

    ``name`` is its layer's, and its key in .npz files. ``bits`` is the width of an element; a code q stands
    for ``scale * (q - zero_point)``. Of ``kind`` "class" it is the number, from 0, of one of ``classes``; of
    ``kind`` "sign" 0 stands for ``scale`` and -1 for its negative.
    """

    name: Word
    shape: Shape
    bits: Annotated[int, Meta(ge=1, le=32)]
    signed: bool
    scale: Annotated[float, Meta(gt=0)]
    zero_point: Signed
    kind: Literal["class", "sign"] | UnsetType = UNSET
    classes: Annotated[int, Meta(ge=2, le=_MOST)] | UnsetType = UNSET

    def __post_init__(self) -> None:
        if not math.isfinite(self.scale):
            raise ValueError(".scale: expected a finite number")

    @property
    def elements(self) -> int:
        """Elements of one frame."""
        return math.prod(self.shape)

    @property
    def minimum(self) -> int:
        """Smallest code."""
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def maximum(self) -> int:
        """Largest code."""
        return (1 << (self.bits - 1)) - 1 if self.signed else (1 << self.bits) - 1


class Stream(Tensor, frozen=True, kw_only=True):
    """A tensor at an AXI4-Stream port, whose signals begin with ``port``: ``s_axis_tdata``.

    A frame is one tensor in ``frame_beats`` beats of ``lanes`` elements, ``payload_bits`` in all, lane 0 in
    the low bits of ``tdata``; that has ``tdata_bits`` bits, whole bytes. Bits above the payload are zero on
    outputs and ignored on inputs.
    """

    port: Identifier
    lanes: Size
    payload_bits: Size
    tdata_bits: Size
    frame_beats: Size

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.elements % self.lanes:
            raise ValueError(
                f".lanes: expected a divisor of the {self.elements} elements, found {self.lanes}"
            )
        if self.payload_bits != self.width:
            raise ValueError(
                f".payload_bits: expected {self.width}, bits times lanes, found {self.payload_bits}"
            )
        if self.tdata_bits != whole_bytes(self.width):
            raise ValueError(
                f".tdata_bits: expected {whole_bytes(self.width)}, whole bytes for the payload, "
                f"found {self.tdata_bits}"
            )
        if self.frame_beats != self.beats:
            raise ValueError(
                f".frame_beats: expected {self.beats}, elements over lanes, found {self.frame_beats}"
            )

    @property
    def beats(self) -> int:
        """Beats of one frame."""
        return self.elements // self.lanes

    @property
    def width(self) -> int:
        """Bits of a beat that hold elements."""
        return self.lanes * self.bits


def stream(tensor: Tensor, port: str, lanes: int) -> Stream:
    """``tensor`` at ``port``, ``lanes`` elements per beat. ValueError where they do not divide the tensor."""
    fields = {field: getattr(tensor, field) for field in Tensor.__struct_fields__}
    beats = max(1, tensor.elements // lanes)
    width = tensor.bits * lanes
    return Stream(
        **fields,
        port=port,
        lanes=lanes,
        payload_bits=width,
        tdata_bits=whole_bytes(width),
        frame_beats=beats,
    )


def made_by(constants: bool, signs: bool) -> str:
    """What makes the products of a layer whose weights are ``constants``, or ``signs``, in a word."""
    return "constants" if constants else "signs" if signs else "multipliers"


def reset_port(reset: Reset) -> str:
    """The name of the port of a ``reset``."""
    return "rst" if reset == "active-high" else "aresetn"


def whole_bytes(bits: int) -> int:
    """The bits of as many bytes as hold ``bits``."""
    return 8 * -(-bits // 8)


class Model(Struct, frozen=True, kw_only=True):
    """The file that a network came from."""

    file: str
    sha256: Digest


class Bytes(Struct, frozen=True, kw_only=True):
    """Bytes of all weights and biases: as float32, and in their integer formats."""

    in_float: Count = msgspec.field(name="float")
    in_integers: Count = msgspec.field(name="integer")


class Accuracy(Struct, frozen=True, kw_only=True):
    """Share of right answers over ``samples`` test samples, of three networks; see ``Quality.rule``.

    The ``original`` in float, the ``integer`` one, and the ``naive`` one with one Q1.7 format for every
    tensor.
    """

    samples: Size
    original: Share
    integer: Share
    naive: Share


class Scaling(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What the raw samples of an input were, and the ``factor`` that a build multiplied them by.

    ``minimum`` and ``maximum`` are of the samples as they came. ``given``: the factor is the user's, for
    samples of any type. ``why``: the reason for leaving integers as they are.
    """

    dtype: Word
    minimum: float
    maximum: float
    factor: float = 1.0
    given: bool = False
    why: str = ""

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, (self.minimum, self.maximum, self.factor))):
            raise ValueError(".factor: expected finite numbers")

    @property
    def told(self) -> str:
        """In words: ``uint8 0..255, divided by 255``."""
        if self.given:
            done = f"times {self.factor:g}, as the input scale says"
        elif self.factor == 1:
            done = f"as they are; {self.why}" if self.why else "as they are"
        else:
            done = f"divided by {1 / self.factor:g}"
        return f"{self.dtype} {self.minimum:g}..{self.maximum:g}, {done}"


class Rates(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A share of right answers, of three networks: the float one, the ``integer`` one, and the ``naive`` one.

    A network that was not measured is left out: a TFLite file has no float original.
    """

    in_float: Share | UnsetType = msgspec.field(name="float", default=UNSET)
    in_integers: Share = msgspec.field(name="integer")
    naive: Share | UnsetType = UNSET


class Distances(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Root mean squared distances, of the float network where there is one, and of the integer one."""

    in_float: Distance | UnsetType = msgspec.field(name="float", default=UNSET)
    in_integers: Distance = msgspec.field(name="integer")


class Quality(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What was measured at one output over ``samples`` test samples.

    ``rmse``, ``snr_db`` and ``correlation`` are of the integer network against the float one, softmax left
    out of both; ``snr_db`` is null where nothing differs or where the float output is 0 everywhere,
    ``correlation`` where either is constant; ``why_no_error``: why they are missing. ``rule``: which answers
    are right. ``accuracy``: their share, where a sample has several labels of all of these; ``exact_match``
    is then the share of samples with all labels right. ``largest_class``: the accuracy of always giving the
    commonest answer. ``label_rmse``: distance to the labels of a regression. ``why_no_accuracy``: why it is
    missing.
    """

    samples: Count
    rmse: Distance | UnsetType = UNSET
    snr_db: float | UnsetType | None = UNSET
    correlation: Annotated[float, Meta(ge=-1, le=1)] | UnsetType | None = UNSET
    why_no_error: Word | UnsetType = UNSET
    rule: Word | UnsetType = UNSET
    accuracy: Rates | UnsetType = UNSET
    exact_match: Rates | UnsetType = UNSET
    largest_class: Share | UnsetType = UNSET
    label_rmse: Distances | UnsetType = UNSET
    why_no_accuracy: Word | UnsetType = UNSET


class Constants(Struct, frozen=True, kw_only=True):
    """The sums that stand for the products of a layer whose weights are constants."""

    adders: Count
    adder_bits: Count
    ff: Count


class Layer(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One stage of the pipeline; ``layer`` is the name of the layer in the model.

    ``pe`` output lanes of ``simd`` products each; ``macs``: multiplications per frame; ``weight_bits``: bits
    of the weight memory; ``windows``: windows side by side; ``kept_rows``: rows in a memory out
    of which windows are read word by word, in place of windows in registers (of a dense layer whole inputs,
    read once for each group of outputs); ``depth`` and ``peak``: beats that a queue holds
    and the most that it is planned to hold; ``constants``: there where adders stand for the multipliers;
    ``signs``: whether its weights are of 1 bit or ternary, so that products are added or subtracted.
    ``tensor``: the name in the integer model of the tensor that the stage gives, ``lanes`` elements a beat.
    """

    name: Identifier
    kind: Word
    pe: Count | None = None
    simd: Count | None = None
    accumulator_bits: Count | None = None
    layer: str = ""
    output_shape: Shape | None = None
    windows: Size | None = None
    kept_rows: Size | None = None
    weight_bits: Count | None = None
    macs: Count | None = None
    constants: Constants | None = None
    signs: bool = False
    depth: Count | None = None
    peak: Count | None = None
    tensor: str = ""
    lanes: Size | None = None

    @property
    def products(self) -> int:
        """Products made in a cycle, by multipliers or by constants."""
        return (self.pe or 0) * (self.simd or 0)

    @property
    def made_by(self) -> str:
        """What makes its products, in a word."""
        return made_by(self.constants is not None, self.signs)


class LoadedWeights(Struct, frozen=True, kw_only=True):
    """The memory of a layer's weights, ``depth`` words of ``width`` bits, and how they are folded: ``pe``
    lanes of ``simd`` codes of ``bits``; a vector comes in ``beats_per_vector`` beats of ``lanes``, in
    ``turns`` for ``groups`` of ``pe`` outputs; ``vectors`` of them side by side are for shares of the
    ``outputs``.
    """

    file: MemoryFile
    depth: Size
    width: Size
    bits: Annotated[int, Meta(ge=2, le=32)]
    pe: Size
    simd: Size
    lanes: Size
    beats_per_vector: Size
    groups: Size
    outputs: Size
    vectors: Size
    turns: Size


class LoadedRequantizer(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The memory of a layer's requantizer, ``depth`` words of ``width`` bits, each for ``lanes`` channels.

    Of ``affine``: ``shift`` and the bits of a multiplier, of an offset, of a correction and of totals; of
    ``fixed``: the bits of a bias and how many places its binary point lies above the sums'. See
    ``kerilog.hardware.room``.
    """

    file: MemoryFile
    depth: Size
    width: Size
    lanes: Size
    shift: Places | UnsetType = UNSET
    multiplier_bits: Places | UnsetType = UNSET
    offset_bits: Places | UnsetType = UNSET
    negative_correction_bits: Places | UnsetType = UNSET
    total_bits: Places | UnsetType = UNSET
    bias_bits: Places | UnsetType = UNSET
    bias_shift: Places | UnsetType = UNSET

    def __post_init__(self) -> None:
        of_affine = (
            *(self.shift, self.multiplier_bits, self.offset_bits),
            *(self.negative_correction_bits, self.total_bits),
        )
        of_fixed = self.bias_bits, self.bias_shift
        if (UNSET in of_affine) == (UNSET in of_fixed):
            raise ValueError(".shift: expected the numbers of one kind of requantizer, found others")


class LoadedLayer(Struct, frozen=True, kw_only=True):
    """A layer whose weights are loaded at run time; its input holds ``codes[0]`` to ``codes[1]``."""

    layer: Word
    codes: tuple[Annotated[int, Meta(ge=-_MOST, le=_MOST)], Annotated[int, Meta(ge=-_MOST, le=_MOST)]]
    weights: LoadedWeights
    requantizer: LoadedRequantizer


class Loadable(Struct, frozen=True, kw_only=True):
    """What a core takes at run time: ``words`` of 32 bits for the memories of ``layers``, in their order, of
    each first the weights. ``layout``: what the second word of a file must be. ``double_buffer``: whether
    there are two sets of memories.
    """

    layout: Annotated[str, Meta(pattern=r"^[0-9a-f]{8}(?![\s\S])", description="eight hexadecimal digits")]
    double_buffer: bool
    words: Size
    layers: Annotated[tuple[LoadedLayer, ...], Meta(min_length=1)]


class Area(Struct, frozen=True, kw_only=True):
    """Look-up tables of logic, those used as memory, flip-flops, block RAMs of 18 Kbit, DSPs."""

    lut: Count
    lutram: Count
    ff: Count
    bram18: Count
    dsp: Count


class Resources(Area, frozen=True, kw_only=True):
    """Area that synthesis found; ``fmax_mhz`` after place and route, where there was one."""

    target: str
    device: str
    tool: str
    latch: Count
    fmax_mhz: Annotated[float, Meta(ge=0)] | None
    critical_path: str | None


class Reason(Struct, frozen=True, kw_only=True):
    """Why there is no hardware: what ``layer`` needs; null where it is the network as a whole."""

    layer: str | None
    reason: Word


class Refined(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One output of the integer network on the first ``samples`` calibration samples, after one more pass.

    ``after``: the pass, "nearest" before the first one. ``snr_db``: against the float output, softmax left
    out of both; null where nothing differs or where the float output is 0 everywhere. ``agreement``: the
    share of answers, the largest of the last axis, that are those of the float network; missing where there
    is one value.
    """

    after: Literal["nearest", "equalize", "learn-rounding", "correct-bias"]
    output: Word
    samples: Count
    snr_db: float | None
    agreement: Share | UnsetType = UNSET


class About(Struct, frozen=True, kw_only=True):
    """What both kinds of folder tell.

    ``accuracies`` by the name of the output, where the data has labels for it; ``accuracy`` is the same where
    there is one output. ``quality``: by the name of the output, everything that was measured. ``data``: the
    samples that were used. ``scaling``: what was done to the samples of each input, by its name.
    ``refined``: what each pass on weights and biases brought, in their order, where there was one.
    ``warnings``: what was doubtful when it was built.
    """

    schema: Schema
    kerilog: str
    scheme: Literal["affine", "fixed"]
    model: Model
    bytes: Bytes
    data: str | UnsetType = UNSET
    scaling: dict[str, Scaling] | UnsetType = UNSET
    accuracy: Accuracy | UnsetType = UNSET
    accuracies: dict[str, Accuracy] | UnsetType = UNSET
    quality: dict[str, Quality] | UnsetType = UNSET
    refined: tuple[Refined, ...] | UnsetType = UNSET
    warnings: tuple[str, ...] = ()

    def to_json(self) -> str:
        """The text of ``manifest.json``, which is ASCII: keys in the order of the fields."""
        return _text(msgspec.to_builtins(self))

    def fields(self) -> dict[str, Any]:
        """The fields by name, for the constructor of a kind that has more of them."""
        return msgspec.structs.asdict(self)


class IntegerManifest(About, frozen=True, kw_only=True):
    """A folder with an integer model and no hardware.

    ``no_hardware``: every reason; none where the user asked for the integer model alone.
    """

    name: Word
    inputs: Annotated[tuple[Tensor, ...], Meta(min_length=1)]
    outputs: Annotated[tuple[Tensor, ...], Meta(min_length=1)]
    no_hardware: tuple[Reason, ...]

    @classmethod
    def read(cls, directory: str | Path) -> IntegerManifest:
        """Read and check ``directory/manifest.json``. Raises KerilogError when a value is not legal."""
        return _checked(directory, cls)

    @property
    def why(self) -> str:
        """All reasons in one line."""
        told = [f"layer '{one.layer}': {one.reason}" if one.layer else one.reason for one in self.no_hardware]
        return "; ".join(told) or "the integer model alone was asked for"


class Manifest(About, frozen=True, kw_only=True):
    """A folder with a design. Paths are POSIX, relative to the folder; ``sources`` are in compile order.

    ``frame_interval``, ``latency`` and ``first_output`` are in cycles; the latter two run from the first beat
    in to the last and to the first beat out of the first frame; padding may leave before. ``multipliers`` are
    those that multiply two variables; ``constants`` counts the products per cycle that layers of constants
    and of signs make without any.
    ``macs``: multiplications of the network per frame. ``goal``: what it was planned for, in words;
    ``device``: the FPGA that it was planned for, if one was asked for. ``register_borders``: whether a
    register slice stands at every stream of the border. ``reset``: the level that resets the core.
    ``control``: the bus of its control block, ``integer_sha256``: the SHA-256 of ``integer_model.npz``, which
    the block tells. ``loadable``: the weights that it loads, where it does.
    ``input`` and ``output`` repeat the one element of ``inputs`` and ``outputs`` where there is one.
    ``predicted`` and ``resources``: area by target.
    """

    name: Identifier
    top: Identifier
    sources: Annotated[tuple[Source, ...], Meta(min_length=1)]
    memories: tuple[MemoryFile, ...]
    inputs: Annotated[tuple[Stream, ...], Meta(min_length=1)]
    outputs: Annotated[tuple[Stream, ...], Meta(min_length=1)]
    frame_interval: Size
    latency: Count
    first_output: Signed
    multipliers: Count
    constants: Count
    macs: Count
    goal: Annotated[str, Meta(max_length=200)] = ""
    device: Annotated[str, Meta(max_length=40)] = ""
    register_borders: bool = False
    reset: Reset = "active-high"
    control: ControlBus = "none"
    integer_sha256: Digest | UnsetType = UNSET
    loadable: Loadable | UnsetType = UNSET
    predicted: dict[str, Area]
    layers: tuple[Layer, ...]
    resources: dict[str, Resources] | UnsetType = UNSET
    only_input: Stream | UnsetType = msgspec.field(name="input", default=UNSET)
    only_output: Stream | UnsetType = msgspec.field(name="output", default=UNSET)

    def __repr__(self) -> str:
        pace = f"{self.frame_interval:,} cycles per frame, latency {self.latency:,}"
        return f"<Manifest of {self.name!r}: {pace}, {self.multipliers} multipliers>"

    def __post_init__(self) -> None:
        for key, streams in (("input", self.inputs), ("output", self.outputs)):
            one, given = streams[0] if len(streams) == 1 else UNSET, getattr(self, f"only_{key}")
            if given is UNSET:
                msgspec.structs.force_setattr(self, f"only_{key}", one)
            elif given != one:
                raise ValueError(f".{key}: expected what {key}s[0] is, if there is no other")
        ports = [stream.port for stream in (*self.inputs, *self.outputs)]
        if len(set(ports)) < len(ports):
            raise ValueError(f".inputs: expected ports of different names, found {', '.join(ports)}")

    @classmethod
    def read(cls, directory: str | Path) -> Manifest:
        """Read and check ``directory/manifest.json``.

        Raises KerilogError when there is no hardware, when the manifest or a file it names is missing, or
        when a value is not legal.
        """
        manifest = read(directory)
        if isinstance(manifest, IntegerManifest):
            raise KerilogError(f"{directory}: holds an integer model and no hardware: {manifest.why}")
        return manifest

    @property
    def reset_port(self) -> str:
        """The port of the reset."""
        return reset_port(self.reset)

    @property
    def input(self) -> Stream:
        """The one input. Raises KerilogError if there are several."""
        return self._only("input", self.inputs)

    @property
    def output(self) -> Stream:
        """The one output. Raises KerilogError if there are several."""
        return self._only("output", self.outputs)

    def _only(self, what: str, streams: tuple[Stream, ...]) -> Stream:
        if len(streams) != 1:
            raise KerilogError(f"{self.name}: expected one {what}, found {len(streams)}")
        return streams[0]

    @property
    def utilization(self) -> float | None:
        """Multiplications of the network among all that could be made in an interval, 0..1; None for none."""
        return share_used(self.macs, self.multipliers + self.constants, self.frame_interval)


def share_used(macs: int, products: int, interval: int) -> float | None:
    """``macs`` among the ``products`` of every cycle of an ``interval``; None where there are none."""
    possible = products * interval
    return macs / possible if possible else None


def read(directory: str | Path) -> Manifest | IntegerManifest:
    """Read and check ``directory/manifest.json``, of a design or of an integer model alone.

    Raises KerilogError when the manifest or a file it names is missing, or when a value is not legal.
    """
    raw = _read_json(directory)
    if isinstance(raw, dict) and "no_hardware" in raw:
        return _checked(directory, IntegerManifest)
    manifest, path = _checked(directory, Manifest), Path(directory) / FILE_NAME
    for name in (*manifest.sources, *manifest.memories):
        if not (Path(directory) / name).is_file():
            raise KerilogError(f"{path}: names the file {name}, which is missing; build the design again")
    return manifest


def recorded(directory: str | Path, resources: dict[str, Resources]) -> str:
    """The text of the manifest in ``directory`` with ``resources``, by target; what it holds else stays.

    Raises KerilogError when the manifest cannot be read.
    """
    _checked(directory, Manifest)
    raw = _read_json(directory)
    raw["resources"] = raw.get("resources", {}) | msgspec.to_builtins(resources)
    return _text(raw)


def _text(values: object) -> str:
    return json.dumps(values, indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def _checked(directory: str | Path, kind: type[AnyManifest]) -> AnyManifest:
    """The manifest in ``directory`` as a ``kind``; nothing is known of the files that it names."""
    path, raw = Path(directory) / FILE_NAME, _read_json(directory)
    if isinstance(raw, dict) and raw.get("schema") != SCHEMA:
        found = typed.shown(raw["schema"]) if "schema" in raw else "nothing"
        raise KerilogError(
            f"{path}: $.schema: expected {SCHEMA}, found {found}; build again with this version of Kerilog"
        )
    return typed.checked(raw, kind, path)


def _read_json(directory: str | Path) -> Any:
    path = Path(directory) / FILE_NAME
    listed.refuse_interrupted(directory)
    try:
        return msgspec.json.decode(regular.content(path))
    except FileNotFoundError:
        raise KerilogError(f"{directory}: no {FILE_NAME}; give a directory made by 'kerilog build'") from None
    except (OSError, ValueError, RecursionError) as error:
        raise KerilogError(f"{path}: cannot be read as JSON: {regular.reason(error)}") from None
