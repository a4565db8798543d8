r"""Folding the coupling onto positive frequencies: full sums, and compressed ones.

$\Delta(i\omega_n)$ and $Z(i\omega_n)$ are even in $n$, so every sum over all frequencies becomes one over the
positive ones with $\lambda(n-m) \pm \lambda(n+m+1)$. A frequency set says at which indices the equations are
solved, at which bosonic indices they need the coupling, and how the coupling becomes their kernels.
"""

import abc
from functools import partial

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

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
    r"""How far the sum in $Z(i\omega_n)$ goes."""

    @abc.abstractmethod
    def normal(
        self,
        lambda_l: Float[Array, " boson"],
        truncated: Float[Array, " row"],
        index: Values,
        *,
        alone: Float[Array, " row"] | float = 0.0,
    ) -> Float[Array, " row"]:
        r"""$\sum_m \mathrm{sgn}(\omega_m)\,\lambda(n-m)$ at the given indices $n$.

        Args:
            lambda_l: The coupling at $l = 0, 1, 2, ..$
            truncated: The sum up to the cutoff.
            index: $n$.
            alone: What an infinite sum adds for a row that takes no part in its own truncated sum, where
                `lambda_l` is without $\lambda_0$.
        """

    @abc.abstractmethod
    def weights_beyond(self, weights: Float[Array, " full"]) -> Float[Array, " full"]:
        r"""How much frequencies count in the sum in $Z$ with $R_m = \omega_m$, beside `weights` with the true one."""

    @abc.abstractmethod
    def poles_beyond(self, z: Complex[Array, " node"], kT: Float[Array, ""], n: int) -> Complex[Array, " node"]:
        r"""$\sum_{m\ge n}\omega_m/(z^2+\omega_m^2)$ but for a constant, which drops out [1/meV].

        Args:
            z: Energies [meV], far below $\omega_n$.
            kT: $k_BT$ [meV].
            n: Number of frequencies that are summed otherwise.
        """


class TruncatedSum(AbstractZSum):
    r"""Both sums end at the Matsubara cutoff, as Eqs. (6) and (7) are written."""

    def normal(
        self,
        lambda_l: Float[Array, " boson"],
        truncated: Float[Array, " row"],
        index: Values,
        *,
        alone: Float[Array, " row"] | float = 0.0,
    ) -> Float[Array, " row"]:
        del lambda_l, index, alone
        return truncated

    def weights_beyond(self, weights: Float[Array, " full"]) -> Float[Array, " full"]:
        return jnp.zeros_like(weights)

    def poles_beyond(self, z: Complex[Array, " node"], kT: Float[Array, ""], n: int) -> Complex[Array, " node"]:
        del kT, n
        return jnp.zeros_like(z)


class InfiniteSum(AbstractZSum):
    r"""The sum in $Z$ is taken to infinity, with $R_m = \omega_m$ beyond the cutoff.

    There the terms cancel in pairs, and $\sum_m \mathrm{sgn}(\omega_m)\,\lambda(n-m) = \lambda_0 +
    2\sum_{l=1}^n\lambda_l$ is exact. In the normal state $Z(i\omega_0) = 1 + \lambda$ at every temperature.
    """

    def normal(
        self,
        lambda_l: Float[Array, " boson"],
        truncated: Float[Array, " row"],
        index: Values,
        *,
        alone: Float[Array, " row"] | float = 0.0,
    ) -> Float[Array, " row"]:
        del truncated
        return (2 * jnp.cumsum(lambda_l) - lambda_l[0])[jnp.asarray(index).astype(int)] + alone

    def weights_beyond(self, weights: Float[Array, " full"]) -> Float[Array, " full"]:
        return 1 - weights

    def poles_beyond(self, z: Complex[Array, " node"], kT: Float[Array, ""], n: int) -> Complex[Array, " node"]:
        """By the Euler-Maclaurin formula of the midpoint rule."""
        width = 2 * jnp.pi * kT
        end = width * n
        right, left = 1 / (end + 1j * z), 1 / (end - 1j * z)
        integral = -jnp.log((end**2 + z**2) / end**2) / 2
        slope, third = -(right**2 + left**2) / 2, -3 * (right**4 + left**4)
        return integral / width + width / 24 * slope - 7 / 5760 * width**3 * third


class Folded(eqx.Module):
    r"""Folded coupling between rows $n$ and nodes $m$, in the unit in which the coupling is given.

    Args:
        odd: $\lambda(n-m) - \lambda(n+m+1)$, to be applied to $1 - \omega_m/R_m$.
        even: $\lambda(n-m) + \lambda(n+m+1)$, to be applied to $\Delta_m/R_m$.
        normal: Row sums of the odd part, over the frequencies that the sum in $Z$ takes.
        coulomb: $\theta(\omega_c - \omega_m)$, to be applied to $\Delta_m/R_m$; dimensionless.
        thermal: $\lambda_0$ where row $n$ takes part in its own sums. It is left out of all the others.
    """

    odd: Float[Array, "row matsubara"]
    even: Float[Array, "row matsubara"]
    normal: Float[Array, " row"]
    coulomb: Float[Array, " matsubara"]
    thermal: Float[Array, " row"]


class Ends(eqx.Module):
    """Where the sums end: temperature [K] and the two cutoffs [meV]."""

    T: Number
    omega_c: Number
    matsubara_cutoff: Number

    def weights(self, n: int, cutoff: AbstractCutoff) -> tuple[Float[Array, " full"], Float[Array, " full"]]:
        """How much each of `n` frequencies counts in the sum over the coupling and in the Coulomb sum."""
        omega_n = fermionic_frequencies(jnp.asarray(self.T), jnp.arange(n, dtype=jnp.float64))
        weights = cutoff(omega_n, jnp.asarray(self.matsubara_cutoff))
        return weights, weights * cutoff(omega_n, jnp.asarray(self.omega_c))


class AbstractFrequencySet(eqx.Module):
    """Where the equations are solved (`index`), at which bosonic indices they need the coupling, how they sum."""

    index: eqx.AbstractVar[Values]
    bosonic: eqx.AbstractVar[Values]

    @abc.abstractmethod
    def fold(self, lambda_l: Float[Array, "channel boson"], ends: Ends) -> Folded:
        r"""The folded coupling between the set's frequencies, from the coupling at its bosonic indices.

        Args:
            lambda_l: The coupling in the equation of $Z$ and, in a second row if it is another one, in that of
                $\phi$. Only where it is the same does the term $\lambda_0$ drop out of the gap equation, and is left
                out of the sums.
            ends: Where the sums end.
        """


class FullSet(AbstractFrequencySet):
    """All frequencies."""

    index: Values
    bosonic: Values
    cutoff: AbstractCutoff
    z_sum: AbstractZSum

    def fold(self, lambda_l: Float[Array, "channel boson"], ends: Ends) -> Folded:
        weights, coulomb = ends.weights(self.index.size, self.cutoff)
        lambda_0, rest = _take_out_zero(lambda_l)
        matrices = [toeplitz_and_hankel(channel) for channel in rest]
        odd = weights[None, :] * (matrices[0][0] - matrices[0][1])
        even = weights[None, :] * (matrices[-1][0] + matrices[-1][1])
        normal = self.z_sum.normal(rest[0], jnp.sum(odd, axis=1), self.index, alone=lambda_0 * (1 - weights))
        return Folded(odd, even, normal, coulomb, lambda_0 * weights)


class CompressedSet(AbstractFrequencySet):
    """A few of the frequencies, the sums over a whole number of them done beforehand."""

    index: Values
    bosonic: Values
    odd: Values
    even: Values
    normal: Values
    coulomb: Values

    def fold(self, lambda_l: Float[Array, "channel boson"], ends: Ends) -> Folded:
        del ends
        lambda_0, rest = _take_out_zero(lambda_l)
        odd = jnp.tensordot(rest[0], jnp.asarray(self.odd), axes=1)
        even = jnp.tensordot(rest[-1], jnp.asarray(self.even), axes=1)
        thermal = jnp.full(self.index.size, lambda_0)
        return Folded(odd, even, rest[0] @ self.normal, jnp.asarray(self.coulomb), thermal)


class MaskedSet(AbstractFrequencySet):
    """The same nodes where the ends of the sums are known during the computation only."""

    index: Values
    bosonic: Values
    interpolation: Values
    bosonic_interpolation: Values
    cutoff: AbstractCutoff
    z_sum: AbstractZSum

    def fold(self, lambda_l: Float[Array, "channel boson"], ends: Ends) -> Folded:
        interpolation = jnp.asarray(self.interpolation)
        weights, coulomb = ends.weights(interpolation.shape[0], self.cutoff)
        lambda_0, rest = _take_out_zero(lambda_l)
        coupling = [jnp.asarray(self.bosonic_interpolation) @ channel for channel in rest]
        row, m = jnp.asarray(self.index).astype(int)[:, None], jnp.arange(weights.size)[None, :]
        matrices = [(channel[jnp.abs(row - m)], channel[row + m + 1]) for channel in coupling]
        odd = weights[None, :] * (matrices[0][0] - matrices[0][1])
        even = weights[None, :] * (matrices[-1][0] + matrices[-1][1])
        own = weights[row[:, 0]]
        normal = self.z_sum.normal(coupling[0], jnp.sum(odd, axis=1), self.index, alone=lambda_0 * (1 - own))
        return Folded(odd @ interpolation, even @ interpolation, normal, coulomb @ interpolation, lambda_0 * own)


def _take_out_zero(
    lambda_l: Float[Array, "channel boson"],
) -> tuple[Float[Array, ""], list[Float[Array, " boson"]]]:
    """lambda_0 and the coupling without it, if it is the same in both equations; zero and both of them if it is not."""
    if len(lambda_l) > 1:
        return jnp.zeros(()), list(lambda_l)
    return lambda_l[0, 0], [lambda_l[0].at[0].set(0.0)]


class Probe(eqx.Module):
    """What the error of a compressed set is estimated with.

    Args:
        points: The sums at the test frequencies.
        interpolation: From values at the nodes to values at the test frequencies.
        bosonic: Bosonic test indices.
        bosonic_interpolation: From the coupling at the set's bosonic indices to the test indices.
    """

    points: AbstractFrequencySet
    interpolation: Values
    bosonic: Values
    bosonic_interpolation: Values


def frequency_set(
    frequencies: AbstractFrequencies, ends: Ends | None, *, cutoff: AbstractCutoff, z_sum: AbstractZSum
) -> tuple[AbstractFrequencySet, Probe | None]:
    """The set that belongs to a strategy of fixed size, and the probe of its error; none if the set is full.

    Args:
        frequencies: The strategy, resolved.
        ends: Where the sums end; if that is known and concrete, they are done beforehand.
        cutoff: How the sums end.
        z_sum: How far the sum in $Z$ goes.
    """
    n = frequencies.size
    if isinstance(frequencies, FullMatsubara):
        return FullSet(np.arange(n) * 1.0, np.arange(2 * n) * 1.0, cutoff, z_sum), None
    if not isinstance(frequencies, CompressedMatsubara):
        raise TypeError(f"unknown frequency set {frequencies!r}")
    if ends is not None and _is_whole(n, ends, cutoff):
        make = partial(_compressed, frequencies, ends, z_sum)
    else:
        make = partial(_masked, frequencies, cutoff, z_sum)
    rule = frequencies.rule
    points, test_points = (make(tests=tests) for tests in (False, True))
    if rule.tests.size + rule.bosonic_tests.size == 0:
        return points, None
    interpolation, bosonic_interpolation = rule.interpolation, rule.bosonic_interpolation
    return points, Probe(
        test_points,
        interpolation[rule.tests],
        rule.bosonic_tests * 1.0,
        bosonic_interpolation[rule.bosonic_tests],
    )


def _is_whole(n: int, ends: Ends, cutoff: AbstractCutoff) -> bool:
    """Whether it is known that the sums run over all `n` frequencies, each counted once."""
    known = isinstance(cutoff, SharpCutoff) and is_concrete(ends.T, ends.omega_c, ends.matsubara_cutoff)
    return known and count_frequencies(float(ends.T), float(ends.matsubara_cutoff)) == n


def _compressed(frequencies: CompressedMatsubara, ends: Ends, z_sum: AbstractZSum, *, tests: bool) -> CompressedSet:
    rule, tables = frequencies.rule, frequencies.tables(tests=tests)
    normal = tables.infinite if isinstance(z_sum, InfiniteSum) else tables.truncated
    n_coulomb = min(rule.n, count_frequencies(float(ends.T), float(ends.omega_c)))
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
