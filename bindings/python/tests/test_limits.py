"""What a review found: each case once ended the process, lied or was ignored."""

import json
import struct

import numpy as np
import pytest
import stein

ROWS = np.random.default_rng(0).standard_normal((300, 2))


def edited(model, change):
    """The model's file with its description changed."""
    data = model.to_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length])
    described = json.loads(header["__metadata__"]["stein"])
    change(described)
    header["__metadata__"]["stein"] = json.dumps(described)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data[8 + length :]


def test_sizes_that_wrap():
    huge = [984964, 558146, 516224]
    graph = stein.Graph(2)
    scalar = ((graph.x * graph.parameter("a")) ** 2).sum()
    for operation in ("broadcast", "reshape"):
        with pytest.raises(stein.SteinError):
            graph.node(operation, scalar, shape=[*huge, 65])
    model = stein.fit(ROWS, family="gaussian")
    with pytest.raises(stein.SteinError):
        stein.Model.from_bytes(edited(model, lambda d: d.update(shape=[1, *huge, 65])))


def test_exponents_are_bounded():
    with pytest.raises(stein.SteinError, match="exponents"):
        stein.Model(abs(ROWS) + 0.1, "exponential", statistics="pairwise", domain="positive", exponents=[1e30, 1])


def test_fields_of_files_are_bounded():
    model = stein.fit(ROWS, family="mixture", components=2, steps=2)
    for key, value in [("largest_distance", 1e308), ("largest_distance", -1), ("sigma_data", 1e300)]:
        with pytest.raises(stein.SteinError):
            stein.Model.from_bytes(edited(model, lambda d: d.update({key: value})))
    autoregressive = stein.fit(ROWS, family="autoregressive", widths=[4], steps=2)
    with pytest.raises(stein.SteinError):
        stein.Model.from_bytes(edited(autoregressive, lambda d: d["structure"].update(components=4096, degree=1 << 40)))
    with pytest.raises(stein.SteinError, match="components"):
        stein.Model(np.random.default_rng(0).standard_normal((4096, 300)), "autoregressive", components=4096)


def test_constants_of_a_graph_are_bounded():
    graph = stein.Graph(2)
    graph.constant(np.ones((1024, 512)))
    with pytest.raises(stein.SteinError, match="numbers together"):
        graph.constant(np.ones((1024, 513)))


def test_stopping_a_closed_form_stops_it():
    rows = np.random.default_rng(0).standard_normal((3000, 4))
    trainer = stein.Trainer(stein.Model(rows, "kernel_exponential", points=500), rows)
    calls = []

    def stop(_watch):
        calls.append(1)
        return len(calls) == 5

    with pytest.raises(stein.SteinInterrupted):
        trainer.run(progress=stop)
    assert len(calls) == 5
    assert trainer.run()


def test_axes_never_reach_the_rows():
    graph = stein.Graph(64)
    with pytest.raises(stein.SteinError, match="sum of"):
        graph.node("sum", graph.x, axes=[-2])
    with pytest.raises(stein.SteinError, match="concatenate of"):
        graph.node("concatenate", graph.x, graph.x, axis=-2)
    for starts in ([5], [5, 7]):
        with pytest.raises(stein.SteinError):
            graph.node("slice", graph.x, starts=starts, sizes=[64])


def test_rows_at_the_boundary():
    """Zeros and bounds are of the domain, whatever float32 makes of them."""
    rng = np.random.default_rng(1)
    for seed in range(5):
        rows = rng.gamma(1.5, size=(300, 3)) * (rng.random((300, 3)) > 0.1)
        trainer = stein.Trainer(stein.Model(rows, "exponential", domain="positive"), rows)
        assert trainer.run()
        clipped = np.clip(rng.random((300, 2)), 0, 0.7)
        stein.Trainer(stein.Model(clipped, "exponential", domain="box", lower=0, upper=0.7), clipped).run()
        disc = rng.standard_normal((400, 2))
        disc /= np.maximum(1, np.linalg.norm(disc, axis=1))[:, None]
        stein.Trainer(stein.Model(disc, "exponential", domain="ball", radius=1), disc).run()
    with pytest.raises(stein.SteinError, match="outside"):
        stein.Trainer(stein.Model(rows, "exponential", domain="box", lower=0, upper=0.7), rows)


def test_the_centre_of_a_ball():
    half = np.random.default_rng(2).uniform(-0.5, 0.5, (100, 2))
    rows = np.concatenate([half, -half, np.zeros((1, 2))])
    for options in [{"family": "exponential"}, {"family": "energy_mlp", "noise_conditional": False, "widths": [8]}]:
        model = stein.Model(rows, domain="ball", radius=2, scale="none", **options)
        trainer = stein.Trainer(model, rows, **({} if options["family"] == "exponential" else {"objective": "exact", "steps": 20}))
        trainer.run()
        assert np.isfinite(model.score(rows)).all()


def test_options_that_a_closed_form_does_not_take():
    for options in [{"noise_kernel": "laplace"}, {"projections": 7}, {"control_variate": True}]:
        with pytest.raises(stein.SteinError, match="closed_form"):
            stein.Trainer(stein.Model(ROWS, "exponential"), ROWS, **options)
    with pytest.raises(stein.SteinError, match="deep kernels"):
        stein.Trainer(
            stein.Model(ROWS, "deep_kernel_exponential"), ROWS, objective="denoising", noise_kernel="laplace"
        )
    with pytest.raises(stein.SteinError, match="scale"):
        stein.Model(ROWS, "kernel_exponential", scale="none")


def test_a_mixture_in_the_data_s_own_units():
    rows = 1000 + 100 * np.random.default_rng(3).standard_normal((1500, 2))
    model = stein.fit(rows, family="mixture", components=1, scale="none", steps=3000, rate=1.0)
    assert np.allclose(model.parameter("means")[0], rows.mean(0), atol=20)
    factor = model.parameter("factors")[0]
    assert np.allclose(np.sqrt(np.diag(factor @ factor.T)), rows.std(0), rtol=0.1)


def test_a_diagnosis_that_was_stopped_is_made_later():
    rows = np.random.default_rng(4).standard_normal((2000, 8))
    trainer = stein.Trainer(stein.Model(rows, widths=[64, 64]), rows, steps=50)
    trainer.run(50, progress=lambda watch: False)
    plain = trainer.describe()["denoising"]
    other = stein.Trainer(stein.Model(rows, widths=[64, 64]), rows, steps=50)
    other.run(49)
    while True:
        try:
            if other.run(progress=lambda watch: watch.step >= 50):
                break
        except stein.SteinInterrupted:
            other.run()
    assert other.describe()["denoising"] == plain is not None


def test_supplied_noise_is_judged_at_its_own_level():
    """The same Gaussian noise, the library's and one's own: the same validation by level within its scatter."""

    def own(x, sigma, bits):
        u = (bits >> np.uint64(32)).astype(float) * 2.0**-32 + 2.0**-33
        v = (bits & np.uint64(0xFFFFFFFF)).astype(float) * 2.0**-32
        z = np.sqrt(-2 * np.log(u)) * np.cos(2 * np.pi * v)
        return x + sigma[:, None] * z, -z / sigma[:, None]

    rows = np.random.default_rng(5).standard_normal((3000, 2))
    levels = []
    for kernel in ("gaussian", "caller"):
        trainer = stein.Trainer(
            stein.Model(rows, widths=[16], dropout=0), rows, noise_kernel=kernel, steps=400, validation=0.5, patience=0
        )
        if kernel == "caller":
            trainer.set_noise(own)
        trainer.run()
        levels.append([level["loss"] for level in trainer.describe()["levels"]])
    assert np.allclose(levels[0], levels[1], rtol=0.08)


def test_a_model_has_one_trainer_however_often_a_second_is_asked_for():
    model = stein.Model(ROWS, widths=[4])
    first = stein.Trainer(model, ROWS, steps=2)
    for _ in range(3):
        with pytest.raises(stein.SteinValueError, match="has a trainer already"):
            stein.Trainer(model, ROWS, steps=2)
    first.close()
    assert stein.Trainer(model, ROWS, steps=2).run()
