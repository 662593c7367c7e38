# SPDX-License-Identifier: Apache-2.0
"""Solvers: the integers of hardware, each with its proof."""
