"""Functions of graph nodes: exp, log, tanh, ... Each takes a Node and gives one of the same graph."""

from __future__ import annotations

from typing import Any, Callable

from .core import Node


def _unary(name: str) -> Callable[[Node], Node]:
    def function(x: Node) -> Node:
        return x.graph.node(name, x)

    function.__name__ = name
    function.__doc__ = f"{name} of each element." if name not in ("inverse", "log_determinant") else f"{name} of the last two axes."
    return function


exp, log, tanh, sigmoid, softplus, silu = map(_unary, ("exp", "log", "tanh", "sigmoid", "softplus", "silu"))
sqrt, reciprocal, sin, cos, relu, step = map(_unary, ("sqrt", "reciprocal", "sin", "cos", "relu", "step"))
sign, square = map(_unary, ("sign", "square"))
inverse, log_determinant = map(_unary, ("inverse", "log_determinant"))


def squared_norm(x: Node) -> Node:
    """Along the last axis."""
    return x.graph.node("squared_norm", x)


def dot(a: Node, b: Any) -> Node:
    """Along the last axis."""
    return a.graph.node("dot", a, b)


def maximum(a: Node, b: Any) -> Node:
    return a.graph.node("maximum", a, b)


def minimum(a: Node, b: Any) -> Node:
    return a.graph.node("minimum", a, b)


def select(condition: Node, a: Any, b: Any) -> Node:
    """a where the condition is not 0, else b."""
    return condition.graph.node("select", condition, a, b)


def concatenate(parts: list[Node], axis: int = 0) -> Node:
    return parts[0].graph.node("concatenate", *parts, axis=axis)


def gather(x: Node, indices: Any) -> Node:
    """Entries of the first axis."""
    return x.graph.node("gather", x, indices=list(indices))
