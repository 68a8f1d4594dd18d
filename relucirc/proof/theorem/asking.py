"""``theorem``: a proof turned into a file that Rocq's kernel checks, and what the kernel said."""

import os
from dataclasses import dataclass, field, replace
from typing import Any

from relucirc.core.answer import Answer
from relucirc.core.errors import RelucircError
from relucirc.core.exact import rational
from relucirc.core.progress import Progress
from relucirc.core.writing import write_text
from relucirc.language.network import MLP
from relucirc.proof.prover import prove_claim
from relucirc.proof.theorem.audit import REQUIRED, assumed, objection
from relucirc.proof.theorem.rocq import Checked, compile_text
from relucirc.proof.theorem.stating import File
from relucirc.proof.theorem.theory import as_modules

END = 80
"""Lines of the file that a notebook shows, the theorems among them."""


@dataclass(frozen=True)
class Theorem(Answer):
    """A file for Rocq: that a network equals a formula, or stands in a relation; or that it does not, at a point.

    Attributes:
        status: ``"proved"``: the theorem says what was claimed; ``"refuted"``: that it fails; ``"unknown"``.
        reason: One sentence for people.
        source: The file; empty for unknown.
        seconds: Wall time used.
        certificate: The certificate that the theorem was made from, as :func:`relucirc.prove` gives it, of the formula
            as it stands in the file.
    """

    status: str
    reason: str
    source: str = field(repr=False)
    seconds: float = 0.0
    certificate: dict | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"{self.status}: {self.reason}"

    def _folded(self) -> list[tuple[str, str]]:
        lines = self.source.splitlines()
        title = f"the end of the file for Rocq, {len(lines):,} lines in all"
        return [*([(title, "\n".join(lines[-END:]))] if lines else []), *super()._folded()]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the file.

        Raises:
            FileError: When it cannot be written.
        """
        write_text(path, self._whole())

    def check(self, seconds: float = 600.0, gibibytes: float = 8.0) -> Checked:
        """Has Rocq's kernel check the file.

        Args:
            seconds: The limit of wall time.
            gibibytes: The limit of memory.

        Returns:
            What it said; true if it accepted every step of a file that holds the theory as it is, data and theorems,
            and that assumes nothing but the reals.

        Raises:
            RelucircError: If Rocq is not installed, or there is no theorem.
        """
        source = self._whole()
        wrong = objection(source)
        if wrong is not None:
            return Checked(False, f"{wrong}.", (), 0.0, "")
        checked = compile_text(source, "theorem", seconds, gibibytes)
        wrong = assumed(source, checked.assumptions) if checked.accepted else None
        return checked if wrong is None else replace(checked, accepted=False, reason=f"{wrong}.")

    def _whole(self) -> str:
        if not self.source:
            raise RelucircError(f"there is no theorem: {self.reason}")
        return self.source


def theorem(
    net: MLP,
    formula: Any,
    domain: Any = None,
    *,
    within: Any = None,
    budget: float | None = None,
    progress: Progress = None,
    standalone: bool = True,
) -> Theorem:
    r"""Proves that a network equals a formula, or stands in a relation, and writes the proof as a theorem for Rocq.

    The file states the theorem over the reals and over the rationals.  It holds the network's weights, the formula and
    the evidence; a checker in Gallina, which is proved sound, accepts the evidence by computation inside the kernel.
    So nothing has to be believed but Rocq and the statement.

    Args:
        net: A network whose weights are rational, or hold symbols of declared sign, as for :func:`relucirc.prove`.
        formula: A formula, or a list of them for several outputs; a relation such as ``"y <= Max(x1, x2) + 1/10"``; or
            another network; as for :func:`relucirc.prove`.
        domain: Where that is claimed, as for :func:`relucirc.prove`.
        within: How far the outputs may be from the formula's values: a rational number, or text such as ``"1/20"``.
        budget: Seconds of wall time for finding the proof; None for no limit.
        progress: As for :func:`relucirc.prove`.
        standalone: Whether the file holds the theory too; else it requires it, compiled under the name ``Relucirc``.

    Returns:
        A :class:`Theorem`: ``source``, ``save(path)`` and ``check()``, which runs coqc where it is installed.  Where
        the claim is false, the theorem says so, at a point; of a family, that it is false of every member.

    Raises:
        RelucircError: When the network, the formula or the domain cannot be read, or the proof uses a kind of evidence
            that the theory does not cover; the sentence names it.

    Example:
        >>> import relucirc
        >>> found = theorem(relucirc.circuits.minimum(), "Min(x1, x2)")
        >>> print(found)
        proved: equal at every real input, by normal form.
        >>> "forall x1 x2 : R,\n  run reals network [x1; x2] = [Rmin x1 x2]." in found.source
        True
    """
    file = File.read(net, formula, domain, within)
    found = prove_claim(file.claim, budget=budget, progress=progress)
    if found.status == "unknown":
        return Theorem("unknown", found.reason, "", found.seconds)
    if found.status == "refuted":
        body = file.broken([rational(found.witness[name]) for name in file.net.inputs])  # type: ignore[index]
    else:
        assert found.certificate is not None
        body = file.proved(found.certificate["proof"])
    theory = as_modules() if standalone else REQUIRED
    return Theorem(found.status, found.reason, f"{file.title()}\n{theory}\n{body}", found.seconds, found.certificate)
