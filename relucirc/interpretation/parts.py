"""The circuits inside of a network, as a tree: hidden variables, each a named circuit of the variables below it.

In the hinge normal form permuted, scaled, split and dead neurons and changes of basis are gone.  There a hidden
variable ``p + c relu(q)`` is ``Max(p, p + c q)`` or, with c < 0, ``Min(p, p + c q)``: p and p + c q are
variables again, with one hinge less.  So the walk goes from the outputs down, until only inputs are left; where
several hinges stand on top of a variable, they are its one circuit, over the variables that they read.  Equal
variables, up to a factor and a constant, are the same one.  Each circuit is proved with the variables below it free.
"""

import functools
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

import sympy
from flint import fmpq

from relucirc.core.budget import tick
from relucirc.core.exact import ONE
from relucirc.core.forms import Form, combine
from relucirc.core.graph import Relation
from relucirc.interpretation.composing import composed
from relucirc.interpretation.naming import gate_in, letter_beside, name_of, name_of_sum
from relucirc.interpretation.neat import Neat
from relucirc.interpretation.part import Part
from relucirc.interpretation.routes import shorter_terms
from relucirc.interpretation.statistics import statistic_of
from relucirc.interpretation.terms import (
    Absolute,
    Affine,
    Extreme,
    Term,
    added,
    extreme,
    graph_of_term,
    renamed,
    substituted,
    variables_of,
)
from relucirc.interpretation.wiring import Wiring
from relucirc.language.domain import Domain
from relucirc.proof.prover import prove
from relucirc.proof.result import Result

MOST_BELOW, MOST_TOGETHER = 5, 6
"""Variables below, and hinges, of a circuit of several hinges whose shortest formula is looked for."""
MOST_NEAT = 12
"""Hinges of a circuit that is written in the cheapest way."""
MOST_ON_TOP = 30
"""Hinges on top of an output that is taken apart."""
STEPS = 12_000
"""Most steps of work for the shortest formula of a part, about two seconds on a quiet core."""
Order = tuple[tuple[int, int], ...]
"""Pairs of variables, the first of each never larger than the second."""


class Parts:
    """Finds the parts of a network.

    Args:
        wiring: The network's hinges.
        names: Its inputs.

    Attributes:
        found: The hidden variables so far, u1 first; each reads inputs and earlier ones.
        terms: Their formulas.
        lines: What they are over inputs and hinges.
    """

    def __init__(self, wiring: Wiring, names: Sequence[str]) -> None:
        self.wiring, self.hinges, self.names = wiring, wiring.hinges, list(names)
        self.letter = letter_beside(names)
        self.neat = Neat()
        self.found: list[Part] = []
        self.terms: list[Term] = []
        self.lines: list[Form] = []
        self._written: dict[tuple, Form] = {}
        self._places: dict[tuple, tuple[int, fmpq]] = {}
        self._hasty = False
        self._shorts: dict[tuple[Term, bool], tuple[Term, Order, Result]] = {}

    def outputs(self) -> Iterator[Part]:
        """Yields a part for every output, but for those in which nobody sees a circuit."""
        many = len(self.wiring.outputs) > 1
        for i, form in enumerate(self.wiring.outputs, 1):
            if len(self.own(form)) <= MOST_ON_TOP:
                yield self._part(form, f"y{i}" if many else "y", i)[0]

    def all_names(self) -> list[str]:
        """The names of the inputs, and of the variables."""
        return [*self.names, *(part.variable for part in self.found)]

    def _part(self, form: Form, variable: str, output: int = 0) -> tuple[Part, Term]:
        """Makes a part of a form; if that is an output, by its number, what is added in it becomes variables."""
        tick()
        n, term = self.hinges.n, self._term(form)
        short, given, proof = self._short(term)
        name = name_of(short)
        if output and 1 < len(short.addends[1]) <= MOST_TOGETHER:
            written = self._added_up(short)
            claim = self.wiring.graph(len(self.wiring.layers), [output])
            whole = prove(claim, composed(self.all_names(), self.terms, [written]), self.wiring.domain, budget=None)
            if whole.status == "proved":
                short, given, name, proof = Affine(written), (), name_of_sum(written, self._circuits()), whole
        if (seen := self._seen_through(short)) is not None:
            short, proof = seen
            name = name_of(short)
        name = gate_in(short) or name
        below = sorted({v for v in variables_of(short) if v >= n})
        atoms = self.hinges.reachable([form])
        inputs = {u for k in atoms for e in self.hinges.atoms[k].elements for u in e.terms if u < n}
        inputs |= {u for u in form.terms if u < n}
        names = self.all_names()
        part = Part(
            variable,
            name,
            short.expression([sympy.Symbol(name) for name in names]),
            tuple(self.names[u] for u in sorted(inputs)),
            tuple(sorted(neuron for k in self.own(form) for neuron in self.wiring.neurons.get(k, ()))),
            tuple(self.found[v - n] for v in below),
            statistic_of(short, self.terms, names),
            tuple(f"{names[low]} <= {names[high]}" for low, high in given),
            proof,
        )
        return part, short

    def _short(self, term: Term) -> tuple[Term, Order, Result]:
        """The shortest formula that is proved, with the order of the variables that the proof supposes."""
        key = (term, self._hasty)
        if key not in self._shorts:
            self._shorts[key] = self._found_short(term)
        return self._shorts[key]

    def _found_short(self, term: Term) -> tuple[Term, Order, Result]:
        if len(term.children) <= MOST_NEAT:
            for given in dict.fromkeys([self._order(term), ()]):
                short = self.neat(self._shortest(term, given))
                if (proof := self._proof(term, short, given)).status == "proved":
                    return short, given, proof
        return term, (), self._proof(term, term, ())

    def _proof(self, term: Term, short: Term, given: Order) -> Result:
        """Proves a circuit's formula; the variables below are inputs, of which some order may be supposed."""
        all_names, used = self.all_names(), sorted(variables_of(term) | variables_of(short))
        names, place = [all_names[v] for v in used], {v: i for i, v in enumerate(used)}
        if not used:  # a constant
            names, place = self.names, {}
        relations = [Relation(Form({place[high]: ONE, place[low]: -ONE}), ">=") for low, high in given]
        left, right = (graph_of_term(renamed(side, place), names) for side in (term, short))
        return prove(left, right, Domain(tuple(relations)), budget=None)

    def _order(self, term: Term) -> Order:
        """Pairs of what a circuit of several hinges reads, the first of them never larger than the second."""
        used = sorted(variables_of(term))
        if not self._is_compound(term, used) or self._hasty:
            return ()
        lines = {v: self.over_hinges(Form.variable(v)) for v in used}
        return tuple(
            (low, high)
            for low, high in itertools.permutations(used, 2)
            if max(low, high) >= self.hinges.n and self.hinges.prove_nonnegative(lines[high] - lines[low]) is not None
        )

    def _seen_through(self, term: Term) -> tuple[Term, Result] | None:
        """A clip or a hat, where a variable below is the other half of it, with its proof."""
        n = self.hinges.n
        below = {v for v in variables_of(term) if v >= n}
        if not isinstance(term, Extreme) or len(below) != 1:
            return None
        (v,) = below
        whole = substituted(term, v, self.terms[v - n])
        short = self.neat(whole)
        if name_of(short) not in ("clip", "hat"):
            return None
        proof = self._proof(whole, short, ())
        return (short, proof) if proof.status == "proved" else None

    def own(self, form: Form) -> list[int]:
        """The hinges on top of a form: no other one of its hinges reads them."""
        n = self.hinges.n
        direct = [v for v in form.terms if v >= n]
        under = {k + n for v in direct for k in self.hinges.reachable(self.hinges.atom(v).elements)}
        return [v - n for v in direct if v not in under]

    def _term(self, form: Form) -> Term:
        """Writes a form over its own hinges, and below them variables."""
        n, own = self.hinges.n, self.own(form)
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
        """Writes a form over inputs and variables; a circuit that is new becomes a variable."""
        n = self.hinges.n
        if all(v < n for v in form.terms):
            return form
        scale, line = self._signed(Form(form.terms))
        if line.key not in self._written:
            self._written[line.key] = self._affine(line)
        return self._written[line.key].scale(scale).shift(form.const)

    def _signed(self, form: Form) -> tuple[fmpq, Form]:
        """Returns the factor, and the form of coprime integers whose first hinge has a positive coefficient."""
        scale, line = form.primitive()
        hinged = Form({v: c for v, c in line.terms.items() if v >= self.hinges.n})
        return (-scale, -line) if hinged.sign() < 0 else (scale, line)

    def _affine(self, line: Form) -> Form:
        """Writes a form as an affine combination of inputs and variables; circuits that are new become variables."""
        if self._signed(line)[1].key in self._places:
            return self._variable(line)
        short = self._short(self._term(line))[0]
        written = self._added_up(short) if len(short.addends[1]) <= MOST_TOGETHER else None
        return written if written is not None and self.over_hinges(written) == line else self._variable(line)

    def _added_up(self, term: Term) -> Form:
        """Writes a sum as an affine combination of variables, one for each circuit that is added."""
        form, parts = term.addends
        lines = [self._lowered(part) for _, part in parts]
        return combine([(ONE, form), *((c, self._variable(line)) for (c, _), line in zip(parts, lines, strict=True))])

    def _lowered(self, term: Term) -> Form:
        """Writes a formula over inputs and variables as a form over inputs and hinges."""
        if isinstance(term, Extreme):
            forms = [self._lowered(arg).scale(fmpq(term.sign)) for arg in term.args]
            return functools.reduce(lambda a, b: self.hinges.max(a, b)[0], forms).scale(fmpq(term.sign))
        if isinstance(term, Absolute):
            inside = self._lowered(term.arg)
            return self.hinges.max(inside, -inside)[0]
        form, parts = term.addends
        return combine([(ONE, self.over_hinges(form)), *((c, self._lowered(part)) for c, part in parts)])

    def tried(self, form: Form, most: int) -> Form | None:
        """Writes a form over inputs and variables, new ones too, in at most so many terms; else nothing stays."""
        size, written, places = len(self.found), dict(self._written), dict(self._places)
        self._hasty = True
        try:
            made = self._below(form)
        finally:
            self._hasty = False
        if len(made.terms) <= most:
            return made
        self._written, self._places = written, places
        del self.found[size:], self.terms[size:], self.lines[size:]
        return None

    def _circuits(self) -> dict[int, str]:
        return {self.hinges.n + place: part.name for place, part in enumerate(self.found)}

    def over_hinges(self, form: Form) -> Form:
        """Writes a form over inputs and variables as one over inputs and hinges."""
        return form.substitute(lambda v: self.lines[v - self.hinges.n] if v >= self.hinges.n else None)

    def _variable(self, line: Form) -> Form:
        """Returns a multiple of a variable that is a form; a new one, if none is known."""
        whole, signed = self._signed(line)
        if signed.key not in self._places:
            line, sign = line.scale(ONE / abs(whole)), whole / abs(whole)
            part, term = self._part(line, "")
            place = len(self.found)
            self.found.append(replace(part, variable=f"{self.letter}{place + 1}"))
            self.terms.append(term)
            self.lines.append(line)
            self._places[signed.key] = self.hinges.n + place, sign
        v, factor = self._places[signed.key]
        return Form({v: whole / factor})

    @staticmethod
    def _is_compound(term: Term, used: Sequence[int]) -> bool:
        several = not isinstance(term, Extreme) and len(term.children) > 1
        return several and len(used) <= MOST_BELOW and len(term.children) <= MOST_TOGETHER

    def _shortest(self, term: Term, given: Order) -> Term:
        """The shortest formula of a circuit of several hinges, over the variables below."""
        used = sorted(variables_of(term))
        if not self._is_compound(term, used) or self._hasty:
            return term
        place = {v: i for i, v in enumerate(used)}
        graph = graph_of_term(renamed(term, place), [f"v{i}" for i in range(len(used))])
        order = Domain(tuple(Relation(Form({place[b]: ONE, place[a]: -ONE}), ">=") for a, b in given))
        for found in shorter_terms(graph, order, STEPS):
            return renamed(found, dict(enumerate(used)))
        return term
