"""Theorems about two networks: that they are equal, or within a tolerance of each other."""

import re
from fractions import Fraction

import disguises
import pytest
from test_theorem import needs_rocq, nudged, statement
from theorems import AXIOMS_OF_THE_REALS, HEADER, compiled, part_of, question, theory  # noqa: F401

import relucirc
from relucirc.circuits import catalogue
from relucirc.proof.theorem import theorem
from relucirc.proof.theorem.copied import copied_text
from relucirc.proof.theorem.gallina import network_text

MINIMUM = relucirc.circuits.minimum()
COPY = disguises.disguise(MINIMUM, "scaled", "permuted")
TURNED = relucirc.MLP.from_arrays(disguises.layers_of(COPY), ("x2", "x1"))
HIGHER = disguises.outer(COPY, Fraction(1), Fraction(1, 20))
UNIT = "0 <= x1 <= 1, 0 <= x2 <= 1"
PAIRS = {
    "copy": (MINIMUM, COPY, None, None),
    "other names": (MINIMUM, TURNED, None, None),
    "every way": (relucirc.circuits.minimum(3), disguises.disguise(relucirc.circuits.minimum(3), *disguises.EVERY_WAY)),
    "folded": (
        catalogue["sawtooth"](),
        disguises.disguise(catalogue["sawtooth"](), *disguises.EVERY_WAY),
        "0 <= x <= 1",
    ),
    "two layers": (relucirc.circuits.minimum_two_layers(), COPY, "x1 <= 3", None),
    "within": (MINIMUM, HIGHER, UNIT, "1/10"),
    "not": (MINIMUM, relucirc.circuits.maximum(), "x2 in integers", None),
    "not within": (MINIMUM, HIGHER, UNIT, "1/30"),
}
"""Two networks, where they are compared, and within what; those called "not" are refuted."""


def stated(name):
    net, other, *more = PAIRS[name]
    domain, within = (*more, None, None)[:2]
    return theorem(net, other, domain, within=within, standalone=False)


def test_a_second_network_is_run_in_the_statement():
    source = stated("copy").source
    assert statement(source, "reals") == ("forall x1 x2 : R,\n  run reals network [x1; x2] = run reals other [x1; x2].")
    assert statement(source, "rationals") == (
        "forall x1 x2 : Q,\n  Forall2 Qeq (run rationals network [x1; x2])\n    (run rationals other [x1; x2])."
    )
    assert statement(stated("within").source, "reals").endswith(
        "Forall2 (fun y f => Rabs (y - f) <= (1 / 10)) (run reals network [x1; x2])\n    (run reals other [x1; x2])."
    )


def test_a_second_network_reads_the_inputs_by_their_names():
    columns = [list(column) for column in zip(*disguises.layers_of(COPY)[0][0], strict=True)]
    turned = relucirc.MLP.from_arrays(
        [([list(row) for row in zip(*reversed(columns), strict=True)], None), *disguises.layers_of(COPY)[1:]]
    )
    assert part_of(stated("other names").source, "other") == network_text(turned)


def test_neurons_that_are_multiples_of_each_other_are_one_hinge():
    """So the evidence has a row of weights for each neuron of the first network, and none for those of the second."""
    net = catalogue["sort"](4)
    copy = disguises.disguise(net, "split", "scaled", "permuted")
    text = copied_text([net, copy])
    assert text is not None
    assert text.count("Atom") == sum(net.sizes[1:-1]) + sum(copy.sizes[1:-1])
    assert set(re.findall(r"Atom \d+ [^]]*?(\[.*?\] \[.*?\])", text)) == {"[] []"}
    assert copied_text([net, catalogue["sort"](4)]) is not None


def test_other_equal_networks_are_left_to_their_certificates():
    assert copied_text([MINIMUM, relucirc.circuits.minimum_two_layers()]) is None
    assert copied_text([MINIMUM, relucirc.circuits.maximum()]) is None
    assert copied_text([MINIMUM, HIGHER]) is None


@needs_rocq
@pytest.mark.slow
def test_equal_networks_are_theorems(theory):  # noqa: F811
    """And no weight of the copy may be 2^-40 larger."""
    text = HEADER
    for name in PAIRS:
        found = stated(name)
        assert found.status == ("refuted" if "not" in name.split() else "proved"), found
        if found.status == "refuted":
            continue
        text += question(found.source, "true")
        if name in ("copy", "two layers"):
            text += "".join(question(found.source, "false", other=network_text(net)) for net in nudged(COPY))
    assert text.count("= false") >= 15
    checked = compiled(text, theory)
    assert checked, checked


@needs_rocq
@pytest.mark.slow
@pytest.mark.parametrize("name", ["other names", "within", "not", "not within"])
def test_theorems_about_two_networks_are_accepted(name, theory):  # noqa: F811
    checked = compiled(stated(name).source, theory)
    assert checked, checked
    assert [set(axioms) for axioms in checked.assumptions] == [AXIOMS_OF_THE_REALS, set()]
