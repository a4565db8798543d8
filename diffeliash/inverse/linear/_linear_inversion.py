r"""The regularized solution of the linear equations for a2F.

$$ \min_x\; |Ax + b|^2 + s\,|Cx|^2, \qquad |Cx|^2 = \int (x'')^2\,\mathrm{d}\Omega $$

with $x = 0$ at both ends. The regularization strength $s$ maximizes the evidence, for normally distributed a2F and
errors, the latter of unknown variance (D. J. C. MacKay, Neural Comput. 4, 415 (1992),
doi:10.1162/neco.1992.4.3.415):

$$ 2\log p = \log\det(s\,C^TC) - \log\det H - m\log(|Ax+b|^2 + s|Cx|^2), \qquad H = A^TA + s\,C^TC. $$

The matrices are factorized by NumPy on the host, because batched factorizations in a compiled JAX program can deadlock
on a CPU (docs/architecture.md).
"""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from ...physics import batched, map_materials
from ._inverse_problem import InverseProblem
from ._linear_equations import linear_equations
from ._second_differences import second_differences

STRENGTHS = 10.0 ** np.arange(-8.0, 0.1, 0.5)
"""Regularization strengths among which the evidence chooses [meV^5]."""

N_COMPARED = 64
"""Number of gap functions from which the regularization strength is chosen."""


class NormalEquations(NamedTuple):
    r"""The normal equations $A^TA\,x = -A^Tb$ of one or many gap functions, without the regularization.

    Args:
        matrix: $A^TA$ [meV^2].
        vector: $A^Tb$ [meV^2].
        square: $b^Tb$ [meV^2].
    """

    matrix: Float[np.ndarray | Array, "*sample boson boson"]
    vector: Float[np.ndarray | Array, "*sample boson"]
    square: Float[np.ndarray | Array, "*sample"]


def invert_linearly(
    problem: InverseProblem, Delta: Complex[np.ndarray, "sample real"], *, strength: float
) -> Float[np.ndarray, "sample boson"]:
    """Invert many gap functions with one regularization strength.

    Args:
        problem: Temperature, cutoffs and grids.
        Delta: Gap functions at the energies of the problem [meV].
        strength: Regularization strength [meV^5], for example that of `choose_strength`.

    Returns:
        The spectral functions at the boson energies of the problem.
    """
    prior = strength * _roughness(problem)
    found = np.empty((len(Delta), problem.omega.size))
    for rows, normal in map_materials(_normal_equations(problem), Delta):
        found[rows] = -np.linalg.solve(normal.matrix + prior, normal.vector[..., None])[..., 0]
    return found


def choose_strength(problem: InverseProblem, Delta: Complex[np.ndarray, "sample real"]) -> float:
    """Choose the regularization strength with the largest evidence for many gap functions together [meV^5].

    Args:
        problem: Temperature, cutoffs and grids.
        Delta: Gap functions at the energies of the problem [meV]; at most 64 of them are used.
    """
    chosen = np.unique(np.linspace(0, len(Delta) - 1, N_COMPARED).astype(int))
    total = sum(_evidence(problem, normal) for _, normal in map_materials(_normal_equations(problem), Delta[chosen]))
    return float(STRENGTHS[np.argmax(total)])


def invert_one_linearly(problem: InverseProblem, Delta: Complex[np.ndarray, " real"]) -> Float[np.ndarray, " boson"]:
    """Invert one gap function with the regularization strength of the largest evidence.

    Args:
        problem: Temperature, cutoffs and grids.
        Delta: Gap function at the energies of the problem [meV].

    Returns:
        The spectral function at the boson energies of the problem.
    """
    normal = NormalEquations(*(np.asarray(x)[None] for x in _normal_equations_of_one(problem)(Delta)))
    strength = STRENGTHS[np.argmax(_evidence(problem, normal))]
    return -np.linalg.solve(normal.matrix[0] + strength * _roughness(problem), normal.vector[0])


@lru_cache(maxsize=8)
def _normal_equations(problem: InverseProblem) -> Callable[..., Any]:
    """The function from gap functions to their normal equations, compiled once for a problem."""
    return batched(partial(_normal, problem))


@lru_cache(maxsize=8)
def _normal_equations_of_one(problem: InverseProblem) -> Callable[..., Any]:
    return jax.jit(partial(_normal, problem))


def _normal(problem: InverseProblem, gap: Complex[Array, " real"]) -> NormalEquations:
    equations = linear_equations(problem, gap)
    A, b = (_in_real_numbers(x) for x in (equations.matrix, equations.offset))
    return NormalEquations(A.T @ A, A.T @ b, jnp.sum(b**2))


def _in_real_numbers(values: Complex[Array, "real *boson"]) -> Float[Array, "both *boson"]:
    return jnp.concatenate([jnp.real(values), jnp.imag(values)])


def _evidence(problem: InverseProblem, normal: NormalEquations) -> Float[np.ndarray, " strength"]:
    """The logarithm of the evidence of every strength, summed over gap functions."""
    roughness = _roughness(problem)
    return np.array([np.sum(_log_evidence(normal, s, roughness, 2 * problem.n_energies)) for s in STRENGTHS])


def _log_evidence(
    normal: NormalEquations, strength: float, roughness: Float[np.ndarray, "boson boson"], n_equations: int
) -> Float[np.ndarray, " sample"]:
    """The logarithm of the evidence of each gap function, up to a constant."""
    H = normal.matrix + strength * roughness
    n, m = len(roughness), n_equations
    x = -np.linalg.solve(H, normal.vector[..., None])[..., 0]
    misfit = normal.square + np.sum(normal.vector * x, axis=-1)
    return (n * np.log(strength) - np.linalg.slogdet(H)[1] - m * np.log(misfit)) / 2


def _roughness(problem: InverseProblem) -> Float[np.ndarray, "boson boson"]:
    r"""The matrix $C^TC$ of the integral of the squared second derivative, with a2F zero at both ends."""
    n, step = problem.omega.size, problem.omega[0]
    second = second_differences(n)
    return second.T @ second / step**3
