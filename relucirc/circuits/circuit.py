"""What a catalogue entry is: a network by construction, the formula it is claimed to equal, and a source."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import sympy

from relucirc.circuits.family import family_of
from relucirc.core.errors import NetworkError, shorten
from relucirc.core.exact import rational, to_rational
from relucirc.core.names import default_names
from relucirc.core.showing import html_of
from relucirc.language.network import MLP
from relucirc.language.order_statistic import OrderStatistic


@dataclass(frozen=True)
class Circuit:
    """A known network: call it to build the network.

    Attributes:
        name: Its name in the catalogue.
        source: Where it comes from.
        description: One sentence.
        build: Builds the network; takes the circuit's parameters, all with defaults.
        claim: Builds the formula from the same parameters.
        where: Builds the text of the domain from the same parameters; None for all of R^n.
        examples: Parameters worth proving, the defaults first.
        kind: ``"feature"`` (one neuron that detects or reconstructs something) or ``"circuit"``.

    Example:
        >>> from relucirc.circuits import minimum
        >>> minimum().sizes, minimum.formula()
        ((2, 3, 1), Min(x1, x2))
        >>> minimum(5).at(3, 1, 4, 1, 5)
        (1,)
    """

    name: str
    source: str
    description: str
    build: Callable[..., MLP]
    claim: Callable[..., Any]
    where: Callable[..., str] | None = None
    examples: tuple[tuple, ...] = ((),)
    kind: str = "circuit"
    makes_a_network: ClassVar[bool] = True

    def __call__(self, *args: Any, **kwargs: Any) -> MLP:
        """Builds the network."""
        return self._with(self.build, args, kwargs)

    def formula(self, *args: Any, **kwargs: Any) -> Any:
        """Returns the formula of ``self(*args)``: a SymPy expression, or a list for several outputs."""
        return self._with(self.claim, args, kwargs)

    @property
    def domain(self) -> str | None:
        """Where the default circuit is claimed to equal its formula; None for all of R^n."""
        return self.domain_of()

    def domain_of(self, *args: Any, **kwargs: Any) -> str | None:
        """Returns the domain of the claim about ``self(*args)``, as :func:`relucirc.prove` reads it."""
        return self._with(self.where or (lambda *_, **__: None), args, kwargs)

    def where_words(self, *args: Any, **kwargs: Any) -> str:
        """Says where ``self(*args)`` is claimed to equal its formula: everywhere, on bits, or the domain's text."""
        text = self.domain_of(*args, **kwargs)
        if text is None:
            return "everywhere"
        return "bits" if text == bits(self(*args, **kwargs).inputs) else text

    def family(self, *args: Any, **kwargs: Any) -> MLP:
        """Returns the family of all positive rescalings of ``self(*args)``, weights as symbols."""
        return family_of(self(*args, **kwargs))

    @property
    def parameters(self) -> tuple[inspect.Parameter, ...]:
        """What the circuit takes, each with its default."""
        return tuple(inspect.signature(self.build).parameters.values())

    def _with(self, make: Callable[..., Any], args: tuple, kwargs: dict[str, Any]) -> Any:
        """Calls with the circuit's parameters, or says which there are."""
        try:
            bound = inspect.signature(self.build).bind(*args, **kwargs)
        except TypeError:
            given = ", ".join([*map(repr, args), *(f"{name}={value!r}" for name, value in kwargs.items())])
            takes = ", ".join(f"{parameter.name}={parameter.default!r}" for parameter in self.parameters)
            wanted = (
                f"at most {len(self.parameters)} arguments, {takes}"
                if len(self.parameters) > 1
                else (f"at most one argument, {takes}" if takes else "no arguments")
            )
            raise NetworkError(f"{self.name}: expected {wanted}; got {shorten(f'({given})')}.") from None
        return make(*bound.args, **bound.kwargs)

    def __repr__(self) -> str:
        return f"<{self.kind} {self.name}: {self.description}>"

    def _repr_html_(self) -> str:
        """What a notebook shows: what the circuit is, its drawing, and its source folded."""
        return html_of(self, f"{self.name}: {self.description}", [("source", self.source)])


def network(*layers: Any) -> MLP:
    """Builds an exact network from weight matrices, or ``(weight, bias)`` pairs."""
    return MLP.from_arrays([layer if isinstance(layer, tuple) else (layer, None) for layer in layers])


def symbols(count: int) -> list[sympy.Symbol]:
    """Returns the symbols of the default input names: x, or x1, x2, ..."""
    return [sympy.Symbol(name) for name in default_names(count)]


def at_least(value: int, least: int, what: str, most: int = 1_000_000) -> int:
    """Checks an integer parameter.

    Raises:
        NetworkError: When it is no integer, too small, or too large for a network or formula to be built.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise NetworkError(f"{what}: expected an integer of at least {least}, got {shorten(value)}.")
    if value > most:
        raise NetworkError(f"{what}: expected an integer of at most {most}, got {shorten(value)}.")
    return value


def positive(value: Any, what: str) -> sympy.Rational:
    """Reads a parameter that is a positive number."""
    number = to_rational(rational(value, what))
    if number <= 0:
        raise NetworkError(f"{what}: expected a positive number, got {number}.")
    return number


def order_formula(k: int, n: int) -> Any:
    """Returns the formula of the k-th least of n inputs, unevaluated."""
    values = symbols(n)
    if n == 1:
        return values[0]
    kind: Any = sympy.Min if k == 1 else sympy.Max
    return kind(*values, evaluate=False) if k in (1, n) else OrderStatistic(k, *values)


def bits(names: Sequence[str]) -> str:
    """Returns the domain text that says that inputs are bits."""
    return ", ".join(f"{name} in {{0, 1}}" for name in names)
