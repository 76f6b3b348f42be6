"""Calls into the library: errors become exceptions, Ctrl-C and progress work while a call runs."""

from __future__ import annotations

import ctypes
import json
import signal
import threading
import time
from types import FrameType
from typing import Any, Callable, Union

import numpy as np

from . import _abi, _arrays
from ._checks import function as checked_function
from ._checks import refused, seconds, shown
from ._errors import exception
from ._library import library
from ._progress import Bar

#: A function of a Watch, or True for a progress bar.
Progress = Union[bool, Callable[["Watch"], Any]]
_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.POINTER(_abi.stein_monitor))
# What a raising callback would return is undefined: it never raises, it stores.
_FAILED = 2


Noise = Callable[[Any, Any, Any], "tuple[Any, Any]"]
_DOUBLES = ctypes.POINTER(ctypes.c_double)
_NOISE = ctypes.CFUNCTYPE(
    ctypes.c_int32, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, _DOUBLES, _DOUBLES,
    ctypes.POINTER(ctypes.c_uint64), _DOUBLES, _DOUBLES,
)


class NoiseFunction:
    """A noise function as the library calls it; what it raises is kept."""

    def __init__(self, noise: Noise) -> None:
        self.raised: BaseException | None = None

        def function(
            _user: Any, n: int, d: int, sigma: Any, x: Any, bits: Any, noisy: Any, score: Any
        ) -> int:
            try:
                shape = (n, d)
                made = noise(as_array(x, shape), as_array(sigma, (n,)), as_array(bits, shape))
                moved, slope = _arrays.pair(made, "the noise function", "two arrays: the noisy rows and their score, each like x")
                as_array(noisy, shape)[:] = _arrays.returned(moved, shape, "what the noise function returns as noisy")
                as_array(score, shape)[:] = _arrays.returned(slope, shape, "what the noise function returns as score")
                return 0
            except BaseException as failure:  # noqa: BLE001
                self.raised = failure
                return _FAILED

        as_array = np.ctypeslib.as_array
        self._function = _NOISE(function)
        self.pointer = ctypes.cast(self._function, ctypes.c_void_p)


AllReduce = Callable[[Any], Any]
_ALLREDUCE = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int32)


class AllReduceFunction:
    """A sum over ranks as the library calls it; what it raises is kept."""

    def __init__(self, allreduce: AllReduce) -> None:
        self.raised: BaseException | None = None

        def function(_user: Any, values: int, count: int, bits: int) -> int:
            try:
                kind = ctypes.c_float if bits == 32 else ctypes.c_double
                array = np.ctypeslib.as_array((kind * count).from_address(values))
                found = allreduce(array)
                if found is not None and found is not array:
                    raise refused(
                        f"allreduce returned a value {shown(found)}; it sums its array in place and returns nothing, as "
                        "comm.Allreduce(MPI.IN_PLACE, array) does"
                    )
                return 0
            except BaseException as failure:  # noqa: BLE001
                self.raised = failure
                return _FAILED

        self._function = _ALLREDUCE(function)
        self.pointer = ctypes.cast(self._function, ctypes.c_void_p)


def call(name: str, *arguments: Any) -> None:
    """Calls a function whose last parameter is the error."""
    error = _abi.stein_error(struct_size=ctypes.sizeof(_abi.stein_error))
    status = getattr(library, name)(*arguments, ctypes.byref(error))
    if status:
        raise exception(error, status)


def text(name: str, *arguments: Any) -> str:
    """Calls a function that writes text into a buffer."""
    return blob(name, *arguments)[:-1].decode()


def blob(name: str, *arguments: Any) -> bytes:
    needed = ctypes.c_uint64()
    size = 1 << 16
    while True:
        buffer = ctypes.create_string_buffer(size)
        error = _abi.stein_error(struct_size=ctypes.sizeof(_abi.stein_error))
        status = getattr(library, name)(*arguments, buffer, size, ctypes.byref(needed), ctypes.byref(error))
        if status == _abi.STEIN_BUFFER_TOO_SMALL and needed.value > size:
            size = needed.value
        elif status:
            raise exception(error, status)
        else:
            return buffer.raw[: needed.value]


def parsed(name: str, *arguments: Any) -> Any:
    return json.loads(text(name, *arguments))


class Watch:
    """What a progress function sees: step, steps, loss, validation, and how long the call takes. Its `cancel()` stops the call."""

    def __init__(self, monitor: _abi.stein_monitor) -> None:
        self._monitor = monitor
        self._begun = time.monotonic()
        self._first: int | None = None

    step = property(lambda self: self._monitor.step)
    steps = property(lambda self: self._monitor.steps)
    loss = property(lambda self: self._monitor.loss)
    validation = property(lambda self: self._monitor.validation)

    @property
    def elapsed(self) -> float:
        """Seconds since the call began."""
        return time.monotonic() - self._begun

    @property
    def seconds_left(self) -> float | None:
        """Until the end at the pace so far; None before the first hundredth of the steps."""
        step, steps = int(self.step), int(self.steps)
        if self._first is None and steps:
            self._first = step  # a run that goes on has steps behind it
        done = step - (self._first or 0)
        if not steps or done <= 0 or 100 * done < steps - (self._first or 0):
            return None
        return self.elapsed / done * (steps - step)

    def cancel(self) -> None:
        self._monitor.cancel = 1


def watched(
    name: str, *arguments: Any, progress: Progress | None = None, deadline: float | None = None, title: str | None = None
) -> None:
    """Calls a function with a monitor before its error.

    progress is called at most every 20 ms with a Watch; a true result stops the call, and what it raises comes out unchanged. True:
    a bar by tqdm, or a line a second where tqdm is not installed, that names what runs: `title`, or the call. deadline: seconds from now.
    """
    monitor = _abi.stein_monitor(struct_size=ctypes.sizeof(_abi.stein_monitor))
    if deadline is not None:
        monitor.deadline_ns = time.monotonic_ns() + max(1, int((seconds(deadline) or 0) * 1e9))
    raised: list[BaseException] = []
    watch = Watch(monitor)
    if progress is not None and not isinstance(progress, (bool, np.bool_)):
        checked_function(progress, "progress")
    bar = Bar(name, title) if isinstance(progress, (bool, np.bool_)) and progress else None
    told: Callable[[Watch], Any] | None = bar.show if bar else progress if callable(progress) else None

    def callback(_user: Any, _monitor: Any) -> int:
        try:
            stop = None if told is None else told(watch)
            if stop is None or isinstance(stop, (bool, np.bool_, int)) and stop in (0, 1):
                return 1 if stop else 0
            raise refused(f"progress returned a value {shown(stop)}; it returns nothing to go on, or True to stop")
        except BaseException as failure:  # noqa: BLE001
            raised.append(failure)
            return _FAILED

    # Also without a progress function: Python runs its signal handlers only when Python code runs.
    trampoline = _CALLBACK(callback)
    monitor.progress = ctypes.cast(trampoline, ctypes.c_void_p)
    interrupts: list[int] = []

    def interrupt(number: int, _frame: FrameType | None) -> None:
        interrupts.append(number)
        monitor.cancel = 1

    previous: Any = None
    caught: Exception | None = None
    main = threading.current_thread() is threading.main_thread()
    ours = main and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if ours:
        previous = signal.signal(signal.SIGINT, interrupt)
    try:
        call(name, *arguments, ctypes.byref(monitor))
    except Exception as failure:
        caught = failure
    finally:
        if ours:
            signal.signal(signal.SIGINT, previous)
        if bar:
            bar.close(watch)
    # An interrupt at any moment comes out, and comes first.
    if interrupts:
        raise KeyboardInterrupt from caught
    if raised:
        raise raised[0]
    if caught is not None:
        raise caught
