"""How a network will be evaluated: chosen from its shape and sparsity, said in a sentence."""

from dataclasses import dataclass
from typing import Any

from relucirc.core.errors import RelucircError
from relucirc.evaluation.blocks import block_size
from relucirc.evaluation.gather import Group, groups, slices_only
from relucirc.evaluation.simplify import simplify
from relucirc.evaluation.stages import Stages, plain_stages
from relucirc.evaluation.windows import WindowLayer, widest, window_layers, worth_it
from relucirc.language.network import MLP

KINDS = ("elementwise", "gather", "windows", "dense")

UNROLLED = 600
"""Most terms that are written out one by one: above, compiling takes seconds."""

SPARSE = 8
"""A network is sparse when dense matrices would hold this many times its terms."""

LARGE = 40_000
"""Terms above which a network that is not sparse is taken as dense without looking further."""

GATHER_BYTES = 2**27
"""Values of one stage that the gather plan keeps at once; below this, blocks only cost time."""


WINDOW_BYTES = 2**24
"""The same, of one group of windows."""


@dataclass(frozen=True)
class Plan:
    """How a network is evaluated; ``str(plan)`` says it in a sentence.

    Attributes:
        kind: ``"elementwise"``, ``"gather"``, ``"windows"`` or ``"dense"``.
        block: Points in a block, or None for all at once.
        stages: What is evaluated, or None where the layers are kept: dense and windows plans and traced weights.
        layout: The groups of every stage, for the gather plan.
        reason: Why this plan.
        before: Sizes of the network's layers.
        windows: The layers of a windows plan, in the type that it was chosen for.
    """

    kind: str
    block: int | None
    stages: Stages | None
    layout: tuple[tuple[Group, ...], ...]
    reason: str
    before: tuple[int, ...]
    windows: tuple[WindowLayer, ...] = ()

    def __str__(self) -> str:
        sizes = "-".join(map(str, self.before))
        how = {
            "dense": "by matrix products",
            "elementwise": "as one fused elementwise loop",
            "windows": "by windows, as convolutions are",
        }.get(self.kind)
        if self.stages is not None:
            how = how or f"by slices and gathers in {len(self.stages.stages)} stages"
            relus = self.stages.relus
            how += f" of {self.stages.terms} terms and {relus} {'maximum' if relus == 1 else 'maxima'}"
        blocks = "all points at once" if self.block is None else f"at most {self.block} points at a time"
        return f"{sizes} network evaluated {how}, {blocks}, because {self.reason}."


def choose_plan(net: MLP, dtype: Any, kind: str = "auto", block: int | None = None, rewrite: bool = True) -> Plan:
    """Chooses how to evaluate a network in a float type, from what :func:`relucirc.compile_network` is asked for.

    Raises:
        RelucircError: For an unknown kind of plan, or a block that is not positive.
    """
    _check_options(kind, block)
    stages, layout, reason, windows = None, (), "it was asked for", ()
    if kind == "auto" and _is_large(net):
        windows = () if _is_dense(net) else window_layers(net, dtype)
        if windows and worth_it(windows, net.sizes):
            kind, reason = "windows", "its layers are large, and their rows come again and again"
        elif _is_dense(net):
            kind, reason = "dense", "its layers are large and not sparse"
    if kind == "windows":
        windows = windows or window_layers(net, dtype)
        block = block or block_size(widest(windows), dtype, WINDOW_BYTES)
    elif kind != "dense":
        stages = plain_stages(net)
        stages = simplify(stages) if rewrite else stages
        if kind == "auto":
            if stages.terms <= UNROLLED:
                kind, reason = "elementwise", f"it is small (at most {UNROLLED} terms)"
            elif stages.terms * SPARSE <= stages.dense_terms:
                kind, reason = "gather", f"less than one weight in {SPARSE} is not zero"
            else:
                kind, reason = "dense", "its layers are not sparse"
        if kind == "gather":
            layout = tuple(tuple(groups(stage)) for stage in stages.stages)
            if slices_only(layout, stages.inputs, dtype):
                reason += ", and even strides make every gather a slice"
            block = block or block_size(max(stages.sizes), dtype, GATHER_BYTES)
    if kind == "dense":
        stages, block = None, block or block_size(max(net.sizes), dtype)
    return Plan(kind, block, stages, layout, reason, net.sizes, windows)


TRACED_CELLS = 600
"""Most weights that are written out one by one when they are arguments."""


def choose_traced_plan(net: MLP, dtype: Any, kind: str = "auto", block: int | None = None) -> Plan:
    """Chooses how to evaluate a network whose weights are arguments, so that only its sizes matter.

    Raises:
        RelucircError: For an unknown kind of plan, or a block that is not positive.
    """
    _check_options(kind, block)
    if kind in ("gather", "windows"):
        raise RelucircError(f"plan={kind!r} needs the weights: use weights='baked', or plan='dense' or 'elementwise'.")
    cells = sum(a * b for a, b in zip(net.sizes, net.sizes[1:], strict=False))
    reason = "it was asked for"
    if kind == "auto":
        small = cells <= TRACED_CELLS
        kind = "elementwise" if small else "dense"
        reason = f"it has {'at most' if small else 'more than'} {TRACED_CELLS} weights, which are arguments"
    if kind == "dense":
        block = block or block_size(max(net.sizes), dtype)
    return Plan(kind, block, None, (), reason, net.sizes)


def _check_options(kind: str, block: Any) -> None:
    if kind not in ("auto", *KINDS):
        raise RelucircError(f"plan: expected 'auto' or one of {KINDS}, got {kind!r}.")
    if block is not None and (not isinstance(block, int) or block < 1):
        raise RelucircError(f"batch: expected a positive number of points, got {block!r}.")


def _is_large(net: MLP) -> bool:
    """Whether there are so many weights that exact arithmetic on each would take long."""
    return not net.symbols and sum(_count(layer.weight) for layer in net.layers) > LARGE


def _is_dense(net: MLP) -> bool:
    """Whether a look at the number of non-zero weights settles it, without exact arithmetic."""
    cells = sum(a * b for a, b in zip(net.sizes, net.sizes[1:], strict=False))
    return sum(_count(layer.weight) for layer in net.layers) * SPARSE > cells


def _count(weight: Any) -> int:
    return sum(map(len, weight.rows)) if hasattr(weight, "rows") else int((weight != 0).sum())
