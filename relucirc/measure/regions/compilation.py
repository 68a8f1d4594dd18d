"""When the compiled walk pays: compiling takes half a minute, once; after that it is kept on disk.

numba keeps it in ``NUMBA_CACHE_DIR``, else beside the source, else in the user's own cache, whichever it can write.
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from relucirc.core.budget import announce, seconds_left

COMPILING, LOADING = 25.0, 1.5
"""Seconds, about, until the walk can start where it is not on disk, and where it is."""
SURELY = 0.5
"""Seconds of exact walking that are spent before anything is compiled or loaded."""

_ready: set[bool] = set()


@cache
def is_available() -> bool:
    """Whether numba, which compiles the walk, is installed."""
    return find_spec("numba") is not None  # an extra: pip install 'relucirc[fast]'


def is_ready() -> bool:
    """Whether compiled code has run in this process."""
    return bool(_ready)


def pays(elapsed: float, left: float) -> bool:
    """Whether to go on in compiled code.

    Args:
        elapsed: Seconds walked exactly so far.
        left: The share of the tree that is left, by its branches: half of a cell on either side of a cut.
    """
    ahead = elapsed * left / max(1.0 - left, 1e-9)
    if elapsed < SURELY or max(ahead, elapsed) < LOADING:
        return False
    price = LOADING if _is_kept() else COMPILING
    return max(ahead, elapsed) > price and seconds_left(4 * price) > 2 * price


def compiling(system: bool) -> None:
    """Says that the walk in a number system (True for integers) is being compiled, where it is."""
    if system not in _ready and not _is_kept():
        announce(f"compiling the walk of regions once, about {COMPILING:.0f} s")
    _ready.add(system)


def _is_kept() -> bool:
    from relucirc.measure.regions.kernel import run  # noqa: PLC0415  (needs numba)

    folder = run.stats.cache_path
    return bool(folder) and any(Path(folder).glob("kernel.run-*.nbi"))
