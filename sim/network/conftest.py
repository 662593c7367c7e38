# SPDX-License-Identifier: Apache-2.0
"""Networks made by hand are shared with the tests of the Python."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))
