# SPDX-License-Identifier: Apache-2.0
"""The command ``kerilog``."""

from __future__ import annotations

import math
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import numpy as np
import numpy.typing as npt

from kerilog import __version__, build, storage, summary
from kerilog.errors import KerilogError
from kerilog.handoff.synth import synthesize
from kerilog.handoff.vivado import run_vivado, write_vivado
from kerilog.integer.model import run
from kerilog.manifest import Manifest, no_hardware
from kerilog.plan.goals import Goal
from kerilog.progress import show_progress
from kerilog.qgraph import QGraph
from kerilog.quantize import SCHEMES, softmax_tail
from kerilog.quantize.settings import FIXED_RANGES
from kerilog.scales import ROUNDINGS
from kerilog.verify import SIMULATORS, simulate

Command = TypeVar("Command", bound=Callable[..., Any])
PATH = click.Path(path_type=Path)
DIRECTORY = click.argument("directory", metavar="DIR", type=PATH)


def inputs_and_outputs(command: Command) -> Command:
    """The options that ``eval`` and ``sim`` share."""
    command = click.option(
        "--outputs", required=True, type=PATH, help="Integer codes (frames, *shape), .npy."
    )(command)
    return click.option(
        "--inputs",
        required=True,
        type=PATH,
        help="Frames, .npy: floats (quantized for you) or integer codes.",
    )(command)


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
    kerilog build models/mnist_cnn.keras -o build/mnist_cnn     quantize, plan, write the RTL
    kerilog sim build/mnist_cnn --inputs x.npy --outputs y.npy  run that RTL
    """


@main.command("build")
@quantization
@click.option("-o", "--output", type=PATH, help="Folder to write.  [default: build/<model name>]")
@click.option("--interval", type=int, help="Goal: clock cycles a frame.  [default: one input pixel a cycle]")
@click.option("--fps", type=float, help="Goal: frames a second, with --clock.")
@click.option("--clock", "clock_mhz", type=float, help="MHz, for --fps.")
@click.option("--multipliers", type=int, help="Goal: as many at the most, and as fast as they allow.")
@click.option("--device", help="Goal: as fast as fits this FPGA (xc7a35t, xc7z020, ...).")
@click.option(
    "--unroll",
    multiple=True,
    metavar="LAYER",
    help="Layer whose weights become constants, all in use at once.",
)
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
    """Quantize MODEL (.keras, .h5 or .tflite) and write its Verilog, folded for at most one goal."""
    goal = Goal(interval, fps, clock_mhz, multipliers, device, unroll)
    target = output or Path("build") / model.stem
    with show_progress("build") as progress:
        built = build.build(model, target, build.Options(goal=goal, **options), progress)
    if isinstance(built, Manifest):
        summary.show(built, target)
    else:
        click.echo(f"kerilog: no hardware: {built}; wrote the integer model alone to {target}", err=True)


@main.command("explore")
@quantization
@click.option(
    "-o",
    "--output",
    type=PATH,
    help="A folder, or a file (.svg .png .pdf .csv .json), to write.  [default: build/<model name>-front]",
)
@click.option("--clock", "clock_mhz", type=float, help="MHz: adds frames a second.")
def explore_command(model: Path, output: Path | None, clock_mhz: float | None, **options: Any) -> None:
    """List every folding of MODEL worth having: cycles a frame against multipliers and predicted area."""
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
    """Run the integer model of the design in DIR."""
    graph = _integer_model(directory)
    codes = build.codes_of(graph, _read_array(inputs))
    with show_progress("eval"):
        _write_array(outputs, run(graph, codes))


@main.command("sim")
@DIRECTORY
@inputs_and_outputs
@click.option("--simulator", type=click.Choice(sorted(SIMULATORS)), default="verilator", show_default=True)
def sim_command(directory: Path, inputs: Path, outputs: Path, simulator: str) -> None:
    """Run the RTL of the design in DIR and hold every output to the integer model.

    The RTL ends in logits; a softmax at the end of a TFLite file is done here, as a host would.

    Exits with status 1 if any element differs.
    """
    graph = _integer_model(directory)
    codes = build.codes_of(graph, _read_array(inputs))
    with show_progress("sim") as progress:
        result = simulate(directory, codes, simulator, progress)
        progress("running the integer model", None)
        tail = softmax_tail(graph)
        given = result.codes if tail is None else run(tail, result.codes)
        expected = run(graph, codes)
    _write_array(outputs, given)
    different = int(np.count_nonzero(given != expected))
    summary.show_simulation(result, different)
    if different:
        sys.exit(1)


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
    """Print the table of the design in DIR again."""
    summary.show(Manifest.read(directory), directory)


def _integer_model(directory: Path) -> QGraph:
    """The integer model in ``directory``, with or without hardware beside it."""
    if no_hardware(directory) is None:
        Manifest.read(directory)
    return storage.load(directory / storage.FILE_NAME)


def _read_array(path: Path) -> npt.NDArray[Any]:
    """An array from a .npy file, without ever running what it may hold."""
    try:
        array = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise KerilogError(f"{path}: no such file") from None
    except (OSError, ValueError, EOFError) as error:
        raise KerilogError(f"{path}: cannot be read as .npy: {error}") from None
    if not isinstance(array, np.ndarray):
        raise KerilogError(f"{path}: expected one array in .npy form, found an archive")
    return array


def _write_array(path: Path, codes: npt.NDArray[Any]) -> None:
    """Write ``codes`` as int32, all of them or nothing."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            try:
                np.save(file, codes.astype(np.int32), allow_pickle=False)
                file.close()
                Path(file.name).chmod(0o644)
                Path(file.name).replace(path)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise KerilogError(f"{path}: cannot be written: {error.strerror or error}") from None
