"""W5 in JAX: E ‖σ s(x + σz, σ) + z‖² a pixel, with the U-Net's F = σ s."""

import jax
import jax.numpy as jnp
from unet_jax import network, scaled_score
from with_jax import batch, train
from workloads import LOG_SIGMA_MAX, LOG_SIGMA_MIN, PICTURES, PICTURES_RATE, SIDE, arguments

given = arguments("pictures")
work = given.workload
data = jax.random.uniform(jax.random.key(2), (PICTURES, SIDE, SIDE, work.sizes[0]), minval=-1)


def loss(layers, key):
    rows, level, noise = jax.random.split(key, 3)
    x = batch(rows, data, work.batch)
    sigma = jnp.exp(jax.random.uniform(level, (work.batch,), minval=LOG_SIGMA_MIN, maxval=LOG_SIGMA_MAX))
    z = jax.random.normal(noise, x.shape)
    return ((scaled_score(layers, x + sigma[:, None, None, None] * z, sigma) + z) ** 2).mean()


train(network(work), loss, given, PICTURES_RATE)
