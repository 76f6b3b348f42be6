"""Data sets from the Arrow streams of other libraries: the same numbers, names and classes as from NumPy."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import stein

RNG = np.random.default_rng(4)
COLUMNS = {
    "length": RNG.gamma(2, size=100), "count": RNG.integers(-5, 50, 100), "small": RNG.standard_normal(100).astype(np.float32),
    "yes": RNG.random(100) < 0.3, "kind": RNG.choice([3, 5, 8], 100).astype(np.int16),
}


def chunked(table):
    return pa.concat_tables([table.slice(0, 37), table.slice(37, 0), table.slice(37, 62), table.slice(99)])


SOURCES = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.table, "batches": lambda c: chunked(pa.table(c))}


@pytest.mark.parametrize("source", SOURCES)
def test_same_as_numpy(source):
    data = stein.Dataset.from_arrow(SOURCES[source](COLUMNS), label="kind")
    names = [n for n in COLUMNS if n != "kind"]
    same = stein.Dataset(np.stack([COLUMNS[n].astype(float) for n in names], 1), COLUMNS["kind"], names=names)
    assert data.describe() == same.describe()
    models = [stein.Model(d, widths=[8], seed=1) for d in (data, same)]
    for model, d in zip(models, (data, same)):
        stein.Trainer(model, d, steps=20).run()
    assert models[0].to_bytes() == models[1].to_bytes()


@pytest.mark.parametrize("source", SOURCES)
def test_columns_and_what_is_missing(source):
    made = dict(COLUMNS, name=["a"] * 99 + ["b"])
    table = SOURCES[source](made)
    assert stein.Dataset.from_arrow(table, columns=["yes", "length"]).describe()["names"] == ["yes", "length"]
    with pytest.raises(stein.SteinError, match="'name'. has the Arrow format"):
        stein.Dataset.from_arrow(table)
    holes = pa.table({"x": [1.0, 2.0, None, 4.0], "y": [1, 2, 3, 4]})
    with pytest.raises(stein.SteinValueError, match="row 2, column 'x': a value is missing"):
        stein.Dataset.from_arrow(holes)
    assert stein.Dataset.from_arrow(holes, columns=["y"]).shape == (4, 1)


def test_categories_by_their_places():
    words = pd.Series(["low", "high", "low", "mid"] * 10, dtype=pd.CategoricalDtype(["low", "mid", "high"], ordered=True))
    data = stein.Dataset.from_arrow(pa.table({"x": np.arange(40.0) ** 2, "level": pa.array(words)}), label="level")
    assert {c["label"]: c["count"] for c in data.describe()["classes"]} == {0: 20, 1: 10, 2: 10}
    first, second = (pa.DictionaryArray.from_arrays(pa.array([0, 1], pa.int8()), pa.array(w)) for w in (["a", "b"], ["b", "a"]))
    torn = pa.table({"x": [1.0, 2, 3, 5], "level": pa.chunked_array([first, second])})
    with pytest.raises(stein.SteinError, match="different dictionaries"):
        stein.Dataset.from_arrow(torn)


def test_a_stream_is_taken_once():
    reader = pa.RecordBatchReader.from_batches(pa.schema([("x", pa.float64())]), [pa.record_batch({"x": np.arange(5.0)})])
    assert stein.Dataset.from_arrow(reader).shape == (5, 1)
    failing = pa.RecordBatchReader.from_batches(pa.schema([("x", pa.float64())]), (1 / 0 for _ in range(1)))
    with pytest.raises(stein.SteinError, match="get_next returned"):
        stein.Dataset.from_arrow(failing)
