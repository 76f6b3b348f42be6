"""W3 in JAX: E [vᵀ ∇s v + ½ ‖s‖²], s = −∇E, forward over reverse."""

import jax
from with_jax import batch, forward, network, train
from workloads import ROWS, arguments

given = arguments("sliced")
work = given.workload
data = 0.7 * jax.random.normal(jax.random.key(2), (ROWS, work.dimension))


def loss(layers, key):
    rows, direction = jax.random.split(key)
    x = batch(rows, data, work.batch)
    v = jax.random.normal(direction, x.shape)
    score = jax.grad(lambda y: -forward(layers, y, jax.nn.softplus).sum())
    s, slope = jax.jvp(score, (x,), (v,))
    return ((v * slope).sum(1) + 0.5 * (s**2).sum(1)).mean()


train(network(work.sizes), loss, given)
