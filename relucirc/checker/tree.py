"""Checks a region tree: the difference vanishes on every region, and the regions leave no gap.

The tree is listed in pre-order: an atom's number (cut there; first the part where its form is
``>= 0``, then the part ``<= 0``; a constant form has one part), ``"equal"``, or ``{"thin": ...}``.

Claim at every node: the difference is zero on the interior of its region.  A cut loses only a
hyperplane, which is nowhere dense, and both sides are continuous.  A thin region has multipliers,
not all zero, under which its constraints add up to a constant ``<= 0``, so no point makes them all
positive: it has no interior.
"""

from typing import Any

from flint import fmpq

from relucirc.checker.derivation import Derivation
from relucirc.checker.linear import Linear, constant, fields, index, mix, number, replace, require, sequence

ONE = fmpq(1)


def check_tree(tree: Any, derivation: Derivation, differences: list[Linear]) -> None:
    """Rejects unless the tree shows that the differences vanish everywhere."""
    n = derivation.n
    tokens = iter(sequence(tree, "tree"))
    open_regions: list[tuple[list[Linear], dict[int, Linear]]] = [(derivation.constraints, {})]
    while open_regions:
        constraints, values = open_regions.pop()
        token = next(tokens, None)
        if token == "equal":
            require(all(not replace(d, values) for d in differences), "a region is not equal")
            continue
        if isinstance(token, dict):
            _check_thin(fields(token, {"thin"}, set(), "a leaf")["thin"], constraints)
            continue
        k = index(token, len(derivation.atoms))
        require(len(derivation.atoms[k]) == 1, f"atom {k} is no hinge")
        cut = replace(derivation.atoms[k][0], values)
        require(all(v < n for v in cut), f"atom {k} is cut before those below it")
        require(n + k not in values, f"atom {k} is cut twice")
        sign = constant(cut)
        if sign is not None:
            open_regions.append((constraints, {**values, n + k: cut if sign > 0 else {}}))
            continue
        below = mix(((-ONE, cut),))
        open_regions.append(([*constraints, below], {**values, n + k: {}}))
        open_regions.append(([*constraints, cut], {**values, n + k: cut}))
    require(next(tokens, None) is None, "the tree goes on after its end")


def _check_thin(multipliers: Any, constraints: list[Linear]) -> None:
    parts = []
    for item in sequence(multipliers, "thin"):
        require(isinstance(item, list) and len(item) == 2, "a multiplier is malformed")
        multiplier, i = number(item[1]), index(item[0], len(constraints))
        require(multiplier > 0, "a multiplier is not positive")
        require(constant(constraints[i]) is None, "a constant constraint makes nothing thin")
        parts.append((multiplier, constraints[i]))
    total = constant(mix(parts))
    require(bool(parts) and total is not None and total <= 0, "the multipliers do not make a region thin")
