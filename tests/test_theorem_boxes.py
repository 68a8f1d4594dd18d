"""Theorems about networks on boxes: two networks, pairs of their hinges, and choices."""

import re
from itertools import pairwise

import numpy as np
import pytest
import sympy
from flint import fmpq
from test_theorem import needs_rocq
from theorems import HEADER, compiled, part_of, question, theory  # noqa: F401

import relucirc
from relucirc.checker.linear import UNIT
from relucirc.proof.methods import boxes
from relucirc.proof.theorem import theorem
from relucirc.proof.theorem.gallina import network_text
from relucirc.proof.theorem.hinges import Hinges
from relucirc.proof.theorem.maxima import Maxima

ONE = fmpq(1)
BOX = relucirc.Box(-1, 1)
x1, x2 = sympy.symbols("x1 x2")


def drawn(sizes, seed):
    """The layers of a network, in float32."""
    draw = np.random.default_rng(seed)
    return [
        ((draw.normal(size=(b, a)) / np.sqrt(a)).astype(np.float32), (draw.normal(size=b) * 0.2).astype(np.float32))
        for a, b in pairwise(sizes)
    ]


def copies(sizes, seed):
    """A network, and the same with weights that are rounded to 8 places."""
    layers = drawn(sizes, seed)
    rounded = [tuple((np.round(part * 256) / 256).astype(np.float32) for part in layer) for layer in layers]
    return relucirc.MLP.from_arrays(layers), relucirc.MLP.from_arrays(rounded)


def on_boxes(monkeypatch, net, formula, within=None, domain=BOX):
    """A theorem whose evidence is a tree of boxes, for networks that are small enough for linear programs."""
    monkeypatch.setattr(boxes, "HINGES", 1)
    found = theorem(net, formula, domain, within=within, standalone=False)
    assert "ending := Boxed" in found.source
    return found


def pairs_of(source):
    """The hinges of the evidence that are pairs with the ones before."""
    return re.findall(r"pairs := \[([\d;\s]*)\]%positive", source)


def test_multiples_of_a_form_have_one_hinge():
    hinges = Hinges(2)
    value, step, v = hinges.maximum({}, {0: ONE, 1: -ONE})
    assert (value, step, v) == ({2: ONE}, "Atom 4 1 [] []", 2)
    assert hinges.maximum({1: ONE}, {0: 3 * ONE, 1: -2 * ONE})[0] == {1: ONE, 2: 3 * ONE}
    assert hinges.maximum({}, {0: -ONE, 1: ONE})[0] == {3: ONE}
    assert hinges.maximum({}, {UNIT: -ONE}) == ({}, "Take true []", None)
    assert hinges.maximum({}, {UNIT: -ONE}, turned=True) == ({}, "Take true []", None)
    turned = hinges.maximum({}, {0: ONE, 1: -ONE}, turned=True)
    assert turned == ({0: ONE, 1: -ONE, 3: ONE}, "Atom 5 1 [co 2 1; co 3 (-1)] []", 3)
    assert hinges.arguments == [{0: ONE, 1: -ONE}, {0: -ONE, 1: ONE}]


def test_partners_of_one_level_are_neighbours_of_one_size():
    maxima = Maxima(1)
    a = maxima.add({}, {0: ONE})
    b = maxima.add({}, {a: ONE, UNIT: -ONE})
    c = maxima.add({}, {0: 2 * ONE, UNIT: ONE})
    d = maxima.add({}, {c: ONE, UNIT: -ONE})
    maxima.partners.update({a: (c, fmpq(2)), b: (d, ONE)})
    made = maxima.made(5, {})
    assert made.pairs == [6, 8]
    assert [made.parts[v] for v in (a, c, b, d)] == [5, 6, 7, 8]
    assert made.hinges.arguments[1] == {0: ONE, UNIT: fmpq(1, 2)}
    assert made.hinges.arguments[3] == {6: fmpq(2), UNIT: -ONE}
    maxima.partners[a] = d, ONE
    assert maxima.made(5, {}).pairs == [8], "those of different levels are no pair"


@needs_rocq
@pytest.mark.slow
@pytest.mark.parametrize(("sizes", "seed", "eps"), [((2, 8, 8, 1), 2, "1/160"), ((5, 16, 16, 1), 1, "1/20")])
def test_two_networks_on_boxes_are_accepted_and_what_is_changed_is_refused(monkeypatch, theory, sizes, seed, eps):  # noqa: F811
    net, other = copies(sizes, seed)
    source = on_boxes(monkeypatch, net, other, eps).source
    evidence, (paired,) = part_of(source, "evidence"), pairs_of(source)
    assert paired.count(";") >= 8
    assert "Half" in evidence
    apart = relucirc.max_deviation(net, other, BOX, budget=5).lower * sympy.Rational(999, 1000)
    less = re.sub(r"Within \(Fraction (\S+|\(\d+ # \d+\))\)", f"Within (Fraction ({apart.p} # {apart.q}))", source)
    assert less != source
    first, *layers = drawn(sizes, seed)
    weights = [[sympy.Rational(float(w)) for w in row] for row in first[0]]
    weights[0][0] += sympy.Rational(1, 2**40)
    changed = network_text(relucirc.MLP.from_arrays([(weights, first[1]), *layers]))
    half = re.sub(r"\(Half \d+ \d+ ", "(Half 2 0 ", evidence)
    text = HEADER + question(source, "true")
    text += question(less, "false")
    text += question(source, "false", network=changed)
    text += question(
        source, "false", evidence=re.sub(r"cover := .*\|\}", "cover := Settled |} |}", evidence, flags=re.DOTALL)
    )
    text += question(source, "false", evidence=half)
    text += question(source, "false", evidence=evidence.replace(paired, ""))
    shifted = "; ".join(str(int(v) - 1) for v in paired.split(";"))
    text += question(source, "false", evidence=evidence.replace(f"pairs := [{paired}]", f"pairs := [{shifted}]"))
    checked = compiled(text, theory)
    assert checked, checked


@needs_rocq
@pytest.mark.slow
def test_choices_on_boxes_are_accepted(monkeypatch, theory):  # noqa: F811
    net, text = relucirc.MLP.from_arrays(drawn((2, 8, 8, 1), 1)), HEADER
    half = sympy.Piecewise((sympy.Max(x1, x2) / 10, x1 > sympy.Rational(1, 3)), (sympy.Abs(x2) / 8, True))
    inner = sympy.Piecewise((sympy.Max(0, x1) / 8, x2 <= 0), (sympy.Max(x1, -x2) / 9 + sympy.Rational(1, 7), True))
    nested = sympy.Piecewise((x1 / 10, x1 + x2 > 0), (inner, True))
    for formula, within in (
        (half, "6/10"),
        (nested, "6/10"),
        ("y <= Piecewise((Max(x1, x2) + 2, x1 > 1/3), (Max(-x1, 0) + 1, True))", None),
    ):
        found = on_boxes(monkeypatch, net, formula, within, "-1 <= x1 <= 1, -1 <= x2 <= 1")
        assert found.source.count("ending := Boxed") >= 2
        text += question(found.source, "true")
    for formula, within in (
        # relu(x1), between -1 and 1, is bounded by 0 and not by x1
        ("y <= 1 + Max(x1, 0) or y > 3 + Max(y, x1)", None),
        (sympy.Max(0, x1 / 2 + sympy.Max(0, x2) / 3) / 3, "6/10"),
    ):
        text += question(on_boxes(monkeypatch, net, formula, within, "-1 <= x1 <= 1, -1 <= x2 <= 1").source, "true")
    assert any(pairs_of(text)), "a hinge of a formula is a pair with a neuron"
    checked = compiled(text, theory)
    assert checked, checked
