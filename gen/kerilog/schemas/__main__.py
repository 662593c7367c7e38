# SPDX-License-Identifier: Apache-2.0
"""Writes the schemas anew."""

from pathlib import Path

from kerilog import schemas

if __name__ == "__main__":
    schemas.write(Path(__file__).parent)
