"""``.pt2`` files, which ``torch.export.save`` writes, read without PyTorch.

Such a file is an archive: the operations that were recorded, as JSON, and the numbers, as bytes.  PyTorch evaluates
text of the file when it loads one, and unpickles; here nothing is evaluated, and what is pickled is refused.  The
operations are those of a module that is given as it is (:mod:`relucirc.language.lower.torch_calls`).
"""

import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

from relucirc.core.errors import FileError, shorten
from relucirc.files.pt2_graph import recorded_program
from relucirc.files.pt2_tensors import tensors_of
from relucirc.language.as_network import as_network
from relucirc.language.exact_json import read_json
from relucirc.language.network import MLP

MAX_BYTES, MAX_JSON = 1 << 31, 1 << 28
"""Most bytes that an archive, and its JSON, may unpack to."""
MAJOR = 8
"""The version of the format that is read; minor ones only add to it."""


def read(path: Path, said: str | None = None) -> MLP:  # noqa: ARG001  (the operations show the activations)
    """Reads what a program computes."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = _members(archive)
            model, program = _program(archive, members)
            stored = {
                name: array
                for kind in ("weights", "constants")
                for name, array in tensors_of(archive, members, kind, _json(archive, members, _config(kind, model)))
            }
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, UnicodeDecodeError) as error:
        raise FileError(f"expected a file of torch.export.save, got another one: {shorten(str(error))}.") from None
    return as_network(recorded_program(program, stored))


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The members of an archive by their names within its only folder."""
    infos = archive.infolist()
    total = sum(info.file_size for info in infos)
    if total > MAX_BYTES:
        raise FileError(f"expected at most {MAX_BYTES >> 20} MiB, got an archive that unpacks to {total} bytes.")
    if any(info.compress_type != zipfile.ZIP_STORED for info in infos):
        raise FileError("expected members that are stored as they are, got compressed ones.")
    roots = [info.filename.removesuffix("archive_format") for info in infos if info.filename.endswith("archive_format")]
    if len(roots) != 1 or _short(archive, f"{roots[0]}archive_format") != b"pt2":
        raise FileError("expected a file of torch.export.save of PyTorch 2.8 or newer, got another archive.")
    members = {info.filename.removeprefix(roots[0]): info for info in infos}
    if len(members) != len(infos):
        raise FileError("expected members of different names.")
    if "byteorder" in members and _short(archive, members["byteorder"]) != b"little":
        raise FileError("expected numbers whose first byte is the least, got another order.")
    return members


def _short(archive: zipfile.ZipFile, name: str | zipfile.ZipInfo) -> bytes:
    with archive.open(name) as file:
        return file.read(16).strip()


def _program(archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo]) -> tuple[str, dict[str, Any]]:
    """The name of the only model, and what it does."""
    names = [name for name in members if name.startswith("models/") and name.endswith(".json")]
    if len(names) != 1:
        raise FileError(f"expected an archive of one model, got {len(names)}.")
    program = _json(archive, members, names[0])
    version = program.get("schema_version")
    major = version.get("major") if isinstance(version, dict) else None
    if major != MAJOR:
        raise FileError(f"expected version {MAJOR} of the format, got {shorten(str(major))}.")
    return names[0].removeprefix("models/").removesuffix(".json"), program


def _config(kind: str, model: str) -> str:
    return f"data/{kind}/{model}_{kind}_config.json"


def _json(archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], name: str) -> dict[str, Any]:
    info = members.get(name)
    if info is None:
        raise FileError(f"expected the member {shorten(name)} in the archive.")
    if info.file_size > MAX_JSON:
        raise FileError(f"expected at most {MAX_JSON} bytes of JSON, got {info.file_size}.")
    try:
        content = read_json(archive.read(info).decode("utf-8"))
    except json.JSONDecodeError as error:
        raise FileError(f"{shorten(name)}: expected JSON, got an error at line {error.lineno}: {error.msg}.") from None
    if not isinstance(content, dict):
        raise FileError(f"{shorten(name)}: expected an object, got {type(content).__name__}.")
    return content
