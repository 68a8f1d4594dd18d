"""Reading traced functions exactly: one rule per primitive, over arrays of exact scalars."""

from relucirc.language.lower.jaxpr import arithmetic as arithmetic
from relucirc.language.lower.jaxpr import conditions as conditions
from relucirc.language.lower.jaxpr import linear as linear
from relucirc.language.lower.jaxpr import moving as moving
from relucirc.language.lower.jaxpr import reductions as reductions
