"""The polyhedral complex of a network: activation regions, linear pieces, affine maps."""

from relucirc.complexes.complex import Complex as Complex
from relucirc.complexes.complex import regions as regions
