"""Columns of a table, out of and into dictionaries, pandas and whatever speaks Arrow; none of them is imported unless one is given."""

from __future__ import annotations

import dataclasses
import importlib
from typing import Any, Iterable, Mapping

import numpy as np
import numpy.typing as npt

from ._arrow import Column
from ._arrow import read as read_arrow
from ._arrow_out import Stream
from ._checks import refused

Array = npt.NDArray[Any]


def read(table: Any) -> tuple[str, list[Column]]:
    """What kind of container a table is ("pandas", "polars", "pyarrow", "arrow" or "dict"), and its columns."""
    package = type(table).__module__.split(".")[0]
    if package == "pandas" and hasattr(table, "columns"):
        return "pandas", [_from_pandas(name, table.iloc[:, j]) for j, name in enumerate(table.columns)]
    if hasattr(table, "__arrow_c_stream__"):
        return package if package in ("polars", "pyarrow") else "arrow", read_arrow(table)
    if isinstance(table, Mapping):
        return "dict", [_from_values(name, values) for name, values in table.items()]
    raise refused(
        f"{type(table).__name__} is not a table: give a pandas, polars or pyarrow one, an object with __arrow_c_stream__, "
        "or a dictionary of one array a column; stein.fit takes arrays [n, d]"
    )


def write(container: str, columns: list[Column], index: Any = None) -> Any:
    """The columns in a container of that kind; index: of the rows, for pandas."""
    if container == "dict":
        return {column.name: _to_values(column) for column in columns}
    if container == "pandas":
        pandas: Any = importlib.import_module("pandas")
        made = {column.name: _to_pandas(pandas, column, index) for column in columns}
        return pandas.DataFrame(made, index=index, columns=[column.name for column in columns])
    stream = Stream(columns)
    if container == "polars":
        return importlib.import_module("polars").DataFrame(stream)
    if container == "pyarrow":
        return importlib.import_module("pyarrow").table(stream)
    return stream


def index_of(container: str, table: Any) -> Any:
    return table.index if container == "pandas" else None


def coded(name: Any, values: Iterable[Any], missing: Array, type_: str) -> Column:
    """A column of categories, which are the values that occur, sorted."""
    present = [value for value, gone in zip(values, missing) if not gone]
    distinct = sorted(set(present), key=lambda value: (str(type(value)), value))
    places = {value: code for code, value in enumerate(distinct)}
    codes = np.zeros(len(missing), np.int64)
    codes[~missing] = [places[value] for value in present]
    return Column(name, "category", codes, missing, type_, [plain(value) for value in distinct])


def plain(value: Any) -> Any:
    """Python's own object of a NumPy number."""
    return value.item() if isinstance(value, np.generic) else value


def _from_values(name: Any, values: Any) -> Column:
    if isinstance(values, np.ma.MaskedArray):
        return _from_masked(name, values)
    if isinstance(values, np.matrix):
        raise refused(f"column {name!r} is a numpy.matrix, whose rows keep two axes; give numpy.asarray of it")
    try:
        values = np.asarray(values)
    except Exception as failure:  # whatever an array library raises of its own
        raise refused(f"column {name!r} is no array: {failure}") from None
    if values.dtype.names is not None:
        raise refused(f"column {name!r} is a structured array; give its fields as columns of their own")
    if values.ndim != 1:
        raise ValueError(f"column {name!r} has shape {values.shape}, not one value a row")
    if values.dtype.kind == "O":
        missing = np.array([value is None or value != value for value in values], bool)
        return _objects(name, values.tolist(), missing, "object", {"flag": "|b1", "integer": "<i8", "real": "<f8"})
    if values.dtype.kind == "U":
        return coded(name, values.tolist(), np.zeros(len(values), bool), values.dtype.str)
    return _numbers(name, values, None, values.dtype.str)


def _from_masked(name: Any, values: Any) -> Column:
    """Masked values are gaps; what lies under the mask is not looked at."""
    gone, type_ = np.ma.getmaskarray(values), values.dtype.str
    if not gone.any() or values.ndim != 1 or values.dtype.names is not None:
        return _from_values(name, values.data)
    if values.dtype.kind == "f":
        return _from_values(name, values.filled(np.nan))
    if gone.all():
        return Column(name, "real", np.full(len(gone), np.nan), gone, "<f8")  # which fit refuses by its name
    whole = _from_values(name, np.where(gone, values.data[~gone][0], values.data))
    if whole.kind == "category":
        return coded(name, values.data.tolist(), gone | whole.missing, whole.type)
    return dataclasses.replace(whole, missing=gone | whole.missing, type=type_)


def _objects(name: Any, values: list[Any], missing: Array, type_: str, numeric: dict[str, str]) -> Column:
    """Python's own objects with None or NaN for gaps: numbers or flags if all of them are, else categories."""
    present = [value for value, gone in zip(values, missing) if not gone]
    for kind, types in (("flag", (bool, np.bool_)), ("integer", (int, np.integer)), ("real", (int, float, np.number))):
        if present and all(isinstance(value, types) and (kind == "flag" or not isinstance(value, bool)) for value in present):
            numbers = np.zeros(len(missing), np.float64 if kind == "real" else np.int64)
            numbers[~missing] = present
            if kind == "real":
                numbers[missing] = np.nan
            return Column(name, kind, numbers, missing, numeric.get(kind, type_))
    return coded(name, values, missing, type_)


def _numbers(name: Any, values: Array, missing: Array | None, type_: str) -> Column:
    none = np.zeros(len(values), bool)
    if values.dtype.kind == "f":
        return Column(name, "real", values.astype(np.float64), np.isnan(values), type_)
    if values.dtype.kind in "iu":
        return Column(name, "integer", values.astype(np.int64), none if missing is None else missing, type_)
    if values.dtype.kind == "b":
        return Column(name, "flag", values.astype(np.int64), none if missing is None else missing, type_)
    raise refused(f"column {name!r} holds {values.dtype}, which is not among numbers, flags, text and categories")


def _to_values(column: Column) -> Array:
    if column.categories is not None:
        made = np.empty(len(column.values), object)
        made[:] = [column.categories[code] for code in column.values]
        return made if column.type == "object" else made.astype(column.type)
    return column.values.astype(column.type)


def _from_pandas(name: Any, series: Any) -> Column:
    dtype = series.dtype
    missing = np.asarray(series.isna(), bool)
    if hasattr(dtype, "categories"):
        codes = np.where(missing, 0, np.asarray(series.cat.codes, np.int64))
        categories = dtype.categories
        return Column(
            name, "category", codes, missing, "category", [plain(value) for value in categories.tolist()],
            bool(dtype.ordered), str(categories.dtype),
        )
    if dtype.kind in "mM":  # whole numbers of their unit
        stamps = np.asarray(series.astype("int64")) if not missing.any() else _stamps(series, missing)
        return Column(name, "integer", np.where(missing, 0, stamps), missing, str(dtype))
    if dtype.kind == "f":
        values = series.to_numpy(np.float64, na_value=np.nan)
        return Column(name, "real", values, missing, str(dtype))
    if dtype.kind in "iub":
        filled = np.asarray(series.fillna(False if dtype.kind == "b" else 0) if missing.any() else series)
        return _numbers(name, filled.astype(bool if dtype.kind == "b" else np.int64), missing, str(dtype))
    return _objects(name, series.tolist(), missing, str(dtype), {})


def _stamps(series: Any, missing: Array) -> Array:
    whole = np.zeros(len(series), np.int64)
    whole[~missing] = np.asarray(series[~missing].astype("int64"))
    return whole


def _to_pandas(pandas: Any, column: Column, index: Any) -> Any:
    if column.type == "category":
        categories = pandas.Index(column.categories, dtype=column.extra)
        dtype = pandas.CategoricalDtype(categories, ordered=column.ordered)
        return pandas.Series(pandas.Categorical.from_codes(column.values, dtype=dtype), index=index)
    if column.categories is not None:
        words = [column.categories[code] for code in column.values]
        return pandas.Series(words, index=index, dtype=column.type)
    values = column.values.astype(bool) if column.kind == "flag" else column.values
    try:
        return pandas.Series(values, index=index).astype(column.type)
    except (TypeError, ValueError) as failure:
        raise refused(f"column {column.name!r} is of type {column.type} in the table, which does not hold what is drawn of it ({failure}); give it as float64") from None


def without_values(column: Column) -> Column:
    """A column's description alone."""
    return dataclasses.replace(column, values=np.empty(0), missing=np.empty(0, bool))
