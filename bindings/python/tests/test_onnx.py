"""What is exported as ONNX gives the library's own numbers in another runtime, whatever the number of rows."""

import numpy as np
import onnx
import onnxruntime
import pytest
import stein
from stein import ops

RNG = np.random.default_rng(3)
SKEWED = np.exp(0.4 * RNG.standard_normal((400, 3)) @ [[1, 0.8, 0], [0, 0.5, 0.3], [0, 0, 1]]) * [1, 10, 0.1]
LABELS = RNG.choice([2, 5, 9], 400)
PICTURES = RNG.standard_normal((200, 3, 4)) * np.linspace(0.5, 2, 4)


def trained(rows, labels=None, steps=60, objective=None, **options):
    data = stein.Dataset(rows, labels=labels)
    model = stein.Model(data, **options)
    closed = objective is None and options.get("family") in ("gaussian", "exponential", "kernel_exponential")
    stein.Trainer(model, data, **({} if closed else {"steps": steps}), **({"objective": objective} if objective else {})).run()
    return model


def run(model, path, x, sigma, label=None):
    model.export_onnx(path)
    onnx.checker.check_model(onnx.load(path), full_check=True)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    inputs = {"x": x.astype(np.float32), "sigma": np.full(len(x), sigma, np.float32)}
    if label is not None:
        inputs["label"] = label
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, inputs)))


CASES = {
    "score": (SKEWED, {}),
    "plain layers": (SKEWED, dict(residual=False, widths=[32, 16], activation="tanh", parameterization="noise")),
    "relu, log": (SKEWED, dict(activation="relu", embedding="log")),
    "pictures": (PICTURES, {}),
    "constant column": (np.insert(SKEWED, 1, 7.5, axis=1), {}),
    "one level": (SKEWED, dict(noise_conditional=False)),
    "energy": (SKEWED, dict(family="energy_mlp")),
    "energy of softplus": (SKEWED, dict(family="energy_mlp", activation="softplus", residual=True)),
    "gaussian": (SKEWED, dict(family="gaussian", covariance="diagonal")),
    "mixture": (SKEWED, dict(family="mixture", covariance="diagonal")),
    "kernel": (SKEWED, dict(family="kernel_exponential", points=40)),
    "gaussian, full": (SKEWED, dict(family="gaussian")),
    "gaussian of low rank": (SKEWED, dict(family="gaussian", covariance="low_rank", rank=1)),
    "exponential": (SKEWED, dict(family="exponential", degree=3)),
    "pairwise": (SKEWED, dict(family="exponential", statistics="pairwise")),
    "deep kernel": (SKEWED, dict(family="deep_kernel_exponential", points=30, widths=[6])),
    "nice": (SKEWED, dict(family="nice", widths=[16, 16])),
    "autoregressive": (SKEWED, dict(family="autoregressive", widths=[16])),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("rows", [1, 5, 173])
def test_same_numbers(case, rows, tmp_path):
    data, options = CASES[case]
    model = trained(data, **options)
    x = data[:rows] + 0.05 * data.std(axis=0) * RNG.standard_normal(data[:rows].shape)
    state = model.describe()
    sigma = state["sigma_max"] and max(state["sigma_min"], min(0.3, state["sigma_max"])) or 1.0
    found = run(model, tmp_path / "m.onnx", x, sigma)
    asked = sigma if state["sigma_max"] else 0
    score = model.score(x, sigma=asked)
    assert found["score"].shape == x.shape
    np.testing.assert_allclose(found["score"], score, rtol=1e-5, atol=2e-5 * np.abs(score).max())
    if state["sigma_max"]:
        denoised = model.denoise(x, sigma=asked)
        np.testing.assert_allclose(found["denoised"], denoised, rtol=1e-5, atol=1e-5 * np.abs(denoised).max())


def test_classes(tmp_path):
    model = trained(SKEWED, LABELS, steps=80)
    x = SKEWED[:50]
    for label in (2, 9):
        labels = np.full(50, label)
        found = run(model, tmp_path / "m.onnx", x, 0.5, labels)
        score = model.score(x, sigma=0.5, labels=labels)
        np.testing.assert_allclose(found["score"], score, rtol=1e-5, atol=2e-5 * np.abs(score).max())
    assert not np.allclose(score, model.score(x, sigma=0.5, labels=np.full(50, 2)))


def own_energy(x, a):
    """Every way that a graph moves, compares and reduces numbers."""
    turned = ops.concatenate([x[1:], x[:1]])
    kinks = ops.select(x > 0.2, ops.maximum(x, turned), 2 * x) + abs(x - 1) + ops.relu(x) * ops.step(turned)
    table = ops.gather(ops.exp(turned), np.array([2, 0, 0]))
    outer = x.reshape(3, 1) @ turned.reshape(1, 3)
    return (x * x).sum() / 2 + 0.1 * (a * ops.sin(x)).sum() + 0.1 * kinks.sum() + 0.05 * (table * x).sum() + 0.1 * outer.T.max(0).sum() + 0.1 * outer.log_sum_exp(1).sum()


def test_own_graph(tmp_path):
    graph = stein.Graph(3)
    model = graph.model(SKEWED, energy=own_energy(graph.x, graph.parameter("a", shape=(3,))), scale="columns")
    stein.Trainer(model, SKEWED, objective="denoising", noise=0.3, steps=20).run()
    for rows in (1, 40):
        found = run(model, tmp_path / "m.onnx", SKEWED[:rows], 1.0)
        score = model.score(SKEWED[:rows])
        np.testing.assert_allclose(found["score"], score, rtol=1e-5, atol=1e-5 * np.abs(score).max())


@pytest.mark.parametrize("covariance", ["full", "low_rank"])
def test_what_onnx_has_not(covariance, tmp_path):
    model = trained(SKEWED, family="mixture", covariance=covariance, steps=5)
    with pytest.raises(stein.SteinError, match="inverse|logDeterminant") as caught:
        model.export_onnx(tmp_path / "m.onnx")
    assert caught.value.name == "STEIN_UNSUPPORTED" and not (tmp_path / "m.onnx").exists()
