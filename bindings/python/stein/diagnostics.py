"""Samples against densities and against each other."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, Mapping, NamedTuple

import numpy.typing as npt

from . import _arrays, _checks, _kinds
from ._call import Progress, watched
from ._options import option_text as _option_text
from ._options import takes
from .core import Context, Model, _context

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Discrepancy(NamedTuple):
    """A squared discrepancy, and its p-value where that was asked for."""

    value: float
    p_value: float | None


class Divergence(NamedTuple):
    """E 1/2 ||s - s*||^2, in squared units of the score, and E ||s - s*||^2 / E ||s*||^2."""

    value: float
    relative: float


@takes(_kinds.KernelSteinOptions)
def kernel_stein_discrepancy(
    x: npt.ArrayLike,
    scores: npt.ArrayLike,
    *,
    p_value: bool = False,
    context: Context | None = None,
    progress: Progress | None = None,
    deadline: float | None = None,
    **options: Unpack[_kinds.KernelSteinOptions],
) -> Discrepancy:
    """How far rows x [n, d], or draws of chains [chains, n, d], are from the density whose grad log p there is `scores`.

    The squared discrepancy (Gorham & Mackey 2017) and, with p_value=True, the p-value of x being from the density, by a wild bootstrap that
    allows for draws that remember each other (Chwialkowski et al. 2016). options: kernel, length, statistic, bootstraps, change_probability, seed, ...:
    stein.options("kernel_stein_discrepancy").
    """
    return _compare("stein_kernel_stein_discrepancy", x, scores, ("x", "scores"), p_value, context, progress, deadline, options)


@takes(_kinds.MeanDiscrepancyOptions)
def maximum_mean_discrepancy(
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    *,
    p_value: bool = False,
    context: Context | None = None,
    progress: Progress | None = None,
    deadline: float | None = None,
    **options: Unpack[_kinds.MeanDiscrepancyOptions],
) -> Discrepancy:
    """How far samples a [m, ...] and b [n, ...] are apart: unbiased MMD^2 (Gretton et al. 2012).

    With p_value=True also the p-value of their being from one law, by permutation; it wants independent rows. options: kernel, length, scale, permutations, seed, ...: stein.options("maximum_mean_discrepancy").
    """
    return _compare("stein_maximum_mean_discrepancy", a, b, ("a", "b"), p_value, context, progress, deadline, options)


@takes(_kinds.WassersteinOptions)
def sliced_wasserstein(
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    *,
    context: Context | None = None,
    progress: Progress | None = None,
    deadline: float | None = None,
    **options: Unpack[_kinds.WassersteinOptions],
) -> float:
    """The sliced Wasserstein distance of samples a [m, ...] and b [n, ...], in their units.

    options: order (1 or 2), projections, scale, seed: stein.options("sliced_wasserstein").
    """
    out = ctypes.c_double()
    watched(
        "stein_sliced_wasserstein", _context(context).handle, _arrays.rows(a, "a").pointer,
        _arrays.rows(b, "b").pointer, _option_text(options), ctypes.byref(out), progress=progress, deadline=deadline,
    )
    return out.value


def fisher_divergence(
    model: Model,
    x: npt.ArrayLike,
    scores: npt.ArrayLike,
    sigma: float = 0.0,
    labels: npt.ArrayLike | None = None,
    *,
    progress: Progress | None = None,
    deadline: float | None = None,
) -> Divergence:
    """How far a model's score is from the known `scores` of rows x; those of the density with noise of sigma if that is above 0."""
    out, relative = ctypes.c_double(), ctypes.c_double()
    watched(
        "stein_fisher_divergence", _checks.instance(model, Model, "model").handle, _arrays.rows(x, "x").pointer,
        _arrays.pointer(_arrays.labels(labels)), _arrays.rows(scores, "scores").pointer, _checks.real(sigma, "sigma"), ctypes.byref(out), ctypes.byref(relative), progress=progress,
        deadline=deadline,
    )
    return Divergence(out.value, relative.value)


def _compare(
    name: str,
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    names: tuple[str, str],
    with_p_value: bool,
    context: Context | None,
    progress: Progress | None,
    deadline: float | None,
    options: Mapping[str, Any],
) -> Discrepancy:
    out, p_value = ctypes.c_double(), ctypes.c_double()
    watched(
        name, _context(context).handle, _arrays.rows(first, names[0]).pointer, _arrays.rows(second, names[1]).pointer,
        _option_text(options), ctypes.byref(out), ctypes.byref(p_value) if with_p_value else None, progress=progress,
        deadline=deadline,
    )
    return Discrepancy(out.value, p_value.value if with_p_value else None)


__all__ = [
    "Discrepancy",
    "Divergence",
    "fisher_divergence",
    "kernel_stein_discrepancy",
    "maximum_mean_discrepancy",
    "sliced_wasserstein",
]
