"""Chains on a density of one's own and on models; R-hat and effective sample sizes against ArviZ."""

import ctypes
import gc
import shutil
import subprocess
import sys
import types
import warnings

import numpy as np
import pytest
import stein

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    arviz = pytest.importorskip("arviz")

COVARIANCE = np.array([[2.0, 0.9], [0.9, 0.6]])
PRECISION = np.linalg.inv(COVARIANCE)
MEAN = np.array([1.0, -2.0])


def gaussian(x):
    off = x - MEAN
    return -0.5 * np.einsum("ni,ij,nj->n", off, PRECISION, off), -off @ PRECISION


def awkward(n, chains=4, seed=0):
    """Autocorrelated, skewed draws with ties, of chains that do not quite agree; [chains, n, 5]."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((chains, n, 5))
    for i in range(1, n):
        x[:, i, 0] = 0.95 * x[:, i - 1, 0] + 0.3 * x[:, i, 0]
        x[:, i, 1] = -0.6 * x[:, i - 1, 1] + x[:, i, 1]
    x[..., 2] = np.exp(2 * x[..., 2])
    x[..., 3] = np.round(x[..., 3])
    x[..., 4] += np.arange(chains)[:, None] * 0.2
    return x


@pytest.mark.parametrize("n", [100, 1000, 1001])
@pytest.mark.parametrize("chains", [1, 4])
def test_diagnostics_equal_arviz(n, chains):
    draws = awkward(n, chains)
    data = {f"x{j}": draws[..., j] for j in range(5)}

    def theirs(result):
        return np.array([float(result[f"x{j}"]) for j in range(5)])

    converted = arviz.convert_to_dataset(data)
    if chains > 1:
        assert np.allclose(stein.rhat(draws), theirs(arviz.rhat(converted)), rtol=1e-6)
    for kind in ("bulk", "tail", "mean"):
        ours = stein.effective_sample_size(draws, kind)
        assert np.allclose(ours, theirs(arviz.ess(converted, method=kind)), rtol=1e-6), kind


def test_diagnostics_of_what_they_cannot_judge():
    draws = awkward(50)
    draws[1, 3, 2] = np.nan
    assert np.isnan(stein.rhat(draws)[2]) and np.isnan(stein.effective_sample_size(draws)[2])
    assert np.isfinite(stein.rhat(draws)[[0, 1, 3, 4]]).all()
    constant = np.ones((4, 20, 1))
    assert stein.effective_sample_size(constant)[0] == 80
    with pytest.raises(stein.SteinError, match="n of 4 or more"):
        stein.rhat(np.zeros((2, 3, 1)))
    with pytest.raises(stein.SteinError, match="kind"):
        stein.effective_sample_size(draws, "bulky")


@pytest.mark.parametrize("kernel", ["nuts", "hmc", "mala"])
def test_gaussian(kernel):
    chains = stein.Chains(stein.Density(gaussian, 2), kernel=kernel, metric="dense", chains=6, seed=3)
    draws = chains.run(1500)
    assert (stein.rhat(draws) < 1.01).all()
    size = stein.effective_sample_size(draws, "mean")
    flat = draws.reshape(-1, 2)
    assert np.all(abs(flat.mean(0) - MEAN) < 5 * np.sqrt(np.diag(COVARIANCE) / size))
    assert np.allclose(np.cov(flat.T), COVARIANCE, rtol=5 * np.sqrt(2 / size.min()))
    described = chains.describe()
    assert described["warmed_up"] and described["draws"] == [1500] * 6
    assert chains.statistics["log_density"].shape == (6, 1500)
    values = gaussian(flat)[0].reshape(6, 1500)
    assert np.allclose(chains.statistics["log_density"], values)


def test_pieces_and_stopping():
    whole = stein.Chains(stein.Density(gaussian, 2), chains=3, seed=9, warmup=200).run(60)
    chains = stein.Chains(stein.Density(gaussian, 2), chains=3, seed=9, warmup=200)
    first = chains.run(10)
    with pytest.raises(stein.SteinInterrupted):
        chains.run(10**6, progress=lambda watch: watch.step > 5)
    done = chains.describe()["draws"][0]
    assert done > 10 and np.array_equal(first, whole[:, :10])
    rest = chains.run(40) if done <= 20 else None
    other = stein.Chains(stein.Density(gaussian, 2), chains=3, seed=9, warmup=200)
    everything = other.run(done + 40)
    if rest is not None:
        assert np.array_equal(everything[:, done:], rest)
    assert np.array_equal(everything[:, :10], first)


def test_functions_that_fail():
    calls = []

    def fails(x):
        calls.append(len(x))
        if len(calls) == 4:
            raise ZeroDivisionError("as planned")
        return gaussian(x)

    chains = stein.Chains(stein.Density(fails, 2), chains=5)
    with pytest.raises(ZeroDivisionError, match="as planned"):
        chains.run(10)
    assert calls[0] == 5
    assert chains.run(10).shape == (5, 10, 2)
    with pytest.raises(stein.SteinError, match="not finite where chain 0 starts"):
        stein.Chains(stein.Density(lambda x: (np.full(len(x), np.nan), x), 2)).run(1)
    with pytest.raises(stein.SteinError, match=r"\[3, 2\]"):
        stein.Chains(stein.Density(gaussian, 2), start=np.zeros((4, 2)), chains=3)
    with pytest.raises(stein.SteinError, match="target_acceptance"):
        stein.Chains(stein.Density(gaussian, 2), kernel="langevin", target_acceptance=0.5)


IN_C = """
#include <stdint.h>
typedef struct { double mean[2], precision[4]; int64_t asked; } gaussian_data;
int32_t gaussian(void *user, int64_t n, int64_t d, const double *x, double *log_density, double *score) {
  gaussian_data *g = user;
  g->asked += n;
  if (d != 2) return 7;
  for (int64_t i = 0; i < n; ++i) {
    const double a = x[2 * i] - g->mean[0], b = x[2 * i + 1] - g->mean[1];
    score[2 * i] = -(g->precision[0] * a + g->precision[1] * b);
    score[2 * i + 1] = -(g->precision[2] * a + g->precision[3] * b);
    log_density[i] = 0.5 * (a * score[2 * i] + b * score[2 * i + 1]);
  }
  return 0;
}
"""


class GaussianData(ctypes.Structure):
    _fields_ = [("mean", ctypes.c_double * 2), ("precision", ctypes.c_double * 4), ("asked", ctypes.c_int64)]


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
def test_densities_in_c(tmp_path):
    (tmp_path / "gaussian.c").write_text(IN_C)
    compiled = tmp_path / "gaussian.so"
    subprocess.run(["cc", "-std=c99", "-O2", "-shared", "-fPIC", "-o", compiled, tmp_path / "gaussian.c"], check=True)
    data = GaussianData(tuple(MEAN), tuple(PRECISION.ravel()))

    def run(density):
        gc.collect()
        return stein.Chains(density, chains=3, seed=4, warmup=150).run(200)

    in_c = stein.Density.from_c(ctypes.CDLL(compiled).gaussian, 2, ctypes.byref(data))
    draws = run(in_c)
    assert np.all(abs(draws.mean((0, 1)) - MEAN) < 5 * np.sqrt(np.diag(COVARIANCE) / stein.effective_sample_size(draws, "mean")))
    assert data.asked > 3 * 350
    # Sums in another order part the chains in time: the first transitions are the same.
    few = [stein.Chains(density, chains=3, seed=4, warmup=0, step_size=0.3).run(5) for density in (in_c, stein.Density(gaussian, 2))]
    assert np.allclose(few[0], few[1], rtol=1e-9)
    address = ctypes.cast(ctypes.CDLL(compiled).gaussian, ctypes.c_void_p).value
    assert np.array_equal(draws, run(stein.Density.from_c(address, 2, ctypes.addressof(data))))
    with pytest.raises(stein.SteinError, match="returned 7"):
        run(stein.Density.from_c(address, 3, ctypes.addressof(data)))
    with pytest.raises(stein.SteinValueError, match="one of a ctypes.CDLL or an address"):
        stein.Density.from_c(gaussian, 2)
    with pytest.raises(stein.SteinError, match="function"):
        stein.Density.from_c(None, 2)


def test_energy_models():
    rng = np.random.default_rng(1)
    rows = rng.multivariate_normal(MEAN, COVARIANCE, 3000)
    model = stein.fit(rows, family="gaussian")
    density = stein.Density.from_model(model, sigma=0.5)
    draws = stein.Chains(density, metric="dense", seed=2).run(1500)
    scale = np.array(model.describe()["scale"])
    exact = np.cov(rows.T, bias=True) + np.diag((0.5 * scale) ** 2)
    assert np.allclose(np.cov(draws.reshape(-1, 2).T), exact, rtol=0.2)
    with pytest.raises(stein.SteinUnsupported):
        stein.Density.from_model(stein.fit(rows, widths=[8, 8], steps=5))


def test_to_arviz():
    chains = stein.Chains(stein.Density(gaussian, 2), warmup=50)
    data = stein.to_arviz(chains.run(20), chains, names=["a", "b"])
    assert data["posterior"]["a"].shape == (4, 20)
    assert data["sample_stats"]["diverging"].dtype == bool


def test_to_arviz_1(monkeypatch):
    """ArviZ 1 wants Python 3.12; its from_dict is that of arviz_base."""
    base = pytest.importorskip("arviz_base")
    stand_in = types.ModuleType("arviz")
    stand_in.__version__, stand_in.from_dict = "1.0.0", base.from_dict
    monkeypatch.setitem(sys.modules, "arviz", stand_in)
    chains = stein.Chains(stein.Density(lambda x: (-0.5 * (x**2).sum(1), -x), 2), chains=3, seed=1)
    draws = chains.run(20)
    data = stein.to_arviz(draws, chains, names=["a", "b"])
    assert (data["posterior"]["a"].values == draws[:, :, 0]).all()
    assert data["sample_stats"]["lp"].shape == (3, 20) and data["sample_stats"]["diverging"].dtype == bool
    assert "sample_stats" not in stein.to_arviz(draws).children
