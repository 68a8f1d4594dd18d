"""Theorems: a proof as a file that Rocq's kernel checks, network, formula and evidence in it.

``rocq/`` holds a checker written in Gallina, proved sound once for all; a theorem is its verdict on one certificate.
"""

from relucirc.proof.theorem.asking import Theorem as Theorem
from relucirc.proof.theorem.asking import theorem as theorem
