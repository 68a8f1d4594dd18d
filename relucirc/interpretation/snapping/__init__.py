"""Snapping: from a trained network to the circuit that it is close to."""

from relucirc.interpretation.snapping.driver import Snapped as Snapped
from relucirc.interpretation.snapping.driver import snap as snap
