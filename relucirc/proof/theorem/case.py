"""One cell: coordinates, both sides over the atoms, and how it ends, in the words of ``Cells.v``."""

from collections.abc import Iterator
from dataclasses import replace as replaced

from flint import fmpq

from relucirc.checker.cells import charted_graph
from relucirc.checker.data import index, number, variable
from relucirc.checker.linear import ONE, Linear, constant, minus, mix, replace
from relucirc.checker.sides import Constraint, read, selected
from relucirc.core.forms import Form
from relucirc.core.graph import MaxGate
from relucirc.language.network import MLP
from relucirc.proof.theorem.bounding import Answer, Names, contradiction, tree_text
from relucirc.proof.theorem.covered import refuse
from relucirc.proof.theorem.formulas import Node
from relucirc.proof.theorem.gallina import constraint_text, form_text, listed, taken_text
from relucirc.proof.theorem.sides import Decided, Sides
from relucirc.proof.theorem.vanishing import Gates, Proof


class Case(Proof):
    """One cell: coordinates, then both sides over the atoms, then how it ends."""

    def __init__(self, node: dict, sides: Sides, constraints: list[Constraint]) -> None:
        self.sides, self.constraints = sides, constraints
        self.pivots: dict[int, Linear] = {}
        # the values of choices, and of maxima that the way to the cell has decided
        self._chosen = {v: known.value for v, known in sides.decided[sides.steps].items()}
        self._equalities, equal = self._equated(node)
        self._solutions = self._coordinates(node)
        free = [v for v in range(sides.n) if v not in self.pivots]
        self._charted = [(replace(f, self.pivots), op) for f, op in constraints]
        shown = [(i, f) for i, (f, _) in enumerate(self._charted) if i not in equal and constant(f) is None]
        super().__init__(node, free, sides.n, shown, len(constraints))

    def text(self) -> str:
        """Writes it as a term of type ``cells``."""
        left = listed(self._left_steps())
        right = listed(self._right_steps())
        return (
            f"Case {{| equalities := {listed(self._equalities)}; pivots := {listed(self._solutions)};\n"
            f"  case_atoms := {self._atoms_text()};\n  left_steps := {left};\n  right_steps := {right};\n"
            f"  ending := {self._ending()} |}}"
        )

    def _equated(self, node: dict) -> tuple[list[str], set[int]]:
        """Inequalities whose opposite is a combination of the others, one after another."""
        equal = {i for i, (_, op) in enumerate(self.constraints) if op == "=="}
        written = []
        for multipliers in node.get("implied", []):
            read_ones = [(index(i, len(self.constraints)), number(m)) for i, m in multipliers]
            for i, m in read_ones:
                if i not in equal:
                    others = [constraint_text(j, c / m) for j, c in read_ones if j != i]
                    written.append(f"({i}%nat, {listed(others)})")
            equal |= {i for i, _ in read_ones}
        return written, equal

    def _coordinates(self, node: dict) -> list[str]:
        written = []
        for name, multipliers in node.get("pivots", {}).items():
            v = variable(name, self.sides.n)
            parts = [(index(i, len(self.constraints)), number(m)) for i, m in multipliers]
            row = mix((m, self.constraints[i][0]) for i, m in parts)
            self.pivots[v] = minus({v: ONE}, row)
            up, down = ([constraint_text(i, sign * m) for i, m in parts] for sign in (-ONE, ONE))
            written.append(f"({v}%nat, ({form_text(self.pivots[v])}, ({listed(up)}, {listed(down)})))")
        return written

    def _left_steps(self) -> Iterator[str]:
        yield from self._network_steps(self.sides.net, self.node["left"])

    def _right_steps(self) -> Iterator[str]:
        if self.sides.other is not None:
            yield from self._network_steps(self.sides.other, self.node["right"])
        for root in self.sides.formulas.nodes:
            yield from self._said(root)

    def _network_steps(self, net: MLP, given: list) -> Iterator[str]:
        """One step for every hidden neuron: the certificate's, or that of a neuron that is constant."""
        steps, v = iter(given), self.sides.n
        decided = self.sides.decided["left" if net is self.sides.net else "right"]
        below: list[fmpq | None] = [None] * self.sides.n  # the values of those that are constant
        for layer in net.layers[:-1]:
            above: list[fmpq | None] = []
            for row, bias in zip(layer.weight.rows, layer.exact_bias(), strict=True):
                value = fmpq(bias)
                varies = False
                for j, weight in row:
                    constant_value = below[j]
                    if constant_value is not None:
                        value += weight * constant_value
                    else:
                        varies = varies or weight != 0
                if not varies:
                    yield taken_text(value <= 0)
                elif v in decided:
                    yield _known_text(decided[v])
                else:
                    yield self._step(next(steps))
                v += varies
                above.append(None if varies else max(value, fmpq(0)))
            below = above

    def _has_bounds(self) -> bool:
        return super()._has_bounds() or bool(self.sides.contradictions)

    def _ending(self) -> str:
        if self.sides.claim.kind == "relation" and self.sides.claim.violations is None and not self._has_bounds():
            self._rows(0)  # refuses what the differences, being zero, do not rule out
        return super()._ending()

    def _bounded(self) -> str:
        answers, names = self.sides.answers or self.sides.contradictions, self._names()
        if self.sides.claim.kind == "equal":
            return super()._bounded()
        if not answers:
            return self._equation(names)
        trees = self.node.get("bounding", [])
        return f"(Bounded {listed(answer.text(trees, names) for answer in answers)})"

    def _equation(self, names: Names) -> str:
        """One tree for each side that an equation must not have above the other."""
        trees = iter(self.node["bounding"])
        known = {(i, sign): next(trees) for i, d in enumerate(self._differences()) if d for sign in (True, False)}
        written = []
        for violation in self.sides.broken:
            leaf = contradiction(violation)
            if leaf is None:
                place, i, ratio = self.sides.row_of(violation)
                tree = known.get((i, ratio > 0), [{"leaf": [["part", 0, "1"]]}])
                written.append(tree_text(tree, replaced(names, parts={(0, True): (place, abs(ratio) or ONE)})))
            else:
                written.append(Answer(None, {}, leaf).text((), names))
        return f"(Bounded {listed(written)})"

    def _said(self, node: Node) -> Iterator[str]:
        """The steps of a formula or of a condition; conditions have theirs in the order of their comparisons."""
        if node.op in ("Le", "Lt", "Eq", "Not", "And", "Or"):
            for part in node.args:
                yield from self._said(part)
        else:
            yield from self._steps(node)

    def _steps(self, node: Node) -> Iterator[str]:
        """The steps of a formula in the order in which they are read; untaken branches are not."""
        formulas = self.sides.formulas
        if node.op == "If":
            condition, yes, no = node.args
            found = self._decided(condition)
            if found is None:
                raise refuse("a choice that no single constraint of its cell decides")
            truth, steps = found
            yield from steps
            yield from self._steps(yes if truth else no)
            choice = formulas.choices[node]
            self._chosen[choice.variable] = self._linear(choice.branches[0 if truth else 1])
            return
        for argument in node.args:
            yield from self._steps(argument)
        for gate in formulas.maxima.get(node, ()):
            if isinstance(gate, bool):
                yield taken_text(gate)
            else:
                yield self._maximum(gate)

    def _maximum(self, gate: int) -> str:
        """The step of one of the formula's gates."""
        n, decided = self.sides.n, self.sides.decided[self.sides.steps]
        if n + gate in decided:
            return _known_text(decided[n + gate])
        earlier = enumerate(self.sides.formulas.graph.gates[:gate])
        rank = sum(isinstance(other, MaxGate) and n + i not in decided for i, other in earlier)
        return self._step(self.node[self.sides.steps][rank])

    def _linear(self, source: Form) -> Linear:
        linear = read(source)
        while any(v in self._chosen for v in linear):
            linear = replace(linear, self._chosen)
        return linear

    def _decided(self, condition: Node) -> tuple[bool, list[str]] | None:
        """Whether a condition holds in this cell, and the answers to comparisons that say so; None if it is open."""
        if condition.op == "Not":
            found = self._decided(condition.args[0])
            return found and (not found[0], found[1])
        if condition.op in ("And", "Or"):
            first, settles = self._decided(condition.args[0]), condition.op == "Or"
            if first is not None:
                first = first[0], _lower(first[1])
                if first[0] is settles:
                    return first
            second = self._decided(condition.args[1])
            if first is None:
                return (settles, ["Second 0", *second[1]]) if second is not None and second[0] is settles else None
            return second and (second[0], first[1] + second[1])
        a, b = condition.args
        steps = [*self._steps(a), *self._steps(b)]
        f, g = (self._linear(self.sides.formulas.forms[side]) for side in (a, b))
        pairs = {"Le": [(f, g)], "Lt": [(g, f)], "Eq": [(f, g), (g, f)]}[condition.op]
        truth = True
        for low, high in pairs:
            found = self._compared(replace(minus(high, low), self.pivots))
            if found is None:
                return None
            truth, step = found
            steps.append(step)
            if not truth:
                break
        return (not truth if condition.op == "Lt" else truth), steps

    def _compared(self, difference: Linear) -> tuple[bool, str] | None:
        """Whether a form is not negative here, by one constraint; None if none says so."""
        fixed = constant(difference)
        if fixed is not None:
            return fixed >= 0, "Yes []" if fixed >= 0 else "No []"
        for i, (known, op) in enumerate(self._charted):
            ratio = _ratio(difference, known)
            if ratio is not None and (ratio > 0 or op == "=="):
                return True, f"Yes [{constraint_text(i, ratio)}]"
            if ratio is not None and op == ">":
                return False, f"No [{constraint_text(i, -ratio)}]"
        return None

    def _rows(self, count: int) -> list[tuple[int, fmpq]]:
        del count
        return self.sides.rows

    def _sides(self) -> list[tuple[str, Gates, list[Linear]]]:
        position = {v: i for i, v in enumerate(self.free)}
        sides = [(name, selected(self.sides.side(name), self.constraints)) for name in ("left", "right")]
        return [(name, *charted_graph(side, self.pivots, position)) for name, side in sides]


def _lower(steps: list[str]) -> list[str]:
    """The steps of a first condition: what they begin with is a level further down."""
    head, level = steps[0].split(" ", 1)
    return [f"Second {int(level) + 1}", *steps[1:]] if head == "Second" else steps


def _known_text(known: Decided) -> str:
    """The step of a maximum that a constraint decides."""
    return f"Take {'true' if known.left else 'false'} [{constraint_text(known.constraint, ONE)}]"


def _ratio(form: Linear, known: Linear) -> fmpq | None:
    """The number that a form is a multiple by, or None."""
    if form.keys() != known.keys():
        return None
    v = next(iter(form))
    ratio = form[v] / known[v]
    return ratio if all(c == ratio * known[u] for u, c in form.items()) else None
