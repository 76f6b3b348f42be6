"""Columns through the Arrow C stream interface (arrow.apache.org/docs/format/CStreamInterface.html), without pyarrow.

In: numbers of every width, flags, text (three layouts), dictionaries, dates and times as whole numbers of their unit, validity
bitmaps, offsets, chunks; values are copied, and the producer's arrays released. Out: _arrow_out.py.
"""

from __future__ import annotations

import ctypes
import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from ._checks import refused

Array = npt.NDArray[Any]

NUMBERS = {
    "c": "i1", "C": "u1", "s": "i2", "S": "u2", "i": "i4", "I": "u4", "l": "i8", "L": "u8", "e": "f2", "f": "f4", "g": "f8",
}
ORDERED, NULLABLE = 1, 2


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


class Schema(ctypes.Structure):
    pass


class Data(ctypes.Structure):
    pass


Schema._fields_ = [
    ("format", ctypes.c_char_p), ("name", ctypes.c_char_p), ("metadata", ctypes.c_void_p), ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64), ("children", ctypes.POINTER(ctypes.POINTER(Schema))),
    ("dictionary", ctypes.POINTER(Schema)), ("release", ctypes.c_void_p), ("private", ctypes.c_void_p),
]
Data._fields_ = [
    ("length", ctypes.c_int64), ("null_count", ctypes.c_int64), ("offset", ctypes.c_int64), ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64), ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(Data))), ("dictionary", ctypes.POINTER(Data)),
    ("release", ctypes.c_void_p), ("private", ctypes.c_void_p),
]


class StreamStruct(ctypes.Structure):
    _fields_ = [
        ("get_schema", ctypes.c_void_p), ("get_next", ctypes.c_void_p), ("get_last_error", ctypes.c_void_p),
        ("release", ctypes.c_void_p), ("private", ctypes.c_void_p),
    ]


GET = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p)
LAST_ERROR = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)
RELEASE = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
CAPSULE = b"arrow_array_stream"
_pointer_of = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(("PyCapsule_GetPointer", ctypes.pythonapi))


def stream_of(capsule: Any) -> int:
    """The address of a capsule's stream."""
    address: int = _pointer_of(capsule, CAPSULE)
    return address


def read(table: Any) -> list[Column]:
    """The columns of anything with __arrow_c_stream__."""
    capsule = table.__arrow_c_stream__()
    stream = StreamStruct.from_address(stream_of(capsule))
    schema = Schema()
    try:
        _checked(stream, GET(stream.get_schema)(ctypes.addressof(stream), ctypes.addressof(schema)))
        try:
            if schema.format != b"+s":
                raise refused(f"the Arrow stream holds {_text(schema.format)!r}, not a table")
            fields = [schema.children[j].contents for j in range(schema.n_children)]
            parts: list[list[Column]] = [[] for _ in fields]
            while True:
                data = Data()
                _checked(stream, GET(stream.get_next)(ctypes.addressof(stream), ctypes.addressof(data)))
                if not data.release:
                    break
                try:
                    for j, field in enumerate(fields):
                        parts[j].append(_column(field, data.children[j].contents, data.offset, data.length))
                finally:
                    RELEASE(data.release)(ctypes.addressof(data))
            return [_joined(field, chunks) for field, chunks in zip(fields, parts)]
        finally:
            RELEASE(schema.release)(ctypes.addressof(schema))
    finally:
        if stream.release:
            RELEASE(stream.release)(ctypes.addressof(stream))


def _checked(stream: StreamStruct, code: int) -> None:
    if code:
        told = LAST_ERROR(stream.get_last_error)(ctypes.addressof(stream)) if stream.get_last_error else None
        raise OSError(code, ctypes.string_at(told).decode(errors="replace") if told else "the Arrow stream failed")


def _text(value: bytes | None) -> str:
    return (value or b"").decode()


def _buffer(data: Data, number: int, dtype: str, count: int) -> Array:
    """The first `count` elements of a buffer, not copied."""
    address = data.buffers[number] if number < data.n_buffers else None
    if not address or not count:
        return np.empty(0, dtype)
    size = count * np.dtype(dtype).itemsize
    return np.frombuffer(memoryview((ctypes.c_char * size).from_address(address)), dtype)


def _bits(data: Data, number: int, start: int, count: int) -> Array:
    packed = _buffer(data, number, "u1", (start + count + 7) // 8)
    return np.unpackbits(packed, count=start + count, bitorder="little")[start:].astype(bool)


def _column(field: Schema, data: Data, skipped: int, count: int) -> Column:
    """Rows skipped .. skipped + count of one chunk."""
    name, kind = _text(field.name), _text(field.format)
    start = data.offset + skipped
    valid = data.n_buffers and data.buffers[0] and data.null_count != 0
    missing = ~_bits(data, 0, start, count) if valid else np.zeros(count, bool)
    if field.dictionary:
        codes = _buffer(data, 1, NUMBERS[kind], start + count)[start:].astype(np.int64)
        inner, entries = field.dictionary.contents, data.dictionary.contents
        words = _column(inner, entries, 0, entries.length)
        listed = _listed(words)
        missing[~missing] |= words.missing[codes[~missing]]  # a place in the dictionary may be empty
        return Column(
            name, "category", np.where(missing, 0, codes), missing, kind, listed, bool(field.flags & ORDERED),
            _text(inner.format), _metadata(field),
        )
    if kind in NUMBERS:
        values = _buffer(data, 1, NUMBERS[kind], start + count)[start:]
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
    raise refused(f"column {name!r} has the Arrow type {kind!r}: cast it to numbers, flags, text or a dictionary")


def _words(data: Data, kind: str, start: int, count: int, missing: Array) -> list[str]:
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


def _coded(name: str, words: list[str], missing: Array, kind: str, field: Schema) -> Column:
    from ._columns import coded

    return dataclasses.replace(coded(name, words, missing, kind), metadata=_metadata(field))


def _listed(words: Column) -> list[Any]:
    if words.categories is not None:
        return [words.categories[code] for code in words.values]
    listed: list[Any] = words.values.tolist()
    return listed


def _metadata(field: Schema) -> str:
    """As it came: a count, then keys and values with their lengths."""
    if not field.metadata:
        return ""
    end = 4
    for _ in range(2 * ctypes.c_int32.from_address(field.metadata).value):
        end += 4 + ctypes.c_int32.from_address(field.metadata + end).value
    return ctypes.string_at(field.metadata, end).decode("latin-1")


def _joined(field: Schema, chunks: list[Column]) -> Column:
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
