import functools
import os
import signal
import time

# scikit-learn has one check that it makes only where this was set before SciPy was imported.
os.environ.setdefault("SCIPY_ARRAY_API", "1")

import numpy as np
import pytest
import stein

#: Bytes that a context may use unless a test says otherwise, or 0.
LIMIT = int(os.environ.get("STEIN_MEMORY_LIMIT", "0"))


#: Seconds after which what stands still is given up: no test takes nearly as long, however busy the machine is.
PATIENCE = 3600


def within(seconds):
    """A progress callback that stops a call after so many seconds of this process's own time on processors.

    Unlike a deadline it does not depend on what else the machine does.
    """
    begun = time.process_time()
    return lambda _watch: time.process_time() - begun > seconds


def pytest_configure(config):
    config.addinivalue_line("markers", "memory(why): needs more than the memory that STEIN_MEMORY_LIMIT allows")


@pytest.fixture(autouse=True, scope="session")
def ctrl_c():
    """Ctrl-C raises, as in a terminal: a shell that starts the suite in the background has it ignored, and what waits for it would never end."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=LIMIT > 0)
def memory_limit(request, monkeypatch):
    """Every context under a limit: what the suite does wants little memory, and a limit changes no bit."""
    stein.Context.default().close()
    if request.node.get_closest_marker("memory"):
        yield
        return
    made = stein.Context.__init__

    @functools.wraps(made)
    def limited(self, **options):
        made(self, **{"memory_limit": LIMIT, **options})

    monkeypatch.setattr(stein.Context, "__init__", limited)
    yield
    stein.Context.default().close()


@pytest.fixture
def rows():
    """Skewed and correlated, with columns of different sizes."""
    rng = np.random.default_rng(3)
    base = rng.gamma(2.0, size=(300, 1))
    return np.hstack([base, 100 + 20 * base + 10 * rng.standard_normal((300, 1)), 0.01 * rng.standard_normal((300, 1))])


@pytest.fixture
def model(rows):
    return stein.fit(rows, widths=[32], steps=60, seed=1)
