"""W1 and W2 in PyTorch: E ‖σ s(x + σz, σ) + z‖² with s = F/σ."""

import torch
from torch import nn
from with_torch import batches, network, prepare, train, two_modes
from workloads import LOG_SIGMA_MIN, arguments

given = arguments("denoising")
modes, work = prepare(given), given.workload
net = network(work.sizes, nn.SiLU)
rows = batches(two_modes(work.dimension), work.batch)


def draw():
    return next(rows), torch.rand(work.batch, 1), torch.randn(work.batch, work.dimension)


def loss(x, u, z):
    sigma = torch.exp(LOG_SIGMA_MIN * (1 - u))
    score = net(torch.cat([x + sigma * z, sigma.log() / 4], 1)) / sigma
    return ((sigma * score + z) ** 2).sum(1).mean()


train(net, loss, draw, given, modes)
