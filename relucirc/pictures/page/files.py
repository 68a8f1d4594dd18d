"""What a page gives away: network, formula, certificate and theorem, each with the command that reads it."""

import base64
import gzip
import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from relucirc.pictures.network import is_large
from relucirc.pictures.page.findings import Findings, Question, domain_text, is_written, said

PLAIN, PACKED = 100_000, 300_000
"""Largest file that is in a page as it is, and largest that is in it compressed, in bytes."""
SHORT = 100
"""Longest formula that stands in a command."""


@dataclass(frozen=True)
class Stored:
    """A file in a page.

    Attributes:
        name: What it is saved as.
        what: What it is.
        use: The command that reads it.
        data: What the page keeps; None where the file is too large for a page.
    """

    name: str
    what: str
    use: str
    data: dict[str, str] | None

    @property
    def key(self) -> str:
        """The id of its data in the page."""
        return f"file-{self.name.partition('.')[0]}"


def stored_files(found: Findings) -> list[Stored]:
    """All files of a page."""
    return list(_files(found))


def _files(found: Findings) -> Iterator[Stored]:
    net, written = found.asked.net, is_written(found.formula)
    if not net.symbols and not is_large(net):
        yield _stored("network.json", "the network", "relucirc show network.json", json.dumps(net.to_json()))
    if found.certificate is None:
        return
    formula = shlex.quote(said(found.formula)) if written else "FORMULA"
    if len(formula) > SHORT and written:
        yield _stored("formula.txt", "the formula", "cat formula.txt", said(found.formula))
        formula = '"$(cat formula.txt)"'
    use = f"relucirc check network.json {formula} certificate.json{_options(found.asked)}"
    yield _stored("certificate.json", "the certificate", use, json.dumps(found.certificate))
    if found.theorem is not None:
        yield _stored("theorem.v", "the theorem for Rocq", "coqc theorem.v", found.theorem.source)


def _stored(name: str, what: str, use: str, content: str) -> Stored:
    """A file, kept compressed where it is large."""
    data: dict[str, str] | None = {"name": name, "type": "application/json" if name.endswith(".json") else "text/plain"}
    plain = content.encode()
    packed = b"" if len(plain) <= PLAIN else gzip.compress(plain, mtime=0)
    if not packed:
        data["text"] = content
    elif len(packed) <= PACKED:
        data["gzip"] = base64.b64encode(packed).decode()
    else:
        data = None
    return Stored(name, what, use, data)


def _options(asked: Question) -> str:
    """What a command says about domain and tolerance."""
    within = "" if asked.within is None else f" --within {shlex.quote(str(asked.within))}"
    if asked.where.is_everything:
        return within
    return f" --domain {shlex.quote(domain_text(asked))}{within}"


def file_list(files: list[Stored]) -> str:
    """The buttons that save them, as HTML."""
    lines = []
    for file in files:
        button = f'<button type="button" data-file="{file.key}">Save {escape(file.name)}</button>'
        use = f"<code>{escape(file.use)}</code>"
        if file.data is None:
            button, use = f"{escape(file.name)}", "too large for a page"
        lines.append(f"<li>{button} <span>{escape(file.what)}: {use}</span></li>")
    return f'<ul class="files">{"".join(lines)}</ul>'
