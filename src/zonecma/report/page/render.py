"""The page put together: template, style, script and data in one file that needs no network."""

from __future__ import annotations

import base64
import hashlib
import json
import platform
from importlib import resources
from importlib.metadata import version
from typing import Any

from zonecma.report.page.drawing import drawn
from zonecma.report.page.panels import panels
from zonecma.report.page.results import Results

_SCRIPTS = ("colours.js", "tooltip.js", "map.js", "charts.js", "page.js")
"""In this order.  They are our own: plotly.js alone would take 4.8 MB of a page that may have 5."""
_UNSAFE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
"""What could end a script's element, or a line of it; JSON has other names for them."""


def page(results: Results) -> str:
    """The page's HTML."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_file),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = _file("page.css")
    script = "\n".join(["'use strict';", *map(_file, _SCRIPTS)])
    return environment.get_template("page.html").render(
        **panels(results),
        drawn=drawn(results),
        data=as_script(drawn(results)),
        style=style,
        script=script,
        policy=_policy(style, script),
        versions=versions(),
    )


def _file(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def as_script(data: Any) -> str:
    """JSON that can stand in a script's element whatever strings it holds."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    for letter, name in _UNSAFE.items():
        text = text.replace(letter, name)
    return text


def _policy(style: str, script: str) -> str:
    """Content-Security-Policy: our own script and style, and no network at all."""
    return (
        f"default-src 'none'; img-src data:; style-src {_digest(style)}; script-src {_digest(script)};"
        " base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    """How a policy names an inline element."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def versions() -> list[tuple[str, str]]:
    """What made the page."""
    packages = [(name, version(name)) for name in ("numpy", "numba", "polars")]
    return [("zonecma", _own_version()), ("Python", platform.python_version()), *packages]


def _own_version() -> str:
    from zonecma import __version__

    return __version__
