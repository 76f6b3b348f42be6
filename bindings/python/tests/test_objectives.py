"""Objectives, noise and diagnostics through the binding."""

import numpy as np
import pytest
import stein


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(4)
    a, b = rng.standard_normal((2, 1500))
    return np.stack([3 + 2 * a, -1 + 0.5 * a + 0.4 * b + 0.1 * a * a], 1)


def relative(model, rows, sigma):
    """Relative Fisher divergence to the Gaussian with the data's moments, with noise of sigma."""
    scale = np.array(model.describe()["scale"])
    covariance = np.cov(rows.T, bias=True) + np.diag((sigma * scale) ** 2)
    rng = np.random.default_rng(0)
    x = rng.multivariate_normal(rows.mean(0), covariance, 500)
    exact = -(x - rows.mean(0)) @ np.linalg.inv(covariance)
    whiten = np.linalg.cholesky(covariance)
    miss = (model.score(x, sigma) - exact) @ whiten
    return (miss**2).sum() / ((exact @ whiten) ** 2).sum()


@pytest.fixture(scope="module")
def gaussian():
    rng = np.random.default_rng(9)
    return rng.standard_normal((3000, 2)) @ np.array([[2.0, 0.5], [0, 0.6]]) + [3, -1]


@pytest.mark.parametrize("objective", ["denoising", "exact", "sliced", "sliced_vr", "finite_difference"])
@pytest.mark.parametrize("conditional", [True, False])
def test_networks_by_every_objective(gaussian, objective, conditional):
    """A Gaussian is the easiest score: 3 % of the Fisher divergence or less, at every level or at one."""
    level = {} if conditional else {"noise": 0.3, "noise_conditional": False}
    model = stein.fit(
        gaussian, objective=objective, widths=[32, 32], dropout=0, steps=1200, validation=0, rate=3e-3, batch=512, **level
    )
    limit = 0.03 if objective in ("denoising", "exact") else 0.06
    assert relative(model, gaussian, 1.0 if conditional else 0.3) < limit


@pytest.mark.parametrize("schedule", ["edm", "geometric", "ve", "vp", "subvp", "cosine"])
def test_schedules(gaussian, schedule):
    model = stein.fit(gaussian, schedule=schedule, widths=[32, 32], dropout=0, steps=1200, validation=0, rate=3e-3)
    assert relative(model, gaussian, 1.0) < 0.03
    described = model.describe()
    assert described["sigma_min"] == pytest.approx(0.01)
    if schedule in ("vp", "subvp"):
        assert described["sigma_max"] == pytest.approx(np.sqrt(np.expm1(10.05)), rel=0.01)
    drawn = model.sample(3000, seed=1)
    assert np.allclose(drawn.std(0), gaussian.std(0), rtol=0.1)


@pytest.mark.parametrize("weighting", ["sigma2", "likelihood", "min_snr"])
def test_weightings(gaussian, weighting):
    model = stein.fit(gaussian, weighting=weighting, widths=[32, 32], dropout=0, steps=1200, validation=0, rate=3e-3)
    assert relative(model, gaussian, 1.0) < 0.05


@pytest.mark.parametrize("parameterization", ["v", "score", "noise", "clean"])
def test_parameterizations(gaussian, parameterization):
    model = stein.fit(
        gaussian, parameterization=parameterization, widths=[32, 32], dropout=0, steps=1500, validation=0, rate=3e-3
    )
    assert relative(model, gaussian, 1.0) < 0.06


@pytest.mark.parametrize("kernel", ["laplace", "logistic", "student_t"])
def test_kernels(gaussian, kernel):
    model = stein.fit(gaussian, noise_kernel=kernel, widths=[32, 32], dropout=0, steps=800, validation=0)
    # At this level the convolved density is nearly a Gaussian with the same moments.
    assert relative(model, gaussian, 0.5) < 0.2
    with pytest.raises(stein.SteinUnsupported, match=kernel):
        model.denoise(gaussian, 0.5)
    with pytest.raises(stein.SteinUnsupported):
        model.sample(3, sampler="heun")
    assert np.isfinite(model.sample(20, sampler="annealed_langevin")).all()


def normal_noise(x, sigma, bits):
    """Gaussian noise again, from the bits (Box & Muller): what it trains can be compared."""
    u = (bits >> np.uint64(32)).astype(np.float64) * 2.0**-32 + 2.0**-33
    v = (bits & np.uint64(0xFFFFFFFF)).astype(np.float64) * 2.0**-32
    z = np.sqrt(-2 * np.log(u)) * np.cos(2 * np.pi * v)
    return x + sigma[:, None] * z, -z / sigma[:, None]


def caller_trainer(rows, threads=2, **options):
    data = stein.Dataset(rows, context=stein.Context(threads=threads))
    model = stein.Model(data, widths=[32, 32], dropout=0)
    return model, stein.Trainer(
        model, data, noise_kernel="caller", steps=600, rate=3e-3, checks=4, **options
    )


def test_noise_of_the_callers(gaussian, tmp_path):
    model, trainer = caller_trainer(gaussian)
    with pytest.raises(stein.SteinError, match="set_noise"):
        trainer.run()
    trainer.set_noise(normal_noise)
    assert trainer.run()
    assert relative(model, gaussian, 1.0) < 0.05
    # The same bits with one thread and in pieces, also through a checkpoint, after which it is set again.
    other, second = caller_trainer(gaussian, threads=1)
    second.set_noise(normal_noise)
    second.run(250)
    second.save(tmp_path / "checkpoint")
    third = stein.Trainer.resume(stein.Dataset(gaussian), tmp_path / "checkpoint")
    with pytest.raises(stein.SteinError, match="set_noise"):
        third.run()
    third.set_noise(normal_noise)
    third.run()
    assert third.model.to_bytes() == model.to_bytes()
    assert other is not model


def test_noise_that_fails(gaussian):
    model, trainer = caller_trainer(gaussian, validation=0)
    calls = []

    def fails(x, sigma, bits):
        calls.append(x.shape)
        if len(calls) > 3:
            raise ZeroDivisionError("as planned")
        return normal_noise(x, sigma, bits)

    trainer.set_noise(fails)
    with pytest.raises(ZeroDivisionError, match="as planned"):
        trainer.run()
    assert trainer.describe()["step"] == 3 and calls[0] == (256, 2)
    trainer.set_noise(lambda x, sigma, bits: (x * np.nan, x))
    with pytest.raises(stein.SteinError, match="not finite"):
        trainer.run()
    trainer.set_noise(normal_noise)
    assert trainer.run(2) is False
    with pytest.raises(stein.SteinError, match="noise_kernel=caller"):
        stein.Trainer(stein.Model(gaussian), gaussian).set_noise(normal_noise)


def test_losses_by_row(gaussian):
    model = stein.fit(gaussian, family="gaussian")
    for options in [{"objective": "exact", "sigma": 0.5, "draws": 3}, {"objective": "denoising", "draws": 8}]:
        each = model.losses(gaussian, seed=2, **options)
        assert each.shape == (len(gaussian),)
        assert each.mean() == pytest.approx(model.loss(gaussian, seed=2, **options), rel=1e-5)
    # The exact loss of a Gaussian with its own moments is -1/2 tr of its precision, in units of u.
    scale = np.array(model.describe()["scale"])
    inverse = np.linalg.inv(np.cov((gaussian / scale).T, bias=True) + 0.25 * np.eye(2))
    exact = model.loss(gaussian, objective="exact", sigma=0.5, draws=64)
    assert exact == pytest.approx(-0.5 * np.trace(inverse), rel=0.05)


def test_jacobian_and_covariance(gaussian):
    model = stein.fit(gaussian, family="gaussian")
    scale = np.array(model.describe()["scale"])
    inverse = np.linalg.inv(np.cov(gaussian.T, bias=True) + np.diag((0.7 * scale) ** 2))
    assert np.allclose(model.jacobian(gaussian[:70], 0.7), -inverse, rtol=1e-4, atol=1e-4)
    noise = np.diag((0.7 * scale) ** 2)
    assert np.allclose(model.denoise_covariance(gaussian[:3], 0.7), noise - noise @ inverse @ noise, rtol=1e-3, atol=1e-4)
    network = stein.fit(gaussian, widths=[16, 16], steps=50)
    h = 1e-3
    x = gaussian[:5]
    difference = (network.score(x + [h, 0], 1.0) - network.score(x - [h, 0], 1.0)) / (2 * h)
    assert np.allclose(network.jacobian(x, 1.0)[:, 0], difference, rtol=0.02, atol=0.02 * abs(difference).max())


def test_denoising_errors(gaussian):
    """Of a Gaussian: E||D - x||^2 = tr(C - C (C + s^2)^-1 C), what its score predicts, and the exact denoiser's on few rows is 0."""
    model = stein.fit(gaussian, family="gaussian")
    scale = np.array(model.describe()["scale"])
    c = np.cov((gaussian / scale).T, bias=True)
    for sigma, (predicted, own, _) in zip([0.3, 1.0], model.denoise_error(gaussian, [0.3, 1.0], draws=16)):
        exact = np.trace(c - c @ np.linalg.inv(c + sigma**2 * np.eye(2)) @ c)
        assert predicted == pytest.approx(exact, rel=0.05) and own == pytest.approx(exact, rel=0.05)
    few = gaussian[:30]
    errors = stein.fit(few, family="gaussian").denoise_error(few, [0.01])
    assert errors[0, 2] < 0.01 * errors[0, 1]


def test_finished_training_is_diagnosed():
    """Data on a curve: one-dimensional at the levels between its noise and its curvature; a single small level is warned of."""
    rng = np.random.default_rng(1)
    t = rng.uniform(-1.5, 1.5, 3000)
    curve = np.stack([t, np.sin(1.5 * t)], 1) + 0.003 * rng.standard_normal((3000, 2))
    trainer = stein.Trainer(model := stein.Model(curve, dropout=0), curve, steps=3000)
    trainer.run()
    levels = trainer.describe()["denoising"]
    middle = [level["dimension"] for level in levels if 0.03 < level["sigma"] < 0.15]
    assert middle and all(0.8 < d < 1.3 for d in middle), levels
    assert model.denoise_error(curve, [0.1])[0, 0] / 0.01 == pytest.approx(1, abs=0.3)
    one = stein.Trainer(
        stein.Model(curve, noise_conditional=False, dropout=0), curve, objective="denoising", noise=0.05, steps=1500
    )
    one.run()
    assert any("manifold" in warning for warning in one.describe()["warnings"])


def test_memorisation_is_warned_of():
    """A large network on forty rows comes near the exact denoiser of those rows; a few steps do not."""
    few = np.random.default_rng(3).standard_normal((40, 8))

    def trained(steps):
        model = stein.Model(few, widths=[256, 256], dropout=0)
        trainer = stein.Trainer(model, few, steps=steps, validation=0, rate=2e-3)
        trainer.run()
        return any("memorisation" in warning for warning in trainer.describe()["warnings"]), model

    warned, model = trained(3000)
    assert warned
    _, own, exact = model.denoise_error(few, [0.3], draws=64)[0] / 0.09
    assert exact < 0.3 and own < 0.5
    assert not trained(300)[0]


def natural(mean, covariance):
    """theta of x, y, x^2, xy, y^2 for a Gaussian."""
    p = np.linalg.inv(covariance)
    return np.array([*(p @ mean), -p[0, 0] / 2, -p[0, 1], -p[1, 1] / 2])


@pytest.mark.parametrize(
    "objective, law",
    [("exact", None), ("denoising", None)]
    + [(o, law) for o in ("sliced", "sliced_vr", "finite_difference") for law in ("rademacher", "gaussian", "sphere")],
)
def test_exponential_by_gradients(gaussian, objective, law):
    """Each objective's minimiser is the truth: six deviations of the closed form's standard errors, which random directions widen."""
    level = 0.5
    options = {"noise": level, "control_variate": True} if objective == "denoising" else {"noise": 0}
    if law:
        options |= {"projection_law": law, "projections": 2}
    model = stein.Model(gaussian, "exponential", scale="none")
    stein.Trainer(model, gaussian, objective=objective, steps=4000, batch=1000, rate=0.02, **options).run()
    reference = stein.Trainer(stein.Model(gaussian, "exponential", scale="none"), gaussian)
    reference.run()
    fitted = reference.describe()["closed_form"]
    covariance = np.cov(gaussian.T, bias=True) + (level**2 * np.eye(2) if objective == "denoising" else 0)
    truth = natural(gaussian.mean(0), covariance)
    if objective != "denoising":
        assert np.allclose(fitted["estimates"], truth, rtol=1e-3, atol=1e-3)  # of a Gaussian: that of the sample's moments
    assert fitted["statistics"] == model.describe()["statistics"] == ["x0", "x1", "x0^2", "x0*x1", "x1^2"]
    assert np.all(abs(model.parameter("theta") - truth) < 6 * np.array(fitted["standard_errors"]) * (1 if objective == "exact" else 1.5) + 0.01)


def test_loss_gradient_and_closed_form_agree(gaussian):
    """The same density as a graph, set beside the closed form's solution: slopes of the exact loss there are 0, and it is the least."""
    fit = stein.Trainer(stein.Model(gaussian, "exponential", scale="none"), gaussian)
    fit.run()
    theta = np.array(fit.describe()["closed_form"]["estimates"])

    def loss(theta):
        graph = stein.Graph(2)
        x, y = graph.x
        t = graph.parameter("theta", start=theta)
        model = graph.model(gaussian, log_density=t[0] * x + t[1] * y + t[2] * x * x + t[3] * x * y + t[4] * y * y)
        stein.Trainer(model, gaussian, objective="exact", steps=1, rate=0, validation=0).run()
        return model.loss(gaussian, objective="exact")

    least = loss(theta)
    assert least == pytest.approx(fit.describe()["closed_form"]["loss"], rel=1e-5)
    for i in range(5):
        h = 0.05 * np.eye(5)[i]
        ahead, behind = loss(theta + h), loss(theta - h)
        curvature = ahead + behind - 2 * least
        assert curvature > 0 and abs(ahead - behind) < 0.02 * curvature


def test_mixture_of_one_by_every_objective(gaussian):
    for objective in ["denoising", "exact", "sliced", "sliced_vr", "finite_difference", "maximum_likelihood"]:
        model = stein.Model(gaussian, "mixture", components=1, scale="none")
        stein.Trainer(model, gaussian, objective=objective, steps=3000, rate=0.01, batch=512).run()
        factor = model.parameter("factors")[0]
        n = len(gaussian)
        spread = np.sqrt(np.diag(np.cov(gaussian.T)))
        assert np.all(abs(model.parameter("means")[0] - gaussian.mean(0)) < 6 * spread / np.sqrt(n)), objective
        # A covariance's entries have deviations of about sqrt(2/n) s_i s_j.
        assert np.all(abs(factor @ factor.T - np.cov(gaussian.T)) < 6 * np.sqrt(2 / n) * np.outer(spread, spread)), objective


def test_kernels_fit_what_a_gaussian_does_not():
    """A banana: kernel families reach less than half of a Gaussian's relative Fisher divergence, deep ones and plain."""
    rng = np.random.default_rng(6)
    x = rng.standard_normal(2500)
    rows = np.stack([x, x * x + 0.4 * rng.standard_normal(2500)], 1)
    fresh = rng.standard_normal(1000)
    fresh = np.stack([fresh, fresh * fresh + 0.4 * rng.standard_normal(1000)], 1)
    off = (fresh[:, 1] - fresh[:, 0] ** 2) / 0.16
    true = np.stack([-fresh[:, 0] + 2 * fresh[:, 0] * off, -off], 1)

    def divergence(model):
        return ((model.score(fresh) - true) ** 2).sum() / (true**2).sum()

    gaussian = divergence(stein.fit(rows, family="gaussian"))
    plain = divergence(stein.fit(rows, family="kernel_exponential", points=150))
    deep = divergence(
        stein.fit(rows, family="deep_kernel_exponential", objective="exact", steps=400, points=60, batch=512, rate=5e-3)
    )
    assert gaussian > 0.5 and plain < 0.5 * gaussian and deep < 0.5 * gaussian, (gaussian, plain, deep)


def test_likelihood_and_score_matching_on_a_flow(gaussian):
    """On data that the family holds, both find it; the likelihood's minimum is the likelihood's."""
    found = {}
    for objective in ["exact", "maximum_likelihood"]:
        model = stein.fit(
            gaussian, family="autoregressive", widths=[16], objective=objective, noise=0.05, steps=2500, rate=5e-3, patience=0
        )
        found[objective] = model.energy(gaussian).mean()
    entropy = 0.5 * np.linalg.slogdet(2 * np.pi * np.e * np.cov(gaussian.T))[1]
    assert entropy - 0.02 < found["maximum_likelihood"] < entropy + 0.05
    assert found["maximum_likelihood"] - 0.01 < found["exact"] < entropy + 0.1


@pytest.mark.parametrize("objective", ["exact", "sliced_vr"])
@pytest.mark.parametrize("domain", ["box", "ball", "own"])
def test_energies_on_a_domain(objective, domain):
    """A Gaussian cut off well inside: its score up to the boundary, where plain score matching would not know of the cut.

    Without noise, which would leave the domain, a network needs many rows and an early stop.
    """
    gaussian = np.random.default_rng(9).standard_normal((40_000, 2)) @ np.array([[2.0, 0.5], [0, 0.6]]) + [3, -1]
    inside = gaussian[(np.abs(gaussian - [3, -1]) < [1.5, 0.5]).all(1)]
    if domain == "ball":
        inside = gaussian[((gaussian - [3, -1]) ** 2).sum(1) < 0.6]
    limits = {"lower": [1.5, -1.5], "upper": [4.5, -0.5]}
    options = {"domain": "ball", "centre": [3, -1], "radius": np.sqrt(0.6)} if domain == "ball" else {"domain": "box", **limits}
    if domain == "own":
        graph = stein.Graph(2)
        centred = graph.x - graph.parameter("m", start=[2.0, 0.0])
        model = graph.model(inside, energy=(centred @ graph.parameter("p", (2, 2), start="identity")) @ centred / 2, **options)
    else:
        model = stein.Model(inside, "energy_mlp", noise_conditional=False, widths=[32, 32], **options)
    stein.Trainer(model, inside, objective=objective, steps=1500, batch=1024, rate=0.02 if domain == "own" else 1e-3).run()
    covariance = np.array([[2.0, 0.5], [0, 0.6]]).T @ np.array([[2.0, 0.5], [0, 0.6]])
    exact = -(inside - [3, -1]) @ np.linalg.inv(covariance)
    miss = model.score(inside) - exact
    assert (miss**2).sum() < 0.1 * (exact**2).sum()
    drawn = model.sample(500, steps=500, seed=0)
    if domain == "ball":
        assert (((drawn - [3, -1]) ** 2).sum(1) < 0.6 * (1 + 1e-5)).all()
    else:
        assert (drawn >= np.array(limits["lower"]) - 1e-5).all() and (drawn <= np.array(limits["upper"]) + 1e-5).all()
    with pytest.raises(stein.SteinUnsupported):
        stein.Trainer(stein.Model(inside, "exponential", **options), inside, objective="denoising")
