"""docs/training.md says what docs/training.json says, and the sentences around its tables are true of it."""

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "training.md").read_text("utf-8")
RESULTS = json.loads((ROOT / "docs" / "training.json").read_text("utf-8"))
CELLS = RESULTS["cells"]
SIX = ("identity", "negative_identity", "absolute", "addition", "subtraction", "minimum")


@pytest.fixture(scope="module")
def script():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "benchmarks"))
        import _experiment_page
        import experiment

        yield experiment, _experiment_page
    for name in ("experiment", "_experiment_page"):
        sys.modules.pop(name, None)


def test_every_table_is_the_one_that_the_script_writes(script):
    for name, table in script[1].tables(RESULTS).items():
        assert f"<!-- {name} -->\n\n{table}\n\n<!-- end of {name} -->" in PAGE, name


def test_every_cell_of_the_experiment_has_numbers_that_add_up(script):
    cells = {cell.name: cell for cell in script[0].cells()}
    assert set(cells) == set(CELLS)
    for name, data in CELLS.items():
        assert data["seeds"] == cells[name].seeds
        assert sum(data["classes"]) == data["proved"] == sum(data["neurons"].values())
        assert sum(data.get("pruned", data["neurons"]).values()) == data["proved"]
        assert data["proved"] + sum(data["kinds"].values()) == data["seeds"]


def test_the_figures_are_there_and_small():
    for name in ("rates", "ablation", "universality", "wide", "census"):
        path = ROOT / "docs" / "_static" / f"training-{name}.svg"
        assert f"_static/{path.name}" in PAGE
        assert 1000 < path.stat().st_size < 150_000


def test_the_best_regimen_proves_995_in_a_thousand_of_each_of_the_six_on_fresh_seeds():
    for name in SIX:
        cell = CELLS[f"six/best/{name}"]
        assert cell["interval"][0] > 0.995
        assert cell["key"] != CELLS[f"six/original/{name}"]["key"]
    failed = sum(CELLS[f"six/best/{name}"]["seeds"] - CELLS[f"six/best/{name}"]["proved"] for name in SIX)
    assert failed == 3
    assert "Three of 24,576 seeds\nfailed" in PAGE


def test_every_proved_network_with_one_hidden_layer_folds_to_the_smallest():
    smallest = {"absolute": "2", "minimum": "3", "clip": "2", "hat": "3"}
    for name, data in CELLS.items():
        group, _, function = name.split("/")
        if group == "wide" and function in smallest:
            assert set(data["pruned"]) == {smallest[function]}, name


def test_without_redrawing_and_spread_no_optimiser_leaves_the_range_that_the_page_says():
    table = PAGE.split("<!-- ablation -->")[1].split("<!-- end of ablation -->")[0]
    rows = {row.split("|")[1].strip(): row.split("|")[2:8] for row in table.strip().splitlines()[2:]}
    rates = [float(rate.strip(" %")) for name in ("SGD", "Adam", "Adam, cosine") for rate in rows[name]]
    assert f"Without it every optimiser stays between {min(rates):.0f} % and {max(rates):.0f} %" in PAGE


def test_seeds_that_became_0_are_counted():
    zeros = [row.split("|") for row in PAGE.splitlines() if "| `0` |" in row]
    assert [(row[1].strip(), row[4].strip()) for row in zeros] == [("absolute", "27")]
    assert "27 seeds of the absolute value became 0" in PAGE
