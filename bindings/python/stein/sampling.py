"""Draws from a model, and what the probability flow says of rows."""

from __future__ import annotations

import ctypes
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


def _like(array: Array) -> Array:
    return np.empty(array.shape, np.float32 if array.dtype == np.float32 else np.float64)


class Sampling:
    """What a Model draws."""

    @property
    def handle(self) -> ctypes.c_void_p:
        raise NotImplementedError

    @property
    def shape(self) -> tuple[int, ...]:
        raise NotImplementedError

    def _out(self, n: int, options: Mapping[str, Any]) -> Array:
        moments = int(options.get("trajectory") or 0)
        return np.empty((n, *([moments] if moments > 0 else []), *self.shape[1:]), np.float32)

    @takes(_kinds.SamplerOptions)
    def sample(
        self,
        n: int | None = None,
        *,
        labels: npt.ArrayLike | None = None,
        start: npt.ArrayLike | None = None,
        out: Any = None,
        progress: Progress | None = None,
        deadline: float | None = None,
        **options: Unpack[_kinds.SamplerOptions],
    ) -> Any:
        """Draws n rows (as many as labels or start has if n is not given), or fills `out`, of NumPy or any DLPack producer.

        options: sampler, steps, seed, first_index, guidance, temperature, trajectory, ...: stein.options("sampler").
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
        watched(
            "stein_sample", self.handle, _arrays.pointer(begin), _arrays.pointer(classes), option_text(options),
            target.pointer, progress=progress, deadline=deadline,
        )
        return out

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
        out, weights = self._out(n, {}), np.empty(n)
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
        rows, classes = _arrays.rows(x), _arrays.labels(labels)
        mask = None if known is None else _arrays.rows(known)
        out = self._out(len(rows.array), options) if options.get("trajectory") else _like(rows.array)
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
        operator, observed, classes = _arrays.rows(matrix), _arrays.rows(y), _arrays.labels(labels)
        out = self._out(len(observed.array), options)
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
