"""Newton's method with a given Jacobian, as an optimistix root finder."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import optimistix as optx
from jaxtyping import Array, Float, PyTree, Scalar


class _NewtonState(eqx.Module):
    change: Scalar
    scale: Scalar


class Newton(optx.AbstractRootFinder):
    r"""$x \leftarrow x - J(x)^{-1} f(x)$ with the Jacobian that the caller supplies.

    `optimistix.Newton` obtains $J$ by automatic differentiation, which costs one tangent for every unknown.
    Use it with `optimistix.root_find(fn, Newton(), y0, options={"jacobian": jacobian})`, where
    `jacobian(y, args)` is the matrix $\partial f/\partial y$. It stops when the largest change of a step is
    below `atol + rtol * max|x|`; the error left is of the order of that change squared.

    Args:
        rtol: Relative size of the last step.
        atol: Absolute size of the last step, in the unit of the unknown.
        max_steps: Most steps taken; one that needs more is reported as not converged.
    """

    rtol: float = 1e-9
    atol: float = 1e-14
    norm: Callable[[PyTree], Scalar] = eqx.field(default=optx.max_norm, static=True)
    max_steps: int = eqx.field(default=40, static=True)

    def init(self, fn, y, args, options: dict[str, Any], f_struct, aux_struct, tags) -> _NewtonState:
        if "jacobian" not in options:
            raise ValueError('`Newton` needs options={"jacobian": function of (y, args)}.')
        return _NewtonState(change=jnp.array(1.0, dtype=y.dtype), scale=jnp.array(0.0, dtype=y.dtype))

    def step(
        self, fn, y: Float[Array, " n"], args, options: dict[str, Any], state: _NewtonState, tags
    ) -> tuple[Float[Array, " n"], _NewtonState, Any]:
        f, aux = fn(y, args)
        change = -jnp.linalg.solve(options["jacobian"](y, args), f)
        y = y + change
        return y, _NewtonState(change=self.norm(change), scale=self.norm(y)), aux

    def terminate(self, fn, y, args, options, state: _NewtonState, tags) -> tuple[Scalar, optx.RESULTS]:
        broken = ~jnp.isfinite(state.change)
        small = state.change <= self.atol + self.rtol * state.scale
        result = optx.RESULTS.where(broken, optx.RESULTS.nonlinear_divergence, optx.RESULTS.successful)
        return small | broken, result

    def postprocess(self, fn, y, aux, args, options, state, tags, result) -> tuple[Any, Any, dict[str, Any]]:
        return y, aux, {}
