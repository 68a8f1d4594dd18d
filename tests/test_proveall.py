"""The main job: every line of its tables says what was proved, where, and how much there was to prove."""

import proveall
import pytest

import relucirc
from relucirc.circuits import catalogue


@pytest.fixture(scope="module")
def proofs():
    return list(proveall.circuit_proofs())


def test_every_circuit_is_proved_where_the_table_says(proofs):
    assert {p.name.split("(")[0].split(",")[0] for p in proofs} == set(catalogue)
    for p in proofs:
        assert p.result.status == "proved"
        everywhere = relucirc.prove(p.net, p.formula).status == "proved"
        assert everywhere == (p.where == "everywhere"), p.name


def test_hinges_of_all_cells_are_counted(proofs):
    """A function of one input has no fewer hinges than folds, whether its formula has Max or cases."""
    for p in proofs:
        assert p.result.statistics["cells"] >= 1
        assert (p.result.statistics["hinges"] > 0) == (p.net.hidden_neurons > 0), p.name
        if len(p.net.inputs) == 1 and not p.net.symbols:
            pieces = relucirc.regions(p.net, "0 <= x <= 1" if p.where != "everywhere" else None).linear_pieces
            assert p.result.statistics["hinges"] >= len(pieces) - 1, p.name


def test_the_tables_are_printed(capsys):
    assert proveall.main() == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "99 of 99 proved" in out
    (line,) = (line for line in out.splitlines() if line.startswith("minimum(16)"))
    assert "Min(x1, x2, x3" in line
    (line,) = (line for line in out.splitlines() if line.startswith("and_gate  "))
    assert line.endswith("  bits")
