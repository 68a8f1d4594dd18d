"""What the file for Rocq says: network, formula and domain as the checker reads them, evidence, and the theorems."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from flint import fmpq

from relucirc.checker.data import Rejected
from relucirc.checker.reading import compare_with_sympy
from relucirc.checker.sides import constraint, read
from relucirc.core.errors import RelucircError
from relucirc.core.forms import Form
from relucirc.core.graph import Graph
from relucirc.core.printing import formula_text
from relucirc.language.claim import Claim, read_claim
from relucirc.language.lower.violations import violations_of
from relucirc.language.network import MLP
from relucirc.language.relations import output_names
from relucirc.proof.theorem.copied import copied_text
from relucirc.proof.theorem.covered import NotCovered
from relucirc.proof.theorem.evidence import cells_text
from relucirc.proof.theorem.families import Family
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
from relucirc.proof.theorem.sides import Sides
from relucirc.proof.theorem.theory import NAMES

NUMBERS = {"reals": ("R", "R_scope"), "rationals": ("Q", "Q_scope")}
"""The numbers that theorems are about: their type and scope in Rocq."""
_KEYWORDS = "as at by cofix else end exists exists2 fix for forall fun if in let match mod return then using where with"
_OURS = (
    "network formula other requirement region evidence accepted point outputs members scales resolved run run_weights "
    "reals rationals smallest leb ltb eqb negb"
)
_REFUSED = "admit abstract give_up"
TAKEN = frozenset(f"{_KEYWORDS} {_OURS} {_REFUSED}".split())
"""Words that no input can be called in Rocq."""
PROPER = {"equal": "(proper_equal _)", "within": "(proper_within _ _)", "relation": "(proper_holds _ _)"}
"""By what lemma each kind of claim is the same of outputs that are equal rationals."""


class File:
    """The parts of a file about one claim.

    Attributes:
        net: The network.
        formulas: The formulas, or the condition, as Rocq reads them.
        claim: What is claimed, over the graph of these.
        other: The network that the first is compared with, if it is one.
        names: The inputs' names in Rocq.
        outputs: The outputs' names in Rocq.
        symbols: The names of symbols in weights.
        family: What the network is a member of, if its weights held symbols.
    """

    def __init__(self, net: MLP, formulas: Formulas, claim: Claim, other: MLP | None = None) -> None:
        assert claim.network is not None
        self.net, self.formulas, self.claim, self.other = claim.network, formulas, claim, other
        self.family = Family(net, claim.network) if net.symbols else None
        self.names = _names(net.inputs)
        self.symbols = _names([symbol.name for symbol in net.symbols], "w", self.names)
        self.outputs = output_names(net.sizes[-1])
        self._relations = [relation_node(r) for r in claim.domain.relations]
        self._integers = sorted(claim.domain.integers)

    @staticmethod
    def read(net: Any, formula: Any, domain: Any, within: Any = None) -> "File":
        """Reads a claim, and refuses what the theory does not cover."""
        if not isinstance(net, MLP):
            raise NotCovered("theorem: expected a network (relucirc.MLP); functions are not covered yet.")
        claim = read_claim(net, formula, domain, within=within)
        if claim.kind == "relation":
            return File(net, *_condition(claim))
        if isinstance(formula, MLP):
            if formula.symbols:
                raise NotCovered("theorem: a second network with symbolic weights is not covered yet.")
            other = over_inputs(formula.exact(), net.inputs)
            return File(net, Formulas([], net.inputs), claim, other)
        if claim.expressions is None:
            raise NotCovered("theorem: expected formulas, a relation or a network; functions are not covered yet.")
        formulas = Formulas(claim.expressions, claim.left.inputs)
        try:
            compare_with_sympy(formulas.graph, claim.expressions)
        except Rejected as error:
            raise RelucircError(f"theorem: {error}; please report this.") from None
        return File(net, formulas, read_claim(net, formulas.graph, claim.domain, within=within))

    def evidence(self, proof: dict) -> str:
        """Writes the proof of a certificate of the claim."""
        if self.other is not None and self.claim.kind == "equal":
            copied = copied_text([self.net, self.other])
            if copied is not None:
                return copied
        constraints = [constraint(read(r.form), r.op) for r in self.claim.domain.relations]
        return cells_text(proof, Sides(self.net, self.formulas, self.claim, self.other), constraints)

    def title(self) -> str:
        """What the file is, as a comment."""
        sizes = "-".join(map(str, self.net.sizes))
        said = _comment("; ".join(map(formula_text, self.formulas.expressions)))
        what = "condition" if self.claim.kind == "relation" else "formula"
        if self.other is not None:
            what, said = "other network", f"({'-'.join(map(str, self.other.sizes))})"
        return (
            f"(** A ReLU network ({sizes}) and the {what} {said}.\n\n"
            "    What to read: the module Statement and the definitions of reals and rationals say what networks are;\n"
            f"    the network, the {what} and the theorems stand at the end.  All the rest is checked by Rocq. *)\n"
        )

    def proved(self, proof: dict) -> str:
        """The data, and the theorems that the claim holds."""
        evidence = self.evidence(proof)
        n = len(self.net.inputs)
        accepted = (
            f"\n(** The evidence, and that the checker accepts it. *)\nDefinition evidence : cells :=\n{evidence}.\n\n"
            f"Lemma accepted : check {n} network ({self._claimed()}) region evidence = true.\n"
            "Proof. vm_cast_no_check (eq_refl true). Qed.\n"
        )
        kind = {"equal": "equal", "within": "within", "relation": "holds"}[self.claim.kind]
        parts = [self._data(), accepted]
        if self.family is not None:
            parts.append(self.family.data())
        for numbers in NUMBERS:
            words = Words(self.names, numbers)
            given = self._given(words)
            hypotheses = "".join(f"  {premise} ->\n" for premise in given)
            stated, introduced, arguments = self._stated(words), "", ""
            member = self._member(words)
            if self.claim.kind == "relation":
                introduced, arguments = f" {' '.join(self.outputs)}", f" [{'; '.join(self.outputs)}]"
                introduced, member = (introduced, f"{member}  intros E.\n") if member else (f"{introduced} E", "")
            proved = (
                f"intros {self._quantified()}{' '.join(self.names)}"
                f"{''.join(f' H{i}' for i in range(len(given)))}{introduced}.\n{member}"
                f"  refine ({kind}_on_{numbers} {n} network {self._given_claim()} region evidence accepted "
                f"[{'; '.join(self.names)}]{arguments} eq_refl _{' E' if arguments else ''}).\n"
                "  split; repeat (apply Forall_cons || apply Forall_nil); assumption."
            )
            stated = f"forall {' '.join(self.names)} : {NUMBERS[numbers][0]},\n{hypotheses}  {stated}"
            stated = self._of_all_members(numbers) + stated
            parts.append(self._theorem(numbers, kind, stated, proved))
        return "\n".join(parts)

    def broken(self, point: Sequence[fmpq]) -> str:
        """The data, and the theorems that the claim fails at a point."""
        values = self.claim.network_value(point)
        kind = {"equal": "differ", "within": "apart", "relation": "fails"}[self.claim.kind]
        parts = [
            self._data(),
            f"\n(** Where it fails, and what the network's values are there. *)\n"
            f"Definition point : list Q := {listed(map(rational_text, point))}%Q.\n"
            f"Definition outputs : list Q := {listed(map(rational_text, values))}%Q.\n\n"
            f"Lemma accepted : check_broken network ({self._claimed()}) region point outputs = true.\n"
            "Proof. vm_cast_no_check (eq_refl true). Qed.\n",
        ]
        if self.family is not None:
            parts.append(self.family.data())
        named = list(zip(self.names, point, strict=True))
        if self.claim.kind == "relation":
            named += zip(self.outputs, values, strict=True)
        for numbers in NUMBERS:
            words = Words(self.names, numbers)
            coordinate = "Q2R {}%Q" if numbers == "reals" else "{}%Q"
            bound = "".join(f"  let {name} := {coordinate.format(rational_text(value))} in\n" for name, value in named)
            given = self._given(words)
            claims = [*given, *self._broken(words)]
            signs = "" if self.family is None else f"intros {self._quantified().strip()}.\n  "
            proved = (
                f"{signs}destruct ({kind}_on_{numbers} network {self._given_claim()} region point outputs accepted)\n"
                "    as [[H I] N].\n"
                "  repeat match goal with H : Forall _ (relations _) |- _ => unfold relations, region in H end.\n"
                "  unfold integers, region in I.\n"
                "  repeat match goal with\n"
                "  | H : Forall _ (_ :: _) |- _ => inversion_clear H\n"
                "  | H : _ /\\ _ |- _ => destruct H\n"
                "  | |- let _ := _ in _ => intro\n"
                "  end.\n"
            )
            proved += "  split; [assumption |].\n" * len(given)
            proved += self._broken_members(words) + "  assumption."
            stated = self._of_all_members(numbers) + f"{bound}  ".lstrip() + " /\\\n  ".join(claims)
            parts.append(self._theorem(numbers, kind, stated, proved))
        return "\n".join(parts)

    def _broken(self, words: Words, run: str | None = None) -> list[str]:
        """What holds where the claim fails: the first is about the outputs, or about what has another name."""
        if self.claim.kind == "relation":
            return [self._outputs(words, run), f"~ ({self._proposition(words)})"]
        if self.claim.kind == "equal" and words.numbers == "reals":
            return [self._stated(words, "<>", run)]
        return [f"~ {self._stated(words, run=run)}"]

    def _broken_members(self, words: Words) -> str:
        """The steps of a proof from members of the family to the network, where a claim fails."""
        about, *others = self._broken(words, "outputs")
        equal = "proper_within _ _" if self.claim.kind == "within" else "proper_equal _"
        proper = f"({equal})" if others else f"(proper_not _ ({equal}))"
        member = self._member(words, about, proper)
        return f"  split.\n{member}  assumption.\n" if others else member

    def _given(self, words: Words) -> list[str]:
        return [*map(words.relation, self._relations), *map(words.integer, self._integers)]

    def _of_all_members(self, numbers: str) -> str:
        """Over which symbols a family is, and their signs; nothing for one network."""
        if self.family is None:
            return ""
        pairs = zip(self.symbols, self.family.symbols, strict=True)
        signed = "".join(f"  {f'0 < {name}' if symbol.is_positive else f'{name} < 0'} ->\n" for name, symbol in pairs)
        return f"forall {' '.join(self.symbols)} : {NUMBERS[numbers][0]},\n{signed}  "

    def _quantified(self) -> str:
        return "".join(f"{name} " for name in (*self.symbols, *(f"S{i}" for i in range(len(self.symbols)))))

    def _member(self, words: Words, stated: str | None = None, proper: str = "") -> str:
        """The step of a proof from a member of the family to the network; nothing for one network."""
        if self.family is None:
            return ""
        given = "" if words.numbers == "reals" else f" {proper or PROPER[self.claim.kind]}"
        return (
            f"  refine (family_on_{words.numbers} {self.family.signs} {len(self.names)} scales members network\n"
            f"    resolved [{'; '.join(self.symbols)}] [{'; '.join(self.names)}] _ eq_refl\n"
            f"    (fun outputs => {self._stated(words, run='outputs') if stated is None else stated}){given} _).\n"
            "  repeat (apply Forall2_cons || apply Forall2_nil); assumption.\n"
        )

    def _run(self, words: Words, network: str = "network") -> str:
        if self.family is not None and network == "network":
            weights = self.family.stated(Words(self.symbols, words.numbers))
            return f"run_weights {words.numbers}\n    {weights}\n    [{'; '.join(self.names)}]"
        return f"run {words.numbers} {network} [{'; '.join(self.names)}]"

    def _stated(self, words: Words, equal: str = "=", run: str | None = None) -> str:
        """What is claimed at one point, of the network's outputs or of those of another name."""
        if run is not None and self.claim.kind == "relation":
            return f"{self._outputs(words, run)} -> {self._proposition(words)}"
        run = self._run(words) if run is None else run
        if self.claim.kind == "relation":
            of_type = f" : {NUMBERS[words.numbers][0]}"
            return f"forall {' '.join(self.outputs)}{of_type}, {self._outputs(words)} ->\n  {self._proposition(words)}"
        if self.other is None:
            values = inner = listed(map(words.term, self.formulas.nodes), 4)
        else:
            values = self._run(words, "other")
            inner = f"({values})"
        if self.claim.within is not None:
            size = f"{words.prefix}abs (y - f) <= {words.number(self.claim.within)}"
            return f"Forall2 (fun y f => {size}) ({run})\n    {inner}"
        return f"{run} {equal} {values}" if words.numbers == "reals" else f"Forall2 Qeq ({run})\n    {inner}"

    def _outputs(self, words: Words, run: str | None = None) -> str:
        named, run = f"[{'; '.join(self.outputs)}]", self._run(words) if run is None else run
        return f"{run} = {named}" if words.numbers == "reals" else f"Forall2 Qeq ({run}) {named}"

    def _proposition(self, words: Words) -> str:
        (condition,) = self.formulas.nodes
        return Words((*self.names, *self.outputs), words.numbers).proposition(condition)

    def _given_claim(self) -> str:
        """What a theorem of the theory takes to say what is claimed."""
        if self.claim.kind == "relation":
            return "requirement"
        eps, reference = self.claim.within, "(Formulas formula)" if self.other is None else "(Another other)"
        if eps is None:
            return reference
        return f"({'Whole' if eps.q == 1 else 'Fraction'} {rational_text(eps)}) {reference}"

    def _claimed(self) -> str:
        word = {"equal": "Equals", "within": "Within", "relation": "Holds"}[self.claim.kind]
        return f"{word} {self._given_claim()}"

    def _data(self) -> str:
        formula = f"formula : list expr :=\n  {listed(map(data_text, self.formulas.nodes), 2)}"
        if self.claim.kind == "relation":
            formula = f"requirement : cond :=\n  {data_text(self.formulas.nodes[0])}"
        elif self.other is not None:
            formula = f"other : list layer :=\n{network_text(self.other)}"
        relations = listed(map(relation_data, self._relations), 4)
        integers = listed((f"{v}%nat" for v in self._integers), 4)
        network = network_text(self.net, dense=self.family is not None)
        expanded = "" if self.family is None else " weigh member of_sign"
        return (
            f"Import List ListNotations QArith Qminmax Qabs.\nImport {NAMES}.\n"
            f"Strategy expand [min max abs value values truth says number{expanded}].\n\n"
            f"(** The network. *)\nDefinition network : list layer :=\n{network}.\n\n"
            "(** What is claimed and the domain as the checker reads them; the theorems write them out. *)\n"
            f"Definition {formula}.\n\n"
            f"Definition region : domain := Domain\n    {relations}\n    {integers}.\n"
        )

    def _theorem(self, numbers: str, what: str, stated: str, proved: str) -> str:
        kind, scope = NUMBERS[numbers]
        name = f"{what}_over_{numbers}"
        names = ("min", "max", "abs", *(("plus", "minus", "mult", "opp") if numbers == "rationals" else ()))
        own = " ".join(f"{kind}{name}" for name in names)
        opened = ["Import Reals."] if numbers == "reals" else []
        opened += [f"Import {NAMES}.", f"Strategy opaque [{own}].", f"Open Scope {scope}."]
        return (
            f"Section {numbers.capitalize()}.\n" + "\n".join(opened) + f"\n\n"
            f"Theorem {name} :\n  {stated.lstrip()}.\nProof.\n  {proved}\nQed.\n\n"
            f"End {numbers.capitalize()}.\n\nPrint Assumptions {name}.\n"
        )


def _condition(claim: Claim) -> tuple[Formulas, Claim]:
    """Reads a relation; the maxima in the graph of the claim stand in the order in which Rocq reads them."""
    assert claim.relation is not None
    assert claim.alone is not None
    alone = claim.alone
    outputs = dict(zip(output_names(len(alone.outputs)), alone.outputs, strict=True))
    formulas = Formulas([claim.relation], alone.inputs, alone.gates, outputs)
    differences, violations = violations_of(formulas.guards[formulas.nodes[0]])
    left = replace(formulas.graph, outputs=tuple(differences))
    right = Graph(left.inputs, (), (Form(),) * len(differences))
    return formulas, replace(claim, left=left, right=right, violations=violations)


def over_inputs(net: MLP, inputs: Sequence[str]) -> MLP:
    """Returns a network with its inputs in another order, some of which it may not read."""
    if net.inputs == tuple(inputs):
        return net
    first, *others = net.layers
    place = {name: j for j, name in enumerate(net.inputs)}
    columns = first.weight.entries()
    rows = [[row[place[name]] if name in place else fmpq(0) for name in inputs] for row in columns]
    layers = [(rows, first.exact_bias()), *((layer.weight.entries(), layer.exact_bias()) for layer in others)]
    return MLP.from_arrays(layers, inputs)


def _names(names: Sequence[str], letter: str = "x", others: Sequence[str] = ()) -> tuple[str, ...]:
    """The names, where Rocq has no other use for them, and others do not have them; else all are numbered."""
    if all(re.fullmatch(r"[a-z][a-z0-9_]*", name) and name not in {*TAKEN, *others} for name in names):
        return tuple(names)
    while any(re.fullmatch(rf"{letter}\d+", name) for name in others):
        letter += "_"
    return tuple(f"{letter}{i + 1}" for i in range(len(names)))


def _comment(text: str) -> str:
    """Text that does not end a comment."""
    return text.replace("(*", "( *").replace("*)", "* )").replace('"', "'")
