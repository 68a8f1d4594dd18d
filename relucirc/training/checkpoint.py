"""Checkpoints: everything that training carries on, in one file that is never half written.

A kill at any moment leaves either the old checkpoint or the new one.  It says which training it belongs
to, and is refused by another.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from relucirc.core.errors import FileError, shorten
from relucirc.core.writing import replacing


def save_checkpoint(path: Path, about: dict[str, Any], arrays: dict[str, Any]) -> None:
    """Writes the state of a training, and plain data that names it, atomically.

    Raises:
        FileError: When it cannot be written there.
    """
    with replacing(path, "the checkpoint ") as place:
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("wb") as file:
            np.savez(file, **{**arrays, "about": np.frombuffer(json.dumps(about).encode(), np.uint8)})  # type: ignore[arg-type]


def load_checkpoint(path: Path, about: dict[str, Any]) -> dict[str, np.ndarray] | None:
    """Reads a checkpoint of this training, or returns None where there is none yet.

    Raises:
        FileError: When the file is not a checkpoint, or belongs to another training.
    """
    try:
        if not path.exists():
            return None
        with np.load(path, allow_pickle=False) as data:
            arrays = dict(data)
        found = json.loads(arrays.pop("about").tobytes().decode())
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise FileError(f"{path}: expected a training checkpoint, got a file that cannot be read ({error}).") from None
    if found != json.loads(json.dumps(about)):
        key = next((k for k in {**found, **about} if found.get(k) != about.get(k)), "")
        raise FileError(
            f"{path} belongs to another training: its {key} is {shorten(found.get(key))}, this one's is "
            f"{shorten(about.get(key))}; give another file, or remove it to start over."
        )
    return arrays
