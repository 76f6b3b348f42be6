"""W6-Heun in PyTorch: dx/dσ = −σ s(x, σ) down a grid of levels, the last step Euler's."""

import itertools

import torch
from unet_torch import network, scaled_score
from with_torch import prepare
from workloads import LEVELS, SIDE, arguments, levels, serve

given = arguments("heun")
modes, work = prepare(given), given.workload
net = network(work, modes)
shape = (work.batch, work.sizes[0], SIDE, SIDE)
grid = levels()
call = torch.compile(net) if "compile" in modes else net


def slope(x, sigma):
    with torch.autocast("cpu", torch.bfloat16, enabled="bf16" in modes):
        return -scaled_score(call, x, torch.full(shape[:1], sigma)).float()


@torch.inference_mode()
def run(samplings):
    for _ in range(samplings):
        x = grid[0] * torch.randn(shape)
        for sigma, following in itertools.pairwise(grid):
            change = slope(x, sigma)
            if following > 0:
                change = (change + slope(x + (following - sigma) * change, following)) / 2
            x = x + (following - sigma) * change
    return x.mean().item()


serve(run, given.seconds, LEVELS)
