"""Affine forms: sparse exact linear combinations of numbered variables, plus a constant.

Variables are integers.  In a graph over ``n`` inputs, ``0 .. n-1`` are the inputs and ``n + k``
is its k-th gate (or, in normal form, its k-th atom).  Forms are immutable by convention.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from math import gcd, lcm

from flint import fmpq, fmpq_mat

from relucirc.core.exact import ONE, ZERO, sign_of, text

Key = tuple[tuple[int, int, int], ...]
LARGE = 20_000
"""Terms of all replaced forms, times the forms they are put into, from which a product of matrices is tried."""
SPARSE = 8
"""How few of a matrix's entries may be there before it is left sparse: one in so many."""


class Form:
    """An affine form ``sum terms[v] * v + const``; zero coefficients are never stored."""

    __slots__ = ("_key", "const", "terms")

    def __init__(self, terms: Mapping[int, fmpq] | None = None, const: fmpq = ZERO) -> None:
        self.terms: dict[int, fmpq] = {v: c for v, c in terms.items() if c} if terms else {}
        self.const = const
        self._key: Key | None = None

    @staticmethod
    def _of(terms: dict[int, fmpq], const: fmpq) -> "Form":
        """Wraps terms that are known to have no zeros, without copying them."""
        form = object.__new__(Form)
        form.terms, form.const, form._key = terms, const, None
        return form

    @staticmethod
    def variable(v: int) -> "Form":
        """Returns the form of one variable."""
        return Form._of({v: ONE}, ZERO)

    @staticmethod
    def constant(value: fmpq) -> "Form":
        """Returns a constant form."""
        return Form._of({}, value)

    def __bool__(self) -> bool:
        return bool(self.terms) or bool(self.const)

    @property
    def is_constant(self) -> bool:
        """Whether the form has no variables."""
        return not self.terms

    @property
    def variables(self) -> Collection[int]:
        """The variables that the form depends on."""
        return self.terms.keys()

    def __add__(self, other: "Form") -> "Form":
        if not other:
            return self
        terms = dict(self.terms)
        for v, c in other.terms.items():
            present = terms.get(v)
            total = c if present is None else present + c
            if total:
                terms[v] = total
            else:
                del terms[v]
        return Form._of(terms, self.const + other.const)

    def __sub__(self, other: "Form") -> "Form":
        if not other:
            return self
        terms = dict(self.terms)
        for v, c in other.terms.items():
            present = terms.get(v)
            total = -c if present is None else present - c
            if total:
                terms[v] = total
            else:
                del terms[v]
        return Form._of(terms, self.const - other.const)

    def __neg__(self) -> "Form":
        return Form._of({v: -c for v, c in self.terms.items()}, -self.const)

    def scale(self, factor: fmpq) -> "Form":
        """Returns ``factor`` times the form."""
        if factor == 1:
            return self
        if not factor:
            return Form()
        return Form._of({v: factor * c for v, c in self.terms.items()}, factor * self.const)

    def shift(self, constant: fmpq) -> "Form":
        """Returns the form plus a constant."""
        return Form(self.terms, self.const + constant)

    def coefficient(self, v: int) -> fmpq:
        """Returns the coefficient of a variable."""
        return self.terms.get(v, ZERO)

    def substitute(self, values: Callable[[int], "Form | None"]) -> "Form":
        """Replaces every variable for which ``values`` gives a form."""
        kept: dict[int, fmpq] = {}
        parts: list[tuple[fmpq, Form]] = []
        for v, c in self.terms.items():
            value = values(v)
            if value is None:
                kept[v] = c
            else:
                parts.append((c, value))
        return combine(((ONE, Form._of(kept, self.const)), *parts)) if parts else self

    def evaluate(self, values: Mapping[int, fmpq] | Sequence[fmpq]) -> fmpq:
        """Returns the exact value, given the value of every variable."""
        total = self.const
        for v, c in self.terms.items():
            total = total + c * values[v]
        return total

    def primitive(self) -> tuple[fmpq, "Form"]:
        """Returns ``(s, p)`` with form = s * p, s > 0, and p with coprime integer entries."""
        scale = primitive_scale([self])
        return scale, self.scale(ONE / scale)

    def sign(self) -> int:
        """Returns the sign of the leading coefficient: lowest variable first, constant last."""
        leading = self.terms[min(self.terms)] if self.terms else self.const
        return sign_of(leading)

    @property
    def key(self) -> Key:
        """A hashable canonical key; equal keys mean equal forms."""
        if self._key is None:
            items = [(v, int(c.p), int(c.q)) for v, c in self.terms.items()]
            items.sort()
            items.append((-1, int(self.const.p), int(self.const.q)))
            self._key = tuple(items)
        return self._key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Form) and self.const == other.const and self.terms == other.terms

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        parts = [f"{c}*v{v}" for v, c in sorted(self.terms.items())]
        return " + ".join([*parts, str(self.const)]) if self.const != 0 or not parts else " + ".join(parts)


def combine(parts: Iterable[tuple[fmpq, Form]]) -> Form:
    """Returns the linear combination ``sum c * form``."""
    terms: dict[int, fmpq] = {}
    const = ZERO
    for factor, form in parts:
        unit = factor == 1
        if form.const:
            const = const + (form.const if unit else factor * form.const)
        for v, c in form.terms.items():
            term = c if unit else factor * c
            present = terms.get(v)
            terms[v] = term if present is None else present + term
    return Form._of({v: c for v, c in terms.items() if c}, const)


def substitute_all(forms: Sequence[Form], values: Callable[[int], Form | None]) -> list[Form]:
    """Replaces variables in many forms at once, as :meth:`Form.substitute` does in one.

    The rows of a dense layer are one product of matrices.

    Example:
        >>> value = {1: Form({0: fmpq(2)}, fmpq(1))}.get
        >>> substitute_all([Form({0: fmpq(1), 1: fmpq(3)})], value)
        [7*v0 + 3]
    """
    parts = {v: part for v in sorted({v for form in forms for v in form.terms}) if (part := values(v)) is not None}
    terms = sum(len(part.terms) for part in parts.values())
    if terms * len(forms) < LARGE or sum(len(form.terms) for form in forms) * SPARSE < len(parts) * len(forms):
        return [form.substitute(values) for form in forms]
    columns = {u: j for j, u in enumerate(sorted({u for part in parts.values() for u in part.terms}))}
    if terms * SPARSE < len(parts) * len(columns):
        return [form.substitute(values) for form in forms]
    factors = fmpq_mat(len(forms), len(parts), [form.coefficient(v) for form in forms for v in parts])
    replaced = fmpq_mat(len(parts), len(columns) + 1)
    for i, part in enumerate(parts.values()):
        for u, c in part.terms.items():
            replaced[i, columns[u]] = c
        replaced[i, len(columns)] = part.const
    entries, width = (factors * replaced).entries(), len(columns) + 1
    found = []
    for i, form in enumerate(forms):
        row = entries[i * width : (i + 1) * width]
        kept = Form({v: c for v, c in form.terms.items() if v not in parts}, form.const)
        found.append(kept + Form._of({u: row[j] for u, j in columns.items() if row[j]}, row[-1]))
    return found


def primitive_scale(forms: Iterable[Form]) -> fmpq:
    """Returns the s > 0 for which all forms divided by s are integral with gcd 1 (1 for zeros)."""
    numerator, denominator = 0, 1
    for form in forms:
        for c in (*form.terms.values(), form.const):
            if c:
                numerator = gcd(numerator, int(c.p))
                denominator = lcm(denominator, int(c.q))
    return fmpq(numerator, denominator) if numerator else ONE


def form_to_json(form: Form) -> dict:
    """Writes a form as certificate data: ``{"v": "coefficient", ..., "1": "constant"}``."""
    data = {f"v{v}": text(c) for v, c in sorted(form.terms.items())}
    if form.const != 0 or not data:
        data["1"] = text(form.const)
    return data
