"""Success rates as intervals."""

import math

from relucirc.core.errors import RelucircError


def wilson(successes: int, trials: int, z: float = 1.959963984540054) -> tuple[float, float]:
    """Returns Wilson's score interval for a success rate, 95 % by default.

    Unlike the textbook's ``p +- z sqrt(p (1 - p) / n)`` it stays inside [0, 1] and is honest where all
    or none succeed: 1,024 of 1,024 says at least 99.6 %.

    Example:
        >>> [round(bound, 4) for bound in wilson(1024, 1024)]
        [0.9963, 1.0]
    """
    if not 0 <= successes <= trials or trials < 1:
        raise RelucircError(f"expected successes among at least one trial, got {successes} of {trials}.")
    p = successes / trials
    middle = p + z * z / (2 * trials)
    half = z * math.sqrt(p * (1 - p) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    low, high = (middle - half) / scale, (middle + half) / scale
    return (0.0 if successes == 0 else low), (1.0 if successes == trials else high)
