"""Certificates of every kind, and every way to break them; for the tests of the checker.

:func:`gallery` proves small claims by one method at a time, so that each kind of evidence appears in
a small specimen.  :func:`mutants` breaks a certificate in every field.
"""

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sympy

from relucirc.language.claim import Claim, read_claim
from relucirc.language.network import MLP
from relucirc.proof import prover
from relucirc.proof.methods import METHODS

x1, x2, x3 = sympy.symbols("x1 x2 x3")
MINIMUM = [([[0, 1], [0, -1], [-1, 1]], None), ([[1, -1, -1]], None)]
MINIMUM_2 = [
    ([[1, 0], [-1, 0], [0, 1], [0, -1]], None),
    ([[1, -1, 0, 0], [-1, 1, 0, 0], [1, -1, -1, 1]], [0, 0, 0]),
    ([[1, -1, -1]], None),
]
"""x1 - relu(x1 - x2), x1 carried through a second layer."""
IDENTITY_DEEP = [
    ([[1, 2], [-1, -2], [0, 1], [0, -1]], None),
    ([[1, -1, -2, 2], [-1, 1, 2, -2], [0, 0, 1, -1], [0, 0, -1, 1]], None),
    ([[1, -1, 1, -1]], None),
]
"""x1 + x2 through two changes of basis."""
HAT = [([[2], [2], [2]], [0, -1, -2]), ([[1, -2, 1]], None)]
FOLDED = [([[1], [-1]], None), ([[2, 2], [2, 2]], [0, -1]), ([[1, -2]], None)]
"""The tent map of |x|, twice folded."""
MEDIAN_3 = [
    ([[1, -1, 0], [1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], None),
    # lo = x1 - h, hi = x2 + h; m = min(hi, x3)
    (
        [
            [1, 0, 0, 1, -1, -1, 1],
            [-1, 1, -1, 0, 0, 0, 0],
            [1, -1, 1, 0, 0, 0, 0],
            [1, 0, 0, 1, -1, 0, 0],
            [-1, 0, 0, -1, 1, 0, 0],
        ],
        None,
    ),
    # median = max(lo, hi - g) = lo + relu(hi - g - lo)
    ([[-1, -1, 1, 1, -1], [0, 1, -1, 0, 0], [0, -1, 1, 0, 0]], None),
    ([[1, 1, -1]], None),
]
MAXIMUM_3 = [
    ([[0, 1, -1], [0, 0, 1], [0, 0, -1], [1, 0, 0], [-1, 0, 0]], None),  # Max(x2, x3) = x3 + relu(x2 - x3)
    ([[-1, -1, 1, 1, -1], [1, 1, -1, 0, 0], [-1, -1, 1, 0, 0]], None),
    ([[1, 1, -1]], None),
]
APART = [([[1, -1], [-1, 1]], None), ([[1, 1]], [-1]), ([[1]], None)]
"""relu(|x1 - x2| - 1)."""
SHIFTED_MEDIAN = [
    (
        [
            [a + b, -b + c]
            for a, b, c in [(2, -1, 0), (2, 0, 0), (-2, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)]
        ],
        [1, 1, -1, 0, 0, 0, 0],
    ),
    *MEDIAN_3[1:],
]
"""The median of 2 x1 + 1, x1 - x2 and x2: that network behind an affine map."""
CLIPPED = [([[1, -1]], None), ([[-1]], [1]), ([[-1]], [1])]
"""1 - relu(1 - relu(x1 - x2))."""
SIGNS = [
    ([["-5/3", 0], ["-1/3", 1], ["1/3", -1], [-2, 1], [2, -1], ["3/2", "3/2"], ["-3/2", "-3/2"]], None),
    (
        [
            [-1, -1, 1, 1, -1, 0, 0],
            [0, 0, 0, 1, -1, 0, 0],
            [0, 0, 0, -1, 1, 0, 0],
            [0, 0, 0, 0, 0, 1, -1],
            [0, 0, 0, 0, 0, -1, 1],
        ],
        None,
    ),
    ([[-1, 1, -1, -1, 1], [-1, 1, -1, 0, 0], [1, -1, 1, 0, 0]], None),
    ([[-1, 1, -1]], None),
]
SIGNS_AGAIN = [
    ([["-5/3", 0], ["-1/3", 1], ["1/3", -1], ["3/2", "3/2"], ["-3/2", "-3/2"], [-2, 1], [2, -1]], None),
    (
        [
            [1, 1, -1, -1, 1, 0, 0],
            [1, 1, -1, 0, 0, 0, 0],
            [-1, -1, 1, 0, 0, 0, 0],
            [0, 0, 0, 0, 0, 1, -1],
            [0, 0, 0, 0, 0, -1, 1],
        ],
        None,
    ),
    ([[-1, 1, -1, -1, 1], [-1, 1, -1, 0, 0], [1, -1, 1, 0, 0]], None),
    ([[-1, 0, 0], [-1, 1, -1], [1, -1, 1]], None),
    ([[-1, 1, -1]], None),
]
"""Two nestings of one minimum; the relation between them needs that hinges are not negative."""
SILENT = [([[1, 1], [1, -1]], [0, 1]), ([[1, 1]], [-4]), ([[2]], [1])]
"""1 where |x1| <= 1 and |x2| <= 1: relu(x1 + x2) + relu(x1 - x2 + 1) is no more than 3 there."""
W = sympy.Symbol("w", positive=True)
V = sympy.Symbol("v", negative=True)
FAMILY = [([[W], [V]], None), ([[1 / W, -1 / V]], None)]

CLAIMS: list[tuple[str, Any, Any, Any]] = [
    ("minimum", MINIMUM, "Min(x1, x2)", None),
    ("minimum in two layers", MINIMUM_2, "Min(x1, x2)", None),
    ("max-atoms", MINIMUM, "-Max(Max(-x1, -x2), -x1, Min(-x2, -x1 - 0))", None),
    ("minimum of three", MINIMUM_2, "Min(x1, Max(x2, Min(x1, x2)))", None),
    ("deep identity", IDENTITY_DEEP, "x1 + x2", None),
    ("hat", HAT, "Max(0, Min(2*x, 2 - 2*x))", None),
    ("hat in a box", HAT, "Min(2*x, 2 - 2*x)", "0 <= x <= 1"),
    ("folded", FOLDED, "Min(2*Abs(x), 2 - 2*Abs(x))", None),
    ("median", MEDIAN_3, "median(x1, x2, x3)", None),
    ("median of forms", MEDIAN_3, "Max(Min(x1, x2), Min(x2, x3), Min(x1, x3))", None),
    ("clip", [([[1], [1]], [0, -1]), ([[1, -1]], None)], "clip(x, 0, 1)", None),
    ("piecewise", MINIMUM, "Piecewise((x1, x1 < x2), (x2, True))", None),
    ("guarded by a maximum", MINIMUM, "Piecewise((x1, Max(x1, x2) > x1), (x2, True))", None),
    ("sign", [([[1]], [1])], "x + sign(x + 1)", "x > 0"),
    ("on a line", MINIMUM, "x1", "x1 == x2"),
    ("implied", MINIMUM, "x1", "x1 >= 0, x2 >= 0, x1 + x2 <= 0"),
    ("triangle", MINIMUM, "x1", "x1 >= 0, x2 >= x1, x2 <= 3"),
    ("outside the kink", [([[1, 1], [-1, 1]], [0, 0]), ([[1, 1]], [0])], "Max(2*x2, x1 + x2)", "x1 > 0, x2 > -x1"),
    ("integers", [([[2], [2]], [0, -1]), ([[1, -1]], None)], "Piecewise((0, x <= 0), (1, True))", "x in {0, 1, 2}"),
    (
        "all integers",
        [([[2, -3, 0], [2, -3, 0], [0, 0, 1]], [-1, -2, 0]), ([[1, -1, 1]], None)],
        "x3 + Piecewise((1, 2*x1 > 3*x2 + 1), (0, True))",
        "x1 in integers, x2 in integers, 0 <= x3, x3 < 1",
    ),
    ("two outputs", [([[1, -1]], None), ([[1], [-1]], [0, 1])], ["Max(x1 - x2, 0)", "1 + Min(0, x2 - x1)"], None),
    ("family", FAMILY, "Abs(x)", None),
    ("no inputs left", MINIMUM, "1", "x1 == 1, x2 == 2"),
    ("maximum, otherwise nested", MAXIMUM_3, "Max(Max(x1, x2), x3)", None),
    ("symmetric", APART, "relu(x1 - x2 - 1) + relu(x2 - x1 - 1)", None),
    ("median of affine forms", SHIFTED_MEDIAN, "median(2*x1 + 1, x1 - x2, x2)", None),
    ("silent", SILENT, "1", "x1 <= 1, x2 <= 1, x1 >= -1, x2 >= -1"),
    ("a lemma that knows signs", SIGNS, MLP.from_arrays(SIGNS_AGAIN), None),
    ("median of two and a number", CLIPPED, "Max(0, Min(1, x1 - x2))", None),
]


@dataclass(frozen=True)
class Specimen:
    """A claim and a certificate that the checker accepts for it."""

    name: str
    method: str
    claim: Claim
    certificate: dict

    def __repr__(self) -> str:
        return f"{self.name} by {self.method}"


def claim_of(layers: Any, formula: Any, domain: Any) -> Claim:
    """Reads a claim once, for many checks."""
    return read_claim(MLP.from_arrays(layers), formula, domain)


def gallery(monkeypatch: Any) -> list[Specimen]:
    """Certificates for the claims, by the normal form and one more method at a time.

    Cells that the normal form proves carry no other evidence, so nothing in a specimen is superfluous.
    A method that adds nothing to the normal form is asked alone.
    """
    from relucirc.proof.methods import bounding, cuts, sweep

    monkeypatch.setattr(cuts, "FEW_ATOMS", 0)  # small specimens of lemmas, too
    monkeypatch.setattr(bounding, "FEW_REGIONS", 6)
    monkeypatch.setattr(sweep, "GATES", 0)
    found: dict[str, Specimen] = {}
    for methods in [*(["normal form", method] for method in METHODS), *([method] for method in METHODS)]:
        method = methods[-1]
        if len(methods) == 1 and any(specimen.method == method for specimen in found.values()):
            continue
        monkeypatch.setattr(prover, "METHODS", {name: METHODS[name] for name in methods})
        for name, layers, formula, domain in CLAIMS:
            result = prover.prove(MLP.from_arrays(layers), formula, domain=domain, budget=20)
            assert result.status != "refuted", (name, method)
            if result.status == "proved":
                claim = claim_of(layers, formula, domain)
                key = json.dumps(result.certificate, sort_keys=True)
                found.setdefault(key, Specimen(name, method, claim, result.certificate))
    return list(found.values())


def kinds(certificate: Any) -> set[str]:
    """The field names and words that a certificate uses: its rules."""
    if isinstance(certificate, dict):
        inner = [kinds(v) for v in certificate.values()]
        return {k for k in certificate if not (k[:1] == "v" and k[1:].isdigit()) and k != "1"}.union(*inner)
    if isinstance(certificate, list):
        return set().union(*map(kinds, certificate)) if certificate else set()
    return {certificate} if isinstance(certificate, str) and certificate.isalpha() else set()


Path = tuple
NUMBERS = ("0", "1", "-1", "2", "1/2", "1099511627777/1099511627776", "", "x", "1/0", "1e3", "0x1", " 1", "１")
JUNK: tuple[Any, ...] = (None, True, False, 0, 1, -1, 1.0, float("nan"), "", "equal", [], {}, [[]], [{}], {"": 0})


def mutants(certificate: Any) -> Iterator[tuple[str, Path, Any]]:
    """All certificates that differ in one field: ``(what was done, where, the certificate)``."""
    for path, part in list(walk(certificate)):
        for what, new in changed(part):
            yield what, path, put(certificate, path, new)


def walk(part: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every part of JSON data with the way to it."""
    yield path, part
    if isinstance(part, dict):
        for key, value in part.items():
            yield from walk(value, (*path, key))
    elif isinstance(part, list):
        for i, value in enumerate(part):
            yield from walk(value, (*path, i))


def put(data: Any, path: Path, new: Any) -> Any:
    """A copy of the data with one part replaced."""
    if not path:
        return new
    data = copy.copy(data)
    data[path[0]] = put(data[path[0]], path[1:], new)
    return data


def changed(part: Any) -> Iterator[tuple[str, Any]]:
    """Other values for one part."""
    for junk in JUNK:
        if type(junk) is not type(part) or junk != part:
            yield f"became {junk!r}", junk
    if isinstance(part, bool):
        return
    if isinstance(part, str):
        yield from _other_text(part)
    elif isinstance(part, int):
        for other in (part + 1, part - 1, -part - 1, 10**6, 10**5000, str(part), float(part)):
            yield f"index became {other if other != 10**5000 else '10**5000'!r}", other
    elif isinstance(part, list):
        for i in range(len(part)):
            yield f"dropped item {i}", part[:i] + part[i + 1 :]
            yield f"doubled item {i}", [*part[:i], part[i], *part[i:]]
        for i in range(len(part) - 1):
            yield f"swapped items {i}, {i + 1}", [*part[:i], part[i + 1], part[i], *part[i + 2 :]]
        yield "added an item", [*part, part[-1] if part else "0"]
    elif isinstance(part, dict):
        for key in part:
            rest = {k: v for k, v in part.items() if k != key}
            yield f"removed {key!r}", rest
            for other in _other_keys(key):
                if other not in part:
                    yield f"renamed {key!r} to {other!r}", {**rest, other: part[key]}
            for other in part:
                if other > key:
                    yield f"exchanged {key!r} and {other!r}", {**part, key: part[other], other: part[key]}
        for key in ("v0", "v1", "1", "tree", "empty", "split", "gate", "lemmas", "comparators", "symmetry", "surplus"):
            if key not in part:
                yield f"added {key!r}", {**part, key: "1" if key in ("v0", "v1", "1") else []}


WORDS = ("left", "right", "+", "-", "atom", "constraint", "equal", "positive", "negative", "v0", "v1")


def _other_text(part: str) -> Iterator[tuple[str, str]]:
    others: dict[str, None] = dict.fromkeys((*NUMBERS, *WORDS))
    try:
        value = sympy.Rational(part)
        others |= dict.fromkeys(
            str(v) for v in (value + 1, value - 1, -value, value * 2, value / 3, value + sympy.Rational(1, 2**40))
        )
        others[f"{value.p * 2}/{value.q * 2}"] = None
    except (TypeError, ValueError):
        others |= dict.fromkeys((part + " ", part.upper(), part[1:], part + part))
    for other in others:
        if other != part:
            yield f"{part!r} became {other!r}", other


def _other_keys(key: str) -> list[str]:
    if key[:1] == "v" and key[1:].isdigit():
        k = int(key[1:])
        return [f"v{k + 1}", f"v{k - 1}", f"v{k + 1000}", "1", f"v0{k}", f"v{k}.0", f"V{k}"]
    if key == "1":
        return ["v0", "v1", "01", "2"]
    return [key + "s", key.upper(), "v0"]


UNORDERED = {"empty", "implied", "by", "thin", "shallow", "symmetry", "atoms"}


def meaning(part: Any, key: str = "") -> Any:
    """JSON data with its spellings removed: ``2/2`` is ``1``, a zero coefficient is none, sums have no order.

    Certificates of one meaning are one proof.
    """
    if isinstance(part, dict):
        read = {_name(k): meaning(v, k) for k, v in part.items()}
        if read.keys() <= {"1"} or any(k[:1] == "v" and k[1:].isdigit() for k in read):  # a form
            return {k: v for k, v in read.items() if v != "0"}
        return {k: v for k, v in read.items() if not (v == [] and k in ("lemmas", "symmetry", "implied", "expand"))}
    if isinstance(part, list):
        inner = [meaning(item, key if key in ("implied", "shallow") else "") for item in part]
        if key in UNORDERED and all(isinstance(item, list | dict) for item in inner):
            if key == "atoms":  # a maximum does not change when an element is repeated
                return [[e for i, e in enumerate(atom) if e not in atom[:i]] for atom in inner]
            unique = {json.dumps(item, sort_keys=True): item for item in inner}
            return [unique[text] for text in sorted(unique)]
        return inner
    if isinstance(part, str):
        try:
            return str(sympy.Rational(part)) if set(part) <= set("-/0123456789") else part
        except (TypeError, ValueError, ZeroDivisionError):
            return part
    return part


def _name(key: str) -> str:
    return f"v{int(key[1:])}" if key[:1] == "v" and key[1:].isascii() and key[1:].isdigit() else key
