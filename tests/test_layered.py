"""Forms that keep their coefficients in arrays, and graphs of maxima as layered networks."""

import pickle
from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

from relucirc.core.exact import ONE, ZERO, rational
from relucirc.core.forms import Form
from relucirc.core.graph import GraphBuilder, Guard
from relucirc.language.layered import network_of_graph
from relucirc.language.rows import Renaming, RowForm, plain

WEIGHTS = st.lists(st.floats(-8, 8, width=32).map(float), min_size=1, max_size=5).filter(any)


@given(WEIGHTS, st.integers(-3, 3), st.permutations(range(5)))
def test_a_form_in_an_array_is_the_form_with_its_terms(row, const, order):
    places, const = tuple(order[: len(row)]), fmpq(const)
    lazy = RowForm(np.array(row, np.float32), places, const)
    form = Form({v: rational(c) for v, c in zip(places, row, strict=True)}, const)
    assert lazy == form
    assert form == lazy
    assert hash(lazy) == hash(form)
    assert list(lazy.variables) == list(form.variables)
    assert lazy.shift(ONE) == form.shift(ONE)
    assert lazy - Form.variable(0) == form - Form.variable(0)
    assert type(pickle.loads(pickle.dumps(lazy))) is Form
    for state in (lambda v: Form.variable(7 - v), lambda v: Form({v: fmpq(2)}, ONE), lambda _: Form()):
        assert Renaming(state)(lazy) == form.substitute(state)


def test_only_distinct_variables_and_zeros_are_plain():
    x, y = Form.variable(3), Form.variable(1)
    assert plain([x, ZERO, y]) == ([0, 2], (3, 1))
    for row in ([x, x], [x, ONE], [x, Form({1: fmpq(2)})], [x.shift(ONE)], [ZERO], [x, 1.5]):
        assert plain(row) is None


@given(
    st.lists(st.tuples(st.integers(0, 2), st.lists(st.integers(-2, 2), min_size=6, max_size=6)), max_size=6), st.data()
)
def test_a_graph_of_maxima_and_its_network_have_the_same_values(steps, data):
    builder = GraphBuilder(["x1", "x2"])
    forms = [builder.input(0), builder.input(1)]
    for kind, numbers in steps:
        left, right = (
            sum((f.scale(fmpq(c)) for f, c in zip(forms[-2:], part, strict=False)), Form.constant(fmpq(part[2])))
            for part in (numbers[:3], numbers[3:])
        )
        forms.append(builder.max([left, right]) if kind == 2 else (builder.neuron, builder.relu)[kind](left))
    graph = builder.build(forms[-3:])
    exact, floating = network_of_graph(graph), network_of_graph(graph, [np.float16, np.float32])
    for _ in range(4):
        point = data.draw(st.tuples(st.integers(-5, 5), st.integers(-5, 5)))
        expected = [Fraction(int(v.p), int(v.q)) for v in graph.evaluate([fmpq(p) for p in point])]
        assert list(exact.at(*point)) == expected
        assert list(floating.at(*point)) == expected


def test_weights_take_the_first_type_that_rounds_none():
    def network(*coefficients):
        builder = GraphBuilder(["x"])
        outputs = [builder.relu(builder.input(0).scale(c)) for c in coefficients]
        return network_of_graph(builder.build(outputs), [np.float16, np.float32])

    assert network(fmpq(1, 4)).layers[0].weight.dtype == np.float16
    assert network(fmpq(1, 4), fmpq(1, 1 << 40)).layers[0].weight.dtype == np.float32
    assert network(fmpq(1, 4), fmpq(1, 3)).is_exact
    assert network(fmpq(10**39)).is_exact


def test_a_rectifier_that_nothing_reads_stays_and_another_maximum_goes():
    builder = GraphBuilder(["x"])
    x = builder.input(0)
    builder.max([x, -x])
    builder.relu(x)
    net = network_of_graph(builder.build([builder.relu(-x)]))
    assert net.sizes == (1, 2, 1)
    chosen = builder.build([builder.select([(Guard("true"), x)])])
    with pytest.raises(AssertionError):  # a choice is no maximum, and the caller has to look
        network_of_graph(chosen)
