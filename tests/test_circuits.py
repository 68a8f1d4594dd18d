"""The catalogue: every circuit is proved equal to its formula, and agrees with plain Python arithmetic."""

import contextlib
import inspect
import itertools
from fractions import Fraction
from statistics import median

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import relucirc
from relucirc import circuits
from relucirc.circuits import Circuit, catalogue, compose, parallel, tree
from relucirc.circuits.sorting import order_network
from relucirc.core.errors import NetworkError, RelucircError
from relucirc.core.exact import fraction, rational
from relucirc.language.sorting import merge_exchange
from relucirc.strategies import networks, points, rationals

EVERY_EXAMPLE = [(circuit, args) for circuit in catalogue.values() for args in circuit.examples]
ORIGINAL_SIZES = {
    "positiveness_detector": (1, 1, 1),
    "negativeness_detector": (1, 1, 1),
    "positive_reconstructor": (1, 1, 1),
    "negative_reconstructor": (1, 1, 1),
    "greaterness_detector": (2, 1, 1),
    "identity": (1, 2, 1),
    "negative_identity": (1, 2, 1),
    "absolute": (1, 2, 1),
    "addition": (2, 2, 1),
    "subtraction": (2, 2, 1),
    "minimum": (2, 3, 1),
    "minimum_two_layers": (2, 3, 2, 1),
    "maximum": (2, 3, 1),
}


def values(net, *point):
    """Exact outputs as Fractions."""
    return [fraction(v) for v in net.trace(net.point(*point))[-1][1]]


def name_of(example):
    return f"{example[0].name}{example[1] or ''}" if isinstance(example, tuple) else None


@pytest.mark.parametrize(("circuit", "args"), EVERY_EXAMPLE, ids=map(name_of, EVERY_EXAMPLE))
def test_every_circuit_is_proved_equal_to_its_formula(circuit, args):
    result = relucirc.prove(circuit(*args), circuit.formula(*args), domain=circuit.domain_of(*args))
    assert result.status == "proved", result
    assert relucirc.check(circuit(*args), circuit.formula(*args), result.certificate, circuit.domain_of(*args))


SMALL = [(circuit, args) for circuit, args in EVERY_EXAMPLE if circuit(*args).hidden_neurons <= 12]


@pytest.mark.parametrize(("circuit", "args"), SMALL, ids=map(name_of, SMALL))
def test_no_first_weight_of_a_circuit_can_change(circuit, args):
    """Every weight of the first layer matters: moved by 2^-40, the network is refuted."""
    net = circuit(*args)
    step = Fraction(1, 2**40)
    layer = net.layers[0]
    for i, row in enumerate(layer.weight.tolist()):
        for j, weight in enumerate(row):
            if weight == 0:
                continue
            changed = layer.weight.tolist()
            changed[i][j] = fraction(weight) + step
            bias = None if layer.bias is None else list(layer.exact_bias())
            other = relucirc.MLP.from_arrays([(changed, bias), *net.layers[1:]], net.inputs)
            result = relucirc.prove(other, circuit.formula(*args), domain=circuit.domain_of(*args))
            assert result.status == "refuted", (i, j)


def test_the_originals_circuits_have_the_originals_sizes():
    assert {name: catalogue[name]().sizes for name in ORIGINAL_SIZES} == ORIGINAL_SIZES
    assert list(catalogue)[: len(ORIGINAL_SIZES)] == list(ORIGINAL_SIZES)
    for name in ORIGINAL_SIZES:
        assert "Osier" in catalogue[name].source
        assert catalogue[name].kind == ("circuit" if name in list(ORIGINAL_SIZES)[5:] else "feature")


def test_every_circuit_is_an_attribute_and_describes_itself():
    for name, circuit in catalogue.items():
        assert isinstance(circuit, Circuit)
        assert getattr(circuits, name) is circuit
        assert circuit.name == name
        assert circuit.description.endswith(".")
        assert circuit.source
        assert circuit.examples[0] == ()
        assert name in repr(circuit)
        assert circuit().is_exact
        assert circuit.domain is None or isinstance(circuit.domain, str)


WORKED = {
    "identity": {(3,): ([3, -3], [3, 0], [3]), (-5,): ([-5, 5], [0, 5], [-5])},
    "negative_identity": {(3,): ([3, -3], [3, 0], [-3]), (-5,): ([-5, 5], [0, 5], [5])},
    "absolute": {(3,): ([3, -3], [3, 0], [3]), (-5,): ([-5, 5], [0, 5], [5])},
    "addition": {(3, 5): ([8, -8], [8, 0], [8]), (3, -5): ([-2, 2], [0, 2], [-2])},
    "subtraction": {(3, 5): ([-2, 2], [0, 2], [-2]), (3, -5): ([8, -8], [8, 0], [8])},
    "minimum": {(3, 5): ([5, -5, 2], [5, 0, 2], [3]), (3, -5): ([-5, 5, -8], [0, 5, 0], [-5])},
    "maximum": {(3, 5): ([5, -5, -2], [5, 0, 0], [5]), (3, -5): ([-5, 5, 8], [0, 5, 8], [3])},
    "positive_reconstructor": {(3,): ([3], [3], [3]), (-5,): ([-5], [0], [0])},
    "negative_reconstructor": {(3,): ([-3], [0], [0]), (-5,): ([5], [5], [-5])},
    "greaterness_detector": {(3, 5): ([-2], [0], [0]), (3, -5): ([8], [8], [8])},
}


@pytest.mark.parametrize("name", WORKED)
def test_the_worked_examples_of_the_original_value_by_value(name):
    """Pre-activations, activations and output at the inputs 3, -5, (3, 5) and (3, -5)."""
    net = catalogue[name]()
    for point, (before, after, output) in WORKED[name].items():
        hidden, last = net.trace(net.point(*point))
        assert hidden == (before, after)
        assert last == (output, output)


def test_the_first_version_of_the_minimum_value_by_value():
    net = circuits.minimum_two_layers()
    first, second, last = net.trace(net.point(3, -5))
    assert first == ([-5, 5, -8], [0, 5, 0])
    assert second == ([-5, 5], [0, 5])
    assert last == ([-5], [-5])


@given(points(1), points(2))
def test_circuits_agree_with_plain_arithmetic(one, two):
    (x,), (a, b) = one, two
    expected = {
        "positiveness_detector": (one, max(0, x)),
        "negativeness_detector": (one, max(0, -x)),
        "positive_reconstructor": (one, max(0, x)),
        "negative_reconstructor": (one, min(0, x)),
        "greaterness_detector": (two, max(0, a - b)),
        "identity": (one, x),
        "negative_identity": (one, -x),
        "absolute": (one, abs(x)),
        "addition": (two, a + b),
        "subtraction": (two, a - b),
        "minimum": (two, min(a, b)),
        "minimum_two_layers": (two, min(a, b)),
        "maximum": (two, max(a, b)),
        "distance": (two, abs(a - b)),
        "clip": (one, min(max(x, 0), 1)),
        "relu6": (one, min(max(x, 0), 6)),
        "hard_tanh": (one, min(max(x, -1), 1)),
        "hard_sigmoid": (one, min(max(x / 6 + Fraction(1, 2), 0), 1)),
        "soft_threshold": (one, 0 if abs(x) <= 1 else x - 1 if x > 0 else x + 1),
        "leaky_relu": (one, x if x > 0 else x / 100),
        "saturating_add": (two, min(max(a + b, 0), 255)),
        "hat": (one, max(0, 1 - abs(x))),
        "hat2": (two, max(0, 1 - max(a, b, 0) + min(a, b, 0))),
    }
    for name, (point, value) in expected.items():
        assert values(catalogue[name](), *point) == [value], name


@given(st.integers(1, 9).flatmap(points))
def test_trees_and_sorting_networks_agree_with_sorted(point):
    n = len(point)
    ascending = sorted(point)
    assert values(circuits.minimum(n), *point) == [ascending[0]]
    assert values(circuits.maximum(n), *point) == [ascending[-1]]
    assert values(circuits.sort(n), *point) == ascending
    for k in range(1, n + 1):
        assert values(circuits.order_statistic(n, k), *point) == [ascending[k - 1]]
    if n % 2:
        assert values(circuits.median(n), *point) == [median(point)]


@given(points(3))
def test_spread_is_the_range(point):
    assert values(circuits.spread(), *point) == [max(point) - min(point)]


@pytest.mark.parametrize("n", range(1, 9))
def test_unused_comparators_are_left_out(n):
    assert order_network(n, range(1, n + 1)).sizes[1:-1] == (2 * n,) * (len(circuits.sort(n).layers) - 1)
    for k in range(1, n + 1):
        assert circuits.order_statistic(n, k).hidden_neurons <= circuits.sort(n).hidden_neurons
    assert circuits.order_statistic(n, 1).hidden_neurons <= 2 * n + 2 * len(merge_exchange(n))


def test_sizes_of_the_circuits_beyond_the_original():
    sizes = {
        "distance": (2, 2, 1),
        "spread": (3, 3, 1),
        "median": (3, 6, 4, 1),
        "clip": (1, 2, 1),
        "soft_threshold": (1, 2, 1),
        "saturating_add": (2, 2, 1),
        "hat": (1, 3, 1),
        "hat2": (2, 3, 1, 1),
        "not_gate": (1, 1),
        "and_gate": (2, 1, 1),
        "or_gate": (2, 1, 1),
        "xor_gate": (2, 2, 1),
        "half_adder": (2, 2, 2),
        "full_adder": (3, 3, 2),
        "select": (3, 2, 1),
    }
    assert {name: catalogue[name]().sizes for name in sizes} == sizes


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_the_square_is_exact_at_its_nodes_and_off_by_a_power_of_four_between_them(depth):
    net, steps = circuits.yarotsky_square(depth), 2**depth
    for j in range(steps):
        assert values(net, Fraction(j, steps)) == [Fraction(j, steps) ** 2]
        middle = Fraction(2 * j + 1, 2 * steps)
        assert values(net, middle)[0] - middle**2 == Fraction(1, 4 ** (depth + 1))
    assert net.hidden_neurons == 3 * depth - 1


@given(st.integers(1, 6), rationals(0, 1, max_denominator=12))
def test_the_sawtooth_folds_the_interval(depth, x):
    expected = x
    for _ in range(depth):
        expected = min(2 * expected, 2 - 2 * expected)
    assert values(circuits.sawtooth(depth), x) == [expected]


BITS = (0, 1)
GATES = {
    "and_gate": all,
    "or_gate": any,
    "nand_gate": lambda bits: not all(bits),
    "nor_gate": lambda bits: not any(bits),
    "parity_gate": lambda bits: sum(bits) % 2,
}


@pytest.mark.parametrize("n", range(1, 6))
def test_gates_of_n_bits_have_their_truth_tables(n):
    for name, truth in GATES.items():
        net = catalogue[name](n)
        for bits in itertools.product(BITS, repeat=n):
            assert values(net, *bits) == [int(truth(bits))], (name, bits)


def test_other_gates_have_their_truth_tables():
    for a, b in itertools.product(BITS, repeat=2):
        assert values(circuits.xor_gate(), a, b) == [a ^ b]
        assert values(circuits.xnor_gate(), a, b) == [1 - (a ^ b)]
        assert values(circuits.implies_gate(), a, b) == [int(not a or b)]
        assert values(circuits.half_adder(), a, b) == [a ^ b, a & b]
        for c in BITS:
            assert values(circuits.full_adder(), a, b, c) == [(a + b + c) % 2, (a + b + c) // 2]
    assert [values(circuits.not_gate(), a) for a in BITS] == [[1], [0]]
    for bits in itertools.product(BITS, repeat=5):
        assert values(circuits.majority_gate(5), *bits) == [int(sum(bits) >= 3)]


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_the_ripple_adder_adds(n):
    net = circuits.ripple_adder(n)
    for a, b in itertools.product(range(2**n), repeat=2):
        bits = [a >> k & 1 for k in range(n)] + [b >> k & 1 for k in range(n)]
        assert values(net, *bits) == [a + b >> k & 1 for k in range(n + 1)]


@given(st.sampled_from(BITS), *[rationals(0, 5)] * 2)
def test_selection_picks_by_a_bit(bit, a, b):
    assert values(circuits.select(5), bit, a, b) == [a if bit else b]
    assert values(circuits.switch(5), bit, a) == [a * bit]


@given(rationals(), rationals(Fraction(1, 4)), points(1))
def test_parameters_of_clips(lower, width, point):
    (x,) = point
    assert values(circuits.clip(lower, lower + width), x) == [min(max(x, lower), lower + width)]
    assert values(circuits.leaky_relu(width), x) == [x if x > 0 else width * x]
    shrunk = max(abs(x) - width, 0)
    assert values(circuits.soft_threshold(width), x) == [shrunk if x > 0 else -shrunk]


@st.composite
def composable(draw):
    inner = draw(networks(dtypes=[None]))
    return draw(networks(inputs=inner.sizes[-1], dtypes=[None])), inner, draw(points(inner))


@given(composable())
def test_composition_computes_the_composition(drawn):
    outer, inner, point = drawn
    both = compose(outer, inner)
    assert values(both, *point) == values(outer, *values(inner, *point))
    assert both.inputs == inner.inputs
    assert both.sizes[1:-1] == inner.sizes[1:-1] + outer.sizes[1:-1]


@given(
    st.lists(networks(dtypes=[None], max_depth=2), min_size=1, max_size=3).flatmap(
        lambda nets: st.tuples(st.just(nets), points(sum(len(net.inputs) for net in nets)))
    )
)
def test_parallel_networks_compute_side_by_side(drawn):
    nets, point = drawn
    expected, start = [], 0
    for net in nets:
        expected += values(net, *point[start : start + len(net.inputs)])
        start += len(net.inputs)
    both = parallel(*nets)
    assert values(both, *point) == expected
    assert len(both.layers) == max(len(net.layers) for net in nets)


@given(st.lists(networks(inputs=2, dtypes=[None], max_depth=2), min_size=1, max_size=3), points(2))
def test_parallel_networks_share_inputs(nets, point):
    both = parallel(*nets, shared=True)
    assert values(both, *point) == [v for net in nets for v in values(net, *point)]
    assert both.inputs == nets[0].inputs


def fold(net, point):
    """Combines neighbours, level by level; the last of an odd number waits."""
    level = list(point)
    while len(level) > 1:
        paired = [values(net, a, b)[0] for a, b in zip(level[::2], level[1::2], strict=False)]
        level = paired + level[2 * len(paired) :]
    return level


@given(networks(inputs=2, outputs=1, dtypes=[None], max_depth=2), st.integers(1, 6).flatmap(points))
@settings(max_examples=50)
def test_a_tree_folds_neighbours(net, point):
    assert values(tree(net, len(point)), *point) == fold(net, point)


def test_combinators_take_circuits_and_float_networks():
    assert compose(circuits.absolute, circuits.subtraction).at(3, 5) == (2,)
    halves = circuits.identity().astype("float32")
    assert parallel(halves, circuits.negative_identity, shared=True).at("1/3") == (
        sympy.Rational(1, 3),
        sympy.Rational(-1, 3),
    )


def test_a_large_tree_is_sparse():
    net = circuits.minimum(1024)
    assert net.sizes == (1024, 1536, 768, 384, 192, 96, 48, 24, 12, 6, 3, 1)
    assert sum(len(row) for layer in net.layers for row in layer.weight.rows) < 20_000
    assert net.at(*range(7, 1031)) == (7,)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: circuits.minimum(0), "minimum: expected an integer of at least 1, got 0"),
        (lambda: circuits.sort(True), "sort: expected an integer of at least 1, got True"),
        (lambda: circuits.median(4), "expected an odd number of inputs, got 4; use order_statistic"),
        (lambda: circuits.order_statistic(3, 4), "expected k from 1 to 3, got 4"),
        (lambda: circuits.majority_gate(2), "expected an odd number of bits, got 2"),
        (lambda: circuits.clip(1, 1), "expected lower < upper, got lower = 1 and upper = 1"),
        (lambda: circuits.soft_threshold(-1), "expected a positive number, got -1"),
        (lambda: circuits.select(0), "expected a positive number, got 0"),
        (lambda: tree(circuits.absolute, 3), "expected a circuit with 2 inputs and 1 output, got 1 and 1"),
        (lambda: tree(circuits.minimum, 0), "number of inputs of at least 1, got 0"),
        (compose, "expected at least one network, got none"),
        (parallel, "expected at least one network, got none"),
        (lambda: compose(circuits.minimum, circuits.absolute), "gives 1 values, the outer one takes 2"),
        (lambda: parallel(circuits.minimum, circuits.absolute, shared=True), "got [2, 1] of them; use shared=False"),
        (lambda: compose(circuits.absolute, 3), "expected networks or circuits, got 3"),
        (lambda: compose(circuits.absolute.family()), "combine circuits first, then family_of"),
    ],
)
def test_errors_say_what_was_expected_and_what_came(build, words):
    with pytest.raises(NetworkError) as error:
        build()
    assert words in str(error.value)


@pytest.mark.parametrize("circuit", catalogue.values(), ids=list(catalogue))
def test_a_circuit_says_what_it_takes_whatever_it_is_given(circuit):
    takes = [f"{parameter.name}={parameter.default!r}" for parameter in circuit.parameters]
    too_many = [3] * (len(takes) + 1)
    for ask in (circuit, circuit.formula, circuit.domain_of, circuit.family):
        for args, kwargs in ((too_many, {}), ((), {"nonsense": 3}), ((3, 2, 1), {"n": 2})):
            with pytest.raises(NetworkError) as error:
                ask(*args, **kwargs)
            sentence = str(error.value)
            assert sentence.startswith(f"{circuit.name}: expected ")
            assert ", ".join(takes) in sentence
            assert ("no arguments" in sentence) == (not takes)
            assert "nonsense=3" in sentence or "3, " in sentence or "(3)" in sentence
            assert "lambda" not in sentence
            assert "positional" not in sentence
        for i, junk in itertools.product(range(len(takes)), ("a", None, [], -1.5, float("nan"), True, 10**40)):
            with contextlib.suppress(RelucircError):
                ask(*[parameter.default for parameter in circuit.parameters[:i]], junk)


def test_the_parameters_of_a_circuit_are_those_of_its_formula_and_its_domain():
    for circuit in catalogue.values():
        for make in (circuit.claim, circuit.where):
            names = {} if make is None else inspect.signature(make).parameters
            assert all(names[p.name].default == p.default for p in circuit.parameters if names), circuit


def test_sizes_too_large_to_build_are_refused_before_they_are_built():
    for build in (
        lambda: circuits.sort(10**6),
        lambda: circuits.parity_gate(10**6),
        lambda: circuits.ripple_adder(10**4),
        lambda: circuits.sawtooth.formula(64),
        lambda: circuits.yarotsky_square.formula(64),
        lambda: circuits.minimum(10**9),
    ):
        with pytest.raises(NetworkError, match=r"expected an integer of at most \d+, got \d+"):
            build()


def test_where_a_circuit_is_what_it_says_is_said_in_words():
    assert circuits.minimum.where_words(4) == "everywhere"
    assert circuits.and_gate.where_words(5) == circuits.ripple_adder.where_words() == "bits"
    assert circuits.switch.where_words("7/2") == "x1 in {0, 1}, 0 <= x2 <= 7/2"


def test_formulas_of_many_inputs_are_cheap():
    for circuit, args in [(circuits.minimum, (1024,)), (circuits.sort, (64,)), (circuits.median, (101,))]:
        formula = circuit.formula(*args)
        parts = formula if isinstance(formula, list) else [formula]
        assert all(isinstance(part, sympy.Expr) for part in parts)


def test_trained_networks_are_the_printed_ones():
    found = circuits.trained()
    assert list(found) == ["identity", "negative_identity", "absolute", "addition", "subtraction", "minimum"]
    for name, entry in found.items():
        assert entry.network.sizes == catalogue[name]().sizes
        assert "Osier" in entry.source
        assert relucirc.prove(catalogue[name](), entry.formula).status == "proved"
        result = relucirc.prove(entry.network, entry.formula)
        assert result.status == "refuted"
    assert found["minimum"].network.layers[0].weight[1, 0] == rational("-4.7060e-08")
