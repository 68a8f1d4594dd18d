"""What the commands read: networks, formulas that are files, points, and shared options."""

import argparse
import ast
import os
from typing import Any

from relucirc.core.answer import Answer
from relucirc.core.errors import RelucircError, shorten
from relucirc.core.exact import rational
from relucirc.language.network import MLP

NETWORK_HELP = (
    "a network file (.json, .onnx, .npz, .safetensors, .pt, .pt2) or a built-in such as minimum or minimum(4)"
)
FORMULA_HELP = "a formula over the network's inputs, such as 'Min(x1, x2)'; or another network's file"
RELATION_HELP = f"{FORMULA_HELP}; or a relation of the output, such as '0 <= y <= Max(x1, x2)' (y1, y2, ... of several)"


def read_network(text: str) -> MLP:
    """Reads NET: a file, or a built-in's name with its parameters: ``minimum``, ``minimum:4``, ``clip(lower=-1)``."""
    from relucirc.circuits import catalogue

    text = text.strip()
    name, arguments, named = _call(text)
    if name in catalogue and not os.path.isfile(text):
        return catalogue[name](*arguments, **named)
    if not _is_file_name(text) and not os.path.exists(text):
        raise RelucircError(
            f"expected a network file or a built-in circuit, got {shorten(text)!r}; "
            "`relucirc circuits` lists the built-ins."
        )
    import relucirc

    return relucirc.load(text)


def read_formula(text: str) -> Any:
    """Reads FORMULA: text stays text; the name of an existing network file is loaded."""
    if _is_file_name(text) and os.path.isfile(text):
        import relucirc

        return relucirc.load(text)
    return text


def read_function(text: str) -> Any:
    """Reads what may be a network as well as a formula: the file or the built-in of that name, or else a formula."""
    from relucirc.circuits import catalogue

    return read_network(text) if _is_file_name(text) or _call(text.strip())[0] in catalogue else text


def read_point(text: str, names: tuple[str, ...]) -> tuple:
    """Reads POINT: ``3,-5`` in order, or ``x1=3,x2=-5`` by name."""
    inside = text.strip()
    if inside[:1] + inside[-1:] in ("()", "[]"):
        inside = inside[1:-1]
    parts = [part.strip() for part in inside.split(",") if part.strip()]
    if any("=" in part for part in parts):
        if not all(part.count("=") == 1 for part in parts):
            raise RelucircError(f"point: expected all coordinates by name (x1=3,x2=-5) or none, got {shorten(text)!r}.")
        named = {k.strip(): v.strip() for k, v in (part.split("=") for part in parts)}
        if set(named) != set(names) or len(named) != len(parts):
            raise RelucircError(f"point: expected one value for each of {', '.join(names)}, got {shorten(text)!r}.")
        parts = [named[name] for name in names]
    if len(parts) != len(names):
        raise RelucircError(f"point: expected {len(names)} values, for {', '.join(names)}, got {len(parts)}.")
    return tuple(rational(part, name) for name, part in zip(names, parts, strict=True))


def domain_text(text: str) -> str:
    """Reads a domain: conditions, or the text of the .json file that is named."""
    if not text.strip().lower().endswith(".json"):
        return text
    from relucirc.language.json_domain import json_file

    try:
        return json_file(text.strip())
    except RelucircError as error:
        raise argparse.ArgumentTypeError(str(error).removeprefix("domain: ").rstrip(".")) from None


def file_name(text: str) -> str:
    """Reads the name of a file to write."""
    if not text.strip() or "\0" in text:
        raise argparse.ArgumentTypeError(f"expected a file name, got {shorten(text)!r}")
    return text[1:] if text.startswith(" -") else text


def seconds(text: str) -> float | None:
    """Reads a budget: a positive number of seconds, or ``none``."""
    if text.strip().lower() in ("none", "inf"):
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < 1e9:
        raise argparse.ArgumentTypeError(f"expected a positive number of seconds or 'none', got {shorten(text)!r}")
    return value


def counting(text: str) -> int:
    """Reads an integer that is not negative."""
    digits = text.strip().replace("_", "")
    if not (digits.isascii() and digits.isdigit()):
        raise argparse.ArgumentTypeError(f"expected a number such as 1000, got {shorten(text)!r}")
    if len(digits) > 9:
        raise argparse.ArgumentTypeError(f"expected a number of at most 9 digits, got {shorten(text)!r}")
    return int(digits)


def positive(text: str) -> int:
    """Reads a positive integer."""
    value = counting(text)
    if value == 0:
        raise argparse.ArgumentTypeError("expected a positive integer, got 0")
    return value


def widths(text: str) -> tuple[int, ...]:
    """Reads widths such as ``2-3-1``."""
    parts = text.replace(",", "-").split("-")
    if len(parts) < 2 or not all(part.strip().isdigit() for part in parts):
        raise argparse.ArgumentTypeError(f"expected widths such as 2-3-1, got {shorten(text)!r}")
    return tuple(positive(part) for part in parts)


Argument = tuple[tuple[str, ...], dict[str, Any]]
"""What ``add_argument`` is given."""


def argument(*names: str, **options: Any) -> Argument:
    """Describes an argument, as for ``add_argument``."""
    return names, options


def budget(default: float = 60.0) -> Argument:
    """The option ``--budget``."""
    help_text = f"seconds until the answer is unknown ({default:g}); none for no limit"
    return argument("--budget", metavar="S", type=seconds, default=default, help=help_text)


NETWORK = argument("network", metavar="NET", help=NETWORK_HELP)
FORMULA = argument("formula", metavar="FORMULA", help=FORMULA_HELP)
DOMAIN = argument(
    "--domain",
    metavar="D",
    type=domain_text,
    help="conditions such as '0 <= x1 <= 1, x1 + x2 <= 3', or a .json file of bounds; all real inputs by default",
)
WITHIN = argument("--within", metavar="E", help="how far network and formula may be apart, such as 1/20; 0 by default")
TOLERANCE = argument(
    "--tolerance", metavar="E", help="how far the formula may be from the network, such as 1/20; it is exact by default"
)
OUT = argument("-o", "--out", metavar="FILE", type=file_name, help="write the network to this file")
CERTIFICATE = argument(
    "--certificate",
    metavar="OUT",
    type=file_name,
    help="write the certificate to this file; compressed if it ends with .gz",
)
WORKERS = argument("--workers", metavar="N", type=positive, help="let N processes work on it")
JOURNAL = argument(
    "--journal",
    metavar="FILE",
    type=file_name,
    help="write to this file what is done, and read it from there when the command is given again",
)
TOGETHER = (WORKERS, JOURNAL)


def together(args: argparse.Namespace) -> dict[str, Any]:
    """Returns what a verb is told of who works, and of what is written down."""
    return {"workers": args.workers, "journal": args.journal}


def save_network(net: MLP | None, path: str | None) -> list[str]:
    """Writes a network, if there is one and a file is asked for, and says so."""
    if net is None or path is None:
        return []
    from relucirc import save

    save(net, path)
    return ["", f"network written to {path}"]


def save_certificate(answer: Answer, path: str | None) -> list[str]:
    """Writes an answer's certificate, if there is one and a file is asked for, and says so."""
    if answer.certificate is None or path is None:
        return []
    from relucirc.files.certificate_file import save_certificate

    size = max(1, round(save_certificate(answer, path) / 1000))
    return [f"certificate written to {path}, {size:,} kB"]


def _is_file_name(text: str) -> bool:
    from relucirc.files import MODULES

    return text.lower().endswith(tuple(MODULES))


def _call(text: str) -> tuple[str, list[Any], dict[str, Any]]:
    """Splits ``name(1, 2)``, ``name:1:2`` or ``name(k=2)`` into the name and its arguments."""
    if text.endswith(")") and "(" in text:
        name, _, inside = text[:-1].partition("(")
        parts = [part for part in inside.split(",") if part.strip()]
    else:
        name, *parts = text.split(":")
    pairs = [part.rpartition("=") for part in parts]
    keys = [key.strip() for key, equals, _ in pairs if equals]
    if len(set(keys)) < len(keys):
        raise RelucircError(f"expected every parameter once, got {shorten(text)!r}.")
    named = {key.strip(): _argument(value.strip()) for key, equals, value in pairs if equals}
    return name.strip(), [_argument(value.strip()) for _, equals, value in pairs if not equals], named


def _argument(text: str) -> Any:
    """A parameter of a built-in: an integer, or an exact number."""
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text
    return value if isinstance(value, int) else text
