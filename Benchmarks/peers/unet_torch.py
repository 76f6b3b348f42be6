"""The U-Net of W5 and W6-Heun in PyTorch: two residual blocks a level (Ho et al. 2020), told the noise by sines and cosines."""

from __future__ import annotations

import itertools
import math

import torch
from torch import nn
from torch.nn.functional import interpolate, silu

WAVES, TOLD = 32, 128


def convolution(before, width, size=3, stride=1) -> nn.Conv2d:
    return nn.Conv2d(before, width, size, stride, padding=size // 2)


def normed(width) -> nn.Sequential:
    return nn.Sequential(nn.GroupNorm(8, width), nn.SiLU())


class Block(nn.Module):
    def __init__(self, before, width) -> None:
        super().__init__()
        self.first = nn.Sequential(normed(before), convolution(before, width))
        self.shift = nn.Sequential(nn.SiLU(), nn.Linear(TOLD, width))
        self.second = nn.Sequential(normed(width), convolution(width, width))
        self.around = convolution(before, width, 1) if before != width else nn.Identity()

    def forward(self, x, told):
        inner = self.first(x) + self.shift(told)[:, :, None, None]
        return self.around(x) + self.second(inner)


class UNet(nn.Module):
    """F(x, ln(σ)/4) of pictures [rows, channels, height, width]."""

    def __init__(self, channels, *widths) -> None:
        super().__init__()
        self.told = nn.Sequential(nn.Linear(2 * WAVES, TOLD), nn.SiLU(), nn.Linear(TOLD, TOLD))
        self.into = convolution(channels, widths[0])
        self.down = nn.ModuleList(self.level(a, b) for a, b in zip((widths[0], *widths), widths))
        self.halves = nn.ModuleList(convolution(width, width, stride=2) for width in widths[:-1])
        self.middle = Block(widths[-1], widths[-1])
        upwards = [*itertools.pairwise(widths[::-1])]
        self.twice = nn.ModuleList(convolution(a, b) for a, b in upwards)
        self.up = nn.ModuleList(self.level(2 * b, b) for _, b in upwards)
        self.out = nn.Sequential(normed(widths[0]), convolution(widths[0], channels))
        self.register_buffer("waves", 250 * torch.exp(-math.log(1e4) * torch.arange(WAVES) / WAVES))

    @staticmethod
    def level(before, width) -> nn.ModuleList:
        return nn.ModuleList([Block(before, width), Block(width, width)])

    def forward(self, x, noise):
        angles = noise[:, None] * self.waves
        told = self.told(torch.cat([angles.sin(), angles.cos()], 1))
        x, kept = self.into(x), []
        for blocks, half in itertools.zip_longest(self.down, self.halves):
            for block in blocks:
                x = block(x, told)
            if half:
                kept.append(x)
                x = half(x)
        x = self.middle(x, told)
        for twice, blocks in zip(self.twice, self.up):
            x = torch.cat([twice(interpolate(x, scale_factor=2)), kept.pop()], 1)
            for block in blocks:
                x = block(x, told)
        return self.out(x)


def network(work, modes) -> UNet:
    layout = torch.channels_last if "cl" in modes else torch.contiguous_format
    return UNet(*work.sizes).to(memory_format=layout)


def scaled_score(net, x, sigma):
    """σ s(x, σ) = F, of inputs of variance about 1; sigma [rows]."""
    return net(x / (1 + sigma**2).sqrt().view(-1, 1, 1, 1), sigma.log() / 4)
