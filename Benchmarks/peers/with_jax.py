"""What the workloads in JAX share. mode: jit (one compiled step a call) or scan (20 steps a call)."""

from __future__ import annotations

import itertools
import os

os.environ["JAX_PLATFORMS"] = "cpu"  # before the import, else it looks for accelerators

import jax
import jax.numpy as jnp
import optax
from workloads import RATE, serve

STEPS = 20  # of a scan


def network(sizes):
    keys = jax.random.split(jax.random.key(0), len(sizes))
    return [
        (jax.random.uniform(key, (a, b), minval=-(a**-0.5), maxval=a**-0.5), jnp.zeros(b))
        for key, (a, b) in zip(keys, itertools.pairwise(sizes))
    ]


def forward(layers, x, activation):
    for weight, bias in layers[:-1]:
        x = activation(x @ weight + bias)
    weight, bias = layers[-1]
    return x @ weight + bias


def batch(key, data, size):
    return data[jax.random.randint(key, (size,), 0, len(data))]


def measure(step, state, given, unit=1) -> None:
    """Measures step(state) -> (state, value), `unit` steps in one, compiled alone or in a scan."""
    scanned = given.mode == "scan"
    many = lambda s: jax.lax.scan(lambda c, _: step(c), s, length=STEPS)  # noqa: E731
    call = jax.jit(many if scanned else step, donate_argnums=0)

    def run(calls):
        nonlocal state
        for _ in range(calls):
            state, values = call(state)
        return float(values.ravel()[-1])

    serve(run, given.seconds, unit * STEPS if scanned else unit)


def train(layers, loss, given, rate=RATE) -> None:
    """Measures Adam on loss(layers, key)."""
    optimizer = optax.adam(rate)

    def step(state):
        layers, moments, key = state
        key, now = jax.random.split(key)
        value, slope = jax.value_and_grad(loss)(layers, now)
        updates, moments = optimizer.update(slope, moments, layers)
        return (optax.apply_updates(layers, updates), moments, key), value

    measure(step, (layers, optimizer.init(layers), jax.random.key(1)), given)
