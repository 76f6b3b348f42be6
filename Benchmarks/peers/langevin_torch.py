"""W6 in PyTorch: x′ = x + ε s(x, σ) + √(2ε) z."""

import torch
from torch import nn
from with_torch import network, prepare
from workloads import SIGMA, STEP, arguments, serve

given = arguments("langevin")
modes, work = prepare(given), given.workload
net = network(work.sizes, nn.SiLU)
sigma = torch.full((work.batch, 1), SIGMA)


def step(x, z):
    score = net(torch.cat([x, sigma.log() / 4], 1)) / sigma
    return x + STEP * score + (2 * STEP) ** 0.5 * z


advance = torch.compile(step) if "compile" in modes else step


@torch.inference_mode()
def run(steps):
    x = torch.randn(work.batch, work.dimension)
    for _ in range(steps):
        x = advance(x, torch.randn_like(x))
    return x.mean().item()


serve(run, given.seconds)
