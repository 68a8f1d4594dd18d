"""The original's worked examples, value by value: inputs 3, -5, (3, 5) and (3, -5).

"Mathematical Circuits in Neural Networks" (Sean Osier, 2022) follows each of these inputs through its
circuits neuron by neuron.  The numbers below are worked out by hand from the weights.
"""

import json

import jax
import jax.numpy as jnp
import pytest
import sympy

import relucirc
from relucirc.circuits import catalogue
from relucirc.cli import main

# name -> input -> (pre-activation, activation) of every layer, the output layer last
WORKED = {
    "positiveness_detector": {(3,): [([3], [3]), ([3], [3])], (-5,): [([-5], [0]), ([0], [0])]},
    "negativeness_detector": {(3,): [([-3], [0]), ([0], [0])], (-5,): [([5], [5]), ([5], [5])]},
    "positive_reconstructor": {(3,): [([3], [3]), ([3], [3])], (-5,): [([-5], [0]), ([0], [0])]},
    "negative_reconstructor": {(3,): [([-3], [0]), ([0], [0])], (-5,): [([5], [5]), ([-5], [-5])]},
    "greaterness_detector": {(3, 5): [([-2], [0]), ([0], [0])], (3, -5): [([8], [8]), ([8], [8])]},
    "identity": {(3,): [([3, -3], [3, 0]), ([3], [3])], (-5,): [([-5, 5], [0, 5]), ([-5], [-5])]},
    "negative_identity": {(3,): [([3, -3], [3, 0]), ([-3], [-3])], (-5,): [([-5, 5], [0, 5]), ([5], [5])]},
    "absolute": {(3,): [([3, -3], [3, 0]), ([3], [3])], (-5,): [([-5, 5], [0, 5]), ([5], [5])]},
    "addition": {(3, 5): [([8, -8], [8, 0]), ([8], [8])], (3, -5): [([-2, 2], [0, 2]), ([-2], [-2])]},
    "subtraction": {(3, 5): [([-2, 2], [0, 2]), ([-2], [-2])], (3, -5): [([8, -8], [8, 0]), ([8], [8])]},
    "minimum": {(3, 5): [([5, -5, 2], [5, 0, 2]), ([3], [3])], (3, -5): [([-5, 5, -8], [0, 5, 0]), ([-5], [-5])]},
    "minimum_two_layers": {
        (3, 5): [([5, -5, 2], [5, 0, 2]), ([3, -3], [3, 0]), ([3], [3])],
        (3, -5): [([-5, 5, -8], [0, 5, 0]), ([-5, 5], [0, 5]), ([-5], [-5])],
    },
    "maximum": {(3, 5): [([5, -5, -2], [5, 0, 0]), ([5], [5])], (3, -5): [([-5, 5, 8], [0, 5, 8]), ([3], [3])]},
}
EXAMPLES = [(name, point, layers) for name, cases in WORKED.items() for point, layers in cases.items()]


@pytest.mark.parametrize(
    ("name", "point", "layers"), EXAMPLES, ids=lambda v: str(v) if isinstance(v, str | tuple) else ""
)
def test_every_neuron_has_the_value_worked_out_by_hand(name, point, layers):
    net = catalogue[name]()
    assert net.trace(net.point(*point)) == layers
    assert net.at(*point) == tuple(layers[-1][1])


@pytest.mark.parametrize(
    ("name", "point", "layers"), EXAMPLES, ids=lambda v: str(v) if isinstance(v, str | tuple) else ""
)
def test_float_evaluation_and_the_formula_give_the_same_output(name, point, layers):
    net, formula = catalogue[name](), catalogue[name].formula()
    (output,) = layers[-1][1]
    assert jax.jit(jax.vmap(net.astype("float32")))(jnp.array([point], jnp.float32)).tolist() == [[output]]
    at = dict(zip(map(sympy.Symbol, net.inputs), point, strict=True))
    assert formula.xreplace(at) == output
    assert relucirc.to_sympy(net).subs(at) == output


@pytest.mark.parametrize(
    ("name", "point", "layers"), EXAMPLES, ids=lambda v: str(v) if isinstance(v, str | tuple) else ""
)
def test_the_command_line_prints_the_trace(name, point, layers, capsys):
    words = ["show", name, "--at", ",".join(map(str, point))]
    assert main([*words, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    expected = [
        {"pre_activations": list(map(str, before)), "activations": list(map(str, after))} for before, after in layers
    ]
    assert data["trace"] == expected
    assert data["outputs"] == list(map(str, layers[-1][1]))
    assert main(words) == 0
    printed = capsys.readouterr().out.split("at x")[1].splitlines()[1:]
    shown = [[line.split()[1], line.split()[-1]] for line in printed if line]
    assert shown == [[str(a), str(b)] for before, after in layers for a, b in zip(before, after, strict=True)]


def test_the_originals_examples_are_all_here():
    for name, cases in WORKED.items():
        inputs = len(catalogue[name]().inputs)
        assert set(cases) == ({(3,), (-5,)} if inputs == 1 else {(3, 5), (3, -5)})
    assert list(WORKED) == list(catalogue)[: len(WORKED)]
    assert all("Osier" in catalogue[name].source for name in WORKED)
