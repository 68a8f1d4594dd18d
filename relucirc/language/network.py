"""ReLU networks as frozen JAX pytrees, over floats or over exact rationals.

An :class:`MLP` computes ``W_k relu(... relu(W_1 x + b_1) ...) + b_k``.  Its leaves are float
arrays, or :class:`~relucirc.core.matrix.ExactMatrix` constants in its *exact twin*, which has the same
structure.  Going from float to exact is lossless: floats are rationals.
"""

import html
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import sympy
from flint import fmpq

from relucirc.core.errors import NetworkError, RelucircError, is_torch, shorten
from relucirc.core.exact import Number, rational, real_array, text, to_rational, unmasked
from relucirc.core.matrix import ExactMatrix, exact_vector
from relucirc.core.names import default_names, read_names
from relucirc.core.showing import html_of, latex_of
from relucirc.language.affine import SHOWN, Affine, dimensions, entries, kind, register
from relucirc.language.models import chain, layers_of

Array = Any
TWO_LINES = 180
"""Most characters of a network that is printed with its weights."""


@dataclass(frozen=True)
class MLP:
    """A multi-layer perceptron with ReLU after every layer but the last.

    It is a registered pytree (``inputs`` is static), so ``jit``, ``vmap``, ``grad`` and
    ``jax.tree.map`` apply.  Calling it evaluates one point; use ``jax.vmap(net)`` or
    :func:`relucirc.evaluate` for a batch.

    Attributes:
        layers: The affine layers, at least one.
        inputs: The names of the inputs, unique identifiers.

    Example:
        >>> net = MLP.from_arrays([([[1], [-1]], None), ([[1, 1]], None)])
        >>> net.at(-3)
        (3,)
    """

    layers: tuple[Affine, ...]
    inputs: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.layers:
            raise NetworkError("expected at least one layer, got none; a network needs its output layer.")
        for i, (below, above) in enumerate(zip(self.layers, self.layers[1:], strict=False)):
            if below.shape[0] != above.shape[1]:
                raise NetworkError(
                    f"layer {i} gives {below.shape[0]} values but layer {i + 1} takes {above.shape[1]} "
                    f"(weights are out x in: {below.shape} then {above.shape}); transpose one, or drop a layer."
                )
        if 0 in (self.layers[0].shape[1], self.layers[-1].shape[0]):
            raise NetworkError(
                f"expected at least one input and one output, got {self.layers[0].shape[1]} inputs and "
                f"{self.layers[-1].shape[0]} outputs."
            )
        object.__setattr__(self, "inputs", read_names(self.inputs))
        if len(self.inputs) != self.layers[0].shape[1]:
            raise NetworkError(
                f"expected {self.layers[0].shape[1]} input names for weights of shape {self.layers[0].shape}, "
                f"got {len(self.inputs)}: {shorten(self.inputs)}."
            )

    def __repr__(self) -> str:
        """Prints the weights where that is a line or two, else the sizes."""
        text = self._weights_text() if self._is_small() else ""
        plain = isinstance(self.layers, tuple) and all(isinstance(layer, Affine) for layer in self.layers)
        sized = plain and all(hasattr(layer.weight, "shape") for layer in self.layers)
        if not sized or (text and len(text) <= TWO_LINES and "\n" not in text):
            return text
        kinds = ", ".join(dict.fromkeys(map(kind, self.layers)))
        flat = all(len(layer.weight.shape) == 2 for layer in self.layers)
        widths = "-".join(map(str, self.sizes)) if flat else ", ".join(map(dimensions, self.layers))
        return f"<MLP {widths}, {sum(map(entries, self.layers))} weights, {kinds}>"

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        """What IPython prints: the same; and Hypothesis, which has to say which network failed: few weights too."""
        asked = type(printer).__module__.startswith("hypothesis")
        printer.text(self._weights_text() if asked and self._is_small() else repr(self))

    def _is_small(self) -> bool:
        """Whether there are few weights, or none at all, as where JAX put something else in their place."""
        plain = isinstance(self.layers, tuple) and all(isinstance(layer, Affine) for layer in self.layers)
        return not plain or sum(map(entries, self.layers)) <= SHOWN

    def _weights_text(self) -> str:
        return f"MLP(layers={self.layers!r}, inputs={self.inputs!r})"

    def _repr_html_(self) -> str:
        """What a notebook shows: the sizes, the drawing, and the weights folded."""
        if not all(isinstance(layer, Affine) and len(layer.weight.shape) == 2 for layer in self.layers):
            return f"<pre>{html.escape(repr(self))}</pre>"
        line = f"ReLU network {'-'.join(map(str, self.sizes))} of {', '.join(self.inputs)}"
        return html_of(self, shorten(line, 100), [("weights", self._weights_text())])

    def _repr_latex_(self) -> str | None:
        """The formula of a small network."""
        return latex_of(self)

    @staticmethod
    def from_arrays(layers: Any, inputs: Sequence[str] | None = None, *, activation: str | None = None) -> "MLP":
        """Builds a network from ``(weight, bias)`` pairs, weights of shape ``(out, in)``.

        Float arrays (NumPy or JAX, any width from 16 to 64 bits) stay float arrays and make a
        float network.  Anything else (nested lists of ints, floats, Fractions, SymPy rationals,
        or text such as ``"1/3"``) is read exactly and makes an exact network; a Python float
        means exactly the binary value it holds.

        Args:
            layers: ``(weight, bias)`` pairs, a bias of None for none; PyTorch tensors will do.  Or linear layers
                of PyTorch, Equinox or Flax NNX, with the ReLUs between them or with ``activation="relu"``; or a
                model that shows both, such as ``torch.nn.Sequential`` or ``equinox.nn.MLP``.
            inputs: Names of the inputs; ``x`` for one and ``x1, x2, ...`` for several by default.
            activation: ``"relu"``: what layers of a model do not show, that ReLU stands after each but the last.

        Raises:
            NetworkError: For ragged or mismatched shapes, NaN or infinity, and unreadable numbers; for a
                model whose activation is not ReLU, or is neither seen nor said.

        Example:
            >>> MLP.from_arrays([([[2], [-1]], None), jnp.tanh, ([[1, 1]], None)])
            Traceback (most recent call last):
                ...
            relucirc.core.errors.NetworkError: layer 1: expected a linear layer or a ReLU, got tanh.
        """
        parts, relu = layers_of(layers, activation)
        parts = [(part.weight, part.bias) if isinstance(part, Affine) else part for part in parts]
        read = [(_numpy(weight), _numpy(bias)) for weight, bias in chain(parts, relu)]
        floats = all(_is_float_array(w) and (b is None or _is_float_array(b)) for w, b in read)
        built = _numbered(_float_layer if floats else _exact_layer, read)
        if not built:
            raise NetworkError("expected at least one layer, got none; a network needs its output layer.")
        return MLP(built, default_names(built[0].shape[1]) if inputs is None else read_names(inputs))

    @property
    def sizes(self) -> tuple[int, ...]:
        """Widths from input to output, such as ``(2, 3, 1)``."""
        return (len(self.inputs), *(layer.shape[0] for layer in self.layers))

    @property
    def hidden_neurons(self) -> int:
        """Number of ReLU units."""
        return sum(self.sizes[1:-1])

    @property
    def is_exact(self) -> bool:
        """Whether the weights are exact rationals."""
        return all(layer.is_exact for layer in self.layers)

    @property
    def symbols(self) -> tuple[sympy.Symbol, ...]:
        """Symbols in the weights of a symbolic family, sorted by name; empty otherwise."""
        parts = [m for layer in self.layers for m in (layer.weight, layer.bias) if isinstance(m, ExactMatrix)]
        return tuple(sorted({s for m in parts for s in m.symbols}, key=lambda s: s.name))

    def exact(self) -> "MLP":
        """Returns the exact twin: every float read as exactly the rational number it is."""
        if self.is_exact:
            return self
        return MLP(_numbered(_exact_layer, [(layer.weight, layer.bias) for layer in self.layers]), self.inputs)

    def astype(self, dtype: Any) -> "MLP":
        """Returns a float network with every weight rounded to the nearest ``dtype``.

        With JAX's 64-bit types off, float64 leaves are NumPy arrays, so that nothing is narrowed.

        Raises:
            NetworkError: For a dtype that is not floating, or a weight that is too large for it.
        """
        dtype = jnp.dtype(dtype)
        if not jnp.issubdtype(dtype, jnp.floating):
            raise NetworkError(f"expected a floating dtype, got {dtype}.")
        layers = []
        for layer in self.exact().layers:
            bias = None if layer.bias is None else _rounded(layer.bias, dtype)[:, 0]
            layers.append(_float_layer(_rounded(layer.weight, dtype), bias))
        return MLP(tuple(layers), self.inputs)

    def to_json(self) -> dict[str, Any]:
        """Returns the exact network as the data of a network file; the bias of a layer without one is None.

        Example:
            >>> MLP.from_arrays([([["1/2", 1]], None)]).to_json()
            {'inputs': ['x1', 'x2'], 'layers': [{'weight': [['1/2', '1']], 'bias': None}]}
        """
        layers = [
            {"weight": m.weight.strings(), "bias": m.bias if m.bias is None else [b for (b,) in m.bias.strings()]}
            for m in self.exact().layers
        ]
        return {"inputs": list(self.inputs), "layers": layers}

    def to_torch(self) -> Any:
        """Returns the network as a ``torch.nn.Sequential`` of Linear and ReLU, with these weights in their type.

        An exact network gets float32 weights where these round nothing, and float64 ones otherwise.

        Raises:
            NetworkError: Without PyTorch; for weights that are no floats, such as 1/3, or of several types.
        """
        from relucirc.language.to_models import torch_model  # noqa: PLC0415  (other libraries)

        return torch_model(self)

    def to_equinox(self) -> Any:
        """Returns the network as an ``equinox.nn.Sequential`` of Linear and ReLU, with these weights in their types.

        An exact network gets float32 weights where these round nothing, and float64 ones otherwise.

        Raises:
            NetworkError: Without Equinox; for weights that are no floats, such as 1/3, or that JAX would round:
                float64 while its 64-bit types are off.

        Example:
            >>> import relucirc
            >>> model = relucirc.circuits.minimum().to_equinox()
            >>> model(jnp.array([3.0, -5.0])).tolist()
            [-5.0]
        """
        from relucirc.language.to_models import equinox_model  # noqa: PLC0415  (other libraries)

        return equinox_model(self)

    def to_flax(self, api: str = "nnx") -> Any:
        """Returns the network as a model of Flax, with these weights in their types.

        Args:
            api: ``"nnx"`` for a ``flax.nnx.Sequential``; ``"linen"`` for a ``flax.linen.Sequential`` that is bound
                to its parameters, which ``.unbind()`` takes apart.

        Raises:
            NetworkError: As :meth:`to_equinox`.

        Example:
            >>> import relucirc
            >>> model, variables = relucirc.circuits.minimum().to_flax("linen").unbind()
            >>> model.apply(variables, jnp.array([3.0, -5.0])).tolist()
            [-5.0]
        """
        from relucirc.language.to_models import flax_model  # noqa: PLC0415  (other libraries)

        return flax_model(self, api)

    def __call__(self, x: Array) -> Array:
        """Evaluates one point in floating point.

        Args:
            x: Array of shape ``(n_in,)``; the result has its dtype (ints become the default float).

        Returns:
            Array of shape ``(n_out,)``.
        """
        x = jnp.asarray(real_array(x, "x"))
        if x.shape != (len(self.inputs),):
            raise NetworkError(
                f"expected one point of shape ({len(self.inputs)},), got an array of shape {x.shape}; "
                "for a batch use jax.vmap(net)(xs) or relucirc.evaluate(net, xs)."
            )
        if not jnp.issubdtype(x.dtype, jnp.floating):
            x = x.astype(jnp.result_type(float))
        for layer in self.layers[:-1]:
            x = jax.nn.relu(layer(x))
        return self.layers[-1](x)

    def at(self, *point: Number, **named: Number) -> tuple[sympy.Rational, ...]:
        """Evaluates one point exactly.

        Args:
            *point: One rational number per input, or one sequence of them.
            **named: The same by input name.

        Returns:
            One ``sympy.Rational`` per output.
        """
        return tuple(to_rational(v) for v in self.trace(self.point(*point, **named))[-1][0])

    def point(self, *point: Number, **named: Number) -> tuple[fmpq, ...]:
        """Reads one exact point, positional or by input name."""
        values: Sequence[Any] = point
        first = point[0] if len(point) == 1 else None
        scalar = isinstance(first, str) or getattr(first, "ndim", 1) == 0
        if isinstance(first, Sequence | np.ndarray | jax.Array) and not scalar:
            values = list(first)
        if named:
            if values or set(named) != set(self.inputs):
                raise NetworkError(f"expected one value for each of {list(self.inputs)}, got {sorted(named)}.")
            values = [named[name] for name in self.inputs]
        if len(values) != len(self.inputs):
            raise NetworkError(f"expected {len(self.inputs)} values for {list(self.inputs)}, got {len(values)}.")
        return tuple(rational(v, name) for name, v in zip(self.inputs, values, strict=True))

    def trace(self, point: Sequence[fmpq]) -> list[tuple[list[fmpq], list[fmpq]]]:
        """Returns exact ``(pre-activations, activations)`` of every layer at a point."""
        if self.symbols:
            raise NetworkError(f"weights have symbols {[s.name for s in self.symbols]}; substitute numbers first.")
        values, trace = list(point), []
        layers = self.exact().layers
        for i, layer in enumerate(layers):
            before = [y + b for y, b in zip(layer.weight.apply(values), layer.exact_bias(), strict=True)]
            values = before if i == len(layers) - 1 else [max(y, fmpq(0)) for y in before]
            trace.append((before, values))
        return trace


def _numpy(value: Any) -> Any:
    """Returns the NumPy array of a PyTorch tensor or of a masked array, and anything else as it is."""
    if np.ma.isMaskedArray(value):
        try:
            return unmasked(value, "weight or bias")
        except RelucircError as error:
            raise NetworkError(str(error)) from None
    if not is_torch(value):
        return value
    try:
        return value.detach().cpu().numpy()
    except (TypeError, RuntimeError, AttributeError) as error:  # bfloat16, quantised, sparse, or no tensor
        raise NetworkError(f"expected an array, got a {type(value).__name__} that NumPy cannot read: {error}") from None


def _is_float_array(value: Any) -> bool:
    if isinstance(value, np.ndarray) and value.dtype == np.longdouble and value.dtype.itemsize > 8:
        raise NetworkError(f"expected floats of at most 64 bits, got {value.dtype}; convert them first.")
    return isinstance(value, jax.Array | np.ndarray) and jnp.issubdtype(value.dtype, jnp.floating)


def _numbered(make: Callable[[Any, Any], Affine], pairs: Iterable[tuple[Any, Any]]) -> tuple[Affine, ...]:
    """Makes the layers of pairs of weights and biases; an error says which one it is about."""
    built = []
    for i, (weight, bias) in enumerate(pairs):
        try:
            built.append(make(weight, bias))
        except NetworkError as error:
            raise NetworkError(f"layer {i}: {error}") from None
    return tuple(built)


def _float_layer(weight: Any, bias: Any) -> Affine:
    return Affine(_leaf(weight), None if bias is None else _leaf(bias))


def _rounded(matrix: ExactMatrix, dtype: Any) -> np.ndarray:
    array = matrix.to_numpy(dtype)
    if not np.isfinite(array.astype(np.float64)).all():
        largest = max((value for row in matrix.rows for _, value in row), key=abs)
        raise NetworkError(
            f"{shorten(text(largest))} is too large for {dtype}, whose largest number is {jnp.finfo(dtype).max}; "
            "rescale the network or take a wider dtype."
        )
    return array


def _leaf(array: Any) -> Array:
    """Returns a JAX array, or NumPy's own where JAX would narrow it (float64 with x64 off)."""
    narrowed = isinstance(array, np.ndarray) and jax.dtypes.canonicalize_dtype(array.dtype) != array.dtype
    return np.array(array) if narrowed else jnp.asarray(array)


def _exact_layer(weight: Any, bias: Any) -> Affine:
    entries = None if bias is None else exact_vector(bias)
    column = None if entries is None else ExactMatrix.sparse((len(entries), 1), ({0: b} for b in entries))
    return Affine(ExactMatrix.of(weight), column)


register(MLP, ("layers",), ("inputs",))
