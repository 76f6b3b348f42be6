"""A model that goes on with rows that its location and scale were not taken from: told, or taken anew."""

import warnings

import numpy as np
import pytest

import stein

SCALE, SHIFT = np.array([30.0, 1.0, 0.02]), np.array([500.0, 0.0, -3e3])


def sample(seed, n=500):
    """Skewed, badly scaled and correlated."""
    rng = np.random.default_rng(seed)
    x = np.stack([rng.gamma(2, 1e-3, n), rng.normal(5, 2, n), 100 * rng.exponential(1, n)], 1)
    x[:, 1] += 1e3 * x[:, 0]
    return x


ROWS = sample(1)
SMALL = dict(widths=[16, 16], steps=150, seed=1)


@pytest.fixture
def model():
    with stein.fit(ROWS, **SMALL) as fitted:
        yield stein.Model.from_bytes(fitted.to_bytes())


def told(trainer):
    return [sentence for sentence in trainer.describe()["warnings"] if sentence.startswith("these rows")]


@pytest.mark.parametrize("options", [{}, {"scale": "common"}, {"scale": "none"}, {"family": "mixture"}])
def test_another_sample_of_the_same_law_is_not_other_rows(options):
    for seed in range(2, 6):
        x = sample(seed) / [1e-3, 1, 100]
        with stein.Model(ROWS / [1e-3, 1, 100], **{"family": "mixture", **options}) as made, stein.Trainer(made, x) as trainer:
            assert told(trainer) == []


@pytest.mark.parametrize("options", [{}, {"scale": "common"}, {"scale": "none"}])
@pytest.mark.parametrize("other", [lambda x: x + [0, 4, 0], lambda x: 1.6 * x, lambda x: x / 1.6], ids=["moved", "wider", "narrower"])
def test_other_rows_are_told(options, other):
    rows = ROWS / [1e-3, 1, 100]
    with stein.Model(rows, "mixture", **options) as made, stein.Trainer(made, other(rows), steps=1) as trainer:
        (sentence,) = told(trainer)
        assert ("rescale=true" in sentence) == (options.get("scale") != "none")
        with pytest.warns(UserWarning, match="location and scale were taken from"):
            trainer.run()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            trainer.run()


def test_the_old_scale_stays_unless_it_is_taken_anew(model):
    before = model.describe()
    with stein.Trainer(model, ROWS * SCALE + SHIFT, steps=2) as trainer:
        assert "column 2" in told(trainer)[0] or "column 0" in told(trainer)[0]
        with pytest.warns(UserWarning):
            trainer.run()
    after = model.describe()
    assert (after["mean"], after["scale"]) == (before["mean"], before["scale"])


def test_taken_anew_the_same_weights_draw_the_same_rows_in_other_units(model, tmp_path):
    """Rows a x + b are the same rows in units of u, so that what a model draws is a x + b."""
    drawn, holes = model.sample(200, seed=4), np.where([False, True, False], np.nan, ROWS[:50])
    filled = model.impute(holes, seed=4)
    with warnings.catch_warnings(), stein.Trainer(model, ROWS * SCALE + SHIFT, rescale=True, steps=20, seed=3) as trainer:
        warnings.simplefilter("error")
        assert told(trainer) == []
        other = ROWS * SCALE + SHIFT
        np.testing.assert_allclose(model.describe()["mean"], other.mean(0), rtol=1e-9)
        np.testing.assert_allclose(model.describe()["scale"], other.std(0), rtol=1e-6)
        bound = 2e-3 * other.std(0)
        assert (abs(model.sample(200, seed=4).astype(float) - (drawn * SCALE + SHIFT)) < bound + 4e-7 * abs(SHIFT)).all()
        again = model.impute(holes * SCALE + SHIFT, seed=4).astype(float)
        assert (abs(again - (filled * SCALE + SHIFT)) < bound + 4e-7 * abs(SHIFT)).all()
        model.save(tmp_path / "model.stein")
        with stein.Model.load(tmp_path / "model.stein") as loaded:
            assert loaded.sample(20, seed=5).tobytes() == model.sample(20, seed=5).tobytes()
        # A checkpoint goes on in the new units, to the same bits.
        trainer.run(7)
        trainer.save(tmp_path / "trainer.stein")
        trainer.run()
    with stein.Trainer.resume(other, tmp_path / "trainer.stein") as resumed:
        assert told(resumed) == []
        resumed.run()
        assert resumed.model.to_bytes() == model.to_bytes()


def test_one_scale_for_all_columns_stays_one(tmp_path):
    pictures = np.random.default_rng(0).gamma(2, 1, (80, 3, 3, 1)) * np.linspace(1, 5, 9).reshape(3, 3, 1)
    with stein.Model(pictures, "score_unet", widths=[4], blocks=1) as made, stein.Trainer(made, 7 * pictures + 2, rescale=True, steps=1):
        scale = np.ravel(made.describe()["scale"])
        assert len(set(scale)) == 1
        np.testing.assert_allclose(scale[0], 7 * np.sqrt(pictures.reshape(80, 9).var(0).mean()), rtol=1e-6)


@pytest.mark.parametrize(
    ("options", "other", "match"),
    [
        ({"scale": "none"}, ROWS + 1, "scale=none; make a new model"),
        ({"family": "exponential", "domain": "box", "lower": 0}, ROWS + 1, "box or ball"),
        ({}, ROWS * [1, 0, 1] + 1, "column 1 is constant"),
        ({}, ROWS[:, :2], "the data set has 2 columns, the model 3"),
    ],
)
def test_refused_it_leaves_the_model_as_it_was(options, other, match):
    with stein.Model(ROWS, **{"family": "mixture", **options}) as made:
        before = made.to_bytes()
        with pytest.raises(ValueError, match=match):
            stein.Trainer(made, other, rescale=True)
        with stein.Trainer(made, ROWS), pytest.raises(stein.SteinError, match="has a trainer"):
            stein.Trainer(made, 2 * ROWS, **({} if options.get("scale") == "none" or "domain" in options else {"rescale": True}))
        assert made.to_bytes() == before


def test_the_half_line_keeps_its_origin():
    rows = abs(ROWS) + 1e-9
    with stein.Model(rows, "exponential", domain="positive", statistics="pairwise") as made, stein.Trainer(made, 3 * rows, rescale=True) as trainer:
        trainer.run()
        told = made.describe()
    assert np.ravel(told["mean"]).tolist() == [0, 0, 0]
    np.testing.assert_allclose(told["scale"], (3 * rows).std(0), rtol=1e-6)


def test_constants_and_classes_that_do_not_fit_are_told():
    flat = ROWS * [1, 0, 1]
    for then, now, match in [(flat, ROWS, "one alone"), (ROWS, flat, "do not vary"), (flat, flat + [0, 3, 0], "one alone")]:
        with stein.Model(then, "mixture") as made, stein.Trainer(made, now) as trainer:
            assert any(match in sentence and "column 1" in sentence for sentence in told(trainer)), told(trainer)
    labels = np.arange(500) % 4
    few = np.where(np.arange(500) < 400, 2, labels)
    for now, count in [(labels, 0), (np.roll(labels, 1), 0), (few, 1)]:
        with stein.Dataset(ROWS, labels) as data, stein.Dataset(ROWS, now) as other, stein.Model(data, **{"widths": [4]}) as made:
            with stein.Trainer(made, other) as trainer:
                assert len(told(trainer)) == count
                assert all("2 is 85.0 % of them, 25.0 % of the model's" in sentence for sentence in told(trainer))


def test_ranks_take_one_scale(model):
    with stein.Trainer(model, ROWS, rescale=True) as trainer, pytest.raises(ValueError, match="rank 0 makes a trainer"):
        trainer.set_allreduce(lambda values: None, 0, 1)
