"""Smallest networks, the depth that a function needs, and compilation: optimal means proved optimal.

The package is callable, for ``relucirc.optimal(net)``: it is then :func:`relucirc.optimal.judge.optimal`.
"""

import sys
from types import ModuleType
from typing import Any

from relucirc.checker.depth import check_depth as check_depth
from relucirc.checker.minimal import check_minimal as check_minimal
from relucirc.optimal.depth import Depth as Depth
from relucirc.optimal.depth import depth_certificate as depth_certificate
from relucirc.optimal.judge import Optimality as Optimality
from relucirc.optimal.judge import optimal as optimal
from relucirc.optimal.minimal import Minimal as Minimal
from relucirc.optimal.minimal import minimal_network as minimal_network
from relucirc.optimal.synthesis import Compiled as Compiled
from relucirc.optimal.synthesis import compile as compile  # noqa: A004
from relucirc.optimal.synthesis import compile as compile_formula  # noqa: F401


class _Callable(ModuleType):
    def __call__(self, *args: Any, **kwargs: Any) -> Optimality:
        return optimal(*args, **kwargs)


sys.modules[__name__].__class__ = _Callable
