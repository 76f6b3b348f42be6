"""Calls in any order, with what must come of each said by a model in Python: living objects serve, closed ones are refused, nothing else happens.

R4, R5, R6, R15. With STEIN_SOAK=N: N seconds or more of machines that differ from run to run.
"""

import json
import os
import pickle
import tempfile
import time

import numpy as np
import stein
from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, precondition, rule, run_state_machine_as_test

FAMILIES = {
    "network": dict(family="score_mlp", widths=[4], dropout=0),
    "energy": dict(family="energy_mlp", widths=[4], activation="softplus"),
    "gaussian": dict(family="gaussian"),
    "mixture": dict(family="mixture", components=2),
}


class Expected:
    """What is known of an object: whether it lives, and what it must answer."""

    def __init__(self, thing, **known):
        self.thing, self.living = thing, True
        self.__dict__.update(known)


def refusal(function, *arguments, **options):
    """The status that a call is refused with, or "" and its result."""
    try:
        return "", function(*arguments, **options)
    except stein.SteinError as failure:
        assert str(failure)
        return failure.name, failure


class AnyOrder(RuleBasedStateMachine):
    contexts, datasets, models, trainers, chains = (
        Bundle(name) for name in ("contexts", "datasets", "models", "trainers", "chains")
    )

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.all = []
        self.files = 0

    def know(self, thing, **known):
        self.all.append(Expected(thing, **known))
        return self.all[-1]

    def path(self):
        self.files += 1
        return os.path.join(self.folder.name, f"file{self.files}")

    def expect(self, wanted, function, *arguments, **options):
        """Calls a function: `wanted` is the status that must come of it, "" for a result."""
        name, result = refusal(function, *arguments, **options)
        assert name == wanted, f"{function}: {name or 'a result'}, not {wanted or 'a result'}: {result}"
        event(f"{getattr(function, '__name__', function)}: {name or 'served'}")
        return None if name else result

    @initialize(target=contexts)
    def first_context(self):
        return self.know(stein.Context(threads=1))

    @rule(target=contexts, threads=st.integers(1, 3))
    def make_context(self, threads):
        return self.know(stein.Context(threads=threads))

    @rule(target=datasets, context=contexts, n=st.integers(5, 40), d=st.integers(1, 3), classes=st.booleans(), seed=st.integers(0, 9))
    def make_dataset(self, context, n, d, classes, seed):
        rows = np.random.default_rng(seed).gamma(2.0, size=(n, d))
        labels = np.arange(n) % 2 if classes else None
        wanted = "" if context.living else "STEIN_BAD_HANDLE"
        made = self.expect(wanted, stein.Dataset, rows, labels, context=context.thing)
        if made is None:
            return multiple()
        assert made.shape == (n, d)
        return self.know(made, context=context, n=n, d=d, classes=classes)

    @rule(target=models, dataset=datasets, family=st.sampled_from(sorted(FAMILIES)), seed=st.integers(0, 3))
    def make_model(self, dataset, family, seed):
        wanted = "" if dataset.living and dataset.context.living else "STEIN_BAD_HANDLE"
        if not wanted and dataset.classes and FAMILIES[family].get("family", "score_mlp") not in ("score_mlp", "energy_mlp"):
            wanted = "STEIN_BAD_VALUE"  # it has no use for labels
        made = self.expect(wanted, stein.Model, dataset.thing, seed=seed, **FAMILIES[family])
        if made is None:
            return multiple()
        return self.know(
            made, dataset=dataset, context=dataset.context, family=family, d=dataset.d, classes=dataset.classes, trained=False, trainer=None, bytes=made.to_bytes()
        )

    @rule(target=models, dataset=datasets, family=st.sampled_from(sorted(FAMILIES)))
    def fit(self, dataset, family):
        """A model that is trained at once."""
        if not dataset.living or not dataset.context.living or dataset.classes:
            return multiple()
        options = {} if family == "gaussian" else dict(steps=3, batch=8, validation=0)
        made = self.expect("", stein.fit, dataset.thing, **FAMILIES[family], **options)
        return self.know(
            made, dataset=dataset, context=dataset.context, family=family, d=dataset.d, classes=False, trained=True, trainer=None, bytes=made.to_bytes()
        )

    @rule(target=trainers, model=models, dataset=datasets, steps=st.integers(1, 12), seed=st.integers(0, 3))
    def make_trainer(self, model, dataset, steps, seed):
        fits = dataset.d == model.d and dataset.classes == model.classes
        if not model.living or not dataset.living:
            wanted = "STEIN_BAD_HANDLE"
        elif not fits:
            name, _ = refusal(stein.Trainer, model.thing, dataset.thing)
            assert name in ("STEIN_BAD_SHAPE", "STEIN_BAD_VALUE", "STEIN_BAD_STATE", ""), name
            return multiple()
        elif model.trainer is not None and model.trainer.living:
            wanted = "STEIN_BAD_STATE"
        else:
            wanted = ""
        closed_form = model.family == "gaussian"
        options = {} if closed_form else dict(steps=steps, batch=8, seed=seed, validation=0)
        made = self.expect(wanted, stein.Trainer, model.thing, dataset.thing, **options)
        if made is None:
            return multiple()
        model.trainer = self.know(made, model=model, dataset=dataset, step=0, steps=1 if closed_form else steps)
        return model.trainer

    @rule(trainer=trainers, steps=st.integers(0, 5))
    def run(self, trainer, steps):
        finished = self.expect("" if trainer.living else "STEIN_BAD_HANDLE", trainer.thing.run, steps)
        if finished is None:
            return
        trainer.step = min(trainer.steps, trainer.step + steps) if steps and trainer.steps > 1 else trainer.steps
        assert finished == (trainer.step == trainer.steps)
        trainer.model.trained = True
        if trainer.model.living:
            trainer.model.bytes = trainer.model.thing.to_bytes()

    @rule(trainer=trainers)
    def describe_trainer(self, trainer):
        described = self.expect("" if trainer.living else "STEIN_BAD_HANDLE", trainer.thing.describe)
        if described:
            assert described["step"] == trainer.step and described["finished"] == (trainer.step == trainer.steps)

    @rule(trainer=trainers, rate=st.sampled_from([1e-4, 0.01, -1.0]))
    def change(self, trainer, rate):
        wanted = "STEIN_BAD_HANDLE" if not trainer.living else "STEIN_BAD_OPTION" if rate < 0 else None
        name, _ = refusal(trainer.thing.set, rate=rate)
        assert name == wanted if wanted else name in ("", "STEIN_BAD_OPTION"), name

    @rule(model=models, n=st.integers(0, 6), seed=st.integers(0, 3))
    def sample(self, model, n, seed):
        wanted = "STEIN_BAD_HANDLE" if not model.living else "" if model.trained else "STEIN_BAD_STATE"
        if wanted == "STEIN_BAD_HANDLE":
            # Its shape is asked for first.
            self.expect(wanted, model.thing.sample, n, seed=seed, steps=2)
            return
        drawn = self.expect(wanted, model.thing.sample, n, seed=seed, steps=2)
        if drawn is not None:
            assert drawn.shape == (n, model.d) and np.isfinite(drawn).all()
            assert drawn.tobytes() == model.thing.sample(n, seed=seed, steps=2).tobytes()

    @rule(model=models, columns=st.integers(1, 4), bad=st.booleans())
    def score(self, model, columns, bad):
        rows = np.ones((3, columns))
        rows[1] = np.nan if bad else 0.5
        if not model.living:
            wanted = ("STEIN_BAD_HANDLE",)
        elif columns != model.d:
            wanted = ("STEIN_BAD_SHAPE", "STEIN_BAD_STATE")
        elif not model.trained:
            wanted = ("STEIN_BAD_STATE", "STEIN_NOT_FINITE")
        elif bad:
            wanted = ("STEIN_NOT_FINITE", "STEIN_BAD_VALUE") if model.classes else ("STEIN_NOT_FINITE",)
        else:
            wanted = ("", "STEIN_BAD_VALUE") if model.classes else ("",)
        name, out = refusal(model.thing.score, rows, 0.5)
        assert name in wanted, (name, wanted, out)
        if not name:
            assert out.shape == rows.shape and np.isfinite(out).all()

    @rule(target=models, model=models, context=contexts, way=st.sampled_from(["file", "bytes", "pickle"]))
    def copy(self, model, context, way):
        wanted = "STEIN_BAD_HANDLE" if not model.living else ""
        if way == "file":
            path = self.path()
            self.expect(wanted, model.thing.save, path)
            if wanted:
                assert not os.path.exists(path)
                return multiple()
            made = self.expect("" if context.living else "STEIN_BAD_HANDLE", stein.Model.load, path, context=context.thing)
        elif way == "bytes":
            data = self.expect(wanted, model.thing.to_bytes)
            if data is None:
                return multiple()
            made = self.expect("" if context.living else "STEIN_BAD_HANDLE", stein.Model.from_bytes, data, context=context.thing)
        else:
            data = self.expect(wanted, pickle.dumps, model.thing)
            made, context = (None, None) if data is None else (pickle.loads(data), Expected(None))
        if made is None:
            return multiple()
        assert made.to_bytes() == model.thing.to_bytes()
        return self.know(
            made, dataset=model.dataset, context=context, family=model.family, d=model.d, classes=model.classes, trained=model.trained, trainer=None, bytes=model.bytes
        )

    @rule(target=trainers, trainer=trainers)
    def resume(self, trainer):
        path, dataset = self.path(), trainer.dataset
        self.expect("" if trainer.living else "STEIN_BAD_HANDLE", trainer.thing.save, path)
        if not trainer.living:
            return multiple()
        wanted = "" if dataset.living and dataset.context.living else "STEIN_BAD_HANDLE"
        made = self.expect(wanted, stein.Trainer.resume, dataset.thing, path)
        if made is None:
            return multiple()
        model = self.know(
            made.model, dataset=dataset, context=dataset.context, family=trainer.model.family, d=dataset.d, classes=dataset.classes,
            trained=trainer.model.trained, trainer=None, bytes=made.model.to_bytes(),
        )
        model.trainer = self.know(made, model=model, dataset=dataset, step=trainer.step, steps=trainer.steps)
        return model.trainer

    @rule(target=chains, model=models, kernel=st.sampled_from(["nuts", "mala", "hmc"]))
    def make_chains(self, model, kernel):
        name, density = refusal(stein.Density.from_model, model.thing, sigma=0.5)
        if not model.living:
            assert name == "STEIN_BAD_HANDLE"
        elif model.family == "network":
            assert name in ("STEIN_UNSUPPORTED", "STEIN_BAD_STATE", "STEIN_BAD_VALUE")
        elif not model.trained:
            assert name == "STEIN_BAD_STATE"
        elif not model.classes:
            assert name == ""
        if name:
            return multiple()
        made = stein.Chains(density, kernel=kernel, chains=2, warmup=5)
        density.close()
        return self.know(made, d=model.d, count=0)

    @rule(chains=chains, n=st.integers(1, 4))
    def run_chains(self, chains, n):
        name, draws = refusal(chains.thing.run, n)
        assert name == ("" if chains.living else "STEIN_BAD_HANDLE"), draws
        if not name:
            assert draws.shape == (2, n, chains.d) and np.isfinite(draws).all()

    @rule(data=st.data())
    @precondition(lambda self: self.all)
    def close(self, data):
        known = data.draw(st.sampled_from(self.all))
        known.thing.close()
        known.living = False

    @invariant()
    def what_was_learnt_stays(self):
        """A model changes by its trainer's runs alone."""
        for known in self.all[-6:]:
            if known.living and isinstance(known.thing, stein.Model):
                assert known.thing.to_bytes() == known.bytes
                assert known.thing.describe()["trained"] == known.trained

    def teardown(self):
        for known in self.all:
            known.thing.close()
        self.folder.cleanup()


def short():
    return settings(
        derandomize=True, max_examples=200, stateful_step_count=50, deadline=None, database=None,
        suppress_health_check=list(HealthCheck),
    )


def test_any_order():
    seconds = float(os.environ.get("STEIN_SOAK", 0))
    if not seconds:
        run_state_machine_as_test(AnyOrder, settings=short())
        return
    rounds, until = 0, time.monotonic() + seconds
    while rounds == 0 or time.monotonic() < until:
        run_state_machine_as_test(AnyOrder, settings=settings(short(), derandomize=False, max_examples=200, stateful_step_count=80))
        rounds += 200
    print(json.dumps({"any order": {"machines": rounds, "calls at most": 80 * rounds, "wrong": 0}}))
