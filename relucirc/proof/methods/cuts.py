"""Cuts: linear relations between hinges, found by rank, proved one by one, and used to reduce the rest.

Where two networks compute the same intermediate values, in whatever basis, their hinges satisfy
linear relations that the normal form does not see.  The hinges' exact values at more sample points
than there are hinges have a kernel; every vector of it is a conjecture ``v = combination of earlier
hinges``.  A conjecture is a small claim: the hinges just below it stand for themselves as free
variables (first without, then with what is known of them, ``v >= 0`` and ``v >= l``), and deeper ones
are opened only when that is too little.  Proved relations reduce every form above them.  The cost is
a sum over circuits, not a product over regions.

This is SAT sweeping (Kuehlmann, Paruthi, Krohm, Ganai 2002) for piecewise-linear functions: there the
candidates are equal signals, here any linear dependence.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from flint import fmpq

from relucirc.core.budget import Budget, OutOfBudget, part_of_time, seconds_left, tick
from relucirc.core.exact import ONE, common_denominator
from relucirc.core.forms import Form, form_to_json
from relucirc.core.graph import Graph, MaxGate, Relation
from relucirc.core.modular import modular_relations
from relucirc.geometry.chart import Chart, chart_of
from relucirc.geometry.hinges import Atom
from relucirc.proof.answers import Found, Proved, Refuted
from relucirc.proof.methods import normal_forms, regionwise, search, shallow, zero_one
from relucirc.proof.problem import Lowered, Problem

MAX_ATOMS = 700
FEW_ATOMS = 8
"""So few hinges are decided by regions before a relation would be proved."""
SPARE_POINTS = 24
LEMMA_SECONDS = (0.3, 1.0, 3.0)
"""Seconds for the attempts at one conjecture; the last ones open all that is below it."""
SHARE = 0.5
"""Share of the remaining budget for conjectures; the rest is for the regions of what they leave."""
LONG = 600.0
"""Seconds of which it is a share where there are more."""
RESTARTS = 100

Point = tuple[fmpq, ...]


def decide(problem: Problem) -> Found:
    """Proves the relations that the differences need, or finds a sample where they do not vanish."""
    lowered = problem.hinged
    atoms = lowered.hinges.reachable(lowered.differences)
    if not FEW_ATOMS < len(atoms) <= MAX_ATOMS or any(not lowered.hinges.atoms[k].is_hinge for k in atoms):
        return None
    return _Sweep(problem, lowered, atoms).run()


class _Sweep:
    """Samples, conjectures, proves; starts again with another sample when a conjecture is refuted."""

    def __init__(self, problem: Problem, lowered: Lowered, atoms: Sequence[int]) -> None:
        self.problem = problem
        self.hinges, self.differences, self.evidence = lowered.hinges, lowered.differences, lowered.evidence
        self.n = lowered.hinges.n
        self.columns = [*range(self.n), *(self.n + k for k in atoms)]
        self.points = sample_points(problem, len(self.columns) + SPARE_POINTS)
        self.proved: dict[int, Form] = {}
        self.lemmas: list[dict] = []
        self.given_up: set[int] = set()

    def run(self) -> Found:
        """Sweeps until every needed relation is proved or given up."""
        share = part_of_time(SHARE * seconds_left(LONG))
        for _ in range(RESTARTS):
            values = self._values(self.points)
            for difference in self.differences:
                wrong = _combination(difference, values)
                if any(wrong):
                    return Refuted("cuts", self.points[next(i for i, w in enumerate(wrong) if w)])
            refutation = self._round(self._conjectures(values), values, share)
            if refutation is None:
                break
            self.points.insert(0, refutation)
        return self._finish()

    def _round(self, relations: dict[int, Form], values: dict[int, list[int]], share: Budget) -> Point | None:
        """Proves relations, lowest first; returns the first point that refutes one."""
        targets = [self._whole(difference, relations) for difference in self.differences]
        targets += self._twins(relations, values)
        for target in targets:
            if self._reduce(target) and (outcome := self._open_all(target)):
                self._keep(outcome, target)
        while any(self._reduce(difference) for difference in self.differences):
            v = min((v for v in self._reached() if v in relations and v not in self.given_up), default=None)
            if v is None or share.remaining <= 0:
                return None
            tick("relations")
            refutation = self._prove(v, relations[v])
            if refutation is not None:
                return refutation
        return None

    def _reached(self) -> set[int]:
        """Hinges on which the differences still depend."""
        seen: set[int] = set()
        stack = [v for difference in self.differences for v in self._reduce(difference).terms if v >= self.n]
        while stack:
            v = stack.pop()
            if v not in seen:
                seen.add(v)
                stack.extend(self._below(v))
        return seen

    def _twins(self, relations: dict[int, Form], values: dict[int, list[int]]) -> Iterator[Form]:
        """Conjectures that the forms of two proportional hinges are proportional."""
        for v, relation in sorted(relations.items()):
            if len(relation.terms) == 1 and not relation.const:
                (u, c), *_ = relation.terms.items()
                if u >= self.n and c.p > 0:
                    target = self._element(v, raw=True) - self._element(u, raw=True).scale(c)
                    if any(t >= self.n for t in target.terms) and not any(_combination(target, values)):
                        yield target

    def _whole(self, difference: Form, relations: dict[int, Form]) -> Form:
        """A difference less what the relations make of it: one conjecture for all of it."""
        rest = difference
        while any(v in relations for v in rest.terms):
            rest = rest.substitute(relations.get)
        target = difference - rest
        return target if any(v >= self.n for v in target.terms) else Form()

    def _finish(self) -> Found:
        """Decides by regions what the relations have left of the differences."""
        differences = tuple(self._reduce(difference) for difference in self.differences)
        evidence = {**self.evidence, "lemmas": self.lemmas}
        if not any(differences):
            return Proved("cuts", evidence)
        if not self.lemmas:
            return None
        atoms = [Atom(tuple(self._reduce(e) for e in atom.elements)) for atom in self.hinges.atoms]
        reduced = Lowered(self.hinges.with_atoms(atoms), (), differences, evidence)
        answer = regionwise.decide_lowered(self.problem, reduced)
        return replace(answer, method="cuts") if isinstance(answer, Proved | Refuted) else None

    def _values(self, points: Sequence[Point]) -> dict[int, list[int]]:
        """Values of all columns at the points, each point scaled to integers; column -1 is the scale."""
        scales = [common_denominator(point) for point in points]
        values = {-1: scales}
        for v in range(self.n):
            values[v] = [int((point[v] * scale).p) for point, scale in zip(points, scales, strict=True)]
        for v in self.columns[self.n :]:
            tick()
            values[v] = [max(0, x) for x in _combination(self.hinges.atom(v).elements[0], values)]
        return values

    def _conjectures(self, values: dict[int, list[int]]) -> dict[int, Form]:
        """For every hinge that depends on earlier columns at the samples its form over them."""
        found = {}
        order = [-1, *self.columns]
        for j, terms in modular_relations([values[v] for v in order]).items():
            form = Form({order[i]: c for i, c in terms.items() if i}, terms.get(0, fmpq(0)))
            if order[j] >= self.n and not any(_combination(form - Form.variable(order[j]), values)):
                found[order[j]] = form
        return found

    def _reduce(self, form: Form) -> Form:
        while any(v in self.proved for v in form.terms):
            form = form.substitute(self.proved.get)
        return form

    def _prove(self, v: int, relation: Form) -> Point | None:
        """Tries to prove ``v = relation``; returns a sample point that refutes it, if one is found."""
        raw = Form.variable(v) - relation
        target = self._reduce(raw)
        if not target:
            self.given_up.add(v)  # it follows from the others
            return None
        for opened, seconds in self._depths(target):
            for known in (False, True):
                outcome = self._attempt(target, opened, known=known, seconds=seconds)
                if isinstance(outcome, dict):
                    self._keep(outcome, target)
                    return None
                if isinstance(outcome, tuple):
                    return outcome
        if outcome := self._open_all(raw):
            self._keep(outcome, target)
        else:
            self.given_up.add(v)
        return None

    def _keep(self, lemma: dict, target: Form) -> None:
        target = self._reduce(target)
        pivot = max(target.terms)
        if pivot < self.n:
            return  # says nothing about a hinge: the domain is thin there
        self.lemmas.append(lemma)
        self.proved[pivot] = self._solve(target, pivot)

    def _open_all(self, target: Form) -> dict | None:
        """Tries a relation as it stands, all hinges opened as they were written: for lattice polynomials."""
        if self.hinges.constraints:
            return None
        opened = {self.n + k for k in self.hinges.reachable([target])}
        outcome = self._attempt(target, opened, known=False, seconds=LEMMA_SECONDS[1], raw=True)
        return outcome if isinstance(outcome, dict) else None

    @staticmethod
    def _solve(target: Form, pivot: int) -> Form:
        return (Form({pivot: target.terms[pivot]}) - target).scale(ONE / target.terms[pivot])

    def _depths(self, target: Form) -> Iterator[tuple[set[int], float]]:
        """Sets of hinges to open: those of the target, those below, all."""
        opened = {v for v in target.terms if v >= self.n}
        yield set(opened), LEMMA_SECONDS[0]
        wider = opened | {u for v in opened for u in self._below(v)}
        if wider != opened:
            yield set(wider), LEMMA_SECONDS[1]
        while True:
            deeper = wider | {u for v in wider for u in self._below(v)}
            if deeper == wider:
                break
            wider = deeper
        yield wider, LEMMA_SECONDS[2]

    def _element(self, v: int, *, raw: bool = False) -> Form:
        element = self.hinges.atom(v).elements[0]
        return element if raw else self._reduce(element)

    def _below(self, v: int) -> list[int]:
        return [u for u in self._element(v).terms if u >= self.n]

    def _attempt(
        self, target: Form, opened: set[int], *, known: bool, seconds: float, raw: bool = False
    ) -> dict | Point | None:
        """One claim ``target = 0`` with the opened hinges as gates and whatever they read as inputs."""
        elements = {v: self._element(v, raw=raw) for v in sorted(opened)}
        read = {u for element in elements.values() for u in element.terms} | set(target.terms)
        free = sorted(read - opened)
        if not free:
            return None
        place = {v: i for i, v in enumerate([*free, *elements])}

        def move(form: Form) -> Form:
            return Form({place[v]: c for v, c in form.terms.items()}, form.const)

        names = tuple(f"v{v}" for v in free)
        graph = Graph(names, tuple(MaxGate(Form(), move(e)) for e in elements.values()), (move(target),))
        zero = Graph(names, (), (Form(),))
        constraints = [move(c) for c in self._known(free)] if known else []
        if known and not constraints:
            return None
        proof = self._decide(graph, zero, constraints, seconds, QUICK_METHODS if raw else LEMMA_METHODS)
        if isinstance(proof, dict):
            flags = {name: True for name, flag in (("known", known), ("raw", raw)) if flag}
            return {"zero": form_to_json(target), "free": list(names), **flags, "proof": proof}
        if proof is None or any(v >= self.n for v in free) or (self.hinges.constraints and not known):
            return None
        point = {v: proof[place[v]] for v in free}
        whole = tuple(point.get(v, c) for v, c in enumerate(self.problem.interior))
        return whole if all(c.evaluate(whole).p >= 0 for c in self.problem.constraints) else None

    def _known(self, free: Sequence[int]) -> list[Form]:
        """What is known of the free variables, as forms ``>= 0`` over them alone."""
        return known_constraints(free, self.hinges.constraints, self.n, lambda v: [self._element(v)])

    def _decide(
        self, left: Graph, right: Graph, constraints: Sequence[Form], seconds: float, methods: "Methods"
    ) -> dict | Point | None:
        relations = [Relation(form, ">=") for form in constraints]
        chart = chart_of(relations, len(left.inputs))
        assert isinstance(chart, Chart)  # the domain and what is known of hinges have a common point
        problem = Problem(chart.pull(left), chart.pull(right), chart.constraints, chart.interior)
        try:
            with part_of_time(seconds):
                for method in methods:
                    answer = method(problem)
                    if isinstance(answer, Proved):
                        return {**chart.evidence, **answer.evidence}
                    if isinstance(answer, Refuted):
                        return chart.lift(answer.point)
        except OutOfBudget:
            tick()
        return None


Methods = tuple[Callable[[Problem], Found], ...]
QUICK_METHODS: Methods = (normal_forms.by_hinges, search.decide, zero_one.decide, normal_forms.by_max_atoms)
LEMMA_METHODS: Methods = (*QUICK_METHODS, shallow.decide, regionwise.decide)


def known_constraints(
    free: Sequence[int], domain: Sequence[Form], n: int, elements: Callable[[int], Sequence[Form]]
) -> list[Form]:
    """Forms ``>= 0`` over free variables: the domain's, and ``v >= 0``, ``v >= l`` for every free hinge."""
    allowed = set(free)
    found = [form for form in domain if form.terms.keys() <= allowed]
    for v in free:
        if v >= n:
            found.append(Form.variable(v))
            found += [Form.variable(v) - e for e in elements(v) if e.terms.keys() <= allowed]
    return found


def _combination(form: Form, values: dict[int, list[int]]) -> list[int]:
    """Values of a form with integer multiples, scaled by its denominator where it has one."""
    scale = common_denominator([*form.terms.values(), form.const])
    total = [int((form.const * scale).p) * q for q in values[-1]]
    for v, c in form.terms.items():
        factor, column = int((c * scale).p), values[v]
        total = [t + factor * x for t, x in zip(total, column, strict=True)]
    return total


def sample_points(problem: Problem, count: int) -> list[Point]:
    """Random points of the problem's polyhedron, near and far, on integers where it is all of R^n."""
    rng = np.random.default_rng(2022)
    n = problem.n
    if not problem.constraints:
        sizes = rng.choice([3, 10, 50, 1000], size=(count, 1))
        whole = (rng.uniform(-1, 1, size=(count, n)) * sizes).round().astype(int)
        return [tuple(map(fmpq, row)) for row in whole.tolist()]
    rays = [ray for ray, _ in problem.cell.rays]
    points = []
    for weights in rng.integers(0, 8, size=(count, len(rays))).tolist():
        chosen = [(w, ray) for w, ray in zip(weights, rays, strict=True) if w]
        total = [sum(w * ray[i] for w, ray in chosen) for i in range(n + 1)]
        for line in problem.cell.lines:
            step = int(rng.integers(-20, 21))
            total = [t + step * c for t, c in zip(total, line, strict=True)]
        points.append(tuple(fmpq(c, total[0]) for c in total[1:]) if total[0] > 0 else problem.interior)
    return points
