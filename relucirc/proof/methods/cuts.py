"""Cuts: linear relations between hinges, found by rank, proved one by one, and used to reduce the rest.

Where two networks compute the same intermediate values, in whatever basis, their hinges satisfy
linear relations that the normal form does not see.  The hinges' exact values at more sample points
than there are hinges have a kernel; every vector of it is a conjecture ``v = combination of earlier
hinges``.  A conjecture is a small claim: the hinges just below it stand for themselves as free
variables (first without, then with what is known of them, ``v >= 0`` and ``v >= l``), and deeper ones
are opened only when that is too little.  Proved relations reduce every form above them.  The cost is
a sum over circuits, not a product over regions.

Hidden variables that are maxima of few forms are given names first, see :mod:`~relucirc.proof.methods.naming`:
so relations are found that no other network's hinges take part in.

This is SAT sweeping (Kuehlmann, Paruthi, Krohm, Ganai 2002) for piecewise-linear functions: there the
candidates are equal signals, here any linear dependence.
"""

from collections.abc import Collection, Iterator, Sequence

from relucirc.core.budget import Budget, OutOfBudget, part_of_time, seconds_left, tick
from relucirc.core.forms import Form
from relucirc.proof.answers import Found, Proved, Refuted
from relucirc.proof.methods.lemmas import (
    LEMMA_METHODS,
    QUICK_METHODS,
    Lemma,
    Methods,
    known_constraints,
    read_besides,
    solved,
)
from relucirc.proof.methods.naming import find_names
from relucirc.proof.methods.samples import Point, Values, combination, relations, sample_points, values_at
from relucirc.proof.problem import Lowered, Problem
from relucirc.proof.renumbering import with_names, without_unused_names

MAX_ATOMS = 700
FEW_ATOMS = 8
"""So few hinges are decided by regions before a relation would be proved."""
SPARE_POINTS = 24
LEMMA_SECONDS = (0.3, 1.0, 3.0)
"""Seconds for the attempts at one conjecture; the last ones open all that is below it."""
MORE_PATIENCE = 4
"""How many times the seconds there are for what had too few of them, when all else has been tried."""
SHARE = 0.5
"""Share of the remaining budget for conjectures; the rest is for what they leave."""
LONG = 600.0
"""Seconds of which it is a share where there are more."""
RESTARTS = 100


def decide(problem: Problem) -> Found:
    """Proves the relations that the differences need, or finds a sample where they do not vanish."""
    lowered = problem.hinged
    atoms = lowered.hinges.reachable(lowered.differences)
    if not FEW_ATOMS < len(atoms) <= MAX_ATOMS or any(not lowered.hinges.atoms[k].is_hinge for k in atoms):
        return None
    points = sample_points(problem, problem.n + len(atoms) + SPARE_POINTS)
    names = find_names(lowered, points)
    return _Sweep(problem, with_names(lowered, names), points, len(names)).run()


class _Sweep:
    """Samples, conjectures, proves; starts again with another sample when a conjecture is refuted."""

    def __init__(self, problem: Problem, lowered: Lowered, points: list[Point], names: int) -> None:
        self.problem = problem
        self.hinges, self.differences, self.evidence = lowered.hinges, lowered.differences, lowered.evidence
        self.n = lowered.hinges.n
        self.first = self.n + names
        atoms = {*range(names), *lowered.hinges.reachable(self.differences)}
        self.columns = [*range(self.n), *(self.n + k for k in sorted(atoms))]
        self.points = [*points, *sample_points(problem, len(points) + names)[len(points) :]]
        self.proved: dict[int, Form] = {}
        self.lemmas: list[dict] = []
        self.given_up: set[int] = set()
        self.patience = 1
        self.hurried = False

    def run(self) -> Found:
        """Sweeps until every needed relation is proved or given up."""
        share = part_of_time(SHARE * seconds_left(LONG))
        for _ in range(RESTARTS):
            values = values_at(self.hinges, self.columns, self.points)
            for difference in self.differences:
                wrong = combination(difference, values)
                if any(wrong):
                    return Refuted("cuts", self.points[next(i for i, w in enumerate(wrong) if w)])
            conjectures = {v: form for v, form in relations(self.columns, values).items() if v >= self.n}
            refutation = self._round(conjectures, values, share)
            if refutation is not None:
                self.points.insert(0, refutation)
            elif self.hurried and share.remaining > 0:
                self.given_up, self.patience, self.hurried = set(), MORE_PATIENCE * self.patience, False
            else:
                break
        return self._finish()

    def _round(self, conjectures: dict[int, Form], values: Values, share: Budget) -> Point | None:
        """Proves relations, lowest first; returns the first point that refutes one."""
        targets = [self._whole(difference, conjectures) for difference in self.differences]
        targets += self._twins(conjectures, values)
        for target in targets:
            if self._reduce(target) and (outcome := self._open_all(target)):
                self._keep(outcome, target)
        while any(self._reduce(difference) for difference in self.differences):
            v = min((v for v in self._reached() if v in conjectures and v not in self.given_up), default=None)
            if v is None or share.remaining <= 0:
                return None
            tick("relations")
            refutation = self._prove(v, conjectures[v])
            if refutation is not None:
                return refutation
        return None

    def _reached(self) -> set[int]:
        """Atoms on which the differences still depend."""
        return self._closure({v for d in self.differences for v in self._reduce(d).terms if v >= self.n})

    def _twins(self, conjectures: dict[int, Form], values: Values) -> Iterator[Form]:
        """Conjectures that the forms of two proportional hinges are proportional."""
        for v, relation in sorted(conjectures.items()):
            if len(relation.terms) == 1 and not relation.const:
                (u, c), *_ = relation.terms.items()
                if u >= self.first and c.p > 0:
                    (left,), (right,) = self.hinges.atom(v).elements, self.hinges.atom(u).elements
                    target = left - right.scale(c)
                    if any(t >= self.n for t in target.terms) and not any(combination(target, values)):
                        yield target

    def _whole(self, difference: Form, conjectures: dict[int, Form]) -> Form:
        """A difference less what the relations make of it: one conjecture for all of it."""
        rest = difference
        while any(v in conjectures for v in rest.terms):
            rest = rest.substitute(conjectures.get)
        target = difference - rest
        return target if any(v >= self.n for v in target.terms) else Form()

    def _finish(self) -> Found:
        """Decides what the relations have left of the differences, all atoms opened."""
        for difference in self.differences:
            target = self._reduce(difference)
            if not target:
                continue
            if not self.lemmas:
                return None
            outcome = self._attempt(target, self._closure(target.terms), seconds_left(LONG), known=self.is_bounded)
            if not isinstance(outcome, dict):
                return None if outcome is None else Refuted("cuts", outcome)
            self._keep(outcome, target)
        return Proved("cuts", without_unused_names({**self.evidence, "lemmas": self.lemmas}, self.n))

    @property
    def is_bounded(self) -> bool:
        """Whether there is a domain."""
        return bool(self.hinges.constraints)

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
                outcome = self._attempt(target, opened, seconds, known=known)
                if isinstance(outcome, dict):
                    self._keep(outcome, target)
                    return None
                if outcome is not None:
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
        self.proved[pivot] = solved(target, pivot)

    def _open_all(self, target: Form) -> dict | None:
        """Tries a relation as it stands, all hinges opened as they were written: for lattice polynomials."""
        if self.is_bounded:
            return None
        opened = {self.n + k: self.hinges.atoms[k].elements for k in self.hinges.reachable([target])}
        lemma = Lemma(target, opened, tuple(sorted(read_besides(target, opened))), flags=("raw",))
        outcome = self._decided(lemma, LEMMA_SECONDS[1], QUICK_METHODS)
        return outcome if isinstance(outcome, dict) else None

    def _depths(self, target: Form) -> Iterator[tuple[Collection[int], float]]:
        """Sets of atoms to open: those of the target, those below, all down to names, all."""
        first = {v for v in target.terms if v >= self.n}
        below = {u for v in first for u in self._below(v) if u >= self.first}
        to_names = self._closure(first, down_to=self.first)
        sets = map(frozenset, (first, first | below, to_names, self._closure(first)))
        yield from dict(zip(sets, (*LEMMA_SECONDS, LEMMA_SECONDS[-1]), strict=True)).items()

    def _elements(self, v: int) -> list[Form]:
        return [self._reduce(element) for element in self.hinges.atom(v).elements]

    def _below(self, v: int) -> set[int]:
        return {u for element in self._elements(v) for u in element.terms if u >= self.n}

    def _closure(self, variables: Collection[int], down_to: int = 0) -> set[int]:
        """Atoms among variables, and those that they depend on from a number on."""
        seen: set[int] = set()
        stack = [v for v in variables if v >= self.n]
        while stack:
            v = stack.pop()
            if v not in seen:
                seen.add(v)
                stack += [u for u in self._below(v) if u >= down_to]
        return seen

    def _attempt(self, target: Form, opened: Collection[int], seconds: float, *, known: bool) -> dict | Point | None:
        """One claim ``target = 0`` with the opened atoms as gates and whatever they read as inputs."""
        elements = {v: self._elements(v) for v in sorted(opened)}
        free = read_besides(target, elements)
        is_whole = all(v < self.n for v in free)
        if is_whole and known and self.is_bounded:
            free = range(self.n)
        constraints = self._known(sorted(free)) if known else []
        if not free or known is not bool(constraints):
            return None
        lemma = Lemma(target, elements, tuple(sorted(free)), tuple(constraints), ("known",) if known else ())
        outcome = self._decided(lemma, seconds)
        if not isinstance(outcome, tuple):
            return outcome
        if not is_whole or (self.is_bounded and not known):
            return None
        values = dict(zip(lemma.free, outcome, strict=True))
        point = tuple(values.get(v, c) for v, c in enumerate(self.problem.interior))
        return point if all(c.evaluate(point).p >= 0 for c in self.problem.constraints) else None

    def _decided(self, lemma: Lemma, seconds: float, methods: Methods = LEMMA_METHODS) -> dict | Point | None:
        """Decides a lemma within some seconds; more of them in later passes, if it is about fewer inputs than all."""
        try:
            return lemma.decide(self.patience * seconds, methods)
        except OutOfBudget:
            tick()
            self.hurried = self.hurried or len(lemma.free) < self.n
            return None

    def _known(self, free: Sequence[int]) -> list[Form]:
        """What is known of the free variables, as forms ``>= 0`` over them alone."""
        return known_constraints(free, self.hinges.constraints, self.n, self._elements)
