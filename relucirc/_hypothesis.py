"""What Hypothesis calls when it is imported, so that ``st.from_type(relucirc.MLP)`` works.

Apart from :mod:`relucirc.strategies`, which imports Hypothesis: whichever of the two comes first, nothing is asked
of a module that is only half there.
"""

from typing import Any

from relucirc.domain import Box
from relucirc.network import MLP


def _register() -> None:
    """Registers the strategies by type; they are made when they are first drawn from."""
    from hypothesis import strategies as st  # noqa: PLC0415  (Hypothesis calls this)

    st.register_type_strategy(MLP, _networks)
    st.register_type_strategy(Box, _boxes)


def _networks(_: type) -> Any:
    from relucirc.strategies import networks  # noqa: PLC0415  (imports Hypothesis)

    return networks()


def _boxes(_: type) -> Any:
    from relucirc.strategies import boxes  # noqa: PLC0415  (imports Hypothesis)

    return boxes()
