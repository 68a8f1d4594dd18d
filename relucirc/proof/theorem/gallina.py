"""Numbers, forms, networks and formulas as Rocq's terms: as data, and as people write them."""

from collections.abc import Iterable, Sequence

from flint import fmpq

from relucirc.checker.linear import UNIT, Linear
from relucirc.core.forms import Form
from relucirc.core.graph import Relation
from relucirc.language.network import MLP
from relucirc.proof.theorem.formulas import Node

WIDTH = 110
"""Where lines are broken."""
DENSE = 400
"""Most weights of a layer that is written as a whole matrix, whatever zeros it has."""


def listed(items: Iterable[str], indent: int = 0) -> str:
    """Writes a list, on several lines where it is long."""
    parts = list(items)
    flat = f"[{'; '.join(parts)}]"
    if len(flat) + indent <= WIDTH:
        return flat
    lines, line = [], ""
    for part in parts:
        if line and len(line) + len(part) + indent + 2 > WIDTH:
            lines.append(line)
            line = ""
        line += ("; " if line else "") + part
    lines.append(line)
    return "[" + (";\n" + " " * (indent + 1)).join(lines) + "]"


def rational_text(value: fmpq) -> str:
    """Writes a rational as an argument of type Q."""
    if value.q == 1:
        return f"({value.p})" if value < 0 else str(value.p)
    return f"({value.p} # {value.q})"


def key(v: int) -> int:
    """Returns the variable's number in Rocq, where 1 is the constant one."""
    return 1 if v == UNIT else v + 2


def form_text(form: Linear) -> str:
    """Writes a linear form."""
    terms = sorted((key(v), c) for v, c in form.items())
    return f"[{'; '.join(f'co {k} {rational_text(c)}' for k, c in terms)}]"


def network_text(net: MLP, *, dense: bool = False) -> str:
    """Writes a network, its matrices in full where they are small, or where that is asked for."""
    layers = []
    for layer in net.exact().layers:
        rows, bias = layer.weight.rows, list(layer.exact_bias())
        if dense or len(rows) * layer.shape[1] <= DENSE:
            written = [f"[{'; '.join(map(_plain, row))}]" for row in layer.weight.entries()]
            name = "Layer"
        else:
            written = [listed((f"entry {j} {rational_text(w)}" for j, w in row), 4) for row in rows]
            name = "Sparse"
        layers.append(f"  {name}\n    {listed(written, 4)}\n    {listed(map(_plain, bias), 4)}")
    return "[\n" + ";\n".join(layers) + "]%Q"


def _plain(value: fmpq) -> str:
    return str(value.p) if value.q == 1 else f"{value.p} # {value.q}"


def data_text(node: Node) -> str:
    """Writes a formula as data."""
    if node.op == "Var":
        return f"(Var {node.value})"
    if node.op in ("Int", "Rat"):
        return f"({node.op} {rational_text(node.value)})"
    if node.op == "Smallest":
        items = "Nil"
        for argument in reversed(node.args):
            items = f"(Cons {data_text(argument)} {items})"
        return f"(Smallest {node.value} {items})"
    return f"({node.op} {' '.join(map(data_text, node.args))})"


class Words:
    """How formulas are written over one kind of numbers.

    Args:
        names: The inputs.
        numbers: ``"reals"`` or ``"rationals"``.
    """

    def __init__(self, names: Sequence[str], numbers: str) -> None:
        self.names, self.numbers = names, numbers
        self.prefix = "R" if numbers == "reals" else "Q"

    def number(self, value: fmpq) -> str:
        """Writes a rational number."""
        return str(value.p) if value.q == 1 else f"({value.p} {'/' if self.prefix == 'R' else '#'} {value.q})"

    def term(self, node: Node) -> str:
        """Writes a formula as a person would; it is convertible to the value of the data."""
        return self._term(node)[0]

    def _term(self, node: Node) -> tuple[str, int]:
        """The text, and how tightly it binds: choices -1, sums 0, products 1, applications 2, what stands alone 3."""
        if node.op == "Var":
            return self.names[int(node.value)], 3
        if node.op in ("Int", "Rat"):
            return self.number(node.value), 3 if node.value >= 0 or node.op == "Rat" else 1
        if node.op in ("Add", "Sub"):
            left, right = node.args
            sign = "+" if node.op == "Add" else "-"
            return f"{self._inside(left, 0)} {sign} {self._inside(right, 1)}", 0
        if node.op == "Mul":
            left, right = node.args
            return f"{self._inside(left, 3)} * {self._inside(right, 2)}", 1
        if node.op == "Div":
            left, right = node.args
            return f"{self._inside(left, 2)} / {self._inside(right, 2)}", 1
        if node.op == "Opp":
            return f"- {self._inside(node.args[0], 2)}", 1
        if node.op == "Smallest":
            return f"smallest {self.numbers} {node.value} {listed(map(self.term, node.args))}", 2
        if node.op == "If":
            condition, yes, no = node.args
            return f"if {self.condition(condition)} then {self.term(yes)} else {self.term(no)}", -1
        name = {"Max": "max", "Min": "min", "Abs": "abs"}[node.op]
        return f"{self.prefix}{name} {' '.join(self._inside(argument, 3) for argument in node.args)}", 2

    def _inside(self, node: Node, least: int) -> str:
        text, strength = self._term(node)
        return text if strength >= least else f"({text})"

    def condition(self, node: Node) -> str:
        """Writes a condition as a truth value."""
        if node.op in ("Le", "Lt", "Eq"):
            name = {"Le": "leb", "Lt": "ltb", "Eq": "eqb"}[node.op]
            return f"{name} {self.numbers} {' '.join(self._inside(argument, 3) for argument in node.args)}"
        parts = [f"({self.condition(part)})" for part in node.args]
        return f"negb {parts[0]}" if node.op == "Not" else {"And": " && ", "Or": " || "}[node.op].join(parts)

    def relation(self, relation: Node) -> str:
        """Writes a comparison as a proposition."""
        left, right = (self._inside(side, 0) for side in relation.args)
        equal = "=" if self.prefix == "R" else "=="
        sign = {"Leq": "<=", "Less": "<", "Equal": equal, "Le": "<=", "Lt": "<", "Eq": equal}[relation.op]
        return f"{left} {sign} {right}"

    def proposition(self, condition: Node) -> str:
        """Writes a condition as a proposition."""
        if condition.op in ("Le", "Lt", "Eq"):
            return self.relation(condition)
        parts = [f"({self.proposition(part)})" for part in condition.args]
        return f"~ {parts[0]}" if condition.op == "Not" else {"And": " /\\ ", "Or": " \\/ "}[condition.op].join(parts)

    def integer(self, v: int) -> str:
        """Writes that an input is an integer."""
        equal, inject = ("=", "IZR") if self.prefix == "R" else ("==", "inject_Z")
        z = next(name for name in ("z", "k", "integer") if name != self.names[v])
        return f"(exists {z} : Z, {self.names[v]} {equal} {inject} {z})"


def relation_node(relation: Relation) -> Node:
    """Returns a relation ``form op 0`` as a comparison with no minus signs: what is subtracted on the left."""
    form = relation.form
    op = {">=": "Leq", ">": "Less", "==": "Equal"}[relation.op]
    return Node(op, (_positive_part(-form), _positive_part(form)))


def _positive_part(form: Form) -> Node:
    total: Node | None = None
    for v, c in sorted(form.terms.items()):
        if c > 0:
            term = Node("Var", value=v)
            term = term if c == 1 else Node("Mul", (_constant(c), term))
            total = term if total is None else Node("Add", (total, term))
    if form.const > 0 or total is None:
        number = _constant(max(form.const, fmpq(0)))
        total = number if total is None else Node("Add", (total, number))
    return total


def _constant(c: fmpq) -> Node:
    return Node("Int" if c.q == 1 else "Rat", value=c)


def relation_data(relation: Node) -> str:
    """Writes a comparison of the domain as data."""
    return f"{relation.op} {' '.join(map(data_text, relation.args))}"


def constraint_text(i: int, m: fmpq) -> str:
    """Writes a constraint of the cell with its multiplier."""
    return f"Constraint {i} {rational_text(m)}"


def taken_text(left: bool) -> str:
    """Writes the step of a maximum of which one side is the larger by a constant."""
    return f"Take {'true' if left else 'false'} []"
