"""One base error and a few children, so that callers can catch what they mean.

Every message says what was expected, what came (its name and value), and what to do.
"""

import os
from typing import Any

from relucirc.core.tracebacks import rendered


class RelucircError(ValueError):
    """Base of every error that relucirc raises for bad input."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of the whole traceback."""
        return rendered(self)


class NetworkError(RelucircError):
    """The network is not one: ragged shapes, NaN or infinite weights, wrong input names."""


class FormulaError(RelucircError):
    """The formula is not piecewise linear, names unknown symbols, or cannot be read."""


class DomainError(RelucircError):
    """The domain is not a polyhedron over the network's inputs, or is empty."""


class FileError(RelucircError):
    """A file cannot be read, or does not hold what its suffix promises."""


class PathError(FileError, TypeError):
    """What should be a file's path is none; a TypeError too, as Python's own functions give."""


def require_suffix(path: Any, what: str, *suffixes: str) -> None:
    """Refuses a file's name that does not say the format that is written.

    Raises:
        FileError: For another suffix, or none.
    """
    name = os.path.basename(os.fsdecode(path))
    if os.path.splitext(name)[1].lower() not in suffixes:
        listed = " or ".join(filter(None, (", ".join(suffixes[:-1]), suffixes[-1])))
        raise FileError(f"expected a file name ending in {listed} for {what}, got {shorten(name)!r}.")


class ActivationWarning(UserWarning):
    """A file of arrays was read as a ReLU network, though nothing in it names the activation."""


def shorten(value: object, width: int = 80) -> str:
    """Returns ``repr(value)`` (text as it is), cut to ``width`` characters for an error message."""
    try:
        text = value if isinstance(value, str) else repr(value)
    except (ValueError, RecursionError):  # over 4,300 digits, or nested too deeply
        text = f"a {type(value).__name__} too large to print"
    text = text if isinstance(value, str) else " ".join(text.split())  # arrays are printed on several lines
    return text if len(text) <= width else text[: width - 3] + "..."


def not_a_network(value: object, expected: str = "a network (relucirc.MLP)") -> NetworkError:
    """Returns the error for a value that is no network, with the way from it to one."""
    kind = type(value)
    if is_circuit(value):
        hint = f"call the circuit to build its network: relucirc.circuits.{getattr(value, 'name', 'minimum')}()."
    elif is_torch(value):
        hint = (
            "a chain of linear layers and ReLUs is read by relucirc.MLP.from_arrays([model[0], model[2]], "
            "activation='relu'), a whole torch.nn.Sequential by relucirc.MLP.from_arrays(model), and a saved state "
            "dict by relucirc.load."
        )
    elif callable(value):
        hint = "copy its weights with relucirc.MLP.from_arrays([(weight, bias), ...])."
    else:
        hint = (
            "relucirc.MLP.from_arrays makes one from arrays, relucirc.load reads files, relucirc.circuits has the "
            "built-ins."
        )
    return NetworkError(f"expected {expected}, got {shorten(value)} of type {kind.__name__}; {hint}")


def is_circuit(value: object) -> bool:
    """Whether a value is a circuit of the catalogue that was not called."""
    return getattr(type(value), "makes_a_network", False) is True


def is_torch(value: object) -> bool:
    """Whether a value is a module or a tensor of PyTorch, which need not be installed."""
    return any(base.__module__.partition(".")[0] == "torch" for base in type(value).__mro__)
