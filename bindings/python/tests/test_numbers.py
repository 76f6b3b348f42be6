"""Numbers that programs get wrong: in every option its bounds and beyond them, in data the largest, the least and the alike. Finite results, or a status
that says what and where. R2, R15, R16, R17."""

import time

import numpy as np
import pytest
import stein
from conftest import within
from safetensors.numpy import save_file

LIMIT = 64 << 20
STRANGE = ["nan", "inf", "-inf", "-0.0", "5e-324", "1e-320", "1e308", "-1e308", "1e999", "1e30", "1e-30", "0x10", "1e", "", "+1", " "]
WHOLE = ["2147483647", "2147483648", "4294967296", "9007199254740993", "9223372036854775807", "9223372036854775808", "99999999999999999999", "1.5"]


def values(option):
    """Bounds, what lies just beyond them, and the strange ones."""
    low, high = option.get("minimum"), option.get("maximum")
    found = STRANGE + option.get("choices", []) + (["true", "false", "True"] if option["type"] == "flag" else [])
    if low is not None:
        if option["type"].startswith("integer"):
            found += [str(v) for v in (low - 1, low, low + 1, high - 1, high, high + 1)] + WHOLE
        else:
            found += [repr(v) for v in (np.nextafter(low, -np.inf), low, np.nextafter(low, np.inf), high, np.nextafter(high, np.inf))]
            found += ["0", "1"]
    if option["type"] in ("numbers", "integers", "texts"):
        found += [",", "1,", ",1", "1,nan", "1,1,1,1,1,1,1,1,1", ",".join(["1"] * 5000)]
    return found


def outside(option, text):
    """Whether a value is none that its option takes, by what is described of it."""
    if option["type"] not in ("integer", "number") or option.get("minimum") is None:
        return False
    try:
        value = int(text) if option["type"] == "integer" else float.fromhex(text) if "0x" in text else float(text)
    except ValueError:
        return True
    return not option["minimum"] <= value <= option["maximum"]


class Calls:
    """Calls that must end well: how many served, how many were refused, and which took long."""

    def __init__(self):
        self.served, self.refused, self.slow = 0, 0, []

    def __call__(self, what, function, option=None, text=""):
        started = time.monotonic()
        try:
            result = function()
        except stein.SteinError as failure:
            self.refused += 1
            assert failure.name not in ("STEIN_INTERNAL", "unknown", "STEIN_BAD_POINTER", "STEIN_BAD_HANDLE"), (what, failure)
            assert str(failure), what
            if failure.name == "STEIN_BAD_OPTION":
                assert failure.option, what
            if option is not None and outside(option, text):
                assert (failure.name, failure.option) == ("STEIN_BAD_OPTION", option["name"]), (what, failure.name, failure.option, failure)
            return None
        except (ValueError, MemoryError):
            self.refused += 1  # the binding itself wants a whole number, or has no memory for what comes out
            return None
        finally:
            took = time.monotonic() - started
            if took > 1:
                self.slow.append((round(took, 1), what))
        self.served += 1
        assert option is None or not outside(option, text), f"{what} was taken"
        for array in result if isinstance(result, tuple) else (result,):
            if array is not None:
                assert np.isfinite(np.asarray(array, float)).all(), f"{what}: not finite: {array}"
        return result


@pytest.fixture(scope="module")
def world():
    context = stein.Context(threads=1, memory_limit=LIMIT)
    rows = np.random.default_rng(0).gamma(2.0, size=(40, 2))
    dataset = stein.Dataset(rows, context=context)
    network = stein.fit(dataset, widths=[8], steps=20, batch=32)
    energy = stein.fit(dataset, family="energy_mlp", widths=[8], steps=20, batch=32)
    density = stein.Density.from_model(stein.fit(dataset, family="gaussian"), sigma=0.5)
    return context, rows, dataset, network, energy, density


def uses(kind, world, folder):
    """What the options of a kind may do: the value under test comes in as `given`."""
    np.save(folder / "rows.npy", world[1])
    np.savetxt(folder / "rows.csv", world[1], delimiter=",")
    shapes = {"0.weight": (2, 3), "0.bias": 2, "1.weight": (2, 2), "1.bias": 2}
    save_file({name: np.full(shape, 0.5, np.float32) for name, shape in shapes.items()}, folder / "weights")
    context, rows, dataset, network, energy, density = world
    soon = 0.04  # s of this process's own time: what takes long is stopped

    def train(family, **fixed):
        def use(given):
            with stein.Trainer(stein.Model(dataset, family, **({"widths": [4]} if family != "exponential" else {})), dataset, **{**fixed, **given}) as trainer:
                trainer.run(3, progress=within(soon))
                return trainer.model.score(rows[:3], 0.0)

        return use

    def model(**fixed):
        def use(given):
            made = stein.Model(dataset, **{**fixed, **given})
            with stein.Trainer(made, dataset, **({} if made.describe()["family"] in ("gaussian", "exponential", "kernel_exponential") else {"steps": 2})) as trainer:
                trainer.run(progress=within(soon))
            return made.score(rows[:3], 0.0)

        return use

    def node(operation, inputs, **fixed):
        def use(given):
            graph = stein.Graph(2, context=context)
            graph.node(operation, *[graph.x] * inputs, **{**fixed, **given})

        return use

    def convolve(given):
        graph = stein.Graph(2, context=context)
        graph.node("convolution", graph.x.reshape(1, 2, 1), np.ones((1, 2, 1, 1)), **given)

    samplers = ["heun", "euler", "rk45", "dpmpp_2m", "dpmpp_3m_sde", "ddim", "predictor_corrector", "annealed_langevin", "underdamped_langevin"]

    def sample(sampler):
        return lambda given: network.sample(4, progress=within(soon), **{"sampler": sampler, **({} if sampler == "rk45" else {"steps": 3}), **given})

    holes = rows[:4].copy()
    holes[:, 0] = np.nan
    draws = np.random.default_rng(1).standard_normal((2, 20, 2))

    def load(given):
        made = stein.Model(dataset, widths=[2], residual=False, embedding="log", preconditioning="isotropic")
        made.import_weights(folder / "weights", **{"sigma_min": 0.1, "sigma_max": 5, **given})
        return made.score(rows[:3], 0.0)

    def chains(given):
        with stein.Chains(density, **{"chains": 2, "warmup": 5, **given}) as made:
            return made.run(2, progress=within(soon))

    return {
        "context": [lambda given: stein.Dataset(rows, context=stein.Context(**given)).describe()["mean"]],
        "dataset": [
            lambda given: stein.Dataset.open(folder / "rows.csv", context=context, **given).describe()["mean"],
            lambda given: stein.Dataset.open(folder / "rows.npy", context=context, **given).describe()["mean"],
        ],
        "import_weights": [load],
        "model": [
            model(widths=[4]), model(family="score_unet", widths=[4]), model(family="energy_mlp", widths=[4]), model(family="mixture", covariance="low_rank"), model(family="exponential"),
            model(family="kernel_exponential"), model(family="deep_kernel_exponential", widths=[4]), model(family="nice", widths=[4]),
            model(family="autoregressive", widths=[4]), model(family="exponential", domain="box", lower=-1, upper=99), model(family="exponential", domain="ball", radius=99),
        ],
        "graph": [
            node("x", 0), node("parameter", 0, name="p"), node("constant", 0), node("identity", 0), node("power", 1), node("sum", 1), node("reshape", 1),
            node("slice", 1, starts=0, sizes=1), node("concatenate", 2), node("gather", 1), convolve,
        ],
        "trainer": [train("score_mlp"), train("energy_mlp", objective="sliced_vr"), train("energy_mlp", objective="finite_difference"), train("exponential")],
        "sampler": [sample(s) for s in samplers],
        "impute": [
            lambda given: network.impute(holes, progress=within(soon), **{"steps": 2, **given}),
            lambda given: network.impute(holes, progress=within(soon), **{"steps": 2, "method": "dps", "sampler": "ddim", **given}),
        ],
        "encode": [lambda given: network.encode(rows[:3], progress=within(soon), **given)],
        "decode": [lambda given: network.decode(rows[:3], progress=within(soon), **given)],
        "log_likelihood": [
            lambda given: network.log_likelihood(rows[:3], progress=within(soon), **given),
            lambda given: network.log_likelihood(rows[:3], progress=within(soon), **{"trace": "hutchinson", **given}),
        ],
        "loss": [
            lambda given: network.loss(dataset, progress=within(soon), **{"draws": 2, **given}),
            lambda given: energy.loss(dataset, progress=within(soon), **{"objective": "finite_difference", "draws": 2, "sigma": 0.5, **given}),
        ],
        "denoising": [lambda given: network.denoise_error(dataset, [0.1, 1], progress=within(soon), **given)],
        "chains": [chains, lambda given: chains({"kernel": "hmc", **given}), lambda given: chains({"kernel": "underdamped", "step_size": 0.1, **given})],
        "effective_sample_size": [lambda given: stein.effective_sample_size(draws, **given)],
        "kernel_stein_discrepancy": [lambda given: stein.kernel_stein_discrepancy(rows, -rows, context=context, progress=within(soon), **{"bootstraps": 3, **given})],
        "sliced_wasserstein": [lambda given: stein.sliced_wasserstein(rows, rows + 1, context=context, progress=within(soon), **{"projections": 3, **given})],
        "maximum_mean_discrepancy": [lambda given: stein.maximum_mean_discrepancy(rows, rows + 1, context=context, progress=within(soon), **{"permutations": 3, **given})],
    }[kind]


@pytest.mark.parametrize(
    "kind",
    ["context", "dataset", "model", "graph", "trainer", "sampler", "impute", "encode", "decode", "log_likelihood", "loss", "denoising", "chains",
     "effective_sample_size", "kernel_stein_discrepancy", "sliced_wasserstein", "maximum_mean_discrepancy", "import_weights"],
)
def test_every_option(kind, world, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # The option trace takes any text for a file's name.
    call = Calls()
    ways = uses(kind, world, tmp_path)
    for option in stein.options(kind):
        for text in values(option):
            for number, use in enumerate(ways):
                call(f"{kind} {number}: {option['name']}={text}", lambda: use({option["name"]: text}), option, text)
    print(f"{kind}: {call.served} served, {call.refused} refused; slow: {call.slow}")
    assert call.refused > 0 and call.served + call.refused >= len(stein.options(kind))


def datasets():
    rng = np.random.default_rng(2)
    base = rng.gamma(2.0, size=(24, 3))
    yield "usual", base
    for scale in (5e-324, 1e-310, 1e-300, 1e-40, 1e30, 1e150, 1e300, 1e308 / 12):
        yield f"times {scale}", base * scale
    yield "far away", base + 1e12
    yield "farther away", base + 1e15
    yield "columns of different sizes", base * [1e-300, 1, 1e300]
    yield "a column of subnormals", base * [1, 1, 1e-320]
    yield "a constant column", np.insert(base, 1, 42.0, axis=1)
    yield "constant columns", np.ones((9, 3))
    yield "constant but for one bit", np.where(np.arange(27).reshape(9, 3) == 4, np.nextafter(1, 2), 1.0)
    yield "zeros", np.zeros((9, 3))
    yield "an outlier", np.vstack([base, [[1e308, -1e308, 1e308]]])
    yield "one row", base[:1]
    yield "two rows", base[:2]
    yield "two alike", np.repeat(base[:1], 2, 0)
    yield "duplicates", np.repeat(base[:2], 20, 0)
    yield "one column", base[:, :1]
    yield "one number", base[:1, :1]
    yield "columns that depend", np.hstack([base, base @ [[1.0], [2], [3]], -base[:, :1]])
    yield "minus zero", base * [1, 1, -0.0]
    yield "10,000 columns", rng.standard_normal((3, 10_000))


@pytest.mark.parametrize("family", ["score_mlp", "score_unet", "energy_mlp", "gaussian", "mixture", "exponential", "kernel_exponential", "deep_kernel_exponential", "nice", "autoregressive"])
def test_every_family_on_every_data(family):
    call = Calls()
    context = stein.Context(threads=1, memory_limit=LIMIT)
    small = {"score_mlp": {"widths": [4]}, "score_unet": {"widths": [4], "blocks": 1}, "energy_mlp": {"widths": [4]}, "deep_kernel_exponential": {"points": 4, "widths": [3]}, "nice": {"widths": [4]}}
    for name, rows in datasets():
        for scale in ("auto", "none"):
            what = f"{family} on {name}, scale={scale}"

            def fitted():
                dataset = stein.Dataset(rows, context=context)
                model = stein.Model(dataset, family, scale=scale, **small.get(family, {}))
                closed = family in ("gaussian", "exponential", "kernel_exponential")
                with stein.Trainer(model, dataset, **({} if closed else {"steps": 4})) as trainer:
                    trainer.run(progress=within(2))
                kept.append(model)

            kept = []
            call(what, fitted)
            for model in kept:
                for sigma in (0.0, 0.5, 1e30, 1e-300, np.nan):
                    for x in (rows[:2], rows[:2] * 0, np.clip(rows[:2], -1e300, 1e300) * 1e3, np.full_like(rows[:2], 1e308), np.full_like(rows[:2], 5e-324)):
                        call(f"{what}: score at {sigma} of {x[0, 0]}", lambda: model.score(x, sigma, progress=within(2)))
                call(f"{what}: energy", lambda: model.energy(rows[:2], 0.0, progress=within(2)))
                call(f"{what}: sample", lambda: model.sample(3, seed=1, steps=3, progress=within(2)))
                call(f"{what}: likelihood", lambda: model.log_likelihood(rows[:2], progress=within(0.5)))
    print(f"{family}: {call.served} served, {call.refused} refused; slow: {call.slow}")
    assert call.served > 50 and call.refused > 50


def test_training_that_diverges():
    """It says at which step and level, keeps the last good weights, and goes on at a lower rate."""
    rows = np.random.default_rng(3).gamma(2.0, size=(200, 3))
    dataset = stein.Dataset(rows)
    for options in ({}, {"family": "energy_mlp"}):
        model = stein.Model(dataset, widths=[16, 16], **({"activation": "softplus"} if options else {"dropout": 0}), **options)
        trainer = stein.Trainer(model, dataset, steps=600, rate=1e6, warmup=0, clip=0, seed=2, checks=60)
        with pytest.raises(stein.SteinNumericError, match=r"step [0-9]+.*the state of step [0-9]+ is kept") as caught:
            trainer.run()
        assert caught.value.name == "STEIN_DIVERGED"
        kept = trainer.describe()["step"]
        assert f"the state of step {kept} is kept" in str(caught.value)
        assert all(np.isfinite(value).all() for value in model.parameters().values())
        trainer.set(rate=1e-3)
        assert trainer.run()
        assert np.isfinite(model.sample(10, seed=1)).all()
