"""Exact proofs about ReLU networks: what does this network compute, everywhere?

The verbs: :func:`prove`, :func:`check`, :func:`explain`, :func:`regions`, :func:`max_deviation`,
:func:`evaluate`, :func:`minimal_network`, :func:`train`.
"""

import importlib
from typing import TYPE_CHECKING, Any

from relucirc.checker.check import Verdict as Verdict
from relucirc.checker.check import check as check
from relucirc.core.errors import ActivationWarning as ActivationWarning
from relucirc.core.errors import CertificateError as CertificateError
from relucirc.core.errors import DomainError as DomainError
from relucirc.core.errors import FileError as FileError
from relucirc.core.errors import FormulaError as FormulaError
from relucirc.core.errors import NetworkError as NetworkError
from relucirc.core.errors import RelucircError as RelucircError
from relucirc.core.exact import ExactMatrix as ExactMatrix
from relucirc.geometry.lift import to_sympy as to_sympy
from relucirc.language.domain import Box as Box
from relucirc.language.formula import median as median
from relucirc.language.formula import order_statistic as order_statistic
from relucirc.language.network import MLP as MLP
from relucirc.language.network import Affine as Affine
from relucirc.proof.prover import prove as prove
from relucirc.proof.result import Result as Result

if TYPE_CHECKING:
    from relucirc import circuits as circuits
    from relucirc import strategies as strategies
    from relucirc import testing as testing
    from relucirc.evaluation import compile_network as compile_network
    from relucirc.evaluation import evaluate as evaluate
    from relucirc.evaluation import float_error_bound as float_error_bound
    from relucirc.files import load as load
    from relucirc.files import save as save
    from relucirc.files.drawing import draw as draw
    from relucirc.interpretation.explanation import explain as explain
    from relucirc.interpretation.snapping import snap as snap
    from relucirc.measure.deviation import max_deviation as max_deviation
    from relucirc.measure.regions import regions as regions
    from relucirc.optimal import compile as compile  # noqa: A004
    from relucirc.optimal import compile_formula as compile_formula
    from relucirc.optimal import depth_certificate as depth_certificate
    from relucirc.optimal import minimal_network as minimal_network
    from relucirc.optimal.discovery import discover as discover
    from relucirc.training import train as train

_LATER = {
    "regions": "measure.regions",
    "max_deviation": "measure.deviation",
    "draw": "files.drawing",
    "compile_network": "evaluation",
    "evaluate": "evaluation",
    "float_error_bound": "evaluation",
    "explain": "interpretation.explanation",
    "load": "files",
    "save": "files",
    "snap": "interpretation.snapping",
    "minimal_network": "optimal",
    "optimal": "optimal",
    "depth_certificate": "optimal",
    "compile": "optimal",
    "compile_formula": "optimal",
    "discover": "optimal.discovery",
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
