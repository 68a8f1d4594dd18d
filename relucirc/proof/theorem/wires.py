"""The 0-1 principle as Rocq's data, in the words of ``ZeroOne.v``."""

from collections.abc import Iterable, Sequence

from flint import fmpq

from relucirc.checker.data import index, number, require
from relucirc.checker.linear import ONE, Linear, minus, mix
from relucirc.checker.linear import key as linear_key
from relucirc.proof.theorem.gallina import form_text, key, listed, rational_text
from relucirc.proof.theorem.numbered import Numbered


def wires_text(proof: Numbered, differences: Sequence[Linear], rows: Iterable[tuple[int, fmpq]]) -> str:
    """The wires by number, and differences as sums of them: relu(A - B) is A less the minimum of A and B.

    Args:
        proof: What the wires are part of.
        differences: What has to vanish, as the certificate has it.
        rows: What has to vanish in Rocq: multiples of these, each by its number.
    """
    node = proof.node
    base = [proof.form(item) for item in node["wires"]] if "wires" in node else [{v: ONE} for v in proof.free]
    numbered = {linear_key(wire): i for i, wire in enumerate(base)}
    comparators: dict[int, tuple[int, int, int]] = {}
    for named, a, b in node["comparators"]:
        v = proof.first + index(named, len(proof.atoms))
        left, right = proof.form(a), proof.form(b)
        low = len(base) + 2 * len(comparators)
        comparators[v] = numbered[linear_key(left)], numbered[linear_key(right)], low
        numbered.setdefault(linear_key(minus(left, {v: ONE})), low)
        numbered.setdefault(linear_key(mix(((ONE, right), (ONE, {v: ONE})))), low + 1)
    sums = []
    for i, difference in enumerate(differences):
        weights = {j: difference.get(v, fmpq(0)) for j, v in enumerate(proof.free)}
        if "weights" in node:
            row = node["weights"][i]
            require(len(row) == len(base), "the weights have the wrong shape")
            weights = dict(enumerate(map(number, row)))
        for v, c in difference.items():
            if v in comparators:
                a, _, low = comparators[v]
                weights[a] = weights.get(a, fmpq(0)) + c
                weights[low] = weights.get(low, fmpq(0)) - c
        sums.append(weights)
    gates = [f"({key(v)}%positive, ({a}%nat, {b}%nat))" for v, (a, b, _) in comparators.items()]
    written = [
        listed(f"entry {j} {rational_text(ratio * c)}" for j, c in sums[i].items() if ratio * c != 0)
        for i, ratio in rows
    ]
    return f"(Wires {listed(map(form_text, base))}\n    {listed(gates)}\n    {listed(written)})"
