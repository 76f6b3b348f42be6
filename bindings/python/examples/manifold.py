"""Data near a manifold: one noise level fails, many succeed, and what the model knows of the manifold.

    manifold.py [--out build/demo] [--quick]

A curve in the plane and a curved surface in 20 dimensions. Off the data the score at one small level is badly known, so samples that
begin far away get lost (Song & Ermon 2019, section 3); over many levels they are led in. The same model tells the dimension of the data
at each scale, MMSE(sigma)/sigma^2, and the directions along the manifold: eigenvalues of I + sigma^2 grad s.
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

NOISE = {"curve": 0.01, "surface": 0.003}


def spiral(rng, n):
    """One turn and a half, more densely filled inside, and the curve itself."""

    def curve(t):
        angle = 1.5 * np.pi * (1 + 2 * t)
        return (0.4 + t)[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1) * [3, 2]

    t = rng.beta(1.3, 1.6, n)
    return curve(t) + NOISE["curve"] * rng.standard_normal((n, 2)), curve(np.linspace(0, 1, 4000))


def surface(rng, n):
    """A bent sheet turned into 20 dimensions, and a fine sample of the sheet."""
    turn = np.linalg.qr(np.random.default_rng(5).standard_normal((20, 20)))[0]

    def sheet(u, v):
        flat = np.zeros((len(u), 20))
        flat[:, :4] = np.stack([u, v, 0.4 * u * u - 0.3 * v, 0.5 * np.sin(1.5 * u) * v], 1)
        return flat @ turn

    u, v = rng.standard_normal(n), rng.uniform(-1.5, 1.5, n)
    fine = np.random.default_rng(6)
    near = sheet(fine.standard_normal(20_000), fine.uniform(-1.5, 1.5, 20_000))
    return sheet(u, v) + NOISE["surface"] * rng.standard_normal((n, 20)), near


def train(rows, steps):
    """One level, and many; in one unit for all columns, so that a level is the same in each."""
    networks = {"scale": "common", "dropout": 0, "widths": [128, 128, 128]}
    one = stein.Model(rows, noise_conditional=False, **networks)
    many = stein.Model(rows, **networks)
    trainers = {
        "one level": stein.Trainer(one, rows, objective="denoising", noise=0.03, steps=steps, patience=0),
        "many levels": stein.Trainer(many, rows, steps=steps, patience=0),
    }
    for trainer in trainers.values():
        trainer.run()
    return one, many, trainers


def samples(one, many, n):
    """One level from a cloud as wide as the data in every direction, off the manifold: where its score is badly known."""
    known = one.describe()
    start = np.array(known["mean"]) + np.array(known["scale"]) * np.random.default_rng(1).standard_normal((n, len(known["mean"])))
    return {
        "one level": one.sample(start=start, sampler="langevin", steps=2000, seed=1, denoise=True),
        "many levels": many.sample(n, seed=1),
    }


def figures(drawn, rows, fresh, manifold):
    """Share of samples within 0.12 of the manifold, their median distance, and how they are spread over it: the sliced Wasserstein
    distance to fresh data over that of the training data."""
    distance = quality.nearest(drawn, manifold)
    spread = quality.sliced_wasserstein(drawn, fresh) / quality.sliced_wasserstein(rows, fresh)
    return {"near": float((distance < 0.12).mean()), "median": float(np.median(distance)), "spread": spread}


def spectrum(model, points, sigma):
    """Eigenvalues of I + sigma^2 grad s, in units of the model, from large to small: the covariance of clean given noisy over sigma^2."""
    scale = model.describe()["scale"][0]
    covariance = model.denoise_covariance(points, sigma) / (sigma * scale) ** 2
    return np.linalg.eigvalsh(covariance)[:, ::-1]


def plot_curve(axes, rows, drawn, found, sigmas, errors):
    for axis, (name, points) in zip(axes[:2], drawn.items()):
        axis.plot(*rows[:2000].T, ".", ms=1, color="0.7", label="data")
        axis.plot(*points.T, ".", ms=2, color="tab:blue", label="samples")
        axis.set(title=f"{name}: {found[name]['spread']:.1f} times as far\nfrom fresh data as the training data", xlim=(-6, 6), ylim=(-4, 4), aspect="equal")
        axis.legend(loc="upper right", markerscale=6, fontsize=8)
    plot_dimension(axes[2], sigmas, errors, 1, 2)


def plot_dimension(axis, sigmas, errors, manifold, ambient):
    axis.semilogx(sigmas, errors[:, 0] / sigmas**2, "o-", label="by the score: D − σ²E‖s‖²")
    axis.semilogx(sigmas, errors[:, 1] / sigmas**2, "x--", label="by its own error")
    axis.axhline(manifold, color="0.6", lw=1)
    axis.set(xlabel="σ", ylabel="dimension d̂(σ)", ylim=(0, min(ambient, 3 * manifold + 2)), title=f"dimension at scale σ (in {ambient} columns)")
    axis.legend(fontsize=8)


def study(name, rows, fresh, manifold, dimension, steps, n):
    one, many, trainers = train(rows, steps)
    drawn = samples(one, many, n)
    found = {kind: figures(points, rows, fresh, manifold) for kind, points in drawn.items()}
    sigmas = np.geomspace(0.01, 1, 13)
    errors = many.denoise_error(rows, sigmas, draws=2)
    middle = int(np.argmin(abs(sigmas - 0.1)))
    at = rows[:: max(1, len(rows) // 200)]
    values = np.median(spectrum(many, at, sigmas[middle]), 0)
    seen = errors[middle, 0] / sigmas[middle] ** 2
    warned = any("manifold" in w for w in trainers["one level"].describe()["warnings"])
    print(f"{name}: {len(rows)} rows")
    ok = quality.table(
        [
            ("many levels: share near it", v := found["many levels"]["near"], ">= 0.9", v >= 0.9),
            ("one level: share near it", found["one level"]["near"], "", True),
            ("many levels: median distance", found["many levels"]["median"], "", True),
            ("one level: median distance", found["one level"]["median"], "", True),
            ("many levels: sliced Wasserstein ratio", v := found["many levels"]["spread"], "<= 4", v <= 4),
            ("one level: that ratio over many levels'", v := found["one level"]["spread"] / found["many levels"]["spread"], "> 1.5", v > 1.5),
            (f"dimension at sigma {sigmas[middle]:.2g}", seen, f"{dimension} +- 0.4", abs(seen - dimension) < 0.4),
            ("eigenvalue along it", v := values[dimension - 1], ">= 0.7", v >= 0.7),
            ("eigenvalue across it", v := values[dimension], "<= 0.3", v <= 0.3),
            ("one level warned of", float(warned), "1", warned),
        ]
    )
    print("  one level says:", "; ".join(trainers["one level"].describe()["warnings"]) or "nothing")
    return ok, drawn, found, many, sigmas, errors


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("build/demo"))
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    steps, count, n = (2500, 3000, 600) if arguments.quick else (4000, 5000, 2000)
    figure, axes = plt.subplots(2, 3, figsize=(14, 8))

    rows, curve = spiral(rng, count)
    fresh = spiral(rng, 4000)[0]
    fine, drawn, found, many, sigmas, errors = study("curve in the plane", rows, fresh, curve, 1, steps, n)
    plot_curve(axes[0], rows, drawn, found, sigmas, errors)

    rows, sheet = surface(rng, count)
    fresh = surface(rng, 4000)[0]
    also, drawn, _, many, sigmas, errors = study("surface in 20 dimensions", rows, fresh, sheet, 2, steps, n)
    for kind, color in [("one level", "tab:red"), ("many levels", "tab:blue")]:
        distance = quality.nearest(drawn[kind], sheet)
        axes[1][0].hist(np.log10(distance), bins=60, alpha=0.6, label=kind, color=color)
    axes[1][0].set(title="surface: distance of samples to it", xlabel="log₁₀ distance", ylabel="samples")
    axes[1][0].legend()
    values = spectrum(many, rows[:300], 0.1)
    axes[1][1].boxplot(values, showfliers=False)
    axes[1][1].set(
        title="surface: eigenvalues of I + σ²∇s at σ = 0.1", xlabel="number", ylabel="1 along, 0 across", xticks=[1, 2, 3, 5, 10, 20],
        xticklabels=["1", "2", "3", "5", "10", "20"],
    )
    plot_dimension(axes[1][2], sigmas, errors, 2, 20)
    figure.tight_layout()
    figure.savefig(arguments.out / "manifold.png", dpi=110)
    return 0 if fine and also else 1


if __name__ == "__main__":
    raise SystemExit(main())
