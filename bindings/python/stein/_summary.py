"""What draws of chains say of each coordinate, as a table."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
MOST_ROWS = 20
HEAD = ("mean", "sd", "5 %", "50 %", "95 %", "ESS bulk", "ESS tail", "R-hat")


class Summary(NamedTuple):
    """Moments, quantiles and convergence of draws [chains, n, d]; printed, it is a table of at most 20 rows."""

    #: One a coordinate.
    names: tuple[str, ...]
    #: [d]
    mean: Array
    #: [d]
    sd: Array
    #: At 5, 50 and 95 %, [d, 3].
    quantiles: Array
    #: Effective sample size of the mean and the bulk, [d]; NaN of fewer than 4 draws a chain, as the two after it.
    ess_bulk: Array
    #: Of the 5 % and 95 % quantiles, [d].
    ess_tail: Array
    #: Rank-normalised split R-hat, [d].
    rhat: Array

    def rows(self) -> list[tuple[str, ...]]:
        """As text, with the names first."""
        figures = np.column_stack([self.mean, self.sd, self.quantiles])
        sizes = np.column_stack([self.ess_bulk, self.ess_tail])
        return [
            (name, *(f"{v:.4g}" for v in few), *("-" if np.isnan(v) else f"{v:.0f}" for v in size), "-" if np.isnan(r) else f"{r:.3f}")
            for name, few, size, r in zip(self.names[:MOST_ROWS], figures, sizes, self.rhat)
        ]

    def __str__(self) -> str:
        cells = [("", *HEAD), *self.rows()]
        widths = [max(len(row[j]) for row in cells) for j in range(len(HEAD) + 1)]
        lines = ["  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:]))]) for row in cells]
        left = len(self.names) - MOST_ROWS
        return "\n".join(lines + ([f"… {left} more"] if left > 0 else []))

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        from ._html import page

        return page("Summary", [("coordinates", len(self.names))], ("", *HEAD), self.rows())


def moments(draws: Array) -> tuple[Array, Array, Array]:
    """Mean, deviation and quantiles of draws [chains, n, d] over chains and draws."""
    flat = draws.reshape(-1, draws.shape[2])
    return flat.mean(0), flat.std(0, ddof=1 if len(flat) > 1 else 0), np.quantile(flat, (0.05, 0.5, 0.95), axis=0).T
