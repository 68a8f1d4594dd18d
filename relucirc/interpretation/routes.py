"""From a network's graph to shorter formulas for its outputs, as proposals, under the clock that is running."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import sympy

from relucirc.core.budget import LONG, OutOfBudget, part_of_time, seconds_left, tick
from relucirc.core.exact import ONE
from relucirc.core.forms import Form
from relucirc.core.graph import Graph
from relucirc.geometry.hinges import HingeGraph
from relucirc.geometry.region import Region
from relucirc.geometry.subdivision import leaves
from relucirc.interpretation.germs import points_in
from relucirc.interpretation.shortest import Shortest
from relucirc.interpretation.terms import Affine, Term, added, extreme
from relucirc.language.domain import Domain

MOST_INPUTS, MOST_HINGES, MOST_GATES = 6, 24, 150
MOST_REGIONS = 150
DRAWN, EACH = 60, 3
"""Points drawn in the whole domain, and in each region."""
STEPS, SHARE = 50_000, 0.4
"""Most steps of work, about 8 seconds on a quiet core, and the share of the time that is left for them."""


def shorter_formulas(graph: Graph, domain: Domain) -> Any:
    """Proposes a formula for every output: an expression, a list of them for several, None where there is none."""
    terms = shorter_terms(graph, domain, STEPS)
    symbols = [sympy.Symbol(name) for name in graph.inputs]
    found = [term.expression(symbols) for term in terms]
    return found[0] if len(found) == 1 else found or None


def shorter_terms(graph: Graph, domain: Domain, steps: int) -> list[Term]:
    """Proposes a term for every output, within some steps of work; none for what is too large, or on other domains.

    Steps end the search where the time that is left is enough for them: then it finds the same on any machine.
    """
    forms = [relation.form for relation in domain.relations]
    thin = domain.integers or any(relation.op == "==" for relation in domain.relations)
    if graph.has_selects or not 0 < len(graph.inputs) <= MOST_INPUTS or len(graph.gates) > MOST_GATES or thin:
        return []
    start = Region.of(forms, len(graph.inputs))
    if start is None:
        return []
    share = part_of_time(SHARE * seconds_left(LONG), steps)
    try:
        with share:
            hinges = HingeGraph(len(graph.inputs), forms, start.cell if forms else None)
            outputs, _ = hinges.lower(graph)
            if len(hinges.reachable(outputs)) > MOST_HINGES:
                return []
            terms = terms_of(hinges, outputs)
            search = Shortest(hinges.n, _points(hinges, outputs, start))
    except OutOfBudget:
        tick()
        return []
    places = range(len(terms), 0, -1)
    return [
        search.of(term, share.remaining / left, steps // len(terms)) for left, term in zip(places, terms, strict=True)
    ]


def terms_of(hinges: HingeGraph, forms: Sequence[Form]) -> list[Term]:
    """Writes forms over hinges as terms."""
    atoms: list[Term] = []

    def term(form: Form) -> Term:
        affine = Form({v: c for v, c in form.terms.items() if v < hinges.n}, form.const)
        parts = [(c, atoms[v - hinges.n]) for v, c in form.terms.items() if v >= hinges.n]
        return added([(ONE, Affine(affine)), *parts])

    for atom in hinges.atoms:
        atoms.append(extreme(1, [Affine(Form()), *map(term, atom.elements)]))
    return [term(form) for form in forms]


def _points(hinges: HingeGraph, outputs: Sequence[Form], start: Region) -> np.ndarray:
    """Points of the domain, some of them in every region."""
    rng = np.random.default_rng(20220101)
    parts = itertools.islice(leaves(hinges, outputs, start), MOST_REGIONS)
    return np.concatenate([points_in(start.cell, rng, DRAWN), *(points_in(part.cell, rng, EACH) for part, _ in parts)])


def cost_of(formula: Any) -> tuple[bool, int, int]:
    """Returns what formulas are compared by: operations, as SymPy counts them, then the length of the text."""
    parts = formula if isinstance(formula, list) else [formula]
    return False, int(sum(sympy.count_ops(part) for part in parts)), len(str(formula))
