"""Largest distances: attained where it is said, exceeded nowhere, and exact."""

import itertools
import random
from fractions import Fraction

import pytest
import sympy
from flint import fmpq, fmpq_poly
from hard import StepsLeft
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sympy import Abs, Heaviside, Max, Min, Piecewise, Rational, oo

import relucirc
from relucirc import MLP, Box, DomainError, FormulaError, RelucircError, check, circuits, max_deviation, regions
from relucirc.core.budget import Budget
from relucirc.core.forms import Form
from relucirc.geometry.line_function import line_functions
from relucirc.language.lower.from_network import graph_of_network
from relucirc.measure.deviation.algebraic import Algebraic, AlgebraicPoint, real_roots
from relucirc.measure.deviation.estimate import Estimate
from relucirc.measure.deviation.polynomial import PLANE, value_at
from relucirc.measure.deviation.summit import Summit
from relucirc.measure.deviation.zeros import common_zeros, critical_points, curve_points, first_subresultant

x, y = sympy.symbols("x y")
x1, x2, x3 = sympy.symbols("x1 x2 x3")
SMALL = st.integers(-2, 2)


@st.composite
def nets(draw, inputs, outputs=1):
    """Small networks of one or two hidden layers over named inputs."""
    sizes = [len(inputs), *draw(st.lists(st.integers(1, 3), min_size=1, max_size=2)), outputs]
    layers = []
    for below, above in itertools.pairwise(sizes):
        weight = [[draw(SMALL) for _ in range(below)] for _ in range(above)]
        layers.append((weight, [draw(SMALL) for _ in range(above)]))
    return MLP.from_arrays(layers, inputs=inputs)


def gap_at(net, formulas, point) -> sympy.Expr:
    """The largest absolute difference at a point, by SymPy's own evaluation of the formula."""
    values = net.at(*point)
    places = dict(zip(map(sympy.Symbol, net.inputs), point, strict=True))
    return max(abs(v - sympy.sympify(f).subs(places)) for v, f in zip(values, formulas, strict=True))


def grid(n, low, high, steps):
    return itertools.product([low + (high - low) * Rational(i, steps) for i in range(steps + 1)], repeat=n)


# Piecewise-linear formulas.


@settings(max_examples=40)
@given(nets(("x1", "x2")), nets(("x1", "x2")))
def test_two_networks_differ_most_at_a_vertex_of_their_regions(one, other):
    """The regions of both, side by side in one network, give every vertex where the maximum can be."""
    found = max_deviation(one, other, Box(-2, 2))
    candidates = {v for net in (one, other) for v in regions(net, Box(-2, 2)).vertices}
    values = [abs(one.at(*v)[0] - other.at(*v)[0]) for v in candidates]
    witness = [found.witness[name] for name in one.inputs]
    assert found.attained
    assert abs(one.at(*witness)[0] - other.at(*witness)[0]) == found.value >= max(values)
    for point in grid(2, -2, 2, 8):
        assert abs(one.at(*point)[0] - other.at(*point)[0]) <= found.value


@settings(max_examples=60)
@given(nets(("x",)), st.sampled_from([None, Box(-1, 2), Box(0, None), "x > -1"]))
def test_one_input_agrees_with_sampling(net, domain):
    found = max_deviation(net, Max(x, -x), domain)
    points = [Rational(i, 4) for i in range(-400, 401)]
    where = relucirc.language.domain.read_domain(domain, ("x",))
    inside = [p for p in points if where.contains([fmpq(int(p.p), int(p.q))])]
    highest = max(gap_at(net, [Abs(x)], [p]) for p in inside)
    if found.witness is None:
        far = gap_at(net, [Abs(x)], [1000]), gap_at(net, [Abs(x)], [-1000])
        assert max(far) > 50 or domain is not None
        return
    assert found.value >= highest
    if found.attained:
        assert gap_at(net, [Abs(x)], [found.witness["x"]]) == found.value


LINES = [(None, None), (None, 2), (Fraction(-3, 2), None), (-2, Fraction(5, 3))]


@pytest.mark.parametrize(("low", "high"), LINES)
@pytest.mark.parametrize("closed", [True, False])
def test_a_difference_on_a_line_has_a_certificate(low, high, closed):
    bend = MLP.from_arrays([([[1], [-1], [1], [2]], [0, 0, -1, 3]), ([[2, 2, -1, 1]], ["1/7"])], ("x",))
    formula = "2*Abs(x) - Max(0, x - 1) + Max(2*x, -4)"  # as steep as the network on both sides
    relation = "<=" if closed else "<"
    ends = [f"{low} {relation} x"] * (low is not None) + [f"x {relation} {high}"] * (high is not None)
    domain = ", ".join(ends) or None
    found = max_deviation(bend, formula, domain)
    assert found.status == "exact"
    assert check(bend, formula, found.certificate, domain)
    less = {**found.certificate, "value": str(found.value - sympy.Rational(1, 2**60)), "at": None}
    assert not check(bend, formula, less, domain)
    assert not check(bend, f"{formula} + 100", found.certificate, domain)
    if None in (low, high):  # a slope that is a little steeper far away
        tilted = f"{formula} - Max(0, x - 10**9)/10**9 - Max(0, -x - 10**9)/10**9"
        assert not check(bend, tilted, {**found.certificate, "at": None}, domain)
        assert not check(bend, tilted.replace("- Max", "+ Max"), {**found.certificate, "at": None}, domain)


def test_a_sweep_proves_no_weak_relation_and_no_other_kind():
    net = MLP.from_arrays([([[1]], None), ([[1]], None)], ("x",))
    own = max_deviation(net, "0", Box(-1, 1)).certificate["within"]
    assert own["proof"]["sweep"] is True
    assert check(net, "y <= 1", own, Box(-1, 1))
    for relation in ("y < 1", "y <= 1/2", "y <= 1 and y >= 0 or x < 0 and y <= 1"):
        assert not check(net, relation, own, Box(-1, 1))


def test_unbounded_difference_is_infinite_and_bounded_one_is_not():
    clip = MLP.from_arrays([([[1], [1]], [0, -1]), ([[1, -1]], None)])
    assert max_deviation(clip, "x").value == oo
    assert max_deviation(clip, "x").witness is None
    assert not max_deviation(clip, "x").attained
    shifted = max_deviation(clip, "Min(1, Max(0, x + 1/2))")
    assert shifted.value == Rational(1, 2)
    assert shifted.attained
    assert max_deviation(circuits.minimum(), Min(x1, x2) + Rational(1, 3)).value == Rational(1, 3)
    assert max_deviation(circuits.minimum(), x1).value == oo
    assert max_deviation(circuits.minimum(), Min(x1, x2, x1 + 1), "x1 >= 0").value == 0


def test_value_on_an_open_boundary_is_approached():
    net = circuits.identity()
    name = net.inputs[0]
    one_sided = max_deviation(net, "0", f"0 <= {name}, {name} < 1")
    assert (one_sided.value, one_sided.attained) == (1, False)
    both = max_deviation(net, "0", f"-1 <= {name}, {name} < 1")
    assert (both.value, both.attained, both.witness[name]) == (1, True, -1)


def test_constant_difference_on_an_open_domain_is_attained_inside():
    found = max_deviation(circuits.minimum(), Min(x1, x2) - 2, "0 < x1, x1 < 1, 0 < x2")
    assert (found.value, found.attained) == (2, True)
    assert 0 < found.witness["x1"] < 1
    assert found.witness["x2"] > 0
    ray = max_deviation(circuits.identity(), f"{circuits.identity().inputs[0]} + 1", "x > 3")
    assert (ray.value, ray.attained) == (1, True)
    assert ray.witness["x"] > 3


def test_jump_is_approached_from_the_better_side():
    net = circuits.identity()
    (name,) = net.inputs
    z = sympy.Symbol(name)
    found = max_deviation(net, Piecewise((z + 5, z > 0), (z, True)), Box(-1, 1))
    assert (found.value, found.attained) == (5, True)
    step = max_deviation(MLP.from_arrays([([[1]], [0])]), 3 * Heaviside(x, 0), Box(-1, Rational(1, 2)))
    assert (step.value, step.witness, step.attained) == (3, {"x": 0}, False)
    at_zero = max_deviation(MLP.from_arrays([([[1]], [0])]), Piecewise((7, sympy.Eq(x, 0)), (x, True)), Box(-1, 1))
    assert (at_zero.value, at_zero.witness, at_zero.attained) == (7, {"x": 0}, True)


def test_several_outputs_count_together():
    net = MLP.from_arrays([([[1], [-1]], None), ([[1, 0], [1, 1]], None)])
    assert max_deviation(net, ["Max(0, x)", "Abs(x) / 2"], Box(-3, 1)).value == Rational(3, 2)


def test_flat_domains_and_single_points():
    net = circuits.minimum()
    assert max_deviation(net, x1, "x1 == x2").value == 0
    assert max_deviation(net, "0", "x1 + x2 == 1, x1 >= 0, x2 >= 0").value == Rational(1, 2)
    assert max_deviation(net, "x1", "x1 == 3, x2 == 1").value == 2


def test_integer_points_are_searched_exactly():
    net = MLP.from_arrays([([[1, 0]], None), ([[1]], None)])
    half = max_deviation(net, "1/2 * x1 + 0*x2", "2 * x1 <= 7, x1 >= 0, x2 in {0, 1}, x1 in integers")
    assert (half.value, half.witness["x1"], half.attained) == (Rational(3, 2), 3, True)
    thin = max_deviation(
        net, "0", "3*x1 - 2*x2 >= 1, 3*x1 - 2*x2 <= 1, x1 <= 6, x2 >= 0, x1 in integers, x2 in integers"
    )
    assert (thin.value, thin.witness) == (5, {"x1": 5, "x2": 7})
    strict = max_deviation(net, "0", "0 < x1, x1 < 4, 0 < x2, x2 < 2, x1 in integers, x2 in integers")
    assert (strict.value, strict.attained) == (3, True)
    square = max_deviation(net, "x1**2", "0 <= x1, x1 <= 5/2, x2 == 0, x1 in integers")
    assert (square.value, square.witness["x1"]) == (2, 2)
    with pytest.raises(DomainError, match="no point with integers"):
        max_deviation(net, "0", "1/4 <= x1, x1 <= 1/2, x1 in integers, x2 in {0, 1}")
    assert max_deviation(net, "0", "x1 >= 0, x1 in integers, x2 in {0, 1}").value == oo
    with pytest.raises(DomainError, match="unbounded"):
        max_deviation(net, "x1**2", "x1 >= 0, x1 in integers, x2 in {0, 1}")


def test_deep_networks_of_one_input_are_measured_piece_by_piece():
    depth = 10
    found = max_deviation(circuits.sawtooth(depth), circuits.sawtooth(depth - 1), Box(0, 1))
    assert (found.value, found.attained) == (1, True)
    assert max_deviation(circuits.yarotsky_square(7), circuits.yarotsky_square.formula(7), Box(0, 1)).value == 0


# Polynomials.


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 5, 6, 8, 11])
def test_yarotsky_square_is_off_by_exactly_a_power_of_four(depth):
    found = max_deviation(circuits.yarotsky_square(depth), x**2, Box(0, 1))
    assert found.value == Rational(1, 4 ** (depth + 1))
    assert found.attained
    assert gap_at(circuits.yarotsky_square(depth), [x**2], [found.witness["x"]]) == found.value


@settings(max_examples=50)
@given(nets(("x",)), st.lists(SMALL, min_size=3, max_size=6), st.sampled_from([(-1, 1), (0, 2), (-3, 0)]))
def test_polynomials_of_one_variable_are_exceeded_nowhere(net, coefficients, ends):
    formula = sum(c * x**i for i, c in enumerate(coefficients))
    assume(sympy.degree(formula, x) > 1)
    found = max_deviation(net, formula, Box(*ends))
    assert found.attained
    at = found.witness["x"]
    assert ends[0] <= at <= ends[1]
    exact = sympy.Poly(formula, x)
    step = Rational(ends[1] - ends[0], 60)
    sampled = max(abs(net.at(ends[0] + i * step)[0] - exact.eval(ends[0] + i * step)) for i in range(61))
    assert found.value.evalf(30) >= sampled.evalf(30) - Rational(1, 10**25)
    near = Rational(str(at.evalf(40)))
    assert abs(abs(net.at(near)[0] - exact.eval(near)) - found.value.evalf(40)) < Rational(1, 10**25)


@settings(max_examples=40)
@given(
    nets(("x", "y")),
    st.dictionaries(st.tuples(st.integers(0, 3), st.integers(0, 3)), SMALL, min_size=1, max_size=5),
    st.sampled_from([Box(-1, 1), "x >= 0, y >= 0, x + y <= 2", "0 < x, x < 1, -1 < y, y < 1"]),
)
def test_polynomials_of_two_variables_are_exceeded_nowhere(net, terms, domain):
    formula = sum(c * x**i * y**j for (i, j), c in terms.items())
    assume(sympy.total_degree(formula, x, y) > 1)
    found = max_deviation(net, formula, domain)
    where = relucirc.language.domain.read_domain(domain, ("x", "y"))
    exact = sympy.Poly(formula, x, y)
    highest = found.value.evalf(30) + Rational(1, 10**25)
    for p in grid(2, -1, 2, 9):
        if where.contains([fmpq(int(c.p), int(c.q)) for c in p]):
            assert abs(net.at(*p)[0] - exact.eval(p)) <= highest
    near = [Rational(str(found.witness[name].evalf(40))) for name in ("x", "y")]
    assert abs(abs(net.at(*near)[0] - exact.eval(near)) - highest) < Rational(1, 10**20)
    if found.attained and all(c.is_Rational for c in found.witness.values()):
        assert gap_at(net, [formula], list(found.witness.values())) == found.value


ZERO_NET = MLP.from_arrays([([[0, 0]], [0])], inputs=("x", "y"))
X_PART = MLP.from_arrays([([[1, 0]], None), ([[1]], None)], inputs=("x", "y"))


@pytest.mark.parametrize(
    ("formula", "domain", "value", "attained"),
    [
        (x * y, Box(-1, 2), 4, True),
        ((x**2 + y**2 - 1) ** 2 - 3, Box(-1, 1), 3, True),  # on a whole circle
        (2 - (x**2 + y**2 - Rational(1, 4)) ** 2, Box(-1, 1), 2, True),
        (3 - (4 * x**2 + 4 * y**2 - 1) ** 2, "-1 < x, x < 1, -1 < y, y < 1", 46, False),
        (50 - (4 * x**2 + 4 * y**2 - 1) ** 2, "-1 < x, x < 1, -1 < y, y < 1", 50, True),
        ((x - y) ** 3 - (x - y), "0 <= x - y, x - y <= 1", 2 * sympy.sqrt(3) / 9, True),  # along a strip
        (x**2, None, oo, False),
        (x**2, "0 < y, y < 1, 0 <= x, x <= 2", 4, True),  # on an edge without its ends
        (1 - (2 * x - 1) ** 2, "0 < x, x < 1, 0 < y, y < 1", 1, True),  # on a line, its ends outside
        (5 - (x * y - 1) ** 2, "0 < x, x < 3/2, 0 < y, y < 3/2", 5, True),  # on an arc of a hyperbola
        (5 - ((x**2 - 2) * (y - 1)) ** 2, "1 < x, x < 2, 0 < y, y < 1", 5, True),  # on a line x = sqrt(2)
        (5 - (x**2 - 2) ** 2, "1 < x, x < 3/2", 5, True),  # over a strip that is not closed
        (x**2 + y**4 - 4, "x**1 == 1, y >= 0, y <= 1", 3, True),
    ],
)
def test_shapes_of_the_set_where_the_maximum_is(formula, domain, value, attained):
    found = max_deviation(ZERO_NET, formula, domain)
    assert sympy.simplify(found.value - value) == 0 if value != oo else found.value == oo
    assert found.attained == attained
    if attained:
        where = relucirc.language.domain.read_domain(domain, ("x", "y"))
        near = {name: v.evalf(30) for name, v in found.witness.items()}
        assert abs(abs(sympy.Poly(formula, x, y).as_expr().subs(near)) - value) < Rational(1, 10**20)
        for relation in where.relations:
            total = Rational(0) + sum(Rational(str(c)) * near["xy"[v]] for v, c in relation.form.terms.items())
            total += Rational(str(relation.form.const))
            assert relation.holds(0 if abs(total) < 1e-20 else (1 if total > 0 else -1))


def test_algebraic_answers_are_exact_in_sympy():
    net = MLP.from_arrays([([[1]], None), ([[1]], None)])
    cubic = max_deviation(net, x**3, Box(0, 1))
    assert cubic.value == 2 * sympy.sqrt(3) / 9
    assert cubic.witness == {"x": sympy.sqrt(3) / 3}
    quintic = max_deviation(net, x**5 - x**2, Box(0, 1))
    t = quintic.witness["x"]
    assert abs((t + t**2 - t**5 - quintic.value).evalf(60)) < 1e-50
    assert abs((1 + 2 * t - 5 * t**4).evalf(60)) < 1e-50
    assert sympy.minimal_polynomial(quintic.value, x).subs(x, quintic.value).evalf(50) < 1e-40


def test_text_lists_floats_and_functions_are_read():
    net = MLP.from_arrays([([[1], [-1]], None), ([[1, 1], [1, 0]], None)])
    assert max_deviation(net, ["x**2", "x * x * x"], Box(0, 1)).value == 2 * sympy.sqrt(3) / 9
    assert max_deviation(net, [x**2, 0], Box(0, 1)).value == 1
    assert max_deviation(circuits.absolute(), sympy.Float(0.5) * x**2, Box(-1, 1)).value == Rational(1, 2)
    import jax.numpy as jnp

    def function(v):
        return jnp.maximum(v, -v)

    assert max_deviation(function, x**2, Box(-1, 1), inputs=("x",)).value == Rational(1, 4)


def test_flat_domains_of_polynomials():
    three = MLP.from_arrays([([[1, 1, 1]], None), ([[1]], None)])
    found = max_deviation(three, x1**2 + x2 * x3, "x1 + x2 + x3 == 1, x1 >= 0, x2 >= 0, x3 >= 0")
    assert found.value == 1
    assert max_deviation(three, x1 * x2, "x1 == 2, x2 == 3, x3 == 0").value == 1
    assert max_deviation(three, x1**2, "x1 == x2, x2 == x3, 0 <= x1, x1 <= 2").value == Rational(9, 4)


def test_polynomials_of_inputs_whose_names_are_not_ascii():
    net = MLP.from_arrays([([[1, 1], [0, 1]], None), ([[1, -1]], None)], ["größe", "τ"])
    plain = MLP.from_arrays([([[1, 1], [0, 1]], None), ([[1, -1]], None)])
    found, wanted = max_deviation(net, "größe*τ", Box(-1, 1)), max_deviation(plain, "x1*x2", Box(-1, 1))
    assert (found.value, list(found.witness.values())) == (wanted.value, list(wanted.witness.values()))
    assert list(found.witness) == ["größe", "τ"]
    assert max_deviation(net, "τ - 3", Box(-1, 1)).value == max_deviation(plain, "x2 - 3", Box(-1, 1)).value


def test_polynomial_questions_that_cannot_be_answered_say_why():
    net = MLP.from_arrays([([[1, 1, 1]], None), ([[1]], None)])
    with pytest.raises(RelucircError, match="at most two free inputs"):
        max_deviation(net, x1 * x2 + x3, Box(0, 1))
    with pytest.raises(FormulaError, match="rational coefficients"):
        max_deviation(circuits.absolute(), sympy.sqrt(2) * x**2, Box(0, 1))
    with pytest.raises(FormulaError, match="all formulas to be polynomials"):
        max_deviation(MLP.from_arrays([([[1], [1]], None)]), [x**2, Abs(x)], Box(0, 1))
    with pytest.raises(FormulaError, match="uses"):
        max_deviation(circuits.absolute(), sympy.Symbol("q") ** 2, Box(0, 1))
    with pytest.raises(FormulaError, match="piecewise linear"):
        max_deviation(circuits.absolute(), Max(x**2, 0), Box(0, 1))
    with pytest.raises(RelucircError, match="2 output"):
        max_deviation(MLP.from_arrays([([[1], [1]], None)]), x**2, Box(0, 1))


QUESTIONS = st.one_of(
    st.tuples(nets(("x", "y")), nets(("x", "y")), st.sampled_from([Box(-2, 2), None, "x >= 0, 0 < y, y <= 1"])),
    st.tuples(nets(("x",)), st.just(x**3 - x), st.just(Box(-1, 2))),
    st.tuples(nets(("x", "y")), st.just(x**2 * y - x), st.just(Box(-1, 1))),
    st.tuples(
        nets(("x", "y")),
        st.just(Piecewise((x, x > y), (1, sympy.Eq(2 * x, 1)), (-y, True))),
        st.sampled_from([Box(-2, 2), Box(-2, 2, integer=True), "x in {-1, 0, 1}, 0 < y, y < 1"]),
    ),
)


@settings(max_examples=120)
@given(QUESTIONS, st.integers(0, 300))
def test_budget_ends_with_an_interval_that_holds_the_supremum(question, steps):
    net, formula, domain = question
    whole = max_deviation(net, formula, domain)
    assert (whole.status, whole.lower, whole.upper) == ("exact", whole.value, whole.value)
    with StepsLeft(steps):
        found = max_deviation(net, formula, domain)
    if found.status == "exact":
        assert found.value == whole.value
        return
    assert found.value is None
    assert found.lower <= whole.value <= found.upper
    assert "budget" in found.reason
    if found.witness is None:
        assert found.lower == 0
        return
    other = formula if isinstance(formula, MLP) else None
    at = [found.witness[name] for name in net.inputs]
    if found.attained and all(c.is_Rational for c in at):
        gap = abs(net.at(*at)[0] - other.at(*at)[0]) if other is not None else gap_at(net, [formula], at)
        assert gap == found.lower


def test_what_was_seen_on_a_line_is_a_point_of_the_line():
    """Cases are measured in coordinates of their own, fewer than inputs there; at every step the answer names all."""
    rows = [[3, -2, 1], [1, 1, -2], [-1, 2, 1], [2, -1, 1], [1, -2, 2]]
    net = MLP.from_arrays([(rows, [0, -1, 1, 2, -3]), ([[1, -3, 2, -1, 2]], None)], ("x", "y", "z"))
    domain = "y == 2*x - 1, 0 <= x, x <= 3, 0 <= z, z <= 2"
    whole, found = max_deviation(net, "Max(x, y)", domain), None
    for steps in itertools.count():
        with StepsLeft(steps):
            found = max_deviation(net, "Max(x, y)", domain)
        if found.status == "exact":
            break
        assert found.lower <= whole.value <= found.upper
        if found.witness is not None:
            x, y, z = (found.witness[name] for name in net.inputs)
            assert y == 2 * x - 1
            assert abs(net.at(x, y, z)[0] - max(x, y)) == found.lower
    assert found.value == whole.value


def test_budget_ends_with_what_was_seen():
    rng = random.Random(1)
    layers = [
        ([[rng.choice((-3, -1, 1, 2)) for _ in range(a)] for _ in range(b)], [rng.choice((-1, 1)) for _ in range(b)])
        for a, b in [(3, 20), (20, 20), (20, 1)]
    ]
    for budget in (0.2, 2, 20):  # a busy machine may see nothing in the shorter ones
        found = max_deviation(MLP.from_arrays(layers), "x1", Box(-1, 1), budget=budget)
        if found.lower > 0 and found.upper < oo:
            break
    assert found.value is None
    assert 0 < found.lower < found.upper < oo
    assert found.attained
    assert str(found).startswith("largest difference at least ")
    assert str(found).endswith(f"the budget of {budget} s ended.")
    assert found.to_json()["upper"] == str(found.upper)
    unread = max_deviation(MLP.from_arrays(layers), "x1", Box(-1, 1), budget=0)
    assert (unread.value, unread.witness, unread.lower, unread.upper) == (None, None, 0, oo)


def test_interruption_ends_with_what_was_seen(monkeypatch):
    net = MLP.from_arrays([([[1, -1], [2, 3], [1, 1]], [0, 1, -1]), ([[1, -2, 1]], None)])
    step, seen = Budget.step, itertools.count()

    def interrupted(clock, counter=None):
        if counter == "boxes" and next(seen) == 4:
            raise KeyboardInterrupt
        step(clock, counter)

    monkeypatch.setattr(Budget, "step", interrupted)
    monkeypatch.setattr("relucirc.measure.deviation.measure.estimate", lambda *_: Estimate(None, ()))
    found = max_deviation(net, "x1", Box(-1, 1))
    assert found.value is None
    assert found.upper == oo
    assert found.lower > gap_at(net, [x1], [0, 0])  # which is what one point tells
    assert found.reason.endswith("interrupted.")


@pytest.mark.parametrize("degree", [3, 5, 7])
def test_polynomials_of_higher_degree_are_exceeded_nowhere(degree):
    rng = random.Random(degree)
    powers = [(i, j) for i in range(degree + 1) for j in range(degree + 1 - i)]
    formula = sum(rng.randint(-5, 5) * x**i * y**j for i, j in powers)
    net = MLP.from_arrays([([[1, 0], [0, 1], [1, -1]], [0, 0, "1/3"]), ([[1, -1, 2]], None)], inputs=("x", "y"))
    found = max_deviation(net, formula, Box(-1, 1))
    exact = sympy.Poly(formula, x, y)
    highest = max(abs(net.at(*p)[0] - exact.eval(p)) for p in grid(2, -1, 1, 16))
    assert found.value.evalf(30) >= highest.evalf(30) - Rational(1, 10**25)
    near = [Rational(str(found.witness[name].evalf(40))) for name in ("x", "y")]
    assert abs(abs(net.at(*near)[0] - exact.eval(near)) - found.value.evalf(40)) < Rational(1, 10**20)


# Algebraic numbers and curves.


def root_of(coefficients, index):
    roots = sorted((Algebraic.of(fmpq_poly([0, 1]), r) for r in real_roots(fmpq_poly(coefficients))), key=approximate)
    return roots[index]


def approximate(number: Algebraic) -> float:
    return float(Fraction(int(number.near().p), int(number.near().q)))


@settings(max_examples=100)
@given(
    st.lists(SMALL, min_size=2, max_size=4),
    st.lists(SMALL, min_size=2, max_size=4),
    st.sampled_from([[-2, 0, 1], [-1, -1, 0, 1], [2, -4, 0, 1], [1, -3, 0, 1]]),
    st.sampled_from([[-8, 0, 1], [-1, -1, 0, 1], [2, 0, -4, 0, 1], [-3, 0, 1]]),
)
def test_algebraic_numbers_compare_like_their_decimals_and_equal_only_if_their_difference_vanishes(p, q, m, n):
    a = Algebraic.of(fmpq_poly(p), next(iter(real_roots(fmpq_poly(m)))))
    b = Algebraic.of(fmpq_poly(q), next(iter(real_roots(fmpq_poly(n)))))
    order = a.compare(b)
    assert order == -b.compare(a)
    difference = (a.to_sympy() - b.to_sympy()).evalf(40)
    if abs(difference) > 1e-30:
        assert order == (1 if difference > 0 else -1)
    else:
        assert order == 0


def test_equal_numbers_written_in_different_roots_are_equal():
    root2, root8 = root_of([-2, 0, 1], 1), root_of([-8, 0, 1], 1)
    assert Algebraic.of(root2.value * 2, root2.root).compare(root8) == 0
    assert (-root8).compare(root_of([-8, 0, 1], 0)) == 0
    assert root2.canonical == Algebraic.of(root8.value * fmpq(1, 2), root8.root).canonical
    assert Algebraic.of(root2.value * root2.value, root2.root).rational == 2
    assert root_of([-2, 0, 1], 0).floor() == -2
    assert Algebraic.of(fmpq(-7, 2)).floor() == -4
    assert root_of([-2, 0, 0, 1], 0).to_sympy() ** 3 == 2


@settings(max_examples=40)
@given(
    *[st.dictionaries(st.tuples(st.integers(0, 2), st.integers(0, 2)), SMALL, min_size=1, max_size=4) for _ in range(2)]
)
def test_common_zeros_are_zeros_and_all_of_them(first, second):
    one, other = (PLANE.from_dict({k: fmpq(c) for k, c in d.items() if c}) for d in (first, second))
    assume(one and other and one.gcd(other).is_constant())
    found = list(common_zeros(one, other))
    for point in found:
        assert value_at(one, point).sign() == value_at(other, point).sign() == 0
    places = [tuple(approximate(c) for c in point) for point in found]
    assert all(max(abs(a - c), abs(b - d)) > 1e-12 for (a, b), (c, d) in itertools.combinations(places, 2))
    for s, t in itertools.product(range(-3, 4), repeat=2):  # zeros at small integers are not missed
        at = AlgebraicPoint.rational([fmpq(s), fmpq(t)])
        if value_at(one, at).sign() == value_at(other, at).sign() == 0:
            assert any(max(abs(a - s), abs(b - t)) < 1e-12 for a, b in places)


@settings(max_examples=40)
@given(*[st.dictionaries(st.tuples(st.integers(0, 2), st.integers(0, 2)), SMALL, max_size=4) for _ in range(2)])
def test_first_subresultant_is_that_of_sympy_up_to_a_factor(first, second):
    u, t = sympy.symbols("u t")
    pair, expressions = [], []
    for terms, degree in ((first, 3), (second, 4)):
        low = {k: c for k, c in terms.items() if sum(k) < degree}
        pair.append(PLANE.from_dict({k: fmpq(c) for k, c in {**low, (0, degree): 1}.items() if c}))
        expressions.append(t**degree + sum(c * u**i * t**j for (i, j), c in low.items()))
    slope, constant = (
        sum(Rational(int(c.p), int(c.q)) * u**i for i, c in enumerate(p.coeffs())) for p in first_subresultant(*pair)
    )
    linear = [p for p in sympy.subresultants(expressions[1], expressions[0], t) if sympy.degree(p, t) == 1]
    assume(linear)
    assert sympy.expand(linear[0].coeff(t, 1) * constant - linear[0].coeff(t, 0) * slope) == 0


def test_every_oval_of_critical_points_is_met():
    s, t = PLANE.gens()
    two_ovals = (s**2 - 4) ** 2 + 4 * t**2 - 4
    points = list(critical_points(two_ovals**2))
    on_curve = [p for p in points if value_at(two_ovals, p).sign() == 0]
    assert {approximate(p[0]) > 0 for p in on_curve} == {True, False}
    assert any(value_at(two_ovals, p).sign() for p in points)


def test_arcs_between_borders_are_met():
    s, t = PLANE.gens()
    circle = s**2 + t**2 - 4
    borders = [Form({0: fmpq(1)}, fmpq(-1)), Form({1: fmpq(1)}, fmpq(0)), Form({0: fmpq(1), 1: fmpq(1)}, fmpq(0))]
    signs = {tuple(p.form(b).sign() for b in borders) for p in curve_points(circle, borders)}
    assert signs == {(1, 1, 1), (1, -1, 1), (1, -1, -1), (-1, 1, 1), (-1, 1, -1), (-1, -1, -1)}
    vertical = list(curve_points(s**2 - 2, borders))
    assert all(value_at(s**2 - 2, p).sign() == 0 for p in vertical)
    assert {(p[0].sign(), *(p.form(b).sign() for b in borders[1:])) for p in vertical} >= {
        (1, 1, 1), (1, -1, 1), (1, -1, -1), (-1, 1, 1), (-1, 1, -1), (-1, -1, -1),
    }  # fmt: skip


def test_better_points_of_one_value_replace_worse_ones():
    summit = Summit()
    three = Algebraic.of(fmpq(3))
    for place, inside in ((fmpq(17, 5), False), (fmpq(9, 2), True), (fmpq(1), True), (fmpq(0), False)):
        assert summit.offer(three, AlgebraicPoint.rational([place]), lambda _, inside=inside: inside)
    assert summit.peak.point[0].rational == 1
    assert not summit.offer(Algebraic.of(fmpq(2)), AlgebraicPoint.rational([fmpq(0)]), lambda _: True)


@settings(max_examples=60)
@given(nets(("x",), outputs=2), st.sampled_from([(None, None), (fmpq(-1), fmpq(2)), (fmpq(0), None)]))
def test_line_functions_agree_with_the_network(net, ends):
    functions = line_functions(graph_of_network(net.exact()), *ends)
    for i, function in enumerate(functions):
        assert all(a < b for a, b in itertools.pairwise(function.points))
        assert all(a != b for a, b in itertools.pairwise(function.forms))
        for start, end, (constant, slope) in function.pieces(*ends):
            low = end - 5 if start is None and end is not None else fmpq(-3) if start is None else start
            high = low + 5 if end is None else end
            for point in (low, (2 * low + high) / 3, high):
                assert net.trace([point])[-1][0][i] == constant + slope * point
