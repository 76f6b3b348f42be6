"""The objects of stein.h in Python."""

from __future__ import annotations

import contextlib
import ctypes
import operator
import os
import threading
import warnings
import weakref
from types import TracebackType
from typing import TYPE_CHECKING, Any, Sequence

import numpy as np
import numpy.typing as npt

from . import _abi, _arrays, _arrow, _checks, _html, _kinds
from ._call import AllReduce, AllReduceFunction, Noise, NoiseFunction, Progress, blob, call, parsed, watched
from ._call import text as _text
from ._errors import SteinError, SteinInterrupted, SteinWarning
from ._library import library
from ._options import option_text as _option_text
from ._options import refuse_unknown, takes
from .sampling import Sampling, result_type

if TYPE_CHECKING:
    from typing_extensions import Unpack

Array = npt.NDArray[Any]


def version() -> str:
    return str(library.stein_version().decode())


def options(kind: str) -> list[dict[str, Any]]:
    """Every option of "context", "dataset", "model", "graph", "trainer", "sampler", "loss", "denoising", ..."""
    described: list[dict[str, Any]] = parsed("stein_options_describe", _checks.word(kind, "kind"))
    return described


class _Object:
    """A handle, freed with its object."""

    _free = ""

    def __init__(self, handle: ctypes.c_void_p) -> None:
        self._handle = handle
        self._finalizer = weakref.finalize(self, getattr(library, self._free), handle)

    @property
    def handle(self) -> ctypes.c_void_p:
        return self._handle

    def close(self) -> None:
        """Frees it now; what was made from it lives on."""
        self._finalizer()
        self._handle = ctypes.c_void_p()

    def __enter__(self) -> Any:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _describe(self, name: str) -> dict[str, Any]:
        described: dict[str, Any] = parsed(name, self.handle)
        return described

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError(f"a {type(self).__name__} belongs to its process and can't be pickled; a Model can, and a Trainer saves checkpoints")

    def _said(self) -> str:
        return ""

    def __repr__(self) -> str:
        try:
            said = self._said() if self._open else "closed"
        except SteinError as failure:  # another thread has it
            said = failure.name
        return f"<stein.{type(self).__name__} {said}>".replace(" >", ">")

    @property
    def _open(self) -> bool:
        finalizer = getattr(self, "_finalizer", None)
        return finalizer is not None and finalizer.alive


class Context(_Object):
    """Worker threads and memory. options: threads, memory_limit, trace (a file for the time of every step; chrome://tracing and Perfetto show it)."""

    _free = "stein_context_free"
    _default: Context | None = None
    _lock = threading.Lock()

    @takes(_kinds.ContextOptions)
    def __init__(self, **options: Unpack[_kinds.ContextOptions]) -> None:
        handle = ctypes.c_void_p()
        call("stein_context_new", _option_text(options), None, ctypes.byref(handle))
        super().__init__(handle)

    def check_trace(self) -> None:
        """Raises a SteinFileError if a part of what ran is missing from the file of `trace`."""
        call("stein_context_check_trace", self.handle)

    @classmethod
    def default(cls) -> Context:
        """The one that is used where none is given."""
        with cls._lock:
            if cls._default is None or not cls._default.handle:
                cls._default = cls()
            return cls._default


def _context(given: Context | None) -> Context:
    return Context.default() if given is None else _checks.instance(given, Context, "context")


class Dataset(_Object):
    """Rows [n, d] (or [n, channels, ...]) with optional classes [n], copied.

    A NaN or infinity is a SteinValueError that gives its row and column. names: of the columns; those of a table unless given.
    """

    _free = "stein_dataset_free"

    def __init__(
        self,
        rows: npt.ArrayLike,
        labels: npt.ArrayLike | None = None,
        *,
        context: Context | None = None,
        names: Sequence[str] | None = None,
    ) -> None:
        self.context = _context(context)
        tensor, classes = _arrays.rows(rows), _arrays.labels(labels)
        handle = ctypes.c_void_p()
        call(
            "stein_dataset_new", self.context.handle, tensor.pointer, _arrays.pointer(classes),
            _option_text({"names": _arrays.names_of(rows) if names is None else names}), ctypes.byref(handle),
        )
        super().__init__(handle)

    @classmethod
    @takes(_kinds.FileOptions)
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        context: Context | None = None,
        **options: Unpack[_kinds.FileOptions],
    ) -> Dataset:
        """Reads a .npy or .csv file. options: format, separator, header, label, columns, names."""
        self = cls.__new__(cls)
        self.context = _context(context)
        handle = ctypes.c_void_p()
        call(
            "stein_dataset_open", self.context.handle, _checks.path(path), _option_text(options),
            ctypes.byref(handle),
        )
        _Object.__init__(self, handle)
        return self

    @classmethod
    def from_arrow(
        cls,
        table: Any,
        *,
        label: str | int | None = None,
        columns: Sequence[str] | None = None,
        context: Context | None = None,
    ) -> Dataset:
        """Copies the numbers of anything with `__arrow_c_stream__` (polars, pyarrow, pandas, DuckDB), whose names it keeps.

        label: the column with each row's class; columns: those to keep, in order, by name. Dictionaries count by their places, booleans as 0
        and 1. A missing value is a SteinValueError with its row and column; `stein.TableModel` takes those, and text.
        """
        self = cls.__new__(cls)
        self.context = _context(context)
        handle = ctypes.c_void_p()
        if not hasattr(table, "__arrow_c_stream__"):
            raise _checks.refused(f"table is {_checks.shown(table)}; it has __arrow_c_stream__, as those of polars, pyarrow, pandas and DuckDB")
        capsule = table.__arrow_c_stream__()
        call(
            "stein_dataset_move_arrow", self.context.handle, _arrow.stream_of(capsule),
            _option_text({"label": label, "columns": columns}), ctypes.byref(handle),
        )
        _Object.__init__(self, handle)
        return self

    def describe(self) -> dict[str, Any]:
        return self._describe("stein_dataset_describe")

    @property
    def shape(self) -> tuple[int, ...]:
        return _shape("stein_dataset_shape", self.handle)

    def _said(self) -> str:
        return f"{list(self.shape)}"

    def _repr_html_(self) -> str:
        if not self._open:
            return _html.page("Dataset", [("state", "closed")])
        told = self.describe()
        names = told["names"] or [f"column {j}" for j in range(len(told["mean"]))]
        counts = {c["label"]: c["count"] for c in told["classes"] or []}
        facts = [("shape", told["shape"]), *([("classes", counts)] if counts else [])]
        columns = list(zip(names, told["mean"], told["deviation"], told["minimum"], told["maximum"]))
        return _html.page("Dataset", facts, ("", "mean", "deviation", "minimum", "maximum"), columns)


def _square(rows: Array) -> tuple[int, int, int]:
    width = int(np.prod(rows.shape[1:]))
    return len(rows), width, width


def _shape(name: str, handle: ctypes.c_void_p) -> tuple[int, ...]:
    axes, lengths = ctypes.c_int32(), (ctypes.c_int64 * 5)()
    call(name, handle, ctypes.byref(axes), lengths)
    return tuple(lengths[: axes.value])


def _dataset(data: Any, context: Context | None = None) -> Dataset:
    return data if isinstance(data, Dataset) else Dataset(data, context=context)


def _warn(sentences: Sequence[str]) -> None:
    """At the line that called the binding's function."""
    for sentence in sentences:
        warnings.warn(sentence, SteinWarning, stacklevel=3)


class Model(_Object, Sampling):
    """A score model. options: family, scale, widths, activation, ...: stein.options("model")."""

    _free = "stein_model_free"

    @takes(_kinds.ModelOptions)
    def __init__(
        self, dataset: Dataset | npt.ArrayLike, family: str = "score_mlp", **options: Unpack[_kinds.ModelOptions]
    ) -> None:
        self._make(_dataset(dataset), family, options)
        _warn(self.describe()["warnings"])

    def _make(self, data: Dataset, family: str, options: Any) -> None:
        self.context = data.context
        handle = ctypes.c_void_p()
        call(
            "stein_model_new", self.context.handle, data.handle, _option_text({"family": family, **options}),
            ctypes.byref(handle),
        )
        _Object.__init__(self, handle)

    @classmethod
    def _wrap(cls, handle: ctypes.c_void_p, context: Context) -> Model:
        self = cls.__new__(cls)
        self.context = context
        _Object.__init__(self, handle)
        return self

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, context: Context | None = None) -> Model:
        context = _context(context)
        handle = ctypes.c_void_p()
        call("stein_model_load", context.handle, _checks.path(path), ctypes.byref(handle))
        return cls._wrap(handle, context)

    @classmethod
    def from_bytes(cls, data: bytes, *, context: Context | None = None) -> Model:
        context = _context(context)
        handle = ctypes.c_void_p()
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise _checks.refused(f"data is {_checks.shown(data)}; it is the bytes that to_bytes gave")
        data = bytes(data)
        call("stein_model_read", context.handle, data, len(data), ctypes.byref(handle))
        return cls._wrap(handle, context)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes a safetensors file, whole or not at all."""
        call("stein_model_save", self.handle, _checks.path(path))

    @takes(_kinds.ImportOptions)
    def import_weights(self, path: str | os.PathLike[str], **options: Unpack[_kinds.ImportOptions]) -> None:
        """Takes the weights of a plain network trained elsewhere (PyTorch, Flax) from a safetensors file.

        For models made with residual=False and preconditioning="isotropic".

        options: sigma_min, sigma_max (the levels it was trained for), prefix, unconditional.
        """
        call("stein_model_import_weights", self.handle, _checks.path(path), _option_text(options))

    def export_onnx(self, path: str | os.PathLike[str]) -> None:
        """Writes the score, and for Gaussian noise the denoiser, for runtimes of ONNX.

        Inputs x [n, ...] in the data's units, sigma [n], both float32, and with classes label, int64 [n]; outputs score, denoised [n, ...].
        """
        call("stein_model_export_onnx", self.handle, _checks.path(path))

    def to_bytes(self) -> bytes:
        return blob("stein_model_write", self.handle)

    def __reduce__(self) -> tuple[Any, ...]:
        return Model.from_bytes, (self.to_bytes(),)

    def describe(self) -> dict[str, Any]:
        return self._describe("stein_model_describe")

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one row, with a 1 before it."""
        return _shape("stein_model_shape", self.handle)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the data that it was made of, and of what it draws: float32, or float64 also where float32 does not reach."""
        known: np.dtype[Any] | None = getattr(self, "_dtype", None)
        if known is None:
            told = self.describe()
            sizes = np.abs([*told["scale"], *told["mean"]])
            reached = bool((sizes[: len(told["scale"])] > 1e-30).all() and (sizes < 1e30).all())
            known = np.dtype(np.float32 if told["dtype"] == "float32" and reached else np.float64)
            self._dtype = known
        return known

    def _said(self) -> str:
        told = self.describe()
        return f"{told['family']} of {told['shape'][1:]}{'' if told['trained'] else ', not trained'}"

    def _repr_html_(self) -> str:
        if not self._open:
            return _html.page("Model", [("state", "closed")])
        told = self.describe()
        count = sum(int(np.prod(p["shape"])) for p in told["parameters"])
        facts = [
            ("family", told["family"]), ("shape of a row", told["shape"][1:]), ("parameters", count),
            ("noise levels", f"{told['sigma_min']:.4g} to {told['sigma_max']:.4g}"), ("trained", told["trained"]),
            *([("classes", told["classes"])] if told["classes"] else []),
        ]
        return _html.page("Model", facts, ("parameter", "shape"), [(p["name"], p["shape"]) for p in told["parameters"]])

    def parameter(self, name: str) -> Array:
        axes, lengths, word = ctypes.c_int32(), (ctypes.c_int64 * 5)(), _checks.word(name, "name")
        call("stein_model_parameter", self.handle, word, ctypes.byref(axes), lengths, None)
        out = np.empty(tuple(lengths[: axes.value]), np.float32)
        call("stein_model_parameter", self.handle, word, None, None, _arrays.Tensor(out).pointer)
        return out

    def parameters(self) -> dict[str, Array]:
        return {p["name"]: self.parameter(p["name"]) for p in self.describe()["parameters"]}

    def _field(
        self,
        name: str,
        x: npt.ArrayLike,
        sigma: float,
        labels: npt.ArrayLike | None,
        shape: Any,
        dtype: npt.DTypeLike | None,
        progress: Progress | None,
        deadline: float | None,
    ) -> Array:
        tensor, classes = _arrays.rows(x, "x"), _arrays.labels(labels)
        out = np.empty(shape(tensor.array), result_type(tensor.array, dtype))
        watched(
            name, self.handle, tensor.pointer, _arrays.pointer(classes), _checks.real(sigma, "sigma"),
            _arrays.Tensor(out).pointer, progress=progress, deadline=deadline,
        )
        return out

    def score(
        self,
        x: npt.ArrayLike,
        sigma: float = 0.0,
        labels: npt.ArrayLike | None = None,
        *,
        dtype: npt.DTypeLike | None = None,
        progress: Progress | None = None,
        deadline: float | None = None,
    ) -> Array:
        """grad log p_sigma(x); sigma in units of the columns' scale, 0: the level that
        gives the clean score best (`clean_level` of describe).

        dtype: float32 or float64; if not given float32 of float32 and float64 of all else, here and in the other functions of rows.
        """
        return self._field("stein_model_score", x, sigma, labels, lambda a: a.shape, dtype, progress, deadline)

    def denoise(
        self,
        x: npt.ArrayLike,
        sigma: float,
        labels: npt.ArrayLike | None = None,
        *,
        dtype: npt.DTypeLike | None = None,
        progress: Progress | None = None,
        deadline: float | None = None,
    ) -> Array:
        """E[clean | x] for x with noise of sigma."""
        return self._field("stein_model_denoise", x, sigma, labels, lambda a: a.shape, dtype, progress, deadline)

    def energy(
        self,
        x: npt.ArrayLike,
        sigma: float = 0.0,
        labels: npt.ArrayLike | None = None,
        *,
        dtype: npt.DTypeLike | None = None,
        progress: Progress | None = None,
        deadline: float | None = None,
    ) -> Array:
        """E(x), with p_sigma proportional to exp(-E), up to a constant; -log p_sigma(x) of normalised families."""
        return self._field("stein_model_energy", x, sigma, labels, lambda a: a.shape[:1], dtype, progress, deadline)

    def jacobian(
        self,
        x: npt.ArrayLike,
        sigma: float = 0.0,
        labels: npt.ArrayLike | None = None,
        *,
        dtype: npt.DTypeLike | None = None,
        progress: Progress | None = None,
        deadline: float | None = None,
    ) -> Array:
        """[n, d, d]: entry [r, i, j] is the derivative of score j by x_i."""
        return self._field("stein_model_jacobian", x, sigma, labels, _square, dtype, progress, deadline)

    def denoise_covariance(
        self,
        x: npt.ArrayLike,
        sigma: float,
        labels: npt.ArrayLike | None = None,
        *,
        dtype: npt.DTypeLike | None = None,
        progress: Progress | None = None,
        deadline: float | None = None,
    ) -> Array:
        """Cov[clean | x], [n, d, d]."""
        return self._field("stein_model_denoise_covariance", x, sigma, labels, _square, dtype, progress, deadline)

    @takes(_kinds.DenoisingOptions)
    def denoise_error(
        self,
        dataset: Dataset | npt.ArrayLike,
        sigmas: npt.ArrayLike,
        *,
        progress: Progress | None = None,
        deadline: float | None = None,
        **options: Unpack[_kinds.DenoisingOptions],
    ) -> Array:
        """[k, 3]: for each level the least error by the model's score, its own, and the exact denoiser's of these rows.

        options: draws, reference, seed.
        """
        data = _dataset(dataset, self.context)
        levels = np.atleast_1d(_arrays.doubles(sigmas, "sigmas"))
        out = np.empty((len(levels), 3))
        watched(
            "stein_model_denoise_error", self.handle, data.handle, _arrays.Tensor(levels).pointer,
            _option_text(options), _arrays.Tensor(out).pointer, progress=progress, deadline=deadline,
        )
        return out

    @takes(_kinds.LossOptions)
    def loss(
        self,
        dataset: Dataset | npt.ArrayLike,
        *,
        progress: Progress | None = None,
        deadline: float | None = None,
        **options: Unpack[_kinds.LossOptions],
    ) -> float:
        """An objective's mean on rows. options: objective, draws, sigma, seed, ...: stein.options("loss")."""
        data = _dataset(dataset, self.context)
        out = ctypes.c_double()
        watched(
            "stein_model_loss", self.handle, data.handle, _option_text(options), ctypes.byref(out),
            progress=progress, deadline=deadline,
        )
        return out.value

    @takes(_kinds.LossOptions)
    def losses(
        self,
        dataset: Dataset | npt.ArrayLike,
        *,
        progress: Progress | None = None,
        deadline: float | None = None,
        **options: Unpack[_kinds.LossOptions],
    ) -> Array:
        """The same for each row, [n]."""
        data = _dataset(dataset, self.context)
        out = np.empty(data.shape[0])
        watched(
            "stein_model_losses", self.handle, data.handle, _option_text(options), _arrays.Tensor(out).pointer,
            progress=progress, deadline=deadline,
        )
        return out


class Node:
    """One operation's result in a Graph. Operators make new nodes, so that an energy reads like its formula."""

    __array_priority__ = 1000  # NumPy leaves the operators to us

    def __init__(self, graph: Graph, number: int) -> None:
        self.graph = graph
        self.number = number

    def _binary(self, operation: str, other: Any, swapped: bool = False) -> Node:
        """other: a node, or what becomes a constant."""
        other = self.graph._node_of(other)
        pair = (other, self) if swapped else (self, other)
        return self.graph.node(operation, *pair)

    def __add__(self, other: Any) -> Node:
        return self._binary("add", other)

    def __radd__(self, other: Any) -> Node:
        return self._binary("add", other, True)

    def __sub__(self, other: Any) -> Node:
        return self._binary("subtract", other)

    def __rsub__(self, other: Any) -> Node:
        return self._binary("subtract", other, True)

    def __mul__(self, other: Any) -> Node:
        return self._binary("multiply", other)

    def __rmul__(self, other: Any) -> Node:
        return self._binary("multiply", other, True)

    def __truediv__(self, other: Any) -> Node:
        return self._binary("divide", other)

    def __rtruediv__(self, other: Any) -> Node:
        return self._binary("divide", other, True)

    def __matmul__(self, other: Any) -> Node:
        return self._binary("matmul", other)

    def __rmatmul__(self, other: Any) -> Node:
        return self._binary("matmul", other, True)

    def __pow__(self, exponent: float) -> Node:
        return self.graph.node("power", self, exponent=exponent)

    def __gt__(self, other: Any) -> Node:
        return self._binary("greater", other)

    def __lt__(self, other: Any) -> Node:
        return self._binary("greater", other, True)

    def __neg__(self) -> Node:
        return self.graph.node("negate", self)

    def __abs__(self) -> Node:
        return self.graph.node("abs", self)

    def __getitem__(self, index: Any) -> Node:
        """By whole numbers and slices without a step, as NumPy's."""
        places = index if isinstance(index, tuple) else (index,)
        shape = self.shape
        if len(places) > len(shape):
            raise IndexError(f"{len(places)} indices for a node of shape {shape}")
        starts, sizes, kept = [], [], []
        for length, place in zip(shape, (*places, *[slice(None)] * (len(shape) - len(places)))):
            if isinstance(place, slice):
                try:
                    start, stop, step = place.indices(length)
                except (TypeError, ValueError):
                    raise IndexError(f"a slice of a node has whole numbers and step 1, not {place}") from None
                if step != 1 or stop <= start:
                    raise IndexError(f"a slice of a node has step 1 and an element, not {place}")
                starts.append(start)
                sizes.append(stop - start)
                kept.append(stop - start)
            else:
                try:
                    start = operator.index(place)
                except TypeError:
                    raise IndexError(f"a node is indexed by whole numbers and slices, not by {_checks.shown(place)}") from None
                start += length if start < 0 else 0
                if not 0 <= start < length:
                    raise IndexError(f"index {place} is outside an axis of {length}")
                starts.append(start)
                sizes.append(1)
        part = self.graph.node("slice", self, starts=starts, sizes=sizes)
        return part if len(kept) == len(sizes) else part.reshape(*kept)

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Any:
        return (self[index] for index in range(len(self)))

    def __str__(self) -> str:
        """The node's formula: "(x[0] - a) ** 2 / 2"; "…" stands for what makes it longer than 120 characters."""
        return self.graph._described("formula", self)

    def __repr__(self) -> str:
        try:
            formula = str(self) if self.graph._open else "of a closed graph"
        except SteinError as failure:  # another thread has it
            formula = failure.name
        return f"<stein.Node {formula}, shape {self.shape}>"

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one row's value."""
        return self.graph._shapes[self.number]

    @property
    def T(self) -> Node:
        return self.graph.node("transpose", self)

    def reshape(self, *shape: int) -> Node:
        if not shape:
            return self.sum()  # one element, no axis
        return self.graph.node("reshape", self, shape=shape)

    def sum(self, axes: Any = None, keep_axes: bool = False) -> Node:
        return self._reduced("sum", axes, keep_axes)

    def mean(self, axes: Any = None, keep_axes: bool = False) -> Node:
        return self._reduced("mean", axes, keep_axes)

    def max(self, axes: Any = None, keep_axes: bool = False) -> Node:
        return self._reduced("max", axes, keep_axes)

    def log_sum_exp(self, axes: Any = None, keep_axes: bool = False) -> Node:
        return self._reduced("log_sum_exp", axes, keep_axes)

    def _reduced(self, operation: str, axes: Any, keep_axes: bool) -> Node:
        listed = None if axes is None else axes if isinstance(axes, (list, tuple)) else (axes,)
        return self.graph.node(operation, self, axes=listed, keep_axes=keep_axes or None)


#: Of a graph's repr.
_MOST_LINES = 40


class Graph(_Object):
    """A model of one's own, written for one row.

    >>> graph = stein.Graph(2)
    >>> x, y = graph.x
    >>> a, b = graph.parameter("a"), graph.parameter("b", start="ones")
    >>> model = graph.model(rows, energy=(x - a) ** 2 / 2 + b * (y - x * x) ** 2 / 2)

    Derivatives of every order come from the graph, so each objective and sampler takes the model.
    """

    _free = "stein_graph_free"

    def __init__(self, columns: int, *, context: Context | None = None) -> None:
        self.context = _context(context)
        handle = ctypes.c_void_p()
        call("stein_graph_new", self.context.handle, ctypes.byref(handle))
        super().__init__(handle)
        self._shapes: list[tuple[int, ...]] = []
        self._sigma: Node | None = None
        #: The row, [columns].
        self.x = self.node("x", columns=columns)

    @property
    def sigma(self) -> Node:
        """The noise level, in units of the model; a graph that uses it is one density for each level."""
        if self._sigma is None:
            self._sigma = self.node("sigma")
        return self._sigma

    def parameter(
        self, name: str, shape: Any = (), start: str | npt.ArrayLike = "zeros", deviation: float | None = None
    ) -> Node:
        """start: "zeros", "ones", "normal" (of `deviation`), "identity", or values."""
        lengths = tuple(shape) if isinstance(shape, (list, tuple)) else (shape,)
        if isinstance(start, str):
            named: Any = start  # what is not a start is refused by name
            return self.node("parameter", name=name, shape=lengths or None, start=named, deviation=deviation)
        values = _arrays.doubles(start, "start")
        if not values.ndim and not lengths:
            return self.node("parameter", name=name, value=float(values))
        lengths = tuple(_checks.whole(length, "a length of shape") for length in lengths) or values.shape
        if values.ndim and values.shape != lengths:
            raise _checks.refused(f"start has shape {values.shape}, and the parameter {lengths}", _abi.STEIN_BAD_SHAPE)
        whole = np.ascontiguousarray(np.broadcast_to(values, lengths))
        return self.node("parameter", name=name, array=whole)

    def constant(self, value: npt.ArrayLike) -> Node:
        array = _arrays.doubles(value, "a constant")
        if not array.ndim:
            return self.node("constant", value=float(array))
        return self.node("constant", array=np.ascontiguousarray(array))

    @takes(_kinds.NodeOptions)
    def node(
        self, operation: str, *inputs: Any, array: Array | None = None, **options: Unpack[_kinds.NodeOptions]
    ) -> Node:
        """Any operation by its name: stein.h lists them, stein.options("graph") their options."""
        nodes = [self._node_of(value) for value in inputs]
        numbers = (ctypes.c_int32 * max(len(nodes), 1))(*(n.number for n in nodes))
        number, axes, lengths = ctypes.c_int32(), ctypes.c_int32(), (ctypes.c_int64 * 5)()
        tensor = None if array is None else _arrays.Tensor(np.atleast_1d(_arrays.doubles(array, "array")))
        call(
            "stein_graph_node", self.handle, _checks.word(operation, "operation"), numbers, len(nodes), _option_text(options),
            _arrays.pointer(tensor), ctypes.byref(number),
        )
        call("stein_graph_shape", self.handle, number.value, ctypes.byref(axes), lengths)
        self._shapes.append(tuple(lengths[: axes.value]))
        return Node(self, number.value)

    def _node_of(self, value: Any) -> Node:
        if not isinstance(value, Node):
            return self.constant(value)
        if value.graph is not self:
            raise _checks.refused("the node belongs to another graph")
        return value

    def text(self, node: Node | None = None) -> str:
        """One line for each node, "%3 = sum(%2, axes=0) [4]"; node: only what it needs."""
        return self._described("text", node)

    def dot(self, node: Node | None = None) -> str:
        """A drawing in the language of Graphviz; node: only what it needs."""
        return self._described("dot", node)

    def _described(self, form: str, node: Node | None) -> str:
        number = -1 if node is None else self._node_of(_checks.instance(node, Node, "node")).number
        return _text("stein_graph_describe", self.handle, number, form.encode())

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        """The listing of its nodes, without the middle of a long one."""
        try:
            lines = self.text().split("\n") if self._open else ["closed"]
        except SteinError as failure:  # another thread has it
            lines = [failure.name]
        if len(lines) == 1:
            return f"<stein.Graph {lines[0]}>"
        if len(lines) > _MOST_LINES:
            left = len(lines) - _MOST_LINES
            lines = [*lines[: _MOST_LINES // 2], f"… {left} more", *lines[-(_MOST_LINES // 2) :]]
        return "\n  ".join(["<stein.Graph", *lines]) + ">"

    @takes(_kinds.ModelOptions)
    def model(
        self,
        data: Dataset | npt.ArrayLike,
        *,
        energy: Node | None = None,
        log_density: Node | None = None,
        score: Node | None = None,
        **options: Unpack[_kinds.ModelOptions],
    ) -> Model:
        """A model whose energy, log density or score is a node. options: scale, domain, seed, ..."""
        outputs = {"energy": energy, "log_density": log_density, "score": score}
        given = [(name, node) for name, node in outputs.items() if node is not None]
        if len(given) != 1:
            raise _checks.refused("give one of energy, log_density and score")
        name, node = given[0]
        if _checks.instance(node, Node, name).graph is not self:
            raise _checks.refused("the node belongs to another graph")
        dataset = _dataset(data, self.context)
        handle = ctypes.c_void_p()
        call(
            "stein_model_from_graph", self.handle, node.number, dataset.handle,
            _option_text({"output": name, **options}), ctypes.byref(handle),
        )
        return Model._wrap(handle, self.context)


class Trainer(_Object):
    """Trains a model. options: objective, steps, batch, rate, seed, ...: stein.options("trainer")."""

    _free = "stein_trainer_free"

    @takes(_kinds.TrainerOptions)
    def __init__(self, model: Model, dataset: Dataset | npt.ArrayLike, **options: Unpack[_kinds.TrainerOptions]) -> None:
        data = _dataset(dataset, _checks.instance(model, Model, "model").context)
        self.model = model
        handle = ctypes.c_void_p()
        call("stein_trainer_new", model.handle, data.handle, _option_text(options), ctypes.byref(handle))
        super().__init__(handle)

    @classmethod
    def resume(cls, dataset: Dataset | npt.ArrayLike, path: str | os.PathLike[str]) -> Trainer:
        """Goes on from a checkpoint with the same data; the model is the trainer's `model`."""
        data = _dataset(dataset)
        model, trainer = ctypes.c_void_p(), ctypes.c_void_p()
        call(
            "stein_trainer_resume", data.context.handle, data.handle, _checks.path(path), ctypes.byref(model),
            ctypes.byref(trainer),
        )
        self = cls.__new__(cls)
        self.model = Model._wrap(model, data.context)
        _Object.__init__(self, trainer)
        return self

    def run(
        self, steps: int = 0, *, progress: Progress | None = None, deadline: float | None = None
    ) -> bool:
        """At most `steps` more steps (0: all); True at the end of training."""
        self._warn_of_other_rows()
        finished = ctypes.c_int32()
        count = _checks.whole(steps, "steps")
        title = f"training {self.model.describe()['family']}" if progress is True else None
        try:
            watched(
                "stein_trainer_run", self.handle, count, ctypes.byref(finished), progress=progress,
                deadline=deadline, title=title,
            )
        except SteinError:
            self._raise_from_callbacks()
            raise
        return bool(finished.value)

    def _warn_of_other_rows(self) -> None:
        """Once, before the first run: by then it is known whether the rows are one rank's part."""
        if not getattr(self, "_warned", False):
            self._warned = True
            for sentence in self.describe()["warnings"]:
                if sentence.startswith("these rows"):
                    warnings.warn(sentence, stacklevel=3)

    def _raise_from_callbacks(self) -> None:
        for function in (getattr(self, "_noise", None), getattr(self, "_allreduce", None)):
            if function is not None and function.raised is not None:
                raised, function.raised = function.raised, None
                raise raised from None

    def set_noise(self, noise: Noise) -> None:
        """Noise of one's own, for objective="denoising" noise_kernel="caller".

        noise(x, sigma, bits) -> (noisy, score): x [n, d] and sigma [n] in units of the model, bits [n, d] random uint64 that
        repeat with the seed; score is the gradient of log q(noisy | x) in noisy. What it raises comes out of run().
        """
        trampoline = NoiseFunction(_checks.function(noise, "noise"))
        call("stein_trainer_set_noise", self.handle, trampoline.pointer, None, None)
        self._noise = trampoline

    def set_allreduce(self, allreduce: AllReduce, rank: int, ranks: int) -> None:
        """Trains together with other ranks, each with a part of the rows; called by each before its first run.

        allreduce(array) sums an array in place over all ranks, to the same bits on each: with mpi4py
        `lambda a: comm.Allreduce(MPI.IN_PLACE, a)`. Every rank has the same model (`Model.from_bytes` of rank 0's) and options.
        """
        trampoline = AllReduceFunction(_checks.function(allreduce, "allreduce"))
        rank, ranks = _checks.whole(rank, "rank"), _checks.whole(ranks, "ranks", 1)
        self._allreduce = trampoline
        try:
            call("stein_trainer_set_allreduce", self.handle, rank, ranks, trampoline.pointer, None, None)
        except SteinError:
            self._raise_from_callbacks()
            raise

    def save(self, path: str | os.PathLike[str]) -> None:
        call("stein_trainer_save", self.handle, _checks.path(path))

    @takes(_kinds.TrainerOptions)
    def set(self, **options: Unpack[_kinds.TrainerOptions]) -> None:
        """Changes steps, rate, ema, clip or patience between runs."""
        call("stein_trainer_set", self.handle, _option_text(options))

    def describe(self) -> dict[str, Any]:
        return self._describe("stein_trainer_describe")

    def _said(self) -> str:
        told = self.describe()
        facts = [f"step {told['step']} of {told['steps']}", told["objective"]]
        facts += [f"{name} {told[name]:.4g}" for name in ("loss", "validation") if told[name] is not None]
        if told["best_validation"] is not None:
            facts.append(f"best {told['best_validation']:.4g} at step {told['best_step']}")
        if told["seconds"]:
            facts.append(f"{told['seconds']:.3g} s")
        if told["seconds_left"]:
            facts.append(f"{told['seconds_left']:.3g} s left")
        return ", ".join(facts + ([told["reason"]] if told["reason"] else []))

    def _repr_html_(self) -> str:
        if not self._open:
            return _html.page("Trainer", [("state", "closed")])
        try:
            told = self.describe()
        except SteinError as failure:  # another thread runs it
            return _html.page("Trainer", [("state", str(failure))])
        facts = [
            (name.replace("_", " "), told[name])
            for name in ("objective", "step", "steps", "loss", "validation", "best_validation", "best_step", "reason")
            if told[name] is not None
        ]
        facts += [("warning", warning) for warning in told["warnings"]]
        levels = [(level["sigma"], level["loss"]) for level in told["levels"] or []]
        return _html.page("Trainer", facts, ("noise level", "loss"), levels)


@takes(_kinds.FitOptions)
def fit(
    data: Dataset | npt.ArrayLike,
    labels: npt.ArrayLike | None = None,
    family: str = "score_mlp",
    *,
    context: Context | None = None,
    progress: Progress | None = None,
    deadline: float | None = None,
    **options: Unpack[_kinds.FitOptions],
) -> Model:
    """A trained model of `data` [n, d]; options go to the model or the trainer by their names, seed to both.

    What stops it keeps what was learnt: at the deadline, in seconds, the model is returned, with a SteinWarning that says at which step; after
    Ctrl-C, or whatever a progress function raises, it is the exception's `model`.
    """
    refuse_unknown(options, _kinds.FitOptions, "fit")
    if isinstance(data, Dataset) and labels is not None:
        raise _checks.refused("labels belong to the data set: give them to stein.Dataset")
    dataset = data if isinstance(data, Dataset) else Dataset(data, labels, context=context)
    of_model: Any = {k: v for k, v in options.items() if k in _kinds.ModelOptions.__annotations__}
    of_trainer: Any = {k: v for k, v in options.items() if k in _kinds.TrainerOptions.__annotations__}
    model = Model.__new__(Model)
    model._make(dataset, family, of_model)
    _warn(model.describe()["warnings"])
    with Trainer(model, dataset, **of_trainer) as trainer:
        try:
            trainer.run(progress=progress, deadline=deadline)
        except SteinInterrupted as failure:
            kept = _kept(trainer, failure)
            if failure.status != _abi.STEIN_DEADLINE or not kept:
                raise
            _warn([str(failure)])
        except BaseException as failure:
            _kept(trainer, failure)
            raise
    return model


def _kept(trainer: Trainer, failure: BaseException) -> bool:
    """Gives what stopped training the model so far, if a step was made, and the words that say so."""
    told, learnt = trainer.describe(), trainer.model.describe()["trained"]
    if not learnt and told["step"]:  # deep kernels, whose weights are solved for at a check or at the end: here is the end
        with contextlib.suppress(SteinError):
            trainer.set(steps=told["step"])
            trainer.run()
            learnt = trainer.model.describe()["trained"]
    where = f"training stopped at step {told['step']} of {told['steps']}"
    if learnt:
        with contextlib.suppress(AttributeError):  # an exception that takes no attributes
            failure.model = trainer.model  # type: ignore[attr-defined]
    if isinstance(failure, SteinInterrupted):
        kept = "the model is what was learnt until then" if learnt else "nothing was learnt yet"
        failure.args = (f"{failure}: {where}; {kept}", *failure.args[1:])
    elif isinstance(failure, KeyboardInterrupt):
        failure.args = (f"{where}; " + ("the exception's `model` is what was learnt until then" if learnt else "nothing was learnt yet"),)
    return bool(learnt)


__all__ = ["Context", "Dataset", "Graph", "Model", "Node", "Trainer", "fit", "options", "version"]
