# SPDX-License-Identifier: Apache-2.0
"""From the integer graph to a design in which every number is final."""

from kerilog.plan.planner import plan

__all__ = ["plan"]
