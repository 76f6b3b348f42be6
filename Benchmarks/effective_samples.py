"""Effective samples a second of NUTS on four posteriors of posteriordb, beside BlackJAX and NumPyro in one run.

    effective_samples.py FOLDER [--draws 1000] [--rounds 5] [--seed 1] [--patience 300] [--only NAME ...]

FOLDER is that of posteriors.py. Every sampler has the same densities (posteriors.py in NumPy, densities.c in C, here in JAX: values and
gradients are compared first, and a difference above 1e-10 ends the run), starts, 8 chains, 1,000 transitions of warm-up, target
acceptance 0.8, a diagonal metric of each chain's own, trees of depth 10 at most, and float64. BlackJAX runs its chains by vmap under one
jit, NumPyro by chain_method="vectorized"; rows of two threads have four chains in each. Rounds are interleaved, and each run waits until
nobody else computes, as long as patience lasts. What is compiled is compiled before the rounds and timed by itself.
R-hat and effective sample sizes are ArviZ's, of the parameters on the unconstrained scale.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import ctypes
import io
import json
import os
import pathlib
import platform
import tempfile
import time
import warnings
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import stein
from c_densities import COMPILER, as_numpy, compiled, in_c, regression_data
from posteriors import POSTERIORS, summary

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import arviz
    import blackjax
    import numpyro
    from numpyro.infer import MCMC, NUTS

jax.config.update("jax_enable_x64", True)

CHAINS, WARMUP = 8, 1000
TWO = ", two threads"
# Its Python loop over time would take minutes a run.
SLOW_IN_PYTHON = ("garch-garch11",)


# ---- The densities in JAX, of one point; gradients are JAX's


def half_cauchy(log_s, scale):
    return log_s - jnp.log1p(jnp.exp(2 * log_s) / scale**2)


def jax_regression(x, y, prior):
    x, y = jnp.asarray(x), jnp.asarray(y)

    def density(p):
        beta, log_s = p[:-1], p[-1]
        square = ((y - x @ beta) ** 2).sum()
        value = -len(y) * log_s - 0.5 * jnp.exp(-2 * log_s) * square + half_cauchy(log_s, 2.5)
        return value - 0.5 * (beta**2).sum() / prior**2 if prior else value

    return density


def jax_eight_schools(y, s):
    y, s = jnp.asarray(y), jnp.asarray(s)

    def density(p):
        z, mu, log_tau = p[:8], p[8], p[9]
        miss = (y - mu - jnp.exp(log_tau) * z) / s
        return -0.5 * (miss**2).sum() - 0.5 * (z**2).sum() - 0.5 * mu**2 / 25 + half_cauchy(log_tau, 5.0)

    return density


def jax_garch(y, first):
    y = jnp.asarray(y)

    def density(p):
        mu, a0, a1 = p[0], jnp.exp(p[1]), jax.nn.sigmoid(p[2])
        r = jax.nn.sigmoid(p[3])
        b1 = r * (1 - a1)
        squares = (y - mu) ** 2

        def step(v, before):
            v = a0 + a1 * before + b1 * v
            return v, v

        _, later = jax.lax.scan(step, jnp.full((), first**2), squares[:-1])
        v = jnp.concatenate([jnp.full(1, first**2), later])
        jacobian = p[1] + jnp.log(a1 * (1 - a1)) + jnp.log(r * (1 - r)) + jnp.log(1 - a1)
        return jacobian - 0.5 * (jnp.log(v) + squares / v).sum()

    return density


def in_jax(name, data):
    """The density in JAX."""
    if name == "eight_schools-eight_schools_noncentered":
        return jax_eight_schools(np.array(data["y"], float), np.array(data["sigma"], float))
    if name == "garch-garch11":
        return jax_garch(np.array(data["y"], float), float(data["sigma1"]))
    return jax_regression(*regression_data(name, data))


def agree(densities, points):
    """The largest difference of values and of gradients from the first density's, relative to their size."""
    (value, score), *others = [density(points) for density in densities]
    value_size, score_size = 1 + abs(value), 1 + abs(score).max(1, keepdims=True)
    values = max(float((abs(v - value) / value_size).max()) for v, _ in others)
    return values, max(float((abs(s - score) / score_size).max()) for _, s in others)


def microseconds(density, points, least=0.2):
    """Of one point with its gradient, asked as many as there are chains."""
    points, count = points[:CHAINS], 0
    density(points)
    started = time.perf_counter()
    while time.perf_counter() - started < least:
        density(points)
        count += len(points)
    return (time.perf_counter() - started) / count * 1e6


# ---- The samplers: each is a run(seed, start) -> Run, compiled beforehand


class Run(NamedTuple):
    draws: np.ndarray
    warmup_seconds: float
    seconds: float
    #: Points that sampling asked for; peers run their chains in lockstep and may ask for more than they count.
    gradients: float


def stein_run(density, draws, asked):
    def run(seed, start):
        chains = stein.Chains(density(), start=start, seed=seed, warmup=WARMUP)
        begun = time.perf_counter()
        # Warm-up comes with the first draw.
        first = chains.run(1)
        warm, before = time.perf_counter(), asked()
        rest = chains.run(draws - 1)
        share = draws / (draws - 1)
        seconds, gradients = share * (time.perf_counter() - warm), share * (asked() - before)
        return Run(np.concatenate([first, rest], 1), warm - begun, seconds, gradients)

    return run


def stein_in_c(function, make, d, draws):
    data = make()
    return stein_run(lambda: stein.Density.from_c(function, d, ctypes.byref(data)), draws, lambda: data.asked)


def in_halves(runs):
    """The chains in two halves, each in a thread: neither library holds Python's lock while it runs."""
    pool = concurrent.futures.ThreadPoolExecutor(2)

    def run(seed, start):
        made = list(pool.map(lambda part: part[0](*part[1:]), zip(runs, (seed, seed + 1000), np.split(start, 2))))
        draws, warmups, seconds, gradients = zip(*made)
        return Run(np.concatenate(draws), max(warmups), max(seconds), sum(gradients))

    return run


def stein_in_python(function, d, draws):
    asked = [0]

    def counting(p):
        asked[0] += len(p)
        with np.errstate(all="ignore"):
            return function(p)

    return stein_run(lambda: stein.Density(counting, d), draws, lambda: asked[0])


def blackjax_phases(density, count, draws):
    """warm(key, start) -> state; sample(key, state) -> draws, steps."""
    adaptation = blackjax.window_adaptation(
        blackjax.nuts, density, target_acceptance_rate=0.8, max_num_doublings=10,
        adaptation_info_fn=blackjax.adaptation.base.get_filter_adapt_info_fn(),
    )

    def warm(key, start):
        (state, parameters), _ = adaptation.run(key, start, WARMUP)
        return state, parameters["step_size"], parameters["inverse_mass_matrix"]

    def sample(key, warmed):
        state, step_size, metric = warmed
        kernel = blackjax.nuts(density, step_size, metric, max_num_doublings=10)

        def step(state, key):
            state, info = kernel.step(key, state)
            return state, (state.position, info.num_integration_steps)

        return jax.lax.scan(step, state, jax.random.split(key, draws))[1]

    def of_chains(phase):
        return lambda key, state: jax.vmap(phase)(jax.random.split(key, count), state)

    return of_chains(warm), of_chains(sample)


def numpyro_phases(density, count, draws):
    kernel = NUTS(potential_fn=lambda p: -density(p), target_accept_prob=0.8, max_tree_depth=10)

    def chains():
        return MCMC(
            kernel, num_warmup=WARMUP, num_samples=draws, num_chains=count, chain_method="vectorized", progress_bar=False,
        )

    def warm(key, start):
        made = chains()
        made.warmup(key, init_params=start)
        return made.post_warmup_state

    def sample(key, warmed):
        made = chains()
        made.post_warmup_state = warmed
        made.run(key, extra_fields=("num_steps",))
        return made.get_samples(group_by_chain=True), made.get_extra_fields()["num_steps"]

    return warm, sample


def peer(phases, density, count, d, draws):
    """run of so many chains, and the seconds of compiling. Without a jit of our own NumPyro would compile anew in every run."""

    def compiled(phase, *arguments):
        begun = time.perf_counter()
        return jax.jit(phase).lower(*arguments).compile(), time.perf_counter() - begun

    key, start = jax.random.key(0), jnp.zeros((count, d))
    warm, sample = phases(density, count, draws)
    warm, first = compiled(warm, key, start)
    sample, second = compiled(sample, key, warm(key, start))

    def run(seed, start):
        keys = jax.random.split(jax.random.key(seed))
        start = jax.block_until_ready(jnp.asarray(start))
        begun = time.perf_counter()
        warmed = jax.block_until_ready(warm(keys[0], start))
        between = time.perf_counter()
        draws, steps = jax.block_until_ready(sample(keys[1], warmed))
        ended = time.perf_counter()
        return Run(np.asarray(draws), between - begun, ended - between, int(steps.sum()))

    return run, first + second


# ---- The table


def processor_seconds():
    """Of the whole machine, since it started."""
    ticks = sum(int(n) for k, n in enumerate(pathlib.Path("/proc/stat").read_text().split()[1:9]) if k not in (3, 4))
    return ticks / os.sysconf("SC_CLK_TCK")


class Quiet:
    """Waits until nobody else computes, for so many seconds in all."""

    def __init__(self, patience):
        self.left, self.given_up = patience, 0

    def wait(self, look=0.25):
        while True:
            before = processor_seconds()
            time.sleep(look)
            if processor_seconds() - before < 0.1 * look:
                return
            if self.left <= 0:
                break
            self.left -= look
        self.given_up += 1


def measured(run, seed, start, truth, truth_error):
    made = run(seed, start)
    data = arviz.convert_to_dataset({f"x{j}": made.draws[..., j] for j in range(made.draws.shape[2])})
    bulk, tail = (min(float(v) for v in arviz.ess(data, method=kind).values()) for kind in ("bulk", "tail"))
    values, errors = summary(made.draws)
    return {
        "bulk": bulk, "tail": tail, "rhat": max(float(v) for v in arviz.rhat(data).values()),
        "per_second": bulk / made.seconds, "per_second_all": bulk / (made.seconds + made.warmup_seconds),
        "tail_per_second": tail / made.seconds, "gradients": made.gradients / bulk,
        "microseconds": made.seconds / made.gradients * 1e6,
        "worst": float((abs(values - truth) / np.sqrt(errors**2 + truth_error**2)).max()),
    }


def table(name, results, compiling, out):
    def column(sampler, key):
        return np.array([row[key] for row in results[sampler]])

    def spread(values):
        return f"{np.median(values):,.0f} ({values.min():,.0f}–{values.max():,.0f})"

    def ratio(sampler, key):
        """To the better peer with as many threads."""
        peers = [p for p in compiling if p.endswith(TWO) == sampler.endswith(TWO)]
        return np.median(column(sampler, key)) / max(np.median(column(p, key)) for p in peers)

    for sampler in results:
        cells = [
            name.split("-")[0], sampler, f"{np.median(column(sampler, 'bulk')):,.0f}", f"{np.median(column(sampler, 'tail')):,.0f}",
            f"{column(sampler, 'rhat').max():.4f}", f"{column(sampler, 'worst').max():.1f}", spread(column(sampler, "per_second")),
            spread(column(sampler, "per_second_all")),
            "" if sampler in compiling else " / ".join(f"{ratio(sampler, key):.2g}" for key in ("per_second", "per_second_all")),
            f"{np.median(column(sampler, 'gradients')):.1f}", f"{np.median(column(sampler, 'microseconds')):.2f}",
            f"{compiling[sampler]:.1f}" if sampler in compiling else "",
        ]
        print("| " + " | ".join(cells) + " |", file=out, flush=True)


def check(name, densities, *points):
    differences = np.max([agree(densities.values(), p) for p in points], 0)
    assert (differences < 1e-10).all(), f"{name}: the densities differ by {differences}"
    times = ", ".join(f"{kind} {microseconds(density, points[-1]):.2f}" for kind, density in densities.items())
    return f"{name}: values and gradients within {differences[0]:.0e} and {differences[1]:.0e}; µs a gradient, eight at once: {times}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--patience", type=float, default=300, help="seconds to wait in all for other processes to end")
    parser.add_argument("--only", nargs="*", choices=[name.split("-")[0] for name in POSTERIORS])
    arguments = parser.parse_args()
    draws = arguments.draws
    versions = ", ".join(f"{m.__name__} {m.__version__}" for m in (jax, blackjax, numpyro, arviz, np))
    print(f"Python {platform.python_version()}, {versions}; {' '.join(COMPILER)}\n")
    out, quiet = io.StringIO(), Quiet(arguments.patience)
    with tempfile.TemporaryDirectory() as scratch:
        library = compiled(scratch)
    for name, make in POSTERIORS.items():
        if arguments.only and name.split("-")[0] not in arguments.only:
            continue
        data = json.loads((arguments.folder / f"{name}.data.json").read_text())
        in_python, d, unconstrained = make(data)
        (symbol, make_data), of_jax = in_c(name, data), in_jax(name, data)
        function = getattr(library, symbol)
        reference = unconstrained(np.load(arguments.folder / f"{name}.npy")).reshape(10, 1000, d)
        at_once = jax.jit(jax.vmap(jax.value_and_grad(of_jax)))
        densities = {
            "NumPy": in_python, "C": as_numpy(function, make_data()), "JAX": lambda p, f=at_once: [np.asarray(a) for a in f(p)],
        }
        random = np.random.default_rng(arguments.seed)
        print(check(name, densities, random.standard_normal((64, d)), reference[:, :8].reshape(-1, d)), flush=True)
        truth = summary(reference)
        runs, compiling = {"Stein, C density": stein_in_c(function, make_data, d, draws)}, {}
        runs["Stein, C density" + TWO] = in_halves([stein_in_c(function, make_data, d, draws) for _ in range(2)])
        if name not in SLOW_IN_PYTHON:
            runs["Stein, NumPy density"] = stein_in_python(in_python, d, draws)
        for title, phases in (("BlackJAX", blackjax_phases), ("NumPyro", numpyro_phases)):
            runs[title], compiling[title] = peer(phases, of_jax, CHAINS, d, draws)
            half, compiling[title + TWO] = peer(phases, of_jax, CHAINS // 2, d, draws)
            runs[title + TWO] = in_halves([half, half])
        results = {sampler: [] for sampler in runs}
        for number in range(arguments.rounds):
            seed = arguments.seed + number
            start = 0.5 * np.random.default_rng(seed).standard_normal((CHAINS, d))
            for sampler, run in runs.items():
                quiet.wait()
                results[sampler].append(measured(run, seed, start, *truth))
        table(name, results, compiling, out)
    if quiet.given_up:
        print(f"\nOther processes computed as {quiet.given_up} of the runs began.")
    print(
        "\n| posterior | sampler | bulk ESS | tail ESS | largest R̂ | worst of mean and quantiles, in errors | bulk ESS a second, sampling"
        " | with warm-up | of the better peer | gradients an effective sample | µs a gradient | compiling, s |"
    )
    print("|---" * 12 + "|")
    print(out.getvalue())


if __name__ == "__main__":
    main()
