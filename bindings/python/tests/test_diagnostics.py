"""Samples against densities and against each other: against NumPy, on layouts, as tests of chains."""

import numpy as np
import pytest
import stein

MEAN = np.array([1.0, 100.0, -3.0])
FACTOR = np.array([[2.0, 0.0, 0.0], [15.0, 30.0, 0.0], [0.01, -0.02, 0.03]])
PRECISION = np.linalg.inv(FACTOR @ FACTOR.T)


def draws(n, seed=0):
    """Correlated, in columns of different sizes, and the score of their density."""
    x = np.random.default_rng(seed).standard_normal((n, 3)) @ FACTOR.T + MEAN
    return x, score(x)


def score(x):
    return -(x - MEAN) @ PRECISION


def skewed(n, seed=0):
    rng = np.random.default_rng(seed)
    base = rng.gamma(2.0, size=(n, 1))
    return np.hstack([base, 20 * base + 10 * rng.standard_normal((n, 1))])


def squared_distances(x, y):
    return ((x[:, None] - y[None]) ** 2).sum(-1)


def stein_discrepancy(x, s, kernel, length, exponent, scales, diagonal):
    """The mean over pairs, by the whole matrix."""
    x, s = x / scales, s * scales
    r = squared_distances(x, x)
    if kernel == "imq":
        q = 1 + r / length**2
        f = q**exponent
        f1 = exponent * q ** (exponent - 1) / length**2
        f2 = exponent * (exponent - 1) * q ** (exponent - 2) / length**4
    else:
        f = np.exp(-r / (2 * length**2))
        f1, f2 = -f / (2 * length**2), f / (4 * length**4)
    cross = ((s[None] - s[:, None]) * (x[:, None] - x[None])).sum(-1)
    u = s @ s.T * f + 2 * f1 * cross - 2 * x.shape[1] * f1 - 4 * f2 * r
    n = len(x)
    return u.mean() if diagonal else (u.sum() - np.trace(u)) / (n * (n - 1))


def median_distance(x):
    r = np.sqrt(squared_distances(x, x))[np.triu_indices(len(x), 1)]
    return np.median(r[r > 0])


@pytest.mark.parametrize("n", [2, 50, 260, 401])
def test_stein_discrepancy_equals_numpy(n):
    x, s = draws(n)
    deviation = x.std(0)
    robust = 1.4826 * np.median(abs(x - np.median(x, 0)), 0)
    for options, expected in [
        ({}, ("imq", 1.0, -0.5, deviation, False)),
        ({"statistic": "v"}, ("imq", 1.0, -0.5, deviation, True)),
        ({"length": 2.5, "exponent": -0.3, "scale": "robust"}, ("imq", 2.5, -0.3, robust, False)),
        ({"kernel": "gaussian"}, ("gaussian", median_distance(x / deviation), 0, deviation, False)),
        ({"kernel": "gaussian", "length": 30, "scale": "none"}, ("gaussian", 30, 0, np.ones(3), True)),
    ]:
        if expected[-1]:
            options = {**options, "statistic": "v"}
        size = stein_discrepancy(x, s, *expected[:-1], True)
        ours = stein.kernel_stein_discrepancy(x, s, **options)
        assert ours.p_value is None
        assert np.isclose(ours.value, stein_discrepancy(x, s, *expected), rtol=1e-9, atol=1e-11 * abs(size) * n), options


@pytest.mark.parametrize("m, n", [(2, 3), (200, 57), (150, 150)])
def test_mean_discrepancy_equals_numpy(m, n):
    a, b = skewed(m), skewed(n, 1) * [1.2, 1]
    pooled = np.vstack([a, b])
    deviation = pooled.std(0)
    for options, scales, kernel in [
        ({}, deviation, lambda r, length: np.exp(-r / (2 * length**2))),
        ({"kernel": "imq", "exponent": -0.7}, deviation, lambda r, length: (1 + r / length**2) ** -0.7),
        ({"scale": "none"}, 1, lambda r, length: np.exp(-r / (2 * length**2))),
    ]:
        z = pooled / scales
        k = kernel(squared_distances(z, z), median_distance(z))
        inside = lambda block: (block.sum() - np.trace(block)) / (len(block) * (len(block) - 1))  # noqa: E731
        expected = inside(k[:m, :m]) + inside(k[m:, m:]) - 2 * k[:m, m:].mean()
        ours = stein.maximum_mean_discrepancy(a, b, **options)
        assert np.isclose(ours.value, expected, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("m, n", [(2, 3), (60, 35), (64, 64)])
@pytest.mark.parametrize("order", [1, 2])
def test_sliced_wasserstein_equals_numpy(m, n, order):
    """In the plane: the mean over 4,000 evenly spread directions, against 20,000 drawn ones."""
    a, b = skewed(m), skewed(n, 1) + [0, 8]
    angles = np.linspace(0, np.pi, 4000, endpoint=False)
    directions = np.stack([np.cos(angles), np.sin(angles)])
    # Quantile functions on the common refinement of both grids.
    p, q = np.sort(a @ directions, 0), np.sort(b @ directions, 0)
    places = np.arange(m * n)
    costs = (abs(p[places // n] - q[places // m]) ** order).mean(0)
    count = 20_000
    ours = stein.sliced_wasserstein(a, b, order=order, projections=count)
    assert abs(ours**order - costs.mean()) < 5 * costs.std() / np.sqrt(count)
    assert np.isclose(stein.sliced_wasserstein(b, a, order=order, projections=count), ours, rtol=1e-12)
    scaled = stein.sliced_wasserstein(a * [3, 0.2], b * [3, 0.2], order=order, scale="deviation")
    assert np.isclose(scaled, stein.sliced_wasserstein(a, b, order=order, scale="deviation"), rtol=1e-9)


def test_fisher_divergence():
    x, s = draws(400)
    model = stein.fit(x, family="gaussian")
    own = model.score(x)
    found = stein.fisher_divergence(model, x, s)
    assert np.isclose(found.value, 0.5 * ((own - s) ** 2).sum(1).mean(), rtol=1e-9)
    assert np.isclose(found.relative, ((own - s) ** 2).sum() / (s**2).sum(), rtol=1e-9)
    # A fitted Gaussian is near the Gaussian: its 9 numbers are known to about 1 / sqrt(400).
    assert 0 < found.relative < 0.1
    half = stein.fisher_divergence(model, x, own / 2)
    assert np.isclose(half.relative, 1, rtol=1e-6)
    constant = np.hstack([x, np.full((400, 1), 7.0)])
    wider = stein.fit(constant, family="gaussian")
    given = np.hstack([s, np.ones((400, 1))])
    assert np.isclose(stein.fisher_divergence(wider, constant, given).relative, found.relative, rtol=1e-3)
    with pytest.raises(stein.SteinError, match="all 0"):
        stein.fisher_divergence(model, x, np.zeros_like(x))
    with pytest.raises(stein.SteinError, match=r"scores has shape \(?\[400, 2\]"):
        stein.fisher_divergence(model, x, s[:, :2])
    with pytest.raises(stein.SteinError, match="row 3, column 1 of scores"):
        s[3, 1] = np.inf
        stein.fisher_divergence(model, x, s)


def test_fisher_divergence_of_noisy_scores():
    """At sigma the score to compare with is that of the density with noise: of N(m, C), that of N(m, C + sigma^2 S^2)."""
    x, _ = draws(2000)
    model = stein.fit(x, family="mixture", components=1, covariance="full", steps=3000, seed=1)
    described = model.describe()
    sigma = max(0.5, described["sigma_min"])
    noise = sigma * np.array(described["scale"])
    noisy = x + noise * np.random.default_rng(1).standard_normal(x.shape)
    smooth = -(noisy - MEAN) @ np.linalg.inv(FACTOR @ FACTOR.T + np.diag(noise**2))
    found = stein.fisher_divergence(model, noisy, smooth, sigma)
    own = model.score(noisy, sigma)
    assert np.isclose(found.relative, ((own - smooth) ** 2).sum() / (smooth**2).sum(), rtol=1e-9)
    assert found.relative < 0.1
    assert stein.fisher_divergence(model, noisy, score(noisy), sigma).relative > 2 * found.relative


def test_layouts_give_the_same():
    x, s = draws(150)
    x, s = x.astype(np.float32).astype(np.float64), s.astype(np.float32).astype(np.float64)
    expected = stein.kernel_stein_discrepancy(x, s, p_value=True)
    for change in [np.asfortranarray, lambda a: a.astype(np.float32), lambda a: np.repeat(a, 2, 0)[::2]]:
        assert stein.kernel_stein_discrepancy(change(x), change(s), p_value=True) == expected
    one = stein.kernel_stein_discrepancy(x[None], s[None], p_value=True)
    assert one == expected
    chains = stein.kernel_stein_discrepancy(x.reshape(3, 50, 3), s.reshape(3, 50, 3))
    assert chains.value == expected.value
    turned = np.ascontiguousarray(x.reshape(3, 50, 3).transpose(1, 0, 2)).transpose(1, 0, 2)
    assert stein.kernel_stein_discrepancy(turned, s.reshape(3, 50, 3)).value == expected.value
    images = skewed(64).reshape(16, 2, 4)
    flat = images.reshape(16, 8)
    assert stein.sliced_wasserstein(images, images + 1) == stein.sliced_wasserstein(flat, flat + 1)
    assert stein.maximum_mean_discrepancy(images[:7], images[7:]) == stein.maximum_mean_discrepancy(flat[:7], flat[7:])


def test_same_bits_for_any_threads():
    x, s = draws(300)
    contexts = [stein.Context(threads=count) for count in (1, 2)]
    for function, second in [
        (stein.kernel_stein_discrepancy, s), (stein.maximum_mean_discrepancy, draws(200, 1)[0] + [0.3, 0, 0]),
    ]:
        results = [function(x, second, p_value=True, seed=4, context=context) for context in contexts]
        assert results[0] == results[1] and 0 < results[0].p_value <= 1
    sliced = [stein.sliced_wasserstein(x, x[:100], context=context) for context in contexts]
    assert sliced[0] == sliced[1] != stein.sliced_wasserstein(x, x[:100], seed=1)


def test_chains_are_judged():
    """Draws of NUTS are from their density, and not from one that is wider."""
    def log_density(x):
        return 0.5 * np.einsum("ni,ni->n", x - MEAN, score(x)), score(x)

    chains = stein.Chains(stein.Density(log_density, 3), chains=4, seed=2, metric="dense")
    x = chains.run(500)
    s = score(x.reshape(-1, 3)).reshape(x.shape)
    assert stein.kernel_stein_discrepancy(x, s, p_value=True).p_value > 0.01
    assert stein.kernel_stein_discrepancy(x, s / 1.3**2, p_value=True).p_value < 0.01
    exact = draws(500, 5)[0]
    assert stein.maximum_mean_discrepancy(x[:, ::4].reshape(-1, 3), exact, p_value=True).p_value > 0.01


def test_samples_of_a_model_are_judged():
    rows = skewed(600)
    model = stein.fit(rows[:300], family="gaussian")
    sample = model.sample(300, sampler="langevin", steps=200, seed=1)
    found = stein.maximum_mean_discrepancy(rows[300:], sample, p_value=True)
    assert found.value > 0 and found.p_value < 0.01
    assert stein.sliced_wasserstein(rows[300:], sample) > stein.sliced_wasserstein(rows[300:], rows[:300])


def test_refusals():
    x, s = draws(20)
    spoilt = x.copy()
    spoilt[4, 2] = np.nan
    for call, text in [
        (lambda: stein.kernel_stein_discrepancy(spoilt, s), "row 4, column 2 of x is nan"),
        (lambda: stein.maximum_mean_discrepancy(x, spoilt), "row 4, column 2 of b is nan"),
        (lambda: stein.kernel_stein_discrepancy(x, s[:, :2]), "scores has shape"),
        (lambda: stein.kernel_stein_discrepancy(x[:1], s[:1]), "two rows"),
        (lambda: stein.kernel_stein_discrepancy(x[:, 0], s[:, 0]), "two rows"),
        (lambda: stein.sliced_wasserstein(x, x[:, :2]), "b has rows of 2"),
        (lambda: stein.maximum_mean_discrepancy(x, x, length=0), "length"),
        (lambda: stein.maximum_mean_discrepancy(x, x, exponent=-0.5), "belongs to kernel=imq"),
        (lambda: stein.sliced_wasserstein(x, x, order=3), "order"),
        (lambda: stein.kernel_stein_discrepancy(x, s, bootstrap=10), "did you mean 'bootstraps'"),
    ]:
        with pytest.raises(stein.SteinError, match=text):
            call()
    for kind in ("kernel_stein_discrepancy", "sliced_wasserstein", "maximum_mean_discrepancy"):
        assert {"seed", "scale"} <= {option["name"] for option in stein.options(kind)}


def test_stopping():
    x, s = draws(6000)
    for call in [
        lambda **more: stein.kernel_stein_discrepancy(x, s, p_value=True, bootstraps=3000, **more),
        lambda **more: stein.maximum_mean_discrepancy(x, x + 1, p_value=True, permutations=3000, **more),
        lambda **more: stein.sliced_wasserstein(x, x + 1, projections=100_000, **more),
    ]:
        with pytest.raises(stein.SteinInterrupted):
            call(deadline=0.05)
        seen = []
        with pytest.raises(stein.SteinInterrupted):
            call(progress=lambda watch: seen.append((watch.step, watch.steps)) or len(seen) == 4)
        assert len(seen) == 4
