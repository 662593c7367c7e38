# SPDX-License-Identifier: Apache-2.0
"""Choose the seed before workers start, print it, and run long sweeps only on request."""

import os

import pytest

from common.runner import SEED


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what is marked `full` unless -m names the marker or KERILOG_FULL is set."""
    if "full" in config.option.markexpr or os.environ.get("KERILOG_FULL"):
        return
    long = [item for item in items if item.get_closest_marker("full")]
    items[:] = [item for item in items if item not in long]
    config.hook.pytest_deselected(items=long)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how to draw the same parameters again."""
    terminalreporter.write_line(f"sim: KERILOG_SEED={SEED}")
