#!/usr/bin/env python3
"""One hash for each family, objective and sampler at fixed seeds.

    digest.py print                    the lines, of the library that STEIN_LIBRARY names
    digest.py check FILE               the lines against those of a file; exits with 1 where they differ

A line is the combination and a hash of the bits of the numbers that it gives, or the status with which it is
refused. Bits follow from the processor's instructions and the C library's functions, which the first line of
a file names. On another machine a file says nothing of this one: `make digest BASE=commit` compares there.
"""

from __future__ import annotations

import hashlib
import os
import pathlib
import platform
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import stein

OBJECTIVES = ("denoising", "exact", "sliced", "sliced_vr", "finite_difference", "maximum_likelihood", "closed_form")
SAMPLERS: dict[str, dict[str, Any]] = {
    "euler": {"steps": 3}, "heun": {"steps": 3, "churn": 0.5}, "rk45": {}, "ddim": {"steps": 3, "eta": 0.5}, "dpmpp_2m": {"steps": 3},
    "dpmpp_3m_sde": {"steps": 3}, "predictor_corrector": {"steps": 3}, "annealed_langevin": {"steps": 3},
    "underdamped_langevin": {"steps": 3}, "langevin": {"steps": 3},
}  # fmt: skip
NETWORK = {"widths": [16, 16]}
FAMILIES = {
    "score_mlp": NETWORK, "score_unet": {"widths": [4, 8], "blocks": 1}, "energy_mlp": NETWORK, "gaussian": {},
    "mixture": {"components": 2}, "exponential": {"degree": 4}, "kernel_exponential": {"points": 10},
    "deep_kernel_exponential": {"points": 10, "widths": [8]}, "nice": {"widths": [8]}, "autoregressive": {"widths": [8]},
    "graph": {},
}  # fmt: skip
#: Further models and trainers: name, options of the model, of the trainer.
VARIANTS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    *((f"schedule={s}", NETWORK, {"schedule": s}) for s in ("geometric", "ve", "vp", "subvp", "cosine")),
    *((f"weighting={w}", NETWORK, {"weighting": w}) for w in ("sigma2", "likelihood", "min_snr")),
    *((f"parameterization={p}", {**NETWORK, "parameterization": p}, {}) for p in ("v", "score", "noise", "clean")),
    *((f"noise_kernel={k}", NETWORK, {"noise_kernel": k}) for k in ("laplace", "logistic", "student_t")),
    *((f"activation={a}", {**NETWORK, "activation": a}, {}) for a in ("tanh", "softplus", "relu")),
    *((f"projection_law={p}", NETWORK, {"objective": "sliced", "projection_law": p}) for p in ("gaussian", "sphere")),
    *((f"scale={s}", {**NETWORK, "scale": s}, {}) for s in ("common", "none")),
    ("isotropic", {**NETWORK, "preconditioning": "isotropic"}, {}),
    ("one level", {**NETWORK, "noise_conditional": False}, {"noise": 0.3}),
    ("control variate", NETWORK, {"control_variate": True}),
    ("positive", {"family": "exponential", "statistics": "pairwise", "domain": "positive"}, {}),
    ("box", {**NETWORK, "domain": "box", "lower": -5, "upper": 9, "noise_conditional": False}, {"objective": "exact"}),
    ("validation", NETWORK, {"validation": 0.2, "checks": 3}),
    ("diagonal", {"family": "mixture", "components": 2, "covariance": "diagonal"}, {}),
    ("low rank", {"family": "gaussian", "covariance": "low_rank"}, {}),
]


def instructions() -> str:
    """What the bits depend on."""
    flags = next(line for line in open("/proc/cpuinfo") if line.startswith("flags")).split()
    widest = next((name for name in ("amx_tile", "avx512f", "avx2") if name in flags), "none")
    return f"{widest} {' '.join(platform.libc_ver())}"


def numbers(count: int, *shape: int) -> np.ndarray:
    """Skewed, correlated rows by arithmetic that is exact everywhere; class k % 2 of row k."""
    state, made = np.uint64(12345), np.empty(count * int(np.prod(shape)))
    for i in range(made.size):
        state = np.uint64((int(state) * 6364136223846793005 + 1442695040888963407) % 2**64)
        made[i] = int(state >> np.uint64(48)) / 65536
    rows = made.reshape(count, -1)
    rows = 1 + rows + rows * rows + 0.5 * np.roll(rows, 1, axis=1)
    return rows.reshape(count, *shape)


ROWS, PICTURES = numbers(90, 3), numbers(40, 8, 8)


def told(make: Callable[[], Any]) -> str:
    """A hash of the bits of what is made, or the status of the refusal."""
    try:
        found = hashlib.sha256()
        for value in arrays(make()):
            found.update(np.ascontiguousarray(value).tobytes())
        return found.hexdigest()[:12]
    except stein.SteinError as refusal:
        return f"status {refusal.status}"


def arrays(value: Any) -> Iterator[np.ndarray]:
    if isinstance(value, dict):
        value = [value[name] for name in sorted(value)]
    if isinstance(value, (list, tuple)):
        for part in value:
            yield from arrays(part)
    elif value is not None:
        yield np.asarray(value, None if isinstance(value, np.ndarray) else np.float64)


def rows_of(family: str) -> np.ndarray:
    return PICTURES if family == "score_unet" else ROWS


def own_energy(rows: np.ndarray) -> stein.Model:
    graph = stein.Graph(3)
    x, y, z = graph.x
    a, b = graph.parameter("a"), graph.parameter("b", start="ones")
    return graph.model(rows, energy=(x - a) ** 2 / 2 + b * (y - x) ** 2 / 2 + stein.ops.softplus(z) + z * z / 4)


def trained(model: dict[str, Any], trainer: dict[str, Any], labels: Any = None) -> stein.Model:
    family = model.get("family", "score_mlp")
    data = stein.Dataset(rows_of(family)) if labels is None else stein.Dataset(rows_of(family), labels)
    made = own_energy(rows_of(family)) if family == "graph" else stein.Model(data, seed=3, **model)
    linear = family in ("gaussian", "exponential", "kernel_exponential")
    by_gradients = trainer.get("objective", "closed_form" if linear else "") != "closed_form"
    options = {"steps": 5, "batch": 256 if family == "deep_kernel_exponential" else 32} if by_gradients else {}
    stein.Trainer(made, data, seed=4, **options, **trainer).run()
    return made


def whole(model: stein.Model, rows: np.ndarray, name: str) -> Iterator[tuple[str, str]]:
    """What a model is and knows."""
    part, sigma = rows[:9], 0.4 if is_of_many_levels(model) else 0.0
    yield f"{name} parameters", told(model.parameters)
    yield f"{name} score", told(lambda: [model.score(part), model.score(part, sigma)])
    yield f"{name} energy", told(lambda: [model.energy(part), model.energy(part, sigma)])
    yield f"{name} jacobian", told(lambda: model.jacobian(part[:2], sigma))
    yield f"{name} loss", told(lambda: model.loss(rows, seed=5))
    for objective in OBJECTIVES[:-1]:
        yield f"{name} losses {objective}", told(lambda: model.losses(part, objective=objective, sigma=sigma, seed=5))
    if is_of_many_levels(model):
        yield f"{name} denoise", told(lambda: model.denoise(part, sigma))


def is_of_many_levels(model: stein.Model) -> bool:
    described = model.describe()
    return described["sigma_min"] < described["sigma_max"]


def given(model: stein.Model, rows: np.ndarray, name: str) -> Iterator[tuple[str, str]]:
    """What is drawn given a part of rows."""
    holes = rows[:5].astype(np.float64).copy()
    holes.reshape(5, -1)[:, ::2] = np.nan
    for method in ("held", "covariance", "replacement", "dps"):
        yield f"{name} impute {method}", told(lambda: model.impute(holes, method=method, steps=3, seed=6))
    sums = np.ones((1, int(np.prod(rows.shape[1:]))))
    yield f"{name} posterior", told(lambda: model.sample_posterior(sums, np.full((4, 1), 9.0), steps=3, noise=0.1, seed=6))
    yield f"{name} weighted", told(lambda: model.sample_weighted(6, steps=3, seed=6))
    yield f"{name} log_likelihood", told(lambda: model.log_likelihood(rows[:2]))
    if is_of_many_levels(model):
        yield f"{name} encode", told(lambda: model.encode(rows[:2]))


def combinations() -> Iterator[tuple[str, str]]:
    for family, options in FAMILIES.items():
        for objective in OBJECTIVES:
            name = f"{family} {objective}"
            try:
                model = trained({"family": family, **options}, {"objective": objective})
            except stein.SteinError as refusal:
                yield name, f"status {refusal.status}"
                continue
            yield from whole(model, rows_of(family), name)
            names = SAMPLERS if is_of_many_levels(model) else {"langevin": SAMPLERS["langevin"]}
            for sampler, own in names.items():
                yield f"{name} {sampler}", told(lambda: model.sample(6, sampler=sampler, seed=7, **own))
        yield from given(trained({"family": family, **options}, {}), rows_of(family), family)
    for name, options, trainer in VARIANTS:
        yield from whole(trained(options, trainer), ROWS, name)
    yield from classes()
    yield from chains()
    yield from diagnostics()


def classes() -> Iterator[tuple[str, str]]:
    labels = np.arange(90) % 2
    for family in ("score_mlp", "energy_mlp"):
        model = trained({"family": family, **NETWORK}, {"label_dropout": 0.2}, labels)
        name, own = f"classes {family}", {"labels": labels[:6], "steps": 3, "seed": 7}
        yield name, told(lambda: [model.score(ROWS[:6], 0.4, labels[:6]), model.sample(6, guidance=2, **own)])
        yield f"{name} trajectory", told(lambda: model.sample(6, trajectory=3, temperature=0.7, **own))
    yield "bf16", told(lambda: trained(NETWORK, {"precision": "bf16"}).sample(6, steps=3, seed=7, precision="bf16"))


def chains() -> Iterator[tuple[str, str]]:
    density = stein.Density(lambda x: (-(x**2).sum(1) / 2 - (x[:, 0] * x[:, 1]) ** 2 / 4, slope(x)), 3)
    for kernel in ("nuts", "hmc", "mala", "langevin", "underdamped"):
        adapted = {"warmup": 40} if kernel in ("nuts", "hmc", "mala") else {}
        for metric in ("diagonal", "dense") if adapted else ("",):
            own = {"kernel": kernel, "chains": 2, "seed": 8, **({"metric": metric} if metric else {}), **adapted}
            yield f"chains {kernel} {metric}".strip(), told(lambda: quiet(stein.Chains(density, **own), 20))


def slope(x: np.ndarray) -> np.ndarray:
    out = -x
    out[:, 0] -= x[:, 0] * x[:, 1] ** 2 / 2
    out[:, 1] -= x[:, 1] * x[:, 0] ** 2 / 2
    return out


def quiet(chains: stein.Chains, n: int) -> list[Any]:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        draws = chains.run(n)
    return [draws, chains.statistics, chains.metric, stein.rhat(draws), stein.effective_sample_size(draws)]


def diagnostics() -> Iterator[tuple[str, str]]:
    a, b = ROWS[:50], ROWS[40:]
    for kernel in ("imq", "gaussian"):
        yield f"ksd {kernel}", told(lambda: stein.kernel_stein_discrepancy(a, -a, p_value=True, kernel=kernel, seed=9))
        yield f"mmd {kernel}", told(lambda: stein.maximum_mean_discrepancy(a, b, p_value=True, kernel=kernel, seed=9))
    yield "sliced wasserstein", told(lambda: stein.sliced_wasserstein(a, b, seed=9))


def lines() -> Iterator[str]:
    yield f"# {instructions()}"
    for name, found in combinations():
        yield f"{found:<13} {name}"


def compare(path: pathlib.Path) -> int:
    expected = path.read_text().splitlines()
    head = f"# {instructions()}"
    if expected[0] != head:
        print(f"not compared: {path} is of '{expected[0][2:]}', this machine is '{head[2:]}'; make digest BASE=commit compares here")
        return 0
    found = list(lines())
    before, now = set(expected), set(found)
    for line in sorted(before - now, key=lambda line: line[14:]):
        print("before:", line)
    for line in sorted(now - before, key=lambda line: line[14:]):
        print("now:   ", line)
    print(f"{len(before & now)} of {len(before)} combinations give the same bits")
    return int(before != now)


def main() -> int:
    if sys.argv[1:] == ["print"]:
        for line in lines():
            print(line, flush=True)
        return 0
    return compare(pathlib.Path(sys.argv[2]))


if __name__ == "__main__":
    sys.exit(main())
