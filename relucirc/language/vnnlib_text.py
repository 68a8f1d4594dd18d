"""Properties as text in VNN-LIB's format: what :mod:`relucirc.language.vnnlib` reads.

Relations are written with all coefficients as integers, the negative ones on the other side; bounds of one variable
as decimals, where they are.
"""

from collections.abc import Sequence

from flint import fmpq

from relucirc.core.exact import ONE, common_denominator
from relucirc.core.forms import Form
from relucirc.core.graph import Relation
from relucirc.language.safety import Declared, Property

MAX_PLACES = 1100
"""Most decimals of a bound; a double has at most 1,074."""


def property_text(found: Property) -> str:
    """Writes a property: of version 2.0 if its networks have names, and else of version 1.0.

    Example:
        >>> from relucirc.language.vnnlib import read_property
        >>> text = "(declare-const X_0 Real)(declare-const Y_0 Real)(assert (>= X_0 0))(assert (>= Y_0 0.5))"
        >>> print(property_text(read_property(text)))
        (declare-const X_0 Real)
        (declare-const Y_0 Real)
        (assert (>= X_0 0.0))
        (assert (>= Y_0 0.5))
        <BLANKLINE>
    """
    old = not found.networks[0].name
    lines = [] if old else ["(vnnlib-version <2.0>)"]
    lines += [line for network in found.networks for line in _declaration(network)]
    names, equal = found.names, "=" if old else "=="
    options: list[list[str]] = []
    for case in found.cases:
        domain = [_relation(relation, names, equal) for relation in case.domain]
        if len(found.cases) == 1:
            lines += [f"(assert {part})" for part in domain]
            domain = []
        for violation in case.violations:
            options.append([*domain, *(_relation(relation, names, equal) for relation in violation)])
    if len(options) == 1:
        lines += [f"(assert {part})" for part in options[0]]
    else:
        joined = " ".join(f"(and {' '.join(parts)})" for parts in options)
        lines.append(f"(assert (or {joined}))")
    return "\n".join(lines) + "\n"


def _declaration(network: Declared) -> list[str]:
    if not network.name:
        return [f"(declare-const {name} Real)" for name in (*network.inputs, *network.outputs)]
    given, result = network.heads
    return [
        f"(declare-network {network.name}",
        f"  (declare-input {given})",
        f"  (declare-output {result})",
        ")",
    ]


def _relation(relation: Relation, names: Sequence[str], equal: str) -> str:
    """Writes ``form op 0``: a bound of a variable as ``(>= x 1)``, else what is positive on the left."""
    form, op = relation.form, relation.op
    if len(form.terms) == 1:
        ((v, c),) = form.terms.items()
        bound = -form.const / c
        decimal = _decimal(bound)
        if decimal is not None:
            op = equal if op == "==" else op if c > 0 else {">": "<", ">=": "<="}[op]
            return f"({op} {names[v]} {decimal})"
    scale = fmpq(common_denominator([*form.terms.values(), form.const]))
    whole = form.scale(scale)
    sides = [_sum(part, names) for part in (_positive(whole), _positive(-whole))]
    return f"({equal if op == '==' else op} {' '.join(sides)})"


def _positive(form: Form) -> Form:
    """The part of a form whose coefficients are positive."""
    return Form({v: c for v, c in form.terms.items() if c > 0}, max(form.const, fmpq(0)))


def _sum(form: Form, names: Sequence[str]) -> str:
    parts = [names[v] if c == ONE else f"(* {c}.0 {names[v]})" for v, c in form.terms.items()]
    if form.const or not parts:
        parts.append(f"{form.const}.0")
    return parts[0] if len(parts) == 1 else f"(+ {' '.join(parts)})"


def _decimal(value: fmpq) -> str | None:
    """Writes a number as a decimal; None where it has none, or a long one."""
    p, q = abs(int(value.p)), int(value.q)
    twos = (q & -q).bit_length() - 1
    fives, rest = 0, q >> twos
    while rest % 5 == 0:
        fives, rest = fives + 1, rest // 5
    places = max(twos, fives)
    if rest != 1 or places > MAX_PLACES:
        return None
    digits = str(p * 10**places // q).rjust(places + 1, "0")
    text = f"{digits[: len(digits) - places]}.{digits[len(digits) - places :]}" if places else f"{digits}.0"
    return f"-{text}" if value < 0 else text
