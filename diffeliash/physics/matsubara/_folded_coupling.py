r"""Frequency sets: folding of the coupling onto positive frequencies, for full and for compressed sums.

$\Delta(i\omega_n)$ and $Z(i\omega_n)$ are even in $\omega_n$, so every sum over all frequencies becomes one over the
positive ones with $\lambda(n-m) \pm \lambda(n+m+1)$. A frequency set contains the indices at which the equations are
solved and the bosonic indices at which they need the coupling, and computes their kernels from the coupling.
"""

import abc
from functools import partial
from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from ..material import AbstractMaterial
from ..numerics import is_concrete
from ._frequencies import (
    AbstractCutoff,
    AbstractFrequencies,
    CompressedMatsubara,
    FullMatsubara,
    SharpCutoff,
    count_frequencies,
    fermionic_frequencies,
)
from ._toeplitz_hankel import toeplitz_and_hankel

Values = Float[Array | np.ndarray, "..."]
Number = Float[Array | np.ndarray | float, ""]


class AbstractZSum(eqx.Module):
    r"""The range of frequencies of the sum in $Z(i\omega_n)$."""

    @abc.abstractmethod
    def normal_state_sum(
        self,
        lambda_l: Float[Array, " boson"],
        truncated: Float[Array, " row"],
        index: Values,
        *,
        rest_of_lambda_0: Float[Array, " row"] | float = 0.0,
    ) -> Float[Array, " row"]:
        r"""$\sum_m \mathrm{sgn}(\omega_m)\,\lambda(n-m)$, the sum in $Z$ of the normal state, at given indices $n$.

        Args:
            lambda_l: The coupling at $l = 0, 1, 2, ..$; the entry at $l = 0$ may be set to zero.
            truncated: The sum up to the cutoff.
            index: $n$.
            rest_of_lambda_0: $\lambda_0(1 - w_n)$, where $w_n$ is the weight of the frequency $n$ in the truncated sum,
                below one next to a split cutoff. Where `lambda_l` is without $\lambda_0$, the caller adds
                $w_n\lambda_0$ as the thermal term; an infinite sum contains all of $\lambda_0$, so the rest is added
                here.
        """

    @abc.abstractmethod
    def normal_state_weights(self, weights: Float[Array, " full"]) -> Float[Array, " full"]:
        r"""Weights of the frequencies that enter the sum in $Z$ with $R_m = \omega_m$.

        Args:
            weights: Weights with which they enter with $R_m$ of the superconductor.
        """

    @abc.abstractmethod
    def tail_pole_sum(self, z: Complex[Array, " node"], kT: Float[Array, ""], n: int) -> Complex[Array, " node"]:
        r"""$\sum_{m\ge n}\omega_m/(z^2+\omega_m^2)$ up to a constant [1/meV]; zero if the sum is truncated.

        The sum diverges, but only by a constant, which is left out. This is allowed, because the equations integrate
        the sum at $z - \Omega$ over $\Omega$ together with a2F, which is odd, so that a constant does not contribute.

        Args:
            z: Energies [meV], of magnitude far below $\omega_n$.
            kT: $k_BT$ [meV].
            n: Number of frequencies that are summed explicitly.
        """


class TruncatedSum(AbstractZSum):
    r"""Truncate the sum in $Z$ at the Matsubara cutoff, like the sum in $\Delta$.

    This is the procedure of Appendix C of arXiv:2007.07512.
    """

    def normal_state_sum(
        self,
        lambda_l: Float[Array, " boson"],
        truncated: Float[Array, " row"],
        index: Values,
        *,
        rest_of_lambda_0: Float[Array, " row"] | float = 0.0,
    ) -> Float[Array, " row"]:
        del lambda_l, index, rest_of_lambda_0
        return truncated

    def normal_state_weights(self, weights: Float[Array, " full"]) -> Float[Array, " full"]:
        return jnp.zeros_like(weights)

    def tail_pole_sum(self, z: Complex[Array, " node"], kT: Float[Array, ""], n: int) -> Complex[Array, " node"]:
        del kT, n
        return jnp.zeros_like(z)


class InfiniteSum(AbstractZSum):
    r"""Take the sum in $Z$ to infinity, with the normal-state value $\omega_m/R_m = 1$ above the Matsubara cutoff.

    $$ \sum_m \mathrm{sgn}(\omega_m)\,\lambda(n-m) = \lambda_0 + 2\sum_{l=1}^n\lambda_l $$

    is then exact, as all other terms cancel in pairs. In the normal state $Z(i\omega_0) = 1 + \lambda$ at every
    temperature.
    """

    def normal_state_sum(
        self,
        lambda_l: Float[Array, " boson"],
        truncated: Float[Array, " row"],
        index: Values,
        *,
        rest_of_lambda_0: Float[Array, " row"] | float = 0.0,
    ) -> Float[Array, " row"]:
        del truncated
        return (2 * jnp.cumsum(lambda_l) - lambda_l[0])[jnp.asarray(index).astype(int)] + rest_of_lambda_0

    def normal_state_weights(self, weights: Float[Array, " full"]) -> Float[Array, " full"]:
        return 1 - weights

    def tail_pole_sum(self, z: Complex[Array, " node"], kT: Float[Array, ""], n: int) -> Complex[Array, " node"]:
        # the Euler-Maclaurin formula for the midpoint rule
        width = 2 * jnp.pi * kT
        end = width * n
        right, left = 1 / (end + 1j * z), 1 / (end - 1j * z)
        integral = -jnp.log((end**2 + z**2) / end**2) / 2
        slope, third = -(right**2 + left**2) / 2, -3 * (right**4 + left**4)
        return integral / width + width / 24 * slope - 7 / 5760 * width**3 * third


class FoldedCoupling(eqx.Module):
    r"""The coupling between rows $n$ and nodes $m$, folded onto positive frequencies, in the unit of `lambda_l`.

    Args:
        odd: $\lambda(n-m) - \lambda(n+m+1)$, to be applied to $1 - \omega_m/R_m$.
        even: $\lambda(n-m) + \lambda(n+m+1)$, to be applied to $\Delta_m/R_m$.
        normal: Row sums of the odd part, over all frequencies of the sum in $Z$.
        coulomb: $\theta(\omega_c - \omega_m)$, to be applied to $\Delta_m/R_m$; dimensionless.
        thermal: The thermal term, $\lambda_0$ times the weight of row $n$ in the sums. It is left out of the kernels
            above.
    """

    odd: Float[Array, "row matsubara"]
    even: Float[Array, "row matsubara"]
    normal: Float[Array, " row"]
    coulomb: Float[Array, " matsubara"]
    thermal: Float[Array, " row"]


class SumLimits(eqx.Module):
    """The limits of the Matsubara sums: temperature [K] and the two cutoffs [meV]."""

    T: Number
    omega_c: Number
    matsubara_cutoff: Number

    def weights(self, n: int, cutoff: AbstractCutoff) -> tuple[Float[Array, " full"], Float[Array, " full"]]:
        """Weights of the lowest `n` frequencies in the sums with the coupling and in the Coulomb sum."""
        omega_n = fermionic_frequencies(jnp.asarray(self.T), jnp.arange(n, dtype=jnp.float64))
        weights = cutoff(omega_n, jnp.asarray(self.matsubara_cutoff))
        return weights, weights * cutoff(omega_n, jnp.asarray(self.omega_c))


class GapProblem(NamedTuple):
    r"""What a gap function depends on: the material, the limits of the sums, and $\mu^*$ at the Coulomb cutoff."""

    material: AbstractMaterial
    limits: SumLimits
    mu_star: Float[Array, ""]


class AbstractFrequencySet(eqx.Module):
    """The indices at which the equations are solved (`index`) and need the coupling (`bosonic`), and their sums."""

    index: eqx.AbstractVar[Values]
    bosonic: eqx.AbstractVar[Values]

    @abc.abstractmethod
    def fold(self, lambda_l: Float[Array, "channel boson"], limits: SumLimits) -> FoldedCoupling:
        r"""The folded coupling between the set's frequencies, from the coupling at its bosonic indices.

        Args:
            lambda_l: The coupling in the equation of $Z$ and, in a second row if it differs, in that of $\phi$. With
                a single row the term $\lambda_0$ drops out of the gap equation, and is left out of the sums.
            limits: Temperature and cutoffs.
        """


class FullSet(AbstractFrequencySet):
    """All frequencies, without compression."""

    index: Values
    bosonic: Values
    cutoff: AbstractCutoff
    z_sum: AbstractZSum

    def fold(self, lambda_l: Float[Array, "channel boson"], limits: SumLimits) -> FoldedCoupling:
        weights, coulomb = limits.weights(self.index.size, self.cutoff)
        lambda_0, rest = _without_lambda_0(lambda_l)
        odd, even = _odd_and_even([toeplitz_and_hankel(channel) for channel in rest], weights)
        normal = self.z_sum.normal_state_sum(
            rest[0], jnp.sum(odd, axis=1), self.index, rest_of_lambda_0=lambda_0 * (1 - weights)
        )
        return FoldedCoupling(odd, even, normal, coulomb, lambda_0 * weights)


class CompressedSet(AbstractFrequencySet):
    """The nodes of a compression rule, with precomputed sums, where the limits of the sums are known in advance."""

    index: Values
    bosonic: Values
    odd: Values
    even: Values
    normal: Values
    coulomb: Values

    def fold(self, lambda_l: Float[Array, "channel boson"], limits: SumLimits) -> FoldedCoupling:
        del limits
        lambda_0, rest = _without_lambda_0(lambda_l)
        odd = jnp.tensordot(rest[0], jnp.asarray(self.odd), axes=1)
        even = jnp.tensordot(rest[-1], jnp.asarray(self.even), axes=1)
        thermal = jnp.full(self.index.size, lambda_0)
        return FoldedCoupling(odd, even, rest[0] @ self.normal, jnp.asarray(self.coulomb), thermal)


class MaskedSet(AbstractFrequencySet):
    """The nodes of a compression rule, where the limits of the sums are known only during the computation.

    This is the case under `jax.vmap` over temperatures, for example. Since the number of frequencies must be known
    beforehand, all frequencies of the rule are summed, and those above a cutoff are masked, that is, get the weight
    zero (`SumLimits.weights`). Because of the weights the sums cannot be computed beforehand as in `CompressedSet`.
    """

    index: Values
    bosonic: Values
    interpolation: Values
    bosonic_interpolation: Values
    cutoff: AbstractCutoff
    z_sum: AbstractZSum

    def fold(self, lambda_l: Float[Array, "channel boson"], limits: SumLimits) -> FoldedCoupling:
        interpolation = jnp.asarray(self.interpolation)
        weights, coulomb = limits.weights(interpolation.shape[0], self.cutoff)
        lambda_0, rest = _without_lambda_0(lambda_l)
        coupling = [jnp.asarray(self.bosonic_interpolation) @ channel for channel in rest]
        row, m = jnp.asarray(self.index).astype(int)[:, None], jnp.arange(weights.size)[None, :]
        odd, even = _odd_and_even([(one[jnp.abs(row - m)], one[row + m + 1]) for one in coupling], weights)
        row_weights = weights[row[:, 0]]
        normal = self.z_sum.normal_state_sum(
            coupling[0], jnp.sum(odd, axis=1), self.index, rest_of_lambda_0=lambda_0 * (1 - row_weights)
        )
        return FoldedCoupling(
            odd @ interpolation, even @ interpolation, normal, coulomb @ interpolation, lambda_0 * row_weights
        )


def _without_lambda_0(
    lambda_l: Float[Array, "channel boson"],
) -> tuple[Float[Array, ""], list[Float[Array, " boson"]]]:
    """Separate lambda_0 from a coupling that is the same in both equations; two different ones remain unchanged."""
    if len(lambda_l) > 1:
        return jnp.zeros(()), list(lambda_l)
    return lambda_l[0, 0], [lambda_l[0].at[0].set(0.0)]


Matrix = Float[Array, "row full"]


def _odd_and_even(channels: list[tuple[Matrix, Matrix]], weights: Float[Array, " full"]) -> tuple[Matrix, Matrix]:
    r"""The kernels of $Z$, from the first channel, and of $\phi$, from the last, with weights of the frequencies.

    Args:
        channels: $\lambda(n-m)$ and $\lambda(n+m+1)$ of each channel.
        weights: Weights of the frequencies $m$ in the sums.
    """
    (near, far), (pairing_near, pairing_far) = channels[0], channels[-1]
    return weights[None, :] * (near - far), weights[None, :] * (pairing_near + pairing_far)


class ErrorEstimator(eqx.Module):
    """Test frequencies at which the error of a compressed set is estimated.

    Args:
        points: A set with the test frequencies as rows.
        interpolation: Matrix from values at the nodes to values at the test frequencies.
        bosonic: Bosonic test indices.
        bosonic_interpolation: Matrix from the coupling at the set's bosonic indices to that at the test indices.
    """

    points: AbstractFrequencySet
    interpolation: Values
    bosonic: Values
    bosonic_interpolation: Values


def frequency_set(
    frequencies: AbstractFrequencies, limits: SumLimits | None, *, cutoff: AbstractCutoff, z_sum: AbstractZSum
) -> tuple[AbstractFrequencySet, ErrorEstimator | None]:
    """The frequency set for a choice of frequencies, and the estimator of its error (`None` without compression).

    Args:
        frequencies: The choice of frequencies, with a fixed number of them.
        limits: Temperature and cutoffs. If they are concrete, compressed sums are precomputed where possible.
        cutoff: The weights of the frequencies next to the cutoffs.
        z_sum: Whether the sum in $Z$ is truncated or infinite.

    Raises:
        TypeError: The choice is neither `FullMatsubara` nor `CompressedMatsubara`.
    """
    n = frequencies.size
    if isinstance(frequencies, FullMatsubara):
        return FullSet(np.arange(n) * 1.0, np.arange(2 * n) * 1.0, cutoff, z_sum), None
    if not isinstance(frequencies, CompressedMatsubara):
        raise TypeError(f"unknown frequency set {frequencies!r}")
    if limits is not None and _includes_all(n, limits, cutoff):
        make = partial(_compressed, frequencies, limits, z_sum)
    else:
        make = partial(_masked, frequencies, cutoff, z_sum)
    rule = frequencies.rule
    points, test_points = (make(tests=tests) for tests in (False, True))
    if rule.tests.size + rule.bosonic_tests.size == 0:
        return points, None
    interpolation, bosonic_interpolation = rule.interpolation, rule.bosonic_interpolation
    return points, ErrorEstimator(
        test_points,
        interpolation[rule.tests],
        rule.bosonic_tests * 1.0,
        bosonic_interpolation[rule.bosonic_tests],
    )


def _includes_all(n: int, limits: SumLimits, cutoff: AbstractCutoff) -> bool:
    """Whether the sums are known to run over exactly `n` frequencies, each with weight one."""
    known = isinstance(cutoff, SharpCutoff) and is_concrete(limits.T, limits.omega_c, limits.matsubara_cutoff)
    return known and count_frequencies(float(limits.T), float(limits.matsubara_cutoff)) == n


def _compressed(
    frequencies: CompressedMatsubara, limits: SumLimits, z_sum: AbstractZSum, *, tests: bool
) -> CompressedSet:
    rule, tables = frequencies.rule, frequencies.tables(tests=tests)
    normal = tables.infinite if isinstance(z_sum, InfiniteSum) else tables.truncated
    n_coulomb = min(rule.n, count_frequencies(float(limits.T), float(limits.omega_c)))
    return CompressedSet(
        index=tables.rows * 1.0,
        bosonic=rule.bosonic * 1.0,
        odd=tables.near - tables.far,
        even=tables.near + tables.far,
        normal=normal,
        coulomb=np.sum(rule.interpolation[:n_coulomb], axis=0),
    )


def _masked(frequencies: CompressedMatsubara, cutoff: AbstractCutoff, z_sum: AbstractZSum, *, tests: bool) -> MaskedSet:
    rule = frequencies.rule
    rows = rule.tests if tests else rule.nodes
    return MaskedSet(
        index=rows * 1.0,
        bosonic=rule.bosonic * 1.0,
        interpolation=rule.interpolation,
        bosonic_interpolation=rule.bosonic_interpolation,
        cutoff=cutoff,
        z_sum=z_sum,
    )
