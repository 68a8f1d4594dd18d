"""VNN-LIB files: properties of networks, as assertions that a counterexample satisfies.

Read are version 1.0 (``declare-const X_0 Real``, assertions over ``X_i`` and ``Y_j``), and of version 2.0 what is
about one network: ``declare-network`` with one ``declare-input`` and one ``declare-output``, whose elements are written
``X[0,3]``.  Assertions are affine relations ``<=``, ``<``, ``>=``, ``>``, ``=`` joined by ``and`` and ``or``; numbers
are exact decimals.  A file is only ever data: nothing of it is executed.
"""

import os
import re
from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

from flint import fmpq

from relucirc.core.errors import FileError, RelucircError, shorten
from relucirc.core.exact import ONE
from relucirc.core.forms import Form
from relucirc.core.graph import Relation
from relucirc.language.safety import Case, Property

MAX_CHARACTERS = 1 << 26
MAX_DEPTH = 200
MAX_CASES = 100_000
MAX_SIZE = 1 << 20
TOKEN = re.compile(r";[^\n]*|\s+|([()])|([^\s();]+)")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?")
OPS = ("<=", "<", ">=", ">", "=", "==")
Conjunction = tuple[Relation, ...]


def property_of(source: str | os.PathLike[str]) -> Property:
    """Reads a property from the path of a file, or from its text.

    Raises:
        RelucircError: With one sentence for what cannot be read, or is no such property.
    """
    return read_property(_text(source))


def _text(source: str | os.PathLike[str]) -> str:
    if isinstance(source, str) and source.lstrip()[:1] in ("(", ";"):
        return source
    try:
        path = Path(os.fsdecode(source))
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise FileError(f"{shorten(str(source))}: expected text, got other bytes.") from None
    except OSError as error:
        raise FileError(f"{shorten(str(source))}: cannot be read: {error.strerror or error}.") from None
    except (TypeError, ValueError):
        raise RelucircError(f"expected the path or the text of a VNN-LIB file, got {shorten(source)}.") from None


def read_property(text: str) -> Property:
    """Reads a property.

    Raises:
        FileError: With one sentence for whatever is no such property.

    Example:
        >>> text = "(declare-const X_0 Real)(declare-const Y_0 Real)(assert (>= X_0 0))(assert (>= Y_0 0.5))"
        >>> read_property(text).cases[0].violations[0][0].op
        '>='
    """
    if len(text) > MAX_CHARACTERS:
        raise FileError(f"expected at most {MAX_CHARACTERS} characters, got {len(text)}.")
    names: dict[str, int] = {}
    assertions: list[Any] = []
    for command in _commands(text):
        word = command[0] if type(command) is list and command and type(command[0]) is str else ""
        if word == "declare-const":
            _declare(command, names)
        elif word == "declare-network":
            _declare_network(command, names)
        elif word == "assert" and len(command) == 2:
            assertions.append(command[1])
        elif word != "vnnlib-version":
            raise FileError(f"expected declarations and assertions of VNN-LIB, got {_shown(command)}.")
    inputs = [name for name, kind in names.items() if kind == 0]
    outputs = [name for name, kind in names.items() if kind == 1]
    if not inputs or not outputs:
        raise FileError("expected declarations of inputs X_0, ... and of outputs Y_0, ..., got none.")
    counts = [len(inputs), len(outputs)]
    ordered = (*sorted(inputs, key=_place), *sorted(outputs, key=_place))
    for kind, letters in ((0, ordered[: counts[0]]), (1, ordered[counts[0] :])):
        if [_place(name) for name in letters] != list(range(len(letters))) and "[" not in letters[0]:
            raise FileError(f"expected {'outputs' if kind else 'inputs'} numbered from 0, got {shorten(letters)}.")
    number = {name: v for v, name in enumerate(ordered)}
    everything = _conjunctions(["and", *assertions], number, 0)
    return Property(counts[0], counts[1], _cases(everything, counts[0]), ordered)


def _commands(text: str) -> list:
    stack: list[list] = [[]]
    at = 0
    while at < len(text):
        found = TOKEN.match(text, at)
        assert found is not None
        at = found.end()
        if found[1] == "(":
            stack.append([])
            if len(stack) > MAX_DEPTH:
                raise FileError("the parentheses are nested too deeply.")
        elif found[1] == ")":
            if len(stack) == 1:
                raise FileError("a closing parenthesis has no partner.")
            done = stack.pop()
            stack[-1].append(done)
        elif found[2]:
            stack[-1].append(found[2])
    if len(stack) > 1:
        raise FileError("a parenthesis is not closed.")
    return stack[0]


def _declare(command: list, names: dict[str, int]) -> None:
    match command:
        case ["declare-const", str(name), "Real"] if re.fullmatch(r"[XY]_(0|[1-9]\d{0,7})", name):
            if name in names or any("[" in other for other in names):
                raise FileError(f"{name} is declared twice, or beside a network.")
            names[name] = int(name[0] == "Y")
        case _:
            raise FileError(f"expected a declaration such as (declare-const X_0 Real), got {_shown(command)}.")


def _declare_network(command: list, names: dict[str, int]) -> None:
    if names:
        raise FileError("expected one network, got several.")
    for part in command[2:]:
        match part:
            case ["declare-input" | "declare-output" as kind, str(name), str(), *shape] if all(
                isinstance(s, str) for s in shape
            ) and re.fullmatch(r"\[\d{1,7}(,\d{1,7})*\]", "".join(shape)):
                sizes = [int(s) for s in "".join(shape)[1:-1].split(",")]
                if not 0 < prod(sizes) <= MAX_SIZE:
                    raise FileError(f"expected a tensor of 1 to {MAX_SIZE} elements, got {_shown(shape)}.")
                side = int(kind == "declare-output")
                if side in names.values():
                    raise FileError("expected one input and one output of the network, got several.")
                for index in product(*map(range, sizes)):
                    element = f"{name}[{','.join(map(str, index))}]"
                    if element in names:
                        raise FileError(f"{element} is declared twice.")
                    names[element] = side
            case _:
                raise FileError(f"expected an input or an output of a network, got {_shown(part)}.")


def _place(name: str) -> tuple[int, ...] | int:
    if "[" in name:
        return tuple(int(i) for i in name[name.index("[") + 1 : -1].split(",") if i)
    return int(name[2:])


def _conjunctions(data: Any, number: dict[str, int], depth: int) -> list[Conjunction]:
    """The disjunctive form of an assertion."""
    if type(data) is not list or not data or type(data[0]) is not str:
        raise FileError(f"expected a relation such as (<= X_0 1), got {_shown(data)}.")
    word, parts = data[0], data[1:]
    if word == "or":
        return _few([c for part in parts for c in _conjunctions(part, number, depth + 1)])
    if word == "and":
        found: list[Conjunction] = [()]
        for part in parts:
            options = _conjunctions(part, number, depth + 1)
            if len(found) * len(options) > MAX_CASES:
                _few([()] * (MAX_CASES + 1))
            found = [a + b for a in found for b in options]
        return found
    if word not in OPS or len(parts) != 2:
        raise FileError(f"expected and, or, or a relation of two sides, got {_shown(data)}.")
    left, right = (_form(part, number) for part in parts)
    difference = right - left if word.startswith("<") else left - right
    return [(Relation(difference, {"<": ">", ">": ">", "<=": ">=", ">=": ">="}.get(word, "==")),)]


def _few(found: list[Conjunction]) -> list[Conjunction]:
    if len(found) > MAX_CASES:
        raise FileError(f"the assertions have more than {MAX_CASES} alternatives.")
    return found


def _form(data: Any, number: dict[str, int]) -> Form:
    if type(data) is str:
        if data in number:
            return Form.variable(number[data])
        if len(data) < 10_000 and NUMBER.fullmatch(data):
            value = Fraction(data)
            return Form.constant(fmpq(value.numerator, value.denominator))
        raise FileError(f"expected a number or a declared name, got {shorten(data)!r}.")
    match data:
        case ["+", *parts] if parts:
            return sum((_form(part, number) for part in parts), start=Form())
        case ["-", part]:
            return -_form(part, number)
        case ["-", first, *rest] if rest:
            return _form(first, number) - sum((_form(part, number) for part in rest), start=Form())
        case ["*", *parts] if parts:
            total, scale = None, ONE
            for form in (_form(part, number) for part in parts):
                if form.is_constant:
                    scale *= form.const
                elif total is None:
                    total = form
                else:
                    raise FileError(f"expected affine terms, got a product of variables: {_shown(data)}.")
            return Form.constant(scale) if total is None else total.scale(scale)
    raise FileError(f"expected an affine term, got {_shown(data)}.")


def _cases(everything: list[Conjunction], inputs: int) -> tuple[Case, ...]:
    """Puts together what is about the same part of the inputs."""
    grouped: dict[tuple, tuple[Conjunction, list[Conjunction]]] = {}
    for conjunction in everything:
        domain = tuple(r for r in conjunction if all(v < inputs for v in r.form.terms))
        rest = tuple(r for r in conjunction if r not in domain)
        key = tuple((r.form.key, r.op) for r in domain)
        grouped.setdefault(key, (domain, []))[1].append(rest)
    return tuple(Case(domain, tuple(violations)) for domain, violations in grouped.values())


def _shown(data: Any) -> str:
    return repr(shorten(" ".join(_words(data))))


def _words(data: Any) -> Iterator[str]:
    if type(data) is str:
        yield data
        return
    yield "("
    for part in data[:8]:
        yield from _words(part)
    yield ")"
