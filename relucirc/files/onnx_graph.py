"""Running an ONNX graph on exact arrays.

A node becomes a JAX expression (:mod:`relucirc.files.operators`), which is traced for the shapes of its operands and
evaluated by the reader of JAX functions.  Functions that come with the model are run in its place, and so is the
branch that an If takes.  What cannot be read stays unknown, by its reasons, so that an error can name all of them.
"""

import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import jax
import numpy as np

from relucirc.core.errors import FileError, RelucircError, shorten
from relucirc.core.graph import GraphBuilder
from relucirc.files.onnx_tensors import attributes_of, stored
from relucirc.files.operators import OPERATORS
from relucirc.files.operators.activations import NOT_LINEAR
from relucirc.files.operators.arithmetic import WRAPPING
from relucirc.files.operators.table import Node, Tensor
from relucirc.language.lower.jaxpr.arrays import exact, is_raw, is_whole, packed
from relucirc.language.lower.jaxpr.interpreter import Interpreter
from relucirc.language.lower.jaxpr.interpreter import Unknown as NotComputed
from relucirc.language.lower.jaxpr.limits import Stopped, TooLarge, Unsupported
from relucirc.language.lower.jaxpr.scalars import Scalars

OWN = ("", "ai.onnx")
MAX_DEPTH = 64
"""How deep functions may call others."""


@dataclass(frozen=True)
class Refused:
    """Why a node is not read: its operator is unknown or not piecewise linear (``unread``), or another reason."""

    text: str
    unread: bool = False


@dataclass(frozen=True)
class Unknown:
    """A value that could not be computed, by the reasons why."""

    reasons: tuple[Refused, ...]


Value = Tensor | Unknown


class _Reader(Interpreter):
    """The reader of traced functions, whose sentences leave out where in this library an operation stands."""

    def _sentence(self, equation: Any, error: Unsupported) -> str:  # noqa: ARG002
        return str(error)


class Graphs:
    """Runs the graphs of one model, and puts gates into one graph.

    Attributes:
        scalars: Exact arithmetic over the graph that is built.
        levels: For the variable of each gate how many nodes with neurons lie before it.
    """

    def __init__(self, onnx: ModuleType, model: Any, names: Sequence[str], folder: Path) -> None:
        self.onnx, self.folder = onnx, folder
        self.scalars = Scalars(GraphBuilder(names))
        self._reader = _Reader(self.scalars)
        self._functions = {(f.domain, f.name, getattr(f, "overload", "")): f for f in model.functions}
        self._depth = 0
        self.levels: dict[int, int] = {}
        self._marks: list[tuple[int, str]] = []

    def place(self, gate: int) -> str:
        """Returns the node that made a gate."""
        return self._marks[bisect.bisect_right(self._marks, gate, key=lambda mark: mark[0]) - 1][1]

    def run(self, nodes: Iterable[Any], values: dict[str, Value], opset: int, outer: dict[str, Any]) -> None:
        """Evaluates nodes, which ONNX keeps in an order that can be evaluated; enters what they give.

        Args:
            nodes: The nodes.
            values: What is known, by name.
            opset: The version of the operators.
            outer: Attributes of the function that the nodes are of.
        """
        for node in nodes:
            where = f"node {shorten(node.name or ', '.join(node.output))!r} ({shorten(node.op_type)})"
            self._marks.append((len(self.scalars.builder.gates), where))
            operands = [find(values, name, where) if name else None for name in node.input]
            try:
                self.scalars.meter.work()
                results = self._node(node, values, operands, opset, outer, where)
            except (Stopped, TooLarge) as error:
                raise FileError(f"{where}: {error}.") from None
            except Unsupported as error:
                results = [Unknown((Refused(f"{where}: {error}"),))] * len(node.output)
            missing = [Unknown((Refused(f"{where}: its output {k + 1} is not read"),)) for k in range(len(node.output))]
            values.update(zip(node.output, [*results, *missing[len(results) :]], strict=False))

    def _node(
        self, node: Any, values: dict[str, Value], operands: list[Value | None], opset: int, outer: Any, where: str
    ) -> list[Value]:
        function = self._functions.get((node.domain, node.op_type, getattr(node, "overload", "")))
        if function is not None:
            return self._call(function, operands, attributes_of(self.onnx, node, outer, self.folder))
        if node.op_type == "If" and node.domain in OWN:
            return self._branch(attributes_of(self.onnx, node, outer, self.folder), values, operands, opset, outer)
        reasons = [reason for v in operands if isinstance(v, Unknown) for reason in v.reasons]
        read = node.domain in OWN and node.op_type in OPERATORS
        known = tuple(v for v in operands if not isinstance(v, Unknown))
        if not read:
            name = node.op_type if node.domain in OWN else f"{node.domain}.{node.op_type}"
            reasons.append(Refused(f"{shorten(name)} (node {where.split(' ', 1)[1].rsplit(' (', 1)[0]})", unread=True))
        if reasons:
            return [Unknown(tuple(dict.fromkeys(reasons)))] * len(node.output)
        attributes = attributes_of(self.onnx, node, outer, self.folder)
        named = tuple(map(bool, node.output))
        task = Node(node.op_type, attributes, known, named, opset)
        before, level = len(self.scalars.builder.gates), max((t.level for t in known if t is not None), default=0)
        results = self._evaluated(task)
        made = range(before, len(self.scalars.builder.gates))
        self.levels.update({len(self.scalars.builder.inputs) + gate: level for gate in made})
        level += bool(made)
        return [
            Unknown((Refused(f"{where}: {v}"),)) if isinstance(v, str) else replace(v, level=level) for v in results
        ]

    def _call(self, function: Any, operands: Sequence[Value | None], given: dict[str, Any]) -> list[Value]:
        """Runs a function that comes with the model."""
        if self._depth >= MAX_DEPTH:
            raise Unsupported(f"functions call others more than {MAX_DEPTH} deep")
        defaults = {a.name: self.onnx.helper.get_attribute_value(a) for a in getattr(function, "attribute_proto", ())}
        padded = [*operands, *[None] * (len(function.input) - len(operands))]
        values = {name: v for name, v in zip(function.input, padded, strict=True) if v is not None}
        opset = max((entry.version for entry in function.opset_import if entry.domain in OWN), default=1)
        self._depth += 1
        try:
            optional = set(function.input) - set(values)
            nodes = [_without(node, optional) for node in function.node] if optional else function.node
            self.run(nodes, values, opset, defaults | given)
        finally:
            self._depth -= 1
        return [find(values, name, "a function of the model") for name in function.output]

    def _branch(
        self, attributes: dict[str, Any], values: dict[str, Value], operands: list[Value | None], opset: int, outer: Any
    ) -> list[Value]:
        """Runs the branch of an If that a constant condition takes."""
        (condition,) = operands
        if isinstance(condition, Unknown):
            return [condition] * len(attributes["then_branch"].output)
        if condition is None or not is_raw(condition.array) or condition.array.size != 1:
            raise Unsupported("which branch is taken depends on the inputs")
        graph = attributes["then_branch" if condition.array.item() else "else_branch"]
        inner = values | {t.name: tensor_of(stored(self.onnx, t, self.folder)) for t in graph.initializer}
        if self._depth >= MAX_DEPTH:
            raise Unsupported(f"branches lie in others more than {MAX_DEPTH} deep")
        self._depth += 1
        try:
            self.run(graph.node, inner, opset, outer)
        finally:
            self._depth -= 1
        return [find(inner, value.name, "a branch") for value in graph.output]

    def _evaluated(self, node: Node) -> list[Tensor | str]:
        """Returns the results of a node, or why they are not read."""
        whole = [t for t in node.operands if t is not None]
        if node.kind not in WRAPPING or not whole or not all(is_whole(t.array) for t in whole):
            return self._traced(node)
        dtype = whole[0].dtype
        floats = tuple(t and Tensor(exact(t.array), np.dtype(np.float64)) for t in node.operands)
        results = self._traced(Node(node.kind, node.attributes, floats, node.outputs, node.opset))
        tensors = [r if isinstance(r, str) else Tensor(packed(r.array, dtype), dtype) for r in results]
        if any(isinstance(t, Tensor) and not is_raw(t.array) for t in tensors):
            raise Unsupported(f"its result is not made of {dtype} integers; cast its operands to floats first")
        return tensors

    def _traced(self, node: Node) -> list[Tensor | str]:
        present = [t for t in node.operands if t is not None]
        read: list[bool] = []

        def expression(*arrays: Any) -> list[Any]:
            left = iter(arrays)
            result = OPERATORS[node.kind](node, *(None if t is None else next(left) for t in node.operands))
            results = result if isinstance(result, list | tuple) else [result]
            read[:] = [r is not None for r in results]
            return [r for r in results if r is not None]

        with jax.enable_x64(True):
            try:
                shapes = [jax.ShapeDtypeStruct(t.array.shape, t.dtype) for t in present]
                traced = jax.make_jaxpr(expression)(*shapes)
            except (ValueError, IndexError, KeyError, TypeError, ArithmeticError, AttributeError) as error:
                if isinstance(error, RelucircError):
                    raise
                text = shorten((str(error).strip() or type(error).__name__).splitlines()[0])
                raise Unsupported(f"its operands do not fit: {text}") from None
            results = iter(self._reader.run(traced, [t.array for t in present]))
        avals = iter(traced.out_avals)
        return [
            _result(next(results), next(avals)) if ok else f"its output {k + 1} is not read"
            for k, ok in enumerate(read)
        ]


def _result(value: Any, aval: Any) -> Tensor | str:
    if isinstance(value, NotComputed):
        return "; ".join(dict.fromkeys(value.reasons))
    return Tensor(value, np.dtype(aval.dtype))


def tensor_of(array: np.ndarray) -> Tensor:
    """Returns stored numbers as a value."""
    return Tensor(array, array.dtype)


def find(values: dict[str, Value], name: str, where: str) -> Value:
    """Returns the value of a name."""
    if name not in values:
        raise FileError(f"{where}: expected the value {shorten(name)!r}, which nothing before it gives.")
    return values[name]


def sentence(reasons: Iterable[Refused]) -> str:
    """Says in one sentence why a model is refused."""
    reasons = list(dict.fromkeys(reasons))
    unread, others = [r.text for r in reasons if r.unread], [r.text for r in reasons if not r.unread]
    parts = []
    if unread:
        smooth = all(text.split(" ")[0] in NOT_LINEAR for text in unread)
        why = "which are not piecewise linear" if smooth else "which are not read"
        parts.append(
            f"expected piecewise linear operators, such as Gemm, Conv and Relu, got {_listed(unread, ', ')}, {why}"
        )
    if others:
        parts.append(_listed(others, "; "))
    return "; ".join(parts) + "."


def _listed(texts: Sequence[str], separator: str) -> str:
    kept: list[str] = []
    for text in texts[:8]:
        if kept and sum(map(len, kept)) + len(text) > 400:
            break
        kept.append(text)
    more = len(texts) - len(kept)
    return separator.join(kept) + (f" and {more} more" if more else "")


def _without(node: Any, names: set[str]) -> Any:
    """Returns a node whose operands of these names are left out."""
    if not names & set(node.input):
        return node
    copy = type(node)()
    copy.CopyFrom(node)
    for k, name in enumerate(copy.input):
        if name in names:
            copy.input[k] = ""
    return copy
