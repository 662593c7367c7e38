# SPDX-License-Identifier: Apache-2.0
"""Weights of other networks for a design that takes them at run time."""
