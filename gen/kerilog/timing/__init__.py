# SPDX-License-Identifier: Apache-2.0
"""When a beat moves: the control of every hardware module, run cycle by cycle, without any data.

One file for each module of ``hw/rtl`` that holds beats up; ``nodes`` connects them, ``schedule`` runs them.
All of it may be compiled (``COMPILED``), which gives the same numbers sooner.
"""

from kerilog.timing import compiled

COMPILED = compiled.is_current()
if COMPILED:  # its files are found before the sources of the same names
    __path__.insert(0, str(compiled.NATIVE))
