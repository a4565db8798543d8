r"""Root finders for the gap equations with the interface of optimistix, which provides none of these three.

All solve $f(x) = 0$, where $x + f(x)$ is the fixed-point map ($\phi/Z$ for the gap function). They stop when the
largest element of a step is below `atol + rtol * max|x|`, and report divergence when a step is not finite.
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
    """Largest element of the last step and of the unknowns after it."""

    change: Scalar
    scale: Scalar


def _before_first_step(y: Vector) -> _Progress:
    return _Progress(change=jnp.array(1.0, dtype=y.dtype), scale=jnp.array(0.0, dtype=y.dtype))


class _State(eqx.Module):
    progress: _Progress


class _AbstractStepwise(optx.AbstractRootFinder):
    """The stopping criterion of the three methods, whose states record the size of the last step in `progress`."""

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
    r"""Newton's method, $x \leftarrow x - J(x)^{-1} f(x)$, with an analytic Jacobian.

    Used as `solver` of `solve_gap`. (`optimistix.Newton` obtains $J$ by automatic differentiation, at the cost of one
    tangent for every unknown.) Convergence is quadratic: the error left is of the order of the last step squared. In
    `optimistix.root_find(fn, Newton(), y0, options={"jacobian": jacobian})`, `jacobian(y, args)` must return the
    matrix $\partial f/\partial y$, and an option `"skip"` that is true returns `y0` unchanged.

    Args:
        rtol: Size of a step, relative to the largest unknown, at which the iteration ends.
        atol: Size of a step that is always small enough, in the unit of the unknowns, meV for `solve_gap`.
        norm: The norm of a step and of the unknowns; the largest absolute value by default.
        max_steps: Largest number of steps; a solution that needs more is reported as not converged.

    Raises:
        ValueError: The option `"jacobian"` is missing.
    """

    rtol: float = 1e-9
    atol: float = 1e-14
    norm: Callable[[PyTree], Scalar] = eqx.field(default=optx.max_norm, static=True)
    max_steps: int = eqx.field(default=40, static=True)

    def init(self, fn, y, args, options: dict[str, Any], f_struct, aux_struct, tags) -> _State:
        if "jacobian" not in options:
            raise ValueError('`Newton` needs options={"jacobian": function of (y, args)}.')
        start = _before_first_step(y)
        return _State(_Progress(jnp.where(options.get("skip", False), 0.0, start.change), start.scale))

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
    r"""Broyden's method, which updates the inverse Jacobian directly: Eqs. (C2) and (C3) of arXiv:2007.07512.

    $$ J_n^{-1} = J_{n-1}^{-1} + \frac{(\Delta x_n - J_{n-1}^{-1}\Delta f_n)\,\Delta x_n^T J_{n-1}^{-1}}
       {\Delta x_n^T J_{n-1}^{-1} \Delta f_n}, \qquad x_{n+1} = x_n - J_n^{-1} f(x_n) $$

    C. G. Broyden, Math. Comput. 19, 577 (1965), doi:10.1090/S0025-5718-1965-0198670-6. Used as `solver` of `solve_gap`.
    It begins with $J_0^{-1} = -1$, which makes the first step a plain fixed-point step. An update whose denominator is
    below `smallest_denominator` times $|\Delta x_n|^2$ is skipped, as the next step would be unbounded.

    Args:
        rtol: Size of a step, relative to the largest unknown, at which the iteration ends.
        atol: Size of a step that is always small enough, in the unit of the unknowns, meV for `solve_gap`.
        smallest_denominator: Denominator, relative to $|\Delta x_n|^2$, below which an update is skipped.
        norm: The norm of a step and of the unknowns; the largest absolute value by default.
        max_steps: Largest number of steps; a solution that needs more is reported as not converged.
    """

    rtol: float = 1e-13
    atol: float = 1e-14
    smallest_denominator: float = 1e-10
    norm: Callable[[PyTree], Scalar] = eqx.field(default=optx.max_norm, static=True)
    max_steps: int = eqx.field(default=40, static=True)

    def init(self, fn, y: Vector, args, options, f_struct, aux_struct, tags) -> _BroydenState:
        f, _ = fn(y, args)
        return _BroydenState(_before_first_step(y), f, -jnp.eye(y.size, dtype=y.dtype))

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
    """Each row of `history` holds a normalized $q_i$ followed by its $p_i$ (see `Anderson`)."""

    progress: _Progress
    f: Vector
    history: Float[Array, "memory 2*n"]
    count: Int[Array, ""]


class Anderson(_AbstractStepwise):
    r"""Anderson mixing: fixed-point steps, corrected by the changes of the residual in earlier steps.

    $$ x \leftarrow x + f - \sum_i (q_i\cdot f)\,p_i $$

    D. G. Anderson, J. ACM 12, 547 (1965), doi:10.1145/321296.321305. Used as `solver` of `solve_gap`. The $q_i$ are the
    differences of successive residuals, made orthonormal by Gram-Schmidt, and the $p_i$ are the same combinations of
    the differences of $x + f$. After `memory` steps the oldest difference is replaced. A difference of which less than
    `smallest_part` is linearly independent of the others is rounding noise, and is discarded.

    One step costs one evaluation of $f$, one of Newton's method a Jacobian and a linear system. How many steps either
    takes for the gap equations is said in the documentation (Theory, "Solving the equations").

    Args:
        rtol: Size of a step, relative to the largest unknown, at which the iteration ends.
        atol: Size of a step that is always small enough, in the unit of the unknowns, meV for `solve_gap`.
        smallest_part: Linearly independent part, relative to the whole, below which a difference is discarded.
        norm: The norm of a step and of the unknowns; the largest absolute value by default.
        memory: Number of differences kept.
        max_steps: Largest number of steps; a solution that needs more is reported as not converged.
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
        return _AndersonState(_before_first_step(y), f, empty, jnp.array(0))

    def step(self, fn, y: Vector, args, options, state: _AndersonState, tags):
        n, history = y.size, state.history
        slot = jnp.arange(history.shape[0]) == state.count % history.shape[0]

        def overlap(residual: Vector) -> Float[Array, " memory"]:
            return history @ jnp.append(residual, jnp.zeros(n))  # cheaper than copying half of the array

        dx = state.f - (overlap(state.f) @ history)[n:]
        f, aux = fn(y + dx, args)
        df = f - state.f
        new = jnp.append(df, dx + df)
        for _ in range(2):
            new = new - jnp.where(slot, 0.0, overlap(new[:n])) @ history
        size = jnp.sqrt(jnp.sum(new[:n] ** 2))
        independent = size > self.smallest_part * jnp.sqrt(jnp.sum(df**2))
        new = jnp.where(independent, 1.0, 0.0) / jnp.where(independent, size, 1.0) * new
        history = jnp.where(slot[:, None], new[None, :], history)
        progress = _Progress(self.norm(dx), self.norm(y + dx))
        return y + dx, _AndersonState(progress, f, history, state.count + 1), aux


Solver = Newton | Broyden | Anderson
