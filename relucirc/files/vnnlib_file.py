"""VNN-LIB files: the question whether a claim about a network is wrong, with the networks in ONNX beside it.

Version 1.0 knows one network and affine relations.  So the network is the difference of both sides,
``NAME.difference.onnx`` beside ``NAME.vnnlib``, and the question is whether some output is not 0.  Version 2.0 knows
several: the network and the formula are one each, ``NAME.network.onnx`` and ``NAME.formula.onnx``, with equal inputs.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from flint import fmpq

from relucirc.core.errors import FileError, NetworkError
from relucirc.core.exact import ZERO
from relucirc.core.forms import Form
from relucirc.core.graph import Graph, Relation, SelectGate, differences
from relucirc.core.writing import replacing, write_text
from relucirc.files import onnx_file
from relucirc.language.claim import Claim
from relucirc.language.floats import float_layers
from relucirc.language.layered import needed_gates, network_of_graph
from relucirc.language.network import MLP
from relucirc.language.safety import Case, Declared, Property
from relucirc.language.vnnlib_text import property_text

VERSIONS = ("1.0", "2.0")
Violations = tuple[tuple[Relation, ...], ...]


def write_claim(claim: Claim, net: MLP, path: Path, version: str | None) -> None:
    """Writes the question whether some point of the domain breaks a claim, and its networks."""
    if claim.domain.integers:
        raise FileError("VNN-LIB has no inputs that are integers; ask a solver, by .smt2.")
    if version == "2.0" and claim.kind != "relation":
        found, networks = _side_by_side(claim, net)
    else:
        found, networks = _differences(claim, version or VERSIONS[0])
    for name, network in networks.items():
        try:
            float_layers(network)
        except NetworkError as error:
            raise FileError(
                f"the {name}: {str(error).rstrip('.')}, as ONNX needs it; ask a solver, by .smt2."
            ) from None
        with replacing(path.with_name(f"{path.stem}.{name}.onnx")) as place:
            onnx_file.write(network, place)
    write_text(path, property_text(found))


def _differences(claim: Claim, version: str) -> tuple[Property, dict[str, MLP]]:
    """The property about one network, whose outputs are the differences of both sides."""
    if claim.kind == "relation":
        graph = differences(claim.left, claim.right)
    else:
        graph = differences(claim.left if claim.alone is None else claim.alone, _formula(claim))
    n, outputs = len(graph.inputs), [Form.variable(len(graph.inputs) + i) for i in range(len(graph.outputs))]
    if claim.kind == "relation":
        violations = tuple(tuple(Relation(outputs[i], op) for i, op in found) for found in claim.violations or ())
    else:
        violations = _apart(outputs, claim.within or ZERO)
    declared = _declared(version, "difference", "X", "Y", n, len(outputs))
    return Property((declared,), (Case(claim.domain.relations, violations),)), {"difference": _network(graph)}


def _side_by_side(claim: Claim, net: MLP) -> tuple[Property, dict[str, MLP]]:
    """The property about the network and the formula, at equal inputs."""
    graph = _formula(claim)
    n, m = len(graph.inputs), len(graph.outputs)
    networks = (_declared("2.0", "network", "X", "Y", n, m), _declared("2.0", "formula", "V", "W", n, m))
    equal = tuple(Relation(Form.variable(i) - Form.variable(n + i), "==") for i in range(n))
    gaps = [Form.variable(2 * n + i) - Form.variable(2 * n + m + i) for i in range(m)]
    case = Case((*claim.domain.relations, *equal), _apart(gaps, claim.within or ZERO))
    return Property(networks, (case,)), {"network": net, "formula": _network(graph)}


def _formula(claim: Claim) -> Graph:
    """The formula alone; within a tolerance, the right side is twice that."""
    if claim.within is None:
        return claim.right
    outputs = claim.right.outputs[: len(claim.right.outputs) // 2]
    return replace(claim.right, outputs=tuple(form.shift(-claim.within) for form in outputs))


def _apart(gaps: Sequence[Form], within: fmpq) -> Violations:
    """What makes some gap larger than a tolerance."""
    return tuple((Relation(side.shift(-within), ">"),) for gap in gaps for side in (gap, -gap))


def _declared(version: str, name: str, given: str, result: str, n: int, m: int) -> Declared:
    if version == "1.0":
        return Declared("", tuple(f"X_{i}" for i in range(n)), tuple(f"Y_{i}" for i in range(m)))
    inputs, outputs = (tuple(f"{letter}[0,{i}]" for i in range(k)) for letter, k in ((given, n), (result, m)))
    return Declared(name, inputs, outputs, heads=(f"{given} real [1,{n}]", f"{result} real [1,{m}]"))


def _network(graph: Graph) -> MLP:
    n = len(graph.inputs)
    if any(isinstance(graph.gates[v - n], SelectGate) for v in needed_gates(graph)):
        raise FileError(
            "expected a formula that is continuous, as networks are, got one that jumps, or is not seen to be "
            "continuous; ask a solver, by .smt2."
        )
    return network_of_graph(graph, (np.float32, np.float64))
