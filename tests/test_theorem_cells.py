"""Theorems about cells: symmetry, sweeps, the 0-1 principle in a part of the domain, choices that read maxima."""

import re

import pytest
from certificates import CLAIMS
from test_theorem import needs_rocq
from theorems import HEADER, compiled, part_of, question, theory  # noqa: F401

import relucirc
from relucirc.checker.equality import check_claim
from relucirc.checker.sides import constraint, read
from relucirc.circuits import catalogue
from relucirc.proof import prover
from relucirc.proof.methods import METHODS, bounding, cuts, sweep
from relucirc.proof.theorem import stating, theorem
from relucirc.proof.theorem.pieces import Pieces
from relucirc.proof.theorem.sides import Sides

FORMAT = "relucirc-certificate-1"
CLIPPED_SUM = relucirc.MLP.from_arrays([([[1, 1, 1], [1, 1, 1]], [0, -5]), ([[1, -1]], None)])
DISTANCE = relucirc.MLP.from_arrays([([[1, -1], [-1, 1]], None), ([[1, 1]], None), ([[1]], None)])
POSITIVE_PART = relucirc.MLP.from_arrays([([[1, -1]], None), ([[1]], None)])
ON = {"atom": 0, "scale": "1", "base": {}}
APART = {"v0": "1", "v1": "-1"}
MIRRORED = {"v0": "-1", "v1": "1"}
ORDERED = {
    "atoms": [[APART], [{"v2": "2", **MIRRORED}]],
    "left": [ON, {**ON, "base": MIRRORED}, {**ON, "atom": 1}],
    "right": [{**ON, "scale": "2", "base": MIRRORED}],
    "symmetry": [[0, 1]],
    "tree": [0, {"shallow": [[1, "+", [[1, "1"]]]]}, {"thin": [[0, "1"]]}],
}
"""relu(|x1 - x2|) = |x1 - x2|: an exchange of both turns relu(x1 - x2) into itself and x2 - x1."""
GATES = {
    "choice": (
        relucirc.circuits.minimum(),
        "Piecewise((x1, Max(x1, x2) <= x2), (Min(x1, x2, x1 + 1), True))",
        "x1 <= 4",
    ),
    "relation": (relucirc.circuits.minimum(), "Piecewise((y, Max(y, x1) > 0), (0, True)) <= Max(x1, 0)", None),
}
"""Claims that are proved by cells in which a maximum is one of its arguments."""


def asked(net, formula, proof, domain=None):
    """What theorem writes for a given proof, and what the Python checker says of it."""
    file = stating.File.read(net, formula, domain)
    return file.proved(proof), check_claim(file.claim, {"format": FORMAT, "proof": proof})


def test_an_order_is_supposed_of_three_inputs():
    source = theorem(CLIPPED_SUM, "Min(5, Max(0, x1 + x2 + x3))").source
    assert re.search(r"Symmetric 2 \[\(3%positive, .*\(4%positive, ", part_of(source, "evidence"), re.DOTALL)


@needs_rocq
@pytest.mark.slow
def test_what_may_be_exchanged_may_be_ordered(theory):  # noqa: F811
    three = theorem(CLIPPED_SUM, "Min(5, Max(0, x1 + x2 + x3))", standalone=False).source
    text = HEADER + question(three, "true")
    evidence = part_of(three, "evidence")
    # an input twice in a chain, no evidence for the second exchange, and one of another exchange
    text += question(three, "false", evidence=evidence.replace("(4%positive, [(5", "(2%positive, [(5"))
    assert "(4%positive, [(5" in evidence
    link = re.search(r"\(4%positive, (\[\(5.*?\]\)\])\)", evidence, re.DOTALL).group(1)
    text += question(three, "false", evidence=evidence.replace(f"(4%positive, {link})", "(4%positive, [])"))
    source, verdict = asked(DISTANCE, "Abs(x1 - x2)", ORDERED)
    assert verdict, verdict
    text += question(source, "true")
    # the same tree without the order, and an exchange that leaves relu(x1 - x2) as it is
    without = (
        part_of(source, "evidence").replace("Symmetric 2 [", "Symmetric 2 [] (*").replace("\n(Regions", "*) (Regions")
    )
    text += question(source, "false", evidence=without)
    for old, new in (("Atom 4 1 [co 2 (-1); co 3 1] []", "Atom 4 1 [] []"), ("Above 4 [", "Below 4 [")):
        changed = part_of(source, "evidence")
        head, _, tail = changed.partition("ending")
        assert old in tail
        text += question(source, "false", evidence=head + "ending" + tail.replace(old, new))
    # with x1 >= x2 it is x1 - x2, but not elsewhere
    leaf = {"shallow": [[0, "+", [[0, "1"]]]]}
    source, verdict = asked(
        POSITIVE_PART, "x1 - x2", {"atoms": [[APART]], "left": [ON], "right": [], "symmetry": [[0, 1]], "tree": [leaf]}
    )
    assert "a transposition changes a difference" in verdict.reason
    text += question(source, "false")
    checked = compiled(text, theory)
    assert checked, checked


def swept(net, formula, domain=None):
    """A sweep as evidence, and the same as cells, both accepted by the Python checker."""
    file = stating.File.read(net, formula, domain)
    node = {"atoms": [], "left": [], "right": [], "sweep": True}
    if domain is not None:
        node["interior"] = ["1/3"]
    known = [constraint(read(r.form), r.op) for r in file.claim.domain.relations]
    cells = Pieces(node, Sides(file.net, file.formulas, file.claim), known).cells()
    for proof in (node, cells):
        verdict = check_claim(file.claim, {"format": FORMAT, "proof": proof})
        assert verdict, verdict
    return file.proved(node)


SWEPT = {
    "equal": (catalogue["sawtooth"](2), catalogue["sawtooth"].formula(2), None),
    "on an interval": (catalogue["hat"](), "1 - Abs(x)", "-1 <= x <= 1"),
    "choices": (relucirc.MLP.from_arrays([([[1]], None), ([[1]], None)]), "Piecewise((x, x > 0), (0, True))", "x > 0"),
    "below": (catalogue["sawtooth"](2), "y <= 1 and y <= Abs(x) * 4", None),
    "near": (catalogue["sawtooth"](2), "Abs(y - 1/2) <= 1/2", "0 < x < 2"),
}
"""What sweeps show: both sides of an equality, and that differences are not positive."""


@pytest.mark.parametrize("name", SWEPT)
def test_a_sweep_is_the_same_as_its_pieces(name):
    assert "Split" in swept(*SWEPT[name]) or name == "choices"


@needs_rocq
@pytest.mark.slow
def test_sweeps_are_accepted(theory):  # noqa: F811
    text = HEADER
    for claim in SWEPT.values():
        source = swept(*claim)
        text += question(source, "true")
        first = re.search(r"Take (true|false) \[Constraint", source)
        if first is not None:
            other = "false" if first.group(1) == "true" else "true"
            evidence = part_of(source, "evidence").replace(first.group(), f"Take {other} [Constraint", 1)
            text += question(source, "false", evidence=evidence)
    assert text.count("= false") >= 4
    checked = compiled(text, theory)
    assert checked, checked


@needs_rocq
@pytest.mark.slow
def test_wires_in_a_part_of_the_domain_are_accepted(theory):  # noqa: F811
    circuit = catalogue["majority_gate"]
    found = theorem(circuit(5), circuit.formula(5), circuit.domain_of(5), standalone=False)
    evidence = part_of(found.source, "evidence")
    assert "Between" in evidence
    assert "Wires" in evidence
    row = re.search(r"entry \d+ \S+?; ", evidence).group()
    text = (
        HEADER + question(found.source, "true") + question(found.source, "false", evidence=evidence.replace(row, "", 1))
    )
    checked = compiled(text, theory)
    assert checked, checked


@needs_rocq
@pytest.mark.slow
def test_choices_whose_conditions_read_maxima_are_accepted(theory):  # noqa: F811
    text = HEADER
    for net, formula, domain in GATES.values():
        found = theorem(net, formula, domain, standalone=False)
        assert "'gate'" in str(found.certificate)
        text += question(found.source, "true")
        taken = "right_steps := [Take false [Constraint 1 1]; Yes []]"
        if taken in found.source:
            evidence = part_of(found.source, "evidence")
            for forged in (
                "[Take true [Constraint 1 1]; Yes []]",
                "[Take false []; Yes []]",
                "[Take false [Constraint 1 1]]",
            ):
                text += question(found.source, "false", evidence=evidence.replace(taken, f"right_steps := {forged}"))
    assert text.count("= false") == 3
    checked = compiled(text, theory)
    assert checked, checked


EQUATIONS = {
    "wires": ("sort", "3*y1 == 3*Min(x1, x2, x3), y2 - OrderStatistic(2, x1, x2, x3) == 0, 2*y3 == 2*Max(x1, x2, x3)"),
    "symmetry": ("saturating_add", "2*y == Min(510, Max(0, 2*x1 + 2*x2))"),
}
"""Relations that are equations, about circuits."""


def bounded(first, scale):
    """relu(x) = x where x >= 1: bounds of both signs of the difference, times a scale."""
    lower = {"lemmas": [{"hinge": 0, "lower": ["1", [["constraint", 0, "1"]]]}]}
    trees = {
        "above": [lower, {"leaf": [["part", 0, "1"], ["on", 0, scale]]}],
        "below": [{"leaf": [["part", 0, "1"], ["line", 0, scale]]}],
    }
    order = [first, *(trees.keys() - {first})]
    case = {"interior": ["2"], "atoms": [[{"v0": "1"}]], "left": [ON], "right": []}
    return {**case, "bounding": [trees[side] for side in order]}


@needs_rocq
@pytest.mark.slow
def test_equations_between_outputs_are_accepted(theory):  # noqa: F811
    text = HEADER
    for name, relation in EQUATIONS.values():
        found = theorem(catalogue[name](), relation, standalone=False)
        evidence = part_of(found.source, "evidence")
        text += question(found.source, "true")
        text += question(
            found.source, "false", evidence=re.sub(r"ending := .* \|\}", "ending := Same |}", evidence, flags=re.DOTALL)
        )
        requirement = part_of(found.source, "requirement")
        text += question(found.source, "false", requirement=re.sub(r"Int [1-9]\d*", "Int 7", requirement, count=1))
    line = relucirc.MLP.from_arrays([([[1]], None), ([[1]], None)])
    for relation, first, scale in (
        ("2*y == 2*x", "below", "2"),
        ("-3*x == -3*y", "below", "3"),
        ("y <= x and y >= x", "below", "1"),
    ):
        source, verdict = asked(line, relation, bounded(first, scale), "x >= 1")
        assert verdict, verdict
        text += question(source, "true")
        text += question(source, "false", evidence=part_of(source, "evidence").replace("On 3", "Off 3"))
    assert text.count("= true") == 5
    checked = compiled(text, theory)
    assert checked, checked


@needs_rocq
@pytest.mark.slow
def test_whatever_a_method_finds_is_accepted(monkeypatch, theory):  # noqa: F811
    """The claims by which the Python checker is broken, by the normal form and one more method at a time."""
    monkeypatch.setattr(cuts, "FEW_ATOMS", 0)
    monkeypatch.setattr(bounding, "FEW_REGIONS", 6)
    monkeypatch.setattr(sweep, "GATES", 0)
    questions, endings = {}, set()
    files = [
        stating.File.read(relucirc.MLP.from_arrays(layers), formula, domain)
        for _, layers, formula, domain in CLAIMS
        if not isinstance(formula, relucirc.MLP)
    ]
    for methods in [*(["normal form", method] for method in METHODS), *([method] for method in METHODS)]:
        monkeypatch.setattr(prover, "METHODS", {name: METHODS[name] for name in methods})
        for file in files:
            found = prover.prove_claim(file.claim, budget=20)
            if found.status == "proved":
                source = file.proved(found.certificate["proof"])
                questions[source] = question(source, "true")
                endings |= set(re.findall(r"\((Regions|Wires|Bounded|Symmetric|Solve)", source))
    assert len(questions) > 60
    assert endings == {"Regions", "Wires", "Bounded", "Symmetric", "Solve"}
    checked = compiled(HEADER + "".join(questions.values()), theory)
    assert checked, checked


@needs_rocq
@pytest.mark.slow
def test_lemmas_know_that_atoms_are_at_least_their_elements_less_what_earlier_lemmas_say(monkeypatch, theory):  # noqa: F811
    monkeypatch.setattr(cuts, "FEW_ATOMS", 0)
    monkeypatch.setattr(prover, "METHODS", {name: METHODS[name] for name in ("normal form", "cuts")})
    circuit = catalogue["yarotsky_square"]
    source = theorem(circuit(4), circuit.formula(4), circuit.domain_of(4), standalone=False).source
    evidence = part_of(source, "evidence")
    text = HEADER + question(source, "true")
    # a lemma that supposes less, and what the elements are before earlier lemmas have said what they are
    supposed = max(re.findall(r"supposed := (\[.*?\]);", evidence, re.DOTALL), key=len)
    facts = re.findall(r"Element \d+ \d+ 1", supposed)
    assert len(facts) >= 6
    text += question(source, "false", evidence=evidence.replace(supposed, f"[{facts[0]}]", 1))
    text += question(source, "false", evidence=evidence.replace("raw := false", "raw := true"))
    checked = compiled(text, theory)
    assert checked, checked


EXCHANGED = {
    "atoms": (
        relucirc.MLP.from_arrays(
            [
                ([[-1, -1], [1, -1]], [-1, 1]),
                ([[1, -1], [-1, 1], [1, 1], [1, 1]], [0, 0, -4, -6]),
                ([[1, 1, 0, 0], [0, 0, 1, -1], [0, 0, -1, 1]], [-1, 0, 0]),
                ([[2, 1, -1]], None),
            ]
        ),
        relucirc.MLP.from_arrays(
            [
                ([[-1, -1], [1, -1]], [-1, 1]),
                ([[1, -1], [-1, 1], [1, 1]], [-1, -1, -4]),
                ([[0, 0, -1], [2, 2, 0], [-2, -2, 0]], [2, 0, 0]),
                ([[-1, 1, -1]], [2]),
            ]
        ),
        "x1 + x2 <= 3",
    ),
    "inputs beside atoms": (
        relucirc.MLP.from_arrays(
            [
                ([[2, 2], [-1, -1], [1, 1], [0, 1], [0, 1]], [-2, 0, 0, 1, 0]),
                ([[1, 1, -1, 1, 0], [1, 1, -1, 1, 1]], [-3, -3]),
                ([[-1, 0], [0, -1]], [1, 2]),
                ([[-1, 1]], [-1]),
            ]
        ),
        "Max(0, Abs(x1 + x2 - 1) + Max(0, x2 + 1) - 4) - Max(0, Abs(x1 + x2 - 1) + Max(0, x2 + 1) - 5)"
        " - Max(0, Max(0, x2) + Max(0, x2 + 1) + Abs(x1 + x2 - 1) - 4)"
        " + Max(0, Max(0, x2) + Max(0, x2 + 1) + Abs(x1 + x2 - 1) - 6)",
        None,
    ),
}
"""Lemmas that are symmetric in hinges u, v: in 2 relu(|u - v| - 1) and a clip of u + v; or in inputs beside hinges."""


@needs_rocq
@pytest.mark.slow
def test_lemmas_are_proved_for_free_variables_in_order(theory):  # noqa: F811
    text = HEADER
    for net, other, domain in EXCHANGED.values():
        source = theorem(net, other, domain, standalone=False).source
        evidence = part_of(source, "evidence")
        assert "Solve" in evidence
        inner = evidence.index("Symmetric", evidence.index("Solve"))
        text += question(source, "true")
        first, link, known = re.match(
            r"Symmetric (\d+) \[\((\d+)%positive, .*?\(Regions.*?(Constraint \d+ )", evidence[inner:], re.DOTALL
        ).groups()
        # exchanged with itself, and another order
        for old, new in ((f"[({link}%positive, ", f"[({first}%positive, "), (known, "Constraint 0 ")):
            changed = evidence[:inner] + evidence[inner:].replace(old, new, 1)
            text += question(source, "false", evidence=changed)
    assert text.count("= false.") == 4
    checked = compiled(text, theory)
    assert checked, checked


ALTERNATIVES = {
    "-1 < 0": ("Int (-1)", "Int 5"),
    "y < x or y >= x": ("Le", "Lt"),
    "y != 2*x + 1 or y <= 2*x + 1": ("Int 1", "Int 7"),
    "2*y == 2*relu(3*x) - 2 and -1 < 0": ("Int (-1)", "Int 5"),
    "(y == relu(3*x) - 1 or y < x) and y >= relu(3*x) - 1": ("(Int 1)) (Var 1)", "(Int 0)) (Var 1)"),
    "y + x <= relu(3*x) + x - 1 and (y > relu(3*x) - 1 or y == relu(3*x) - 1)": ("(Int 1))) (Or", "(Int 2))) (Or"),
}
"""Relations that hold whatever the output is, and equations said by alternatives; what to replace that they do not."""


@needs_rocq
@pytest.mark.slow
def test_relations_that_contradict_themselves_where_they_fail_are_accepted(theory):  # noqa: F811
    text = HEADER
    net = relucirc.MLP.from_arrays([([[3]], None), ([[1]], [-1])])
    for relation, (old, new) in ALTERNATIVES.items():
        source = theorem(net, relation, "x <= 4, x in integers", standalone=False).source
        requirement = part_of(source, "requirement")
        assert old in requirement
        text += question(source, "true")
        text += question(source, "false", requirement=requirement.replace(old, new, 1))
    checked = compiled(text, theory)
    assert checked, checked


SECOND = {
    "and": "Piecewise((7, (x1 > 0) & (x2 > 0)), (Min(x1, x2), True))",
    "or": "Piecewise((Min(x1, x2), (x1 <= 0) | (x2 <= 0)), (7, True))",
    "a level down": "Piecewise((7, (x1 > 0) & (x2 > 0) & (x2 > x1)), (Min(x1, x2), True))",
}
"""Choices that the second condition decides where x2 <= 0, whatever the first one is."""


@needs_rocq
@pytest.mark.slow
def test_choices_that_a_second_condition_decides_are_accepted(theory):  # noqa: F811
    text = HEADER
    for formula in SECOND.values():
        source = theorem(relucirc.circuits.minimum(), formula, "x2 <= 0", standalone=False).source
        assert "Second" in source
        evidence = part_of(source, "evidence")
        text += question(source, "true")
        text += question(source, "false", evidence=re.sub(r"Second \d; ", "", evidence))
        # nor is there a third one
        text += question(source, "false", evidence=re.sub(r"Second \d", "Second 5", evidence))
    checked = compiled(text, theory)
    assert checked, checked
