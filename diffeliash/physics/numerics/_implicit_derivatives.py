"""Derivatives of a root by the implicit function theorem, in plain JAX.

`optimistix` differentiates its own root finds, but through host callbacks that keep the program out of JAX's
compilation cache. Here the root is found first, without derivatives, and attached to its inputs afterwards.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
from jaxtyping import Array, Float

from ._linear_solvers import solve_by_iteration, solve_linear

Function = Callable[[Any, Float[Array, "..."]], Float[Array, "..."]]


@partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def attach_root(residual: Function, jacobian: Function, inputs: Any, root: Float[Array, "..."]) -> Float[Array, "..."]:
    r"""Give the root $x$ of $f(p, x) = 0$ its derivative with respect to the inputs $p$.

    $$ \mathrm{d}x = -\left(\frac{\partial f}{\partial x}\right)^{-1} \frac{\partial f}{\partial p}\,\mathrm{d}p $$

    Args:
        residual: $f(p, x)$, as a hashable function.
        jacobian: $\partial f/\partial x$, a matrix, or a number for a scalar root; it must be invertible.
        inputs: $p$, any pytree.
        root: $x$, however it was found. Its own tangent is ignored.

    Returns:
        The root, unchanged; differentiable to any order, forward and backward.
    """
    del residual, jacobian, inputs
    return root


@attach_root.defjvp
def _attach_root_jvp(residual, jacobian, primals, tangents):
    inputs, root = primals
    inputs_dot, _ = tangents
    root = attach_root(residual, jacobian, inputs, root)
    _, residual_dot = jax.jvp(lambda p: residual(p, root), (inputs,), (inputs_dot,))
    matrix = jacobian(inputs, root)
    if root.ndim == 0:
        return root, -residual_dot / matrix
    return root, -solve_linear(matrix, residual_dot)


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def attach_fixed_point(function: Function, inputs: Any, point: Any) -> Any:
    r"""Give the fixed point $x = g(p, x)$ its derivative with respect to the inputs $p$.

    $$ \mathrm{d}x = \frac{\partial g}{\partial x}\mathrm{d}x + \frac{\partial g}{\partial p}\,\mathrm{d}p $$

    is iterated from $\mathrm{d}x = 0$, which converges where the iteration of $g$ itself does.

    Args:
        function: $g(p, x)$, as a hashable function.
        inputs: $p$, any pytree.
        point: $x$, an array, however it was found. Its own tangent is ignored.

    Returns:
        The fixed point, unchanged; differentiable to any order, forward and backward.
    """
    del function, inputs
    return point


@attach_fixed_point.defjvp
def _attach_fixed_point_jvp(function, primals, tangents):
    inputs, point = primals
    inputs_dot, _ = tangents
    point = attach_fixed_point(function, inputs, point)
    _, direct = jax.jvp(lambda p: function(p, point), (inputs,), (inputs_dot,))
    _, push = jax.linearize(lambda x: function(inputs, x), point)
    return point, solve_by_iteration(lambda x: x - push(x), direct)
