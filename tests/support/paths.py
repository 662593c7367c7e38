# SPDX-License-Identifier: Apache-2.0
"""Where things lie in the checkout, and beside it."""

from __future__ import annotations

import os
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
ROOT = TESTS.parent
MODELS = ROOT / "models"
GOLDEN = TESTS / "emit" / "golden"
SHARED = Path(os.environ.get("KERILOG_SHARED") or ROOT.parent / "shared")
"""Models and cases that a checkout may have beside it; tests that want them skip where it is absent."""
