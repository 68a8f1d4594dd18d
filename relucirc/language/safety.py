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
class Declared:
    """A network that a property is about.

    Attributes:
        name: How the file calls it.
        inputs: How the file calls its inputs.
        outputs: How it calls its outputs.
        model: Which of the networks that are given it is; the same one may be declared again, with other inputs.
        like: Which of these has the architecture that it must have; None where it is free.
        heads: What heads the values of its inputs, and of its outputs, where a point is listed so.
    """

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    model: int = 0
    like: int | None = None
    heads: tuple[str, ...] = ()


@dataclass(frozen=True)
class Property:
    """What a property file asks for: a point of some case at which some violation of it holds.

    Attributes:
        networks: The networks.  Variables are the inputs of all of them, and then the outputs of all.
        cases: All of them; none must have such a point.
    """

    networks: tuple[Declared, ...]
    cases: tuple[Case, ...]

    @property
    def inputs(self) -> int:
        """How many inputs there are."""
        return sum(len(network.inputs) for network in self.networks)

    @property
    def names(self) -> tuple[str, ...]:
        """How the file calls all inputs, and then all outputs."""
        inputs = [name for network in self.networks for name in network.inputs]
        return (*inputs, *(name for network in self.networks for name in network.outputs))

    @property
    def models(self) -> tuple[Declared, ...]:
        """The networks that have to be given, each as it is declared first."""
        first: dict[int, Declared] = {}
        for network in self.networks:
            first.setdefault(network.model, network)
        return tuple(first.values())
