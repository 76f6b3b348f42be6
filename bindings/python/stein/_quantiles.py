"""Numbers by their rank: a column's distribution function, smoothed, and back."""

from __future__ import annotations

import dataclasses
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
_MOST_KNOTS = 1000
_COMMON, _OFTEN = 0.05, 10
_HEAVY = 3.0
_cdf = np.vectorize(NormalDist().cdf, otypes=[np.float64])
_inverse_cdf = np.vectorize(NormalDist().inv_cdf, otypes=[np.float64])


@dataclasses.dataclass
class Quantiles:
    """Normal scores z = Φ⁻¹(F(x)) of a column, F its distribution function in the training rows.

    A value that comes often takes up a stretch of F, and is drawn from it; between values F is a straight line. What lies beyond
    the training rows has the score of their end.
    """

    values: list[float]
    below: list[float]  #: the share of rows that lie below each value
    upto: list[float]  #: and of those that do not lie above it
    edge: float  #: the least share that is told apart, and the most by 1 less it

    @classmethod
    def of(cls, present: Array) -> Quantiles:
        ordered = np.sort(present.astype(np.float64))
        count = len(ordered)
        places = np.unique(np.linspace(0, count - 1, min(count, _MOST_KNOTS)).round().astype(np.int64))
        knots = np.unique(ordered[places])
        below, upto = (np.searchsorted(ordered, knots, side) / count for side in ("left", "right"))
        return cls(knots.tolist(), below.tolist(), upto.tolist(), 0.5 / count)

    @property
    def _shares(self) -> Array:
        """At each value twice: where its stretch begins and where it ends."""
        return np.ravel(np.column_stack([self.below, self.upto]))

    def encode(self, values: Array, rng: np.random.Generator) -> Array:
        knots = np.array(self.values)
        share = np.interp(values, np.repeat(knots, 2), self._shares)
        place = np.searchsorted(knots, values).clip(0, len(knots) - 1)
        spread = rng.uniform(size=len(values))
        within = np.array(self.below)[place] + spread * (np.array(self.upto) - np.array(self.below))[place]
        share = np.where(values == knots[place], within, share).clip(self.edge, 1 - self.edge)
        return np.asarray(_inverse_cdf(np.where(np.isnan(share), 0.5, share)))

    def decode(self, scores: Array) -> Array:
        return np.asarray(np.interp(_cdf(scores), self._shares, np.repeat(self.values, 2)))


def is_far_from_normal(present: Array, real: bool) -> bool:
    """Whether a network would miss the column as it is.

    Real numbers of which one stands out (5 % of all, and ten times as often as the median value: not those that were rounded), or
    tails much heavier than a Gaussian's (excess kurtosis above 3, that of Laplace's law).
    """
    values = present.astype(np.float64)
    if real:
        counts = np.unique(values, return_counts=True)[1]
        if counts.max() >= max(_COMMON * len(values), _OFTEN * np.median(counts)):
            return True
    centred = values - values.mean()
    largest = np.abs(centred).max()
    if not largest > 0:
        return False
    squares = (centred / largest) ** 2
    return bool((squares**2).mean() > (3 + _HEAVY) * squares.mean() ** 2)
