"""Properties that must have no counterexample: relations between inputs and outputs, in disjunctive form."""

from dataclasses import dataclass

from relucirc.core.graph import Relation


@dataclass(frozen=True)
class Case:
    """Where inputs satisfy ``domain``, no one of ``violations`` may hold.

    Attributes:
        domain: Relations over the inputs, numbered from 0.
        violations: Conjunctions of relations over inputs and outputs, which are numbered on from the inputs.
    """

    domain: tuple[Relation, ...]
    violations: tuple[tuple[Relation, ...], ...]


@dataclass(frozen=True)
class Property:
    """What a property file asks for: a point of some case at which some violation of it holds.

    Attributes:
        inputs: How many inputs there are.
        outputs: How many outputs.
        cases: All of them; none must have such a point.
        names: How the file calls inputs and outputs.
    """

    inputs: int
    outputs: int
    cases: tuple[Case, ...]
    names: tuple[str, ...]
