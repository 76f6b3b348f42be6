"""A score model as a scikit-learn estimator: a density, its samples, and anomalies. scikit-learn is imported here alone."""

from __future__ import annotations

from typing import Any, Mapping

import numpy as np
import numpy.typing as npt

try:
    from sklearn.base import BaseEstimator, DensityMixin, OutlierMixin  # type: ignore[import-untyped]
    from sklearn.utils import check_random_state  # type: ignore[import-untyped]
    from sklearn.utils.validation import check_is_fitted, validate_data  # type: ignore[import-untyped]
except ImportError as missing:
    raise ImportError(f"stein.sklearn needs scikit-learn 1.6 or newer: {missing}") from missing

from . import _arrays, _checks
from .core import Dataset, Model
from .core import fit as _fit

Array = npt.NDArray[Any]
_MOST_ROWS_FOR_OFFSET = 2000


def _plain(X: Any) -> Any:
    """Masked values are refused here, since scikit-learn would take what lies under the mask, and matrices with what to give."""
    masked = isinstance(X, (np.ma.MaskedArray, np.matrix)) or isinstance(X, (list, tuple)) and any(isinstance(row, np.ma.MaskedArray) for row in X)
    return _arrays.array_of(X, "X") if masked else X


def _seed(random_state: Any) -> int:
    return int(check_random_state(random_state).randint(2**31 - 1))


class ScoreModel(OutlierMixin, DensityMixin, BaseEstimator):  # type: ignore[misc]
    """A density learnt by score matching, with samples from it and what is unusual under it.

    Parameters
    ----------
    family : str, default "score_mlp"
        A network over many noise levels; or "energy_mlp", "gaussian", "mixture", "nice", "autoregressive": what
        ``stein.options("model")`` lists and has a likelihood.
    steps : int or None, default None
        Steps of training; None: 600 passes over the rows, from 500 to 20,000, with an early stop.
    contamination : float in (0, 0.5], default 0.1
        Share of the training rows that ``predict`` calls anomalies. It sets ``offset_`` and nothing else; on new rows the share may
        be higher, since a model knows its training rows.
    options : dict or None, default None
        Further options of the model and the trainer by their names: ``{"widths": [128, 128], "rate": 3e-4}``.
    random_state : int, RandomState or None, default None
        Of weights, rows and noise: the same int gives the same bits.

    Attributes
    ----------
    model_ : stein.Model
        Of the columns that vary (``varying_``).
    varying_ : ndarray of bool, [n_features_in_]
        False for columns that were constant in training: samples have their value, and a row with another has density 0.
    offset_ : float
        The ``contamination`` quantile of ``score_samples`` over the training rows (2,000 of them, evenly chosen, if there are more).
    n_features_in_, feature_names_in_
        As everywhere in scikit-learn.

    Examples
    --------
    >>> from stein.sklearn import ScoreModel
    >>> estimator = ScoreModel(random_state=0).fit(X)
    >>> estimator.sample(100)          # [100, n_features]
    >>> estimator.score_samples(X)     # [n_samples], ln p in nats
    >>> estimator.predict(X)           # [n_samples]: 1, and -1 for anomalies
    """

    def __init__(
        self,
        family: str = "score_mlp",
        *,
        steps: int | None = None,
        contamination: float = 0.1,
        options: Mapping[str, Any] | None = None,
        random_state: Any = None,
    ) -> None:
        self.family = family
        self.steps = steps
        self.contamination = contamination
        self.options = options
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None, *, progress: Any = None, deadline: float | None = None) -> ScoreModel:
        """Learns the density of X [n_samples, n_features], finite numbers, 2 rows or more. y is ignored.

        At the deadline, in seconds, the estimator is what was learnt until then, and a SteinWarning says at which step; after Ctrl-C, or what a
        progress function raises, it is the exception's `model`, which has no offset_ and draws samples.
        """
        if self.options is not None and not isinstance(self.options, Mapping):
            raise _checks.refused(f"options is {_checks.shown(self.options)}; it is a dictionary of options by their names")
        if not 0 < _checks.real(self.contamination, "contamination") <= 0.5:
            raise ValueError(f"contamination is {self.contamination!r}, and lies above 0 and at most at 0.5")
        X = validate_data(self, _plain(X), dtype=[np.float64, np.float32], ensure_min_samples=2)
        self.varying_ = np.ones(X.shape[1], bool)
        self.varying_[Dataset(X).describe()["constant_columns"]] = False
        if not self.varying_.any():
            raise ValueError(f"every column is constant over {len(X)} samples: there is no density to learn")
        self._constants = X[0].astype(np.float64)
        options = {"seed": _seed(self.random_state), "steps": self.steps, **(self.options or {})}
        for name, value in (("progress", progress), ("deadline", deadline)):
            if value is not None:
                options[name] = value
        try:
            self.model_ = _fit(X[:, self.varying_], family=self.family, **options)
        except BaseException as failure:
            kept = getattr(failure, "model", None)
            if isinstance(kept, Model):
                self.model_ = kept
                self.__dict__.pop("offset_", None)
                failure.model = self  # type: ignore[attr-defined]
            raise
        chosen = np.unique(np.linspace(0, len(X) - 1, min(len(X), _MOST_ROWS_FOR_OFFSET)).astype(int))
        self.offset_ = float(np.percentile(self._log_density(X[chosen]), 100 * self.contamination))
        return self

    def _log_density(self, X: Array) -> Array:
        # The exact trace, so that a row's density does not depend on the rows beside it.
        exact = self.family not in _NORMALISED
        log_density: Array = self.model_.log_likelihood(X[:, self.varying_], trace="exact" if exact else None)
        still = ~self.varying_
        same = np.isclose(X[:, still], self._constants[still], rtol=1e-6, atol=0)
        log_density[~same.all(axis=1)] = -np.inf
        return log_density

    def _validated(self, X: Any) -> Array:
        check_is_fitted(self)
        valid: Array = validate_data(self, _plain(X), dtype=[np.float64, np.float32], reset=False)
        return valid

    def score_samples(self, X: Any) -> Array:
        """ln p of each row, [n_samples], in nats, at the lowest noise level of training.

        Of a network along the probability flow with the exact trace, whose time grows with n_features squared.
        """
        return self._log_density(self._validated(X))

    def score(self, X: Any, y: Any = None) -> float:
        """The mean of score_samples, which model selection maximises. y is ignored."""
        return float(self.score_samples(X).mean())

    def decision_function(self, X: Any) -> Array:
        """score_samples - offset_, [n_samples]: below 0 for anomalies."""
        check_is_fitted(self, "offset_")
        decisions: Array = self.score_samples(X) - self.offset_
        return decisions

    def predict(self, X: Any) -> Array:
        """[n_samples]: 1, or -1 where the density is below that of ``contamination`` of the training rows."""
        return np.where(self.decision_function(X) < 0, -1, 1)

    def sample(self, n_samples: int = 1, random_state: Any = None, **options: Any) -> Array:
        """Draws [n_samples, n_features], float64. options: sampler, steps, temperature, ...: stein.options("sampler")."""
        check_is_fitted(self)
        count = _checks.whole(n_samples, "n_samples", 1)
        rows = np.tile(self._constants, (count, 1))
        rows[:, self.varying_] = self.model_.sample(count, dtype=np.float64, seed=_seed(random_state), **options)
        return rows


_NORMALISED = {"gaussian", "mixture", "nice", "autoregressive"}

__all__ = ["ScoreModel"]
