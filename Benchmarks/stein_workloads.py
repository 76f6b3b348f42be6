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
from workloads import LOG_SIGMA_MIN, RATE, ROWS, SIGMA, STEP, arguments, serve

# A score network of plain layers that is told ln(σ)/4, and σ s = F.
SCORE = dict(family="score_mlp", activation="silu", residual=False, embedding="log", parameterization="score")
ENERGY = dict(family="energy_mlp", activation="softplus", noise_conditional=False)
LEVELS = dict(schedule="ve", weighting="sigma2", sigma_min=math.exp(LOG_SIGMA_MIN), sigma_max=1)
OBJECTIVES = {
    "denoising": dict(objective="denoising", **LEVELS),
    "sliced": dict(objective="sliced_vr", projections=1, projection_law="gaussian", noise=0),
    "exact": dict(objective="exact", noise=0),
}


def rows(work):
    rng = np.random.default_rng(0)
    spread = rng.standard_normal((ROWS, work.dimension), np.float32)
    if work.kind in ("denoising", "langevin"):
        return np.float32(0.3) * spread + rng.choice(np.float32([-1, 1]), (ROWS, 1))
    return np.float32(0.7) * spread


def build(work, threads):
    dataset = stein.Dataset(rows(work), context=stein.Context(threads=threads))
    family = SCORE if work.kind in ("denoising", "langevin") else ENERGY
    return dataset, stein.Model(dataset, widths=work.sizes[1:-1], scale="none", **family)


def trainer(work, threads, **options):
    dataset, model = build(work, threads)
    settings = dict(OBJECTIVES["denoising" if work.kind == "langevin" else work.kind], **options)
    settings = dict(batch=work.batch, rate=RATE, beta2=0.999, clip=0, validation=0, checks=1, steps=10**8) | settings
    return stein.Trainer(model, dataset, **settings)


def langevin(work, threads, **options):
    made = trainer(work, threads)
    made.run(1)
    options |= dict(sampler="langevin", sigma=SIGMA, step_size=STEP)
    return lambda steps: made.model.sample(work.batch, steps=steps, **options)


def main():
    given = arguments()
    work = given.workload
    if given.mode.startswith("save="):
        made = trainer(work, given.threads, steps=200)
        made.run()
        made.model.save(given.mode.removeprefix("save="))
        return
    options = {"precision": given.mode} if given.mode else {}
    run = langevin if work.kind == "langevin" else lambda *made, **options: trainer(*made, **options).run
    serve(run(work, given.threads, **options), given.seconds)


if __name__ == "__main__":
    main()
