"""Renumbering: the same evidence with further atoms before all others, or without some of the first."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from relucirc.core.forms import Form, form_to_json
from relucirc.geometry.hinges import Atom
from relucirc.proof.problem import Lowered


def with_names(lowered: Lowered, names: Sequence[Atom]) -> Lowered:
    """Returns the same with some more atoms, the first ones, that no step reads.

    Args:
        lowered: Both sides over atoms.
        names: Atoms over the inputs and over each other, numbered from behind the last atom.
    """
    if not names:
        return lowered
    n, count, last = lowered.hinges.n, len(names), lowered.hinges.n + len(lowered.hinges.atoms)

    def place(v: int) -> int:
        return v if v < n else v + count if v < last else n + v - last

    def moved(form: Form) -> Form:
        return Form({place(v): c for v, c in form.terms.items()}, form.const)

    atoms = [Atom(tuple(map(moved, atom.elements))) for atom in (*names, *lowered.hinges.atoms)]
    evidence = _moved(lowered.evidence, place, n)
    first = [[form_to_json(form) for form in atom.elements] for atom in atoms[:count]]
    return replace(
        lowered,
        hinges=lowered.hinges.with_atoms(atoms),
        outputs=tuple((moved(a), moved(b)) for a, b in lowered.outputs),
        differences=tuple(map(moved, lowered.differences)),
        evidence={"names": count, **evidence, "atoms": [*first, *evidence["atoms"]]},
    )


def without_unused_names(evidence: dict, n: int) -> dict:
    """Leaves out the names that no lemma states or opens."""
    count = evidence.get("names", 0)
    used = {int(v[1:]) for lemma in evidence["lemmas"] for v in (*lemma["zero"], *lemma["free"]) if v != "1"}
    kept = []
    for k in reversed(range(count)):
        if n + k in used:
            kept.insert(0, k)
            used |= {int(v[1:]) for element in evidence["atoms"][k] for v in element if v != "1"}
    if len(kept) == count:
        return evidence
    number = {n + k: n + i for i, k in enumerate(kept)}

    def place(v: int) -> int:
        return v if v < n else number[v] if v in number else v - count + len(kept)

    chosen = [evidence["atoms"][k] for k in (*kept, *range(count, len(evidence["atoms"])))]
    found = _moved({**evidence, "atoms": chosen, "names": len(kept)}, place, n)
    return found if kept else {name: value for name, value in found.items() if name != "names"}


def _moved(evidence: dict, place: Callable[[int], int], n: int) -> dict:
    """Numbers the variables of a derivation and of lemmas anew, in the same order."""

    def atom(k: int) -> int:
        return place(n + k) - n

    def name(v: str) -> str:
        return v if v == "1" else f"v{place(int(v[1:]))}"

    def form(data: dict) -> dict:
        return {name(v): c for v, c in data.items()}

    def step(data: dict) -> dict:
        if "take" in data:
            return {**data, "by": [[t[0], atom(t[1]), *t[2:]] if t[0] == "atom" else t for t in data["by"]]}
        more = {"expand": list(map(atom, data["expand"]))} if "expand" in data else {}
        return {**data, "atom": atom(data["atom"]), "base": form(data["base"]), **more}

    moved = {
        **evidence,
        "atoms": [list(map(form, elements)) for elements in evidence["atoms"]],
        "left": list(map(step, evidence["left"])),
        "right": list(map(step, evidence["right"])),
    }
    if "lemmas" in evidence:
        moved["lemmas"] = [
            {**lemma, "zero": form(lemma["zero"]), "free": list(map(name, lemma["free"]))}
            for lemma in evidence["lemmas"]
        ]
    return moved
