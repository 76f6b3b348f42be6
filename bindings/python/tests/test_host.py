"""The binding inside a Python program: arrays of others, processes, threads, interrupts, callbacks, progress."""

import collections
import copy
import pickle
import subprocess
import sys
import threading
import weakref

import numpy as np
import pytest
import stein
from conftest import PATIENCE
from stein import _arrays, _progress


class OnlyDLPack:
    """What an array library shows that knows nothing of NumPy."""

    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **options):
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.uint8])
@pytest.mark.parametrize("view", [lambda a: a, lambda a: a.T, lambda a: a[::2], lambda a: np.asfortranarray(a)])
def test_dlpack_without_a_copy(dtype, view):
    array = view(np.arange(12).reshape(4, 3).astype(dtype))
    for values in (array, OnlyDLPack(array)):
        tensor = _arrays.rows(values)
        assert np.shares_memory(tensor.array, array) and tensor.tensor.data == array.ctypes.data
        assert (tensor.array == array).all()


def test_dlpack_through_the_calls(rows, model):
    other = OnlyDLPack(rows)
    assert stein.Dataset(other).describe() == stein.Dataset(rows).describe()
    assert (model.score(other, 0.5) == model.score(rows, 0.5)).all()
    labels = np.arange(300) % 2
    assert stein.Dataset(other, OnlyDLPack(labels)).describe() == stein.Dataset(rows, labels).describe()
    out = np.zeros((5, 3), np.float32)
    model.sample(out=OnlyDLPack(out), seed=3) if _writes() else model.sample(out=out, seed=3)
    assert (out == model.sample(5, seed=3, dtype=np.float32)).all()


def _writes():
    """NumPy 2.1 and later let others write what they give out."""
    return np.from_dlpack(OnlyDLPack(np.zeros(2))).flags.writeable


def test_a_pointer_holds_its_memory():
    """Also of an array that was made for the call, as of a list or a table."""
    a, b = (np.random.default_rng(seed).standard_normal((400, 3)) for seed in (0, 1))
    held = weakref.ref(_arrays.rows(a.astype(">f8")).array)
    assert held() is None
    tensor = _arrays.rows(a.astype(">f8"))
    held, pointer = weakref.ref(tensor.array), tensor.pointer
    del tensor
    assert held() is not None
    del pointer
    assert held() is None
    expected = stein.sliced_wasserstein(a, b)
    for _ in range(20):
        assert stein.sliced_wasserstein(a.tolist(), b.astype(">f8")) == expected
        assert stein.maximum_mean_discrepancy(a.tolist(), b.tolist()) == stein.maximum_mean_discrepancy(a, b)


def test_outputs_are_checked(model):
    locked = np.zeros((4, 3))
    locked.flags.writeable = False
    for out, message in [(locked, "read-only"), ([[0.0] * 3] * 4, "out is an array"), (np.zeros((4, 3), int), "out is an array")]:
        with pytest.raises(ValueError, match=message):
            model.sample(out=out)


def test_torch(rows, model):
    torch = pytest.importorskip("torch", reason="torch is not installed: its tensors are not tried")
    tensor = torch.tensor(rows)
    assert _arrays.rows(tensor).tensor.data == tensor.data_ptr()
    assert (model.score(tensor, 0.5) == model.score(rows, 0.5)).all()
    out = torch.zeros((5, 3))
    model.sample(out=out, seed=3)
    assert (out.numpy() == model.sample(5, seed=3, dtype=np.float32)).all()


def test_pyarrow_columns(rows):
    pyarrow = pytest.importorskip("pyarrow")
    labels = pyarrow.array(np.arange(300) % 3)
    assert stein.Dataset(rows, labels).describe()["classes"][2] == {"label": 2, "count": 100}


def test_names_of_tables(rows):
    names = ["a", "b c", 'd"e']
    tables = [lambda: pytest.importorskip("pandas").DataFrame(rows, columns=names),
              lambda: pytest.importorskip("polars").DataFrame(rows, schema=names),
              lambda: pytest.importorskip("pyarrow").table(dict(zip(names, rows.T)))]
    for table in tables:
        assert stein.Dataset(table()).describe() == stein.Dataset(rows, names=names).describe()
    assert stein.Dataset(tables[0](), names=["x", "y", "z"]).describe()["names"] == ["x", "y", "z"]
    assert stein.Dataset(pytest.importorskip("pandas").DataFrame(rows)).describe()["names"] is None
    with pytest.raises(ValueError, match="rows are numbers, .*TableModel"):
        stein.Dataset([["a", "b"], ["c", "d"]])


def test_pickling(model, rows):
    expected = model.sample(4, seed=2)
    for again in (pickle.loads(pickle.dumps(model)), copy.copy(model), copy.deepcopy(model)):
        assert again.handle.value != model.handle.value and (again.sample(4, seed=2) == expected).all()
    untrained = pickle.loads(pickle.dumps(stein.Model(rows)))
    with pytest.raises(stein.SteinValueError, match="not trained"):
        untrained.sample(1)
    for thing in (stein.Dataset(rows), stein.Context(), stein.Trainer(stein.Model(rows), rows), stein.Graph(2)):
        with pytest.raises(TypeError, match=f"a {type(thing).__name__} belongs to its process"):
            pickle.dumps(thing)


PROCESSES = """
import multiprocessing, sys
import numpy as np, stein

def draw(work):
    model, first = work
    return model.sample(5, seed=1, first_index=first)

def learn(seed):
    rows = np.random.default_rng(0).standard_normal((100, 2))
    return stein.fit(rows, widths=[8], steps=20, seed=seed).to_bytes()

if __name__ == "__main__":
    rows = np.random.default_rng(0).standard_normal((100, 2))
    model = stein.fit(rows, widths=[8], steps=20, seed=3)   # the parent has worked before it forks
    whole = model.sample(20, seed=1)
    with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:
        parts = pool.map(draw, [(model, first) for first in (0, 5, 10, 15)])
        learnt = pool.map(learn, [3, 3, 4])
    assert (np.concatenate(parts) == whole).all()
    assert learnt[0] == learnt[1] == model.to_bytes() != learnt[2]
    print("same bytes")
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_processes(method, tmp_path):  # R15, R18
    script = tmp_path / "processes.py"
    script.write_text(PROCESSES)
    run = subprocess.run([sys.executable, script, method], capture_output=True, text=True, timeout=PATIENCE)
    assert run.stdout == "same bytes\n", run.stdout + run.stderr


def test_threads(model, rows):
    """Eight threads that draw, score and learn at once, each to the bytes of one alone."""
    expected = (model.sample(50, seed=1).tobytes(), model.score(rows, 0.5).tobytes(), stein.fit(rows, widths=[8], steps=20).to_bytes())
    found = []

    def work():
        found.append(
            (model.sample(50, seed=1).tobytes(), model.score(rows, 0.5).tobytes(), stein.fit(rows, widths=[8], steps=20).to_bytes())
        )

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 8


INTERRUPTS = """
import os, random, signal, sys, threading, time
import numpy as np, stein
signal.signal(signal.SIGINT, signal.default_int_handler)
rows = np.random.default_rng(0).gamma(2.0, size=(300, 3))
model = stein.fit(rows, widths=[64, 64], steps=20)
density = stein.Density(lambda x: (-0.5 * (x * x).sum(1), -x), 3)

def train():
    stein.Trainer(stein.Model(rows, widths=[64, 64]), rows, steps=10**7, validation=0).run()

works = {
    "train": train, "sample": lambda: model.sample(10**6, steps=500), "chains": lambda: stein.Chains(density, chains=200).run(10**5),
    "likelihood": lambda: model.log_likelihood(np.tile(rows, (300, 1)), tolerance=1e-6),
    "small calls": lambda: [model.score(rows[:3], 0.5) for _ in range(10**7)],
    "bar": lambda: stein.Trainer(stein.Model(rows), rows, steps=10**7, validation=0).run(progress=True),
}
random.seed(int(sys.argv[1]))
for name, work in works.items():
    for _ in range(4):
        sent = []
        def kill(wait=random.uniform(0.005, 0.15)):
            time.sleep(wait)
            sent.append(time.process_time())
            os.kill(os.getpid(), signal.SIGINT)
        thread = threading.Thread(target=kill)
        try:
            thread.start()
            work()
            print(name, "ended", sep="\\t")
        except KeyboardInterrupt:
            print(name, 1000 * (time.process_time() - sent[0]) / os.cpu_count(), sep="\\t")
        thread.join()
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
assert model.sample(2).shape == (2, 3)
"""


def test_interrupts_at_random_moments():
    """Each ends in KeyboardInterrupt; the quickest of each kind within 100 ms of the process's own time a thread, however busy the machine is."""
    run = subprocess.run([sys.executable, "-c", INTERRUPTS, "7"], capture_output=True, text=True, timeout=PATIENCE)
    waits = collections.defaultdict(list)
    for line in run.stdout.splitlines():
        name, wait = line.split("\t")
        waits[name].append(float(wait))
    assert len(waits) == 6 and all(len(w) == 4 and min(w) < 100 for w in waits.values()), run.stdout + run.stderr


class Mine(BaseException):
    """Not even an Exception."""


def test_exceptions_come_out_unchanged(rows):
    """The same object, with the place that raised it, out of every callback; and the objects go on working."""
    mine = Mine("unchanged")

    def fail(*_arguments):
        raise mine

    model = stein.Model(rows, widths=[8])
    trainer = stein.Trainer(model, rows, noise_kernel="caller", steps=50, validation=0)
    trainer.set_noise(fail)
    allreduce = stein.Trainer(stein.Model(rows, widths=[8]), rows)
    works = [
        trainer.run, lambda: allreduce.set_allreduce(fail, 0, 2), lambda: stein.Chains(stein.Density(fail, 2)).run(10),
        lambda: stein.Trainer(stein.Model(rows), rows, steps=10**6, validation=0).run(progress=fail),
        lambda: stein.fit(rows, widths=[8], steps=20).sample(10**6, progress=fail),
    ]
    for work in works:
        with pytest.raises(Mine) as caught:
            work()
        assert caught.value is mine and caught.value.__cause__ is None
        assert any(entry.name == "fail" for entry in caught.traceback)
        mine.__traceback__ = None
    trainer.set_noise(lambda x, sigma, bits: (x + sigma[:, None], -1 / sigma[:, None] + 0 * x))
    assert trainer.run()


def test_bars(rows, capsys, monkeypatch):
    pytest.importorskip("tqdm")
    trainer = stein.Trainer(stein.Model(rows, widths=[64]), rows, steps=3000, patience=0)
    assert trainer.run(progress=True)
    shown = capsys.readouterr().err
    assert "training score_mlp" in shown and "loss=" in shown and "3000/3000" in shown
    assert stein.fit(rows, widths=[8], steps=30, progress=True).sample(50, progress=True).shape == (50, 3)
    assert "drawing rows" in capsys.readouterr().err
    # Without tqdm: at most one line a second.
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    bar = _progress.Bar("stein_trainer_run")
    watch = type("Watch", (), {"step": 40, "steps": 100, "loss": 0.5, "validation": float("nan")})()
    bar.show(watch)
    bar._told -= 2
    bar.show(watch)
    bar.close(watch)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and lines[0].startswith("training: 40 of 100, loss 0.5")
    assert stein.fit(rows, widths=[8], steps=30, progress=True) is not None


def test_a_bar_ends_with_its_call(rows):
    tqdm = pytest.importorskip("tqdm.auto").tqdm
    with pytest.raises(stein.SteinInterrupted):
        stein.Trainer(stein.Model(rows), rows, steps=10**7, validation=0).run(progress=True, deadline=0.2)
    assert not list(getattr(tqdm, "_instances", []))
