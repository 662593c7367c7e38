# SPDX-License-Identifier: Apache-2.0
"""The library modules of ``hw/rtl``: one file each."""
