"""The workloads in Stein, measured as the peers' are.

    stein_workloads.py --workload W1 --threads 2          answers lines on standard input
    stein_workloads.py --workload W1 --mode bf16          with products in bfloat16
    stein_workloads.py --workload W1 --mode save=FILE     a model after 200 steps, into a file
"""

import math
import pathlib
import sys

import numpy as np
import stein

sys.path.insert(0, str(pathlib.Path(__file__).parent / "peers"))
from workloads import (
    LEVELS, LOG_SIGMA_MAX, LOG_SIGMA_MIN, PICTURES, PICTURES_RATE, RATE, ROWS, SIDE, SIGMA, STEP, arguments, serve,
)  # fmt: skip

# A score network of plain layers that is told ln(σ)/4, and σ s = F.
SCORE = dict(family="score_mlp", activation="silu", residual=False, embedding="log", parameterization="score")
UNET = dict(family="score_unet", activation="silu", blocks=2, embedding="fourier", parameterization="score")
ENERGY = dict(family="energy_mlp", activation="softplus", noise_conditional=False)
FAMILIES = {"denoising": SCORE, "langevin": SCORE, "pictures": UNET, "heun": UNET, "sliced": ENERGY, "exact": ENERGY}
DENOISING = dict(objective="denoising", schedule="ve", weighting="sigma2", sigma_min=math.exp(LOG_SIGMA_MIN))
OF_ROWS, OF_PICTURES = DENOISING | dict(sigma_max=1), DENOISING | dict(sigma_max=math.exp(LOG_SIGMA_MAX), rate=PICTURES_RATE)
OBJECTIVES = {
    "denoising": OF_ROWS,
    "langevin": OF_ROWS,
    "pictures": OF_PICTURES,
    "heun": OF_PICTURES,
    "sliced": dict(objective="sliced_vr", projections=1, projection_law="gaussian", noise=0),
    "exact": dict(objective="exact", noise=0),
}


def rows(work):
    rng = np.random.default_rng(0)
    if work.kind in ("pictures", "heun"):
        return 2 * rng.random((PICTURES, SIDE, SIDE, work.sizes[0]), np.float32) - 1
    spread = rng.standard_normal((ROWS, work.dimension), np.float32)
    if work.kind in ("denoising", "langevin"):
        return np.float32(0.3) * spread + rng.choice(np.float32([-1, 1]), (ROWS, 1))
    return np.float32(0.7) * spread


def build(work, threads):
    dataset = stein.Dataset(rows(work), context=stein.Context(threads=threads))
    widths = work.sizes[1:] if work.kind in ("pictures", "heun") else work.sizes[1:-1]
    return dataset, stein.Model(dataset, widths=widths, scale="none", **FAMILIES[work.kind])


def trainer(work, threads, **options):
    dataset, model = build(work, threads)
    settings = dict(batch=work.batch, rate=RATE, beta2=0.999, clip=0, validation=0, checks=1, steps=10**8)
    settings |= OBJECTIVES[work.kind] | options
    return stein.Trainer(model, dataset, **settings)


def langevin(work, threads, **options):
    made = trainer(work, threads)
    made.run(1)
    options |= dict(sampler="langevin", sigma=SIGMA, step_size=STEP)
    return lambda steps: made.model.sample(work.batch, steps=steps, **options)


def heun(work, threads, **options):
    made = trainer(work, threads)
    made.run(1)
    options |= dict(sampler="heun", steps=LEVELS)

    def run(samplings):
        for _ in range(samplings):
            made.model.sample(work.batch, **options)

    return run


def main():
    given = arguments()
    work = given.workload
    if given.mode.startswith("save="):
        made = trainer(work, given.threads, steps=200)
        made.run()
        made.model.save(given.mode.removeprefix("save="))
        return
    options = {"precision": given.mode} if given.mode else {}
    usual = lambda *made, **options: trainer(*made, **options).run  # noqa: E731
    run = {"langevin": langevin, "heun": heun}.get(work.kind, usual)
    serve(run(work, given.threads, **options), given.seconds, LEVELS if work.kind == "heun" else 1)


if __name__ == "__main__":
    main()
