"""Continuation from the Matsubara frequencies by the N-point Pade approximant of Vidberg and Serene."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float

from ..matsubara import FullMatsubara, GapSolution, solve_gap
from ..numerics import Newton, is_concrete

SMALLEST_SAMPLE = 64
"""Number of frequencies to which a shorter solution is padded."""


class Pade(eqx.Module):
    r"""Continue by an N-point Pade approximant in double precision, as in arXiv:2007.07512, Appendix C.

    The approximant is the continued fraction $a_0/(1 + a_1(z-z_0)/(1 + a_2(z-z_1)/\dots))$ through the values at
    $z_n = i\omega_n$: H. J. Vidberg and J. W. Serene, J. Low Temp. Phys. 29, 179 (1977), doi:10.1007/BF00655090. Used
    as `method` of `continue_gap` and `gap_edge`.

    The continued fraction amplifies rounding errors: with all frequencies of a solution the error was 0.5 to 33 % of
    the largest value for five test spectra, and with 40 to 200 of them 0.3 to 78 % (`experiments/01-pade-error`).
    `RealAxisGap.error` is then the difference between the continued $\Delta$ and the quotient of the continued $\phi$
    and $Z$. The true error can be many times larger: for one spectrum with 3, 8, 20, 80 and 203 points `error` was
    4e-4, 0.13, 0.9, 0.6 and 0.59, and the difference from the exact continuation by `MSC` was 1.05, 0.5, 4.7, 1.3 and
    5.6.

    Args:
        n_points: Number of Matsubara frequencies to use, the lowest positive ones, at least 2; `None` uses all.

    Raises:
        ValueError: `n_points` is less than 2.
    """

    n_points: int | None = eqx.field(default=None, static=True)

    def __check_init__(self):
        if self.n_points is not None and self.n_points < 2:
            raise ValueError(f"`n_points` must be at least 2, got {self.n_points}.")


def check_points(sol: GapSolution, method: object) -> list[str]:
    """A complaint if a Pade approximant is to use more frequencies than the solution has."""
    n = sol.frequencies.size
    if not isinstance(method, Pade) or method.n_points is None or method.n_points <= n:
        return []
    where = f" at {float(sol.T):g} K" if is_concrete(sol.T) else ""
    return [
        f"`n_points` of a Pade approximant must be at most {n}, the Matsubara frequencies{where}, got {method.n_points}"
    ]


def pade_coefficients(
    nodes: Complex[Array, " matsubara"], values: Complex[Array, " matsubara"]
) -> Complex[Array, " matsubara"]:
    r"""Coefficients $a_p = g_p(z_p)$ of the continued fraction through the given points.

    $$ g_0(z_i) = u_i, \quad
       g_p(z) = \frac{g_{p-1}(z_{p-1}) - g_{p-1}(z)}{(z - z_{p-1})\,g_{p-1}(z)} $$

    H. J. Vidberg and J. W. Serene, J. Low Temp. Phys. 29, 179 (1977), doi:10.1007/BF00655090. Where the function
    is reproduced exactly before all points are used, the remaining coefficients are zero.
    """
    index = jnp.arange(nodes.size)

    def eliminate(g, p):
        pivot = g[p]
        denominator = (nodes - nodes[p]) * g
        live = (index > p) & (denominator != 0) & (pivot != 0)
        g = jnp.where(live, (pivot - g) / jnp.where(live, denominator, 1.0), 0.0)
        return g, pivot

    _, coefficients = jax.lax.scan(eliminate, values, index)
    return coefficients


def evaluate_pade(
    nodes: Complex[Array, " matsubara"],
    coefficients: Complex[Array, " matsubara"],
    z: Complex[Array, " freq"],
) -> Complex[Array, " freq"]:
    r"""The continued fraction $a_0/(1 + a_1(z-z_0)/(1 + a_2(z-z_1)/\dots))$ at complex energies `z` [meV]."""

    def prepend(tail, node_and_next):
        node, coefficient = node_and_next
        return 1 + coefficient * (z - node) / tail, None

    tail, _ = jax.lax.scan(prepend, jnp.ones_like(z), (nodes[:-1], coefficients[1:]), reverse=True)
    return coefficients[0] / tail


def continue_values(omega_n: Array, values: Array, z: Complex[Array, " freq"], method: Pade) -> Complex[Array, " freq"]:
    r"""Continue a function with real values at the positive Matsubara frequencies to complex energies `z` [meV]."""
    n = omega_n.size if method.n_points is None else min(method.n_points, omega_n.size)
    nodes = 1j * omega_n[:n]
    return evaluate_pade(nodes, pade_coefficients(nodes, values[:n] + 0j), z)


Samples = tuple[Float[Array, " matsubara"], Float[Array, " matsubara"], Float[Array, " matsubara"]]


def pade_samples(sol: GapSolution) -> Samples:
    r"""$\omega_n$, $\Delta$ and $Z$ at all frequencies, padded with zeros to a power of two where they are concrete.

    The zeros lead to vanishing coefficients and do not change the approximant, but let solutions at many temperatures
    share a compiled program.
    """
    sol = _on_full_set(sol)
    values = (sol.omega_n, sol.Delta, sol.Z)
    if not is_concrete(*values):
        return values
    n = sol.omega_n.size
    more = max(SMALLEST_SAMPLE, 2 ** (n - 1).bit_length()) - n
    padding = sol.omega_n[0] * (2 * jnp.arange(n, n + more) + 1)
    return jnp.append(sol.omega_n, padding), jnp.pad(sol.Delta, (0, more)), jnp.pad(sol.Z, (0, more))


def _on_full_set(sol: GapSolution) -> GapSolution:
    """The solution without compression, exact to rounding, as a Pade approximant amplifies any error of its input."""
    if isinstance(sol.frequencies, FullMatsubara):
        return sol
    return solve_gap(
        sol.spectrum, sol.T, mu_star=sol.mu_star, omega_c=sol.omega_c, matsubara_cutoff=sol.matsubara_cutoff,
        frequencies=FullMatsubara(sol.frequencies.n), solver=Newton(), cutoff=sol.cutoff, z_sum=sol.z_sum,
    )  # fmt: skip


@eqx.filter_jit
def continue_by_pade(
    samples: Samples, omega: Float[Array, " freq"], broadening: Float[Array, ""], method: Pade
) -> tuple[tuple[Complex[Array, " freq"], Complex[Array, " freq"]], Float[Array, ""]]:
    r"""$\Delta$ [meV], $Z$, and the largest $|\Delta - \phi/Z|$ relative to the largest $|\Delta|$."""
    z = omega + 1j * broadening
    omega_n, Delta_n, Z_n = samples
    Delta, Z, phi = (continue_values(omega_n, values, z, method) for values in (Delta_n, Z_n, Z_n * Delta_n))
    largest = jnp.max(jnp.abs(Delta), initial=0.0)
    bound = largest > 0
    discrepancy = jnp.max(jnp.abs(Delta - phi / Z), initial=0.0) / jnp.where(bound, largest, 1.0)
    return (Delta, Z), discrepancy
