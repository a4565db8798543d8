r"""Estimate of the error that a compressed frequency set causes, from the solution itself.

A solution at the nodes gives, through the sums, $\Delta(i\omega_n)$ and $Z(i\omega_n)$ at every other frequency. If
$\Delta_n/R_n$ from these values agrees with its interpolation from the nodes, the solution also solves the full
equations. The two are compared at test frequencies, those that the pivoting would have selected next, and the coupling
likewise.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..material import couplings
from ._folded_coupling import ErrorEstimator, GapProblem
from ._frequencies import bosonic_frequencies
from ._gap_equations import FoldedKernels, folded_kernels, reduced_pairing, reduced_renormalization

SAFETY = 10.0
"""Safety factor of the estimate. Errors at high frequencies up to three times those at test frequencies were found."""


def frequency_error(
    estimator: ErrorEstimator | None,
    problem: GapProblem,
    kernels: FoldedKernels,
    Delta: Float[Array, " matsubara"],
    *,
    eta: Float[Array, ""],
) -> Float[Array, ""]:
    r"""Estimated error of $\Delta(i\omega_n)$ and $Z(i\omega_n)$, relative to their largest values.

    It is the disagreement at the test frequencies times $1 + 1/(2|\eta - 1|)$: near $T_c$ a small error of the kernel
    causes a large one of the gap, as $\Delta^2 \propto \eta - 1$.

    Args:
        estimator: The test frequencies; `None` for a full set, whose error is zero.
        problem: The material, the limits of the sums and $\mu^*$.
        kernels: The kernels at the nodes.
        Delta: The solution at the nodes [meV].
        eta: Leading eigenvalue of the linearized equations.
    """
    if estimator is None:
        return jnp.zeros(())
    material, limits, mu_star = problem
    tests = folded_kernels(material, estimator.points, limits, mu_star=mu_star)
    omega_m = kernels.omega_n
    Delta_tests = reduced_pairing(tests, omega_m, Delta) / reduced_renormalization(tests, omega_m, Delta)
    _, Delta_over_R = kernels.average.averages(omega_m, Delta)
    _, Delta_over_R_tests = kernels.average.averages(tests.omega_n, Delta_tests)
    gap_mismatch = _relative(jnp.abs(Delta_over_R_tests - estimator.interpolation @ Delta_over_R), Delta_over_R)
    at_nodes, at_tests = (
        couplings(material, bosonic_frequencies(jnp.asarray(limits.T), jnp.asarray(index)))
        for index in (estimator.points.bosonic, estimator.bosonic)
    )
    # lambda_0 drops out of the gap equation: the second node, l = 1, sets the scale
    coupling_mismatch = _relative(jnp.abs(at_tests.T - estimator.bosonic_interpolation @ at_nodes.T), at_nodes[:, 1:])
    return SAFETY * (gap_mismatch + coupling_mismatch) * (1 + 0.5 / jnp.maximum(jnp.abs(eta - 1), 1e-12))


def _relative(differences: Float[Array, "*test"], values: Float[Array, "*value"]) -> Float[Array, ""]:
    largest = jnp.max(jnp.abs(values))
    return jnp.max(differences, initial=0.0) / jnp.where(largest > 0, largest, 1.0)
