"""The house is the one on the map: floors, few names, no circles, and no package that is not declared."""

import ast
import re
import sys
import tomllib
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "relucirc"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
MOST_NAMES = 17


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imported(path):
    """All modules that a file names in import statements, at its top or inside of functions."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if name in FILES else node.module


def test_the_map_for_contributors_is_the_linters_layers():
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    layers = next(c for c in contracts if c["type"] == "layers")["layers"]
    page = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \| \S.* \|$", page, re.MULTILINE)
    top = len(layers) - 1
    assert rows == [(str(top - k), room) for k, layer in enumerate(layers) for room in layer.split(" | ")]


def test_few_names_stand_directly_under_the_package():
    names = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    assert len(names - {"__init__"}) <= MOST_NAMES


def test_no_files_import_each_other_in_a_circle():
    try:
        TopologicalSorter({name: set(imported(path)) & set(FILES) for name, path in FILES.items()}).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_no_contract_about_imports_has_exceptions():
    for contract in PROJECT["tool"]["importlinter"]["contracts"]:
        assert not [key for key in contract if key.startswith("ignore")], contract["name"]


def test_every_package_that_is_imported_is_declared():
    project = PROJECT["project"]
    required = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    declared = {normal(Requirement(requirement).name) for requirement in required}
    tops = {name.partition(".")[0] for path in FILES.values() for name in imported(path)}
    others = tops - sys.stdlib_module_names - {"relucirc"}
    found = packages_distributions()
    for name in others:
        assert declared & {normal(package) for package in found.get(name, [name])}, f"{name} is not declared"


def test_the_lowest_versions_are_the_bounds_of_the_project():
    """`make lowest` runs the tests on constraints-lowest.txt; the tests of PyTorch run by themselves."""
    lines = (ROOT / "constraints-lowest.txt").read_text("utf-8").splitlines()
    pins = {normal(name): Version(version) for name, _, version in (line.partition("==") for line in lines) if version}
    project = PROJECT["project"]
    extras = project["optional-dependencies"]
    tested = ("fast", "train", "plot", "progress", "onnx", "safetensors", "smt", "test")
    for line in chain(project["dependencies"], *(extras[name] for name in tested)):
        requirement = Requirement(line)
        (bound,) = requirement.specifier
        assert bound.operator == ">=", line
        assert pins[normal(requirement.name)] == Version(bound.version), line


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()
