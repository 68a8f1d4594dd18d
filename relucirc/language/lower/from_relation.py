"""Relations as graphs: the differences that they compare, composed on a network, or in a JAX function."""

from collections.abc import Callable, Mapping
from typing import Any

import sympy

from relucirc.core.errors import FormulaError, shorten
from relucirc.core.forms import Form
from relucirc.core.graph import Graph
from relucirc.language.domain import Domain
from relucirc.language.lower.from_formula import Lowering
from relucirc.language.lower.guards import guard_of, sides_of
from relucirc.language.lower.violations import Violation, violations_of


def graph_of_relation(
    relation: sympy.Basic, graph: Graph, outputs: Mapping[str, Form], domain: Domain
) -> tuple[Graph, tuple[Violation, ...] | None]:
    """Lowers a relation onto a network's gates.

    Args:
        relation: Comparisons joined by and, or, not, over the inputs and the outputs.
        graph: The network; its gates come first, as they are.
        outputs: The names of its outputs, and their forms.
        domain: Where the relation has to have a truth value.

    Returns:
        A graph whose outputs are differences, and what breaks the relation: see
        :func:`~relucirc.language.lower.violations.violations_of`.

    Raises:
        FormulaError: When a side is not piecewise linear, or has no value somewhere on the domain.
    """
    try:
        lowering = Lowering(graph.inputs, graph.gates, outputs)
        sides = sides_of(relation)
        for side in sides:
            lowering.form(side)
        lowering.refuse_holes(sides, domain)
        differences, violations = violations_of(guard_of(relation, lowering.known))
    except RecursionError:
        raise FormulaError(f"the relation {shorten(relation)} is nested too deeply.") from None
    return lowering.builder.build(differences), violations


def graph_of_condition(function: Callable[..., Any], names: Any) -> tuple[Graph, tuple[Violation, ...] | None]:
    """Lowers a JAX function whose values are conditions, as :func:`graph_of_relation` lowers a relation.

    Raises:
        FormulaError: When it cannot be read exactly, or some value is a number.
    """
    from relucirc.language.lower.from_jax import condition_of_function, pruned  # noqa: PLC0415  (for functions only)

    builder, condition = condition_of_function(function, names)
    differences, violations = violations_of(condition)
    return pruned(builder.build(differences)), violations
