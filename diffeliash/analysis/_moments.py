r"""Moments of the spectral function, on which superconducting properties mainly depend (App. E of arXiv:2007.07512).

$$ \mu_p = \int_0^\infty \omega^p\,\alpha^2F(\omega)\,\mathrm{d}\omega $$
"""

import dataclasses

import numpy as np
from jaxtyping import Float

from ..physics import Spectrum

POWERS = (2, 1, 0, -1)
"""The powers $p$ of the moments in the paper; $2\\mu_{-1}$ is the coupling constant."""

Spectra = Float[np.ndarray, "sample freq"]


def moments(
    omega: Float[np.ndarray, " freq"], a2f: Spectra, powers: tuple[int, ...] = POWERS
) -> Float[np.ndarray, "sample power"]:
    r"""Compute the moments $\mu_p$ [meV$^{p+1}$] of many spectral functions.

    Args:
        omega: Grid of all spectra, positive [meV].
        a2f: The spectra, one a row.
        powers: The powers $p$; for negative ones the integrand is taken as zero at $\omega = 0$.
    """
    weights = np.asarray(Spectrum(omega, a2f[0]).weights)
    return a2f @ np.stack([weights * omega ** float(p) for p in powers], axis=1)


@dataclasses.dataclass(frozen=True, kw_only=True)
class MomentDifferences:
    r"""Relative differences of moments, $(\mu_{p,o} - \mu_{p,n})/\mu_{p,o}$, over a set of spectra.

    Args:
        powers: The powers $p$.
        mean: Mean over the set, for each power.
        std: Standard deviation over the set, for each power.
    """

    powers: tuple[int, ...]
    mean: Float[np.ndarray, " power"]
    std: Float[np.ndarray, " power"]


def moment_differences(
    omega: Float[np.ndarray, " freq"], original: Spectra, new: Spectra, powers: tuple[int, ...] = POWERS
) -> MomentDifferences:
    """Compare the moments of spectra with those of predicted or reconstructed ones (Fig. 11 of arXiv:2007.07512).

    Args:
        omega: Grid of all spectra [meV].
        original: Original spectra, one a row.
        new: Spectra to compare with them, in the same order.
        powers: The powers $p$ of the moments.
    """
    old = moments(omega, original, powers)
    relative = (old - moments(omega, new, powers)) / old
    return MomentDifferences(powers=powers, mean=np.mean(relative, axis=0), std=np.std(relative, axis=0))
