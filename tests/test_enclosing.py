"""Intervals for largest values by boxes: the value lies in them, more time never widens them, each end is certified."""

import itertools
import json
from contextlib import contextmanager

import certificates
import jax.numpy as jnp
import numpy as np
import pytest
import sympy
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

import relucirc
from relucirc import MLP, Box, bounds, check, max_deviation
from relucirc.checker.boxes import check_boxes
from relucirc.checker.data import Rejected
from relucirc.checker.derivation import Derivation
from relucirc.checker.linear import UNIT
from relucirc.checker.substitution import GRID
from relucirc.core.budget import OutOfBudget
from relucirc.core.forms import Form
from relucirc.geometry.hinges import HingeGraph
from relucirc.language.lower.from_network import graph_of_network
from relucirc.measure.extrema import Extrema
from relucirc.proof.bounding.question import dyadic
from relucirc.proof.boxes import decide_on_boxes
from relucirc.proof.boxes.ascent import climb, gradients, sample, values_at
from relucirc.proof.boxes.floats import narrow, renew
from relucirc.proof.boxes.highest import Highest
from relucirc.proof.boxes.search import Search
from relucirc.proof.boxes.setting import Setting
from relucirc.proof.problem import Lowered

TINY = sympy.Rational(1, 2**60)
ENDS = {2: [(-1, 1), (0, 2)], 3: [(-1, 1), (0, 2), (-2, -1)], 6: [(-1, 1)] * 6}


def random_network(seed, sizes, noise=0.0):
    rng, other = np.random.default_rng(seed), np.random.default_rng(seed + 1)
    layers = []
    for n, m in itertools.pairwise(sizes):
        rows, biases = rng.normal(size=(m, n)) / np.sqrt(n), rng.normal(size=m) * 0.3
        rows = rows + noise * other.normal(size=(m, n))
        layers.append((jnp.asarray(rows, "float32"), jnp.asarray(biases, "float32")))
    return MLP.from_arrays(layers)


def lowered(net):
    """Every output, and then every opposite."""
    hinges = HingeGraph(len(net.inputs))
    outputs, steps = hinges.lower(graph_of_network(net.exact()))
    both = (*outputs, *(-form for form in outputs))
    evidence = {"atoms": hinges.atoms_to_json(), "left": steps, "right": []}
    return Lowered(hinges, tuple((form, Form()) for form in both), both, evidence)


def setting_of(net):
    low = lowered(net)
    box = [(fmpq(a), fmpq(b)) for a, b in ENDS[len(net.inputs)]]
    return Setting.of(low, box, [((i, ">"),) for i in range(len(low.differences))])


def linear(form):
    return {v: c for v, c in {**form.terms, UNIT: form.const}.items() if c}


def accepts(setting, thresholds, tree):
    """Whether the checker accepts that no difference exceeds its threshold."""
    n = len(setting.box)
    constraints = [linear(Form({v: fmpq(1)}, -a)) for v, (a, _) in enumerate(setting.box)]
    constraints += [linear(Form({v: fmpq(-1)}, b)) for v, (_, b) in enumerate(setting.box)]
    atoms = [[linear(e) for e in atom.elements] for atom in setting.lowered.hinges.atoms]
    shifted = [linear(d - Form.constant(t)) for d, t in zip(setting.lowered.differences, thresholds, strict=True)]
    violations = [((i, ">"),) for i in range(len(shifted))]
    try:
        check_boxes(setting.evidence(tree), Derivation(n, atoms, constraints), shifted, constraints, violations)
    except Rejected:
        return False
    return True


def above(values):
    return [dyadic(fmpq(*(float(v) + 1e-5 * (1 + abs(v))).as_integer_ratio()), 1) for v in values]


def rational(value):
    return sympy.Rational(int(value.p), int(value.q))


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([(2, 7, 1), (3, 5, 4, 2), (6, 8, 1)]), st.booleans())
def test_the_largest_values_lie_in_intervals_that_never_grow(seed, sizes, together):
    net = random_network(seed, sizes)
    domain = ", ".join(f"{a} <= {x}, {x} <= {b}" for x, (a, b) in zip(net.inputs, ENDS[sizes[0]], strict=True))
    true = bounds(net, domain)
    upper, lower = ([end] if sizes[-1] == 1 else end for end in (true.upper, true.lower))
    largest = [*upper, *(-end for end in lower)]
    if together:
        largest = [max(largest)] * len(largest)
    setting = setting_of(net)
    highest = Highest(setting, together)
    known = [(list(highest.values), highest.reach)]
    for count in (1, 30, 100):
        highest.run(count)
        known.append((list(highest.values), highest.reach))
    for (before, far), (after, near) in itertools.pairwise(known):
        assert all(b >= a for a, b in zip(before, after, strict=True))
        assert (near <= far).all()
    for values, reach in known:
        seen = [max(values)] * len(values) if together else values
        for value, end, exact in zip(seen, reach, largest, strict=True):
            assert rational(value) <= exact
            assert exact <= end + 1e-5 * (1 + abs(end))
    for value, point in zip(highest.values, highest.points, strict=True):
        assert value in setting.values(point)
        assert all(a <= c <= b for c, (a, b) in zip(point, setting.box, strict=True))
    thresholds = above(highest.reach)
    tree = highest.tree(np.array([float(rational(t)) for t in thresholds]))
    assert accepts(setting, thresholds, tree)
    assert accepts(setting, [t + 1 for t in thresholds], tree)
    for i in range(len(thresholds)):
        if not together or largest[i] == max(*upper, *(-end for end in lower)):
            assert not accepts(
                setting, [*thresholds[:i], highest.values[i] - fmpq(1, 10**6), *thresholds[i + 1 :]], tree
            )


def test_more_boxes_bring_the_ends_nearer_to_each_other():
    setting = setting_of(random_network(3, (3, 12, 12, 1)))
    highest = Highest(setting, together=True)
    highest.run(1)
    first = (highest.reach - highest.seen).max()
    highest.run(2000)
    assert 0 <= (highest.reach - highest.seen).max() < first / 20


def test_boxes_with_more_open_hinges_than_are_bounded_at_once_are_bounded_in_full(monkeypatch):
    """Else they would be halved for ever, as property 2 of ACAS Xu 3_3 was."""
    asked = []
    monkeypatch.setattr("relucirc.proof.boxes.search.renew", lambda *args: asked.append(args[-1]) or renew(*args))
    search = Highest(setting_of(random_network(3, (3, 12, 12, 1))), together=True).search
    boxes = search.box(search.top, np.zeros((1, 3), int), np.full((1, 3), 1 << GRID), np.ones((1, 2), bool))
    for most in ((), (1, 1), (12, 12)):
        search._most = most
        search._renewed(boxes, 128)
    assert asked == [(), (), (12, 12)]


def test_boxes_whose_hinges_were_forgotten_are_bounded_anew():
    setting = setting_of(random_network(3, (3, 12, 12, 1)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("relucirc.proof.boxes.highest.MOST_BYTES", 0)
        forgetful = Highest(setting, together=True)
        forgetful.run(400)
    thresholds = above(forgetful.reach)
    assert (forgetful.reach - forgetful.seen).max() < 0.1
    assert accepts(setting, thresholds, forgetful.tree(np.array([float(rational(t)) for t in thresholds])))


def test_code_is_held_for_a_few_shapes_only(monkeypatch):
    cleared = []

    class Noting:
        def clear_cache(self):
            narrow.clear_cache()
            cleared.append(widths[-1])

        def __call__(self, *args):
            return narrow(*args)

    widths = []
    monkeypatch.setattr("relucirc.proof.boxes.search.HELD", 2)
    monkeypatch.setattr("relucirc.proof.boxes.search._held", set())
    monkeypatch.setattr("relucirc.proof.boxes.search.narrow", Noting())
    for width in (4, 5, 4, 6, 7, 8):
        widths.append(width)
        Highest(setting_of(random_network(3, (3, width, 1))), together=True).run(1)
    assert cleared == [6, 8]


def test_gradients_lead_to_what_a_step_along_them_gives():
    setting = setting_of(random_network(5, (3, 6, 5, 2)))
    search = Search(setting.bounder, setting.start, setting.owners, 4, lambda _: False, setting.known)
    x, h = np.random.default_rng(0).random((60, 3)).astype("float32"), np.float32(1e-3)
    for c in range(4):
        values = values_at(search.levels, search.rows, x)
        found = gradients(search.levels, search.rows, values, np.full(60, c))
        ahead, behind = (
            [values_at(search.levels, search.rows, x + side * h * e)[-1][:, c] for e in np.eye(3, dtype="float32")]
            for side in (1, -1)
        )
        steps = (np.stack(ahead, 1) - np.stack(behind, 1)) / (2 * h)
        assert np.isclose(found, steps, atol=1e-2).all(1).mean() > 0.9  # a kink may lie between the two
        assert np.abs(found).max() > 0.1


def test_climbing_gets_higher_than_what_was_sampled_and_stays_in_the_box():
    setting = setting_of(random_network(7, (6, 8, 1)))
    search = Search(setting.bounder, setting.start, setting.owners, 2, lambda _: False, setting.known)
    points = sample(6)
    for c in (0, 1):
        first = values_at(search.levels, search.rows, points)[-1][:, c].max()
        found, values = climb(search.levels, search.rows, np.array([c]), points)
        assert values[0] >= first - 1e-6
        assert values[0] == pytest.approx(values_at(search.levels, search.rows, found[:1])[-1][0, c], abs=1e-5)
        assert ((found >= 0) & (found <= 1)).all()


def test_steps_in_shares_of_boxes_climb_where_inputs_matter_differently():
    # a ridge: y = x1/8 - 1024 |x2 - 1/4|, at most 1/8
    net = relucirc.MLP.from_arrays(
        [
            ([[1, 0], [0, 1024], [0, -1024]], [0, -256, 256]),
            ([["1/8", -1, -1]], None),
        ]
    )
    low = lowered(net)
    setting = Setting.of(low, [(fmpq(0), fmpq(1))] * 2, [((0, ">"),)])
    search = Search(setting.bounder, setting.start, setting.owners, 1, bool, setting.known)
    rng = np.random.default_rng(0)
    along = rng.random(20) / 2
    points = np.stack([along, 0.25 + along / 1024], 1).astype("float32")
    widths = np.tile(np.array([[1, 1 / 8192]], "float32"), (20, 1))
    which = np.array([0])
    _, plain = climb(search.levels, search.rows, which, points)
    found, values = climb(search.levels, search.rows, which, points, widths)
    assert values[0] > 0.12 > plain[0]
    assert ((found >= 0) & (found <= 1)).all()


def test_climbing_from_boxes_raises_what_was_seen():
    highest = Highest(setting_of(random_network(7, (6, 8, 1))), together=False)
    highest.run(200)
    before = highest.values
    highest.climb()
    assert all(b >= a for a, b in zip(before, highest.values, strict=True))
    assert all(highest.setting.values(point)[i] == highest.values[i] for i, point in enumerate(highest.points))


def test_a_first_look_that_ran_out_of_time_is_not_begun_again(monkeypatch):
    looks = []

    def climbs_too_long(*_):
        looks.append(0)
        raise OutOfBudget

    monkeypatch.setattr(Search, "climb", climbs_too_long)
    highest = Highest(setting_of(random_network(7, (6, 8, 1))), together=False)
    with pytest.raises(OutOfBudget):
        highest.run()
    highest.run(1)
    assert highest.search.statistics["boxes"]
    assert len(looks) == 1


def test_a_point_that_many_starts_find_needs_no_boxes():
    net = random_network(7, (6, 8, 1))
    low = lowered(net)
    box = [(fmpq(-1), fmpq(1))] * 6
    exact = bounds(net, Box(-1, 1)).upper
    difference = low.differences[0] - Form.constant(fmpq(int(exact.p), int(exact.q)) * fmpq(999, 1000))
    near = Lowered(low.hinges, ((difference, Form()),), (difference,), low.evidence)
    clock = relucirc.Budget(60.0)
    found = decide_on_boxes(near, box, (((0, ">"),),), clock)
    assert near.differences[0] is difference
    assert found.point is not None
    assert not clock.progress


# The verbs, made to end with an interval.

NET = random_network(3, (3, 10, 10, 1))
NEAR = random_network(3, (3, 10, 10, 1), noise=0.02)
TWO = random_network(4, (3, 10, 10, 2))
BOX, OPEN = Box(-1, 1), "-1 < x1, x1 < 1, -1 < x2, x2 < 1, -1 < x3, x3 < 1"


@pytest.mark.slow
def test_large_networks_have_intervals_in_the_time_of_a_short_budget():
    net = random_network(1, (5, 60, 60, 1))
    found = bounds(net, BOX, budget=20)
    assert found.status == "unknown"
    assert found.lower < found.least < found.greatest < found.upper
    assert found.greatest - found.least > (found.upper - found.lower) / 2
    assert check(net, None, found.certificate, BOX)


@contextmanager
def few_boxes():
    """Few boxes, for small networks as well, and nothing besides."""

    def ends(*_, **__):
        raise OutOfBudget

    run = Highest.run

    def few(self, _=None):
        run(self, 60)
        return False

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("relucirc.measure.enclosing.HINGES", 1)
        patch.setattr(Highest, "run", few)
        patch.setattr(Extrema, "raise_on", ends)
        yield patch


def test_an_interval_is_known_as_soon_as_one_box_was_bounded():
    with few_boxes() as patch:
        patch.setattr("relucirc.measure.enclosing.EARLY", 0.0)
        found = bounds(NET, BOX)
    assert found.status == "unknown"
    assert check(NET, None, found.certificate, BOX)


@pytest.fixture(scope="module")
def by_boxes():
    with few_boxes():
        return {
            "bounds": bounds(NET, BOX),
            "two": bounds(TWO, BOX),
            "open": bounds(NET, OPEN),
            "deviation": max_deviation(NET, NEAR, BOX),
            "from a formula": max_deviation(NET, "Max(x1, x2)", BOX),
            "deviation on an open box": max_deviation(NET, NEAR, OPEN),
        }


def test_bounds_are_enclosed_from_outside_and_from_inside(by_boxes):
    for name, net, domain in (("bounds", NET, BOX), ("two", TWO, BOX), ("open", NET, OPEN)):
        found, true = by_boxes[name], bounds(net, domain)
        assert (found.status, found.exact, true.exact) == ("unknown", False, True)
        fields = ("lower", "least", "greatest", "upper", "least_at", "greatest_at")
        parts = [[getattr(found, f)] if net is NET else getattr(found, f) for f in fields]
        truth = [[end] if net is NET else end for end in (true.lower, true.upper)]
        for i, (low, least, greatest, high, least_at, greatest_at) in enumerate(zip(*parts, strict=True)):
            assert low <= truth[0][i] <= least < greatest <= truth[1][i] <= high
            for value, at in ((least, least_at), (greatest, greatest_at)):
                assert net.at(*at.values())[i] == value
        assert str(check(net, None, json.loads(json.dumps(found.certificate)), domain)) == (
            "accepted: the bounds hold, and the points attain the values seen."
        )
        assert found.to_json()["greatest"] is not None


def test_a_large_constant_does_not_make_intervals_wider(by_boxes):
    far = [*((layer.weight, layer.bias) for layer in NET.layers[:-1])]
    far = MLP.from_arrays([*far, (NET.layers[-1].weight, np.asarray(NET.layers[-1].bias, float) + 1000.0)])
    with few_boxes():
        found = bounds(far, BOX)
    near = by_boxes["bounds"]
    assert abs(float(found.upper - found.greatest) - float(near.upper - near.greatest)) < 5e-4


def test_the_largest_difference_is_enclosed(by_boxes):
    for name, other, domain in (
        ("deviation", NEAR, BOX),
        ("from a formula", "Max(x1, x2)", BOX),
        ("deviation on an open box", NEAR, OPEN),
    ):
        found, true = by_boxes[name], max_deviation(NET, other, domain)
        assert found.status == "unknown"
        assert 0 < found.lower <= true.value <= found.upper
        assert found.attained
        assert str(check(NET, other, json.loads(json.dumps(found.certificate)), domain)) == (
            "accepted: nothing is further apart than its value, and the point attains its lower end."
        )


def test_an_exact_answer_shows_the_same_ends_twice():
    found = bounds(NET, BOX)
    assert (found.least, found.greatest, found.least_at) == (found.lower, found.upper, found.lower_at)
    found = bounds(relucirc.circuits.minimum(), "0 <= x1, x1 < 1, 0 <= x2, x2 < 1")
    assert (found.upper, found.greatest, found.greatest_at) == (1, None, None)
    assert (found.lower, found.least) == (0, 0)


def less(number):
    return str(sympy.Rational(number) - TINY)


def test_each_rule_of_an_interval_of_a_deviation_is_needed(by_boxes):
    own = by_boxes["deviation"].certificate
    inside = [str(sympy.Rational(c) / 2) for c in own["at"]]
    changed = {
        "a lower end that is not attained": {"lower": less(own["lower"])},
        "a higher one": {"lower": own["value"]},
        "another point": {"at": inside},
        "no point": {"at": None},
        "a point outside": {"at": ["2", "0", "0"]},
        "an upper end below the lower one": {"value": less(own["lower"])},
        "an upper end that the boxes do not show": {"value": str(sympy.Rational(own["lower"]) + TINY)},
        "no lower end": {"lower": None},
        "a number": {"lower": 0},
        "another field": {"upper": own["value"]},
    }
    assert check(NET, NEAR, own, BOX)
    for name, fields in changed.items():
        assert check(NET, NEAR, {**own, **fields}, BOX).accepted is False, name
    without = {name: value for name, value in own.items() if name != "lower"}
    assert not check(NET, NEAR, without, BOX)
    assert check(NET, NEAR, {**without, "at": None}, BOX)
    assert check(NET, NEAR, {**own, "value": str(sympy.Rational(own["value"]) + 1)}, BOX)
    for net, other, domain in ((TWO, NEAR, BOX), (NEAR, NEAR, BOX), (NET, "x1", BOX), (NET, NEAR, Box(-2, 2))):
        assert check(net, other, own, domain).accepted is False


def test_each_rule_of_intervals_of_bounds_is_needed(by_boxes):
    own = by_boxes["bounds"].certificate
    changed = {
        "a value that is not attained": {"upper_seen": [less(own["upper_seen"][0])]},
        "an end for a value": {"upper_seen": own["upper"]},
        "another point": {"upper_at": own["lower_at"]},
        "a value without a point": {"upper_at": [None]},
        "a point without a value": {"upper_seen": [None]},
        "an end below what is seen": {"upper": [less(own["upper_seen"][0])]},
        "an end that the boxes do not show": {"lower": own["lower_seen"]},
        "too few values": {"lower_seen": []},
        "too many": {"lower_seen": own["lower_seen"] * 2},
        "an end less to prove": {"upper": [None]},
        "no values": {"upper_seen": None},
        "another field": {"more": 1},
    }
    assert check(NET, None, own, BOX)
    for name, fields in changed.items():
        assert check(NET, None, {**own, **fields}, BOX).accepted is False, name
    for missing in own:
        assert check(NET, None, {k: v for k, v in own.items() if k != missing}, BOX).accepted is not True, missing
    assert check(
        NET, None, {**own, **{f"{name}_{what}": [None] for name in ("upper", "lower") for what in ("at", "seen")}}, BOX
    )
    for net, domain in ((NEAR, BOX), (TWO, BOX), (NET, Box(-2, 2))):
        assert check(net, None, own, domain).accepted is False


def test_no_broken_interval_says_what_is_false(by_boxes):
    for own, ask, true in (
        (by_boxes["bounds"].certificate, (NET, None), bounds(NET, BOX)),
        (by_boxes["deviation"].certificate, (NET, NEAR), max_deviation(NET, NEAR, BOX)),
    ):
        every = [mutant for _, path, mutant in certificates.mutants(own) if path and path[0] not in ("within", "proof")]
        inner = [mutant for _, path, mutant in certificates.mutants(own) if "boxes" in path]
        assert len(every) > 5
        assert len(inner) > 5
        for mutant in [*every[:: max(1, len(every) // 40)], *inner[:: max(1, len(inner) // 20)]]:
            if check(*ask, mutant, BOX):
                if ask[1] is None:
                    assert sympy.Rational(mutant["lower"][0]) <= true.lower
                    assert true.upper <= sympy.Rational(mutant["upper"][0])
                else:
                    assert sympy.Rational(mutant.get("lower", 0)) <= true.value <= sympy.Rational(mutant["value"])
