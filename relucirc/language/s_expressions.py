"""Text in parentheses, as SMT-LIB and VNN-LIB write it, to nested lists of words.  Nothing of it is executed."""

import re
from collections.abc import Iterator
from typing import Any

from relucirc.core.errors import FileError, shorten

MAX_DEPTH = 200
TOKEN = re.compile(r";[^\r\n]*|\s+|([()])|(\[[^\[\]();]*\])|([^\s();\[]+|\[)")


def commands_of(text: str) -> list:
    """Reads all that stands in a text; from a semicolon to the end of the line is a comment.

    What stands in brackets belongs to the word before it, with or without spaces.

    Raises:
        FileError: For parentheses that have no partner, or are nested too deeply.

    Example:
        >>> commands_of("(assert (<= x 1)) ; holds")
        [['assert', ['<=', 'x', '1']]]
        >>> commands_of("(>= X [0, 1] 0)")
        [['>=', 'X[0,1]', '0']]
    """
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
        elif found[2] and stack[-1] and type(stack[-1][-1]) is str and not stack[-1][-1].endswith("]"):
            stack[-1][-1] += "".join(found[2].split())
        elif found[2] or found[3]:
            stack[-1].append(found[2] or found[3])
    if len(stack) > 1:
        raise FileError("a parenthesis is not closed.")
    return stack[0]


def shown(data: Any) -> str:
    """Writes what was read for a sentence, short."""
    return repr(shorten(" ".join(_words(data))))


def _words(data: Any) -> Iterator[str]:
    if type(data) is str:
        yield data
        return
    yield "("
    for part in data[:8]:
        yield from _words(part)
    yield ")"
