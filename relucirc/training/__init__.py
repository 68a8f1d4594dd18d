"""Training thousands of networks at once, and proving what each of them became."""

from relucirc.training.driver import Trained as Trained
from relucirc.training.driver import train as train
from relucirc.training.regimen import REGIMENS as REGIMENS
from relucirc.training.regimen import Regimen as Regimen
