"""Score models by score matching, and samples from them, through libstein.

>>> import stein
>>> model = stein.fit(rows)            # rows: [n, d]
>>> model.sample(100)                  # [100, d], in the data's units
"""

from ._errors import (
    SteinError,
    SteinFileError,
    SteinInterrupted,
    SteinMemoryError,
    SteinNumericError,
    SteinUnsupported,
    SteinValueError,
    SteinWarning,
)
from . import ops, show
from .chains import Chains, Density, GradientCheck, Summary, effective_sample_size, rhat, summary, to_arviz
from .core import Context, Dataset, Graph, Model, Node, Trainer, fit, options, version
from .diagnostics import (
    Discrepancy,
    Divergence,
    fisher_divergence,
    kernel_stein_discrepancy,
    maximum_mean_discrepancy,
    sliced_wasserstein,
)
from .tables import TableModel

__all__ = [
    "Chains",
    "Context",
    "Dataset",
    "Density",
    "Discrepancy",
    "Divergence",
    "GradientCheck",
    "Graph",
    "Model",
    "Node",
    "SteinError",
    "SteinFileError",
    "SteinInterrupted",
    "SteinMemoryError",
    "SteinNumericError",
    "SteinUnsupported",
    "SteinValueError",
    "SteinWarning",
    "Summary",
    "TableModel",
    "Trainer",
    "effective_sample_size",
    "fisher_divergence",
    "fit",
    "kernel_stein_discrepancy",
    "maximum_mean_discrepancy",
    "ops",
    "options",
    "rhat",
    "show",
    "sliced_wasserstein",
    "summary",
    "to_arviz",
    "version",
]
