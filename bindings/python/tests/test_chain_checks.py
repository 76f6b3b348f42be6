"""Chains in any units, gradients against differences, what is warned of, and starts where a density is not finite."""

import warnings

import numpy as np
import pytest
import stein

RNG = np.random.default_rng(5)


def normal(scale, mean=0.0, offset=0.0):
    scale = np.asarray(scale, float)
    return lambda x: (offset - 0.5 * (((x - mean) / scale) ** 2).sum(1), -(x - mean) / scale**2)


ROOT = RNG.standard_normal((12, 12))
PRECISION = np.linalg.inv(ROOT @ ROOT.T + 0.01 * np.eye(12))
ROWS = RNG.standard_normal((400, 8)) * np.array([1, 10, 100, 0.1, 0.01, 1, 1, 1])
CLASSES = np.where(RNG.random(400) < 0.5, 1, -1)
WEIGHTS = [RNG.standard_normal((6, 64)), RNG.standard_normal((64, 64)) / 8, RNG.standard_normal(64) / 8]


def logistic(x):
    z = (x @ ROWS.T) * CLASSES
    p = 1 / (1 + np.exp(np.clip(z, -700, 700)))
    return -np.logaddexp(0, -z).sum(1) - 0.5 * (x**2).sum(1), (p * CLASSES) @ ROWS - x


def funnel(x):
    v, r = x[:, :1], x[:, 1:]
    square, shrunk = (r**2).sum(1), np.exp(-v)
    first = -v[:, 0] / 9 + 0.5 * square * shrunk[:, 0] - 0.5 * r.shape[1]
    log_density = -(v[:, 0] ** 2) / 18 - 0.5 * square * shrunk[:, 0] - 0.5 * r.shape[1] * v[:, 0]
    return log_density, np.concatenate([first[:, None], -r * shrunk], 1)


def banana(x):
    off = (x[:, 1] - x[:, 0] ** 2) / 0.09
    return -0.5 * x[:, 0] ** 2 - 0.5 * 0.09 * off**2, np.stack([-x[:, 0] + 2 * x[:, 0] * off, -off], 1)


def mixture(x):
    a, b = -0.5 * ((x - 3) ** 2).sum(1), -50 * ((x + 3) ** 2).sum(1)
    both = np.logaddexp(a, b)
    return both, -np.exp(a - both)[:, None] * (x - 3) - 100 * np.exp(b - both)[:, None] * (x + 3)


def half_space(x):
    return np.where((x > 0).all(1), -x.sum(1), -np.inf), -np.ones_like(x)


def huber(x):
    return -np.where(abs(x) < 1, 0.5 * x * x, abs(x) - 0.5).sum(1), -np.clip(x, -1, 1)


def network(act, slope, kind):
    first, second, last = (w.astype(kind) for w in WEIGHTS)

    def density(x):
        x = x.astype(kind)
        h = x @ first
        g = act(h) @ second
        energy = act(g) @ last + kind(0.05) * (x * x).sum(1)
        back = ((last * slope(g)) @ second.T * slope(h)) @ first.T + kind(0.1) * x
        return -energy.astype(float), -back.astype(float)

    return density


def relu(kind):
    return network(lambda h: np.maximum(h, 0), lambda h: (h > 0).astype(kind), kind)


def in_floats(function):
    def density(x):
        log_density, score = function(x.astype(np.float32))
        return np.asarray(log_density, np.float32).astype(float), np.asarray(score, np.float32).astype(float)

    return density


POWERS = 10.0 ** np.arange(-6, 7)
DENSITIES = {
    "normal": (normal(np.ones(5)), 5),
    "of all scales": (normal(POWERS), 13),
    "of tiny scales": (normal([1e-12, 1, 1]), 3),
    "of huge scales": (normal([1e12, 1, 1e-12]), 3),
    "far away": (normal([1.0, 2.0], mean=1e8), 2),
    "with a large constant": (normal(np.ones(3), offset=-1e7), 3),
    "with a huge constant": (normal(np.ones(3), offset=-1e12), 3),
    "correlated": (lambda x: (-0.5 * np.einsum("ni,ij,nj->n", x, PRECISION, x), -x @ PRECISION), 12),
    "logistic": (logistic, 8),
    "funnel": (funnel, 10),
    "banana": (banana, 2),
    "laplace": (lambda x: (-abs(x).sum(1), -np.sign(x)), 30),
    "huber": (huber, 7),
    "student": (lambda x: (-2.5 * np.log1p(x**2 / 4).sum(1), -5 * x / (4 + x**2)), 4),
    "cauchy": (lambda x: (-np.log1p((x / 1e-3) ** 2).sum(1), -2 * x / 1e-6 / (1 + (x / 1e-3) ** 2)), 3),
    "mixture": (mixture, 2),
    "logarithms of gammas": (lambda x: ((2 * x - np.exp(x)).sum(1), 2 - np.exp(x)), 3),
    "quartic": (lambda x: (-(x**4).sum(1) / 4 - 0.7 * x.sum(1), -(x**3) - 0.7), 5),
    "half-space": (half_space, 3),
    "with ripples": (lambda x: (-0.5 * (x**2).sum(1) + 1e-3 * np.cos(1e3 * x).sum(1), -x - np.sin(1e3 * x)), 3),
    "a flat coordinate": (lambda x: (-0.5 * x[:, 0] ** 2, np.stack([-x[:, 0], 0 * x[:, 0]], 1)), 2),
    "normal in floats": (in_floats(normal(np.ones(50))), 50),
    "logistic in floats": (in_floats(logistic), 8),
    "funnel in floats": (in_floats(funnel), 10),
    "all scales in floats": (in_floats(normal(POWERS)), 13),
    "relu": (relu(np.float64), 6),
    "relu in floats": (relu(np.float32), 6),
    "tanh in floats": (network(np.tanh, lambda h: 1 - np.tanh(h) ** 2, np.float32), 6),
}
# Where a coordinate's part of the log density is below its last digits nothing can be said.
BEYOND_JUDGEMENT = {"of huge scales", "with a huge constant", "all scales in floats", "of all scales", "of tiny scales", "far away"}


def of_gradient(chains):
    return [sentence for sentence in chains.describe()["warnings"] if "gradient" in sentence]


def begun(function, d, seed):
    chains = stein.Chains(stein.Density(function, d), seed=seed, warmup=0, step_size=1e-3, kernel="mala", chains=4)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        chains.run(1)
    return chains


@pytest.mark.parametrize("name", DENSITIES)
def test_a_right_gradient_is_never_warned_of(name):
    function, d = DENSITIES[name]
    for seed in range(5):
        assert of_gradient(begun(function, d, seed)) == []
    with np.errstate(all="ignore"):
        told = stein.Density(function, d).check()
    if "relu in" not in name:
        assert not np.any(told.error > 0.02), told


@pytest.mark.parametrize("name", sorted(set(DENSITIES) - BEYOND_JUDGEMENT))
@pytest.mark.parametrize("wrong", ["sign", "factor", "constant"])
def test_a_wrong_gradient_is(name, wrong):
    function, d = DENSITIES[name]

    def density(x):
        log_density, score = function(x)
        if wrong == "constant":
            return np.zeros(len(x)), score
        return log_density, (-1 if wrong == "sign" else 1.2) * score

    sentence = of_gradient(begun(density, d, 1))
    assert len(sentence) == 1 and "stein_density_check" in sentence[0]


def test_check_tells_the_coordinate_and_where():
    def density(x):
        log_density, score = banana(x)
        score = score.copy()
        score[:, 1] *= np.where(x[:, 0] > 0, 1, -3)
        return log_density, score

    points = np.array([[1.0, 0.5], [-1.0, 0.2], [0.3, 0.4]])
    told = stein.Density(density, 2).check(points)
    assert told.error[0] < 1e-6 and abs(told.error[1] - 4 / 3) < 1e-6
    assert np.array_equal(told.point[1], points[1])
    truth = banana(points[1:2])[1][0, 1]
    assert np.isclose(told.difference[1], truth, rtol=1e-6) and np.isclose(told.score[1], -3 * truth)
    assert np.isnan(stein.Density(normal([1.0, 1.0]), 2).check([[0.0, 1.0]]).error).tolist() == [True, False]
    with pytest.raises(stein.SteinError, match="row 1, column 0 of points is nan"):
        stein.Density(banana, 2).check([[0, 1], [np.nan, 2]])
    with pytest.raises(stein.SteinError, match="not finite at any of the 2 points"):
        stein.Density(half_space, 2).check(-np.ones((2, 2)))
    with pytest.raises(stein.SteinError, match=r"points has shape \[1, 3\]; it needs \[1, 2\]"):
        stein.Density(banana, 2).check(np.ones((1, 3)))

    def fails(x):
        raise ZeroDivisionError("as planned")

    with pytest.raises(ZeroDivisionError, match="as planned"):
        stein.Density(fails, 2).check()


@pytest.mark.parametrize("metric", ["diagonal", "dense"])
def test_cost_and_mixing_know_no_units(metric):
    """Evaluations and effective draws within 1.5 of those at s = 1, medians of five seeds, for deviations (s, 1, 1)."""

    def measured(s):
        scale, figures = np.array([s, 1, 1]), []
        for seed in range(1, 6):
            asked = [0]

            def density(x):
                asked[0] += len(x)
                return normal(scale)(x)

            start = np.random.default_rng(seed).standard_normal((4, 3)) * scale
            draws = stein.Chains(stein.Density(density, 3), start, seed=seed, metric=metric, warmup=300).run(200)
            figures.append((asked[0], stein.effective_sample_size(draws).min()))
        return np.median(figures, axis=0)

    truth = measured(1.0)
    for s in (1e-12, 1e-5, 1e3, 1e12):
        assert np.all(abs(np.log(measured(s) / truth)) < np.log(1.5)), s


@pytest.mark.parametrize("s", [1e-3, 1e-2, 1e2, 1e3])
def test_default_starts_in_other_units(s):
    for seed in range(3):
        chains = stein.Chains(stein.Density(normal([s, 1, 1]), 3), seed=seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            draws = chains.run(500)
        rhat = stein.rhat(draws).max()
        told = [sentence for sentence in chains.describe()["warnings"] if "R-hat" in sentence]
        assert len(told) == (rhat > 1.01) and chains.describe()["rhat"] == rhat


def test_one_chain_at_the_mode_of_tiny_scales():
    density = stein.Density(normal([1e-12, 1, 1e6]), 3)
    draws = stein.Chains(density, np.zeros((1, 3)), seed=2).run(1000)[0]
    assert np.allclose(draws.std(0), [1e-12, 1, 1e6], rtol=0.25)


def test_each_warning_and_what_python_shows():
    def bent(x):
        off = (x[:, 1] - x[:, 0] ** 2) / 1e-4
        return -0.5 * x[:, 0] ** 2 - 0.5e-4 * off**2, np.stack([-x[:, 0] + 2 * x[:, 0] * off, -off], 1)

    chains = stein.Chains(stein.Density(bent, 2), seed=1, warmup=200, max_tree_depth=4)
    with pytest.warns(stein.SteinWarning) as shown:
        chains.run(300)
    told = chains.describe()
    for word in ("max_tree_depth", "target_acceptance", "R-hat"):
        assert any(word in str(warning.message) for warning in shown), word
    assert sorted(str(warning.message) for warning in shown) == sorted(told["warnings"])
    # Some turn back just there.
    deepest = (chains.statistics["tree_depth"] >= 4).sum()
    assert 0.8 * deepest < sum(told["saturated_trees"]) <= deepest
    # Each kind once.
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        chains.run(100)

    heavy = stein.Density(lambda x: (-0.75 * np.log1p((x**2).sum(1)), -1.5 * x / (1 + (x**2).sum(1))[:, None]), 1)
    chains = stein.Chains(heavy, seed=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        chains.run(2000)
    told = chains.describe()
    assert min(told["ebfmi"]) < 0.3 and any("E-BFMI" in sentence for sentence in told["warnings"])


def test_ebfmi_is_arviz_s_on_a_normal():
    """E has variance d: the momenta renew half of it, so that E-BFMI is about 1."""
    chains = stein.Chains(stein.Density(normal(np.ones(10)), 10), seed=4)
    chains.run(2000)
    assert np.all(abs(np.array(chains.describe()["ebfmi"]) - 1) < 0.3)
    assert chains.describe()["warnings"] == []


@pytest.mark.filterwarnings("ignore")
def test_other_places_are_tried_where_the_density_is_not_finite():
    assert (stein.Chains(stein.Density(half_space, 4), seed=3, warmup=0, step_size=0.01, kernel="mala").run(5) > 0).all()

    def small(x):  # within a box of 0.05, where N(0, I) hardly is
        inside = (abs(x) < 0.05).all(1)
        return np.where(inside, 0.0, np.nan), np.where(inside[:, None], 0.0 * x, np.nan)

    assert (abs(stein.Chains(stein.Density(small, 3), kernel="mala", warmup=0, step_size=1e-4).run(5)) < 0.05).all()
    with pytest.raises(stein.SteinError, match="nor at 100 other places.*give start"):
        stein.Chains(stein.Density(lambda x: (np.full(len(x), np.nan), x), 2)).run(1)
    with pytest.raises(stein.SteinError, match="not finite where chain 1 starts.*give a start"):
        stein.Chains(stein.Density(half_space, 2), np.array([[1.0, 1], [-1, 1]])).run(1)


@pytest.mark.parametrize("scale", [1e-300, 1e-200, 1e150, 1e300])
def test_diagnostics_at_any_scale(scale):
    rng = np.random.default_rng(2)
    draws = rng.standard_normal((4, 500, 2)).cumsum(1) * [0.01, 0] + rng.standard_normal((4, 500, 2)) + [0, 3]
    moved = np.array([0, 0.5])
    for function in (stein.rhat, *(lambda x, kind=kind: stein.effective_sample_size(x, kind) for kind in ("bulk", "tail", "mean"))):
        assert np.allclose(function(draws * scale), function(draws), rtol=1e-9)
        assert np.allclose(function((draws + moved) * scale), function(draws), rtol=1e-6)
