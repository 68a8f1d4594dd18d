"""Importing the library stays light, and its modules import in one direction."""

import ast
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import relucirc.checker

HEAVY = ("hypothesis", "matplotlib", "onnx", "onnxruntime", "torch", "z3", "numba", "optax", "safetensors", "tqdm")


def modules_after(statement):
    code = f"{statement}\nimport sys\nprint('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_heavy_packages_stay_out_until_they_are_needed():
    """Importing, proving and the command line, one after the other in one process."""
    code = (
        f"import sys\nheavy = set({HEAVY})\n"
        "import relucirc\n"
        "assert not heavy & set(sys.modules), 'import'\n"
        "assert relucirc.prove(relucirc.circuits.minimum(), 'Min(x1, x2)')\n"
        "assert not heavy & set(sys.modules), 'prove'\n"
        "import relucirc.cli\n"
        "relucirc.cli.build_parser()"
    )
    assert not modules_after(code) & set(HEAVY)


def test_help_works_without_hypothesis_and_its_names_say_what_is_missing():
    code = (
        "import sys\n"
        "sys.modules['hypothesis'] = None\n"
        "import inspect, pydoc, relucirc, relucirc.testing\n"
        "assert 'Exact proofs about ReLU networks' in pydoc.plain(pydoc.render_doc(relucirc))\n"
        "assert 'strategies' not in dict(inspect.getmembers(relucirc))\n"
        "for ask in (lambda: relucirc.strategies, lambda: relucirc.testing.assert_all_equal(None, None)):\n"
        "    try:\n"
        "        ask()\n"
        "    except (AttributeError, relucirc.RelucircError) as error:\n"
        "        assert 'needs Hypothesis: pip install hypothesis' in str(error), error\n"
        "    else:\n"
        "        raise AssertionError('nothing was refused')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr


def test_a_star_gives_the_verbs_hides_no_name_of_python_and_needs_no_hypothesis():
    code = "import sys\nsys.modules['hypothesis'] = None\nfrom relucirc import *\nimport builtins\n"
    code += "assert not set(dir()) & {name for name in dir(builtins) if name[0] != '_'}\nprint(*dir())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert {"prove", "check", "MLP", "Box", "explain", "circuits"} <= set(done.stdout.split())


def test_every_public_name_is_there_and_stands_once():
    table = Path(relucirc.__file__).with_suffix(".pyi").read_text("utf-8")
    names = [alias.asname for node in ast.parse(table).body if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert {"prove", "check", "Budget", "optimal", "train", "circuits"} <= set(names)
    assert len(names) == len(set(names))
    for name in names:
        assert getattr(relucirc, name).__name__.rpartition(".")[2] in (name, "compile"), name
        assert name in dir(relucirc)
    assert "CertificateError" not in dir(relucirc)
    with pytest.raises(AttributeError, match="no attribute 'proof_of'"):
        _ = relucirc.proof_of


def test_a_package_that_is_a_verb_keeps_its_names():
    code = "import relucirc; assert relucirc.optimal(relucirc.circuits.minimum()); relucirc.optimal.check_minimal"
    assert "relucirc.optimal" in modules_after(code)


def test_the_package_says_that_it_is_typed():
    assert (Path(relucirc.__path__[0]) / "py.typed").is_file()


def test_the_checker_names_no_module_of_the_methods():
    forbidden = ("relucirc.geometry", "relucirc.proof")
    files = list(Path(relucirc.checker.__path__[0]).glob("*.py"))
    assert len(files) > 3
    for file in files:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name.startswith(forbidden)], file.name


@pytest.mark.parametrize("first", ["import relucirc.strategies", "import hypothesis", "import relucirc.testing"])
def test_hypothesis_finds_the_strategies_whichever_is_imported_first(first):
    found = [entry.value for entry in entry_points(group="hypothesis") if entry.name == "relucirc"]
    installed = bool(found)  # as `make test` does it; Hypothesis then calls the hook by itself
    assert set(found) <= {"relucirc.testing:_register"}
    code = (
        f"{first}\n"
        "import relucirc\n"
        "from hypothesis import Phase, find, settings, strategies as st\n"
        "drawn = settings(phases=[Phase.generate], database=None, deadline=None)  # any will do, not the least\n"
        f"if not {installed}: import relucirc.testing; relucirc.testing._register()\n"
        "assert find(st.from_type(relucirc.MLP), lambda net: net.hidden_neurons > 1, settings=drawn)\n"
        "assert find(st.from_type(relucirc.Box), lambda box: box.upper != box.lower, settings=drawn)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
