import copy
import dataclasses
import itertools
import random
import re
import shutil
from pathlib import Path

import pytest
import sympy
from certificates import mutants
from theorems import AXIOMS_OF_THE_REALS, HEADER, compiled, part_of, question, theory  # noqa: F401

import relucirc
from relucirc.checker.equality import check_claim
from relucirc.circuits import catalogue
from relucirc.cli import main
from relucirc.core.errors import RelucircError
from relucirc.proof.theorem import audit, stating, theorem
from relucirc.proof.theorem.gallina import network_text
from relucirc.proof.theorem.theory import PARTS, source_of

x, x1, x2, x3 = sympy.symbols("x x1 x2 x3")
needs_rocq = pytest.mark.skipif(
    not (shutil.which("coqc") or shutil.which("rocq")), reason="Rocq is not installed (apt-get install coq)"
)
SMALL = {
    "minimum": (relucirc.circuits.minimum(3), "Min(x1, x2, x3)", None),
    "clip": (relucirc.circuits.clip(), "Min(1, Max(0, x))", None),
    "leaky": (catalogue["leaky_relu"](), catalogue["leaky_relu"].formula(), None),
    "adder": (catalogue["full_adder"](), catalogue["full_adder"].formula(), catalogue["full_adder"].domain_of()),
    "switch": (catalogue["switch"](), catalogue["switch"].formula(), catalogue["switch"].domain_of()),
    "median": (catalogue["median"](), catalogue["median"].formula(), None),
    "sawtooth": (catalogue["sawtooth"](), catalogue["sawtooth"].formula(), None),
    "saturating": (catalogue["saturating_add"](), catalogue["saturating_add"].formula(), None),
}
"""A claim for each kind of evidence: derivations, trees, splits, charts and integers, empty cells, wires, lemmas,
symmetry."""
SURPLUS = ("an atom is not used", "has no elements", "has a value already")
"""What the Python checker rejects as superfluous; in Rocq what nothing reads, or says a thing twice, does no harm."""


def statement(source, numbers):
    return re.search(rf"Theorem \w+_over_{numbers} :\n  (.*?)\nProof\.", source, re.DOTALL).group(1)


def without_comments(part):
    return re.sub(r"\(\*.*?\*\)", "", source_of(part), flags=re.DOTALL)


def test_no_part_of_the_theory_leaves_anything_unproved():
    for part in PARTS:
        text = without_comments(part)
        assert not re.search(
            r"\b(Admitted|admit|Axiom|Axioms|Parameter|Conjecture|Abort|Unsafe|bypass_check)\b", text
        ), part


def test_hypotheses_stand_in_sections_only():
    for part in PARTS:
        depth = 0
        for line in without_comments(part).splitlines():
            depth += line.startswith("Section ") - line.startswith("End ")
            if re.match(r"\s*(Hypothes[ei]s|Variables?|Context)\b", line):
                assert depth > 0, f"{part}: {line}"


def test_the_statement_is_written_as_people_write_it():
    source = theorem(relucirc.circuits.minimum(), "Min(x1, x2)").source
    assert statement(source, "reals") == "forall x1 x2 : R,\n  run reals network [x1; x2] = [Rmin x1 x2]."
    assert statement(source, "rationals") == (
        "forall x1 x2 : Q,\n  Forall2 Qeq (run rationals network [x1; x2])\n    [Qmin x1 x2]."
    )
    assert part_of(source, "network") == (
        "[\n  Layer\n    [[0; 1]; [0; -1]; [-1; 1]]\n    [0; 0; 0];\n  Layer\n    [[1; -1; -1]]\n    [0]]%Q"
    )


def test_a_domain_is_what_is_supposed():
    net = relucirc.MLP.from_arrays([([[1], [2]], ["0", "-1/2"]), ([[1, 1]], None)])
    source = theorem(net, "3*x - 1/2", "1/2 <= x < 7, x in integers").source
    assert statement(source, "reals") == (
        "forall x : R,\n  (1 / 2) <= x ->\n  x < 7 ->\n  (exists z : Z, x = IZR z) ->\n"
        "  run reals network [x] = [3 * x - (1 / 2)]."
    )


def test_names_that_rocq_uses_otherwise_are_numbered():
    for name in ("forall", "by", "mod", "using", "reals"):
        net = relucirc.MLP.from_arrays([([[1, 1]], None)], inputs=(name, "S"))
        source = theorem(net, [sum(map(sympy.Symbol, (name, "S")))]).source
        assert re.search(r"forall x1 x2 : R,\n  run reals network \[x1; x2\] = \[x[12] \+ x[12]\]\.", source)


def test_what_ends_a_comment_does_not_end_it():
    assert stating._comment('*) Axiom a : False. (* "') == "* ) Axiom a : False. ( * '"


@pytest.mark.parametrize(
    ("net", "formula", "what"),
    [
        (relucirc.circuits.minimum(), lambda a, b: a + b, "functions"),
        (lambda a: a, "x1", "functions"),
    ],
)
def test_what_is_not_covered_is_refused_in_one_sentence(net, formula, what):
    with pytest.raises(RelucircError, match=f"theorem: .*{what}.* not covered yet"):
        theorem(net, formula)


FORGED = {
    "an axiom": ("Section Reals.", "Axiom a : False.\nSection Reals."),
    "no proof": ("Qed.", "Admitted."),
    "another meaning": ("Section Reals.", "Definition run := 3.\nSection Reals."),
    "no guard": ("Section Reals.", "Unset Guard Checking.\nSection Reals."),
    "an attribute": ("Section Reals.", "#[bypass_check(guard)] Fixpoint f (n : nat) : False := f n.\nSection Reals."),
    "a notation": ("(** The network", 'Notation "a <= b" := (a = a).\n(** The network'),
    "another theory": ("max K (int K 0) x", "x"),
    "nothing printed": ("Print Assumptions equal_over_reals.", ""),
    "an axiom after a comment in a comment": ("Section Reals.", "(* (* *) *) Axiom a : False.\nSection Reals."),
}
"""What to replace in a file, and by what, that it proves nothing; the last place but in the theory."""


@pytest.mark.parametrize("what", FORGED)
def test_a_forged_file_is_not_even_compiled(what, monkeypatch):
    monkeypatch.setenv("PATH", "")
    found = theorem(relucirc.circuits.minimum(), "Min(x1, x2)")
    old, new = FORGED[what]
    before, after = found.source.split(old, 1) if what == "another theory" else found.source.rsplit(old, 1)
    checked = dataclasses.replace(found, source=before + new + after).check()
    assert not checked
    assert re.search("the file|the theory", checked.reason)


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("standalone", [True, False])
def test_files_hold_nothing_but_the_theory_data_and_proofs(name, standalone):
    assert audit.objection(theorem(*SMALL[name], standalone=standalone).source) is None


def test_what_a_theorem_assumes_is_read():
    source = theorem(relucirc.circuits.minimum(), "Min(x1, x2)").source
    assert audit.assumed(source, [sorted(AXIOMS_OF_THE_REALS), ()]) is None
    assert audit.assumed(source, [(), ()]) is None
    assert "equal_over_rationals assumes a" in audit.assumed(source, [(), ("a",)])
    assert "equal_over_reals assumes loop" in audit.assumed(source, [("loop",), ()])
    assert audit.assumed(source, [()]) == "1 lists of assumptions for 2 theorems"


def test_without_rocq_one_sentence_says_how_to_get_it(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(RelucircError, match=r"^Rocq is not installed: .*apt-get install coq\.$"):
        theorem(relucirc.circuits.minimum(), "Min(x1, x2)").check()


def test_the_command_line_writes_the_file(tmp_path, capsys):
    path = tmp_path / "minimum.v"
    assert main(["theorem", "minimum", "Min(x1, x2)", "-o", str(path)]) == 0
    assert path.read_text("utf-8") == theorem(relucirc.circuits.minimum(), "Min(x1, x2)").source
    assert capsys.readouterr().out == f"proved: equal at every real input, by normal form.\nwrote {path}\n"
    assert main(["theorem", "minimum", "Max(x1, x2)", "-o", str(path)]) == 1
    assert "Theorem differ_over_reals" in path.read_text("utf-8")


@needs_rocq
@pytest.mark.slow
def test_a_file_that_stands_alone_is_accepted():
    checked = theorem(relucirc.circuits.minimum(), "Min(x1, x2)").check()
    assert checked, checked
    reals, rationals = checked.assumptions
    assert set(reals) == AXIOMS_OF_THE_REALS
    assert rationals == ()


@needs_rocq
@pytest.mark.slow
def test_the_theory_rests_on_the_axioms_of_the_reals_alone(theory):  # noqa: F811
    names = "check_sound equal_on_rationals differ_on_rationals equal_on_reals differ_on_reals"
    checked = compiled(HEADER + "".join(f"Print Assumptions {name}.\n" for name in names.split()), theory)
    assert checked, checked
    assert [set(axioms) for axioms in checked.assumptions] == [set()] * 3 + [AXIOMS_OF_THE_REALS] * 2


@needs_rocq
@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_theorems_of_each_kind_are_accepted(name, theory):  # noqa: F811
    found = theorem(*SMALL[name], standalone=False)
    checked = compiled(found.source, theory)
    assert checked, checked
    assert [set(axioms) for axioms in checked.assumptions] == [AXIOMS_OF_THE_REALS, set()]


@needs_rocq
@pytest.mark.slow
def test_the_catalogue_is_accepted(theory):  # noqa: F811
    """Each circuit's evidence by computation, all in one run; the theorems about them are made in one way."""
    text = HEADER
    for circuit in catalogue.values():
        found = theorem(circuit(), circuit.formula(), circuit.domain_of(), standalone=False)
        text += question(found.source, "true")
    checked = compiled(text, theory)
    assert checked, checked


@needs_rocq
@pytest.mark.slow
def test_lemmas_about_maxima_of_many_are_accepted(theory):  # noqa: F811
    """The maximum of five in two hidden layers names the maximum of four, which is opened two by two."""
    network = relucirc.load(Path(relucirc.__file__).parent / "circuits" / "data" / "max5_two_layers.json")
    source = theorem(network, "Max(x1, x2, x3, x4, x5)", standalone=False).source
    evidence = part_of(source, "evidence")
    opened = re.search(r"opened := \[\(\d+%positive, (\[Atom .*?\])\)", evidence, re.DOTALL).group(1)
    steps = re.findall(r"Atom [^;]*(?:; co [^;]*)*\] \[[^]]*\]", opened)
    assert len(steps) >= 4
    first, second, *others = steps
    text = question(source, "true")
    text += question(
        source, "false", evidence=evidence.replace(opened, "[" + "; ".join([second, first, *others]) + "]", 1)
    )
    checked = compiled(HEADER + text, theory)
    assert checked, checked


@needs_rocq
@pytest.mark.slow
def test_a_refutation_is_a_theorem_too(theory):  # noqa: F811
    found = theorem(relucirc.circuits.minimum(), "x1", "x1 - x2 <= 5, 0 < x2, x1 in integers", standalone=False)
    assert found.status == "refuted"
    checked = compiled(found.source, theory)
    assert checked, checked


@needs_rocq
@pytest.mark.slow
def test_the_values_of_deep_networks_are_computed_in_lowest_terms(theory):  # noqa: F811
    """Else their denominators would have some 3^15 digits."""
    row = [["1/3", "2/5", "1/7"]]
    net = relucirc.MLP.from_arrays([(row * 3, ["1/2"] * 3)] * 15 + [(row, ["1/2"])])
    for formula in ("0", "Min(x1, x2)/7", "y < 0"):
        source = theorem(net, formula, standalone=False).source
        assert "check_broken" in source
        checked = compiled(source, theory)
        assert checked, checked


@needs_rocq
@pytest.mark.slow
def test_a_false_statement_is_refused(theory):  # noqa: F811
    source = theorem(relucirc.circuits.minimum(), "Min(x1, x2)", standalone=False).source
    checked = compiled(source.replace("= [Rmin x1 x2]", "= [Rmax x1 x2]"), theory)
    assert not checked
    assert "Unable to unify" in checked.reason or "has type" in checked.reason


@needs_rocq
@pytest.mark.slow
def test_a_weight_that_is_2_to_the_minus_40_off_is_refused(theory):  # noqa: F811
    text = HEADER
    for net, formula, domain in SMALL.values():
        source = theorem(net, formula, domain, standalone=False).source
        text += question(source, "true")
        for other in nudged(net):
            text += question(source, "false", network=network_text(other))
    assert text.count("= false") >= 50
    checked = compiled(text, theory)
    assert checked, checked


def nudged(net):
    """The networks with one weight, zeros included, 2^-40 larger."""
    data = net.to_json()
    for layer, part in enumerate(data["layers"]):
        for i, j in itertools.product(range(len(part["weight"])), range(len(part["weight"][0]))):
            other = copy.deepcopy(data["layers"])
            weight = sympy.Rational(other[layer]["weight"][i][j]) + sympy.Rational(1, 2**40)
            other[layer]["weight"][i][j] = str(weight)
            yield relucirc.MLP.from_arrays([(part["weight"], part["bias"]) for part in other], net.inputs)


@needs_rocq
@pytest.mark.slow
def test_broken_certificates_are_refused(theory):  # noqa: F811
    """What the Python checker rejects, the kernel does; but for an interior point, which Rocq's rules do not need."""
    text, draw = HEADER, random.Random(0)
    for net, formula, domain in SMALL.values():
        found = theorem(net, formula, domain, standalone=False)
        written = stating.File.read(net, formula, domain)
        whole = part_of(found.source, "evidence")
        broken, harmless = {}, set()
        for what, path, certificate in mutants(found.certificate):
            if path[:1] != ("proof",) or "interior" in path:
                continue
            evidence = translated(written, certificate["proof"])
            if evidence in (None, whole):
                continue
            verdict = check_claim(written.claim, certificate)
            if verdict.accepted or any(words in verdict.reason for words in SURPLUS):
                harmless.add(evidence)
            else:
                broken.setdefault(evidence, what)
        wrong = sorted(broken.keys() - harmless)
        for evidence in draw.sample(wrong, min(50, len(wrong))):
            text += question(found.source, "false", evidence=evidence)
    assert text.count("= false") >= 200
    checked = compiled(text, theory)
    assert checked, checked


def translated(written, proof):
    """The evidence in Rocq's words, None where it has no words for it."""
    try:
        return written.evidence(proof)
    except Exception:
        return None
