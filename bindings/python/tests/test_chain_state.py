"""Chains that stop and go on: in another process, after an interrupt, with a metric given; and what ArviZ gets of them."""

import subprocess
import sys
import warnings

import numpy as np
import pytest
import stein

SCALE = np.array([1.0, 50.0, 1e-6])


def skewed(x):
    u = x / SCALE
    value = (2 * u[:, 0] - np.exp(u[:, 0])) - 0.5 * (u[:, 1] - 0.5 * u[:, 0]) ** 2 / 0.49 - 0.5 * u[:, 2] ** 2
    off = (u[:, 1] - 0.5 * u[:, 0]) / 0.49
    return value, np.stack([2 - np.exp(u[:, 0]) + 0.5 * off, -off, -u[:, 2]], 1) / SCALE


def density():
    return stein.Density(skewed, 3, context=stein.Context(threads=1))


def quietly(chains, n):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return chains.run(n)


OPTIONS = [
    {"kernel": "nuts"},
    {"kernel": "nuts", "metric": "dense", "thin": 2},
    {"kernel": "hmc"},
    {"kernel": "mala"},
    {"kernel": "langevin", "step_size": 1e-3, "warmup": 0},
    {"kernel": "underdamped", "step_size": 0.01, "warmup": 0},
]
GOES_ON = """
import sys, numpy as np, stein
sys.path.insert(0, sys.argv[1])
from test_chain_state import density, quietly
chains = stein.Chains.resume(density(), sys.argv[2])
np.save(sys.argv[3], quietly(chains, int(sys.argv[4])))
np.save(sys.argv[5], chains.metric)
"""


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: "-".join(map(str, options.values())))
def test_another_process_goes_on_to_the_same_bits(options, tmp_path):
    options = {"chains": 3, "warmup": 150, "seed": 7, **options}
    whole_chains = stein.Chains(density(), **options)
    whole = quietly(whole_chains, 60)
    chains = stein.Chains(density(), **options)
    assert np.array_equal(quietly(chains, 20), whole[:, :20])
    chains.save(tmp_path / "chains")
    out = [str(tmp_path / name) for name in ("draws.npy", "metric.npy")]
    here = str(tmp_path / "chains")
    subprocess.run(
        [sys.executable, "-c", GOES_ON, __file__.rsplit("/", 1)[0], here, out[0], "40", out[1]], check=True
    )
    assert np.array_equal(np.load(out[0]), whole[:, 20:])
    assert np.array_equal(np.load(out[1]), whole_chains.metric)
    # What was counted goes on too.
    again = stein.Chains.resume(density(), here)
    assert again.describe() == chains.describe()
    quietly(again, 40)
    for key in ("draws", "transitions", "acceptance", "ebfmi", "divergences", "step_size"):
        assert again.describe()[key] == whole_chains.describe()[key], key
    again.save(tmp_path / "again")
    whole_chains.save(tmp_path / "whole")
    alike = "rhat" not in (tmp_path / "whole").read_bytes().decode("latin1")
    assert not alike or (tmp_path / "again").read_bytes() == (tmp_path / "whole").read_bytes()


@pytest.mark.parametrize("stops", [1, 3, 9, 40, 140])
def test_saved_in_the_middle_of_warming_up(stops, tmp_path):
    whole = quietly(stein.Chains(density(), seed=2, warmup=100), 5)
    asked = [0]

    def fails(x):
        asked[0] += 1
        if asked[0] == stops:
            raise ZeroDivisionError
        return skewed(x)

    chains = stein.Chains(stein.Density(fails, 3), seed=2, warmup=100)
    with pytest.raises(ZeroDivisionError):
        quietly(chains, 5)
    chains.save(tmp_path / "chains")
    assert np.array_equal(quietly(stein.Chains.resume(density(), tmp_path / "chains"), 5), whole)


def test_what_is_no_file_of_these_chains(tmp_path):
    chains = stein.Chains(density(), warmup=50, seed=1)
    quietly(chains, 5)
    path = tmp_path / "chains"
    chains.save(path)
    with pytest.raises(stein.SteinError, match="of 3 dimensions, the density of 2"):
        stein.Chains.resume(stein.Density(skewed, 2), path)
    other = stein.Chains.resume(stein.Density(lambda x: (2 * skewed(x)[0], 2 * skewed(x)[1]), 3), path)
    with pytest.raises(stein.SteinError, match="resume them with the density that they were on"):
        other.run(5)
    with pytest.raises(stein.SteinFileError, match="not chains"):
        rows = np.random.default_rng(1).standard_normal((30, 2))
        model = stein.fit(rows, family="gaussian")
        model.save(tmp_path / "model")
        stein.Chains.resume(density(), tmp_path / "model")
    data = bytearray(path.read_bytes())
    key = b'\\"transitions\\":'
    place = data.index(key) + len(key)
    data[place : place + 1] = b"-"
    path.write_bytes(data)
    with pytest.raises(stein.SteinFileError):
        stein.Chains.resume(density(), path)


def test_a_metric_is_read_and_given():
    chains = stein.Chains(density(), seed=1, metric="dense")
    draws = quietly(chains, 500)
    metric = chains.metric
    assert metric.shape == (4, 3, 3)
    deviations = draws.reshape(-1, 3).std(0)
    assert np.allclose(np.sqrt(np.diagonal(metric, axis1=1, axis2=2)), deviations, rtol=0.5)
    step = float(np.mean(chains.describe()["step_size"]))
    given = stein.Chains(density(), draws[:, -1], seed=2, metric="dense", warmup=0, step_size=step)
    given.metric = metric[0]
    assert np.allclose(given.metric, metric[:1], rtol=1e-12)
    size = stein.effective_sample_size(quietly(given, 500))
    assert (size > 300).all()
    given.metric = metric
    assert np.allclose(given.metric, metric, rtol=1e-12)

    diagonal = stein.Chains(density(), seed=2, warmup=0, step_size=step)
    diagonal.metric = deviations**2
    assert np.array_equal(diagonal.metric, np.tile(deviations**2, (4, 1)))
    for wrong, words in [
        (np.ones(2), r"needs \[3\] or \[4, 3\]"), (np.array([1.0, 0, 1]), "a variance that is not finite"), ([1, np.nan, 1], "a variance that is not finite"),
    ]:
        with pytest.raises(stein.SteinError, match=words):
            diagonal.metric = wrong
    with pytest.raises(stein.SteinError, match="symmetric, positive definite"):
        given.metric = np.array([[1.0, 2, 0], [2, 1, 0], [0, 0, 1]])
    with pytest.raises(stein.SteinError, match="symmetric"):
        given.metric = np.array([[1.0, 0.5, 0], [0, 1, 0], [0, 0, 1]])
    with pytest.raises(stein.SteinError, match="metric=identity"):
        stein.Chains(density(), metric="identity").metric = np.ones(3)


def test_a_stopped_run_carries_its_draws():
    asked, limit = [0], [0]

    def counted(x):
        asked[0] += 1
        if asked[0] == limit[0]:
            raise ZeroDivisionError("as planned")
        return skewed(x)

    whole = stein.Chains(stein.Density(counted, 3), seed=5, warmup=60)
    expected = quietly(whole, 50)
    limit[0], asked[0] = asked[0] - 40, 0
    chains = stein.Chains(stein.Density(counted, 3), seed=5, warmup=60)
    with pytest.raises(ZeroDivisionError, match="as planned") as raised:
        quietly(chains, 50)
    kept = raised.value.draws
    assert 0 < kept.shape[1] < 50 and np.array_equal(kept, expected[:, : kept.shape[1]])
    for name, values in whole.statistics.items():
        assert np.array_equal(raised.value.statistics[name], values[:, : kept.shape[1]])
        assert np.array_equal(chains.statistics[name], values[:, : kept.shape[1]])
    assert np.array_equal(quietly(chains, 50 - kept.shape[1]), expected[:, kept.shape[1] :])

    chains = stein.Chains(density(), seed=5, warmup=60)
    with pytest.raises(stein.SteinInterrupted) as stopped:
        chains.run(10**6, progress=lambda watch: watch.step > 20)
    assert np.array_equal(stopped.value.draws[:, :20], expected[:, :20])
    assert stopped.value.draws.shape[1] == chains.describe()["draws"][0]


arviz = None
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    try:
        import arviz
    except ImportError:
        pass


@pytest.mark.skipif(arviz is None, reason="needs ArviZ")
def test_names_and_vectors_for_arviz():
    draws = np.random.default_rng(1).standard_normal((2, 9, 6))

    def posterior(names):
        return {name: values.values for name, values in stein.to_arviz(draws, names=names)["posterior"].data_vars.items()}

    for names in (["mu", "a[0]", "a[1]", "b[0,0]", "b[0,1]", "c"], {"mu": (), "a": 2, "b": (1, 2), "c": ()}):
        got = posterior(names)
        assert list(got) == ["mu", "a", "b", "c"]
        assert np.array_equal(got["mu"], draws[..., 0]) and np.array_equal(got["a"], draws[..., 1:3])
        assert np.array_equal(got["b"], draws[..., 3:5].reshape(2, 9, 1, 2))
    # In any order, from 1 on; a vector with a hole is left as it is.
    assert np.array_equal(posterior(["a[3]", "a[2]", "a[1]", "x", "y", "z"])["a"], draws[..., [2, 1, 0]])
    assert list(posterior(["a[0]", "a[2]", "x", "y", "z", "w"]))[:2] == ["a[0]", "a[2]"]
    assert list(posterior(None)) == [f"x{j}" for j in range(6)]
    for names, words in [
        (["a", "b"], "2 names; the draws have 6"), (list("abcdee"), "'e' twice"), ({"a": 4}, "4 numbers"), ("abcdef", "list"),
    ]:
        with pytest.raises(ValueError, match=words):
            stein.to_arviz(draws, names=names)
    chains = stein.Chains(density(), warmup=20, chains=2)
    first = quietly(chains, 5)
    quietly(chains, 7)
    with pytest.raises(ValueError, match="last run"):
        stein.to_arviz(first, chains)
