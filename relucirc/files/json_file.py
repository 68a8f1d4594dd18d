"""The JSON network file: exact rationals as text.

``{"inputs": ["x1", "x2"], "layers": [{"weight": [["0", "1"], ...], "bias": ["0", ...]}, ...]}`` with weights
out x in, and ReLU after every layer but the last.  Text is an exact rational: ``"3"``, ``"-1/2"``, ``"0.1"``
(one tenth).  JSON integers are exact; a JSON number with a fraction or an exponent is refused, since JSON
does not say whether 0.1 means one tenth or the nearest float.
"""

import json
from pathlib import Path
from typing import Any

from flint import fmpq

from relucirc.core.errors import FileError, NetworkError, RelucircError, shorten
from relucirc.core.exact import ZERO, rational
from relucirc.core.matrix import ExactMatrix, row_length
from relucirc.core.names import default_names
from relucirc.language.affine import Affine
from relucirc.language.exact_json import read_json, refusal, written
from relucirc.language.network import MLP

MAX_BYTES = 1 << 28
"""Largest file that is read; arrays of this size belong in .safetensors."""


def read(path: Path, said: str | None = None) -> MLP:  # noqa: ARG001  (the format names the activation)
    """Reads a network file."""
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise FileError(f"expected at most {MAX_BYTES} bytes of JSON, got {size}; save large networks as .safetensors.")
    try:
        content = read_json(path.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise FileError("expected JSON text in UTF-8, got other bytes.") from None
    except json.JSONDecodeError as error:
        raise FileError(
            f"expected JSON, got an error at line {error.lineno}, column {error.colno}: {error.msg}."
        ) from None
    return from_json(content)


def write(net: MLP, path: Path) -> None:
    """Writes a network file, one line per matrix row."""
    layers = []
    for layer in net.to_json()["layers"]:
        rows = ",\n    ".join(map(json.dumps, layer["weight"]))
        bias = "" if layer["bias"] is None else f',\n   "bias": {json.dumps(layer["bias"])}'
        layers.append(f'{{"weight": [\n    {rows}]{bias}}}')
    body = ",\n  ".join(layers)
    path.write_text(f'{{"inputs": {json.dumps(list(net.inputs))},\n "layers": [\n  {body}]}}\n', encoding="utf-8")


def from_json(content: Any) -> MLP:
    """Builds the network that parsed JSON describes."""
    _keys(content, "the file", required="layers", optional="inputs")
    layers = content["layers"]
    if not isinstance(layers, list) or not layers:
        raise FileError(f"layers: expected a list with at least one layer, got {written(layers)}.")
    built = tuple(_layer(layer, f"layer {i}") for i, layer in enumerate(layers))
    names = content.get("inputs")
    if names is None:
        names = default_names(built[0].shape[1])
    elif not isinstance(names, list) or not all(type(name) is str for name in names):
        raise FileError(f"inputs: expected a list of names, got {written(names)}.")
    return MLP(built, tuple(names))


def _layer(layer: Any, where: str) -> Affine:
    _keys(layer, where, required="weight", optional="bias")
    rows = layer["weight"]
    if not isinstance(rows, list) or not rows or not all(isinstance(row, list) and row for row in rows):
        raise FileError(f"{where}: weight: expected a list of rows, each a list of numbers, got {written(rows)}.")
    width = row_length(rows, f"{where}: weight")
    known: dict[str | int, fmpq] = {}
    entries = (_entries(row, f"{where}: weight[{i}]", known) for i, row in enumerate(rows))
    weight = ExactMatrix.sparse((len(rows), width), entries)
    bias = layer.get("bias")
    if bias is None:
        return Affine(weight, None)
    if not isinstance(bias, list) or len(bias) != len(rows):
        raise NetworkError(f"{where}: bias: expected one number for each of {len(rows)} rows, got {written(bias)}.")
    read = _entries(bias, f"{where}: bias", known)
    return Affine(weight, ExactMatrix.sparse((len(rows), 1), ({0: read.get(i, ZERO)} for i in range(len(rows)))))


def _entries(row: list[Any], where: str, known: dict[str | int, fmpq]) -> dict[int, fmpq]:
    """Reads the entries that are not zero; equal texts, of which a large matrix has many, are read once."""
    found: dict[int, fmpq] = {}
    for j, entry in enumerate(row):
        if entry == "0" and type(entry) is str:
            continue
        if type(entry) is not str and type(entry) is not int:
            raise refusal(entry, f"{where}[{j}]")
        if entry not in known:
            try:
                known[entry] = rational(entry, f"{where}[{j}]")
            except RelucircError as error:
                raise NetworkError(str(error)) from None
        found[j] = known[entry]
    return found


def _keys(value: Any, where: str, required: str, optional: str) -> None:
    if not isinstance(value, dict):
        raise FileError(f"{where}: expected an object with the key {required}, got {written(value)}.")
    unknown = [key for key in value if key not in (required, optional)]
    if required not in value or unknown:
        found = f"{shorten(unknown[0])!r} is unknown" if unknown else f"{required} is missing"
        raise FileError(f"{where}: expected the key {required}, and perhaps {optional}; {found}.")
