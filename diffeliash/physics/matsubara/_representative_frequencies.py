r"""Compression of Matsubara sums: a few frequencies, the nodes, from which the full truncated sums are evaluated.

At the Matsubara frequencies the functions that are summed have a spectral representation,
$f(i\omega_n) = \int \rho(y)\,K(n, y)\,\mathrm{d}y$ with the kernels $1/(x_n^2 + y^2)$ and $x_n/(x_n^2 + y^2)$,
$x_n = n + 1/2$; a truncated sum adds structure near the cutoff, $\sum_{m \ge N} y/((m-n)^2 + y^2)$ and its powers.
Sampled on a logarithmic grid of $y$ these functions span, to nine digits, a space of some forty dimensions. A pivoted
QR decomposition selects as many *integer* indices, and the values at all others follow by a well-conditioned
interpolation (its entries stay below two). The coupling $\lambda(\nu_l)$ is compressed in the same way, from the
kernel $1/(y^2 + l^2)$.

The sums over all frequencies are then evaluated exactly and once: with $f_m = \sum_j P_{mj} f_{n_j}$ and
$\lambda_l = \sum_s B_{ls}\lambda_{l_s}$,

$$ \sum_m \lambda(n_k - m)\,f_m = \sum_{sj} \lambda_{l_s}\,
   \Big[\sum_m B_{|n_k - m|, s}\,P_{mj}\Big] f_{n_j}, $$

where the bracket depends only on the number of frequencies and the accuracy. Unlike in a quadrature, the peak of
$\lambda$ at $m = n_k$ needs no special treatment, and the equations are evaluated at Matsubara frequencies only:
between them the sum is not a smooth function of its index. Selecting a few imaginary frequencies by a pivoted
decomposition is the idea of the discrete Lehmann representation (Kaye, Chen, Parcollet, Phys. Rev. B 105, 235115
(2022), doi:10.1103/PhysRevB.105.235115).
"""

import dataclasses
import functools

import numpy as np
from jaxtyping import Float, Int
from threadpoolctl import threadpool_limits

Matrix = Float[np.ndarray, "_ _"]
Index = Int[np.ndarray, " _"]

PER_E_FOLD = 6
"""Number of values of the scale $y$ in each factor e of the logarithmic grid."""

N_TESTS = 6
"""Number of test frequencies for the error estimate: those that the pivoting would have selected next."""

SMALL = 32
"""Largest number of frequencies that is not compressed."""

BLOCK = 4096
"""Number of rows of an interpolation matrix computed at a time."""


@dataclasses.dataclass(frozen=True, eq=False)
class CompressionRule:
    r"""The nodes among the positive Matsubara frequencies $n = 0 .. N-1$, and the interpolation between them.

    Args:
        n: $N$, the number of frequencies of the full sum.
        nodes: Indices $n_j$ of the nodes.
        tests: Further indices, for the error estimate.
        bosonic: Bosonic indices $l_s$ at which the coupling is evaluated.
        bosonic_tests: Further bosonic indices, for the error estimate.
        interpolation: $P$, from values at the nodes to values at all $N$ frequencies.
        bosonic_interpolation: $B$, from the coupling at `bosonic` to the coupling at $l = 0 .. 2N-1$.
    """

    n: int
    nodes: Index
    tests: Index
    bosonic: Index
    bosonic_tests: Index
    interpolation: Matrix
    bosonic_interpolation: Matrix


@dataclasses.dataclass(frozen=True, eq=False)
class FoldedTables:
    r"""The sums over all $N$ frequencies that turn $\lambda_{l_s}$ into kernels between `rows` and nodes.

    Args:
        rows: Indices $n_k$ at which the sums are evaluated.
        near: $\sum_m B_{|n_k-m|,s} P_{mj}$, shape `(bosonic, row, node)`.
        far: $\sum_m B_{n_k+m+1,s} P_{mj}$, same shape.
        truncated: $\sum_m (B_{|n_k-m|,s} - B_{n_k+m+1,s})$, shape `(bosonic, row)`.
        infinite: The same sum over all $m$, $B_{0,s} + 2\sum_{l=1}^{n_k} B_{ls}$.
    """

    rows: Index
    near: Float[np.ndarray, "boson row node"]
    far: Float[np.ndarray, "boson row node"]
    truncated: Float[np.ndarray, "boson row"]
    infinite: Float[np.ndarray, "boson row"]


@functools.lru_cache(maxsize=32)
def compression_rule(n: int, *, rtol: float, cutoff_ratio: int) -> CompressionRule:
    """The compression rule for `n` frequencies.

    Args:
        n: Number of positive frequencies.
        rtol: Relative error of solutions. The interpolation of functions of frequency is made five times more
            accurate than this, that of the coupling a hundred times.
        cutoff_ratio: Lower bound of the ratio of the Matsubara cutoff to the last boson energy.
    """
    scales = _Scales(n, max(1.0, n / cutoff_ratio))
    with _reproducible_products():
        nodes, tests = _skeleton(scales.fermionic, n, rtol=rtol / 5, multiple=8)
        bosonic, bosonic_tests = _skeleton(scales.bosonic, 2 * n, rtol=rtol / 100, multiple=4)
        return CompressionRule(
            n,
            nodes,
            tests,
            bosonic,
            bosonic_tests,
            _interpolation(scales.fermionic, nodes, n),
            _interpolation(scales.bosonic, bosonic, 2 * n),
        )


@functools.lru_cache(maxsize=64)
def folded_tables(n: int, *, rtol: float, cutoff_ratio: int, tests: bool) -> FoldedTables:
    """The tables of a compression rule, with rows at its nodes or at its test frequencies."""
    rule = compression_rule(n, rtol=rtol, cutoff_ratio=cutoff_ratio)
    B, P, m = rule.bosonic_interpolation, rule.interpolation, np.arange(n)
    rows = rule.tests if tests else rule.nodes
    shape = (B.shape[1], rows.size, P.shape[1])
    near, far, truncated, infinite = np.zeros(shape), np.zeros(shape), np.zeros(shape[:2]), np.zeros(shape[:2])
    running = np.cumsum(B, axis=0)
    with _reproducible_products():
        for k, row in enumerate(rows):
            B_near, B_far = B[np.abs(row - m)], B[row + m + 1]
            near[:, k], far[:, k] = B_near.T @ P, B_far.T @ P
            truncated[:, k] = np.sum(B_near - B_far, axis=0)
            infinite[:, k] = 2 * running[row] - B[0]
    return FoldedTables(rows, near, far, truncated, infinite)


def _reproducible_products() -> threadpool_limits:
    """Compute matrix products in one thread: with several, the last digits depend on the number of cores."""
    return threadpool_limits(1, user_api="blas")


@dataclasses.dataclass(frozen=True)
class _Scales:
    r"""The functions that the nodes must represent, on logarithmic grids of their scale $y$.

    Energies are in units of the spacing $2\pi k_BT$ of Matsubara frequencies. A row of each matrix belongs to one
    index, a column to one function.

    Args:
        n: Number of frequencies.
        largest_boson: The last boson energy.
    """

    n: int
    largest_boson: float

    def fermionic(self, index: Index) -> Matrix:
        x = index[:, None] + 0.5
        y = _logarithmic(0.1, 20.0 * self.n)
        even, odd = (y**2 + 0.25) / (x**2 + y**2), x * np.maximum(y, 0.5) / (x**2 + y**2)
        edge = self._edge[index]
        return np.concatenate([even, odd, 0.25 / x**2, 0.5 / x] + [edge**p / (x + 0.5) for p in (1, 2, 3)], axis=1)

    @functools.cached_property
    def _edge(self) -> Matrix:
        r"""$\sum_{m \ge 0} y/((d + m)^2 + y^2)$ with the distance $d = N - n$ from the end of the sum; at most one."""
        y = np.concatenate([[1e-3], _logarithmic(0.3, self.largest_boson)])
        d = np.arange(self.n, 0, -1)[:, None]
        return (sums := np.cumsum(y / (d**2 + y**2), axis=0) + np.arctan(y / (self.n + 0.5))) / sums[-1]

    def bosonic(self, index: Index) -> Matrix:
        # lambda_0 has a column of its own: a2F at very low energies shows at no other index
        y = np.concatenate([[0.0], _logarithmic(0.1, self.largest_boson)])
        zero = index[:, None] == 0
        return np.concatenate([1.0 * zero, ~zero * (y**2 + 1) / (y**2 + np.maximum(index[:, None], 1) ** 2)], axis=1)


def _logarithmic(low: float, high: float) -> Float[np.ndarray, " scale"]:
    high = max(high, 1.01 * low)
    return np.geomspace(low, high, 2 + int(PER_E_FOLD * np.log(high / low)))


def _candidates(n: int) -> Index:
    """Indices that may become nodes: all near both ends, where functions change fast, and some of those between."""
    steps = np.geomspace(1, n, 2 + 48 * max(1, n.bit_length())).round().astype(np.int64) - 1
    near_end = np.concatenate([np.arange(min(n, 24)), steps])
    return np.unique(np.concatenate([near_end, n - 1 - near_end]))


def _skeleton(family, n: int, *, rtol: float, multiple: int) -> tuple[Index, Index]:
    """Select nodes by Gram-Schmidt orthogonalization with pivoting, beginning with index 0; return test indices too.

    The number of nodes is rounded up to a multiple, so that rules of similar size share a compiled program.
    """
    candidates = _candidates(n)
    if n <= SMALL:
        return candidates, candidates[:0]
    rest = family(candidates)
    chosen: list[int] = []
    norms = np.linalg.norm(rest, axis=1)
    largest = np.max(norms)
    while len(chosen) < candidates.size:
        if chosen and len(chosen) % multiple == 0 and np.max(norms) <= rtol * largest:
            break
        pick = int(np.argmax(norms)) if chosen else 0
        direction = rest[pick] / (np.linalg.norm(rest[pick]) or 1.0)
        for _ in range(2):
            rest = rest - np.outer(rest @ direction, direction)
        chosen.append(pick)
        norms = np.linalg.norm(rest, axis=1)
        norms[chosen] = 0
    in_line = np.argsort(-norms, kind="stable")[: min(N_TESTS, candidates.size - len(chosen))]
    return np.sort(candidates[chosen]), np.sort(candidates[in_line])


def _interpolation(family, nodes: Index, n: int) -> Matrix:
    """The matrix that maps the values of a function at the nodes to its values at all `n` indices."""
    U, s, Vt = np.linalg.svd(family(nodes), full_matrices=False)
    kept = s > 1e-15 * s[0]
    # multiplied in this order, because the product of the last two factors alone would have elements of 1e15
    blocks = [
        (family(np.arange(i, min(i + BLOCK, n))) @ Vt[kept].T / s[kept]) @ U[:, kept].T for i in range(0, n, BLOCK)
    ]
    table = np.concatenate(blocks)
    table[nodes] = np.eye(nodes.size)
    return table
