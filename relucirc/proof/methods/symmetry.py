"""Symmetry: inputs that may be exchanged, so that one order of them is enough.

A transposition of two inputs is a symmetry of a difference when it maps the hinge graph to itself:
every hinge to a positive multiple of one (up to ``relu(-l) = relu(l) - l``), and the difference to
itself.  Where all transpositions of a set of inputs are symmetries, every point can be sorted in
those inputs without changing the difference, so it is enough to look where they are in order.
"""

from collections.abc import Sequence

from relucirc.core.exact import ONE
from relucirc.core.forms import Form, Key, combine
from relucirc.geometry.hinges import HingeGraph

MAX_WORK = 500_000
"""Inputs times hinges above which no symmetry is looked for."""


def ordered_pairs(hinges: HingeGraph, forms: Sequence[Form]) -> list[tuple[int, int]]:
    """Pairs ``(i, j)`` for which ``x_i >= x_j`` may be assumed: chains of exchangeable inputs."""
    atoms = hinges.reachable(forms)
    if hinges.n < 2 or hinges.n * len(atoms) > MAX_WORK or hinges.constraints:
        return []
    index = {hinges.atoms[k].elements[0].key: k for k in atoms}
    degree = [_signature(hinges, atoms, v) for v in range(hinges.n)]
    pairs: list[tuple[int, int]] = []
    last: list[int] = []  # the last input of every chain
    for j in range(hinges.n):
        for place, i in enumerate(last):
            if degree[i] == degree[j] and _is_symmetry(hinges, atoms, index, forms, i, j):
                pairs.append((i, j))
                last[place] = j
                break
        else:
            last.append(j)
    return pairs


def _signature(hinges: HingeGraph, atoms: Sequence[int], v: int) -> tuple:
    """What a transposition cannot change about an input: in how many hinges it stands, and how."""
    found = [str(abs(c)) for k in atoms if (c := hinges.atoms[k].elements[0].coefficient(v))]
    return tuple(sorted(found))


def _is_symmetry(
    hinges: HingeGraph, atoms: Sequence[int], index: dict[Key, int], forms: Sequence[Form], i: int, j: int
) -> bool:
    moved: dict[int, Form] = {i: Form.variable(j), j: Form.variable(i)}
    for k in atoms:
        element = hinges.atoms[k].elements[0].substitute(moved.get)
        scale, primitive = element.primitive()
        image = index.get(primitive.key)
        if image is not None:
            moved[hinges.n + k] = Form({hinges.n + image: scale})
            continue
        image = index.get((-primitive).key)
        if image is None:
            return False
        moved[hinges.n + k] = combine([(scale, Form.variable(hinges.n + image)), (ONE, element)])
    return all(form.substitute(moved.get) == form for form in forms)
