"""The census as a table for people, and as a page in Markdown."""

from relucirc.training.census import Census

MANY = 12


def census_table(census: Census) -> str:
    """Writes the census as aligned text."""
    low, high = census.interval
    judged = int(census.judged.sum())
    steps = (
        f"{census.steps:,} steps"
        if census.steps == census.total_steps
        else (f"interrupted after {census.steps:,} of {census.total_steps:,} steps")
    )
    lines = [
        f"{census.target}: {'-'.join(map(str, census.sizes))} networks, regimen {census.regimen['name']}, {steps}",
    ]
    if judged < census.seeds:
        lines.append(f"interrupted: {judged:,} of {census.seeds:,} seeds were judged")
    if census.rate is None:
        return "\n".join(lines)
    lines.append(
        f"{census.proved:,} of {judged:,} seeds proved equal after snapping: "
        f"{census.rate:.1%} (95 % interval {low:.1%} to {high:.1%})"
    )
    redrawn = int((census.draws > 1).sum())
    if redrawn:
        lines.append(f"{redrawn:,} seeds were drawn anew, up to {int(census.draws.max()) - 1} times")
    odd = census.low_loss_not_proved, int((census.converged & ~census.low_loss).sum())
    lines.append(
        f"judged by its loss alone: {odd[0]} seeds with a low loss are not proved, "
        f"{odd[1]} proved ones have a higher loss"
    )
    lines.append("")
    rows = [("seeds", "class", "proved", "circuit")]
    for circuit in census.circuits[:MANY]:
        rows.append((f"{circuit.count:,}", str(circuit.orbit), circuit.where, str(circuit)))
    if census.circuits:
        lines += _aligned(rows)
        if len(census.circuits) > MANY:
            rest = sum(circuit.count for circuit in census.circuits[MANY:])
            lines.append(f"... and {len(census.circuits) - MANY:,} more circuits of {rest:,} seeds")
        circuits = "1 circuit" if len(census.circuits) == 1 else f"{len(census.circuits):,} circuits"
        lines.append(f"{circuits}, {len(census.classes):,} up to symmetry")
    if census.failures:
        lines.append("")
        failed = [("seeds", "loss", "failure", "computes about")]
        for failure in census.failures[:MANY]:
            failed.append(
                (
                    f"{failure.count:,}",
                    "-" if failure.loss is None else f"{failure.loss:.2g}",
                    failure.kind,
                    failure.computes,
                )
            )
        lines += _aligned(failed)
        if len(census.failures) > MANY:
            rest = sum(failure.count for failure in census.failures[MANY:])
            lines.append(f"... and {len(census.failures) - MANY:,} more kinds of {rest:,} seeds")
    lines += ["", f"trained in {census.train_seconds:.2f} s, judged in {census.judge_seconds:.2f} s"]
    return "\n".join(lines)


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    right = (True, *[False] * (len(widths) - 1))
    return [
        "  ".join(cell.rjust(w) if r else cell.ljust(w) for cell, w, r in zip(row, widths, right, strict=True)).rstrip()
        for row in rows
    ]
