"""W4 in PyTorch: E [tr ∇s + ½ ‖s‖²], s = −∇E; by D backward passes, or (func) D tangents at once."""

import torch
from torch import nn
from with_torch import batches, network, prepare, scores, train
from workloads import ROWS, arguments

given = arguments("exact")
modes, work = prepare(given), given.workload
net = network(work.sizes, nn.Softplus)
rows = batches(0.7 * torch.randn(ROWS, work.dimension), work.batch)
axes = torch.eye(work.dimension)


def draw():
    return (next(rows),)


def passes(x):
    x = x.requires_grad_()
    s = -torch.autograd.grad(net(x).sum(), x, create_graph=True)[0]
    trace = sum(torch.autograd.grad(s[:, i].sum(), x, create_graph=True)[0][:, i] for i in range(x.shape[1]))
    return (trace + 0.5 * (s**2).sum(1)).mean()


def tangents(x):
    score = scores(net, modes)
    along = torch.func.vmap(lambda e: torch.func.jvp(score, (x,), (e.expand_as(x),))[1] @ e)
    return (along(axes).sum(0) + 0.5 * (score(x) ** 2).sum(1)).mean()


train(net, tangents if "func" in modes else passes, draw, given, modes)
