"""``theorem``: a proof turned into a file that Rocq's kernel checks."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flint import fmpq

from relucirc.checker.data import Rejected
from relucirc.checker.reading import compare_with_sympy
from relucirc.checker.sides import constraint, read
from relucirc.core.answer import Answer
from relucirc.core.errors import RelucircError
from relucirc.core.exact import rational
from relucirc.core.printing import formula_text
from relucirc.core.progress import Progress
from relucirc.core.writing import write_text
from relucirc.language.claim import Claim, read_claim
from relucirc.language.network import MLP
from relucirc.proof.prover import prove
from relucirc.proof.theorem.evidence import NotCovered, Sides, cells_text
from relucirc.proof.theorem.formulas import Formulas
from relucirc.proof.theorem.gallina import (
    Words,
    data_text,
    listed,
    network_text,
    rational_text,
    relation_data,
    relation_node,
)
from relucirc.proof.theorem.rocq import Checked, compile_text
from relucirc.proof.theorem.theory import NAMES, as_modules

NUMBERS = {"reals": ("R", "R_scope"), "rationals": ("Q", "Q_scope")}
"""The numbers that theorems are about: their type and scope in Rocq."""
_KEYWORDS = "as at cofix else end exists exists2 fix for forall fun if in let match mod return then using where with"
_OURS = "network formula region evidence accepted point run reals rationals smallest leb ltb eqb negb"
TAKEN = frozenset(f"{_KEYWORDS} {_OURS}".split())
"""Words that no input can be called in Rocq."""

END = 80
"""Lines of the file that a notebook shows, the theorems among them."""


@dataclass(frozen=True)
class Theorem(Answer):
    """A file for Rocq: that a network equals a formula, or that they differ at a point.

    Attributes:
        status: ``"proved"``: the theorem says that they are equal; ``"refuted"``: that they differ; ``"unknown"``.
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
            What it said; true if it accepted every step.

        Raises:
            RelucircError: If Rocq is not installed, or there is no theorem.
        """
        return compile_text(self._whole(), "theorem", seconds, gibibytes)

    def _whole(self) -> str:
        if not self.source:
            raise RelucircError(f"there is no theorem: {self.reason}")
        return self.source


def theorem(
    net: MLP,
    formula: Any,
    domain: Any = None,
    *,
    budget: float | None = None,
    progress: Progress = None,
    standalone: bool = True,
) -> Theorem:
    r"""Proves that a network equals a formula, and writes the proof as a theorem for Rocq.

    The file states the theorem over the reals and over the rationals.  It holds the network's weights, the formula and
    the evidence; a checker in Gallina, which is proved sound, accepts the evidence by computation inside the kernel.
    So nothing has to be believed but Rocq and the statement.

    Args:
        net: A network with rational weights.
        formula: A formula, or a list of them for several outputs, as for :func:`relucirc.prove`.
        domain: Where they are claimed to be equal, as for :func:`relucirc.prove`.
        budget: Seconds of wall time for finding the proof; None for no limit.
        progress: As for :func:`relucirc.prove`.
        standalone: Whether the file holds the theory too; else it requires it, compiled under the name ``Relucirc``.

    Returns:
        A :class:`Theorem`: ``source``, ``save(path)`` and ``check()``, which runs coqc where it is installed.  Where
        the two differ, the theorem says so, at a point.

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
    file = File.read(net, formula, domain)
    found = prove(file.net, file.formulas.graph, file.claim.domain, budget=budget, progress=progress)
    if found.status == "unknown":
        return Theorem("unknown", found.reason, "", found.seconds)
    if found.status == "refuted":
        body = file.differ([rational(found.witness[name]) for name in file.net.inputs])  # type: ignore[index]
    else:
        assert found.certificate is not None
        body = file.equal(found.certificate["proof"])
    theory = as_modules() if standalone else f"From Coq Require Reals.\nFrom Relucirc Require {NAMES}.\n"
    return Theorem(found.status, found.reason, f"{file.title()}\n{theory}\n{body}", found.seconds, found.certificate)


class File:
    """The parts of a file about one claim.

    Attributes:
        net: The network.
        formulas: The formula, as Rocq reads it.
        claim: That both are equal, the formula being that graph.
        names: The inputs' names in Rocq.
    """

    def __init__(self, net: MLP, formulas: Formulas, claim: Claim) -> None:
        self.net, self.formulas, self.claim = net, formulas, claim
        self.names = _names(net.inputs)
        self._relations = [relation_node(r) for r in claim.domain.relations]
        self._integers = sorted(claim.domain.integers)
        self._said = formulas.expressions

    @staticmethod
    def read(net: Any, formula: Any, domain: Any) -> "File":
        """Reads a claim, and refuses what the theory does not cover."""
        if not isinstance(net, MLP):
            raise NotCovered("theorem: expected a network (relucirc.MLP); functions are not covered yet.")
        if net.symbols:
            raise NotCovered("theorem: networks with symbolic weights are not covered yet.")
        claim = read_claim(net, formula, domain)
        if claim.kind != "equal" or claim.expressions is None:
            what = "second networks and functions" if claim.kind == "equal" else "relations"
            raise NotCovered(f"theorem: expected formulas that the network equals; {what} are not covered yet.")
        formulas = Formulas(claim.expressions, claim.left.inputs)
        try:
            compare_with_sympy(formulas.graph, claim.expressions)
        except Rejected as error:
            raise RelucircError(f"theorem: {error}; please report this.") from None
        return File(net.exact(), formulas, read_claim(net.exact(), formulas.graph, claim.domain))

    def evidence(self, proof: dict) -> str:
        """Writes the proof of a certificate of the claim."""
        constraints = [constraint(read(r.form), r.op) for r in self.claim.domain.relations]
        return cells_text(proof, Sides(self.net, self.formulas), constraints)

    def title(self) -> str:
        """What the file is, as a comment."""
        sizes = "-".join(map(str, self.net.sizes))
        said = _comment("; ".join(map(formula_text, self._said)))
        return (
            f"(** A ReLU network ({sizes}) and the formula {said}.\n\n"
            "    What to read: the module Statement and the definitions of reals and rationals say what networks are;\n"
            "    the network, the formula and the theorems stand at the end.  All the rest is checked by Rocq. *)\n"
        )

    def equal(self, proof: dict) -> str:
        """The data, and the theorems that both sides are equal."""
        evidence = self.evidence(proof)
        n = len(self.net.inputs)
        accepted = (
            f"\n(** The evidence, and that the checker accepts it. *)\nDefinition evidence : cells :=\n{evidence}.\n\n"
            f"Lemma accepted : check {n} network formula region evidence = true.\n"
            "Proof. vm_cast_no_check (eq_refl true). Qed.\n"
        )
        parts = [self._data(), accepted]
        for numbers in NUMBERS:
            words = Words(self.names, numbers)
            given = [*map(words.relation, self._relations), *map(words.integer, self._integers)]
            sides = f"(run {numbers} network [{'; '.join(self.names)}])", self._formula(words)
            stated = f"run {numbers} network [{'; '.join(self.names)}] = {sides[1]}"
            if numbers == "rationals":
                stated = f"Forall2 Qeq {sides[0]}\n    {sides[1]}"
            hypotheses = "".join(f"  {premise} ->\n" for premise in given)
            proved = (
                f"intros {' '.join(self.names)}{''.join(f' H{i}' for i in range(len(given)))}.\n"
                f"  refine (equal_on_{numbers} {n} network formula region evidence accepted "
                f"[{'; '.join(self.names)}] eq_refl _).\n"
                "  split; repeat (apply Forall_cons || apply Forall_nil); assumption."
            )
            parts.append(
                self._theorem(
                    numbers,
                    "equal",
                    f"forall {' '.join(self.names)} : {NUMBERS[numbers][0]},\n{hypotheses}  {stated}",
                    proved,
                )
            )
        return "\n".join(parts)

    def differ(self, point: Sequence[fmpq]) -> str:
        """The data, and the theorems that both sides differ at a point."""
        values = listed(map(rational_text, point))
        parts = [
            self._data(),
            f"\n(** Where they differ. *)\nDefinition point : list Q := {values}%Q.\n\n"
            "Lemma accepted : check_differ network formula region point = true.\n"
            "Proof. vm_cast_no_check (eq_refl true). Qed.\n",
        ]
        for numbers in NUMBERS:
            words = Words(self.names, numbers)
            given = [*map(words.relation, self._relations), *map(words.integer, self._integers)]
            coordinate = "Q2R {}%Q" if numbers == "reals" else "{}%Q"
            bound = "".join(
                f"  let {name} := {coordinate.format(rational_text(value))} in\n"
                for name, value in zip(self.names, point, strict=True)
            )
            run = f"run {numbers} network [{'; '.join(self.names)}]"
            unequal = f"{run} <> {self._formula(words)}"
            if numbers == "rationals":
                unequal = f"~ Forall2 Qeq ({run})\n    {self._formula(words)}"
            stated = bound + "  " + " /\\\n  ".join([*given, unequal])
            proved = (
                f"destruct (differ_on_{numbers} network formula region point accepted) as [[H I] N].\n"
                "  repeat match goal with H : Forall _ (relations _) |- _ => unfold relations, region in H end.\n"
                "  unfold integers, region in I.\n"
                "  repeat match goal with\n"
                "  | H : Forall _ (_ :: _) |- _ => inversion_clear H\n"
                "  | |- let _ := _ in _ => intro\n"
                "  | |- _ /\\ _ => split; [assumption |]\n"
                "  end.\n"
                "  exact N."
            )
            parts.append(self._theorem(numbers, "differ", stated, proved))
        return "\n".join(parts)

    def _data(self) -> str:
        formula = listed(map(data_text, self.formulas.nodes), 2)
        relations = listed(map(relation_data, self._relations), 4)
        integers = listed((f"{v}%nat" for v in self._integers), 4)
        return (
            f"Import List ListNotations QArith Qminmax Qabs.\nImport {NAMES}.\n"
            "Strategy expand [min max abs value values truth].\n\n"
            f"(** The network. *)\nDefinition network : list layer :=\n{network_text(self.net)}.\n\n"
            f"(** The formula and the domain as the checker reads them; the theorems write them out. *)\n"
            f"Definition formula : list expr :=\n  {formula}.\n\n"
            f"Definition region : domain := Domain\n    {relations}\n    {integers}.\n"
        )

    def _formula(self, words: Words) -> str:
        return listed(map(words.term, self.formulas.nodes), 4)

    def _theorem(self, numbers: str, what: str, stated: str, proved: str) -> str:
        kind, scope = NUMBERS[numbers]
        name = f"{what}_over_{numbers}"
        own = " ".join(f"{kind}{name}" for name in ("min", "max", "abs"))
        opened = ["Import Reals."] if numbers == "reals" else []
        opened += [f"Import {NAMES}.", f"Strategy opaque [{own}].", f"Open Scope {scope}."]
        return (
            f"Section {numbers.capitalize()}.\n" + "\n".join(opened) + f"\n\n"
            f"Theorem {name} :\n  {stated.lstrip()}.\nProof.\n  {proved}\nQed.\n\n"
            f"End {numbers.capitalize()}.\n\nPrint Assumptions {name}.\n"
        )


def _names(inputs: Sequence[str]) -> tuple[str, ...]:
    """The inputs' names, where Rocq has no other use for them; else all are numbered."""
    if all(re.fullmatch(r"[a-z][a-z0-9_]*", name) and name not in TAKEN for name in inputs):
        return tuple(inputs)
    return tuple(f"x{i + 1}" for i in range(len(inputs)))


def _comment(text: str) -> str:
    """Text that does not end a comment."""
    return text.replace("(*", "( *").replace("*)", "* )").replace('"', "'")
