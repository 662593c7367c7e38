# SPDX-License-Identifier: Apache-2.0
"""The range report: what every number format covers and what it costs, on one page."""

from __future__ import annotations
