"""What progress=True shows."""

from __future__ import annotations

import math
import sys
import time
from typing import Any


class Bar:
    """A bar of tqdm's, or a line a second on stderr where tqdm is not installed."""

    def __init__(self, function: str) -> None:
        self._name = function.replace("stein_", "").replace("_", " ")
        self._bar: Any = None
        self._begun = self._told = time.monotonic()
        try:
            from tqdm.auto import tqdm  # type: ignore[import-untyped]

            self._bar = tqdm(desc=self._name, total=None, leave=True)
        except ImportError:
            pass

    def show(self, watch: Any) -> None:
        if self._bar is not None:
            self._bar.total = watch.steps or None
            if math.isfinite(watch.loss):
                seen = {"loss": f"{watch.loss:.4g}"}
                if math.isfinite(watch.validation):
                    seen["validation"] = f"{watch.validation:.4g}"
                self._bar.set_postfix(seen, refresh=False)
            self._bar.update(watch.step - self._bar.n)
        elif time.monotonic() - self._told >= 1:
            self._told = time.monotonic()
            print(self._line(watch), file=sys.stderr)

    def _line(self, watch: Any) -> str:
        seconds = time.monotonic() - self._begun
        of = f" of {watch.steps}" if watch.steps else ""
        loss = f", loss {watch.loss:.4g}" if math.isfinite(watch.loss) else ""
        left = f", {seconds * (watch.steps - watch.step) / watch.step:.0f} s left" if watch.steps and watch.step else ""
        return f"{self._name}: {watch.step}{of}{loss}, {seconds:.0f} s{left}"

    def close(self, watch: Any) -> None:
        if self._bar is not None:
            self.show(watch)
            self._bar.close()
