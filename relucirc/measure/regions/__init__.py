"""The polyhedral complex of a network: activation regions, linear pieces, affine maps."""

from relucirc.measure.regions.complex import Complex as Complex
from relucirc.measure.regions.complex import regions as regions
from relucirc.measure.regions.counting import count_regions as count_regions
