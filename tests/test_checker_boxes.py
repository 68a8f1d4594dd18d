"""What the checker demands of a proof on boxes, rule by rule: its words, its weights, its whole numbers."""

import numpy as np
import pytest
from flint import fmpq
from hypothesis import example, given
from hypothesis import strategies as st

from relucirc.checker.boxes import Combination, box_of, check_boxes, read_tree, start_of
from relucirc.checker.data import Rejected
from relucirc.checker.derivation import Derivation
from relucirc.checker.hinge_bounds import Bounder, bound_all, sloped
from relucirc.checker.linear import UNIT
from relucirc.checker.scaled import FINE, Level, Scaled, _bits
from relucirc.checker.substitution import (
    FEWEST_BITS,
    GREATEST,
    SMALLEST,
    UPWARDS,
    Relaxed,
    Rows,
    added,
    coefficient_bits,
    error_of,
    product,
)

ONE = fmpq(1)
UNIT_BOX = [(fmpq(0), ONE)]
X = {0: ONE}


def ends(box):
    """A box as constraints."""
    low = [{v: ONE, UNIT: -a} if a else {v: ONE} for v, (a, _) in enumerate(box)]
    return [*low, *({v: -ONE, UNIT: b} if b else {v: -ONE} for v, (_, b) in enumerate(box))]


def check(differences, violations, combinations, tree="-0", atoms=(), constraints=None, flips=None):
    """Checks violations on the unit interval."""
    atoms = [list(elements) for elements in atoms]
    constraints = ends(UNIT_BOX) if constraints is None else constraints
    node = {"flips": "0" * len(atoms) if flips is None else flips, "combinations": combinations, "tree": tree}
    check_boxes(node, Derivation(1, atoms, constraints), differences, constraints, violations)


BELOW = {0: ONE, UNIT: fmpq(-2)}
"""``x - 2``, negative on the unit interval."""


def test_a_weight_of_a_weak_or_strict_relation_is_not_negative():
    above = {UNIT: ONE}
    for op in (">", ">="):
        check([BELOW], [[(0, op)]], [[0, ["1"]]])
        with pytest.raises(Rejected, match="wrong sign"):
            check([above], [[(0, op)]], [[0, ["-1"]]])  # its opposite is negative, and says nothing
    check([above], [[(0, "==")]], [[0, ["-1"]]])
    with pytest.raises(Rejected, match="wrong sign"):
        check([BELOW], [[(0, "<=")]], [[0, ["1"]]])


def test_a_combination_has_one_weight_for_each_part_of_one_violation():
    two = [[(0, ">="), (1, ">=")]]
    check([BELOW, X], two, [[0, ["1", "0"]]])
    for weights in (["1"], ["1", "0", "0"], [], "10", None):
        with pytest.raises(Rejected):
            check([BELOW, X], two, [[0, weights]])
    for data in ([0], [0, ["1", "0"], 0], {}, 0, ["0", ["1", "0"]], [-1, ["1", "0"]]):
        with pytest.raises(Rejected):
            check([BELOW, X], two, [data])


def test_constraints_of_one_variable_make_the_box_and_have_to():
    assert box_of([*ends(UNIT_BOX), {0: fmpq(2), UNIT: fmpq(-1)}, {0: ONE, 1: ONE}], 1) == [(fmpq(1, 2), ONE)]
    assert box_of(ends([(ONE, ONE)]), 1) == [(ONE, ONE)]
    for constraints in ([], ends(UNIT_BOX)[:1], ends(UNIT_BOX)[1:], ends([(ONE, fmpq(0))])):
        with pytest.raises(Rejected, match="no box"):
            box_of(constraints, 1)
    with pytest.raises(Rejected, match="no box"):
        check([BELOW], [[(0, ">=")]], [[0, ["1"]]], constraints=[*ends(UNIT_BOX)[:1]])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-0", "-0"], "twice"),
        (["-0"], "fewer words"),
        (["0@0"], "inside"),
        (["0@64"], "inside"),
        (["0@65"], "inside"),
        (["1"], "."),
        (["-2"], "."),
        (["-0", "-1", "-1"], "more words"),
        (["!"], "fewer words"),
        (["0", "-0", "-1"], "fewer words"),
        (["x"], "not a number"),
        (["0@"], "fewer words"),
        (["-"], "not a number"),
        (["-1234567890"], "not a number"),
        (["-٠"], "not a number"),
        ([""], "fewer words"),
        (["-0/3:5"], "."),
        (["-0/1:33"], "."),
        (["-0/1"], "not a number"),
        (["-0/"], "not a number"),
        (["-0/:5"], "not a number"),
        (["-0/1:"], "not a number"),
        (["-0/1:-5"], "not a number"),
        (["-0/1:5/"], "not a number"),
        (["-/1:5"], "not a number"),
        (["0/1:5"], "not a number"),
    ],
)
def test_words_that_make_no_tree_are_rejected(words, said):
    with pytest.raises(Rejected, match=said):
        read_tree(words, 1, 2, [0, 1], 3)


def test_a_tree_is_read_in_the_order_of_a_walk():
    states = read_tree(["!", "-1", "0@16", "~", "-0", "-0"], 1, 2, [0, 1], 3)
    top = 1 << 24
    assert [(s.low, s.high, s.is_new, s.children) for s in states] == [
        ((0,), (top,), True, [1]),
        ((0,), (top,), True, [2]),
        ((0,), (top // 4,), False, []),
    ]
    assert [(b.number, b.state, b.combination, b.low, b.high) for s in states for b in s.bounds] == [
        (0, 1, 1, (0,), (top,)),
        (2, 1, 0, (top // 4,), (top,)),
        (1, 2, 0, (0,), (top // 4,)),
    ]


def test_slopes_are_read_hinge_by_hinge():
    (state,) = read_tree(["-1/0:32/2:7", "-0"], 1, 2, [0, 1], 3)
    assert [bound.slopes for bound in state.bounds] == [((0, 32), (2, 7)), ()]


def test_a_slope_shows_what_no_choice_of_the_checker_does():
    hinge = [{0: ONE, UNIT: fmpq(-1, 2)}]
    roof = {0: fmpq(1, 2), 1: -ONE, UNIT: fmpq(-3, 10)}  # x/2 - relu(x - 1/2) - 3/10, at most -1/20
    check([roof], [[(0, ">=")]], [[0, ["1"]]], atoms=[hinge], tree="-0/0:16")
    check([roof], [[(0, ">=")]], [[0, ["1"]]], atoms=[hinge], tree="! -0/0:17")
    high = {**roof, UNIT: fmpq(-1, 4)}  # 0 at 1/2
    for tree in ("-0", "-0/0:0", "-0/0:32", "-0/0:4"):
        with pytest.raises(Rejected, match="not shown"):
            check([roof], [[(0, ">=")]], [[0, ["1"]]], atoms=[hinge], tree=tree)
    for kept in range(33):
        with pytest.raises(Rejected, match="not shown"):
            check([high], [[(0, ">=")]], [[0, ["1"]]], atoms=[hinge], tree=f"-0/0:{kept}")
    with pytest.raises(Rejected):
        check([roof], [[(0, ">=")]], [[0, ["1"]]], atoms=[hinge], tree="-0/1:16")


def test_each_row_has_its_own_slopes():
    levels = [level(), level(weight=2.0)]
    levels[1] = _over(levels[1])
    bounder = Bounder(1, levels, 12)
    below = Relaxed.of(np.array([[-1.0], [-3.0]]), np.array([[2.0], [1.0]]), levels[0], [])
    above = Relaxed.of(np.array([[-1.0], [-3.0]]), np.array([[2.0], [1.0]]), levels[1], [below])
    rows = sloped(bounder, [below, above], np.array([1, 0, 0]), [((1, 8),), ((0, 16), (1, 32)), ()])
    assert [part.kept.ravel().tolist() for part in rows] == [[0.0, 0.5, 1.0], [0.25, 1.0, 1.0]]
    assert [part.low.ravel().tolist() for part in rows] == [[-3.0, -1.0, -1.0]] * 2
    assert (below.kept.ravel().tolist(), above.kept.ravel().tolist()) == ([1.0, 0.0], [1.0, 0.0])


def test_a_part_is_cut_at_a_share_of_its_own_width():
    states = read_tree(["0@16", "-0", "0", "0@48", "-0", "-0", "-0"], 1, 1, [0], 3)
    top = 1 << 24
    found = [(b.low[0] * 32 // top, b.high[0] * 32 // top) for b in states[0].bounds]
    assert sorted(found) == [(0, 8), (8, 17), (17, 20), (20, 32)]


@pytest.mark.parametrize("tree", [None, 0, ["-0"], {}, b"-0", "", " ", "-0 ", " -0", "-0  "])
def test_a_tree_is_text_of_words(tree):
    with pytest.raises(Rejected):
        check([BELOW], [[(0, ">=")]], [[0, ["1"]]], tree=tree)


@pytest.mark.parametrize("size", [0, 2, 27, 28, 40, -3, -40])
def test_combinations_of_any_size_are_bounded(size):
    scale = fmpq(1 << size) if size >= 0 else fmpq(1, 1 << -size)
    check([{v: c * scale for v, c in BELOW.items()}], [[(0, ">=")]], [[0, ["1"]]])
    with pytest.raises(Rejected, match="not shown"):
        check([{v: -c * scale for v, c in BELOW.items()}], [[(0, ">=")]], [[0, ["1"]]])


@pytest.mark.parametrize("form", [{UNIT: -fmpq(1 << 600)}, {0: -fmpq(1 << 600)}, {0: -fmpq(1, 1 << 600), UNIT: -ONE}])
def test_combinations_beyond_floats_are_rejected(form):
    with pytest.raises(Rejected, match="too large or too small"):
        check([form], [[(0, ">=")]], [[0, ["1"]]])


def test_what_is_no_hinge_and_flips_that_are_not_theirs_are_rejected():
    hinge = [{0: ONE, UNIT: fmpq(-1, 2)}]
    below = {1: ONE, UNIT: fmpq(-2)}
    check([below], [[(0, ">=")]], [[0, ["1"]]], atoms=[hinge])
    check([below], [[(0, ">=")]], [[0, ["1"]]], atoms=[hinge], flips="1")
    for flips in ("", "00", "2", None, ["0"], 0):
        with pytest.raises(Rejected):
            check([below], [[(0, ">=")]], [[0, ["1"]]], atoms=[hinge], flips=flips if flips is not None else ())
    with pytest.raises(Rejected, match="no hinge"):
        check([below], [[(0, ">=")]], [[0, ["1"]]], atoms=[[*hinge, {0: fmpq(2)}]])


def exactly(value):
    return fmpq(*float(value).as_integer_ratio())


@given(*[st.tuples(st.integers(-(10**9), 10**9), st.integers(1, 10**9))] * 3)
def test_integers_and_what_is_left_out_enclose_every_weight(a, b, c):
    box = [(fmpq(-1, 3), fmpq(2, 7)), (fmpq(0), ONE)]
    form = {v: fmpq(*pair) for v, pair in ((0, a), (1, b), (UNIT, c)) if pair[0]}
    scaled = Scaled.of([[form]], box, [False])
    (some,) = scaled.levels
    exact = {v: w * (1 << some.places) for v, w in scaled.divided(scaled.forms[0], scaled.divisors[0]).items()}
    for v in (0, 1):
        whole, fine, spill = (exactly(block[0][0, v]) if 0 in block else fmpq(0) for block in _blocks(some))
        assert whole.q == fine.q == 1
        assert abs(exact.get(v, fmpq(0)) - whole - fine / (1 << FINE)) <= spill <= fmpq(1, 1 << FINE)
    assert abs(exact.get(UNIT, fmpq(0)) - exactly(some.constants[0])) <= exactly(some.rest[0])
    assert some.rest[0] <= abs(some.constants[0]) * 2.0**-52


def _blocks(some):
    return some.weights, some.fine, some.spill


def test_some_hinges_may_be_flipped():
    hinges = [[{0: ONE, UNIT: fmpq(-1, 2)}], [{0: ONE, UNIT: fmpq(-1, 4)}]]
    for flips in ("00", "01", "10", "11"):
        check([{1: ONE, 2: ONE, UNIT: fmpq(-2)}], [[(0, ">=")]], [[0, ["1"]]], atoms=hinges, flips=flips)
        with pytest.raises(Rejected, match="not shown"):  # 5/4 at the upper end
            check([{1: ONE, 2: ONE, UNIT: fmpq(-5, 4)}], [[(0, ">=")]], [[0, ["1"]]], atoms=hinges, flips=flips)


@pytest.mark.parametrize("c", [fmpq(1, 3), fmpq(-1, 3), fmpq(1, 10), fmpq(-1, 10), fmpq(2**60 + 1), fmpq(0)])
def test_a_row_starts_below_the_opposite_of_its_combination(c):
    scaled = Scaled.of([], UNIT_BOX, [])
    rows = start_of(scaled, bound_all(scaled)[0], Combination(0, {0: c, UNIT: c} if c else {}, False))
    unit = fmpq(*float(rows.scale[0]).as_integer_ratio())
    assert fmpq(*float(rows.constant[0]).as_integer_ratio()) < -c
    assert int(rows.blocks[0][0, 0]) * unit <= -c


def test_weights_of_too_different_sizes_are_rejected():
    nearly = [[{0: ONE}], [{0: ONE, UNIT: fmpq(1, 1 << 40)}], [{1: ONE, 2: -ONE}]]
    with pytest.raises(Rejected, match="different sizes"):
        Scaled.of(nearly, UNIT_BOX, [False] * 3)


@given(st.integers(-(2**70), 2**70).filter(bool), st.integers(1, 2**70))
def test_a_number_is_at_most_two_to_its_bits(p, q):
    c = fmpq(p, q)
    exponent = _bits(c)
    assert abs(c) <= (fmpq(1 << exponent) if exponent >= 0 else fmpq(1, 1 << -exponent))


def level(*, weight=1.0, fine=0.0, spill=0.0, rest=0.0, constant=0.0, places=0):
    """A level of one hinge of one input."""
    one = [{0: np.array([[number]])} for number in (weight, fine, spill)]
    return Level(places, one[0], one[1], np.array([constant]), one[2], np.array([rest]))


def test_the_sums_of_a_level_are_counted_with_room_for_what_is_added():
    one = {0: np.array([[3.0, -2.0], [-4.0, 1.0]])}
    fine = {0: np.array([[2.0**20, 0.0], [-(2.0**19), 0.0]])}
    some = Level(2, one, fine, np.zeros(2), {0: np.zeros((2, 2))}, np.zeros(2))
    assert some.largest_sum() == max(3 + 4 + 1.5, 2.0**20 + 2.0**19) + 4 + 1
    assert Level(2, one, {0: np.zeros((2, 2))}, np.zeros(2), one, np.zeros(2)).largest_sum() == 7 + 4 + 1


def test_bits_are_as_many_as_sums_leave_and_not_too_few():
    assert coefficient_bits([level(weight=2.0**40)], 1) == FEWEST_BITS
    with pytest.raises(Rejected, match="too long"):
        coefficient_bits([level(weight=2.0**41)], 1)
    assert coefficient_bits([], 1) == 26


@pytest.mark.parametrize("scale", [SMALLEST, GREATEST, SMALLEST / 2, GREATEST * 2])
def test_rows_that_floats_might_not_hold_are_rejected(scale):
    with pytest.raises(Rejected, match="too large or too small"):
        Rows({0: np.array([[1.0]])}, np.array([scale]), np.array([0.0])).cut(12)
    Rows({0: np.array([[1.0]])}, np.array([SMALLEST * 2]), np.array([0.0])).cut(12)


@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9))
def test_sums_are_rounded_down(a, b):
    assert exactly(added(np.array([a]), np.array([b]))[0]) <= exactly(a) + exactly(b)
    assert added(np.array([0.1]), np.array([0.0]))[0] < 0.1


def test_coefficients_are_cut_by_rounding_down():
    rows = Rows({0: np.array([[2.0**30 + 1, -(2.0**30) - 1, 3.0]])}, np.array([1.0]), np.array([0.0]))
    rows.cut(12)
    assert rows.blocks[0].tolist() == [[2.0**11, -(2.0**11) - 1, 0.0]]
    assert rows.scale[0] == 2.0**19
    rows = Rows({0: np.array([[5.0, -7.0]])}, np.array([0.5]), np.array([0.0]))
    rows.cut(12)
    assert (rows.blocks[0].tolist(), rows.scale[0]) == ([[5.0, -7.0]], 0.5)


def test_both_parts_of_a_weight_count():
    half = level(weight=1.0, fine=2.0 ** (FINE - 1))
    where = np.zeros(1, dtype=int)
    relaxed = Relaxed.of(np.array([[1.0]]), np.array([[9.0]]), half, [])
    rows = Rows({1: np.array([[4.0]]), 0: np.array([[1.0]])}, np.array([1.0]), np.array([0.0]))
    rows.substitute(1, half, relaxed, where, 12)
    assert rows.blocks[0][0, 0] * rows.scale[0] == 1.0 + 4.0 * 1.5
    rows = Bounder(1, [half], 12).hinge_rows(1, where, np.array([1.0]), np.zeros(1))
    assert rows.blocks[0][0, 0] * rows.scale[0] == 1.5


def test_there_is_an_error_even_where_nothing_is_left_out():
    assert error_of(level(), [], 1)[0, 0] > 0
    assert error_of(level(constant=-8.0), [], 1)[0, 0] > 2.0**-28


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_what_is_left_out_of_weights_is_taken_off_every_bound(sign):
    first = level(spill=0.5, rest=0.25, constant=8.0)
    error = error_of(first, [], 1)
    assert error[0, 0] >= 0.75
    where = np.zeros(1, dtype=int)
    relaxed = Relaxed.of(np.array([[1.0]]), np.array([[9.0]]), first, [])  # on: g = m
    rows = Rows({1: np.array([[sign]])}, np.array([1.0]), np.array([0.0]))
    rows.substitute(1, first, relaxed, where, 12)
    assert rows.constant[0] <= sign * 8.0 - 0.75
    assert rows.blocks[0][0, 0] == sign
    rows = Bounder(1, [first], 12).hinge_rows(1, where, np.array([sign]), error[0])
    assert rows.constant[0] <= sign * 8.0 - 0.75
    second = level(spill=0.5)
    above = error_of(second, [relaxed], 1) if second.spill.keys() == {1} else error_of(_over(second), [relaxed], 1)
    assert above[0, 0] >= 4.5  # half of a hinge that is at most 9


def _over(below):
    """The same level over the hinges of the first one."""
    return Level(
        below.places,
        {1: below.weights[0]},
        {1: below.fine[0]},
        below.constants,
        {1: below.spill[0]},
        below.rest,
    )


@pytest.mark.parametrize(("low", "high"), [(-1.0, 3.0), (-3.0, 1.0), (1.0, 2.0), (-2.0, -1.0), (0.0, 1.0), (-1.0, 0.0)])
@pytest.mark.parametrize("c", [5.0, -7.0])
@pytest.mark.parametrize("slopes", [(), *(((0, kept),) for kept in (0, 1, 5, 13, 31, 32))])
def test_a_replaced_hinge_is_bounded_from_below_wherever_it_is(low, high, c, slopes):
    first = level()
    relaxed = Relaxed.of(np.array([[low]]), np.array([[high]]), first, [])
    (relaxed,) = sloped(Bounder(1, [first], 12), [relaxed], np.zeros(1, dtype=int), [slopes])
    d, below = relaxed.substitute(np.array([[c]]), np.zeros(1, dtype=int))
    assert d[0, 0] == np.rint(d[0, 0])
    for m in np.linspace(low, high, 33):
        assert c * max(m, 0.0) >= d[0, 0] * m + below[0]
    if c < 0 and low < 0 < high:
        assert below[0] >= c * -low * high / (high - low) - abs(low)  # no more is lost than the chord, to a whole slope


EXTREME = st.one_of(st.floats(1e-9, 1e9), st.integers(1, 2**20).map(float))


@example(below=0.6666666666666666, up=0.33333333333333337, c=3)  # where a rounded quotient is too small
@given(EXTREME, EXTREME, st.integers(1, 2**26))
def test_a_chord_is_never_undercut(below, up, c):
    relaxed = Relaxed.of(np.array([[-below]]), np.array([[up]]), level(), [])
    d, lost = relaxed.substitute(np.array([[-float(c)]]), np.zeros(1, dtype=int))
    whole, low, high = exactly(d[0, 0]), -exactly(below), exactly(up)
    assert whole.q == 1
    assert -c <= whole
    assert whole * (high - low) <= -c * high
    assert exactly(lost[0]) <= -whole * low  # at lo, and so at up


@given(EXTREME, EXTREME, st.integers(-(2**26), 2**26).filter(bool))
def test_a_difference_is_never_undercut(below, up, t):
    two = np.array([[-1e12, -1e12, -below]]), np.array([[1e12, 1e12, up]])
    matrix = {0: np.array([[1.0], [1.0], [0.0]])}
    zero = {0: np.zeros((3, 1))}
    pair = Level(0, matrix, zero, np.zeros(3), zero, np.zeros(3), pairs=1)
    joined = Relaxed.of(*two, pair, []).joined
    c, q, lost = joined.substitute(np.array([[-float(t), float(t)]]), np.zeros(1, dtype=int))
    assert c.tolist() == [[0.0, 0.0]]
    whole, low, high = exactly(q[0, 0]), -exactly(below), exactly(up)
    assert whole.q == 1
    for z in (low, high):
        worst = t * min(z, 0) if t > 0 else t * max(z, 0)
        assert worst >= whole * z + exactly(lost[0] * UPWARDS)


@pytest.mark.parametrize("shape", [(0, 3, 2), (1, 3, 2), (700, 50, 100), (700, 600, 600)])
def test_products_of_whole_numbers_are_exact_however_they_are_cut(shape):
    rng = np.random.default_rng(0)
    a, b = rng.integers(-(2**20), 2**20, shape[:2]), rng.integers(-(2**20), 2**20, shape[1:])
    assert (product(a.astype(float), b.astype(float)) == a @ b).all()


def test_what_is_decided_keeps_its_bounds_on_parts():
    scaled = Scaled.of([[{0: ONE, UNIT: ONE}], [{0: ONE, UNIT: fmpq(-1, 4)}]], UNIT_BOX, [False, False])
    bounder, known = bound_all(scaled)
    part = known.narrowed(bounder, np.array([[0.0]]), np.array([[2.0**23]]))
    assert (part.low[0, 0], part.high[0, 0]) == (known.low[0, 0], known.high[0, 0])
    assert part.high[0, 1] < known.high[0, 1]


def test_hinges_are_bounded_on_the_whole_box_as_they_are():
    scaled = Scaled.of([[{0: ONE, UNIT: fmpq(-1, 4)}]], UNIT_BOX, [False])
    bounder, known = bound_all(scaled)
    unit = int(scaled.divisors[0].p) / int(scaled.divisors[0].q)
    assert (known.low[0, 0] * unit, known.high[0, 0] * unit) == pytest.approx((-0.25, 0.75), abs=1e-6)
    assert known.low[0, 0] * unit <= -0.25 < 0.75 <= known.high[0, 0] * unit
    part = known.gathered([known.row(0)]).narrowed(bounder, np.array([[0.0]]), np.array([[2.0**23]]))
    assert (part.low[0, 0] * unit, part.high[0, 0] * unit) == pytest.approx((-0.25, 0.25), abs=1e-6)
    again = known.renewed(bounder, np.array([[2.0**23]]), np.array([[2.0**24]]))
    assert (again.low[0, 0] * unit, again.high[0, 0] * unit) == pytest.approx((0.25, 0.75), abs=1e-6)
