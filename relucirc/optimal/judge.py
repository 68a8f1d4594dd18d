"""``optimal``: is a given network the smallest one for its function?"""

from dataclasses import dataclass, field
from typing import Any

from relucirc.core.budget import Budget, OutOfBudget
from relucirc.core.errors import RelucircError
from relucirc.language.network import MLP
from relucirc.optimal.minimal import minimal_network
from relucirc.proof.prover import prove


@dataclass(frozen=True)
class Optimality:
    """What :func:`optimal` answers; ``bool`` of it is an error where that was not settled.

    Attributes:
        optimal: True: no smaller network; False: :attr:`smaller` is one; None: not settled.
        smaller: A network for the same function with fewer hidden neurons, proved equal.
        lower_bound: No network with one hidden layer has fewer hidden neurons (checked).
        reason: One or two sentences for people.
        certificate: Evidence for :func:`relucirc.optimal.check_minimal`.
    """

    optimal: bool | None
    smaller: MLP | None
    lower_bound: int
    reason: str
    certificate: dict | None = field(default=None, repr=False)

    def __bool__(self) -> bool:
        if self.optimal is None:
            raise RelucircError(f"it was not settled whether the network is optimal: {self.reason} Ask .optimal.")
        return self.optimal

    def __str__(self) -> str:
        return self.reason


def optimal(
    net: MLP, f: Any = None, *, domain: Any = None, bias: bool = True, budget: float | None = 60.0
) -> Optimality:
    """Decides whether a network is the smallest one with one hidden layer for its function.

    Args:
        net: The network.
        f: The function that it is meant to compute, as for :func:`relucirc.prove`; the network's own
            by default.
        domain: Where they must be equal: None for all of R^n, or a polyhedron with interior.
        bias: Whether the networks that it is compared with may have biases.
        budget: Seconds.

    Returns:
        An :class:`Optimality`.

    Raises:
        RelucircError: When the network does not compute f, or something cannot be read.

    Example:
        >>> import relucirc
        >>> bool(optimal(relucirc.circuits.minimum()))
        True
    """
    clock = Budget(budget)
    try:
        with clock:
            return _judged(net, f, domain, bias=bias)
    except (OutOfBudget, KeyboardInterrupt) as error:
        return Optimality(None, None, 0, f"{clock.ended(error)} before it was settled.")


def _judged(net: MLP, f: Any, domain: Any, *, bias: bool) -> Optimality:
    if f is not None:
        answer = prove(net, f, domain=domain, budget=None)
        if answer.status == "refuted":
            raise RelucircError(f"the network does not compute the function: {answer.reason}")
        if answer.status == "unknown":
            return Optimality(
                None, None, 0, f"it was not proved that the network computes the function: {answer.reason}"
            )
    found = minimal_network(net, domain=domain, bias=bias, budget=None)
    size, layers = net.hidden_neurons, len(net.layers) - 1
    if found.network is None or found.hidden_neurons is None:
        return Optimality(None, None, 0, found.reason, found.certificate)
    if found.hidden_neurons < size:
        reason = f"it has {size} hidden neurons, and here is a network with {found.hidden_neurons}: {found.reason}"
        return Optimality(False, found.network, found.lower_bound, reason, found.certificate)
    if layers == 0 and size == 0:
        return Optimality(True, None, 0, "it has no hidden neuron.", found.certificate)
    if layers > 1:
        reason = (
            f"it has {size} hidden neurons in {layers} layers; with one hidden layer at least {found.lower_bound} are "
            "needed, and for deeper networks no exact minimum is known."
        )
        return Optimality(None, None, found.lower_bound, reason, found.certificate)
    if size > found.lower_bound:
        return Optimality(None, None, found.lower_bound, found.reason, found.certificate)
    reason = f"it has {size} hidden neurons, and no network with one hidden layer has fewer: {found.reason}"
    return Optimality(True, None, found.lower_bound, reason, found.certificate)
