"""Finds libstein.so: $STEIN_LIBRARY, then beside this file (in a wheel), then build/lib of a checkout."""

from __future__ import annotations

import ctypes
import os
import pathlib
import platform

from . import _abi


def _candidates() -> list[pathlib.Path]:
    here = pathlib.Path(__file__).resolve().parent
    named = os.environ.get("STEIN_LIBRARY")
    if named:
        return [pathlib.Path(named)]
    return [here / "libstein.so", *(parent / "build" / "lib" / "libstein.so" for parent in here.parents)]


def _explained(path: pathlib.Path, failure: OSError) -> str:
    """What the loader says, and what to do about it."""
    reason = str(failure)
    told = f"{path} can't be loaded: {reason}. "
    if "GLIBCXX" in reason or "CXXABI" in reason:
        return told + (
            "It needs the libstdc++ of GCC 11 or newer. An environment often brings an older one of its own: with conda, "
            "`conda install -c conda-forge 'libstdcxx-ng>=11'`; else look for one in LD_LIBRARY_PATH."
        )
    if "GLIBC" in reason:
        _, version = platform.libc_ver()
        return told + (
            f"It needs glibc 2.34 or newer (Debian 12, Ubuntu 22.04, RHEL 9), and this system has glibc {version or 'of an older version'}. "
            "Build it there (`make lib`) and set STEIN_LIBRARY."
        )
    if platform.system() != "Linux" or platform.machine() not in ("x86_64", "AMD64"):
        return told + f"It is for Linux on x86-64; this is {platform.system()} on {platform.machine()}."
    return told + "It needs Linux on x86-64, glibc 2.34 and the libstdc++ of GCC 11, or newer ones."


def load() -> ctypes.CDLL:
    tried = _candidates()
    for path in tried:
        if path.exists():
            try:
                return _abi.bind(ctypes.CDLL(str(path)))
            except OSError as failure:
                raise ImportError(_explained(path, failure)) from failure
            except AttributeError as failure:
                raise ImportError(f"{path} is not this version's libstein: {failure}") from failure
    if os.environ.get("STEIN_LIBRARY"):
        raise ImportError(f"STEIN_LIBRARY is {tried[0]}, and there is no such file")
    raise ImportError(
        "libstein.so is in none of: " + ", ".join(map(str, tried)) + ". Run `make lib` in the checkout, or set STEIN_LIBRARY to its path"
    )


library = load()
