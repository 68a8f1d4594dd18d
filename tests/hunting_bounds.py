"""Random claims about relations, tolerances and extrema, for the hunt; z3 and plain fractions judge them.

A relation is a condition of :mod:`plain` over the inputs and, after them, the outputs.  The networks are small
and often degenerate: neurons that repeat each other, differ by 2^-60 only, or are nothing at all.
"""

import functools
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import against_z3
import hunting
import plain
import sympy
import z3
from hypothesis import strategies as st

import relucirc

TINY = Fraction(1, 2**60)
MARGINS = st.sampled_from([Fraction(0), TINY, -TINY, Fraction(1, 2), Fraction(-1)])
UNREAD = ("about the inputs alone", "nested too deeply")
"""What the library refuses rightly: outputs may cancel in what is drawn."""
OPS = ("<", "<=", ">", ">=", "==", "!=")


@dataclass
class Question:
    """A network on a domain, twice.

    Attributes:
        layers: The network as plain data.
        relations: The domain as plain data.
        integers: The inputs that take integer values.
    """

    layers: plain.Layers
    relations: list[plain.Relation]
    integers: frozenset[int] = frozenset()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the inputs."""
        n = len(self.layers[0][0][0])
        return ("x",) if n == 1 else tuple(f"x{i + 1}" for i in range(n))

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of the outputs."""
        count = len(self.layers[-1][0])
        return ("y",) if count == 1 else tuple(f"y{i + 1}" for i in range(count))

    @property
    def net(self) -> Any:
        """The network as the library takes it."""
        return hunting.mlp(self.layers, self.names)

    @property
    def domain(self) -> str | None:
        """The domain as the library takes it."""
        whole = [f"{self.names[i]} in integers" for i in sorted(self.integers)]
        return ", ".join([*filter(None, [plain.domain_text(self.relations, self.names)]), *whole]) or None

    def contains(self, point: plain.Point) -> bool:
        """Whether the domain holds a point."""
        return plain.inside(self.relations, point) and all(point[i].denominator == 1 for i in self.integers)

    def values(self, point: plain.Point) -> list[Fraction]:
        """The outputs at a point."""
        return plain.run(self.layers, point)


@st.composite
def questions(draw: st.DrawFn, *, bounded: bool = False, integers: bool = False) -> Question:
    """Networks of one to three inputs and one or two hidden layers, on polyhedra of every kind."""
    n = draw(st.integers(1, 3))
    layers = draw(hunting.layers_(n, draw(st.sampled_from([1, 1, 2])), max_hidden=2, max_width=5))
    if draw(st.booleans()) and len(layers) > 1:  # the same hyperplane again, or nearly the same, or no neuron at all
        rows, biases = layers[0]
        other = [draw(st.sampled_from([1, -1, 2, 0])) * w for w in rows[0]]
        rows, biases = [*rows, other], [*(biases or [Fraction(0)] * len(rows)), draw(MARGINS)]
        layers[0] = rows, biases
        layers[1] = [[*row, draw(hunting.SMALL)] for row in layers[1][0]], layers[1][1]
    if draw(st.integers(0, 3)) == 0:
        layers = hunting._moved(draw, layers)
    relations = draw(hunting.domains(n))
    if bounded or draw(st.booleans()):
        size = draw(st.sampled_from([Fraction(1), Fraction(1, 3), Fraction(2), Fraction(10**6), TINY]))
        for i in range(n):
            for sign in (1, -1):
                unit = tuple(Fraction(sign if k == i else 0) for k in range(n))
                op = draw(st.sampled_from([">=", ">=", ">"]))
                relations.append((unit, draw(st.sampled_from([size, size, Fraction(0)])) if sign > 0 else size, op))
    whole = frozenset(i for i in range(n) if integers and draw(st.booleans()))
    return Question(layers, relations, whole)


@functools.cache
def sides(n: int, outputs: int) -> st.SearchStrategy[plain.Formula]:
    """Affine forms over inputs and outputs, with a margin."""
    count = n + outputs

    def build(parts: tuple) -> plain.Formula:
        coefficients, constant, margin = parts
        terms = [("scale", c, ("input", i)) for i, c in enumerate(coefficients) if c]
        return ("add", *terms, ("number", constant + margin))

    return st.tuples(st.lists(hunting.SMALL, min_size=count, max_size=count), hunting.SMALL, MARGINS).map(build)


@st.composite
def relations_(draw: st.DrawFn, n: int, outputs: int) -> plain.Formula:
    """Comparisons of outputs, inputs, maxima and jumps, joined by and, or, not."""
    first = draw(sides(n, outputs))
    kind = draw(st.sampled_from(["affine", "affine", "output", "maximum", "formula"]))
    if kind == "output":
        first = ("input", n + draw(st.integers(0, outputs - 1)))
    elif kind == "maximum":
        first = (draw(st.sampled_from(["max", "min"])), first, draw(sides(n, outputs)))
    elif kind == "formula":
        first = ("input", n)
    second = draw(hunting.formulas(n)) if kind == "formula" else draw(sides(n, outputs))
    relation = (draw(st.sampled_from(OPS)), first, second)
    how = draw(st.sampled_from(["alone", "alone", "and", "or", "not"]))
    if how in ("and", "or"):
        return (how, relation, (draw(st.sampled_from(OPS)), draw(sides(n, outputs)), draw(sides(n, outputs))))
    return ("not", relation) if how == "not" else relation


def violation(question: Question, broken: Any, seconds: float = 4) -> str | plain.Point:
    """A point of the domain where something holds in z3, ``"none"``, or ``"unknown"``.

    Args:
        question: The network on its domain.
        broken: Given inputs, outputs and the facts, what is looked for.
        seconds: For z3.
    """
    variables = [
        z3.ToReal(z3.Int(f"whole{i}")) if i in question.integers else z3.Real(f"input{i}")
        for i in range(len(question.names))
    ]
    facts: list[Any] = against_z3.domain_facts(question.relations, variables)
    outputs = against_z3.network_terms(question.layers, variables, facts)
    sought = broken(variables, outputs, facts)
    solver = z3.Solver()
    solver.set("timeout", int(1000 * seconds))
    solver.add(*facts, sought)
    answer = solver.check()
    if answer != z3.sat:
        return "none" if answer == z3.unsat else "unknown"
    model = solver.model()
    point = tuple(model.eval(v, model_completion=True).as_fraction() for v in variables)
    assert question.contains(point)
    return point


def is_empty(question: Question) -> bool:
    """Whether z3 finds no point of the domain; without bounds it may not tell of integers."""
    return not isinstance(violation(question, lambda *_: z3.BoolVal(True)), tuple)


def fraction(value: Any) -> Fraction:
    """A rational of SymPy's."""
    assert value.is_Rational, value
    return Fraction(int(value.p), int(value.q))


def point_of(question: Question, named: Any) -> plain.Point:
    """A point by name as a tuple."""
    assert named.keys() == set(question.names)
    return tuple(fraction(named[name]) for name in question.names)


def wrong(said: str, question: Any, answer: Any) -> hunting.WrongAnswerError:
    """What is raised at a contradiction."""
    return hunting.WrongAnswerError(f"{said}: {question!r}\n{answer}")


def examine(
    question: Question, claim: Any, broken: Any, is_broken: Any, tally: Counter, *, within: Any = None, kind: str
) -> None:
    """Asks the library, then z3, and raises on any contradiction.

    Args:
        question: The network on its domain.
        claim: A relation or a formula, as the library takes it.
        broken: What breaks it, for z3.
        is_broken: Whether it is broken at a point, in plain fractions.
        tally: Counts answers.
        within: The tolerance.
        kind: How it is counted.
    """
    net, domain = question.net, question.domain
    try:
        result = relucirc.prove(net, claim, domain, within=within, budget=5.0)
    except relucirc.DomainError as error:
        if not is_empty(question):
            raise wrong("the domain is not empty", question, error) from error
        tally["empty domain", kind] += 1
        return
    except relucirc.FormulaError as error:
        if not any(said in str(error) for said in UNREAD):
            raise
        tally["not a claim", kind] += 1
        return
    tally[result.status, kind] += 1
    if result.status == "refuted":
        point = point_of(question, result.witness)
        if not question.contains(point) or not is_broken(point):
            raise wrong(f"no witness of {claim!r} within {within}", question, result)
    elif result.status == "proved":
        certificate = json.loads(json.dumps(result.certificate))
        if not relucirc.check(net, claim, certificate, domain, within=within):
            raise wrong(f"its own certificate of {claim!r} is not accepted after JSON", question, result)
        found = violation(question, broken)
        if isinstance(found, tuple):
            raise wrong(f"{claim!r} within {within} proved, but broken at {found}", question, result)
        tally["judged true" if found == "none" else "not judged", kind] += 1
    elif "rejects" in result.reason:
        raise wrong(f"the checker rejects the evidence of {claim!r}", question, result)


def examine_relation(question: Question, relation: plain.Formula, tally: Counter) -> None:
    """A relation of outputs and inputs."""
    examine(
        question,
        plain.as_text(relation, (*question.names, *question.outputs)),
        lambda inputs, outputs, facts: z3.Not(against_z3.condition_term(relation, [*inputs, *outputs], facts)),
        lambda point: not plain.holds(relation, [*point, *question.values(point)]),
        tally,
        kind="relation",
    )


def examine_within(question: Question, formulas: Sequence[plain.Formula], eps: Fraction, tally: Counter) -> None:
    """A tolerance between the network and formulas."""

    def broken(inputs: Any, outputs: Any, facts: list) -> Any:
        gaps = [y - against_z3.formula_term(f, inputs, facts) for y, f in zip(outputs, formulas, strict=True)]
        limit = against_z3.number(eps)
        return z3.Or([z3.Or(gap > limit, -gap > limit) for gap in gaps])

    def is_broken(point: plain.Point) -> bool:
        return distance(question, formulas, point) > eps

    texts = [plain.as_text(f, question.names) for f in formulas]
    said = texts[0] if len(texts) == 1 else texts
    examine(question, said, broken, is_broken, tally, within=sympy.Rational(*eps.as_integer_ratio()), kind="within")


def distance(question: Question, formulas: Sequence[plain.Formula], point: plain.Point) -> Fraction:
    """How far the network is from formulas at a point."""
    return max(abs(y - plain.value(f, point)) for y, f in zip(question.values(point), formulas, strict=True))


def examine_bounds(question: Question, tally: Counter) -> None:
    """Exact extrema: nothing is beyond them, everything short of them is passed, and points attain them."""
    net, domain = question.net, question.domain
    try:
        found = relucirc.bounds(net, domain, budget=10.0)
    except relucirc.DomainError as error:
        if not is_empty(question):
            raise wrong("the domain is not empty", question, error) from error
        tally["empty domain", "bounds"] += 1
        return
    count = len(question.outputs)
    fields = (found.lower, found.upper, found.lower_at, found.upper_at)
    lower, upper, lower_at, upper_at = ([f] if count == 1 else f for f in fields)
    tally[found.status, "bounds"] += 1
    finite = [end for end in (*lower, *upper) if end.is_finite]
    rays = [(i, sign, ray) for sign, some in _rays(found, count) for i, ray in enumerate(some) if ray is not None]
    for i, sign, (point, direction) in rays:
        tally["ray", "end"] += 1
        start, step = point_of(question, point), point_of(question, direction)
        along = [tuple(a + t * d for a, d in zip(start, step, strict=True)) for t in range(4)]
        values = [sign * question.values(at)[i] for at in along]
        if not all(map(question.contains, along)) or not values[0] < values[1] < values[2] < values[3]:
            raise wrong(f"output {i} does not grow along {point}, {direction}", question, found)
    if found.exact and bool(finite or rays) is not (found.certificate is not None):
        raise wrong("exact bounds without a certificate, or none with one", question, found)
    if found.certificate is not None:
        certificate = json.loads(json.dumps(found.certificate))
        if not relucirc.check(net, None, certificate, domain):
            raise wrong("its own certificate of bounds is not accepted after JSON", question, found)
    for i in range(count):
        for end, at, sign in ((upper[i], upper_at[i], 1), (lower[i], lower_at[i], -1)):
            _judge_end(question, found, (i, end, at, sign), tally)


def _rays(found: Any, count: int) -> list[tuple[int, list]]:
    """The rays of all outputs, upper ones and lower ones."""
    pairs = ((1, found.upper_ray), (-1, found.lower_ray))
    return [(sign, [rays] if count == 1 else rays) for sign, rays in pairs]


def _judge_end(question: Question, found: Any, end: tuple, tally: Counter) -> None:
    """One end of the range of one output, ``sign`` being 1 for the upper one."""
    i, value, at, sign = end

    def beyond(bound: Fraction, *, strictly: bool = True) -> Any:
        limit = against_z3.number(sign * bound)
        return violation(question, lambda _, y, __: sign * y[i] > limit if strictly else sign * y[i] >= limit)

    if not value.is_finite:
        for far in (10**3, 10**12):
            if found.exact and beyond(Fraction(sign * far)) == "none":
                raise wrong(f"output {i} does not get beyond {sign * far}", question, found)
        tally["unbounded", "end"] += 1
        return
    bound = fraction(value)
    point = beyond(bound)
    if isinstance(point, tuple):
        raise wrong(f"output {i} is beyond {bound} at {point}", question, found)
    if at is not None:
        where = point_of(question, at)
        if not question.contains(where) or question.values(where)[i] != bound:
            raise wrong(f"output {i} is not {bound} at {where}", question, found)
        tally["attained", "end"] += 1
    elif found.exact:
        if beyond(bound - sign * TINY) == "none":
            raise wrong(f"output {i} does not come near {bound}", question, found)
        if isinstance(beyond(bound, strictly=False), tuple):
            raise wrong(f"output {i} attains {bound}, and no point was given", question, found)
        tally["approached", "end"] += 1


def examine_deviation(question: Question, formulas: Sequence[plain.Formula], tally: Counter) -> None:
    """The largest difference from formulas: exact, with a certificate, and a hair less is refuted."""
    net, domain = question.net, question.domain
    texts = [plain.as_text(f, question.names) for f in formulas]
    said = texts[0] if len(texts) == 1 else texts
    try:
        found = relucirc.max_deviation(net, said, domain, budget=10.0)
    except relucirc.DomainError as error:
        if not is_empty(question):
            raise wrong("the domain is not empty", question, error) from error
        tally["empty domain", "deviation"] += 1
        return
    tally[found.status, "deviation"] += 1

    def further(bound: Fraction, *, strictly: bool = True) -> Any:
        def sought(inputs: Any, outputs: Any, facts: list) -> Any:
            gaps = [y - against_z3.formula_term(f, inputs, facts) for y, f in zip(outputs, formulas, strict=True)]
            limit = against_z3.number(bound)
            return z3.Or([(g > limit if strictly else g >= limit) for gap in gaps for g in (gap, -gap)])

        return violation(question, sought)

    if found.upper.is_finite:
        point = further(fraction(found.upper))
        if isinstance(point, tuple):
            raise wrong(f"further apart than {found.upper} from {said} at {point}", question, found)
    if found.attained:
        point = point_of(question, found.witness)
        if not question.contains(point) or distance(question, formulas, point) != fraction(found.lower):
            raise wrong(f"not {found.lower} from {said} at {point}", question, found)
    if found.value is None:
        return
    if not found.value.is_finite:
        if further(Fraction(10**12)) == "none":
            raise wrong(f"the distance from {said} is bounded", question, found)
        return
    value = fraction(found.value)
    if value and further(value - TINY) == "none":
        raise wrong(f"nothing is as far as {value} from {said}", question, found)
    if not found.attained and isinstance(further(value, strictly=False), tuple):
        raise wrong(f"{value} from {said} is attained, and no such point was given", question, found)
    if found.certificate is not None:
        tally["certified", "deviation"] += 1
        certificate = json.loads(json.dumps(found.certificate))
        if not relucirc.check(net, said, certificate, domain):
            raise wrong(f"its own certificate of the distance from {said} is not accepted", question, found)
        less = value - TINY
        if value and less >= 0:
            for lie in ({**certificate, "value": str(less)}, {**certificate, "value": str(less), "at": None}):
                if relucirc.check(net, said, lie, domain):
                    raise wrong(f"a certificate of {less} from {said} is accepted", question, found)


@st.composite
def all_kinds(draw: st.DrawFn) -> tuple[str, Question, Any]:
    """A question, and what is asked of it."""
    kind = draw(st.sampled_from(["relation", "within", "bounds", "deviation"]))
    question = draw(questions(integers=True, bounded=draw(st.booleans())))
    n, count = len(question.names), len(question.outputs)
    if kind == "relation":
        return kind, question, draw(relations_(n, count))
    if kind == "bounds":
        return kind, question, None
    return kind, question, [draw(hunting.formulas(n)) for _ in range(count)]


def examine_any(drawn: tuple[str, Question, Any], eps: Fraction, tally: Counter) -> None:
    """Asks what was drawn."""
    kind, question, claim = drawn
    if kind == "relation":
        examine_relation(question, claim, tally)
    elif kind == "bounds":
        examine_bounds(question, tally)
    elif kind == "deviation":
        examine_deviation(question, claim, tally)
    else:
        examine_within(question, claim, eps, tally)


TOLERANCES = st.sampled_from([Fraction(n, d) for d in (1, 2, 3) for n in range(1, 6)] + [TINY, 1 - TINY, 1 + TINY])
