"""Chains on a density of one's own and on models; R-hat and effective sample sizes against ArviZ."""

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
