"""stein_tensor_save against NumPy's reader, and back through stein_dataset_open."""

import os

import numpy as np
import pytest
import stein
from stein import _arrays
from stein._call import call

RNG = np.random.default_rng(2)
TYPES = ["f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]


def save(array, path):
    call("stein_tensor_save", stein.Context.default().handle, _arrays.Tensor(array).pointer, os.fsencode(path))


@pytest.mark.parametrize("kind", TYPES)
def test_numpy_reads_it(kind, tmp_path):
    path = tmp_path / "a.npy"
    for shape in [(1,), (7,), (5, 3), (2, 3, 4), (2, 1, 3, 2, 5), (300, 40)]:
        if kind[0] == "f":
            whole = (RNG.standard_normal(shape) * 1e3).astype(kind)
        else:
            whole = RNG.integers(np.iinfo(kind).min, np.iinfo(kind).max, shape, dtype=kind, endpoint=True)
        for array in (whole, whole[::-1], np.asfortranarray(whole), whole[..., ::2]):
            save(array, path)
            again = np.load(path)
            assert again.dtype == array.dtype and np.array_equal(again, array) and again.flags.c_contiguous


def test_there_and_back(tmp_path):
    rows = RNG.gamma(2, size=(50, 4))
    save(rows, tmp_path / "rows.npy")
    assert stein.Dataset.open(tmp_path / "rows.npy").describe() == stein.Dataset(rows).describe()


def test_what_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.npy"
    save(np.arange(4.0), path)
    small = stein.Context(memory_limit=1000)
    with pytest.raises(stein.SteinMemoryError):
        tensor = _arrays.rows(RNG.standard_normal((500, 4)))
        call("stein_tensor_save", small.handle, tensor.pointer, os.fsencode(path))
    with pytest.raises(stein.SteinFileError):
        save(np.arange(3.0), tmp_path / "nowhere" / "a.npy")
    assert np.array_equal(np.load(path), np.arange(4.0))
    assert [f.name for f in tmp_path.iterdir()] == ["a.npy"]
