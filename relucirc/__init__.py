"""Exact proofs about ReLU networks: what does this network compute, everywhere?

The verbs: :func:`prove`, :func:`check`, :func:`theorem`, :func:`bounds`, :func:`max_deviation`, :func:`compare`,
:func:`verify`, :func:`explain`, :func:`universality`, :func:`regions`, :func:`snap`, :func:`evaluate`,
:func:`minimal_network`, :func:`train`, :func:`draw`, :func:`report`.

What is public stands in ``__init__.pyi``, which is read here too; a name's module is imported when it is first asked
for.
"""

import functools
import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

__version__ = "0.1.0"

import_module(f"{__name__}.geometry.lift")  # so that SymPy reads networks
import_module(f"{__name__}.core.showing").drawn_by(functools.partial(import_module, f"{__name__}.pictures.gallery"))

_TABLE = Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8")
_HOME = {name: module for module, name in re.findall(r"^from (\S+) import \w+ as (\w+)$", _TABLE, re.MULTILINE)}
"""Public name -> the module that has it."""
__all__ = [name for name in _HOME if name not in {"compile", "strategies", "testing"}]  # pyright: ignore[reportUnsupportedDunderAll]
"""What ``from relucirc import *`` gives: all but what would hide a name of Python, or needs Hypothesis."""


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'relucirc' has no attribute {name!r}")
    part = f"{__name__}.{name}"
    try:
        home = import_module(part if _HOME[name] == __name__ else _HOME[name])
    except ModuleNotFoundError as error:
        if error.name != "hypothesis":
            raise
        # help() and tab completion ask for every name, and pass over AttributeError only.
        raise AttributeError(f"{part} needs Hypothesis: pip install hypothesis.") from None
    value = sys.modules.get(part) or getattr(home, name)  # a submodule such as optimal, which can be called, is itself
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
