"""Set-up of all tests: Hypothesis profiles, and a drawing backend that needs no screen."""

import json
import os

import pytest
from hypothesis import HealthCheck, settings

os.environ.setdefault("MPLBACKEND", "Agg")

# A first jit can outlast any deadline.  In CI the same examples are drawn every time.
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("default"), derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")


@pytest.fixture(autouse=True)
def _no_global_jax_change():
    """Fails a test that leaves JAX's 64-bit switch changed for the tests after it."""
    import jax

    before = jax.config.read("jax_enable_x64")
    yield
    assert jax.config.read("jax_enable_x64") == before


@pytest.fixture(autouse=True)
def _rounded_to_nearest():
    """Fails what runs after something has changed how floats are rounded, as libraries in C may."""
    one, tiny = 1.0, 2.0**-60
    assert one + tiny == one == one - tiny / 2, "floats are not rounded to nearest: something that was imported said so"


@pytest.fixture(scope="module")
def few_steps():
    """A fifth of the steps that the search for a shorter formula may take; elsewhere it has all of them."""
    from relucirc.interpretation import routes

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(routes, "STEPS", routes.STEPS // 5)
        yield


@pytest.fixture
def put(tmp_path):
    """Writes a file and returns its path."""

    def write(content, name="net.json"):
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """A browser without a window, where one is installed."""
    from browser import Browser, executable

    if executable() is None:
        pytest.skip("no Chromium: apt-get install chromium")
    running = Browser(tmp_path_factory.mktemp("browser"))
    yield running
    running.close()
