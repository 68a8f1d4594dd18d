"""Symmetry as Rocq's data, in the words of ``Symmetry.v``: chains of variables, and what exchanges make of atoms."""

from collections.abc import Sequence

from flint import fmpq

from relucirc.checker.data import index, pairs
from relucirc.checker.linear import ONE, UNIT, Linear, constant, mix, replace
from relucirc.proof.theorem.covered import refuse
from relucirc.proof.theorem.gallina import form_text, key, listed, rational_text, taken_text
from relucirc.proof.theorem.numbered import Numbered


def chains_of(proof: Numbered) -> list[list[int]]:
    """The chains of free variables, in Rocq's variables, each of which is at least as large as the next."""
    chains: list[list[int]] = []
    for pair in pairs(proof.node["symmetry"], "symmetry"):
        i, j = (proof.free[index(v, len(proof.free))] for v in pair)
        chain = next((c for c in chains if c[-1] == i), None)
        if chain is None:
            chain = [i]
            chains.append(chain)
        chain.append(j)
    return chains


def symmetric_text(proof: Numbered, chains: Sequence[Sequence[int]], differences: Sequence[Linear], rest: str) -> str:
    """Writes what may be supposed of the free variables before the rest of the evidence."""
    text = rest
    for first, *others in reversed(chains):
        links = []
        before = first
        for v in others:
            links.append(f"({key(v)}%positive, {_exchange(proof, before, v, differences)})")
            before = v
        text = f"(Symmetric {key(first)} {listed(links)}\n{text})"
    return text


def _exchange(proof: Numbered, i: int, j: int, differences: Sequence[Linear]) -> str:
    """What the atoms that the differences read become, each as the step of its maximum with 0."""
    needed = {v for difference in differences for v in difference}
    for k in range(len(proof.atoms) - 1, -1, -1):
        if proof.first + k in needed:
            needed |= {v for element in proof.atoms[k] for v in element}
    lines = {_line(atom[0]): k for k, atom in enumerate(proof.atoms) if len(atom) == 1}
    moved: dict[int, Linear] = {i: {j: ONE}, j: {i: ONE}}
    written = []
    for k, atom in enumerate(proof.atoms):
        v = proof.first + k
        if v not in needed:
            continue
        form = replace(atom[0], moved)
        fixed = constant(form)
        if fixed is not None:
            step, moved[v] = taken_text(fixed <= 0), form if fixed > 0 else {}
        else:
            step, moved[v] = _image(proof, form, lines)
        written.append(f"({key(v)}%positive, {step})")
    return listed(written)


def _image(proof: Numbered, form: Linear, lines: dict[tuple, int]) -> tuple[str, Linear]:
    """The step of max(0, form), which is a multiple of an atom, or form plus one, and its value."""
    for base, line in (({}, form), (form, mix(((-ONE, form),)))):
        image = lines.get(_line(line))
        if image is not None:
            scale = _ratio(line, proof.atoms[image][0])
            v = proof.first + image
            return f"Atom {key(v)} {rational_text(scale)} {form_text(base)} []", mix(((scale, {v: ONE}), (ONE, base)))
    raise refuse("symmetry of what lemmas leave")


def _line(form: Linear) -> tuple:
    """A key of a form up to positive multiples."""
    if constant(form) is not None:
        return ()
    lead = abs(form[min(u for u in form if u != UNIT)])
    return tuple(sorted((u, str(a / lead)) for u, a in form.items()))


def _ratio(form: Linear, other: Linear) -> fmpq:
    v = min(u for u in form if u != UNIT)
    return form[v] / other[v]
