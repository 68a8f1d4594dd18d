"""Bounding on boxes: no bound is above a value, and no certificate that says less than it should is accepted."""

import copy
import itertools
from dataclasses import replace
from fractions import Fraction

import jax.numpy as jnp
import numpy as np
import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

import relucirc
from relucirc.checker.boxes import check_boxes, lower_bounds, read_tree
from relucirc.checker.data import Rejected
from relucirc.checker.derivation import Derivation
from relucirc.checker.hinge_bounds import bound_all
from relucirc.checker.linear import UNIT, value_at
from relucirc.checker.safety import check_property
from relucirc.checker.scaled import Scaled
from relucirc.checker.substitution import GRID
from relucirc.core.budget import Budget
from relucirc.core.forms import Form
from relucirc.geometry.hinges import HingeGraph
from relucirc.language.lower.from_network import graph_of_network
from relucirc.language.vnnlib import read_property
from relucirc.proof.answers import Refuted
from relucirc.proof.boxes import decide_on_boxes
from relucirc.proof.boxes.floats import combinations, relaxed_of
from relucirc.proof.boxes.search import Search
from relucirc.proof.boxes.setting import Setting, values_of
from relucirc.proof.boxes.slopes import optimised, words_of
from relucirc.proof.problem import Lowered

TOP = 1 << GRID


def network(seed, sizes):
    rng = np.random.default_rng(seed)
    layers = [
        (
            jnp.asarray(rng.normal(size=(m, n)) / np.sqrt(n) * 2.0 ** rng.integers(-2, 3, (m, 1)), "float32"),
            jnp.asarray(rng.normal(size=m) * 0.3, "float32"),
        )
        for n, m in itertools.pairwise(sizes)
    ]
    return relucirc.MLP.from_arrays(layers)


def lowered(net):
    hinges = HingeGraph(len(net.inputs))
    outputs, steps = hinges.lower(graph_of_network(net.exact()))
    evidence = {"atoms": hinges.atoms_to_json(), "left": steps, "right": []}
    return Lowered(hinges, tuple((form, Form()) for form in outputs), tuple(outputs), evidence)


def linear(form):
    return {v: c for v, c in {**form.terms, UNIT: form.const}.items() if c}


def derivation_of(low, box):
    constraints = [linear(Form({v: fmpq(1)}, -a)) for v, (a, _) in enumerate(box)]
    constraints += [linear(Form({v: fmpq(-1)}, b)) for v, (_, b) in enumerate(box)]
    return Derivation(len(box), [[linear(e) for e in atom.elements] for atom in low.hinges.atoms], constraints)


def shifted(low, by):
    """The first output less a number, as the only difference."""
    difference = low.differences[0] - Form.constant(by)
    return Lowered(low.hinges, ((difference, Form()),), (difference,), low.evidence)


def decided(low, box, op=">="):
    return decide_on_boxes(low, box, (((0, op),),), Budget(60.0))


def check(low, box, evidence, op=">="):
    check_boxes(
        evidence,
        derivation_of(low, box),
        [linear(d) for d in low.differences],
        derivation_of(low, box).constraints,
        [((0, op),)],
    )


BOX = [(fmpq(-1), fmpq(1)), (fmpq(1, 3), fmpq(7, 5)), (fmpq(-2, 7), fmpq(-2, 7))]


def exact_values(scaled, place):
    """The scaled forms' and hinges' exact values at a point of the unit cube."""
    point = {v: fmpq(int(c), TOP) for v, c in enumerate(place)} | {UNIT: fmpq(1)}
    forms = {}
    for hinges in scaled.hinges:
        for k in hinges:
            forms[k] = value_at(scaled.divided(scaled.forms[k], scaled.divisors[k]), point)
            point[scaled.n + k] = max(forms[k], fmpq(0))
    return forms


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([(3, 5, 1), (3, 6, 5, 2), (3, 4, 4, 4, 1)]), st.data())
def test_no_bound_of_a_hinge_is_above_a_value(seed, sizes, data):
    low = lowered(network(seed, sizes))
    flips = [data.draw(st.booleans()) for _ in low.hinges.atoms]
    scaled = Scaled.of(derivation_of(low, BOX).atoms, BOX, flips)
    bounder, known = bound_all(scaled)
    rng = np.random.default_rng(seed)
    ends = np.sort(rng.integers(0, TOP + 1, (6, 2, 3)), axis=1)
    a, b = ends[:, 0].astype(float), ends[:, 1].astype(float)
    many = known.gathered([known.row(0)] * 6)
    order = [k for hinges in scaled.hinges for k in hinges]
    for some in (
        many.narrowed(bounder, a, b),
        many.renewed(bounder, a, b),
        many.renewed(bounder, a, b).narrowed(bounder, a, b),
    ):
        for i in range(6):
            for place in (ends[i, 0], ends[i, 1], rng.integers(ends[i, 0], ends[i, 1] + 1)):
                values = exact_values(scaled, place)
                for j, k in enumerate(order):
                    assert fmpq(*some.low[i, j].as_integer_ratio()) <= values[k]
                    assert values[k] <= fmpq(*some.high[i, j].as_integer_ratio())


@pytest.mark.parametrize("seed", range(4))
def test_bounds_are_those_of_exact_substitution_but_for_rounding(seed):
    low = lowered(network(seed, (3, 5, 8, 8, 1)))
    scaled = Scaled.of(derivation_of(low, BOX).atoms, BOX, [False] * len(low.hinges.atoms))
    _, known = bound_all(scaled)
    reference = {}
    order = [k for hinges in scaled.hinges for k in hinges]
    for j, k in enumerate(order):
        form = {v: Fraction(int(c.p), int(c.q)) for v, c in scaled.divided(scaled.forms[k], scaled.divisors[k]).items()}
        sides = [{v: s * c for v, c in form.items()} for s in (1, -1)]
        bounds = [_substituted(side, scaled, reference) for side in sides]
        if max(bounds) < 0:  # it is open: once more, with nothing kept of open hinges
            again = [_substituted(side, scaled, reference, dropping=True) for side in sides]
            bounds = [max(pair) for pair in zip(bounds, again, strict=True)]
        reference[k] = bounds[0], -bounds[1]
        assert abs(float(bounds[0]) - known.low[0, j]) < 1e-5
        assert abs(float(-bounds[1]) - known.high[0, j]) < 1e-5


def test_a_hinge_that_others_only_push_further_off_is_off():
    """relu(-1/4 - relu(x1)) on [-1, 3]: by area relu(x1) >= x1 is kept, by which the argument might be 3/4."""
    atoms = [[{0: fmpq(1)}], [{1: fmpq(-1), UNIT: fmpq(-1, 4)}]]
    scaled = Scaled.of(atoms, [(fmpq(-1), fmpq(3))], [False, False])
    _, known = bound_all(scaled)
    (low, high), (_, off) = zip(known.low[0], known.high[0], strict=True)
    assert low < 0 < high
    assert off <= 0


def test_a_point_without_inputs_is_a_box():
    _, known = bound_all(Scaled.of([[{UNIT: fmpq(1)}], [{0: fmpq(1), UNIT: fmpq(-3)}]], [], [False, False]))
    assert 0 < known.low[0, 0] <= known.high[0, 0]
    assert known.high[0, 1] < 0


def _substituted(form, scaled, reference, *, dropping=False):
    """The lower bound of a form on the unit cube by the same rule, in fractions."""
    form = dict(form)
    total = form.pop(UNIT, Fraction(0))
    for k in sorted(reference, reverse=True):
        c = form.pop(scaled.n + k, Fraction(0))
        lo, up = reference[k]
        slope = Fraction(1) if lo >= 0 else Fraction(0) if up <= 0 else up / (up - lo)
        kept = lo >= 0 if dropping else up > 0 and up >= -lo
        d = c * kept if c > 0 else c * slope
        if c < 0:
            total += min(-d * lo, (c - d) * up)
        for v, w in scaled.divided(scaled.forms[k], scaled.divisors[k]).items():
            w = Fraction(int(w.p), int(w.q))
            if v == UNIT:
                total += d * w
            else:
                form[v] = form.get(v, Fraction(0)) + d * w
    return total + sum(min(c, Fraction(0)) for c in form.values())


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([(3, 6, 1), (3, 5, 5, 1)]))
def test_the_checker_confirms_bounds_with_optimised_slopes(seed, sizes):
    low = lowered(network(seed, sizes))
    setting = Setting.of(low, BOX, [((0, ">="),)])
    search = Search(setting.bounder, setting.start, setting.owners, 1, bool, setting.known)
    rng = np.random.default_rng(seed)
    ends = np.sort(rng.integers(0, TOP + 1, (6, 2, 3)), axis=1)
    a, b = ends[:, 0].astype(float), ends[:, 1].astype(float)
    known = setting.known.gathered([setting.known.row(0)] * 6).renewed(setting.bounder, a, b)
    shares = [(end / TOP).astype(np.float32) for end in (a, b)]
    bounds = [known.low.astype(np.float32), known.high.astype(np.float32)]
    plain = combinations(search.levels, relaxed_of(search.levels, *bounds), search.rows, *shares)
    found, told = optimised(search.levels, search.rows, *shares, *bounds)
    assert (found.values >= plain.values - 1e-5).all()
    words = words_of(np.asarray(told))
    for i in range(6):
        (state,) = read_tree([f"-0{words[i][0]}"], 3, 1, [0], setting.bounder.rows)
        (bound,) = state.bounds
        state.bounds = [replace(bound, low=tuple(ends[i, 0]), high=tuple(ends[i, 1]))]
        ((_, value),) = lower_bounds(setting.bounder, known.gathered([known.row(i)]), setting.start, [state])
        assert value == pytest.approx(float(found.values[i, 0]), abs=1e-4)


def test_slopes_save_boxes(monkeypatch):
    # y = x - 2 relu(x - 1/2), at most 1/2: with slopes 0 and 1 only, boxes have to be small around the roof
    net = relucirc.MLP.from_arrays([([[1, 0], [1, 0]], [0, "-1/2"]), ([[1, -2]], None)])
    low = shifted(lowered(net), fmpq(1, 2) + fmpq(1, 1 << 12))
    box = [(fmpq(0), fmpq(1))] * 2
    trees = {}
    for easy in (0, 10**6):
        monkeypatch.setattr("relucirc.proof.boxes.search.EASY", easy)
        evidence = decided(low, box)
        check(low, box, evidence)
        trees[easy] = evidence["tree"].split(" ")
    assert len(trees[0]) < len(trees[10**6])
    assert any("/" in word for word in trees[0])


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([(3, 6, 1), (3, 5, 5, 1)]))
def test_a_threshold_is_decided_on_both_sides_of_the_largest_value(seed, sizes):
    low = lowered(network(seed, sizes))
    rng = np.random.default_rng(seed)
    points = [[a + (b - a) * fmpq(int(rng.integers(0, 65)), 64) for a, b in BOX] for _ in range(40)]
    best = max(values_of(low, point)[0] for point in points)
    found = decided(shifted(low, best), BOX)
    assert found is None or isinstance(found, Refuted)  # the value is attained
    above = shifted(low, best + fmpq(1, 50))
    found = decided(above, BOX)
    if isinstance(found, Refuted):
        assert values_of(above, found.point)[0] >= 0
        assert all(a <= c <= b for c, (a, b) in zip(found.point, BOX, strict=True))
    elif found is not None:
        check(above, BOX, found)
        with pytest.raises(Rejected):  # the same evidence, of what is not so
            check(shifted(low, best), BOX, found)


def certified():
    low = lowered(network(3, (3, 12, 12, 1)))
    rng = np.random.default_rng(0)
    points = [[a + (b - a) * fmpq(int(rng.integers(0, 65)), 64) for a, b in BOX] for _ in range(300)]
    above = shifted(low, max(values_of(low, point)[0] for point in points) + fmpq(1, 20))
    found = decided(above, BOX)
    assert isinstance(found, dict)
    assert len(found["tree"].split()) > 10
    return above, found


def test_mutated_certificates_are_rejected():
    low, evidence = certified()
    check(low, BOX, evidence)
    words = evidence["tree"].split(" ")
    for i, word in enumerate(words):
        others = [words[:i] + words[i + 1 :], [*words[:i], word, *words[i:]], [*words[:i], "-1", *words[i + 1 :]]]
        for mutated in others if word[0] not in "!~" else others[2:]:
            with pytest.raises(Rejected):
                check(low, BOX, {**evidence, "tree": " ".join(mutated)})
    for field, value in [
        ("flips", evidence["flips"][1:]),
        ("flips", 3),
        ("combinations", [[0, ["-1"]]]),
        ("combinations", [[0, ["0"]]]),
        ("combinations", [[1, ["1"]]]),
        ("combinations", []),
        ("tree", ""),
        ("tree", "-0"),
        ("tree", None),
        ("tree", evidence["tree"] + " 0"),
    ]:
        with pytest.raises(Rejected):
            check(low, BOX, {**evidence, field: value})
    with pytest.raises(Rejected):
        check(low, BOX, {**evidence, "more": 1})


def test_a_wider_box_needs_its_own_evidence():
    low, evidence = certified()
    wide = [(a - 40, b + 40) for a, b in BOX]
    with pytest.raises(Rejected):
        check(low, wide, evidence)


def test_strict_relations_differ_from_weak_ones_at_a_tie():
    net = relucirc.MLP.from_arrays([([["0"]], ["-1"]), ([["1"]], ["0"])], inputs=("x",))  # 0 everywhere
    low = lowered(net)
    box = [(fmpq(0), fmpq(1))]
    assert isinstance(decided(low, box, ">="), Refuted)


TWO = "(declare-const X_0 Real)(declare-const X_1 Real)(declare-const Y_0 Real)"
UNIT_BOX = "(assert (<= 0 X_0))(assert (<= X_0 1.0))(assert (>= X_1 0))(assert (>= 1 X_1))"


def test_verify_says_unsat_with_a_certificate_that_is_about_this_property_only():
    net = relucirc.circuits.maximum()
    text = TWO + UNIT_BOX + "(assert (>= Y_0 1.125))"
    answer = relucirc.verify(net, text)
    assert answer.status == "unsat"
    assert check_property([net.exact()], read_property(text), answer.certificate)
    other = read_property(TWO + UNIT_BOX + "(assert (>= Y_0 0.875))")
    assert not check_property([net.exact()], other, answer.certificate)
    assert not check_property([relucirc.circuits.minimum().exact()], read_property(text), answer.certificate)
    less = copy.deepcopy(answer.certificate)
    less["cases"] = []
    assert not check_property([net.exact()], read_property(text), less)


def test_verify_says_sat_with_an_exact_point():
    net = relucirc.circuits.maximum()
    answer = relucirc.verify(net, TWO + UNIT_BOX + "(assert (or (>= Y_0 2) (and (>= Y_0 0.75) (<= X_0 0.25))))")
    assert answer.status == "sat"
    values = answer.witness
    assert values["Y_0"] == max(values["X_0"], values["X_1"])
    assert values["Y_0"] >= 0.75
    assert values["X_0"] <= 0.25
    assert str(answer).startswith("sat\n((X_0 ")
