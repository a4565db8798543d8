r"""The gap function behind a density of states: a dispersion relation.

$N/N_F = \mathrm{Re}\,G$ on the line, and $G - 1$ with $G = z/\sqrt{z^2-\Delta^2}$ is analytic above it and falls as
$c/2z^2$. Its integral over the line vanishes, which gives $c$ from what is measured; with a function of the same tail
taken out, the Hilbert transform of the rest is a sum over the measured energies, and $\Delta^2 = z^2(1 - 1/G^2)$.
"""

import numpy as np
from jaxtyping import Complex, Float

TAIL_WIDTH = 0.1
"""Distance of the pole of the function with the same tail below the real axis, in units of the last energy."""


def gap_from_dos(
    omega: Float[np.ndarray, " freq"], dos: Float[np.ndarray, " freq"], *, broadening: float
) -> Complex[np.ndarray, " freq"]:
    r"""$\Delta(\omega + i\Gamma)$ [meV] from a density of states, as good as its errors and its range allow.

    Args:
        omega: Evenly spaced energies from zero on, no further apart than the broadening [meV].
        dos: $N/N_F$ there.
        broadening: $\Gamma$ [meV].
    """
    step, last = omega[1], omega[-1]
    missing = step * (np.sum(dos - 1) - (dos[0] + dos[-1] - 2) / 2)
    c = -2 * (last**2 + broadening**2) / last * missing
    z = omega + 1j * broadening
    tail = c / (2 * (z + 1j * TAIL_WIDTH * last) ** 2)
    rest = dos - 1 - tail.real
    both = np.concatenate([rest[:0:-1], rest])
    # every second point, between which the pole lies: as exact as a trapezoidal rule
    apart = np.arange(omega.size)[:, None] + omega.size - 1 - np.arange(both.size)[None, :]
    odd = apart % 2 != 0
    kernel = np.where(odd, 2 / (np.pi * np.where(odd, apart, 1)), 0.0)
    G = 1 + tail + rest + 1j * (kernel @ both)
    square = z**2 * (1 - 1 / G**2)
    return np.sqrt(np.abs(square)) * np.exp(0.5j * np.unwrap(np.angle(square)))
