import jax
import jax.numpy as jnp
import numpy as np
import optimistix as optx
import pytest

from diffeliash import Anderson, Broyden, Newton


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


def test_without_a_root_it_does_not_claim_one():
    solution = optx.root_find(
        circle_and_line, Newton(), jnp.array([3.0, 1.0]), args=jnp.array(-8.0), options={"jacobian": jacobian},
        max_steps=40, throw=False,
    )  # fmt: skip
    assert solution.result != optx.RESULTS.successful


def test_batches():
    starts = jnp.array([[3.0, 1.0], [-3.0, -1.0]])
    roots = jax.vmap(lambda y: find(y0=y).value)(starts)
    np.testing.assert_allclose(roots, [[2.0, 2.0], [-2.0, -2.0]], rtol=1e-14)


def test_needs_a_jacobian():
    with pytest.raises(ValueError, match="jacobian"):
        optx.root_find(circle_and_line, Newton(), jnp.array([3.0, 1.0]), args=jnp.array(8.0))


def test_skip_gives_the_start_back():
    solution = optx.root_find(
        circle_and_line, Newton(), jnp.array([3.0, 1.0]), args=jnp.array(8.0),
        options={"jacobian": jacobian, "skip": True},
    )  # fmt: skip
    np.testing.assert_array_equal(solution.value, [3.0, 1.0])
    assert int(solution.stats["num_steps"]) == 0


def contraction(n):
    """A fixed-point problem x = A tanh(x) + b whose plain iteration converges slowly."""
    rng = np.random.default_rng(n)
    A = rng.normal(size=(n, n))
    A = jnp.asarray(0.95 * A / np.linalg.norm(A, 2))
    b = jnp.asarray(rng.normal(size=n))
    return lambda x, args: A @ jnp.tanh(x) + b - x


@pytest.mark.parametrize("solver", [Broyden(), Anderson(), Anderson(memory=4)])
@pytest.mark.parametrize("n", [1, 2, 5, 30])
def test_quasi_newton_methods_solve_a_fixed_point_problem(solver, n):
    fn = contraction(n)
    solution = optx.root_find(fn, solver, jnp.zeros(n), max_steps=200, throw=False)
    assert solution.result == optx.RESULTS.successful
    assert float(jnp.max(jnp.abs(fn(solution.value, None)))) < 1e-11


def test_broyden_takes_the_steps_of_the_paper():
    # Eqs. (C2) and (C3) written out with NumPy
    fn = contraction(3)
    x, inverse = np.zeros(3), -np.eye(3)
    f = np.asarray(fn(x, None))
    for _ in range(4):
        dx = -inverse @ f
        df, x = np.asarray(fn(x + dx, None)) - f, x + dx
        f = f + df
        inverse = inverse + np.outer(dx - inverse @ df, dx @ inverse) / (dx @ inverse @ df)
    found = optx.root_find(fn, Broyden(rtol=0.0, atol=0.0), jnp.zeros(3), max_steps=4, throw=False)
    np.testing.assert_allclose(found.value, x, rtol=1e-12)


def test_anderson_is_gmres_on_a_linear_problem():
    # with all differences kept, a linear problem of n unknowns is solved in n + 1 steps
    A = jnp.asarray(np.random.default_rng(0).normal(size=(6, 6))) + 4 * jnp.eye(6)
    solution = optx.root_find(lambda x, args: A @ x - 1, Anderson(rtol=1e-10), jnp.zeros(6), max_steps=8, throw=False)
    np.testing.assert_allclose(A @ solution.value, 1.0, rtol=1e-10)


@pytest.mark.parametrize("solver", [Broyden(), Anderson()])
def test_quasi_newton_methods_report_what_they_could_not_do(solver):
    def no_root(x, args):
        return x**2 + 1

    solution = optx.root_find(no_root, solver, jnp.ones(3), max_steps=20, throw=False)
    assert solution.result != optx.RESULTS.successful
