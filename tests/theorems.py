"""Rocq for tests: the theory compiled once, and many small questions to its checker in one run of coqc."""

import re
import subprocess
from pathlib import Path

import pytest

from relucirc.proof.theorem.rocq import compile_text, compiler
from relucirc.proof.theorem.theory import NAMES, PARTS, source_of

HEADER = f"From Coq Require Import List QArith.\nFrom Relucirc Require Import {NAMES}.\nImport ListNotations.\n"
AXIOMS_OF_THE_REALS = {
    "ClassicalDedekindReals.sig_forall_dec",
    "FunctionalExtensionality.functional_extensionality_dep",
}
LIMITS = {"seconds": 600.0, "gibibytes": 8.0}


def compile_theory(folder: Path) -> str:
    """Compiles every part of the theory; returns the folder."""
    for part in PARTS:
        path = folder / f"{part}.v"
        path.write_text(source_of(part), encoding="utf-8")
        done = subprocess.run(
            [*compiler(), "-Q", str(folder), "Relucirc", str(path)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    return str(folder)


@pytest.fixture(scope="session")
def theory(tmp_path_factory):
    """The folder of the compiled theory."""
    return compile_theory(tmp_path_factory.mktemp("rocq"))


def compiled(text: str, theory: str):
    """Compiles a text that requires the theory."""
    return compile_text(text, "asked", theory=theory, **LIMITS)


def part_of(source: str, name: str) -> str:
    """The body of a definition."""
    found = re.search(rf"^Definition {name} : [\w ()*]+ :=\s*(.*?)\.\n\n", source, re.MULTILINE | re.DOTALL)
    assert found is not None, name
    return found.group(1)


def question(source: str, expected: str, **changed: str) -> str:
    """What the checker says of a theorem's data, some of it exchanged, as a goal that computation closes."""
    n, claimed = re.search(r"check (\d+) network \((.*)\) region", source).groups()
    kind = re.search(r"\b(requirement|formula|other)\b", claimed).group()
    parts = {name: changed.get(name, part_of(source, name)) for name in ("network", kind, "region", "evidence")}
    said = re.sub(rf"\b{kind}\b", lambda _: f"({parts[kind]})", claimed)
    arguments = f"({parts['network']}) ({said}) ({parts['region']}) ({parts['evidence']})"
    return f"Goal check {n} {arguments} = {expected}.\nProof. vm_compute. reflexivity. Qed.\n"
