"""Training over ranks: threads that share a sum stand in for processes; processes by mpi4py where it is installed."""

import threading

import numpy as np
import pytest
import stein
from conftest import PATIENCE


class Sum:
    """Adds arrays over threads, rank after rank, and gives all the same; a rank that fails lets the others go."""

    def __init__(self, ranks):
        self.barrier = threading.Barrier(ranks, timeout=PATIENCE)
        self.parts = [None] * ranks
        self.calls = 0

    def of(self, rank):
        def allreduce(array):
            self.parts[rank] = array.copy()
            self.barrier.wait()
            total = self.parts[0].copy()
            for part in self.parts[1:]:
                total += part
            self.barrier.wait()
            array[:] = total
            self.calls += rank == 0

        return allreduce


def together(ranks, body):
    """body(rank, allreduce) on a thread for each rank: results, or what they raised."""
    shared, results = Sum(ranks), [None] * ranks

    def run(rank):
        try:
            results[rank] = body(rank, shared.of(rank))
        except BaseException as failure:  # noqa: BLE001
            results[rank] = failure

    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(ranks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    return results, shared


def table(n=600):
    rng = np.random.default_rng(5)
    base = rng.gamma(2.0, size=(n, 1))
    return np.hstack([base, 100 + 20 * base + 10 * rng.standard_normal((n, 1)), 0.01 * rng.standard_normal((n, 1))])


ROWS = table()
CUTS = {2: [0, 137, 600], 3: [0, 5, 400, 600]}
OPTIONS = dict(steps=120, batch=192, seed=3, checks=6)


def trained(model_bytes, rows, allreduce=None, rank=0, ranks=1, pieces=(0,), **options):
    context = stein.Context(threads=1)
    model = stein.Model.from_bytes(model_bytes, context=context)
    trainer = stein.Trainer(model, stein.Dataset(rows, context=context), **{**OPTIONS, **options})
    if allreduce is not None:
        trainer.set_allreduce(allreduce, rank, ranks)
    for piece in pieces:
        trainer.run(piece)
    return trainer


def weights(trainer):
    return np.concatenate([v.ravel() for v in trainer.model.parameters().values()])


FAMILIES = {
    "score": (dict(widths=[40, 40], dropout=0.1), {}),
    "energy, exact": (dict(family="energy_mlp", widths=[24], noise_conditional=False), dict(objective="exact")),
    "mixture, sliced": (dict(family="mixture", components=3), dict(objective="sliced_vr")),
}


@pytest.mark.parametrize("ranks", [2, 3])
@pytest.mark.parametrize("name", FAMILIES)
def test_ranks_are_one(ranks, name):
    of_model, of_trainer = FAMILIES[name]
    start = stein.Model(ROWS, **of_model, seed=2).to_bytes()
    alone = trained(start, ROWS, **of_trainer)
    cuts = CUTS[ranks]

    def body(rank, allreduce):
        return trained(start, ROWS[cuts[rank] : cuts[rank + 1]], allreduce, rank, ranks, **of_trainer)

    trainers, shared = together(ranks, body)
    for trainer in trainers:
        assert isinstance(trainer, stein.Trainer), trainer
    # The same weights on every rank, and those of one rank up to the order of float32 sums.
    one, *others = map(weights, trainers)
    assert all((other == one).all() for other in others)
    np.testing.assert_allclose(one, weights(alone), atol=2e-3 * np.abs(one).max(), rtol=0)
    described, known = trainers[0].describe(), alone.describe()
    assert described["ranks"] == ranks and described["rows"] == known["rows"] and described["step"] == known["step"]
    assert described["validation_rows"] == known["validation_rows"]
    np.testing.assert_allclose(described["best_validation"], known["best_validation"], rtol=1e-3, equal_nan=True)
    # One sum a step, one a check with rows held out, and one to begin with.
    checks = sum(check["validation"] is not None for check in described["history"])
    # A network over many levels is judged on the way and at the end.
    judged = 2 if (described["conclusion"] or {}).get("levels") else 0
    assert shared.calls == 1 + described["step"] + checks + judged


def test_first_steps_are_those_of_one_rank():
    """Before rounding has had time to grow: the gradients are the same sums."""
    start = stein.Model(ROWS, widths=[40, 40], seed=2).to_bytes()
    options = dict(steps=3, validation=0, warmup=0, rate=0.01)
    alone = weights(trained(start, ROWS, **options))
    moved = np.abs(alone - weights(trained(start, ROWS, **{**options, "rate": 0}))).max()
    trainers, _ = together(3, lambda r, f: trained(start, ROWS[CUTS[3][r] : CUTS[3][r + 1]], f, r, 3, **options))
    assert moved > 1e-3 and np.abs(weights(trainers[0]) - alone).max() < 1e-3 * moved


def test_local_steps():
    """Few sums, the same weights on every rank, and a loss that is hardly higher."""
    start = stein.Model(ROWS, widths=[40, 40], seed=2).to_bytes()
    options = dict(steps=400, local_steps=20, batch=256)
    alone = trained(start, ROWS, **{**options, "local_steps": 1})
    assert (weights(trained(start, ROWS, **options)) == weights(alone)).all()  # one rank needs no average
    trainers, shared = together(2, lambda r, f: trained(start, ROWS[CUTS[2][r] : CUTS[2][r + 1]], f, r, 2, **options))
    assert isinstance(trainers[0], stein.Trainer), trainers[0]
    assert (weights(trainers[0]) == weights(trainers[1])).all()
    described = trainers[0].describe()
    assert shared.calls < 1 + 400 / 20 + 2 * len(described["history"]) + 2
    assert described["best_validation"] < 1.03 * alone.describe()["best_validation"]


@pytest.mark.parametrize("local_steps", [1, 7])
def test_pieces_are_the_whole(local_steps):
    start = stein.Model(ROWS, widths=[16], seed=2).to_bytes()

    def body(pieces):
        return lambda r, f: trained(start, ROWS[CUTS[2][r] : CUTS[2][r + 1]], f, r, 2, pieces=pieces, local_steps=local_steps)

    whole, _ = together(2, body((0,)))
    parts, _ = together(2, body((7, 50, 0)))
    assert (weights(whole[0]) == weights(parts[1])).all()


@pytest.mark.parametrize("before, after", [(2, 3), (3, 1), (1, 2)])
def test_resume_with_another_number_of_ranks(tmp_path, before, after):
    start = stein.Model(ROWS, widths=[16], seed=2).to_bytes()
    path = tmp_path / "checkpoint"
    cuts = {1: [0, 600], **CUTS}

    def first(rank, allreduce):
        part = ROWS[cuts[before][rank] : cuts[before][rank + 1]]
        trainer = trained(start, part, allreduce if before > 1 else None, rank, before, pieces=(60,))
        if rank == 0:
            trainer.save(path)

    def second(rank, allreduce):
        trainer = stein.Trainer.resume(ROWS[cuts[after][rank] : cuts[after][rank + 1]], path)
        if after > 1:
            with pytest.raises(stein.SteinValueError, match="set_allreduce first"):
                trainer.run()
            trainer.set_allreduce(allreduce, rank, after)
        trainer.run()
        return trainer

    assert together(before, first)[0] == [None] * before
    trainers, _ = together(after, second)
    assert isinstance(trainers[0], stein.Trainer), trainers[0]
    np.testing.assert_allclose(weights(trainers[0]), weights(trained(start, ROWS)), atol=2e-3)


def test_other_rows_are_refused(tmp_path):
    start = stein.Model(ROWS, widths=[16], seed=2).to_bytes()
    path = tmp_path / "checkpoint"

    def first(rank, allreduce):
        trainer = trained(start, ROWS[CUTS[2][rank] : CUTS[2][rank + 1]], allreduce, rank, 2, pieces=(20,))
        if rank == 0:
            trainer.save(path)

    def second(rank, allreduce):
        stein.Trainer.resume(ROWS[:200], path).set_allreduce(allreduce, rank, 2)

    together(2, first)
    assert all("was made with 600 rows" in str(raised) for raised in together(2, second)[0])


def test_a_rank_that_stops_stops_all():
    start = stein.Model(ROWS, widths=[16], seed=2).to_bytes()

    def body(rank, allreduce):
        context = stein.Context(threads=1)
        model = stein.Model.from_bytes(start, context=context)
        trainer = stein.Trainer(model, stein.Dataset(ROWS[CUTS[2][rank] : CUTS[2][rank + 1]], context=context), **{**OPTIONS, "steps": 10**6})
        trainer.set_allreduce(allreduce, rank, 2)

        def progress(watch):
            if rank == 1 and watch.step > 20:
                raise KeyError("mine")

        try:
            trainer.run(progress=progress)
        except BaseException as failure:  # noqa: BLE001
            return failure, trainer.describe()["step"]

    (first, step), (second, other) = together(2, body)[0]
    assert isinstance(second, KeyError) and step == other > 20
    # The wrapper of a raising progress function returns 2.
    assert first.name == "STEIN_CALLBACK_FAILED" and first.callback_code == 2 and "another rank" in str(first)


@pytest.mark.parametrize("local_steps", [1, 7])
@pytest.mark.parametrize("stop", [6, 13])  # with seven local steps found out at step 14, and at 21, which is one of a check
def test_going_on_after_a_stop_leaves_no_trace(local_steps, stop):
    start = stein.Model(ROWS, widths=[16], seed=2).to_bytes()
    options = dict(steps=63, checks=3, local_steps=local_steps)

    def stopped(rank, allreduce):
        watches = []

        def cancelling(array):
            if rank == 1 and watches and watches[0].step == stop:
                watches.pop().cancel()
            allreduce(array)

        part = ROWS[CUTS[2][rank] : CUTS[2][rank + 1]]
        trainer = trained(start, part, cancelling, rank, 2, pieces=(), **options)
        with pytest.raises(stein.SteinInterrupted):
            trainer.run(progress=lambda watch: watches.append(watch) if watch.step == 0 and not watches else None)
        assert trainer.describe()["step"] == stop + (1 if local_steps == 1 else 1 + local_steps)
        trainer.run()
        return trainer

    whole, _ = together(2, lambda r, f: trained(start, ROWS[CUTS[2][r] : CUTS[2][r + 1]], f, r, 2, **options))
    again, _ = together(2, stopped)
    assert isinstance(again[0], stein.Trainer), again
    for one, other in zip(whole, again, strict=True):
        assert (weights(one) == weights(other)).all()
        assert one.describe()["history"] == other.describe()["history"]


def test_a_failing_sum_comes_out_unchanged():
    start = stein.Model(ROWS, widths=[16], seed=2).to_bytes()
    calls = []

    def broken(array):
        calls.append(array.dtype)
        if len(calls) > 3:
            raise ConnectionError("the network is gone")

    with pytest.raises(ConnectionError, match="the network is gone"):
        trained(start, ROWS, broken, 0, 1)
    assert calls == [np.float64, np.float32, np.float32, np.float32]


def test_what_ranks_refuse():
    start = stein.Model(ROWS, widths=[16], seed=2).to_bytes()
    other = stein.Model(ROWS, widths=[16], seed=3).to_bytes()

    def differing(rank, allreduce):
        trained((start, other)[rank], ROWS[CUTS[2][rank] : CUTS[2][rank + 1]], allreduce, rank, 2)

    assert all("models or trainers differ" in str(raised) for raised in together(2, differing)[0])

    def twice(rank, allreduce):
        trained(start, ROWS[CUTS[2][rank] : CUTS[2][rank + 1]], allreduce, 0, 2)

    assert any("given twice" in str(raised) for raised in together(2, twice)[0])
    same = lambda array: None  # noqa: E731
    with pytest.raises(stein.SteinValueError, match="before the first run"):
        trained(start, ROWS, pieces=(2,)).set_allreduce(same, 0, 1)
    with pytest.raises(stein.SteinUnsupported, match="closed forms"):
        stein.Trainer(stein.Model(ROWS, "gaussian"), ROWS).set_allreduce(same, 0, 1)
    for rank, ranks in [(-1, 2), (2, 2), (0, 0)]:
        with pytest.raises(stein.SteinValueError):
            stein.Trainer(stein.Model(ROWS, widths=[8]), ROWS).set_allreduce(same, rank, ranks)
