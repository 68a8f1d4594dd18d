"""Reading traced functions exactly: one rule per primitive, over arrays of exact scalars."""

from relucirc.lower.jaxpr import arithmetic as arithmetic
from relucirc.lower.jaxpr import casts as casts
from relucirc.lower.jaxpr import conditions as conditions
from relucirc.lower.jaxpr import constants as constants
from relucirc.lower.jaxpr import linear as linear
from relucirc.lower.jaxpr import moving as moving
from relucirc.lower.jaxpr import reductions as reductions
