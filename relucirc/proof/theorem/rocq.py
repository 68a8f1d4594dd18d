"""Rocq's compiler, where it is installed: a file is compiled under limits, and what the kernel said is read."""

import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from relucirc.core.errors import RelucircError

COMPILERS = ("coqc", "rocq")
LAST = 600
"""How much of an error is kept, in characters."""


@dataclass(frozen=True)
class Checked:
    """What Rocq said of a file.

    Attributes:
        accepted: Whether the kernel accepted all of it.
        reason: One sentence.
        assumptions: The axioms that each theorem rests on, as Rocq lists them; none where it is closed.
        seconds: Wall time.
        output: All that Rocq printed.
    """

    accepted: bool
    reason: str
    assumptions: tuple[tuple[str, ...], ...]
    seconds: float
    output: str

    def __bool__(self) -> bool:
        return self.accepted

    def __str__(self) -> str:
        return f"{'accepted' if self.accepted else 'not accepted'}: {self.reason}"


def compiler() -> list[str]:
    """Returns the command that compiles a file.

    Raises:
        RelucircError: If Rocq is not installed.
    """
    for name in COMPILERS:
        path = shutil.which(name)
        if path is not None:
            return [path] if name == "coqc" else [path, "compile"]
    raise RelucircError(
        "Rocq is not installed: expected coqc (or rocq) on the path; on Debian and Ubuntu, apt-get install coq."
    )


def compile_text(text: str, name: str, seconds: float, gibibytes: float, theory: str | None = None) -> Checked:
    """Compiles a file under a limit of time and one of memory.

    Args:
        text: The file.
        name: Its name, without suffix.
        seconds: The limit of wall time.
        gibibytes: The limit of address space, where the system has ``ulimit``.
        theory: The folder of a compiled theory, if the file requires it.

    Raises:
        RelucircError: If Rocq is not installed.
    """
    command = compiler()
    if theory is not None:
        command += ["-Q", theory, "Relucirc"]
    shell = shutil.which("sh")
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.v"
        path.write_text(text, encoding="utf-8")
        command += [str(path)]
        if shell is not None:
            command = [shell, "-c", f'ulimit -v {int(gibibytes * 2**20)}; exec "$@"', shell, *command]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, cwd=folder, check=False)
        except subprocess.TimeoutExpired:
            return Checked(False, f"coqc did not end within {seconds:g} s.", (), time.perf_counter() - start, "")
    passed, output = time.perf_counter() - start, done.stdout + done.stderr
    if done.returncode:
        said = " ".join(done.stderr.split())
        memory = f" (the limit is {gibibytes:g} GiB)" if "memory" in said.lower() else ""
        return Checked(False, f"coqc says: {said[-LAST:] or done.returncode}{memory}", (), passed, output)
    return Checked(True, "Rocq's kernel checked every step.", assumptions_of(done.stdout), passed, output)


def assumptions_of(output: str) -> tuple[tuple[str, ...], ...]:
    """Reads what Print Assumptions printed, one list for each theorem.

    Rocq's heads of such lists are that nothing is assumed, axioms, and what else a theorem may rest on, such as a guard
    that was not checked; whatever stands below them counts.
    """
    found: list[list[str]] = []
    for line in output.splitlines():
        if line.startswith(("Closed under the global context", "Axioms:")):
            found.append([])
        elif found and line[:1].strip() and not line.startswith(("File ", "Warning", "Chars ")):
            found[-1].append(line.split()[0].rstrip(":"))
    return tuple(map(tuple, found))
