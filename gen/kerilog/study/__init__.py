# SPDX-License-Identifier: Apache-2.0
"""The study: how accurate a network stays in many number formats, and how many bytes each needs."""

from __future__ import annotations
