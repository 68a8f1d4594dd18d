"""What holds of an installed wheel, alone with its dependencies: ``make wheel-test`` runs this in such a place.

Every file of the package is in it, and it proves what the catalogue says of ``minimum``.
"""

import sys
from pathlib import Path

import relucirc
from relucirc.cli import main

SOURCE = Path(__file__).resolve().parents[1] / "relucirc"
INSTALLED = Path(relucirc.__path__[0])


def files(folder: Path) -> dict[str, bytes]:
    """All files of a package and what is in them."""
    found = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


assert INSTALLED != SOURCE, f"relucirc was imported from the sources, {SOURCE}"
assert files(INSTALLED) == files(SOURCE), sorted(set(files(INSTALLED)) ^ set(files(SOURCE)))
circuit = relucirc.circuits.catalogue["minimum"]
result = relucirc.prove(circuit(), circuit.formula())
assert result, result
assert relucirc.check(circuit(), circuit.formula(), result.certificate)
for path in (INSTALLED / "circuits" / "data").glob("*_two_layers.json"):
    print(path.name, relucirc.load(path).sizes)
sys.exit(main(["prove", "minimum", "Min(x1, x2)"]))
