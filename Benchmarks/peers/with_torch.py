"""What the workloads in PyTorch share. mode: parts out of func, compile, fused, cl (channels last), bf16, joined by hyphens, or eager."""

from __future__ import annotations

import itertools

import torch
from torch import nn
from workloads import RATE, ROWS, serve


def prepare(given) -> list[str]:
    """Sets the threads; the parts of the mode."""
    torch.set_num_threads(given.threads)
    torch.manual_seed(0)
    return given.mode.split("-")


def network(sizes, activation) -> nn.Sequential:
    layers = [[nn.Linear(a, b), activation()] for a, b in itertools.pairwise(sizes)]
    return nn.Sequential(*itertools.chain(*layers))[:-1]


def two_modes(dimension) -> torch.Tensor:
    return 0.3 * torch.randn(ROWS, dimension) + 2.0 * torch.randint(0, 2, (ROWS, 1)) - 1


def batches(data, size):
    while True:
        yield data[torch.randint(0, len(data), (size,))]


def train(net, loss, draw, given, modes, rate=RATE) -> None:
    """Measures Adam on loss(*draw())."""
    compute = torch.compile(loss) if "compile" in modes else loss
    optimizer = torch.optim.Adam(net.parameters(), rate, fused=True if "fused" in modes else None)

    def run(steps):
        for _ in range(steps):
            optimizer.zero_grad(set_to_none=True)
            value = compute(*draw())
            value.backward()
            optimizer.step()
        return value.item()

    serve(run, given.seconds)


def scores(net, modes):
    """The energy's score as a function of x for torch.func, in terms of the parameters that the optimiser holds."""
    parameters = dict(net.named_parameters())
    energy = lambda y: torch.func.functional_call(net, parameters, (y,)).sum()  # noqa: E731
    return lambda y: -torch.func.grad(energy)(y)
