# SPDX-License-Identifier: Apache-2.0
"""The command ``kerilog``."""

from __future__ import annotations

import math
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
import numpy as np

from kerilog import __version__, build, frames, storage, summary
from kerilog import manifest as manifests
from kerilog.errors import KerilogError
from kerilog.formats import IntArray
from kerilog.handoff.synth import synthesize
from kerilog.handoff.vivado import run_vivado, write_vivado
from kerilog.integer.model import run, run_outputs
from kerilog.manifest import IntegerManifest, Manifest
from kerilog.plan.goals import Goal
from kerilog.progress import show_progress
from kerilog.qgraph import QGraph
from kerilog.quantize import SCHEMES, softmax_tail, strip_softmax
from kerilog.quantize.settings import FIXED_RANGES
from kerilog.scales import ROUNDINGS
from kerilog.verify import SIMULATORS
from kerilog.verify.steady import simulate_steady

DIFFERS, NO_HARDWARE = 1, 3  # exit statuses; 2 is that of every KerilogError

Command = TypeVar("Command", bound=Callable[..., Any])
PATH = click.Path(path_type=Path)
DIRECTORY = click.argument("directory", metavar="DIR", type=PATH)


def inputs_and_outputs(command: Command) -> Command:
    """The options that ``eval`` and ``sim`` share."""
    command = click.option(
        "--outputs",
        required=True,
        type=PATH,
        help="Integer codes (frames, *shape), .npy; of several outputs .npz, by layer name.",
    )(command)
    return click.option(
        "--inputs",
        required=True,
        type=PATH,
        help="Frames, .npy: floats (quantized for you) or integer codes; several inputs: .npz by layer name.",
    )(command)


def _codes(graph: QGraph, inputs: Path, outputs: Path) -> dict[str, IntArray]:
    """The codes of every input from a file; KerilogError as well if ``outputs`` cannot hold the results."""
    frames.check_outputs(outputs, frames.output_names(graph))
    return frames.codes_of(graph, frames.read(inputs, frames.input_names(graph)))


def _check_tensors(manifest: Manifest, graph: QGraph, directory: Path) -> None:
    """Raises KerilogError unless the manifest's one input and one output are those of the integer model."""
    nodes = [*graph.inputs, *(graph[name] for name in graph.outputs)]
    found = [(stream.shape, stream.bits) for stream in (manifest.input, manifest.output)]
    if found != [(node.shape, node.format.bits) for node in nodes]:
        raise KerilogError(
            f"{directory}: the manifest and the integer model differ in their tensors; build again"
        )


def _by_name(graph: QGraph, codes: Sequence[IntArray]) -> dict[str, IntArray]:
    return dict(zip(frames.output_names(graph), codes, strict=True))


def _bias_bits(_: click.Context, __: click.Parameter, text: str | None) -> int | str | None:
    """The value of --bias-bits: a number, or a word that ``Settings`` will check."""
    return int(text) if text is not None and text.isdecimal() else text


def quantization(command: Command) -> Command:
    """The argument and the options that ``build`` and ``explore`` share: which integers the network gets."""
    for option in reversed(
        (
            click.argument("model", type=PATH),
            click.option(
                "--scheme",
                type=click.Choice(SCHEMES),
                default="fixed",
                show_default=True,
                help="fixed: 8-bit binary points, shifts only. affine: TFLite's int8, as in .tflite files.",
            ),
            click.option(
                "--rounding",
                type=click.Choice(ROUNDINGS),
                default="reference",
                show_default=True,
                help="affine only: TFLite's reference kernels, or one rounding as its default interpreter.",
            ),
            click.option(
                "--data",
                type=PATH,
                help="NPZ with x_train y_train x_test y_test, or x and y.  [default: MNIST]",
            ),
            click.option(
                "--samples", default=1000, show_default=True, help="Training samples to choose formats from."
            ),
            click.option(
                "--input-scale", type=float, help="Factor on the samples.  [default: 1/255 for uint8]"
            ),
            click.option("--config", type=PATH, help="TOML: settings for all layers and for single ones."),
            click.option(
                "--range",
                type=click.Choice(FIXED_RANGES),
                help="What formats cover.  [default: mse; affine: percentile]",
            ),
            click.option("--weight-bits", type=int, help="fixed only: 2 to 16.  [default: 8]"),
            click.option("--activation-bits", type=int, help="fixed only: 2 to 16.  [default: 8]"),
            click.option(
                "--bias-bits", callback=_bias_bits, help="fixed only: 2 to 16, or accumulator.  [default: 8]"
            ),
        )
    ):
        command = option(command)
    return command


class _Group(click.Group):
    """Prints a KerilogError as one line and exits with status 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KerilogError as error:
            click.echo(f"kerilog: error: {error}", err=True)
            ctx.exit(2)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="kerilog")
def main() -> None:
    """From a trained Keras network to verified Verilog.

    \b
    Exit status:
    0  done
    1  sim: an element, the frame interval or the latency is not what it should be
    2  what was given cannot be used; nothing was written
    3  build: the integer model was written, but hardware does not support the network

    \b
    kerilog build models/mnist_cnn.keras -o build/mnist_cnn     quantize, plan, write the RTL
    kerilog sim build/mnist_cnn --inputs x.npy --outputs y.npy  run that RTL
    """


@main.command("build")
@quantization
@click.option("-o", "--output", type=PATH, help="Folder to write.  [default: build/<model name>]")
@click.option("--interval", type=int, help="Goal: clock cycles per frame.")
@click.option("--fps", type=float, help="Goal: frames per second, with --clock.")
@click.option("--clock", "clock_mhz", type=float, help="MHz, for --fps.")
@click.option("--multipliers", type=int, help="Goal: as many at the most, and as fast as they allow.")
@click.option("--device", help="Goal: as fast as fits this FPGA (xc7a35t, xc7z020, ...).")
@click.option(
    "--unroll",
    multiple=True,
    metavar="LAYER",
    help="Layer whose weights become constants, all in use at once.",
)
@click.option("--integer-only", is_flag=True, help="Write the integer model alone; plan no hardware.")
@click.option("--name", help="Name of the top module.  [default: of the model file]")
def build_command(
    model: Path,
    output: Path | None,
    interval: int | None,
    fps: float | None,
    clock_mhz: float | None,
    multipliers: int | None,
    device: str | None,
    unroll: tuple[str, ...],
    **options: Any,
) -> None:
    """Quantize MODEL (.keras, .h5 or .tflite) and write its Verilog, folded for at most one goal.

    Without a goal it is the shortest interval that 76 multipliers allow, or one per layer if there are more
    layers. Where hardware does not support MODEL, every reason is printed, the integer model is written
    alone, and the exit status is 3.
    """
    goal = Goal(interval, fps, clock_mhz, multipliers, device, unroll)
    target = output or Path("build") / model.stem
    with show_progress("build") as progress:
        built = build.build(model, target, build.Options(goal=goal, **options), progress)
    summary.show(built, target)
    if isinstance(built, IntegerManifest) and not options["integer_only"]:
        _tell_no_hardware(built, target, goal)
        sys.exit(NO_HARDWARE)


def _tell_no_hardware(manifest: IntegerManifest, target: Path, goal: Goal) -> None:
    """Every reason on a line of its own, on the error stream."""
    for reason in manifest.no_hardware:
        where = f"layer '{reason.layer}': " if reason.layer else ""
        click.echo(f"kerilog: no hardware: {where}{reason.reason}", err=True)
    untried = "" if goal == Goal() else "; the goal was not tried"
    click.echo(f"kerilog: wrote the integer model alone to {target}{untried}", err=True)


@main.command("explore")
@quantization
@click.option(
    "-o",
    "--output",
    type=PATH,
    help="A folder, or a file (.svg .png .pdf .csv .json), to write.  [default: build/<model name>-front]",
)
@click.option("--clock", "clock_mhz", type=float, help="MHz: adds frames per second.")
def explore_command(model: Path, output: Path | None, clock_mhz: float | None, **options: Any) -> None:
    """List every folding of MODEL worth having: cycles per frame against multipliers and predicted area."""
    from kerilog.explore import results
    from kerilog.explore.points import explore

    if clock_mhz is not None and not 0 < clock_mhz < math.inf:
        raise KerilogError(f"--clock must be above 0 MHz, found {clock_mhz:g}")
    target = output or Path("build") / f"{model.stem}-front"
    results.check(target)
    with show_progress("explore") as progress:
        points = explore(build.integer_network(model, build.Options(**options), progress), progress)
        files = results.write(points, target, model.stem, clock_mhz)
    results.show(points, model.stem, clock_mhz)
    click.echo(files[0])


@main.command("eval")
@DIRECTORY
@inputs_and_outputs
def eval_command(directory: Path, inputs: Path, outputs: Path) -> None:
    """Run the integer model in DIR, of a design or alone."""
    graph = _integer_model(directory)
    codes = _codes(graph, inputs, outputs)
    with show_progress("eval"):
        frames.write(outputs, _by_name(graph, run_outputs(graph, codes)))


@main.command("sim")
@DIRECTORY
@inputs_and_outputs
@click.option("--simulator", type=click.Choice(sorted(SIMULATORS)), default="verilator", show_default=True)
def sim_command(directory: Path, inputs: Path, outputs: Path, simulator: str) -> None:
    """Run the RTL of the design in DIR and check every output against the integer model.

    The RTL ends in logits; a softmax at the end of a TFLite file is done here, as a host would. Frames that
    are too few to show the steady interval are sent again, which is not written.

    Exits with status 1 if any element, the steady frame interval or the latency is not what it should be.
    """
    manifest = Manifest.read(directory)
    graph = _integer_model(directory)
    _check_tensors(manifest, strip_softmax(graph), directory)
    (codes,) = _codes(graph, inputs, outputs).values()
    with show_progress("sim") as progress:
        found = simulate_steady(directory, codes, simulator, progress)
        progress("running the integer model", None)
        tail = softmax_tail(graph)
        given = found.result.codes if tail is None else run(tail, found.result.codes)
        expected = run(graph, codes)
    frames.write(outputs, _by_name(graph, (given,)))
    different = int(np.count_nonzero(given != expected))
    summary.show_simulation(found, manifest, different)
    troubles = list(found.differences(manifest))
    for trouble in troubles:
        click.echo(f"kerilog: {trouble}", err=True)
    if different or troubles:
        sys.exit(DIFFERS)


@main.command("synth")
@DIRECTORY
@click.option("--target", type=click.Choice(["xc7", "ecp5"]), default="xc7", show_default=True)
@click.option("--device", help="ecp5 only: 25k, 45k or 85k.  [default: the smallest that holds the design]")
@click.option("--seed", type=click.IntRange(min=1), help="ecp5 only: where placement starts.  [default: 1]")
def synth_command(directory: Path, target: str, device: str | None, seed: int | None) -> None:
    """Area (and for ecp5 the clock) of the design in DIR, from open tools; adds it to the manifest."""
    with show_progress("synth") as progress:
        resources = synthesize(directory, target, progress, device, seed)
    summary.show_resources(resources)


@main.command("vivado")
@DIRECTORY
@click.option("--part", default="xc7a100tcsg324-1", show_default=True)
@click.option("--clock", "clock_mhz", default=100.0, show_default=True, help="MHz.")
def vivado_command(directory: Path, part: str, clock_mhz: float) -> None:
    """Write DIR/vivado, ready to open; run Vivado on it where it is installed."""
    folder = write_vivado(directory, part, clock_mhz)
    click.echo(f"written: {folder}")
    if shutil.which("vivado"):
        with show_progress("vivado") as progress:
            click.echo(f"reports: {run_vivado(directory, progress)}")


@main.command("report")
@DIRECTORY
def report_command(directory: Path) -> None:
    """Write DIR/report/index.html: what the formats of the design in DIR cover and cost."""
    from kerilog.report.writer import write

    with show_progress("report") as progress:
        path = write(directory, progress)
    click.echo(path)


@main.command("study")
@click.argument("model", type=PATH)
@click.option("-o", "--output", type=PATH, help="Folder to write.  [default: build/<model name>-study]")
@click.option("--data", type=PATH, help="NPZ as for build.  [default: MNIST]")
@click.option("--input-scale", type=float, help="Factor on the samples.  [default: 1/255 for uint8]")
@click.option("--samples", type=int, help="Test samples to count right answers on.  [default: all]")
def study_command(
    model: Path, output: Path | None, data: Path | None, input_scale: float | None, samples: int | None
) -> None:
    """Try many number formats on MODEL (.keras or .h5): accuracy against bytes."""
    from kerilog.study import command, results

    target = output or Path("build") / f"{model.stem}-study"
    options = build.Options(data=data, input_scale=input_scale)
    with show_progress("study") as progress:
        outcomes = command.study(model, target, options, samples, progress)
    results.show(outcomes)
    click.echo(target / "study.svg")


@main.command("show")
@DIRECTORY
def show_command(directory: Path) -> None:
    """Print the table of the folder DIR again."""
    summary.show(manifests.read(directory), directory)


def _integer_model(directory: Path) -> QGraph:
    """The integer model in ``directory``, with or without hardware beside it."""
    manifests.read(directory)
    return storage.load(directory / storage.FILE_NAME)
