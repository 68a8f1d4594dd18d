"""SMT-LIB 2 files: a network in linear real arithmetic, and the question whether a claim about it is wrong.

A maximum y of a and b is stated as ``y >= a, y >= b, y <= a or y <= b``, which solvers take better than a choice.
Inputs that are integers are declared so, and the logic is QF_LIRA; otherwise it is QF_LRA.  Numbers are exact.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from flint import fmpq

from relucirc.core.budget import tick
from relucirc.core.exact import ONE
from relucirc.core.forms import Form
from relucirc.core.graph import Gate, Graph, Guard, MaxGate, Relation
from relucirc.core.writing import replacing
from relucirc.language.claim import Claim
from relucirc.language.domain import Domain
from relucirc.language.lower.from_network import graph_of_network
from relucirc.language.network import MLP

PLAIN = re.compile(r"[A-Za-z]([A-Za-z_]*\d+)?", re.ASCII)
"""Names that no solver knows as something else; other names are written with a prefix."""
OPS = {">": ">", ">=": ">=", "==": "="}


def write(net: MLP, path: Path) -> None:
    """Writes what a network computes, without a question: add assertions about ``output.1`` and so on."""
    graph = graph_of_network(net)
    writer = _Writer(graph.inputs, Domain())
    _save(path, writer, [*writer.declarations(), *writer.side(graph, "network", "n", "output")])


def write_claim(claim: Claim, net: MLP, path: Path, version: str | None = None) -> None:  # noqa: ARG001  (one interface)
    """Writes the question whether some point of the domain breaks a claim: unsat if the claim holds."""
    writer = _Writer(claim.left.inputs, claim.domain)
    left, right = ("output", "formula") if claim.kind == "equal" else ("left", "right")
    lines = [
        *writer.declarations(),
        *writer.side(claim.left, "network", "n", left),
        *writer.side(claim.right, "formula", "f", right),
        "; some point of the domain breaks the claim",
        f"(assert {writer.broken(claim, left, right)})",
        "(check-sat)",
    ]
    with replacing(path) as place:
        _save(place, writer, lines)


def _save(path: Path, writer: "_Writer", lines: Iterable[str]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write("(set-info :smt-lib-version 2.6)\n(set-option :produce-models true)\n")
        file.write(f"(set-logic {'QF_LIRA' if writer.domain.integers else 'QF_LRA'})\n")
        file.writelines(line + "\n" for line in lines)


@dataclass
class _Writer:
    """Writes forms, gates and guards over inputs."""

    inputs: tuple[str, ...]
    domain: Domain

    def declarations(self) -> Iterator[str]:
        """The inputs, and what the domain says of them."""
        names = self.values
        for v, name in enumerate(map(symbol, self.inputs)):
            yield f"(declare-fun {name} () {'Int' if v in self.domain.integers else 'Real'})"
        for relation in self.domain.relations:
            yield f"(assert {_relation(relation, names)})"

    @property
    def values(self) -> list[str]:
        """What stands for the inputs in real arithmetic."""
        names = list(map(symbol, self.inputs))
        return [f"(to_real {name})" if v in self.domain.integers else name for v, name in enumerate(names)]

    def side(self, graph: Graph, what: str, prefix: str, result: str) -> Iterator[str]:
        """The gates of a graph, and its outputs by name."""
        values = self.values
        yield f"; the {what}"
        for k, gate in enumerate(graph.gates):
            tick()
            name = f"{prefix}.{k + 1}"
            yield f"(declare-fun {name} () Real)"
            yield from _gate(gate, name, values)
            values.append(name)
        for i, form in enumerate(graph.outputs):
            yield f"(define-fun {result}.{i + 1} () Real {_form(form, values)})"

    def broken(self, claim: Claim, left: str, right: str) -> str:
        """What breaks a claim."""
        count = range(1, len(claim.left.outputs) + 1)
        if claim.violations is None:
            return _join("or", [f"(not (= {left}.{i} {right}.{i}))" for i in count])
        return _join(
            "or",
            [
                _join("and", [f"({OPS[op]} {left}.{i + 1} {right}.{i + 1})" for i, op in violation])
                for violation in claim.violations
            ],
        )


def symbol(name: str) -> str:
    """The symbol that stands for an input.

    Example:
        >>> symbol("x1"), symbol("abs")
        ('x1', 'input.abs')
    """
    if PLAIN.fullmatch(name):
        return name
    return f"input.{name}" if name.isascii() else f"|input.{name}|"


def _gate(gate: Gate, name: str, values: Sequence[str]) -> Iterator[str]:
    if isinstance(gate, MaxGate):
        sides = []
        for form, end in ((gate.left, "a"), (gate.right, "b")):
            text = _form(form, values)
            if len(form.terms) > 1:  # it stands three times
                yield f"(define-fun {name}.{end} () Real {text})"
                text = f"{name}.{end}"
            sides.append(text)
        a, b = sides
        yield f"(assert (and (>= {name} {a}) (>= {name} {b}) (or (<= {name} {a}) (<= {name} {b}))))"
        return
    *branches, (_, last) = gate.branches
    choice = _form(last, values)
    for guard, form in reversed(branches):
        choice = f"(ite {_guard(guard, values)} {_form(form, values)} {choice})"
    yield f"(assert (= {name} {choice}))"


def _guard(guard: Guard, values: Sequence[str]) -> str:
    if guard.relation is not None:
        return _relation(guard.relation, values)
    if guard.kind in ("and", "or"):
        return _join(guard.kind, [_guard(part, values) for part in guard.parts])
    return f"(not {_guard(guard.parts[0], values)})" if guard.kind == "not" else guard.kind


def _join(kind: str, parts: Sequence[str]) -> str:
    if len(parts) == 1:
        return parts[0]
    return f"({kind} {' '.join(parts)})" if parts else {"and": "true", "or": "false"}[kind]


def _relation(relation: Relation, values: Sequence[str]) -> str:
    return f"({OPS[relation.op]} {_form(relation.form, values)} 0.0)"


def _form(form: Form, values: Sequence[str]) -> str:
    parts = [values[v] if c == ONE else f"(* {_number(c)} {values[v]})" for v, c in form.terms.items()]
    if form.const or not parts:
        parts.append(_number(form.const))
    return parts[0] if len(parts) == 1 else f"(+ {' '.join(parts)})"


def _number(value: fmpq) -> str:
    p, q = abs(int(value.p)), int(value.q)
    text = f"{p}.0" if q == 1 else f"(/ {p}.0 {q}.0)"
    return f"(- {text})" if value < 0 else text
