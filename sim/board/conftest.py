# SPDX-License-Identifier: Apache-2.0
"""Put tests/ on the search path: its hand-made networks serve here, too."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))
