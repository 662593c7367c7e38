# SPDX-License-Identifier: Apache-2.0
"""How good the integer network is, on data, beside the float one."""
