"""The operations of a ``.pt2`` file, as those that ``torch.export`` records of a module in memory."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from relucirc.core.errors import FileError, shorten
from relucirc.files.pt2_tensors import TYPES, whole
from relucirc.language.lower.from_torch import Recorded, refuse_unread

ATEN = "torch.ops.aten."
PLAIN = ("as_int", "as_ints", "as_string", "as_strings", "as_bool", "as_bools")
IGNORED = ("as_none", "as_memory_format", "as_layout", "as_device")
OWN = {"parameter": "parameter_name", "buffer": "buffer_name", "tensor_constant": "tensor_constant_name"}
"""Kinds of the module's own numbers -> where their name stands."""
FRESH = frozenset((
    "linear", "addmm", "matmul", "mm", "bmm", "conv1d", "conv2d", "conv3d", "convolution", "batch_norm", "add", "sub",
    "mul", "div", "neg", "abs", "relu", "leaky_relu", "hardtanh", "relu6", "clamp", "max_pool1d", "max_pool2d",
    "max_pool3d", "avg_pool1d", "avg_pool2d", "avg_pool3d",
))  # fmt: skip
"""Operations whose results share no memory with anything else; in place, they change one that is such."""
LONGEST, MOST = 1 << 20, 1 << 23
"""The largest number that an operation is given, and the largest product of a list of them, such as a shape."""
ENDLESS = 1 << 62
"""Larger ones stand for no end of a slice."""


@dataclass(frozen=True, eq=False)
class Node:
    """One operation, with what :class:`~relucirc.language.lower.from_torch.Recorded` asks for."""

    op: str
    name: str
    target: str = ""
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    meta: dict[str, Any] = field(default_factory=dict)


class _Graph:
    """The operations so far, by the names of their results; and how often each name is used in all."""

    def __init__(self, uses: Counter[str]) -> None:
        self.nodes: list[Node] = []
        self.known: dict[str, Node] = {}
        self.uses = uses

    def put(self, name: str, node: Node) -> None:
        if name in self.known:
            raise FileError(f"expected a name of its own for every value, got {shorten(name)!r} twice.")
        self.nodes.append(node)
        self.known[name] = node

    def value(self, name: str) -> Node:
        if name not in self.known:
            raise FileError(f"expected the value {shorten(name)!r}, which nothing before it gives.")
        return self.known[name]

    def argument(self, given: Mapping[str, Any]) -> Any:
        """What an operation is given: results of others, numbers, text, or a type by PyTorch's name."""
        ((kind, value),) = given.items()
        if kind in PLAIN:
            return _bounded(value)
        if kind == "as_float":
            return float(value)
        if kind == "as_floats":
            return [float(one) for one in value]
        if kind in IGNORED:
            return None
        if kind == "as_tensor":
            return self.value(value["name"])
        if kind == "as_tensors":
            return [self.value(one["name"]) for one in value]
        if kind == "as_optional_tensors":
            return [self.value(one["as_tensor"]["name"]) if "as_tensor" in one else None for one in value]
        if kind == "as_sym_int":
            return self.value(value["as_name"]) if "as_name" in value else _bounded(value["as_int"])
        if kind == "as_sym_ints":
            return [self.argument({"as_sym_int": one}) for one in value]
        if kind == "as_scalar_type" and value in TYPES:
            return f"torch.{TYPES[value][0]}"
        raise FileError(f"expected tensors, numbers and types as operands, got {shorten(kind)}.")

    def operation(self, data: Mapping[str, Any]) -> None:
        """Puts one operation, and the parts of its result if it has several."""
        args, kwargs = [], {}
        for given in data["inputs"]:
            if given.get("kind") not in (1, 2):
                raise FileError("expected operands by place or by name; save the program by a newer PyTorch.")
            value = self.argument(given["arg"])
            if given["kind"] == 1:
                args.append(value)
            else:
                kwargs[given["name"]] = value
        target, results = data["target"], [_result(output) for output in data["outputs"]]
        known = target.removeprefix(ATEN).partition(".")[0] if target.startswith(ATEN) else target
        if known == "detach_" or (known.endswith("_") and args and self._is_own(args[0])):
            known = known.removesuffix("_")
        single = len(results) == 1 and isinstance(results[0], str)
        name = results[0] if single else f"operation {len(self.nodes)}"
        meta = {"nn_module_stack": _stack(data)}
        node = Node("call_function", name, known, tuple(args), kwargs, meta)
        self.put(name, node)
        if not single:
            parts = results[0] if len(results) == 1 and isinstance(results[0], list) else results
            for k, part in enumerate(parts):
                if part:
                    self.put(part, Node("call_function", part, "getitem", (node, k)))

    def _is_own(self, value: Any) -> bool:
        """Whether nothing else reads a value or shares its memory, so that it may as well be changed in place."""
        return isinstance(value, Node) and value.target in FRESH and self.uses[value.name] == 1


def recorded_program(program: Mapping[str, Any], stored: Mapping[str, np.ndarray]) -> Recorded:
    """Reads the operations of a program, given the module's own numbers by their names.

    Raises:
        FileError: For a program that is broken, changes its own numbers, or has inputs that are no floats.
        NetworkError: For operations that are not read, of which all are named.
    """
    module = program["graph_module"]
    graph, signature = module["graph"], module["signature"]
    built = _Graph(Counter(_names([[data["inputs"] for data in graph["nodes"]], signature["output_specs"]])))
    given, shapes, dtypes = {}, [], []
    for spec in signature["input_specs"]:
        ((kind, said),) = spec.items()
        if kind in OWN:
            name = said["arg"]["name"]
            if said[OWN[kind]] not in stored:
                raise FileError(f"expected the numbers of {shorten(said[OWN[kind]])!r} in the file.")
            given[name] = stored[said[OWN[kind]]]
        elif kind == "user_input" and "as_tensor" in said["arg"]:
            name = said["arg"]["as_tensor"]["name"]
            shape, dtype = _input(graph["tensor_values"][name], name)
            shapes.append(shape)
            dtypes.append(dtype)
        else:
            raise FileError(f"expected inputs that are tensors, got {shorten(kind)}.")
        built.put(name, Node("placeholder", name))
    for data in graph["nodes"]:
        built.operation(data)
    if any(set(spec) != {"user_output"} for spec in signature["output_specs"]):
        raise FileError("expected a model as it is used, got one that changes its own numbers when called.")
    results = [built.argument(spec["user_output"]["arg"]) for spec in signature["output_specs"]]
    if not results or not all(isinstance(result, Node) for result in results):
        raise FileError("expected results that are tensors.")
    built.put("the results", Node("output", "the results", args=(results,)))
    refuse_unread(built.nodes, "the exported program")
    return Recorded(built.nodes, given, tuple(shapes), tuple(dtypes), "the exported program")


def _input(meta: Mapping[str, Any], name: str) -> tuple[tuple[int, ...], np.dtype]:
    """The shape and type of an input; a first axis of any length has one point."""
    sizes = list(meta["sizes"])
    if sizes and "as_expr" in sizes[0]:
        sizes[0] = {"as_int": 1}
    shape, (kind, dtype) = tuple(whole(n) for n in sizes), TYPES.get(meta["dtype"], ("", None))
    if "float" not in kind or math.prod(shape) > LONGEST or min(shape, default=0) < 0:
        raise FileError(f"expected inputs that are floats, at most {LONGEST} of them, got {shorten(name)}.")
    return shape, np.dtype(dtype)


def _result(output: Mapping[str, Any]) -> Any:
    """The name of a result, a list of names, or None."""
    ((kind, value),) = output.items()
    if kind == "as_tensors":
        return [one["name"] for one in value]
    return value["name"] if kind == "as_tensor" else value.get("as_name") if kind == "as_sym_int" else None


def _names(data: Any) -> Iterator[str]:
    """Yields the names of all results that something is given."""
    stack = [data]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            yield from (value[key] for key in ("name", "as_name") if isinstance(value.get(key), str))
            stack += value.values()
        elif isinstance(value, list):
            stack += value


def _stack(data: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """The modules around an operation, outermost first: key -> path and class."""
    text = data.get("metadata", {}).get("nn_module_stack", "")
    parts = [entry.split(",") for entry in text.split(";") if entry.count(",") == 2]
    return {key: (path, kind) for key, path, kind in parts}


def _bounded(value: Any) -> Any:
    numbers = [abs(n) for n in (value if isinstance(value, list) else [value]) if type(n) is int and n]
    if any(LONGEST < n < ENDLESS for n in numbers) or (isinstance(value, list) and math.prod(numbers) > MOST):
        raise FileError(
            f"expected operations on at most {MOST:,} elements, got one that is given {shorten(str(value))}."
        )
    return value
