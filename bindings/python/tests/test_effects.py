"""Every option of every kind of text either changes what comes out or is refused: none is taken and ignored."""

import itertools

import numpy as np
import pytest
import stein

# What says which random numbers or how much of the machine, and may be given to any call.
ANYWHERE = {"seed", "first_index", "threads", "memory_limit", "precision"}
# What a value that is given needs beside it, and values that a rule can't guess.
VALUES = {
    "widths": "5,5", "exponents": "0.5,0", "lower": "-60", "upper": "70", "centre": "0.5,0.5,0.5", "radius": "70", "levels": "3,1,0.2",
    "noise": "0.25", "sigma": "0.5", "step_size": "0.013", "validation": "0.3", "batch": "17", "steps": "7", "names": "p,q,r",
    "columns": "2,0", "label": "1", "shape": "2", "starts": "1", "sizes": "1", "indices": "1,0", "axes": "0", "value": "0.4", "padding": "1",
    "stride": "2", "sigma_min": "0.07", "sigma_max": "2.2", "boundary_cap": "0.02", "length": "0.4", "thin": "2", "warmup": "11",
    "checks": "2", "patience": "1", "clip": "0.001", "ema": "0.1", "churn_max": "0.5", "churn_min": "0.5", "guidance_min": "0.5",
    "guidance_max": "0.5", "exponent": "-0.3", "max_tree_depth": "1", "blocks": "1", "kernels": "2", "reference": "20", "draws": "3", "tolerance": "0.01",
    "target_acceptance": "0.6", "rank": "1", "components": "3", "points": "9", "degree": "3", "probes": "4", "projections": "3",
    "strength": "2", "iterations": "1", "rate": "0.01", "decay": "none", "order": "1", "local_steps": "2", "trajectory": "3", "prefix": "a",
}  # fmt: skip


def other(option):
    """Texts that are not the option's default."""
    if option["name"] in VALUES:
        return [VALUES[option["name"]]]
    if option["type"] == "choice":
        return [choice for choice in option["choices"] if choice not in ("auto", option["default"])]
    if option["type"] == "flag":
        return [text for text in ("true", "false") if text != option["default"]]
    low, high, whole = option["minimum"], option["maximum"], option["type"] != "number"
    if option["default"] == "auto":
        return [str(low), str(min(high, low + 1))]
    default = float(option["default"])
    value = next(v for v in (default + 1, 2 * default, default / 2) if low <= v <= high and v != default)
    return [str(int(value) if whole else value)]


def walk(kind, outcome, situations, skip=()):
    """The options that do nothing in a situation: whose every value but the default is taken, and none changes the outcome.

    One that is refused for some values says something by the others, even if nothing else could be.
    """
    idle = []
    for situation in situations:
        try:
            plain = outcome(situation)
        except stein.SteinError:
            continue
        for option in stein.options(kind):
            name = option["name"]
            if name in situation or name in ANYWHERE or name in skip:
                continue
            try:
                if all(outcome(situation | {name: text}) == plain for text in other(option)):
                    idle.append(f"{situation}: {name}={other(option)}")
            except stein.SteinError:
                continue
    return idle


def complain(idle):
    assert not idle, "taken and without effect:\n" + "\n".join(idle)


def choices(kind, name):
    option = next(o for o in stein.options(kind) if o["name"] == name)
    return [choice for choice in option["choices"] if choice != "auto"]


def situations(kind, *names, **more):
    """Every combination of the choices of some options, with others given."""
    lists = [choices(kind, name) if isinstance(name, str) else [None] for name in names]
    return [dict(zip(names, combination)) | more for combination in itertools.product(*lists)]


ROWS = 1 + np.abs(np.random.default_rng(0).standard_normal((150, 3))) @ [[1, 0.4, 0], [0, 0.3, 0.2], [0.1, 0, 2]]
LABELS = np.arange(150) % 2
QUICK = {"warmup": "30", "chains": "2", "seed": "1"}


def test_chains():
    def draws(options):
        density = stein.Density(lambda x: (-0.5 * (x * x * [1.0, 30.0]).sum(1), -x * [1.0, 30.0]), 2)
        return stein.Chains(density, **(QUICK | options)).run(20).tobytes()

    each = situations("chains", "kernel") + situations("chains", "kernel", warmup="0", step_size="0.05")
    complain(walk("chains", draws, each))


@pytest.fixture(scope="module")
def networks():
    with_classes = stein.fit(ROWS, labels=LABELS, widths=[8], steps=30, label_dropout=0.2, seed=1)
    return {"classes": with_classes, "one level": stein.fit(ROWS, family="exponential", degree=2)}


@pytest.mark.parametrize("model", ["classes", "one level"])
def test_samplers(networks, model):
    def rows(options):
        return networks[model].sample(6, **({"seed": 1} | options)).tobytes()

    each = situations("sampler", "sampler", steps="9") + situations("sampler", "sampler") + [{}]
    each += [{"sampler": "predictor_corrector", "predictor": p, "corrector_steps": c, "steps": "9"} for p in ("none", "ancestral") for c in "02"]
    each += [{"sampler": "heun", "levels": "3,1,0.2"}, {"sampler": "heun", "churn": "3"}, {"sampler": "heun", "grid": "uniform"}]
    complain(walk("sampler", rows, each))


@pytest.mark.parametrize("model", ["classes", "one level"])
def test_imputations(networks, model):
    known = np.where([True, False, True], ROWS[:5], np.nan)

    def rows(options):
        return networks[model].impute(known, **({"seed": 1} | options)).tobytes()

    each = [{"method": m} for m in choices("impute", "method")]
    each += [{"method": "dps", "sampler": "euler"}, {"method": "covariance", "sampler": "ddim"}, {"method": "covariance", "noise": "0.3"}]
    complain(walk("impute", rows, [e | {"steps": "9"} for e in each] + [{}]))


def test_flow():
    score = stein.fit(ROWS, widths=[8], steps=30, seed=1)
    mixture = stein.fit(ROWS, family="mixture", steps=30, seed=1)
    z = np.random.default_rng(1).standard_normal((4, 3))
    complain(walk("encode", lambda o: score.encode(ROWS[:4], **o).tobytes(), [{}]))
    complain(walk("decode", lambda o: score.decode(z, **o).tobytes(), [{}]))
    each = [{}, *({"method": m} for m in choices("log_likelihood", "method")), {"trace": "hutchinson"}, {"trace": "exact"}]
    for fitted in (score, mixture):
        complain(walk("log_likelihood", lambda o: fitted.log_likelihood(ROWS[:4], **o).tobytes(), each))
    complain(walk("denoising", lambda o: str(score.denoise_error(ROWS, [0.5], **o)), [{}]))


def test_losses(networks):
    score = stein.fit(ROWS, widths=[8], steps=30, seed=1)
    own = stein.fit(ROWS, family="exponential", domain="positive", statistics="pairwise")
    for model in (score, own, networks["one level"]):
        each = [{"objective": o} for o in choices("loss", "objective")]
        each += [{"objective": o, "sigma": "0.3"} for o in choices("loss", "objective")] + [{}]
        each.append({"objective": "denoising", "noise_kernel": "student_t"})
        complain(walk("loss", lambda o: float(model.loss(ROWS, **o)), each))


MODELS = [
    dict(family="score_mlp", widths="8"), dict(family="score_mlp", widths="8", noise_conditional="false"), dict(family="energy_mlp", widths="8"),
    dict(family="gaussian"), dict(family="mixture", components="2"), dict(family="exponential"), dict(family="kernel_exponential", points="8"),
    dict(family="exponential", domain="positive", statistics="pairwise"), dict(family="deep_kernel_exponential", points="8", widths="8"),
    dict(family="nice", widths="8"), dict(family="autoregressive", widths="8"),
]  # fmt: skip


@pytest.mark.parametrize("labels", [False, True])
def test_trainers(labels):
    data = stein.Dataset(ROWS, LABELS) if labels else stein.Dataset(ROWS)

    def weights(options):
        options = dict(options)
        model = stein.Model(data, seed=3, **options.pop("model"))
        closed = {"steps": "6"} if options.get("objective") != "closed_form" and "steps" not in options else {}
        trainer = stein.Trainer(model, data, seed=4, **closed, **options)
        trainer.run()
        told = trainer.describe()
        del told["options"]
        for varying in ("seconds", "seconds_left", "steps_per_second"):
            told.pop(varying, None)
        return str(told), str(model.describe()), [p.tobytes() for p in model.parameters().values()]

    each = []
    for model in MODELS:
        if labels and not model["family"].endswith("mlp"):
            continue
        for objective in choices("trainer", "objective"):
            each.append({"model": model, "objective": objective})
            each.append({"model": model, "objective": objective, "validation": "0"})
    each.append({"model": MODELS[0], "objective": "denoising", "noise_kernel": "student_t"})
    # From its own location and scale a model takes the same; in so few steps no check is waited for; there is one rank.
    complain(walk("trainer", weights, each, skip={"rescale", "patience", "local_steps"}))


def test_patience_without_rows_to_wait_for():
    with pytest.raises(stein.SteinValueError, match="'patience' has no effect with validation=0"):
        stein.Trainer(stein.Model(ROWS, widths=[8]), ROWS, validation=0, patience=2)


@pytest.mark.parametrize("labels", [False, True])
def test_models(labels):
    data = stein.Dataset(ROWS, LABELS) if labels else stein.Dataset(ROWS)

    def made(options):
        model = stein.Model(data, **({"seed": 3} | options))
        return str(model.describe()), [p.tobytes() for p in model.parameters().values()]

    each = [{"family": f} for f in choices("model", "family")] + MODELS
    each += [{"family": "exponential", "domain": d} for d in ("positive", "box", "ball")]
    each += [{"family": "exponential", "domain": "box", "lower": "-9"}, {"family": "exponential", "domain": "ball", "radius": "70"}]
    each += [{"family": "exponential", "statistics": "pairwise"}, {"family": "mixture", "covariance": "low_rank"}]
    complain(walk("model", made, each, skip={"output"}))


def test_data(tmp_path):
    path = tmp_path / "rows.csv"
    np.savetxt(path, np.round(ROWS[:9]), delimiter=",")
    np.save(tmp_path / "rows.npy", np.round(ROWS[:9]))

    def opened(name):
        def read(options):
            return str(stein.Model(stein.Dataset.open(tmp_path / name, **options), widths=[8]).describe())

        return read

    complain(walk("dataset", opened("rows.csv"), [{}]) + walk("dataset", opened("rows.npy"), [{}]))


def test_diagnostics():
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((40, 2)), rng.standard_normal((30, 2)) + 0.3
    calls = {
        "kernel_stein_discrepancy": lambda o: str(stein.kernel_stein_discrepancy(a, -a, **o)),
        "sliced_wasserstein": lambda o: str(stein.sliced_wasserstein(a, b, **o)),
        "maximum_mean_discrepancy": lambda o: str(stein.maximum_mean_discrepancy(a, b, **o)),
    }
    for kind, call in calls.items():
        kernels = [{"kernel": k} for k in choices(kind, "kernel")] if kind != "sliced_wasserstein" else []
        complain(walk(kind, call, [{}, *kernels]))
    line = lambda o: str(stein.sliced_wasserstein(a[:, :1], b[:, :1], **o))  # noqa: E731
    complain(walk("sliced_wasserstein", line, [{}]))


def test_nodes():
    graph = stein.Graph(4)
    taken = {"exp": set(), "sum": {"axes", "keep_axes"}, "power": {"exponent"}, "transpose": {"axes"}, "square": set()}
    for operation, own in taken.items():
        for option in stein.options("graph"):
            name = option["name"]
            if name in own or name == "name":
                continue
            low = [str(option["minimum"])] if "minimum" in option else other(option)
            with pytest.raises(stein.SteinError, match=f"'{name}' has no effect with operation={operation}: it belongs to"):
                graph.node(operation, graph.x, **{name: low[0]})
    with pytest.raises(stein.SteinError, match="'deviation' has no effect with start=zeros"):
        graph.node("parameter", deviation=2)
    with pytest.raises(stein.SteinError, match="'start' has no effect with value"):
        graph.node("parameter", start="ones", value=2)
