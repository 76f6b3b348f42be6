"""Relative Fisher divergence of learnt scores on four smoothed densities of the plane, as the budget grows, and how curl-free they are.

    fisher.py [--seeds 3] [--budgets 500 2000 8000]

For each density and level: E||s - s*||^2 / E||s*||^2 over fresh draws of the smoothed density, s* its true score by quadrature. Levels
are in the data's units (scale=none). A row's budget is its optimiser steps at batch 512 on 20,000 rows.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import stein

LEVELS = (0.1, 0.3, 1.0)
ROWS = 20_000


class Density:
    """A mixture over a latent variable t of Gaussians N(centre(t), diag(spread(t)^2)): draws, and the smoothed score by quadrature."""

    def __init__(self, draw, nodes, weights, centres, spreads):
        self.draw = draw
        self.nodes, self.weights = nodes, weights / weights.sum()
        self.centres, self.spreads = centres, spreads

    def score(self, x, sigma):
        out = np.empty_like(x)
        variances = self.spreads**2 + sigma**2
        for start in range(0, len(x), 500):
            part = x[start : start + 500]
            off = part[:, None] - self.centres[None]
            logs = -0.5 * (off**2 / variances).sum(-1) - 0.5 * np.log(variances).sum(-1) + np.log(self.weights)
            logs -= logs.max(1, keepdims=True)
            share = np.exp(logs)
            share /= share.sum(1, keepdims=True)
            out[start : start + 500] = -(share[:, :, None] * off / variances).sum(1)
        return out


def funnel(count=1200):
    """y ~ N(0, 1), x ~ N(0, e^y)."""
    t = np.linspace(-6, 6, count)
    centres = np.stack([np.zeros(count), t], 1)
    spreads = np.stack([np.exp(t / 2), np.full(count, t[1] - t[0])], 1)

    def draw(rng, n):
        y = rng.standard_normal(n)
        return np.stack([np.exp(y / 2) * rng.standard_normal(n), y], 1)

    return Density(draw, t, np.exp(-0.5 * t**2), centres, spreads)


def banana(count=1200):
    """x ~ N(0, 1.5^2), y ~ N(x^2 / 2, 0.3^2)."""
    t = np.linspace(-8, 8, count)
    centres = np.stack([t, 0.5 * t**2], 1)
    spreads = np.stack([np.full(count, t[1] - t[0]), np.full(count, 0.3)], 1)

    def draw(rng, n):
        x = 1.5 * rng.standard_normal(n)
        return np.stack([x, 0.5 * x**2 + 0.3 * rng.standard_normal(n)], 1)

    return Density(draw, t, np.exp(-0.5 * (t / 1.5) ** 2), centres, spreads)


def ring(count=1200):
    """Radius 2, unevenly filled, with noise of 0.15."""
    t = np.linspace(0, 2 * np.pi, count, endpoint=False)
    density = 1 + 0.7 * np.cos(t)
    centres = 2 * np.stack([np.cos(t), np.sin(t)], 1)

    def draw(rng, n):
        angle = rng.uniform(0, 2 * np.pi, 4 * n)
        angle = angle[rng.uniform(0, 1.7, 4 * n) < 1 + 0.7 * np.cos(angle)][:n]
        return 2 * np.stack([np.cos(angle), np.sin(angle)], 1) + 0.15 * rng.standard_normal((n, 2))

    return Density(draw, t, density, centres, np.full((count, 2), 0.15))


def cosine(count=1200):
    """x ~ N(0, 2^2), y ~ N(2 cos 1.5 x, 0.25^2)."""
    t = np.linspace(-10, 10, count)
    centres = np.stack([t, 2 * np.cos(1.5 * t)], 1)
    spreads = np.stack([np.full(count, t[1] - t[0]), np.full(count, 0.25)], 1)

    def draw(rng, n):
        x = 2 * rng.standard_normal(n)
        return np.stack([x, 2 * np.cos(1.5 * x) + 0.25 * rng.standard_normal(n)], 1)

    return Density(draw, t, np.exp(-0.5 * (t / 2) ** 2), centres, spreads)


DENSITIES = {"funnel": funnel, "banana": banana, "ring": ring, "cosine": cosine}

# Name, options of the model, objective; one level or many.
METHODS = [
    ("score network, denoising", dict(family="score_mlp", widths=[128, 128], dropout=0), "denoising", False),
    ("energy network, denoising", dict(family="energy_mlp", widths=[128, 128]), "denoising", False),
    ("energy network, exact", dict(family="energy_mlp", widths=[128, 128], noise_conditional=False), "exact", True),
    ("energy network, sliced_vr", dict(family="energy_mlp", widths=[128, 128], noise_conditional=False), "sliced_vr", True),
]


def divergence(model, density, sigma, rng, count=4000):
    x = density.draw(rng, count) + sigma * rng.standard_normal((count, 2))
    true = density.score(x, sigma)
    return ((model.score(x, sigma) - true) ** 2).sum() / (true**2).sum()


def curl(model, density, sigma, rng, count=2000):
    """Mean of ||J - J'|| / ||J||."""
    jacobian = model.jacobian(density.draw(rng, count) + sigma * rng.standard_normal((count, 2)), sigma)
    norm = np.linalg.norm(jacobian, axis=(1, 2))
    return float((np.linalg.norm(jacobian - jacobian.transpose(0, 2, 1), axis=(1, 2)) / norm).mean())


def train(rows, options, objective, one_level, sigma, steps, seed):
    level = dict(noise=sigma) if one_level else dict(sigma_min=0.05, sigma_max=10.0)
    return stein.fit(
        rows, scale="none", objective=objective, steps=steps, batch=512, validation=0, rate=2e-3, seed=seed, **level, **options
    )


def cell(values):
    return f"{np.mean(values):.4f} ± {np.std(values, ddof=1) if len(values) > 1 else 0:.4f}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--budgets", type=int, nargs="+", default=[500, 2000, 8000])
    arguments = parser.parse_args()
    started = time.perf_counter()
    curls = []
    print("| density | method | σ | " + " | ".join(f"{b} steps" for b in arguments.budgets) + " |")
    print("|---|---|---|" + "---|" * len(arguments.budgets))
    for name, make in DENSITIES.items():
        density = make()
        for label, options, objective, one_level in METHODS:
            results = {(s, b): [] for s in LEVELS for b in arguments.budgets}
            for seed in range(arguments.seeds):
                rng = np.random.default_rng(100 + seed)
                rows = density.draw(rng, ROWS)
                for budget in arguments.budgets:
                    model = None
                    # One level at a time is shown for the middle one alone: the others would take as long again.
                    for sigma in LEVELS if not one_level else LEVELS[1:2]:
                        if model is None or one_level:
                            model = train(rows, options, objective, one_level, sigma, budget, seed)
                        results[sigma, budget].append(divergence(model, density, sigma, rng))
                    if budget == arguments.budgets[-1] and not one_level:
                        curls.append((label, curl(model, density, 0.3, rng)))
            for sigma in LEVELS if not one_level else LEVELS[1:2]:
                cells = " | ".join(cell(results[sigma, b]) for b in arguments.budgets)
                print(f"| {name} | {label} | {sigma} | {cells} |", flush=True)
    print("\n| network | ‖J − Jᵀ‖/‖J‖ at σ = 0.3, mean over densities and seeds |\n|---|---|")
    for label in dict.fromkeys(l for l, _ in curls):
        values = [c for l, c in curls if l == label]
        print(f"| {label} | {np.mean(values):.2g} ± {np.std(values):.1g} |")
    print(f"\n{arguments.seeds} seeds, {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
