"""Outside opinions on what ``verify`` says of a network file and a property: sessions of ONNX, fractions, samples.

A point of ``sat`` is evaluated by onnxruntime, or where that is not installed by the reference of ONNX, and has to have
the outputs that it is said to have, but for float32; and by exact fractions, from the file's weights, where it has to
satisfy the assertions.  For ``unsat`` a million points of the box are evaluated in JAX; none may satisfy them by
more than floats err.
"""

from fractions import Fraction
from pathlib import Path

import numpy as np
import onnx

import relucirc
from relucirc.language.safety import Case, Property

TOLERANCE = 1e-4
"""What float32 may err by, relatively."""
SAMPLES = 1_000_000


def onnx_outputs(path: Path, point: list[float]) -> tuple[str, np.ndarray]:
    """Who evaluated the file at a point, and its outputs."""
    (given,) = [put for put in onnx.load(path).graph.input if put.name not in _initial(path)]
    shape = [size.dim_value or 1 for size in given.type.tensor_type.shape.dim]
    feed = {given.name: np.array(point, np.float32).reshape(shape)}
    try:
        import onnxruntime

        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        return "onnxruntime", session.run(None, feed)[0].ravel()
    except ImportError:
        from onnx.reference import ReferenceEvaluator

        return "onnx.reference", ReferenceEvaluator(str(path)).run(None, feed)[0].ravel()


def _initial(path: Path) -> set[str]:
    return {tensor.name for tensor in onnx.load(path).graph.initializer}


def judged_sat(path: Path, claim: Property, witness: dict) -> str:
    """Says who agrees with a point.

    Raises:
        AssertionError: At a contradiction.
    """
    values = [Fraction(int(witness[name].p), int(witness[name].q)) for name in claim.names]
    point, outputs = values[: claim.inputs], values[claim.inputs :]
    who, theirs = onnx_outputs(path, [float(v) for v in point])
    apart = max(abs(float(b) - float(a)) / (1 + abs(float(a))) for a, b in zip(outputs, theirs, strict=True))
    assert apart <= TOLERANCE, f"{who} has other outputs at this point: {theirs}, not {[float(v) for v in outputs]}"
    assert _run(path, point) == outputs, "fractions have other outputs at this point"
    for case in claim.cases:
        relations = [(_value(r.form, values), r.op) for r in case.domain]
        options = [[(_value(r.form, values), r.op) for r in violation] for violation in case.violations]
        if all(map(_holds, relations)) and any(all(map(_holds, option)) for option in options):
            return f"{who} is {apart:.0e} away, fractions agree"
    raise AssertionError("fractions say that the point does not satisfy the assertions")


def _run(path: Path, point: list[Fraction]) -> list[Fraction]:
    """The outputs in fractions."""
    layers = relucirc.load(path).layers
    values = point
    for depth, layer in enumerate(layers):
        weight, bias = np.asarray(layer.weight), np.asarray(layer.bias)
        values = [
            sum((Fraction(float(w)) * v for w, v in zip(row, values, strict=True)), start=Fraction(float(b)))
            for row, b in zip(weight, bias, strict=True)
        ]
        if depth < len(layers) - 1:
            values = [max(value, Fraction(0)) for value in values]
    return values


def _value(form, values: list[Fraction]) -> Fraction:
    terms = (Fraction(int(c.p), int(c.q)) * values[v] for v, c in form.terms.items())
    return sum(terms, start=Fraction(int(form.const.p), int(form.const.q)))


def _holds(relation: tuple[Fraction, str]) -> bool:
    value, op = relation
    return value > 0 if op == ">" else value >= 0 if op == ">=" else value == 0


def judged_unsat(net: relucirc.MLP, claim: Property, seed: int = 0) -> str:
    """Says how near samples come to a counterexample.

    Raises:
        AssertionError: When one is a counterexample, by more than floats err.
    """
    rng = np.random.default_rng(seed)
    nearest = max(_nearest(net, case, claim.inputs, rng, SAMPLES // len(claim.cases)) for case in claim.cases)
    assert nearest <= TOLERANCE, f"a sample satisfies the assertions, by {nearest}"
    return f"of {SAMPLES:,} samples the nearest misses by {-nearest:.4f}"


def _nearest(net: relucirc.MLP, case: Case, n: int, rng: np.random.Generator, count: int) -> float:
    """By how much samples of a case's box satisfy the best of its violations, negative where none does."""
    low, high = np.full(n, -np.inf), np.full(n, np.inf)
    for relation in case.domain:
        ((v, c),) = relation.form.terms.items()
        end = -float(Fraction(int(relation.form.const.p), int(relation.form.const.q)) / Fraction(int(c.p), int(c.q)))
        if c > 0 or relation.op == "==":
            low[v] = max(low[v], end)
        if c < 0 or relation.op == "==":
            high[v] = min(high[v], end)
    assert np.isfinite(low).all(), "only boxes are sampled"
    assert np.isfinite(high).all(), "only boxes are sampled"
    points = rng.uniform(low, high, (count, n)).astype(np.float32)
    values = np.concatenate([points, np.asarray(relucirc.evaluate(net, points, progress=False))], axis=1)
    best = np.full(count, -np.inf)
    for violation in case.violations:
        least = np.full(count, np.inf)
        for relation in violation:
            value = np.full(count, float(Fraction(int(relation.form.const.p), int(relation.form.const.q))))
            for v, c in relation.form.terms.items():
                value += float(Fraction(int(c.p), int(c.q))) * values[:, v]
            np.minimum(least, -np.abs(value) if relation.op == "==" else value, out=least)
        np.maximum(best, least, out=best)
    return float(best.max())
