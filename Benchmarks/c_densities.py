"""The four posteriors' densities in C (densities.c): compiled, and with their data."""

from __future__ import annotations

import ctypes
import pathlib
import subprocess

import numpy as np

COMPILER = ["cc", "-std=c99", "-O3", "-march=native", "-fopenmp-simd", "-shared", "-fPIC"]


class Data(ctypes.Structure):
    """bench_data of densities.c."""

    _fields_ = [
        ("rows", ctypes.c_int64), ("columns", ctypes.c_int64), ("x", ctypes.c_void_p), ("y", ctypes.c_void_p),
        ("scale", ctypes.c_double), ("asked", ctypes.c_int64),
    ]


def c_data(y, x=None, scale=0.0):
    """x is [columns, rows]."""
    y = np.ascontiguousarray(y, float)
    x = np.zeros((0, len(y))) if x is None else np.ascontiguousarray(x, float)
    made = Data(len(y), x.shape[0], x.ctypes.data, y.ctypes.data, scale, 0)
    made.arrays = (x, y)
    return made


def compiled(folder):
    library = pathlib.Path(folder) / "densities.so"
    source = pathlib.Path(__file__).with_name("densities.c")
    subprocess.run([*COMPILER, "-o", library, source, "-lm"], check=True)
    return ctypes.CDLL(library)


def as_numpy(function, data):
    """A C density as posteriors.py's are."""

    def density(p):
        p = np.ascontiguousarray(p)
        value, score = np.empty(len(p)), np.empty_like(p)
        pointers = (ctypes.c_void_p(a.ctypes.data) for a in (p, value, score))
        status = function(ctypes.byref(data), *map(ctypes.c_int64, p.shape), *pointers)
        assert status == 0, status
        return value, score

    return density


def regression_data(name, data):
    """x, y and the deviation of the prior, or None for a flat one."""
    if name == "kidiq-kidscore_momiq":
        iq = np.array(data["mom_iq"], float)
        return np.stack([np.ones(len(iq)), iq], 1), np.array(data["kid_score"], float), None
    y, k = np.array(data["y"]), data["K"]
    return np.stack([np.ones(len(y) - k)] + [y[k - j : len(y) - j] for j in range(1, k + 1)], 1), y[k:], 10.0


def in_c(name, data):
    """The function's name in densities.c, and what makes its data."""
    if name == "eight_schools-eight_schools_noncentered":
        return "eight_schools", lambda: c_data(np.array(data["y"], float), np.array(data["sigma"], float)[None])
    if name == "garch-garch11":
        return "garch", lambda: c_data(np.array(data["y"], float), scale=float(data["sigma1"]))
    x, y, prior = regression_data(name, data)
    return "regression", lambda: c_data(y, x.T, prior or 0.0)
