"""Columns through the Arrow C stream interface (arrow.apache.org/docs/format/CStreamInterface.html), without pyarrow.

In: numbers of every width, flags, text (three layouts), dictionaries, dates and times as whole numbers of their unit, validity
bitmaps, offsets, chunks; values are copied, and the producer's arrays released. Out: one chunk, in the formats that came in.

What goes out belongs to its consumer until it calls `release`, on a thread of its own choice: the functions for that live as long as
the process.
"""

from __future__ import annotations

import ctypes
import dataclasses
import itertools
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

_NUMBERS = {
    "c": "i1", "C": "u1", "s": "i2", "S": "u2", "i": "i4", "I": "u4", "l": "i8", "L": "u8", "e": "f2", "f": "f4", "g": "f8",
}
_ORDERED, _NULLABLE = 1, 2


@dataclasses.dataclass
class Column:
    """A column's values [n], and what restores them in the container that they came from."""

    name: Any  #: text, but in pandas and dictionaries whatever it was
    kind: str  #: "real", "integer", "flag" or "category"
    values: Array  #: float64 (real), int64 else; of categories their places in `categories`
    missing: Array  #: bool; values there mean nothing
    type: str  #: the container's own
    categories: list[Any] | None = None
    ordered: bool = False
    extra: str = ""  #: the type of the categories themselves
    metadata: str = ""  #: of an Arrow field, as latin-1


class _Schema(ctypes.Structure):
    pass


class _Data(ctypes.Structure):
    pass


_Schema._fields_ = [
    ("format", ctypes.c_char_p), ("name", ctypes.c_char_p), ("metadata", ctypes.c_void_p), ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64), ("children", ctypes.POINTER(ctypes.POINTER(_Schema))),
    ("dictionary", ctypes.POINTER(_Schema)), ("release", ctypes.c_void_p), ("private", ctypes.c_void_p),
]
_Data._fields_ = [
    ("length", ctypes.c_int64), ("null_count", ctypes.c_int64), ("offset", ctypes.c_int64), ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64), ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(_Data))), ("dictionary", ctypes.POINTER(_Data)),
    ("release", ctypes.c_void_p), ("private", ctypes.c_void_p),
]


class _StreamStruct(ctypes.Structure):
    _fields_ = [
        ("get_schema", ctypes.c_void_p), ("get_next", ctypes.c_void_p), ("get_last_error", ctypes.c_void_p),
        ("release", ctypes.c_void_p), ("private", ctypes.c_void_p),
    ]


_GET = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p)
_LAST_ERROR = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)
_RELEASE = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_CAPSULE = b"arrow_array_stream"
_pointer_of = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(("PyCapsule_GetPointer", ctypes.pythonapi))
_pointer_of_dying = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p)(
    ("PyCapsule_GetPointer", ctypes.pythonapi)
)
_new_capsule = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)(
    ("PyCapsule_New", ctypes.pythonapi)
)


# ---- In


def read(table: Any) -> list[Column]:
    """The columns of anything with __arrow_c_stream__."""
    capsule = table.__arrow_c_stream__()
    stream = _StreamStruct.from_address(_pointer_of(capsule, _CAPSULE))
    schema = _Schema()
    try:
        _checked(stream, _GET(stream.get_schema)(ctypes.addressof(stream), ctypes.addressof(schema)))
        try:
            if schema.format != b"+s":
                raise TypeError(f"the Arrow stream holds {_text(schema.format)!r}, not a table")
            fields = [schema.children[j].contents for j in range(schema.n_children)]
            parts: list[list[Column]] = [[] for _ in fields]
            while True:
                data = _Data()
                _checked(stream, _GET(stream.get_next)(ctypes.addressof(stream), ctypes.addressof(data)))
                if not data.release:
                    break
                try:
                    for j, field in enumerate(fields):
                        parts[j].append(_column(field, data.children[j].contents, data.offset, data.length))
                finally:
                    _RELEASE(data.release)(ctypes.addressof(data))
            return [_joined(field, chunks) for field, chunks in zip(fields, parts)]
        finally:
            _RELEASE(schema.release)(ctypes.addressof(schema))
    finally:
        if stream.release:
            _RELEASE(stream.release)(ctypes.addressof(stream))


def _checked(stream: _StreamStruct, code: int) -> None:
    if code:
        told = _LAST_ERROR(stream.get_last_error)(ctypes.addressof(stream)) if stream.get_last_error else None
        raise OSError(code, ctypes.string_at(told).decode(errors="replace") if told else "the Arrow stream failed")


def _text(value: bytes | None) -> str:
    return (value or b"").decode()


def _buffer(data: _Data, number: int, dtype: str, count: int) -> Array:
    """The first `count` elements of a buffer, not copied."""
    address = data.buffers[number] if number < data.n_buffers else None
    if not address or not count:
        return np.empty(0, dtype)
    size = count * np.dtype(dtype).itemsize
    return np.frombuffer(memoryview((ctypes.c_char * size).from_address(address)), dtype)


def _bits(data: _Data, number: int, start: int, count: int) -> Array:
    packed = _buffer(data, number, "u1", (start + count + 7) // 8)
    return np.unpackbits(packed, count=start + count, bitorder="little")[start:].astype(bool)


def _column(field: _Schema, data: _Data, skipped: int, count: int) -> Column:
    """Rows skipped .. skipped + count of one chunk."""
    name, kind = _text(field.name), _text(field.format)
    start = data.offset + skipped
    valid = data.n_buffers and data.buffers[0] and data.null_count != 0
    missing = ~_bits(data, 0, start, count) if valid else np.zeros(count, bool)
    if field.dictionary:
        codes = _buffer(data, 1, _NUMBERS[kind], start + count)[start:].astype(np.int64)
        inner, entries = field.dictionary.contents, data.dictionary.contents
        words = _column(inner, entries, 0, entries.length)
        listed = _listed(words)
        missing[~missing] |= words.missing[codes[~missing]]  # a place in the dictionary may be empty
        return Column(
            name, "category", np.where(missing, 0, codes), missing, kind, listed, bool(field.flags & _ORDERED),
            _text(inner.format), _metadata(field),
        )
    if kind in _NUMBERS:
        values = _buffer(data, 1, _NUMBERS[kind], start + count)[start:]
        if kind in "efg":
            real = np.where(missing, np.nan, values.astype(np.float64))
            return Column(name, "real", real, np.isnan(real), kind)
        if kind == "L" and (values[~missing] >> np.uint64(63)).any():
            raise ValueError(f"column {name!r} holds whole numbers of 2^63 or more: cast it to float64")
        return Column(name, "integer", values.astype(np.int64), missing, kind, metadata=_metadata(field))
    if kind[:2] in ("td", "ts", "tD", "tt"):
        width = "i4" if kind in ("tdD", "tts", "ttm") else "i8"
        values = _buffer(data, 1, width, start + count)[start:]
        return Column(name, "integer", values.astype(np.int64), missing, kind, metadata=_metadata(field))
    if kind == "b":
        return Column(name, "flag", _bits(data, 1, start, count).astype(np.int64), missing, kind)
    if kind in ("u", "U", "vu"):
        return _coded(name, _words(data, kind, start, count, missing), missing, kind, field)
    raise TypeError(f"column {name!r} has the Arrow type {kind!r}: cast it to numbers, flags, text or a dictionary")


def _words(data: _Data, kind: str, start: int, count: int, missing: Array) -> list[str]:
    if kind == "vu":
        views = _buffer(data, 1, "u1", 16 * (start + count)).reshape(-1, 16)[start:]
        lengths = views[:, :4].copy().view("<i4").ravel()
        places = views[:, 8:].copy().view("<i4").reshape(-1, 2)
        words = []
        for row, (length, gone) in enumerate(zip(lengths.tolist(), missing.tolist())):
            if gone:
                words.append("")
            elif length <= 12:
                words.append(views[row, 4 : 4 + length].tobytes().decode())
            else:
                number, offset = places[row].tolist()
                words.append(ctypes.string_at(data.buffers[2 + number] + offset, length).decode())
        return words
    offsets = _buffer(data, 1, "i4" if kind == "u" else "i8", start + count + 1)[start:].tolist()
    base = data.buffers[2]
    return [
        "" if gone or first == last else ctypes.string_at(base + first, last - first).decode()
        for first, last, gone in zip(offsets, offsets[1:], missing.tolist())
    ]


def _coded(name: str, words: list[str], missing: Array, kind: str, field: _Schema) -> Column:
    from ._columns import coded

    return dataclasses.replace(coded(name, words, missing, kind), metadata=_metadata(field))


def _listed(words: Column) -> list[Any]:
    if words.categories is not None:
        return [words.categories[code] for code in words.values]
    listed: list[Any] = words.values.tolist()
    return listed


def _metadata(field: _Schema) -> str:
    """As it came: a count, then keys and values with their lengths."""
    if not field.metadata:
        return ""
    end = 4
    for _ in range(2 * ctypes.c_int32.from_address(field.metadata).value):
        end += 4 + ctypes.c_int32.from_address(field.metadata + end).value
    return ctypes.string_at(field.metadata, end).decode("latin-1")


def _joined(field: _Schema, chunks: list[Column]) -> Column:
    if not chunks:
        raise ValueError("the table has no rows")
    if len(chunks) == 1:
        return chunks[0]
    first = chunks[0]
    missing = np.concatenate([chunk.missing for chunk in chunks])
    if first.categories is None:
        return dataclasses.replace(first, values=np.concatenate([c.values for c in chunks]), missing=missing)
    # Each chunk may have a dictionary of its own. Text is sorted, a dictionary keeps its order.
    categories = list(dict.fromkeys(value for chunk in chunks for value in chunk.categories or []))
    if not field.dictionary:
        categories.sort()
    places = {value: code for code, value in enumerate(categories)}
    codes = [np.array([places[v] for v in c.categories or [0]] or [0])[c.values] if c.categories else c.values for c in chunks]
    return dataclasses.replace(first, values=np.concatenate(codes), missing=missing, categories=categories)


# ---- Out

_alive: dict[int, Any] = {}
_numbers = itertools.count(1)


def _keep(*things: Any) -> int:
    number = next(_numbers)
    _alive[number] = things
    return number


def _releaser(kind: Any) -> Any:
    alive = _alive

    def release(address: int) -> None:
        held = kind.from_address(address)
        if not held.release:
            return
        for j in range(held.n_children):
            release(ctypes.addressof(held.children[j].contents))
        if held.dictionary:
            release(ctypes.addressof(held.dictionary.contents))
        held.release = None
        alive.pop(held.private, None)

    return _immortal(_RELEASE(release))


def _immortal(function: Any) -> Any:
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(function))
    return function


_release_schema = _releaser(_Schema)
_release_data = _releaser(_Data)


def _address(function: Any) -> Any:
    return ctypes.cast(function, ctypes.c_void_p)


def _pointers(kind: Any, things: list[Any]) -> Any:
    return (ctypes.POINTER(kind) * len(things))(*(ctypes.pointer(thing) for thing in things))


def _fill_schema(
    out: _Schema, kind: str, name: str, flags: int, metadata: str, children: list[Any], dictionary: Any = None
) -> _Schema:
    held = ctypes.create_string_buffer(metadata.encode("latin-1")) if metadata else None
    words = (kind.encode(), name.encode())
    listed = _pointers(_Schema, children)
    out.format, out.name = words
    out.metadata = ctypes.cast(held, ctypes.c_void_p) if held else None
    out.flags, out.n_children = flags, len(children)
    out.children = ctypes.cast(listed, ctypes.POINTER(ctypes.POINTER(_Schema)))
    if dictionary is not None:
        out.dictionary = ctypes.pointer(dictionary)
    out.release, out.private = _address(_release_schema), _keep(held, words, listed, children, dictionary)
    return out


def _fill_data(out: _Data, length: int, buffers: list[Any], children: list[Any], dictionary: Any = None) -> _Data:
    addresses = (ctypes.c_void_p * max(len(buffers), 1))(*(None if b is None else b.ctypes.data for b in buffers))
    listed = _pointers(_Data, children)
    out.length, out.null_count, out.offset = length, 0, 0
    out.n_buffers, out.n_children = len(buffers), len(children)
    out.buffers = ctypes.cast(addresses, ctypes.POINTER(ctypes.c_void_p))
    out.children = ctypes.cast(listed, ctypes.POINTER(ctypes.POINTER(_Data)))
    if dictionary is not None:
        out.dictionary = ctypes.pointer(dictionary)
    out.release, out.private = _address(_release_data), _keep(buffers, addresses, listed, children, dictionary)
    return out


def _column_schema(column: Column) -> _Schema:
    flags = _NULLABLE | (_ORDERED if column.ordered else 0)
    inner = _fill_schema(_Schema(), column.extra, "", _NULLABLE, "", []) if column.extra else None
    return _fill_schema(_Schema(), column.type, column.name, flags, column.metadata, [], inner)


def _column_data(column: Column) -> _Data:
    count = len(column.values)
    if column.extra:  # a dictionary
        listed = Column("", "category", np.arange(len(column.categories or [])), np.empty(0), column.extra, column.categories)
        if column.extra in _NUMBERS:
            listed = Column("", "real", np.array(column.categories), np.empty(0), column.extra)
        return _fill_data(_Data(), count, [None, column.values.astype(_NUMBERS[column.type])], [], _column_data(listed))
    if column.categories is not None:
        return _fill_data(_Data(), count, _text_buffers(column), [])
    if column.kind == "flag":
        return _fill_data(_Data(), count, [None, np.packbits(column.values.astype(bool), bitorder="little")], [])
    width = _NUMBERS.get(column.type) or ("i4" if column.type in ("tdD", "tts", "ttm") else "i8")
    return _fill_data(_Data(), count, [None, np.ascontiguousarray(column.values.astype(width))], [])


def _text_buffers(column: Column) -> list[Any]:
    words = [str(word).encode() for word in column.categories or []]
    lengths = np.array([len(word) for word in words], np.int64)
    if column.type == "vu":
        starts = np.concatenate([[0], np.cumsum(lengths)])
        views = np.zeros((len(words), 16), np.uint8)
        for j, word in enumerate(words):
            views[j, :4] = np.frombuffer(np.int32(len(word)).tobytes(), np.uint8)
            head = word if len(word) <= 12 else word[:4] + np.array([0, starts[j]], "<i4").tobytes()
            views[j, 4 : 4 + len(head)] = np.frombuffer(head, np.uint8)
        text = np.frombuffer(b"".join(words) or b"\0", np.uint8)
        return [None, views[column.values], text, np.array([len(text)], np.int64)]
    offsets = np.concatenate([[0], np.cumsum(lengths[column.values])]) if len(column.values) else np.zeros(1)
    text = np.frombuffer(b"".join(words[code] for code in column.values) or b"\0", np.uint8)
    return [None, offsets.astype(np.int32 if column.type == "u" else np.int64), text]


class Stream:
    """A table for whoever speaks Arrow: polars.DataFrame(stream), pyarrow.table(stream), duckdb, pandas.DataFrame.from_arrow."""

    def __init__(self, columns: list[Column]) -> None:
        self._columns = columns

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        columns = self._columns
        given: list[bool] = []

        def get_schema(_stream: int, out: int) -> int:
            _fill_schema(_Schema.from_address(out), "+s", "", 0, "", [_column_schema(column) for column in columns])
            return 0

        def get_next(_stream: int, out: int) -> int:
            ctypes.memset(out, 0, ctypes.sizeof(_Data))
            if not given:
                given.append(True)
                rows = len(columns[0].values) if columns else 0
                _fill_data(_Data.from_address(out), rows, [None], [_column_data(column) for column in columns])
            return 0

        struct = _StreamStruct()
        thunks = (_GET(get_schema), _GET(get_next), _no_error)
        struct.get_schema, struct.get_next, struct.get_last_error = map(_address, thunks)
        struct.release, struct.private = _address(_release_stream), _keep(thunks)
        capsule = _new_capsule(ctypes.addressof(struct), _CAPSULE, _address(_drop_capsule))
        _alive[ctypes.addressof(struct) << 1 << 64] = struct  # until the capsule goes; no number of _keep's
        return capsule


def _stream_releaser() -> Any:
    alive = _alive

    def release(address: int) -> None:
        held = _StreamStruct.from_address(address)
        held.release = None
        alive.pop(held.private, None)

    return _immortal(_RELEASE(release))


def _capsule_dropper() -> Any:
    alive, pointer_of = _alive, _pointer_of_dying

    def drop(capsule: int) -> None:
        address = pointer_of(capsule, _CAPSULE)
        held = _StreamStruct.from_address(address)
        if held.release:
            alive.pop(held.private, None)
        alive.pop(address << 1 << 64, None)

    return _immortal(ctypes.PYFUNCTYPE(None, ctypes.c_void_p)(drop))


_no_error = _immortal(_LAST_ERROR(lambda _stream: None))
_release_stream = _stream_releaser()
_drop_capsule = _capsule_dropper()
