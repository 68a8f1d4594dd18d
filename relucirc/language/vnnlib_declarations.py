"""What a VNN-LIB file declares: the variables of one network (version 1.0), or networks and their tensors (2.0).

In version 2.0 a network that is ``equal-to`` an earlier one is the same model with other variables, as monotony
or a Lipschitz constant need it; one that is ``isomorphic-to`` another has its architecture and other weights.  In both
cases the tensors must have the same shapes, and the network that is named must be neither itself.
"""

import re
from dataclasses import dataclass, field, replace
from itertools import product
from math import prod
from typing import Any

from relucirc.core.errors import FileError, shorten
from relucirc.language.s_expressions import shown
from relucirc.language.safety import Declared

MAX_SIZE = 1 << 20
"""Most elements of a tensor."""
OLD = re.compile(r"([XY])_(0|[1-9]\d{0,7})")
NAME = re.compile(r"[A-Za-z]\w*", re.ASCII)
TYPE = re.compile(r"([A-Za-z]\w*)\[((?:\d{1,7}(?:,\d{1,7})*)?)\]", re.ASCII)


@dataclass(frozen=True)
class Tensor:
    """An input or output of a network.

    Attributes:
        side: ``"declare-input"`` or ``"declare-output"``.
        name: Its name.
        kind: The type of its elements.
        sizes: Its shape.
    """

    side: str
    name: str
    kind: str
    sizes: tuple[int, ...]

    @property
    def head(self) -> str:
        """What heads the list of its values."""
        return f"{self.name} {self.kind} [{','.join(map(str, self.sizes))}]"

    @property
    def elements(self) -> tuple[str, ...]:
        """The names of its elements; that of a scalar is its own."""
        if not self.sizes:
            return (self.name,)
        return tuple(f"{self.name}[{','.join(map(str, index))}]" for index in product(*map(range, self.sizes)))


@dataclass
class Declarations:
    """What was declared so far.

    Attributes:
        old: By version 1.0: the numbers of inputs X and of outputs Y.
        tensors: By version 2.0: the tensors of every network.
        networks: The same networks as a property has them.
    """

    old: dict[str, set[int]] = field(default_factory=lambda: {"X": set(), "Y": set()})
    tensors: dict[str, tuple[Tensor, ...]] = field(default_factory=dict)
    networks: dict[str, Declared] = field(default_factory=dict)

    def finished(self) -> tuple[Declared, ...]:
        """Returns the networks.

        Raises:
            FileError: When there is none, or its variables are not numbered from 0.
        """
        if self.networks:
            return tuple(self.networks.values())
        if not all(self.old.values()):
            raise FileError("expected declarations of inputs X_0, ... and of outputs Y_0, ..., got none.")
        for letter, numbers in self.old.items():
            if max(numbers) >= len(numbers):
                raise FileError(f"expected {letter}_0, {letter}_1, ... without gaps, got {letter}_{max(numbers)}.")
        inputs, outputs = (tuple(f"{letter}_{i}" for i in range(len(known))) for letter, known in self.old.items())
        return (Declared("", inputs, outputs),)

    def constant(self, command: Any) -> None:
        """Takes ``(declare-const X_0 Real)``."""
        match command:
            case ["declare-const", str(name), "Real"] if found := OLD.fullmatch(name):
                if self.networks or int(found[2]) in self.old[found[1]]:
                    raise FileError(f"{name} is declared twice, or beside a network.")
                self.old[found[1]].add(int(found[2]))
            case _:
                raise FileError(f"expected a declaration such as (declare-const X_0 Real), got {shown(command)}.")

    def network(self, command: Any) -> None:
        """Takes ``(declare-network f (declare-input X Real [1,2]) (declare-output Y Real [1]))``."""
        match command:
            case ["declare-network", str(name), ["equal-to" | "isomorphic-to" as relation, str(other)], *parts]:
                pass
            case ["declare-network", str(name), *parts]:
                relation, other = "", ""
            case _:
                raise FileError(f"expected a network with a name, got {shown(command)}.")
        if not NAME.fullmatch(name) or name in self.networks or any(self.old.values()):
            raise FileError(f"expected a network with a name of its own, and neither X_0 nor Y_0, got {shorten(name)}.")
        tensors = tuple(map(_tensor, parts))
        if [tensor.side for tensor in tensors] != ["declare-input", "declare-output"]:
            raise FileError(f"expected one input and then one output of {shorten(name)}, got {shown(parts)}.")
        names = [tensor.name for known in (tensors, *self.tensors.values()) for tensor in known]
        if len(set(names)) < len(names):
            raise FileError(f"a tensor of {shorten(name)} has the name of another.")
        elements, heads = (tensor.elements for tensor in tensors), tuple(tensor.head for tensor in tensors)
        model = len({network.model for network in self.networks.values()})
        found = Declared(name, *elements, model=model, heads=heads)
        if relation:
            known = self._named(other, relation, tensors)
            found = replace(found, model=known.model) if relation == "equal-to" else replace(found, like=known.model)
        self.networks[name], self.tensors[name] = found, tensors

    def _named(self, name: str, relation: str, tensors: tuple[Tensor, ...]) -> Declared:
        """Returns the network that one is equal or isomorphic to, if it has such tensors."""
        first = {network.model: network for network in reversed(self.networks.values())}
        known = self.networks.get(name)
        if known is None or known.like is not None or known is not first[known.model]:
            raise FileError(
                f"{relation}: expected a network that was declared before, and for itself, got {shorten(name)}."
            )
        theirs, equal = self.tensors[name], relation == "equal-to"
        if [(t.sizes, equal and t.kind) for t in tensors] != [(t.sizes, equal and t.kind) for t in theirs]:
            raise FileError(
                f"{relation}: expected the tensors of {shorten(name)}, {_heads(theirs)}; got {_heads(tensors)}."
            )
        return known


def _tensor(part: Any) -> Tensor:
    match part:
        case ["declare-input" | "declare-output" as side, str(name), str(kind)] if found := TYPE.fullmatch(kind):
            sizes = tuple(int(size) for size in found[2].split(",") if size)
            if NAME.fullmatch(name) and 0 < prod(sizes) <= MAX_SIZE:
                return Tensor(side, name, found[1], sizes)
    raise FileError(
        f"expected an input or output such as (declare-input X Real [1,2]), of at most {MAX_SIZE} elements, "
        f"got {shown(part)}."
    )


def _heads(tensors: tuple[Tensor, ...]) -> str:
    return shorten(", ".join(tensor.head for tensor in tensors))
