"""Universality: circuits of one kind are one row, in however many networks and however they are written."""

import json

import jax
import pytest
import sympy
from disguises import EVERY_WAY, disguise
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

import relucirc
from relucirc import MLP, RelucircError, circuits, universality
from relucirc.core.graph import Graph
from relucirc.interpretation.circuits_within import circuits_within, term_of
from relucirc.interpretation.kinds import Kinds
from relucirc.interpretation.orbits import Orbit
from relucirc.language.lower.from_formula import graph_of_formula
from relucirc.proof.prover import prove
from relucirc.training import run_census

X, X1, X2, X3 = sympy.symbols("x x1 x2 x3")
SHAPES = [
    sympy.Min(X1, X2),
    sympy.Max(0, X1),
    sympy.Abs(X1),
    sympy.Abs(X1 - X2),
    sympy.Max(-1, sympy.Min(1, X1)),
    sympy.Max(0, sympy.Rational(1, 2) - sympy.Abs(X1)),
    sympy.Max(0, X1 + X2),
    sympy.Max(X1, X2, X3),
    sympy.Max(sympy.Min(X1, X2), sympy.Min(sympy.Max(X1, X2), X3)),
    sympy.Max(0, X1, X2 - 1),
    X1,
    X1 + X2,
]
"""Of twelve kinds."""
NUMBERS = st.sampled_from([sympy.Rational(*pair) for pair in ((1, 1), (-1, 1), (2, 1), (-1, 3), (5, 2), (-7, 1))])


def compiled(formula):
    return relucirc.compile_formula(formula).network


def orbit(formula):
    names = sorted(symbol.name for symbol in formula.free_symbols)
    return Orbit(graph_of_formula(formula, names))


@st.composite
def images(draw):
    """A function, and an image of it: variables in another order, scaled and shifted; scaled and shifted."""
    formula = draw(st.sampled_from(SHAPES))
    symbols = sorted(formula.free_symbols, key=str)
    order = draw(st.permutations(symbols))
    moved = {a: draw(NUMBERS) * b + draw(NUMBERS) for a, b in zip(symbols, order, strict=True)}
    return formula, draw(NUMBERS) * formula.xreplace(moved) + draw(NUMBERS)


@settings(max_examples=60, deadline=None)
@given(images())
def test_images_of_a_function_have_one_place_proved(pair):
    one, other = map(orbit, pair)
    assert one.key == other.key
    assert prove(one.normal, other.normal).status == "proved"


def test_different_kinds_have_different_keys():
    assert len({orbit(formula).key for formula in SHAPES}) == len(SHAPES)


def test_a_place_is_an_image_of_the_function():
    """So it has as many pieces, the steepest slopes are 1, and it bends somewhere."""
    formula = 3 * sympy.Max(sympy.Min(2 * X1 - 5, X2), X3 / 7) + 2
    place = Orbit(orbit(formula).normal)
    assert len(place.pieces) == len(orbit(formula).pieces) == 3
    assert place.scales == [1, 1, 1]


def test_functions_with_the_same_pieces_are_told_apart():
    second, third = (relucirc.order_statistic(k, *sympy.symbols("x1:6")) for k in (2, 3))
    one, other = orbit(second), orbit(third)
    assert set(one.pieces) == set(other.pieces)
    assert one.key != other.key


def test_one_key_is_not_enough_to_be_one_kind(monkeypatch):
    """The proof decides: with keys that say only how many variables there are, kinds stay what they are."""
    monkeypatch.setattr(Orbit, "key", property(lambda self: self.graph.inputs))
    kinds = Kinds()
    terms = [term for formula in SHAPES for term in circuits_within(term_of(formula, {X1: 0, X2: 1, X3: 2}))]
    numbers = [kinds.number(term) for term in terms]
    monkeypatch.undo()
    keys = [Orbit(kinds.found[number].normal).key for number in numbers]
    assert len(set(keys)) == len(set(numbers))


@pytest.mark.parametrize(
    ("formula", "parts"),
    [
        (sympy.Abs(X3) + sympy.Min(X1, X2), {"absolute", "minimum"}),
        (sympy.Max(sympy.Min(X1, X2), X3), {"minimum"}),
        (sympy.Abs(sympy.Max(X3, X1 - 1)), {"absolute", "minimum"}),
        (2 - 3 * sympy.Max(-1, sympy.Min(1, X1 + X2)), {"clip"}),
        (X1 + 2 * X2 - 5, {"sum"}),
    ],
)
def test_a_formula_falls_into_its_circuits(formula, parts):
    kinds = Kinds()
    for known in (sympy.Min(X1, X2), sympy.Abs(X1), X1 + X2, sympy.Max(-1, sympy.Min(1, X1 + X2))):
        for term in circuits_within(term_of(known, {X1: 0, X2: 1})):
            kinds.found[kinds.number(term)].members[term] += 1
    names = [kind.names[0] for kind in kinds.found]
    found = {kinds.number(term) for term in circuits_within(term_of(formula, {X1: 0, X2: 1, X3: 2}))}
    assert len(kinds.found) == len(names)  # nothing new
    assert {names[number] for number in found} == parts


def test_circuits_are_counted_by_network_and_group():
    shared = {
        "sum": [compiled("Min(x1, x2) + Abs(x3)"), compiled("3*Abs(x2 + 1) - Max(x1, x3)")],
        "least": [circuits.minimum(4), circuits.minimum()],
        "absolute": circuits.absolute(),
    }
    found = universality(shared)
    assert found.status == "counted"
    assert found.groups == ("sum", "least", "absolute")
    assert found.group_of.tolist() == [0, 0, 1, 1, 2]
    assert found.circuits == ("minimum", "absolute")
    assert found.counts.tolist() == [[1, 1], [1, 1], [3, 0], [1, 0], [0, 1]]
    assert [row.by_group for row in found.rows] == [(2, 2, 0), (2, 0, 1)]
    assert [row.formula for row in found.rows] == [sympy.Min(*sympy.symbols("v1 v2")), sympy.Abs(sympy.Symbol("v"))]
    assert set(found.rows[0].names) == {"minimum", "maximum"}
    assert found.sizes == ((2, 2), (2, 2), (1, 1))


@pytest.mark.parametrize("circuit", ["minimum", "absolute", "clip", "maximum"])
@pytest.mark.parametrize("seed", range(2))
def test_a_disguise_changes_no_count(circuit, seed):
    net = circuits.catalogue[circuit]()
    found = universality({"as it is": net, "disguised": disguise(net, *EVERY_WAY, seed=seed)})
    assert (found.counts[0] == found.counts[1]).all()
    assert all(row.groups == 2 for row in found.rows)


def test_features_of_neurons_are_counted_too():
    found = universality([circuits.minimum(), circuits.absolute(), circuits.subtraction()])
    has = dict(zip(found.features, found.feature_counts.T.tolist(), strict=True))
    assert has["greaterness detector"] == [1, 0, 1]
    assert has["positiveness detector"] == [1, 1, 0]
    assert has["absolute circuit"] == [0, 1, 0]


def test_a_domain_takes_away_what_does_not_bend_on_it():
    net = compiled("Min(x1, x2) + Abs(x3)")
    assert universality(net).circuits == ("absolute", "minimum")
    assert universality(net, "x3 >= 0").circuits == ("minimum",)


def test_a_trained_network_is_snapped_and_one_near_nothing_short_counts_as_not_explained():
    net = circuits.trained()["minimum"].network
    noise = MLP.from_arrays([([[0.3141, 0.7112], [-0.4923, 0.1317]], None), ([[1.9336, -0.3719]], None)])
    found = universality({"trained": [net, noise]}, tolerance=1e-9)
    assert found.explained.tolist() == [False, False]
    assert found.status == "unknown"
    assert "2 not near a short one" in found.reason
    found = universality({"trained": [net, noise], "exact": circuits.minimum()}, tolerance=2e-4)
    assert found.explained.tolist() == [True, False, True]
    assert found.counts.tolist() == [[1], [0], [1]]
    assert "1 not near a short one" in found.reason


def test_the_seeds_of_a_census_are_a_group():
    census = run_census("absolute", seeds=24, steps=500)
    assert 0 < census.proved < 24
    for given_ in (census, census.trained, [census]):
        found = universality(given_)
        assert found.groups == ("Abs(x)",)
        assert found.sizes == ((census.proved, 24),)
        assert found.rows[0].name == "absolute"
        assert found.rows[0].networks == census.proved
        assert f"{24 - census.proved} not proved" in found.reason
    assert universality({"mine": [census, circuits.absolute()]}).sizes == ((census.proved + 1, 25),)


def test_order_and_repetition_of_networks_change_no_row():
    nets = [circuits.minimum(), circuits.median(3), compiled("Min(x1, x2) + Abs(x3)")]
    one, other = universality(nets), universality([*reversed(nets)])
    assert [(row.formula, row.networks) for row in one.rows] == [(row.formula, row.networks) for row in other.rows]
    assert (one.counts == other.counts[::-1]).all()


def test_a_budget_that_ends_leaves_the_rest_not_explained():
    found = universality([circuits.minimum(), circuits.absolute()], budget=0)
    assert found.status == "unknown"
    assert not found.explained.any()
    assert found.counts.shape == (2, 0)
    assert "2 not reached in time" in found.reason
    assert "the budget of 0 s ended" in found.reason


def test_it_is_data_text_and_a_picture(tmp_path):
    found = universality({"one": [circuits.minimum(), circuits.minimum(3)], "other <&>": circuits.maximum(3)})
    data = json.loads(json.dumps(found.to_json()))
    assert data["groups"][0] == {"group": "one", "explained": 2, "networks": 2}
    assert data["rows"][0]["formula"] == "Min(v1, v2)"
    assert "Min(v1, v2)" in str(found)
    picture = found.draw()
    picture.save(tmp_path / "counts.svg")
    assert (tmp_path / "counts.svg").read_text() == picture
    assert picture.startswith("<svg")
    assert "other &lt;&amp;&gt;" in picture
    assert picture in found._repr_html_()
    with pytest.raises(RelucircError):
        found.draw().save(tmp_path / "counts.txt")


@pytest.mark.parametrize("wrong", [[], {}, "minimum", 3, [circuits.minimum(), "x"], circuits.identity.family()])
def test_what_is_no_network_is_refused(wrong):
    with pytest.raises(RelucircError):
        universality(wrong)


def test_the_graph_of_a_place_names_its_variables():
    assert isinstance(orbit(sympy.Min(X1, X2)).normal, Graph)
    assert orbit(sympy.Min(X1, X2)).normal.inputs == ("v1", "v2")
    assert orbit(sympy.Abs(X)).normal.evaluate([fmpq(-3)]) in ([fmpq(3)], [fmpq(-3)])


def test_trained_networks_for_functions_of_shared_parts_share_circuits():
    """Two functions with a minimum inside, one hidden layer each, and a sum beside them."""
    found = {}
    for formula, sizes in (("Min(x1, x2)", (2, 3, 1)), ("Abs(x)", (1, 2, 1))):
        trained = relucirc.train(formula, sizes, key=jax.random.key(1), seeds=4, regimen="best", steps=2000)
        found[formula] = [trained.network(seed) for seed in range(4)]
    rows = {row.name: row for row in universality(found, budget=120).rows}
    assert rows["minimum"].by_group == (4, 0)
    assert rows["absolute"].by_group == (0, 4)
