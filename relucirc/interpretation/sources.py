"""Where networks come from that are counted: one by one, in groups, or as what the seeds of a census became."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from relucirc.core.errors import NetworkError, is_circuit, not_a_network
from relucirc.interpretation.census import Census
from relucirc.language.network import MLP

GROUP = "networks"
"""The one group of networks that have none."""


class Source(NamedTuple):
    """So many networks of a group: equal ones, or those that were not explained (None)."""

    group: str
    network: MLP | None
    count: int


def sources_of(networks: Any) -> Iterator[Source]:
    """Reads networks, circuits, censuses, and lists and dictionaries of them.

    Raises:
        RelucircError: For anything else, and for networks with symbols.
    """
    if isinstance(networks, Mapping):
        for name, members in networks.items():
            for _, network, count in sources_of(members):
                yield Source(str(name), network, count)
        return
    networks = networks() if is_circuit(networks) else getattr(networks, "census", networks)
    if isinstance(networks, Census):
        for circuit in networks.circuits:
            yield Source(networks.target, circuit.network, circuit.count)
        if networks.proved < networks.seeds:
            yield Source(networks.target, None, networks.seeds - networks.proved)
    elif isinstance(networks, MLP):
        if networks.symbols:
            names = [symbol.name for symbol in networks.symbols]
            raise NetworkError(f"weights have symbols {names}; substitute numbers first.")
        yield Source(GROUP, networks, 1)
    elif isinstance(networks, Iterable) and not isinstance(networks, str | bytes):
        for member in networks:
            yield from sources_of(member)
    else:
        raise not_a_network(networks)
