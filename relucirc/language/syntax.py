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
            return ast.parse(self.written, mode="eval").body
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
        return [line.encode("utf-8", "replace") for line in _LINE.findall(self.written)]

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


_HABITS = {
    r"=>": "write >= for =>",
    r"=<": "write <= for =<",
    r"<>": "write != for <>",
    r"&&": "write and for &&",
    r"\|": "write Abs(x) for |x|",
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
