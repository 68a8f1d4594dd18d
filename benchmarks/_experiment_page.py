"""Tables and figures of docs/training.md, from docs/training.json; used by experiment.py."""

import re

from experiment import ABLATION, BEYOND, HARD, MORE, SIX, WIDE

from relucirc.interpretation.features import FEATURES
from relucirc.training import wilson

BLUE, ORANGE, INK, FAINT, PALE = "#1f5fa8", "#c2570c", "#2b2b2b", "#d8d8d8", "#9fc2e6"


def tables(results):
    """Name -> table in Markdown."""
    cells = results["cells"]
    return {
        "six": six_table(cells),
        "circuits": circuits_table(cells, "six/best", (*SIX, *MORE), 2),
        "failures": failures_table(cells),
        "ablation": ablation_table(cells),
        "beyond": beyond_table(cells),
        "beyond-circuits": circuits_table(cells, "beyond/best", BEYOND, 3),
        "universality": universality_table(cells),
        "wide": wide_table(cells),
    }


def write(results, docs):
    """Puts the tables between their marks in training.md, and draws the figures."""
    page = docs / "training.md"
    text = page.read_text("utf-8")
    about = results["about"]
    made = tables(results)
    made["about"] = (
        f"Numbers of {about['date']}, made by `{about['command']}` on {about['machine']}, {about['versions']}.\n"
        "Tables and figures are written by `python benchmarks/experiment.py write`, from `docs/training.json`."
    )
    for name, table in made.items():
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
        if not pattern.search(text):
            raise SystemExit(f"{page} has no place for {name}: expected <!-- {name} --> and <!-- end of {name} -->")
        text = pattern.sub(lambda m, table=table: f"{m[1]}\n{table}\n\n{m[2]}", text)
    page.write_text(text, "utf-8")
    for name, draw in FIGURES.items():
        save(draw(results["cells"]), docs / "_static" / f"training-{name}.svg")
    census_picture(docs / "_static" / "training-census.svg")


def rate(cell, digits=1):
    """A success rate with its interval."""
    low, high = wilson(cell["proved"], cell["seeds"])
    if cell["proved"] > 0.9 * cell["seeds"]:
        digits = 2
    share = cell["proved"] / cell["seeds"]
    return f"{share:.{digits}%} ({low:.{digits}%} to {high:.{digits}%})"


def table(head, rows, right=()):
    """A Markdown table."""
    marks = ["---:" if i in right else "---" for i in range(len(head))]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, marks, *rows))


def code(text, width=110):
    """Inline code that is safe in a table."""
    text = text if len(text) <= width else text[: width - 3] + "..."
    return f"`{text}`"


def sizes_of(cell):
    return "-".join(map(str, cell["sizes"]))


def six_table(cells):
    rows = []
    for name in SIX:
        old, new = cells[f"six/original/{name}"], cells[f"six/best/{name}"]
        rows.append(
            (name.replace("_", " "), sizes_of(old), f"{old['proved']:,}", rate(old), f"{new['proved']:,}", rate(new))
        )
    head = ("function", "network", "original: proved of 1,024", "rate", "best: proved of 4,096", "rate")
    return table(head, rows, (2, 4))


def circuits_table(cells, prefix, names, most):
    rows = []
    for name in names:
        cell = cells[f"{prefix}/{name}"]
        for circuit in cell["circuits"][:most]:
            share = f"{circuit['count']:,} of {cell['proved']:,}"
            rows.append((name.replace("_", " "), code(circuit["circuit"]), share, circuit["proved"]))
        if cell["distinct"] > most:
            left = cell["proved"] - sum(c["count"] for c in cell["circuits"][:most])
            more = f"{cell['distinct'] - most:,} more, {len(cell['classes']):,} up to symmetry in all"
            rows.append((name.replace("_", " "), more, f"{left:,} of {cell['proved']:,}", ""))
    return table(("function", "circuit", "seeds", "proved"), rows, (2,))


def failures_table(cells):
    rows = []
    for name in SIX:
        cell = cells[f"six/original/{name}"]
        for failure in cell["failures"][:3]:
            loss = f"{failure['relative_loss']:.2g}"
            rows.append(
                (
                    name.replace("_", " "),
                    failure["kind"],
                    code(failure["computes"] or "-"),
                    f"{failure['count']:,}",
                    loss,
                )
            )
    return table(("function", "kind", "computes about", "seeds", "relative loss"), rows, (3, 4))


def ablation_table(cells):
    rows = []
    for label in ABLATION:
        found = [cells[f"ablation/{label}/{name}"] for name in SIX]
        shares = [f"{c['proved'] / c['seeds']:.1%}" for c in found]
        failed = sum(c["seeds"] - c["proved"] for c in found)
        rows.append((label, *shares, f"{failed:,}"))
    return table(("4,000 steps of", *(n.replace("_", " ") for n in SIX), "not proved"), rows, range(1, 8))


def beyond_table(cells):
    rows = []
    for name in BEYOND:
        row = [name, sizes_of(cells[f"beyond/best/{name}"])]
        for label in HARD:
            cell = cells.get(f"beyond/{label}/{name}")
            row.append(rate(cell) if cell else "-")
        left = cells[f"beyond/best/{name}"]["low_loss_not_proved"]
        rows.append((*row, f"{left:,}"))
    return table(("function", "network", *HARD, "best: low loss, not proved"), rows)


def universality(cells):
    """Feature -> function -> how many proved seeds have it; and the functions with their proved seeds."""
    columns = {name: cells[f"six/best/{name}"] for name in (*SIX, *MORE)}
    columns |= {name: cells[f"beyond/best/{name}"] for name in BEYOND}
    used = [f for f in FEATURES if any(cell["features"].get(f) for cell in columns.values())]
    return used, columns


def universality_table(cells):
    used, columns = universality(cells)
    rows = [("proved networks", *(f"{cell['proved']:,}" for cell in columns.values()))]
    for feature in used:
        counts = [cell["features"].get(feature, 0) for cell in columns.values()]
        rows.append((feature, *(f"{count:,}" if count else "" for count in counts)))
    return table(("", *(name.replace("_", " ") for name in columns)), rows, range(1, len(columns) + 1))


def wide_table(cells):
    rows = []
    for name, widths in WIDE.items():
        for hidden in widths:
            cell = cells[f"wide/{'-'.join(map(str, hidden))}/{name}"]
            shallow = len(hidden) == 1
            left = f"{cell['low_loss_not_proved']:,}"
            snapped = spread_of(cell["neurons"])
            folded = spread_of(cell["pruned"]) if shallow else "-"
            rows.append((name, sizes_of(cell), f"{cell['proved']:,}", rate(cell), snapped, folded, left))
    head = (
        "function",
        "network",
        "proved of 512",
        "rate",
        "neurons after snapping",
        "after folding",
        "low loss, not proved",
    )
    return table(head, rows, (2, 6))


def spread_of(counts):
    """Neurons and how many seeds have them, such as ``3 (389), 4 (66)``."""
    if len(counts) > 5:
        values = [int(k) for k, v in counts.items() for _ in range(v)]
        values.sort()
        return f"{values[0]} to {values[-1]}, median {values[len(values) // 2]}"
    return ", ".join(f"{k} ({v:,})" for k, v in counts.items())


# Figures


def figure(width, height, *shape, **options):
    from matplotlib.figure import Figure

    made = Figure(figsize=(width, height), layout="constrained")
    return made, made.subplots(*shape, **options)


def save(made, path):
    """Writes a figure as a small SVG whose text is text."""
    import matplotlib as mpl

    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "relucirc"}):
        made.savefig(path, metadata={"Date": None})


def plain(axes):
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(length=2, colors=INK, labelsize=8)


def rates_figure(cells):
    made, (left, right) = figure(9, 2.9, 1, 2, width_ratios=(1, 1))
    groups = (
        (left, SIX, {"original": ("six/original", ORANGE), "best, fresh seeds": ("six/best", BLUE)}),
        (
            right,
            BEYOND,
            {
                "original, 20,000 steps": ("beyond/original", ORANGE),
                "best, 20,000 steps": ("beyond/best", BLUE),
                "best, wider": ("beyond/best, wider", PALE),
            },
        ),
    )
    for axes, names, series in groups:
        for j, (label, (prefix, colour)) in enumerate(series.items()):
            shift = 0.16 * (j - (len(series) - 1) / 2)
            for i, name in enumerate(names):
                cell = cells[f"{prefix}/{name}"]
                low, high = (100 * bound for bound in wilson(cell["proved"], cell["seeds"]))
                share = 100 * cell["proved"] / cell["seeds"]
                axes.plot((low, high), (i + shift, i + shift), color=colour, lw=2.2, solid_capstyle="butt")
                axes.plot(share, i + shift, "o", color=colour, ms=4.5, label=label if i == 0 else None)
        axes.set_yticks(range(len(names)), [name.replace("_", " ") for name in names])
        axes.set(xlim=(-2, 103), ylim=(len(names) - 0.4, -0.6), xlabel="% of the seeds proved, 95 % interval")
        axes.xaxis.label.set_size(8)
        axes.grid(axis="x", color=FAINT, lw=0.6)
        axes.set_axisbelow(True)
        axes.legend(fontsize=7.5, frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=len(series))
        plain(axes)
    return made


def heat(axes, values, rows, columns, text, power=1.0):
    axes.imshow([[v**power for v in row] for row in values], cmap="Blues", vmin=0, vmax=1.5, aspect="auto")
    axes.set_xticks(range(len(columns)), columns)
    axes.set_yticks(range(len(rows)), rows)
    axes.tick_params(length=0, labelsize=8, colors=INK)
    axes.xaxis.tick_top()
    axes.spines[:].set_visible(False)
    for i, row in enumerate(text):
        for j, label in enumerate(row):
            axes.text(j, i, label, ha="center", va="center", fontsize=7.5, color=INK)


def ablation_figure(cells):
    made, axes = figure(8, 3)
    values = [[(c := cells[f"ablation/{label}/{n}"])["proved"] / c["seeds"] for n in SIX] for label in ABLATION]
    text = [[f"{100 * v:.1f}" for v in row] for row in values]
    heat(axes, values, list(ABLATION), [n.replace("_", " ") for n in SIX], text)
    return made


def universality_figure(cells):
    made, axes = figure(10.5, 4)
    used, columns = universality(cells)
    values = [[cell["features"].get(f, 0) / max(cell["proved"], 1) for cell in columns.values()] for f in used]
    counts = [[cell["features"].get(f, 0) for cell in columns.values()] for f in used]
    text = [[f"{count:,}" if count else "" for count in row] for row in counts]
    names = [f"{n.replace('negative_identity', 'negative id.')}\nof {c['proved']:,}" for n, c in columns.items()]
    heat(axes, values, used, names, text, 0.5)
    axes.tick_params(axis="x", labelsize=7.5)
    return made


def wide_figure(cells):
    made, axes = figure(9, 2.7, 1, len(WIDE), sharey=True, width_ratios=[len(w) + 0.5 for w in WIDE.values()])
    for panel, (name, widths) in zip(axes, WIDE.items(), strict=True):
        labels = ["-".join(map(str, hidden)) for hidden in widths]
        for i, label in enumerate(labels):
            cell = cells[f"wide/{label}/{name}"]
            bottom = 0.0
            for count, colour in ((cell["proved"], BLUE), (cell["low_loss_not_proved"], PALE)):
                height = 100 * count / cell["seeds"]
                panel.bar(i, height, bottom=bottom, color=colour, width=0.74)
                bottom += height
        panel.set_xticks(range(len(labels)), labels)
        panel.set_title(name, fontsize=9, color=INK)
        panel.set(ylim=(0, 100), xlim=(-0.6, len(labels) - 0.4))
        plain(panel)
    axes[0].set_ylabel("% of 512 seeds", fontsize=8)
    axes[2].set_xlabel("hidden neurons in training", fontsize=8)
    from matplotlib.patches import Patch

    patches = [Patch(color=BLUE, label="proved"), Patch(color=PALE, label="low loss, not proved")]
    made.legend(handles=patches, loc="outside lower center", ncols=2, fontsize=8, frameon=False)
    return made


def census_picture(path):
    """The census of one run, as ``relucirc train minimum --out`` draws it."""
    from relucirc.training import run_census

    run_census("minimum", seeds=256, seed=0, progress=False).draw(path)


FIGURES = {
    "rates": rates_figure,
    "ablation": ablation_figure,
    "universality": universality_figure,
    "wide": wide_figure,
}
