"""One base error and a few children, so that callers can catch what they mean.

Every message says what was expected, what came (its name and value), and what to do.
"""


class RelucircError(ValueError):
    """Base of every error that relucirc raises for bad input."""


class NetworkError(RelucircError):
    """The network is not one: ragged shapes, NaN or infinite weights, wrong input names."""


class FormulaError(RelucircError):
    """The formula is not piecewise linear, names unknown symbols, or cannot be read."""


class DomainError(RelucircError):
    """The domain is not a polyhedron over the network's inputs, or is empty."""


class FileError(RelucircError):
    """A file cannot be read, or does not hold what its suffix promises."""


class CertificateError(RelucircError):
    """A certificate is not of the form that the checker reads."""


def shorten(value: object, width: int = 80) -> str:
    """Returns ``repr(value)`` (text as it is), cut to ``width`` characters for an error message."""
    try:
        text = value if isinstance(value, str) else repr(value)
    except (ValueError, RecursionError):  # over 4,300 digits, or nested too deeply
        text = f"a {type(value).__name__} too large to print"
    return text if len(text) <= width else text[: width - 3] + "..."
