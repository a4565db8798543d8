"""Checks of temperatures, Coulomb pseudopotentials and cutoffs, made on the host when a public function is called.

Each check returns a list of complaints, which is empty for a valid value and for a traced one.
"""

from typing import Any

import numpy as np

from ..numerics import is_concrete


def check_temperature(T: Any) -> list[str]:
    """Check that a temperature is one positive, finite number [K]."""
    if not is_concrete(T):
        return []
    value = np.asarray(T)
    if value.ndim != 0:
        return [f"`T` must be one temperature, got shape {value.shape}; batch with jax.vmap"]
    return [] if np.isfinite(value) and value > 0 else [f"`T` must be positive and finite [K], got {value}"]


def check_mu_star(mu_star: Any) -> list[str]:
    """Check that a Coulomb pseudopotential lies between 0 and 1."""
    if not is_concrete(mu_star):
        return []
    ok = 0 <= float(mu_star) <= 1
    return [] if ok else [f"`mu_star` must lie in [0, 1], got {float(mu_star):g}"]


def check_cutoffs(omega_c: Any, matsubara_cutoff: Any, omega_max: Any) -> list[str]:
    """Check that both cutoffs [meV] are positive, finite and not below the end of the spectrum."""
    bad = []
    for name, cutoff in (("omega_c", omega_c), ("matsubara_cutoff", matsubara_cutoff)):
        if not is_concrete(cutoff):
            continue
        if not (np.isfinite(cutoff) and cutoff > 0):
            bad.append(f"`{name}` must be positive and finite [meV], got {float(cutoff):g}")
        elif is_concrete(omega_max) and cutoff < omega_max * (1 - 1e-9):
            end = f"the spectrum, which ends at {float(omega_max):g} meV"
            bad.append(f"`{name}` must not lie below {end}, got {float(cutoff):g} meV")
    return bad
