"""Discovery: new constructions, machine-found and exactly proved, with no claim of novelty."""

from relucirc.optimal.discovery.architecture import ArchitectureSearch as ArchitectureSearch
from relucirc.optimal.discovery.architecture import search_architecture as search_architecture
from relucirc.optimal.discovery.chambers import ChamberProof as ChamberProof
from relucirc.optimal.discovery.chambers import order_statistic_in_two_layers as order_statistic_in_two_layers
from relucirc.optimal.discovery.search import Discovery as Discovery
from relucirc.optimal.discovery.search import discover as discover
