"""The exact largest distance between a network and a formula on a domain."""

from relucirc.deviation.measure import Deviation as Deviation
from relucirc.deviation.measure import max_deviation as max_deviation
