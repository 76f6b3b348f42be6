"""NumPy arrays as stein_tensor, without a copy where the library takes them as they are."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _abi
from ._checks import refused, shown
from ._errors import SteinValueError

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


def array_of(values: Any, name: str = "rows", missing: bool = False) -> npt.NDArray[Any]:
    """An array over the memory of values, from NumPy or any DLPack producer on the CPU; of lists and the like a new one.

    Never the numbers under a mask: where `missing` is allowed they come as NaN, else they are refused.
    """
    if isinstance(values, (list, tuple)) and any(isinstance(part, np.ma.MaskedArray) for part in values):
        values = np.ma.array(values)
    if isinstance(values, np.ma.MaskedArray):
        return _unmasked(values, name, missing)
    if isinstance(values, np.matrix):
        raise refused(f"{name} is a numpy.matrix, whose rows keep two axes; give numpy.asarray({name})")
    if not isinstance(values, np.ndarray) and hasattr(values, "__dlpack__"):
        try:
            return np.from_dlpack(values)
        except (BufferError, RuntimeError, TypeError, ValueError):
            pass  # a kind of number, a mask or a device that DLPack or NumPy does not take
    if hasattr(values, "toarray") and hasattr(values, "nnz"):
        raise refused(f"{name} is a sparse matrix; give {name}.toarray()")
    try:
        array = np.asarray(values)
    except Exception as failure:  # whatever an array library raises of its own
        what = "rows of different lengths" if isinstance(values, (list, tuple)) else f"{shown(values)}, which NumPy does not take"
        raise refused(f"{name} is {what}: {failure}", _abi.STEIN_BAD_SHAPE) from None
    if array.dtype.kind == "O" and type(values).__module__.split(".")[0] == "pandas":
        try:  # columns of several types, and those with pandas.NA
            array = np.asarray(values.to_numpy(np.float64, na_value=np.nan))
        except (TypeError, ValueError):
            pass
    return array


def _unmasked(values: Any, name: str, missing: bool) -> npt.NDArray[Any]:
    if values.dtype.names is not None:
        raise _of_another_kind(name, np.asarray(values.data))
    gone = np.ma.getmaskarray(values)
    if not gone.any():
        return np.asarray(values.data)
    if not missing:
        first = tuple(int(place) for place in np.argwhere(gone)[0])
        raise refused(
            f"{name} has {int(gone.sum())} masked values, the first at {list(first)}; leave their rows out or fill them "
            "(stein.TableModel learns from tables with gaps, impute draws them)", _abi.STEIN_NOT_FINITE,
        )
    if values.dtype.kind not in "iufb":
        raise _of_another_kind(name, np.asarray(values.data))
    return np.asarray(values.astype(np.float32 if values.dtype == np.float32 else np.float64).filled(np.nan))


def _of_another_kind(name: str, array: npt.NDArray[Any]) -> SteinValueError:
    """Why an array that holds no numbers is not taken, and what to give."""
    if array.dtype.names is not None:
        return refused(
            f"{name} is a structured array; give numpy.lib.recfunctions.structured_to_unstructured({name}), or its columns as a dictionary to "
            "stein.TableModel"
        )
    what = {
        "O": f"holds Python objects; give an array of numbers, {name}.astype(float), with float('nan') for what is missing",
        "U": "holds text", "S": "holds text", "T": "holds text",
        "c": f"holds complex numbers; give their parts, numpy.concatenate([{name}.real, {name}.imag], axis=1)",
        "M": "holds dates; give numbers, as .astype('int64')", "m": "holds durations; give numbers, as .astype('int64')",
    }.get(array.dtype.kind, f"holds {array.dtype}")
    file = "; stein.Dataset.open reads files" if array.dtype.kind in "US" and array.ndim == 0 else ""
    table = "" if array.dtype.kind == "c" else "; stein.TableModel takes tables with text, dates and gaps"
    return refused(f"{name} are numbers, and this {what}{file}{table}")


def names_of(values: Any) -> list[str] | None:
    """The columns' names of a pandas, polars or pyarrow table."""
    names = getattr(values, "column_names", None) or getattr(values, "columns", None)
    if isinstance(values, np.ndarray) or names is None or not all(isinstance(name, str) for name in names):
        return None
    return list(names)


def output(values: Any) -> Tensor:
    """Memory to write into, as it is."""
    plain = isinstance(values, np.ndarray) and not isinstance(values, (np.ma.MaskedArray, np.matrix))
    array = values if plain else None
    if array is None and not isinstance(values, np.ndarray) and hasattr(values, "__dlpack__"):
        array = array_of(values, "out")
    if array is None or array.dtype.kind != "f" or array.itemsize not in (4, 8) or not _usable(array):
        raise refused("out is an array of float32 or float64, of NumPy or a DLPack producer on the CPU")
    if not array.flags.writeable:
        raise refused("out is read-only")
    return Tensor(array)


def numbers(values: Any, name: str, missing: bool = False) -> npt.NDArray[Any]:
    """An array of real numbers, integers or flags; what holds something else is refused."""
    array = array_of(values, name, missing)
    if array.dtype.names is not None or array.dtype.kind not in "iufb":
        raise _of_another_kind(name, array)
    return array


def rows(values: Any, name: str = "rows", missing: bool = False) -> Tensor:
    """Numbers, as they are if they are float32, float64 or integers; a copy in float32 of float16, in float64 of others."""
    array = numbers(values, name, missing)
    if array.ndim == 0 or array.ndim > 5:
        raise refused(f"{name} has shape {array.shape}; it has 1 to 5 axes, the first for the rows", _abi.STEIN_BAD_SHAPE)
    if array.dtype.kind == "f" and array.itemsize == 2:
        array = array.astype(np.float32)
    if array.dtype.kind == "b" or array.dtype.kind == "f" and array.itemsize > 8:
        array = array.astype(np.float64)
    if not _usable(array):
        array = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("="))
    return Tensor(array)


def doubles(values: Any, name: str, missing: bool = False) -> npt.NDArray[Any]:
    """The same as an array of float64."""
    return np.asarray(numbers(values, name, missing), np.float64)


def labels(values: Any, name: str = "labels") -> Tensor | None:
    """Whole numbers, one a row."""
    if values is None:
        return None
    array = array_of(values, name)
    if array.dtype.names is not None or array.dtype.kind not in "iufb":
        raise refused(
            f"{name} are whole numbers, one a row, and these are of type {array.dtype}; number what they name, as "
            f"numpy.unique({name}, return_inverse=True)[1] does"
        )
    if array.ndim == 0:
        raise refused(f"{name} is one number; it is an array, one class a row", _abi.STEIN_BAD_SHAPE)
    if array.dtype.kind not in "iu":
        array = array.astype(np.float64)
        with np.errstate(invalid="ignore"):
            whole = array.astype(np.int64)
        wrong = np.flatnonzero(np.ravel(~(np.isfinite(array) & (np.abs(array) < 2.0**63) & (whole == array))))
        if len(wrong):
            raise refused(
                f"{name} must be whole numbers, one class a row, and at {int(wrong[0])} stands {np.ravel(array)[wrong[0]]}; what rows depend on by "
                "numbers that are no classes can be columns, and impute draws the others given them"
            )
        array = whole
    return Tensor(array if _usable(array) else np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("=")))


def returned(values: Any, shape: tuple[int, ...], what: str, hint: str = "") -> npt.NDArray[Any]:
    """What a callback returned, of exactly this shape: nothing is stretched, cut or rounded to fit."""
    array = numbers(values, what)
    if array.shape != shape:
        raise refused(f"{what} has shape {array.shape}; it needs {shape}{hint}", _abi.STEIN_BAD_SHAPE)
    return array


def pair(values: Any, what: str, names: str) -> tuple[Any, Any]:
    if not isinstance(values, (tuple, list)) or len(values) != 2:
        raise refused(f"{what} returned {shown(values)}; it returns {names}")
    return values[0], values[1]


def pointer(tensor: Tensor | None) -> Any:
    return None if tensor is None else tensor.pointer
