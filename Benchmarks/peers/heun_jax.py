"""W6-Heun in JAX: dx/dσ = −σ s(x, σ) down a grid of levels, the last step Euler's."""

import jax
import jax.numpy as jnp
from unet_jax import network, scaled_score
from with_jax import measure
from workloads import LEVELS, SIDE, arguments, levels

given = arguments("heun")
work = given.workload
layers = network(work)
grid = jnp.array(levels())


def slope(x, sigma):
    return -scaled_score(layers, x, jnp.full(work.batch, sigma))


def step(x, ends):
    sigma, following = ends
    change = slope(x, sigma)
    ahead = slope(x + (following - sigma) * change, following)
    return x + (following - sigma) * (change + ahead) / 2, None


def sampling(key):
    key, now = jax.random.split(key)
    x = grid[0] * jax.random.normal(now, (work.batch, SIDE, SIDE, work.sizes[0]))
    x, _ = jax.lax.scan(step, x, (grid[:-2], grid[1:-1]))
    return key, (x - grid[-2] * slope(x, grid[-2])).mean()


measure(sampling, jax.random.key(1), given, LEVELS)
