"""The U-Net of W5 and W6-Heun in JAX: two residual blocks a level (Ho et al. 2020), told the noise by sines and cosines."""

from __future__ import annotations

import itertools
import math

import with_jax  # before JAX, which it tells where to run  # noqa: F401

import jax
import jax.numpy as jnp

WAVES, TOLD = 32, 128


# ---- Where training begins


class Start:
    """Parameters, each from a key of its own."""

    def __init__(self) -> None:
        self.key = jax.random.key(0)

    def weight(self, *shape):
        """Uniform, and a bias; the last axis is the outputs'."""
        self.key, now = jax.random.split(self.key)
        bound = math.prod(shape[:-1]) ** -0.5
        return jax.random.uniform(now, shape, minval=-bound, maxval=bound), jnp.zeros(shape[-1])

    def norm(self, width):
        return jnp.ones(width), jnp.zeros(width)

    def block(self, before, width):
        return {
            "norms": [self.norm(before), self.norm(width)],
            "windows": [self.weight(3, 3, before, width), self.weight(3, 3, width, width)],
            "shift": self.weight(TOLD, width),
            "around": self.weight(1, 1, before, width) if before != width else None,
        }

    def level(self, before, width):
        return [self.block(before, width), self.block(width, width)]


def network(work):
    channels, *widths = work.sizes
    start, upwards = Start(), [*itertools.pairwise(widths[::-1])]
    return {
        "told": [start.weight(2 * WAVES, TOLD), start.weight(TOLD, TOLD)],
        "into": start.weight(3, 3, channels, widths[0]),
        "down": [start.level(a, b) for a, b in zip((widths[0], *widths), widths)],
        "halves": [start.weight(3, 3, width, width) for width in widths[:-1]],
        "middle": start.block(widths[-1], widths[-1]),
        "twice": [start.weight(3, 3, a, b) for a, b in upwards],
        "up": [start.level(2 * b, b) for _, b in upwards],
        "norm": start.norm(widths[0]),
        "out": start.weight(3, 3, widths[0], channels),
    }


# ---- The network


def layer(parameters, x):
    weight, bias = parameters
    return x @ weight + bias


def convolution(parameters, x, stride=1):
    weight, bias = parameters
    padding = [(length // 2, length // 2) for length in weight.shape[:2]]
    layout = ("NHWC", "HWIO", "NHWC")
    return jax.lax.conv_general_dilated(x, weight, (stride, stride), padding, dimension_numbers=layout) + bias


def activated(parameters, x):
    """SiLU of what has mean 0 and variance 1 over the pixels of each of 8 groups of channels."""
    gain, shift = parameters
    grouped = x.reshape(len(x), -1, 8, x.shape[-1] // 8)
    scaled = jax.nn.standardize(grouped, axis=(1, 3), epsilon=1e-5)
    return jax.nn.silu(scaled.reshape(x.shape) * gain + shift)


def block(parameters, x, told):
    (first, second), (before, behind) = parameters["windows"], parameters["norms"]
    inner = convolution(first, activated(before, x)) + layer(parameters["shift"], jax.nn.silu(told))[:, None, None]
    around = convolution(parameters["around"], x) if parameters["around"] else x
    return around + convolution(second, activated(behind, inner))


def forward(parameters, x, noise):
    """F(x, ln(σ)/4) of pictures [rows, height, width, channels]."""
    waves = 250 * jnp.exp(-math.log(1e4) * jnp.arange(WAVES) / WAVES)
    angles = noise[:, None] * waves
    first, second = parameters["told"]
    told = layer(second, jax.nn.silu(layer(first, jnp.concatenate([jnp.sin(angles), jnp.cos(angles)], 1))))
    x, kept = convolution(parameters["into"], x), []
    for blocks, half in itertools.zip_longest(parameters["down"], parameters["halves"]):
        for each in blocks:
            x = block(each, x, told)
        if half:
            kept.append(x)
            x = convolution(half, x, 2)
    x = block(parameters["middle"], x, told)
    for twice, blocks in zip(parameters["twice"], parameters["up"]):
        x = convolution(twice, x.repeat(2, 1).repeat(2, 2))
        x = jnp.concatenate([x, kept.pop()], 3)
        for each in blocks:
            x = block(each, x, told)
    return convolution(parameters["out"], activated(parameters["norm"], x))


def scaled_score(parameters, x, sigma):
    """σ s(x, σ) = F, of inputs of variance about 1; sigma [rows]."""
    return forward(parameters, x / jnp.sqrt(1 + sigma**2)[:, None, None, None], jnp.log(sigma) / 4)
