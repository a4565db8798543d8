r"""The complex gap function from a density of states, by a dispersion relation.

$N/N_F = \mathrm{Re}\,G$ on the line, and $G - 1$ with $G = z/\sqrt{z^2-\Delta^2}$ is analytic above it and decays as
$c/2z^2$. Its integral over the line vanishes, which determines $c$ from the data. After subtraction of a function with
the same tail, the Hilbert transform of the rest is a sum over the measured energies, and $\Delta^2 = z^2(1 - 1/G^2)$.
"""

import numpy as np
from jaxtyping import Complex, Float

TAIL_WIDTH = 0.1
"""Distance of the pole of the subtracted function from the real axis, in units of the last energy."""


def gap_from_dos(
    omega: Float[np.ndarray, " freq"], dos: Float[np.ndarray, " freq"], *, broadening: float
) -> Complex[np.ndarray, " freq"]:
    r"""Compute the gap function from a density of states, within the limits of its noise and of its energy range.

    Args:
        omega: Uniform energies from zero with a spacing of at most the broadening, shape (n,) [meV].
        dos: Density of states $N/N_F$ on the line $\omega + i\Gamma$, shape (n,).
        broadening: $\Gamma$ [meV].

    Returns:
        $\Delta(\omega + i\Gamma)$, shape (n,) [meV].
    """
    step, last = omega[1], omega[-1]
    integral = step * (np.sum(dos - 1) - (dos[0] + dos[-1] - 2) / 2)
    c = -2 * (last**2 + broadening**2) / last * integral
    z = omega + 1j * broadening
    tail = c / (2 * (z + 1j * TAIL_WIDTH * last) ** 2)
    rest = dos - 1 - tail.real
    both = np.concatenate([rest[:0:-1], rest])
    # the principal value by a sum over every second point, with the pole midway between two: a trapezoidal rule
    distance = np.arange(omega.size)[:, None] + omega.size - 1 - np.arange(both.size)[None, :]
    odd = distance % 2 != 0
    kernel = np.where(odd, 2 / (np.pi * np.where(odd, distance, 1)), 0.0)
    G = 1 + tail + rest + 1j * (kernel @ both)
    square = z**2 * (1 - 1 / G**2)
    return np.sqrt(np.abs(square)) * np.exp(0.5j * np.unwrap(np.angle(square)))
