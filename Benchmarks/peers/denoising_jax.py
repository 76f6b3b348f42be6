"""W1 and W2 in JAX: E ‖σ s(x + σz, σ) + z‖² with s = F/σ."""

import jax
import jax.numpy as jnp
from with_jax import batch, forward, network, train
from workloads import LOG_SIGMA_MIN, ROWS, arguments

given = arguments("denoising")
work = given.workload
spread, side = jax.random.split(jax.random.key(2))
data = 0.3 * jax.random.normal(spread, (ROWS, work.dimension)) + 2.0 * jax.random.bernoulli(side, shape=(ROWS, 1)) - 1


def loss(layers, key):
    rows, level, noise = jax.random.split(key, 3)
    x = batch(rows, data, work.batch)
    sigma = jnp.exp(LOG_SIGMA_MIN * (1 - jax.random.uniform(level, (work.batch, 1))))
    z = jax.random.normal(noise, x.shape)
    score = forward(layers, jnp.concatenate([x + sigma * z, jnp.log(sigma) / 4], 1), jax.nn.silu) / sigma
    return ((sigma * score + z) ** 2).sum(1).mean()


train(network(work.sizes), loss, given)
