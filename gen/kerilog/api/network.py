# SPDX-License-Identifier: Apache-2.0
"""The converted network: run it, judge it, plan it, build it, simulate it."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt

from kerilog import build, floating, frames, measured
from kerilog.api import samples
from kerilog.api.arguments import layers_of, name_of, path_of
from kerilog.api.folders import Folder
from kerilog.api.formats import LayerFormats, layer_formats
from kerilog.api.plans import Plan
from kerilog.api.samples import Arrays, Calibrated
from kerilog.api.simulations import Simulation
from kerilog.api.sources import Source
from kerilog.data.samples import array_of
from kerilog.errors import KerilogError, KerilogWarning
from kerilog.formats import Format, IntArray
from kerilog.frames import Kind
from kerilog.graph import Activation, Array, Graph
from kerilog.handoff.synth import Resources
from kerilog.integer import model as integer_model
from kerilog.integer.model import EngineName, Inputs
from kerilog.manifest import Bytes, ControlBus, IntegerManifest, Manifest, Refined, Reset, Scaling
from kerilog.plan.goals import Goal, design_for
from kerilog.progress import Progress, show_progress
from kerilog.qgraph import QGraph
from kerilog.quality import heads, layers
from kerilog.quality.layers import LayerError
from kerilog.quantize import strip_softmax

Floats = npt.NDArray[np.float32]
Figures = dict[str, dict[str, float | str | None]]
Found = TypeVar("Found", bound=npt.NDArray[Any])
_SHOWN_SAMPLES = 100  # behind the figures that a notebook shows
Simulator = Literal["verilator", "icarus"]


class IntegerModel:
    """A network in integers: what the hardware computes, bit for bit.

    ``kerilog.convert`` makes one. ``predict``, ``evaluate`` and ``compare`` take samples as the original
    model takes them; ``run`` and ``simulate`` take and give codes, the integers of the hardware.

    Attributes: ``graph``, the integer network; ``original``, the float one, None for a TFLite file; ``name``,
    what a design is called by default; ``scaling``, what was done to the raw samples of each input, by its
    name; ``warnings``, what was doubtful, a line each; ``refined``, what each pass of ``refine`` brought on
    the calibration samples, with ``after``, ``output``, ``snr_db`` and ``agreement``; ``engine``, what makes
    the numbers of ``predict``, ``run`` and ``run_outputs``: "numpy", or "fast" (ONNX Runtime and Numba),
    which gives the same codes in less time and has to be installed (``pip install 'kerilog[fast]'``);
    ``verbose``, whether long work shows a progress bar (on the error stream of a terminal, or in a notebook
    that has ipywidgets).
    """

    def __init__(
        self,
        graph: QGraph,
        original: Graph | None = None,
        source: Source | None = None,
        calibration: Calibrated | None = None,
        *,
        scaling: Mapping[str, Scaling] = MappingProxyType({}),
        warnings: tuple[str, ...] = (),
        verbose: bool = False,
        refined: tuple[Refined, ...] = (),
    ) -> None:
        self.graph, self.original = graph, original
        self.name = graph.name if source is None else source.name
        self.verbose = verbose
        self.engine: EngineName = "numpy"
        self.scaling, self.warnings, self.refined = dict(scaling), warnings, refined
        self.evaluated: Figures | None = None
        """What ``evaluate`` gave last."""
        self._calibration = calibration
        self._folder = Folder(graph, None if source is None else source.file, scaling, warnings, refined)
        self.last_plan: Plan | None = None
        """What was planned or built last."""
        self._models: dict[EngineName, integer_model.Model] = {}
        self._plans: dict[tuple[Goal, str, tuple[str, ...]], Plan] = {}

    # ---- what it is ----

    @property
    def scheme(self) -> Literal["affine", "fixed"]:
        """How numbers are represented: "fixed" (binary points) or "affine" (TFLite's int8)."""
        return self.graph.scheme

    @property
    def input_names(self) -> tuple[str, ...]:
        """The names of the inputs, in their order: those of their layers."""
        return frames.input_names(self.graph)

    @property
    def output_names(self) -> tuple[str, ...]:
        """The names of the outputs, in their order: those of their layers."""
        return frames.output_names(self.graph if self.original is None else self.original)

    @property
    def input_format(self) -> Format:
        """The format of the first input; ``input_format.scales`` is the value of one step."""
        return self.graph.inputs[0].format

    @property
    def output_format(self) -> Format:
        """The format of the first output."""
        return self.graph[self.graph.outputs[0]].format

    @property
    def bytes(self) -> Bytes:
        """Bytes of all weights and biases: ``in_float`` as float32, ``in_integers`` in their formats."""
        return build.parameter_bytes(self.graph)

    def formats(self) -> list[LayerFormats]:
        """The number formats of every layer, in the order of the network."""
        return layer_formats(self.graph)

    # ---- running it ----

    def predict(self, x: Arrays) -> Floats | Any:
        """What the integer network answers, as floats: the counterpart of a Keras model's ``predict``.

        ``x``: samples (count, *input shape) as the original model takes them; floats are used as they are,
        integers as for ``convert``. Several inputs come as a mapping by name or as a list in their order.
        Returns float32 (count, *output shape); for several outputs a dict of these by name. A softmax at an
        output, which the hardware leaves to its host, is applied in float. Raises KerilogError where ``x``
        does not fit the inputs.
        """
        codes = self.run_outputs(self._samples(x, "x"))
        found = {
            name: self._real(place, codes[name]).astype(np.float32)
            for place, name in enumerate(self.output_names)
        }
        return _alone(found)

    def run(self, x: Inputs, kind: Kind | None = None) -> IntArray | Any:
        """Output codes for input codes: exactly the integers that the hardware takes and gives.

        ``x``: integers (count, *input shape) within the input's format, or floats, which are quantized with
        it; several inputs by name. uint8 may be codes or raw samples, so ``kind`` must say which: "codes", or
        "raw", which are scaled as those of ``predict``. Returns int64 (count, *output shape), for several
        outputs a dict of these by name. Raises KerilogError for codes out of range and where ``x`` does not
        fit the inputs.
        """
        return _alone(self.run_outputs(x, kind))

    def run_outputs(self, x: Inputs, kind: Kind | None = None) -> dict[str, IntArray]:
        """As ``run``, always a dict by the names of the outputs."""
        tensors = self._model.tensors(self._codes(x, kind), self.graph.outputs)
        return {name: tensors[node] for name, node in zip(self.output_names, self.graph.outputs, strict=True)}

    def quantize_input(self, x: Arrays) -> IntArray | Any:
        """The codes of samples ``x``, as ``predict`` takes them: int64 (count, *input shape).

        For several inputs a dict by name. Raises KerilogError where ``x`` does not fit the inputs.
        """
        return _alone(frames.codes_of(self.graph, self._samples(x, "x")))

    def _real(self, place: int, codes: IntArray) -> npt.NDArray[Any]:
        """The numbers that output ``place`` stands for; with the softmax that the float network ends in."""
        values = self.graph[self.graph.outputs[place]].format.dequantize(codes)
        if self.original is None:
            return values
        op = self.original[self.original.outputs[place]].op
        if isinstance(op, Activation) and op.function == "softmax":
            return floating.activate(values.astype(np.float32), "softmax")
        return values

    def _samples(self, x: Arrays, what: str) -> dict[str, Array]:
        known = self.original or self.graph
        if self.scaling:
            return samples.raw(known, x, what, self.scaling)
        seen = samples.first_seen(known, x, what, None)  # no others were seen before
        _warn(seen.warnings, 4)
        return seen.samples

    def _codes(self, x: Inputs, kind: Kind | None) -> Inputs:
        if not isinstance(x, Mapping):
            array = array_of(x, "x")
            ready = self._model.ready(array) if array.size and kind is None else None
            if ready is not None:
                return ready
            if len(self.graph.inputs) != 1:
                raise KerilogError(f"{self.graph.name}: expected one input, found {len(self.graph.inputs)}")
            x = {self.graph.inputs[0].name: array}
        return frames.codes_of(self.graph, x, kind, self.scaling)

    @property
    def engine_name(self) -> str:
        """What makes the numbers, with versions. Raises KerilogError where it is not to be had."""
        return self._model.engine

    @property
    def _model(self) -> integer_model.Model:
        if self.engine not in self._models:
            self._models[self.engine] = integer_model.Model(self.graph, self.engine)
        return self._models[self.engine]

    # ---- judging it ----

    def evaluate(self, x: Arrays, y: Arrays | None = None) -> Figures:
        """Figures of quality of both networks on samples ``x`` with labels ``y``.

        ``x`` as for ``predict``. ``y``: class numbers (count,), names of classes, or a row per sample as the
        output has it; several outputs as a mapping by name or a list. Returns ``{"float": {...}, "integer":
        {...}}``: ``accuracy`` (0..1) where the labels allow it, else ``why_no_accuracy``; ``exact_match`` for
        several labels per sample, ``label_rmse`` for a regression; and for "integer" ``rmse``, ``snr_db`` and
        ``correlation`` against float. With several outputs keys begin with the output's name and "_". "float"
        is empty for a TFLite file. Raises KerilogError where ``x`` or ``y`` does not fit.
        """
        given = self._samples(x, "x")
        truth = self._labels(y, floating.count(given), "y")
        with self._progress("evaluate") as progress:
            found = self._on(given, truth, progress)
        self.evaluated = heads.figures(found.heads)
        _warn(found.warnings)
        return self.evaluated

    def compare(self, x: Arrays) -> list[LayerError]:
        """The error of every layer of the integer network against the float one, over samples ``x``.

        ``x`` as for ``predict``. A record per layer, in the order of the network: ``layer``, ``rmse`` in the
        unit of the tensor, ``snr_db`` (infinite where nothing differs, None without a signal),
        ``correlation`` (None where a tensor is constant). Raises KerilogError where ``x`` does not fit and
        for a TFLite file, which has no float network.
        """
        if self._float is None:
            raise KerilogError(f"{self.name}: came in integers; there is no float network to compare it with")
        given = self._samples(x, "x")
        with self._progress("compare") as progress:
            return layers.compare(self._float, self.graph, given, progress)

    @property
    def _float(self) -> Graph | None:
        """The float network whose tensors are those of the integer one: equalized if that was asked for."""
        found = None if self._calibration is None else self._calibration.found
        return self.original if found is None else found.graph

    @functools.cached_property
    def calibration_errors(self) -> tuple[LayerError, ...]:
        """``compare`` over the first 100 calibration samples; empty without a float network."""
        if self.original is None or self._calibration is None:
            return ()
        some = floating.part(self._calibration.samples, 0, _SHOWN_SAMPLES)
        return tuple(layers.compare(self._float or self.original, self.graph, some))

    # ---- hardware ----

    def plan(
        self,
        interval: int | None = None,
        *,
        fps: float | None = None,
        clock_mhz: float | None = None,
        multipliers: int | None = None,
        device: str | None = None,
        latency: int | None = None,
        fill: float | None = None,
        unroll: str | Sequence[str] = (),
        register_borders: bool = False,
        reset: Reset = "active-high",
        control: ControlBus = "none",
        loadable: str | Sequence[str] = (),
        double_buffer: bool = False,
        argmax: bool = False,
        name: str | None = None,
    ) -> Plan:
        """Plan the hardware, writing nothing: ``print`` what comes back.

        Bounds may be given together: ``interval``, clock cycles per frame, or ``fps`` at ``clock_mhz``;
        ``latency``, clock cycles from a frame's first beat to its last result; ``multipliers``; ``device``, a
        Xilinx 7-series FPGA that must hold the design ("xc7a35t") in ``fill`` percent of its LUTs and
        flip-flops, 80 by default. What is not bounded is minimized, the interval first, then area; with
        ``latency`` alone, area; with ``interval`` or ``fps`` alone, multipliers. Without any bound it is the
        shortest interval that 76 multipliers allow, or one per layer if there are more layers. The layers of
        ``unroll`` get a constant multiplier for every weight; it goes with ``interval`` or ``fps``.
        ``register_borders`` puts a register slice at every stream of the border. ``reset`` is "active-high",
        port ``rst``, or "active-low", port ``aresetn``. ``control="axi-lite"`` puts a block with registers
        beside the core: identity, counters, errors, soft reset and interrupt; at run time it can load other
        weights for the layers ``loadable``, "all" for all with weights, with ``double_buffer`` while frames
        go through. With ``argmax`` every output that has scores of several classes ends in the number of the
        class, the lowest of equal ones. ``name`` is the top module's. Raises KerilogError when no folding
        meets the bounds, naming the best there is, and where ``argmax`` finds no scores, Unsupported, with
        all reasons, where hardware does not support the network.
        """
        goal = Goal(
            interval=interval,
            fps=fps,
            clock_mhz=clock_mhz,
            multipliers=multipliers,
            device=device,
            unroll=layers_of(unroll),
            latency=latency,
            fill=fill,
            register_borders=register_borders,
            reset=reset,
            control=control,
            loadable=layers_of(loadable, "loadable"),
            double_buffer=double_buffer,
        )
        return self._planned(self._ending(argmax), goal, name_of(name) or self.name)

    def _planned(self, graph: QGraph, goal: Goal, name: str) -> Plan:
        key = goal, name, graph.outputs
        if key not in self._plans:
            with self._progress("plan") as progress:
                design = design_for(strip_softmax(graph), goal, name, progress)
            self._plans[key] = Plan.of(design)
        self.last_plan = self._plans[key]
        return self.last_plan

    def _ending(self, argmax: bool) -> QGraph:
        """The network as it is built."""
        return build.ending(self.graph, self.original, argmax)

    def build(
        self,
        directory: str | Path,
        interval: int | None = None,
        *,
        fps: float | None = None,
        clock_mhz: float | None = None,
        multipliers: int | None = None,
        device: str | None = None,
        latency: int | None = None,
        fill: float | None = None,
        unroll: str | Sequence[str] = (),
        register_borders: bool = False,
        reset: Reset = "active-high",
        control: ControlBus = "none",
        loadable: str | Sequence[str] = (),
        double_buffer: bool = False,
        argmax: bool = False,
        name: str | None = None,
        x_test: Arrays | None = None,
        y_test: Arrays | None = None,
        force: bool = False,
    ) -> Manifest:
        """Write the Verilog, the memories, the integer model and the manifest to ``directory``.

        The bounds, ``register_borders``, ``reset``, ``control``, ``loadable``, ``argmax`` and ``name`` as for
        ``plan``. ``x_test`` and ``y_test``, as for ``evaluate``, are what the accuracy in the manifest and
        the errors in the report are measured on; without them the report shows the first 1,000 calibration
        samples. What Kerilog wrote to ``directory`` before is replaced, all else stays; what was changed
        since is replaced with ``force`` alone. Raises as ``plan``, and KerilogError when ``directory`` cannot
        be written or holds something in the way; it is then as it was before.
        """
        goal = Goal(
            interval=interval,
            fps=fps,
            clock_mhz=clock_mhz,
            multipliers=multipliers,
            device=device,
            unroll=layers_of(unroll),
            latency=latency,
            fill=fill,
            register_borders=register_borders,
            reset=reset,
            control=control,
            loadable=layers_of(loadable, "loadable"),
            double_buffer=double_buffer,
        )
        graph = self._ending(argmax)
        planned = self._planned(graph, goal, name_of(name) or self.name)
        with self._progress("build") as progress:
            figures = self._measured(x_test, y_test, progress)
            seen = None if self._calibration is None else self._calibration.samples
            manifest = self._folder.write(path_of(directory), graph, planned.design, *figures, force, seen)
        _warn(figures[1].warnings)
        return manifest

    def save(
        self,
        directory: str | Path,
        *,
        name: str | None = None,
        x_test: Arrays | None = None,
        y_test: Arrays | None = None,
        force: bool = False,
    ) -> IntegerManifest:
        """Write the integer model alone, without hardware, to ``directory``; otherwise as ``build``."""
        with self._progress("save") as progress:
            figures = self._measured(x_test, y_test, progress)
            manifest = self._folder.write_model(
                path_of(directory), name_of(name) or self.name, *figures, force
            )
        _warn(figures[1].warnings)
        return manifest

    def simulate(
        self, x: Inputs, simulator: Simulator = "verilator", *, kind: Kind | None = None
    ) -> Simulation:
        """Run the Verilog that was built last and check every output against the integer model.

        ``x`` and ``kind`` as for ``run``. ``simulator``: "verilator", or "icarus" for a few frames by another
        tool. What was never built is built first, for the default goal, in a temporary folder that lives as
        long as this object. Frames that are too few to show the steady interval are sent again. Raises
        KerilogError where ``x`` does not fit and when the simulator is missing, Unsupported where hardware
        does not support the network.
        """
        codes = self._codes(x, kind)
        arrays = codes if isinstance(codes, Mapping) else {self.graph.inputs[0].name: codes}
        wide = {name: np.asarray(array).astype(np.int64) for name, array in arrays.items()}
        directory = self._built()
        with self._progress("simulate") as progress:
            return self._folder.simulate(directory, wide, simulator, progress)

    def synthesize(
        self,
        target: Literal["xc7", "ecp5", "ice40", "gowin", "nexus", "gatemate"] = "xc7",
        *,
        device: str | None = None,
        seed: int | None = None,
    ) -> Resources:
        """Area and, where it is placed, clock of the design that was built last, from open tools.

        ``target``: "xc7", Xilinx 7-series, by Yosys, before placement; the others, placed by nextpnr on
        ``device`` (by default the smallest that holds it) from ``seed``: "ecp5" ("25k", "45k", "85k"),
        "ice40" ("up5k", "hx8k"), "gowin" ("9k", "20k"), "nexus" ("40k"), "gatemate" ("a1"); without a
        clock where nextpnr is missing and neither was asked for. The manifest in the folder gets it, too.
        Without a build as for ``simulate``. Raises KerilogError for a missing tool and for a design that no
        device holds.
        """
        directory = self._built()
        with self._progress("synthesize") as progress:
            return self._folder.synthesize(directory, target, progress, device, seed)

    def report(self) -> Path:
        """Write one HTML page of ranges, formats, errors and accuracy; returns its path.

        It lies in the folder that was built or saved last, else, as for ``simulate``, in a temporary one.
        Raises KerilogError when it cannot be written.
        """
        directory = self._folder.path or self._written()
        with self._progress("report") as progress:
            return self._folder.report(directory, progress)

    def _built(self) -> Path:
        """The folder of a design: the last one, or a temporary one."""
        return self._folder.design or self._written(self._folder.temporary())

    def _written(self, target: Path | None = None) -> Path:
        """A temporary folder with the design for the default goal; without ``target`` the integer model alone
        will do where hardware does not support the network.
        """
        where = target or self._folder.temporary()
        try:
            self.build(where)
        except KerilogError:
            if target is not None:
                raise
            self.save(where)
        return where

    def _measured(
        self, x: Arrays | None, y: Arrays | None, progress: Progress
    ) -> tuple[str | None, measured.Measured]:
        """On which samples, in words, and what was found."""
        if x is None and y is not None:
            raise KerilogError("y_test: expected x_test with it, found none")
        if x is not None:
            given = self._samples(x, "x_test")
            truth = self._labels(y, floating.count(given), "y_test")
            told = f"{floating.count(given):,} test samples, from Python"
            return told, self._on(given, truth, progress)
        if self._calibration is None:
            return None, measured.nothing(self.graph)
        seen = self._calibration.samples
        return f"{floating.count(seen):,} calibration samples, from Python", self._on(seen, {}, progress)

    def _labels(self, y: Arrays | None, count: int, what: str) -> dict[str, npt.NDArray[Any]]:
        return {} if y is None else samples.labels(self.original or self.graph, y, count, what)

    def _on(
        self, x: Mapping[str, Array], y: Mapping[str, npt.NDArray[Any]], progress: Progress
    ) -> measured.Measured:
        """All figures on samples ``x`` with labels ``y``, both by name."""
        seen = None if self._calibration is None else self._calibration.found
        return measured.measure(self.original, self.graph, x, y, seen, progress=progress)

    # ---- showing it ----

    def _progress(self, title: str) -> AbstractContextManager[Progress]:
        return show_progress(title, self.verbose)

    def __repr__(self) -> str:
        def tensors(names: tuple[str, ...], nodes: Sequence[str]) -> str:
            pairs = zip(names, nodes, strict=True)
            return ", ".join(f"{name} {'x'.join(map(str, self.graph[node].shape))}" for name, node in pairs)

        inputs = tensors(self.input_names, [node.name for node in self.graph.inputs])
        outputs = tensors(self.output_names, self.graph.outputs)
        size = f"{self.bytes.in_integers:,} bytes"
        return f"<kerilog.IntegerModel {self.name}: {self.scheme}, {inputs} -> {outputs}, {size}>"

    def _repr_html_(self) -> str:
        from kerilog.api import page

        return page.network(self)


def _alone(found: dict[str, Found]) -> Found | Any:
    """The one value there is, or all of them by name."""
    return next(iter(found.values())) if len(found) == 1 else found


def _warn(doubts: Sequence[str], level: int = 3) -> None:
    """At the line that called a method, ``level`` calls from here."""
    for doubt in doubts:
        warnings.warn(doubt, KerilogWarning, stacklevel=level)
