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
)
from . import ops
from .chains import Chains, Density, effective_sample_size, rhat, to_arviz
from .core import Context, Dataset, Graph, Model, Node, Trainer, fit, options, version

__all__ = [
    "Chains",
    "Context",
    "Dataset",
    "Density",
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
    "Trainer",
    "effective_sample_size",
    "fit",
    "ops",
    "options",
    "rhat",
    "to_arviz",
    "version",
]
