"""What comes into the binding, checked before it is used: what is wrong is a SteinValueError whose sentence names it and says what is wanted."""

from __future__ import annotations

import operator
import os
from typing import Any, TypeVar

import numpy as np

from . import _abi
from ._errors import SteinValueError

Kind = TypeVar("Kind")


def refused(message: str, status: int = _abi.STEIN_BAD_VALUE) -> SteinValueError:
    return SteinValueError(message, status)


def shown(value: Any) -> str:
    """What a value is, in few words."""
    if isinstance(value, (str, bytes, bool, int, float, type(None))):
        text = repr(value)
        return text if len(text) <= 40 else text[:39] + "…"
    return f"of type {type(value).__name__}"


def whole(value: Any, name: str, least: int | None = 0) -> int:
    """A whole number that is not below `least`."""
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise refused(f"{name} is {shown(value)}; it is a whole number") from None
    if least is not None and number < least or abs(number) >= 1 << 63:
        raise refused(f"{name} is {number}; it is a whole number" + ("" if least is None else f" from {least} on"))
    return number


def real(value: Any, name: str) -> float:
    """One number."""
    try:
        if isinstance(value, (str, bytes, complex)):
            raise TypeError
        return float(value)
    except (TypeError, ValueError):
        raise refused(f"{name} is {shown(value)}; it is one number") from None


def seconds(deadline: Any) -> float | None:
    if deadline is None:
        return None
    number = real(deadline, "deadline")
    if not number < 1e9:
        raise refused(f"deadline is {number}; it is the seconds from now, below 1e9, or None")
    return number


def path(value: Any) -> bytes:
    try:
        named = os.fsencode(value)
    except TypeError:
        raise refused(f"path is {shown(value)}; it is text or a pathlib.Path") from None
    if b"\0" in named:
        raise refused("path holds a NUL")
    return named


def word(value: Any, name: str) -> bytes:
    if not isinstance(value, str):
        raise refused(f"{name} is {shown(value)}; it is text")
    if "\0" in value:
        raise refused(f"{name} holds a NUL")
    return value.encode()


def instance(value: Any, kind: type[Kind], name: str) -> Kind:
    if not isinstance(value, kind):
        raise refused(f"{name} is {shown(value)}, not a stein.{kind.__name__}")
    return value


def function(value: Any, name: str) -> Any:
    if not callable(value):
        raise refused(f"{name} is {shown(value)}, not a function")
    return value


def float_type(value: Any) -> np.dtype[Any]:
    """Of results: float32 or float64."""
    found: np.dtype[Any] | None = None
    try:
        found = np.dtype(value)
    except TypeError:
        pass
    if found is None or found not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise refused(f"dtype is {shown(value) if found is None else found}; results are float32 or float64")
    return found
