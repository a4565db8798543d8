r"""The prior for smooth functions, its evidence, and the regularized solution of linear equations under it.

The equations $Au = b$ have independent normal errors of unit variance. The unknowns are $u = (c, x)$: $c$ ($\mu^*$, or
nothing) has a flat prior, and the function is $x = gy$ with a smooth $y$, zero at both ends, and an envelope $g$,

$$ p(u) \propto e^{-s|Cx|^2/2}, \qquad
   |Cx|^2 = \omega_{\max}^3\int (y'' - \kappa^2y/\omega_{\max}^2)^2\,\mathrm{d}\Omega, \qquad
   g(\Omega) = \frac{\Omega^2}{\Omega^2 + \omega_0^2} . $$

With $C_0$ for $C$ without envelope, the covariance of $x$ is $\mathrm{diag}(g)\,C_0^{-1}C_0^{-T}\,\mathrm{diag}(g)/s$.
The values of $y$ are random, and correlated over $\omega_{\max}/\kappa$. The envelope is that of acoustic phonons,
whose a2F begins as $\Omega^2$: without it ($\omega_0 = 0$) the prior expects an a2F that is linear at low energies, and
the coupling constant depends on what the data cannot show. Where data begin above the gap and do not show a2F below an
energy $\omega_1$, the samples come in equal numbers from the priors with and without onset, and from one that expects
more there, $g = (\Omega^2 + 5\omega_1^2)/(\Omega^2 + \omega_1^2)$ (`LinearProblem.unseen`). For the three sine waves of
longest wavelength $C_0$ is a hundred times smaller, so that the prior hardly constrains them. The regularization
strength $s$, $\kappa$ and $\omega_0$ maximize the evidence (D. J. C. MacKay, Neural Comput. 4, 415 (1992),
doi:10.1162/neco.1992.4.3.415), in which the amplitudes of these waves in $y$ have a flat measure and $s\,x_{\max}^2$
has a log-normal prior $p_0(s)$ taken from known spectra (`TYPICAL_STRENGTH`): without it, data with little information
would give functions smoother or rougher than those of any metal.

With $A = QR$, in which the columns of $c$ come first, the lower right block of $R$ and the lower part of $Q^Tb$ are the
equations for $x$ with $c$ integrated out. With the singular values $\sigma_k$ of that block times $C^{-1}$, and $c_j$
the norm of $C_0$ times the $j$-th sine wave,

$$ 2\log p = \sum_k\log\frac{s}{\sigma_k^2 + s} - \min_x\big(|Ax - b|^2 + s|Cx|^2\big)
   + 2\log p_0(s) - \sum_{j\le3}\log(s c_j^2). $$

Where only the ratios of the errors are known, their common factor $\sigma$ maximizes the evidence:
$\sigma^2 = \min(\ldots)/m$ with $m$ equations.
"""

import dataclasses
import functools
import itertools
import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.linalg import solve_triangular
from scipy.special import logsumexp

from ..linear import second_differences
from ._non_negative_solutions import non_negative_solution

STRENGTHS = 10.0 ** np.arange(-8.0, 4.1, 0.25)
"""Regularization strengths $s$ among which the evidence chooses."""

CORRELATIONS = (0.0, 10.0, 20.0, 40.0)
r"""Values of $\kappa$ among which the evidence chooses, from functions of one broad peak to those of many."""

ONSETS = (0.0, 0.25)
r"""Values of $\omega_0/\omega_{\max}$ among which the evidence chooses: none, and acoustic phonons below a quarter."""

LOW_ENERGY_EXCESS = 5.0
"""How much larger than elsewhere the variations of a2F may be at energies that the data do not show."""


class Shape(NamedTuple):
    r"""The shape of a prior: correlation length, and envelope $g = (x^2 + ex_0^2)/(x^2 + x_0^2)$ of energies $x$.

    Args:
        correlation: Inverse correlation length $\kappa$, in units of $1/\omega_{\max}$.
        onset: Energy $x_0$ below which the function is suppressed or enhanced, in units of $\omega_{\max}$, as $x$.
        excess: Value $e$ of the envelope at zero.
    """

    correlation: float
    onset: float
    excess: float = 0.0


SHAPES = tuple(Shape(*each) for each in itertools.product(CORRELATIONS, ONSETS))
"""The shapes among which the evidence chooses."""

N_LONG_WAVES = 3
"""Number of sine waves of longest wavelength (half a wave, one, and one and a half) that are hardly constrained."""

LONG_WAVE_FACTOR = 1e-2
"""Factor by which $C$ is reduced for these waves."""

ERROR_VARIANCES = 10.0 ** np.arange(-10.0, 4.1, 0.25)
r"""Where the size of the errors is unknown, the evidence chooses among the strengths times these $\sigma^2$."""

TYPICAL_STRENGTH, STRENGTH_DECADES = 1e-3, 1.0
r"""Median of $s\,x_{\max}^2$ in its log-normal prior, and its standard deviation in decades. The most likely values
(`most_likely_prior` on 200 points) are 3e-5 to 7e-3 for seven files of real materials, 2e-4 for the complex family,
1e-3 and 2e-3 for the families of Brownian motion and of materials, and 4e-2 for the simple family."""

STRENGTH_RTOL = 1e-6
"""Strengths that differ by less than this fraction are the same, but for rounding."""

EVIDENCE_TOLERANCE = 0.5
"""The prior of the last Gauss-Newton step is kept if the logarithm of its evidence is within this of the largest, so
that the iteration does not alternate between two priors."""

Triangle = Float[np.ndarray, "row unknown"]
r"""The triangular factor $R$: as many rows as there are unknowns, or equations if these are fewer."""

Vector = Float[np.ndarray, " unknown"]
"""One number for each unknown."""


class Evidence(NamedTuple):
    r"""The evidence (marginal likelihood) of all priors that are compared.

    Args:
        strengths: $s\sigma^2$ of each prior.
        correlations: $\kappa$ of each prior.
        onsets: $\omega_0/\omega_{\max}$ of each prior.
        excesses: Value of the envelope of each prior at zero.
        logarithm: Logarithm of the evidence of each, up to a constant.
        variance: Error variance $\sigma^2$ for each; one where the size of the errors is known.
    """

    strengths: Float[np.ndarray, " prior"]
    correlations: Float[np.ndarray, " prior"]
    onsets: Float[np.ndarray, " prior"]
    excesses: Float[np.ndarray, " prior"]
    logarithm: Float[np.ndarray, " prior"]
    variance: Float[np.ndarray, " prior"]

    @property
    def best(self) -> "Prior":
        """The prior with the largest evidence."""
        return self.prior(int(np.argmax(self.logarithm)))

    def best_or_previous(self, last: "Prior | None", *, always: bool = False) -> "Prior":
        """The prior with the largest evidence, or the last one if its evidence is nearly as large, or always."""
        if last is not None:
            same = np.isclose(self.strengths, last.strength, rtol=STRENGTH_RTOL, atol=0.0)
            same &= (self.correlations == last.correlation) & (self.onsets == last.onset)
            same &= self.excesses == last.excess
            least = -np.inf if always else np.max(self.logarithm) - EVIDENCE_TOLERANCE
            if np.any(same & (self.logarithm > least)):
                return self.prior(int(np.argmax(same & (self.logarithm > least))))
        return self.best

    @property
    def weights(self) -> Float[np.ndarray, " prior"]:
        """The posterior probabilities of the priors: the evidence, normalized."""
        relative = np.exp(self.logarithm - np.max(self.logarithm))
        return relative / np.sum(relative)

    def prior(self, number: int) -> "Prior":
        """The prior with a given index."""
        fields = (self.strengths, self.correlations, self.onsets, self.variance, self.excesses)
        return Prior(*(float(field[number]) for field in fields))

    def with_equal_envelopes(self) -> "Evidence":
        """The same with the probability of each envelope set to the same value."""
        logarithm = self.logarithm.copy()
        envelopes = np.stack([self.onsets, self.excesses], axis=1)
        for envelope in np.unique(envelopes, axis=0):
            members = np.all(envelopes == envelope, axis=1)
            logarithm[members] -= logsumexp(logarithm[members])
        return self._replace(logarithm=logarithm)


class Prior(NamedTuple):
    r"""A normal prior for smooth functions, $p(x) \propto e^{-s|Cx|^2/2}$.

    Args:
        strength: Regularization strength times error variance, $s\sigma^2$.
        correlation: Inverse correlation length $\kappa$, in units of $1/\omega_{\max}$.
        onset: Energy $\omega_0$ below which the function is suppressed, in units of $\omega_{\max}$.
        variance: Error variance $\sigma^2$.
        excess: Value of the envelope at zero, as in `Shape`.
    """

    strength: float
    correlation: float
    onset: float
    variance: float
    excess: float = 0.0

    @property
    def shape(self) -> Shape:
        """Correlation length and envelope."""
        return Shape(self.correlation, self.onset, self.excess)

    def is_like(self, other: "Prior") -> bool:
        """Whether strength and shape are the same."""
        return math.isclose(self.strength, other.strength, rel_tol=STRENGTH_RTOL) and self.shape == other.shape

    def root(self, n: int) -> Float[np.ndarray, "boson boson"]:
        r"""The matrix $\sqrt{s\sigma^2}\,C$ for `n` points between two zeros."""
        return np.sqrt(self.strength) * smoothness_operator(n, *self.shape)


def second_derivative_operator(n: int) -> Float[np.ndarray, "boson boson"]:
    r"""The matrix $C$ for $\kappa = 0$, with no exception for long wavelengths, for `n` points between two zeros."""
    return (n + 1.0) ** 1.5 * second_differences(n)


@functools.lru_cache(maxsize=64)
def smoothness_operator(
    n: int, correlation: float, onset: float = 0.0, excess: float = 0.0
) -> Float[np.ndarray, "boson boson"]:
    r"""The matrix $C = C_0\,\mathrm{diag}(1/g)$ of the prior for `n` points between two zeros; see `Shape`."""
    C = second_derivative_operator(n) - (n + 1.0) ** 1.5 * (correlation / (n + 1)) ** 2 * np.eye(n)
    C -= (1 - LONG_WAVE_FACTOR) * _long_waves(n) @ (_long_waves(n).T @ C)
    x = np.arange(1, n + 1) / (n + 1)
    return C * ((x**2 + onset**2) / (x**2 + excess * onset**2))[None, :]


def _long_waves(n: int) -> Float[np.ndarray, "boson broad"]:
    """The normalized sine waves of longest wavelength, which are eigenvectors of $C_0$."""
    waves = np.sin(np.pi * np.outer(np.arange(1, n + 1), np.arange(1, N_LONG_WAVES + 1)) / (n + 1))
    return waves / np.linalg.norm(waves, axis=0)[None, :]


def _log_long_wave_factors(n: int, correlation: float) -> float:
    r"""The logarithm of the product $\prod_j c_j$ of the norms of $C_0$ times these waves."""
    return float(np.sum(np.log(np.linalg.norm(smoothness_operator(n, correlation) @ _long_waves(n), axis=0))))


def most_likely_prior(function: Float[np.ndarray, " boson"]) -> Prior:
    r"""Find the prior under which a function is most likely, leaving out the waves of longest wavelength.

    For every $\kappa$ and $\omega_0$ the strength is $s = n/|Cx|^2$.
    """
    n, found = function.size - N_LONG_WAVES, []
    for shape in SHAPES:
        C = smoothness_operator(function.size, *shape)
        strength = n / np.sum((C @ function) ** 2)
        determinant = np.linalg.slogdet(C)[1] - _log_long_wave_factors(function.size, shape.correlation)
        found.append((determinant + n / 2 * np.log(strength), shape, strength))
    _, shape, strength = max(found)
    return Prior(float(strength), shape.correlation, shape.onset, 1.0)


def log_strength_prior(strengths: Float[np.ndarray, " prior"], size: float) -> Float[np.ndarray, " prior"]:
    """The logarithm of the prior probability of strengths, for functions of maximum `size`."""
    return -((np.log10(strengths * size**2 / TYPICAL_STRENGTH) / STRENGTH_DECADES) ** 2) / 2


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class LinearProblem:
    r"""Linear equations $Au = b$ for a smooth function, reduced to triangular form by $A = QR$.

    Args:
        triangle: $R$.
        projected: $Q^Tb$.
        rest: $|b - QQ^Tb|^2$.
        n_values: Number of equations $m$.
        n_free: Number of unknowns $c$ before the function.
        known: Whether the size of the errors is known.
        least_variance: Smallest error variance $\sigma^2$ where it is unknown.
        size: Approximate maximum of the function.
        unseen: Energy below which the data do not show the function, in units of its last energy.
    """

    triangle: Triangle
    projected: Float[np.ndarray, " row"]
    rest: float
    n_values: int
    n_free: int
    known: bool
    least_variance: float
    size: float
    unseen: float = 0.0

    def singular_values(self, shape: Shape) -> tuple[Float[np.ndarray, " value"], Float[np.ndarray, " value"]]:
        r"""The singular values $\sigma_k$ and the components of $Q^Tb$ along their left singular vectors."""
        block = self.triangle[self.n_free :, self.n_free :]
        C = smoothness_operator(block.shape[1], *shape)
        left, values, _ = np.linalg.svd(np.linalg.solve(C.T, block.T).T, full_matrices=False)
        return values, left.T @ self.projected[self.n_free :]

    @functools.cached_property
    def evidence(self) -> Evidence:
        """The evidence of all priors that are compared; the same for all envelopes where low energies are unseen."""
        strengths = STRENGTHS if self.known else np.unique(np.outer(STRENGTHS, ERROR_VARIANCES).round(30))
        shapes = SHAPES
        if self.unseen > 0:
            shapes += tuple(Shape(correlation, self.unseen, LOW_ENERGY_EXCESS) for correlation in CORRELATIONS)
        parts = [self._evidence(strengths, shape) for shape in shapes]
        evidence = Evidence(*map(np.concatenate, zip(*parts, strict=True)))
        return evidence.with_equal_envelopes() if self.unseen > 0 else evidence

    @property
    def log_evidence(self) -> float:
        """The logarithm of the sum over all priors, to be compared between functions of different numbers of points.

        The flat measure is that of the amplitudes of the long waves as functions, whose norms as vectors grow with the
        number of points.
        """
        n = self.triangle.shape[1] - self.n_free
        return float(logsumexp(self.evidence.logarithm)) - N_LONG_WAVES / 2 * float(np.log(n + 1.0))

    def _evidence(self, strengths: Float[np.ndarray, " prior"], shape: Shape) -> Evidence:
        values, components = self.singular_values(shape)
        left = strengths[:, None] / (values[None, :] ** 2 + strengths[:, None])
        total = np.maximum(self.rest + left @ components**2, np.finfo(float).tiny)
        occam = np.sum(np.log(left), axis=1) - N_LONG_WAVES * np.log(strengths)
        occam -= 2 * _log_long_wave_factors(self.triangle.shape[1] - self.n_free, shape.correlation)
        correlations, onsets, excesses = (np.full(strengths.size, value) for value in shape)
        if self.known:
            logarithm = (occam - total) / 2 + log_strength_prior(strengths, self.size)
            return Evidence(strengths, correlations, onsets, excesses, logarithm, np.ones(strengths.size))
        variance = np.maximum(total / self.n_values, self.least_variance)
        possible = (strengths >= STRENGTHS[0] * variance) & (strengths <= STRENGTHS[-1] * variance)
        logarithm = (occam - (self.n_values - self.n_free - N_LONG_WAVES) * np.log(variance) - total / variance) / 2
        logarithm += log_strength_prior(strengths / variance, self.size)
        logarithm = np.where(possible, logarithm, -np.inf)
        return Evidence(strengths, correlations, onsets, excesses, logarithm, variance)

    def with_first(self, n: int) -> "LinearProblem":
        """The equations for a function that is zero beyond its first `n` points."""
        size = self.n_free + n
        rest = self.rest + float(np.sum(self.projected[size:] ** 2))
        return dataclasses.replace(
            self, triangle=self.triangle[:size, :size], projected=self.projected[:size], rest=rest
        )

    def n_resolved(self, prior: Prior) -> int:
        r"""Number of components of the function that the data determine better than the prior: $\sigma_k^2 > s$."""
        return int(np.sum(self.singular_values(prior.shape)[0] ** 2 > prior.strength))

    def with_prior(self, prior: Prior) -> "TruncatedNormal":
        """The posterior distribution of the unknowns under one prior."""
        n = self.triangle.shape[1]
        rows = np.pad(prior.root(n - self.n_free), ((0, 0), (self.n_free, 0)))
        orthogonal, root = np.linalg.qr(np.concatenate([self.triangle, rows]))
        of_data = orthogonal[: len(self.triangle)]
        return TruncatedNormal(root=root, target=self.projected @ of_data, variance=prior.variance, of_data=of_data)


def linear_problem(
    factors: tuple[Float[np.ndarray, "equation row"], Triangle],
    right: Float[np.ndarray, " equation"],
    *,
    n_free: int,
    known: bool,
    least_variance: float = 0.0,
    size: float = 1.0,
) -> LinearProblem:
    """Reduce linear equations to triangular form.

    Args:
        factors: $Q$ and $R$ of the matrix, in units of the errors.
        right: Right-hand side $b$, in units of the errors.
        n_free: As in `LinearProblem`.
        known: As in `LinearProblem`.
        least_variance: As in `LinearProblem`.
        size: As in `LinearProblem`.
    """
    orthogonal, triangle = factors
    projected = orthogonal.T @ right
    rest = float(np.sum((right - orthogonal @ projected) ** 2))
    return LinearProblem(
        triangle=triangle, projected=projected, rest=rest, n_values=len(right), n_free=n_free, known=known,
        least_variance=least_variance, size=size,
    )  # fmt: skip


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class TruncatedNormal:
    r"""A normal distribution truncated to $u \ge 0$, $p(u) \propto e^{-|Wu - t|^2/2\sigma^2}$.

    Args:
        root: Upper triangular matrix $W$.
        target: Vector $t$.
        variance: Error variance $\sigma^2$.
        of_data: Derivative of $t$ with respect to the projected data $Q^Tb$; `None` if there are none.
    """

    root: Float[np.ndarray, "unknown unknown"]
    target: Vector
    variance: float
    of_data: Float[np.ndarray, "row unknown"] | None = None

    @property
    def center(self) -> Vector:
        """The mean of the distribution without the truncation."""
        return solve_triangular(self.root, self.target)

    @property
    def most_probable(self) -> Vector:
        """The mode, by non-negative least squares."""
        return non_negative_solution(self.root, self.target)

    @property
    def spread(self) -> Float[np.ndarray, "unknown unknown"]:
        """A square root $L$ of the covariance $LL^T$ of the distribution without the truncation."""
        return np.sqrt(self.variance) * solve_triangular(self.root, np.eye(self.target.size))

    def length(self, step: Vector) -> float:
        r"""The norm $|W\delta u|/\sigma$ of a step, in units of standard deviations."""
        return float(np.linalg.norm(self.root @ step) / np.sqrt(self.variance))
