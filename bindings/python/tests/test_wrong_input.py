"""Wrong input at every public entry: a sentence that names what is wrong, never what Python or NumPy says of itself; and nothing taken for what it is not."""

import datetime
import inspect
import pathlib
import warnings

import numpy as np
import pytest
import stein
from stein import ops

pandas = pytest.importorskip("pandas")
estimators = pytest.importorskip("stein.sklearn")

ROWS = np.random.default_rng(0).gamma(2.0, size=(40, 2))
X = ROWS[:4]


def masked(rows=X):
    return np.ma.masked_array(rows, np.arange(rows.size).reshape(rows.shape) % 5 == 1)


try:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plots
except ImportError:
    plots = None


def matrix(values):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        return np.matrix(values)


#: What people pass by mistake.
ZOO = {
    "None": None, "text": "text", "bytes": b"bytes", "a number": 5, "a negative number": -1, "a fraction": 0.5, "NaN": float("nan"), "a flag": True,
    "a complex number": 1j, "no rows": [], "an empty row": [[]], "ragged rows": [[1.0, 2.0], [3.0]], "rows of text": [["a", "b"], ["c", "d"]],
    "a list of None": [None, None], "a list of lists": [[1.0, 2.0], [3.0, 4.0]], "an object": object(), "a dictionary": {"a": [1, 2]}, "a set": {1, 2},
    "a function": lambda *_a, **_k: None, "a class": int, "a generator": (i for i in range(2)), "a date": datetime.date(2024, 1, 1),
    "a Series": pandas.Series([1.0, 2.0, 3.0, 4.0]), "a Series of text": pandas.Series(["a", "b"]), "a table of text": pandas.DataFrame({"a": ["x", "y"], "b": [1.0, 2.0]}),
    "a table with pandas.NA": pandas.DataFrame({"a": pandas.array([1, None], dtype="Int64"), "b": [1.0, 2.0]}), "a table of dates": pandas.DataFrame({"a": pandas.date_range("2024", periods=2)}),
    "a matrix": matrix([[1.0, 2.0], [3.0, 4.0]]), "masked values": masked(), "a structured array": np.zeros(4, [("a", "f8"), ("b", "f8")]),
    "objects": np.array([[1.0, None], [2.0, "x"]], object), "complex rows": X + 1j, "dates": np.array([["2024-01-01"]], "M8[D]"), "strings": np.array(["a"]),
    "no columns": np.zeros((3, 0)), "six axes": np.zeros((1,) * 6), "an array of no axis": np.array(3.0), "infinite rows": np.full((4, 2), np.inf),
    "long doubles": X.astype(np.longdouble), "half": X.astype(np.float16), "a path": pathlib.Path("/nowhere/at/all"), "NUL": "a\0b",
}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    context = stein.Context(threads=1)
    folder = tmp_path_factory.mktemp("wrong")
    dataset = stein.Dataset(ROWS, context=context)
    labelled = stein.Dataset(ROWS, np.arange(40) % 2, context=context)
    network = stein.fit(labelled, widths=[4], steps=3, label_dropout=0.5)
    energy = stein.fit(dataset, family="energy_mlp", widths=[4], steps=3)
    gaussian = stein.fit(dataset, family="gaussian")
    table = stein.TableModel("gaussian").fit({"a": ROWS[:, 0], "b": np.arange(40) % 3}, context=context)
    network.save(folder / "model")
    table.save(folder / "table")
    np.save(folder / "rows.npy", ROWS)
    trainer = stein.Trainer(stein.Model(dataset, widths=[4]), dataset, steps=2)
    trainer.save(folder / "checkpoint")
    stein.Chains(stein.Density.from_model(gaussian, sigma=0.5), chains=2, warmup=5).save(folder / "chains")
    return {
        "context": context, "dataset": dataset, "labelled": labelled, "network": network, "energy": energy, "gaussian": gaussian, "table": table, "folder": folder,
        "density": stein.Density.from_model(gaussian, sigma=0.5), "trainer": trainer,
        "estimator": estimators.ScoreModel("gaussian", random_state=0).fit(ROWS),
    }


def show(draw):
    def drawn(**arguments):
        try:
            draw(**arguments)
        finally:
            plots.close("all")

    return drawn


def entries(w):
    """Every public entry with arguments that serve; each of them is then made wrong in turn."""
    soon = {"progress": None, "deadline": 5.0}
    field = {"x": X, "sigma": 0.5, "labels": [0, 1, 0, 1], "dtype": None, **soon}
    level = {"dataset": w["dataset"], **soon}
    draws = np.random.default_rng(1).standard_normal((2, 20, 2))
    graph = stein.Graph(2, context=w["context"])
    folder, fresh = w["folder"], lambda: stein.Trainer(stein.Model(w["dataset"], widths=[4]), w["dataset"], steps=2)
    noisy = lambda: stein.Trainer(stein.Model(w["dataset"], widths=[4]), w["dataset"], steps=2, noise_kernel="caller")
    chains = lambda: stein.Chains(w["density"], chains=2, warmup=5)
    node = graph.x
    return {
        "version": (stein.version, {}),
        "options": (stein.options, {"kind": "model"}),
        "Context": (stein.Context, {"threads": 1, "memory_limit": 0}),
        "Dataset": (stein.Dataset, {"rows": ROWS, "labels": np.arange(40) % 2, "context": w["context"], "names": ["a", "b"]}),
        "Dataset.open": (stein.Dataset.open, {"path": folder / "rows.npy", "context": w["context"], "format": "npy"}),
        "Dataset.from_arrow": (stein.Dataset.from_arrow, {"table": pandas.DataFrame({"a": [1.0, 2], "b": [3, 4]}), "label": "b", "columns": ["a"], "context": w["context"]}),
        "Model": (stein.Model, {"dataset": w["dataset"], "family": "gaussian", "scale": "columns"}),
        "Model.load": (stein.Model.load, {"path": folder / "model", "context": w["context"]}),
        "Model.from_bytes": (stein.Model.from_bytes, {"data": w["network"].to_bytes(), "context": w["context"]}),
        "Model.save": (w["network"].save, {"path": folder / "again"}),
        "Model.export_onnx": (w["network"].export_onnx, {"path": folder / "onnx"}),
        "Model.import_weights": (stein.Model(w["dataset"], widths=[4], residual=False, preconditioning="isotropic").import_weights, {"path": folder / "none", "prefix": "a"}),
        "Model.parameter": (w["gaussian"].parameter, {"name": "mean"}),
        **{f"Model.{name}": (getattr(w["network"], name), field) for name in ("score", "denoise", "jacobian", "denoise_covariance")},
        "Model.energy": (w["energy"].energy, {**field, "labels": None}),
        "Model.denoise_error": (w["energy"].denoise_error, {**level, "sigmas": [0.5], "draws": 1}),
        "Model.loss": (w["energy"].loss, {**level, "draws": 1}),
        "Model.losses": (w["energy"].losses, {**level, "draws": 1}),
        "Model.sample": (w["network"].sample, {"n": 4, "labels": [0, 1, 0, 1], "start": X, "dtype": None, "return_labels": False, **soon, "steps": 2, "seed": 1}),
        "Model.sample into": (w["network"].sample, {"out": np.zeros((4, 2)), "steps": 2, "seed": 1}),
        "Model.sample_weighted": (w["energy"].sample_weighted, {"n": 4, "labels": None, "dtype": None, **soon, "steps": 2}),
        "Model.impute": (w["network"].impute, {"x": X, "known": np.ones((4, 2)), "labels": [0, 1, 0, 1], "dtype": None, **soon, "steps": 2}),
        "Model.sample_posterior": (w["network"].sample_posterior, {"matrix": np.ones((1, 2)), "y": np.ones((4, 1)), "labels": [0, 1, 0, 1], "dtype": None, **soon, "steps": 2}),
        "Model.encode": (w["network"].encode, {"x": X, "labels": [0, 1, 0, 1], "dtype": None, **soon, "tolerance": 0.1}),
        "Model.decode": (w["network"].decode, {"noise": X, "labels": [0, 1, 0, 1], "dtype": None, **soon, "tolerance": 0.1}),
        "Model.log_likelihood": (w["network"].log_likelihood, {"x": X, "labels": [0, 1, 0, 1], "deviation": False, **soon, "tolerance": 0.1}),
        "Graph": (stein.Graph, {"columns": 2, "context": w["context"]}),
        "Graph.parameter": (graph.parameter, {"name": "p", "shape": 2, "start": [1.0, 2.0], "deviation": None}),
        "Graph.constant": (graph.constant, {"value": [1.0, 2.0]}),
        "Graph.node": (graph.node, {"operation": "x", "array": None, "columns": 2}),
        "Graph.model": (graph.model, {"data": w["dataset"], "energy": ops.squared_norm(node), "log_density": None, "score": None, "scale": "none"}),
        "Graph.text": (graph.text, {"node": node}), "Graph.dot": (graph.dot, {"node": node}),
        **{f"Node.{name}": (getattr(node, name), {"other": 2.0}) for name in ("__add__", "__radd__", "__sub__", "__rsub__", "__mul__", "__rmul__", "__truediv__", "__rtruediv__", "__gt__", "__lt__")},
        "Node.__matmul__": (node.__matmul__, {"other": [1.0, 2.0]}), "Node.__rmatmul__": (node.__rmatmul__, {"other": [1.0, 2.0]}),
        "Node.__pow__": (node.__pow__, {"exponent": 2.0}), "Node.__getitem__": (node.__getitem__, {"index": 0}),
        "Node.reshape": (lambda shape: node.reshape(shape), {"shape": 2}),
        **{f"Node.{name}": (getattr(node, name), {"axes": 0, "keep_axes": False}) for name in ("sum", "mean", "max", "log_sum_exp")},
        **{f"ops.{name}": (getattr(ops, name), {"x": node}) for name in ("exp", "log", "tanh", "sigmoid", "softplus", "silu", "sqrt", "reciprocal", "sin", "cos", "relu", "step", "sign", "square", "squared_norm")},
        **{f"ops.{name}": (getattr(ops, name), {"x": node.reshape(1, 2) * [[1.0], [2.0]]}) for name in ("inverse", "log_determinant")},
        **{f"ops.{name}": (getattr(ops, name), {"a": node, "b": 1.0}) for name in ("dot", "maximum", "minimum")},
        "ops.select": (ops.select, {"condition": node, "a": 1.0, "b": 0.0}),
        "ops.concatenate": (ops.concatenate, {"parts": [node, node], "axis": 0}),
        "ops.gather": (ops.gather, {"x": node, "indices": [0, 1]}),
        "ops.convolution": (ops.convolution, {"x": node.reshape(1, 2, 1), "kernel": np.ones((1, 1, 1, 1)), "stride": 1, "padding": 0}),
        "ops.transposed_convolution": (ops.transposed_convolution, {"y": node.reshape(1, 2, 1), "kernel": np.ones((1, 1, 1, 1)), "stride": 1, "padding": 0}),
        "Trainer": (lambda **a: stein.Trainer(**{"model": stein.Model(w["dataset"], widths=[4]), **a}), {"dataset": w["dataset"], "steps": 2}),
        "Trainer of": (lambda model: stein.Trainer(model, w["dataset"]), {"model": stein.Model(w["dataset"], widths=[4])}),
        "Trainer.resume": (stein.Trainer.resume, {"dataset": w["dataset"], "path": folder / "checkpoint"}),
        "Trainer.run": (lambda **a: fresh().run(**a), {"steps": 1, **soon}),
        "Trainer.set_noise": (lambda noise: noisy().set_noise(noise), {"noise": lambda x, sigma, bits: (x, x)}),
        "Trainer.set_allreduce": (lambda **a: fresh().set_allreduce(**a), {"allreduce": lambda a: None, "rank": 0, "ranks": 1}),
        "Trainer.save": (w["trainer"].save, {"path": folder / "checkpoint"}),
        "Trainer.set": (lambda **a: fresh().set(**a), {"steps": 3}),
        "fit": (stein.fit, {"data": ROWS, "labels": None, "family": "gaussian", "context": w["context"], **soon, "scale": "columns"}),
        "Density": (stein.Density, {"function": lambda x: (x[:, 0], x), "d": 2, "context": w["context"]}),
        "Density.from_c": (stein.Density.from_c, {"d": 2, "user": None, "context": w["context"], "function": 4096}),
        "Density.from_model": (stein.Density.from_model, {"model": w["gaussian"], "label": None, "sigma": 0.5}),
        "Chains": (stein.Chains, {"density": w["density"], "start": X, "names": ["a", "b"], "warmup": 5}),
        "Density.check": (w["density"].check, {"points": X, **soon}),
        "Chains.save": (lambda **a: chains().save(**a), {"path": folder / "chains"}),
        "Chains.resume": (stein.Chains.resume, {"density": w["density"], "path": folder / "chains", "names": ["a", "b"]}),
        "Chains.metric": (lambda value: setattr(chains(), "metric", value), {"value": [1.0, 2.0]}),
        "Chains.run": (lambda **a: chains().run(**a), {"n": 2, **soon}),
        "summary": (stein.summary, {"draws": draws, "names": ["a", "b"]}),
        "rhat": (stein.rhat, {"draws": draws}),
        "effective_sample_size": (stein.effective_sample_size, {"draws": draws, "kind": "bulk"}),
        "kernel_stein_discrepancy": (stein.kernel_stein_discrepancy, {"x": X, "scores": -X, "p_value": False, "context": w["context"], **soon, "bootstraps": 3}),
        "maximum_mean_discrepancy": (stein.maximum_mean_discrepancy, {"a": X, "b": X, "p_value": False, "context": w["context"], **soon, "permutations": 3}),
        "sliced_wasserstein": (stein.sliced_wasserstein, {"a": X, "b": X, "context": w["context"], **soon, "projections": 3}),
        "fisher_divergence": (stein.fisher_divergence, {"model": w["gaussian"], "x": X, "scores": X, "sigma": 0.5, "labels": None, **soon}),
        "TableModel": (stein.TableModel, {"family": "gaussian", "integers": ["a"], "categories": ["b"], "quantiles": "auto", "scale": "columns"}),
        "TableModel.fit": (lambda **a: stein.TableModel("gaussian").fit(**a), {"table": {"a": ROWS[:, 0]}, "context": w["context"], **soon}),
        "TableModel.sample": (w["table"].sample, {"n": 2, "given": {"b": 1}, **soon, "steps": 2}),
        "TableModel.sample given": (lambda value: w["table"].sample(given={"b": value}, steps=2), {"value": 1}),
        "TableModel.impute": (w["table"].impute, {"table": {"a": X[:, 0]}, **soon, "steps": 2}),
        "TableModel.save": (w["table"].save, {"path": folder / "table"}),
        **({} if plots is None else {
            "show.vector_field": (show(stein.show.vector_field), {"model": w["gaussian"], "rows": X, "sigma": 0.5, "columns": (0, 1), "arrows": 3, "labels": None}),
            "show.samples": (show(stein.show.samples), {"data": X, "drawn": X, "columns": (0, 1)}),
            "show.training": (show(stein.show.training), {"trainer": w["trainer"]}), "show.levels": (show(stein.show.levels), {"trainer": w["trainer"]}),
        }),
        "ScoreModel": (lambda **a: estimators.ScoreModel(**a).fit(ROWS), {"family": "gaussian", "steps": None, "contamination": 0.1, "options": None, "random_state": 0}),
        "ScoreModel.fit": (estimators.ScoreModel("gaussian", random_state=0).fit, {"X": ROWS, **soon}),
        "ScoreModel.sample": (w["estimator"].sample, {"n_samples": 2, "random_state": 0}),
        **{f"ScoreModel.{name}": (getattr(w["estimator"], name), {"X": X}) for name in ("score_samples", "score", "decision_function", "predict")},
        "TableModel.load": (stein.TableModel.load, {"path": folder / "table", "context": w["context"]}),
    }


#: Without arguments, or what close and describe are to every object.
WITHOUT = {"describe", "close", "handle", "to_bytes", "parameters", "shape", "dtype", "last_seed", "T", "sigma", "model", "columns", "default", "summary", "check_trace"}


def test_every_entry_is_tried(world):
    """What is public and takes arguments is in the table above: one that is added has to be tried too."""
    tried, missing = {name.split(" ")[0] for name in entries(world)}, []
    public = {name: getattr(stein, name) for name in stein.__all__ if name not in ("ops", "show", "to_arviz")}
    public.update({f"show.{name}": getattr(stein.show, name) for name in stein.show.__all__ if plots is not None})
    public.update({f"ops.{name}": value for name, value in vars(ops).items() if inspect.isfunction(value) and not name.startswith("_")})
    for name, value in public.items():
        if inspect.isclass(value) and issubclass(value, (BaseException, tuple)):
            continue
        if name not in tried and name != "Node":
            missing.append(name)
        if inspect.isclass(value):
            methods = [m for m, f in inspect.getmembers(value) if not m.startswith("_") and m not in WITHOUT and not (isinstance(f, type(None)))]
            missing += [f"{name}.{m}" for m in methods if f"{name}.{m}" not in tried]
    assert not missing


@pytest.mark.filterwarnings("ignore::stein.SteinWarning")
@pytest.mark.parametrize("what", list(ZOO))
def test_the_zoo(world, what, tmp_path, monkeypatch):
    """Each argument of each entry in turn: what is served ends well, what is refused is an error of ours, with a sentence."""
    monkeypatch.chdir(tmp_path)  # "text" and b"bytes" are names that files may have
    raw, refused = [], 0
    for name, (function, arguments) in entries(world).items():
        for argument in arguments:
            if name == "Density.from_c" and what in ("a number", "a flag", "a function", "bytes", "a negative number", "text", "a path"):
                continue  # an address, as far as anyone can tell
            if what == "a class" and argument in ("progress", "allreduce"):
                continue  # a function of the caller's, whose own exception comes out unchanged
            try:
                function(**{**arguments, argument: ZOO[what]})
            except stein.SteinError as failure:
                refused += 1
                assert failure.name not in ("STEIN_INTERNAL", "unknown", "STEIN_BAD_POINTER", "STEIN_BAD_HANDLE"), (name, argument, failure)
                assert len(str(failure)) > 10
            except (ValueError, OSError, IndexError) as failure:  # scikit-learn's are its own
                refused += 1
                assert len(str(failure)) > 10, (name, argument, failure)
            except Exception as failure:  # noqa: BLE001
                if "sklearn" in str(inspect.trace()[-1].filename):
                    continue
                raw.append(f"{name}({argument}={what}): {type(failure).__name__}: {str(failure)[:100]}")
    assert not raw, "\n".join(raw)
    assert refused > 20


def test_masked_values_are_never_numbers(world):
    """Refused with their place, or missing where that is allowed."""
    held = np.where(np.ma.getmaskarray(masked()), -999.0, X)
    rows = np.ma.masked_array(held, np.ma.getmaskarray(masked()))
    model = world["gaussian"]
    calls = [
        lambda: stein.Dataset(rows), lambda: stein.fit(rows), lambda: stein.Dataset(X, np.ma.masked_array([0, 1, 0, 1], [0, 0, 1, 0])), lambda: model.score(rows, 0.5),
        lambda: model.log_likelihood(rows), lambda: model.sample(start=rows), lambda: stein.rhat(np.ma.masked_array(np.ones((2, 8, 2)), np.ones((2, 8, 2)))),
        lambda: stein.sliced_wasserstein(rows, X), lambda: stein.Chains(world["density"], start=rows), lambda: stein.Dataset(list(rows)),
        lambda: model.denoise_error(X, np.ma.masked_array([0.5, 1], [0, 1])), lambda: stein.fisher_divergence(model, X, rows, 0.5),
    ]
    for call in calls:
        with pytest.raises(stein.SteinValueError, match="masked value"):
            call()
    gaps = np.where(np.ma.getmaskarray(rows), np.nan, X)
    for values in (rows, np.ma.masked_array(held.astype(np.float32), rows.mask), list(rows)):
        expected = model.impute(gaps.astype(np.float32 if getattr(values, "dtype", None) == np.float32 else np.float64), seed=3)
        assert (model.impute(values, seed=3) == expected).all()
    # One without a masked value is an array like any other.
    assert (model.score(np.ma.masked_array(X), 0.5) == model.score(X, 0.5)).all()


def test_masked_columns_of_a_table_are_gaps(world):
    rng = np.random.default_rng(4)
    x = rng.standard_normal((300, 2))
    gone = rng.random((300, 2)) < 0.2
    number = np.ma.masked_array(np.where(gone[:, 0], -999.0, x[:, 0]), gone[:, 0])
    whole = np.ma.masked_array(np.where(gone[:, 1], -999, (10 * x[:, 1]).astype(int)), gone[:, 1])
    words = np.ma.masked_array(np.where(gone[:, 0], "nowhere", np.where(x[:, 1] > 0, "up", "down")), gone[:, 0])
    model = stein.TableModel("gaussian").fit({"number": number, "whole": whole, "words": words}, context=world["context"])
    drawn = model.sample(300, seed=1)
    assert drawn["number"].min() > -10 and drawn["whole"].min() > -100 and set(drawn["words"]) == {"up", "down"}
    full = model.impute({"number": number, "whole": whole, "words": words}, seed=1)
    for name, column in (("number", number), ("whole", whole), ("words", words)):
        known = ~np.ma.getmaskarray(column)
        assert (np.asarray(full[name])[known] == column.data[known]).all() and (np.asarray(full[name])[~known] != column.data[~known]).all()
    with pytest.raises(ValueError, match="'a' has no value"):
        stein.TableModel("gaussian").fit({"a": np.ma.masked_all(5)})


def test_what_is_refused_says_what_to_give(world):
    for rows, message in [
        (matrix(X), r"numpy.asarray\(rows\)"), (np.zeros(3, [("a", "f8")]), "structured_to_unstructured"), (np.array([[1, None]], object), r"rows.astype\(float\)"),
        (X + 1j, "complex"), (np.array([["2024-01-01"]], "M8[D]"), "dates"), ([[1.0], [2.0, 3.0]], "rows of different lengths"), ("rows.csv", "stein.Dataset.open"),
        ([["a"]], "holds text; stein.TableModel"), (X[:, 0], r"\[4, 1\] for one column"),
    ]:
        with pytest.raises(stein.SteinValueError, match=message):
            stein.Dataset(rows, context=world["context"])
    for labels, message in [
        ([0.5, 1, 0, 1], "whole numbers, one class a row, and at 0 stands 0.5"), ([0, np.nan, 0, 1], "at 1 stands nan"), (["a", "b", "a", "b"], "numpy.unique"), (3, "one number"),
        ([0, 1], r"labels has shape \[2\]; it needs \[4\]"),
    ]:
        with pytest.raises(stein.SteinValueError, match=message):
            stein.Dataset(X, labels, context=world["context"])
    with pytest.raises(stein.SteinValueError, match="n is -1; it is a whole number from 0 on"):
        world["gaussian"].sample(-1)
    with pytest.raises(stein.SteinValueError, match="the node belongs to another graph"):
        stein.Graph(2).model(ROWS, energy=ops.squared_norm(stein.Graph(2).x))


# ---- What callbacks return


@pytest.mark.parametrize(
    "wrong, message",
    [
        (lambda x: (-0.5 * np.sum(x**2), -x), r"log density .* has shape \(\); it needs \(8,\): one for each of the 8 points"),
        (lambda x: (0.0, -x), r"has shape \(\)"), (lambda x: (-0.5 * (x**2).sum(1), -x[0]), r"score .* has shape \(2,\); it needs \(8, 2\)"),
        (lambda x: (-0.5 * (x**2).sum(1), 0.0), r"score .* has shape \(\)"), (lambda x: (-0.5 * (x**2).sum(1, keepdims=True), -x), r"has shape \(8, 1\)"),
        (lambda x: (-0.5 * (x**2).sum(1) + 0j, -x), "complex"), (lambda x: (-0.5 * (x**2).sum(1), -x.astype(object)), "Python objects"),
        (lambda x: -0.5 * (x**2).sum(1), "two arrays: log densities"), (lambda x: None, "returned None"), (lambda x: (np.ma.masked_less((x**2).sum(1), 9.0), -x), "masked"),
        (lambda x: (-0.5 * (x**2).sum(1), -x, 0), "two arrays"), (lambda x: ([None] * 8, -x), "Python objects"),
    ],
)
def test_densities(wrong, message):
    chains = stein.Chains(stein.Density(wrong, 2, context=stein.Context(threads=1)), chains=8, warmup=5, seed=1)
    with pytest.raises(stein.SteinValueError, match=message):
        chains.run(5)


def test_densities_of_other_kinds_of_array():
    """Lists, float32 and integers are as good; for one chain too nothing is stretched."""
    right = lambda x: (-0.5 * (x**2).sum(1), -x)  # noqa: E731
    runs = [
        stein.Chains(stein.Density(f, 2, context=stein.Context(threads=1)), chains=2, warmup=5, seed=1).run(5)
        for f in (right, lambda x: (right(x)[0].tolist(), right(x)[1].tolist()), lambda x: list(right(x)))
    ]
    assert (runs[0] == runs[1]).all() and (runs[0] == runs[2]).all()
    with pytest.raises(stein.SteinValueError, match=r"has shape \(\); it needs \(1,\)"):
        stein.Chains(stein.Density(lambda x: (-0.5 * (x**2).sum(), -x), 2), chains=1, warmup=5).run(5)


@pytest.mark.parametrize(
    "wrong, message",
    [
        (lambda x, s, b: (x, 0.0), r"score has shape \(\)"), (lambda x, s, b: (x[0], -x), r"noisy has shape \(2,\)"), (lambda x, s, b: (x + 0j, x), "complex"),
        (lambda x, s, b: x, "two arrays"), (lambda x, s, b: None, "returned None"), (lambda x, s, b: (x, -x / s), "broadcast"),
    ],
)
def test_noise(wrong, message):
    trainer = stein.Trainer(stein.Model(ROWS, widths=[4]), ROWS, steps=3, noise_kernel="caller", validation=0)
    trainer.set_noise(wrong)
    with pytest.raises(ValueError, match=message):
        trainer.run()
    trainer.set_noise(lambda x, sigma, bits: (x + sigma[:, None], -1 / sigma[:, None] + 0 * x))
    assert trainer.run()


def test_a_sum_over_ranks_is_made_in_place():
    for wrong in (lambda a: 2 * a, lambda a: a.copy(), lambda a: float(a.sum()), lambda a: a.tolist()):
        trainer = stein.Trainer(stein.Model(ROWS, widths=[4]), ROWS, steps=3)
        with pytest.raises(stein.SteinValueError, match="in place and returns nothing"):
            trainer.set_allreduce(wrong, 0, 2)
    for right in (lambda a: None, lambda a: a):
        trainer = stein.Trainer(stein.Model(ROWS, widths=[4]), ROWS, steps=3)
        trainer.set_allreduce(right, 0, 1)
        assert trainer.run()


def test_progress_returns_nothing_or_whether_to_stop(world):
    model = world["network"]
    for wrong in ("stop", 0.5, np.ones(3), [], 7):
        with pytest.raises(stein.SteinValueError, match="progress returned .* True to stop"):
            model.sample(10_000, steps=100, progress=lambda watch: wrong)
    with pytest.raises(stein.SteinValueError, match="progress is 5, not a function"):
        model.sample(3, progress=5)
    with pytest.raises(stein.SteinInterrupted):
        model.sample(10_000, steps=100, progress=lambda watch: np.True_)
    assert model.sample(3, steps=2, progress=lambda watch: 0).shape == (3, 2)
