"""``draw_census``: what the seeds became, and how their losses fell."""

from collections.abc import Iterator, Sequence

import numpy as np

from relucirc.interpretation.census import Census
from relucirc.pictures.chart import Chart
from relucirc.pictures.drawing import Drawing, expect
from relucirc.pictures.numbers import ABOUT, MINUS, name
from relucirc.pictures.shapes import Line, Rect, Scene, Shape, Text, fitting, moved, text_width

BARS = 9
"""Most bars; the rest is summed up in one more for proved circuits, and one for failures."""
CURVES, POINTS = 30, 60
"""Most loss curves of proved seeds, and of the others; and most points of one."""
LABEL, LENGTH, ROW = 46, 210.0, 30.0


def draw_census(census: Census, *, title: str | None = None, theme: str = "auto") -> Drawing:
    """Draws a census: a bar for each circuit and each kind of failure, and a sample of loss curves where it has them.

    Args:
        census: A :class:`~relucirc.interpretation.census.Census`.
        title: What the picture is called.
        theme: As for :func:`relucirc.draw`.

    Raises:
        RelucircError: For what is no census.
    """
    expect(census, Census, "a census, such as relucirc.training.run_census gives,")
    shapes: list[Shape] = [
        Text(0, 0, census.reason[0].upper() + census.reason[1:], 12.5, "start", bold=True, kind="head")
    ]
    shapes.append(
        Text(0, 18, f"{census.target}, regimen {census.regimen['name']}", 11, "start", fill="soft", kind="head")
    )
    rows = list(_rows(census))
    shapes += _bars(rows, census.seeds)
    if census.trained is not None and len(census.trained.loss_steps):
        y = 54 + ROW * len(rows) + 26
        shapes += [moved(shape, 46, y) for shape in _curves(census).shapes]
    return Drawing(fitting(shapes, title or f"a census of {census.target}"), theme)


def _rows(census: Census) -> Iterator[tuple[str, int, str]]:
    """Label, count and colour of every bar."""
    proved = [(str(found), found.count) for found in census.circuits]
    failed = [(f"{f.kind}: {ABOUT} {f.computes}" if f.computes else f.kind, f.count) for f in census.failures]
    for things, colour, what, share in (
        (proved, "plus", "circuits", BARS // 2 + 1),
        (failed, "minus", "failures", BARS // 2),
    ):
        for text, count in things[:share]:
            yield text, count, colour
        if len(things) > share:
            yield f"{len(things) - share:,} more {what}", sum(count for _, count in things[share:]), colour


def _bars(rows: Sequence[tuple[str, int, str]], seeds: int) -> Iterator[Shape]:
    """Each bar under its label; what was proved is full, what was not is hatched by a dashed outline."""
    top = 40.0
    most = max((count for _, count, _ in rows), default=1)
    for k, (text, count, colour) in enumerate(rows):
        y = top + ROW * k
        shown = name(text.replace("-", MINUS), LABEL + 30)
        yield Text(0, y + 5, shown.text, 10.5, "start", hover=shown.whole, kind="label")
        length = max(2.0, 2 * LENGTH * count / most)
        proved = colour == "plus"
        look = {"fill": colour if proved else "paper", "stroke": colour, "dash": not proved, "width": 1.2}
        yield Rect(0, y + 13, length, 9, hover=f"{count:,} of {seeds:,} seeds", kind="bar", **look)  # type: ignore[arg-type]
        yield Text(length + 6, y + 17.5, f"{count:,}", 10.5, "start", fill=colour, kind="count")
    y = top + ROW * len(rows) + 8
    yield Rect(0, y - 5, 16, 9, fill="plus", stroke="plus")
    yield Text(22, y, "proved", 10.5, "start", fill="soft", kind="key")
    x = 22 + text_width("proved", 10.5) + 16
    yield Rect(x, y - 5, 16, 9, fill="paper", stroke="minus", dash=True, width=1.2)
    yield Text(x + 22, y, "not proved", 10.5, "start", fill="soft", kind="key")


def _curves(census: Census) -> Scene:
    """Relative losses of some seeds, both axes by powers of ten."""
    trained = census.trained
    steps = trained.loss_steps
    losses = trained.losses / max(trained.mean_square, 1e-30)
    chosen = np.unique(np.geomspace(1, max(len(steps), 1), POINTS).round().astype(int))[: len(steps)] - 1
    marks: list[Shape] = []
    least, most = 1.0, 1.0
    for which, colour in ((~census.converged, "minus"), (census.converged, "plus")):
        for seed in np.flatnonzero(which)[:CURVES].tolist():
            curve = [
                (float(np.log10(max(s, 1))), float(v)) for s, v in zip(steps[chosen], losses[chosen, seed], strict=True)
            ]
            curve = [(x, y) for x, y in curve if y > 0 and np.isfinite(y)]
            if len(curve) > 1:
                least, most = min(least, *(y for _, y in curve)), max(most, *(y for _, y in curve))
                look = {"stroke": colour, "width": 0.9, "opacity": 0.5, "dash": colour == "minus"}
                marks.append(Line(tuple(curve), kind="loss", hover=f"seed {seed}", **look))  # type: ignore[arg-type]
    end = float(np.log10(max(steps[-1], 10)))
    window = (float(np.log10(max(steps[0], 1))), max(least / 2, 1e-14), end, most * 2)
    title = "losses, relative to the target's mean square, against the power of ten of the step"
    return Chart(title, "step, as a power of ten", "relative loss", window, tuple(marks), log=True).scene()
