"""Pictures with matplotlib, which is imported when one is drawn. Each draws into `ax`, or axes of its own, and returns the axes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from . import _arrays, _checks
from .core import Model, Trainer

Array = npt.NDArray[Any]


def _axes(ax: Any, columns: int = 1) -> Any:
    """Those given, or new ones, side by side."""
    if ax is not None:
        return ax
    try:
        import matplotlib.pyplot as plots
    except ImportError as missing:
        raise ImportError("stein.show needs matplotlib: pip install matplotlib") from missing
    return plots.subplots(1, columns, figsize=(4.8 * columns, 4), squeeze=columns == 1, layout="constrained")[1]


def _places(columns: Any) -> tuple[int, int]:
    if not isinstance(columns, (tuple, list)) or len(columns) != 2:
        raise _checks.refused(f"columns is a value {_checks.shown(columns)}; it is two columns by their numbers, (0, 1)")
    first, second = (_checks.whole(place, "a column") for place in columns)
    return first, second


def _pair(rows: Any, columns: tuple[int, int]) -> Array:
    flat = _arrays.rows(rows).array
    if not len(flat):
        raise _checks.refused("there are no rows to show")
    flat = flat.reshape(len(flat), -1)
    if flat.shape[1] <= max(columns):
        raise ValueError(f"columns {columns} of rows that have {flat.shape[1]}")
    return np.asarray(flat[:, list(columns)], np.float64)


def vector_field(
    model: Model,
    rows: Any = None,
    *,
    sigma: float = 0.5,
    columns: tuple[int, int] = (0, 1),
    arrows: int = 20,
    labels: npt.ArrayLike | None = None,
    ax: Any = None,
) -> Any:
    """The score over a plane: arrows x arrows of grad log p_sigma, with rows [n, d] behind it.

    columns: of the plane; the others stand at the data's mean. sigma: in units of the columns' scale; 0: the lowest trained. labels:
    one class for the whole field, [1]. The plane reaches over the rows, or three deviations about the mean. Lengths are shown by
    their square roots, since scores grow without bound away from the data.
    """
    columns, arrows = _places(columns), _checks.whole(arrows, "arrows", 1)
    told = _checks.instance(model, Model, "model").describe()
    mean, scale = np.array(told["mean"]), np.array(told["scale"])
    if len(mean) <= max(columns):
        raise ValueError(f"columns {columns} of a model that has {len(mean)}")
    centre, reach = mean[list(columns)], 3 * scale[list(columns)]
    low, high = centre - reach, centre + reach
    if rows is not None:
        seen = _pair(rows, columns)
        margin = 0.1 * np.ptp(seen, axis=0)
        low, high = seen.min(axis=0) - margin, seen.max(axis=0) + margin
    across, up = (np.linspace(low[j], high[j], arrows) for j in (0, 1))
    plane = np.tile(mean, (arrows * arrows, 1))
    plane[:, columns[0]], plane[:, columns[1]] = (side.ravel() for side in np.meshgrid(across, up))
    given = _arrays.labels(labels)
    if given is not None and given.array.shape != (1,):
        raise _checks.refused(f"labels has shape {given.array.shape}; it is one class for the whole field, [1]")
    classes = None if given is None else np.repeat(given.array, len(plane))
    score = model.score(plane.reshape(-1, *model.shape[1:]), sigma, classes).reshape(len(plane), -1)[:, list(columns)]
    score = score * scale[list(columns)]  # in deviations, so that columns of different units are seen alike
    score /= np.sqrt(np.linalg.norm(score, axis=1, keepdims=True) + 1e-300)
    ax = _axes(ax)
    if rows is not None:
        ax.scatter(*seen.T, s=4, alpha=0.3, color="tab:orange", linewidths=0)
    ax.quiver(plane[:, columns[0]], plane[:, columns[1]], *score.T, angles="uv", width=0.003, color="tab:blue")
    names = told["names"] or [f"column {j}" for j in range(len(mean))]
    ax.set(xlabel=names[columns[0]], ylabel=names[columns[1]], title=f"score at noise level {sigma:g}")
    return ax


def samples(data: Any, drawn: Any, *, columns: tuple[int, int] = (0, 1), ax: Any = None) -> Any:
    """Rows of data and rows drawn, both [n, d], side by side over the same plane. ax: two axes. Returns both."""
    columns = _places(columns)
    pairs = [_pair(rows, columns) for rows in (data, drawn)]
    both = np.concatenate(pairs)
    margin = 0.05 * np.ptp(both, axis=0)
    low, high = both.min(axis=0) - margin, both.max(axis=0) + margin
    axes = np.ravel(_axes(ax, 2))
    if len(axes) != 2:
        raise ValueError(f"samples takes two axes, not {len(axes)}")
    for one, rows, title in zip(axes, pairs, ("data", "samples")):
        one.scatter(*rows.T, s=4, alpha=0.5, linewidths=0)
        one.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), title=f"{len(rows)} {title}")
        one.set(xlabel=f"column {columns[0]}", ylabel=f"column {columns[1]}")
    return axes


def training(trainer: Trainer, *, ax: Any = None) -> Any:
    """The loss and the validation loss by step, and the step where that was best."""
    told = _checks.instance(trainer, Trainer, "trainer").describe()
    history = told["history"]
    if not history:
        raise ValueError("the trainer has no check behind it yet: run it first")
    ax = _axes(ax)
    steps = [check["step"] for check in history]
    for name in ("loss", "validation"):
        values = [check[name] for check in history]
        if any(value is not None for value in values):
            ax.plot(steps, [np.nan if value is None else value for value in values], label=name)
    if told["best_validation"] is not None:
        ax.axvline(told["best_step"], color="grey", linestyle=":", label=f"best at step {told['best_step']}")
    ax.set(xlabel="step", ylabel="loss", title=told["objective"])
    ax.legend()
    return ax


def levels(trainer: Trainer, *, ax: Any = None) -> Any:
    """The validation loss by noise level: where a model is weak, and whether the levels reach low and high enough."""
    found = [level for level in _checks.instance(trainer, Trainer, "trainer").describe()["levels"] or [] if level["loss"] is not None]
    if not found:
        raise ValueError("the trainer has no loss by noise level: it needs many levels, and rows held out")
    ax = _axes(ax)
    ax.plot([level["sigma"] for level in found], [level["loss"] for level in found], marker="o")
    ax.set(xscale="log", xlabel="noise level, in deviations", ylabel="loss", title="loss by noise level")
    return ax


__all__ = ["levels", "samples", "training", "vector_field"]
