"""Keyword options as option text."""

from __future__ import annotations

import difflib
import inspect
from typing import Any, Callable, Mapping, TypeVar

import numpy as np

from . import _abi
from ._errors import SteinValueError

Documented = TypeVar("Documented", bound=Callable[..., Any])


def takes(kind: type) -> Callable[[Documented], Documented]:
    """Adds to a function's docstring every option of a TypedDict of _kinds.py, for help()."""

    def add(function: Documented) -> Documented:
        if kind.__doc__:  # None under python -OO
            listed = inspect.cleandoc(kind.__doc__).split("\n", 2)[2]
            said = inspect.cleandoc(function.__doc__ or "")
            function.__doc__ = f"{said}\n\nOptions (None leaves one at its default):\n\n{listed}"
        return function

    return add


def refuse_unknown(given: Mapping[str, Any], kind: type, taker: str) -> None:
    """For what the library would look for in one of several tables."""
    for name in given:
        if name not in kind.__annotations__:
            near = difflib.get_close_matches(name, kind.__annotations__, 1)
            hint = f": did you mean {near[0]!r}?" if near else "; there are " + ", ".join(kind.__annotations__)
            raise SteinValueError(f"{taker} has no option {name!r}{hint}", _abi.STEIN_BAD_OPTION, 0, name)


def option_text(values: Mapping[str, Any]) -> bytes:
    """key=value text, quoted where it must be; None leaves an option at its default."""

    def item(value: Any) -> str:
        if isinstance(value, (bool, np.bool_)):
            return "true" if value else "false"
        plain = str(value)
        if plain and not any(c.isspace() or c in ',"=\\' for c in plain):
            return plain
        return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'

    def whole(value: Any) -> str:
        if isinstance(value, np.ndarray) and not value.ndim:
            value = value.item()
        return ",".join(map(item, value)) if isinstance(value, (list, tuple, np.ndarray)) else item(value)

    text = " ".join(f"{key}={whole(value)}" for key, value in values.items() if value is not None)
    if "\0" in text:
        raise SteinValueError("options hold a NUL, which ends text", _abi.STEIN_BAD_OPTION)
    return text.encode()
