"""Objects, arrays and errors."""

import gc
import pickle

import numpy as np
import pytest
import stein


def test_version_and_options():
    assert stein.version() == "0.2.0"
    names = [o["name"] for o in stein.options("trainer")]  # R16
    assert {"objective", "steps", "rate", "seed"} <= set(names)
    with pytest.raises(stein.SteinValueError):
        stein.options("nothing")


def test_errors_name_what_is_wrong(rows):  # R1, R2
    with pytest.raises(stein.SteinValueError, match="did you mean 'widths'") as caught:
        stein.Model(stein.Dataset(rows), widht=3)
    assert (caught.value.name, caught.value.option, caught.value.parameter) == ("STEIN_BAD_OPTION", "widht", 3)
    assert isinstance(caught.value, ValueError)
    with pytest.raises(stein.SteinFileError) as caught:
        stein.Dataset.open("/nowhere/x.csv")
    assert caught.value.name == "STEIN_NO_FILE" and isinstance(caught.value, OSError)
    with pytest.raises(stein.SteinUnsupported, match="energy_mlp"):
        stein.fit(rows, widths=[8], steps=2).energy(rows)
    with pytest.raises(stein.SteinMemoryError):
        stein.Dataset(np.zeros((10000, 10)) + rows[:1, :1], context=stein.Context(memory_limit=1000))


def test_values_that_are_not_finite_are_named(rows):
    rows[5, 2] = np.nan
    with pytest.raises(stein.SteinValueError, match="row 5, column 2"):
        stein.Dataset(rows)


@pytest.mark.parametrize("change", [
    lambda a: np.asfortranarray(a), lambda a: a[::-1][::-1], lambda a: np.repeat(a, 2, 0)[::2],
    lambda a: np.hstack([a, a])[:, :3], lambda a: a.astype(">f8"), lambda a: a.tolist(),
])
def test_layouts_give_the_same_dataset(rows, change):
    assert stein.Dataset(change(rows)).describe() == stein.Dataset(rows).describe()


def test_dtypes(rows):
    for dtype in (np.float32, np.int16, np.uint8, np.float16, bool):
        assert stein.Dataset(np.abs(rows[:, :2]).astype(dtype)).shape == (300, 2)
    single = stein.Dataset(rows.astype(np.float32)).describe()["mean"]
    assert np.allclose(single, rows.mean(0), rtol=1e-5, atol=1e-6)


def test_read_only_input_stays(rows, model):
    rows.flags.writeable = False
    before = rows.copy()
    model.score(rows, 0.5)
    assert (rows == before).all()


def test_outputs(rows, model):
    out = np.zeros((4, 3, 2), np.float64)[:, :, 0]
    model.sample(out=out, seed=4)
    assert np.allclose(out, model.sample(4, seed=4), rtol=1e-6)
    with pytest.raises(stein.SteinValueError, match="7"):
        model.sample(out=np.zeros((4, 7)))


def test_units(rows):
    """Tweedie's formula in the data's units: x + sigma^2 scale^2 s(x) (Efron 2011)."""
    model = stein.fit(rows, family="gaussian")
    described = model.describe()
    scale = np.array(described["scale"])
    x = rows[:20] + 0.3 * scale
    assert np.allclose(model.denoise(x, 0.7), x + 0.49 * scale**2 * model.score(x, 0.7), rtol=1e-5)
    # And the Gaussian's score is known.
    covariance = np.cov(rows.T, bias=True) + np.diag(0.49 * scale**2)
    exact = -np.linalg.solve(covariance, (x - rows.mean(0)).T).T
    assert np.allclose(model.score(x, 0.7), exact, rtol=2e-4, atol=1e-4 * np.abs(exact).max(0))
    energy = 0.5 * np.einsum("ij,ij->i", x - rows.mean(0), -exact) + 0.5 * np.linalg.slogdet(2 * np.pi * covariance)[1]
    assert np.allclose(model.energy(x, 0.7), energy, rtol=1e-4, atol=1e-4)


def test_score_is_the_gradient_of_the_energy(rows):
    model = stein.fit(rows, family="energy_mlp", widths=[16, 16], steps=100)
    scale = np.array(model.describe()["scale"])
    x = rows[:10]
    for column in range(3):
        h = np.zeros(3)
        h[column] = 0.02 * scale[column]
        slope = (model.energy(x + h, 0.5).astype(float) - model.energy(x - h, 0.5)) / (2 * h[column])
        assert np.allclose(-slope, model.score(x, 0.5)[:, column], rtol=0.01, atol=0.01 / scale[column])


@pytest.mark.parametrize("objective", ["exact", "sliced_vr"])
def test_energy_of_one_level(objective):
    """Score matching finds a Gaussian's covariance: the score's slope is the inverse of it (with the noise of training)."""
    rng = np.random.default_rng(0)
    mixing = np.array([[1.0, 0.8], [0.0, 0.6]])
    rows = rng.standard_normal((4000, 2)) @ mixing
    model = stein.fit(
        rows, family="energy_mlp", noise_conditional=False, objective=objective, widths=[32, 32], steps=1500,
        noise=0.1, validation=0, scale="common",
    )
    scale = model.describe()["scale"][0]
    exact = -rows[:500] @ np.linalg.inv(np.cov(rows.T) + (0.1 * scale) ** 2 * np.eye(2))
    error = ((model.score(rows[:500]) - exact) ** 2).sum() / (exact**2).sum()
    assert error < 0.1
    samples = model.sample(1000, steps=1500, step_size=0.02, seed=0)
    assert np.allclose(np.cov(samples.T), np.cov(rows.T), atol=0.25)


def test_constant_columns_come_back(rows):
    with_constant = np.insert(rows, 1, 42.0, axis=1)
    model = stein.fit(with_constant, widths=[8], steps=5)
    assert (model.sample(10)[:, 1] == 42).all()
    assert (model.score(with_constant, 0.5)[:, 1] == 0).all()
    with pytest.raises(stein.SteinValueError, match="constant"):
        stein.Model(np.ones((5, 2)))


def test_save_and_load(tmp_path, rows, model):
    path = tmp_path / "model.safetensors"
    model.save(path)
    loaded = stein.Model.load(path)
    assert loaded.to_bytes() == model.to_bytes() == path.read_bytes()
    assert (loaded.sample(5, seed=0) == model.sample(5, seed=0)).all()
    assert (pickle.loads(pickle.dumps(model)).sample(5, seed=0) == model.sample(5, seed=0)).all()
    safetensors = pytest.importorskip("safetensors.numpy").load_file(path)
    # Beside the parameters the covariance of the data, by its axes.
    axes, variances = safetensors.pop("data/axes"), safetensors.pop("data/variances")
    assert safetensors.pop("data/shrunk_variances").shape == variances.shape
    u = (rows - rows.mean(0)) / rows.std(0)
    np.testing.assert_allclose(axes @ np.diag(variances) @ axes.T, u.T @ u / len(u), atol=1e-5)
    assert set(safetensors) == set(model.parameters())
    for name, value in model.parameters().items():
        assert (safetensors[name] == value).all()
    spoilt = bytearray(path.read_bytes())
    spoilt[10] ^= 1
    with pytest.raises(stein.SteinFileError):
        stein.Model.from_bytes(bytes(spoilt))


def test_objects_live_as_long_as_they_are_needed(rows):  # R6
    context = stein.Context(threads=1)
    dataset = stein.Dataset(rows, context=context)
    other = stein.Dataset(rows, context=context)
    model = stein.Model(dataset, widths=[8])
    with stein.Trainer(model, dataset, steps=4) as trainer:
        dataset.close()
        context.close()
        assert trainer.run()
        with pytest.raises(stein.SteinValueError, match="trainer"):
            stein.Trainer(model, other)
    assert model.sample(2).shape == (2, 3)
    with pytest.raises(stein.SteinValueError, match="dataset is NULL"):
        dataset.describe()
    del model
    gc.collect()


def test_untrained_and_out_of_range(rows, model):
    with pytest.raises(stein.SteinValueError, match="not trained"):
        stein.Model(rows).sample(1)
    with pytest.raises(stein.SteinValueError, match="was trained from"):
        model.score(rows, 1e6)


def test_image_shapes():
    rng = np.random.default_rng(0)
    images = rng.random((50, 1, 4, 4))
    model = stein.fit(images, widths=[16], steps=10)
    assert model.shape == (1, 1, 4, 4)
    assert model.sample(3).shape == (3, 1, 4, 4)
    assert len(set(model.describe()["scale"])) == 1


def test_classes(rows):
    labels = (rows[:, 0] > 2).astype(int) * 5 - 1
    model = stein.fit(rows, labels, widths=[32], steps=400)
    assert model.describe()["classes"] == [-1, 4]
    high = model.sample(labels=np.full(200, 4), seed=0)
    low = model.sample(labels=np.full(200, -1), seed=0)
    assert high[:, 0].mean() > low[:, 0].mean() + 1
    assert model.sample(10).shape == (10, 3)
    with pytest.raises(stein.SteinValueError, match="no class"):
        model.sample(labels=[3])
    with pytest.raises(stein.SteinValueError, match="label_dropout"):
        model.score(rows, 0.5)


@pytest.mark.parametrize("family", ["score_mlp", "energy_mlp"])
def test_geometric_ladder(rows, family):
    """Both networks over a ladder of levels (Song & Ermon 2020), drawn by annealed Langevin: location and spread of the data."""
    model = stein.fit(rows, family=family, widths=[64, 64], steps=1500, schedule="geometric", sigma_min=0.05, validation=0)
    described = model.describe()
    assert described["sigma_min"] == 0.05 and described["sigma_max"] == pytest.approx(described["largest_distance"])
    samples = model.sample(600, sampler="annealed_langevin", seed=1)
    scale = rows.std(0)
    assert np.allclose(samples.mean(0) / scale, rows.mean(0) / scale, atol=0.25)
    assert np.allclose(samples.std(0) / scale, 1, atol=0.3)
    assert abs(np.corrcoef(samples.T)[0, 1] - np.corrcoef(rows.T)[0, 1]) < 0.15


def test_levels_are_described(rows):
    dataset = stein.Dataset(rows)
    with stein.Trainer(stein.Model(dataset, widths=[16]), dataset, steps=40, validation=0.1) as trainer:
        trainer.run()
        described = trainer.describe()
    sigmas = [level["sigma"] for level in described["levels"]]
    assert len(sigmas) == 10 and sigmas == sorted(sigmas) and described["step"] == 40
    assert all(np.isfinite(level["loss"]) for level in described["levels"])
