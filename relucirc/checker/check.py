"""``check``: accept or reject a certificate of any verb; its ``format`` says what it is evidence for."""

import os
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from relucirc.checker.depth import FORMAT as DEPTH
from relucirc.checker.depth import check_depth
from relucirc.checker.equality import check_claim
from relucirc.checker.extrema import BOUNDS, DEVIATION, check_bounds, check_deviation
from relucirc.checker.lines import opened
from relucirc.checker.minimal import FORMAT as SIZE
from relucirc.checker.minimal import check_minimal, network_to_json
from relucirc.checker.regions import FORMAT as REGIONS
from relucirc.checker.regions import check_regions
from relucirc.checker.safety import FORMAT as UNSAT
from relucirc.checker.safety import check_property
from relucirc.checker.verdict import Verdict
from relucirc.core.crew import gathered
from relucirc.core.errors import FileError, not_a_network
from relucirc.language.claim import read_claim
from relucirc.language.network import MLP
from relucirc.language.vnnlib import property_of

SIZES = {SIZE: check_minimal, DEPTH: check_depth}
"""What checks a certificate about the networks that a function needs."""


def check(
    net: Any,
    formula: Any,
    certificate: Any,
    domain: Any = None,
    *,
    within: Any = None,
    inputs: Sequence[str | Sequence[str]] | None = None,
    executor: Any = None,
    workers: int | None = None,
) -> Verdict:
    """Checks a certificate independently of the methods that made it.

    A certificate of :func:`relucirc.prove` is evidence that a network and a formula are equal, or within a tolerance,
    or that a relation holds; ``formula`` is then that relation, or True where ``net`` has conditions as values.  One of
    :func:`relucirc.minimal_network`, :func:`relucirc.optimal` or :func:`relucirc.depth_certificate` is about one
    function: give it as ``net`` or as ``formula``, and None for the other.  Given both, ``net`` must be the very
    network of the certificate, which is then proved equal to the formula as well as smallest.  One of
    :func:`relucirc.max_deviation` is about its network, formula and domain; one of :func:`relucirc.bounds` about its
    network and domain, the formula being None; one of :func:`relucirc.verify` about its networks and property file.

    Args:
        net: The network, as for :func:`relucirc.prove`; or the function that a size or depth is claimed of; or a list
            of networks, as for :func:`relucirc.verify`.
        formula: The formula, as for :func:`relucirc.prove`; or a property file, as for :func:`relucirc.verify`.
        certificate: ``result.certificate``, or the same data read back from JSON; or the path of a file that
            :func:`relucirc.save_certificate` or the command line wrote, or that file, open: it is read as it is
            checked, so that it need not fit into memory.
        domain: The domain of the claim.
        within: The tolerance, as for :func:`relucirc.prove`.
        inputs: Names of the inputs where ``net`` is a function.
        executor: Who replays parts of it, as for :func:`relucirc.prove`.
        workers: How many processes do, where no executor is given.

    Returns:
        A :class:`Verdict`, true if the certificate proves its claim on the domain: that of ``prove``, that the
        function needs as many hidden neurons as the certificate says, or that it needs two hidden layers.

    Raises:
        RelucircError: When the network, the formula or the domain of a claim cannot be read.  A certificate
            of any shape is rejected, never an error.

    Example:
        >>> import relucirc
        >>> net = relucirc.circuits.minimum()
        >>> proof = relucirc.prove(net, "Min(x1, x2)").certificate
        >>> print(check(net, "Min(x1, x2)", proof))
        accepted: every step was replayed.
        >>> bool(check(net, "Max(x1, x2)", proof))
        False
        >>> found = relucirc.bounds(net, "0 <= x1 <= 1")
        >>> print(check(net, None, found.certificate, "0 <= x1 <= 1"))
        accepted: the bounds hold, the points attain them, and the outputs grow along their rays.
        >>> size = relucirc.minimal_network("Min(x1, x2)").certificate
        >>> bool(check("Min(x1, x2)", None, size))
        True
    """
    with gathered(executor, workers):
        return _checked(net, formula, certificate, domain, within=within, inputs=inputs)


def _checked(net: Any, formula: Any, certificate: Any, domain: Any, *, within: Any, inputs: Any) -> Verdict:
    if isinstance(certificate, str | os.PathLike) or hasattr(certificate, "read"):
        return _check_file(net, formula, certificate, domain, within=within, inputs=inputs)
    kind = certificate.get("format") if type(certificate) is dict else None
    if type(kind) is str and kind in SIZES:
        return _check_size(net, formula, certificate, domain, inputs)
    if (kind == UNSAT or isinstance(net, list | tuple)) and net is not None and formula is not None:
        return _check_unsat(net, formula, certificate, domain, within)
    if kind == BOUNDS and net is not None:
        if formula is not None or within is not None:
            return Verdict(False, "it is about a network alone: expected None for the formula, and no tolerance")
        return check_bounds(net, domain, certificate, inputs)
    if kind == REGIONS and net is not None:
        if formula is not None or within is not None:
            return Verdict(False, "it is about a network alone: expected None for the formula, and no tolerance")
        return check_regions(net, domain, certificate)
    if kind == DEVIATION and net is not None and formula is not None:
        if within is not None:
            return Verdict(False, "it is about the largest difference: expected no tolerance")
        return check_deviation(net, formula, domain, certificate, inputs)
    if net is None or formula is None:
        return Verdict(False, f"expected a network and a formula, or one of the formats {', '.join(SIZES)}")
    claim = read_claim(net, formula, domain, inputs, within)
    claim.domain.refuse_empty(len(claim.left.inputs))
    return check_claim(claim, certificate)


def _check_file(net: Any, formula: Any, source: Any, domain: Any, **options: Any) -> Verdict:
    """Checks the certificate in a file, all of which has to be read."""
    with ExitStack() as stack:
        try:
            reader = stack.enter_context(opened(source))
        except FileError as error:
            return Verdict(False, str(error).removesuffix("."))
        verdict = _checked(net, formula, reader.certificate, domain, **options)
        if verdict and not reader.is_at_its_end():
            return Verdict(False, "the file has more than its certificate, or is damaged", verdict.seconds)
        return verdict


def _check_unsat(net: Any, prop: Any, certificate: dict, domain: Any, within: Any) -> Verdict:
    """Checks that a property of a file has no point."""
    if domain is not None or within is not None:
        return Verdict(False, "it is about a property's own domain: expected no other, and no tolerance")
    networks = list(net) if isinstance(net, list | tuple) else [net]
    for network in networks:
        if not isinstance(network, MLP):
            raise not_a_network(network)
    return check_property([network.exact() for network in networks], property_of(prop), certificate)


def _check_size(net: Any, formula: Any, certificate: dict, domain: Any, inputs: Any) -> Verdict:
    """Checks what is claimed of one function: of the formula, where the network is the certificate's own."""
    if net is not None and formula is not None:
        if not _is_its_network(net, certificate):
            return Verdict(False, "it is about one function: expected that alone, or the certificate's own network too")
        net = None
    return SIZES[certificate["format"]](formula if net is None else net, certificate, domain, inputs)


def _is_its_network(net: Any, certificate: dict) -> bool:
    """Whether a network is the one that a certificate of size has, weight by weight, and all that it has."""
    if not isinstance(net, MLP) or net.symbols or "skip" in certificate:
        return False
    return certificate.get("network") == network_to_json(net)
