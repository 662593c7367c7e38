# SPDX-License-Identifier: Apache-2.0
"""Arguments and options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import click

from kerilog.data import mnist
from kerilog.quantize import SCHEMES
from kerilog.quantize.settings import FIXED_RANGES
from kerilog.scales import ROUNDINGS

Command = TypeVar("Command", bound=Callable[..., Any])


class _Path(click.Path):
    """A path; an empty word, as an unset variable of the shell gives, is none and not the current folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("expected a path, found an empty word", param, ctx)
        return super().convert(value, param, ctx)


PATH = _Path(path_type=Path)
FORCE = click.option(
    "--force",
    is_flag=True,
    help="Replace files that were changed since Kerilog wrote them, or are not its own.",
)
DIRECTORY = click.argument("directory", metavar="DIR", type=PATH)


class _Source(click.ParamType[Any]):
    """A path, or the word ``mnist``; a folder of that name is ``./mnist``."""

    name = "source"

    def convert(self, value: Any, _: click.Parameter | None, __: click.Context | None) -> Path | str:
        return value if value == mnist.WORD or isinstance(value, Path) else Path(value)


class _Factor(click.ParamType[Any]):
    """A number, or a fraction as 1/255."""

    name = "factor"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            return float(Fraction(value)) if isinstance(value, str) and "/" in value else float(value)
        except (ValueError, ZeroDivisionError, OverflowError):
            self.fail(f"{value!r} is no number, nor a fraction such as 1/255", param, ctx)


def frames_and_results(command: Command) -> Command:
    """The options that ``eval`` and ``sim`` share: which frames go in, and what is written of the results."""
    for option in reversed(
        (
            click.option(
                "--inputs",
                type=PATH,
                help="Frames, .npy: floats, which are quantized, or integer codes; several inputs: .npz by "
                "layer name.",
            ),
            click.option(
                "--codes", "kind", flag_value="codes", default=None, help="--inputs are codes, uint8 too."
            ),
            click.option(
                "--raw",
                "kind",
                flag_value="raw",
                help="--inputs are samples as they came, uint8 images say: scaled as build scaled them.",
            ),
            _data("In place of --inputs, test samples and their labels, which give the accuracy: "),
            *_DATA_DETAILS,
            click.option(
                "--input-scale",
                type=_Factor(),
                help="Factor on the samples of --data, as 0.5 or 1/255.  [default: as build scaled them]",
            ),
            click.option("--count", type=int, help="Use the first COUNT frames.  [default: all]"),
            click.option(
                "--outputs",
                type=PATH,
                help="File for the results, .npy; of several outputs .npz, by layer name.",
            ),
            click.option(
                "--as",
                "form",
                type=click.Choice(["codes", "floats", "classes"]),
                help="What --outputs holds: integer codes, real values, class numbers from 0.  "
                "[default: codes]",
            ),
        )
    ):
        command = option(command)
    return command


def _data(lead: str, tail: str = "") -> Callable[[Command], Command]:
    return click.option(
        "--data",
        type=_Source(),
        metavar="SOURCE",
        help=f"{lead}FILE.npz (x_train y_train x_test y_test, or x and y), a FOLDER with a subfolder of "
        f"images per class, X.npy, FILE.csv, or mnist.{tail}",
    )


_DATA_DETAILS: tuple[Callable[[Any], Any], ...] = (
    click.option("--labels", type=PATH, metavar="Y.npy", help="Labels of --data X.npy."),
    click.option(
        "--label",
        metavar="NAME",
        help="Column of the labels in --data FILE.csv.  [default: the last]",
    ),
)


def data_source(command: Command) -> Command:
    """The options that say which samples are used, and what is done to them."""
    for option in reversed(
        (
            _data(
                "Raw samples and labels: ",
                "  [default: none; mnist for the model that comes with Kerilog]",
            ),
            *_DATA_DETAILS,
            click.option(
                "--input-scale",
                type=_Factor(),
                help="Factor on the samples, as 0.5 or 1/255.  [default: 1/255 for uint8, unless the model "
                "scales its input itself; else 1]",
            ),
        )
    ):
        command = option(command)
    return command


def given_options() -> frozenset[str]:
    """The names of the options that stand on the command line."""
    context = click.get_current_context()
    command_line = click.core.ParameterSource.COMMANDLINE
    return frozenset(name for name in context.params if context.get_parameter_source(name) is command_line)


def _bits(_: click.Context, __: click.Parameter, text: str | None) -> int | str | None:
    """The value of --weight-bits or --bias-bits: a number, or a word that ``Settings`` will check."""
    return int(text) if text is not None and text.isdecimal() else text


def _passes(_: click.Context, __: click.Parameter, text: str | None) -> tuple[str, ...] | None:
    """The names in the value of --refine, which ``passes_of`` will check."""
    return None if text is None else tuple(name.strip() for name in text.split(","))


_CALIBRATION: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--samples", default=1000, show_default=True, help="Training samples to choose formats from."
    ),
    click.option("--config", type=PATH, help="TOML: settings for all layers and for single ones."),
    click.option(
        "--range",
        type=click.Choice(FIXED_RANGES),
        help="What formats cover.  [default: mse; affine: percentile]",
    ),
)
_BIAS_AND_REFINE: tuple[Callable[[Any], Any], ...] = (
    click.option("--bias-bits", callback=_bits, help="fixed only: 2 to 16, or accumulator.  [default: 8]"),
    click.option(
        "--refine",
        callback=_passes,
        metavar="PASS,...",
        help="Better weights and biases before they are rounded, from the same samples: equalize, "
        "learn-rounding, correct-bias; or none.  [default: the config's, else none]",
    ),
)


def settings_of_formats(command: Command) -> Command:
    """The options of ``quantization`` that ``tune`` has too: all but the scheme and the widths."""
    for option in reversed((*_CALIBRATION, *_BIAS_AND_REFINE)):
        command = option(command)
    return command


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
            data_source,
            *_CALIBRATION,
            click.option(
                "--weight-bits",
                callback=_bits,
                help="fixed only: 1 (+1 and -1), ternary (and 0), or 2 to 16.  [default: 8]",
            ),
            click.option(
                "--weight-scale",
                type=click.Choice(["none", "channel"]),
                help="Of 1-bit and ternary weights: a power of two, or a number for each output channel.  "
                "[default: none]",
            ),
            click.option(
                "--activation-bits", type=int, help="fixed only: 1 (+1 and -1), or 2 to 16.  [default: 8]"
            ),
            *_BIAS_AND_REFINE,
        )
    ):
        command = option(command)
    return command


def bounds(command: Command) -> Command:
    """The options that ``build`` and ``tune`` share: what a design is folded for."""
    for option in reversed(
        (
            click.option("--interval", type=int, help="Bound: clock cycles per frame."),
            click.option(
                "--fps", type=float, help="Bound: frames per second, with --clock; instead of --interval."
            ),
            click.option("--clock", "clock_mhz", type=float, help="MHz, for --fps."),
            click.option(
                "--latency",
                type=int,
                help="Bound: clock cycles from the first beat of a frame to its last result.",
            ),
            click.option("--multipliers", type=int, help="Bound: as many at the most."),
            click.option(
                "--device", help="Bound: the FPGA that must hold the design (xc7a35t, xc7z020, ...)."
            ),
            click.option(
                "--fill",
                type=float,
                metavar="PERCENT",
                help="Part of --device's LUTs and flip-flops that may be taken.  [default: 80]",
            ),
            click.option(
                "--unroll",
                multiple=True,
                metavar="LAYER",
                help="Layer whose weights become constants, all in use at once.",
            ),
            click.option(
                "--register-borders",
                is_flag=True,
                help="Put a register slice at every stream of the border; latency counts it.",
            ),
        )
    ):
        command = option(command)
    return command


def spread(command: Command) -> Command:
    """The options that say where long work is done; ``Spread`` has them."""
    for option in reversed(
        (
            click.option("--jobs", type=int, help="Processes.  [default: one for each processor]"),
            click.option(
                "--scheduler",
                metavar="ADDRESS",
                help="Instead of processes of this machine: the Dask cluster at tcp://HOST:PORT.",
            ),
        )
    ):
        command = option(command)
    return command
