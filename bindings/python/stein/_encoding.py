"""How the columns of a table become numbers for a model, and numbers their values again."""

from __future__ import annotations

import dataclasses
from typing import Any, Hashable

import numpy as np
import numpy.typing as npt

from ._arrow import Column
from ._columns import plain, without_values
from ._checks import refused, shown
from ._quantiles import Quantiles, is_far_from_normal
from .core import Context, fit

Array = npt.NDArray[Any]
_FILLING_ROUNDS = 5
_MOST_CATEGORIES = 1000


@dataclasses.dataclass
class Code:
    """How one column becomes numbers."""

    column: Column  #: without values; `kind` says how it is encoded
    stored: str  #: the kind that it came and goes as
    lowest: float
    highest: float
    quantiles: Quantiles | None = None  #: of numbers that are taken by their rank

    @classmethod
    def of(cls, column: Column, whole: bool, category: bool, ranked: bool | None = False) -> Code:
        """ranked: whether by quantiles; None: where the column is far from normal."""
        present, stored = column.values[~column.missing], column.kind
        if not len(present):
            raise ValueError(f"column {column.name!r} has no value")
        if column.kind == "real" and not np.isfinite(present).all():
            raise ValueError(f"column {column.name!r} holds infinity at row {int(np.flatnonzero(np.isinf(column.values))[0])}")
        if category and stored != "category":
            column = dataclasses.replace(column, kind="category", categories=np.unique(present).tolist())
        elif whole and stored == "real":
            column = dataclasses.replace(column, kind="integer")
        if column.categories is not None and len(column.categories) > _MOST_CATEGORIES:
            raise ValueError(
                f"column {column.name!r} has {len(column.categories)} categories, and {_MOST_CATEGORIES} is the most: "
                "leave it out if it names rows, or group its values"
            )
        if column.kind not in ("real", "integer"):
            ranked = False
        elif ranked is None:
            ranked = is_far_from_normal(present, column.kind == "real")
        quantiles = Quantiles.of(present) if ranked else None
        return cls(without_values(column), stored, float(present.min()), float(present.max()), quantiles)

    @property
    def one_hot(self) -> bool:
        return self.column.kind == "category" and not self.column.ordered and len(self.column.categories or []) > 2

    @property
    def width(self) -> int:
        return len(self.column.categories or []) if self.one_hot else 1

    @property
    def noisy(self) -> bool:
        """Whole numbers and ranks, which get noise between them."""
        column = self.column
        return column.kind == "integer" or column.kind == "category" and column.ordered and len(column.categories or []) > 2

    def encode(self, column: Column, rng: np.random.Generator) -> Array:
        """Of a column as `like` gives it, [n, width]; NaN where missing."""
        values = column.values.astype(np.float64)
        if self.one_hot:
            rows = np.eye(self.width)[column.values]
        elif self.quantiles is not None:
            rows = self.quantiles.encode(values, rng)[:, None]
        else:
            rows = values[:, None] + (rng.uniform(-0.5, 0.5, (len(values), 1)) if self.noisy else 0)
        rows[column.missing] = np.nan
        return rows

    def decode(self, rows: Array, bounded: bool = False) -> Column:
        """bounded: real numbers are kept within what fit saw, as whole numbers and ranks always are."""
        if self.quantiles is not None:
            rows = self.quantiles.decode(rows[:, 0])[:, None]
        if self.one_hot:
            values = rows.argmax(axis=1).astype(np.int64)
        elif self.column.kind == "real":
            values = rows[:, 0].astype(np.float64)
            if bounded:
                values = values.clip(self.lowest, self.highest)
        else:
            highest = len(self.column.categories) - 1 if self.column.categories is not None else self.highest
            lowest = 0 if self.column.categories is not None else self.lowest
            values = np.clip(np.rint(rows[:, 0]), lowest, highest).astype(np.int64)
        return dataclasses.replace(self.column, values=values, missing=np.zeros(len(values), bool))

    def restored(self, column: Column, target: Column | None = None) -> Column:
        """As the container takes it: with the type of this column in fit's table, or of `target`."""
        values, categories = column.values, self.column.categories
        target = target or dataclasses.replace(self.column, kind=self.stored)
        if target.kind != "category":
            stored = values if categories is None else np.array(categories)[values]
            return dataclasses.replace(target, values=stored, missing=column.missing, categories=None)
        ours = categories or []
        theirs = list(dict.fromkeys([*(target.categories or []), *ours])) if target.categories is not None else ours
        places = np.array([theirs.index(value) for value in ours], np.int64)
        return dataclasses.replace(target, values=places[values], missing=column.missing, categories=theirs)

    def like(self, column: Column) -> Column:
        """A column of another table in terms of this one's categories."""
        if self.column.kind != "category":
            if column.kind == "category":
                raise ValueError(f"column {column.name!r} holds categories, and fit saw numbers")
            return dataclasses.replace(self.column, values=column.values, missing=column.missing)
        listed = column.categories
        places = self._places()
        values = column.values.tolist() if listed is None else [listed[c] if listed else None for c in column.values]
        codes = np.zeros(len(column.values), np.int64)
        for row in np.flatnonzero(~column.missing):
            codes[row] = self._place(places, values[row])
        return dataclasses.replace(self.column, values=codes, missing=column.missing)

    def _places(self) -> dict[Any, int]:
        return {value: code for code, value in enumerate(self.column.categories or [])}

    def _place(self, places: dict[Any, int], value: Any) -> int:
        if not isinstance(value, Hashable) or value not in places:
            known = self.column.categories or []
            more = f" and {len(known) - 20} more" if len(known) > 20 else ""
            raise refused(f"column {self.column.name!r} has no category {value!r}; there are {', '.join(map(repr, known[:20]))}{more}")
        return places[value]

    def given(self, value: Any, count: int) -> Column:
        """A value, or one for each row."""
        scalar = isinstance(value, (str, bytes)) or np.ndim(value) == 0
        values = [value] * count if scalar else np.ma.filled(value, np.nan).tolist() if isinstance(value, np.ma.MaskedArray) and value.dtype.kind == "f" else list(value)
        if self.column.kind == "category":
            places = self._places()
            codes = np.array([self._place(places, plain(v)) for v in values], np.int64)
            return dataclasses.replace(self.column, values=codes, missing=np.zeros(count, bool))
        try:
            raw = np.array(values)
            numbers = raw.astype(np.float64) if raw.ndim == 1 and raw.dtype.kind in "iufbO" else None
        except (TypeError, ValueError):
            numbers = None
        if numbers is None:
            raise refused(f"column {self.column.name!r} holds numbers, not {shown(value)}; give one, or one for each row")
        if not np.isfinite(numbers).all():
            raise ValueError(f"what is given of column {self.column.name!r} is not finite")
        if self.column.kind != "real":
            if (numbers != np.rint(numbers)).any():
                raise ValueError(f"column {self.column.name!r} holds whole numbers, not {value!r}")
            numbers = np.array([int(v) for v in values], np.int64)
        return dataclasses.replace(self.column, values=numbers, missing=np.zeros(count, bool))

    def state(self) -> dict[str, Any]:
        column = {f.name: getattr(self.column, f.name) for f in dataclasses.fields(Column) if f.name not in ("values", "missing")}
        quantiles = None if self.quantiles is None else dataclasses.asdict(self.quantiles)
        return {"column": column, "stored": self.stored, "lowest": self.lowest, "highest": self.highest, "quantiles": quantiles}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Code:
        empty = Column(values=np.empty(0), missing=np.empty(0, bool), **state["column"])
        quantiles = state.get("quantiles")
        return cls(empty, state["stored"], state["lowest"], state["highest"], quantiles and Quantiles(**quantiles))


_PLAINEST = {
    "dict": {"real": "<f8", "integer": "<i8", "flag": "|b1", "category": "object"},
    "pandas": {"real": "float64", "integer": "int64", "flag": "bool", "category": "object"},
    "arrow": {"real": "g", "integer": "l", "flag": "b", "category": "U"},
}


def plainest(container: str, code: Code) -> Column:
    """For a column that a container of another kind than fit's has no type of."""
    types = _PLAINEST.get(container, _PLAINEST["arrow"])
    return Column(code.column.name, code.stored, np.empty(0), np.empty(0, bool), types[code.stored], code.column.categories)


def filled(rows: Array, codes: list[Code], rng: np.random.Generator, context: Context | None) -> Array:
    """The gaps drawn: first from their columns' values, then in turns from a Gaussian of the whole given the rest of the row.

    Data augmentation (Tanner & Wong 1987) with the Gaussian's closed form; it keeps means and covariances where gaps depend on what
    is known.
    """
    gaps, place = np.isnan(rows), 0
    full = rows.copy()
    for code in codes:
        gone = gaps[:, place]
        columns = slice(place, place + code.width)
        full[gone, columns] = rows[rng.choice(np.flatnonzero(~gone), gone.sum()), columns]
        place += code.width
    size = np.abs(full).max(axis=0, initial=np.finfo(float).tiny)  # so that squares of extreme columns stay finite
    spread = 1e-3 * size * (full / size).std(axis=0)
    incomplete = gaps.any(axis=1)
    for turn in range(_FILLING_ROUNDS):
        # A little noise, since the numbers of one category add up to 1.
        gaussian = fit(full + spread * rng.standard_normal(full.shape), None, "gaussian", context=context)
        full[incomplete] = gaussian.impute(rows[incomplete], seed=turn)
        place = 0
        for code in codes:
            gone = gaps[:, place]
            columns = slice(place, place + code.width)
            if code.column.kind != "real" and gone.any():
                full[gone, columns] = code.encode(code.decode(full[gone, columns]), rng)
            place += code.width
    return full
