"""The public names, by what they are for: each once, for type checkers, for ``__init__.py`` and for the docs."""
# ruff: noqa: A004, I001

# Prove
from relucirc.proof.prover import prove as prove
from relucirc.proof.result import Result as Result
from relucirc.checker.check import check as check
from relucirc.checker.verdict import Verdict as Verdict
from relucirc.language.domain import Box as Box
from relucirc.measure.bounds import bounds as bounds
from relucirc.measure.comparing import compare as compare
from relucirc.measure.deviation import max_deviation as max_deviation
from relucirc.measure.verifying import verify as verify
from relucirc.proof.theorem import theorem as theorem
from relucirc.core.budget import Budget as Budget

# Networks
from relucirc.language.network import MLP as MLP
from relucirc.language.affine import Affine as Affine
from relucirc.core.matrix import ExactMatrix as ExactMatrix
from relucirc.files import load as load
from relucirc.files import save as save
from relucirc.files.certificate_file import save_certificate as save_certificate
from relucirc.pictures.network import draw as draw
from relucirc.pictures.page import report as report
from relucirc.interpretation.snap import snap as snap

# From networks to formulas
from relucirc.geometry.lift import to_sympy as to_sympy
from relucirc.interpretation.explanation import explain as explain
from relucirc.interpretation.universality import universality as universality
from relucirc.measure.regions import regions as regions
from relucirc.measure.regions import count_regions as count_regions

# Formulas
from relucirc.language.order_statistic import median as median
from relucirc.language.order_statistic import order_statistic as order_statistic

# From formulas to networks
from relucirc.optimal import minimal_network as minimal_network
from relucirc.optimal import optimal as optimal
from relucirc.optimal import depth_certificate as depth_certificate
from relucirc.optimal import compile_formula as compile_formula
from relucirc.optimal import compile as compile
from relucirc.optimal.discovery import discover as discover

# Run and train
from relucirc.evaluation import evaluate as evaluate
from relucirc.evaluation import compile_network as compile_network
from relucirc.evaluation import float_error_bound as float_error_bound
from relucirc.training import train as train

# Errors
from relucirc.core.errors import RelucircError as RelucircError
from relucirc.core.errors import NetworkError as NetworkError
from relucirc.core.errors import FormulaError as FormulaError
from relucirc.core.errors import DomainError as DomainError
from relucirc.core.errors import FileError as FileError
from relucirc.core.errors import ActivationWarning as ActivationWarning

# Submodules that need no import statement of their own
from relucirc import circuits as circuits
from relucirc import strategies as strategies
from relucirc import testing as testing

__version__: str
