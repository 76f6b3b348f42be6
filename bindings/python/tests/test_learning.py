"""What a network on a table learns untuned: the Gaussian it begins as, the clean score, thin laws, and when it is not trusted."""

import numpy as np
import pytest
import stein


@pytest.fixture(scope="module")
def context():
    return stein.Context(threads=2)


def skewed(n, seed, d=4):
    """Correlated rows of unequal scales, off the origin, and their covariance."""
    rng = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(np.random.default_rng(5).standard_normal((d, d)))
    scale = np.array([0.02, 1.0, 30.0, 5.0, 1.0, 1.0])[:d]
    root = (turn * np.sqrt(np.array([0.20, 0.82, 1.38, 1.61, 0.5, 1.0])[:d])) * scale[:, None]
    return (rng.standard_normal((n, d)) @ root.T + 7 * scale).astype(np.float64), root @ root.T


def with_a_pair(n, d, seed):
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((n, d))
    rows[:, 1] = 0.99 * rows[:, 0] + np.sqrt(1 - 0.99**2) * rows[:, 1]
    return rows.astype(np.float32)


def relative(score, truth):
    return float(np.sqrt(((score - truth) ** 2).sum() / (truth**2).sum()))


@pytest.mark.parametrize("family", ["score_mlp", "energy_mlp"])
def test_a_network_begins_as_the_gaussian_of_its_data(context, family):
    rows, _ = skewed(4000, 0)
    options = dict(steps=1, rate=0.0, ema=0.0)
    model = stein.fit(rows, context=context, family=family, widths=[16], **options)
    gaussian = stein.fit(rows, context=context, family="gaussian")
    where = rows[:50] + 0.3 * rows.std(0)
    for sigma in (0.02, 0.3, 4.0):
        truth = gaussian.score(where, sigma=sigma)
        # An energy begins with a small network of its own, scaled by the data's resolution.
        assert relative(model.score(where, sigma=sigma), truth) < (2e-3 if family == "score_mlp" else 0.6)
    isotropic = stein.fit(rows, context=context, family=family, widths=[16], preconditioning="isotropic", **options)
    assert relative(isotropic.score(where, sigma=0.3), gaussian.score(where, sigma=0.3)) > 0.3


@pytest.mark.parametrize("family, objective", [
    ("score_mlp", "denoising"), ("energy_mlp", "denoising"), ("score_mlp", "exact"), ("energy_mlp", "sliced_vr"),
])
def test_the_score_that_is_asked_for_first_is_right(context, family, objective):
    rows, covariance = skewed(20000, 1)
    test, _ = skewed(2000, 2)
    told = {} if objective == "denoising" else {"noise_conditional": False}
    model = stein.fit(rows, context=context, family=family, objective=objective, widths=[64, 64], steps=1500, seed=3, **told)
    mean = 7 * np.array([0.02, 1.0, 30.0, 5.0])
    scale = rows.std(0)
    truth = -(test - mean) @ np.linalg.inv(covariance) * scale
    assert relative(model.score(test) * scale, truth) < 0.15
    described = model.describe()
    if objective == "denoising":
        assert described["sigma_min"] <= described["clean_level"] <= 0.5
        # Smoothed by the level that sigma=0 stands for, the score is that of the data with so much noise.
        assert np.array_equal(model.score(test), model.score(test, sigma=described["clean_level"]))


def test_a_bent_law_has_a_clean_score(context):
    """A ring of width 1/15: no Gaussian, and thin."""
    def ring(n, seed):
        rng = np.random.default_rng(seed)
        angle, radius = rng.uniform(0, 2 * np.pi, n), 3 + 0.2 * rng.standard_normal(n)
        return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1)

    model = stein.fit(ring(20000, 0), context=context, widths=[64, 64], steps=4000)
    test = ring(3000, 1)
    radius = np.linalg.norm(test, axis=1, keepdims=True)
    truth = test / radius * (-(radius - 3) / 0.04 - 1 / radius)
    assert relative(model.score(test), truth) < 0.3
    drawn = np.linalg.norm(model.sample(4000, seed=2), axis=1)
    # The deviation of 4000 draws' deviation is 0.2/sqrt(8000) = 0.0022.
    assert abs(drawn.std() - 0.2) < 0.02 and abs(drawn.mean() - 3) < 0.02


def test_resolution_follows_the_thinnest_part(context):
    def described(rows):
        return stein.Model(stein.Dataset(rows, context=context)).describe()

    rng = np.random.default_rng(0)
    smooth = rng.standard_normal((4000, 3))
    angle = rng.uniform(-np.pi / 2, np.pi / 2, 4000)
    crescent = (0.1 + 0.01 * rng.standard_normal(4000))[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
    counts = smooth.copy()
    counts[:, 1] = rng.poisson(2, 4000)
    noughts = smooth.copy()
    noughts[:400, 2] = 0
    assert described(smooth)["resolution"] > 0.5
    # The crescent's width over the deviation of its columns (.03 and .07) is .14 to .33.
    assert 0.05 < described(crescent)["resolution"] < 0.4
    assert described(counts)["resolution"] == described(noughts)["resolution"] == 0
    curve = np.stack([np.cos(angle), np.sin(angle)], 1)
    assert described(curve)["resolution"] < 0.05 and described(curve)["sigma_min"] < 0.01
    # A rounded column has common values, but no atom.
    rounded = smooth[:140].copy()
    rounded[:, 1] = np.round(rounded[:, 1] * 6) / 6
    assert described(rounded)["resolution"] > 0.5
    # Units are no matter.
    scaled = crescent * [1e-6, 1e9] + [1, 1e9]
    assert described(scaled)["resolution"] == pytest.approx(described(crescent)["resolution"], rel=0.3)


def test_a_law_that_is_thin_in_one_place_is_drawn_thin_there(context):
    """y = sin 3x + (.02 + .4 x^2) e: at x = 0 a hundredth of the table's width across, at the edges twenty times that."""
    rng = np.random.default_rng(1)
    x = rng.uniform(-1, 1, 5000)
    rows = np.stack([np.sin(3 * x) + (0.02 + 0.4 * x**2) * rng.standard_normal(5000), x], 1)
    model = stein.fit(rows, context=context, steps=5000, seed=1)
    assert model.describe()["sigma_min"] < 0.005
    for at in (-0.4, 0.0, 0.3):
        holes = np.repeat([[np.nan, at]], 1000, 0)
        drawn = model.impute(holes, seed=2)[:, 0]
        width = 0.02 + 0.4 * at**2
        # By quartiles: their deviation is .037 of a width in 1000 draws. At x = 0 it was 1.7 with levels from .01.
        quartiles = np.quantile(drawn, [0.25, 0.75]) - np.sin(3 * at)
        assert 0.8 < (quartiles[1] - quartiles[0]) / (1.349 * width) < 1.35
        assert abs(np.median(drawn) - np.sin(3 * at)) < 0.5 * width


@pytest.mark.parametrize("d", [30, 100])
def test_a_network_is_no_worse_than_a_gaussian_on_gaussian_rows(context, d):
    rows, test = with_a_pair(600, d, 10), with_a_pair(2000, d, 11)
    rows = (rows - rows.mean(0)) / rows.std(0)
    data = stein.Dataset(rows, context=context)
    model = stein.Model(data, widths=[64, 64])
    with stein.Trainer(model, data, steps=1500, seed=1) as trainer:
        trainer.run()
        told = trainer.describe()
    gaussian = stein.fit(rows, context=context, family="gaussian")
    noise = np.random.default_rng(12).standard_normal(test.shape)
    for sigma in (0.03, 0.1, 0.3, 1.0, 3.0):
        def losses(model):
            return 0.5 * ((sigma * model.score(test + sigma * noise, sigma=sigma) + noise) ** 2).sum(1)
        worse = losses(model) - losses(gaussian)
        assert worse.mean() < 2 * worse.std() / np.sqrt(len(test))
    drawn = np.corrcoef(model.sample(4000, seed=2)[:, :2].T)[0, 1]
    assert drawn > 0.97
    levels = told["conclusion"]["levels"]
    assert len(levels) == 8 and min(level["gain"] for level in levels) < 0.5 and not told["validation_joined"]
    assert any("lost to the Gaussian" in warning for warning in told["warnings"])


def bent(n, seed):
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, n)
    return np.stack([x, np.sin(3 * x) + 0.1 * rng.standard_normal(n), x**2 + 0.1 * rng.standard_normal(n)], 1).astype(np.float32)


def test_rows_held_out_are_trained_on_once_the_network_has_won(context, tmp_path):
    """Also in pieces, over a checkpoint at the step where they join, to the same bytes."""
    data = stein.Dataset(bent(600, 0), context=context)

    def trained(*pieces, **options):
        model = stein.Model(data, widths=[32])
        trainer = stein.Trainer(model, data, steps=400, seed=4, **options)
        for count in pieces:
            trainer.run(count)
            path = tmp_path / f"{count}.safetensors"
            trainer.save(path)
            trainer.close()
            trainer = stein.Trainer.resume(data, path)
        trainer.run()
        return trainer.model.to_bytes(), trainer.describe()

    whole, told = trained()
    assert told["validation_joined"] and told["validation_rows"] == 60
    # Judged after three fifths, no check was made on them since.
    assert [h["step"] for h in told["history"] if h["validation"] is not None][-1] == 240
    for pieces in ((240,), (100, 200), (239, 2)):
        assert trained(*pieces)[0] == whole
    kept, told = trained(validation=0.1)
    assert not told["validation_joined"] and told["history"][-1]["step"] == 400 and kept != whole


def test_training_that_ends_early_says_so(context):
    data = stein.Dataset(bent(600, 1), context=context)
    with stein.Trainer(stein.Model(data, widths=[32]), data, steps=120, validation=0.2, seed=4) as trainer:
        trainer.run()
        assert any("ended while it still learnt" in warning for warning in trainer.describe()["warnings"])


def test_defaults_train_a_table_to_the_end(context):
    def plan(rows, **model):
        data = stein.Dataset(rows, context=context)
        made = stein.Model(data, **model)
        with stein.Trainer(made, data) as trainer:
            told = trainer.describe()
            return told["steps"], told["validation_rows"], made.describe()["widths"]

    rng = np.random.default_rng(0)
    # Few rows that show nothing finer than a Gaussian, and the same with a column that has an atom.
    assert plan(rng.standard_normal((120, 4))) == (1200, 0, [32, 32])
    assert plan(np.maximum(rng.standard_normal((120, 4)), -0.5)) == (1200, 0, [64, 64])
    assert plan(rng.standard_normal((300, 33))) == (3000, 0, [128, 128])
    assert plan(rng.standard_normal((1000, 9))) == (8000, 100, [128, 128])
    assert plan(rng.standard_normal((40000, 2))) == (15625, 1000, [128, 128])
    assert plan(rng.standard_normal((6000, 21)))[2] == [256, 256]
    # Pictures, one level and other families as before.
    assert plan(rng.standard_normal((120, 4, 4))) == (500, 20, [256, 256, 256])
    assert plan(rng.standard_normal((120, 4)), noise_conditional=False)[:2] == (500, 20)
    assert plan(rng.standard_normal((120, 4)), family="mixture")[0] == 500


def test_few_rows_of_many_columns_are_shrunk(context):
    """Variances along the axes of 200 rows of 120 columns, against what new rows have along them."""
    rng = np.random.default_rng(3)
    rows = with_a_pair(200, 120, 4).astype(np.float64)
    rows = (rows - rows.mean(0)) / rows.std(0)
    model = stein.fit(rows, context=context, widths=[8], steps=1, rate=0.0)
    gaussian = stein.fit(rows, context=context, family="gaussian")
    test = with_a_pair(3000, 120, 5).astype(np.float64)
    for sigma in (0.1, 1.0):
        noise = rng.standard_normal(test.shape)
        def loss(model):
            return 0.5 * ((sigma * model.score(test + sigma * noise, sigma=sigma) + noise) ** 2).sum(1).mean()
        assert loss(model) < 0.97 * loss(gaussian)


def test_real_columns_stay_within_what_was_seen(context, tmp_path):
    rng = np.random.default_rng(0)
    table = {"share": rng.beta(0.8, 0.8, 300), "height": rng.normal(170, 10, 300)}
    model = stein.TableModel(widths=[16], steps=200, seed=1).fit(table, context=context)
    drawn = model.sample(2000, seed=2)
    for name, values in table.items():
        assert values.min() <= drawn[name].min() and drawn[name].max() <= values.max()
    free = stein.TableModel(widths=[16], steps=200, seed=1, bounded=False).fit(table, context=context)
    assert free.sample(2000, seed=2)["share"].max() > table["share"].max()
    free.save(tmp_path / "free")
    assert not stein.TableModel.load(tmp_path / "free", context=context).bounded
