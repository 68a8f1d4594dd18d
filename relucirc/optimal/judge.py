"""``optimal``: is a given network the smallest one for its function?"""

from dataclasses import dataclass, field, replace
from typing import Any

from relucirc.core.answer import Answer
from relucirc.core.budget import OutOfBudget
from relucirc.core.errors import RelucircError
from relucirc.core.progress import Progress, watched
from relucirc.language.network import MLP
from relucirc.optimal.minimal import minimal_network
from relucirc.proof.prover import prove


@dataclass(frozen=True)
class Optimality(Answer):
    """What :func:`optimal` answers; ``bool`` of it is an error where that was not settled.

    Attributes:
        status: ``"optimal"``, ``"improved"`` (there is a smaller network) or ``"unknown"``.
        reason: One or two sentences for people.
        optimal: True: no smaller network; False: :attr:`smaller` is one; None: not settled.
        smaller: A network for the same function with fewer hidden neurons, proved equal.
        lower_bound: No network with one hidden layer has fewer hidden neurons (checked).
        certificate: Evidence for :func:`relucirc.optimal.check_minimal`.
    """

    status: str
    reason: str
    optimal: bool | None = None
    smaller: MLP | None = None
    lower_bound: int = 0
    certificate: dict | None = field(default=None, repr=False)
    seconds: float = 0.0

    def __bool__(self) -> bool:
        if self.optimal is None:
            raise RelucircError(f"it was not settled whether the network is optimal: {self.reason} Ask .optimal.")
        return self.optimal


def optimal(
    net: MLP,
    f: Any = None,
    domain: Any = None,
    *,
    bias: bool = True,
    budget: float | None = 60.0,
    progress: Progress = None,
) -> Optimality:
    """Decides whether a network is the smallest one with one hidden layer for its function.

    Args:
        net: The network.
        f: The function that it is meant to compute, as for :func:`relucirc.prove`; the network's own
            by default.
        domain: Where they must be equal: None for all of R^n, or a polyhedron with interior.
        bias: Whether the networks that it is compared with may have biases.
        budget: Seconds.
        progress: As for :func:`relucirc.prove`.

    Returns:
        An :class:`Optimality`.

    Raises:
        RelucircError: When the network does not compute f, or something cannot be read.

    Example:
        >>> import relucirc
        >>> bool(optimal(relucirc.circuits.minimum()))
        True
    """
    clock = watched(budget, "optimal", progress)
    try:
        with clock:
            found = _judged(net, f, domain, bias)
            return replace(found, seconds=clock.elapsed)
    except (OutOfBudget, KeyboardInterrupt) as error:
        return Optimality("unknown", f"{clock.ended(error)} before it was settled.", seconds=clock.elapsed)


def _judged(net: MLP, f: Any, domain: Any, bias: bool) -> Optimality:
    if f is not None:
        answer = prove(net, f, domain, budget=None)
        if answer.status == "refuted":
            raise RelucircError(f"the network does not compute the function: {answer.reason}")
        if answer.status == "unknown":
            return Optimality("unknown", f"it was not proved that the network computes the function: {answer.reason}")
    found = minimal_network(net, 1, domain, bias=bias, budget=None)
    size, layers = net.hidden_neurons, len(net.layers) - 1
    if found.network is None or found.hidden_neurons is None:
        return Optimality("unknown", found.reason, certificate=found.certificate)
    known = {"lower_bound": found.lower_bound, "certificate": found.certificate}
    if found.hidden_neurons < size:
        reason = f"it has {size} hidden neurons, and here is a network with {found.hidden_neurons}: {found.reason}"
        return Optimality("improved", reason, False, found.network, **known)
    if layers == 0 and size == 0:
        return Optimality("optimal", "it has no hidden neuron.", True, **known)
    if layers > 1:
        reason = (
            f"it has {size} hidden neurons in {layers} layers; with one hidden layer at least {found.lower_bound} are "
            "needed, and for deeper networks no exact minimum is known."
        )
        return Optimality("unknown", reason, **known)
    if size > found.lower_bound:
        return Optimality("unknown", found.reason, **known)
    reason = f"it has {size} hidden neurons, and no network with one hidden layer has fewer: {found.reason}"
    return Optimality("optimal", reason, True, **known)
