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
from dataclasses import dataclass, field, replace
from typing import Any

import sympy
from flint import fmpq

from relucirc.core.answer import plain
from relucirc.core.budget import part_of_time, tick
from relucirc.core.exact import ONE
from relucirc.core.forms import Form, combine
from relucirc.core.graph import Graph, GraphBuilder, MaxGate, Relation
from relucirc.core.names import default_names
from relucirc.core.printing import formula_text
from relucirc.interpretation.catalogue import gate_of
from relucirc.interpretation.neat import Neat
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
from relucirc.interpretation.writing import sum_text
from relucirc.language.domain import Domain
from relucirc.proof.prover import prove
from relucirc.proof.result import Result

MOST_BELOW, MOST_TOGETHER = 5, 6
"""Variables below, and hinges, of a circuit of several hinges whose shortest formula is looked for."""
MOST_NEAT = 12
"""Hinges of a circuit that is written in the cheapest way."""
MOST_VARIABLES = 200
"""With more variables, no new ones are made for features."""
MOST_ON_TOP = 30
"""Hinges on top of an output that is taken apart."""
MOST_NAMED, MOST_TRIED = 3, 200
"""Circuits of an affine combination that is looked for among those that are known, and combinations of as many."""
MOST_BITS = 4
"""Most inputs of a gate."""
WIDEST = 300
"""Longest formula of a part that is printed."""
SECONDS = 2.0
Order = tuple[tuple[int, int], ...]
"""Pairs of variables, the first of each never larger than the second."""


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
        whole: What it is of the variables further below, where minima and maxima come to an order statistic:
            ``"median of x1, x2, x3"``.
        given: The order of variables below that the formula supposes, such as ``"u1 <= u2"``; it follows from theirs.
        proof: The prover's answer about the formula, with the variables below free, but for their order; where an
            output is a sum of variables, with their formulas put in.
    """

    variable: str
    name: str
    formula: Any
    inputs: tuple[str, ...]
    neurons: tuple[tuple[int, int], ...]
    below: "tuple[Part, ...]" = ()
    whole: str = ""
    given: tuple[str, ...] = ()
    proof: Result | None = field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self, shown: set[str] | None = None, indent: str = "") -> Iterator[str]:
        """Yields the tree without the parts that were shown before, each part once."""
        shown = set() if shown is None else shown
        if self.variable in shown:
            return
        shown.add(self.variable)
        whole = f", the {self.whole}" if self.whole and not self.whole.startswith(self.name) else ""
        text = formula_text(self.formula)
        told = f"{text}: {self.name}{whole}" if len(text) <= WIDEST else f"{self.name} ({len(text):,} characters)"
        yield f"{indent}{self.variable} = {told}"
        for part in self.below:
            yield from part.lines(shown, indent + "  ")

    def to_json(self, shown: set[str] | None = None) -> dict[str, Any]:
        """Returns the tree as plain data; of a part that was shown before only the variable."""
        shown = set() if shown is None else shown
        if self.variable in shown:
            return {"variable": self.variable}
        shown.add(self.variable)
        names = ("variable", "name", "formula", "inputs", "neurons", "whole", "given")
        return {
            **{name: plain(getattr(self, name)) for name in names},
            "below": [part.to_json(shown) for part in self.below],
        }


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
        self.neat = Neat()
        self.found: list[Part] = []
        self.terms: list[Term] = []
        self.lines: list[Form] = []
        self._written: dict[tuple, Form] = {}
        self._places: dict[tuple, tuple[int, fmpq]] = {}
        self._by_top: dict[int, list[int]] = {}
        self._sorted, self._hasty = 0, False
        self._shorts: dict[tuple[Term, bool], tuple[Term, Order, Result]] = {}

    def outputs(self) -> Iterator[Part]:
        """Yields a part for every output, but for those in which nobody sees a circuit."""
        many = len(self.wiring.outputs) > 1
        for i, form in enumerate(self.wiring.outputs, 1):
            if len(self._own(form)) <= MOST_ON_TOP:
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
            whole = prove(claim, self.composed([written]), self.wiring.domain, budget=None)
            if whole.status == "proved":
                short, given, name, proof = Affine(written), (), self._name_of_sum(written), whole
        if (seen := self._seen_through(short)) is not None:
            short, proof = seen
            name = name_of(short)
        name = self._gate(short) or name
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
            tuple(sorted(neuron for k in self._own(form) for neuron in self.wiring.neurons.get(k, ()))),
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
        sides = (graph_of_term(renamed(side, place), names) for side in (term, short))
        return prove(*sides, Domain(tuple(relations)), budget=None)

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

    @staticmethod
    def _gate(term: Term) -> str:
        """The gate that a formula is, if it is one of few variables and a number."""
        used = sorted(variables_of(term))
        if not 1 < len(used) <= MOST_BITS or len(term.addends[1]) != 1 or not any(_numbers(term)):
            return ""
        names = default_names(len(used))
        return gate_of(graph_of_term(renamed(term, {v: i for i, v in enumerate(used)}), names))

    def _name_of_sum(self, form: Form) -> str:
        """Names a sum of several variables by the circuits that these are."""
        n = self.hinges.n
        names = [(c, self.found[v - n].name) for v, c in sorted(form.terms.items()) if v >= n]
        rest = Form({v: c for v, c in form.terms.items() if v < n})
        names += [(ONE, _affine_name(rest))] if rest else []
        return f"sum of {sum_text(names, form.const, times='*')}"

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

    def _added_up(self, term: Term) -> Form | None:
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

    def over_hinges(self, form: Form) -> Form:
        """Writes a form over inputs and variables as one over inputs and hinges."""
        return form.substitute(lambda v: self.lines[v - self.hinges.n] if v >= self.hinges.n else None)

    def _variable(self, line: Form) -> Form:
        """Returns a multiple of a variable that is a form; a new one, if none is known."""
        scale, signed = self._signed(line)
        if signed.key not in self._places:
            part, term = self._part(line, "")
            place = len(self.found)
            self.found.append(replace(part, variable=f"u{place + 1}"))
            self.terms.append(term)
            self.lines.append(line)
            self._places[signed.key] = self.hinges.n + place, scale
        v, factor = self._places[signed.key]
        return Form({v: scale / factor})

    def expressed(self, form: Form, most: int) -> Form | None:
        """Writes a form over inputs and variables; None where that takes more than so many terms.

        Known variables come first, the fewest that do; where these are many, the form may become a new one.
        """
        known = next(filter(None, (self._combination(form, count) for count in range(MOST_NAMED + 1))), None)
        if known is not None and len(known.terms) > most:
            known = None
        if known is not None and len(known.terms) < MOST_NAMED:
            return known
        if len(self._own(form)) > MOST_NAMED or len(self.found) > MOST_VARIABLES:
            return known
        before = len(self.found), dict(self._written), dict(self._places)
        self._hasty = True
        try:
            made = self._below(form)
        finally:
            self._hasty = False
        if len(made.terms) <= most and (known is None or len(made.terms) < len(known.terms)):
            return made
        size, self._written, self._places = before
        del self.found[size:], self.terms[size:], self.lines[size:]
        self._by_top, self._sorted = {}, 0
        return known

    def _combination(self, form: Form, most: int) -> Form | None:
        """The combination of the fewest inputs and at most so many known circuits that is a form, or None."""
        tick()
        n = self.hinges.n
        top = max(form.terms, default=-1)
        if top < n:
            return form
        places = self._tops.get(top, ())
        if not most or len(places) ** most > MOST_TRIED:
            return None
        found: Form | None = None
        for place in places:
            share = Form({n + place: form.terms[top] / self.lines[place].terms[top]})
            rest = self._combination(form - self.over_hinges(share), most - 1)
            if rest is not None and (found is None or len((rest + share).terms) < len(found.terms)):
                found = rest + share
        return found

    @property
    def _tops(self) -> dict[int, list[int]]:
        """For every hinge the circuits on top of which it stands."""
        while self._sorted < len(self.lines):
            if isinstance(self.terms[self._sorted], Extreme | Absolute):
                self._by_top.setdefault(max(self.lines[self._sorted].terms), []).append(self._sorted)
            self._sorted += 1
        return self._by_top

    def composed(self, forms: Sequence[Form]) -> Graph:
        """The graph of forms over inputs and variables, with the formulas of these put in."""
        n, names = self.hinges.n, self.all_names()
        needed, pending = set[int](), {v for form in forms for v in form.terms if v >= n}
        while pending:
            v = pending.pop()
            needed.add(v)
            pending |= {u for u in variables_of(self.terms[v - n]) if u >= n} - needed
        builder = GraphBuilder(self.names)
        values = [Form.variable(v) for v in range(n)]
        for v in range(n, len(names)):
            if v not in needed:
                values.append(Form())
                continue
            part, inside = graph_of_term(self.terms[v - n], names[:v]), list(values)
            for gate in part.gates:
                assert isinstance(gate, MaxGate)
                sides = [side.substitute(inside.__getitem__) for side in (gate.left, gate.right)]
                inside.append(builder.max(sides))
            values.append(part.outputs[0].substitute(inside.__getitem__))
        return builder.build([form.substitute(values.__getitem__) for form in forms])

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
        for found in shorter_terms(graph, order, part_of_time(SECONDS).remaining):
            return renamed(found, dict(enumerate(used)))
        return term


def name_of(term: Term) -> str:
    """Names a circuit: ``"minimum"``, ``"2*minimum + 1"``, ``"clip"``, ``"sum"``, ..."""
    form, parts = term.addends
    if not parts:
        return _affine_name(form)
    if len(parts) == 1 and parts[0][0] == -1 and not form.terms and _is_hat(form, parts[0][1]):
        return "hat"
    if len(parts) == 1 and not form.terms:
        return sum_text([(parts[0][0], _bent_name(parts[0][1]))], form.const, times="*")
    if len(parts) > MOST_TOGETHER:
        return f"sum of {len(parts)} parts"
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
        falls = [(c < 0, type(side)) for c, side in sides] == [(True, Absolute)]
        if not constants[0].form and not peak.terms and falls:
            return "hat" if term.sign > 0 else "minimum"
        if not constants[0].form:
            return "positive part" if term.sign > 0 else "negative part"
    count = f" of {len(term.args)}" if len(term.args) > 2 else ""
    return ("maximum" if term.sign > 0 else "minimum") + count


def _numbers(term: Term) -> Iterator[bool]:
    """Whether the affine parts of a formula have a constant."""
    yield bool(term.addends[0].const)
    for child in term.children:
        yield from _numbers(child)


def _is_hat(top: Form, term: Term) -> bool:
    """Whether ``top - term`` is ``top - Min(top, Abs(...))``."""
    args = set(map(type, term.args)) if isinstance(term, Extreme) and term.sign < 0 and len(term.args) == 2 else set()
    return args == {Affine, Absolute} and Affine(top) in term.children


def _varies(term: Term) -> bool:
    return bool(variables_of(term))
