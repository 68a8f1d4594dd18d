"""VNN-LIB files: properties of networks, as assertions that a counterexample satisfies.

Read are version 1.0 (``declare-const X_0 Real``, assertions over ``X_i`` and ``Y_j``), and of version 2.0 networks
that each have one ``declare-input`` and one ``declare-output``, whose elements are written ``X[0,3]``; they may be
``equal-to`` or ``isomorphic-to`` others.  Assertions are affine relations ``<=``, ``<``, ``>=``, ``>``, ``==``,
``!=`` joined by ``and`` and ``or``; numbers are exact decimals, and all types of elements are read as real numbers.
A file is only ever data: nothing of it is executed.
"""

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from relucirc.core.errors import FileError, RelucircError, shorten
from relucirc.core.exact import ONE, rational
from relucirc.core.forms import Form
from relucirc.core.graph import Relation
from relucirc.language.s_expressions import commands_of, shown
from relucirc.language.safety import Case, Property
from relucirc.language.vnnlib_declarations import Declarations

MAX_CHARACTERS = 1 << 26
MAX_CASES = 100_000
VERSION = re.compile(r"<?[12]\.\d+>?")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
OPS = ("<=", "<", ">=", ">", "=", "==", "!=")
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
        with Path(os.fsdecode(source)).open("rb") as file:
            data = file.read(MAX_CHARACTERS + 1)
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise FileError(f"{shorten(str(source))}: expected text, got other bytes.") from None
    except OSError as error:
        raise FileError(f"{shorten(str(source))}: cannot be read: {error.strerror or error}.") from None
    except (TypeError, ValueError):
        raise RelucircError(f"expected the path or the text of a VNN-LIB file, got {shorten(source)}.") from None
    if len(data) > MAX_CHARACTERS:
        raise FileError(f"{shorten(str(source))}: expected at most {MAX_CHARACTERS} bytes, got more.")
    return text


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
    declared = Declarations()
    assertions: list[Any] = []
    for command in commands_of(text):
        word = command[0] if type(command) is list and command and type(command[0]) is str else ""
        if word == "declare-const":
            declared.constant(command)
        elif word == "declare-network":
            declared.network(command)
        elif word == "assert" and len(command) == 2:
            assertions.append(command[1])
        elif word != "vnnlib-version" or not VERSION.fullmatch(str(command[-1])):
            raise FileError(f"expected declarations and assertions of VNN-LIB 1 or 2, got {shown(command)}.")
    found = Property(declared.finished(), ())
    number = {name: v for v, name in enumerate(found.names)}
    everything = _conjunctions(["and", *assertions], number, 0)
    return replace(found, cases=_cases(everything, found.inputs))


def _conjunctions(data: Any, number: dict[str, int], depth: int) -> list[Conjunction]:
    """The disjunctive form of an assertion."""
    if type(data) is not list or not data or type(data[0]) is not str:
        raise FileError(f"expected a relation such as (<= X_0 1), got {shown(data)}.")
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
        raise FileError(f"expected and, or, or a relation of two sides, got {shown(data)}.")
    left, right = (_form(part, number) for part in parts)
    difference = right - left if word.startswith("<") else left - right
    if word == "!=":
        return [(Relation(difference, ">"),), (Relation(-difference, ">"),)]
    return [(Relation(difference, {"<": ">", ">": ">", "<=": ">=", ">=": ">="}.get(word, "==")),)]


def _few(found: list[Conjunction]) -> list[Conjunction]:
    if len(found) > MAX_CASES:
        raise FileError(f"the assertions have more than {MAX_CASES} alternatives.")
    return found


def _form(data: Any, number: dict[str, int]) -> Form:
    if type(data) is str:
        if (name := data.removesuffix("[]")) in number:
            return Form.variable(number[name])
        if len(data) < 10_000 and NUMBER.fullmatch(data):
            return Form.constant(rational(data))
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
                    raise FileError(f"expected affine terms, got a product of variables: {shown(data)}.")
            return Form.constant(scale) if total is None else total.scale(scale)
    raise FileError(f"expected an affine term, got {shown(data)}.")


def _cases(everything: list[Conjunction], inputs: int) -> tuple[Case, ...]:
    """Puts together what is about the same part of the inputs."""
    grouped: dict[tuple, tuple[Conjunction, list[Conjunction]]] = {}
    for conjunction in everything:
        domain = tuple(r for r in conjunction if all(v < inputs for v in r.form.terms))
        rest = tuple(r for r in conjunction if r not in domain)
        key = tuple((r.form.key, r.op) for r in domain)
        grouped.setdefault(key, (domain, []))[1].append(rest)
    return tuple(Case(domain, tuple(violations)) for domain, violations in grouped.values())
