"""The progress line: what is being tried, for how long, and how far it got."""

import sys
from collections.abc import Callable

from relucirc.core.budget import Budget


def progress_line() -> Callable[[Budget], None] | None:
    """Returns a function that keeps one line of progress on stderr, or None where that is no terminal."""
    if sys.stderr is None or not sys.stderr.isatty():
        return None
    return _show


def describe(budget: Budget) -> str:
    """Says how far the work is, such as ``regions: 12,034 regions, 3.2 s of 60 s``."""
    done = ", ".join(f"{count:,} {name}" for name, count in budget.progress.items())
    limit = "" if budget.seconds is None else f" of {budget.seconds:g} s"
    return f"{budget.method}: {done or 'working'}, {budget.elapsed:.1f} s{limit}"


def _show(budget: Budget) -> None:
    text = describe(budget)[:78] if budget.method else ""
    sys.stderr.write(f"\r\x1b[K{text}")
    sys.stderr.flush()
