# SPDX-License-Identifier: Apache-2.0
"""What hardware consists of: designs, stages, library modules."""
