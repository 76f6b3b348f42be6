"""Which classes were drawn, draws that differ from call to call, labels where they are of no use, and shapes that are probably not meant."""

import warnings

import numpy as np
import pytest
import stein

RNG = np.random.default_rng(0)
SHARES = [0.6, 0.3, 0.1]
LABELS = np.array([7, -2, 40])[RNG.choice(3, size=600, p=SHARES)]
ROWS = np.column_stack([LABELS + 0.1 * RNG.standard_normal(600), RNG.gamma(2.0, size=600)])


@pytest.fixture(scope="module")
def model():
    data = stein.Dataset(ROWS, LABELS, context=stein.Context(threads=1))
    return stein.fit(data, widths=[32], steps=1500, seed=1, label_dropout=0.1)


def test_the_classes_drawn(model):
    rows, labels = model.sample(400, seed=3, return_labels=True)
    assert labels.dtype == np.int64 and set(labels) == {7, -2, 40} and (rows == model.sample(400, seed=3)).all()
    # The first column is the class but for .1, and what a short training leaves.
    assert (abs(rows[:, 0] - labels) < 4).mean() > 0.9
    # Each row's as if its label had been given.
    assert (model.sample(labels=labels, seed=3) == rows).all()
    for piece, first in ((slice(0, 100), 0), (slice(100, 400), 100)):
        found, classes = model.sample(piece.stop - piece.start, seed=3, first_index=first, return_labels=True)
        assert (found == rows[piece]).all() and (classes == labels[piece]).all()
    other, again = model.sample(400, seed=4, return_labels=True)[1], model.sample(5, labels=[7, 7, 40, 40, -2], return_labels=True)[1]
    assert (other != labels).any() and again.tolist() == [7, 7, 40, 40, -2]
    start = np.zeros((400, 2))
    assert (model.sample(start=start, seed=3, return_labels=True)[1] == labels).all()
    out = np.zeros((400, 2))
    assert (model.sample(out=out, seed=3, return_labels=True)[1] == labels).all()


def test_in_the_training_set_s_proportions(model):
    labels = model.sample(20_000, seed=1, steps=2, return_labels=True, sampler="euler")[1]
    for value in (7, -2, 40):
        share = (LABELS == value).mean()
        assert abs((labels == value).mean() - share) < 5 * np.sqrt(share * (1 - share) / 20_000)


def test_imputed_rows_are_of_the_same_classes(model):
    """impute draws a row's class as sample does: with the labels given it gives the same rows."""
    holes = np.column_stack([np.full(200, np.nan), ROWS[:200, 1]])
    labels = model.sample(200, seed=5, return_labels=True)[1]
    assert (model.impute(holes, seed=5) == model.impute(holes, labels=labels, seed=5)).all()


def test_a_model_without_classes_has_none_to_give():
    model = stein.fit(ROWS, family="gaussian")
    with pytest.raises(stein.SteinUnsupported, match="made without classes; there are none to draw"):
        model.sample(3, return_labels=True)


# ---- Seeds


def test_two_calls_draw_different_rows(model):
    energy = stein.fit(ROWS, family="energy_mlp", widths=[8], steps=20)
    holes = np.column_stack([np.full(20, np.nan), ROWS[:20, 1]])
    calls = [
        lambda **o: model.sample(20, **o), lambda **o: model.impute(holes, **o)[:, 0], lambda **o: model.sample_posterior(np.ones((1, 2)), np.ones((20, 1)), **o),
    ]
    for call in calls:
        first, second = call(), call()
        assert (first != second).all()
        assert (call(seed=model.last_seed) == second).all()
        assert (call(seed=2) == call(seed=2)).all() and model.last_seed == 2
    first, second = (energy.sample_weighted(20, steps=3)[0] for _ in range(2))
    assert (first != second).all() and (energy.sample_weighted(20, steps=3, seed=energy.last_seed)[0] == second).all()
    # Pieces fit together without a seed: it is 0 where a first_index is given.
    assert (np.concatenate([model.sample(10, first_index=k) for k in (0, 10)]) == model.sample(20, seed=0)).all()


def test_two_tables_differ():
    table = stein.TableModel("gaussian", bounded=False).fit({"a": ROWS[:, 0], "b": ROWS[:, 1]})
    holes = {"a": np.full(20, np.nan), "b": ROWS[:20, 1]}
    for call in (lambda **o: table.sample(20, **o)["a"], lambda **o: table.sample(20, given={"b": 1.0}, **o)["a"], lambda **o: table.impute(holes, **o)["a"]):
        first, second = call(), call()
        assert (first != second).all() and (call(seed=table.last_seed) == second).all() and (call(seed=1) == call(seed=1)).all()


# ---- Labels without use


@pytest.mark.parametrize("family", ["gaussian", "mixture", "nice", "autoregressive", "exponential", "kernel_exponential", "deep_kernel_exponential"])
def test_families_without_classes_refuse_labels(family):
    data = stein.Dataset(ROWS, LABELS)
    for make in (lambda: stein.Model(data, family), lambda: stein.fit(ROWS, LABELS, family)):
        with pytest.raises(stein.SteinValueError, match=f"family={family} has no use for the labels .* classes=ignore.*score_mlp, score_unet, energy_mlp"):
            make()
    assert stein.Model(data, family, classes="ignore").describe()["classes"] == []
    assert stein.Model(stein.Dataset(ROWS), family).describe()["classes"] == []


def test_graphs_refuse_labels_too():
    graph = stein.Graph(2)
    energy = stein.ops.squared_norm(graph.x - graph.parameter("m", 2))
    data = stein.Dataset(ROWS, LABELS)
    with pytest.raises(stein.SteinValueError, match="family=graph has no use for the labels"):
        graph.model(data, energy=energy)
    assert graph.model(data, energy=energy, classes="ignore").describe()["classes"] == []


def test_networks_may_leave_them_out():
    model = stein.Model(stein.Dataset(ROWS, LABELS), widths=[4], classes="ignore")
    assert model.describe()["classes"] == []


def test_lists_say_how_many_more():
    rows, labels = np.random.default_rng(1).standard_normal((300, 2)), np.arange(300) % 150
    model = stein.fit(rows, labels, widths=[4], steps=2)
    with pytest.raises(stein.SteinValueError, match="the label of row 1 is 150, no class of the model; these are 0, 1, .*, 11 and 138 more"):
        model.sample(labels=[3, 150])
    few = stein.fit(rows, labels % 12, widths=[4], steps=2)
    with pytest.raises(stein.SteinValueError, match="10, 11$"):
        few.sample(labels=[12])
    table = stein.TableModel("gaussian", bounded=False).fit({"a": [f"c{i % 30:02}" for i in range(300)], "b": rows[:, 0]})
    with pytest.raises(ValueError, match="no category 'c99'; there are 'c00', .*, 'c19' and 10 more"):
        table.sample(1, given={"a": "c99"})
    table = pytest.importorskip("pyarrow").table({f"c{j}": [1.0, 2.0] for j in range(40)})
    with pytest.raises(stein.SteinError, match="c0, .*c19 and 20 more"):
        stein.Dataset.from_arrow(table, label="z")


def test_a_message_that_is_cut_says_so():
    """The room of stein_error ends where it ends; a list that is cut there does not look whole."""
    names = [f"a rather long name of a column {j}" for j in range(30)]
    table = pytest.importorskip("pyarrow").table({name: [1.0, 2.0] for name in names})
    with pytest.raises(stein.SteinError) as caught:
        stein.Dataset.from_arrow(table, label="z")
    assert 420 < len(str(caught.value).encode()) < 432 and str(caught.value).endswith("…")


def test_the_type_is_named_where_it_is_wrong():
    import ctypes

    from stein import _abi, _arrays
    from stein._library import library

    model = stein.fit(ROWS, LABELS, widths=[4], steps=2)
    wrong, out = _arrays.Tensor(np.zeros(2, np.float32)), _arrays.Tensor(np.zeros((2, 2)))
    error = _abi.stein_error(struct_size=ctypes.sizeof(_abi.stein_error))
    assert library.stein_sample(model.handle, None, wrong.pointer, b"", out.pointer, None, ctypes.byref(error)) == _abi.STEIN_BAD_SHAPE
    assert error.message.decode() == "labels are float32; they must be integers, one class a row [2]"
    whole = _arrays.Tensor(np.zeros((2, 2), np.int64))
    assert library.stein_sample(model.handle, None, None, b"", whole.pointer, None, ctypes.byref(error)) == _abi.STEIN_BAD_SHAPE
    assert error.message.decode() == "out is int64; it must be float32 or float64"
    for tensor, message in ((out, "out is float64 of shape [2, 2]; it needs int64 [n]"), (whole, "out is int64 of shape [2, 2]; it needs int64 [n]")):
        assert library.stein_sample_labels(model.handle, b"", tensor.pointer, ctypes.byref(error)) == _abi.STEIN_BAD_SHAPE
        assert error.message.decode() == message


# ---- Shapes


@pytest.mark.parametrize(
    "shape, options, message",
    [
        ((20, 3, 16, 16), {}, r"pictures of 3 by 16 in 16 channels; .*x.transpose\(0, 2, 3, 1\)"), ((20, 1, 8, 12), {}, "channels come first"),
        ((20, 100, 2), {}, "signals of 100 points in 2 channels say spatial_axes=1"), ((20, 2, 100), {}, r"x.transpose\(0, 2, 1\)"),
        ((20, 2, 100), {"spatial_axes": 1}, r"read as \[length, channels\].*x.transpose\(0, 2, 1\)"),
    ],
)
def test_shapes_that_are_probably_not_meant(shape, options, message):
    rows = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    with pytest.warns(stein.SteinWarning, match=message):
        model = stein.Model(rows, "score_unet", widths=[4], blocks=1, **options)
    with pytest.warns(stein.SteinWarning, match=message):
        stein.fit(rows, family="score_unet", widths=[4], blocks=1, steps=1, **options)
    assert len(model.describe()["warnings"]) == 1 and model.describe()["warnings"][0] in stein.Trainer(model, rows).describe()["warnings"]


@pytest.mark.parametrize(
    "shape, options",
    [((20, 16, 16, 3), {}), ((20, 16, 16), {}), ((20, 100, 2), {"spatial_axes": 1}), ((20, 100, 2), {"spatial_axes": 2}), ((20, 64), {}), ((20, 8, 8, 1), {}), ((20, 4, 4), {}), ((20, 28, 28, 4), {})],
)
def test_shapes_that_are_meant(shape, options):
    rows = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = stein.Model(rows, "score_unet", widths=[4], blocks=1, **options)
    assert model.describe()["warnings"] == []


def test_a_table_that_lies_on_its_side():
    rows = np.random.default_rng(0).standard_normal((2, 300))
    with pytest.warns(stein.SteinWarning, match="2 rows of 300 columns; rows come first"):
        stein.Model(rows)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        stein.Model(rows.T)
