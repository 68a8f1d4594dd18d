"""The examples run from beginning to end, and what notebooks show of errors is the sentence and the user's line."""

import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

import relucirc
from relucirc.core.errors import PathError
from relucirc.core.tracebacks import HINT

DOCS = Path(__file__).parent.parent / "docs"
EXAMPLES = sorted((DOCS / "examples").glob("*.md"))
ANSI = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture(scope="module")
def notebooks():
    spec = spec_from_file_location("notebooks", DOCS / "notebooks.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# The examples


def run(text, folder):
    """Runs a notebook as the site's build does, and gives its cells."""
    nbclient = pytest.importorskip("nbclient", reason="the examples need the extra docs")
    jupytext = pytest.importorskip("jupytext", reason="the examples need the extra docs")
    notebook = jupytext.reads(text, fmt="md:myst")
    client = nbclient.NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    )
    return client.execute().cells


def printed(cells):
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    return "".join(output.text for output in outputs if output.output_type == "stream" and output.name == "stdout")


def drawn(cells):
    """How many of the outputs have a picture in them."""
    outputs = [output for cell in cells for output in cell.get("outputs", ()) if output.output_type == "execute_result"]
    return sum("<svg" in output.data.get("text/html", "") for output in outputs)


def test_there_are_three_examples_and_no_output_is_stored():
    assert [path.stem for path in EXAMPLES] == ["learned", "original", "own-networks"]
    for path in EXAMPLES:
        assert set(re.findall(r"^```\{?([\w-]+)", path.read_text("utf-8"), re.MULTILINE)) == {"code-cell"}


@pytest.mark.slow
def test_the_original_is_proved_drawn_and_trained(notebooks, tmp_path):
    cells = run(notebooks.readable((DOCS / "examples" / "original.md").read_text("utf-8")), tmp_path)
    said = printed(cells)
    assert said.count("proved: equal at every real input, by normal form.") == 7
    assert said.count("refuted, off by") == said.count("snapped: proved") == 6
    assert len(re.findall(r"^\w+ +\d+ of 32 proved: ", said, re.MULTILINE)) == 6
    assert "3 hidden neurons: it folds on 1 hyperplane" in said
    assert drawn(cells) >= 18


@pytest.mark.slow
def test_networks_of_other_libraries_are_asked_as_they_are(notebooks, tmp_path):
    pytest.importorskip("equinox")
    pytest.importorskip("flax")
    pytest.importorskip("optax")
    cells = run(notebooks.readable((DOCS / "examples" / "own-networks.md").read_text("utf-8")), tmp_path)
    said = printed(cells)
    assert "refuted: at " in said
    assert "proved: within 1/10 of the formula on the whole domain" in said
    (error,) = [output for cell in cells for output in cell.get("outputs", ()) if output.output_type == "error"]
    assert "tanh of float32[8]" in error.evalue
    assert len(error.traceback) < 6


@pytest.mark.slow
def test_a_trained_network_becomes_a_sentence_with_evidence(notebooks, tmp_path):
    pytest.importorskip("optax")
    cells = run(notebooks.readable((DOCS / "examples" / "learned.md").read_text("utf-8")), tmp_path)
    said = printed(cells)
    (bound,) = re.findall(r"the network differs from Min\(x1, x2\) by at most (0\.\d{4}) \(exact supremum", said)
    (value,) = re.findall(r"^(\d+)/(\d+)$", said, re.MULTILINE)
    exact = int(value[0]) / int(value[1])
    assert exact <= float(bound) < exact + 1.1e-4
    assert "accepted: nothing is further apart, and the point attains it." in said
    net = relucirc.load(tmp_path / "network.json")
    assert relucirc.check(net, "Min(x1, x2)", tmp_path / "network.certificate.json", relucirc.Box(-1, 1))


def test_cells_that_need_pytorch_are_skipped_below_a_note_where_it_is_missing(notebooks):
    text = (DOCS / "examples" / "own-networks.md").read_text("utf-8")
    assert notebooks.readable(text, torch=True) == text
    without = notebooks.readable(text, torch=False)
    assert without.count("skip-execution") == text.count("[torch") == 3
    assert without.count("PyTorch was not installed") == 1
    assert without.index("PyTorch was not installed") < without.index("skip-execution")
    for cell in re.findall(r"^```\{code-cell\}.*?^```", without, re.MULTILINE | re.DOTALL):
        assert ("torch" in cell) is ("skip-execution" in cell)


def test_progress_in_a_notebook_is_a_bar_and_no_warning(tmp_path):
    pytest.importorskip("tqdm")
    code = "import numpy, relucirc\nxs = numpy.zeros((700, 1))\nnet = relucirc.circuits.absolute()\n"
    code += "relucirc.evaluate(net, xs, chunk=300, progress=True);"
    outputs = [output for cell in run(f"```{{code-cell}}\n{code}\n```\n", tmp_path) for output in cell.outputs]
    said = "".join(output.get("text", "") or str(output.get("data", "")) for output in outputs)
    assert "0/700" in said
    assert "Warning" not in said


# Errors


@pytest.fixture
def shell():
    """An IPython of its own, as a terminal has it."""
    interactive = pytest.importorskip("IPython.core.interactiveshell", reason="what IPython shows needs IPython")
    interactive.InteractiveShell.clear_instance()
    made = interactive.InteractiveShell.instance(colors="nocolor")
    yield made
    made.history_manager.end_session()
    interactive.InteractiveShell.clear_instance()


def shown(shell, capsys, source):
    shell.run_cell(source)
    return ANSI.sub("", capsys.readouterr().out)


WRONG = 'import relucirc\nnet = relucirc.circuits.minimum()\nrelucirc.prove(net, "Min(x1, x3)")'


def test_an_error_is_the_users_line_and_the_sentence(shell, capsys):
    said = shown(shell, capsys, WRONG)
    assert '----> 3 relucirc.prove(net, "Min(x1, x3)")' in said
    assert re.search(r"^FormulaError: .*x3", said, re.MULTILINE)
    assert "site-packages" not in said
    assert str(Path(relucirc.__file__).parent) not in said
    assert len(said.splitlines()) <= 10


def test_what_called_the_library_is_shown_and_what_the_library_called_is_not(shell, capsys):
    shell.run_cell("import relucirc\ndef ask(f):\n    return relucirc.prove(lambda x: f(x), 'x')")
    said = shown(shell, capsys, "import jax.numpy as jnp\nask(jnp.exp)")
    assert "----> 2 ask(jnp.exp)" in said
    assert "return relucirc.prove(lambda x: f(x), 'x')" in said
    assert "it is not piecewise linear" in said
    assert "from_jax" not in said


def test_the_whole_traceback_stays_reachable(shell, capsys):
    assert HINT in shown(shell, capsys, WRONG)
    whole = shown(shell, capsys, "%xmode Verbose\n%tb")
    assert "relucirc/proof/prover.py" in whole.replace("\\", "/")
    assert HINT not in whole
    assert len(whole.splitlines()) > 30


def test_errors_that_it_came_from_are_shown_only_where_they_are_the_users(shell, capsys):
    source = "import relucirc\ntry:\n    1 / 0\nexcept ZeroDivisionError:\n    "
    within = shown(shell, capsys, source + "relucirc.circuits.clip(2, 1)")
    assert "NetworkError: " in within
    assert "division by zero" not in within
    own = shown(shell, capsys, source + "raise relucirc.RelucircError('said')")
    assert "RelucircError: said" in own
    assert "division by zero" in own
    assert HINT not in own


def test_every_error_of_the_library_can_be_shown(shell, capsys):
    kinds = [getattr(relucirc, name) for name in dir(relucirc) if name.endswith("Error")]
    assert len(kinds) >= 5
    for kind in (*kinds, PathError):
        shell.user_ns["kind"] = kind
        assert f"{kind.__name__}: a sentence." in shown(shell, capsys, "raise kind('a sentence.')")


def test_without_ipython_python_shows_what_it_always_does():
    import subprocess
    import sys

    done = subprocess.run([sys.executable, "-c", WRONG], capture_output=True, text=True, check=False)
    assert "prover.py" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("relucirc.core.errors.FormulaError: ")
