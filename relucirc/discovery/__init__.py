"""Discovery: new constructions, machine-found and exactly proved, with no claim of novelty."""

from relucirc.discovery.architecture import ArchitectureSearch as ArchitectureSearch
from relucirc.discovery.architecture import search_architecture as search_architecture
from relucirc.discovery.chambers import ChamberProof as ChamberProof
from relucirc.discovery.chambers import order_statistic_in_two_layers as order_statistic_in_two_layers
from relucirc.discovery.search import Discovery as Discovery
from relucirc.discovery.search import discover as discover
