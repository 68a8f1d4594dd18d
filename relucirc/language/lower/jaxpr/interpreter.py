"""Walks a traced function, equation by equation, over exact arrays.

An equation without an exact rule is noted, and what it computes stays unknown; the walk goes on, so
that an error can name every such equation at once, and an unknown that no result needs does no harm.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from flint import fmpq
from jax.extend import source_info_util
from jax.extend.core import ClosedJaxpr, Literal

from relucirc.core.budget import tick
from relucirc.core.forms import Form
from relucirc.core.graph import Guard
from relucirc.language.lower.jaxpr.arrays import alike, elementwise, is_raw, is_whole, objects
from relucirc.language.lower.jaxpr.conditions import select_by
from relucirc.language.lower.jaxpr.limits import Stopped, TooLarge, Unsupported
from relucirc.language.lower.jaxpr.operation import RULES, Operation, fold, fold_integers
from relucirc.language.lower.jaxpr.scalars import Scalars

POINTER = 8


@dataclass(frozen=True)
class Unknown:
    """A value that could not be computed exactly, by the sentences that say why."""

    reasons: tuple[str, ...]


Value = np.ndarray | Unknown


class Interpreter:
    """Evaluates traced functions into one graph, which exact arithmetic builds."""

    def __init__(self, scalars: Scalars) -> None:
        self.scalars = scalars
        self._callers: list[str] = []
        self._sizes: dict[int, tuple[Any, int]] = {}
        self._control: dict[str, Callable[..., list[Value]]] = {
            **dict.fromkeys(_CALLS, self._call),
            "call_hi_primitive": self._expanded,
            "cond": self._cond,
            "scan": self._scan,
            "while": self._while,
        }

    def run(self, function: ClosedJaxpr | Any, arguments: Sequence[Value]) -> list[Value]:
        """Returns the results of a traced function."""
        closed = isinstance(function, ClosedJaxpr)
        jaxpr, consts = (function.jaxpr, function.consts) if closed else (function, ())
        values: dict[Any, Value] = {}

        def read(atom: Any) -> Value:
            return _constant(atom.val, atom.aval) if isinstance(atom, Literal) else values[atom]

        for variable, const in zip(jaxpr.constvars, consts, strict=True):
            values[variable] = _constant(const, variable.aval)
        values.update(zip(jaxpr.invars, arguments, strict=True))
        for equation in jaxpr.eqns:
            tick()
            results = self._step(equation, [read(atom) for atom in equation.invars])
            values.update(zip(equation.outvars, results, strict=True))
        return [read(atom) for atom in jaxpr.outvars]

    def _step(self, equation: Any, operands: list[Value]) -> list[Value]:
        """Evaluates one equation; gives unknowns where that is not possible."""
        name = equation.primitive.name
        given, avals = [v.aval for v in equation.invars], [v.aval for v in equation.outvars]
        meter = self.scalars.meter
        try:
            meter.work()
            if name in self._control:
                return self._control[name](equation, operands)
            known = [v for v in operands if not isinstance(v, Unknown)]
            if len(known) < len(operands):
                return [_joined(operands)] * len(avals)
            for aval in avals:
                meter.need(_bytes(aval, known), f"its result {_type(aval)}")
            op = Operation(equation.primitive, equation.params, given, avals, self.scalars)
            results = self._apply(op, known)
            for result in results:
                if isinstance(result, np.ndarray) and not any(np.may_share_memory(result, v) for v in known):
                    meter.hold(result.nbytes)
        except TooLarge as error:
            raise Stopped(self._sentence(equation, error)) from None
        except Unsupported as error:
            results = [error] * len(avals)
        return [
            Unknown((self._sentence(equation, result),))
            if isinstance(result, Unsupported)
            else _array(result, aval.shape)
            for result, aval in zip(results, avals, strict=True)
        ]

    def _apply(self, op: Operation, operands: list[np.ndarray]) -> Sequence[Any]:
        if not op.outputs:  # printing and callbacks
            return []
        folded = fold_integers(op, operands)
        if folded is not None:
            return folded
        results = self._by_rule(op, operands)
        for array, aval in zip(results, op.outputs, strict=True):
            if is_whole(aval) and isinstance(array, np.ndarray):
                self._refuse_overflow(array, aval.dtype)
        return results

    def _by_rule(self, op: Operation, operands: list[np.ndarray]) -> Sequence[Any]:
        """Applies an exact rule; constants without one are computed as JAX computes them."""
        try:
            if op.primitive.name not in RULES:
                raise Unsupported(f"exact arithmetic has no rule for {op.primitive.name}")
            result = RULES[op.primitive.name](op, *operands)
        except TooLarge:
            raise
        except Unsupported:
            folded = fold(op, operands)
            if folded is None:
                raise
            return folded
        results = result if isinstance(result, list | tuple) else [result]
        folded = fold(op, operands) if any(isinstance(r, Unsupported) for r in results) else None
        return folded or results

    def _refuse_overflow(self, array: np.ndarray, dtype: np.dtype) -> None:
        """Integers that depend on the inputs are the integers as long as they do not wrap around."""
        if dtype.kind == "b" or is_raw(array):
            return
        limits = np.iinfo(dtype)
        for value in array.ravel():
            if isinstance(value, Form | fmpq):  # a constant beside values that depend on the inputs wraps around too
                low, high = self.scalars.range(value) if isinstance(value, Form) else (value, value)
                if low < limits.min or high > limits.max:
                    raise Unsupported(f"a value between {low} and {high} may not fit in {dtype}")

    def _sentence(self, equation: Any, error: Unsupported) -> str:
        """Says what is not supported, on what, where and why."""
        operands = " and ".join(_type(v.aval) for v in equation.invars) or "nothing"
        place = _place(equation) or (self._callers[-1] if self._callers else "")
        return f"{equation.primitive.name} of {operands}{f' at {place}' if place else ''}: {error}"

    def _call(self, equation: Any, operands: list[Value]) -> list[Value]:
        """A nested function: jit, remat, or one with a derivative of its own."""
        params = equation.params
        inner = next(params[key] for key in _INNER if key in params)
        return self._inside(equation, inner, operands)

    def _expanded(self, equation: Any, operands: list[Value]) -> list[Value]:
        """One of the primitives that JAX itself writes out in simpler ones, from version 0.12."""
        primitive = next(iter(equation.params.values()))
        shapes = [jax.ShapeDtypeStruct(v.aval.shape, v.aval.dtype) for v in equation.invars]
        return self._inside(equation, jax.make_jaxpr(primitive.expand)(*shapes), operands)

    def _inside(self, equation: Any, function: Any, operands: Sequence[Value]) -> list[Value]:
        """Runs a nested function, remembering where it is called."""
        self._callers.append(_place(equation) or (self._callers[-1] if self._callers else ""))
        try:
            return self.run(function, operands)
        finally:
            self._callers.pop()

    def _cond(self, equation: Any, operands: list[Value]) -> list[Value]:
        which, *arguments = operands
        branches = equation.params["branches"]
        if isinstance(which, Unknown):
            return [which] * len(equation.outvars)
        if is_raw(which):
            return self._inside(equation, branches[min(max(int(which), 0), len(branches) - 1)], arguments)
        results = zip(*(self._inside(equation, branch, arguments) for branch in branches), strict=True)
        return [self._chosen(which, cases) for cases in results]

    def _chosen(self, which: np.ndarray, cases: Sequence[Value]) -> Value:
        known = [case for case in cases if not isinstance(case, Unknown)]
        if len(known) < len(cases):
            return _joined(cases)
        return elementwise(lambda w, *values: select_by(self.scalars, w, values), which, *known)

    def _scan(self, equation: Any, operands: list[Value]) -> list[Value]:
        """Unrolls a loop over the leading axis."""
        params = equation.params
        inner = getattr(params["jaxpr"], "jaxpr", params["jaxpr"])
        # What is looped over has one axis more outside; JAX's own names for these numbers have changed.
        carries = sum(_rank(a) == _rank(b) for a, b in zip(equation.outvars, inner.outvars, strict=True))
        looped = sum(_rank(a) > _rank(b) for a, b in zip(equation.invars, inner.invars, strict=True))
        consts = len(operands) - carries - looped
        fixed, carry, lists = operands[:consts], operands[consts : consts + carries], operands[consts + carries :]
        turns: list[list[Value]] = []
        length, each = params["length"], self._operations(inner)
        self.scalars.meter.expect(length * (each + 1), f"its {length:,} turns of {each:,} operations")
        order = range(params["length"])
        for i in reversed(order) if params["reverse"] else order:
            items = [v if isinstance(v, Unknown) else _array(v[i], v.shape[1:]) for v in lists]
            results = self._inside(equation, params["jaxpr"], [*fixed, *carry, *items])
            carry = results[:carries]
            turns.append(results[carries:])
        if params["reverse"]:
            turns.reverse()
        avals = [v.aval for v in equation.outvars[carries:]]
        stacked = [_stacked([turn[k] for turn in turns], aval) for k, aval in enumerate(avals)]
        return [*carry, *stacked]

    def _operations(self, jaxpr: Any) -> int:
        """Counts the operations of a function, at least: loops without a known end count once."""
        known = self._sizes.get(id(jaxpr))
        if known is None:
            count = 0
            for equation in jaxpr.eqns:
                inner = next((p for key in _INNER if (p := equation.params.get(key)) is not None), None)
                body = 0 if inner is None else self._operations(getattr(inner, "jaxpr", inner))
                count += 1 + body * equation.params.get("length", 1)
            known = self._sizes[id(jaxpr)] = (jaxpr, count)  # keeps the function alive, so its id stays its own
        return known[1]

    def _while(self, equation: Any, operands: list[Value]) -> list[Value]:
        """Runs a loop whose end does not depend on the inputs."""
        params = equation.params
        split = params["cond_nconsts"], params["cond_nconsts"] + params["body_nconsts"]
        tested, fixed, carry = operands[: split[0]], operands[split[0] : split[1]], operands[split[1] :]
        while True:
            self.scalars.meter.work()  # a turn may have no operations
            (goes_on,) = self._inside(equation, params["cond_jaxpr"], [*tested, *carry])
            if isinstance(goes_on, Unknown):
                return [goes_on] * len(carry)
            truth = goes_on.item()
            if isinstance(truth, Guard):
                raise Unsupported("when the loop ends depends on the inputs")
            if not truth:
                return list(carry)
            carry = self._inside(equation, params["body_jaxpr"], [*fixed, *carry])


_INNER = ("jaxpr", "call_jaxpr", "fun_jaxpr")
"""Parameters that hold the function that a call, or a turn of a scan, runs."""
_CALLS = (
    "jit", "pjit", "closed_call", "core_call", "call", "custom_jvp_call", "custom_vjp_call", "custom_vjp_call_jaxpr",
    "custom_vmap_call", "remat", "remat2", "checkpoint", "composite",
)  # fmt: skip


def _constant(value: Any, aval: Any) -> Value:
    """Reads a stored constant in the type that the function sees it in."""
    if not isinstance(aval.dtype, np.dtype):
        return Unknown((f"a constant of type {aval.dtype} is not a number",))
    return np.asarray(value, dtype=aval.dtype)


def _bytes(aval: Any, operands: Sequence[np.ndarray]) -> int:
    """What a result takes as an array, beside the exact numbers in it: raw numbers, or pointers."""
    width = getattr(aval.dtype, "itemsize", POINTER) if all(map(is_raw, operands)) else POINTER
    return math.prod(aval.shape) * width


def _rank(atom: Any) -> int:
    return len(atom.aval.shape)


def _array(result: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Puts a lone scalar, which NumPy unpacks, back into an array."""
    if isinstance(result, np.generic):
        result = np.asarray(result)
    elif not isinstance(result, np.ndarray):
        result = objects([result], ())
    assert result.shape == tuple(shape), f"a rule gave shape {result.shape}, expected {shape}"
    return result


def _stacked(items: list[Value], aval: Any) -> Value:
    if any(isinstance(item, Unknown) for item in items):
        return _joined(items)
    arrays = alike(item for item in items if not isinstance(item, Unknown))
    return np.stack(arrays) if arrays else np.zeros(aval.shape, aval.dtype)


def _joined(values: Sequence[Value]) -> Unknown:
    """An unknown for all reasons that some values are unknown."""
    reasons = [reason for value in values if isinstance(value, Unknown) for reason in value.reasons]
    return Unknown(tuple(dict.fromkeys(reasons)))


def _place(equation: Any) -> str:
    """Where an equation stands in the user's code; empty inside JAX itself."""
    return source_info_util.summarize(equation.source_info)


def _type(aval: Any) -> str:
    return f"{aval.dtype}[{','.join(map(str, aval.shape))}]" if hasattr(aval, "dtype") else str(aval)
