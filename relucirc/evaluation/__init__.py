"""Evaluation at the speed of memory, on one device or many.

:func:`evaluate` runs a network on arrays, iterators and memory-mapped files;
:func:`compile_network` gives the jitted function behind it.
"""

from relucirc.evaluation.batch import evaluate as evaluate
from relucirc.evaluation.compiled import CompiledNetwork as CompiledNetwork
from relucirc.evaluation.compiled import compile_network as compile_network
