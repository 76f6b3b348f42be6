"""p(y | x) by impute where a density is thin in one place: y = sin 3x + (.02 + .4 x^2) e, x uniform on (-1, 1), 5,000 rows.

    thin_conditional.py [--seeds 1 2 3] [--draws 4000]

For five x: the deviation of the draws over the truth's, the same by quartiles, the share of draws farther than five deviations, and the energy
distance to the truth in its deviations (of 1,000 draws). All options as they come.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import stein

PLACES = np.array([-0.9, -0.4, 0.0, 0.3, 0.8])


def middle(x):
    return np.sin(3 * x)


def deviation(x):
    return 0.02 + 0.4 * x**2


def energy_distance(a, b):
    def mean(p, q):
        return np.abs(p[:, None] - q).mean()

    unbiased = len(a) / (len(a) - 1)
    return 2 * mean(a, b) - unbiased * (mean(a, a) + mean(b, b))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--draws", type=int, default=4000)
    arguments = parser.parse_args()
    for seed in arguments.seeds:
        rng = np.random.default_rng(seed)
        x = rng.uniform(-1, 1, 5000)
        rows = np.stack([middle(x) + deviation(x) * rng.standard_normal(5000), x], 1)
        model = stein.fit(rows, seed=seed)
        asked = np.repeat(PLACES, arguments.draws)
        holes = np.stack([np.full(len(asked), np.nan), asked], 1)
        seconds = [time.process_time()]
        model.sample(len(asked), seed=1)
        seconds.append(time.process_time())
        drawn = model.impute(holes, seed=2)[:, 0].reshape(len(PLACES), -1)
        seconds.append(time.process_time())
        z = (drawn - middle(PLACES)[:, None]) / deviation(PLACES)[:, None]
        truth = rng.standard_normal((len(PLACES), 1000))
        low, high = np.quantile(z, [0.25, 0.75], axis=1)
        found = {
            "deviation over the truth's": z.std(1),
            "by quartiles": (high - low) / 1.349,
            "% beyond 5 deviations": 100 * (np.abs(z) > 5).mean(1),
            "energy distance": [energy_distance(a[:1000], b) for a, b in zip(z, truth)],
        }
        free, held = np.diff(seconds)
        print(f"seed {seed}: {held / free:.1f} times the time of free draws; at x = {', '.join(f'{p:g}' for p in PLACES)}")
        for name, values in found.items():
            print(f"  {name:27}", " ".join(f"{v:7.3f}" for v in values), flush=True)


if __name__ == "__main__":
    main()
