"""Models of one's own: every operation against NumPy, every objective, files, errors."""

import pickle

import numpy as np
import pytest
import stein
from stein import ops

RNG = np.random.default_rng(8)
X = RNG.uniform(0.4, 1.6, (7, 4))
A = RNG.uniform(-1, 1, (4, 3))
V = RNG.uniform(0.5, 1, 4)


def lse(a, axis=None):
    return np.log(np.exp(a).sum(axis))


# An expression of a node x [4], and the same of a row in NumPy. Each is summed into one number.
EXPRESSIONS = {
    "elementwise": (
        lambda x: ops.exp(x) + ops.log(x) * ops.tanh(x) - ops.sigmoid(x) / ops.sqrt(x),
        lambda x: np.exp(x) + np.log(x) * np.tanh(x) - 1 / (1 + np.exp(-x)) / np.sqrt(x),
    ),
    "more": (
        lambda x: ops.softplus(x) * ops.silu(x) + ops.sin(x) * ops.cos(x) + ops.reciprocal(x) + ops.square(x),
        lambda x: np.log1p(np.exp(x)) * x / (1 + np.exp(-x)) + np.sin(x) * np.cos(x) + 1 / x + x * x,
    ),
    "kinks": (
        lambda x: abs(x - 1) + ops.relu(x - 1) + ops.step(x - 1) * x + ops.sign(x - 1) * 2 + (x > 0.9) * x,
        lambda x: abs(x - 1) + np.maximum(x - 1, 0) + (x > 1) * x + np.sign(x - 1) * 2 + (x > 0.9) * x,
    ),
    "powers": (lambda x: x**3 + x**-2 + x**0.5 + x**1.7 + 2 / x, lambda x: x**3 + x**-2.0 + x**0.5 + x**1.7 + 2 / x),
    "numbers": (lambda x: 3 - x * V + V / x - 2 * (-x), lambda x: 3 - x * V + V / x + 2 * x),
    "extremes": (
        lambda x: ops.maximum(x, 1) + ops.minimum(x, V) + ops.select(x > 1, x, 2 * x) + x.max(),
        lambda x: np.maximum(x, 1) + np.minimum(x, V) + np.where(x > 1, x, 2 * x) + x.max(),
    ),
    "products": (
        lambda x: (x @ A).sum() + (A.T @ x)[1] + x @ x + ops.dot(x, V) + ops.squared_norm(x) + (x @ A) @ (A.T @ V),
        lambda x: (x @ A).sum() + (A.T @ x)[1] + x @ x + x @ V + x @ x + (x @ A) @ (A.T @ V),
    ),
    "broadcasts": (
        lambda x: (x - A.T).sum(0) * x.mean() + (x.reshape(4, 1) * x).sum(axes=-1),
        lambda x: (x - A.T).sum(0) * x.mean() + (x[:, None] * x).sum(-1),
    ),
    "reductions": (
        lambda x: (x - A.T).log_sum_exp(1).sum() + (x - A.T).max(0, keep_axes=True).sum() + (x * A.T).mean((0, 1)),
        lambda x: lse(x - A.T, 1).sum() + (x - A.T).max(0).sum() + (x * A.T).mean(),
    ),
    "shapes": (
        lambda x: (x.reshape(2, 2).T @ np.array([[1.0, 2], [3, 4]])).reshape(4) * x[::1] + ops.gather(x, [3, 0, 0, 1]),
        lambda x: (x.reshape(2, 2).T @ np.array([[1.0, 2], [3, 4]])).reshape(4) * x + x[[3, 0, 0, 1]],
    ),
    "joins": (
        lambda x: ops.concatenate([x[1:3], x.graph.constant([5.0]), x[-1].reshape(1)]) * x,
        lambda x: np.concatenate([x[1:3], [5.0], x[-1:]]) * x,
    ),
    "matrices": (
        lambda x: ops.inverse(x.reshape(2, 2) + 3 * np.eye(2)).sum()
        + ops.log_determinant(x.reshape(4, 1) * x + 2 * np.eye(4)),
        lambda x: np.linalg.inv(x.reshape(2, 2) + 3 * np.eye(2)).sum()
        + np.linalg.slogdet(np.outer(x, x) + 2 * np.eye(4))[1],
    ),
    "convolutions": (
        lambda x: ops.convolution(x.reshape(2, 2, 1), KERNEL).sum() ** 2
        + (ops.transposed_convolution(x.reshape(1, 2, 2), KERNEL[:1, :2], stride=(1, 2), padding=0) ** 3).sum(),
        lambda x: convolved(x).sum() ** 2 + (spread(x) ** 3).sum(),
    ),
    "batched matrices": (
        lambda x: (x.reshape(2, 2) @ (x.reshape(2, 2) - A[:2, :2])).sum() + ((x.reshape(1, 4) + A.T) @ x).sum(),
        lambda x: (x.reshape(2, 2) @ (x.reshape(2, 2) - A[:2, :2])).sum() + ((x[None] + A.T) @ x).sum(),
    ),
}


KERNEL = np.arange(12.0).reshape(3, 2, 1, 2) / 6 - 0.7


def convolved(x):
    """y[i, j] = sum of x[i + a - 1, j + b] W[a, b]: of an even length the window begins at its place."""
    padded = np.zeros((4, 3))
    padded[1:3, :2] = x.reshape(2, 2)
    return sum(padded[a : a + 2, b : b + 1, None] * KERNEL[a, b, 0] for a in range(3) for b in range(2))


def spread(y):
    """Windows of two places side by side, each place from one of y's."""
    return np.einsum("jk,bk->jb", y.reshape(2, 2), KERNEL[0, :2, 0])


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_expressions(name):
    """Energies of many rows at once are those of NumPy, row by row."""
    ours, theirs = EXPRESSIONS[name]
    graph = stein.Graph(4)
    offset = graph.parameter("offset", start=0.25)
    made = ours(graph.x)
    model = graph.model(X, energy=(made.sum() if made.shape else made) + offset)
    trainer = stein.Trainer(model, X, objective="finite_difference", steps=1, rate=0, validation=0, noise=0)
    trainer.run()
    assert np.allclose(model.energy(X), [np.sum(theirs(x)) + 0.25 for x in X], rtol=2e-5, atol=2e-5)


def banana(n, seed=0):
    rng = np.random.default_rng(seed)
    x = 1 + rng.standard_normal(n)
    return np.stack([x, 0.5 * x * x + rng.standard_normal(n) / np.sqrt(2)], 1)


def banana_model(rows, **options):
    """p = exp(-(x - a)^2/2 - b (y - c x^2)^2/2), a = 1, b = 2, c = 0.5."""
    graph = stein.Graph(2)
    x, y = graph.x
    a, b, c = graph.parameter("a"), graph.parameter("b", start="ones"), graph.parameter("c")
    return graph.model(rows, energy=(x - a) ** 2 / 2 + b * (y - c * x * x) ** 2 / 2, **options)


@pytest.mark.parametrize(
    "objective, directions",
    [("exact", {}), ("sliced", {}), ("sliced_vr", {"projections": 2}), ("finite_difference", {"projections": 2})],
)
def test_every_objective_recovers_the_parameters(objective, directions):
    """Over ten data sets the estimates scatter about the truth: |mean - truth| < 5 sd/sqrt(10) + what training leaves."""
    found = []
    for seed in range(10):
        rows = banana(2000, seed)
        model = banana_model(rows)
        stein.Trainer(model, rows, objective=objective, steps=1200, rate=0.02, batch=512, seed=seed, **directions).run()
        found.append([model.parameter(name)[0] for name in "abc"])
    found = np.array(found)
    assert np.all(abs(found.mean(0) - [1, 2, 0.5]) < 5 * found.std(0, ddof=1) / np.sqrt(10) + [0.01, 0.03, 0.005])
    assert np.all(found.std(0) < [0.15, 0.3, 0.08])


def test_denoising_over_many_levels():
    """With sigma the graph is one density for every level: a correlated Gaussian is found, and drawn from."""
    rng = np.random.default_rng(2)
    covariance = np.array([[2.0, 0.8], [0.8, 0.7]])
    rows = rng.multivariate_normal([3, -1], covariance, 4000)
    graph = stein.Graph(2)
    mean, factor = graph.parameter("mean", 2), graph.parameter("factor", (2, 2), start="identity")
    spread = factor @ factor.T + graph.sigma**2 * np.eye(2)
    off = graph.x - mean
    model = graph.model(rows, energy=0.5 * (off @ ops.inverse(spread) @ off) + 0.5 * ops.log_determinant(spread))
    stein.Trainer(model, rows, steps=3000, rate=0.01).run()
    assert np.allclose(model.parameter("mean"), rows.mean(0), atol=5 * np.sqrt(np.diag(covariance) / 4000))
    f = model.parameter("factor")
    assert np.allclose(f @ f.T, np.cov(rows.T), atol=0.12)
    drawn = model.sample(4000, seed=3)
    # The model's own moments: 5 deviations of a mean and of a variance.
    assert np.allclose(drawn.mean(0), model.parameter("mean"), atol=5 * np.sqrt(np.diag(covariance) / 4000))
    assert np.allclose(np.cov(drawn.T), f @ f.T, atol=5 * 2 * np.sqrt(2 / 4000))
    # The energy is the log density's up to a constant, at each level.
    inverse = np.linalg.inv(f @ f.T + 0.25 * np.eye(2))
    x = rows[:5] - model.parameter("mean")
    exact = 0.5 * np.einsum("ij,jk,ik->i", x, inverse, x)
    ours = model.energy(rows[:5], 0.5)
    assert np.allclose(ours - ours[0], exact - exact[0], rtol=1e-3, atol=1e-3)


def test_score_output():
    """A score of one's own is trained as it is; it need not be a gradient."""
    rows = banana(1000)
    graph = stein.Graph(2)
    weight, bias = graph.parameter("weight", (2, 2)), graph.parameter("bias", 2)
    model = graph.model(rows, score=graph.x @ weight + bias)
    stein.Trainer(model, rows, objective="exact", steps=1500, rate=0.05, batch=1000).run()
    # The best linear score is the Gaussian's.
    exact = -np.linalg.inv(np.cov(rows.T, bias=True))
    assert np.allclose(model.parameter("weight"), exact, atol=0.05 * abs(exact).max())
    with pytest.raises(stein.SteinUnsupported):
        model.energy(rows)


def test_files_carry_the_graph(tmp_path):
    rows = banana(300)
    model = banana_model(rows)
    stein.Trainer(model, rows, steps=20).run()
    model.save(tmp_path / "own.safetensors")
    again = stein.Model.load(tmp_path / "own.safetensors")
    assert again.to_bytes() == model.to_bytes() == pickle.loads(pickle.dumps(model)).to_bytes()
    assert np.array_equal(again.score(rows), model.score(rows))
    drawn = again.sample(50, seed=1)
    assert np.array_equal(drawn, model.sample(50, seed=1))


def test_threads_and_pieces():
    rows = banana(500)

    def trained(threads, pieces):
        data = stein.Dataset(rows, context=stein.Context(threads=threads))
        graph = stein.Graph(2, context=data.context)
        x, y = graph.x
        model = graph.model(data, energy=x**2 + graph.parameter("b", start="ones") * (y - x) ** 2)
        trainer = stein.Trainer(model, data, objective="sliced", steps=60, projection_law="sphere")
        for steps in pieces:
            trainer.run(steps)
        return model.to_bytes()

    assert trained(1, [0]) == trained(2, [7, 1, 0])


@pytest.mark.parametrize(
    "build, says",
    [
        (lambda g: g.x @ np.ones((3, 2)), "3, 2"),
        (lambda g: g.x + np.ones(3), "add of [2] and [3]"),
        (lambda g: g.node("multiply", g.x, np.ones((3, 3))), "multiply of [2] and [3, 3]"),
        (lambda g: g.node("nonsense", g.x), "no operation 'nonsense'"),
        (lambda g: g.node("add", g.x), "takes 2 inputs"),
        (lambda g: g.node("sum", g.x, exponent=2), "belongs to operation=power"),
        (lambda g: g.node("sum", g.x, axes=[2]), "sum of [2]"),
        (lambda g: g.x.reshape(3), "reshape of [2]"),
        (lambda g: ops.gather(g.x, [2]), "gather of [2]"),
        (lambda g: ops.inverse(g.x), "inverse of [2]"),
        (lambda g: g.parameter("", 2), "name"),
        (lambda g: g.constant([np.inf]), "inf"),
        (lambda g: g.node("transpose", g.x, axes=[1]), "transpose of [2]"),
        (lambda g: ops.concatenate([g.x, g.constant(1)]), "concatenate of [2]"),
    ],
)
def test_errors_name_operation_and_shapes(build, says):
    graph = stein.Graph(2)
    with pytest.raises(stein.SteinError) as caught:
        build(graph)
    assert says in str(caught.value)
    # Nothing was added: the next node has the next number.
    assert graph.constant(1).number <= 2


def test_models_that_are_none():
    rows = banana(100)
    graph = stein.Graph(2)
    a = graph.parameter("a")
    for node, says in [(graph.x, "one number"), (a, "depend on x"), (graph.x.sum() * a + 0 * graph.x, "one number")]:
        with pytest.raises(stein.SteinError) as caught:
            graph.model(rows, energy=node)
        assert says in str(caught.value)
    with pytest.raises(stein.SteinError, match="a score is"):
        graph.model(rows, score=graph.x.sum() * a)
    with pytest.raises(stein.SteinError, match="2 columns"):
        graph.model(np.random.default_rng(0).standard_normal((9, 3)), energy=graph.x.sum() * a)
    with pytest.raises(stein.SteinError, match="no parameter"):
        other = stein.Graph(2)
        other.model(rows, energy=other.x.sum())
    with pytest.raises(stein.SteinError, match="widths"):
        graph.model(rows, energy=graph.x.sum() * a, widths=[3])
    with pytest.raises(ValueError):
        graph.x + stein.Graph(2).x


def test_kinks_are_refused_where_they_matter():
    rows = banana(200)
    graph = stein.Graph(2)
    energy = (abs(graph.x) * graph.parameter("k", start="ones")).sum()
    model = graph.model(rows, energy=energy)
    with pytest.raises(stein.SteinUnsupported, match="abs, whose kink"):
        stein.Trainer(model, rows, objective="exact")
    stein.Trainer(model, rows, objective="denoising").run(5)


def test_no_graph_is_too_large():
    graph = stein.Graph(1)
    node = graph.x
    with pytest.raises(stein.SteinError, match="4096 nodes"):
        for _ in range(5000):
            node = node + 1
    with pytest.raises(stein.SteinError):
        graph.node("parameter", name="big", shape=[1 << 24, 1 << 24])


def test_what_the_output_does_not_need_is_left_out():
    rows = banana(200)
    graph = stein.Graph(2)
    graph.parameter("unused", 5)
    kink = abs(graph.x)
    model = graph.model(rows, energy=((graph.x - graph.parameter("m", 2)) ** 2).sum())
    assert kink.shape == (2,) and list(model.parameters()) == ["m"]
    stein.Trainer(model, rows, objective="exact", steps=5).run()
    assert b"unused" not in model.to_bytes()


def test_a_switch_is_a_kink():
    graph = stein.Graph(2)
    energy = ops.select(graph.x[0] > 0, graph.x[0], 2 * graph.x[0]) * graph.parameter("k")
    with pytest.raises(stein.SteinUnsupported, match="kink"):
        stein.Trainer(graph.model(banana(100), energy=energy), banana(100), objective="sliced")


@pytest.mark.parametrize("name", ["__metadata__", "a b", "a=b", "\u03b8", "x" * 129])
def test_names_that_no_file_takes(name):
    with pytest.raises((stein.SteinError, UnicodeError)):
        stein.Graph(2).parameter(name)


@pytest.mark.parametrize(
    "build, says",
    [
        (lambda g: g.node("sum", g.x, axes=[0, 0]), "sum of [2]"),
        (lambda g: g.node("log_sum_exp", g.x, axes=[1]), "log_sum_exp of [2]"),
        (lambda g: g.node("transpose", g.x.sum(), axes=[0]), "transpose of []"),
        (lambda g: ops.dot(g.x, np.ones(3)), "dot"),
        (lambda g: g.x * np.ones((2, 2, 2, 1)), "at most 3 axes"),
    ],
)
def test_more_errors(build, says):
    with pytest.raises(stein.SteinError) as caught:
        build(stein.Graph(2))
    assert says in str(caught.value)
