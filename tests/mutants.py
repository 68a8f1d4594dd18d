"""Breaks the checker in one place at a time, and asks the tests whether they notice: ``make mutants``.

Two kinds of breakage.  Every ``require`` is deleted in turn.  And comparisons and signs are flipped, at
places drawn at random: ``<`` to ``<=``, ``==`` to ``!=``, ``and`` to ``or``, ``a + b`` to ``a - b``, ``-a`` to ``a``.
A mutant that no test sees red is a *survivor*: a rule that is redundant, or a test that is missing.

    python tests/mutants.py                      every deletion, and 100 flips
    python tests/mutants.py --flips 0 cells      the deletions in checker/cells.py
    python tests/mutants.py --flips 300 --seed 5

The source on disk is left alone: a fresh process per mutant imports the library and exchanges the code of
the one function.  Survivors that are argued to be the same program are listed in ``EQUIVALENT``.
"""

import argparse
import ast
import concurrent.futures
import importlib
import inspect
import os
import random
import subprocess
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
CHECKER = HERE.parent / "relucirc" / "checker"
MODULES = tuple(sorted(path.stem for path in CHECKER.glob("*.py") if path.stem != "__init__"))
FIRST = {
    "minimal": ["test_checker_sizes.py", "test_minimal.py"],
    "shallow": ["test_checker_sizes.py", "test_minimal.py"],
    "depth": ["test_checker_sizes.py", "test_depth.py"],
    "bounding": ["test_checker_bounding.py"],
    "extrema": ["test_checker_bounding.py", "test_enclosing.py"],
    "equality": ["test_checker_reading.py", "test_checker_rules.py"],
    "evaluating": ["test_checker_reading.py"],
    "relations": ["test_relations.py", "test_relations_proved.py"],
    "rays": ["test_checker_bounding.py", "test_bounds_integers.py"],
    "lines": ["test_certificate_files.py"],
    "safety": ["test_vnnlib_networks.py", "test_vnnlib.py"],
    "sweep": ["test_checker_sweep.py"],
    "boxes": ["test_checker_boxes.py", "test_boxes.py"],
    "hinge_bounds": ["test_checker_boxes.py", "test_boxes.py"],
    "scaled": ["test_checker_boxes.py", "test_boxes.py"],
    "substitution": ["test_checker_boxes.py", "test_boxes.py"],
    "reading": ["test_checker_reading.py", "test_names.py", "test_checker_rules.py"],
}
"""The tests that are most likely to notice; the others follow."""
TESTS = [
    "test_checker_rules.py",
    "test_checker_sizes.py",
    "test_checker_mutation.py",
    "test_checker_bounding.py",
    "test_minimal.py",
    "test_depth.py",
    "test_names.py",
    "test_soundness.py",
    "test_methods.py",
    "test_families.py",
    "test_prove.py",
]
TIMEOUT = 600
"""Seconds after which a mutant counts as noticed: it does not come back."""

EQUIVALENT: dict[str, str] = {
    "hinge_bounds.bound_all: require(bool(np.isfinite(known.low).all() and np.isfinite(known.high).all()), "
    '"a hinge has no bounds")': "rows are scaled to sizes of about 1, so no bound overflows",
    "hinge_bounds.bound_all: np.isfinite(known.low).all() and np.isfinite(known.high).all()": "the same",
    "hinge_bounds.Bounder.hinge_rows: sign < 0": "a sign is 1 or -1",
    "hinge_bounds.Bounder.hinge_rows: hinges + (sign < 0) * len(level.constants)": "from the end it is the same row",
    "hinge_bounds.Sought.best: found.values < 0": "a hinge with a bound of 0 is decided, and any second bound is sound",
    'boxes.Combination.read: require(len(data) == 2, "a combination is malformed")': "only pairs are read here",
    'relations.relation_sides: require(network is not None, "a relation of no network")': "it is asserted after that",
}
"""Mutants that are the same program, ``module.function: what`` and why."""

COMPARED = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One breakage.

    Attributes:
        module: A module of ``relucirc.checker``.
        kind: ``"delete"`` or ``"flip"``.
        number: The how-manieth place of that kind in the module.
        line: Where it stands.
        function: The outermost function (or method) around it.
        what: The source that is broken.
    """

    module: str
    kind: str
    number: int
    line: int
    function: str
    what: str

    @property
    def name(self) -> str:
        """How it is listed in ``EQUIVALENT``."""
        return f"{self.module}.{self.function}: {self.what}"


def source_of(module: str) -> str:
    """The source of a module of the checker."""
    return inspect.getsource(importlib.import_module(f"relucirc.checker.{module}"))


class _Breaker(ast.NodeTransformer):
    """Lists the places of one kind, and breaks the one that is asked for."""

    def __init__(self, kind: str, wanted: int | None = None) -> None:
        self.kind, self.wanted = kind, wanted
        self.found: list[ast.AST] = []

    def _here(self, node: ast.AST) -> bool:
        self.found.append(node)
        return len(self.found) - 1 == self.wanted

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        call = node.value
        required = isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "require"
        if self.kind == "delete" and required and self._here(node):
            return ast.copy_location(ast.Pass(), node)
        return self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        for i, op in enumerate(node.ops):
            if self.kind == "flip" and self._here(node):
                node.ops[i] = COMPARED[type(op)]()
        return self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        if self.kind == "flip" and self._here(node):
            node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        return self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        if self.kind == "flip" and isinstance(node.op, ast.Add | ast.Sub) and self._here(node):
            node.op = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
        return self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        if self.kind == "flip" and isinstance(node.op, ast.USub | ast.Not) and self._here(node):
            return self.generic_visit(node.operand)
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:  # types are no behaviour
        if node.value is not None:
            node.value = self.visit(node.value)
        return node

    def visit_arguments(self, node: ast.arguments) -> ast.AST:
        return node


def mutants(kind: str, module: str) -> Iterator[Mutant]:
    """All places of one kind in one module, those inside of functions."""
    source = source_of(module)
    tree = ast.parse(source)
    outermost = {}
    for node in tree.body:
        inner = node.body if isinstance(node, ast.ClassDef) else [node]
        for function in inner:
            if isinstance(function, ast.FunctionDef):
                name = f"{node.name}.{function.name}" if isinstance(node, ast.ClassDef) else function.name
                outermost |= {id(part): name for part in ast.walk(function)}
    breaker = _Breaker(kind)
    functions = []
    for node in tree.body:
        before = len(breaker.found)
        breaker.visit(node)
        functions += [outermost.get(id(place)) for place in breaker.found[before:]]
    for number, (place, function) in enumerate(zip(breaker.found, functions, strict=True)):
        if function is not None:
            what = " ".join((ast.get_source_segment(source, place) or "").split())
            yield Mutant(module, kind, number, place.lineno, function, what)


def install(mutant: Mutant) -> None:
    """Exchanges the code of the function that a mutant breaks, in this process."""
    module = importlib.import_module(f"relucirc.checker.{mutant.module}")
    tree = _Breaker(mutant.kind, mutant.number).visit(ast.parse(source_of(mutant.module)))
    broken = compile(ast.fix_missing_locations(tree), module.__file__ or "", "exec", dont_inherit=True)
    codes = {code.co_qualname: code for code in _codes(broken)}
    target = module
    for part in mutant.function.split("."):
        target = inspect.getattr_static(target, part)
    function = target.__func__ if isinstance(target, staticmethod) else target
    assert isinstance(function, types.FunctionType)
    assert function.__code__ != codes[mutant.function] or "delete" not in mutant.kind  # of functions inside it, too
    function.__code__ = codes[mutant.function]


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant
            yield from _codes(constant)


def run(mutant: Mutant) -> bool:
    """Whether some test notices a mutant."""
    command = [sys.executable, __file__, "--one", mutant.module, mutant.kind, str(mutant.number)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=TIMEOUT, check=False, cwd=HERE.parent)
    except subprocess.TimeoutExpired:
        return True
    if done.returncode not in (0, 1):
        raise SystemExit(f"{mutant}: pytest ended with {done.returncode}\n{done.stdout.decode()[-2000:]}")
    return done.returncode == 1


def one(module: str, kind: str, number: int) -> int:
    """Breaks this process and runs the tests in it; pytest's exit status."""
    import pytest

    install(next(m for m in mutants(kind, module) if m.number == number))
    ordered = [*FIRST.get(module, []), *TESTS]
    files = [str(HERE / name) for name in dict.fromkeys(ordered) if (HERE / name).exists()]
    return int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-m", "not slow", *files]))


def main() -> int:
    """Lists the survivors; 1 if there are any that are not argued."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", default=MODULES, help="modules of relucirc.checker; all by default")
    parser.add_argument("--flips", type=int, default=100, help="how many comparisons and signs to flip")
    parser.add_argument("--seed", type=int, default=0, help="which of them")
    parser.add_argument("--no-deletions", action="store_true", help="flips alone")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--one", nargs=3, metavar=("MODULE", "KIND", "NUMBER"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        return one(args.one[0], args.one[1], int(args.one[2]))
    deletions = [] if args.no_deletions else [m for name in args.modules for m in mutants("delete", name)]
    flips = [m for name in args.modules for m in mutants("flip", name)]
    flips = random.Random(args.seed).sample(flips, min(args.flips, len(flips)))
    print(f"{len(deletions)} deletions, {len(flips)} flips (seed {args.seed})")
    survivors = []
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        chosen = [*deletions, *flips]
        for mutant, noticed in zip(chosen, pool.map(run, chosen), strict=True):
            argued = EQUIVALENT.get(mutant.name)
            if not noticed:
                print(f"survived: checker/{mutant.module}.py:{mutant.line} {mutant.kind} {mutant.what}", flush=True)
                print(f"          {argued or 'NOT ARGUED'}", flush=True)
                survivors += [] if argued else [mutant]
    noticed = len(deletions) + len(flips) - len(survivors)
    print(f"{noticed} noticed or argued, {len(survivors)} survivors")
    return int(bool(survivors))


if __name__ == "__main__":
    sys.exit(main())
