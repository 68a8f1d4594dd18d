"""Modules of PyTorch as JAX functions: what ``torch.export`` records, operation by operation.

What is recorded has shapes, so it is recorded for a number of inputs; and it changes nothing in place, or is made so,
because ``x += 1`` changes every view of x.
"""

import inspect
import operator
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from relucirc.core.errors import NetworkError, shorten
from relucirc.language.lower.torch_calls import CALLS, array_of, dtype_of

MOST = 1 << 26
"""Most numbers in what one operation gives."""


@dataclass(frozen=True)
class Recorded:
    """What a module does, as it was recorded.

    Attributes:
        nodes: The operations.
        given: By the names of placeholders, the module's own numbers.
        shapes, dtypes: Of its inputs.
        name: What the module is called.
    """

    nodes: Sequence[Any]
    given: dict[str, Any]
    shapes: tuple[tuple[int, ...], ...]
    dtypes: tuple[np.dtype, ...]
    name: str

    @property
    def size(self) -> int:
        """How many numbers it takes."""
        return sum(int(np.prod(shape)) for shape in self.shapes)

    def run(self, x: Any) -> list[Any]:
        """Returns its outputs, given all inputs in one array, one after the other."""
        ends = np.cumsum([int(np.prod(shape)) for shape in self.shapes])[:-1].tolist()
        parts = zip(jnp.split(x, ends), self.shapes, self.dtypes, strict=True)
        inputs = iter([part.reshape(shape).astype(dtype) for part, shape, dtype in parts])
        values: dict[Any, Any] = {}

        def known(value: Any) -> Any:
            if isinstance(value, list | tuple):
                return [known(part) for part in value]
            if type(value).__name__ != "Node":
                return value
            if values[value] is None:
                raise NetworkError(f"expected numbers, got the places where {shorten(value.name)!r} found them.")
            return values[value]

        for node in self.nodes:
            args, kwargs = [known(arg) for arg in node.args], {k: known(v) for k, v in node.kwargs.items()}
            if node.op == "placeholder":
                values[node] = self.given[node.name] if node.name in self.given else next(inputs)
            elif node.op == "output":
                return args[0]
            else:
                values[node] = CALLS[_name(node.target)](*args, **kwargs)
                if getattr(values[node], "size", 0) > MOST:
                    raise NetworkError(
                        f"expected results of at most {MOST:,} numbers, got more of {shorten(node.name)}."
                    )
        raise AssertionError("a recorded graph ends with its output")


def function_of_torch(module: Any) -> tuple[Callable[[Any], Any], Callable[[int], bool]]:
    """Returns the JAX function of one point that a module computes, and whether it takes so many numbers.

    Raises:
        NetworkError: For a module that takes several arguments; when torch.export cannot record it, or it has
            operations that are not read, of which all are named.
    """
    import torch  # noqa: PLC0415  (it is there, since there is a module of it)

    required = [
        p.name for p in inspect.signature(module.forward).parameters.values()
        if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]  # fmt: skip
    if len(required) > 1:
        raise NetworkError(
            f"expected a module of one argument, got {type(module).__name__} of {len(required)} "
            f"({', '.join(required)}); give torch.export.export(module, example), with an example of each."
        )
    numbers = [p for p in module.parameters() if p.dtype.is_floating_point]
    dtype = numbers[0].dtype if numbers else torch.float32

    @cache
    def recorded(n: int) -> Recorded:
        return record(_exported(torch, module, torch.zeros(1, n, dtype=dtype)), type(module).__name__)

    def function(x: Any) -> Any:
        return first(recorded(x.shape[0]).run(x), type(module).__name__)

    def takes(n: int) -> bool:
        try:
            with torch.no_grad():
                module(torch.zeros(1, n, dtype=dtype))
        except Exception:  # whatever a module raises
            return False
        return True

    return function, takes


def first(results: Any, name: str) -> Any:
    """The results of the only point of a batch.

    Raises:
        NetworkError: For a result whose first axis is no batch of one.
    """
    for result in jax.tree.leaves(results):
        if result.ndim < 1 or result.shape[0] != 1:
            raise NetworkError(
                f"expected a result for each point of a batch, got the shape {result.shape} for one point in {name}."
            )
    return jax.tree.map(lambda array: array[0], results)


def _exported(torch: Any, module: Any, *inputs: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of PyTorch about itself
        try:
            return torch.export.export(module, inputs)
        except Exception as error:  # whatever a module does that cannot be recorded
            text = shorten((str(error).strip() or type(error).__name__).splitlines()[0])
            raise NetworkError(f"{type(module).__name__} cannot be recorded by torch.export: {text}.") from None


def record(program: Any, name: str = "the exported program") -> Recorded:
    """Reads what ``torch.export`` gives.

    Raises:
        NetworkError: For operations that are not read, inputs that are no floats of known shape, and a program that
            changes its own numbers.
    """
    if any(getattr(getattr(node.target, "_schema", None), "is_mutable", False) for node in program.graph.nodes):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = program.run_decompositions({})
    nodes = list(program.graph.nodes)
    refuse_unread(nodes, name)
    signature = program.graph_signature
    if any(spec.kind.name != "USER_OUTPUT" for spec in signature.output_specs):
        raise NetworkError(f"expected a model as it is used, got {name}, which changes its own numbers when called.")
    stored = {**program.state_dict, **program.constants}
    places = {node.name: node for node in nodes if node.op == "placeholder"}
    given, shapes, dtypes = {}, [], []
    for spec in signature.input_specs:
        if spec.kind.name != "USER_INPUT":
            given[spec.arg.name] = array_of(stored[spec.target])
            continue
        value = places[spec.arg.name].meta.get("val")
        dtype = dtype_of(getattr(value, "dtype", None))
        floats = dtype is not None and jnp.issubdtype(dtype, jnp.floating)
        shape = tuple(
            1 if k == 0 and not isinstance(n, int) else n for k, n in enumerate(value.shape if floats else ())
        )
        if not floats or not all(isinstance(n, int) for n in shape):
            raise NetworkError(f"expected inputs that are floats of known shapes, got {spec.arg.name} in {name}.")
        shapes.append(shape)
        dtypes.append(dtype)
    return Recorded(nodes, given, tuple(shapes), tuple(dtypes), name)


def refuse_unread(nodes: Sequence[Any], name: str) -> None:
    """Refuses recorded operations that are not read.

    Raises:
        NetworkError: With all of them.
    """
    unread = [text for node in nodes if (text := _unread(node)) is not None]
    if unread:
        raise NetworkError(
            f"expected layers and operations that are read and piecewise linear, got "
            f"{', '.join(dict.fromkeys(unread))} in {name}."
        )


def _unread(node: Any) -> str | None:
    """What a recorded operation is, if it is not read: by its layer, or by the call."""
    if node.op in ("placeholder", "output") or (node.op == "call_function" and _name(node.target) in CALLS):
        return None
    stack = list((node.meta.get("nn_module_stack") or {}).values())
    path, kind = stack[-1] if stack else ("", "")
    kind = kind if isinstance(kind, str) else f"{kind.__module__}.{kind.__qualname__}"
    if kind.startswith("torch.nn.modules.") and not kind.startswith("torch.nn.modules.container"):
        return f"{shorten(kind.rpartition('.')[2])} (layer {shorten(path)!r})"
    return f"{shorten(_name(node.target))} (call {shorten(node.name)!r})"


def _name(target: Any) -> str:
    """The name of an operation, without the kinds of its operands."""
    schema = getattr(target, "_schema", None)
    if schema is not None:
        return schema.name.partition("::")[2]
    return "getitem" if target is operator.getitem else str(getattr(target, "__name__", target))
