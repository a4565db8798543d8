r"""Root finders for the gap equations, in the interface of optimistix, which has none of these three.

All solve $f(x) = 0$ where $x + f(x)$ is the fixed-point map (for the gap: $\phi/Z$), stop when the largest change of
a step is below `atol + rtol * max|x|`, and give up on a value that is not finite.
"""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import optimistix as optx
from jaxtyping import Array, Float, Int, PyTree, Scalar

from ._linear_solvers import solve_linear

Vector = Float[Array, " n"]


class _Progress(eqx.Module):
    change: Scalar
    scale: Scalar


def _not_begun(y: Vector) -> _Progress:
    return _Progress(change=jnp.array(1.0, dtype=y.dtype), scale=jnp.array(0.0, dtype=y.dtype))


class _State(eqx.Module):
    progress: _Progress


class _AbstractStepwise(optx.AbstractRootFinder):
    """What the three have in common: when to stop. Their states say how far the last step went, in `progress`."""

    rtol: eqx.AbstractVar[float]
    atol: eqx.AbstractVar[float]

    def terminate(self, fn, y, args, options, state: Any, tags) -> tuple[Scalar, optx.RESULTS]:
        change, scale = state.progress.change, state.progress.scale
        broken = ~jnp.isfinite(change)
        result = optx.RESULTS.where(broken, optx.RESULTS.nonlinear_divergence, optx.RESULTS.successful)
        return (change <= self.atol + self.rtol * scale) | broken, result

    def postprocess(self, fn, y, aux, args, options, state, tags, result) -> tuple[Any, Any, dict[str, Any]]:
        return y, aux, {}


class Newton(_AbstractStepwise):
    r"""$x \leftarrow x - J(x)^{-1} f(x)$ with the Jacobian that the caller supplies.

    `optimistix.Newton` obtains $J$ by automatic differentiation, which costs one tangent for every unknown.
    Use it with `optimistix.root_find(fn, Newton(), y0, options={"jacobian": jacobian})`, where
    `jacobian(y, args)` is the matrix $\partial f/\partial y$; an option `"skip"` that is true gives `y0` back. The
    error left is of the order of the last change squared.

    Args:
        rtol: Relative size of the last step.
        atol: Absolute size of the last step, in the unit of the unknown.
        max_steps: Most steps taken; one that needs more is reported as not converged.
    """

    rtol: float = 1e-9
    atol: float = 1e-14
    norm: Callable[[PyTree], Scalar] = eqx.field(default=optx.max_norm, static=True)
    max_steps: int = eqx.field(default=40, static=True)

    def init(self, fn, y, args, options: dict[str, Any], f_struct, aux_struct, tags) -> _State:
        if "jacobian" not in options:
            raise ValueError('`Newton` needs options={"jacobian": function of (y, args)}.')
        begun = _not_begun(y)
        return _State(_Progress(jnp.where(options.get("skip", False), 0.0, begun.change), begun.scale))

    def step(self, fn, y: Vector, args, options: dict[str, Any], state: _State, tags):
        f, aux = fn(y, args)
        change = -solve_linear(options["jacobian"](y, args), f)
        y = y + change
        return y, _State(_Progress(change=self.norm(change), scale=self.norm(y))), aux


class _BroydenState(eqx.Module):
    progress: _Progress
    f: Vector
    inverse_jacobian: Float[Array, "n n"]


class Broyden(_AbstractStepwise):
    r"""Broyden's method with the inverse Jacobian updated directly, Eqs. (C2) and (C3) of arXiv:2007.07512.

    $$ J_n^{-1} = J_{n-1}^{-1} + \frac{(\Delta x_n - J_{n-1}^{-1}\Delta f_n)\,\Delta x_n^T J_{n-1}^{-1}}
       {\Delta x_n^T J_{n-1}^{-1} \Delta f_n}, \qquad x_{n+1} = x_n - J_n^{-1} f(x_n) $$

    It begins with $J_0^{-1} = -1$, one plain fixed-point step. An update whose denominator has fallen below
    `smallest_denominator` times $|\Delta x_n|^2$ is left out: there the method would take a step without bound.

    Args:
        rtol: Relative size of the last step.
        atol: Absolute size of the last step, in the unit of the unknown.
        smallest_denominator: Relative size of the denominator below which an update is left out.
        max_steps: Most steps taken; one that needs more is reported as not converged.
    """

    rtol: float = 1e-13
    atol: float = 1e-14
    smallest_denominator: float = 1e-10
    norm: Callable[[PyTree], Scalar] = eqx.field(default=optx.max_norm, static=True)
    max_steps: int = eqx.field(default=40, static=True)

    def init(self, fn, y: Vector, args, options, f_struct, aux_struct, tags) -> _BroydenState:
        f, _ = fn(y, args)
        return _BroydenState(_not_begun(y), f, -jnp.eye(y.size, dtype=y.dtype))

    def step(self, fn, y: Vector, args, options, state: _BroydenState, tags):
        inverse = state.inverse_jacobian
        dx = -inverse @ state.f
        f, aux = fn(y + dx, args)
        image = inverse @ (f - state.f)
        denominator = jnp.sum(dx * image)
        usable = jnp.abs(denominator) > self.smallest_denominator * jnp.sum(dx * dx)
        factor = jnp.where(usable, 1.0, 0.0) / jnp.where(usable, denominator, 1.0)
        inverse = inverse + factor * (dx - image)[:, None] * (dx @ inverse)[None, :]
        progress = _Progress(self.norm(dx), self.norm(y + dx))
        return y + dx, _BroydenState(progress, f, inverse), aux


class _AndersonState(eqx.Module):
    """In each row of `history` a difference of the residual, then that of the argument that goes with it."""

    progress: _Progress
    f: Vector
    history: Float[Array, "memory 2*n"]
    count: Int[Array, ""]


class Anderson(_AbstractStepwise):
    r"""Anderson's mixing: the fixed-point step, with all that earlier steps tell about the Jacobian taken out.

    The differences of the residual are kept orthonormal, $q_i$ (Gram-Schmidt, twice), beside the $p_i$ with
    $p_i - q_i$ the step that led to them. Then $x \leftarrow x + f - \sum_i (q_i\cdot f)\,p_i$. After
    `memory` steps the oldest difference is replaced. A difference of which less than `smallest_part` is new is
    rounding noise and left out.

    One step costs one evaluation of $f$; 8 to 14 do for the gap equations where Newton needs 3 to 5 with a
    factorization each. For strong coupling within a percent of $T_c$ it may need a hundred.

    Args:
        rtol: Relative size of the last step.
        atol: Absolute size of the last step, in the unit of the unknown.
        smallest_part: Part of a difference that must be new for it to be kept.
        memory: Number of differences kept.
        max_steps: Most steps taken; one that needs more is reported as not converged.
    """

    rtol: float = 1e-13
    atol: float = 1e-14
    smallest_part: float = 1e-6
    norm: Callable[[PyTree], Scalar] = eqx.field(default=optx.max_norm, static=True)
    memory: int = eqx.field(default=8, static=True)
    max_steps: int = eqx.field(default=24, static=True)

    def init(self, fn, y: Vector, args, options, f_struct, aux_struct, tags) -> _AndersonState:
        f, _ = fn(y, args)
        empty = jnp.zeros((min(self.memory, y.size), 2 * y.size), dtype=y.dtype)
        return _AndersonState(_not_begun(y), f, empty, jnp.array(0))

    def step(self, fn, y: Vector, args, options, state: _AndersonState, tags):
        n, history = y.size, state.history
        slot = jnp.arange(history.shape[0]) == state.count % history.shape[0]

        def overlap(residual: Vector) -> Float[Array, " memory"]:
            return history @ jnp.append(residual, jnp.zeros(n))  # cheaper than a copy of half of the history

        dx = state.f - (overlap(state.f) @ history)[n:]
        f, aux = fn(y + dx, args)
        df = f - state.f
        new = jnp.append(df, dx + df)
        for _ in range(2):
            new = new - jnp.where(slot, 0.0, overlap(new[:n])) @ history
        size = jnp.sqrt(jnp.sum(new[:n] ** 2))
        fresh = size > self.smallest_part * jnp.sqrt(jnp.sum(df**2))
        new = jnp.where(fresh, 1.0, 0.0) / jnp.where(fresh, size, 1.0) * new
        history = jnp.where(slot[:, None], new[None, :], history)
        progress = _Progress(self.norm(dx), self.norm(y + dx))
        return y + dx, _AndersonState(progress, f, history, state.count + 1), aux


Solver = Newton | Broyden | Anderson
