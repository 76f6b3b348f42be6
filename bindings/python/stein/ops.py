"""Functions of graph nodes: exp, log, tanh, ... Each takes a Node and gives one of the same graph."""

from __future__ import annotations

from typing import Any, Callable

from . import _arrays, _checks
from .core import Node


def _node(*values: Any) -> Node:
    """The first node among them, whose graph the others join."""
    for value in values:
        if isinstance(value, Node):
            return value
    raise _checks.refused(f"a function of a graph takes its nodes, not a value {_checks.shown(values[0] if values else None)}")


def _unary(name: str) -> Callable[[Node], Node]:
    def function(x: Node) -> Node:
        return _node(x).graph.node(name, x)

    function.__name__ = name
    function.__doc__ = f"{name} of each element." if name not in ("inverse", "log_determinant") else f"{name} of the last two axes."
    return function


exp, log, tanh, sigmoid, softplus, silu = map(_unary, ("exp", "log", "tanh", "sigmoid", "softplus", "silu"))
sqrt, reciprocal, sin, cos, relu, step = map(_unary, ("sqrt", "reciprocal", "sin", "cos", "relu", "step"))
sign, square = map(_unary, ("sign", "square"))
inverse, log_determinant = map(_unary, ("inverse", "log_determinant"))


def squared_norm(x: Node) -> Node:
    """Along the last axis."""
    return _node(x).graph.node("squared_norm", x)


def dot(a: Node, b: Any) -> Node:
    """Along the last axis."""
    return _node(a, b).graph.node("dot", a, b)


def convolution(x: Node, kernel: Any, stride: int | tuple[int, int] = 1, padding: int | tuple[int, int] | None = None) -> Node:
    """A picture [height, width, channels] under a kernel [height, width, channels, filters]; a signal has height 1.

    padding: zeros on each side; None: half of an odd kernel, which with stride 1 keeps the lengths.
    """
    return _convolved("convolution", x, kernel, stride, padding)


def transposed_convolution(y: Node, kernel: Any, stride: int | tuple[int, int] = 1, padding: int | tuple[int, int] | None = None) -> Node:
    """The adjoint of convolution: of [height, width, filters] under the same kernel."""
    return _convolved("transposed_convolution", y, kernel, stride, padding)


def _convolved(name: str, x: Node, kernel: Any, stride: Any, padding: Any) -> Node:
    return _node(x, kernel).graph.node(name, x, kernel, stride=stride, **({} if padding is None else {"padding": padding}))


def maximum(a: Node, b: Any) -> Node:
    return _node(a, b).graph.node("maximum", a, b)


def minimum(a: Node, b: Any) -> Node:
    return _node(a, b).graph.node("minimum", a, b)


def select(condition: Node, a: Any, b: Any) -> Node:
    """a where the condition is not 0, else b."""
    return _node(condition, a, b).graph.node("select", condition, a, b)


def concatenate(parts: list[Node], axis: int = 0) -> Node:
    parts = list(parts) if isinstance(parts, (list, tuple)) else [parts]
    return _node(*parts).graph.node("concatenate", *parts, axis=axis)


def gather(x: Node, indices: Any) -> Node:
    """Entries of the first axis."""
    places = indices if isinstance(indices, int) else [_checks.whole(place, "an index") for place in _arrays.numbers(indices, "indices").ravel()]
    return _node(x).graph.node("gather", x, indices=places)
