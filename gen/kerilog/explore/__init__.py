# SPDX-License-Identifier: Apache-2.0
"""Every folding worth having: what a network costs against how fast it is."""
