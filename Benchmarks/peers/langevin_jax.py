"""W6 in JAX: x′ = x + ε s(x, σ) + √(2ε) z."""

import jax
import jax.numpy as jnp
from with_jax import forward, measure, network
from workloads import SIGMA, STEP, arguments

given = arguments("langevin")
work = given.workload
layers = network(work.sizes)
sigma = jnp.full((work.batch, 1), SIGMA)


def step(state):
    x, key = state
    key, now = jax.random.split(key)
    score = forward(layers, jnp.concatenate([x, jnp.log(sigma) / 4], 1), jax.nn.silu) / sigma
    x = x + STEP * score + (2 * STEP) ** 0.5 * jax.random.normal(now, x.shape)
    return (x, key), x.mean()


start, key = jax.random.split(jax.random.key(1))
measure(step, (jax.random.normal(start, (work.batch, work.dimension)), key), given)
