"""Trees of bounding as Rocq's data, and which tree of a certificate shows what: the words of ``Bounding.v``.

Rocq writes out by itself what would break a claim, in ``Claims.v``.  The certificate's violations may say the same with
fewer parts, multiples of them, or in another order; :func:`answering` finds the one that serves.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flint import fmpq

from relucirc.checker.data import index, number
from relucirc.checker.linear import Linear
from relucirc.core.errors import RelucircError
from relucirc.core.forms import Form
from relucirc.language.lower.violations import Violation
from relucirc.proof.theorem.formulas import Formulas, Node
from relucirc.proof.theorem.gallina import form_text, listed, rational_text

Signed = tuple[Form, str]
"""A form, and its relation to 0."""
WORDS = {
    "zero": "Floor",
    "line": "Line",
    "active": "Active",
    "inactive": "Inactive",
    "on": "On",
    "off": "Off",
    "chord": "Chord",
}
"""What the facts about a hinge are called in Rocq."""


@dataclass(frozen=True)
class Names:
    """What the numbers of a tree are in Rocq.

    Attributes:
        constraints: For each constraint of the certificate's cell its number.
        count: How many constraints there are in Rocq; those of cuts come after them.
        hinge: The text of a hinge's variable.
        read: Reads a form over the inputs.
        parts: For each part of the certificate's violation, by the sign of the multiplier, the part in Rocq and what
            its multiplier is divided by.
    """

    constraints: Sequence[int]
    count: int
    hinge: Callable[[int], str]
    read: Callable[[Any], Linear]
    parts: Mapping[tuple[int, bool], tuple[int, fmpq]]


def tree_text(tree: Sequence[dict], names: Names) -> str:
    """Writes a tree, which is a list in pre-order, as a term of type ``bounding``."""
    done: list[str] = []
    cuts = _cuts_above(tree)
    for node, above in zip(reversed(tree), reversed(cuts), strict=True):
        if "leaf" in node:
            done.append(f"(Contradiction {_clues(node['leaf'], names, above)})")
        elif "lemmas" in node:
            bounds = [
                f"{word} {names.hinge(lemma['hinge'])} {rational_text(number(lemma[end][0]))} "
                f"{_clues(lemma[end][1], names, above)}"
                for lemma in node["lemmas"]
                for end, word in (("lower", "Lower"), ("upper", "Upper"))
                if end in lemma
            ]
            done.append(f"(Bounds {listed(bounds)}\n{done.pop()})")
        else:
            head = (
                f"Hinge {names.hinge(node['hinge'])}"
                if "hinge" in node
                else f"Divide {form_text(names.read(node['cut']))}"
            )
            first, second = done.pop(), done.pop()
            done.append(f"({head} {first}\n{second})")
    (text,) = done
    return text


def _cuts_above(tree: Sequence[dict]) -> list[int]:
    """How many cuts are above each node."""
    found, pending = [], [0]
    for node in tree:
        above = pending.pop()
        found.append(above)
        if "leaf" not in node:
            pending += [above + ("cut" in node)] * (1 if "lemmas" in node else 2)
    return found


def _clues(facts: Any, names: Names, cuts: int) -> str:
    written = []
    for kind, i, multiplier in facts:
        m = number(multiplier)
        if kind == "constraint":
            known = len(names.constraints)
            place = names.constraints[i] if index(i, known + cuts) < known else names.count + i - known
            written.append(f"Known {place} {rational_text(m)}")
        elif kind == "part":
            place, scale = names.parts[index(i, 1 + max(j for j, _ in names.parts)), m > 0]
            written.append(f"Part {place} {rational_text(m / scale)}")
        else:
            written.append(f"{WORDS[kind]} {names.hinge(i)} {rational_text(m)}")
    return listed(written)


def cases(formulas: Formulas, condition: Node, truth: bool) -> list[list[Signed]]:
    """What one of which holds where a condition has a truth value, as ``cases`` in ``Claims.v`` writes it out."""
    if condition.op == "Not":
        return cases(formulas, condition.args[0], not truth)
    if condition.op in ("And", "Or"):
        left, right = (cases(formulas, part, truth) for part in condition.args)
        return [a + b for a in left for b in right] if (condition.op == "And") == truth else left + right
    a, b = (formulas.forms[side] for side in condition.args)
    if condition.op == "Eq":
        return [[(a - b, "==")]] if truth else [[(a - b, ">")], [(b - a, ">")]]
    strict = condition.op == "Lt"
    return [[(b - a, ">" if strict else ">=")]] if truth else [[(a - b, ">=" if strict else ">")]]


@dataclass(frozen=True)
class Answer:
    """What shows that one of Rocq's violations does not happen.

    Attributes:
        number: Which violation of the certificate is shown not to happen by a tree; None where the parts contradict
            each other.
        parts: As in :class:`Names`.
        leaf: The parts that do so, and their multipliers.
    """

    number: int | None
    parts: Mapping[tuple[int, bool], tuple[int, fmpq]]
    leaf: Sequence[tuple[int, fmpq]] = ()

    def text(self, trees: Sequence[Any], names: Names) -> str:
        """Writes the tree."""
        if self.number is None:
            return f"(Contradiction {listed(f'Part {i} {rational_text(m)}' for i, m in self.leaf)})"
        return tree_text(trees[self.number], replace(names, parts=self.parts))


def answering(violation: Sequence[Signed], known: Sequence[Violation], differences: Sequence[Form]) -> Answer:
    """Finds what shows that one of Rocq's violations does not happen."""
    for i, parts in enumerate(known):
        found: dict[tuple[int, bool], tuple[int, fmpq]] = {}
        for j, (difference, op) in enumerate(parts):
            for sign in (True, False) if op == "==" else (True,):
                served = _serving(differences[difference], op, sign, violation)
                if served is not None:
                    found[j, sign] = served
        if len(found) == sum(2 if op == "==" else 1 for _, op in parts):
            return Answer(i, found)
    leaf = contradiction(violation)
    if leaf is None:
        raise RelucircError("theorem: the certificate leaves a case open; please report this.")
    return Answer(None, {}, leaf)


def _serving(form: Form, op: str, sign: bool, violation: Sequence[Signed]) -> tuple[int, fmpq] | None:
    """A part that says that a form, or its opposite, is not negative (positive, for ``>``); and its multiple."""
    for k, (part, known) in enumerate(violation):
        ratio = ratio_of(part, form)
        enough = known == ">" if op == ">" else True
        if ratio is not None and enough and (known == "==" or (ratio > 0) == sign):
            return k, ratio
    return None


def ratio_of(part: Form, form: Form) -> fmpq | None:
    """The number that one form is a multiple of another by, or None."""
    if not part or not form:
        return None
    one, other = part.primitive(), form.primitive()
    for turn in (1, -1):
        if one[1] == (other[1] if turn > 0 else -other[1]):
            return _size(part) / _size(form) * turn
    return None


def _size(form: Form) -> fmpq:
    return next((abs(form.terms[v]) for v in sorted(form.terms)), abs(form.const))


def contradiction(violation: Sequence[Signed]) -> list[tuple[int, fmpq]] | None:
    """One constant part that cannot hold, or two parts about one form that cannot hold together."""
    for i, (form, op) in enumerate(violation):
        if form.is_constant:
            c = form.const
            if c < 0 or (c == 0 and op == ">"):
                return [(i, fmpq(1))]
            if c > 0 and op == "==":
                return [(i, fmpq(-1))]
        for j, (other, other_op) in enumerate(violation[:i]):
            ratio = ratio_of(form, other)
            if ratio is None or form.is_constant:
                continue
            if ">" in (op, other_op) and (ratio < 0 or "==" in (op, other_op)):
                first, second = fmpq(1), -ratio
                if op == "==" and second < 0:
                    first, second = -first, -second
                return [(i, first), (j, second)]
    return None
