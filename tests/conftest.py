"""Set-up of all tests: Hypothesis profiles, and a drawing backend that needs no screen."""

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
