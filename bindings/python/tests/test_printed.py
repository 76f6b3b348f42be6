"""What objects print: a node its formula, a graph its nodes, chains a table, a trainer its progress."""

import math

import numpy as np
import pytest
import stein
from stein import ops


def test_a_node_prints_its_formula():
    graph = stein.Graph(2)
    x, y = graph.x
    a, b = graph.parameter("a"), graph.parameter("b", start="ones")
    energy = (x - a) ** 2 / 2 + b * (y - x * x) ** 2 / 2
    assert str(energy) == "(x[0] - a) ** 2 / 2 + b * (x[1] - x[0] * x[0]) ** 2 / 2"
    assert repr(energy) == f"<stein.Node {energy}, shape ()>"
    assert repr(graph.x) == "<stein.Node x, shape (2,)>"
    assert str((graph.x > 0.5).sum()) == "sum(x > 0.5)"
    graph.close()
    assert repr(energy) == "<stein.Node of a closed graph, shape ()>"


@pytest.mark.parametrize("make", [
    lambda x, a: x - (a - x) - a, lambda x, a: x / (a / x) / a, lambda x, a: -(x + a) ** 2, lambda x, a: (-x) ** 2 * a,
    lambda x, a: (x**2) ** 3, lambda x, a: -(-x), lambda x, a: 2 - x * (a + 1) / (x - a), lambda x, a: abs(x - a) ** 3,
])
def test_a_formula_is_what_it_says(make):
    """Read by Python, it gives the values of the expression that made it."""
    graph = stein.Graph(1)
    node = make(graph.x, graph.parameter("a"))
    values = {"x": np.array([0.7, -1.3, 2.0]), "a": 0.4}
    assert np.allclose(eval(str(node), {"abs": np.abs, **values}), make(**values))


def test_long_formulas_are_cut():
    graph = stein.Graph(1)
    y = graph.x
    for _ in range(300):
        y = y + ops.exp(y)
    assert len(str(y)) <= 120 and "…" in str(y)


def test_a_graph_prints_its_nodes():
    graph = stein.Graph(3)
    half = (graph.x - graph.parameter("m", 3)).sum() * 0.5
    lines = graph.text().split("\n")
    assert lines[0] == "%0 = x(columns=3) [3]" and lines[1] == "%1 = parameter(name=m, shape=3, start=zeros) [3]"
    assert str(graph) == graph.text() and repr(graph).startswith("<stein.Graph\n  %0 = x(")
    assert graph.text(graph.x) == lines[0]
    dot = graph.dot(half)
    assert dot.startswith("digraph {") and dot.count("->") == 5 and '"' in dot
    for _ in range(100):
        half = half + 1
    assert len(repr(graph).split("\n")) == 42 and "more" in repr(graph)
    with pytest.raises(stein.SteinValueError, match="another graph"):
        stein.Graph(3).text(half)
    graph.close()
    assert repr(graph) == "<stein.Graph closed>"


def normal(x):
    return -0.5 * ((x / [1, 10]) ** 2).sum(1), -x / [1, 100]


def test_chains_print_a_table():
    chains = stein.Chains(stein.Density(normal, 2), names=["mu", "tau[0]"], chains=3, warmup=200, seed=4)
    assert repr(chains) == "<stein.Chains nuts, 3 chains of 2 coordinates, 0 draws each>"
    with pytest.raises(stein.SteinValueError, match="run"):
        chains.summary()
    draws = chains.run(300)
    lines = repr(chains).split("\n")
    assert lines[1].split() == "mean sd 5 % 50 % 95 % ESS bulk ESS tail R-hat".split()
    assert [line.split()[0] for line in lines[2:]] == ["mu", "tau[0]"] and repr(chains).endswith(">")
    found = chains.summary()
    flat = draws.reshape(-1, 2)
    assert np.allclose(found.mean, flat.mean(0)) and np.allclose(found.sd, flat.std(0, ddof=1))
    assert np.allclose(found.quantiles[:, 1], np.median(flat, 0))
    assert np.array_equal(found.rhat, stein.rhat(draws)) and np.array_equal(found.ess_tail, stein.effective_sample_size(draws, "tail"))
    assert f"{found.sd[1]:.4g}" in lines[3] and f"{found.rhat[0]:.3f}" in lines[2]
    assert "<table>" in chains._repr_html_() and "mu" in chains._repr_html_()
    chains.run(3)
    assert repr(chains).split("\n")[2].split()[-3:] == ["-", "-", "-"]  # too few for R-hat
    chains.close()
    assert repr(chains) == "<stein.Chains closed>" and "closed" in chains._repr_html_()


def test_names_of_chains():
    density = stein.Density(normal, 2)
    with pytest.raises(stein.SteinValueError, match="2 coordinates"):
        stein.Chains(density, names=["a"])
    with pytest.raises(stein.SteinValueError, match="list of 2 names"):
        stein.Chains(density, names="ab")
    wide = stein.summary(np.random.default_rng(0).standard_normal((2, 50, 30)))
    assert len(wide.rhat) == 30 and "… 10 more" in str(wide) and str(wide).count("\n") == 21
    assert math.isnan(stein.summary(np.zeros((1, 1, 1))).rhat[0])


def test_a_trainer_prints_its_progress(rows):
    trainer = stein.Trainer(stein.Model(rows, widths=[8]), rows, steps=200)
    assert repr(trainer).startswith("<stein.Trainer step 0 of 200, denoising")
    trainer.run(100)
    told = trainer.describe()
    assert f"step 100 of 200, denoising, loss {told['loss']:.4g}" in repr(trainer)
    assert " s left" in repr(trainer)
    trainer.run()
    assert "step 200 of 200" in repr(trainer) and repr(trainer).endswith("all steps done>")
