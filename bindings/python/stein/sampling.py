"""Draws from a model, and what the probability flow says of rows."""

from __future__ import annotations

import ctypes
import secrets
from typing import TYPE_CHECKING, Any, Mapping

import numpy as np
import numpy.typing as npt

from . import _abi, _arrays, _checks, _kinds
from ._call import Progress, call, watched
from ._errors import SteinValueError
from ._options import option_text, takes

if TYPE_CHECKING:
    from typing_extensions import Unpack

Array = npt.NDArray[Any]


def result_type(array: Array, dtype: npt.DTypeLike | None) -> np.dtype[Any]:
    """Of what is made of an array: float32 of float32, float64 of all else, unless one is asked for."""
    if dtype is not None:
        return _checks.float_type(dtype)
    return np.dtype(np.float32 if array.dtype == np.float32 else np.float64)


def fresh_seed(options: Mapping[str, Any]) -> Any:
    """The options with a seed of the system's entropy where neither it nor a first_index is given."""
    if options.get("seed") is not None or options.get("first_index") is not None:
        return options
    return {**options, "seed": secrets.randbits(53)}


def _states(trajectory: Any) -> int:
    try:
        return 0 if trajectory is None else int(str(trajectory))
    except ValueError:
        told = f"option 'trajectory' is {_checks.shown(trajectory)}; it is a whole number"
        raise SteinValueError(told, _abi.STEIN_BAD_OPTION, 0, "trajectory") from None


class Sampling:
    """What a Model draws.

    Without ``seed`` every call draws other rows, from the system's entropy; ``last_seed`` is then the one that was taken, and draws the
    same rows again. With ``first_index`` alone the seed is 0, so that pieces of a run fit together.
    """

    #: Of the last call that drew.
    last_seed: int | None = None

    @property
    def handle(self) -> ctypes.c_void_p:
        raise NotImplementedError

    @property
    def shape(self) -> tuple[int, ...]:
        raise NotImplementedError

    @property
    def dtype(self) -> np.dtype[Any]:
        raise NotImplementedError

    def _out(self, n: int, options: Mapping[str, Any], dtype: npt.DTypeLike | None) -> Array:
        moments = _states(options.get("trajectory"))
        return np.empty((n, *([moments] if moments > 0 else []), *self.shape[1:]), self.dtype if dtype is None else _checks.float_type(dtype))

    def _seeded(self, options: Any) -> Any:
        options = fresh_seed(options)
        seed = options.get("seed")
        self.last_seed = int(seed) if isinstance(seed, (int, np.integer)) else 0
        return options

    @takes(_kinds.SamplerOptions)
    def sample(
        self,
        n: int | None = None,
        *,
        labels: npt.ArrayLike | None = None,
        start: npt.ArrayLike | None = None,
        out: Any = None,
        dtype: npt.DTypeLike | None = None,
        return_labels: bool = False,
        progress: Progress | None = None,
        deadline: float | None = None,
        **options: Unpack[_kinds.SamplerOptions],
    ) -> Any:
        """Draws n rows (as many as labels or start has if n is not given), or fills `out`, of NumPy or any DLPack producer.

        Two calls draw different rows unless seed is given. dtype: float32 or float64; that of the data if not given. return_labels: also the
        class of each row, int64 [n], as (rows, labels). options: sampler, steps, seed, first_index, guidance, temperature, trajectory, ...:
        stein.options("sampler").
        """
        classes = _arrays.labels(labels)
        begin = None if start is None else _arrays.rows(start, "start")
        if out is None:
            if n is None:
                known = begin or classes
                n = len(known.array) if known is not None else 1
            out = self._out(_checks.whole(n, "n"), options, dtype)
        elif dtype is not None or n is not None:
            raise _checks.refused("out has a length and a dtype of its own: n and dtype are not for it")
        target = _arrays.output(out)
        options = self._seeded(options)
        watched(
            "stein_sample", self.handle, _arrays.pointer(begin), _arrays.pointer(classes), option_text(options),
            target.pointer, progress=progress, deadline=deadline,
        )
        if not return_labels:
            return out
        drawn = np.empty(len(target.array), np.int64)
        if classes is not None:
            drawn[:] = classes.array
        else:
            call("stein_sample_labels", self.handle, option_text(options), _arrays.Tensor(drawn).pointer)
        return out, drawn

    @takes(_kinds.SamplerOptions)
    def sample_weighted(
        self,
        n: int,
        *,
        labels: npt.ArrayLike | None = None,
        dtype: npt.DTypeLike | None = None,
        progress: Progress | None = None,
        deadline: float | None = None,
        **options: Unpack[_kinds.SamplerOptions],
    ) -> tuple[Array, Array]:
        """n rows and their log importance weights [n], by annealed importance sampling; for models with an energy."""
        classes = _arrays.labels(labels)
        n = _checks.whole(n, "n")
        out, weights = self._out(n, {}, dtype), np.empty(n)
        options = self._seeded(options)
        watched(
            "stein_sample_weighted", self.handle, _arrays.pointer(classes), option_text(options),
            _arrays.Tensor(out).pointer, _arrays.Tensor(weights).pointer, progress=progress, deadline=deadline,
        )
        return out, weights

    @takes(_kinds.ImputeOptions)
    def impute(
        self,
        x: npt.ArrayLike,
        known: npt.ArrayLike | None = None,
        labels: npt.ArrayLike | None = None,
        *,
        dtype: npt.DTypeLike | None = None,
        progress: Progress | None = None,
        deadline: float | None = None,
        **options: Unpack[_kinds.ImputeOptions],
    ) -> Array:
        """x with what is not known drawn given the rest. known: like x, true where x is known; None: where x is not NaN, nor masked.

        Two calls draw differently unless seed is given. dtype: float32 or float64; that of x if not given. options: method, noise, and those of sample: stein.options("impute").
        """
        rows, classes = _arrays.rows(x, "x", missing=True), _arrays.labels(labels)
        mask = None if known is None else _arrays.rows(known, "known")
        dtype = result_type(rows.array, dtype)
        out = self._out(len(rows.array), options, dtype) if options.get("trajectory") else np.empty(rows.array.shape, dtype)
        options = self._seeded(options)
        watched(
            "stein_impute", self.handle, rows.pointer, _arrays.pointer(mask), _arrays.pointer(classes),
            option_text(options), _arrays.Tensor(out).pointer, progress=progress, deadline=deadline,
        )
        return out

    @takes(_kinds.ImputeOptions)
    def sample_posterior(
        self,
        matrix: npt.ArrayLike,
        y: npt.ArrayLike,
        labels: npt.ArrayLike | None = None,
        *,
        dtype: npt.DTypeLike | None = None,
        progress: Progress | None = None,
        deadline: float | None = None,
        **options: Unpack[_kinds.ImputeOptions],
    ) -> Array:
        """Rows x given y = matrix @ x + noise: matrix [m, d], y [n, m].

        options: noise (its deviation), method, and those of sample: stein.options("impute").
        """
        operator, observed, classes = _arrays.rows(matrix, "matrix"), _arrays.rows(y, "y"), _arrays.labels(labels)
        out = self._out(len(observed.array), options, dtype)
        options = self._seeded(options)
        watched(
            "stein_sample_posterior", self.handle, operator.pointer, observed.pointer, _arrays.pointer(classes),
            option_text(options), _arrays.Tensor(out).pointer, progress=progress, deadline=deadline,
        )
        return out

    def _mapped(
        self,
        name: str,
        values: npt.ArrayLike,
        what: str,
        labels: npt.ArrayLike | None,
        dtype: npt.DTypeLike | None,
        progress: Progress | None,
        deadline: float | None,
        options: Mapping[str, Any],
    ) -> Array:
        rows, classes = _arrays.rows(values, what), _arrays.labels(labels)
        out = np.empty(rows.array.shape, result_type(rows.array, dtype))
        watched(
            name, self.handle, rows.pointer, _arrays.pointer(classes), option_text(options),
            _arrays.Tensor(out).pointer, progress=progress, deadline=deadline,
        )
        return out

    @takes(_kinds.EncodeOptions)
    def encode(
        self,
        x: npt.ArrayLike,
        labels: npt.ArrayLike | None = None,
        *,
        dtype: npt.DTypeLike | None = None,
        progress: Progress | None = None,
        deadline: float | None = None,
        **options: Unpack[_kinds.EncodeOptions],
    ) -> Array:
        """Standard normals from rows, by the probability flow; decode leads back. options: tolerance, sigma_min, sigma_max."""
        return self._mapped("stein_encode", x, "x", labels, dtype, progress, deadline, options)

    @takes(_kinds.DecodeOptions)
    def decode(
        self,
        noise: npt.ArrayLike,
        labels: npt.ArrayLike | None = None,
        *,
        dtype: npt.DTypeLike | None = None,
        progress: Progress | None = None,
        deadline: float | None = None,
        **options: Unpack[_kinds.DecodeOptions],
    ) -> Array:
        """Rows from standard normals. options: tolerance, sigma_min, sigma_max, denoise."""
        return self._mapped("stein_decode", noise, "noise", labels, dtype, progress, deadline, options)

    @takes(_kinds.LikelihoodOptions)
    def log_likelihood(
        self,
        x: npt.ArrayLike,
        labels: npt.ArrayLike | None = None,
        *,
        deviation: bool = False,
        progress: Progress | None = None,
        deadline: float | None = None,
        **options: Unpack[_kinds.LikelihoodOptions],
    ) -> Any:
        """ln p(x), [n], in nats and the data's units; with deviation=True also the deviation of the estimate, [n].

        options: sigma, method, trace, probes, tolerance, unit, ...: stein.options("log_likelihood").
        """
        rows, classes = _arrays.rows(x, "x"), _arrays.labels(labels)
        out = np.empty(len(rows.array))
        spread = np.empty(len(rows.array)) if deviation else None
        watched(
            "stein_model_log_likelihood", self.handle, rows.pointer, _arrays.pointer(classes), option_text(options),
            _arrays.Tensor(out).pointer, None if spread is None else _arrays.Tensor(spread).pointer,
            progress=progress, deadline=deadline,
        )
        return out if spread is None else (out, spread)
