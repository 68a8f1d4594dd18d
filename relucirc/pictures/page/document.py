"""One HTML file with everything in it: styles, scripts and data.  It may not ask any network for anything."""

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from relucirc.pictures.palette import DARK, LIGHT

ASSETS = Path(__file__).parent / "assets"
BENCH = ("rational", "svg", "network", "pieces", "cells", "diagram", "chart", "plane", "curve", "bench")
"""The scripts of the part that answers, each using those before it."""


def asset(name: str) -> str:
    """The text of a file that pages are made of."""
    return (ASSETS / name).read_text(encoding="utf-8")


def scripts(names: Iterable[str]) -> list[str]:
    """The texts of scripts."""
    return [asset(f"{name}.js") for name in names]


def bench_html(drawing: str) -> str:
    """The part of a page that answers, around a drawing."""
    return Template(asset("bench.html")).substitute(drawing=drawing)


def document(
    title: str, body: str, code: Sequence[str] = (), data: Mapping[str, Any] | None = None, styles: Sequence[str] = ()
) -> str:
    """Writes a page.

    Args:
        title: What it is called.
        body: What it shows, as HTML.
        code: Its scripts, in order; nothing else in the page is run.
        data: What scripts read, by the id that they know it by.
        styles: Style sheets besides the one of all pages.
    """
    hashes = " ".join(f"'sha256-{_hash(text)}'" for text in code) or "'none'"
    policy = f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src {hashes}"
    sheets = "\n".join([_colours(), asset("page.css"), *styles])
    stored = [f'<script type="application/json" id="{escape(k)}">{_json(v)}</script>' for k, v in (data or {}).items()]
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            '<link rel="icon" href="data:,">',
            f"<title>{escape(title)}</title>",
            f"<style>\n{sheets}</style>",
            "</head>",
            "<body>",
            body,
            *stored,
            *(f"<script>{text}</script>" for text in code),
            "</body>",
            "</html>",
            "",
        ]
    )


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _json(value: Any) -> str:
    """JSON that no HTML can end."""
    text = json.dumps(value, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _colours() -> str:
    """The palette of all pictures, light and dark, as the page's own colours."""
    light, dark = ("".join(f"--{k.replace(' ', '-')}:{v};" for k, v in c.items()) for c in (LIGHT, DARK))
    return f":root{{{light}}}\n@media (prefers-color-scheme: dark){{:root{{{dark}}}}}\n"
