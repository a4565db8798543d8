r"""Few Matsubara frequencies that stand for a full truncated sum: which ones, and the tables that go with them.

On the Matsubara points the functions that are summed have a spectral representation,
$f(i\omega_n) = \int \rho(y)\,K(n, y)\,\mathrm{d}y$ with the kernels $1/(x_n^2 + y^2)$ and $x_n/(x_n^2 + y^2)$,
$x_n = n + 1/2$; a truncated sum adds structure at its end, $\sum_{m \ge N} y/((m-n)^2 + y^2)$ and its powers. Sampled
on a logarithmic grid of $y$ these functions span, to nine digits, a space of some forty dimensions. A pivoted QR
decomposition picks as many *integer* indices from whose values all others follow by a well-conditioned
interpolation (its entries stay below two). The coupling $\lambda(\nu_l)$ is compressed in the same way, from the
kernel $1/(y^2 + l^2)$.

The sums themselves are then done exactly, here and once: with $f_m = \sum_j P_{mj} f_{n_j}$ and
$\lambda_l = \sum_s B_{ls}\lambda_{l_s}$,

$$ \sum_m \lambda(n_k - m)\,f_m = \sum_{sj} \lambda_{l_s}\,
   \Big[\sum_m B_{|n_k - m|, s}\,P_{mj}\Big] f_{n_j}, $$

where the bracket depends on nothing but the number of frequencies and the accuracy. Unlike in a quadrature, the
peak of $\lambda$ at $m = n_k$ costs nothing, and the equations are asked for at Matsubara frequencies only: between
them the bare sum is not a smooth function. The idea of a skeleton of imaginary frequencies is that of the discrete
Lehmann representation (Kaye, Chen, Parcollet, Phys. Rev. B 105, 235115 (2022), doi:10.1103/PhysRevB.105.235115).
"""

import dataclasses
import functools

import numpy as np
from jaxtyping import Float, Int
from threadpoolctl import threadpool_limits

Matrix = Float[np.ndarray, "_ _"]
Index = Int[np.ndarray, " _"]

PER_E_FOLD = 6
"""Members of a family of functions for every factor e of their scale."""

N_TESTS = 6
"""Frequencies at which the error of a compressed solution is looked at: the next ones the pivoting would take."""

SMALL = 32
"""Sets up to this size are not compressed."""

BLOCK = 4096
"""Rows of a table made at a time."""


@dataclasses.dataclass(frozen=True, eq=False)
class CompressionRule:
    r"""How few indices stand for the positive Matsubara frequencies $n = 0 .. N-1$.

    Args:
        n: $N$, the number of frequencies of the full sum.
        nodes: Indices $n_j$ at which a function is known.
        tests: Further indices, for the error estimate.
        bosonic: Bosonic indices $l_s$ at which the coupling is known.
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
    r"""The sums over the full set, done once: what turns $\lambda_{l_s}$ into kernels between `rows` and nodes.

    Args:
        rows: Indices $n_k$ at which the sums are asked for.
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
    """The rule for `n` frequencies.

    Args:
        n: Number of positive frequencies.
        rtol: Accuracy of solutions. The tables are made five (frequencies) and a hundred times (coupling) better.
        cutoff_ratio: The cutoff of the sums is at least this many times the last boson energy.
    """
    scales = _Scales(n, max(1.0, n / cutoff_ratio))
    with _same_digits():
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
    """The tables of a rule, for its nodes or for its test frequencies."""
    rule = compression_rule(n, rtol=rtol, cutoff_ratio=cutoff_ratio)
    B, P, m = rule.bosonic_interpolation, rule.interpolation, np.arange(n)
    rows = rule.tests if tests else rule.nodes
    shape = (B.shape[1], rows.size, P.shape[1])
    near, far, truncated, infinite = np.zeros(shape), np.zeros(shape), np.zeros(shape[:2]), np.zeros(shape[:2])
    running = np.cumsum(B, axis=0)
    with _same_digits():
        for k, row in enumerate(rows):
            B_near, B_far = B[np.abs(row - m)], B[row + m + 1]
            near[:, k], far[:, k] = B_near.T @ P, B_far.T @ P
            truncated[:, k] = np.sum(B_near - B_far, axis=0)
            infinite[:, k] = 2 * running[row] - B[0]
    return FoldedTables(rows, near, far, truncated, infinite)


def _same_digits() -> threadpool_limits:
    """Products of matrices in one thread: cut for several, their last digits depend on the number of cores."""
    return threadpool_limits(1, user_api="blas")


@dataclasses.dataclass(frozen=True)
class _Scales:
    """The families of functions, in units of the distance of two Matsubara frequencies.

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
        # lambda_0 is on its own: no weight in a2F at low energy shows at any other index
        y = np.concatenate([[0.0], _logarithmic(0.1, self.largest_boson)])
        zero = index[:, None] == 0
        return np.concatenate([1.0 * zero, ~zero * (y**2 + 1) / (y**2 + np.maximum(index[:, None], 1) ** 2)], axis=1)


def _logarithmic(low: float, high: float) -> Float[np.ndarray, " scale"]:
    high = max(high, 1.01 * low)
    return np.geomspace(low, high, 2 + int(PER_E_FOLD * np.log(high / low)))


def _candidates(n: int) -> Index:
    """All indices where functions may change fast, at both ends; a logarithmic choice between."""
    steps = np.geomspace(1, n, 2 + 48 * max(1, n.bit_length())).round().astype(np.int64) - 1
    near_end = np.concatenate([np.arange(min(n, 24)), steps])
    return np.unique(np.concatenate([near_end, n - 1 - near_end]))


def _skeleton(family, n: int, *, rtol: float, multiple: int) -> tuple[Index, Index]:
    """Indices by Gram-Schmidt with pivoting, the first index always; and the next ones in line.

    The number is rounded up to a multiple, so that programs compiled for one rule serve others.
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
    """The matrix that gives a function of the family at all `n` indices from its values at the nodes."""
    U, s, Vt = np.linalg.svd(family(nodes), full_matrices=False)
    kept = s > 1e-15 * s[0]
    # in this order: the product of the last two factors alone would have elements of 1e15
    blocks = [
        (family(np.arange(i, min(i + BLOCK, n))) @ Vt[kept].T / s[kept]) @ U[:, kept].T for i in range(0, n, BLOCK)
    ]
    table = np.concatenate(blocks)
    table[nodes] = np.eye(nodes.size)
    return table
