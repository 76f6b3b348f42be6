"""Weights of networks that were trained elsewhere: the score is that of the network by NumPy."""

import numpy as np
import pytest
import stein
from safetensors.numpy import save_file

RNG = np.random.default_rng(9)
ROWS = RNG.standard_normal((300, 3)) @ [[1, 0.5, 0], [0, 2, 0.3], [0, 0, 0.2]] + [4, 0, -1]
SIZES = (4, 24, 20, 3)


def layers(sizes=SIZES):
    pairs = zip(sizes, sizes[1:])
    return [((RNG.standard_normal((n, m)) / np.sqrt(m)).astype(np.float32), RNG.standard_normal(n).astype(np.float32)) for m, n in pairs]


def torch_names(made):
    # Ten modules between two layers: names in the order of their numbers, not of their letters.
    return {f"net.{10 * i}.{kind}": value for i, layer in enumerate(made) for kind, value in zip(("weight", "bias"), layer)}


def plain(made, u, sigma, sigma_data):
    h = np.concatenate([u / np.sqrt(sigma**2 + sigma_data**2), np.full((len(u), 1), np.log(sigma / sigma_data) / 4)], 1)
    for i, (weight, bias) in enumerate(made):
        h = h @ weight.T + bias
        if i + 1 < len(made):
            h = h / (1 + np.exp(-h))
    return h


def model(**options):
    return stein.Model(ROWS, widths=[24, 20], residual=False, embedding="log", parameterization="noise", **options)


@pytest.mark.parametrize("flax", [False, True])
def test_score_is_that_of_the_network(tmp_path, flax):
    made = layers()
    tensors = torch_names(made)
    if flax:
        tensors = {name.replace("weight", "kernel"): np.ascontiguousarray(v.T) if v.ndim == 2 else v for name, v in tensors.items()}
    save_file(tensors | {"other.weight": np.zeros((2, 2), np.float32)}, tmp_path / "w.safetensors")
    ours = model()
    ours.import_weights(tmp_path / "w.safetensors", prefix="net.", sigma_min=0.01, sigma_max=20)
    state = ours.describe()
    assert state["trained"] and (state["sigma_min"], state["sigma_max"]) == (0.01, 20)
    mean, scale = np.array(state["mean"]), np.array(state["scale"])
    for sigma in (0.05, 1.5):
        expected = -plain(made, (ROWS - mean) / scale, sigma, state["sigma_data"]) / sigma / scale
        np.testing.assert_allclose(ours.score(ROWS, sigma=sigma), expected, rtol=2e-5, atol=2e-5 * np.abs(expected).max())
    again = stein.Model.from_bytes(ours.to_bytes())
    assert np.array_equal(again.sample(20, seed=1), ours.sample(20, seed=1))


def test_options_are_told():
    assert {option["name"] for option in stein.options("import_weights")} == {"prefix", "sigma_min", "sigma_max", "unconditional"}


def test_what_does_not_fit(tmp_path):
    path = tmp_path / "w.safetensors"
    made = layers()

    def refused(match, tensors=None, target=None, **options):
        save_file(torch_names(made) if tensors is None else tensors, path)
        target = target or model()
        before = target.to_bytes()
        with pytest.raises(stein.SteinError, match=match):
            target.import_weights(path, **({"sigma_min": 0.1, "sigma_max": 5} | options))
        assert target.to_bytes() == before

    refused("sigma_max' is needed", sigma_max=0.05)
    refused("has 2 layers; the model has 3", torch_names(made[:2]))
    refused("needs .24, 4., the row's values and then", torch_names(layers((3, 24, 20, 3))))
    refused("plain layers", target=stein.Model(ROWS, widths=[24, 24]))
    bad = torch_names(made)
    bad["net.0.weight"][0, 0] = np.nan
    refused("not finite", bad)
    refused("did you mean 'prefix'", pref="net")
    busy = model()
    trainer = stein.Trainer(busy, ROWS, steps=5)
    refused("trainer", torch_names(layers()), target=busy)
    trainer.run()
