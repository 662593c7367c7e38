# SPDX-License-Identifier: Apache-2.0
"""The hand-written Verilog library, shipped with the package."""
