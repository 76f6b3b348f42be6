"""Two Gaussians of weights 1:4, whose density and score are known at every noise level: what the guide's models are held against."""

import numpy as np

WEIGHTS = np.array([0.2, 0.8])
MEANS = np.array([[-2.0, 0.0], [2.0, 1.0]])
COVARIANCES = np.array([[[0.5, 0.3], [0.3, 0.4]], [[0.6, -0.2], [-0.2, 0.3]]])


def draw(n, seed=0):
    """Rows [n, 2]."""
    rng = np.random.default_rng(seed)
    which = rng.choice(2, size=n, p=WEIGHTS)
    roots = np.linalg.cholesky(COVARIANCES)
    return MEANS[which] + np.einsum("nij,nj->ni", roots[which], rng.standard_normal((n, 2)))


def parts(x, sigma):
    """ln of each part's weighted density [n, 2], and its own score [n, 2, 2], with noise of sigma added."""
    spread = COVARIANCES + sigma**2 * np.eye(2)
    off = x[:, None, :] - MEANS
    scores = -np.einsum("kij,nkj->nki", np.linalg.inv(spread), off)
    logs = 0.5 * np.einsum("nki,nki->nk", off, scores) - 0.5 * np.log(np.linalg.det(2 * np.pi * spread)) + np.log(WEIGHTS)
    return logs, scores


def log_density(x, sigma=0.0):
    logs, _ = parts(x, sigma)
    return np.logaddexp(logs[:, 0], logs[:, 1])


def score(x, sigma=0.0):
    """grad ln p_sigma(x), [n, 2]: the parts' scores, by how probable each part is at x."""
    logs, scores = parts(x, sigma)
    shares = np.exp(logs - np.logaddexp(logs[:, :1], logs[:, 1:]))
    return np.einsum("nk,nki->ni", shares, scores)


def grid(most=4.5, count=22):
    """Places [count², 2] for arrows."""
    line = np.linspace(-most, most, count)
    return np.stack(np.meshgrid(line, line * 0.7 + 0.5), axis=-1).reshape(-1, 2)


def arrows(axes, x, field, title=""):
    """The direction of a vector field; its length shows as colour."""
    length = np.linalg.norm(field, axis=1)
    unit = field / np.maximum(length, 1e-12)[:, None]
    axes.quiver(*x.T, *unit.T, np.log10(length + 0.1), width=0.004)
    axes.set(title=title, aspect="equal", xticks=[], yticks=[])
