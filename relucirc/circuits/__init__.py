"""The catalogue: known circuits, each with its formula, its source, and the domain of the claim.

``catalogue`` maps names to :class:`Circuit`; every circuit is also an attribute of this module.  Circuits are
made of circuits by :func:`compose`, :func:`parallel` and :func:`tree`.
"""

from relucirc.circuits import (
    adders,
    approximation,
    arithmetic,
    clips,
    extrema,
    features,
    gates,
    hats,
    selection,
    sorting,
)
from relucirc.circuits.adders import full_adder as full_adder
from relucirc.circuits.adders import half_adder as half_adder
from relucirc.circuits.adders import ripple_adder as ripple_adder
from relucirc.circuits.approximation import sawtooth as sawtooth
from relucirc.circuits.approximation import yarotsky_square as yarotsky_square
from relucirc.circuits.arithmetic import absolute as absolute
from relucirc.circuits.arithmetic import addition as addition
from relucirc.circuits.arithmetic import identity as identity
from relucirc.circuits.arithmetic import negative_identity as negative_identity
from relucirc.circuits.arithmetic import subtraction as subtraction
from relucirc.circuits.circuit import Circuit as Circuit
from relucirc.circuits.clips import clip as clip
from relucirc.circuits.clips import hard_sigmoid as hard_sigmoid
from relucirc.circuits.clips import hard_tanh as hard_tanh
from relucirc.circuits.clips import leaky_relu as leaky_relu
from relucirc.circuits.clips import relu6 as relu6
from relucirc.circuits.clips import saturating_add as saturating_add
from relucirc.circuits.clips import soft_threshold as soft_threshold
from relucirc.circuits.combine import compose as compose
from relucirc.circuits.combine import parallel as parallel
from relucirc.circuits.combine import tree as tree
from relucirc.circuits.extrema import distance as distance
from relucirc.circuits.extrema import maximum as maximum
from relucirc.circuits.extrema import minimum as minimum
from relucirc.circuits.extrema import minimum_two_layers as minimum_two_layers
from relucirc.circuits.extrema import spread as spread
from relucirc.circuits.family import family_of as family_of
from relucirc.circuits.features import greaterness_detector as greaterness_detector
from relucirc.circuits.features import negative_reconstructor as negative_reconstructor
from relucirc.circuits.features import negativeness_detector as negativeness_detector
from relucirc.circuits.features import positive_reconstructor as positive_reconstructor
from relucirc.circuits.features import positiveness_detector as positiveness_detector
from relucirc.circuits.gates import and_gate as and_gate
from relucirc.circuits.gates import implies_gate as implies_gate
from relucirc.circuits.gates import majority_gate as majority_gate
from relucirc.circuits.gates import nand_gate as nand_gate
from relucirc.circuits.gates import nor_gate as nor_gate
from relucirc.circuits.gates import not_gate as not_gate
from relucirc.circuits.gates import or_gate as or_gate
from relucirc.circuits.gates import parity_gate as parity_gate
from relucirc.circuits.gates import xnor_gate as xnor_gate
from relucirc.circuits.gates import xor_gate as xor_gate
from relucirc.circuits.hats import hat as hat
from relucirc.circuits.hats import hat2 as hat2
from relucirc.circuits.notebook import Trained as Trained
from relucirc.circuits.notebook import trained as trained
from relucirc.circuits.selection import select as select
from relucirc.circuits.selection import switch as switch
from relucirc.circuits.sorting import median as median
from relucirc.circuits.sorting import order_statistic as order_statistic
from relucirc.circuits.sorting import sort as sort

_ORDER = (features, arithmetic, extrema, sorting, clips, hats, approximation, gates, adders, selection)
catalogue: dict[str, Circuit] = {
    circuit.name: circuit for module in _ORDER for circuit in vars(module).values() if isinstance(circuit, Circuit)
}
"""Every circuit by name: the original work's first, then the others, as they are defined."""
