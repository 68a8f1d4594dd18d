"""``make theorems``: theorems for Rocq, each compiled, and the table of what they took in docs/theorem.md.

Without arguments all of them; ``--few`` are those that CI compiles, ``--only`` those of some names.  With
``--write`` the table goes into the page.  ``--acasxu FOLDER`` adds property 4 of ACAS Xu network 3_3, a copy of it
whose neurons are split, scaled and permuted, and one of shorter weights; its files are not in the repository.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from disguises import disguise

import relucirc
from relucirc.circuits import catalogue, trained
from relucirc.core.errors import RelucircError
from relucirc.proof.theorem import Theorem, theorem
from relucirc.proof.theorem.audit import assumed, objection
from relucirc.proof.theorem.rocq import assumptions_of, compiler
from relucirc.proof.theorem.theory import PARTS, source_of

DATA = Path(relucirc.__file__).parent / "circuits" / "data"
PAGE = Path(__file__).parent.parent / "docs" / "theorem.md"
BEGIN, END = "<!-- table of theorems -->\n", "<!-- end of table -->\n"
FEW = (
    "minimum",
    "median",
    "full_adder",
    "sawtooth",
    "switch",
    "saturating_add",
    "median, all weights",
    "minimum of 64",
    "maximum of 5 in two hidden layers",
    "trained minimum, within its deviation",
)
BITS = 0xFFFF0000
"""What stays of a float32 in a copy of shorter weights."""
ACASXU = "y1 > y2 or y1 > y3 or y1 > y4 or y1 > y5"
"""Property 4: what is asserted of the outputs is that none is below the first."""


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        name: What the theorem is about.
        evidence: The prover's method.
        seconds: Processor time of coqc.
        megabytes: Its memory at most.
        shares: Of the time, in hundredths: reading what it requires and the text, typing the data, computing.
    """

    name: str
    evidence: str
    seconds: float
    megabytes: float
    shares: tuple[int, int, int]


def shorter(net: relucirc.MLP) -> relucirc.MLP:
    """A copy whose weights have 8 bits, as those of bfloat16."""
    cut = [((np.array(layer.weight).view(np.uint32) & BITS).view(np.float32), layer.bias) for layer in net.layers]
    return relucirc.MLP.from_arrays(cut, inputs=net.inputs)


def claims(acasxu: str | None) -> Iterator[tuple[str, tuple[Any, ...], dict[str, Any]]]:
    """The claims by name, each as what :func:`theorem` takes."""
    for name, circuit in catalogue.items():
        for parameters in dict.fromkeys(((), *circuit.examples)):
            called = f"{name}({', '.join(map(str, parameters))})" if parameters else name
            yield called, (circuit(*parameters), circuit.formula(*parameters), circuit.domain_of(*parameters)), {}
    for name, given in trained().items():
        box = relucirc.Box(-1, 1)
        deviation = relucirc.max_deviation(given.network, given.formula, box).value
        yield f"trained {name}, within its deviation", (given.network, given.formula, box), {"within": deviation}
        yield f"trained {name}, snapped", (relucirc.snap(given.network).network, given.formula), {}
    for count in (64, 256, 1024):
        inputs = ", ".join(f"x{i + 1}" for i in range(count))
        yield f"minimum of {count}", (relucirc.circuits.minimum(count), f"Min({inputs})"), {}
    sort = catalogue["sort"]
    yield "sort of 8", (sort(8), sort.formula(8)), {}
    yield "median of 5", (catalogue["median"](5), catalogue["median"].formula(5)), {}
    for called, formula in (
        ("maximum of 5", "Max(x1, x2, x3, x4, x5)"),
        ("maximum of 6", "Max(x1, x2, x3, x4, x5, x6)"),
    ):
        file = DATA / f"max{called[-1]}_two_layers.json"
        yield f"{called} in two hidden layers", (relucirc.load(file), formula), {}
    draw = np.random.default_rng(1)
    layers = [(draw.normal(size=(16, 5)) / 2, draw.normal(size=16)), (draw.normal(size=(1, 16)) / 4, [0.0])]
    hidden = (draw.normal(size=(16, 16)) / 4, draw.normal(size=16) / 4)
    drawn = relucirc.MLP.from_arrays([(np.float32(w), np.float32(b)) for w, b in (layers[0], *[hidden] * 3, layers[1])])
    yield (
        "network 5-16-16-16-16-1, a copy of shorter weights",
        (drawn, shorter(drawn), relucirc.Box(-1, 1)),
        {"within": "1/10"},
    )
    if acasxu is not None:
        text = (Path(acasxu) / "prop_4.vnnlib").read_text("utf-8")
        domain = [
            f"x{int(i) + 1} {op} {end}" for op, i, end in re.findall(r"\(assert \(([<>]=) X_(\d) (\S+?)\)\)", text)
        ]
        network = relucirc.load(Path(acasxu) / "acasxu_3_3.onnx")
        domain = ", ".join(domain)
        yield "ACAS Xu 3_3, property 4", (network, ACASXU, domain), {}
        copy = disguise(network, "split", "scaled", "permuted")
        yield "ACAS Xu 3_3, a copy of it everywhere", (network, copy), {}
        within = {"within": "1/20"}
        yield "ACAS Xu 3_3, a copy of shorter weights on property 4's box", (network, shorter(network), domain), within
    for name, circuit in catalogue.items():
        family = circuit.family()
        if family.symbols:
            yield f"{name}, all weights", (family, circuit.formula(), circuit.domain), {}


@dataclass(frozen=True)
class Run:
    """One run of coqc: what it printed, its exit status, its processor time, and its memory at most."""

    output: str
    status: int
    seconds: float
    megabytes: float

    @staticmethod
    def of(path: Path) -> "Run":
        """Compiles a file of the theory's folder, with the time of each sentence."""
        command = [*compiler(), "-time", "-Q", str(path.parent), "Relucirc", str(path)]
        with tempfile.TemporaryFile("w+") as output:
            child = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
            _, status, used = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            output.seek(0)
            return Run(output.read(), child.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def compile_theory(folder: Path) -> float:
    """Compiles every part of the theory; returns the processor time."""
    seconds = 0.0
    for part in PARTS:
        (folder / f"{part}.v").write_text(source_of(part), encoding="utf-8")
        run = Run.of(folder / f"{part}.v")
        if run.status:
            raise SystemExit(run.output)
        seconds += run.seconds
    return seconds


def measured(name: str, found: Theorem, folder: Path) -> Row:
    """Compiles one theorem; it has to be accepted, and to assume nothing else."""
    path = folder / "Asked.v"
    path.write_text(found.source, encoding="utf-8")
    complaint = objection(found.source)
    run = Run.of(path)
    if complaint is None and run.status:
        complaint = run.output[-600:]
    complaint = complaint or assumed(found.source, assumptions_of(run.output))
    if complaint is not None:
        raise SystemExit(f"{name}: {complaint}")
    times = [(head, float(took)) for head, took in re.findall(r"\[([^\]]*)\] \S+ secs \(([0-9.]+)u", run.output)]
    typing = sum(took for head, took in times if head.startswith("Definition"))
    # what the kernel computes is computed when the lemma about the evidence, the first one of the file, is closed
    computing = next((took for head, took in times if head.startswith("Qed")), 0.0)
    shares = [round(100 * part / max(run.seconds, 0.01)) for part in (typing, computing)]
    rest = max(0, 100 - sum(shares))
    method = found.reason.rpartition(", by ")[2].rstrip(".")
    return Row(name, method, run.seconds, run.megabytes, (rest, *shares))


def written(rows: list[Row], theory: float, refused: dict[str, str]) -> str:
    """The table as the page has it."""
    said = subprocess.run([*compiler()[:1], "--version"], capture_output=True, text=True, check=True).stdout
    version = re.sub(r"[^0-9]*([0-9][0-9.]+).*", r"\1", said, flags=re.DOTALL)
    lines = [
        f"Processor time of `coqc` {version}, and the memory that it had at most; the theory is compiled before, once, "
        f"in {theory:.0f} s.",
        "",
        "| theorem | evidence | seconds | MB | reading, typing, computing |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        reading, typing, computing = row.shares
        lines.append(
            f"| {row.name} | {row.evidence} | {row.seconds:.1f} | {row.megabytes:.0f} "
            f"| {reading} %, {typing} %, {computing} % |"
        )
    if refused:
        lines += ["", f"Refused: {'; '.join(f'{name} ({why})' for name, why in refused.items())}."]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Compiles all theorems; returns 0 if each was accepted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--few", action="store_true", help="only some, in a few minutes")
    parser.add_argument("--only", metavar="PATTERN", default="", help="only those whose name this pattern is found in")
    parser.add_argument("--write", action="store_true", help="write the table into docs/theorem.md")
    parser.add_argument("--acasxu", metavar="FOLDER", help="where acasxu_3_3.onnx and prop_4.vnnlib are")
    asked = parser.parse_args()
    try:
        compiler()
    except RelucircError as error:
        print(f"no theorem is compiled: {error}", file=sys.stderr)
        return 0 if asked.few else 1
    rows, refused = [], {}
    with tempfile.TemporaryDirectory() as name:
        folder, start = Path(name), time.perf_counter()
        theory = compile_theory(folder)
        print(f"the theory: {theory:.1f} s", flush=True)
        for called, claim, options in claims(asked.acasxu):
            if (asked.few and called not in FEW) or not re.search(asked.only, called):
                continue
            try:
                found = theorem(*claim, **options, standalone=False)
            except RelucircError as error:
                refused[called] = str(error).removeprefix("theorem: ").rstrip(".")
                print(f"{called}: {error}", flush=True)
                continue
            if found.status != "proved":
                raise SystemExit(f"{called}: {found}")
            rows.append(measured(called, found, folder))
            print(f"{called}: {rows[-1].seconds:.1f} s", flush=True)
    print(f"{len(rows)} theorems accepted, {len(refused)} refused.  {time.perf_counter() - start:.0f} s in all.")
    if asked.write:
        page = PAGE.read_text("utf-8")
        before, rest = page.split(BEGIN)
        PAGE.write_text(before + BEGIN + written(rows, theory, refused) + END + rest.split(END)[1], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
