"""U-Nets for pictures and signals: their numbers beside NumPy's, their bits, what they learn, and what is refused."""

import json
import pickle
import struct

import numpy as np
import onnx
import onnxruntime
import pytest
import stein
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

RNG = np.random.default_rng(11)


def smooth(*shape):
    """Rows that depend on their neighbours along every axis, off the origin and with a deviation that is not 1."""
    x = RNG.standard_normal(shape)
    for axis in range(1, len(shape)):
        x = x + 0.7 * np.roll(x, 1, axis)
    return 3 * x + 20


def constant_edge(rows):
    """A column and a corner of every picture that never vary."""
    rows = rows.copy()
    rows[:, :, 0] = 4.0
    rows[:, -1, -1] = -1.0
    return rows


LABELS = RNG.choice([2, 5, 9], 80)
#: Rows, classes, and options of a model and its trainer.
CASES = {
    "odd pictures": (smooth(80, 7, 5, 2), None, dict(widths=[12, 16, 8])),
    "one channel": (smooth(80, 6, 9), None, dict(widths=[10, 7], blocks=1)),
    "one level": (smooth(80, 5, 4, 3), None, dict(widths=[12], blocks=3)),
    "default widths": (smooth(80, 8, 7), None, dict(steps=4)),
    "signals": (smooth(80, 13), None, dict(widths=[9, 16, 32])),
    "signals with channels": (smooth(80, 11, 3), None, dict(widths=[8, 16, 32], spatial_axes=1, blocks=1)),
    "eight levels": (smooth(80, 130), None, dict(widths=[10, 5, 6, 7, 8, 3, 4, 32], blocks=1)),
    "flat pictures": (smooth(80, 1, 9, 2), None, dict(widths=[12, 16])),
    "narrow pictures": (smooth(80, 9, 1), None, dict(widths=[12, 16], blocks=1)),
    "low pictures": (smooth(80, 2, 9), None, dict(widths=[4, 4, 4, 12, 40], blocks=1)),
    "constant pixels": (constant_edge(smooth(80, 6, 5)), None, dict(widths=[12, 10])),
    "constant channel": (smooth(80, 5, 5, 3) * [1, 0, 1], None, dict(widths=[9, 12])),
    "constant places of signals": (np.insert(smooth(80, 9), [0, 4, 9], 7.5, axis=1), None, dict(widths=[16, 16])),
    "classes": (smooth(80, 7, 5, 2), LABELS, dict(widths=[12, 16, 8], label_dropout=0.3)),
    "classes, constant pixels, log": (constant_edge(smooth(80, 5, 5)), LABELS, dict(widths=[12, 16], embedding="log")),
    "tanh, log": (smooth(80, 7, 5), None, dict(widths=[12, 12], activation="tanh", embedding="log")),
    "softplus, v": (smooth(80, 7, 5), None, dict(widths=[12, 12], activation="softplus", parameterization="v")),
    "relu, noise": (smooth(80, 7, 5), None, dict(widths=[12, 12], activation="relu", parameterization="noise")),
    "score": (smooth(80, 7, 5), None, dict(widths=[12, 12], parameterization="score")),
    "clean, scale of columns": (smooth(80, 7, 5), None, dict(widths=[12, 12], parameterization="clean", scale="columns")),
    "no scale": (smooth(80, 7, 5), None, dict(widths=[12, 12], scale="none")),
    "one noise level": (smooth(80, 4, 5), None, dict(widths=[12, 12], noise_conditional=False, objective="denoising")),
    "one noise level, classes": (smooth(80, 4, 5), LABELS, dict(widths=[12, 12], noise_conditional=False, objective="sliced_vr")),
}
TRAINING = {option["name"] for option in stein.options("trainer")}


def train(model, data, **options):
    with stein.Trainer(model, data, **options) as trainer:
        trainer.run()
    return model


def trained(rows, labels=None, threads=0, **options):
    """A few long steps, so that no parameter is left where it began; options of the model and the trainer."""
    data = stein.Dataset(rows, labels=labels, context=stein.Context(threads=threads))
    steps = dict(steps=15, batch=32, rate=0.02, warmup=0, ema=0.5, validation=0)
    model = stein.Model(data, "score_unet", **{k: v for k, v in options.items() if k not in TRAINING or k == "seed"})
    return train(model, data, **{**steps, **{k: v for k, v in options.items() if k in TRAINING}})


def case(name, **more):
    rows, labels, options = CASES[name]
    return rows, labels, trained(rows, labels, seed=3, **{**options, **more})


def some_levels(model):
    """The lowest, a middle and the highest noise level of a model."""
    told = model.describe()
    low, high = told["sigma_min"], told["sigma_max"]
    return sorted({low, min(max(0.4 * told["sigma_data"], low), high), high})


def with_noise(model, rows, sigma):
    return rows + sigma * np.reshape(model.describe()["scale"], rows.shape[1:]) * RNG.standard_normal(rows.shape)


# ---- Numbers


class Reference:
    """The score in float64 by its formulas, from the parameters that a model shows."""

    def __init__(self, model):
        self.told = model.describe()
        self.parameters = {name: value.astype(float) for name, value in model.parameters().items()}
        own, axes = self.told["shape"][1:], self.told["spatial_axes"]
        channels = own[axes] if len(own) > axes else 1
        self.grid = ([1] if axes == 1 else []) + own[:axes] + [channels]

    def convolution(self, x, name, stride=1):
        """Tap by tap, with zeros outside; no taps and no stride along an axis that the grid has not."""
        kernel, bias = self.parameters[name + ".weight"], self.parameters.get(name + ".bias", 0)
        high, wide = kernel.shape[:2]
        assert [high, wide] == [3 if length > 1 else 1 for length in self.grid[:2]]
        down, right = (stride if length > 1 else 1 for length in self.grid[:2])
        height, width = x.shape[1:3]
        x = np.pad(x, ((0, 0), (high // 2, high // 2), (wide // 2, wide // 2), (0, 0)))
        return bias + sum(x[:, a : a + height : down, b : b + width : right] @ kernel[a, b] for a in range(high) for b in range(wide))

    def activation(self, x):
        return {
            "silu": lambda: x / (1 + np.exp(-x)), "tanh": lambda: np.tanh(x), "softplus": lambda: np.logaddexp(0, x),
            "relu": lambda: np.maximum(x, 0),
        }[self.told["activation"]]()

    def norm(self, x, name):
        """Mean 0 and variance 1 over the pixels of a group of channels; as many groups of 4 channels or more as divide them, up to 8."""
        groups = max(g for g in range(1, 9) if g == 1 or x.shape[3] % g == 0 and x.shape[3] >= 4 * g)
        parts = x.reshape(*x.shape[:3], groups, -1)
        parts = parts - parts.mean((1, 2, 4), keepdims=True)
        parts = parts / np.sqrt((parts**2).mean((1, 2, 4), keepdims=True) + 1e-5)
        return parts.reshape(x.shape) * self.parameters[name + ".gain"] + self.parameters[name + ".shift"]

    def block(self, x, name, told):
        h = self.convolution(self.activation(self.norm(x, name + ".norm0")), name + ".conv0")
        h = self.norm(h, name + ".norm1")
        if told is not None:
            louder, shift = np.split((told @ self.parameters[name + ".embedding"])[:, None, None], 2, axis=-1)
            h = (1 + louder) * h + shift
        h = self.convolution(self.activation(h), name + ".conv1")
        skip = self.parameters.get(name + ".skip")
        return h + (x if skip is None else x @ skip)

    def twice(self, x, name, size):
        """Each pixel twice along the axes that there are, under a kernel, less what is too much."""
        for axis in (1, 2):
            if self.grid[axis - 1] > 1:
                x = np.repeat(x, 2, axis)
        return self.convolution(x, name)[:, : size[0], : size[1]]

    def embedding(self, noise, labels):
        """What blocks are told of the noise level, with its Fourier features, and of the class; None if nothing."""
        parts = []
        if self.told["noise_conditional"]:
            parts.append(noise)
            if self.told["embedding"] == "fourier":
                angles = noise * 0.25 * 16 ** (np.arange(8) / 7)
                parts += [np.cos(angles), np.sin(angles)]
        if self.told["classes"]:
            parts.append(np.equal.outer(labels, self.told["classes"]).astype(float))
        if not parts:
            return None
        e = np.concatenate(parts, 1)
        for layer in ("noise0", "noise1"):
            e = self.activation(e @ self.parameters[layer + ".weight"] + self.parameters[layer + ".bias"])
        return e

    def network(self, u, noise=None, labels=None):
        told, widths, blocks = self.embedding(noise, labels), self.told["widths"], range(self.told["blocks"])
        whole = np.zeros((len(u), int(np.prod(self.grid))))
        whole[:, self.told["active_columns"]] = u
        h = self.convolution(whole.reshape(-1, *self.grid), "in")
        kept = []
        for level in range(len(widths)):
            for index in blocks:
                h = self.block(h, f"down{level}.block{index}", told)
            if level + 1 < len(widths):
                kept.append(h)
                h = self.convolution(h, f"down{level}.half", stride=2)
        h = self.block(h, "middle", told)
        for level, beside in reversed(list(enumerate(kept))):
            h = self.twice(h, f"up{level}.twice", beside.shape[1:3])
            h = np.concatenate([h, beside], 3)
            for index in blocks:
                h = self.block(h, f"up{level}.block{index}", told)
        out = self.convolution(self.activation(self.norm(h, "out")), "out")
        return out.reshape(len(u), -1)[:, self.told["active_columns"]]

    def scaled(self, u, sigma, labels=None):
        """sigma times the score, in units of u; sigma [n, 1]."""
        if not self.told["noise_conditional"]:
            return self.network(u, labels=labels)
        data = self.told["sigma_data"]
        total = np.sqrt(sigma**2 + data**2)
        f = self.network(u / total, np.log(sigma / data) / 4, labels)
        return {
            "edm": lambda: data / total * f - sigma / total**2 * u, "v": lambda: -data / total * f - sigma / total**2 * u,
            "score": lambda: f, "noise": lambda: -f, "clean": lambda: (f - u) / sigma,
        }[self.told["parameterization"]]()

    def units(self, x):
        return ((x.reshape(len(x), -1) - self.told["mean"]) / self.told["scale"])[:, self.told["active_columns"]]

    def score(self, x, sigma, labels=None):
        active = self.told["active_columns"]
        score = np.zeros((len(x), len(self.told["scale"])))
        score[:, active] = self.scaled(self.units(x), np.full((len(x), 1), sigma), labels) / sigma / np.array(self.told["scale"])[active]
        return score.reshape(x.shape)

    def denoise(self, x, sigma, labels=None):
        scale, mean = (np.reshape(self.told[name], x.shape[1:]) for name in ("scale", "mean"))
        varies = np.isin(np.arange(scale.size), self.told["active_columns"]).reshape(scale.shape)
        return np.where(varies, x + (sigma * scale) ** 2 * self.score(x, sigma, labels), mean)


@pytest.mark.parametrize("name", CASES)
def test_numbers_are_those_of_the_formulas(name):
    """In float32 a score is right to a millionth of the largest one, and what is denoised to as much of the noise."""
    rows, labels, model = case(name)
    reference = Reference(model)
    scale = np.reshape(reference.told["scale"], rows.shape[1:])
    told = [None if labels is None else labels[:20]] + ([None] if reference.told["classes"] and reference.told["unconditional"] else [])
    for sigma in some_levels(model):
        x = with_noise(model, rows[:20], sigma)
        for classes in told:
            known = np.full(20, -1) if classes is None else classes
            expected = reference.score(x, sigma, known)
            np.testing.assert_allclose(model.score(x, sigma, classes), expected, rtol=0, atol=5e-6 * np.abs(expected).max())
            expected = reference.denoise(x, sigma, known)
            np.testing.assert_allclose(model.denoise(x, sigma, classes) / scale, expected / scale, rtol=0, atol=1e-5 * (1 + sigma))


def test_groups_of_two_values():
    rows = smooth(80, 1, 1, 3)
    model = trained(rows, seed=3, widths=[16])
    x = with_noise(model, rows, 0.01)
    expected = Reference(model).score(x, 0.01)
    # In float32 the same formulas as above, which take the mean off first, are right to 3e-6.
    np.testing.assert_allclose(model.score(x, 0.01), expected, rtol=0, atol=2e-5 * np.abs(expected).max())


@pytest.mark.parametrize("widths", [[8], [4, 6]])
def test_few_channels_hear_of_the_class(widths):
    labels = np.tile([0, 1], 200)
    rows = RNG.standard_normal((400, 6, 6)) + 6 * labels[:, None, None]
    model = trained(rows, labels, widths=widths, blocks=1, steps=200, batch=64, rate=5e-3, ema=0.98)
    one, other = (model.score(rows[:20], 1.0, np.full(20, label)) for label in (0, 1))
    assert np.abs(one - other).max() > 0.1 * np.abs(one).max()


def differences(function, x, step=1e-4):
    """[n, d, d]: entry [r, i, j] the derivative of value j by x_i."""
    sides = step * np.eye(x[0].size).reshape(-1, *x.shape[1:])
    return np.stack([(function(x + side) - function(x - side)).reshape(len(x), -1) / (2 * step) for side in sides], 1)


def check_derivatives(shape, **options):
    """Jacobians, and the exact loss, tr grad s + 1/2 ||s||^2."""
    rows = smooth(60, *shape)
    x = rows[:3]
    model = trained(rows, seed=3, blocks=1, **options)
    reference = Reference(model)
    for sigma in some_levels(model):
        expected = differences(lambda at: reference.score(at, sigma), x)
        np.testing.assert_allclose(model.jacobian(x, sigma), expected, rtol=0, atol=1e-5 * np.abs(expected).max())
    model = trained(rows, seed=3, blocks=1, noise_conditional=False, objective="sliced", noise=0, **options)
    reference = Reference(model)
    u = reference.units(x)
    traces = np.trace(differences(reference.network, u), axis1=1, axis2=2)
    expected = traces + (reference.network(u) ** 2).sum(1) / 2
    np.testing.assert_allclose(model.losses(x, objective="exact"), expected, rtol=0, atol=1e-5 * np.abs(traces).max())


@pytest.mark.parametrize("shape, options", [((5, 4), {}), ((9,), {}), ((6, 2), {"spatial_axes": 1})])
def test_derivatives_of_one_level(shape, options):
    check_derivatives(shape, widths=[12], **options)


@pytest.mark.parametrize("shape, options", [((5, 4), {}), ((9,), {}), ((6, 2), {"spatial_axes": 1})])
def test_derivatives_of_two_levels(shape, options):
    check_derivatives(shape, widths=[12, 12], **options)


@pytest.mark.parametrize("name", ["odd pictures", "signals", "constant pixels", "tanh, log", "one noise level"])
def test_gradient_of_the_loss_by_differences(name):
    """Of each parameter along its own gradient, which one step of training tells.

    Noise of the caller's is known here. Clipped to a length of 1e-8, a gradient moves each weight by g/(|g| + 1e-8) in Adam's first step.
    """
    rows, _, model = case(name, blocks=1)
    before = {parameter: value.astype(float) for parameter, value in model.parameters().items()}
    reference, seen = Reference(model), []

    def noise(x, sigma, bits):
        z, sigma = np.random.default_rng(bits[0]).standard_normal(x.shape), sigma[:, None]
        seen.append((sigma, z, x + sigma * z))
        return x + sigma * z, -z / sigma

    level = {"weighting": "sigma2"} if reference.told["noise_conditional"] else {"noise": reference.told["sigma_min"]}
    trainer = stein.Trainer(
        model, stein.Dataset(rows, context=model.context), objective="denoising", noise_kernel="caller", steps=1, batch=6, rate=1,
        clip=1e-8, warmup=0, decay="none", ema=0, validation=0, **level,
    )
    trainer.set_noise(noise)
    trainer.run()
    (sigma, z, noisy), *_ = seen
    moved = {parameter: before[parameter] - value for parameter, value in model.parameters().items()}
    gradient = {parameter: 1e-8 * step / (1 - np.abs(step)) for parameter, step in moved.items()}

    def slope(direction, step=1e-4):
        def loss(sign):
            reference.parameters = {parameter: value + sign * step * direction.get(parameter, 0) for parameter, value in before.items()}
            return ((reference.scaled(noisy, sigma) + z) ** 2).sum(1).mean() / 2

        return (loss(1) - loss(-1)) / (2 * step)

    lengths = {parameter: np.sqrt((g**2).sum()) for parameter, g in gradient.items()}
    whole = np.sqrt(sum(length**2 for length in lengths.values()))
    steepest = slope({parameter: g / whole for parameter, g in gradient.items()})
    assert abs(whole / 1e-8 - 1) < 1e-5 and steepest > 0
    for parameter, length in lengths.items():
        if length > 0:
            assert abs(slope({parameter: gradient[parameter] / length}) / steepest - length / whole) < 1e-5, parameter


# ---- Bits


@pytest.mark.parametrize("precision", ["float32", "bf16"])
@pytest.mark.parametrize("name", ["odd pictures", "signals with channels", "classes, constant pixels, log"])
def test_threads_and_pieces(name, precision):  # R15
    rows, labels, options = CASES[name]
    hidden = rows[:20].copy()
    hidden.reshape(20, -1)[::2, 6:12] = np.nan
    some = None if labels is None else labels[:20]
    found = []
    for threads, pieces in ((1, (0,)), (2, (3, 0)), (3, (1, 5, 0))):
        data = stein.Dataset(rows, labels=labels, context=stein.Context(threads=threads))
        model = stein.Model(data, "score_unet", seed=4, **options)
        try:
            trainer = stein.Trainer(model, data, steps=8, batch=37, rate=0.01, seed=5, validation=0.25, checks=2, precision=precision)
        except stein.SteinUnsupported:
            pytest.skip("no AVX-512 BF16 here")
        for piece in pieces:
            trainer.run(piece)
        drawn = model.sample(100, seed=2, steps=3, precision=precision), model.impute(hidden, labels=some, seed=3, steps=2)
        found.append([model.to_bytes(), model.loss(data, draws=2), *(a.tobytes() for a in (model.score(rows, 0.3, labels), *drawn))])
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize(
    "rows, options",
    [
        (smooth(150, 7, 5, 2), dict(widths=[12, 16])), (smooth(150, 33), dict(widths=[12, 16, 9])),
        (constant_edge(smooth(150, 20, 20)), dict(widths=[16, 16], blocks=1)), (smooth(9, 24, 24), dict(widths=[64], blocks=1, steps=2)),
    ],
    ids=["pictures", "signals", "larger pictures", "one a time"],
)
def test_rows_do_not_depend_on_each_other(rows, options):  # R15
    model = trained(rows, **options)
    n = len(rows)
    cuts = [(0, 1), (1, 4), (4, n // 2), (n // 2, n)]
    order = RNG.permutation(n)
    for sigma in some_levels(model):
        whole = model.score(rows, sigma)
        assert np.concatenate([model.score(rows[a:b], sigma) for a, b in cuts]).tobytes() == whole.tobytes()
        assert model.score(rows[order], sigma).tobytes() == whole[order].tobytes()
        # Whatever the others are.
        others = np.where(np.arange(n).reshape(n, *[1] * (rows.ndim - 1)) % 3 == 1, rows, 1e6 * rows)
        assert model.score(others, sigma)[1::3].tobytes() == whole[1::3].tobytes()
    drawn = model.sample(n, seed=9, steps=2)
    assert np.concatenate([model.sample(b - a, first_index=a, seed=9, steps=2) for a, b in cuts]).tobytes() == drawn.tobytes()
    hidden = rows.copy()
    hidden.reshape(n, -1)[:, 8:15] = np.nan
    filled = model.impute(hidden[:20], seed=9, steps=2)
    assert model.impute(hidden[7:20], first_index=7, seed=9, steps=2).tobytes() == filled[7:].tobytes()


# ---- Files


@pytest.mark.parametrize("name", ["odd pictures", "signals with channels", "classes, constant pixels, log", "one noise level"])
def test_files(name, tmp_path):
    rows, labels, model = case(name)
    model.save(tmp_path / "model")
    loaded = stein.Model.load(tmp_path / "model", context=stein.Context(threads=1))
    assert loaded.describe() == model.describe() and loaded.to_bytes() == model.to_bytes() == pickle.loads(pickle.dumps(model)).to_bytes()
    assert loaded.score(rows, 0.0, labels).tobytes() == model.score(rows, 0.0, labels).tobytes()
    options = dict(seed=1, **({"steps": 4} if model.describe()["noise_conditional"] else {"sampler": "langevin", "steps": 4}))
    assert loaded.sample(20, **options).tobytes() == model.sample(20, **options).tobytes()


@pytest.mark.parametrize("name", ["odd pictures", "signals with channels", "classes, constant pixels, log"])
def test_resumed_to_the_same_bits(name, tmp_path):
    rows, labels, options = CASES[name]
    data = stein.Dataset(rows, labels=labels)
    trainers = [stein.Trainer(stein.Model(data, "score_unet", **options), data, steps=30, batch=24, seed=2, checks=3) for _ in range(2)]
    trainers[0].run()
    trainers[1].run(13)
    trainers[1].save(tmp_path / "checkpoint")
    resumed = stein.Trainer.resume(stein.Dataset(rows, labels=labels, context=stein.Context(threads=3)), tmp_path / "checkpoint")
    assert resumed.describe()["step"] == 13 and resumed.run()
    assert resumed.model.to_bytes() == trainers[0].model.to_bytes() != trainers[1].model.to_bytes()


def changed(data, **changes):
    """The bytes of a model with other words in its description."""
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length])
    header["__metadata__"]["stein"] = json.dumps({**json.loads(header["__metadata__"]["stein"]), **changes})
    words = json.dumps(header).encode()
    return struct.pack("<Q", len(words)) + words + data[8 + length :]


@pytest.mark.parametrize(
    "changes, words",
    [
        (dict(spatial_axes=1), r"they are \[7, 5, 2\]"), (dict(spatial_axes=0), "its network"), (dict(blocks=2), "down0.block1.norm0.gain' is missing"),
        (dict(blocks=0), "its network"), (dict(blocks=9), "its network"), (dict(widths=[12, 8, 8]), "is missing"), (dict(widths=[12]), "values of F32"),
        (dict(widths=[12] * 5), "at most 4"), (dict(shape=[1, 70]), "wants rows"), (dict(shape=[1, 7, 10]), "values of F32"),
        (dict(family="score_mlp"), "is missing"), (dict(embedding="log"), "values of F32"),
    ],
)
def test_files_that_do_not_hold_together(changes, words):
    model = trained(smooth(60, 7, 5, 2), widths=[12, 8], blocks=1)
    data = model.to_bytes()
    assert stein.Model.from_bytes(changed(data)).to_bytes() == data
    with pytest.raises(stein.SteinError, match=words) as caught:
        stein.Model.from_bytes(changed(data, **changes))
    assert caught.value.name == "STEIN_BAD_FILE"


EXPORTED = [
    "odd pictures", "default widths", "signals", "signals with channels", "narrow pictures", "constant pixels", "constant places of signals", "classes",
    "classes, constant pixels, log", "softplus, v", "one noise level",
]


@pytest.mark.parametrize("name", EXPORTED)
def test_onnx(name, tmp_path):
    rows, labels, model = case(name)
    path = tmp_path / "m.onnx"
    model.export_onnx(path)
    onnx.checker.check_model(onnx.load(path), full_check=True)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for count in (1, 5, 67):
        for sigma in some_levels(model):
            x = with_noise(model, rows[:count], 0.1).astype(np.float32)
            inputs = {"x": x, "sigma": np.full(count, sigma, np.float32)}
            if labels is not None:
                inputs["label"] = labels[:count]
            classes = None if labels is None else labels[:count]
            found = dict(zip(("score", "denoised"), session.run(["score", "denoised"], inputs)))
            for output, expected in (("score", model.score(x, sigma, classes)), ("denoised", model.denoise(x, sigma, classes))):
                assert found[output].shape == x.shape
                np.testing.assert_allclose(found[output], expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max(), err_msg=output)


# ---- What is learnt


@pytest.fixture(scope="module")
def digits():
    """Handwritten digits of 8 x 8 pixels, some of them never touched: for training and held out."""
    data = load_digits()
    return train_test_split(data.images, test_size=360, random_state=0, stratify=data.target)


@pytest.fixture(scope="module")
def learnt(digits):
    """A small network, its trainer, and the loss after its first steps."""
    data = stein.Dataset(digits[0], context=stein.Context())
    model = stein.Model(data, "score_unet", widths=[16, 32], blocks=1)
    trainer = stein.Trainer(model, data, steps=1200, batch=64, rate=0.01, ema=0.99, validation=0, seed=1)
    trainer.run(100)
    early = trainer.describe()["loss"]
    trainer.run()
    return model, trainer, early


def flat(pictures):
    return pictures.reshape(len(pictures), -1)


def nearest(rows, among):
    """The distance of each row to the nearest of others."""
    a, b = flat(rows), flat(among)
    return np.sqrt(np.maximum((a * a).sum(1)[:, None] + (b * b).sum(1) - 2 * a @ b.T, 0).min(1))


def test_learns_more_of_pictures_than_layers_do(digits, learnt):
    """Held-out rows are denoised better than by a network of layers that trained as long, and by the Gaussian."""
    model, trainer, early = learnt
    assert trainer.describe()["loss"] < 0.75 * early
    train_rows, held_out = (stein.Dataset(rows, context=model.context) for rows in digits)
    loss = model.loss(held_out, draws=8)
    layers = stein.Model(train_rows, "score_mlp")
    losses = {
        "gaussian": train(stein.Model(train_rows, "gaussian"), train_rows).loss(held_out, draws=8),
        "layers": train(layers, train_rows, steps=1200, validation=0, ema=0.99, seed=1).loss(held_out, draws=8),
    }
    assert loss < 0.8 * losses["gaussian"] and loss < 0.9 * losses["layers"], (loss, losses)
    # Little of it is learnt by heart.
    assert loss < 1.08 * model.loss(train_rows, draws=2)


def test_samples_are_like_held_out_pictures(digits, learnt):
    train_rows, held_out = digits
    drawn = learnt[0].sample(720, seed=1)
    gaussian = stein.fit(train_rows, family="gaussian").sample(720, seed=1)
    apart, usual = stein.sliced_wasserstein(train_rows, held_out), np.median(nearest(held_out, train_rows))
    spread, near = ([f(rows) for rows in (drawn, gaussian)] for f in (
        lambda rows: stein.sliced_wasserstein(rows, held_out) / apart, lambda rows: np.median(nearest(rows, train_rows)) / usual,
    ))
    assert spread[0] < min(1.4, spread[1]), spread
    assert 0.9 < near[0] < 1.4 and near[1] > 1.55, near
    # Pixels that never vary come back as they were.
    constant = train_rows.std(0) == 0
    assert constant.any() and (drawn[:, constant] == train_rows[0, constant]).all()


def test_lower_halves_are_filled_in(digits, learnt):
    """Draws of one picture spread about its mean given the upper half, which their average comes near."""
    train_rows, held_out = digits
    whole = held_out[:16]
    holes = np.repeat(whole, 6, 0)
    holes[:, 4:] = np.nan
    filled = learnt[0].impute(holes, seed=1, steps=10)
    assert (filled[:, :4] == holes[:, :4]).all() and np.isfinite(filled).all()
    assert learnt[0].impute(np.repeat(whole[:2], 6, 0), known=~np.isnan(holes[:12]), seed=1, steps=10).tobytes() == filled[:12].tobytes()
    lower = filled[:, 4:].reshape(16, 6, 4, 8)
    error, plain = (np.sqrt(((rows - whole[:, 4:]) ** 2).mean()) for rows in (lower.mean(1), train_rows[:, 4:].mean(0)))
    assert error < 0.9 * plain, (error, plain)
    assert (lower.std(1)[:, :, 2:6].mean((1, 2)) > 1).all()


# ---- Densities


@pytest.fixture(scope="module")
def field():
    """Pictures of 4 x 4 from a Gaussian whose correlation falls with distance, and its log density."""
    near = 0.6 ** np.abs(np.subtract.outer(np.arange(4), np.arange(4)))
    covariance = 9 * np.kron(near, near)
    rows = (np.random.default_rng(0).standard_normal((2024, 16)) @ np.linalg.cholesky(covariance).T).reshape(-1, 4, 4) + 20

    def log_density(x):
        z = flat(x) - 20
        return -(z * np.linalg.solve(covariance, z.T).T).sum(1) / 2 - np.linalg.slogdet(covariance)[1] / 2 - 8 * np.log(2 * np.pi)

    return rows[:2000], rows[2000:], log_density


def check_likelihood(field, widths):
    rows, fresh, log_density = field
    options = dict(widths=widths, blocks=1, steps=600, batch=64, rate=5e-3, ema=0.98, validation=0)
    model = trained(rows, **options)
    value, deviation = model.log_likelihood(fresh, deviation=True)
    error = value - log_density(fresh)
    assert abs(error.mean()) < 0.5 and error.std() < 1.2 and (deviation < 1e-3).all(), (error.mean(), error.std())
    rough, wide = model.log_likelihood(fresh, trace="hutchinson", probes=16, deviation=True)
    assert np.sqrt(np.mean(((rough - value) / np.hypot(wide, 0.02)) ** 2)) < 2
    some = fresh[:6]
    bits = model.log_likelihood(some, unit="bits_per_dimension")
    np.testing.assert_allclose(bits, -value[:6] / (16 * np.log(2)), rtol=1e-9)
    # In units a quarter as large the density of 16 dimensions is 4^16 times as thin.
    wider = trained(4 * rows, **options).log_likelihood(4 * some)
    np.testing.assert_allclose(wider, value[:6] - 16 * np.log(4), rtol=0, atol=1e-3)


def test_likelihood(field):
    check_likelihood(field, [16])


def test_likelihood_of_two_levels(field):
    check_likelihood(field, [16, 16])


# ---- Options and errors


def test_defaults():
    assert {o["name"]: o["default"] for o in stein.options("model")}.items() >= {"blocks": "2", "spatial_axes": "auto", "widths": "auto"}.items()
    for shape, axes, widths in [((28, 28), 2, [32, 64, 128]), ((8, 8, 3), 2, [32, 64]), ((3, 3), 2, [32]), ((1, 1), 2, [32]), ((16,), 1, [32, 64, 128])]:
        told = stein.Model(smooth(20, *shape), "score_unet").describe()
        assert (told["spatial_axes"], told["widths"], told["blocks"], told["dropout"]) == (axes, widths, 2, 0), shape
        # One scale, for signals too.
        assert len(set(told["scale"])) == 1


def test_widths_by_the_word():
    rows = smooth(20, 2, 2)
    assert stein.Model(rows, "score_unet", widths="auto").describe()["widths"] == stein.Model(rows, "score_unet").describe()["widths"]


@pytest.mark.parametrize("side, count", [(5, 1), (6, 1), (9, 2), (12, 2)])
def test_default_widths_leave_a_length_of_four(side, count):
    assert len(stein.Model(smooth(20, side, side), "score_unet").describe()["widths"]) == count


SHAPES = r"family=score_unet wants rows \[length\], \[height, width\] or \[height, width, channels\], or with spatial_axes=1 \[length, channels\]; they are "


@pytest.mark.parametrize(
    "shape, options, name, words",
    [
        ((7, 5), dict(widths=[9] * 5), "STEIN_BAD_OPTION", r"'widths' has 5 levels, each of half the length; rows of shape \[7, 5\] have at most 4"),
        ((1, 1, 2), dict(widths=[9, 9]), "STEIN_BAD_OPTION", r"'widths' has 2 levels.*at most 1"),
        ((400,), dict(widths=[2] * 9), "STEIN_BAD_OPTION", r"'widths' has 9 levels.*at most 8"),
        ((2, 3, 4, 5), {}, "STEIN_BAD_SHAPE", SHAPES + r"\[2, 3, 4, 5\]"),
        ((8,), dict(spatial_axes=2), "STEIN_BAD_SHAPE", SHAPES + r"\[8\]"),
        ((4, 4, 2), dict(spatial_axes=1), "STEIN_BAD_SHAPE", SHAPES + r"\[4, 4, 2\]"),
        ((4, 4), dict(spatial_axes=3), "STEIN_BAD_OPTION", "'spatial_axes' is '3'; it takes a whole number from 1 to 2"),
        ((4, 4), dict(spatial_axes=0), "STEIN_BAD_OPTION", "'spatial_axes' is '0'"),
        ((4, 4), dict(dropout=0.1), "STEIN_BAD_OPTION", "'dropout' has no effect with family=score_unet: it belongs to family=score_mlp or energy_mlp"),
        ((4, 4), dict(residual=True), "STEIN_BAD_OPTION", "'residual' has no effect with family=score_unet"),
        ((4, 4), dict(widths=0), "STEIN_BAD_OPTION", "'widths' is '0'; it takes whole numbers from 1 to 8192"),
        ((4, 4), dict(widths=[4, -1]), "STEIN_BAD_OPTION", "'widths' is '4,-1'"),
        ((4, 4), dict(blocks=0), "STEIN_BAD_OPTION", "'blocks' is '0'; it takes a whole number from 1 to 8"),
        ((4, 4), dict(blocks=9), "STEIN_BAD_OPTION", "'blocks' is '9'"),
        ((4, 4), dict(blcks=1), "STEIN_BAD_OPTION", "'blcks'; did you mean 'blocks'"),
        ((4, 4), dict(family="score_mlp", blocks=1), "STEIN_BAD_OPTION", "'blocks' has no effect with family=score_mlp"),
        ((4, 4), dict(family="energy_mlp", spatial_axes=2), "STEIN_BAD_OPTION", "'spatial_axes' has no effect with family=energy_mlp"),
        ((4, 4), dict(noise_conditional=False, parameterization="edm"), "STEIN_BAD_OPTION", "'parameterization' has no effect with noise_conditional=false"),
        ((4, 4), dict(domain="box", lower=0), "STEIN_BAD_OPTION", "'domain' is for densities of one level: give noise_conditional=false"),
    ],
)
def test_models_that_can_not_be(shape, options, name, words):
    with pytest.raises(stein.SteinError, match=words) as caught:
        stein.Model(smooth(20, *shape), **{"family": "score_unet", **options})
    assert caught.value.name == name
    if name == "STEIN_BAD_OPTION":
        assert f"'{caught.value.option}'" in words


def test_what_a_score_network_has_not(tmp_path):
    rows = smooth(40, 5, 4)
    model = stein.Model(rows, "score_unet", widths=[9, 9])
    with pytest.raises(stein.SteinError, match="not trained yet"):
        model.score(rows)
    with pytest.raises(stein.SteinUnsupported, match="weights are taken by score_mlp and energy_mlp"):
        model.import_weights(tmp_path / "none")
    for objective in ("closed_form", "maximum_likelihood"):
        with pytest.raises(stein.SteinUnsupported, match="family=score_unet .*denoising, exact, sliced"):
            stein.Trainer(model, rows, objective=objective)
    train(model, rows, steps=2)
    for call in (lambda: model.energy(rows), lambda: model.sample_weighted(3), lambda: stein.Density.from_model(model)):
        with pytest.raises(stein.SteinUnsupported, match="family=score_unet gives a score without an energy; energy_mlp has one"):
            call()
    with pytest.raises(stein.SteinError, match=r"x has shape \[40, 4, 5\]; the model has rows of \[5, 4\]"):
        model.score(rows.transpose(0, 2, 1))
    with pytest.raises(stein.SteinValueError, match="made without classes"):
        model.score(rows, labels=np.zeros(40, int))
    edge = constant_edge(rows)
    with pytest.raises(stein.SteinUnsupported, match="constant columns"):
        train(stein.Model(edge, "score_unet", widths=[9]), edge, steps=2).log_likelihood(edge)


@pytest.mark.parametrize("objective", ["denoising", "sliced", "sliced_vr", "finite_difference"])
@pytest.mark.parametrize("conditional", [True, False])
def test_every_objective_trains(objective, conditional):
    model = trained(smooth(60, 5, 4), widths=[12, 12], blocks=1, noise_conditional=conditional, objective=objective)
    assert np.isfinite(model.score(smooth(5, 5, 4))).all()
