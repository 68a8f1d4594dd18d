"""The first call of ``regions``: small inputs compile nothing; compiling pays, says so, and is kept on disk."""

import os
import subprocess
import sys

import pytest
from test_regions import assert_same, float_net

from relucirc import Box, regions
from relucirc.core.budget import Budget
from relucirc.measure.regions import compilation
from relucirc.measure.regions.complex import Complex

numba = pytest.importorskip("numba", reason="numba is an extra: pip install 'relucirc[fast]'")

SMALL = """
import sys, relucirc
net = relucirc.circuits.minimum()
assert len(relucirc.regions(net)) == 4
assert "numba" not in sys.modules
"""

LARGE = """
import relucirc
said = []
net = relucirc.MLP.from_arrays([([[0.5, 1.0], [1.0, -0.25]], [0.5, 0.25]), ([[1.0, 1.0]], None)])
assert relucirc.regions(net, relucirc.Box(-1, 1), progress=lambda clock: said.append(clock.method), compiled=True)
from relucirc.measure.regions.kernel import run
print(any("compiling" in line for line in said), sum(run.stats.cache_hits.values()) > 0)
"""


def answered(code, cache):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_small_inputs_load_no_compiler(tmp_path):
    answered(SMALL, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_what_is_compiled_is_kept_where_the_user_says(tmp_path):
    assert answered(LARGE, tmp_path) == ["True", "False"]
    assert list(tmp_path.rglob("kernel.run-*.nbi"))
    assert answered(LARGE, tmp_path) == ["False", "True"]


@pytest.fixture
def unready(monkeypatch):
    """Nothing has been compiled, and looks at the clock come at every step."""
    monkeypatch.setattr(compilation, "_ready", set())
    monkeypatch.setattr("relucirc.measure.regions.batch.PATIENCE", 0.0)


@pytest.mark.usefixtures("unready")
@pytest.mark.parametrize("after", [0, 1, 7, 40, 10**6])
@pytest.mark.parametrize(("sizes", "domain"), [((2, 6, 4, 1), Box(-1, 1)), ((3, 5, 1), None), ((4, 2, 3, 1), None)])
def test_a_walk_may_go_on_compiled_after_any_number_of_steps(monkeypatch, after, sizes, domain):
    """Regions, maps, neighbours and vertices are the same, wherever the exact walk was left."""
    shares = []

    def pays(_, left):
        shares.append(left)
        return len(shares) > after

    monkeypatch.setattr(compilation, "pays", pays)
    net = float_net(sizes, 3)
    found = regions(net, domain)
    assert isinstance(found, Complex)
    assert_same(found, regions(net, domain, compiled=False))
    assert all(0 <= share <= 1 for share in shares)


@pytest.mark.usefixtures("unready")
def test_the_share_that_is_left_falls_to_nothing(monkeypatch):
    shares = []
    monkeypatch.setattr(compilation, "pays", lambda _, left: shares.append(left))
    regions(float_net((2, 6, 4, 1), 3), Box(-1, 1))
    assert shares == sorted(shares, reverse=True)
    assert (shares[0], shares[-1]) == (1.0, 0.0)


def test_compiling_pays_for_long_walks_that_have_the_time(monkeypatch):
    monkeypatch.setattr(compilation, "_is_kept", lambda: False)
    price = compilation.COMPILING
    assert not compilation.pays(0.1, 1.0)
    assert not compilation.pays(0.9, 0.5)
    assert not compilation.pays(price / 2, 0.5)
    assert compilation.pays(1.0, 0.999)
    assert compilation.pays(2 * price, 0.01)
    with Budget(price):
        assert not compilation.pays(1.0, 0.999)
    monkeypatch.setattr(compilation, "_is_kept", lambda: True)
    with Budget(price):
        assert compilation.pays(1.0, 0.9)


@pytest.mark.usefixtures("unready")
def test_compiling_is_announced_once_and_loading_is_not(monkeypatch):
    said = []
    with Budget(60.0, method="regions", on_progress=lambda clock: said.append(clock.method)) as clock:
        monkeypatch.setattr(compilation, "_is_kept", lambda: True)
        compilation.compiling(True)
        assert not said
        monkeypatch.setattr(compilation, "_is_kept", lambda: False)
        compilation.compiling(False)
        compilation.compiling(False)
        assert len(said) == 1
        assert said[0].startswith("compiling the walk of regions once, about")
        assert clock.method == "regions"
    assert said[-1] == ""


def test_code_is_compiled_where_no_folder_can_be_written(monkeypatch):
    from numba.core import caching

    from relucirc.measure.regions.kernel import compiled

    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])

    def twice(x):
        return 2 * x

    with pytest.raises(RuntimeError, match="cannot cache"):
        numba.njit(cache=True)(twice)
    assert compiled(twice)(21) == 42
