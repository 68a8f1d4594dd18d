"""Discovery: new constructions, machine-found and exactly proved, with no claim of novelty."""

from relucirc.discovery.architecture import ArchitectureSearch as ArchitectureSearch
from relucirc.discovery.architecture import search_architecture as search_architecture
from relucirc.discovery.search import Discovery as Discovery
from relucirc.discovery.search import discover as discover
