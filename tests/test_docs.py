"""Every example in README.md, docs/ and the docstrings runs, and prints what it says it prints.

In the pages a ``python`` block with ``>>>`` is a doctest; without, it is run, and a ``text`` block
right after it is its true output.  A ``console`` block runs ``relucirc`` commands and compares what
they print.  The blocks of a page share their names, and run in an empty folder.
"""

import ast
import contextlib
import doctest
import io
import pkgutil
import re
import shlex
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

import relucirc
from relucirc.cli import main
from relucirc.proof.methods import METHODS

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
SLOW = ("interpretation.md",)
MODULES = sorted(module.name for module in pkgutil.walk_packages(relucirc.__path__, "relucirc."))
BLOCK = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```\s*$", re.MULTILINE | re.DOTALL)
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def blocks_of(page):
    text = page.read_text("utf-8")
    return [(text[: m.start()].count("\n") + 1, m.group(1), m.group(2)) for m in BLOCK.finditer(text)]


def paged(page):
    return pytest.param(page, id=page.name, marks=[pytest.mark.slow] if page.name in SLOW else [])


@pytest.mark.parametrize("page", [paged(page) for page in PAGES])
def test_the_examples_of_a_page_are_true(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "__page__"}
    printed = None
    for line, language, source in blocks_of(page):
        where = f"{page.name}, line {line}"
        if language == "text" and printed is not None:
            assert_output(printed, source, where)
        printed = None
        if language == "python" and ">>>" in source:
            run_doctest(source, names, page, line)
        elif language == "python":
            printed = run_block(source, names, where)
        elif language == "console":
            run_commands(source, where)


def run_doctest(source, names, page, line):
    test = doctest.DocTestParser().get_doctest(source, names, page.name, str(page), line)
    report = io.StringIO()
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    runner.run(test, out=report.write, clear_globs=False)
    names.update(test.globs)
    assert runner.summarize(verbose=False).failed == 0, report.getvalue()


def run_block(source, names, where):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(source, where, "exec"), names)
    return out.getvalue()


def run_commands(source, where):
    """Runs every ``$ relucirc ...`` line; its output is what follows, up to the next ``$``."""
    for part in re.split(r"^\$ ", source, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        words = shlex.split(command, comments=True)
        if words[0] != "relucirc":
            continue
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            main(words[1:])
        assert_output(out.getvalue(), expected, f"{where}: {command}")


def assert_output(printed, expected, where):
    checker = doctest.OutputChecker()
    want, got = expected.rstrip() + "\n", printed.rstrip() + "\n"
    assert checker.check_output(want, got, FLAGS), f"{where}\nprints\n{got}\ninstead of\n{want}"


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_are_true(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if name.endswith("__main__"):
        return
    module = import_module(name)
    report = io.StringIO()
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    for test in doctest.DocTestFinder().find(module):
        runner.run(test, out=report.write)
    assert runner.summarize(verbose=False).failed == 0, report.getvalue()


def test_no_page_is_left_without_examples():
    assert sum(language in ("python", "console") for _, language, _ in blocks_of(ROOT / "README.md")) >= 2
    assert len(PAGES) >= 5


def test_every_method_has_a_section_in_the_order_of_the_table():
    sections = re.findall(r"^## (?:The )?(.*)$", (ROOT / "docs" / "methods.md").read_text("utf-8"), re.MULTILINE)
    assert [s.lower() for s in sections][: len(METHODS)] == [name.lower() for name in METHODS]


def test_every_field_that_the_checker_reads_is_described():
    page = (ROOT / "docs" / "proved.md").read_text("utf-8")
    described = set(re.findall(r'"(\w+)"', page))
    read = set()
    for path in (ROOT / "relucirc" / "checker").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Set) and all(isinstance(e, ast.Constant) for e in node.elts):
                read |= {e.value for e in node.elts if isinstance(e.value, str) and e.value.isidentifier()}
    assert {"comparators", "lemmas", "sides", "jumps"} <= read
    assert read - described == set()


@pytest.fixture
def generate(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "docs")
    spec = spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "HERE", tmp_path)
    (tmp_path / "drawings").mkdir()
    return module


def test_the_catalogue_page_has_an_entry_and_a_drawing_for_each_circuit(generate, tmp_path):
    page = generate.catalogue_page()
    drawn = {path.stem for path in (tmp_path / "drawings").glob("*.svg")}
    for name, circuit in relucirc.circuits.catalogue.items():
        assert f"\n## {name}\n" in page
        assert circuit.source in page
        if circuit().hidden_neurons <= generate.MAX_DRAWN and len(circuit().inputs) <= generate.MAX_DRAWN:
            assert name in drawn
            assert f"(drawings/{name}.svg)" in page
    assert len(drawn) > 30


def test_the_api_has_a_page_for_each_public_module_and_lists_every_public_name(generate):
    modules = generate.module_names()
    assert set(modules) <= set(MODULES)
    fronts = ("circuits", "optimal", "training", "strategies", "testing")
    assert {f"relucirc.{name}" for name in fronts} <= set(modules)
    index = generate.api_index(modules)
    for name in modules:
        assert f"[{name}]({name}.md)" in index
        assert f".. automodule:: {name}" in generate.module_page(name)
        assert generate.summary(name), f"{name} has no docstring"
    listed = {name for names in generate.verbs().values() for name in names}
    public = {name for name in dir(relucirc) if not name.startswith("_") and callable(getattr(relucirc, name))}
    assert public - listed <= {"Any", "Path", "import_module", *generate.ALIASES}


def test_every_public_name_has_a_docstring():
    for name in dir(relucirc):
        thing = getattr(relucirc, name)
        if not name.startswith("_") and callable(thing):
            assert (thing.__doc__ or "").strip(), name


def test_every_formula_of_the_pages_becomes_mathml():
    convert = pytest.importorskip("latex2mathml.converter").convert
    formulas = [formula for page in PAGES for formula in formulas_of(page)]
    assert len(formulas) > 50
    for formula in formulas:
        shown = convert(formula)
        assert shown.startswith("<math"), formula
        assert "\\" not in shown, formula


def formulas_of(page):
    text = re.sub(r"`[^`\n]*`", "", BLOCK.sub("", page.read_text("utf-8")))
    return [a or b for a, b in re.findall(r"\$\$(.+?)\$\$|\$([^$]+?)\$", text, re.DOTALL)]


def test_the_page_about_two_hidden_layers_cites_what_others_have():
    page = (ROOT / "docs" / "optimal.md").read_text("utf-8")
    assert "maximum of six" in page
    for paper in ("2505.14338", "2607.21651", "2608.25221"):
        assert paper in page
