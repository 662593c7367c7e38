# SPDX-License-Identifier: Apache-2.0
"""``python -m kerilog`` is the command ``kerilog``."""

from kerilog.cli import main

if __name__ == "__main__":
    main()
