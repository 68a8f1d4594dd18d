"""The ONNX operators that are read, from opset 7 on: a table of JAX expressions."""

from relucirc.files.operators import activations as activations
from relucirc.files.operators import arithmetic as arithmetic
from relucirc.files.operators import linear as linear
from relucirc.files.operators import moving as moving
from relucirc.files.operators import reductions as reductions
from relucirc.files.operators import resize as resize
from relucirc.files.operators import sampling as sampling
from relucirc.files.operators import shapes as shapes
from relucirc.files.operators.table import OPERATORS as OPERATORS
