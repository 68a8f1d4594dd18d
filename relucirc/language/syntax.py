"""Text as a tree of Python's grammar (:mod:`ast`), never evaluated; what cannot be read is refused by its words."""

import ast
import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property

from relucirc.core.errors import FormulaError, shorten
from relucirc.core.names import quoted

MAX_LENGTH = 2_000_000
"""Longest text that is read."""
_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")
"""One line as Python's grammar counts them."""


@dataclass(frozen=True)
class Text:
    """One text.

    Attributes:
        written: The text, without white space around it.
        kind: What it is read as, for sentences: a "formula", a "relation" or a "domain".
    """

    written: str
    kind: str

    @cached_property
    def plain(self) -> str:
        """The text with ``|x|`` written ``Abs(x)``."""
        return with_absolute_values(self.written)

    @cached_property
    def tree(self) -> ast.expr:
        """The expression that it is.

        Raises:
            FormulaError: For text that is none, with advice where that is a known habit.
        """
        if len(self.written) > MAX_LENGTH:
            raise FormulaError(f"the text has {len(self.written)} characters; at most {MAX_LENGTH} are read.")
        if not unicodedata.is_normalized("NFKC", self.written):
            raise FormulaError(self._not_as_written())
        try:
            return ast.parse(self.plain, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            deep = isinstance(error, RecursionError | MemoryError)
            why = "it is nested too deeply" if deep else getattr(error, "msg", None) or str(error)
            raise FormulaError(f"cannot read {shorten(self.written)!r}: {why}; {self._advice()}.") from None

    @property
    def parts(self) -> list[ast.expr]:
        """The parts of a list or tuple; of anything else, itself alone."""
        return self.tree.elts if isinstance(self.tree, ast.Tuple | ast.List) else [self.tree]

    @cached_property
    def _lines(self) -> list[bytes]:
        return [line.encode("utf-8", "replace") for line in _LINE.findall(self.plain)]

    def source(self, node: ast.expr) -> str:
        """The text of a node; ``ast.get_source_segment`` splits the whole text into lines each time."""
        first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
        lines = self._lines[first : last + 1]
        before, after = node.col_offset, len(lines[-1]) - (node.end_col_offset or 0)
        whole = lines[0] if len(lines) == 1 else b"".join(lines)
        return whole[before : len(whole) - after].decode()

    def refusal(self, node: ast.expr, why: str) -> FormulaError:
        """The error for a node that cannot be read."""
        source = self.source(node) or type(node).__name__
        where = " in a formula" if self.kind == "formula" else ""
        return FormulaError(f"cannot read {shorten(source, 60)!r}{where}: {why}.")

    def _not_as_written(self) -> str:
        """Names the first word that Python's grammar would read as another."""
        words = re.split(r"[\x00-\x20()\[\]{},;:<>=!&|+\-*/~^]+", self.written)
        word = next((w for w in words if not unicodedata.is_normalized("NFKC", w)), self.written)
        plain = unicodedata.normalize("NFKC", word)
        return f"cannot read {quoted(word)} as it is written: Python's grammar reads it as {quoted(plain)}; write that."

    def _advice(self) -> str:
        """Says how to write what Python's grammar has no place for."""
        habits = {**_DOMAIN_HABITS, **_HABITS} if self.kind == "domain" else _HABITS
        found = next((advice for habit, advice in habits.items() if re.search(habit, self.written[:1000])), None)
        example = "0 <= x1 <= 1, x1 + x2 <= 3" if self.kind == "domain" else "Min(x1, x2) + 1/2"
        return found or f"write such as '{example}'"


def with_absolute_values(text: str) -> str:
    """Writes ``|x|`` as ``Abs(x)``, which Python's grammar knows.

    A bar where a value may begin opens an absolute value; one after a value closes the last that is open in the same
    parentheses, and where none is open it joins conditions.  What has no partner stays as it is, and is no grammar.

    Example:
        >>> with_absolute_values("|x1 - |x2|| + 1")
        'Abs(x1 - Abs(x2)) + 1'
        >>> with_absolute_values("(x1 > 0) | (|x2| > 1)")
        '(x1 > 0) | (Abs(x2) > 1)'
    """
    if "|" not in text:
        return text
    words = _WORD.findall(text)
    open_bars: list[list[int]] = [[]]
    after_value = False
    for i, word in enumerate(words):
        if word == "|":
            if not after_value:
                open_bars[-1].append(i)
            elif open_bars[-1]:
                words[open_bars[-1].pop()], words[i] = "Abs(", ")"
            else:
                after_value = False
        elif word in "([{":
            open_bars.append([])
            after_value = False
        elif word in ")]}":
            if len(open_bars) > 1:
                open_bars.pop()
            after_value = True
        elif not word.isspace():
            after_value = (word[0].isalnum() or word[0] in "_.") and word not in _WORDS_BETWEEN
    return "".join(words)


_WORD = re.compile(r"[\w.]+|\s+|.", re.DOTALL)
_WORDS_BETWEEN = frozenset(("and", "or", "not", "if", "else", "in"))
"""Words after which a value begins."""

_HABITS = {
    r"=>": "write >= for =>",
    r"=<": "write <= for =<",
    r"<>": "write != for <>",
    r"&&": "write and for &&",
    r"\|\|": "write or for ||, and (|x|) for an absolute value beside another bar",
    r"\|": "an absolute value |x| needs a bar on either side, in the same parentheses; Abs(x) is the same",
    r"(?<![<>=!])=(?!=)": "leave out 'y =' of a formula, and write == in a condition",
    r"\\": "write Min(x1, x2), not LaTeX",
    r"(?<![\w.])\d[\d.]*[ ]*[A-Za-z_(]": "write 2*x for 2x",
}
"""Ways of writing that are not read, and what to write instead."""

_DOMAIN_HABITS = {
    r"(?<![<>=!])=(?![=<>])": "write == in a condition",
    r"[;\n]": "separate conditions by commas",
}
"""Those of domains, which come first there."""
