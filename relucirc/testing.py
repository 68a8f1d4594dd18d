"""For tests of code that makes networks: assertions that prove instead of sampling.

:func:`assert_equal` is one proof; :func:`assert_all_equal` proves a whole construction, on arguments
that Hypothesis draws and shrinks.
"""

from collections.abc import Callable, Sequence
from typing import Any

from relucirc.core.errors import RelucircError
from relucirc.language.domain import Box
from relucirc.language.network import MLP
from relucirc.proof.prover import prove
from relucirc.proof.result import Result


def assert_equal(
    net: Any,
    formula: Any,
    domain: Any = None,
    *,
    within: Any = None,
    budget: float | None = 60.0,
    inputs: Sequence[str] | None = None,
) -> Result:
    """Asserts that a network equals a formula, or keeps a relation, at every point of a domain, by proof.

    Args:
        net: A network or JAX function, as for :func:`relucirc.prove`.
        formula: The formula, as for :func:`relucirc.prove`.
        domain: The domain, as for :func:`relucirc.prove`.
        within: How far the network may be from the formula, as for :func:`relucirc.prove`.
        budget: Seconds of wall time; None for no limit.
        inputs: Names of the inputs, in order, where ``net`` is a function.

    Returns:
        The proved :class:`relucirc.Result`.

    Raises:
        AssertionError: With an exact point where they differ and both values there, or with what was
            tried when the budget ended.
        RelucircError: When the network, the formula or the domain cannot be read.

    Example:
        >>> import relucirc
        >>> assert_equal(relucirc.circuits.minimum(), "Max(x1, x2)")
        Traceback (most recent call last):
            ...
        AssertionError: refuted: at x1 = 1, x2 = 0 the network gives 0 and the formula 1.
    """
    __tracebackhide__ = True
    result = prove(net, formula, domain=domain, within=within, budget=budget, inputs=inputs)
    if result.status != "proved":
        raise AssertionError(str(result))
    return result


def assert_all_equal(
    build: Callable[..., Any],
    formula: Callable[..., Any],
    *arguments: Any,
    domain: Any = None,
    budget: float | None = 60.0,
    inputs: Any = None,
    max_examples: int = 50,
) -> None:
    """Asserts that a construction gives the network it should, for arguments drawn by Hypothesis.

    Args:
        build: Makes a network or JAX function from the arguments.
        formula: Makes from the same arguments the formula that the network should equal.
        *arguments: One Hypothesis strategy for each argument.
        domain: The domain, as for :func:`relucirc.prove`; or a function that makes it from the arguments.
        budget: Seconds for each proof; None for no limit.
        inputs: Names of the inputs, in order, where ``build`` makes a function; or a function that makes them from
            the arguments.
        max_examples: How many draws of the arguments are proved.

    Raises:
        AssertionError: For the smallest arguments found to fail, naming them and the point.

    Example:
        >>> import relucirc
        >>> from hypothesis import strategies as st
        >>> assert_all_equal(
        ...     relucirc.circuits.minimum,
        ...     lambda n: "Min(" + ", ".join(f"x{i + 1}" for i in range(n)) + ")",
        ...     st.integers(2, 5),
        ... )
    """
    try:
        from hypothesis import HealthCheck, given, settings  # noqa: PLC0415  (heavy, and only this needs it)
        from hypothesis import strategies as st  # noqa: PLC0415
    except ModuleNotFoundError:
        raise RelucircError("assert_all_equal needs Hypothesis: pip install hypothesis.") from None

    __tracebackhide__ = True

    # Shrinking ends at the last failure, which is the smallest: that one is raised, without a replay's noise.
    smallest: list[AssertionError] = []
    slow = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much, HealthCheck.nested_given)

    @settings(
        max_examples=max_examples, deadline=None, database=None, report_multiple_bugs=False, suppress_health_check=slow
    )
    @given(st.tuples(*arguments))
    def holds(drawn: tuple) -> None:
        where: Any
        names: Any
        where, names = (ask(*drawn) if callable(ask) else ask for ask in (domain, inputs))
        result = prove(build(*drawn), formula(*drawn), domain=where, budget=budget, inputs=names)
        if result.status != "proved":
            error = AssertionError(f"with {', '.join(map(repr, drawn))}: {result}")
            smallest[:] = [error]
            raise error

    try:
        holds()
    except AssertionError as error:
        raise (smallest[0] if smallest else error) from None


def _register() -> None:
    """What Hypothesis calls when it is imported, so that ``st.from_type(relucirc.MLP)`` works.

    The strategies are made when they are first drawn from: they import Hypothesis, and whichever of the two comes
    first, nothing is asked of a module that is only half there.
    """
    from hypothesis import strategies as st  # noqa: PLC0415  (Hypothesis calls this)

    def drawn(kind: type) -> Any:
        from relucirc.strategies import boxes, networks  # noqa: PLC0415  (imports Hypothesis)

        return networks() if kind is MLP else boxes()

    for kind in (MLP, Box):
        st.register_type_strategy(kind, drawn)
