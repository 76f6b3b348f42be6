"""Markov chains on a density of one's own, and what says whether they worked."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, Callable

import numpy as np
import numpy.typing as npt

from . import _arrays, _checks, _kinds
from ._call import Progress, call, watched
from ._errors import SteinError
from ._options import option_text as _option_text
from ._options import takes
from .core import Array, Context, Model, _context, _Object

if TYPE_CHECKING:
    from typing_extensions import Unpack

LogDensity = Callable[[Array], "tuple[Any, Any]"]
_FAILED = 2
_DOUBLES = ctypes.POINTER(ctypes.c_double)
_DENSITY = ctypes.CFUNCTYPE(
    ctypes.c_int32, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, _DOUBLES, _DOUBLES, _DOUBLES
)


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


class Chains(_Object):
    """Chains side by side. options: kernel, chains, warmup, step_size, metric, seed, ...: stein.options("chains")."""

    _free = "stein_chains_free"

    @takes(_kinds.ChainsOptions)
    def __init__(self, density: Density, start: npt.ArrayLike | None = None, **options: Unpack[_kinds.ChainsOptions]) -> None:
        self.density = _checks.instance(density, Density, "density")
        begin = None if start is None else _arrays.rows(_arrays.doubles(start, "start"), "start")
        if begin is not None and "chains" not in options:
            options["chains"] = len(begin.array)
        handle = ctypes.c_void_p()
        call(
            "stein_chains_new", density.handle, _option_text(options), _arrays.pointer(begin), ctypes.byref(handle)
        )
        super().__init__(handle)
        self.count = int(self.describe()["options"]["chains"])
        #: Of the last run, by name, each [chains, n].
        self.statistics: dict[str, Array] = {}

    def run(self, n: int, *, progress: Progress | None = None, deadline: float | None = None) -> Array:
        """The next n draws of each chain, [chains, n, d]; the first run warms up before them."""
        n = _checks.whole(n, "n")
        draws = np.empty((self.count, n, self.density.d))
        names = self.describe()["statistics"]
        statistics = np.empty((self.count, n, len(names)))
        try:
            watched(
                "stein_chains_run", self.handle, _arrays.Tensor(draws).pointer, _arrays.Tensor(statistics).pointer,
                progress=progress, deadline=deadline,
            )
        except SteinError:
            if self.density._raised:
                raise self.density._raised.pop() from None
            raise
        self.statistics = {name: statistics[:, :, index] for index, name in enumerate(names)}
        return draws

    def describe(self) -> dict[str, Any]:
        return self._describe("stein_chains_describe")


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


def to_arviz(draws: npt.ArrayLike, chains: Chains | None = None, names: list[str] | None = None) -> Any:
    """Draws [chains, n, d] for ArviZ: one variable a coordinate (x0, x1, ... unless named), with the statistics of the last run."""
    import arviz

    values = _arrays.numbers(draws, "draws")
    if values.ndim != 3:
        raise _checks.refused(f"draws has shape {values.shape}; it needs [chains, n, d]")
    labels = names or [f"x{j}" for j in range(values.shape[2])]
    posterior = {name: values[:, :, j] for j, name in enumerate(labels)}
    theirs = {"log_density": "lp", "acceptance": "acceptance_rate", "divergent": "diverging"}
    known = {} if chains is None else chains.statistics
    sample_stats = {theirs.get(name, name): v.astype(bool) if name == "divergent" else v for name, v in known.items()}
    if int(arviz.__version__.split(".")[0]) >= 1:
        groups = {"posterior": posterior, **({"sample_stats": sample_stats} if sample_stats else {})}
        return arviz.from_dict(groups)
    return arviz.from_dict(posterior=posterior, sample_stats=sample_stats or None)


__all__ = ["Chains", "Density", "effective_sample_size", "rhat", "to_arviz"]
