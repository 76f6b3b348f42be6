"""W3 in PyTorch: E [vᵀ ∇s v + ½ ‖s‖²], s = −∇E; by double backward, or (func) forward over reverse."""

import torch
from torch import nn
from with_torch import batches, network, prepare, scores, train
from workloads import ROWS, arguments

given = arguments("sliced")
modes, work = prepare(given), given.workload
net = network(work.sizes, nn.Softplus)
rows = batches(0.7 * torch.randn(ROWS, work.dimension), work.batch)


def draw():
    return next(rows), torch.randn(work.batch, work.dimension)


def double_backward(x, v):
    x = x.requires_grad_()
    s = -torch.autograd.grad(net(x).sum(), x, create_graph=True)[0]
    slope = torch.autograd.grad((s * v).sum(), x, create_graph=True)[0]
    return ((v * slope).sum(1) + 0.5 * (s**2).sum(1)).mean()


def forward_over_reverse(x, v):
    s, slope = torch.func.jvp(scores(net, modes), (x,), (v,))
    return ((v * slope).sum(1) + 0.5 * (s**2).sum(1)).mean()


train(net, forward_over_reverse if "func" in modes else double_backward, draw, given, modes)
