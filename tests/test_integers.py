"""Integer points: branch and bound against a list of all points, against z3, and on all of Z^n."""

from collections import Counter
from collections.abc import Callable
from fractions import Fraction

import integer_claims
import plain
import pytest
import z3
from flint import fmpq
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from integer_claims import IntegerClaim

import relucirc
from relucirc import MLP, circuits, prove
from relucirc.checker.linear import UNIT
from relucirc.checker.sides import constraint
from relucirc.core.forms import Form
from relucirc.geometry.lattice import lattice_of

MANY = [300, pytest.param(2000, marks=pytest.mark.slow)]
FEW = [80, pytest.param(400, marks=pytest.mark.slow)]


def decides(claims: st.SearchStrategy[IntegerClaim], count: int, judge: Callable[[IntegerClaim], str | None]) -> None:
    """All claims are proved or refuted as a judge says, with evidence that holds; both answers are frequent."""
    seen: Counter[str] = Counter()

    @settings(max_examples=count, deadline=None, suppress_health_check=list(HealthCheck))
    @given(claims)
    def ask(claim: IntegerClaim) -> None:
        expected = judge(claim)
        if expected is not None:
            assert answer(claim) == expected
            seen[expected] += 1

    ask()
    assert min(seen["proved"], seen["refuted"]) > count // 20


def answer(claim: IntegerClaim) -> str:
    """The library's answer, its evidence checked."""
    net, text = MLP.from_arrays(claim.layers, claim.names), plain.as_text(claim.formula, claim.names)
    try:
        result = prove(net, text, claim.domain, budget=60)
    except relucirc.FormulaError as error:
        assert "is not defined" in str(error)  # noqa: PT017  (a number that was changed left a case out)
        reject()
    if result.status == "proved":
        assert relucirc.check(net, text, result.certificate, claim.domain)
    if result.status == "refuted":
        witness = tuple(Fraction(int(v.p), int(v.q)) for v in result.witness.values())
        assert claim.contains(witness)
        assert claim.differs_at(witness)
    return result.status


@pytest.mark.parametrize("count", MANY)
def test_a_claim_on_an_integer_box_is_decided_as_all_its_points_say(count):
    def judge(claim):
        return "proved" if integer_claims.differing_point(claim) is None else "refuted"

    decides(integer_claims.claims(), count, judge)


@pytest.mark.parametrize("count", FEW)
def test_a_claim_on_integers_and_a_real_input_is_decided_as_z3_says(count):
    def judge(claim):
        verdict = integer_claims.verdict_of_z3(claim)
        return {"equal": "proved", "unknown": None}[verdict] if isinstance(verdict, str) else "refuted"

    decides(integer_claims.claims(max_inputs=2, reals=1), count, judge)


@pytest.mark.parametrize("count", FEW)
def test_a_claim_on_all_integers_is_decided_as_it_was_made(count):
    def judge(claim):
        if claim.equal:
            return "proved"
        return None if integer_claims.differing_point(claim) is None else "refuted"

    decides(integer_claims.claims(bounded=False, max_inputs=2), count, judge)


def step(*row: int, at: int = 0, height: Fraction | int = 1) -> MLP:
    """0 up to ``row.x = at``, then a ramp of this width up to 1."""
    weight = 1 / Fraction(height)
    return MLP.from_arrays([([row, row], [-at, -at - height]), ([[weight, -weight]], None)])


RELU = MLP.from_arrays([([[1]], None), ([[1]], None)])
ZERO = MLP.from_arrays([([[0, 0]], None)])
HALF = Fraction(1, 2)
POSITIVE = [f"(1, {form} > 0), (0, True)" for form in ("x1", "x2", "x1 + x2")]
Z1, Z2 = "x1 in integers", "x1 in integers, x2 in integers"
EQUAL = {
    "a comparison": (step(1, -1), "Piecewise((1, x1 > x2), (0, True))", Z2),
    "with coefficients": (step(1, 2, at=3), "Piecewise((1, x1 + 2*x2 > 3), (0, True))", Z2),
    "with large ones": (step(1001, -570, at=1), "Piecewise((1, 1001*x1 - 570*x2 > 1), (0, True))", Z2),
    "with a common factor": (step(6, -3, height=3), "Piecewise((1, 6*x1 - 3*x2 > 2), (0, True))", Z2),
    "three inputs": (step(2, -3, 5), "Piecewise((1, 2*x1 + 5*x3 > 3*x2), (0, True))", Z2 + ", x3 in integers"),
    "an equality": (
        MLP.from_arrays([([[1, -1]] * 3, [1, 0, -1]), ([[1, -2, 1]], None)]),
        "Piecewise((1, Eq(x1, x2)), (0, True))",
        Z2,
    ),
    "an inequality": (
        MLP.from_arrays([([[1, -1]] * 3, [1, 0, -1]), ([[-1, 2, -1]], [1])]),
        "Piecewise((1, Ne(x1, x2)), (0, True))",
        Z2,
    ),
    "an equality between integers": (ZERO, "Piecewise((1, Eq(2*x1, 2*x2 + 1)), (0, True))", Z2),
    "nested": (step(1, -1), "Piecewise((Piecewise((0, Eq(x1, x2)), (1, True)), x1 >= x2), (0, True))", Z2),
    "hinges alone": (
        step(1, -1, height=1),
        MLP.from_arrays([([[1, -1], [1, -1]], ["-1/2", -1]), ([[2, -2]], None)]),
        Z2,
    ),
    "on a line where 5 divides the sum": (
        step(1, 1, height=5),
        "Piecewise((1, x1 + x2 > 0), (0, True))",
        f"2*x1 == 3*x2, {Z2}",
    ),
    "a real half of an integer": (
        step(0, 1, height=Fraction(1, 2)),
        "Piecewise((1, x2 > 0), (0, True))",
        f"x2 == x1/2, {Z1}",
    ),
    "a real that comes first": (
        step(1, 0, height=Fraction(1, 2)),
        "Piecewise((1, x1 > 0), (0, True))",
        "x1 == x2/2, x2 in integers",
    ),
    "a large box": (
        step(1, -1),
        "Piecewise((1, x1 > x2), (0, True))",
        f"{Z2}, 0 <= x1, x1 <= 10**6, 0 <= x2, x2 <= 10**6",
    ),
    "reals over an integer": (ZERO, "Max(0, Min(x1 - x2, x2 - x1/2))", "x1 in {0, 1, 2}, x2 > 5"),
    "a strict boundary": (ZERO, "Max(0, 1 - x1)", f"{Z1}, 0 < x2, x2 < x1"),
    "split at 0": (circuits.absolute(), "Piecewise((0, x < 1), (1, True))", "x in {0, 1}"),
    "split at -1": (circuits.absolute(), "Piecewise((1, x < 0), (0, True))", "x in {-1, 0}"),
    "a fraction": (RELU, "Piecewise((x, x >= 1/2), (0, True))", "x in {0, 1}"),
    "exclusive or": (circuits.xor_gate(), "Piecewise((1, Ne(x1, x2)), (0, True))", "x1 in {0, 1}, x2 in {0, 1}"),
}


@pytest.mark.parametrize("name", EQUAL)
def test_what_is_equal_at_integers_alone_is_proved(name):
    net, formula, domain = EQUAL[name]
    result = prove(net, formula, domain)
    assert result.status == "proved", result
    assert relucirc.check(net, formula, result.certificate, domain)
    assert prove(net, formula, domain.replace(" in integers", " >= -9")).status == "refuted" or " in {" in domain


DIFFERENT = {
    "a strict bound on a real": ("Max(0, x2)", "x1 in {0}, 0 < x2, x2 < 1"),
    "above an integer": ("Max(0, Min(x2, x1 - x2))", f"{Z1}, 0 < x2, x2 < x1"),
    "in a thin wedge far away": ("Max(0, Min(1000*x1 - 1001*x2, 1003*x2 - 1001*x1))", Z2),
    "in the same wedge, moved": ("Max(0, Min(1000*x1 - 1001*x2 - 1/2, 1003*x2 - 1001*x1 - 1/2))", Z2),
    "in a strip": ("Max(0, 2 - Abs(1000*x1 - 1001*x2 - 500))", Z2),
    "at one point of a large box": (
        "Max(0, 1 - Abs(x1 - 999) - Abs(x2 - 1))",
        f"{Z2}, 0 <= x1, x1 <= 1000, 0 <= x2, x2 <= 1000",
    ),
    "at one point of a triangle": ("Max(0, x1 + x2 - 5/2)", f"x1 >= 1/2, x2 >= 1/2, 7*x1 + 6*x2 <= 21, {Z2}"),
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_what_differs_at_integers_is_refuted_there(name):
    formula, domain = DIFFERENT[name]
    result = prove(ZERO, formula, domain)
    assert result.status == "refuted", result
    assert result.witness["x1"].is_integer
    assert "x2 in" not in domain or result.witness["x2"].is_integer


ENTRIES = st.sampled_from(
    [Fraction(n, d) for n, d in ((0, 1), (0, 1), (1, 1), (-1, 1), (2, 1), (3, 1), (1, 2), (2, 3))]
)


@settings(max_examples=100, deadline=None)
@given(st.data(), st.integers(1, 3), st.integers(0, 2))
def test_the_coordinates_of_a_subspace_take_every_integer_vector_and_no_other(data, inputs, dimension):
    """Against z3: an integer z = M u + m with given coordinates exists, or none at all where there is a gap."""
    rows = [[data.draw(ENTRIES) for _ in range(dimension)] for _ in range(inputs)]
    constants = [data.draw(ENTRIES) for _ in range(inputs)]
    forms = [
        Form({u: fmpq(c.numerator, c.denominator) for u, c in enumerate(row)}, fmpq(m.numerator, m.denominator))
        for row, m in zip(rows, constants, strict=True)
    ]
    lattice = lattice_of(forms, frozenset(range(inputs)))
    solver = z3.Solver()
    z, u = z3.Ints([f"z{i}" for i in range(inputs)]), z3.Reals([f"u{i}" for i in range(dimension)])
    for v, row, m in zip(z, rows, constants, strict=True):
        solver.add(
            z3.ToReal(v) == z3.Sum([z3.RealVal(f"{c}") * d for c, d in zip(row, u, strict=True)]) + z3.RealVal(f"{m}")
        )
    assert (solver.check() == z3.unsat) == (lattice.gap is not None)
    for form in lattice.coordinates:
        assert all(c.q == 1 for c in form.terms.values())
        solver.add(z3.Sum([int(c) * z[v] for v, c in form.terms.items()]) == data.draw(st.integers(-9, 9)))
    assert lattice.gap is not None or solver.check() == z3.sat


@given(
    st.dictionaries(st.integers(UNIT, 2), st.integers(-1, 1).map(fmpq), max_size=4),
    st.integers(-1, 1).map(fmpq),
    st.integers(-1, 1).map(fmpq),
)
def test_a_constraint_of_the_checker_has_no_zeros(form, factor, plus):
    made, _ = constraint(form, ">=", factor, plus)
    wanted = {v: factor * form.get(v, 0) + (plus if v == UNIT else 0) for v in (*form, UNIT)}
    assert made == {v: c for v, c in wanted.items() if c != 0}


def test_inputs_that_are_coordinates_are_their_own_lattice_unless_two_are_the_same_one():
    x, y, z = map(Form.variable, range(3))
    plain = lattice_of([x, y, z], frozenset({0, 2}))
    assert (plain.coordinates, plain.rows) == ((x, z), (x, z))
    equal = lattice_of([x, y, x], frozenset({0, 2}))
    assert (len(equal.coordinates), equal.rows) == (1, (x,))
    assert lattice_of([x, y, x.shift(fmpq(1, 2))], frozenset({0, 2})).gap is not None
