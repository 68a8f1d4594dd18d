"""The exact largest distance between a network and a formula on a domain."""

from relucirc.measure.deviation.answer import Deviation as Deviation
from relucirc.measure.deviation.measure import max_deviation as max_deviation
