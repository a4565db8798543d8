r"""Linear equations for a smooth function, and how strongly roughness should count against it.

For $Au = b$ with independent normal errors of $b$, in units of them, and unknowns $u = (c, x)$ of which nothing is
known of $c$ (none, or $\mu^*$) beforehand and of the function $x$, zero at both ends, that it is smooth,

$$ p(u) \propto e^{-s|Cx|^2/2}, \qquad
   |Cx|^2 = \omega_{\max}^3\int (x'' - \kappa^2x/\omega_{\max}^2)^2\,\mathrm{d}\Omega. $$

That is a random function whose values are correlated over $\omega_{\max}/\kappa$. Of its three broadest waves next to
nothing is expected: $C$ is a hundred times smaller for them. The strength $s$ and $\kappa$ are those under which the
data are most likely (the evidence; D. J. C. MacKay, Neural Comput. 4, 415 (1992), doi:10.1162/neco.1992.4.3.415), all
amplitudes of the broadest waves being as likely beforehand, and $s\,x_{\max}^2$ log-normal as for known spectra,
$p_0(s)$ (`USUAL`): else data that say little would have functions smoother or rougher than any metal's.

With $A = QR$, in which the columns of $c$ come first, the lower right block of $R$ and the lower part of $Q^Tb$ are the
equations for $x$ with $c$ integrated out. With the singular values $\sigma_k$ of that block times $C^{-1}$, and $c_j$
the number with which $C$ multiplies the $j$-th wave,

$$ 2\log p = \sum_k\log\frac{s}{\sigma_k^2 + s} - \min_x\big(|Ax - b|^2 + s|Cx|^2\big)
   + 2\log p_0(s) - \sum_{j\le3}\log(s c_j^2). $$

Where only the ratios of the errors are known, they are multiplied with the $\sigma$ that makes the evidence largest,
$\sigma^2 = \min(\ldots)/m$ with $m$ equations.
"""

import dataclasses
import functools
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.linalg import solve_triangular
from scipy.optimize import nnls

from ..linear import second_differences

STRENGTHS = 10.0 ** np.arange(-8.0, 4.1, 0.25)
"""Strengths that are compared."""

CORRELATIONS = (0.0, 10.0, 20.0, 40.0)
r"""Values of $\kappa$ that are compared: from functions with one scale to those of many peaks."""

N_BROAD = 3
"""Waves of half the range, of all of it and of one and a half, of which next to nothing is expected."""

FREEDOM = 1e-2
"""The part of the prior that is left for these."""

UNKNOWN_ERRORS = 10.0 ** np.arange(-10.0, 4.1, 0.25)
r"""$\sigma^2$ that are compared, times the strengths, where the size of the errors is not known."""

USUAL, DECADES = 1e-3, 1.0
r"""How rough spectral functions are: $s\,x_{\max}^2$ is about this, with so many decades as standard deviation. Those
under which they are most likely (`likeliest_prior` on 200 points) are 3e-5 to 7e-3 for seven files of real materials,
2e-4 for the complex family, 1e-3 and 2e-3 for those of Brownian motion and of materials, 4e-2 for the simple one."""

NEARLY = 0.5
"""Priors whose evidence differs by less, as a logarithm, are as likely as each other for the steps of an inversion:
else these would go to and fro between two of them."""

Triangle = Float[np.ndarray, "row unknown"]
r"""$R$: as many rows as there are unknowns, or as there are equations if these are fewer."""

Vector = Float[np.ndarray, " unknown"]


class Evidence(NamedTuple):
    r"""Of the priors that are compared.

    Args:
        strengths: $s\sigma^2$ of each.
        correlations: $\kappa$ of each.
        logarithm: $\log p$, but for a constant.
        variance: $\sigma^2$: one where the size of the errors is known.
    """

    strengths: Float[np.ndarray, " prior"]
    correlations: Float[np.ndarray, " prior"]
    logarithm: Float[np.ndarray, " prior"]
    variance: Float[np.ndarray, " prior"]

    @property
    def best(self) -> "Prior":
        """The prior with the largest evidence."""
        return self.prior(int(np.argmax(self.logarithm)))

    def best_beside(self, last: "Prior | None") -> "Prior":
        """The prior with the largest evidence; if the last one is nearly as likely, that."""
        if last is not None:
            same = (self.strengths == last.strength) & (self.correlations == last.correlation)
            if np.any(same & (self.logarithm > np.max(self.logarithm) - NEARLY)):
                return self.prior(int(np.argmax(same)))
        return self.best

    @property
    def weights(self) -> Float[np.ndarray, " prior"]:
        """The probabilities of the priors, if all were as likely before."""
        relative = np.exp(self.logarithm - np.max(self.logarithm))
        return relative / np.sum(relative)

    def prior(self, number: int) -> "Prior":
        """One of them."""
        return Prior(float(self.strengths[number]), float(self.correlations[number]), float(self.variance[number]))


class Prior(NamedTuple):
    r"""How smooth a function is expected to be.

    Args:
        strength: $s\sigma^2$.
        correlation: $\kappa$.
        variance: $\sigma^2$.
    """

    strength: float
    correlation: float
    variance: float

    def root(self, n: int) -> Float[np.ndarray, "boson boson"]:
        r"""$\sqrt{s\sigma^2}\,C$ for `n` points between two ends."""
        return np.sqrt(self.strength) * curvature(n, self.correlation)


def bending(n: int) -> Float[np.ndarray, "boson boson"]:
    r"""$C$ for $\kappa = 0$ with the broadest waves as all others."""
    return (n + 1.0) ** 1.5 * second_differences(n)


@functools.lru_cache(maxsize=32)
def curvature(n: int, correlation: float) -> Float[np.ndarray, "boson boson"]:
    """$C$ for `n` points between two ends."""
    C = bending(n) - (n + 1.0) ** 1.5 * (correlation / (n + 1)) ** 2 * np.eye(n)
    return C - (1 - FREEDOM) * _broad(n) @ (_broad(n).T @ C)


def _broad(n: int) -> Float[np.ndarray, "boson broad"]:
    """The broadest waves, of unit length: $C$ multiplies each with a number."""
    waves = np.sin(np.pi * np.outer(np.arange(1, n + 1), np.arange(1, N_BROAD + 1)) / (n + 1))
    return waves / np.linalg.norm(waves, axis=0)[None, :]


def _log_of_broad(n: int, correlation: float) -> float:
    """The logarithm of the product of these numbers."""
    return float(np.sum(np.log(np.linalg.norm(curvature(n, correlation) @ _broad(n), axis=0))))


def likeliest_prior(function: Float[np.ndarray, " boson"]) -> Prior:
    r"""The prior under which a function is most likely; for every $\kappa$, $s = n/|Cx|^2$.

    The broadest waves are not counted.
    """
    n, found = function.size - N_BROAD, []
    for correlation in CORRELATIONS:
        C = curvature(function.size, correlation)
        strength = n / np.sum((C @ function) ** 2)
        determinant = np.linalg.slogdet(C)[1] - _log_of_broad(function.size, correlation)
        found.append((determinant + n / 2 * np.log(strength), correlation, strength))
    _, correlation, strength = max(found)
    return Prior(float(strength), correlation, 1.0)


def log_of_usual(strengths: Float[np.ndarray, " prior"], size: float) -> Float[np.ndarray, " prior"]:
    """The logarithm of how likely strengths are beforehand, for functions of some size."""
    return -((np.log10(strengths * size**2 / USUAL) / DECADES) ** 2) / 2


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class LinearProblem:
    r"""Equations $Au = b$ for a smooth function, as a triangular system.

    Args:
        triangle: $R$.
        projected: $Q^Tb$.
        rest: $|b - QQ^Tb|^2$.
        n_values: $m$.
        n_free: Unknowns that come before the function.
        known: Whether the size of the errors is known.
        least_variance: $\sigma^2$ is at least this where it is not known.
        size: About the largest value of the function.
    """

    triangle: Triangle
    projected: Float[np.ndarray, " row"]
    rest: float
    n_values: int
    n_free: int
    known: bool
    least_variance: float
    size: float

    def singular_values(self, correlation: float) -> tuple[Float[np.ndarray, " value"], Float[np.ndarray, " value"]]:
        r"""$\sigma_k$, and the components of $Q^Tb$ that belong to them."""
        block = self.triangle[self.n_free :, self.n_free :]
        C = curvature(block.shape[1], correlation)
        left, values, _ = np.linalg.svd(np.linalg.solve(C.T, block.T).T, full_matrices=False)
        return values, left.T @ self.projected[self.n_free :]

    @functools.cached_property
    def evidence(self) -> Evidence:
        """The evidence of all priors."""
        strengths = STRENGTHS if self.known else np.unique(np.outer(STRENGTHS, UNKNOWN_ERRORS).round(30))
        parts = [self._evidence(strengths, correlation) for correlation in CORRELATIONS]
        return Evidence(*map(np.concatenate, zip(*parts, strict=True)))

    def _evidence(self, strengths: Float[np.ndarray, " prior"], correlation: float) -> Evidence:
        values, components = self.singular_values(correlation)
        left = strengths[:, None] / (values[None, :] ** 2 + strengths[:, None])
        total = np.maximum(self.rest + left @ components**2, np.finfo(float).tiny)
        occam = np.sum(np.log(left), axis=1) - N_BROAD * np.log(strengths)
        occam -= 2 * _log_of_broad(self.triangle.shape[1] - self.n_free, correlation)
        correlations = np.full(strengths.size, correlation)
        if self.known:
            logarithm = (occam - total) / 2 + log_of_usual(strengths, self.size)
            return Evidence(strengths, correlations, logarithm, np.ones(strengths.size))
        variance = np.maximum(total / self.n_values, self.least_variance)
        possible = (strengths >= STRENGTHS[0] * variance) & (strengths <= STRENGTHS[-1] * variance)
        logarithm = (occam - (self.n_values - self.n_free - N_BROAD) * np.log(variance) - total / variance) / 2
        logarithm += log_of_usual(strengths / variance, self.size)
        return Evidence(strengths, correlations, np.where(possible, logarithm, -np.inf), variance)

    def n_resolved(self, prior: Prior) -> int:
        """Numbers of the function that the equations fix better than the prior does."""
        return int(np.sum(self.singular_values(prior.correlation)[0] ** 2 > prior.strength))

    def with_prior(self, prior: Prior) -> "Regularized":
        """The problem with one of the priors."""
        n = self.triangle.shape[1]
        rows = np.pad(prior.root(n - self.n_free), ((0, 0), (self.n_free, 0)))
        orthogonal, root = np.linalg.qr(np.concatenate([self.triangle, rows]))
        return Regularized(
            root=root, target=orthogonal[: len(self.triangle)].T @ self.projected, variance=prior.variance
        )


def linear_problem(
    factors: tuple[Float[np.ndarray, "equation row"], Triangle],
    right: Float[np.ndarray, " equation"],
    *,
    n_free: int,
    known: bool,
    least_variance: float = 0.0,
    size: float = 1.0,
) -> LinearProblem:
    """The triangular system of equations of which $Q$ and $R$ are known."""
    orthogonal, triangle = factors
    projected = orthogonal.T @ right
    rest = float(np.sum((right - orthogonal @ projected) ** 2))
    return LinearProblem(
        triangle=triangle, projected=projected, rest=rest, n_values=len(right), n_free=n_free, known=known,
        least_variance=least_variance, size=size,
    )  # fmt: skip


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Regularized:
    r"""A distribution of unknowns, $p(u) \propto e^{-|Wu - t|^2/2\sigma^2}$ with $u \ge 0$.

    Args:
        root: $W$, upper triangular.
        target: $t$.
        variance: $\sigma^2$.
    """

    root: Float[np.ndarray, "unknown unknown"]
    target: Vector
    variance: float

    @property
    def center(self) -> Vector:
        """The mean, were negative values allowed."""
        return solve_triangular(self.root, self.target)

    @property
    def most_probable(self) -> Vector:
        """The most probable values that are not negative."""
        return nnls(self.root, self.target, maxiter=20 * self.target.size)[0]

    @property
    def spread(self) -> Float[np.ndarray, "unknown unknown"]:
        """A square root of the covariance, were negative values allowed: $LL^T$."""
        return np.sqrt(self.variance) * solve_triangular(self.root, np.eye(self.target.size))

    def length(self, step: Vector) -> float:
        """Of a step, in standard deviations."""
        return float(np.linalg.norm(self.root @ step) / np.sqrt(self.variance))
