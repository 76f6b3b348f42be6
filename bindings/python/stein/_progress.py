"""What progress=True shows."""

from __future__ import annotations

import math
import sys
import time
from typing import Any


#: What calls do, in words.
_WORK = {
    "stein_trainer_run": "training", "stein_sample": "drawing rows", "stein_sample_weighted": "drawing weighted rows", "stein_impute": "imputing rows",
    "stein_sample_posterior": "drawing rows given sums", "stein_encode": "encoding rows", "stein_decode": "decoding rows",
    "stein_model_log_likelihood": "log likelihoods", "stein_chains_run": "drawing from chains", "stein_density_check": "checking the gradient", "stein_model_score": "scores of rows",
    "stein_model_denoise": "denoising rows", "stein_model_energy": "energies of rows", "stein_model_jacobian": "Jacobians of rows",
    "stein_model_denoise_covariance": "covariances of rows", "stein_model_loss": "the loss", "stein_model_losses": "losses of rows",
    "stein_model_denoise_error": "denoising errors", "stein_kernel_stein_discrepancy": "the kernel Stein discrepancy",
    "stein_maximum_mean_discrepancy": "the maximum mean discrepancy", "stein_sliced_wasserstein": "the sliced Wasserstein distance",
    "stein_fisher_divergence": "the Fisher divergence", "stein_rhat": "R-hat", "stein_effective_sample_size": "effective sample sizes",
}
#: Seconds below which a length is not worth a line.
_SOON = 5.0


def _length(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


class Bar:
    """A bar of tqdm's, or a line a second on stderr where tqdm is not installed."""

    def __init__(self, function: str, title: str | None = None) -> None:
        self._name = title or _WORK.get(function) or function.replace("stein_", "").replace("_", " ")
        self._announced = False
        self._bar: Any = None
        self._begun = self._told = time.monotonic()
        try:
            from tqdm.auto import tqdm  # type: ignore[import-untyped]

            self._bar = tqdm(desc=self._name, total=None, leave=True)
        except ImportError:
            pass

    def show(self, watch: Any) -> None:
        self._announce(watch)
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

    def _announce(self, watch: Any) -> None:
        """Once a hundredth is done: how many steps there are, and about how long they take; not of work that is soon over."""
        left = None if self._announced else getattr(watch, "seconds_left", None)
        if left is None:
            return
        self._announced = True
        if left < _SOON:
            return
        said = f"{self._name}: {watch.steps} steps, about {_length(left)} from here"
        print(said, file=sys.stderr) if self._bar is None else self._bar.write(said, file=sys.stderr)

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
