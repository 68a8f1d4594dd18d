"""Success rates as intervals."""

from relucirc.core.errors import RelucircError


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """Returns Wilson's 95 % score interval for a success rate.

    Unlike the textbook's ``p +- z sqrt(p (1 - p) / n)`` it stays inside [0, 1] and is honest where all
    or none succeed: 1,024 of 1,024 says at least 99.6 %.

    Example:
        >>> [round(bound, 4) for bound in wilson(1024, 1024)]
        [0.9963, 1.0]
    """
    from scipy.stats import binomtest  # noqa: PLC0415  (slow to import)

    if not 0 <= successes <= trials or trials < 1:
        raise RelucircError(f"expected successes among at least one trial, got {successes} of {trials}.")
    interval = binomtest(successes, trials).proportion_ci(method="wilson")
    return float(interval.low), float(interval.high)
