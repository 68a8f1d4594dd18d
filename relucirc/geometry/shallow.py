"""Shallow canonical form: with one hidden layer, different coefficients are different functions.

If every atom left in some forms is a hinge over the inputs, each form is ``sum k_H relu(l_H) + affine``
over distinct hyperplanes.  On a polyhedron a hinge whose hyperplane misses the interior is affine; over
those that meet it such a form is zero only if all its coefficients are (Dereich and Kassing, arXiv 2108.05643).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from flint import fmpq

from relucirc.core.exact import ONE, ZERO
from relucirc.core.forms import Form, Key, combine
from relucirc.geometry.hinges import HingeGraph
from relucirc.geometry.region import Region


@dataclass(frozen=True)
class Shallow:
    """Shallow forms on a region.

    Attributes:
        folds: The hyperplanes ``l``, leading coefficient positive, and the weight of each in every form, some
            of them not zero.
        affine: Per form the rest.
        evidence: Certificate data: the hinges that are affine on the region, and why.
    """

    folds: tuple[tuple[Form, tuple[fmpq, ...]], ...]
    affine: tuple[Form, ...]
    evidence: dict

    @property
    def is_zero(self) -> bool:
        """Whether all forms vanish on the region."""
        return not self.folds and not any(self.affine)


def is_shallow(hinges: HingeGraph, forms: Sequence[Form]) -> bool:
    """Whether the forms depend on hinges over the inputs alone."""
    atoms = [hinges.atom(v) for v in {v for form in forms for v in form.terms} if v >= hinges.n]
    return all(atom.is_hinge and all(u < hinges.n for u in atom.elements[0].terms) for atom in atoms)


def settle(hinges: HingeGraph, forms: Sequence[Form], region: Region) -> Shallow:
    """Writes forms that are shallow where some atoms are decided over the hyperplanes that meet the region."""
    n = hinges.n
    forms = [region.resolve(form) for form in forms]
    affine = [[(ONE, Form({u: c for u, c in form.terms.items() if u < n}, form.const))] for form in forms]
    folds: dict[Key, tuple[Form, tuple[fmpq, ...]]] = {}
    signs = []
    for v in sorted({v for form in forms for v in form.terms if v >= n}):
        element = region.resolve(hinges.atom(v).elements[0])
        weights = [form.coefficient(v) for form in forms]
        sign = region.cell.sign(element)
        if sign is not None and not element.is_constant:
            signs.append([v - n, "+" if sign > 0 else "-", region.multipliers(element if sign > 0 else -element)])
        if sign is None:
            scale, line = element.primitive()
            line = line if line.sign() > 0 else -line
            before = folds.get(line.key, (line, (ZERO,) * len(forms)))[1]
            folds[line.key] = line, tuple(k + scale * c for k, c in zip(before, weights, strict=True))
        if sign == 1 or (sign is None and element.sign() < 0):  # relu(-l) = relu(l) - l
            for rest, c in zip(affine, weights, strict=True):
                rest.append((c, element))
    kept = tuple(fold for fold in folds.values() if any(fold[1]))
    return Shallow(kept, tuple(map(combine, affine)), {"shallow": signs})
