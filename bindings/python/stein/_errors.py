"""The library's errors, by class of status."""

from __future__ import annotations

from . import _abi


class SteinError(Exception):
    """Any failure of a call.

    status: the number of stein.h; name: its name; parameter: 1-based index of the C parameter at fault, 0 if none;
    option: the option at fault; callback_code: what a callback returned.
    """

    def __init__(
        self, message: str, status: int = 501, parameter: int = 0, option: str = "", callback_code: int = 0
    ) -> None:
        super().__init__(message)
        self.status = status
        self.name = NAMES.get(status, "unknown")
        self.parameter = parameter
        self.option = option
        self.callback_code = callback_code


class SteinValueError(SteinError, ValueError):
    """1xx: the call is wrong."""


class SteinMemoryError(SteinError, MemoryError):
    """201: no memory, or memory_limit reached."""


class SteinFileError(SteinError, OSError):
    """202 to 204: a file is missing, can't be read or written, or is not what it says."""


class SteinUnsupported(SteinError, NotImplementedError):
    """205: not for this family, or not on this processor."""


class SteinInterrupted(SteinError):
    """3xx: the caller asked to stop."""


class SteinNumericError(SteinError, ArithmeticError):
    """4xx: the mathematics failed."""


class SteinWarning(UserWarning):
    """What the library doubts of what it was given or made: a sentence that says what to do."""


NAMES = {value: name for name, value in vars(_abi).items() if name.startswith("STEIN_")}

_CLASSES: dict[int, type[SteinError]] = {1: SteinValueError, 3: SteinInterrupted, 4: SteinNumericError}


def exception(error: _abi.stein_error, status: int) -> SteinError:
    """What a status is raised as."""
    kind = _CLASSES.get(status // 100, SteinError)
    if status == _abi.STEIN_OUT_OF_MEMORY:
        kind = SteinMemoryError
    elif status in (_abi.STEIN_IO, _abi.STEIN_BAD_FILE, _abi.STEIN_NO_FILE):
        kind = SteinFileError
    elif status == _abi.STEIN_UNSUPPORTED:
        kind = SteinUnsupported
    message = error.message.decode() or NAMES.get(status, f"status {status}")
    return kind(message, status, error.parameter, error.option.decode(), error.callback_code)
