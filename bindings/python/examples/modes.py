"""Two modes with weights 1:4: one noise level loses the weights, annealing recovers them; and where the score is wrong.

    modes.py [--out build/demo] [--quick]

Between far modes there are no data, so that score matching at one small level does not see how much each of them weighs, and Langevin
steps hardly cross (Song & Ermon 2019, section 3.2). The map shows the error of the score against the density that it was learnt from.
"""

from __future__ import annotations

import argparse
import pathlib

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import quality
import stein

WEIGHTS = np.array([0.2, 0.8])
MEANS = np.array([[-4.0, -3.0], [4.0, 3.0]])
COVARIANCES = np.array([[[1.0, 0.5], [0.5, 0.8]], [[0.6, -0.3], [-0.3, 1.2]]])
LEVEL = 0.1


def draw(rng, n):
    which = rng.choice(2, n, p=WEIGHTS)
    factor = np.linalg.cholesky(COVARIANCES)[which]
    return MEANS[which] + np.einsum("nij,nj->ni", factor, rng.standard_normal((n, 2)))


def density_and_score(x, sigma):
    """Of the data with noise of sigma: known in closed form."""
    parts, slopes = [], []
    for weight, mean, covariance in zip(WEIGHTS, MEANS, COVARIANCES):
        whole = covariance + sigma**2 * np.eye(2)
        off = x - mean
        slope = -np.linalg.solve(whole, off.T).T
        parts.append(np.log(weight) + 0.5 * (off * slope).sum(1) - 0.5 * np.linalg.slogdet(2 * np.pi * whole)[1])
        slopes.append(slope)
    logs = np.array(parts)
    top = np.logaddexp.reduce(logs)
    share = np.exp(logs - top)
    return top, (share[:, :, None] * np.array(slopes)).sum(0)


def first_mode(points):
    """Share of points nearer to the mode that weighs 0.2."""
    distance = np.linalg.norm(points[:, None] - MEANS, axis=2)
    return float((distance[:, 0] < distance[:, 1]).mean())


def error_by_density(model, rng, count=20_000):
    """Relative error of the score in ten equal parts of a box, from where the density is lowest to where it is highest."""
    x = rng.uniform(-9, 9, (count, 2))
    logs, true = density_and_score(x, LEVEL)
    miss = ((model.score(x, LEVEL) - true) ** 2).sum(1)
    parts = np.array_split(np.argsort(logs), 10)
    return np.array([miss[part].sum() / (true[part] ** 2).sum() for part in parts])


def plot_map(axis, model, title):
    side = np.linspace(-9, 9, 120)
    x = np.stack(np.meshgrid(side, side), -1).reshape(-1, 2)
    logs, true = density_and_score(x, LEVEL)
    miss = np.linalg.norm(model.score(x, LEVEL) - true, axis=1) / np.linalg.norm(true, axis=1)
    image = axis.pcolormesh(side, side, np.log10(miss + 1e-4).reshape(120, 120), cmap="viridis", vmin=-2, vmax=1, rasterized=True)
    axis.contour(side, side, logs.reshape(120, 120), levels=[-16, -8, -4, -2.5], colors="white", linewidths=0.8)
    axis.set(title=title, aspect="equal")
    return image


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("build/demo"))
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    steps, count, n = (1500, 4000, 2000) if arguments.quick else (4000, 20_000, 5000)
    rng = np.random.default_rng(0)
    rows = draw(rng, count)
    options = {"scale": "none", "dropout": 0, "widths": [128, 128, 128]}
    one = stein.fit(rows, noise_conditional=False, objective="denoising", noise=LEVEL, steps=steps, patience=0, **options)
    many = stein.fit(rows, sigma_min=LEVEL, steps=steps, patience=0, **options)

    start = rng.uniform(-9, 9, (n, 2))
    drawn = {
        "one level, Langevin": one.sample(sampler="langevin", start=start, steps=1500, step_size=0.005, seed=1),
        "many levels, annealed Langevin": many.sample(n, sampler="annealed_langevin", seed=1),
        "many levels, Heun": many.sample(n, seed=1),
    }
    shares = {name: first_mode(points) for name, points in drawn.items()}
    # Five deviations of a share of n draws, and a bias of the model.
    room = 5 * np.sqrt(0.16 / n) + 0.02
    errors = {"one level": error_by_density(one, rng), "many levels": error_by_density(many, rng)}
    print(f"two modes, weights 0.2 and 0.8, {count} rows")
    fine = quality.table(
        [("share of the small mode, data", first_mode(rows), "", True)]
        + [
            (f"share, {name}", v, "> 0.3" if "one" in name else f"0.2 +- {room:.3f}", v > 0.3 if "one" in name else abs(v - 0.2) < room)
            for name, v in shares.items()
        ]
        + [
            (f"score error where density is {place}, {name}", values[index], "", True)
            for name, values in errors.items()
            for place, index in (("highest", -1), ("lowest", 0))
        ]
        + [("one level: error lowest / highest", v := errors["one level"][0] / errors["one level"][-1], "> 3", v > 3)]
    )

    figure, axes = plt.subplots(2, 3, figsize=(14, 9), layout="constrained")
    for axis, (name, points) in zip(axes[0], drawn.items()):
        axis.plot(*points[:2000].T, ".", ms=2)
        axis.set(title=f"{name}\nsmall mode {shares[name]:.2f} (data 0.20)", xlim=(-9, 9), ylim=(-9, 9), aspect="equal")
    for axis, model, title in ((axes[1][0], one, "one level"), (axes[1][1], many, "many levels")):
        image = plot_map(axis, model, f"{title}: error of the score at σ = {LEVEL}")
    figure.colorbar(
        image, ax=list(axes[1][:2]), location="bottom", label="log₁₀ ‖s − s*‖/‖s*‖; white: the density", shrink=0.6
    )
    for name, values in errors.items():
        axes[1][2].semilogy(np.arange(1, 11), values, "o-", label=name)
    axes[1][2].set(xlabel="part of the box, from low density to high", ylabel="relative Fisher divergence", title="error against density")
    axes[1][2].legend()
    figure.savefig(arguments.out / "modes.png", dpi=110)
    return 0 if fine else 1


if __name__ == "__main__":
    raise SystemExit(main())
