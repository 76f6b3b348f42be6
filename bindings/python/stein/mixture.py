"""The density of the tutorial: two Gaussians of weights 1:4."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

WEIGHTS = np.array([0.2, 0.8])
MEANS = np.array([[-2.0, 0.0], [2.0, 1.0]])
COVARIANCES = np.array([
    [[0.5, 0.3], [0.3, 0.4]],
    [[0.6, -0.2], [-0.2, 0.3]],
])


def draw(n: int, seed: int = 0) -> Array:
    """Rows [n, 2]."""
    rng = np.random.default_rng(seed)
    which = rng.choice(2, size=n, p=WEIGHTS)
    roots = np.linalg.cholesky(COVARIANCES)
    noise = rng.standard_normal((n, 2))
    rows: Array = MEANS[which] + np.einsum("nij,nj->ni", roots[which], noise)
    return rows


def components(x: Array, sigma: float) -> tuple[Array, Array]:
    """With noise sigma: ln of weighted densities [n, 2], scores [n, 2, 2]."""
    covariances = COVARIANCES + sigma**2 * np.eye(2)
    offset = x[:, None, :] - MEANS
    scores = -np.einsum("kij,nkj->nki", np.linalg.inv(covariances), offset)
    exponents = 0.5 * np.einsum("nki,nki->nk", offset, scores)
    volumes = 0.5 * np.log(np.linalg.det(2 * np.pi * covariances))
    return exponents - volumes + np.log(WEIGHTS), scores


def log_density(x: Array, sigma: float = 0.0) -> Array:
    """ln p_sigma(x), [n]."""
    logs, _ = components(x, sigma)
    total: Array = np.logaddexp(logs[:, 0], logs[:, 1])
    return total


def score(x: Array, sigma: float = 0.0) -> Array:
    """grad ln p_sigma(x), [n, 2]: the components' scores, by probability."""
    logs, scores = components(x, sigma)
    weights = np.exp(logs - np.logaddexp(logs[:, :1], logs[:, 1:]))
    weighted: Array = np.einsum("nk,nki->ni", weights, scores)
    return weighted


def grid(extent: float = 4.5, count: int = 22) -> Array:
    """Points [count^2, 2] for arrows."""
    line = np.linspace(-extent, extent, count)
    both = np.meshgrid(line, line * 0.7 + 0.5)
    points: Array = np.stack(both, axis=-1).reshape(-1, 2)
    return points


def arrows(axes: Any, x: Array, field: Array, title: str = "") -> None:
    """Draws the direction of a vector field; the color is its length."""
    length = np.linalg.norm(field, axis=1)
    unit = field / np.maximum(length, 1e-12)[:, None]
    axes.quiver(*x.T, *unit.T, np.log10(length + 0.1), width=0.004)
    axes.set(title=title, aspect="equal", xticks=[], yticks=[])
