"""Theorems about all members of a family of symbolic weights."""

import re

import pytest
import sympy
from test_theorem import needs_rocq, statement
from theorems import AXIOMS_OF_THE_REALS, HEADER, compiled, part_of, theory  # noqa: F401

import relucirc
from relucirc.circuits import catalogue
from relucirc.proof.theorem import audit, theorem

up, down = sympy.Symbol("up", positive=True), sympy.Symbol("down", negative=True)
ABSOLUTE = relucirc.MLP.from_arrays([([[up], [-2 * up]], None), ([[1 / up, 1 / (2 * up)]], None)])
SUMS = relucirc.MLP.from_arrays(
    [
        ([[up - down, 2 * (up - down)], [down**2, -(down**2)]], [(down - up) / 3, 0]),
        ([[up / (up - down), 0], [0, (up + 1) / down**2]], [up / 2, 0]),
        ([[1 / up, -3 / (2 * (up + 1))]], [sympy.Rational(1, 7)]),
    ]
)
"""Weights that are sums, squares and fractions of one another."""
CLAIMS = {
    "equal": (ABSOLUTE, "Abs(x)", None, None),
    "sums": (SUMS, "Max(x1 + 2*x2 - 1/3, 0) + 1/2 - 3/2*Max(x1 - x2, 0) + 1/7", "x1 >= 0", None),
    "within": (ABSOLUTE, "Max(x, 0)", "-1 <= x <= 2", 1),
    "relation": (ABSOLUTE, "y >= x and y >= -x", "-1 <= x <= 2", None),
    "wires": (catalogue["median"].family(), catalogue["median"].formula(), None, None),
    "integers": (
        catalogue["full_adder"].family(),
        catalogue["full_adder"].formula(),
        catalogue["full_adder"].domain,
        None,
    ),
}
"""A family, what is claimed of all its members, where, and within what."""


def stated(name):
    net, formula, domain, within = CLAIMS[name]
    return theorem(net, formula, domain, within=within, standalone=False)


def test_a_family_is_stated_over_its_symbols():
    source = theorem(ABSOLUTE, "Abs(x)").source
    assert statement(source, "reals") == (
        "forall up : R,\n  0 < up ->\n  forall x : R,\n  run_weights reals\n"
        "    [([[up]; [(-2) * up]], [0; 0]);\n     ([[1 / up; 1 / (2 * up)]], [0])]\n    [x] = [Rabs x]."
    )
    source = stated("sums").source
    assert "forall down up : Q,\n  down < 0 ->\n  0 < up ->\n  forall x1 x2 : Q,\n  0 <= x1 ->" in source
    assert theorem(ABSOLUTE, "Abs(x)").certificate["family"]


def test_symbols_called_as_inputs_or_as_words_of_rocq_are_numbered():
    for name in ("x", "forall", "run_weights", "S"):
        w = sympy.Symbol(name, positive=True)
        source = theorem(relucirc.MLP.from_arrays([([[w]], None), ([[1 / w]], None)]), "Max(x, 0)").source
        assert "forall w1 : R,\n  0 < w1 ->\n  forall x : R," in source
    w = sympy.Symbol("x", positive=True)
    net = relucirc.MLP.from_arrays([([[w]], None), ([[1 / w]], None)], inputs=("w1",))
    assert "forall x : R,\n  0 < x ->\n  forall w1 : R," in theorem(net, "Max(w1, 0)").source


FALSE = {
    "equal": (ABSOLUTE, "x", None, None),
    "on a domain": (SUMS, "Max(x1 + 2*x2, 0)", "x1 >= 0, x2 in integers", None),
    "within": (ABSOLUTE, "Max(x, 0)", "-2 <= x <= 2", "1/10"),
    "relation": (ABSOLUTE, "y <= x or y > 3", "x >= -5", None),
    "another network": (ABSOLUTE, relucirc.MLP.from_arrays([([[1]], None), ([[1]], None)]), None, None),
}
"""What is false of the network that all members of a family compute, and so of each of them."""


def test_what_is_false_of_a_family_is_stated_of_every_member():
    found = theorem(ABSOLUTE, "x")
    assert found.status == "refuted"
    assert statement(found.source, "reals") == (
        "forall up : R,\n  0 < up ->\n  let x := Q2R (-1)%Q in\n  run_weights reals\n"
        "    [([[up]; [(-2) * up]], [0; 0]);\n     ([[1 / up; 1 / (2 * up)]], [0])]\n    [x] <> [x]."
    )
    for net, formula, domain, within in FALSE.values():
        source = theorem(net, formula, domain, within=within, standalone=False).source
        assert audit.objection(source) is None
        assert re.match(
            r"forall (down )?up : Q,\n  (down < 0 ->\n  )?0 < up ->\n  let ", statement(source, "rationals")
        )


def test_files_about_families_hold_nothing_but_data_and_proofs():
    for name in CLAIMS:
        assert audit.objection(stated(name).source) is None


@needs_rocq
@pytest.mark.slow
def test_theorems_about_families_are_accepted(theory):  # noqa: F811
    text = "From Coq Require Reals.\n" + HEADER
    for i, name in enumerate(CLAIMS):
        source = stated(name).source
        text += f"Module Family{i}.\n{source[source.index('Import List') :]}End Family{i}.\n"
    checked = compiled(text, theory)
    assert checked, checked
    assert [set(axioms) for axioms in checked.assumptions] == [AXIOMS_OF_THE_REALS, set()] * len(CLAIMS)


@needs_rocq
@pytest.mark.slow
def test_what_is_false_of_all_members_is_accepted_and_what_is_true_is_not(theory):  # noqa: F811
    text = "From Coq Require Reals.\n" + HEADER
    for i, (net, formula, domain, within) in enumerate(FALSE.values()):
        source = theorem(net, formula, domain, within=within, standalone=False).source
        text += f"Module False{i}.\n{source[source.index('Import List') :]}End False{i}.\n"
    checked = compiled(text, theory)
    assert checked, checked
    assert [set(axioms) for axioms in checked.assumptions] == [AXIOMS_OF_THE_REALS, set()] * len(FALSE)
    source = theorem(ABSOLUTE, "x", standalone=False).source
    for old, new in (
        ("let x := Q2R (-1)%Q", "let x := Q2R 1%Q"),  # where they are equal
        ("  0 < up ->\n  let", "  let"),  # of either sign
        ("[([[up]; [(-2) * up]], [0; 0])", "[([[up]; [2 * up]], [0; 0])"),  # another network
    ):
        assert old in source
        assert not compiled(source.replace(old, new), theory)


@needs_rocq
@pytest.mark.slow
def test_families_whose_symbols_do_not_cancel_are_refused(theory):  # noqa: F811
    text = HEADER
    for name in ("equal", "sums", "wires"):
        source = stated(name).source
        signs, n = re.search(r"check_family (\[.*?\]) (\d+) scales", source).groups()
        parts = {part: part_of(source, part) for part in ("scales", "members", "network")}

        def asked(expected, signs=signs, n=n, parts=parts, **changed):
            given = {**parts, **changed}
            arguments = " ".join(f"({given[part]})" for part in ("scales", "members", "network"))
            return f"Goal check_family {signs} {n} {arguments} = {expected}.\nProof. vm_compute. reflexivity. Qed.\n"

        text += asked("true")
        # a symbol for another, a number that is not the one, a factor that is not, none, and too many inputs
        symbols = list(dict.fromkeys(re.findall(r"\(Symbol \d+\)", parts["members"])))
        other = symbols[1] if len(symbols) > 1 else "(Const 1)"
        text += asked("false", members=parts["members"].replace(symbols[0], other, 1))
        text += asked("false", network=re.sub(r"\b[1-9]\b", "17", parts["network"], count=1))
        text += asked("false", scales=re.sub(r"\[(\w)", r"[Product (Const 2) (Symbol 0); \1", parts["scales"], count=1))
        text += asked("false", scales="[]")
        text += asked("false", n=int(n) + 1)
        # a symbol that may be negative
        text += asked("false", signs=signs.replace("true", "false", 1))
    assert text.count("= false") == 18
    checked = compiled(text, theory)
    assert checked, checked
