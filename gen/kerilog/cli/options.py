# SPDX-License-Identifier: Apache-2.0
"""Arguments and options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from kerilog.quantize import SCHEMES
from kerilog.quantize.settings import FIXED_RANGES
from kerilog.scales import ROUNDINGS

Command = TypeVar("Command", bound=Callable[..., Any])
PATH = click.Path(path_type=Path)
DIRECTORY = click.argument("directory", metavar="DIR", type=PATH)


def frames_and_results(command: Command) -> Command:
    """The options that ``eval`` and ``sim`` share: which frames go in, and what is written of the results."""
    for option in reversed(
        (
            click.option(
                "--inputs",
                type=PATH,
                help="Frames, .npy: floats (quantized for you) or integer codes; several inputs: .npz by "
                "layer name.",
            ),
            click.option(
                "--data",
                type=PATH,
                help="In place of --inputs: raw samples and labels, as for build; gives the accuracy.",
            ),
            click.option(
                "--input-scale", type=float, help="Factor on the samples of --data.  [default: as for build]"
            ),
            click.option("--count", type=int, help="Use the first COUNT frames.  [default: all]"),
            click.option(
                "--outputs",
                type=PATH,
                help="File for the results, .npy; of several outputs .npz, by layer name.",
            ),
            click.option(
                "--as",
                "kind",
                type=click.Choice(["codes", "floats", "classes"]),
                help="What --outputs holds: integer codes, real values, class numbers from 0.  "
                "[default: codes]",
            ),
        )
    ):
        command = option(command)
    return command


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
