"""Files that were cut short or changed: an error or a usable object, never more."""

import json
import struct

import numpy as np
import pytest
import stein


def spoilt(data):
    """Every truncation and every changed byte, and every number in the header made extreme."""
    for n in range(len(data)):
        yield data[:n]
    for i in range(len(data)):
        for change in (0x01, 0x80):
            copy = bytearray(data)
            copy[i] ^= change
            yield bytes(copy)
    length = struct.unpack("<Q", data[:8])[0] if data[8:9] == b"{" else 0
    header, rest = data[8 : 8 + length], data[8 + length :]
    for i, byte in enumerate(header):
        if chr(byte).isdigit():
            for number in (b"-1", b"1e308", b"1e-300", b"9223372036854775807"):
                changed = header[:i] + number + header[i + 1 :]
                yield struct.pack("<Q", len(changed)) + changed + rest


def outcomes(data, use):
    """How many were refused and how many served; anything but a SteinError fails the test, and a crash ends it."""
    refused = served = 0
    for copy in spoilt(data):
        try:
            use(copy)
            served += 1
        except stein.SteinError:
            refused += 1
    return refused, served


def small():
    return np.random.default_rng(0).gamma(2.0, size=(30, 2))


def own(dataset):
    """A model of the caller's own, whose file carries its graph."""
    graph = stein.Graph(2, context=dataset.context)
    centred = graph.x[::1] - graph.parameter("m", start=[1.0, 2.0])
    energy = (graph.parameter("p", (2, 2), start="identity") @ centred) @ centred + graph.constant([0.5, 2]).sum()
    return graph.model(dataset, energy=energy)


@pytest.mark.parametrize(
    "family",
    ["gaussian", "mixture components=2 covariance=low_rank", "exponential domain=box lower=-9 upper=99", "exponential domain=positive",
     "deep_kernel_exponential points=3 kernels=1 widths=2", "score_unet widths=2 blocks=1", "nice widths=2 couplings=2", "autoregressive widths=2", "own"],
)
def test_models(family):
    context = stein.Context(threads=1, memory_limit=100_000_000)
    dataset = stein.Dataset(small(), context=context)
    name, *options = family.split()
    model = own(dataset) if name == "own" else stein.Model(dataset, name, **dict(o.split("=") for o in options))
    with stein.Trainer(model, dataset, **{} if name == "gaussian" or name == "exponential" else {"steps": 1}) as trainer:
        trainer.run()

    def use(data):
        loaded = stein.Model.from_bytes(data, context=context)
        loaded.describe()
        (loaded.score if name == "score_unet" else loaded.energy)(small()[:2], 0)
        loaded.sample(2, steps=2)

    refused, served = outcomes(model.to_bytes(), use)
    assert refused > 1000 and served > 50


def test_axes_of_the_data():
    """The law of the data beside the weights: variances that are none, axes that are not at right angles."""
    model = stein.fit(small(), widths=[2], steps=1)
    data = model.to_bytes()
    start = 8 + struct.unpack("<Q", data[:8])[0]
    places = json.loads(data[8:start])
    for name, values in [
        ("data/variances", [np.nan, 1]), ("data/variances", [-1, 1]), ("data/variances", [np.inf, 1]),
        ("data/axes", [np.nan, 0, 0, 1]), ("data/axes", [1, 1, 0, 0]), ("data/axes", [2, 0, 0, 1]),
    ]:
        first, last = places[name]["data_offsets"]
        changed = data[: start + first] + np.array(values, "<f8").tobytes() + data[start + last :]
        with pytest.raises(stein.SteinFileError, match="no axes"):
            stein.Model.from_bytes(changed)


def test_arrays(tmp_path):
    np.save(tmp_path / "a.npy", small().astype(">f4"))

    def use(data):
        (tmp_path / "b.npy").write_bytes(data)
        stein.Dataset.open(tmp_path / "b.npy")

    refused, served = outcomes((tmp_path / "a.npy").read_bytes(), use)
    assert refused > 300 and served > 100


def test_checkpoints(tmp_path):
    dataset = stein.Dataset(small(), context=stein.Context(threads=1, memory_limit=100_000_000))
    trainer = stein.Trainer(stein.Model(dataset, widths=[2]), dataset, steps=6, batch=8)
    trainer.run(3)
    trainer.save(tmp_path / "a")

    def use(data):
        (tmp_path / "b").write_bytes(data)
        stein.Trainer.resume(dataset, tmp_path / "b").run(1)

    # The header alone: what comes behind it is weights.
    data = (tmp_path / "a").read_bytes()
    refused, served = outcomes(data[: 8 + struct.unpack("<Q", data[:8])[0]], use)
    assert refused > 1000 and served == 0
