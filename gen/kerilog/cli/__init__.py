# SPDX-License-Identifier: Apache-2.0
"""The command ``kerilog``: one file per command."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click

from kerilog import __version__
from kerilog.cli import output, supervise
from kerilog.cli.board import board_command
from kerilog.cli.build import build_command
from kerilog.cli.compare import compare_command
from kerilog.cli.cpp import cpp_command
from kerilog.cli.doctor import doctor_command
from kerilog.cli.eval import eval_command
from kerilog.cli.explore import explore_command
from kerilog.cli.hls import hls_command
from kerilog.cli.project import project_command
from kerilog.cli.report import report_command
from kerilog.cli.show import show_command
from kerilog.cli.sim import sim_command
from kerilog.cli.study import study_command
from kerilog.cli.synth import synth_command
from kerilog.cli.tune import tune_command
from kerilog.cli.vivado import vivado_command
from kerilog.cli.weights import weights_command
from kerilog.errors import ArgumentError, KerilogError

INTERRUPTED = 130  # exit status


class _Group(click.Group):
    """Prints a KerilogError as one line and exits with status 2; an interrupt has status 130.

    Each command gets the options of all.
    """

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        cmd.params.extend(output.options())
        super().add_command(cmd, name)

    def main(self, args: Sequence[str] | None = None, *rest: Any, **options: Any) -> Any:
        """As click has it; the command of this process itself, and not a call by Python, is supervised."""
        if args is not None or not supervise.possible():
            return super().main(args, *rest, **options)
        arguments = sys.argv[1:]

        def command() -> int:
            super(_Group, self).main(arguments, *rest, **options)
            return 0

        sys.exit(supervise.run(command))

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KerilogError as error:
            click.echo(f"kerilog: error: {self._worded(error, ctx)}", err=True)
            ctx.exit(2)
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)

    def _worded(self, error: KerilogError, ctx: click.Context) -> str:
        """The message of ``error``, an argument called by the option that stands for it."""
        if not isinstance(error, ArgumentError):
            return str(error)
        command = self.commands.get(ctx.invoked_subcommand or "")
        options = {option.name: max(option.opts, key=len) for option in command.params} if command else {}
        # a flag is called as it is given: force=True
        return error.naming(lambda argument: options.get(argument.partition("=")[0], argument))


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="kerilog")
def main() -> None:
    """From a trained Keras network to verified Verilog.

    \b
    Exit status:
    0  done
    1  sim: an element, the frame interval or the latency is not what it should be
    2  what was given cannot be used; nothing was written
    3  build: the integer model was written, but hardware does not support the network;
       board: all but the bitstream was written, for a tool is missing
    130, 143  interrupted, by Ctrl-C or SIGTERM; nothing is half written

    \b
    kerilog build models/mnist_cnn.keras -o build/mnist_cnn     quantize, plan, write the RTL
    kerilog sim build/mnist_cnn --inputs x.npy --outputs y.npy  run that RTL
    """


main.params.extend(output.options())
for _command in (
    build_command,
    explore_command,
    eval_command,
    sim_command,
    synth_command,
    vivado_command,
    cpp_command,
    hls_command,
    board_command,
    project_command,
    weights_command,
    report_command,
    study_command,
    tune_command,
    show_command,
    compare_command,
    doctor_command,
):
    main.add_command(_command)
