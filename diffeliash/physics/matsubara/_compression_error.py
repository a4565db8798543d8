r"""What a compressed frequency set costs in accuracy, estimated from the solution itself.

A solution at the nodes gives, through the sums, $\Delta(i\omega_n)$ and $Z(i\omega_n)$ at every other frequency. If
the averages $\Delta_n/R_n$ found there agree with what the interpolation assumed, the solution solves the full
equations too. They are compared at the frequencies that the pivoting would have taken next, and so is the coupling.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..material import AbstractMaterial, couplings
from ._frequencies import bosonic_frequencies
from ._frequency_set import Ends, Probe
from ._gap_equations import FoldedKernels, folded_kernels, reduced_pairing, reduced_renormalization

SAFETY = 10.0
"""The gap at high frequencies has been off by up to three times what is seen at the test frequencies."""


def frequency_error(
    probe: Probe | None,
    inputs: tuple[AbstractMaterial, Ends, Float[Array, ""]],
    kernels: FoldedKernels,
    Delta: Float[Array, " matsubara"],
    *,
    eta: Float[Array, ""],
) -> Float[Array, ""]:
    r"""Estimated error of $\Delta(i\omega_n)$ and $Z(i\omega_n)$, relative to the largest.

    The disagreement at the test frequencies, times $1 + 1/2|\eta - 1|$: near $T_c$ a small error of the kernel
    is a large one of the gap, as $\Delta^2 \propto \eta - 1$.

    Args:
        probe: Where to look; nothing for a full set, whose error is zero.
        inputs: The material, ends of the sums and $\mu^*$.
        kernels: The kernels at the nodes.
        Delta: The solution at the nodes [meV].
        eta: Leading eigenvalue of the linearized equations.
    """
    if probe is None:
        return jnp.zeros(())
    material, ends, mu_star = inputs
    tests = folded_kernels(material, probe.points, ends, mu_star=mu_star)
    omega_m = kernels.omega_n
    Delta_tests = reduced_pairing(tests, omega_m, Delta) / reduced_renormalization(tests, omega_m, Delta)
    _, Y = kernels.average.averages(omega_m, Delta)
    _, Y_tests = kernels.average.averages(tests.omega_n, Delta_tests)
    gap_miss = _relative(jnp.abs(Y_tests - probe.interpolation @ Y), Y)
    at_nodes, at_tests = (
        couplings(material, bosonic_frequencies(jnp.asarray(ends.T), jnp.asarray(index)))
        for index in (probe.points.bosonic, probe.bosonic)
    )
    # lambda_0 drops out of the gap equation: the second node, l = 1, sets the scale
    coupling_miss = _relative(jnp.abs(at_tests.T - probe.bosonic_interpolation @ at_nodes.T), at_nodes[:, 1:])
    return SAFETY * (gap_miss + coupling_miss) * (1 + 0.5 / jnp.maximum(jnp.abs(eta - 1), 1e-12))


def _relative(miss: Float[Array, "*test"], values: Float[Array, "*value"]) -> Float[Array, ""]:
    largest = jnp.max(jnp.abs(values))
    return jnp.max(miss, initial=0.0) / jnp.where(largest > 0, largest, 1.0)
