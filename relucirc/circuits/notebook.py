"""The networks that the original work's notebook trained, weights as it prints them."""

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources

from relucirc.language.network import MLP


@dataclass(frozen=True)
class Trained:
    """A trained network.

    Attributes:
        name: The circuit that it was trained to become.
        network: Its exact weights, decimals as printed.
        formula: The function that it was trained on, as text.
        source: Where the weights come from.
    """

    name: str
    network: MLP
    formula: str
    source: str


@cache
def trained() -> dict[str, Trained]:
    """Returns the six networks that the original's notebook trained, by name.

    None of them equals its function; each is within 1/8000 of it on [-1, 1]^n.

    Example:
        >>> trained()["absolute"].network.at(1)
        (6250101/6250000,)
    """
    data = json.loads(resources.files("relucirc.circuits").joinpath("data/original_trained.json").read_text("utf-8"))
    found = {}
    for entry in data["networks"]:
        layers = [(layer["weight"], layer["bias"]) for layer in entry["layers"]]
        net = MLP.from_arrays(layers, entry["inputs"])
        found[entry["name"]] = Trained(entry["name"], net, entry["formula"], data["source"])
    return found
