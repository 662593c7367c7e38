# SPDX-License-Identifier: Apache-2.0
"""The Jinja environment of the HTML pages: every value is escaped, and an unknown name is an error."""

from __future__ import annotations

import jinja2


def template(name: str) -> jinja2.Template:
    """The page template ``name`` of ``kerilog.templates``, such as ``report/report.html.j2``."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("kerilog.templates", ""),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)
