"""W5 in PyTorch: E ‖σ s(x + σz, σ) + z‖² a pixel, with the U-Net's F = σ s."""

import torch
from unet_torch import network, scaled_score
from with_torch import batches, prepare, train
from workloads import LOG_SIGMA_MAX, LOG_SIGMA_MIN, PICTURES, PICTURES_RATE, SIDE, arguments

given = arguments("pictures")
modes, work = prepare(given), given.workload
net = network(work, modes)
shape = (work.sizes[0], SIDE, SIDE)
rows = batches(2 * torch.rand(PICTURES, *shape) - 1, work.batch)


def draw():
    return next(rows), torch.rand(work.batch), torch.randn(work.batch, *shape)


def loss(x, u, z):
    sigma = torch.exp(LOG_SIGMA_MIN + (LOG_SIGMA_MAX - LOG_SIGMA_MIN) * u)
    with torch.autocast("cpu", torch.bfloat16, enabled="bf16" in modes):
        return ((scaled_score(net, x + sigma.view(-1, 1, 1, 1) * z, sigma) + z) ** 2).mean()


train(net, loss, draw, given, modes, PICTURES_RATE)
