"""float64 in, float64 out: columns far from nought for their width, and of sizes that float32 has not, keep their digits in what is drawn, filled and scored."""

import pickle

import numpy as np
import pytest
import stein
from scipy import stats

CONTEXT = stein.Context(threads=1)


def far(n=400, at=1e8, seed=0):
    """A skewed column at `at`, correlated with one at nought."""
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((n, 2))
    return np.column_stack([at + z[:, 0], 0.01 * (z[:, 0] + z[:, 1])])


@pytest.mark.parametrize("options", [{"family": "gaussian"}, {"widths": [16], "steps": 100, "seed": 1}])
@pytest.mark.parametrize("at", [1e8, -1e10])
def test_columns_far_from_nought(options, at):
    rows = far(at=at)
    model = stein.fit(rows, context=CONTEXT, **options)
    assert model.dtype == np.float64
    drawn = model.sample(400, seed=1)
    # At 1e10 float64 tells 2e-6 apart: of 400 draws one pair in twenty runs is the same.
    assert drawn.dtype == np.float64 and len(np.unique(drawn[:, 0])) >= 398
    # Of the data's law: mean and deviation within 6 standard errors of n = 400 on both sides, and what a short training leaves.
    room = 0.3 if "steps" in options else 0
    assert abs(drawn[:, 0].mean() - rows[:, 0].mean()) < 6 * np.sqrt(2 / 400) + room
    assert abs(drawn[:, 0].std() / rows[:, 0].std() - 1) < 6 / np.sqrt(400) + room
    holes = rows.copy()
    holes[:200, 0] = np.nan
    full = model.impute(holes, seed=2)
    assert full.dtype == np.float64 and len(np.unique(full[:200, 0])) == 200 and (full[200:] == rows[200:]).all() and (full[:, 1] == rows[:, 1]).all()
    for values in (model.denoise(rows, 0.5), model.decode(model.encode(rows[:50]))):
        assert values.dtype == np.float64 and len(np.unique(values[:, 0])) == len(values)
    loaded = pickle.loads(pickle.dumps(model))
    assert loaded.dtype == np.float64 and (loaded.sample(400, seed=1) == drawn).all()


def test_the_gaussian_s_score_in_closed_form():
    """grad log N(x; m, S) with the moments of the rows themselves, far from nought: to float32's 1e-6 of the largest, and as float64."""
    rows = far(at=1e8)
    model = stein.fit(rows, family="gaussian", context=CONTEXT)
    centred = rows - rows.mean(0)
    covariance = centred.T @ centred / len(rows) + np.diag((0.01 * centred.std(0)) ** 2)
    expected = -np.linalg.solve(covariance, centred.T).T
    score = model.score(rows, 0.01)
    assert score.dtype == np.float64
    assert (abs(score - expected) < 1e-5 * abs(expected).max(0)).all()


@pytest.mark.parametrize("size", [1e-300, 1e-150, 1e-45, 1e-38, 1e-20, 1e20, 1e38, 1e150, 1e300])
@pytest.mark.parametrize("family", ["gaussian", "score_mlp"])
def test_sizes(size, family):
    """The same draws as of the column of size 1, times the size: u is the same, so only the last rounding differs."""
    rows = np.random.default_rng(2).gamma(3.0, size=(200, 2))
    options = {} if family == "gaussian" else {"widths": [8], "steps": 30, "seed": 1}
    plain = stein.fit(rows, family=family, context=CONTEXT, **options)
    scaled = stein.fit(rows * [size, 1], family=family, context=CONTEXT, **options)
    for draw in (lambda m, s: m.sample(100, seed=3), lambda m, s: m.impute(np.column_stack([np.full(100, np.nan), rows[:100, 1]]), seed=3),
                 lambda m, s: m.denoise(rows[:100] * [s, 1], 0.5)):
        expected, found = draw(plain, 1), draw(scaled, size)
        assert found.dtype == np.float64 and np.isfinite(found).all()
        # u differs by float32's rounding of the standardised rows, which training amplifies.
        assert np.allclose(found / [size, 1], expected, rtol=1e-3, atol=1e-3)
    expected, found = plain.score(rows, 0.5), scaled.score(rows * [size, 1], 0.5)
    assert np.allclose(found * [size, 1], expected, rtol=1e-3, atol=1e-3)


def test_beyond_float32_is_said():
    rows = np.random.default_rng(2).gamma(3.0, size=(200, 2))
    tiny, huge = (stein.fit(rows * [size, 1], family="gaussian", context=CONTEXT) for size in (1e-60, 1e60))
    with pytest.raises(stein.SteinValueError, match="column 0 varies by .* which float32 takes for 0: give out as float64"):
        tiny.sample(3, dtype=np.float32)
    with pytest.raises(stein.SteinNumericError, match="beyond float32, which holds up to 3.4e38: give out as float64"):
        huge.sample(3, dtype=np.float32)
    with pytest.raises(stein.SteinNumericError, match="beyond float32"):
        tiny.score(rows * [1e-60, 1], 0.5, dtype=np.float32)
    smallest = stein.fit(rows * [1e-200, 1], family="gaussian", context=CONTEXT)
    with pytest.raises(stein.SteinNumericError, match="beyond float64: scale the data"):
        smallest.jacobian(rows * [1e-200, 1], 0.5)


@pytest.mark.parametrize("size", [1e-38, 1e38])
def test_float32_data_at_the_ends_of_its_range(size):
    """What is drawn may lie beyond it, and so comes as float64."""
    rows = (np.random.default_rng(2).gamma(3.0, size=(200, 2)) / 20 * size).astype(np.float32)
    model = stein.fit(rows, family="gaussian", context=CONTEXT)
    drawn = model.sample(500, seed=1)
    assert drawn.dtype == np.float64 and np.isfinite(drawn).all()
    assert (abs(drawn.std(0) / rows.astype(float).std(0) - 1) < 0.3).all()


def test_the_type_of_what_comes_out(tmp_path):
    rng = np.random.default_rng(0)
    rows = rng.gamma(2.0, size=(60, 2))
    kinds = {np.float64: np.float64, np.float32: np.float32, np.float16: np.float32, np.int64: np.float64, np.int32: np.float64, np.uint8: np.float32, np.int16: np.float32}
    for given, expected in kinds.items():
        data = (10 * rows).astype(given)
        model = stein.fit(data, family="gaussian", context=CONTEXT)
        assert model.dtype == expected and model.sample(3).dtype == expected and model.describe()["dtype"] == np.dtype(expected).name
        np.save(tmp_path / "rows.npy", data)
        assert stein.Model(stein.Dataset.open(tmp_path / "rows.npy"), "gaussian").dtype == expected
        model.save(tmp_path / "model")
        assert stein.Model.load(tmp_path / "model").dtype == expected
    single = rows.astype(np.float32)
    model = stein.fit(single, widths=[8], steps=5, context=CONTEXT)
    calls = [
        lambda x, **o: model.score(x, 0.5, **o), lambda x, **o: model.denoise(x, 0.5, **o), lambda x, **o: model.jacobian(x, 0.5, **o), lambda x, **o: model.encode(x, **o),
        lambda x, **o: model.denoise_covariance(x, 0.5, **o), lambda x, **o: model.decode(x, **o), lambda x, **o: model.impute(x, np.ones(x.shape) * [1, 0], seed=1, **o),
    ]
    for call in calls:
        assert call(single[:3]).dtype == np.float32 and call(rows[:3]).dtype == call((10 * rows[:3]).astype(int)).dtype == np.float64
        for dtype in (np.float32, np.float64, "float64", float):
            assert call(single[:3], dtype=dtype).dtype == np.dtype(dtype)
            assert np.allclose(call(single[:3], dtype=dtype), call(single[:3]), rtol=1e-6, atol=1e-7)
        for wrong in (int, "text", np.float16, complex):
            with pytest.raises(stein.SteinValueError, match="results are float32 or float64"):
                call(single[:3], dtype=wrong)
    # float32's bits are those of the float64 rounded.
    assert (model.sample(50, seed=1, dtype=np.float64).astype(np.float32) == model.sample(50, seed=1, dtype=np.float32)).all()
    assert model.sample_posterior(np.ones((1, 2)), np.ones((3, 1)), dtype=np.float64, seed=1).dtype == np.float64


def test_tables_of_other_libraries():
    pyarrow = pytest.importorskip("pyarrow")
    for types, expected in (((pyarrow.float32(), pyarrow.int16()), np.float32), ((pyarrow.float32(), pyarrow.float64()), np.float64), ((pyarrow.int64(), pyarrow.float32()), np.float64)):
        table = pyarrow.table({name: pyarrow.array([1, 2, 4]).cast(type_) for name, type_ in zip("ab", types)})
        assert stein.Model(stein.Dataset.from_arrow(table), "gaussian").dtype == expected


def test_files_from_before_types_were_kept():
    """They have no dtype in their description, and draw float32 as they did; a dtype that is none is refused."""
    model = stein.fit(far(), family="gaussian", context=CONTEXT)
    data = model.to_bytes()
    length = int.from_bytes(data[:8], "little")

    def with_dtype(text):
        header = data[8 : 8 + length].replace(b'\\"dtype\\":\\"float64\\",', text).rstrip()
        header += b" " * (-len(header) % 8)
        return len(header).to_bytes(8, "little") + header + data[8 + length :]

    assert with_dtype(b'\\"dtype\\":\\"float64\\",') == data
    before = stein.Model.from_bytes(with_dtype(b""))
    assert before.describe()["dtype"] == "float32" and before.sample(3).dtype == np.float32
    assert (before.sample(3, seed=1, dtype=np.float64) == model.sample(3, seed=1)).all()
    with pytest.raises(stein.SteinFileError, match="dtype"):
        stein.Model.from_bytes(with_dtype(b'\\"dtype\\":\\"text\\",'))


def test_estimators_and_tables():
    sklearn = pytest.importorskip("stein.sklearn")
    rows = far()
    estimator = sklearn.ScoreModel("gaussian", random_state=0).fit(rows)
    drawn = estimator.sample(400, random_state=1)
    assert drawn.dtype == np.float64 and len(np.unique(drawn[:, 0])) == 400
    for at in (1e8, 1.7e10):
        table = stein.TableModel("gaussian", quantiles="none", bounded=False).fit({"a": far(at=at)[:, 0], "b": far()[:, 1]}, context=CONTEXT).sample(400, seed=1)
        assert len(np.unique(table["a"])) == 400


def test_narrow_columns_are_measured_exactly():
    """Where a column's width is 1e-10 of its place and less; below a few units in the last place it is constant."""
    z = np.random.default_rng(5).gamma(2.0, size=1000)
    for at in (1e9, 1e12, 1e15, -1e15):
        column = at + z
        exact = [float(v) for v in (column - at)]  # the differences are exact: of numbers within a factor of 2
        told = stein.Dataset(column[:, None], context=CONTEXT).describe()
        assert told["constant_columns"] == []
        assert np.isclose(told["deviation"][0], np.std(exact), rtol=1e-9)
        assert np.isclose(told["mean"][0] - at, np.mean(exact), rtol=0, atol=2 * np.spacing(abs(at)))
    assert stein.Dataset(np.where(np.arange(9) == 4, np.nextafter(1, 2), 1.0)[:, None], context=CONTEXT).describe()["constant_columns"] == [0]


def test_a_law_far_from_nought_is_drawn_as_at_nought():
    """The same rows moved by 2^30, which float64 does exactly: the same draws but for the last rounding; each column's law by Kolmogorov-Smirnov."""
    rows = np.round(np.random.default_rng(6).gamma(2.0, size=(500, 2)) * 2**20) / 2**20
    near, away = (stein.fit(rows + shift, family="gaussian", context=CONTEXT) for shift in (0.0, 2.0**30))
    drawn, moved = near.sample(2000, seed=1), away.sample(2000, seed=1) - 2.0**30
    assert np.allclose(drawn, moved, atol=1e-5)
    assert stats.ks_2samp(drawn[:, 0], moved[:, 0]).pvalue > 0.99
