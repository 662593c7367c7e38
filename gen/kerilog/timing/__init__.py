# SPDX-License-Identifier: Apache-2.0
"""When a beat moves: the control of every hardware module, run cycle by cycle, without any data.

One file for each module of ``hw/rtl`` that holds beats up; ``nodes`` connects them, ``schedule`` runs them.
"""
