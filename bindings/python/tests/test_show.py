"""What notebooks and pictures show is what the objects say."""

import re

import numpy as np
import pytest
import stein

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")


@pytest.fixture(scope="module")
def fitted():
    rows = np.random.default_rng(0).standard_normal((300, 2)) @ [[1, 1], [0, 0.5]] + [3, 100]
    dataset = stein.Dataset(rows, names=["<left>", "right"])
    model = stein.Model(dataset, widths=[32])
    trainer = stein.Trainer(model, dataset, steps=200, patience=0, validation=0.1)
    trainer.run()
    return rows, dataset, model, trainer


def drawn(axes):
    """Draws everything, so that what can't be drawn raises."""
    import matplotlib.pyplot as plots

    figure = np.ravel(axes)[0].figure
    figure.canvas.draw()
    plots.close(figure)
    return axes


def test_vector_field(fitted):
    rows, _, model, _ = fitted
    axes = drawn(stein.show.vector_field(model, rows, sigma=0.3, arrows=7))
    quiver = next(c for c in axes.collections if isinstance(c, matplotlib.quiver.Quiver))
    assert quiver.N == 49 and axes.get_xlabel() == "<left>" and "0.3" in axes.get_title()
    # Arrows point along the score, which points towards the data's mean on the whole.
    towards = (3 - quiver.X) * quiver.U + (100 - quiver.Y) / 1.2 * quiver.V
    assert (towards > 0).mean() > 0.7
    scale = np.array(model.describe()["scale"])
    score = model.score(np.stack([quiver.X, quiver.Y], 1), 0.3) * scale
    assert np.allclose(np.arctan2(score[:, 1], score[:, 0]), np.arctan2(quiver.V, quiver.U), atol=1e-5)
    assert drawn(stein.show.vector_field(model)).get_xlim()[0] < 3
    with pytest.raises(ValueError, match="columns"):
        stein.show.vector_field(model, columns=(0, 2))


def test_vector_field_of_classes_and_more_columns():
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((200, 3))
    model = stein.fit(rows, (rows[:, 0] > 0).astype(int), widths=[8], steps=20)
    axes = drawn(stein.show.vector_field(model, rows, columns=(2, 1), labels=[1], arrows=5))
    assert axes.get_xlabel() == "column 2"


def test_samples(fitted):
    rows, _, model, _ = fitted
    axes = drawn(stein.show.samples(rows, model.sample(50)))
    assert len(axes) == 2 and axes[0].get_xlim() == axes[1].get_xlim()
    assert [len(a.collections[0].get_offsets()) for a in axes] == [300, 50] and axes[1].get_title() == "50 samples"
    import matplotlib.pyplot as plots

    own = plots.subplots(1, 2)[1]
    assert drawn(stein.show.samples(rows, rows, ax=own))[0] is own[0]


def test_training_and_levels(fitted):
    trainer = fitted[3]
    told = trainer.describe()
    axes = drawn(stein.show.training(trainer))
    loss, validation = axes.lines[:2]
    assert loss.get_ydata().tolist() == [check["loss"] for check in told["history"]]
    assert validation.get_xdata().tolist() == [check["step"] for check in told["history"]]
    axes = drawn(stein.show.levels(trainer))
    assert axes.lines[0].get_xdata().tolist() == [level["sigma"] for level in told["levels"]] and axes.get_xscale() == "log"
    closed = stein.Trainer(stein.Model(fitted[0], "gaussian"), fitted[0])
    closed.run()
    for picture in (stein.show.training, stein.show.levels):
        with pytest.raises(ValueError, match="the trainer has no"):
            picture(closed)


def test_html(fitted):
    rows, dataset, model, trainer = fitted
    for thing, words in [
        (dataset, ["Dataset", "[300, 2]", "&lt;left&gt;", "right"]), (model, ["score_mlp", "parameters", "in.weight"]),
        (trainer, ["denoising", "200", "noise level"]), (stein.TableModel().fit({"a<": rows[:, 0]}), ["a&lt;", "real"]),
        (stein.TableModel(), ["False"]),
    ]:
        page = thing._repr_html_()
        assert all(word in page for word in words), page
        assert "<left>" not in page and page.count("<table>") == page.count("</table>")
        assert not re.search(r"<(?!/?(div|strong|table|thead|tbody|tr|th|td|p)>)", page)
    many = stein.Dataset(np.random.default_rng(0).random((5, 30)))
    assert "and 10 more" in many._repr_html_()
    assert repr(dataset) == "<stein.Dataset [300, 2]>" and repr(model) == "<stein.Model score_mlp of [2]>"
    assert "step 200 of 200" in repr(trainer)
    for closed in (stein.Dataset(rows), stein.Model(rows), stein.Trainer(stein.Model(rows), rows)):
        closed.close()
        assert "closed" in repr(closed) and "closed" in closed._repr_html_()
