"""The single circuits of a formula: what it adds up, and what stands inside of these.

A part of a network may be a sum, as in ``Abs(x3) + Min(x1, x2)``, or hold a circuit inside of another one, as in
``Max(Min(x1, x2), x3)``.  Here both fall into their circuits: an absolute value and a minimum; a minimum, and a maximum
of a variable and another one.  What bends along one direction only, such as a clip or a hat, is one circuit.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import sympy
from flint import fmpq

from relucirc.core.errors import FormulaError, shorten
from relucirc.core.exact import ONE, rational
from relucirc.core.forms import Form
from relucirc.interpretation.naming import name_of
from relucirc.interpretation.orbits import Orbit, names_of
from relucirc.interpretation.terms import (
    Absolute,
    Affine,
    Extreme,
    Term,
    added,
    extreme,
    graph_of_term,
    renamed,
    variables_of,
)


def term_of(formula: Any, symbols: dict[sympy.Symbol, int]) -> Term:
    """Reads a formula in maxima, minima and absolute values as it stands, over numbered variables.

    Raises:
        FormulaError: For anything else in it.
    """
    if isinstance(formula, sympy.Max | sympy.Min):
        return extreme(1 if isinstance(formula, sympy.Max) else -1, [term_of(arg, symbols) for arg in formula.args])
    if isinstance(formula, sympy.Abs):
        return Absolute(term_of(formula.args[0], symbols))
    if isinstance(formula, sympy.Add):
        return added([(ONE, term_of(arg, symbols)) for arg in formula.args])
    if isinstance(formula, sympy.Mul):
        factor, rest = formula.as_coeff_Mul()
        if factor != 1:
            return added([(rational(factor), term_of(rest, symbols))])
    if isinstance(formula, sympy.Rational):
        return Affine(Form.constant(rational(formula)))
    if formula not in symbols:
        raise FormulaError(f"expected sums of maxima, minima and absolute values, got {shorten(str(formula))}.")
    return Affine(Form.variable(symbols[formula]))


def circuits_within(term: Term) -> Iterator[Term]:
    """Yields the circuits of a term, each over variables 0, 1, ... of its own; an affine term is one itself."""
    form, parts = term.addends
    if not parts:
        yield _alone(Affine(Form(form.terms)))
    elif name_of(term) == "hat":
        yield _alone(term)
    else:
        yield from (_alone(inside) for _, part in parts for inside in _bent(part))


def _bent(term: Term) -> Iterator[Term]:
    """What is neither affine nor a sum, with a variable for each circuit inside, and then these."""
    if len({_direction(form) for form in _forms(term)}) == 1:
        yield term
        return
    fresh = max(variables_of(term)) + 1
    inside: dict[Term, int] = {}

    def outside(arg: Term) -> Term:
        form, parts = arg.addends
        hidden = [(c, Affine(Form.variable(inside.setdefault(part, fresh + len(inside))))) for c, part in parts]
        return added([(ONE, Affine(form)), *hidden])

    if isinstance(term, Absolute):
        yield Absolute(outside(term.arg))
    elif isinstance(term, Extreme):
        yield extreme(term.sign, list(map(outside, term.args)))
    for part in inside:
        yield from _bent(part)


def _forms(term: Term) -> Iterator[Form]:
    """The affine forms in a term that are not constant."""
    form = term.addends[0]
    if form.terms:
        yield form
    for child in term.children:
        yield from _forms(child)


def _direction(form: Form) -> Form:
    line = Form(form.terms).primitive()[1]
    return -line if line.sign() < 0 else line


def _alone(term: Term) -> Term:
    """Over variables 0, 1, ..., each divided by the steepest slope along it."""
    own = sorted(variables_of(term))
    term = renamed(term, {v: k for k, v in enumerate(own)})
    scales = Orbit(graph_of_term(term, names_of(len(own)))).scales
    return _divided(term, [ONE / scale for scale in scales])


def _divided(term: Term, factors: Sequence[fmpq]) -> Term:
    """Returns the term with multiples of its variables in their place; positive ones leave its shape as it is."""
    if isinstance(term, Extreme):
        return Extreme(term.sign, tuple(_divided(arg, factors) for arg in term.args))
    if isinstance(term, Absolute):
        return Absolute(_divided(term.arg, factors))
    form, parts = term.addends
    moved = Form({v: c * factors[v] for v, c in form.terms.items()}, form.const)
    return added([(ONE, Affine(moved)), *((c, _divided(part, factors)) for c, part in parts)])
