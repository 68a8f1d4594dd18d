"""Fixed tiny architectures with weights from a finite set: found, or exactly excluded.

Counterexamples guide the search (synthesis by induction from examples).  A solver for satisfiability
finds weights that are right at a few integer points; the prover accepts the network, or gives a point
where it is wrong, which is added.  If the solver finds no weights, none from the set are right even at
the points collected: that is what an empty search shows, for this architecture and these weights
only, on the word of the solver.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise, product
from typing import Any

from flint import fmpq

from relucirc.core.answer import Answer
from relucirc.core.budget import Budget, OutOfBudget, tick
from relucirc.core.errors import RelucircError, shorten
from relucirc.core.exact import rational, text
from relucirc.core.graph import Graph
from relucirc.core.progress import Progress, watched
from relucirc.language.function import read_function
from relucirc.language.network import MLP
from relucirc.proof.prover import prove
from relucirc.proof.result import Result

MAX_NEURONS = 24
Values = tuple[fmpq, ...]


@dataclass(frozen=True)
class ArchitectureSearch(Answer):
    """What :func:`search_architecture` answers.

    Attributes:
        status: ``"found"``, ``"excluded"`` (no weights of the set give the function) or ``"unknown"``.
        reason: What was found, or exactly what the empty search shows.
        network: A network of the architecture, proved equal; None if none was found.
        excluded: Whether no weights of the set give the function.
        points: The points that the search collected; with ``excluded``, no weights are right at all of them.
        proof: The prover's answer about the network.
        certificate: Its evidence that the network equals the function.
        seconds: Wall time used.
    """

    status: str
    reason: str
    network: MLP | None
    excluded: bool
    points: tuple[tuple[str, ...], ...]
    proof: Result | None = field(repr=False)
    certificate: dict | None = field(repr=False)
    seconds: float


def search_architecture(
    f: Any,
    hidden: Sequence[int],
    *,
    weights: Sequence[Any] = (-1, 0, 1),
    output_weights: Sequence[Any] | None = None,
    biases: Sequence[Any] = (0,),
    budget: float | None = 60.0,
    inputs: Sequence[str] | None = None,
    progress: Progress = None,
) -> ArchitectureSearch:
    """Searches all networks of one small architecture with weights from a finite set.

    Needs z3: ``pip install 'relucirc[smt]'``.

    Args:
        f: The function, as for :func:`relucirc.minimal_network`.
        hidden: Widths of the hidden layers.
        weights: What each hidden weight may be.
        output_weights: What each output weight may be; ``weights`` by default.
        biases: What each bias may be.
        budget: Seconds.
        inputs: Names of the inputs, in order; f's own symbols by default.
        progress: As for :func:`relucirc.prove`.

    Returns:
        An :class:`ArchitectureSearch`.

    Raises:
        RelucircError: When f or a weight cannot be read, or the architecture is not small.

    Example:
        >>> import relucirc
        >>> search_architecture("Min(x1, x2)", [3]).network.sizes
        (2, 3, 1)
    """
    widths = list(hidden)
    if not widths or any(not isinstance(w, int) or isinstance(w, bool) or w < 1 for w in widths):
        raise RelucircError(f"hidden: expected widths of hidden layers such as [3], got {shorten(hidden)}.")
    if sum(widths) > MAX_NEURONS:
        raise RelucircError(f"hidden: expected at most {MAX_NEURONS} neurons in all, got {sum(widths)}.")
    inner = tuple(rational(w, "weights") for w in weights)
    outer = inner if output_weights is None else tuple(rational(w, "output_weights") for w in output_weights)
    choices = [*[inner] * len(widths), outer], tuple(rational(b, "biases") for b in biases)
    clock = watched(budget, "search", progress)
    points: list[tuple[fmpq, ...]] = []
    try:
        with clock:
            return _Encoding(read_function(f, inputs), widths, *choices, clock, points).run()
    except (OutOfBudget, KeyboardInterrupt) as error:
        return _answer(points, clock, f"{clock.ended(error)}; nothing is shown.")


Choice = list[tuple[Any, fmpq]]
"""A Boolean for every value that a weight or a bias may have, and the value."""


class _Encoding:
    """The weights as choices, and one copy of the network for every point."""

    def __init__(
        self, graph: Graph, hidden: list[int], weights: list[Values], biases: Values, clock: Budget, points: list
    ) -> None:
        try:
            import z3  # noqa: PLC0415  (an extra)
        except ImportError:
            raise RelucircError("this search needs z3: pip install 'relucirc[smt]'.") from None
        self.z3 = z3
        self.graph = graph
        self.clock = clock
        self.sizes = [len(graph.inputs), *hidden, len(graph.outputs)]
        self.weights, self.biases = weights, biases
        self.solver = z3.SolverFor("QF_LRA")
        self.points = points
        self.layers = [self._layer(k) for k in range(len(self.sizes) - 1)]
        self._order_neurons()

    def _layer(self, k: int) -> tuple[list[list[Choice]], list[Choice]]:
        rows = [
            [self._choice(f"w{k}_{i}_{j}", self.weights[k]) for j in range(self.sizes[k])]
            for i in range(self.sizes[k + 1])
        ]
        return rows, [self._choice(f"b{k}_{i}", self.biases) for i in range(self.sizes[k + 1])]

    def _choice(self, name: str, values: Values) -> Choice:
        options = [self.z3.Bool(f"{name}_{c}") for c in range(len(values))]
        self.solver.add(self.z3.PbEq([(option, 1) for option in options], 1))
        return list(zip(options, values, strict=True))

    def _order_neurons(self) -> None:
        """Neurons of the first layer may be permuted: their choices are in lexicographic order."""
        rows, biases = self.layers[0]
        z3 = self.z3
        keys = [
            [z3.Sum([z3.If(option, c, 0) for c, (option, _) in enumerate(choice)]) for choice in (*row, bias)]
            for row, bias in zip(rows, biases, strict=True)
        ]
        for left, right in pairwise(keys):
            ordered = z3.BoolVal(True)
            for a, b in reversed(list(zip(left, right, strict=True))):
                ordered = z3.Or(a < b, z3.And(a == b, ordered))
            self.solver.add(ordered)

    def run(self) -> ArchitectureSearch:
        names = self.graph.inputs
        self._add((fmpq(0),) * len(names))
        for i, s in product(range(len(names)), (1, -1)):
            self._add(tuple(fmpq(s * int(i == j)) for j in range(len(names))))
        while True:
            if self.clock.seconds is not None:
                self.solver.set("timeout", max(1, int(1000 * self.clock.remaining)))
            answer = self.solver.check()
            if answer == self.z3.unsat:
                return self._excluded()
            if answer != self.z3.sat:
                self.clock.step()
                return _answer(self.points, self.clock, "the solver gave up; nothing is shown.")
            network = self._network(self.solver.model())
            proof = prove(network, self.graph, budget=None)
            if proof.status == "proved":
                reason = f"machine-found, exactly proved, after {len(self.points)} points; sizes {network.sizes}."
                return _answer(self.points, self.clock, reason, network, proof)
            if proof.status == "unknown" or proof.witness is None:
                return _answer(self.points, self.clock, f"a network was found but not proved: {proof.reason}")
            self._add(tuple(rational(proof.witness[name]) for name in names))

    def _excluded(self) -> ArchitectureSearch:
        def listed(values: Values) -> str:
            return "{" + ", ".join(map(text, values)) + "}"

        reason = (
            f"an empty search: no network of sizes {tuple(self.sizes)} with hidden weights in "
            f"{listed(self.weights[0])}, output weights in {listed(self.weights[-1])} and biases in "
            f"{listed(self.biases)} agrees with the function even at {len(self.points)} points (by z3). Other "
            "weights and other architectures are not excluded."
        )
        return _answer(self.points, self.clock, reason, excluded=True)

    def _add(self, point: tuple[fmpq, ...]) -> None:
        """States that the network is right at one more point."""
        z3, number = self.z3, len(self.points)
        self.points.append(point)
        values: list[Any] = [self._real(c) for c in point]
        for k, (rows, biases) in enumerate(self.layers):
            sums = []
            for i, (row, bias) in enumerate(zip(rows, biases, strict=True)):
                tick()
                terms = [
                    self._product(choice, value, (number, k, i, j))
                    for j, (choice, value) in enumerate(zip(row, values, strict=True))
                ]
                shift = z3.Sum([z3.If(chosen, self._real(c), self._real(fmpq(0))) for chosen, c in bias])
                sums.append(z3.Sum([*terms, shift]))
            last = k == len(self.layers) - 1
            values = sums if last else [self._relu(total, (number, k, i)) for i, total in enumerate(sums)]
        for value, wanted in zip(values, self.graph.evaluate(point), strict=True):
            self.solver.add(value == self._real(wanted))

    def _product(self, choice: Choice, value: Any, place: tuple) -> Any:
        """A chosen weight times a value: one implication for every option."""
        z3 = self.z3
        product = z3.Real("p" + "_".join(map(str, place)))
        for chosen, weight in choice:
            self.solver.add(z3.Implies(chosen, product == self._real(weight) * value))
        return product

    def _relu(self, total: Any, place: tuple) -> Any:
        z3 = self.z3
        result = z3.Real("h" + "_".join(map(str, place)))
        self.solver.add(result >= 0, result >= total, z3.Or(result == 0, result == total))
        return result

    def _real(self, value: fmpq) -> Any:
        return self.z3.RealVal(text(value))

    def _network(self, model: Any) -> MLP:
        def pick(choices: list[Choice]) -> list[fmpq]:
            return [next(c for chosen, c in choice if self.z3.is_true(model.eval(chosen))) for choice in choices]

        layers = [(list(map(pick, rows)), pick(biases)) for rows, biases in self.layers]
        layers = [(weight, bias if any(bias) else None) for weight, bias in layers]
        return MLP.from_arrays(layers, self.graph.inputs)


def _answer(
    points: Sequence[tuple[fmpq, ...]],
    clock: Budget,
    reason: str,
    network: MLP | None = None,
    proof: Result | None = None,
    *,
    excluded: bool = False,
) -> ArchitectureSearch:
    written = tuple(tuple(text(c) for c in point) for point in points)
    status = "found" if network is not None else "excluded" if excluded else "unknown"
    certificate = None if proof is None else proof.certificate
    return ArchitectureSearch(status, reason, network, excluded, written, proof, certificate, clock.elapsed)
