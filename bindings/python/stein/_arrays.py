"""NumPy arrays as stein_tensor, without a copy where the library takes them as they are."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _abi

_CODES = {"i": 0, "u": 1, "f": 2}


class Tensor:
    """A stein_tensor over an array, and what keeps it alive."""

    def __init__(self, array: npt.NDArray[Any]) -> None:
        axes = array.ndim
        self.array = array
        self.shape = (ctypes.c_int64 * max(axes, 1))(*array.shape)
        self.strides = (ctypes.c_int64 * max(axes, 1))(*(s // array.itemsize for s in array.strides))
        self.tensor = _abi.stein_tensor(
            data=array.ctypes.data,
            device=_abi.stein_device(1, 0),
            ndim=axes,
            dtype=_abi.stein_dtype(_CODES[array.dtype.kind], 8 * array.itemsize, 1),
            shape=self.shape,
            strides=self.strides,
            byte_offset=0,
        )

    @property
    def pointer(self) -> Any:
        return ctypes.byref(self.tensor)


def _usable(array: npt.NDArray[Any]) -> bool:
    return (
        array.flags.aligned and array.dtype.isnative and all(s % array.itemsize == 0 for s in array.strides)
    )


def rows(values: npt.ArrayLike) -> Tensor:
    """Numbers, as they are if they are float32, float64 or integers; a copy in float64 otherwise."""
    array = np.asarray(values)
    if array.dtype.kind == "b" or array.dtype.kind not in "iuf" or array.itemsize == 2 and array.dtype.kind == "f":
        array = array.astype(np.float64)
    if array.dtype.kind == "f" and array.itemsize > 8:
        array = array.astype(np.float64)
    if not _usable(array):
        array = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("="))
    return Tensor(array)


def labels(values: npt.ArrayLike | None) -> Tensor | None:
    """Whole numbers, one a row."""
    if values is None:
        return None
    array = np.asarray(values)
    if array.dtype.kind not in "iu":
        whole = array.astype(np.int64)
        if not np.array_equal(whole, array):
            raise ValueError("labels must be whole numbers")
        array = whole
    return Tensor(array if _usable(array) else np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("=")))


def pointer(tensor: Tensor | None) -> Any:
    return None if tensor is None else tensor.pointer
