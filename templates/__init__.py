# SPDX-License-Identifier: Apache-2.0
"""The Jinja2 templates, shipped with the package."""
