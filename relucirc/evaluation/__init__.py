"""Evaluation at the speed of memory, on one device or many.

:func:`evaluate` runs a network on arrays, iterators and memory-mapped files;
:func:`compile_network` gives the jitted function behind it, and
:func:`float_error_bound` how far its results can be from the exact ones.
"""

from relucirc.evaluation.batch import evaluate as evaluate
from relucirc.evaluation.compiled import CompiledNetwork as CompiledNetwork
from relucirc.evaluation.compiled import compile_network as compile_network
from relucirc.evaluation.error_bound import float_error_bound as float_error_bound
