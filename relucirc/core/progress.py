"""Progress, in one meaning for every verb: what is being tried, for how long, and how far it got."""

import sys
import warnings
from collections.abc import Callable
from typing import Any

from relucirc.core.budget import Budget, is_running

Progress = bool | Callable[[Budget], None] | None
"""What ``progress=`` may be: None for a line after two seconds, on a terminal or in a notebook; True for one at once,
wherever standard error goes; False for none; or a function that is called with the :class:`~relucirc.Budget`."""

WIDTH = 78
THOUSAND = 1000


def watched(seconds: float | None, method: str, progress: Progress = None, total: int | None = None) -> Budget:
    """Makes the clock of a verb, which reports progress as it is asked to.

    Args:
        seconds: The limit, or None for no limit.
        method: What is running.
        progress: As for every verb.  Inside another verb, None leaves it to that one.
        total: How many there will be of what is counted, where that is known.
    """
    shown = sys.stderr is not None and (progress is True or (progress is None and not is_running() and _is_watched()))
    report = _Line() if shown else progress if callable(progress) else None
    return Budget(seconds, method=method, on_progress=report, total=total, patience=0.0 if progress is True else None)


def describe(budget: Budget) -> str:
    """Says how far the work is, such as ``regions: 12,034 regions, 3.2 s of 60 s``."""
    of = "" if budget.total is None else f" of {budget.total:,}"
    done = ", ".join(f"{count:,}{of} {name}" for name, count in budget.progress.items())
    limit = "" if budget.seconds is None else f" of {budget.seconds:g} s"
    return f"{budget.method}: {done or 'working'}, {budget.elapsed:.1f} s{limit}"


def _is_watched() -> bool:
    """Whether standard error is a terminal, or the output of a notebook's cell."""
    return sys.stderr.isatty() or type(sys.stderr).__module__.startswith("ipykernel")


class _Line:
    """One line on standard error; tqdm's bar where that is installed and the end is known."""

    def __init__(self) -> None:
        self.bar: Any = None
        self.written = 0

    def __call__(self, budget: Budget) -> None:
        if self.bar is None and budget.method and budget.total is not None:
            self.bar = _bar(budget)
        if self.bar is None:
            self._write(describe(budget)[:WIDTH] if budget.method else "")
        elif budget.method:
            self.bar.n = sum(budget.progress.values())
            self.bar.refresh()
        else:
            self.bar.close()

    def _write(self, text: str) -> None:
        """Writes over what stands there with letters alone: notebooks know no code that erases a line."""
        sys.stderr.write(f"\r{text:<{self.written}}" + ("" if text else "\r"))
        sys.stderr.flush()
        self.written = len(text)


def _bar(budget: Budget) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # in a notebook without ipywidgets there is a bar of letters, which is as good
        try:
            from tqdm.auto import tqdm  # noqa: PLC0415  (an optional extra)
        except ImportError:
            return None
    unit = "".join(f" {name}" for name in budget.progress)
    large = (budget.total or 0) >= THOUSAND
    bar = tqdm(total=budget.total, desc=budget.method, unit=unit, unit_scale=large, file=sys.stderr, leave=False)
    bar.start_t -= budget.elapsed
    return bar
