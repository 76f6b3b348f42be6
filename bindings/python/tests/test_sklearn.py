"""The estimator by scikit-learn's own checks, and what it says of densities that are known."""

import numpy as np
import pytest
import stein
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks
from stein.sklearn import ScoreModel


# More steps, as by default, would teach the checks nothing more.
@parametrize_with_checks([ScoreModel(steps=100)], expected_failed_checks={})
def test_checks(estimator, check):
    check(estimator)


MIXING = np.array([[1.0, 0.8], [0.0, 0.6]])


@pytest.fixture(scope="module")
def normal():
    return np.random.default_rng(0).standard_normal((1000, 2)) @ MIXING + [5, -1]


def log_normal(x):
    covariance = MIXING.T @ MIXING
    distance = np.einsum("ni,ij,nj->n", x - [5, -1], np.linalg.inv(covariance), x - [5, -1])
    return -0.5 * (distance + np.linalg.slogdet(2 * np.pi * covariance)[1])


def test_density_of_a_gaussian(normal):
    """The mean of ln p, an entropy with a scatter of sqrt(d/2n) = 0.03, and the density at each place."""
    estimator = ScoreModel("gaussian", random_state=0).fit(normal)
    x = np.random.default_rng(1).standard_normal((1000, 2)) @ MIXING + [5, -1]
    assert abs(estimator.score(x) - log_normal(x).mean()) < 0.03
    assert np.corrcoef(estimator.score_samples(x), log_normal(x))[0, 1] > 0.99
    network = ScoreModel(random_state=0, options={"widths": [32, 32]}).fit(normal)
    assert abs(network.score(x) - log_normal(x).mean()) < 0.15
    assert np.corrcoef(network.score_samples(x), log_normal(x))[0, 1] > 0.9


def test_samples(normal):
    estimator = ScoreModel(random_state=0, options={"widths": [32, 32]}).fit(normal)
    samples = estimator.sample(1000, random_state=1)
    assert samples.shape == (1000, 2) and samples.dtype == np.float64
    # Means scatter by 1/sqrt(1000) of a deviation in the data and in the samples: 0.045; the rest is the network's.
    assert (np.abs(samples.mean(0) - normal.mean(0)) / normal.std(0) < 0.2).all()
    assert np.allclose(np.cov(samples.T), np.cov(normal.T), atol=0.2)
    assert (samples == estimator.sample(1000, random_state=1)).all()
    assert not (samples == estimator.sample(1000, random_state=2)).any()
    assert estimator.sample().shape == (1, 2)
    with pytest.raises(ValueError, match="n_samples is 0"):
        estimator.sample(0)


def test_anomalies(normal):
    estimator = ScoreModel("gaussian", contamination=0.05).fit(normal)
    assert (estimator.predict(normal) == -1).sum() == 50
    assert (estimator.predict([[5, -1], [5, 4], [9, -5]]) == [1, -1, -1]).all()
    assert (estimator.fit_predict(normal) == estimator.predict(normal)).all()
    for wrong in (0, 0.6, -1):
        with pytest.raises(ValueError, match="contamination"):
            ScoreModel("gaussian", contamination=wrong).fit(normal)


def test_columns_that_do_not_vary(normal):
    with_constant = np.insert(normal, 1, 42.0, axis=1)
    estimator = ScoreModel("gaussian").fit(with_constant)
    assert (estimator.varying_ == [True, False, True]).all() and (estimator.sample(5)[:, 1] == 42).all()
    assert np.allclose(estimator.score_samples(with_constant), ScoreModel("gaussian").fit(normal).score_samples(normal))
    single = ScoreModel("gaussian").fit(np.insert(normal, 1, 0.1, axis=1).astype(np.float32))
    assert np.isfinite(single.score_samples(np.insert(normal, 1, 0.1, axis=1))).all()
    hardly = np.insert(normal, 1, 1 + 1e-15 * np.arange(1000), axis=1)
    assert np.isfinite(ScoreModel("gaussian").fit(hardly).score_samples(hardly)).all()
    with_constant[3, 1] = 41
    assert np.isneginf(estimator.score_samples(with_constant)).nonzero()[0].tolist() == [3]
    assert estimator.predict(with_constant)[3] == -1
    with pytest.raises(ValueError, match="constant"):
        ScoreModel().fit(np.ones((5, 2)))


def test_parameters_reach_the_model(normal):
    estimator = ScoreModel("energy_mlp", steps=7, options={"widths": [8], "rate": 1e-4}, random_state=3)
    assert clone(estimator).get_params() == estimator.get_params()
    fitted = clone(estimator).fit(normal)
    described = fitted.model_.describe()
    assert described["family"] == "energy_mlp" and described["widths"] == [8]
    assert (fitted.sample(3, random_state=0) == clone(estimator).fit(normal).sample(3, random_state=0)).all()
    with pytest.raises(stein.SteinValueError, match="widths"):
        ScoreModel(options={"widht": 3}).fit(normal)


def test_selection_and_pipelines(normal):
    """A full covariance is chosen over a diagonal one by the likelihood of held-out rows."""
    search = GridSearchCV(ScoreModel("gaussian"), {"options": [{"covariance": "diagonal"}, {"covariance": "full"}]}, cv=3)
    assert search.fit(normal).best_params_ == {"options": {"covariance": "full"}}
    pipeline = make_pipeline(StandardScaler(), ScoreModel("gaussian")).fit(normal)
    assert pipeline.score_samples(normal).shape == (1000,)


def test_names_of_features(normal):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(normal, columns=["left", "right"])
    estimator = ScoreModel("gaussian").fit(frame)
    assert estimator.feature_names_in_.tolist() == ["left", "right"] and estimator.n_features_in_ == 2
    with pytest.raises(ValueError, match="feature names"):
        estimator.score_samples(frame[["right", "left"]])
