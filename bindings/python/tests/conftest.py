import os

# scikit-learn has one check that it makes only where this was set before SciPy was imported.
os.environ.setdefault("SCIPY_ARRAY_API", "1")

import numpy as np
import pytest
import stein


@pytest.fixture
def rows():
    """Skewed and correlated, with columns of different sizes."""
    rng = np.random.default_rng(3)
    base = rng.gamma(2.0, size=(300, 1))
    return np.hstack([base, 100 + 20 * base + 10 * rng.standard_normal((300, 1)), 0.01 * rng.standard_normal((300, 1))])


@pytest.fixture
def model(rows):
    return stein.fit(rows, widths=[32], steps=60, seed=1)
