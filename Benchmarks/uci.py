"""Deep kernel exponential families on red wine by four objectives: the UCI protocol of Song et al. (2019), "Sliced Score Matching", section 5.1.

    uci.py winequality-red.csv [--seeds 3] [--steps 1000] [--out FILE]

The table is UCI's (11 columns and the quality, which is left out). Rows are whitened by the training rows' covariance; a tenth is
for tests, a tenth for early stopping. Every family is judged at its noise level of 0.05 deviations, on the same noisy test rows:
score matching loss by the exact objective, and log-likelihood with log Z by importance sampling from a mixture of Gaussians about the
training rows; the effective sample size of the weights is printed. Differences are paired by row.
"""

from __future__ import annotations

import argparse
import pathlib
import time

import numpy as np
import stein

OBJECTIVES = ("exact", "sliced", "sliced_vr", "denoising")
NOISE = 0.05
DRAWS = 32


def read(path):
    with open(path) as file:
        header = file.readline()
        separator = ";" if ";" in header else ","
        return np.loadtxt(file, delimiter=separator)[:, :11]


def split(rows, seed):
    """Whitened training (with validation) and test rows."""
    order = np.random.default_rng(seed).permutation(len(rows))
    tests = len(rows) // 10
    train, test = rows[order[tests:]], rows[order[:tests]]
    mean = train.mean(0)
    values, vectors = np.linalg.eigh(np.cov(train.T))
    whiten = vectors / np.sqrt(values)
    return (train - mean) @ whiten, (test - mean) @ whiten


def log_normalizer(model, train, seed, rounds=16, count=100_000):
    """ln of the integral of exp(-E), and the effective sample size of its weights: (sum w)^2 / sum w^2.

    The proposal is a mixture: N(0, 1.5^2) and N(row, width^2) about 300 training rows with three widths.
    """
    rng = np.random.default_rng(seed)
    d = train.shape[1]
    centres = train[rng.choice(len(train), 300, replace=False)]
    widths = (0.35, 0.6, 1.0)
    squares = (centres**2).sum(1)
    logs = []
    for _ in range(rounds):
        kind = rng.integers(len(widths) + 1, size=count)
        z = rng.standard_normal((count, d))
        scale = np.array([*widths, 1.5])[kind][:, None]
        x = np.where(kind[:, None] < len(widths), centres[rng.integers(len(centres), size=count)], 0) + scale * z
        far = (x**2).sum(1)[:, None] + squares - 2 * x @ centres.T
        parts = [-0.5 * (x**2).sum(1) / 1.5**2 - d * np.log(1.5)]
        for width in widths:
            exponent = -0.5 * far / width**2
            top = exponent.max(1)
            parts.append(top + np.log(np.exp(exponent - top[:, None]).mean(1)) - d * np.log(width))
        proposal = np.logaddexp.reduce(parts) - np.log(len(parts)) - 0.5 * d * np.log(2 * np.pi)
        logs.append(-model.energy(x) - proposal)
    weights = np.concatenate(logs)
    top = weights.max()
    scaled = np.exp(weights - top)
    return top + np.log(scaled.mean()), scaled.sum() ** 2 / (scaled**2).sum()


def judged(model, train, test, seed):
    """Losses and log-likelihoods of the test rows, and the effective sample size."""
    losses = model.losses(test, objective="exact", draws=DRAWS, seed=99)
    rng = np.random.default_rng(99)
    noisy = test[None] + NOISE * rng.standard_normal((DRAWS, *test.shape))
    energies = model.energy(noisy.reshape(-1, test.shape[1])).reshape(DRAWS, -1).mean(0)
    if model.describe()["family"] == "gaussian":
        return losses, -energies, float("inf")
    normalizer, size = log_normalizer(model, train, seed)
    return losses, -energies - normalizer, size


def run(rows, seed, steps):
    train, test = split(rows, seed)
    found = {}
    data = stein.Dataset(train)
    started = time.perf_counter()
    gaussian = stein.fit(data, family="gaussian", sigma_min=NOISE)
    found["gaussian"] = (*judged(gaussian, train, test, seed), time.perf_counter() - started)
    for objective in OBJECTIVES:
        started = time.perf_counter()
        model = stein.fit(
            data, family="deep_kernel_exponential", objective=objective, noise=NOISE, steps=steps, seed=seed,
            validation=1 / 9, patience=10, batch=512, rate=3e-3, ema=0.99,
        )
        seconds = time.perf_counter() - started
        found[objective] = (*judged(model, train, test, seed), seconds)
    return found


def table(all_found):
    lines = [
        "| family, objective | score matching loss | log-likelihood | smallest ESS | seconds |",
        "|---|---|---|---|---|",
    ]

    def spread(values):
        return f"{np.mean(values):.2f} ± {np.std(values, ddof=1) if len(values) > 1 else 0:.2f}"

    for name in ("gaussian", *OBJECTIVES):
        losses = [f[name][0].mean() for f in all_found]
        likelihoods = [f[name][1].mean() for f in all_found]
        sizes = min(f[name][2] for f in all_found)
        label = "Gaussian, closed form" if name == "gaussian" else f"deep kernels, {name}"
        size = "" if np.isinf(sizes) else f"{sizes:,.0f}"
        lines.append(
            f"| {label} | {spread(losses)} | {spread(likelihoods)} | {size} | {np.mean([f[name][3] for f in all_found]):.1f} |"
        )
    lines += ["", "Paired differences of the test rows to `exact`, mean ± standard error (all seeds together):", ""]
    lines += ["| objective | loss | log-likelihood |", "|---|---|---|"]
    for name in ("gaussian", *OBJECTIVES[1:]):
        cells = []
        for which in (0, 1):
            difference = np.concatenate([f[name][which] - f["exact"][which] for f in all_found])
            error = difference.std(ddof=1) / np.sqrt(len(difference))
            cells.append(f"{difference.mean():+.3f} ± {error:.3f} ({difference.mean() / error:+.1f} SE)")
        lines.append(f"| {name} | {cells[0]} | {cells[1]} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("data")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--out", type=pathlib.Path)
    arguments = parser.parse_args()
    rows = read(arguments.data)
    found = []
    for seed in range(arguments.seeds):
        found.append(run(rows, seed, arguments.steps))
        print(f"seed {seed}: " + ", ".join(f"{k} {v[0].mean():.2f} / {v[1].mean():.2f}" for k, v in found[-1].items()), flush=True)
    text = table(found)
    print(text)
    if arguments.out:
        arguments.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
