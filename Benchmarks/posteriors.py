"""NUTS and HMC on four posteriors of posteriordb, against its 10,000 reference draws; effective samples a second.

    posteriors.py FOLDER [--draws 1000] [--seed 1]

FOLDER holds NAME.data.json and NAME.npy (10 chains of 1,000 draws, chain after chain, on the constrained scale). Densities and gradients
are written here, on the unconstrained scale with the Jacobians of the transforms. Means and 5, 50 and 95 % quantiles are within
4 sqrt(MCSE^2 + MCSE_ref^2) of the reference (the errors by ArviZ), and R-hat is below 1.01, or the script ends with 1. The chains run on
the same densities in C (densities.c), compared with these first.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import pathlib
import tempfile
import time
import warnings

import numpy as np
import stein
from c_densities import as_numpy, compiled, in_c

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import arviz


def half_cauchy(log_s, scale):
    """ln of the density of s = e^log_s with the Jacobian, up to a constant, and its slope in log_s."""
    ratio = np.exp(2 * log_s) / scale**2
    return log_s - np.log1p(ratio), 1 - 2 * ratio / (1 + ratio)


def regression(x, y, prior):
    """y ~ N(x beta, s), s ~ half-Cauchy(2.5), beta ~ N(0, prior) or flat; of (beta, ln s)."""

    def density(p):
        beta, log_s = p[:, :-1], p[:, -1]
        miss = y - beta @ x.T
        weight = np.exp(-2 * log_s)
        square = (miss**2).sum(1)
        own, slope = half_cauchy(log_s, 2.5)
        value = -len(y) * log_s - 0.5 * weight * square + own
        score = np.concatenate([weight[:, None] * (miss @ x), (-len(y) + weight * square + slope)[:, None]], 1)
        if prior:
            value -= 0.5 * (beta**2).sum(1) / prior**2
            score[:, :-1] -= beta / prior**2
        return value, score

    return density, x.shape[1] + 1, lambda draws: np.concatenate([draws[..., :-1], np.log(draws[..., -1:])], -1)


def ark(data):
    y, k = np.array(data["y"]), data["K"]
    lags = np.stack([np.ones(len(y) - k)] + [y[k - j : len(y) - j] for j in range(1, k + 1)], 1)
    return regression(lags, y[k:], 10.0)


def kidiq(data):
    iq = np.array(data["mom_iq"], float)
    return regression(np.stack([np.ones(len(iq)), iq], 1), np.array(data["kid_score"], float), None)


def eight_schools(data):
    """theta = mu + tau z: of (z, mu, ln tau)."""
    y, s = np.array(data["y"], float), np.array(data["sigma"], float)

    def density(p):
        z, mu, log_tau = p[:, :8], p[:, 8], p[:, 9]
        tau = np.exp(log_tau)
        pull = (y - mu[:, None] - tau[:, None] * z) / s**2
        own, slope = half_cauchy(log_tau, 5.0)
        value = -0.5 * (pull**2 * s**2).sum(1) - 0.5 * (z**2).sum(1) - 0.5 * mu**2 / 25 + own
        score = np.concatenate(
            [
                tau[:, None] * pull - z, (pull.sum(1) - mu / 25)[:, None],
                (tau * (pull * z).sum(1) + slope)[:, None],
            ], 1,
        )
        return value, score

    def unconstrained(draws):
        theta, mu, tau = draws[..., :8], draws[..., 8:9], draws[..., 9:]
        return np.concatenate([(theta - mu) / tau, mu, np.log(tau)], -1)

    return density, 10, unconstrained


def garch(data):
    """mu, alpha0 > 0, 0 < alpha1 < 1, 0 < beta1 < 1 - alpha1, all flat: of (mu, ln alpha0, logit alpha1, logit beta1/(1 - alpha1))."""
    y, first = np.array(data["y"], float), data["sigma1"]

    def density(p):
        mu, a0 = p[:, 0], np.exp(p[:, 1])
        s, r = 1 / (1 + np.exp(-p[:, 2])), 1 / (1 + np.exp(-p[:, 3]))
        a1, b1 = s, r * (1 - s)
        value = p[:, 1] + np.log(s * (1 - s)) + np.log(r * (1 - r)) + np.log(1 - s)
        # Variance v and its slopes in (mu, a0, a1, b1), carried along.
        v, slopes = np.full(len(p), first**2), np.zeros((len(p), 4))
        score = np.zeros((len(p), 4))
        for t, now in enumerate(y):
            miss = now - mu
            if t:
                before = y[t - 1] - mu
                v_next = a0 + a1 * before**2 + b1 * v
                slopes = b1[:, None] * slopes + np.stack([-2 * a1 * before, np.ones_like(mu), before**2, v], 1)
                v = v_next
            value = value - 0.5 * np.log(v) - 0.5 * miss**2 / v
            score = score + (-0.5 / v + 0.5 * miss**2 / v**2)[:, None] * slopes
            score[:, 0] += miss / v
        out = np.empty_like(p)
        out[:, 0] = score[:, 0]
        out[:, 1] = score[:, 1] * a0 + 1
        out[:, 2] = (score[:, 2] - r * score[:, 3]) * s * (1 - s) + 1 - 2 * s - s
        out[:, 3] = score[:, 3] * (1 - s) * r * (1 - r) + 1 - 2 * r
        return value, out

    def unconstrained(draws):
        mu, a0, a1, b1 = np.moveaxis(draws, -1, 0)
        ratio = b1 / (1 - a1)
        return np.stack([mu, np.log(a0), np.log(a1 / (1 - a1)), np.log(ratio / (1 - ratio))], -1)

    return density, 4, unconstrained


POSTERIORS = {
    "eight_schools-eight_schools_noncentered": eight_schools, "kidiq-kidscore_momiq": kidiq, "arK-arK": ark,
    "garch-garch11": garch,
}


def check_gradient(density, points):
    """The largest error of the score against central differences, relative to its size."""
    h = 1e-5 * (1 + abs(points))
    worst = 0.0
    _, score = density(points)
    for j in range(points.shape[1]):
        step = np.zeros_like(points)
        step[:, j] = h[:, j]
        slope = (density(points + step)[0] - density(points - step)[0]) / (2 * h[:, j])
        worst = max(worst, float((abs(slope - score[:, j]) / (1 + abs(score).max(1))).max()))
    return worst


def summary(draws):
    """Mean and quantiles with their errors, [d, 4] each."""
    values, errors = [], []
    for j in range(draws.shape[2]):
        own = draws[:, :, j]
        values.append([own.mean(), *np.quantile(own, [0.05, 0.5, 0.95])])
        errors.append(
            [float(arviz.mcse(own, method="mean"))]
            + [float(arviz.mcse(own, method="quantile", prob=q)) for q in (0.05, 0.5, 0.95)]
        )
    return np.array(values), np.array(errors)


def run(density, start, kernel, draws, seed):
    started = time.perf_counter()
    chains = stein.Chains(density, start=start, kernel=kernel, seed=seed, metric="dense" if kernel == "hmc" else None)
    made = chains.run(draws)
    return made, time.perf_counter() - started, chains.describe()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    fine = True
    with tempfile.TemporaryDirectory() as folder:
        library = compiled(folder)
    print("| posterior | kernel | worst of mean and quantiles, in errors | largest R̂ | divergences | smallest bulk ESS | ESS a second |")
    print("|---|---|---|---|---|---|---|")
    for name, make in POSTERIORS.items():
        data = json.loads((arguments.folder / f"{name}.data.json").read_text())
        density, d, unconstrained = make(data)
        reference = unconstrained(np.load(arguments.folder / f"{name}.npy")).reshape(10, 1000, d)
        error = check_gradient(density, reference[:, 0])
        assert error < 1e-5, f"{name}: the gradient is off by {error}"
        function, make_data = in_c(name, data)
        own = make_data()
        for there, here in zip(as_numpy(getattr(library, function), own)(reference[:, 0]), density(reference[:, 0])):
            assert (abs(there - here) / (1 + abs(here).max())).max() < 1e-10, f"{name}: the density in C is another"
        truth, truth_error = summary(reference)
        start = 0.5 * np.random.default_rng(arguments.seed).standard_normal((8, d))
        for kernel in ("nuts", "hmc"):
            target = stein.Density.from_c(getattr(library, function), d, ctypes.byref(own))
            made, seconds, described = run(target, start, kernel, arguments.draws, arguments.seed)
            values, errors = summary(made)
            worst = float((abs(values - truth) / np.sqrt(errors**2 + truth_error**2)).max())
            rhat, size = stein.rhat(made).max(), stein.effective_sample_size(made).min()
            fine = fine and worst < 4 and rhat < 1.01
            print(
                f"| {name.split('-')[0]} | {kernel} | {worst:.2f} | {rhat:.4f} | {sum(described['divergences'])} | {size:,.0f} | {size / seconds:,.0f} |",
                flush=True,
            )
    return 0 if fine else 1


if __name__ == "__main__":
    raise SystemExit(main())
