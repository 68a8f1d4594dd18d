"""The circuits inside of a network, as a tree: hidden variables, each a named circuit of the variables below it.

In the hinge normal form permuted, scaled, split and dead neurons and changes of basis are gone.  There a hidden
variable ``p + c relu(q)`` is ``Max(p, p + c q)`` or, with c < 0, ``Min(p, p + c q)``: p and p + c q are
variables again, with one hinge less.  So the walk goes from the outputs down, until only inputs are left; where
several hinges stand on top of a variable, they are its one circuit, over the variables that they read.  Equal
variables, up to a factor and a constant, are the same one.  Each circuit is proved with the variables below it free.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import sympy

from relucirc.core.answer import plain
from relucirc.core.budget import tick
from relucirc.core.exact import ONE
from relucirc.core.forms import Form
from relucirc.core.printing import formula_text
from relucirc.interpretation.neat import Neat
from relucirc.interpretation.routes import shorter_terms
from relucirc.interpretation.terms import (
    Absolute,
    Affine,
    Extreme,
    Term,
    added,
    extreme,
    graph_of_term,
    renamed,
    variables_of,
)
from relucirc.interpretation.wiring import Wiring
from relucirc.interpretation.writing import sum_text
from relucirc.language.domain import Domain
from relucirc.proof.prover import prove
from relucirc.proof.result import Result

MOST_BELOW, MOST_TOGETHER = 5, 6
"""Variables below, and hinges, of a circuit of several hinges whose shortest formula is looked for."""
STEPS = 12_000
"""Most steps of work for that, about two seconds on a quiet core."""


@dataclass(frozen=True)
class Part:
    """A hidden variable, or an output, that is a circuit.

    Attributes:
        variable: What it is called: ``"u1"``, ...; an output ``"y"`` or ``"y1"``, ...
        name: The circuit: ``"minimum"``, ``"2*minimum + 1"``, ``"absolute"``, ``"clip"``, ...
        formula: Its formula over the variables below it.
        inputs: The inputs that it depends on.
        neurons: The neurons that make its hinges, as pairs of layer and number, from 1.
        below: The parts that it reads.
        proof: The prover's answer about the formula, with the variables below free.
    """

    variable: str
    name: str
    formula: Any
    inputs: tuple[str, ...]
    neurons: tuple[tuple[int, int], ...]
    below: "tuple[Part, ...]" = ()
    proof: Result | None = field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self, shown: set[str] | None = None, indent: str = "") -> Iterator[str]:
        """Yields the tree, a part that stands in it twice only once."""
        shown = set() if shown is None else shown
        again = self.variable in shown
        shown.add(self.variable)
        yield f"{indent}{self.variable} = {formula_text(self.formula)}: {self.name}{', as above' if again else ''}"
        if not again:
            for part in self.below:
                yield from part.lines(shown, indent + "  ")

    def to_json(self) -> dict[str, Any]:
        """Returns the tree as plain data."""
        names = ("variable", "name", "formula", "inputs", "neurons", "below")
        return {name: plain(getattr(self, name)) for name in names}


class Parts:
    """Finds the parts of a network.

    Args:
        wiring: The network's hinges.
        names: Its inputs.
    """

    def __init__(self, wiring: Wiring, names: Sequence[str]) -> None:
        self.wiring, self.hinges, self.names = wiring, wiring.hinges, list(names)
        self.neat = Neat()
        self.found: list[Part] = []
        self._variables: dict[tuple, tuple[int, Form]] = {}

    def outputs(self) -> Iterator[Part]:
        """Yields a part for every output."""
        many = len(self.wiring.outputs) > 1
        for i, form in enumerate(self.wiring.outputs, 1):
            yield self._part(form, f"y{i}" if many else "y")

    def _part(self, form: Form, variable: str) -> Part:
        tick()
        term = self._term(form)
        n = self.hinges.n
        short = self.neat(self._shortest(term))
        symbols = [sympy.Symbol(name) for name in (*self.names, *(part.variable for part in self.found))]
        formula = short.expression(symbols)
        proof = self._proof(term, formula, symbols)
        if proof.status != "proved":  # as it stands in the normal form, then
            short, formula = term, term.expression(symbols)
            proof = self._proof(term, formula, symbols)
        below = sorted({v for v in variables_of(short) if v >= n})
        atoms = self.hinges.reachable([form])
        inputs = {u for k in atoms for e in self.hinges.atoms[k].elements for u in e.terms if u < n}
        inputs |= {u for u in form.terms if u < n}
        return Part(
            variable,
            name_of(short),
            formula,
            tuple(self.names[u] for u in sorted(inputs)),
            tuple(sorted(neuron for k in self._own(form) for neuron in self.wiring.neurons.get(k, ()))),
            tuple(self.found[v - n] for v in below),
            proof,
        )

    def _proof(self, term: Term, formula: Any, symbols: Sequence[sympy.Symbol]) -> Result:
        """Proves a circuit's formula; the variables below are inputs."""
        return prove(graph_of_term(term, [symbol.name for symbol in symbols]), formula, budget=None)

    def _own(self, form: Form) -> list[int]:
        """The hinges on top of a form: no other one of its hinges reads them."""
        n = self.hinges.n
        direct = [v for v in form.terms if v >= n]
        under = {k + n for v in direct for k in self.hinges.reachable(self.hinges.atom(v).elements)}
        return [v - n for v in direct if v not in under]

    def _term(self, form: Form) -> Term:
        """Writes a form over its own hinges, and below them variables."""
        n, own = self.hinges.n, self._own(form)
        if not own:
            return Affine(form)
        if len(own) == 1:
            c, (q,) = form.terms[own[0] + n], self.hinges.atoms[own[0]].elements
            p = form - Form({own[0] + n: c})
            return extreme(1 if c > 0 else -1, [Affine(self._below(p)), Affine(self._below(p + q.scale(c)))])
        rest = form - Form({k + n: form.terms[k + n] for k in own})
        tops = [
            (
                form.terms[k + n],
                extreme(1, [Affine(Form()), *(Affine(self._below(e)) for e in self.hinges.atoms[k].elements)]),
            )
            for k in own
        ]
        return added([(ONE, Affine(self._below(rest))), *tops])

    def _below(self, form: Form) -> Form:
        """Writes a form over inputs and variables; one that is new becomes a variable."""
        n = self.hinges.n
        if all(v < n for v in form.terms):
            return form
        scale, line = Form(form.terms).primitive()
        hinged = Form({v: c for v, c in line.terms.items() if v >= n})
        if hinged.sign() < 0:
            scale, line = -scale, -line
        if (-line).key in self._variables:
            scale, line = -scale, -line
        if line.key not in self._variables:
            part = self._part(line, "")
            if part.name.startswith("-"):  # the minimum rather than its negative
                scale, line = -scale, -line
                part = self._part(line, "")
            place = len(self.found)
            self.found.append(Part(f"u{place + 1}", *(getattr(part, name) for name in _REST)))
            self._variables[line.key] = n + place, line
        return Form({self._variables[line.key][0]: scale}, form.const)

    def _shortest(self, term: Term) -> Term:
        """The shortest formula of a circuit of several hinges, over the variables below."""
        used = sorted(variables_of(term))
        several = not isinstance(term, Extreme) and len(term.children) > 1
        if several and len(used) <= MOST_BELOW and len(term.children) <= MOST_TOGETHER:
            inner = renamed(term, {v: i for i, v in enumerate(used)})
            graph = graph_of_term(inner, [f"v{i}" for i in range(len(used))])
            for found in shorter_terms(graph, Domain(), STEPS):
                return renamed(found, dict(enumerate(used)))
        return term


_REST = ("name", "formula", "inputs", "neurons", "below", "proof")


def name_of(term: Term) -> str:
    """Names a circuit: ``"minimum"``, ``"2*minimum + 1"``, ``"clip"``, ``"sum"``, ..."""
    form, parts = term.addends
    if not parts:
        return _affine_name(form)
    if len(parts) == 1 and parts[0][0] == -1 and not form.terms and _is_hat(form, parts[0][1]):
        return "hat"
    if len(parts) == 1 and not form.terms:
        return sum_text([(parts[0][0], _bent_name(parts[0][1]))], form.const, times="*")
    names = [(c, _bent_name(part)) for c, part in parts]
    rest = [(ONE, _affine_name(Form(form.terms)))] if form.terms else []
    return f"sum of {sum_text([*names, *rest], form.const, times='*')}" if len(parts) > 1 or rest else names[0][1]


def _affine_name(form: Form) -> str:
    values = sorted(form.terms.values())
    names = {(): "constant", (1,): "identity", (-1,): "negative identity", (1, 1): "sum", (-1, 1): "difference"}
    plain = None if form.const and values else names.get(tuple(values))
    return plain or ("multiple" if len(values) == 1 and not form.const else "affine combination")


def _bent_name(term: Term) -> str:
    if isinstance(term, Absolute):
        inside = term.arg
        return "distance" if isinstance(inside, Affine) and _affine_name(inside.form) == "difference" else "absolute"
    assert isinstance(term, Extreme)
    constants = [arg for arg in term.args if isinstance(arg, Affine) and not arg.form.terms]
    others = [arg for arg in term.args if arg not in constants]
    if len(constants) == 1 == len(others):
        inside = others[0]
        if isinstance(inside, Extreme) and inside.sign != term.sign and any(not _varies(arg) for arg in inside.args):
            return "clip"
        peak, sides = inside.addends
        if not constants[0].form and not peak.terms and [(c, type(side)) for c, side in sides] == [(-1, Absolute)]:
            return "hat" if term.sign > 0 else "minimum"
        if not constants[0].form:
            return "positive part" if term.sign > 0 else "negative part"
    count = f" of {len(term.args)}" if len(term.args) > 2 else ""
    return ("maximum" if term.sign > 0 else "minimum") + count


def _is_hat(top: Form, term: Term) -> bool:
    """Whether ``top - term`` is ``top - Min(top, Abs(...))``."""
    args = set(map(type, term.args)) if isinstance(term, Extreme) and term.sign < 0 and len(term.args) == 2 else set()
    return args == {Affine, Absolute} and Affine(top) in term.children


def _varies(term: Term) -> bool:
    return bool(variables_of(term))
