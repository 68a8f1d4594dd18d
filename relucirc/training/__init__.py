"""Training thousands of networks at once, and judging what each of them became by proof.

:func:`train` trains; :attr:`Trained.converged` says which seeds were proved; :func:`take_census` counts and
groups what they became; :func:`run_census` does all of it for a named function.
"""

from relucirc.interpretation.census import Census as Census
from relucirc.interpretation.census import Found as Found
from relucirc.interpretation.census import wilson as wilson
from relucirc.interpretation.counting import take_census as take_census
from relucirc.interpretation.failures import Failure as Failure
from relucirc.training.driver import Trained as Trained
from relucirc.training.driver import train as train
from relucirc.training.experiment import run_census as run_census
from relucirc.training.functions import FUNCTIONS as FUNCTIONS
from relucirc.training.functions import ORIGINAL_SIX as ORIGINAL_SIX
from relucirc.training.functions import Function as Function
from relucirc.training.regimen import REGIMENS as REGIMENS
from relucirc.training.regimen import Regimen as Regimen
