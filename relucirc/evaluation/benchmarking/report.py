"""What was measured: lines, a table, a plot, and JSON data."""

from dataclasses import asdict, dataclass, field
from typing import Any

from relucirc.core.errors import RelucircError, require_suffix
from relucirc.core.tables import aligned


@dataclass(frozen=True)
class Line:
    """One contender in one measurement.

    Attributes:
        network: Name of the network.
        sizes: Widths of its layers, such as ``"2-3-1"``.
        points: Number of points.
        layout: ``"rows"`` or ``"features"``.
        contender: Who was measured.
        seconds: Median over the rounds.
        fastest: Shortest round.
        of_copy: Fraction of the speed of a copy of as many bytes into memory that is there already,
            by medians.
        of_copy_fastest: The same by the fastest rounds of both, which other load disturbs least.
        of_peak: Fraction of the measured peak of multiply-adds that the dense layers would need;
            None if the peak could not be measured.  Skipping zero weights can take it above 1.
        of_peak_fastest: The same by the fastest rounds of both.
    """

    network: str
    sizes: str
    points: int
    layout: str
    contender: str
    seconds: float
    fastest: float
    of_copy: float
    of_copy_fastest: float
    of_peak: float | None
    of_peak_fastest: float | None


@dataclass
class Report:
    """The measurements of a run.

    Attributes:
        machine: What it ran on.
        date: When, as ``YYYY-MM-DD``.
        lines: The contenders' figures.
        limits: For every measurement the machine's limits: the fastest of the same rounds.
        plans: How this library evaluated each network.
        skipped: Contenders that are not installed, and why they were left out.
    """

    machine: str
    date: str
    lines: list[Line] = field(default_factory=list)
    limits: dict[str, dict[str, float]] = field(default_factory=dict)
    plans: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    def of(self, network: str, layout: str, points: int) -> dict[str, Line]:
        """Returns the lines of one measurement by contender."""
        key = (network, layout, points)
        return {line.contender: line for line in self.lines if (line.network, line.layout, line.points) == key}

    def __add__(self, other: "Report") -> "Report":
        tables = (getattr(self, name) | getattr(other, name) for name in ("limits", "plans", "skipped"))
        return Report(self.machine, self.date, self.lines + other.lines, *tables)

    def table(self) -> str:
        """Returns the figures as a Markdown table, followed by plans and limits."""
        shares = ("of copy", "at best", "of peak", "at best")
        titles = ("network", "points", "layout", "contender", "ms", "times relucirc's", *shares)
        rows: list[tuple[str, ...]] = [titles]
        for line in self.lines:
            beside = self.of(line.network, line.layout, line.points).values()
            best = min((other.seconds for other in beside if other.contender.startswith("relucirc")), default=None)
            name = line.network if line.network == line.sizes else f"{line.network} ({line.sizes})"
            times = (_number(line.seconds * 1e3), "" if best is None else _number(line.seconds / best))
            parts = (line.of_copy, line.of_copy_fastest, line.of_peak, line.of_peak_fastest)
            shown = ("" if part is None else f"{part:.1%}" for part in parts)
            rows.append((name, f"{line.points:,}", line.layout, line.contender, *times, *shown))
        about = "Milliseconds and fractions are medians over rounds; `at best` compares the fastest rounds."
        parts = [f"{self.machine}, {self.date}, float32. {about}", _markdown(rows, right=(1, 4, 5, 6, 7, 8, 9))]
        for title, limits in self.limits.items():
            values = "; ".join(f"{name} {value:.1f}" for name, value in limits.items())
            parts.append(f"Limits, {title}, fastest rounds: {values}.")
        parts += [f"Plan, {title}: {plan}" for title, plan in self.plans.items()]
        parts += [f"Left out: {name} ({reason})." for name, reason in self.skipped.items()]
        return "\n\n".join(parts)

    def to_json(self) -> dict[str, Any]:
        """Returns plain data."""
        return asdict(self)

    def plot(self, path: str) -> None:
        """Draws bars: how long each contender takes, in multiples of this library's time.

        Args:
            path: Image file to write, .svg, .png or .pdf.

        Raises:
            RelucircError: If matplotlib is not installed, or for another suffix.
        """
        require_suffix(path, "a picture", ".svg", ".png", ".pdf")
        try:
            from matplotlib.figure import Figure  # noqa: PLC0415  (optional)
        except ImportError:
            raise RelucircError("plot needs matplotlib: pip install 'relucirc[plot]'.") from None
        groups: dict[tuple[str, int, str], list[Line]] = {}
        for line in self.lines:
            groups.setdefault((line.network, line.points, line.layout), []).append(line)
        columns = 1 if len(groups) < 4 else 2
        rows = -(-len(groups) // columns)
        most = max(map(len, groups.values()))
        figure = Figure(figsize=(8 * columns, 0.6 + (0.7 + 0.24 * most) * rows), layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False).ravel()
        for ax in axes[len(groups) :]:
            ax.remove()
        for ax, ((network, points, layout), lines) in zip(axes, groups.items(), strict=False):
            ordered = sorted(lines, key=lambda line: -line.seconds)
            ours = [line.contender.startswith("relucirc") for line in ordered]
            bars = ax.barh(
                [line.contender for line in ordered],
                [line.seconds * 1e3 for line in ordered],
                color=["tab:blue" if own else "tab:gray" for own in ours],
            )
            ax.bar_label(bars, [f"{_number(line.seconds * 1e3)} ms" for line in ordered], padding=3, fontsize=8)
            ax.set_xscale("log")
            ax.margins(x=0.15)
            ax.tick_params(labelsize=8)
            ax.set_title(f"{network}, {points:,} points, {layout}", fontsize=9, loc="left")
            ax.set_xlabel("milliseconds, logarithmic", fontsize=8)
        figure.savefig(path, dpi=120)


def _number(value: float) -> str:
    return f"{value:.3g}" if value < 100 else f"{value:,.0f}"


def _markdown(rows: list[tuple[str, ...]], right: tuple[int, ...]) -> str:
    titles, *body = ["| " + " | ".join(row) + " |" for row in aligned(rows, right)]
    marks = [f"{'-' * (len(c) - 1)}:" if k in right else "-" * len(c) for k, c in enumerate(aligned(rows)[0])]
    return "\n".join([titles, "| " + " | ".join(marks) + " |", *body])
