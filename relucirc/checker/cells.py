"""Checks the cases of a claim: a splitting tree of cells, each empty or proved on its closure.

A cell is what its constraints leave of the points of the claim.  Where a form has whole coefficients and reads
inputs that take integer values only, it takes integer values only: the cell's points have ``form <= k`` or
``form >= k + 1``, and what lies between need not be proved.
"""

from collections.abc import Sequence
from typing import Any

from flint import fmpq

from relucirc.checker.bounding import check_bounding
from relucirc.checker.boxes import check_boxes
from relucirc.checker.data import fields, form, index, number, pairs, require, sequence, variable, word
from relucirc.checker.derivation import Derivation
from relucirc.checker.linear import ONE, UNIT, Linear, constant, minus, mix, replace, value_at
from relucirc.checker.sides import Constraint, Side, constraint, selected
from relucirc.checker.sweep import check_sweep
from relucirc.checker.tree import check_tree
from relucirc.checker.zero_one import check_zero_one
from relucirc.core.forms import Form
from relucirc.core.graph import Graph, MaxGate

CHART = {"implied", "pivots", "interior"}
OPTIONAL_FIELDS = CHART | {
    "tree",
    "symmetry",
    "comparators",
    "wires",
    "weights",
    "names",
    "lemmas",
    "bounding",
    "boxes",
    "sweep",
}
Violations = Sequence[Sequence[tuple[int, str]]]
"""What must not happen: for each the differences, by number, and their relations to 0 that hold together."""


def check_cells(
    proof: Any,
    left: Side,
    right: Side,
    constraints: list[Constraint],
    integers: frozenset[int] = frozenset(),
    violations: Violations | None = None,
) -> None:
    """Rejects unless the proof covers every point that satisfies the constraints, integers being integers.

    Args:
        proof: The tree.
        left: The network's side.
        right: The formula's side.
        constraints: What the points satisfy.
        integers: The inputs that take integer values.
        violations: What must not happen to the differences; None where all have to be zero.
    """
    pending = [(proof, left, right, constraints)]  # the last one is next, so that parts come as they are written
    while pending:
        node, left, right, constraints = pending.pop()
        require(type(node) is dict, "a proof is not an object")
        if "empty" in node:
            _check_empty(fields(node, {"empty"}, set(), "an empty cell")["empty"], constraints)
        elif "split" in node:
            fields(node, {"split", "positive", "rest"}, set(), "a split")
            cut = form(node["split"], len(left.graph.inputs))
            pending.append((node["rest"], left, right, [*constraints, constraint(cut, ">=", -ONE)]))
            pending.append((node["positive"], left, right, [*constraints, constraint(cut, ">")]))
        elif "integer" in node:
            fields(node, {"integer", "at", "below", "above"}, set(), "an integer split")
            whole, at = form(node["integer"], len(left.graph.inputs)), number(node["at"])
            require(all(v in integers for v in whole), "an integer split reads more than integer inputs")
            require(all(c.q == 1 for c in (*whole.values(), at)), "an integer split is not between integers")
            pending.append((node["above"], left, right, [*constraints, constraint(whole, ">=", ONE, -at - 1)]))
            pending.append((node["below"], left, right, [*constraints, constraint(whole, ">=", -ONE, at)]))
        elif "gate" in node:
            pending += _gate_cells(node, left, right, constraints)
        else:
            sides = selected(left, constraints), selected(right, constraints)
            _check_case(node, *sides, constraints, violations)


def _gate_cells(node: Any, left: Side, right: Side, constraints: list[Constraint]) -> list:
    fields(node, {"side", "gate", "left", "right"}, set(), "a gate's cells")
    on_left = word(node["side"], ("left", "right"), "the side of a gate") == "left"
    side = left if on_left else right
    side = selected(side, constraints, stop=True)
    k = index(node["gate"], len(side.graph.gates))
    v = len(side.graph.inputs) + k
    gate = side.maximum(k)
    require(v not in side.decided, f"gate {k} is decided twice")
    below, above = side.linear(gate.left), side.linear(gate.right)
    difference = minus(above, below)
    require(all(u < len(side.graph.inputs) for u in difference), f"gate {k} is decided before those it needs")
    cells = []
    for name, value, factor in (("left", below, -ONE), ("right", above, ONE)):
        decided = Side(side.graph, {**side.decided, v: value})
        sides = (decided, right) if on_left else (left, decided)
        cells.append((node[name], *sides, [*constraints, constraint(difference, ">=", factor)]))
    return cells


def _check_empty(multipliers: Any, constraints: list[Constraint]) -> None:
    """Motzkin: a combination that is a negative constant, or zero with a strict part."""
    parts, strict = [], False
    for i, m in pairs(multipliers, "empty"):
        known, op = constraints[index(i, len(constraints))]
        multiplier = number(m)
        require(multiplier != 0 and (op == "==" or multiplier > 0), "a multiplier has the wrong sign")
        strict = strict or op == ">"
        parts.append((multiplier, known))
    total = constant(mix(parts))
    require(total is not None and (total < 0 or (total == 0 and strict)), "the multipliers do not show a cell empty")


def _check_case(
    node: dict, left: Side, right: Side, constraints: list[Constraint], violations: Violations | None = None
) -> None:
    """Checks one cell: its chart, the derivation over the chart, and that the sides coincide, or break nothing."""
    fields(node, {"atoms", "left", "right"}, OPTIONAL_FIELDS, "a case")
    free, charted, kept = read_chart(node, len(left.graph.inputs), constraints)
    position = {v: i for i, v in enumerate(free)}
    relations = [(_renumber(form, position), op) for form, op in kept]
    if "sweep" in node:
        single = violations is None or all([op for _, op in parts] == [">"] for parts in violations)
        require(node["sweep"] is True and single, "a sweep is for equality, or for differences that are not positive")
        require(len(free) == 1, "a sweep is for a line")
        require(node.keys() <= {"atoms", "left", "right", "sweep", *CHART}, "a sweep has another proof")
        require(node["atoms"] == node["left"] == node["right"] == [], "a sweep has no derivation")
        sides = [charted_graph(side, charted, position) for side in (left, right)]
        positive = None if violations is None else [i for ((i, _),) in violations]
        check_sweep([form for form, _ in relations], sides, positive)
        return
    derivation = Derivation.read(node["atoms"], len(free), [form for form, _ in relations])
    outputs = []
    for name, side in (("left", left), ("right", right)):
        gates, results = charted_graph(side, charted, position)
        outputs.append(derivation.lower(gates, results, node[name]))
    differences = [minus(a, b) for a, b in zip(*outputs, strict=True)]
    if violations is not None or {"bounding", "boxes"} & node.keys():
        kind = "boxes" if "boxes" in node else "bounding"
        require(node.keys() <= {"atoms", "left", "right", kind, *CHART}, "a case of relations has another proof")
        if kind == "boxes":
            require(violations is not None, "an equality has no violations")
            check_boxes(node[kind], derivation, differences, derivation.constraints, violations or ())
        else:
            check_bounding(node.get(kind), derivation, relations, broken(differences, violations))
        derivation.close()
        return
    require("lemmas" in node or "names" not in node, "names without lemmas")
    if "lemmas" in node:
        names = 1 + index(node["names"] - 1, len(derivation.atoms)) if type(node.get("names")) is int else 0
        require(("names" in node) == (names > 0), "the names are not counted")
        solved = _check_lemmas(node["lemmas"], derivation, names)
    derivation.close()
    require(not {"tree", "comparators"} <= node.keys(), "a case has two proofs")
    require("tree" in node or "symmetry" not in node, "symmetry without a tree")
    require("comparators" in node or not {"wires", "weights"} & node.keys(), "wires without comparators")
    if "lemmas" in node:
        differences = [_reduced(d, solved) for d in differences]
        atoms = [[_reduced(element, solved) for element in atom] for atom in derivation.atoms]
        derivation = Derivation(derivation.n, atoms, derivation.constraints)
    if "tree" in node:
        check_tree(node, derivation, differences)
    elif "comparators" in node:
        check_zero_one(node, derivation, differences)
    else:
        require(not any(differences), "the normal forms differ")


def broken(differences: list[Linear], violations: Violations | None) -> list[list[Constraint]]:
    """Returns what must not happen as relations; of an equality, that a difference is positive or negative."""
    if violations is None:
        return [[constraint(d, ">", sign)] for d in differences if d for sign in (ONE, -ONE)]
    found = []
    for violation in violations:
        require(all(0 <= i < len(differences) and op in (">", ">=", "==") for i, op in violation), "no violation")
        found.append([(differences[i], op) for i, op in violation])
    return found


def _check_lemmas(lemmas: Any, derivation: Derivation, names: int) -> dict[int, Linear]:
    """Checks relations between atoms, each with the help of those before; returns pivots as forms over lower ones.

    The first atoms may be names: maxima that no step reads, but some lemma.
    """
    n, solved = derivation.n, dict[int, Linear]()
    named = set(range(names))
    require(named.isdisjoint(derivation.used), "a name is the atom of a step")
    for lemma in sequence(lemmas, "lemmas"):
        fields(lemma, {"zero", "free", "proof"}, {"known", "raw"}, "a lemma")
        require(all(lemma.get(flag, True) is True for flag in ("known", "raw")), "a flag is true or absent")
        stated = form(lemma["zero"], n + len(derivation.atoms))
        free = [variable(name, n + len(derivation.atoms)) for name in sequence(lemma["free"], "free")]
        require(len(set(free)) == len(free), "a variable is free twice")
        graph, constraints, read = _lemma_graph(stated, free, derivation, {} if "raw" in lemma else solved)
        derivation.used |= {v - n for v in read} & named
        nothing = Graph(graph.inputs, (), (Form(),))
        _check_case(lemma["proof"], Side(graph, {}), Side(nothing, {}), constraints if "known" in lemma else [])
        zero = _reduced(stated, solved)
        require(any(v >= n for v in zero), "a lemma says nothing new about an atom")
        pivot = max(zero)
        scale = -ONE / zero[pivot]
        solved[pivot] = mix(((scale, {v: c for v, c in zero.items() if v != pivot}),))
    return solved


def _reduced(form: Linear, solved: dict[int, Linear]) -> Linear:
    while any(v in solved for v in form):
        form = replace(form, solved)
    return form


def _lemma_graph(
    zero: Linear, free: list[int], derivation: Derivation, solved: dict[int, Linear]
) -> tuple[Graph, list[Constraint], set[int]]:
    """The relation as a graph over free variables, the atoms below it opened down to them; what is known of these.

    Also returns all variables that it reads.
    """
    n = derivation.n
    position = {v: i for i, v in enumerate(free)}
    elements = [[_reduced(element, solved) for element in atom] for atom in derivation.atoms]
    opened: set[int] = set()
    stack = [zero]
    while stack:
        for v in stack.pop():
            if v == UNIT or v in position or v in opened:
                continue
            require(v >= n, "a lemma reads an input that is not free")
            opened.add(v)
            stack.extend(elements[v - n])
    numbers = dict(position)
    gates: list[MaxGate] = []
    for v in sorted(opened):
        values = [Form(), *(_form_of(_renumber(element, numbers)) for element in elements[v - n])]
        while len(values) > 1:
            gates.append(MaxGate(values[0], values[1]))
            values = [*values[2:], Form({len(free) + len(gates) - 1: ONE})]
        numbers[v] = len(free) + len(gates) - 1
    graph = Graph(tuple(f"v{v}" for v in free), tuple(gates), (_form_of(_renumber(zero, numbers)),))
    known = [c for c in derivation.constraints if all(v == UNIT or v in position for v in c)]
    for v in free:
        if v >= n:
            known.append({v: ONE})
            for element in elements[v - n]:
                if all(u == UNIT or u in position for u in element):
                    known.append(minus({v: ONE}, element))
    return graph, [constraint(_renumber(c, position), ">=") for c in known], opened | set(free)


def _form_of(linear: Linear) -> Form:
    return Form({v: c for v, c in linear.items() if v != UNIT}, linear.get(UNIT, fmpq(0)))


def read_chart(
    node: dict, n: int, constraints: list[Constraint]
) -> tuple[list[int], dict[int, Linear], list[Constraint]]:
    """Returns the free inputs, the pivots as forms over them, and the inequalities that remain."""
    equal = {i for i, (_, op) in enumerate(constraints) if op == "=="}
    for multipliers in sequence(node.get("implied", []), "implied"):
        equal |= _implied(multipliers, constraints, equal)
    solved: dict[int, Linear] = {}
    pivots = node.get("pivots", {})
    require(type(pivots) is dict, "pivots is not an object")
    for name, multipliers in pivots.items():
        v = variable(name, n)
        parts = []
        for place, m in pairs(multipliers, "a pivot"):
            i = index(place, len(constraints))
            require(i in equal, f"constraint {i} is no equality")
            parts.append((number(m), constraints[i][0]))
        row = mix(parts)
        require(row.get(v) == 1, f"the pivot {name} is not solved")
        solved[v] = minus({v: ONE}, row)
    free = [v for v in range(n) if v not in solved]
    require(all(u == UNIT or u in free for row in solved.values() for u in row), "a pivot depends on a pivot")
    kept = []
    for i, (known, op) in enumerate(constraints):
        seen = replace(known, solved)
        fixed = constant(seen)
        if i in equal:
            require(fixed == 0, f"equality {i} does not vanish on the chart")
        elif fixed is None:
            kept.append((seen, op))
        # A constant inequality either always holds, or the cell is empty and any proof will do.
    point: dict[int, fmpq] = {}
    if kept or "interior" in node:
        values = sequence(node.get("interior"), "interior")
        require(len(values) == len(free), "the interior point has the wrong dimension")
        point = {v: number(c) for v, c in zip(free, values, strict=True)}
    require(all(value_at(form, point) > 0 for form, _ in kept), "the interior point is not inside")
    return free, solved, kept


def _implied(multipliers: Any, constraints: list[Constraint], equal: set[int]) -> set[int]:
    """Inequalities that some combination forces to be equalities: they add up to zero."""
    parts, found = [], set()
    for place, m in pairs(multipliers, "implied"):
        i, multiplier = index(place, len(constraints)), number(m)
        require(multiplier != 0 and (i in equal or multiplier > 0), "a multiplier has the wrong sign")
        parts.append((multiplier, constraints[i][0]))
        found.add(i)
    require(bool(parts) and not mix(parts), "the combination forces no equality")
    return found


def charted_graph(
    side: Side, solved: dict[int, Linear], position: dict[int, int]
) -> tuple[list[tuple[Linear, Linear]], list[Linear]]:
    """Rewrites the undecided max-gates and the outputs over the free inputs, renumbered."""
    n, m = len(side.graph.inputs), len(position)
    numbers: dict[int, int] = dict(position)
    same = not solved and not side.decided  # then nothing changes its number

    def over_chart(source: Form) -> Linear:
        linear = side.linear(source)
        return linear if same else _renumber(replace(linear, solved), numbers)

    gates = []
    for k in range(len(side.graph.gates)):
        if n + k in side.decided:
            continue
        gate = side.maximum(k)
        gates.append((over_chart(gate.left), over_chart(gate.right)))
        numbers[n + k] = m + len(gates) - 1
    return gates, [over_chart(form) for form in side.graph.outputs]


def _renumber(linear: Linear, numbers: dict[int, int]) -> Linear:
    return {UNIT if v == UNIT else numbers[v]: c for v, c in linear.items()}
