"""Columns out through the Arrow C stream interface: one chunk, in the formats that came in.

What goes out belongs to its consumer until it calls `release`, on a thread of its own choice: the functions for that live as long as
the process.
"""

from __future__ import annotations

import ctypes
import itertools
from typing import Any

import numpy as np

from ._arrow import CAPSULE, GET, LAST_ERROR, NULLABLE, NUMBERS, ORDERED, RELEASE, Column, Data, Schema, StreamStruct

_pointer_of_dying = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p)(
    ("PyCapsule_GetPointer", ctypes.pythonapi)
)
_new_capsule = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)(
    ("PyCapsule_New", ctypes.pythonapi)
)
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

    return _immortal(RELEASE(release))


def _immortal(function: Any) -> Any:
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(function))
    return function


_release_schema = _releaser(Schema)
_release_data = _releaser(Data)


def _address(function: Any) -> Any:
    return ctypes.cast(function, ctypes.c_void_p)


def _pointers(kind: Any, things: list[Any]) -> Any:
    return (ctypes.POINTER(kind) * len(things))(*(ctypes.pointer(thing) for thing in things))


def _fill_schema(
    out: Schema, kind: str, name: str, flags: int, metadata: str, children: list[Any], dictionary: Any = None
) -> Schema:
    held = ctypes.create_string_buffer(metadata.encode("latin-1")) if metadata else None
    words = (kind.encode(), name.encode())
    listed = _pointers(Schema, children)
    out.format, out.name = words
    out.metadata = ctypes.cast(held, ctypes.c_void_p) if held else None
    out.flags, out.n_children = flags, len(children)
    out.children = ctypes.cast(listed, ctypes.POINTER(ctypes.POINTER(Schema)))
    if dictionary is not None:
        out.dictionary = ctypes.pointer(dictionary)
    out.release, out.private = _address(_release_schema), _keep(held, words, listed, children, dictionary)
    return out


def _fill_data(out: Data, length: int, buffers: list[Any], children: list[Any], dictionary: Any = None) -> Data:
    addresses = (ctypes.c_void_p * max(len(buffers), 1))(*(None if b is None else b.ctypes.data for b in buffers))
    listed = _pointers(Data, children)
    out.length, out.null_count, out.offset = length, 0, 0
    out.n_buffers, out.n_children = len(buffers), len(children)
    out.buffers = ctypes.cast(addresses, ctypes.POINTER(ctypes.c_void_p))
    out.children = ctypes.cast(listed, ctypes.POINTER(ctypes.POINTER(Data)))
    if dictionary is not None:
        out.dictionary = ctypes.pointer(dictionary)
    out.release, out.private = _address(_release_data), _keep(buffers, addresses, listed, children, dictionary)
    return out


def _column_schema(column: Column) -> Schema:
    flags = NULLABLE | (ORDERED if column.ordered else 0)
    inner = _fill_schema(Schema(), column.extra, "", NULLABLE, "", []) if column.extra else None
    return _fill_schema(Schema(), column.type, column.name, flags, column.metadata, [], inner)


def _column_data(column: Column) -> Data:
    count = len(column.values)
    if column.extra:  # a dictionary
        listed = Column("", "category", np.arange(len(column.categories or [])), np.empty(0), column.extra, column.categories)
        if column.extra in NUMBERS:
            listed = Column("", "real", np.array(column.categories), np.empty(0), column.extra)
        return _fill_data(Data(), count, [None, column.values.astype(NUMBERS[column.type])], [], _column_data(listed))
    if column.categories is not None:
        return _fill_data(Data(), count, _text_buffers(column), [])
    if column.kind == "flag":
        return _fill_data(Data(), count, [None, np.packbits(column.values.astype(bool), bitorder="little")], [])
    width = NUMBERS.get(column.type) or ("i4" if column.type in ("tdD", "tts", "ttm") else "i8")
    return _fill_data(Data(), count, [None, np.ascontiguousarray(column.values.astype(width))], [])


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
            _fill_schema(Schema.from_address(out), "+s", "", 0, "", [_column_schema(column) for column in columns])
            return 0

        def get_next(_stream: int, out: int) -> int:
            ctypes.memset(out, 0, ctypes.sizeof(Data))
            if not given:
                given.append(True)
                rows = len(columns[0].values) if columns else 0
                _fill_data(Data.from_address(out), rows, [None], [_column_data(column) for column in columns])
            return 0

        struct = StreamStruct()
        thunks = (GET(get_schema), GET(get_next), _no_error)
        struct.get_schema, struct.get_next, struct.get_last_error = map(_address, thunks)
        struct.release, struct.private = _address(_release_stream), _keep(thunks)
        capsule = _new_capsule(ctypes.addressof(struct), CAPSULE, _address(_drop_capsule))
        _alive[ctypes.addressof(struct) << 1 << 64] = struct  # until the capsule goes; no number of _keep's
        return capsule


def _stream_releaser() -> Any:
    alive = _alive

    def release(address: int) -> None:
        held = StreamStruct.from_address(address)
        held.release = None
        alive.pop(held.private, None)

    return _immortal(RELEASE(release))


def _capsule_dropper() -> Any:
    alive, pointer_of = _alive, _pointer_of_dying

    def drop(capsule: int) -> None:
        address = pointer_of(capsule, CAPSULE)
        held = StreamStruct.from_address(address)
        if held.release:
            alive.pop(held.private, None)
        alive.pop(address << 1 << 64, None)

    return _immortal(ctypes.PYFUNCTYPE(None, ctypes.c_void_p)(drop))


_no_error = _immortal(LAST_ERROR(lambda _stream: None))
_release_stream = _stream_releaser()
_drop_capsule = _capsule_dropper()
