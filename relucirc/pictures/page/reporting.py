"""``report``: one page about a network, to be sent to somebody: it works from a file, without a server."""

import os
import re
from dataclasses import dataclass, field
from html import escape
from typing import Any

from relucirc import __version__
from relucirc.core.answer import Answer, plain
from relucirc.core.errors import is_circuit, require_suffix
from relucirc.core.exact import text
from relucirc.core.progress import Progress, watched
from relucirc.core.writing import write_text
from relucirc.interpretation.explanation import Explanation
from relucirc.language.as_network import as_network
from relucirc.language.domain import read_domain
from relucirc.pictures.page import sections
from relucirc.pictures.page.data import bench_data
from relucirc.pictures.page.document import BENCH, document, scripts
from relucirc.pictures.page.files import stored_files
from relucirc.pictures.page.findings import Findings, Question, look
from relucirc.proof.result import Result
from relucirc.proof.theorem import Theorem

SUFFIXES = (".html", ".htm")
FILE = re.compile(r"\.[A-Za-z]{2,5}$")


@dataclass(frozen=True)
class Report(Answer):
    """A page about a network.

    Attributes:
        status: ``"proved"``, ``"refuted"`` or ``"unknown"``: of the formula that was given, or else of the one found.
        reason: One sentence for people.
        html: The page.
        result: What :func:`relucirc.prove` said of the formula; None where none was given.
        explanation: What :func:`relucirc.explain` said; None for a network that is too large to be drawn.
        theorem: The theorem for Rocq; None where there is no formula for one, or it is not covered.
        seconds: Wall time used.
        certificate: Evidence that the page gives away.
    """

    status: str
    reason: str
    html: str = field(repr=False)
    result: Result | None = field(default=None, repr=False)
    explanation: Explanation | None = field(default=None, repr=False)
    theorem: Theorem | None = field(default=None, repr=False)
    seconds: float = 0.0
    certificate: dict | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"{self.status}: {self.reason}"

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the page.

        Args:
            path: A file, ``.html``.

        Raises:
            FileError: For another suffix, or when the file cannot be written.
        """
        require_suffix(path, "a report", *SUFFIXES)
        write_text(path, self.html)

    def to_json(self) -> dict[str, Any]:
        """Returns what every answer has, without the page itself."""
        names = ("status", "reason", "seconds", "result", "explanation", "theorem", "certificate")
        return {name: plain(getattr(self, name)) for name in names}

    def _repr_html_(self) -> str:
        """The page in a frame of its own, so that it and a notebook leave each other alone."""
        allowed = "allow-scripts allow-downloads allow-modals"
        return (
            f'<iframe title="report" sandbox="{allowed}" srcdoc="{escape(self.html)}" '
            'style="width:100%;height:46em;border:1px solid #888"></iframe>'
        )


def report(
    net: Any,
    path: Any = None,
    formula: Any = None,
    domain: Any = None,
    *,
    within: Any = None,
    title: str | None = None,
    budget: float | None = 60.0,
    progress: Progress = None,
) -> Report:
    """Makes one page about a network: its diagram, its formula, its circuits with proofs, and a point to be moved.

    The page is one file that asks no network for anything.  A number typed into it is read as the rational number that
    it says, and the network and the formula are evaluated there exactly.  It gives away the certificate, which
    :func:`relucirc.check` reads, the network, and where it is covered the theorem for Rocq.

    Args:
        net: A network, a model of another library, a JAX function, or a circuit of the catalogue.
        path: A file to write, ``.html``.  It may be left out: the formula and the domain then stand in its place, as
            for every verb.
        formula: What it should equal, or a relation, as for :func:`relucirc.prove`; without one the formula that
            :func:`relucirc.explain` finds.
        domain: Where, as for :func:`relucirc.prove`.
        within: How far network and formula may be apart.
        title: What the page is called; the network's sizes by default.
        budget: Seconds of wall time for proof, explanation and theorem together; None for no limit.  What is not
            known when they end is left out, and the page says so.
        progress: As for :func:`relucirc.prove`.

    Returns:
        The page, which notebooks show; ``.save(path)`` writes it.

    Raises:
        RelucircError: When the network, the formula or the domain cannot be read, or the file cannot be written.

    Example:
        >>> import relucirc
        >>> page = relucirc.report(relucirc.circuits.minimum(), "Min(x1, x2)")
        >>> print(page)
        proved: equal at every real input, by normal form.
        >>> len(page.html) < 1_000_000
        True
    """
    if path is not None and not _is_file(path):
        path, formula, domain = None, path, formula if domain is None else domain
    if path is not None:
        require_suffix(path, "a report", *SUFFIXES)
    clock = watched(budget, "report", progress)
    with clock:
        net = as_network(net() if is_circuit(net) else net, domain)
        name = title or f"A network of sizes {'-'.join(map(str, net.sizes))}"
        where = read_domain(domain, net.inputs)
        where.refuse_empty(len(net.inputs))
        found = look(Question(net, formula, domain, where, within, name), clock)
    status, reason = found.verdict
    answers = found.result, found.explanation, found.theorem
    made = Report(status, reason, _page(found, clock.elapsed), *answers, clock.elapsed, found.certificate)
    if path is not None:
        made.save(path)
    return made


def _is_file(value: Any) -> bool:
    """Whether a value is the name of a file, rather than a formula: these do not end with a suffix."""
    return isinstance(value, os.PathLike) or (isinstance(value, str) and FILE.search(value) is not None)


def _page(found: Findings, seconds: float) -> str:
    """The page as HTML."""
    told = found.explanation
    parts = [
        sections.header(found),
        sections.network(found),
        sections.circuits(told),
        sections.front(told),
        sections.words(told),
        sections.files(found),
        sections.footer(seconds, __version__),
    ]
    data: dict[str, Any] = {file.key: file.data for file in stored_files(found) if file.data is not None}
    if found.asked.answers:
        asked, near = found.asked, found.tolerance
        bench = bench_data(asked.net, found.graph, asked.where, told, found.witness, near)
        data["data"] = bench | {"witness": None if found.witness is None else list(map(text, found.witness))}
    code = scripts([*(BENCH if found.asked.answers else ("svg",)), "report"])
    return document(found.asked.title, f"<main>{''.join(parts)}</main>", code, data)
