"""What is proved of a leaf: the parts hold nowhere on it, exactly; by what floats proposed, or without them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count

import numpy as np
from flint import fmpq

from relucirc.core.exact import ONE, ZERO, text
from relucirc.core.feasible import feasibility
from relucirc.core.forms import Form, combine
from relucirc.core.graph import Relation
from relucirc.core.rows import solve_rows
from relucirc.proof.bounding.attained import Point
from relucirc.proof.bounding.evidence import Facts, Node, upper
from relucirc.proof.bounding.program import Solved
from relucirc.proof.bounding.question import short


class Unbounded(Exception):
    """What is raised has no largest value: it grows for ever in a direction.

    Attributes:
        part: Where it does.
        form: What it is there, over the inputs.
    """

    def __init__(self, part: Sequence[Relation] = (), form: Form | None = None) -> None:
        super().__init__()
        self.part, self.form = list(part), Form() if form is None else form


@dataclass(frozen=True)
class Leaf:
    """A node, and what must not hold on it.

    Attributes:
        node: The part of the polyhedron.
        solved: What its linear program says.
        parts: What must not hold together.
    """

    node: Node
    solved: Solved
    parts: Sequence[Relation]

    @property
    def is_decided(self) -> bool:
        """Whether every hinge is its argument, or zero."""
        return all(self.node.state(k) is not None for k in self.node.question.used)

    def proposed(self) -> Facts | None:
        """A combination with the slopes that the linear program ends with."""
        solved, parts = self.solved, self.parts
        if solved.bound == np.inf:
            return None
        total = float(solved.weights.sum())
        if solved.bound == -np.inf:
            found = upper(self.node, Form(), solved.slopes)
            return found[1] if found is not None and found[0] < 0 else None
        if len(parts) == 1:
            weights = [ONE]
        elif total > 0:
            weights = [short(w / total, 20) for w in solved.weights.tolist()]
        else:
            return None
        if not any(weights) or any(part.op == "==" for part in parts):
            return None
        used = [(w, j) for j, w in enumerate(weights) if w > 0]
        found = upper(self.node, combine((w, parts[j].form) for w, j in used), solved.slopes)
        if found is None:
            return None
        facts = [["part", j, text(w)] for w, j in used] + found[1]
        strict = any(parts[j].op == ">" for _, j in used)
        return facts if found[0] < 0 or (found[0] == 0 and strict) else None

    def exactly(self) -> Facts | Point | None:
        """Decides the relaxation of a node over the rationals: facts that contradict each other, or a point."""
        system = self._system
        if self.solved.support:
            facts = self._on_support(self.solved.support)
            if facts is not None:
                return facts
            if not self.is_decided:
                return None
        names = list(system)
        width = 1 + max((v for r in system.values() for v in r.form.terms), default=0)
        answer = feasibility([system[name] for name in names], max(width, self.node.question.n))
        if answer.point is not None:
            return tuple(answer.point[: self.node.question.n])
        assert answer.multipliers is not None
        found = [(name, m) for name, m in zip(names, answer.multipliers, strict=True) if m]
        return self._written(found)

    def _on_support(self, support: Sequence[tuple[str, int]]) -> Facts | None:
        """Solves for the multipliers of the facts that are tight in the linear program."""
        system = self._system
        kept = [name for name in support if name in system]
        # the variables cancel, and the multipliers of the parts add up to 1; or the first multiplier is 1 without any
        scaled = [name for name in kept if name[0] == "part"] or kept[:1]
        forms = [system[name].form for name in kept]
        columns = sorted({v for form in forms for v in form.terms})
        ends = [ONE if name in scaled else ZERO for name in kept]
        rows = [[*map(form.coefficient, columns), end] for form, end in zip(forms, ends, strict=True)]
        solution = solve_rows([*[ZERO] * len(columns), ONE], rows)
        if solution is None:
            return None
        found = [(name, m) for name, m in zip(kept, solution, strict=True) if m]
        if any(m < 0 and system[name].op != "==" for name, m in found):
            return None
        rest = sum((m * system[name].form.const for name, m in found), start=ZERO)
        strict = any(system[name].op == ">" for name, _ in found)
        return self._written(found) if rest < 0 or (rest == 0 and strict) else None

    @cached_property
    def _system(self) -> dict[tuple[str, int], Relation]:
        """All that is known at a node, over inputs and open hinges, by the names of the facts."""
        node = self.node
        n, values, opened = self.node.question.n, dict[int, Form](), count(self.node.question.n)
        system = {("constraint", i): relation for i, relation in enumerate(node.question.constraints)}
        for k in self.node.question.used:
            state, names = node.state(k), []
            if k in node.decided:
                names.append("active" if state else "inactive")
            if state is None:
                values[n + k] = Form.variable(next(opened))
                names += ["zero", "line"] + ["chord"] * (None not in node.ranges.get(k, (None, None)))
            for name in names:
                system[name, k] = Relation(_fact(node, name, k).substitute(values.get), ">=")
            if state is not None:
                values[n + k] = self.node.question.argument(k).substitute(values.get) if state else Form()
        for j, part in enumerate(self.parts):
            system["part", j] = Relation(part.form.substitute(values.get), part.op)
        return system

    def _written(self, found: Sequence[tuple[tuple[str, int], fmpq]]) -> Facts:
        """Facts with their multipliers, and what takes decided hinges out of their combination."""
        return [[*name, text(m)] for name, m in found] + self._decided_away(found)

    def _decided_away(self, found: Sequence[tuple[tuple[str, int], fmpq]]) -> Facts:
        """What takes decided hinges out of a combination."""
        node, parts = self.node, self.parts
        forms = [
            (m, parts[i].form if kind == "part" else _fact(node, kind, i))
            for (kind, i), m in found
            if kind != "constraint"
        ]
        total, more = combine(forms), Facts()
        for k in reversed(self.node.question.used):
            state, c = node.state(k), total.coefficient(self.node.question.n + k)
            if state is None or not c:
                continue
            name = (("on", "line") if state else ("off", "zero"))[c < 0]
            more.append([name, k, text(abs(c))])
            total = total + _fact(node, name, k).scale(abs(c))
        return more

    def highest(self) -> Point:
        """Where the only part is largest, if there are points and all hinges are decided.

        A point x and multipliers m with ``part + sum m_i fact_i`` constant, and no larger than the part at x.

        Raises:
            Unbounded: Where the part grows along a direction of the node.
        """
        n, system = self.node.question.n, dict(self._system)
        part = system.pop(("part", 0)).form
        multipliers = {n + i: fact for i, fact in enumerate(system.values())}
        relations = [*system.values()]
        relations += [Relation(Form.variable(v), ">=") for v, fact in multipliers.items() if fact.op != "=="]
        for v in range(n):
            gradient = Form({m: c for m, fact in multipliers.items() if (c := fact.form.coefficient(v))})
            relations.append(Relation(gradient.shift(part.coefficient(v)), "=="))
        most = Form({m: fact.form.const for m, fact in multipliers.items() if fact.form.const})
        relations.append(Relation(Form(part.terms) - most, ">="))
        point = feasibility(relations, n + len(multipliers)).point
        if point is None:
            raise Unbounded(list(system.values()), part)
        return tuple(point[:n])


def _fact(node: Node, kind: str, k: int) -> Form:
    """What is known of a hinge to be ``>= 0``, by its kind."""
    hinge, argument = Form.variable(node.question.n + k), node.question.argument(k)
    if kind in ("zero", "off"):
        return hinge if kind == "zero" else -hinge
    if kind in ("line", "on"):
        return hinge - argument if kind == "line" else argument - hinge
    if kind in ("active", "inactive"):
        return argument if kind == "active" else -argument
    low, high = node.ranges[k]
    assert low is not None
    assert high is not None
    return combine(((high, argument.shift(-low)), (low - high, hinge)))
