# SPDX-License-Identifier: Apache-2.0
"""What each proof must refute: at least one bug for every fault of every harness.

``SHORT`` is refuted in every run of the tests, ``LONG`` in long ones.
"""

from __future__ import annotations

from proofs.bugs import arithmetic, boards, border, streams, windows

_ALL = (streams, windows, arithmetic, border, boards)
SHORT = [case for group in _ALL for case in group.SHORT]
LONG = [case for group in _ALL for case in group.LONG]
