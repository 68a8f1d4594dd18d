"""What a file may hold that is said to prove something: the theory as it is shipped, data, and theorems with proofs.

A compiler that accepts a file says nothing of what the file assumes, or of what it means by its words.  So the file is
read before, and what ``Print Assumptions`` prints is read after.
"""

import re
from collections.abc import Sequence

from relucirc.proof.theorem.theory import NAMES, as_modules

AXIOMS = frozenset(
    (
        "ClassicalDedekindReals.sig_forall_dec",
        "ClassicalDedekindReals.sig_not_dec",
        "FunctionalExtensionality.functional_extensionality_dep",
    )
)
"""By what the standard library makes the reals."""
REQUIRED = f"From Coq Require Reals.\nFrom Relucirc Require {NAMES}.\n"
"""How a file begins that does not stand alone."""
DEFINED = (
    "network", "formula", "other", "requirement", "region", "evidence", "point", "outputs", "members", "scales"
)  # fmt: skip
"""What a file defines."""
_COMMANDS = (
    r"Import [\w ]+",
    r"Strategy (expand|opaque) \[[\w ]+\]",
    r"Open Scope (R|Q)_scope",
    r"Section (Reals|Rationals)",
    r"End (Reals|Rationals)",
    rf"Definition ({'|'.join(DEFINED)}) :.*",
    r"Lemma (accepted|resolved) : .*",
    r"Theorem \w+_over_(reals|rationals) :.*",
    r"Proof",
    r"Qed",
    r"Print Assumptions \w+",
    r"vm_cast_no_check \(eq_refl true\)",
    r"(intros|intro|refine|split|destruct|repeat|unfold|exact|assumption)\b.*",
)
_COMMAND = re.compile("|".join(f"(?:{command})" for command in _COMMANDS), re.DOTALL)
_TRICK = re.compile(r'"|#\[|\b(admit|give_up|let\s+rec|abstract|Admitted|Axiom|bypass_check)\b')


def objection(source: str) -> str | None:
    """Says what does not belong into a file, or None."""
    theory = as_modules()
    own = None
    for beginning in (theory, REQUIRED):
        before, found, after = source.partition(beginning)
        if found and not without_comments(before).strip():
            own = after
            break
    if own is None:
        return "the theory in the file is not the one that relucirc has"
    text = without_comments(own)
    if _TRICK.search(text):
        return f"the file holds {_TRICK.search(text).group()!r}"  # type: ignore[union-attr]
    *sentences, rest = re.split(r"\.(?:\s+|$)", text)
    for sentence in (*sentences, rest):
        command = sentence.strip()
        if command and not _COMMAND.fullmatch(command):
            return f"the file holds a command that is not for data or proofs: {command[:60]!r}"
    stated = re.findall(r"\bTheorem (\w+)", text)
    if not stated or sorted(stated) != sorted(re.findall(r"\bPrint Assumptions (\w+)", text)):
        return "the file does not print what each of its theorems assumes"
    return None


def assumed(source: str, assumptions: Sequence[Sequence[str]]) -> str | None:
    """Says what theorems rest on that they must not, or None: nothing over the rationals, else the reals' axioms."""
    stated = re.findall(r"^Theorem (\w+)", source.partition(as_modules())[2] or source, re.MULTILINE)
    if len(stated) != len(assumptions):
        return f"{len(assumptions)} lists of assumptions for {len(stated)} theorems"
    for name, axioms in zip(stated, assumptions, strict=True):
        others = set(axioms) - (AXIOMS if name.endswith("_reals") else frozenset())
        if others:
            return f"{name} assumes {', '.join(sorted(others))}"
    return None


def without_comments(text: str) -> str:
    """Leaves out comments, which may be nested."""
    kept, depth, end = [], 0, 0
    for found in re.finditer(r"\(\*|\*\)", text):
        if found.group() == "(*":
            if depth == 0:
                kept.append(text[end : found.start()])
            depth += 1
        elif depth:
            depth -= 1
            end = found.end()
    return "".join(kept) + (text[end:] if depth == 0 else "")
