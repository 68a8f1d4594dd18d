"""Lemmas: one linear relation between atoms, as a claim of its own.

The atoms that are opened are gates, with their definitions; whatever these read stands for itself, as a free
variable.  What holds for all values of the free variables holds for those that they have.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from flint import fmpq

from relucirc.core.budget import part_of_time
from relucirc.core.exact import ONE
from relucirc.core.forms import Form, form_to_json
from relucirc.core.graph import Graph, MaxGate, Relation
from relucirc.geometry.chart import Chart, chart_of
from relucirc.proof.answers import Found, Proved, Refuted
from relucirc.proof.methods import normal_forms, regionwise, search, shallow, zero_one
from relucirc.proof.problem import Problem

Methods = tuple[Callable[[Problem], Found], ...]
QUICK_METHODS: Methods = (normal_forms.by_hinges, search.decide, normal_forms.by_max_atoms, zero_one.decide)
LEMMA_METHODS: Methods = (*QUICK_METHODS, shallow.decide, regionwise.decide)
Point = tuple[fmpq, ...]
Elements = Mapping[int, Sequence[Form]]


@dataclass(frozen=True)
class Lemma:
    """The claim that a form over atoms is zero.

    Attributes:
        target: The form.
        opened: The elements of the atoms that are opened, in ascending order.
        free: The variables that stand for themselves, all that is read and not opened, in ascending order.
        known: Forms over the free variables that are ``>= 0``.
        flags: How the definitions are to be read, for the certificate.
    """

    target: Form
    opened: Elements
    free: tuple[int, ...]
    known: tuple[Form, ...] = ()
    flags: tuple[str, ...] = ()

    def decide(self, seconds: float, methods: Methods = LEMMA_METHODS) -> dict | Point | None:
        """Returns the lemma as evidence; values of the free variables that refute it; or None.

        Raises:
            OutOfBudget: When the seconds have passed.
        """
        relations = [Relation(form, ">=") for form in self._moved(self.known)]
        chart = chart_of(relations, len(self.free))
        assert isinstance(chart, Chart)  # what is known has a common point
        graph = self._graph()
        nothing = Graph(graph.inputs, (), (Form(),))
        problem = Problem(chart.pull(graph), chart.pull(nothing), chart.constraints, chart.interior)
        with part_of_time(seconds):
            for method in methods:
                answer = method(problem)
                if isinstance(answer, Proved):
                    return self._evidence({**chart.evidence, **answer.evidence})
                if isinstance(answer, Refuted):
                    return chart.lift(answer.point)
        return None

    def _moved(self, forms: Iterable[Form]) -> list[Form]:
        """Forms over the free variables, numbered as inputs."""
        place = {v: Form.variable(i) for i, v in enumerate(self.free)}
        return [form.substitute(place.get) for form in forms]

    def _graph(self) -> Graph:
        """The form as a function of the free variables."""
        numbers = {v: Form.variable(i) for i, v in enumerate(self.free)}
        gates: list[MaxGate] = []
        for v, elements in self.opened.items():
            values = [Form(), *(element.substitute(numbers.get) for element in elements)]
            while len(values) > 1:
                gates.append(MaxGate(values[0], values[1]))
                values = [*values[2:], Form.variable(len(self.free) + len(gates) - 1)]
            numbers[v] = values[0]
        names = tuple(f"v{v}" for v in self.free)
        return Graph(names, tuple(gates), (self.target.substitute(numbers.get),))

    def _evidence(self, proof: dict) -> dict:
        flags = dict.fromkeys(self.flags, True)
        return {"zero": form_to_json(self.target), "free": [f"v{v}" for v in self.free], **flags, "proof": proof}


def read_besides(target: Form, opened: Elements) -> set[int]:
    """The variables that a form and opened atoms read, which are not opened."""
    forms = [target, *(element for elements in opened.values() for element in elements)]
    return {v for form in forms for v in form.terms} - opened.keys()


def known_constraints(
    free: Sequence[int], domain: Sequence[Form], n: int, elements: Callable[[int], Sequence[Form]]
) -> list[Form]:
    """Forms ``>= 0`` over free variables: the domain's, and ``v >= 0``, ``v >= l`` for every free atom."""
    allowed = set(free)
    found = [form for form in domain if form.terms.keys() <= allowed]
    for v in free:
        if v >= n:
            found.append(Form.variable(v))
            found += [Form.variable(v) - e for e in elements(v) if e.terms.keys() <= allowed]
    return found


def solved(target: Form, pivot: int) -> Form:
    """What a variable is where a form that reads it is zero."""
    c = target.terms[pivot]
    return (Form({pivot: c}) - target).scale(ONE / c)
