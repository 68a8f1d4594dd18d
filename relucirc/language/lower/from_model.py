"""Models of other libraries as JAX functions of one point.

Equinox, Flax, Haiku and Keras on JAX are JAX already; what is left is how a model is called, and that it is called as
it is used, not as it is trained.  A module of PyTorch is read from the graph that ``torch.export`` records
(:mod:`relucirc.language.lower.from_torch`), and scikit-learn's perceptrons from their arrays.  No library is imported
that the model has not imported itself.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from relucirc.core.errors import NetworkError, shorten
from relucirc.language.lower.from_torch import Recorded, first, function_of_torch, record

LIBRARIES = ("equinox", "flax", "haiku", "keras", "sklearn", "torch")
MAX_PARTS = 100_000
"""Most parts of a model that are looked through."""


@dataclass(frozen=True)
class Model:
    """A model of another library.

    Attributes:
        function: A JAX function of one array, a point.
        sizes: How many inputs it may have, by what its layers take.
        wide: Whether its numbers are of 64 bits, which JAX has to be told to keep.
        accepts: Whether it takes so many inputs, where that is known without tracing it.
    """

    function: Callable[[Any], Any]
    sizes: tuple[int, ...]
    wide: bool = False
    accepts: Callable[[int], bool] | None = None

    def takes(self, n: int) -> bool:
        """Whether a point of n numbers can be given to it."""
        if self.accepts is not None:
            return self.accepts(n)
        try:
            with wide_numbers(self.wide):
                jax.eval_shape(self.function, jax.ShapeDtypeStruct((n,), jnp.result_type(float)))
        except Exception:  # whatever a model raises
            return False
        return True

    @property
    def size(self) -> int | None:
        """How many inputs it has, if its layers leave one answer."""
        fitting = [n for n in self.sizes if self.takes(n)]
        return fitting[0] if len(fitting) == 1 else None


def wide_numbers(wide: bool) -> AbstractContextManager[Any]:
    """Keeps numbers of 64 bits where that is asked for, and as JAX is set up otherwise."""
    return jax.enable_x64(True) if wide else nullcontext()


def model_of(value: Any) -> Model | None:
    """Returns what is known of a model of another library; None for anything else.

    Raises:
        NetworkError: For a model that is trained, has no parameters, or is not piecewise linear by its name.
    """
    library = library_of(value)
    if library is None:
        return None
    if library == "torch" and not hasattr(value, "named_modules"):
        return _of_exported(value)
    parts = list(_parts(value))
    _refuse_training(parts)
    if library == "sklearn":
        return _of_sklearn(value)
    if library == "torch":
        function, takes = function_of_torch(value)
        return Model(function, _sizes(parts), wide=True, accepts=takes)
    if library == "keras":
        return Model(lambda x: first(value(x[None], training=False), type(value).__name__), _sizes(parts))
    if library == "haiku":
        raise NetworkError(
            f"expected a function of the inputs, got {type(value).__name__} of Haiku, which takes parameters too; "
            "write lambda x: f.apply(params, None, x)."
        )
    variables = _variables(value)
    if library == "flax" and variables is None and not _is_nnx(value):
        raise NetworkError(
            f"expected a model with its parameters, got {type(value).__name__} of Flax without; give "
            "model.bind(params)."
        )
    return Model(value, _sizes(parts) if variables is None else _kernels(variables))


def library_of(value: Any) -> str | None:
    """Returns the library that a model is of."""
    if isinstance(value, Recorded):
        return "torch"
    if isinstance(value, type) or not (callable(value) or hasattr(value, "coefs_") or hasattr(value, "apply")):
        return None
    packages = [base.__module__.partition(".")[0] for base in type(value).__mro__]
    return next((name for name in LIBRARIES if name in packages), None)


def _is_nnx(model: Any) -> bool:
    return any(base.__module__.startswith("flax.nnx") for base in type(model).__mro__)


def _variables(model: Any) -> Any:
    """The variables of a bound module of Flax Linen; None for other models."""
    if not hasattr(model, "bind") or not hasattr(model, "scope"):
        return None
    return None if model.scope is None else model.variables


def _of_exported(program: Any) -> Model:
    """What ``torch.export`` recorded for inputs of certain shapes, which come one after the other."""
    if not isinstance(program, Recorded) and not hasattr(program, "graph_signature"):
        raise NetworkError(f"expected a module of PyTorch, or what torch.export gives, got {type(program).__name__}.")
    recorded = program if isinstance(program, Recorded) else record(program)
    return Model(recorded.run, (recorded.size,), wide=True, accepts=recorded.size.__eq__)


def _parts(model: Any) -> Iterator[Any]:
    """Yields a model, its layers and what they hold, in the order of their attributes."""
    seen: set[int] = set()
    stack = [model]
    while stack and len(seen) < MAX_PARTS:
        part = stack.pop()
        if id(part) in seen or isinstance(part, str | bytes | int | float | np.ndarray | jax.Array | type):
            continue
        seen.add(id(part))
        if isinstance(part, dict):
            inner = list(part.values())
        elif isinstance(part, list | tuple):
            inner = list(part)
        else:
            packages = {base.__module__.partition(".")[0] for base in type(part).__mro__}
            if not packages & set(LIBRARIES):
                continue
            yield part
            inner = list(getattr(part, "__dict__", {}).values())
        stack += reversed(inner)


def _sizes(parts: list[Any]) -> tuple[int, ...]:
    """How many numbers the layers take, without repetition."""
    found = []
    for part in parts:
        kernel = getattr(part, "kernel", None)
        shape = getattr(kernel, "shape", ())
        found += [getattr(part, "in_size", None), getattr(part, "in_features", None)]
        found += [math.prod(getattr(part, "unflattened_size", ()))]
        found += [shape[0]] if len(shape) == 2 else []
    return tuple(dict.fromkeys(n for n in found if isinstance(n, int) and not isinstance(n, bool) and n > 0))


def _kernels(variables: Any) -> tuple[int, ...]:
    shapes = [np.shape(leaf) for leaf in jax.tree.leaves(variables)]
    return tuple(dict.fromkeys(shape[0] for shape in shapes if len(shape) == 2))


def _refuse_training(parts: list[Any]) -> None:
    """Refuses a layer that is random, or looks at other points, as it is while a model is trained."""
    for part in parts:
        name = type(part).__name__
        random = "dropout" in name.lower() and getattr(part, "p", getattr(part, "rate", 1)) != 0
        kept = "batchnorm" in name.lower()
        training = (
            (getattr(part, "training", False) is True and hasattr(part, "state_dict"))
            or getattr(part, "deterministic", True) is False
            or getattr(part, "inference", True) is False
            or getattr(part, "use_running_average", True) is False
        )
        if training and (random or kept):
            raise NetworkError(
                f"expected a model as it is used, got the layer {shorten(name)} in training mode; call model.eval(), "
                "or equinox.nn.inference_mode(model)."
            )


def _of_sklearn(model: Any) -> Model:
    """A perceptron of scikit-learn, from its arrays, which are in x out."""
    name = type(model).__name__
    if not hasattr(model, "coefs_"):
        raise NetworkError(f"expected a perceptron of scikit-learn that has been fitted, got {name}.")
    if model.activation not in ("relu", "identity"):
        raise NetworkError(f"expected a model whose activation is ReLU, got {name} with {shorten(model.activation)}.")
    if model.out_activation_ != "identity":
        raise NetworkError(
            f"expected a model without a last activation, got {name} with {model.out_activation_}; what it applies "
            "that to is relucirc.MLP.from_arrays([(w.T, b) for w, b in zip(model.coefs_, model.intercepts_)])."
        )
    layers = list(zip(model.coefs_, model.intercepts_, strict=True))

    def function(x: Any) -> Any:
        for k, (weight, bias) in enumerate(layers):
            x = x @ weight + bias
            x = jax.nn.relu(x) if model.activation == "relu" and k < len(layers) - 1 else x
        return x

    return Model(function, (int(layers[0][0].shape[0]),), wide=True)
