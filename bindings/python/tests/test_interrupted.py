"""Fits that are stopped keep what was learnt, and long work says its length first."""

import signal
import sys
import threading
import os

import numpy as np
import pytest
import stein
from stein import _progress

ROWS = np.random.default_rng(0).gamma(2.0, size=(300, 3))
TABLE = {"a": ROWS[:, 0], "b": ROWS[:, 1]}
LONG = {"steps": 10**8, "patience": 0, "widths": [8], "seed": 1}


def after(step, act):
    """A progress function that acts once so many steps are behind."""

    def progress(watch):
        if watch.step >= step:
            act()

    return progress


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)


class Mine(Exception):
    pass


def fail():
    raise Mine("mine")


def fits():
    estimator = pytest.importorskip("stein.sklearn").ScoreModel("score_mlp", steps=LONG["steps"], options={"patience": 0, "widths": [8]}, random_state=0)
    return {
        "fit": (lambda **o: stein.fit(ROWS, context=stein.Context(threads=1), **LONG, **o), lambda m: m.sample(3)),
        "TableModel.fit": (lambda **o: stein.TableModel(**LONG).fit(TABLE, context=stein.Context(threads=1), **o), lambda m: m.sample(3)["a"]),
        "ScoreModel.fit": (lambda **o: estimator.fit(ROWS, **o), lambda m: m.sample(3)),
    }


@pytest.mark.parametrize("name", ["fit", "TableModel.fit", "ScoreModel.fit"])
def test_a_deadline_returns_the_model(name):
    fit, draw = fits()[name]
    with pytest.warns(stein.SteinWarning, match=r"deadline passed: training stopped at step [1-9][0-9]* of 100000000; the model is what was learnt until then"):
        model = fit(deadline=0.5)
    assert np.isfinite(draw(model)).all() and len(draw(model)) == 3


@pytest.mark.parametrize("name", ["fit", "TableModel.fit", "ScoreModel.fit"])
@pytest.mark.parametrize("kind, act, error", [("Ctrl-C", interrupt, KeyboardInterrupt), ("an exception", fail, Mine)])
def test_what_stops_a_fit_has_the_model(name, kind, act, error):
    fit, draw = fits()[name]
    with pytest.raises(error) as caught:
        fit(progress=after(50, act))
    model = caught.value.model
    assert np.isfinite(draw(model)).all() and len(draw(model)) == 3
    if kind == "Ctrl-C":
        assert "training stopped at step" in str(caught.value) and "of 100000000" in str(caught.value)
    else:
        assert str(caught.value) == "mine"


def test_cancelled_by_its_progress_function():
    with pytest.raises(stein.SteinInterrupted, match="training stopped at step [1-9][0-9]* of 100000000; the model is") as caught:
        stein.fit(ROWS, progress=lambda watch: watch.step >= 20, **LONG)
    assert caught.value.model.sample(2).shape == (2, 3)


@pytest.mark.parametrize("family", ["energy_mlp", "mixture", "nice", "autoregressive", "deep_kernel_exponential"])
def test_every_family_keeps_what_it_learnt(family):
    with pytest.raises(stein.SteinInterrupted, match="the model is what was learnt until then") as caught:
        stein.fit(ROWS, family=family, steps=10**8, patience=0, progress=lambda watch: watch.step >= 20, context=stein.Context(threads=1))
    assert np.isfinite(caught.value.model.sample(2)).all()


def test_before_the_first_step_there_is_no_model():
    """Then nothing is returned, and the words say so."""
    with pytest.raises(stein.SteinInterrupted, match="training stopped at step 0 of 100000000; nothing was learnt yet") as caught:
        stein.fit(ROWS, deadline=-1, **LONG)
    assert not hasattr(caught.value, "model")
    stopped = lambda watch: interrupt()  # noqa: E731
    with pytest.raises(KeyboardInterrupt) as caught:
        stein.TableModel(**LONG).fit(TABLE, progress=stopped)
    assert hasattr(caught.value, "model") == ("step 0 of" not in str(caught.value))


def test_what_is_kept_is_what_the_trainer_would_show():
    """The model of a fit that was stopped after so many steps is that of a trainer stopped there."""
    seen = []

    def progress(watch):
        seen.append(watch.step)
        return watch.step >= 30

    with pytest.raises(stein.SteinInterrupted) as caught:
        stein.fit(ROWS, progress=progress, context=stein.Context(threads=1), **LONG)
    words = str(caught.value)
    step = int(words.split("at step ")[1].split(" ")[0])
    dataset = stein.Dataset(ROWS, context=stein.Context(threads=1))
    model = stein.Model(dataset, widths=[8], seed=1)
    stein.Trainer(model, dataset, steps=LONG["steps"], patience=0, seed=1).run(step)
    assert model.to_bytes() == caught.value.model.to_bytes()


def test_an_interrupted_estimator_that_has_no_offset_says_so():
    module = pytest.importorskip("stein.sklearn")
    from sklearn.exceptions import NotFittedError

    estimator = module.ScoreModel("gaussian", random_state=0).fit(ROWS)
    estimator.set_params(family="score_mlp", steps=10**8, options={"widths": [8], "patience": 0})
    with pytest.raises(KeyboardInterrupt):
        estimator.fit(ROWS, progress=after(50, interrupt))
    assert estimator.sample(2).shape == (2, 3) and estimator.score_samples(ROWS[:3]).shape == (3,)
    with pytest.raises(NotFittedError):
        estimator.predict(ROWS)


# ---- How long it takes


class Clock:
    """A monotonic clock of one's own, and a monitor with it."""

    def __init__(self, monkeypatch, steps=1000):
        self.now = 100.0
        self.step, self.steps, self.loss, self.validation, self.cancel = 0, steps, float("nan"), float("nan"), 0
        monkeypatch.setattr("stein._call.time.monotonic", lambda: self.now)

    def at(self, step, seconds):
        self.step, self.now = step, 100.0 + seconds


def test_seconds_left(monkeypatch):
    clock = Clock(monkeypatch)
    watch = stein._call.Watch(clock)
    assert watch.seconds_left is None
    for step, seconds, expected in [(0, 1, None), (9, 9, None), (10, 10, 990.0), (500, 100, 100.0), (1000, 150, 0.0)]:
        clock.at(step, seconds)
        assert watch.seconds_left == expected and watch.elapsed == seconds
    # A run that goes on has its first steps behind it.
    clock = Clock(monkeypatch)
    clock.at(900, 0)
    watch = stein._call.Watch(clock)
    assert watch.seconds_left is None
    clock.at(910, 5)
    assert watch.seconds_left == 45.0


def test_the_length_is_said_first(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    clock = Clock(monkeypatch, 20_000)
    bar = _progress.Bar("stein_trainer_run", "training score_mlp")
    watch = stein._call.Watch(clock)
    for step, seconds in [(0, 0), (100, 1.5), (200, 3.5), (210, 3.6)]:
        clock.at(step, seconds)
        bar.show(watch)
    lines = [line for line in capsys.readouterr().err.splitlines() if "about" in line]
    assert lines == ["training score_mlp: 20000 steps, about 6 min from here"]


def test_describe_says_how_long(monkeypatch):
    trainer = stein.Trainer(stein.Model(ROWS, widths=[8]), ROWS, steps=1000, patience=0)
    told = trainer.describe()
    assert told["seconds"] == 0 and told["seconds_left"] is None
    trainer.run(9)
    assert trainer.describe()["seconds"] > 0 and trainer.describe()["seconds_left"] is None
    trainer.run(191)
    told = trainer.describe()
    assert np.isclose(told["seconds_left"], told["seconds"] / 200 * 800)
    assert trainer.run() and trainer.describe()["seconds_left"] == 0


def test_bars_name_what_runs(capsys):
    pytest.importorskip("tqdm")
    model = stein.fit(ROWS, widths=[8], steps=30, progress=True)
    assert "training score_mlp" in capsys.readouterr().err
    for call, name in [
        (lambda: model.sample(20, progress=True), "drawing rows"), (lambda: model.impute(np.where([True, False, False], np.nan, ROWS[:5]), progress=True), "imputing rows"),
        (lambda: model.score(ROWS, 0.5, progress=True), "scores of rows"), (lambda: stein.sliced_wasserstein(ROWS, ROWS, progress=True), "the sliced Wasserstein distance"),
    ]:
        call()
        assert name in capsys.readouterr().err
    every = [name for name in stein._abi.PROTOTYPES if "stein_monitor" in str(stein._abi.PROTOTYPES[name])]
    assert set(every) == set(_progress._WORK), "a call that takes a monitor has a name in words"
    assert threading.active_count() >= 1
