"""Finds libstein.so: $STEIN_LIBRARY, then beside this file, then build/lib of a checkout."""

from __future__ import annotations

import ctypes
import os
import pathlib

from . import _abi


def _candidates() -> list[pathlib.Path]:
    here = pathlib.Path(__file__).resolve().parent
    named = os.environ.get("STEIN_LIBRARY")
    if named:
        return [pathlib.Path(named)]
    return [here / "libstein.so", *(parent / "build" / "lib" / "libstein.so" for parent in here.parents)]


def load() -> ctypes.CDLL:
    tried = _candidates()
    for path in tried:
        if path.exists():
            try:
                return _abi.bind(ctypes.CDLL(str(path)))
            except OSError as failure:
                raise ImportError(
                    f"{path} can't be loaded: {failure}. It needs glibc 2.34 and libstdc++ of GCC 11 or newer."
                ) from failure
    raise ImportError("libstein.so is in none of: " + ", ".join(map(str, tried)) + "; set STEIN_LIBRARY")


library = load()
