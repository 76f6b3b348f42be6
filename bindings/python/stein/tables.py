"""Score models of tables: names, whole numbers, categories and gaps, in and out as they came."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import struct
from typing import TYPE_CHECKING, Any, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from . import _checks, _html, _kinds
from ._arrow import Column
from ._call import Progress
from ._columns import index_of, read, write
from ._encoding import Code, filled, plainest
from ._options import refuse_unknown, takes
from .core import Context, Model, fit
from .sampling import fresh_seed

if TYPE_CHECKING:
    from typing_extensions import Unpack

Array = npt.NDArray[Any]


class TableModel:
    """The joint density of a table's columns, from which rows are drawn, whole or given some of their values.

    >>> model = stein.TableModel(seed=1).fit(table)             # pandas, polars, pyarrow, anything Arrow, or a dictionary of arrays
    >>> model.sample(100)                                       # the same kind of table: names, order and types kept
    >>> model.sample(100, given={"quality": 7})                 # drawn from p(the rest | quality = 7)
    >>> model.impute(table)                                     # with every gap drawn given the rest of its row

    How a column becomes numbers for the model, and numbers its values again:

    - real numbers: as they are, and what is drawn is kept within what was seen, unless ``bounded=False``. A column of which one value stands out (5 % or more of the rows, and ten times as often as
      the median value), or whose tails are much heavier than a Gaussian's (excess kurtosis above 3; whole numbers too), goes by its
      rank instead: as normal scores of the training rows' quantiles. What is drawn of it lies among those, a common value comes
      back exactly and as often. ``quantiles`` names the columns to be treated so, or is "all" or "none".
    - whole numbers (dates and times too, in their unit): plus noise uniform on (-1/2, 1/2), so that they have a density; rounded on
      the way out, and kept within what was seen. ``integers`` names real columns to be treated so, as counts with gaps in pandas.
    - flags, and categories of two: one number, 0 or 1; rounded.
    - ordered categories: their rank, as whole numbers.
    - categories and text: one number for each category, 1 for the one that holds and 0 for the others ("one-hot"); the largest
      on the way out. At most 1000 a column. ``categories`` names other columns to be treated so, as codes.

    Conditioning is by the score of what is known (``Model.impute``); no row is drawn and thrown away. Networks draw it by
    sampler="predictor_corrector", which on curved and heavy-tailed data comes nearest; sampler="heun" takes a tenth of its time. Rows
    with gaps are trained on too, their gaps drawn given the rest of the row under a Gaussian that is fitted in turns with them. A
    sample has no gaps.

    Options are those of ``stein.fit``: of the model and of its training.
    """

    @takes(_kinds.FitOptions)
    def __init__(
        self,
        family: str = "score_mlp",
        *,
        integers: Sequence[Any] = (),
        categories: Sequence[Any] = (),
        quantiles: str | Sequence[Any] = "auto",
        bounded: bool = True,
        **options: Unpack[_kinds.FitOptions],
    ) -> None:
        refuse_unknown(options, _kinds.FitOptions, "TableModel")
        self.family = family
        self.integers = _listed(integers, "integers")
        self.categories = _listed(categories, "categories")
        if isinstance(quantiles, str) and quantiles not in ("auto", "all", "none"):
            raise ValueError(f"quantiles is {quantiles!r}; it is 'auto', 'all', 'none' or a list of columns")
        self.quantiles = quantiles if isinstance(quantiles, str) else _listed(quantiles, "quantiles")
        self.bounded = bool(bounded)
        self.options: Any = dict(options)
        self._model: Model | None = None
        #: Of the last call that drew: the one given, or the one taken from the system's entropy.
        self.last_seed: int | None = None
        self._container = "dict"
        self._codes: list[Code] = []

    def fit(
        self,
        table: Any,
        *,
        context: Context | None = None,
        progress: Progress | None = None,
        deadline: float | None = None,
    ) -> TableModel:
        """Learns the density of a table of n rows. A column without a value, and one of a type that has none, is an error that names it.

        At the deadline, in seconds, the table model is what was learnt until then, and a SteinWarning says at which step; after Ctrl-C, or what
        a progress function raises, too, and it is the exception's `model`.
        """
        container, columns = read(table)
        if not columns or not len(columns[0].values):
            raise ValueError("the table has no rows")
        names = [column.name for column in columns]
        for j, name in enumerate(names):
            if name in names[:j]:
                raise ValueError(f"there are two columns {name!r}")
            if len(columns[j].values) != len(columns[0].values):
                raise ValueError(f"column {name!r} has {len(columns[j].values)} rows, {names[0]!r} has {len(columns[0].values)}")
        named = () if isinstance(self.quantiles, str) else self.quantiles
        for name in (*self.integers, *self.categories, *named):
            if name not in names:
                raise ValueError(f"there is no column {name!r}; there are {', '.join(map(str, names))}")
        codes = [
            Code.of(column, column.name in self.integers, column.name in self.categories, self._is_ranked(column.name)) for column in columns
        ]
        for code in codes:
            if code.column.name in named and code.quantiles is None:
                raise ValueError(f"column {code.column.name!r} holds no numbers, so it has no quantiles")
        rng = np.random.default_rng(_seed_of(self.options))
        rows = np.hstack([code.encode(code.like(column), rng) for code, column in zip(codes, columns)])
        if np.isnan(rows).any():
            rows = filled(rows, codes, rng, context)
        try:
            model = fit(rows, None, self.family, context=context, progress=progress, deadline=deadline, **self.options)
        except BaseException as failure:
            kept = getattr(failure, "model", None)
            if isinstance(kept, Model):
                self._model, self._container, self._codes = kept, container, codes
                failure.model = self  # type: ignore[attr-defined]
            raise
        self._model, self._container, self._codes = model, container, codes
        return self

    def _is_ranked(self, name: Any) -> bool | None:
        """Whether a column goes by its quantiles; None: its values say."""
        if isinstance(self.quantiles, str):
            return {"auto": None, "all": True, "none": False}[self.quantiles]
        return name in self.quantiles

    @property
    def model(self) -> Model:
        """Of the encoded rows."""
        if self._model is None:
            raise ValueError("the table model is not fitted: call fit(table) first")
        return self._model

    @property
    def columns(self) -> list[Any]:
        """The names, in order."""
        return [code.column.name for code in self._codes]

    @takes(_kinds.ImputeOptions)
    def sample(
        self,
        n: int | None = None,
        *,
        given: Mapping[Any, Any] | None = None,
        progress: Progress | None = None,
        deadline: float | None = None,
        **options: Unpack[_kinds.ImputeOptions],
    ) -> Any:
        """n rows in a table like that of fit, from the density, or from that given some columns' values.

        given: a value for each named column, or a sequence of one for each row (n may then be left out). A value that is not among
        a column's categories is an error; a number may be any. Two calls draw different rows unless seed is given. Options ``method``, ``noise``, ``iterations`` and ``strength`` go
        with given alone.
        """
        if given is not None and not isinstance(given, Mapping):
            raise _checks.refused(f"given is a value {_checks.shown(given)}; it is a dictionary of a value, or one for each row, by column")
        given = dict(given or {})
        if n is not None:
            n = _checks.whole(n, "n")
        _ = self.model
        options = self._seeded(options)
        unknown = [name for name in given if name not in self.columns]
        if unknown:
            raise ValueError(f"there is no column {unknown[0]!r}; there are {', '.join(map(str, self.columns))}")
        lengths = {len(v) for v in given.values() if not isinstance(v, (str, bytes)) and hasattr(v, "__len__") and np.ndim(v)}
        if len(lengths | ({n} if n is not None else set())) > 1:
            raise ValueError(f"n and the lengths of what is given differ: {sorted(lengths | ({n} if n is not None else set()))}")
        count = n if n is not None else lengths.pop() if lengths else 1
        known = {code.column.name: code.given(given[code.column.name], count) for code in self._codes if code.column.name in given}
        asked: Any = _of_rows(options)
        if not known:
            rows = self.model.sample(count, progress=progress, deadline=deadline, **asked)
        else:
            rng = np.random.default_rng([_seed_of(options), 1])
            parts = [
                code.encode(known[code.column.name], rng) if code.column.name in known else np.full((count, code.width), np.nan)
                for code in self._codes
            ]
            rows = self._completed(np.hstack(parts), progress, deadline, asked)
        return write(self._container, [code.restored(column) for code, column in self._decoded(rows, known)])

    @takes(_kinds.ImputeOptions)
    def impute(
        self,
        table: Any,
        *,
        progress: Progress | None = None,
        deadline: float | None = None,
        **options: Unpack[_kinds.ImputeOptions],
    ) -> Any:
        """The table, of any kind, with each gap drawn given the rest of its row; what is known stays as it is.

        A column that is left out is drawn whole and comes last. One that fit has not seen is an error.
        """
        _ = self.model
        options = self._seeded(options)
        container, found = read(table)
        known = {column.name: self._code(column.name).like(column) for column in found}
        rows_in = len(found[0].values) if found else 0
        rng = np.random.default_rng([_seed_of(options), 1])
        parts = [
            code.encode(known[code.column.name], rng) if code.column.name in known else np.full((rows_in, code.width), np.nan)
            for code in self._codes
        ]
        rows = self._completed(np.hstack(parts), progress, deadline, _of_rows(options))
        made = dict((code.column.name, (code, column)) for code, column in self._decoded(rows, known))
        out = [made[column.name][0].restored(made.pop(column.name)[1], column) for column in found]
        out += [code.restored(column, None if container == self._container else plainest(container, code)) for code, column in made.values()]
        return write(container, out, index_of(container, table))

    def _seeded(self, options: Any) -> Any:
        options = fresh_seed(options)
        self.last_seed = _seed_of(options)
        return options

    def _code(self, name: Any) -> Code:
        for code in self._codes:
            if code.column.name == name:
                return code
        raise ValueError(f"there is no column {name!r}; there are {', '.join(map(str, self.columns))}")

    def _completed(self, rows: Array, progress: Progress | None, deadline: float | None, options: Any) -> Array:
        incomplete = np.isnan(rows).any(axis=1)
        if "sampler" not in options and self.family in ("score_mlp", "energy_mlp") and self.model.describe()["noise_conditional"]:
            options = {"sampler": "predictor_corrector", **options}
        if incomplete.any():
            rows[incomplete] = self.model.impute(rows[incomplete], progress=progress, deadline=deadline, **options)
        return rows

    def _decoded(self, rows: Array, known: Mapping[Any, Column]) -> list[tuple[Code, Column]]:
        """The columns of encoded rows, with what is known of them as it came."""
        out, place = [], 0
        for code in self._codes:
            column = code.decode(rows[:, place : place + code.width], self.bounded)
            place += code.width
            given = known.get(code.column.name)
            if given is not None:
                column = dataclasses.replace(column, values=np.where(given.missing, column.values, given.values))
            out.append((code, column))
        return out

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes a safetensors file: the model's, which Model.load reads too, with the columns in its metadata under "table"."""
        data = self.model.to_bytes()
        length = struct.unpack("<Q", data[:8])[0]
        header = json.loads(data[8 : 8 + length])
        header["__metadata__"]["table"] = json.dumps(self._state(), default=lambda array: array.tolist())
        text = json.dumps(header, ensure_ascii=False).encode()
        text += b" " * (-len(text) % 8)
        target = pathlib.Path(os.fsdecode(_checks.path(path)))
        beside = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            beside.write_bytes(struct.pack("<Q", len(text)) + text + data[8 + length :])
            os.replace(beside, target)
        finally:
            beside.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, context: Context | None = None) -> TableModel:
        """What save wrote. Samples come in the kind of table that fit was given, if its package is there."""
        data = pathlib.Path(os.fsdecode(_checks.path(path))).read_bytes()
        model = Model.from_bytes(data, context=context)
        length = struct.unpack("<Q", data[:8])[0]
        state = json.loads(data[8 : 8 + length])["__metadata__"].get("table")
        if state is None:
            raise ValueError(f"{os.fspath(path)} holds a model without columns: use stein.Model.load")
        state = json.loads(state)
        chosen = {key: state[key] for key in ("integers", "categories", "quantiles") if key in state}
        # Files of before were drawn from without bounds.
        self = cls(state["family"], bounded=state.get("bounded", False), **chosen, **state["options"])
        self._container, self._model = state["container"], model
        self._codes = [Code.from_state(code) for code in state["codes"]]
        return self

    def _state(self) -> dict[str, Any]:
        return {
            "family": self.family, "integers": self.integers, "categories": self.categories,
            "quantiles": self.quantiles, "bounded": self.bounded, "options": self.options,
            "container": self._container, "codes": [code.state() for code in self._codes],
        }

    def __repr__(self) -> str:
        state = ", ".join(map(str, self.columns)) if self._codes else "not fitted"
        return f"<stein.TableModel {self.family}: {state}>"

    def _repr_html_(self) -> str:
        told = [(str(c.column.name), c.column.kind, c.column.type, ", ".join(map(str, (c.column.categories or [])[:10]))) for c in self._codes]
        return _html.page("TableModel", [("family", self.family), ("fitted", bool(told))], ("column", "kind", "type", "categories"), told)


def _listed(names: Any, what: str) -> tuple[Any, ...]:
    if isinstance(names, (str, bytes)) or not hasattr(names, "__iter__") or np.ndim(names) == 0 and isinstance(names, np.ndarray):
        raise _checks.refused(f"{what} is {_checks.shown(names)}; it is a list of columns")
    return tuple(names)


def _seed_of(options: Mapping[str, Any]) -> int:
    seed = options.get("seed")
    return 0 if seed is None else _checks.whole(seed, "seed")


def _of_rows(options: Any) -> Any:
    if options.get("trajectory"):
        raise ValueError("a table holds whole rows: take trajectories from the table model's `model`")
    return options


__all__ = ["TableModel"]
