"""How near `score(x)`, which asks for no noise level, comes to the score of the data themselves, and the scores at given levels beside it.

    clean_score.py [--families score_mlp energy_mlp] [--densities gaussian banana ...] [--steps 8000]

For each density: sqrt(E||s - s*||^2 / E||s*||^2) over 4,000 fresh draws, s* the score of the density without noise; 20,000 rows to learn
from, all options as they come. At sigma=0 a model answers at its `clean_level`; 1 is what s = 0 would have.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import stein

LEVELS = (0.01, 0.03, 0.1, 0.3)


def gaussian(n, rng):
    """In 4 columns, of which the correlation has eigenvalues .20, .82, 1.38 and 1.61."""
    turn, _ = np.linalg.qr(np.random.default_rng(5).standard_normal((4, 4)))
    covariance = turn @ np.diag([0.20, 0.82, 1.38, 1.61]) @ turn.T
    return rng.multivariate_normal(np.zeros(4), covariance, n), lambda x: -x @ np.linalg.inv(covariance)


def banana(n, rng):
    x = rng.standard_normal(n)

    def score(p):
        off = (p[:, 1] - 0.5 * p[:, 0] ** 2) / 0.16
        return np.stack([-p[:, 0] + off * p[:, 0], -off], 1)

    return np.stack([x, 0.5 * x**2 + 0.4 * rng.standard_normal(n)], 1), score


def ring(n, rng):
    angle, radius = rng.uniform(0, 2 * np.pi, n), 3 + 0.2 * rng.standard_normal(n)

    def score(p):
        r = np.linalg.norm(p, axis=1, keepdims=True)
        return p / r * (-(r - 3) / 0.04 - 1 / r)

    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1), score


def funnel(n, rng):
    """Its bulk is looked at, |v| < 1.5: beyond, few rows rule both means."""
    v = rng.standard_normal(n)

    def score(p):
        v, x = p.T
        return np.stack([-v - 0.5 + 0.5 * x**2 * np.exp(-v), -x * np.exp(-v)], 1)

    return np.stack([v, np.exp(v / 2) * rng.standard_normal(n)], 1), score


def mixture(n, rng):
    means, spreads, shares = np.array([[-2.0, 0], [2, 1]]), np.array([0.5, 0.3]), np.array([0.7, 0.3])
    which = (rng.random(n) < 0.3).astype(int)

    def score(p):
        off = p[:, None] - means
        logs = np.log(shares) - 2 * np.log(spreads) - 0.5 * (off**2).sum(2) / spreads**2
        weight = np.exp(logs - logs.max(1, keepdims=True))
        weight /= weight.sum(1, keepdims=True)
        return -(weight[:, :, None] * off / spreads[None, :, None] ** 2).sum(1)

    return means[which] + spreads[which][:, None] * rng.standard_normal((n, 2)), score


DENSITIES = {f.__name__: f for f in (gaussian, banana, ring, funnel, mixture)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--families", nargs="+", default=["score_mlp"])
    parser.add_argument("--densities", nargs="+", default=list(DENSITIES), choices=list(DENSITIES))
    parser.add_argument("--steps", type=int)
    arguments = parser.parse_args()
    print("| density | family | score(x) | at level | " + " | ".join(f"σ {level}" for level in LEVELS) + " | CPU s |")
    print("|---" * (5 + len(LEVELS)) + "|")
    for name in arguments.densities:
        rows, score = DENSITIES[name](20_000, np.random.default_rng(0))
        fresh = DENSITIES[name](4_000, np.random.default_rng(1))[0]
        if name == "funnel":
            fresh = fresh[np.abs(fresh[:, 0]) < 1.5]
        truth = score(fresh)
        for family in arguments.families:
            begin = time.process_time()
            model = stein.fit(rows, family=family, steps=arguments.steps)
            seconds = time.process_time() - begin

            def error(sigma):
                miss = model.score(fresh, sigma=sigma) - truth
                return np.sqrt((miss**2).sum() / (truth**2).sum())

            told = model.describe()
            others = " | ".join(f"{error(max(level, told['sigma_min'])):.3f}" for level in LEVELS)
            print(f"| {name} | {family} | {error(0.0):.3f} | {told['clean_level']:.3f} | {others} | {seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main()
