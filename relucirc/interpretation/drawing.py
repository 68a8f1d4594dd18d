"""The census as a picture: what the seeds became, and the losses on the way.  Needs matplotlib."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from relucirc.core.errors import FileError, require_suffix

PROVED, FAILED, INK, FAINT = "#1f5fa8", "#c2570c", "#2b2b2b", "#d8d8d8"
BARS = 9
"""Most bars in a picture; the rest is summed up in one more."""
CURVES = 30
"""Most loss curves of proved seeds, and of the others."""
POINTS = 60
"""Most points of a curve."""
WIDTH = 52
"""Longest label."""


Curves = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Steps, relative losses ``[rows, seeds]`` after these, and which seeds were proved."""


def draw_census(
    path: str | PathLike[str],
    title: str,
    circuits: Sequence[tuple[str, int]],
    failures: Sequence[tuple[str, int]],
    seeds: int,
    curves: Curves,
) -> None:
    """Draws a census into a file: bars for circuits and failures, and a sample of loss curves.

    Args:
        path: A file whose suffix says the format: .svg, .png or .pdf.
        title: What was trained, and how many were proved.
        circuits: Label and count of the proved circuits, the most frequent first.
        failures: The same of those that were not proved.
        seeds: All of them.
        curves: How their losses fell.

    Raises:
        ImportError: When matplotlib is not installed.
        FileError: For another suffix, or a place that cannot be written.
    """
    import matplotlib as mpl  # noqa: PLC0415  (an optional extra, slow to import)
    from matplotlib.figure import Figure  # noqa: PLC0415

    file = Path(path)
    require_suffix(file, "a picture", ".svg", ".png", ".pdf")
    rows = _rows(circuits, failures)
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "relucirc", "font.size": 8}):
        figure = Figure(figsize=(9.5, max(2.6, 0.6 + 0.26 * len(rows))), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(1, 1.1))
        _bars(left, rows, seeds)
        _curves(right, curves)
        figure.suptitle(title, fontsize=9, color=INK)
        try:
            figure.savefig(file, metadata={"Date": None} if file.suffix.lower() == ".svg" else None, dpi=130)
        except OSError as error:
            raise FileError(f"cannot write {file}: {error.strerror or error}.") from None


def _rows(circuits: Sequence[tuple[str, int]], failures: Sequence[tuple[str, int]]) -> list[tuple[str, int, str]]:
    """Label, count and colour of every bar: the proved circuits, then the failures."""
    rows = []
    for things, colour, name, share in (
        (circuits, PROVED, "circuits", BARS // 2 + 1),
        (failures, FAILED, "failures", BARS // 2),
    ):
        rows += [(text, count, colour) for text, count in things[:share]]
        if len(things) > share:
            rows.append((f"{len(things) - share:,} more {name}", sum(count for _, count in things[share:]), colour))
    return rows


def _bars(axes: Any, rows: list[tuple[str, int, str]], seeds: int) -> None:
    place = np.arange(len(rows))
    axes.barh(place, [count for _, count, _ in rows], color=[colour for *_, colour in rows], height=0.72)
    axes.set_yticks(place, [text if len(text) <= WIDTH else f"{text[: WIDTH - 3]}..." for text, *_ in rows])
    axes.invert_yaxis()
    for y, (_, count, _) in zip(place, rows, strict=True):
        axes.text(count, y, f" {count:,}", va="center", ha="left", color=INK)
    axes.set_xlim(0, max(count for _, count, _ in rows) * 1.16)
    axes.set_xlabel(f"seeds of {seeds:,}: blue proved, orange not")
    _plain(axes)


def _curves(axes: Any, curves: Curves) -> None:
    steps, losses, proved = curves
    chosen = np.unique(np.geomspace(1, max(len(steps), 1), POINTS).round().astype(int))[: len(steps)] - 1
    for which, colour in ((~proved, FAILED), (proved, PROVED)):
        for seed in np.flatnonzero(which)[:CURVES]:
            curve = losses[chosen, seed]
            axes.plot(steps[chosen], np.where(curve > 0, curve, np.nan), color=colour, lw=0.6, alpha=0.45)
    axes.set(xscale="log", yscale="log", xlabel="step", ylabel="relative loss")
    axes.axhline(1, color=FAINT, lw=0.8, zorder=0)
    _plain(axes)


def _plain(axes: Any) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(length=2, colors=INK)
