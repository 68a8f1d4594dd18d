"""The checker under attack: every kind of certificate, broken in every field, and methods that lie.

Three promises.  A certificate broken anywhere is rejected, unless what is left is a proof too (then it
says the same in another spelling, or is one of the few kinds of ``OTHER_PROOFS``).  Nothing is ever
accepted for a false claim, broken or not.  And whatever is offered, the answer is a verdict, never an
error.
"""

import copy
import functools
import inspect
import itertools
import json
import os
import re
from dataclasses import dataclass
from typing import Any

import certificates
import pytest
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

import relucirc
from relucirc.checker import cells, derivation, tree, zero_one
from relucirc.checker.data import require
from relucirc.checker.equality import check_claim
from relucirc.core.forms import Form
from relucirc.geometry import hinges
from relucirc.geometry.chart import Empty
from relucirc.geometry.lattice import Cut
from relucirc.geometry.shallow import Shallow
from relucirc.language.claim import Claim, read_claim
from relucirc.language.network import MLP
from relucirc.proof import problem, prover
from relucirc.proof.cells import OpenCell
from relucirc.proof.methods import METHODS, cuts, regionwise
from relucirc.proof.methods import zero_one as zero_one_method

LIMIT = max(600, int(os.environ.get("RELUCIRC_CASES", "0")))
"""Mutants per certificate; the whole list has 50,000."""
NAMES = [name for name, *_ in certificates.CLAIMS]
REFUTERS = {"search", "smt"}
RULES = {
    *("atoms", "atom", "scale", "base", "take", "by", "constraint", "left", "right", "expand"),
    *("implied", "pivots", "interior", "empty", "split", "positive", "rest", "side", "gate"),
    *("integer", "at", "below", "above", "tree", "thin", "shallow", "symmetry"),
    *("comparators", "wires", "weights", "lemmas", "zero", "free", "known", "raw", "family", "format", "proof"),
    *("sweep", "names", "bounding", "leaf", "hinge"),
}

OTHER_PROOFS = {
    r"interior": "any point inside a cell shows that it has an interior",
    r"take: .*(left|right)": "the two arguments are equal there",
    r"expand: (doubled|added)": "an atom that was expanded is not there to be expanded again",
    r"comparators: swapped": "two comparators that do not depend on each other",
    r"wires: swapped": "wires of one weight",
    r"atoms: swapped": "elements of a maximum that no step names by number",
    r"(by|thin|shallow): (index|became)": "another constraint that says the same",
    r": added 'comparators'": "no comparators are needed where nothing is left to compare",
    r": removed 'raw'": "a relation that holds with reduced elements, too",
    r"lemmas: swapped": "two relations that do not depend on each other",
    r"zero: exchanged": "a relation and its opposite",
}
"""Mutants that are proofs of their own, ``field: what was done`` and why."""


@pytest.fixture(scope="module")
def gallery():
    with pytest.MonkeyPatch.context() as patch:
        return certificates.gallery(patch)


@pytest.fixture(scope="module")
def selection(gallery):
    """Small specimens that use every rule, and whatever else the claims need."""
    seen: set[str] = set()
    chosen = []
    for specimen in sorted(gallery, key=lambda s: len(str(s.certificate))):
        if not certificates.kinds(specimen.certificate) <= seen:
            seen |= certificates.kinds(specimen.certificate)
            chosen.append(specimen)
    return chosen


def some(mutants: Any, limit: int = LIMIT) -> list:
    """At most so many of them, evenly spread."""
    every = list(mutants)
    step = max(1, -(-len(every) // limit))
    return every[::step]


def field(path: tuple, what: str) -> str:
    """Names what was broken: ``the last field on the way: what was done``."""
    names = [part for part in path if isinstance(part, str) and not re.fullmatch(r"v\d+|1", part)]
    return f"{'interior ' if 'interior' in names else ''}{names[-1] if names else ''}: {what}"


def test_the_gallery_has_every_rule_and_every_proving_method(gallery):
    assert set().union(*(certificates.kinds(s.certificate) for s in gallery)) >= RULES
    proved_by = {s.method for s in gallery}
    assert proved_by | REFUTERS >= set(METHODS), "add a claim that the new method proves to tests/certificates.py"


def test_the_checker_reads_no_field_that_the_gallery_lacks():
    """Every field name in the checker's source is among the rules that are broken below."""
    source = "".join(inspect.getsource(module) for module in (cells, derivation, tree, zero_one))
    named = set(itertools.chain(*(re.findall(r'"(\w+)"', group) for group in re.findall(r"fields\([^)]*\)", source))))
    named |= set(re.findall(r'node\["(\w+)"\]', source)) | set(re.findall(r'node\.get\("(\w+)"', source))
    assert named <= RULES


def test_every_specimen_is_accepted_as_json(gallery):
    for specimen in gallery:
        verdict = check_claim(specimen.claim, json.loads(json.dumps(specimen.certificate)))
        assert verdict, (specimen, verdict)


def test_every_broken_field_is_rejected(selection):
    for specimen in selection:
        whole = certificates.meaning(specimen.certificate)
        for what, path, mutant in some(certificates.mutants(specimen.certificate)):
            if "bounding" in path:
                continue  # a bound may be looser, a fact said twice: tests/test_checker_bounding.py breaks the rules
            if check_claim(specimen.claim, mutant) and certificates.meaning(mutant) != whole:
                said = field(path, what)
                assert any(re.search(pattern, said) for pattern in OTHER_PROOFS), (specimen, path, what)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_accepted_for_a_false_claim(name, gallery):
    """Whole and broken certificates are offered for claims that differ a little and are false."""
    specimens = [s for s in gallery if s.name == name]
    for claim in false_claims(name):
        for specimen in specimens:
            assert not check_claim(claim, specimen.certificate)
            for what, path, mutant in some(certificates.mutants(specimen.certificate), LIMIT // 10):
                assert not check_claim(claim, mutant), (specimen, what, path)


def test_no_certificate_is_accepted_for_another_false_claim(gallery):
    """Networks of one claim with formulas and domains of another."""
    offered = [s.certificate for s in gallery]
    for mine, other in itertools.product(certificates.CLAIMS, repeat=2):
        if mine[0] == other[0] or mine[0] == "family" or not _fits(mine, other):
            continue
        claim = _false(mine[1], other[2], other[3])
        if claim is not None:
            for certificate in offered:
                assert not check_claim(claim, certificate), (mine[0], other[0])


def _fits(mine: tuple, other: tuple) -> bool:
    inputs, outputs = len(mine[1][0][0][0]), len(mine[1][-1][0])
    return (inputs, outputs) == (len(other[1][0][0][0]), len(other[1][-1][0]))


@functools.cache
def false_claims(name: str) -> list[Claim]:
    """Claims near a true one that are false: a weight or the formula moved, the domain dropped."""
    layers, formula, domain = next(rest for n, *rest in certificates.CLAIMS if n == name)
    found = [_false(layers, formula, None)] if domain else []
    shifted = (
        [f"{f} + 1/1099511627776" for f in formula] if isinstance(formula, list) else f"({formula}) + 1/1099511627776"
    )
    if isinstance(formula, MLP):
        shifted = MLP.from_arrays(_moved(formula.layers, 0, 0, 0))
    found.append(_false(layers, shifted, domain))
    if name != "family":
        for d, (rows, _) in enumerate(layers):
            i, j = len(rows) - 1, len(rows[0]) // 2
            found.append(_false(_moved(layers, d, i, j), formula, domain))
    kept = [claim for claim in found if claim is not None]
    assert kept
    return kept


def _moved(layers: Any, d: int, i: int, j: int) -> list:
    exact = MLP.from_arrays(layers).exact()
    moved = [([list(row) for row in layer.weight.tolist()], list(layer.exact_bias())) for layer in exact.layers]
    moved[d][0][i][j] += fmpq(1, 2**40)
    return moved


def _false(layers: Any, formula: Any, domain: Any) -> Claim | None:
    """The claim, if it is false: a witness is found, and the two sides differ there by the weights themselves."""
    net = MLP.from_arrays(layers)
    result = relucirc.prove(net, formula, domain=domain, budget=10)
    if result.status != "refuted":
        return None
    claim = read_claim(net, formula, domain)
    assert claim.is_witness([fmpq(int(v.p), int(v.q)) for v in result.witness.values()])
    return claim


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(sorted(RULES)),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from([*sorted(RULES), "v0", "v1", "1", "-1"]), inner, max_size=5)
    ),
    max_leaves=20,
)


@given(JSON)
def test_any_json_gets_a_verdict(data):
    claim = _minimum()
    for certificate in (data, {"format": "relucirc-certificate-1", "proof": data}):
        verdict = check_claim(claim, certificate)
        assert isinstance(verdict, relucirc.Verdict)
        assert not verdict


@given(st.data())
def test_junk_anywhere_in_a_certificate_gets_a_verdict(gallery, data):
    specimen = data.draw(st.sampled_from(gallery))
    path, _ = data.draw(st.sampled_from(list(certificates.walk(specimen.certificate))))
    mutant = certificates.put(specimen.certificate, path, data.draw(JSON))
    verdict = check_claim(specimen.claim, mutant)
    assert isinstance(verdict.reason, str)
    for claim in false_claims(specimen.name):
        assert not check_claim(claim, mutant)


def _nested(depth: int, wrap: Any) -> Any:
    data: Any = "1"
    for _ in range(depth):
        data = wrap(data)
    return data


@pytest.mark.parametrize(
    "junk",
    [
        pytest.param(10**6000, id="a huge integer"),
        pytest.param(-(10**6000), id="a huge negative integer"),
        pytest.param("9" * 5000, id="more digits than Python's int reads"),
        pytest.param("1/" + "9" * 50_000, id="a long denominator"),
        pytest.param(_nested(100_000, lambda d: [d]), id="deep lists"),
        pytest.param(_nested(100_000, lambda d: {"split": d, "positive": d, "rest": d}), id="deep splits"),
        pytest.param(
            _nested(3000, lambda d: {"lemmas": [{"zero": {"v2": "1"}, "free": ["v0"], "proof": d}]}), id="deep lemmas"
        ),
        pytest.param(float("nan"), id="nan"),
        pytest.param("\ud800", id="half a surrogate pair"),
        pytest.param({1: 2, None: 3}, id="keys that are no text"),
        pytest.param((1, 2), id="a tuple"),
        pytest.param(object(), id="no JSON at all"),
        pytest.param({"v" + "9" * 5000: "1"}, id="a variable with a long number"),
    ],
)
def test_hostile_data_gets_a_verdict_in_every_place(junk, selection):
    for specimen in [s for s in selection if len(str(s.certificate)) < 2500]:
        for path, _ in list(certificates.walk(specimen.certificate)):
            verdict = check_claim(specimen.claim, certificates.put(specimen.certificate, path, junk))
            assert isinstance(verdict, relucirc.Verdict)
            assert not verdict or "interior" in path or "bounding" in path, path


def test_check_leaves_the_certificate_as_it_was(gallery):
    for specimen in gallery:
        before = copy.deepcopy(specimen.certificate)
        check_claim(specimen.claim, specimen.certificate)
        assert specimen.certificate == before


@functools.cache
def _minimum() -> Claim:
    return certificates.claim_of(certificates.MINIMUM, "Min(x1, x2)", None)


# Methods that lie.  Each lie makes the prover write evidence for false claims; an honest checker
# rejects all of it.  Without the rule that meets the lie it would accept: so the rule is needed, and
# the test would notice its absence.


@dataclass(frozen=True)
class Lie:
    """A place in the prover, what it says instead, and the rule of the checker that is not fooled."""

    where: Any
    name: str
    says: Any
    rule: tuple[Any, str, Any]
    method: str


def _all_pairs(graph: Any, _: Any) -> list:
    return [] if graph.constraints else [(i, i + 1) for i in range(graph.n - 1)]


_look = OpenCell.look


def _everything_empty(cell: OpenCell) -> Any:
    return Empty((fmpq(1),) * len(cell.relations)) if cell.relations else _look(cell)


def _nothing(*_: Any, **__: Any) -> None:
    return None


def _no_differences(*_: Any) -> dict:
    return {}


LIES = {
    "the normal forms are equal": Lie(
        problem.Lowered, "is_equal", property(lambda _: True), (cells, "minus", _no_differences), "normal form"
    ),
    "the max-atoms are equal": Lie(
        problem.Lowered, "is_equal", property(lambda _: True), (cells, "minus", _no_differences), "max-atoms"
    ),
    "every sign is known": Lie(
        hinges.HingeGraph,
        "prove_nonnegative",
        lambda *_: [],
        (derivation.Derivation, "_nonnegative", _nothing),
        "normal form",
    ),
    "every relation holds": Lie(
        problem.Lowered, "is_equal", property(lambda _: True), (cells, "minus", _no_differences), "cuts"
    ),
    "the shallow form is zero": Lie(
        Shallow, "is_zero", property(lambda _: True), (tree, "_check_shallow", _nothing), "shallow form"
    ),
    "the regions are equal": Lie(
        Shallow, "is_zero", property(lambda _: True), (tree, "_check_shallow", _nothing), "regions"
    ),
    "the inputs may be exchanged": Lie(
        regionwise, "ordered_pairs", _all_pairs, (tree, "_check_symmetry", _nothing), "regions"
    ),
    "no 0-1 point differs": Lie(
        zero_one_method, "_search", _nothing, (zero_one, "_vanishes", lambda *_: True), "0-1 principle"
    ),
    "the cell is empty": Lie(OpenCell, "look", _everything_empty, (cells, "_check_empty", _nothing), "normal form"),
}
FALSE = [
    (certificates.MINIMUM, "Max(x1, x2)", None),
    (certificates.MINIMUM, "x1", None),
    (certificates.MINIMUM, "Min(x1, x2 + 1)", None),
    (certificates.MINIMUM, "Piecewise((x1, x1 < 0), (x2, True))", None),
    (certificates.MINIMUM, "x2", "x1 >= 0, x2 >= 0"),
    (certificates.MINIMUM, "Max(Min(x1, x2), Min(2*x1, x2) - 1)", None),
    (certificates.APART, "relu(x1 - x2 - 1)", None),
    (certificates.MEDIAN_3, "Max(Min(x1, x2), Min(x2, x3))", None),
    (certificates.MEDIAN_3, "Max(x1, Min(x2, x3))", None),
    (certificates.FOLDED, "Min(2*Abs(x), 2 - 2*Abs(x)) + relu(x - 5)", None),
    (certificates.MINIMUM, "Min(x1, x2) + relu(x1 - 10**6)", None),
    (certificates.MINIMUM, "Min(x1, x2) + relu(relu(x1) - 10**6)", None),
]


def _told(lie: Lie, patch: pytest.MonkeyPatch) -> list[str]:
    """Answers to false claims while the lie is told, by its method alone."""
    patch.setattr(lie.where, lie.name, lie.says)
    patch.setattr(cuts, "FEW_ATOMS", 0)
    patch.setattr(prover, "METHODS", {lie.method: METHODS[lie.method]})
    return [
        relucirc.prove(MLP.from_arrays(layers), formula, domain=domain, budget=10).status
        for layers, formula, domain in FALSE
    ]


@pytest.mark.parametrize("lie", LIES)
def test_a_lying_method_proves_nothing(lie, monkeypatch):
    assert "proved" not in _told(LIES[lie], monkeypatch)


@pytest.mark.parametrize("lie", LIES)
def test_a_checker_without_the_rule_would_believe_the_lie(lie, monkeypatch):
    module, name, always = LIES[lie].rule
    monkeypatch.setattr(module, name, always)
    assert "proved" in _told(LIES[lie], monkeypatch)


# Branch and bound that leaves points out: each claim is false at a point that is on neither side of the cut.


def _bump(start: Any, end: Any) -> MLP:
    """Positive where x1 is between two numbers, 0 elsewhere."""
    return MLP.from_arrays([([[1, 0]] * 3, [-start, -(start + end) / 2, -end]), ([[1, -2, 1]], None)])


HALF = fmpq(1, 2)
NOT_WHOLE, NOT_INTEGER = "an integer split is not between integers", "an integer split reads more than integer inputs"
CUTS = {
    "a coefficient of 1/2": (Cut(Form({0: HALF}), 0), _bump(0, fmpq(2)), "x1 in integers", NOT_WHOLE),
    "a coefficient of 1/2 beside a whole one": (
        Cut(Form({0: HALF, 1: fmpq(1)}), 0),
        _bump(0, fmpq(2)),
        "x1 in integers, x2 in {0}",
        NOT_WHOLE,
    ),
    "cut at 1/2": (Cut(Form({0: fmpq(1)}), HALF), _bump(HALF, HALF + 1), "x1 in integers", NOT_WHOLE),
    "a real input": (Cut(Form({0: fmpq(1)}), 0), _bump(0, fmpq(1)), "x2 in integers", NOT_INTEGER),
    "a real input beside an integer one": (
        Cut(Form({0: fmpq(1), 1: fmpq(1)}), 0),
        _bump(HALF, HALF + 1),
        "x1 in integers, x2 == -1/2",
        NOT_INTEGER,
    ),
}


@pytest.mark.parametrize("name", CUTS)
def test_an_integer_split_that_leaves_points_out_is_rejected_and_by_one_rule(name, monkeypatch):
    cut, net, domain, why = CUTS[name]
    assert relucirc.prove(net, "0", domain).status == "refuted"
    monkeypatch.setattr(prover, "branch", lambda *_: cut)
    monkeypatch.setattr(Claim, "is_witness", lambda *_: False)
    assert f"the checker rejects it ({why})" in relucirc.prove(net, "0", domain).reason

    def all_but_one(condition: bool, message: str) -> None:
        require(condition or message == why, message)

    monkeypatch.setattr(cells, "require", all_but_one)
    assert relucirc.prove(net, "0", domain).status == "proved"


def test_the_two_sides_of_an_integer_split_are_not_exchanged(gallery):
    for specimen in gallery:
        for path, part in certificates.walk(specimen.certificate):
            if isinstance(part, dict) and "integer" in part:
                exchanged = {**part, "below": part["above"], "above": part["below"]}
                assert not check_claim(specimen.claim, certificates.put(specimen.certificate, path, exchanged))
                for at in (str(int(part["at"]) + 1), str(int(part["at"]) - 1)):
                    assert not check_claim(specimen.claim, certificates.put(specimen.certificate, (*path, "at"), at))
