"""Exact proofs about ReLU networks: what does this network compute, everywhere?

The verbs: :func:`prove`, :func:`check`, :func:`explain`, :func:`regions`, :func:`max_deviation`,
:func:`evaluate`, :func:`minimal_network`, :func:`train`.
"""

import importlib
from typing import TYPE_CHECKING, Any

from relucirc.checker.check import Verdict as Verdict
from relucirc.checker.check import check as check
from relucirc.domain import Box as Box
from relucirc.errors import ActivationWarning as ActivationWarning
from relucirc.errors import CertificateError as CertificateError
from relucirc.errors import DomainError as DomainError
from relucirc.errors import FileError as FileError
from relucirc.errors import FormulaError as FormulaError
from relucirc.errors import NetworkError as NetworkError
from relucirc.errors import RelucircError as RelucircError
from relucirc.exact import ExactMatrix as ExactMatrix
from relucirc.formula import median as median
from relucirc.formula import order_statistic as order_statistic
from relucirc.lift import to_sympy as to_sympy
from relucirc.network import MLP as MLP
from relucirc.network import Affine as Affine
from relucirc.prover import prove as prove
from relucirc.result import Result as Result

if TYPE_CHECKING:
    from relucirc import circuits as circuits
    from relucirc import strategies as strategies
    from relucirc import testing as testing
    from relucirc.complexes import regions as regions
    from relucirc.deviation import max_deviation as max_deviation
    from relucirc.discovery import discover as discover
    from relucirc.drawing import draw as draw
    from relucirc.evaluation import compile_network as compile_network
    from relucirc.evaluation import evaluate as evaluate
    from relucirc.evaluation import float_error_bound as float_error_bound
    from relucirc.explanation import explain as explain
    from relucirc.files import load as load
    from relucirc.files import save as save
    from relucirc.optimal import compile as compile  # noqa: A004
    from relucirc.optimal import compile_formula as compile_formula
    from relucirc.optimal import depth_certificate as depth_certificate
    from relucirc.optimal import minimal_network as minimal_network
    from relucirc.snapping import snap as snap
    from relucirc.training import train as train

_LATER = {
    "regions": "complexes",
    "max_deviation": "deviation",
    "draw": "drawing",
    "compile_network": "evaluation",
    "evaluate": "evaluation",
    "float_error_bound": "evaluation",
    "explain": "explanation",
    "load": "files",
    "save": "files",
    "snap": "snapping",
    "minimal_network": "optimal",
    "optimal": "optimal",
    "depth_certificate": "optimal",
    "compile": "optimal",
    "compile_formula": "optimal",
    "discover": "discovery",
    "train": "training",
}
"""Public name -> the module that is imported when it is first asked for."""

_MODULES = frozenset({"circuits", "strategies", "testing"})
"""Submodules that need no import statement of their own."""

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        try:
            return importlib.import_module(f"relucirc.{name}")
        except ModuleNotFoundError as error:
            if error.name != "hypothesis":
                raise
            # help() and tab completion ask for every name, and pass over AttributeError only.
            raise AttributeError(f"relucirc.{name} needs Hypothesis: pip install hypothesis.") from None
    if name not in _LATER:
        raise AttributeError(f"module 'relucirc' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"relucirc.{_LATER[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER, *_MODULES})
