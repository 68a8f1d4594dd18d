"""Names for hidden variables: maxima and minima of few affine forms that a network computes by many hinges.

What the hinges above a cut between two depths read of those below it is a space of combinations of these, spanned by
few where the network is composed of blocks: its hidden variables.  Each falls into parts that share no hinge.  A part
p is affine around almost every point; the affine forms that it is there, at a sample of points, are its *pieces*.
Where ``p = max(pieces)``, or ``p = min(pieces)``, at all these points, with half as many kinks as hinges at most, the
maximum gets a *name*: an atom of its own, before all others, that no gate reads.  Blocks above see their arguments as
free variables once these have names: so the maximum of 25 numbers, in blocks of five, is a maximum of five variables
that are maxima of five inputs each.

Nothing is proved here.  The relation between a name and the hinges is one more linear relation, found by rank and
proved by :mod:`~relucirc.proof.methods.cuts`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from flint import fmpq

from relucirc.core.budget import tick
from relucirc.core.exact import ONE, ZERO
from relucirc.core.forms import Form, primitive_scale
from relucirc.core.rows import echelon
from relucirc.geometry.hinges import Atom, HingeGraph
from relucirc.proof.problem import Lowered

MAX_PIECES = 40
QUIET = 60
"""Points without a new piece after which all pieces are believed to be known."""
MOST_POINTS = 600

Point = Sequence[fmpq]


def find_names(lowered: Lowered, points: Sequence[Point]) -> list[Atom]:
    """Finds maxima that deserve names.

    Args:
        lowered: Both sides over hinges.
        points: Points of the domain.

    Returns:
        Atoms over the inputs and over each other, lowest first, the first one being the variable after the hinges.
    """
    return _Naming(lowered, points).run()


@dataclass
class _Naming:
    """Finds names from the inputs upward; those found so far are variables from ``first`` on.

    Attributes:
        lowered: Both sides over hinges.
        points: Points of the domain.
        names: The forms of each name, over inputs and earlier names.
        assumed: Hinges that are combinations of others if the names mean what they seem to.
    """

    lowered: Lowered
    points: Sequence[Point]
    names: list[Atom] = field(default_factory=list)
    assumed: dict[int, Form] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.n, self.hinges = self.lowered.hinges.n, self.lowered.hinges
        self.first = self.n + len(self.hinges.atoms)
        self.random = np.random.default_rng(5)

    def run(self) -> list[Atom]:
        """Looks at one cut after the other."""
        outputs = [form for pair in self.lowered.outputs for form in pair]
        atoms = self.hinges.reachable(outputs)
        depth = _depths(self.hinges, atoms)
        for level in range(1, 1 + max(depth.values(), default=0)):
            above = [self.hinges.atoms[k].elements[0] for k in atoms if depth[self.n + k] > level]
            for part in self._parts([*above, *outputs], depth, level):
                tick()
                self._name(part)
        return self.names

    def _parts(self, forms: Sequence[Form], depth: Mapping[int, int], level: int) -> Iterator[Form]:
        """What forms read of the hinges up to a level: a basis, in parts that share no hinge."""
        rows = {}
        for form in forms:
            terms = {v: c for v, c in self._reduced(form).terms.items() if depth.get(v, level + 1) <= level}
            if len(terms) > 1 or any(depth[v] > 1 for v in terms):
                rows[Form(terms).primitive()[1].key] = terms
        columns = sorted({v for terms in rows.values() for v in terms}, reverse=True)
        found, _ = echelon([[terms.get(v, ZERO) for v in columns] for terms in rows.values()])
        for row in found:
            groups: list[tuple[dict[int, fmpq], set[int]]] = []
            for v, c in zip(columns, row, strict=True):
                if c:
                    terms, below = {v: c}, set(self._below(Form.variable(v)))
                    for group in [group for group in groups if not below.isdisjoint(group[1])]:
                        groups.remove(group)
                        terms, below = terms | group[0], below | group[1]
                    groups.append((terms, below))
            yield from (Form(terms) for terms, _ in groups)

    def _reduced(self, form: Form) -> Form:
        while any(v in self.assumed for v in form.terms):
            form = form.substitute(self.assumed.get)
        return form

    def _below(self, form: Form) -> list[int]:
        """The hinges that a form depends on, ascending, down to names."""
        seen: set[int] = set()
        stack = [form]
        while stack:
            for v in stack.pop().terms:
                if self.n <= v < self.first and v not in seen:
                    seen.add(v)
                    stack.append(self._element(v))
        return sorted(seen)

    def _element(self, v: int) -> Form:
        return self._reduced(self.hinges.atom(v).elements[0])

    def _name(self, part: Form) -> None:
        """Gives a part its name, if it has few pieces."""
        part = self._reduced(part)
        below = self._below(part)
        if len(below) < 2:
            return
        pieces = self._pieces(part, {v: self._element(v) for v in below})
        if pieces is None or not 2 <= 2 * (len(pieces[1]) - 1) <= len(below):
            return
        sign, forms = pieces
        base = min(forms, key=lambda form: form.key)
        elements = [(form - base).scale(sign) for form in forms if form is not base]
        scale = primitive_scale(elements)
        atom = Atom(tuple(sorted((form.scale(ONE / scale) for form in elements), key=lambda form: form.key)))
        if atom not in self.names:
            self.names.append(atom)
        name = base + Form({self.first + self.names.index(atom): sign * scale})
        pivot = max(part.terms)
        c = part.terms[pivot]
        self.assumed[pivot] = (name - part + Form({pivot: c})).scale(ONE / c)

    def _pieces(self, part: Form, elements: dict[int, Form]) -> tuple[fmpq, list[Form]] | None:
        """The forms that a part is the maximum of (1) or the minimum (-1), at a sample; None if there are none."""
        pieces: dict[Form, None] = {}
        seen: list[tuple[dict[int, fmpq], fmpq]] = []
        quiet = 0
        signs = [ONE, -ONE]
        for point in self._sample():
            here = _affine(part, elements, point)
            if here is None:
                continue
            quiet = quiet + 1 if here in pieces else 0
            pieces[here] = None
            seen.append((point, here.evaluate(point)))
            signs = [s for s in signs if all(s * form.evaluate(point) <= s * seen[-1][1] for form in pieces)]
            if not signs or len(pieces) > min(MAX_PIECES, 1 + len(elements) // 2):
                return None
            if quiet >= QUIET:
                break
        signs = [s for s in signs if all(s * f.evaluate(at) <= s * value for f in pieces for at, value in seen)]
        return (signs[0], list(pieces)) if signs and quiet >= QUIET else None

    def _sample(self) -> Iterator[dict[int, fmpq]]:
        """Points of the domain, and any values of the names."""
        count = len(self.points)
        for i in range(MOST_POINTS):
            a, b = self.points[i % count], self.points[int(self.random.integers(count))]
            share = fmpq(int(self.random.integers(1, 64)), 64)
            point = {v: share * p + (1 - share) * q for v, (p, q) in enumerate(zip(a, b, strict=True))}
            values = self.random.integers(-3000, 3001, size=len(self.names)).tolist()
            yield point | {self.first + k: fmpq(c, 7) for k, c in enumerate(values)}


def _affine(form: Form, elements: Mapping[int, Form], point: Mapping[int, fmpq]) -> Form | None:
    """The affine form that a form over hinges is around a point; None where a hinge bends."""
    decided: dict[int, Form] = {}
    for v, element in elements.items():
        here = element.substitute(decided.get)
        value = here.evaluate(point)
        if not value:
            return None
        decided[v] = here if value > 0 else Form()
    return form.substitute(decided.get)


def _depths(hinges: HingeGraph, atoms: Sequence[int]) -> dict[int, int]:
    """How many hinges are in each other, from each hinge down."""
    depth: dict[int, int] = {}
    for k in atoms:
        read = [u for u in hinges.atoms[k].elements[0].terms if u >= hinges.n]
        depth[hinges.n + k] = 1 + max((depth[u] for u in read), default=0)
    return depth
