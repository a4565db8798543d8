r"""What superconductivity depends on most: moments of the spectral function (App. E of the paper).

$$ \mu_p = \int_0^\infty \omega^p\,\alpha^2F(\omega)\,\mathrm{d}\omega $$
"""

import dataclasses

import numpy as np
from jaxtyping import Float

from ..physics import Spectrum

POWERS = (2, 1, 0, -1)
"""The paper's. $2\\mu_{-1}$ is the coupling constant."""

Spectra = Float[np.ndarray, "sample freq"]


def moments(
    omega: Float[np.ndarray, " freq"], a2f: Spectra, powers: tuple[int, ...] = POWERS
) -> Float[np.ndarray, "sample power"]:
    r"""Moments $\mu_p$ [meV$^{p+1}$] of many spectral functions.

    Args:
        omega: Their grid [meV], positive.
        a2f: One a row.
        powers: The $p$; for negative ones $\alpha^2F/\omega$ is taken as zero at $\omega = 0$.
    """
    weights = np.asarray(Spectrum(omega, a2f[0]).weights)
    return a2f @ np.stack([weights * omega ** float(p) for p in powers], axis=1)


@dataclasses.dataclass(frozen=True, kw_only=True)
class MomentDifferences:
    r"""How far moments are off: $(\mu_{p,o} - \mu_{p,n})/\mu_{p,o}$ over a set of spectra.

    Args:
        powers: The $p$.
        mean: Mean over the set, for each power.
        std: Standard deviation over the set.
    """

    powers: tuple[int, ...]
    mean: Float[np.ndarray, " power"]
    std: Float[np.ndarray, " power"]


def moment_differences(
    omega: Float[np.ndarray, " freq"], original: Spectra, new: Spectra, powers: tuple[int, ...] = POWERS
) -> MomentDifferences:
    """Compare the moments of spectra with those of others that should replace them (the paper's Fig. 11).

    Args:
        omega: Grid of all [meV].
        original: One a row.
        new: The same number of them.
        powers: Which moments.
    """
    old = moments(omega, original, powers)
    relative = (old - moments(omega, new, powers)) / old
    return MomentDifferences(powers=powers, mean=np.mean(relative, axis=0), std=np.std(relative, axis=0))
