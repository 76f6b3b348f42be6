"""In one process with other libraries that compute, and with what they change in it."""

import subprocess
import sys
import threading

import numpy as np
import pytest
import stein
from conftest import PATIENCE

BESIDE = """
import sys, threading, numpy as np, stein
rows = np.random.default_rng(0).gamma(2.0, size=(200, 3))
def ours():
    model = stein.fit(rows, widths=[16, 16], steps=60, seed=3)
    return model.to_bytes() + model.sample(50, seed=4).tobytes()
alone = ours()
other = sys.argv[1]
if other == "torch":
    import torch
    torch.set_flush_denormal(True)
    a = torch.randn(300, 300, requires_grad=True)
    work = lambda: (a @ a).tanh().sum().backward()
else:
    a = np.random.default_rng(1).standard_normal((300, 300))
    work = lambda: np.linalg.svd(a @ a)
stop = []
def busy():
    while not stop:
        work()
threads = [threading.Thread(target=busy) for _ in range(2)]
[t.start() for t in threads]
work()
beside = [ours() for _ in range(3)]
stop.append(1)
[t.join() for t in threads]
assert all(b == alone for b in beside), "other bits"
print("same")
"""


@pytest.mark.parametrize("other", ["numpy", "torch"])
def test_the_same_bits_beside_another_library(other):
    if other == "torch" and subprocess.run([sys.executable, "-c", "import torch"], capture_output=True).returncode:
        pytest.skip("PyTorch is not installed here")
    result = subprocess.run([sys.executable, "-c", BESIDE, other], capture_output=True, text=True, timeout=PATIENCE)
    assert result.stdout == "same\n", result.stderr[-2000:]


def test_numpy_keeps_its_own_mode():
    """NumPy's errors are raised by flags of the floating-point unit: a call of ours neither raises nor hides one."""
    rows = np.random.default_rng(0).gamma(2.0, size=(60, 2))
    with np.errstate(all="raise"):
        model = stein.fit(rows, widths=[8], steps=20)
        model.sample(10)
        assert np.isfinite(np.exp(-np.abs(rows))).all()
        with pytest.raises(FloatingPointError):
            np.float64(1e308) * np.array([10.0])


def test_many_threads_of_python():
    rows = np.random.default_rng(0).gamma(2.0, size=(60, 2))
    model = stein.fit(rows, widths=[8], steps=20)
    expected, found = model.sample(30, seed=1).tobytes(), []

    def draw():
        for _ in range(10):
            found.append(model.sample(30, seed=1).tobytes() == expected)

    threads = [threading.Thread(target=draw) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 80 and all(found)
