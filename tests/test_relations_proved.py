"""Relations and tolerances decided: proved with a certificate that is accepted, or refuted at a small exact point."""

from fractions import Fraction

import jax.numpy as jnp
import numpy as np
import plain
import pytest
import sympy

import relucirc
from relucirc import MLP, bounds, circuits, max_deviation, prove
from relucirc.language.conditions import parse_relation

MINIMUM, MAXIMUM, SORTED = circuits.minimum(), circuits.maximum(), circuits.sort(3)
PAIRS = [("x1", "x2"), ("y1", "y2")]
TINY = Fraction(1, 2**60)


def assert_proved(net, relation, domain=None, **more):
    result = prove(net, relation, domain, **more)
    assert result.status == "proved", result
    assert relucirc.check(net, relation, result.certificate, domain, **more)
    return result


def assert_refuted(net, relation, domain=None, **more):
    result = prove(net, relation, domain, **more)
    assert result.status == "refuted", result
    return result


TRUE = [
    (MINIMUM, "y <= x1, y <= x2", None),
    (MINIMUM, "y <= Max(x1, x2)", None),
    (MINIMUM, "y < Max(x1, x2) + 1/10", None),
    (MINIMUM, "y >= Min(x1, x2)", None),
    (MINIMUM, "y == x1 or y == x2", None),
    (MINIMUM, "0 <= y <= 1", "0 <= x1 <= 1, 0 <= x2 <= 2"),
    (MINIMUM, "0 < y < 1", "0 < x1 < 1, 0 < x2 < 2"),
    (MINIMUM, "not y > x1", None),
    (MINIMUM, "y != 1/2", "x1 in integers, x2 in integers"),
    (MINIMUM, "y >= 1 or y <= 0", "x1 in {0, 1}, x2 in integers"),
    (MINIMUM, "y <= (x1 + x2)/2", None),
    (MINIMUM, "y < (x1 + x2)/2", "x1 < x2"),
    (MINIMUM, "x1 > x2 or y == x1", None),
    (MINIMUM, "y <= Piecewise((x1, x1 < 0), (x1 + 1, True))", None),
    (SORTED, "y1 <= y2 <= y3", None),
    (SORTED, "y1 < y3 or x1 == x2", None),
    (SORTED, "y1 + y2 + y3 == x1 + x2 + x3, y1 <= x2 <= y3", None),
    (SORTED, "y2 == x1 or y2 == x2 or y2 == x3", None),
]


@pytest.mark.parametrize(("net", "relation", "domain"), TRUE)
def test_what_holds_is_proved(net, relation, domain):
    result = assert_proved(net, relation, domain)
    where = "on the whole domain" if domain else "at every real input"
    assert str(result).startswith(f"proved: the relation holds {where}, by ")


FALSE = [
    (MINIMUM, "y <= x1 - 1", None),
    (MINIMUM, "y < x1", None),
    (MINIMUM, "y < Max(x1, x2)", None),
    (MINIMUM, "0 <= y < 1", "0 <= x1 <= 1, 0 <= x2 <= 2"),
    (MINIMUM, "y != 1/2", None),
    (MINIMUM, "y != 1", "x1 in integers, x2 in integers"),
    (MINIMUM, "y < (x1 + x2)/2", "x1 <= x2"),
    (MINIMUM, "x1 >= x2 or y < x1", None),
    (MINIMUM, "y <= Piecewise((x1, x1 < 0), (x1 - 1, True))", None),
    (SORTED, "y1 < y2 <= y3", None),
    (SORTED, "y1 < y2 or y2 < y3", None),
    (SORTED, "y2 == x1 or y2 == x2", None),
]


@pytest.mark.parametrize(("net", "relation", "domain"), FALSE)
def test_what_does_not_hold_is_refuted_at_a_point_of_the_domain(net, relation, domain):
    result = assert_refuted(net, relation, domain)
    point = [Fraction(int(c.p), int(c.q)) for c in result.witness.values()]
    outputs = [Fraction(int(c.p), int(c.q)) for c in np.atleast_1d(result.network_value)]
    assert outputs == (sorted(point) if net is SORTED else [min(point)])
    names = dict(zip(("y1", "y2", "y3") if net is SORTED else ("y",), map(sympy.Rational, outputs), strict=True))
    assert _truth(relation, {**result.witness, **names}) == sympy.false
    assert result.formula_value is None
    assert "does not hold." in result.reason


def _truth(text, values):
    return parse_relation(text).xreplace({sympy.Symbol(name): value for name, value in values.items()}).doit()


def test_within_the_exact_distance_and_not_within_less():
    net = relucirc.MLP.from_arrays([([["1"], ["-1"]], ["0", "1/3"]), ([["1", "2"]], None)])
    far = relucirc.max_deviation(net, "Abs(x)", "-1 <= x <= 1").value
    exact = Fraction(int(far.p), int(far.q))
    proved = assert_proved(net, "Abs(x)", "-1 <= x <= 1", within=exact)
    assert str(proved).startswith(f"proved: within {exact} of the formula on the whole domain, by ")
    refuted = assert_refuted(net, "Abs(x)", "-1 <= x <= 1", within=exact - TINY)
    apart = abs(refuted.network_value - refuted.formula_value)
    assert Fraction(int(apart.p), int(apart.q)) == exact
    assert f"{exact} apart, more than " in refuted.reason


def test_within_counts_for_every_output_and_names_the_one_that_is_too_far():
    assert_proved(SORTED, ["x1", "x2", "x3"], relucirc.Box(0, 1), within=1)
    refuted = assert_refuted(SORTED, ["x1", "x2", "x3"], relucirc.Box(0, 1), within="1/2")
    assert "(output " in refuted.reason
    assert len(refuted.formula_value) == 3


def test_within_another_network():
    weights = np.random.default_rng(0).normal(size=(4, 2)).astype(np.float32)
    out = np.random.default_rng(1).normal(size=(1, 4)).astype(np.float32)
    net = relucirc.MLP.from_arrays([(weights, None), (out, None)])
    rounded = relucirc.MLP.from_arrays([(np.round(weights, 1), None), (out, None)])
    assert_proved(net, rounded, relucirc.Box(-1, 1), within=1)
    assert_refuted(net, rounded, relucirc.Box(-1, 1), within="1/1000000")


def test_a_certificate_of_one_relation_proves_no_other():
    certificate = assert_proved(MINIMUM, "y <= x1").certificate
    for other in ("y <= x1 - 1", "y < x1", "y >= x1", "y == x1", "y <= x2 - 1"):
        assert not relucirc.check(MINIMUM, other, certificate)
    assert not relucirc.check(MAXIMUM, "y <= x1", certificate)
    within = assert_proved(MINIMUM, "x1", relucirc.Box(0, 1), within=1).certificate
    assert not relucirc.check(MINIMUM, "x1", within, relucirc.Box(0, 1), within="1/2")
    assert not relucirc.check(MINIMUM, "x1", within, relucirc.Box(0, 1))
    assert not relucirc.check(MINIMUM, "x1", within, relucirc.Box(0, 2), within=1)


def test_properties_of_functions_are_one_line_each():
    names = {"inputs": PAIRS}
    assert prove(lambda x, y: MINIMUM(x) <= MINIMUM(y), domain="x1 <= y1, x2 <= y2", **names)
    assert prove(lambda x, y: jnp.abs(MINIMUM(x) - MINIMUM(y)) <= jnp.max(jnp.abs(x - y)), **names)
    assert not prove(lambda x, y: 2 * jnp.abs(MINIMUM(x) - MINIMUM(y)) <= jnp.max(jnp.abs(x - y)), **names)
    assert prove(lambda x: jnp.all(jnp.diff(SORTED(x)) >= 0), inputs=["x1", "x2", "x3"])
    result = prove(lambda x, y: MINIMUM(x) <= MINIMUM(y), **names)
    x, y = ([Fraction(int(result.witness[n].p), int(result.witness[n].q)) for n in pair] for pair in PAIRS)
    assert min(x) > min(y)


def test_an_empty_domain_is_refused():
    with pytest.raises(relucirc.DomainError, match="the domain is empty"):
        prove(MINIMUM, "y <= 1", "x1 < 0, x1 > 0")


def test_a_family_keeps_a_relation_for_all_weights():
    w = sympy.Symbol("w", positive=True)
    family = relucirc.MLP.from_arrays([([[w]], None), ([[1 / w]], None)])
    assert "for all weights of the family" in assert_proved(family, "0 <= y, y >= x").reason


def test_random_relations_agree_with_points():
    layers = [([[Fraction(1), Fraction(-1)], [Fraction(1), Fraction(1)]], [Fraction(0), Fraction(-1)]),
              ([[Fraction(1), Fraction(-2)]], [Fraction(1, 2)])]  # fmt: skip
    net = relucirc.MLP.from_arrays(layers)
    grid = [(Fraction(i, 4), Fraction(j, 4)) for i in range(-8, 9) for j in range(-8, 9)]
    values = [plain.run(layers, point)[0] for point in grid]
    domain = relucirc.Box(-2, 2)
    low, high = min(values), max(values)  # attained at corners and kinks, all on the grid
    assert_proved(net, f"{low} <= y <= {high}", domain)
    assert_refuted(net, f"{low} < y", domain)
    assert_refuted(net, f"y < {high}", domain)
    assert_refuted(net, f"y <= {high - TINY}", domain)
    assert_proved(net, f"y < {high + TINY}", domain)


# What is no question, and what is one at its edge.

UNIT = "0 <= x1, x1 <= 1, 0 <= x2, x2 <= 1"


@pytest.mark.parametrize("word", ["oo", "inf", "Infinity", "nan"])
def test_infinity_and_what_is_no_number_are_refused_by_name(word):
    for ask in (
        lambda: prove(MINIMUM, f"y < {word}", UNIT),
        lambda: prove(MINIMUM, f"x1 + {word}", UNIT, within=1),
        lambda: prove(MINIMUM, "y <= 1", f"0 <= x1, x1 <= {word}"),
        lambda: bounds(MINIMUM, f"x1 > -{word}"),
        lambda: bounds(f"Max(x, {word})"),
        lambda: max_deviation(MINIMUM, word, UNIT),
    ):
        with pytest.raises(relucirc.RelucircError, match=f"uses {word}, which is no number"):
            ask()
    named = MLP.from_arrays([([[1]], None)], inputs=(word,))
    assert bounds(named, f"0 <= {word}, {word} <= 1").upper == 1  # a name is a name where it is one


def test_a_long_name_is_not_repeated_in_full():
    with pytest.raises(relucirc.FormulaError) as refused:
        prove(MINIMUM, "z" * 5000)
    assert len(str(refused.value)) < 400
    with pytest.raises(relucirc.FormulaError) as refused:
        prove(MINIMUM, f"y <= {'z' * 5000}")
    assert len(str(refused.value)) < 400


def test_a_constant_output_has_one_value():
    assert str(bounds("3", inputs=("x",))) == "y = 3 at every real input."
    assert str(bounds(MINIMUM, "x1 == 1/2, x2 == x1")) == "y = 1/2 on the whole domain."


@pytest.mark.parametrize("names", [("y",), ("y1",), ("y2",)])
def test_inputs_called_like_outputs_are_bounded_and_measured(names):
    net = MLP.from_arrays([([[1], [2]], None)], inputs=names)
    domain = f"0 <= {names[0]}, {names[0]} <= 1"
    found = bounds(net, domain)
    assert (found.upper, found.upper_at) == ([1, 2], [{names[0]: 1}] * 2)
    assert relucirc.check(net, None, found.certificate, domain)
    apart = max_deviation(net, [names[0]] * 2, domain)
    assert (apart.value, apart.witness) == (1, {names[0]: 1})


@pytest.mark.parametrize(
    "domain", ["x1 == 1/2, x1 == x2", "1/2 <= x1, x1 <= 1/2, x2 == x1", "x1 + x2 == 1, x1 - x2 == 0"]
)
def test_a_single_point_is_a_domain(domain):
    found, apart = bounds(MINIMUM, domain), max_deviation(MINIMUM, "x1 + 1/3", domain)
    assert (found.lower, found.upper, apart.value) == (sympy.Rational(1, 2), sympy.Rational(1, 2), sympy.Rational(1, 3))
    assert relucirc.check(MINIMUM, None, found.certificate, domain)
    assert relucirc.check(MINIMUM, "x1 + 1/3", apart.certificate, domain)
    assert prove(MINIMUM, "y <= 1/2", domain).status == "proved"
    assert prove(MINIMUM, "y < 1/2", domain).status == "refuted"
    assert prove(MINIMUM, "x1 + 1/3", domain, within="1/3").status == "proved"
    assert (
        prove(MINIMUM, "x1 + 1/3", domain, within=sympy.Rational(1, 3) - sympy.Rational(1, 2**60)).status == "refuted"
    )


def test_a_supremum_between_integers_is_a_tolerance_and_a_hair_less_is_none():
    domain, hair = "x1 in {0, 1, 2, 3}, x2 in integers, -1/2 <= x2, x2 <= 5/2", sympy.Rational(1, 2**60)
    apart = max_deviation(MINIMUM, "(x1 + x2)/3", domain)
    assert prove(MINIMUM, "(x1 + x2)/3", domain, within=apart.value).status == "proved"
    less = prove(MINIMUM, "(x1 + x2)/3", domain, within=apart.value - hair)
    assert (less.status, abs(less.network_value - less.formula_value)) == ("refuted", apart.value)
    found = bounds(MINIMUM, domain)
    assert prove(MINIMUM, f"y <= {found.upper}", domain).status == "proved"
    assert prove(MINIMUM, f"y < {found.upper}", domain).status == "refuted"
    assert prove(MINIMUM, f"y < {found.upper + hair}", domain).status == "proved"
