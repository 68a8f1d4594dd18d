"""The theory in Rocq that theorems rest on, as files and as one text."""

import re
from importlib.resources import files

PARTS = (
    "Statement",
    "Laws",
    "Forms",
    "Evidence",
    "Steps",
    "Lowering",
    "Trees",
    "Symmetry",
    "ZeroOne",
    "Bounding",
    "Substitution",
    "Boxes",
    "Claims",
    "Endings",
    "Cells",
    "Points",
    "OverRationals",
    "OverReals",
    "Families",
)
"""Its files, each resting on those before."""
NAMES = (
    "Statement Forms Evidence Steps Trees ZeroOne Bounding Substitution Boxes Claims Endings Cells Points "
    "OverRationals OverReals Families"
)
"""What a theorem's own file imports."""
_IMPORT = re.compile(r"^From (Coq|Relucirc) Require Import ([\w \n]+)\.$", re.MULTILINE)


def source_of(part: str) -> str:
    """Returns the text of one file."""
    return (files("relucirc.proof.theorem") / "rocq" / f"{part}.v").read_text(encoding="utf-8")


def as_modules() -> str:
    """Returns the theory as one text: what it requires of the standard library, and a module for each file."""
    sources = {part: source_of(part) for part in PARTS}
    required = dict.fromkeys(
        name for text in sources.values() for origin, names in _IMPORT.findall(text) if origin == "Coq"
        for name in names.split()
    )  # fmt: skip
    inner = {part: _IMPORT.sub(r"Import \2.", text) for part, text in sources.items()}
    modules = [f"Module {part}.\n{text}End {part}.\n" for part, text in inner.items()]
    return "\n".join([f"From Coq Require {' '.join(required)}.\n", *modules])
