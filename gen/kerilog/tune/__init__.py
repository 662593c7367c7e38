# SPDX-License-Identifier: Apache-2.0
"""Widths that choose themselves: of each layer's weights and of each tensor, the cheapest within a loss."""
