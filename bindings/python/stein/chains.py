"""Markov chains on a density of one's own, and what says whether they worked."""

from __future__ import annotations

import ctypes
import os
import re
import warnings
from typing import TYPE_CHECKING, Any, Callable, Mapping, NamedTuple, Sequence

import numpy as np
import numpy.typing as npt

from . import _abi, _arrays, _checks, _html, _kinds, _summary
from ._call import Progress, call, watched
from ._errors import SteinError, SteinValueError, SteinWarning
from ._options import option_text as _option_text
from ._options import takes
from ._summary import Summary
from .core import Array, Context, Model, _context, _Object

if TYPE_CHECKING:
    from typing_extensions import Unpack

LogDensity = Callable[[Array], "tuple[Any, Any]"]
_FAILED = 2
_DOUBLES = ctypes.POINTER(ctypes.c_double)
_DENSITY = ctypes.CFUNCTYPE(
    ctypes.c_int32, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, _DOUBLES, _DOUBLES, _DOUBLES
)


class GradientCheck(NamedTuple):
    """A score against central differences of its log density, for each coordinate where they differ most."""

    #: |score - difference| over the larger of both, from 0 to 2; NaN where nothing could be judged. [d]
    error: Array
    #: What the score says there. [d]
    score: Array
    #: What differences say there. [d]
    difference: Array
    #: Where that is: row j is the point of coordinate j. [d, d]
    point: Array


class Density(_Object):
    """A log density with its gradient: function(x) -> (log_density, score) for x [n, d], giving [n] and [n, d]; float64.

    What is not finite rejects a proposal; what the function raises comes out of the run unchanged.
    """

    _free = "stein_density_free"

    def __init__(self, function: LogDensity, d: int, *, context: Context | None = None) -> None:
        self.context = _context(context)
        _checks.function(function, "function")
        self.d = d = _checks.whole(d, "d")
        self._raised: list[BaseException] = []
        as_array = np.ctypeslib.as_array

        def trampoline(_user: Any, n: int, d: int, x: Any, log_density: Any, score: Any) -> int:
            try:
                found = function(as_array(x, (n, d)).copy())
                values, slopes = _arrays.pair(found, "the density", "two arrays: log densities [n] and scores [n, d]")
                hint = f": one for each of the {n} points of x, whose shape is {(n, d)}"
                as_array(log_density, (n,))[:] = _arrays.returned(values, (n,), "the log density that the function returns", hint)
                as_array(score, (n, d))[:] = _arrays.returned(slopes, (n, d), "the score that the function returns", hint)
                return 0
            except BaseException as failure:  # noqa: BLE001
                self._raised.append(failure)
                return _FAILED

        self._function: Any = _DENSITY(trampoline)
        handle = ctypes.c_void_p()
        call(
            "stein_density_new", self.context.handle, d, ctypes.cast(self._function, ctypes.c_void_p), None, None,
            ctypes.byref(handle),
        )
        super().__init__(handle)

    @classmethod
    def from_c(cls, function: Any, d: int, user: Any = None, *, context: Context | None = None) -> Density:
        """A density in C, which runs without Python and its lock: a stein_density_fn of stein.h.

        function: one of a ctypes.CDLL, or an address, as Numba's cfunc(...).address. user: what ctypes takes for a void *, as
        ctypes.byref(structure), an array or None. Both are held as long as the density; memory that a structure points to is not.
        """
        self = cls.__new__(cls)
        self.context, self.d, self._raised = _context(context), _checks.whole(d, "d"), []
        self._function = (function, user)
        try:
            address = ctypes.cast(function, ctypes.c_void_p)
            given = None if user is None else ctypes.cast(user, ctypes.c_void_p)
        except (TypeError, ctypes.ArgumentError) as failure:
            raise _checks.refused(f"function is one of a ctypes.CDLL or an address, user what ctypes takes for a void *: {failure}") from None
        if not address.value:
            raise _checks.refused("function is the address 0")
        handle = ctypes.c_void_p()
        call(
            "stein_density_new", self.context.handle, self.d, address, given, None, ctypes.byref(handle),
        )
        _Object.__init__(self, handle)
        return self

    @classmethod
    def from_model(cls, model: Model, *, label: int | None = None, sigma: float = 0.0) -> Density:
        """The density of a model that has an energy, in the data's units."""
        self = cls.__new__(cls)
        _checks.instance(model, Model, "model")
        self.context, self.d, self._raised = model.context, int(np.prod(model.shape[1:])), []
        handle = ctypes.c_void_p()
        label_tensor = _arrays.labels(None if label is None else [_checks.whole(label, "label", None)])
        call(
            "stein_density_from_model", model.handle, _arrays.pointer(label_tensor), _checks.real(sigma, "sigma"), ctypes.byref(handle)
        )
        _Object.__init__(self, handle)
        return self


    def check(
        self, points: npt.ArrayLike | None = None, *, progress: Progress | None = None, deadline: float | None = None
    ) -> GradientCheck:
        """Holds the score against differences of the log density at points [n, d], or at four that are drawn.

        A right score gives errors of 1e-6 and less, one in float32 some 1e-2 and less; a wrong sign 2, a gradient of 0 1.
        """
        tensor = None if points is None else _arrays.Tensor(_arrays.doubles(points, "points"))
        out, point = np.empty((self.d, 3)), np.empty((self.d, self.d))
        try:
            watched(
                "stein_density_check", self.handle, _arrays.pointer(tensor), _arrays.Tensor(out).pointer,
                _arrays.Tensor(point).pointer, progress=progress, deadline=deadline,
            )
        except SteinError:
            if self._raised:
                raise self._raised.pop() from None
            raise
        return GradientCheck(out[:, 0], out[:, 1], out[:, 2], point)


class Chains(_Object):
    """Chains side by side. options: kernel, chains, warmup, step_size, metric, seed, ...: stein.options("chains").

    names: of the coordinates, for the table that the chains print.
    """

    _free = "stein_chains_free"

    @takes(_kinds.ChainsOptions)
    def __init__(
        self,
        density: Density,
        start: npt.ArrayLike | None = None,
        *,
        names: Sequence[str] | None = None,
        **options: Unpack[_kinds.ChainsOptions],
    ) -> None:
        self.density = _checks.instance(density, Density, "density")
        begin = None if start is None else _arrays.rows(_arrays.doubles(start, "start"), "start")
        if begin is not None and "chains" not in options:
            options["chains"] = len(begin.array)
        handle = ctypes.c_void_p()
        call(
            "stein_chains_new", density.handle, _option_text(options), _arrays.pointer(begin), ctypes.byref(handle)
        )
        super().__init__(handle)
        self._begin(names)

    def _begin(self, names: Sequence[str] | None) -> None:
        self.count = len(self.describe()["draws"])
        #: Of the coordinates.
        self.names = _labels(names, self.density.d)
        #: Of the last run, [chains, n, d]; None before the first.
        self.draws: Array | None = None
        #: Of the last run, by name, each [chains, n].
        self.statistics: dict[str, Array] = {}
        self._told: set[str] = set()

    @classmethod
    def resume(
        cls, density: Density, path: str | os.PathLike[str], *, names: Sequence[str] | None = None
    ) -> Chains:
        """Goes on from a file of `save` on the same density, to the same bits as if the chains had never stopped."""
        handle = ctypes.c_void_p()
        density = _checks.instance(density, Density, "density")
        call("stein_chains_resume", density.handle, _checks.path(path), ctypes.byref(handle))
        self = cls.__new__(cls)
        self.density = density
        _Object.__init__(self, handle)
        self._begin(names)
        return self

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes where the chains are, what they adapted and counted: a safetensors file, whole or not at all."""
        call("stein_chains_save", self.handle, _checks.path(path))

    @property
    def metric(self) -> Array:
        """The covariance that each chain takes the density to have: [chains, d], with metric="dense" [chains, d, d].

        May be set: one for all chains, [d] or [d, d], or one for each.
        """
        dense = self.describe()["options"].get("metric") == "dense"
        out = np.empty((self.count, self.density.d) + ((self.density.d,) if dense else ()))
        call("stein_chains_metric", self.handle, _arrays.Tensor(out).pointer)
        return out

    @metric.setter
    def metric(self, value: npt.ArrayLike) -> None:
        given = _arrays.Tensor(np.ascontiguousarray(_arrays.doubles(value, "metric")))
        call("stein_chains_set_metric", self.handle, given.pointer)

    def run(self, n: int, *, progress: Progress | None = None, deadline: float | None = None) -> Array:
        """The next n draws of each chain, [chains, n, d]; the first run warms up before them.

        A run that is stopped, by its deadline, Ctrl-C, or what the density raises, gives on the exception the draws that are whole
        as `draws` and their `statistics`; the next run goes on after them. What describe() warns of is a SteinWarning, once a kind.
        """
        n = _checks.whole(n, "n")
        before = self.describe()["draws"][0]
        self.draws = None  # so that two runs' draws are not held at once
        draws = np.empty((self.count, n, self.density.d))
        names = self.describe()["statistics"]
        statistics = np.empty((self.count, n, len(names)))
        try:
            watched(
                "stein_chains_run", self.handle, _arrays.Tensor(draws).pointer, _arrays.Tensor(statistics).pointer,
                progress=progress, deadline=deadline,
            )
        except BaseException as failure:
            raised = failure
            if isinstance(failure, SteinError) and self.density._raised:
                raised = self.density._raised.pop()
            done = self.describe()["draws"][0] - before
            self.statistics = {name: statistics[:, :done, index].copy() for index, name in enumerate(names)}
            # Also on exceptions of the caller's own: what was drawn is nowhere else.
            self.draws = draws[:, :done].copy()
            raised.draws, raised.statistics = self.draws, self.statistics  # type: ignore[attr-defined]
            if raised is failure:
                raise
            raise raised from None
        self.statistics = {name: statistics[:, :, index] for index, name in enumerate(names)}
        self.draws = draws
        self._warn()
        return draws

    def _warn(self) -> None:
        for sentence in self.describe()["warnings"]:
            kind = re.sub(r"[-+.\de]*\d[-+.\de]*", "#", sentence)
            if kind not in self._told:
                self._told.add(kind)
                warnings.warn(sentence, SteinWarning, stacklevel=3)

    def describe(self) -> dict[str, Any]:
        return self._describe("stein_chains_describe")

    def summary(self) -> Summary:
        """Mean, deviation, quantiles, effective sample sizes and R-hat of the last run's draws, by coordinate."""
        if self.draws is None or not self.draws.size:
            raise _checks.refused("the chains have no draws: run them first", _abi.STEIN_BAD_STATE)
        return summary(self.draws, self.names)

    def _said(self) -> str:
        told = self.describe()
        count = told["draws"][0] if told["draws"] else 0
        facts = [told["options"].get("kernel", "nuts"), f"{self.count} chains of {self.density.d} coordinates", f"{count} draws each"]
        return ", ".join(facts)

    def __repr__(self) -> str:
        """What the chains are, and a table of the last run's draws, of 20 coordinates at most."""
        first = super().__repr__()
        if not self._open or self.draws is None or not self.draws.size:
            return first
        return first[:-1] + ":\n" + str(self._table()) + ">"

    def _table(self) -> Summary:
        """Figures of what is shown alone."""
        draws = self.draws if self.draws is not None else np.empty((1, 1, 0))
        shown = summary(draws[:, :, : _summary.MOST_ROWS], self.names[: _summary.MOST_ROWS])
        return shown._replace(names=self.names)

    def _repr_html_(self) -> str:
        if not self._open:
            return _html.page("Chains", [("state", "closed")])
        try:
            told = self.describe()
        except SteinError as failure:  # another thread runs them
            return _html.page("Chains", [("state", str(failure))])
        facts = [("kernel", told["options"].get("kernel", "nuts")), ("chains", self.count), ("draws", told["draws"])]
        facts += [("warning", warning) for warning in told["warnings"]]
        if self.draws is None or not self.draws.size:
            return _html.page("Chains", facts)
        return _html.page("Chains", facts, ("", *_summary.HEAD), self._table().rows())


def _by_coordinate(name: str, draws: npt.ArrayLike, *options: Any) -> Array:
    tensor = _arrays.rows(draws, "draws")
    out = np.empty(tensor.array.shape[-1])
    watched(name, Context.default().handle, tensor.pointer, *options, _arrays.Tensor(out).pointer)
    return out


def rhat(draws: npt.ArrayLike) -> Array:
    """Rank-normalised split R-hat of draws [chains, n, d], [d] (Vehtari et al. 2021)."""
    return _by_coordinate("stein_rhat", draws)


def effective_sample_size(draws: npt.ArrayLike, kind: str = "bulk") -> Array:
    """Of draws [chains, n, d], [d]; kind: "bulk", "tail" or "mean"."""
    return _by_coordinate("stein_effective_sample_size", draws, _option_text({"kind": kind}))


def _labels(names: Sequence[str] | None, d: int) -> tuple[str, ...]:
    """One name a coordinate: those given, or x0, x1, ..."""
    if names is None:
        return tuple(f"x{j}" for j in range(d))
    try:
        labels = tuple(str(name) for name in names)
    except TypeError:
        labels = ()
    if isinstance(names, str) or not labels:
        raise _checks.refused(f"names is {_checks.shown(names)}; it is a list of {d} names")
    if len(labels) != d:
        raise _checks.refused(f"names has {len(labels)} names; there are {d} coordinates")
    return labels


def summary(draws: npt.ArrayLike, names: Sequence[str] | None = None) -> Summary:
    """Mean, deviation, quantiles, effective sample sizes and R-hat of draws [chains, n, d], by coordinate; a table when printed."""
    values = _arrays.numbers(draws, "draws")
    if values.ndim != 3 or not values.size:
        raise _checks.refused(f"draws has shape {list(values.shape)}; it needs [chains, n, d]")
    d = values.shape[2]
    unknown = np.full(d, np.nan)
    enough = values.shape[1] >= 4
    found = [effective_sample_size(values, "bulk"), effective_sample_size(values, "tail"), rhat(values)] if enough else [unknown] * 3
    return Summary(_labels(names, d), *_summary.moments(values), *found)


def _grouped(values: Array, names: Sequence[str] | Mapping[str, Sequence[int] | int] | None) -> dict[str, Array]:
    """Coordinates as variables: by name and shape, or by names, of which "a[0]", "a[1]", ... are one."""
    d = values.shape[2]
    if isinstance(names, Mapping):
        shapes = {name: (shape,) if isinstance(shape, int) else tuple(shape) for name, shape in names.items()}
        sizes = [int(np.prod(shape)) for shape in shapes.values()]
        if sum(sizes) != d:
            raise SteinValueError(f"names has shapes of {sum(sizes)} numbers together; the draws have {d} coordinates")
        parts = np.split(values, np.cumsum(sizes)[:-1], axis=2)
        return {name: part.reshape(values.shape[:2] + shape) for (name, shape), part in zip(shapes.items(), parts)}
    if isinstance(names, str):
        raise SteinValueError(f"names is the text {names!r}; it is a list of {d} names, or a dict of shapes")
    labels = [f"x{j}" for j in range(d)] if names is None else [str(name) for name in names]
    if len(labels) != d:
        raise SteinValueError(f"names has {len(labels)} names; the draws have {d} coordinates")
    if len(set(labels)) != d:
        twice = next(name for name in labels if labels.count(name) > 1)
        raise SteinValueError(f"names has {twice!r} twice: give vectors as 'a[0]', 'a[1]', ... or names={{'a': 2, ...}}")
    vectors: dict[str, dict[tuple[int, ...], int]] = {}
    for j, label in enumerate(labels):
        found = re.fullmatch(r"(.+)\[(\d+(?:, ?\d+)*)\]", label)
        if found:
            vectors.setdefault(found[1], {})[tuple(map(int, found[2].split(",")))] = j
    posterior: dict[str, Array] = {}
    for j, label in enumerate(labels):
        stem = label.split("[")[0] if label.endswith("]") else label
        places = vectors.get(stem, {}) if label not in vectors else {}
        whole = np.array(list(places)) if len({len(place) for place in places}) == 1 else np.empty((0, 1))
        shape = tuple(whole.max(0) - whole.min(0) + 1) if len(whole) else ()
        if j in places.values() and len(places) == np.prod(shape) and stem not in labels:
            posterior[stem] = values[:, :, [places[place] for place in sorted(places)]].reshape(values.shape[:2] + shape)
        else:
            posterior[label] = values[:, :, j]
    return posterior


def to_arviz(
    draws: npt.ArrayLike, chains: Chains | None = None,
    names: Sequence[str] | Mapping[str, Sequence[int] | int] | None = None,
) -> Any:
    """Draws [chains, n, d] for ArviZ, with the statistics of the last run if they are its draws.

    names: one for each coordinate, of which "a[0]", "a[1]", ... are one vector a (and "b[0,0]", ... a matrix); or names with shapes
    in the order of the coordinates, {"mu": (), "theta": 8}. Without: x0, x1, ...
    """
    import arviz

    values = _arrays.numbers(draws, "draws")
    if values.ndim != 3:
        raise SteinValueError(f"draws has shape {list(values.shape)}; it needs [chains, n, d]")
    if names is None and chains is not None and len(chains.names) == values.shape[2]:
        names = chains.names
    posterior = _grouped(values, names)
    for name, statistic in ({} if chains is None else chains.statistics).items():
        if statistic.shape != values.shape[:2]:
            raise SteinValueError(
                f"the chains' {name} has shape {list(statistic.shape)}, of their last run; draws has {list(values.shape)}: "
                "give the last run's draws, or no chains"
            )
    theirs = {"log_density": "lp", "acceptance": "acceptance_rate", "divergent": "diverging"}
    known = {} if chains is None else chains.statistics
    sample_stats = {theirs.get(name, name): v.astype(bool) if name == "divergent" else v for name, v in known.items()}
    if int(arviz.__version__.split(".")[0]) >= 1:
        groups = {"posterior": posterior, **({"sample_stats": sample_stats} if sample_stats else {})}
        return arviz.from_dict(groups)
    return arviz.from_dict(posterior=posterior, sample_stats=sample_stats or None)


__all__ = ["Chains", "Density", "GradientCheck", "Summary", "effective_sample_size", "rhat", "summary", "to_arviz"]
