"""What is drawn: guidance, temperature, trajectories, weights, and what is known of rows."""

import numpy as np
import pytest
import stein
from conftest import within

SAMPLERS = {
    "euler": dict(steps=4, churn=2),
    "heun": dict(steps=4, churn=2),
    "rk45": dict(tolerance=0.01),
    "ddim": dict(steps=4, eta=1),
    "dpmpp_2m": dict(steps=5, eta=0.5),
    "dpmpp_3m_sde": dict(steps=5),
    "predictor_corrector": dict(steps=4, process="vp"),
    "annealed_langevin": dict(steps=2),
    "underdamped_langevin": dict(steps=5, step_ratio=0.9),
    "langevin": dict(steps=5),
}


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(3)
    base = rng.gamma(2.0, size=(300, 1))
    noise = rng.standard_normal((300, 2))
    return np.hstack([base, 100 + 20 * base + 10 * noise[:, :1], 0.01 * noise[:, 1:]])


@pytest.fixture(scope="module")
def network(table):
    return stein.fit(table, widths=[32], steps=60, seed=1)


@pytest.fixture(scope="module")
def energy(table):
    return stein.fit(table, family="energy_mlp", widths=[32], steps=60, seed=1)


def test_every_sampler_is_here():
    names = next(o for o in stein.options("sampler") if o["name"] == "sampler")["choices"]
    assert set(names) - {"auto"} == set(SAMPLERS)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_rows_do_not_depend_on_each_other(table, network, sampler):  # R15
    options = dict(seed=9, sampler=sampler, temperature=0.9, **SAMPLERS[sampler])
    together = network.sample(100, **options)
    assert np.isfinite(together).all() and len(np.unique(together, axis=0)) == 100
    apart = np.concatenate([network.sample(n, first_index=k, **options) for k, n in [(0, 1), (1, 30), (31, 69)]])
    assert together.tobytes() == apart.tobytes()
    single = stein.Model.from_bytes(network.to_bytes(), context=stein.Context(threads=1))
    assert single.sample(100, **options).tobytes() == together.tobytes()
    path = network.sample(100, trajectory=3, **options)
    assert path.shape == (100, 3, 3) and np.isfinite(path).all()
    if sampler != "rk45":  # which lands on the levels in between
        assert path[:, -1].tobytes() == together.tobytes()
        again = network.sample(start=path[:, 0], **options)
        np.testing.assert_allclose(again, together, atol=1e-3 * table.std(0).max())


@pytest.mark.parametrize(
    ("method", "sampler"),
    [("covariance", "ddim"), ("replacement", "ddim"), ("dps", "ddim"), ("held", "langevin"), ("held", "underdamped_langevin")],
)
def test_imputed_rows_do_not_depend_on_each_other(table, network, method, sampler):
    x = table[:90].copy()
    x[::2, 0], x[1::3, 2] = np.nan, np.nan
    options = dict(seed=2, method=method, steps=6, sampler=sampler)
    whole = network.impute(x, **options)
    kept = ~np.isnan(x)
    assert (whole[kept] == x[kept]).all() and np.isfinite(whole).all()
    pieces = [network.impute(x[a:b], first_index=a, **options) for a, b in [(0, 1), (1, 50), (50, 90)]]
    assert np.concatenate(pieces).tobytes() == whole.tobytes()
    masked = np.where(kept, x, 5.0)
    assert network.impute(masked, known=kept, **options).tobytes() == whole.tobytes()
    assert (whole[~kept] != network.impute(x, **{**options, "seed": 3})[~kept]).all()
    path = network.impute(x, trajectory=3, **options)
    assert path[:, -1].tobytes() == whole.tobytes()


def test_posterior_likelihood_and_codes_do_not_depend_on_each_other(table, network):
    matrix = np.array([[1.0, 0.1, 0.0], [0.0, 0.0, 1.0]])
    y = table[:80] @ matrix.T
    whole = network.sample_posterior(matrix, y, steps=5, noise=0.01, seed=0)
    parts = [network.sample_posterior(matrix, y[a:b], steps=5, noise=0.01, first_index=a) for a, b in [(0, 33), (33, 80)]]
    assert np.concatenate(parts).tobytes() == whole.tobytes()
    for options in (dict(tolerance=1e-2), dict(tolerance=1e-2, trace="hutchinson", probes=2)):
        whole = network.log_likelihood(table[:80], **options)
        parts = [network.log_likelihood(table[a:b], first_index=a, **options) for a, b in [(0, 33), (33, 80)]]
        assert np.concatenate(parts).tobytes() == whole.tobytes()
    whole = network.encode(table[:80], tolerance=1e-3)
    assert np.concatenate([network.encode(r[None], tolerance=1e-3) for r in table[:80]]).tobytes() == whole.tobytes()


def test_encode_and_decode(table, network):
    noise = network.encode(table)
    back = network.decode(noise)
    assert np.abs((back - table) / table.std(0)).max() < 1e-3
    # What decoding makes of standard normals is what sampling draws.
    drawn = network.decode(np.random.default_rng(0).standard_normal((400, 3)), denoise=True)
    assert np.abs((drawn.mean(0) - table.mean(0)) / table.std(0)).max() < 0.35


def test_decode_without_labels_is_of_no_class():
    rng = np.random.default_rng(2)
    labels = rng.integers(0, 2, 200)
    rows = rng.standard_normal((200, 2)) + 8 * labels[:, None]
    model = stein.fit(rows, labels, widths=[32], steps=100, label_dropout=0.3)
    noise = rng.standard_normal((100, 2))
    assert np.abs(model.encode(model.decode(noise)) - noise).max() < 2e-3


@pytest.mark.parametrize("far", [1e38, 1e300])
def test_rows_too_far_out_are_an_error(network, energy, far):
    for model in (network, energy):
        for call in (model.encode, model.decode, model.log_likelihood):
            with pytest.raises(stein.SteinNumericError, match="finite"):
                call([[0.0, 1, 0], [far, 0, 0]], progress=within(20))
    with pytest.raises(stein.SteinNumericError, match="finite"):
        network.impute([[1e300, np.nan, np.nan]])


def test_what_is_drawn_is_finite(network, table):
    gaussian = stein.fit(table, family="gaussian")
    for model in (network, gaussian):
        for steps in range(1, 7):
            try:
                drawn = model.sample(70, sampler="langevin", step_size=1e12, steps=steps, seed=0)
            except stein.SteinNumericError as error:
                assert "left the finite numbers" in str(error)
            else:
                assert np.isfinite(drawn).all()


def test_likelihood_of_a_network(table, network, energy):
    for model in (network, energy):
        exact, spread = model.log_likelihood(table[:100], deviation=True)
        assert (spread < 1e-3).all()
        rough, wide = model.log_likelihood(table[:100], trace="hutchinson", probes=16, deviation=True)
        z = (rough - exact) / np.hypot(wide, 0.02)
        assert np.sqrt(np.mean(z**2)) < 2.5 and np.abs(np.mean(rough - exact)) < 0.3
        bits = model.log_likelihood(table[:100], unit="bits_per_dimension")
        np.testing.assert_allclose(bits, -exact / (3 * np.log(2)), rtol=1e-9)
        # Rows far from the data are far less likely.
        far = model.log_likelihood(table[:20] + 6 * table.std(0))
        assert far.max() < np.median(exact)
    # It is a density: its integral over a plane that holds nearly everything is 1.
    plane = np.random.default_rng(1).multivariate_normal([0.0, 1.0], [[1, 0.6], [0.6, 0.8]], 400)
    model = stein.fit(plane, widths=[32], steps=200, seed=2)
    side = np.linspace(-8, 8, 61)
    grid = np.stack(np.meshgrid(side, side), -1).reshape(-1, 2)
    total = np.exp(model.log_likelihood(grid, tolerance=1e-3)).sum() * (side[1] - side[0]) ** 2
    assert abs(total - 1) < 0.02


def test_guidance():
    rng = np.random.default_rng(4)
    centres = np.array([[0.0, 0.0], [3.0, 1.0]])
    labels = np.repeat([0, 1], 300)
    rows = centres[labels] + rng.standard_normal((600, 2)) * [1.0, 0.5]
    model = stein.fit(rows, labels, widths=[48, 48], steps=500, seed=1, label_dropout=0.2)
    asked = np.full(500, 1)
    plain = model.sample(labels=asked, seed=2)
    assert model.sample(labels=asked, seed=2, guidance=1).tobytes() == plain.tobytes()
    strong = model.sample(labels=asked, seed=2, guidance=3)
    # Away from the other class, and narrower.
    assert strong[:, 0].mean() > plain[:, 0].mean() + 0.2 and strong.std(0)[0] < plain.std(0)[0]
    late = model.sample(labels=asked, seed=2, guidance=3, guidance_min=0.05, guidance_max=0.2)
    assert plain[:, 0].mean() < late[:, 0].mean() < strong[:, 0].mean()
    none = model.sample(labels=asked, seed=2, guidance=0)
    assert none[:, 0].std() > 1.2 * plain[:, 0].std()  # both classes


def test_temperature_of_a_gaussian():
    rng = np.random.default_rng(5)
    rows = rng.standard_normal((2000, 2)) * [1.0, 1.0] + [3, 4]
    model = stein.fit(rows, family="gaussian", covariance="diagonal", scale="none")
    scale = np.sqrt(0.25)
    for options in (dict(steps=60), dict(sampler="ddim", eta=1, steps=200)):
        cold = model.sample(4000, temperature=0.25, **options)
        assert np.abs(cold.std(0) / (scale * rows.std(0)) - 1).max() < 0.06
        assert np.abs(cold.mean(0) - rows.mean(0)).max() < 0.05
    cold = model.sample(4000, sampler="langevin", sigma=0.5, temperature=0.25, steps=400, step_size=0.02, seed=0)
    expected = np.sqrt(0.25 * (rows.var(0) + 0.25))
    assert np.abs(cold.std(0) / expected - 1).max() < 0.06


@pytest.mark.parametrize("temperature", [0.01, 0.3, 3])
def test_temperature_of_narrow_gaussians(temperature):
    """Exact for any covariance, and stable where a direction is far narrower than the others."""
    rng = np.random.default_rng(7)
    rows = rng.standard_normal((2000, 3)) @ np.array([[1, 0.9, 0], [0, 0.3, 0.5], [0, 0, 0.02]])
    model = stein.fit(rows, family="gaussian")
    # What steps and a last step to E[clean | x] leave out is some percent in narrow directions.
    for sampler in ("heun", "rk45", "dpmpp_2m", "dpmpp_3m_sde", "predictor_corrector"):
        drawn = model.sample(2000, sampler=sampler, temperature=temperature, seed=0, **({} if sampler == "rk45" else {"steps": 100}))
        ratio = np.cov(drawn.T) / (temperature * np.cov(rows.T))
        assert np.abs(np.diag(ratio) - 1).max() < 0.15, sampler
    drawn = model.sample(2000, sampler="langevin", sigma=0.3, temperature=temperature, steps=2000, seed=0)
    expected = temperature * (rows.var(0) * 1.09)
    assert np.abs(drawn.var(0) / expected - 1).max() < 0.15


def test_weights_make_annealing_exact():
    """Two modes of unequal width: the energies alone say how much lies in each."""
    rng = np.random.default_rng(6)
    right = rng.random(3000) < 0.3
    rows = np.where(right, 4 + 0.3 * rng.standard_normal(3000), -1 + rng.standard_normal(3000))[:, None]
    rows = np.hstack([rows, 0.5 * rows + rng.standard_normal((3000, 1))])
    model = stein.fit(rows, family="mixture", components=2, seed=1)
    level = dict(sigma_min=0.1 * 1, steps=30)
    drawn, log_weights = model.sample_weighted(4000, seed=3, **level)
    weights = np.exp(log_weights - log_weights.max())
    weights /= weights.sum()
    size = 1 / np.sum(weights**2)
    assert size > 200
    # The family is normalised, so the mean weight is 1.
    spread = np.exp(log_weights).std() / np.sqrt(len(log_weights))
    assert abs(np.exp(log_weights).mean() - 1) < 5 * spread
    # Means and covariances of the mixture with noise, within five deviations of the weighted estimate.
    p = {k: v.astype(float) for k, v in model.parameters().items()}
    exact = model.sample(40000, seed=5, sampler="heun", steps=80, sigma_min=0.1, denoise=False)
    for f in (lambda x: x[:, 0], lambda x: x[:, 1], lambda x: x[:, 0] > 2, lambda x: x[:, 0] * x[:, 1]):
        value, mean = f(drawn), np.sum(weights * f(drawn))
        error = np.sqrt(np.sum(weights**2 * (value - mean) ** 2))
        assert abs(mean - f(exact).mean()) < 5 * np.hypot(error, f(exact).std() / 200)
    assert p
    apart = [model.sample_weighted(n, seed=3, first_index=k, **level) for k, n in [(0, 7), (7, 93)]]
    assert np.concatenate([a for a, _ in apart]).tobytes() == drawn[:100].tobytes()
    assert np.concatenate([w for _, w in apart]).tobytes() == log_weights[:100].tobytes()


def test_accepting_keeps_a_level(energy, table):
    """Large steps without Metropolis widen the rows; with it they do not."""
    model = stein.fit(table, family="gaussian")
    options = dict(sampler="annealed_langevin", steps=400, sigma_min=0.3, sigma_max=0.36, denoise=False, step_size=0.22)
    expected = np.sqrt(table.var(0) * (1 + 0.09))
    free, kept = (model.sample(3000, seed=1, accept=a, **options).std(0) / expected for a in (False, True))
    assert np.abs(kept - 1).max() < 0.06 and free.max() > 1.1
    assert np.isfinite(energy.sample(50, sampler="annealed_langevin", accept=True)).all()


@pytest.mark.parametrize(
    "options, words",
    [
        (dict(sampler="heun", eta=1), "no effect with sampler=heun"),
        (dict(sampler="langevin", grid="edm"), "no effect with sampler=langevin"),
        (dict(levels=[1, 2]), "below the one before"),
        (dict(levels=[5, 0.5], steps=4), "no effect with levels"),
        (dict(levels=[1e6, 0.5]), "trained from"),
        (dict(trajectory=1), "2 states or more"),
        (dict(guidance=2), "models with classes"),
        (dict(guidance_min=2), "guidance other than 1"),
        (dict(churn=1, churn_min=3, churn_max=2), "above churn_max"),
        (dict(guidance=2, guidance_min=3, guidance_max=2), "above guidance_max"),
        (dict(grid="uniform", rho=3), "grid=edm"),
        (dict(steps=1), "takes 2 to"),
        (dict(sampler="annealed_langevin", accept=True), "without an energy"),
    ],
)
def test_options_that_make_no_sense(network, options, words):
    with pytest.raises(stein.SteinError, match=words):
        network.sample(3, **options)


def test_conditions_that_make_no_sense(table, network, energy):
    x = table[:4].copy()
    with pytest.raises(stein.SteinValueError, match="row 1, column 0 of x is nan but known"):
        network.impute(np.where([[False], [True], [False], [False]], np.nan, x), known=np.ones((4, 3), bool))
    with pytest.raises(stein.SteinValueError, match="known has shape"):
        network.impute(x, known=np.ones((4, 2), bool))
    with pytest.raises(stein.SteinValueError, match="langevin holds"):
        network.impute(x, sampler="langevin", method="dps")
    with pytest.raises(stein.SteinValueError, match="sampler=ddim and"):
        network.impute(x, sampler="heun", method="dps")
    for sampler in ("langevin", "underdamped_langevin"):
        with pytest.raises(stein.SteinValueError, match=f"{sampler} holds"):
            network.impute(x, sampler=sampler, method="covariance")
    with pytest.raises(stein.SteinValueError, match="underdamped_langevin and"):
        network.impute(x, sampler="heun", method="held")
    for method in ("held", "replacement", "dps"):
        with pytest.raises(stein.SteinValueError, match="belongs to method=covariance"):
            network.impute(x, method=method, noise=0.1)
    with pytest.raises(stein.SteinUnsupported, match="not for sums"):
        network.sample_posterior(np.eye(3), x, method="replacement")
    with pytest.raises(stein.SteinValueError, match="needs \\[m, 3\\]"):
        network.sample_posterior(np.eye(2), x)
    with pytest.raises(stein.SteinValueError, match="needs \\[4, 1\\]"):
        network.sample_posterior(np.ones((1, 3)), x)
    with pytest.raises(stein.SteinUnsupported, match="without an energy"):
        network.sample_weighted(3)
    with pytest.raises(stein.SteinValueError, match="is not asked"):
        energy.sample_weighted(3, sampler="heun")
    with pytest.raises(stein.SteinValueError, match="'temperature' is not for rows with weights"):
        energy.sample_weighted(3, temperature=0.5)
    constant = stein.fit(np.column_stack([table, np.ones(len(table))]), widths=[8], steps=5)
    with pytest.raises(stein.SteinUnsupported, match="constant columns"):
        constant.log_likelihood(np.column_stack([table, np.ones(len(table))]))
    given = np.column_stack([table, np.full(len(table), 3.0)])[:5]
    given[:, 0] = np.nan
    drawn = constant.impute(given, steps=4)
    assert np.isfinite(drawn).all() and (drawn[:, 1:] == given[:, 1:]).all()
    with pytest.raises(stein.SteinUnsupported, match="one"):
        stein.fit(table, family="exponential").log_likelihood(table)
    with pytest.raises(stein.SteinValueError, match="2 or more"):
        network.log_likelihood(table, trace="hutchinson", probes=1, deviation=True)
    with pytest.raises(stein.SteinUnsupported, match="normaliser"):
        network.log_likelihood(table, method="density")


def test_what_impute_takes_by_itself(network, table):
    """What is known held still by underdamped Langevin steps, but the covariance where that is exact or noise is told of."""
    x = np.where([True, False, False], np.nan, table[:20])
    own = network.impute(x, seed=1)
    assert own.tobytes() == network.impute(x, seed=1, method="held", sampler="underdamped_langevin", grid="geometric").tobytes()
    noisy = network.impute(x, seed=1, noise=0.1)
    assert noisy.tobytes() == network.impute(x, seed=1, noise=0.1, method="covariance", sampler="heun", grid="edm").tobytes()
    by_heun = network.impute(x, seed=1, sampler="heun")
    assert by_heun.tobytes() == network.impute(x, seed=1, method="covariance").tobytes() != own.tobytes()
    gaussian = stein.fit(table, family="gaussian")
    assert gaussian.impute(x, seed=1).tobytes() == gaussian.impute(x, seed=1, method="covariance", sampler="heun").tobytes()


def test_impute_in_place(network, table):
    x = table[:20].copy()
    x[:, 1] = np.nan
    expected = network.impute(x, steps=5, seed=0)
    import ctypes

    from stein import _arrays
    from stein._call import call

    tensor = _arrays.Tensor(x)
    call("stein_impute", network.handle, tensor.pointer, None, None, b"steps=5", tensor.pointer, None)
    assert x.tobytes() == expected.tobytes() and ctypes


def test_cancelled_within_the_walk(network, table):
    """R17: a walk of many steps stops between two of them: soon, by the process's own time."""
    import time

    x = np.full((4000, 3), np.nan)
    x[:, 0] = table[0, 0]
    begun = time.process_time()
    with pytest.raises(stein.SteinInterrupted):
        network.impute(x, steps=100000, deadline=0.2)
    assert time.process_time() - begun < 1.5
    begun = time.process_time()
    with pytest.raises(stein.SteinInterrupted):
        network.sample_posterior(np.ones((20000, 3)), np.ones((200, 20000)), steps=100000, deadline=0.2)
    assert time.process_time() - begun < 1.5
    begun = time.process_time()
    with pytest.raises(stein.SteinInterrupted):
        network.log_likelihood(np.tile(table, (300, 1)), tolerance=1e-8, deadline=0.2)
    assert time.process_time() - begun < 1.5
