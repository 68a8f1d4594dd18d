"""``explain``: a network's formula, the circuits that compute the same, and what its first neurons detect."""

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sympy

from relucirc.circuits import catalogue
from relucirc.circuits.circuit import Circuit
from relucirc.core.budget import Budget, OutOfBudget, tick
from relucirc.core.errors import FormulaError, NetworkError, not_a_network
from relucirc.core.exact import text
from relucirc.core.names import default_names
from relucirc.core.printing import formula_text
from relucirc.geometry.lift import write_formula
from relucirc.language.network import MLP
from relucirc.proof.prover import prove

LARGE = 16
"""With more inputs, only minimum and maximum are recognised."""
POINTS = 3
PRINTED = 20_000
"""Larger formulas are not printed among other lines: SymPy takes seconds for it, and nobody reads them."""


@dataclass(frozen=True)
class Explanation:
    """What a network computes.

    Attributes:
        formula: The shortest formula found; proved equal to the network on all of R^n.  A list
            for several outputs.  None where none was found and proved: ``reason`` says why.
        circuits: Catalogue circuits that compute the same function on all of R^n, proved: names, with
            parameters where they are not the defaults, such as ``"minimum(5)"``.
        features: What the first hidden layer detects: one line per neuron.
        reason: One sentence for people: what is proved, and what was left out when the budget ended.
        seconds: Wall time used.
    """

    formula: Any
    circuits: tuple[str, ...]
    features: tuple[str, ...]
    reason: str
    seconds: float = 0.0

    @property
    def status(self) -> str:
        """``"proved"`` where there is a formula, else ``"unknown"``."""
        return "unknown" if self.formula is None else "proved"

    def __str__(self) -> str:
        if self.formula is None:
            first = f"unknown   {self.reason}"
        elif (size := size_of(self.formula)) > PRINTED:
            first = f"formula   of {size:,} numbers, names and operations, too long to be printed here"
        else:
            first = f"formula   {formula_text(self.formula)}"
        lines = [first, f"circuits  {', '.join(self.circuits) or 'none of the catalogue'}"]
        return "\n".join([*lines, *(f"feature   {feature}" for feature in self.features)])


def explain(net: MLP, *, budget: float | None = 60.0) -> Explanation:
    """Finds the formula that a network computes, proves it, and names the circuits that compute the same.

    The network as a whole is compared with the catalogue, not parts of it; features are about single neurons of its
    first hidden layer.

    Args:
        net: A network.
        budget: Seconds of wall time for all of it; None for no limit.  When they end, or at Ctrl-C, the
            answer is what is known until then.

    Raises:
        RelucircError: When the network cannot be read.

    Example:
        >>> import relucirc
        >>> explain(relucirc.circuits.minimum()).formula
        Min(x1, x2)
    """
    if not isinstance(net, MLP):
        raise not_a_network(net)
    clock = Budget(budget, method="explain")
    found = _Findings()
    try:
        with clock:
            found.features = tuple(_features(net))
            found.look(net)
            ended = None
    except (OutOfBudget, KeyboardInterrupt) as error:
        ended = clock.ended(error)
    return found.answer(ended, clock.elapsed)


@dataclass
class _Findings:
    """What is known so far."""

    formula: Any = None
    obstacle: str = "no formula was found"
    circuits: tuple[str, ...] = ()
    features: tuple[str, ...] = ()

    def look(self, net: MLP) -> None:
        """Finds the formula, proves it, and goes through the catalogue."""
        try:
            formula = write_formula(net)
        except FormulaError as error:  # too long to be written
            self.obstacle = str(error).rstrip(".")
        else:
            self.obstacle = "the formula found was not proved"
            result = prove(net, formula, budget=None)
            if result.status == "proved":
                self.formula = formula
            else:
                self.obstacle = f"the formula found was not proved equal to the network: {result.reason.rstrip('.')}"
        for circuit, parameters in _candidates(net):
            if _is(net, circuit, parameters):
                defaults = parameters in ((), tuple(p.default for p in _signature(circuit)))
                name = circuit.name if defaults else f"{circuit.name}({', '.join(map(str, parameters))})"
                self.circuits = (*self.circuits, name)
                theirs = _named(circuit.formula(*parameters), net)
                if circuit.where is None and (self.formula is None or _length(theirs) < _length(self.formula)):
                    self.formula = theirs

    def answer(self, ended: str | None, seconds: float) -> Explanation:
        """Says what is known."""
        if self.formula is None:
            reason = self.obstacle if ended is None else f"{self.obstacle}; {ended}"
        elif ended is None:
            reason = "the formula is proved equal to the network at every real input"
        else:
            reason = f"the formula is proved equal to the network; {ended} before the whole catalogue was tried"
        return Explanation(self.formula, self.circuits, self.features, f"{reason}.", seconds)


def size_of(formula: Any) -> int:
    """How many nodes a formula has as a tree; shared parts are counted wherever they stand, and walked once."""
    known: dict[sympy.Basic, int] = {}
    stack = list(formula) if isinstance(formula, list) else [formula]
    total = list(stack)
    while stack:
        part = stack[-1]
        missing = [a for a in part.args if a not in known]
        if missing:
            stack += missing
            continue
        known[stack.pop()] = 1 + sum(known[a] for a in part.args)
    return sum(known[part] for part in total)


def _length(formula: Any) -> tuple[bool, int]:
    """What is compared: how long the text is, if it is not too long to be written."""
    size = size_of(formula)
    return (True, size) if size > PRINTED else (False, len(str(formula)))


def _candidates(net: MLP) -> Iterator[tuple[Circuit, tuple]]:
    """Catalogue circuits with as many inputs and outputs as the network, and their parameters."""
    n = len(net.inputs)
    for circuit in catalogue.values():
        tick()
        names = [parameter.name for parameter in _signature(circuit)]
        choices: list[tuple] = list(circuit.examples)
        if n > LARGE and circuit.name not in ("minimum", "maximum"):
            continue
        if names == ["n"]:
            choices = [(n,)] if n > 1 else []
        elif names == ["n", "k"]:
            choices = [(n, k) for k in range(2, n)]  # the others are minimum and maximum
        for parameters in choices:
            tick()
            try:
                formula = circuit.formula(*parameters)
            except NetworkError:  # a circuit of another size
                continue
            outputs = len(formula) if isinstance(formula, list) else 1
            if outputs == net.sizes[-1] and (names[:1] == ["n"] or len(circuit(*parameters).inputs) == n):
                yield circuit, parameters


def _signature(circuit: Circuit) -> list[inspect.Parameter]:
    return list(inspect.signature(circuit.build).parameters.values())


def _is(net: MLP, circuit: Circuit, parameters: tuple) -> bool:
    """Whether the network computes what the circuit computes, everywhere, proved."""
    if circuit.where is not None:  # its formula holds on a domain only; the circuit itself is the claim
        other = circuit(*parameters)
        if len(other.inputs) != len(net.inputs):
            return False
        return prove(net, MLP(other.layers, net.inputs), budget=None).status == "proved"
    formula = _named(circuit.formula(*parameters), net)
    return _agree(net, formula) and prove(net, formula, budget=None).status == "proved"


def _named(formula: Any, net: MLP) -> Any:
    """Writes a formula over the default names with the network's own."""
    if isinstance(formula, list):
        return [_named(part, net) for part in formula]
    ours = {sympy.Symbol(a): sympy.Symbol(b) for a, b in zip(default_names(len(net.inputs)), net.inputs, strict=True)}
    return formula.xreplace({a: b for a, b in ours.items() if a != b})


def _agree(net: MLP, formula: Any) -> bool:
    """Whether they agree at a few points: most candidates end here."""
    for k in range(POINTS):
        n = len(net.inputs)
        point = [sympy.Integer((7 * i * (k + 1) + 3 * k) % (2 * n + 3) - k - 1) for i in range(n)]
        values = dict(zip(map(sympy.Symbol, net.inputs), point, strict=True))
        parts = formula if isinstance(formula, list) else [formula]
        if [part.xreplace(values) for part in parts] != list(net.at(*point)):
            return False
    return True


def _features(net: MLP) -> list[str]:
    """Says what each neuron of the first hidden layer detects, in the original's words."""
    if len(net.layers) == 1:
        return []
    layer = net.exact().layers[0]
    lines = []
    for i, (row, bias) in enumerate(zip(layer.weight.rows, layer.exact_bias(), strict=True)):
        tick()
        lines.append(f"neuron {i + 1}: {_feature(row, bias, net.inputs)} relu({_sum(row, bias, net.inputs)})")
    return lines


def _sum(row: tuple, bias: Any, names: tuple[str, ...]) -> str:
    """Writes a neuron's form as SymPy does, in the inputs' own order."""
    terms = [(c, names[v]) for v, c in row]
    constant = [(bias, "")] if bias else []
    first = len(terms) == 1 and terms[0][0] < 0 < bias  # 1 - 2*x
    parts = []
    for c, name in [*constant, *terms] if first else [*terms, *constant]:
        size = abs(c)
        shown = (f"{size.p}*{name}" if size.p != 1 else name) if name else text(size)
        if name and size.q != 1:
            shown += f"/{size.q}"
        sign = "-" if c < 0 else "+"
        parts.append(f" {sign} {shown}" if parts else shown if c > 0 else f"-{shown}")
    return "".join(parts) or "0"


def _feature(row: tuple, bias: Any, names: tuple[str, ...]) -> str:
    if bias:
        return "threshold detector" if row else "constant"
    if len(row) == 1:
        v, c = row[0]
        return f"{'positiveness' if c > 0 else 'negativeness'} detector of {names[v]}:"
    if len(row) == 2 and row[0][1] == -row[1][1]:
        (u, a), (v, _) = row
        larger, smaller = (u, v) if a > 0 else (v, u)
        return f"greaterness detector, {names[larger]} over {names[smaller]}:"
    return "detector of a combination:" if row else "dead:"
