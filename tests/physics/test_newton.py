import jax
import jax.numpy as jnp
import numpy as np
import optimistix as optx
import pytest

from diffeliash import Newton


def circle_and_line(y, args):
    return jnp.array([y[0] ** 2 + y[1] ** 2 - args, y[0] - y[1]])


def jacobian(y, args):
    return jnp.array([[2 * y[0], 2 * y[1]], [1.0, -1.0]])


def find(solver=Newton(), y0=(3.0, 1.0), jac=jacobian, max_steps=40):
    return optx.root_find(
        circle_and_line, solver, jnp.array(y0), args=jnp.array(8.0), options={"jacobian": jac},
        max_steps=max_steps, throw=False,
    )  # fmt: skip


def test_finds_a_root_to_rounding():
    solution = find()
    assert solution.result == optx.RESULTS.successful
    np.testing.assert_allclose(solution.value, [2.0, 2.0], rtol=1e-15)


def test_uses_the_given_jacobian():
    # with a Jacobian twice too large a step halves the error instead of squaring it
    slow = find(jac=lambda y, args: 2 * jacobian(y, args))
    assert int(slow.stats["num_steps"]) > 2 * int(find().stats["num_steps"])


def test_reports_when_it_runs_out_of_steps():
    assert find(max_steps=2).result != optx.RESULTS.successful


def test_stops_at_a_singular_jacobian_without_raising():
    solution = find(y0=(0.0, 0.0))
    assert solution.result != optx.RESULTS.successful


def test_batches():
    starts = jnp.array([[3.0, 1.0], [-3.0, -1.0]])
    roots = jax.vmap(lambda y: find(y0=y).value)(starts)
    np.testing.assert_allclose(roots, [[2.0, 2.0], [-2.0, -2.0]], rtol=1e-14)


def test_needs_a_jacobian():
    with pytest.raises(ValueError, match="jacobian"):
        optx.root_find(circle_and_line, Newton(), jnp.array([3.0, 1.0]), args=jnp.array(8.0))
