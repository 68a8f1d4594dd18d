"""Symbolic families: networks whose weights hold symbols of declared sign, read as one function.

A hidden row that is ``s`` times a rational vector, s > 0 for every value of the symbols, computes
``relu(s z) = s relu(z)``: the row is divided by s, and the column of the next layer that reads the
neuron is multiplied by s.  If every symbol cancels on the way up, all members of the family compute
the function of one rational network, and a proof about that network is a proof about all of them.

That s is positive comes from SymPy's assumptions (``Symbol("w", positive=True)``), and equality of
weights from exact cancellation of rational functions; nothing is sampled.
"""

from collections.abc import Iterable
from typing import Any

import sympy
from flint import fmpq

from relucirc.core.errors import NetworkError, shorten
from relucirc.core.exact import ZERO, rational, text, to_rational
from relucirc.core.matrix import ExactMatrix
from relucirc.core.trees import MAX_BITS, MAX_DEGREE, MAX_TERMS, extent_of
from relucirc.language.affine import Affine
from relucirc.language.network import MLP


def resolve_family(net: MLP) -> tuple[MLP, list[dict]]:
    """Moves the symbols of a family through the network until they cancel.

    Args:
        net: A network whose weights may hold rational functions of symbols, each declared
            ``positive=True`` or ``negative=True``.

    Returns:
        The rational network that every member of the family computes, and the moves as plain JSON
        data: the declared signs, then for every rescaled neuron the positive scale that left its
        row, and the rational row that remained (layers and neurons counted from 0).

    Raises:
        NetworkError: When a weight's symbols do not cancel, or a sign is not known; it names the
            weight.

    Example:
        >>> w = sympy.Symbol("w", positive=True)
        >>> resolve_family(MLP.from_arrays([([[w]], None), ([[1 / w]], None)]))[1][1]
        {'layer': 0, 'neuron': 0, 'scale': 'w', 'row': {'0': '1'}, 'bias': '0'}
    """
    if not net.symbols:
        return net.exact(), []
    moves: list[dict] = _declared(net.symbols)
    layers = []
    scales: dict[int, sympy.Expr] = {}
    for depth, layer in enumerate(net.exact().layers):
        last = depth == len(net.layers) - 1
        rows = _rows(layer, scales, depth)
        named = {} if last else {i: _scale(row, f"layer {depth}, row {i}") for i, row in enumerate(rows)}
        scales = {i: scale for i, scale in named.items() if scale is not None}
        numbers = [_numbers(row, scales.get(i), f"layer {depth}, row {i}", last=last) for i, row in enumerate(rows)]
        layers.append(_layer(numbers, layer))
        for i, scale in scales.items():
            row = {str(j): text(v) for j, v in numbers[i].items() if j != BIAS}
            bias = text(numbers[i].get(BIAS, ZERO))
            moves.append({"layer": depth, "neuron": i, "scale": str(scale), "row": row, "bias": bias})
    return MLP(tuple(layers), net.inputs), moves


BIAS = -1
Row = dict[int, sympy.Expr]
"""The non-zero entries of one row of a layer by column, the bias as column ``BIAS``."""


def _rows(layer: Affine, scales: dict[int, sympy.Expr], depth: int) -> list[Row]:
    """Reads the rows of a layer in lowest terms, columns multiplied by the scales of the layer below."""
    rows = []
    for i, (weights, offset) in enumerate(zip(layer.weight.rows, layer.exact_bias(), strict=True)):
        entries = {}
        for j, value in (*weights, (BIAS, offset)):
            entry = _rational_function(value, f"layer {depth}, row {i}, {_place(j)}:")
            entry = _lowest_terms(entry * scales[j] if j in scales else entry, f"layer {depth}, row {i}, {_place(j)}:")
            if entry != 0:
                entries[j] = entry
        rows.append(entries)
    return rows


def _place(column: int) -> str:
    return "the bias" if column == BIAS else f"column {column}"


def _scale(row: Row, where: str) -> sympy.Expr | None:
    """Returns the positive expression to divide a row by, from its first symbolic entry; None without one."""
    pivot = next((e for e in row.values() if e.free_symbols), None)
    if pivot is None:
        return None
    _, direction = pivot.primitive()
    if direction.is_positive:
        return direction
    if direction.is_negative:
        return -direction
    raise NetworkError(
        f"{where}: the sign of {shorten(pivot)} does not follow from the declared signs of its symbols; "
        "a row must be a rational vector times an expression of one sign."
    )


def _numbers(row: Row, scale: sympy.Expr | None, where: str, *, last: bool) -> dict[int, fmpq]:
    """Divides a row by its scale; every entry has to become a number."""
    numbers = {}
    for j, entry in row.items():
        value = entry if scale is None else _lowest_terms(entry / scale, f"{where}, {_place(j)}:")
        if not value.is_Rational:
            reason = (
                "does not lose its symbols in the output layer, so the family is not one function"
                if last
                else f"is not a rational multiple of {scale}, as the first symbolic weight of its row is"
            )
            raise NetworkError(f"{where}: {_place(j)} holds {shorten(entry)}, which {reason}.")
        numbers[j] = rational(value)
    return numbers


def _layer(numbers: list[dict[int, fmpq]], layer: Affine) -> Affine:
    """Builds the rational layer; it has a bias where the symbolic one has."""
    weight = ExactMatrix.sparse(layer.shape, ({j: v for j, v in row.items() if j != BIAS} for row in numbers))
    bias = None if layer.bias is None else ExactMatrix.of([[row.get(BIAS, ZERO)] for row in numbers], "bias")
    return Affine(weight, bias)


def _declared(symbols: Iterable[sympy.Symbol]) -> list[dict]:
    """Lists the declared signs; refuses symbols without one, and two symbols of one name."""
    declared: dict[str, str] = {}
    for symbol in symbols:
        sign = "positive" if symbol.is_positive else "negative" if symbol.is_negative else None
        if sign is None:
            raise NetworkError(
                f"the weight symbol {symbol.name} has no declared sign; use "
                f"sympy.Symbol({symbol.name!r}, positive=True) or negative=True."
            )
        if symbol.name in declared:
            raise NetworkError(f"two different weight symbols are called {symbol.name}; make them one, or rename one.")
        declared[symbol.name] = sign
    return [{"symbol": name, "sign": sign} for name, sign in declared.items()]


def _lowest_terms(expression: sympy.Expr, where: str) -> sympy.Expr:
    """Cancels a rational function, if multiplying it out stays small; a fraction of monomials is in lowest terms."""
    if expression.is_Rational:
        return expression
    extent = extent_of(expression)
    if extent.terms == (1, 1) and isinstance(expression, sympy.Mul | sympy.Pow | sympy.Symbol):
        return expression
    if not extent.is_modest:
        raise NetworkError(
            f"{where} {shorten(expression)} has {extent} when it is multiplied out; weights are read up to "
            f"{MAX_TERMS} terms, degree {MAX_DEGREE} and {MAX_BITS} bits."
        )
    return sympy.cancel(expression)


def _rational_function(value: sympy.Expr | fmpq, where: str) -> sympy.Expr:
    """Checks that a weight is a rational function whose denominators are never zero."""
    if isinstance(value, fmpq):
        return to_rational(value)
    exact: Any = value.xreplace({number: to_rational(rational(number)) for number in value.atoms(sympy.Float)})
    for part in sympy.preorder_traversal(exact):
        allowed = isinstance(part, sympy.Rational | sympy.Symbol | sympy.Add | sympy.Mul) or (
            isinstance(part, sympy.Pow) and isinstance(part.exp, sympy.Integer)
        )
        if not allowed:
            raise NetworkError(
                f"{where} {shorten(value)}: expected a rational function of the symbols, got {shorten(part)}."
            )
        if (
            isinstance(part, sympy.Pow)
            and part.exp.is_negative
            and not (part.base.is_positive or part.base.is_negative)
        ):
            raise NetworkError(f"{where} {shorten(value)} divides by {shorten(part.base)}, which may be zero.")
    return exact
