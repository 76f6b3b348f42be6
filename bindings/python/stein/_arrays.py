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

        # A pointer holds the struct, and so the memory too.
        setattr(self.tensor, "array", array)

    @property
    def pointer(self) -> Any:
        return ctypes.byref(self.tensor)


def _usable(array: npt.NDArray[Any]) -> bool:
    return (
        array.flags.aligned and array.dtype.isnative and all(s % array.itemsize == 0 for s in array.strides)
    )


def array_of(values: Any) -> npt.NDArray[Any]:
    """An array over the memory of values, from NumPy or any DLPack producer on the CPU; of lists and the like a new one."""
    if not isinstance(values, np.ndarray) and hasattr(values, "__dlpack__"):
        try:
            return np.from_dlpack(values)
        except (BufferError, RuntimeError, TypeError, ValueError):
            pass  # a kind of number, a mask or a device that DLPack or NumPy does not take
    return np.asarray(values)


def names_of(values: Any) -> list[str] | None:
    """The columns' names of a pandas, polars or pyarrow table."""
    names = getattr(values, "column_names", None) or getattr(values, "columns", None)
    if isinstance(values, np.ndarray) or names is None or not all(isinstance(name, str) for name in names):
        return None
    return list(names)


def output(values: Any) -> Tensor:
    """Memory to write into, as it is."""
    array = values if isinstance(values, np.ndarray) else array_of(values) if hasattr(values, "__dlpack__") else None
    if array is None or array.dtype.kind != "f" or array.itemsize not in (4, 8) or not _usable(array):
        raise ValueError("out is an array of float32 or float64, of NumPy or a DLPack producer on the CPU")
    if not array.flags.writeable:
        raise ValueError("out is read-only")
    return Tensor(array)


def rows(values: npt.ArrayLike) -> Tensor:
    """Numbers, as they are if they are float32, float64 or integers; a copy in float64 otherwise."""
    array = array_of(values)
    if array.dtype.kind in "OUSMm":
        try:
            array = array.astype(np.float64)
        except (TypeError, ValueError) as failure:
            raise ValueError(f"rows are numbers, and these hold {array.dtype} ({failure}); stein.TableModel takes tables") from None
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
    array = array_of(values)
    if array.dtype.kind not in "iu":
        whole = array.astype(np.int64)
        if not np.array_equal(whole, array):
            raise ValueError("labels must be whole numbers")
        array = whole
    return Tensor(array if _usable(array) else np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("=")))


def pointer(tensor: Tensor | None) -> Any:
    return None if tensor is None else tensor.pointer
