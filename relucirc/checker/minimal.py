"""Checks a certificate of minimality: the network computes the function, and nothing smaller does.

The first half is an ordinary proof of equality.  For the second, the network itself gives the shallow
form of the function.  Each of its k hyperplanes needs a neuron.  Then the network cannot have k
neurons, if for no set N of reversed ones ``affine + sum_N kappa_H l_H`` vanishes (up to what is free),
and not k + 1 if no such remainder is a multiple of one further row.  Rows of evidence reduce each of
these to a few numbers, and all subsets of those are tried here again.
"""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import gcd, lcm
from typing import Any

from flint import fmpq, fmpq_mat

from relucirc.checker.data import Rejected, fields, index, number, require, sequence
from relucirc.checker.equality import check_claim
from relucirc.checker.linear import ONE, UNIT, ZERO, Linear, mix, value_at
from relucirc.checker.reading import graph_of_weights, names_asked_about
from relucirc.checker.shallow import ShallowForm
from relucirc.checker.sides import read
from relucirc.checker.verdict import Verdict, replay
from relucirc.core.errors import RelucircError
from relucirc.core.forms import Form
from relucirc.core.graph import Graph
from relucirc.language.claim import read_equality
from relucirc.language.domain import Domain, read_domain
from relucirc.language.network import MLP

FORMAT = "relucirc-minimal-1"
MAX_SUMS = 1_200_000
MAX_TRIED = 14
MAX_SIGNED = 18


def check_minimal(f: Any, certificate: Any, domain: Any = None, inputs: Sequence[str] | None = None) -> Verdict:
    """Checks that a certificate's network equals a function, and that its lower bound holds.

    The bound is a theorem about functions on all of R^n, or on a polyhedron with interior (real points,
    not integer ones): there a network's hyperplanes are the function's own.  That the domain is one is
    checked here.

    Args:
        f: The function, as for :func:`relucirc.minimal_network`.
        certificate: ``result.certificate``, or the same data read back from JSON.
        domain: Where they must be equal.
        inputs: Names of the inputs, in order, as for :func:`relucirc.minimal_network`; never the
            certificate's.

    Returns:
        A :class:`relucirc.Verdict`: true if the network computes f there and no network of the
        certificate's kind with fewer than ``certificate["lower_bound"]`` hidden neurons does.  Nothing
        raises: what cannot be read is rejected, with the reason.
    """

    def steps() -> None:
        needed = {"format", "kind", "network", "equal", "lower_bound", "excluded"}
        fields(certificate, needed, {"skip", "interior", "sides"}, "a certificate")
        require(certificate["format"] == FORMAT, f"expected the format {FORMAT!r}")
        fields(certificate["kind"], {"bias", "output_bias", "skip"}, set(), "a kind")
        kind = certificate["kind"]
        require(all(type(value) is bool for value in kind.values()), "a kind is not true or false")
        network = _network(certificate["network"])
        require(len(network.layers) <= 2, "the network has more than one hidden layer")
        skips = _skips(certificate, kind["skip"], network)
        _check_kind(network, kind)
        where = read_domain(domain, names_asked_about(f, domain, inputs, list(network.inputs)))
        verdict = check_claim(read_equality(_graph(network, skips), f, where), certificate["equal"])
        require(verdict.accepted is True, f"the network is not proved equal: {verdict.reason}")
        shape = ShallowForm.read(network, _with_interior(where, certificate), certificate.get("sides"))
        _check_bound(shape, kind, network.hidden_neurons, certificate)

    return replay(steps, "the network is equal, and no network with fewer neurons than the bound is")


def network_to_json(network: MLP) -> dict[str, Any]:
    """Writes a network as certificates do: every layer has a bias."""
    data = network.to_json()
    for layer in data["layers"]:
        layer["bias"] = layer["bias"] or ["0"] * len(layer["weight"])
    return data


def _network(data: Any) -> MLP:
    fields(data, {"inputs", "layers"}, set(), "a network")
    layers = []
    for layer in sequence(data["layers"], "layers"):
        fields(layer, {"weight", "bias"}, set(), "a layer")
        weight = [[number(c) for c in sequence(row, "a row")] for row in sequence(layer["weight"], "a weight")]
        layers.append((weight, [number(c) for c in sequence(layer["bias"], "a bias")]))
    try:
        return MLP.from_arrays(layers, tuple(sequence(data["inputs"], "inputs")))
    except RelucircError as error:
        raise Rejected(f"the network is none: {error}") from None


def _with_interior(domain: Domain, certificate: dict) -> list[Linear]:
    """The constraints of a domain that has interior; none for all of R^n."""
    require(not domain.integers, "a smallest network is known on polyhedra, not on integer points")
    require(("interior" in certificate) == bool(domain.relations), "an interior point is given, or not, for a domain")
    constraints = [read(relation.form) for relation in domain.relations]
    if constraints:
        point = dict(enumerate(number(c) for c in sequence(certificate["interior"], "interior")))
        require(all(value_at(c, point) > 0 for c in constraints), "the point is not in the interior of the domain")
        require(all(relation.op != "==" for relation in domain.relations), "the domain has no interior")
    return constraints


def _skips(certificate: dict, expected: bool, network: MLP) -> list[list[fmpq]] | None:
    require(("skip" in certificate) == expected, "a skip connection is given without being allowed, or the reverse")
    if not expected:
        return None
    rows = [[number(c) for c in sequence(row, "a skip row")] for row in sequence(certificate["skip"], "skip")]
    require(
        len(rows) == network.sizes[-1] and all(len(row) == network.sizes[0] for row in rows), "skip has a wrong shape"
    )
    return rows


def _check_kind(network: MLP, kind: dict[str, bool]) -> None:
    """The network must be of the kind that the bound is about."""
    *hidden, output = network.exact().layers
    require(kind["output_bias"] or not any(output.exact_bias()), "the network has output biases")
    for layer in hidden:
        require(kind["bias"] or not any(layer.exact_bias()), "the network has hidden biases")
    require(bool(hidden) or not any(output.weight.rows), "a network without hidden neurons has weights")


def _graph(network: MLP, skips: list[list[fmpq]] | None) -> MLP | Graph:
    if skips is None:
        return network
    graph = graph_of_weights(network)
    outputs = [form + Form(dict(enumerate(row))) for form, row in zip(graph.outputs, skips, strict=True)]
    return replace(graph, outputs=tuple(outputs))


def _check_bound(shape: ShallowForm, kind: dict[str, bool], width: int, certificate: dict) -> None:
    bound = index(certificate["lower_bound"], width + 1)
    excluded = certificate["excluded"]
    require(type(excluded) is dict, "excluded is not an object")
    price = bound - len(shape.planes)
    if price <= 0:
        require(not excluded, "evidence is given for nothing")
        return
    question = _Question(shape, kind)
    if len(shape.affine) > 1 and "all" in excluded:
        fields(excluded, {"all"}, set(), "excluded")
        require(excluded["all"] is True, "all is not true")
        question.try_all(price)
        return
    require(price <= (2 if len(shape.affine) == 1 else 1), "the bound is higher than this evidence can show")
    fields(excluded, {"none"}, {"constant", "always_on", "doubled"} if price == 2 else set(), "excluded")
    question.nothing_left(excluded["none"])
    if price == 2:
        question.no_single_row(excluded)


class _Question:
    """Which remainders can be paid for; coordinates are those that are not free."""

    def __init__(self, shape: ShallowForm, kind: dict[str, bool]) -> None:
        self.shape = shape
        self.kind = kind
        self.coordinates = [*([] if kind["skip"] else range(shape.n)), *([] if kind["output_bias"] else [UNIT])]

    def vector(self, linear: Linear) -> list[fmpq]:
        return [linear.get(v, ZERO) for v in self.coordinates]

    def nothing_left(self, rows: Any) -> None:
        """No set N leaves nothing: for all outputs at once."""
        target = [c for affine in self.shape.affine for c in self.vector(affine)]
        steps = []
        for plane, jumps in zip(self.shape.planes, self.shape.jumps, strict=True):
            row = self.vector(plane)
            steps.append([kappa * c for kappa in jumps for c in row])
        _no_subset(_read_rows(rows, len(target)), target, steps)

    def no_single_row(self, excluded: dict) -> None:
        """No set N leaves a multiple of one row that costs a single neuron."""
        require(not self.kind["skip"], "with a skip connection one more neuron is always enough")
        target = self.vector(self.shape.affine[0])
        planes = [self.vector(plane) for plane in self.shape.planes]
        steps = [[jumps[0] * c for c in row] for jumps, row in zip(self.shape.jumps, planes, strict=True)]
        if self.shape.constraints:
            require("constant" not in excluded, "constants are always active, and excluded with these")
            self._none_always_on(excluded.get("always_on"))
        else:
            require("always_on" not in excluded, "no neuron is always active on all of R^n but constants")
            if self.kind["bias"] and not self.kind["output_bias"]:
                rows = _read_rows(excluded.get("constant"), len(target))
                require(all(row[-1] == 0 for row in rows), "a row sees the constant")
                _no_subset(rows, target, steps)
            else:
                require("constant" not in excluded, "constants are free, or not to be had")
        doubled = sequence(excluded.get("doubled"), "doubled")
        require(len(doubled) == len(planes), "expected rows for each hyperplane")
        for i, data in enumerate(doubled):
            rows = _read_rows(data, len(target))
            for row in rows:
                require(_dot(row, planes[i]) == 0, "a row sees the hyperplane that is doubled")
            _no_subset(rows, target, [step for j, step in enumerate(steps) if j != i])

    def _none_always_on(self, data: Any) -> None:
        """No remainder has one sign on the domain: each is positive at one of the places, and negative at one."""
        bias, output_bias = self.kind["bias"], self.kind["output_bias"]
        places = []
        for place in sequence(data, "always_on"):
            first, *rest = (number(c) for c in sequence(place, "a place"))
            require(len(rest) == self.shape.n and first in (ZERO, ONE), "a place is malformed")
            point = dict(enumerate(rest))
            is_direction = first == 0 and all(value_at({**c, UNIT: ZERO}, point) >= 0 for c in self.shape.constraints)
            if not is_direction:
                require(first == (ZERO if output_bias else ONE), "a point is used where only directions count")
                require(not (bias and output_bias), "a point is used where only directions count")
                require(all(value_at(c, point) >= 0 for c in self.shape.constraints), "a place is not in the domain")
            places.append((first, point))
        require(bool(places), "no places are given")
        forms = [self.shape.affine[0]]
        forms += [mix(((jumps[0], plane),)) for plane, jumps in zip(self.shape.planes, self.shape.jumps, strict=True)]
        require(len(forms) - 1 <= MAX_SIGNED, "too many hyperplanes to try all subsets")
        table = [[value_at({**f, UNIT: f.get(UNIT, ZERO) * first}, point) for first, point in places] for f in forms]
        for size in range(len(forms)):
            for chosen in itertools.combinations(table[1:], size):
                total = [sum(column, start=ZERO) for column in zip(table[0], *chosen, strict=True)]
                require(min(total) < 0 < max(total), "some remainder has one sign at all places")

    def try_all(self, price: int) -> None:
        """Several outputs: no N and no D costs less than the price."""
        k = len(self.shape.planes)
        require(k <= MAX_TRIED, "too many hyperplanes to try all subsets")
        planes = [self.vector(plane) for plane in self.shape.planes]
        units = list(range(k))
        if self.kind["bias"] and not self.kind["output_bias"]:
            planes.append([ZERO] * (len(self.coordinates) - 1) + [ONE])
            units.append(k)
        base = [self.vector(affine) for affine in self.shape.affine]
        for size in range(k + 1):
            for flipped in itertools.combinations(range(k), size):
                rows = [list(row) for row in base]
                for i in flipped:
                    for o, kappa in enumerate(self.shape.jumps[i]):
                        rows[o] = [a + kappa * b for a, b in zip(rows[o], planes[i], strict=True)]
                rank = _rank(rows)
                require(rank > 0, "some orientation leaves nothing")
                if rank >= price:
                    continue
                require(not self.shape.constraints, "some orientation leaves too little")
                for count in range(price):
                    for doubled in itertools.combinations([i for i in units if i not in flipped], count):
                        paid = [planes[i] for i in doubled]
                        cost = count + 2 * (_rank([*rows, *paid]) - _rank(paid))
                        require(cost >= price, "some orientation is cheaper than the bound")


def _rank(rows: Sequence[Sequence[fmpq]]) -> int:
    return fmpq_mat([list(row) for row in rows]).rank() if rows and rows[0] else 0


def _dot(a: Iterable[fmpq], b: Iterable[fmpq]) -> fmpq:
    return sum((x * y for x, y in zip(a, b, strict=True)), start=ZERO)


def _read_rows(data: Any, width: int) -> list[list[fmpq]]:
    rows = [[number(c) for c in sequence(row, "a row")] for row in sequence(data, "rows")]
    require(bool(rows) and all(len(row) == width for row in rows), "rows have a wrong length")
    return rows


def _no_subset(rows: list[list[fmpq]], target: list[fmpq], steps: list[list[fmpq]]) -> None:
    """Rejects unless no subset of the steps brings the target to zero, seen through the rows alone."""
    images = [[_dot(row, vector) for row in rows] for vector in (target, *steps)]
    scale = lcm(*(int(c.q) for image in images for c in image))
    goal, *moves = ([int((scale * c).p) for c in image] for image in images)
    moves = [move for move in moves if any(move)]
    for r, wanted in enumerate(goal):
        divisor = gcd(*(move[r] for move in moves))
        if wanted and (not divisor or wanted % divisor):
            return
    # Pack the rows into one number: no carries, since every digit is smaller than half the base.
    largest = max((abs(c) for c in goal), default=0) + sum(max(map(abs, move)) for move in moves)
    base = 2 * largest + 1
    packed = [sum(c * base**r for r, c in enumerate(move)) for move in (goal, *moves)]
    half = len(packed) // 2 + 1
    ahead, behind = {packed[0]}, {0}
    for step in packed[1:half]:
        ahead |= {total + step for total in ahead}
        require(len(ahead) <= MAX_SUMS, "too many subsets to try again")
    for step in packed[half:]:
        behind |= {total - step for total in behind}
        require(len(behind) <= MAX_SUMS, "too many subsets to try again")
    require(ahead.isdisjoint(behind), "some subset leaves nothing")
