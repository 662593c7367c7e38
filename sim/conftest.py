# SPDX-License-Identifier: Apache-2.0
"""Choose the seed before workers start, print it, and leave long sweeps to those who ask for them."""

import os

import pytest

from common.runner import SEED


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what is marked `full` unless the marker was asked for with -m, or KERILOG_FULL is set."""
    if "full" in config.option.markexpr or os.environ.get("KERILOG_FULL"):
        return
    long = [item for item in items if item.get_closest_marker("full")]
    items[:] = [item for item in items if item not in long]
    config.hook.pytest_deselected(items=long)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how to draw the same parameters again."""
    terminalreporter.write_line(f"sim: KERILOG_SEED={SEED}")
