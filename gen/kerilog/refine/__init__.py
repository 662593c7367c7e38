# SPDX-License-Identifier: Apache-2.0
"""Better weights and biases for a network that is not trained again, before the integer network is made."""
