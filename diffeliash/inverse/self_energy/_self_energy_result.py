"""The result of the inversion of a self-energy."""

import dataclasses

import numpy as np
from jaxtyping import Float

from ...physics import Spectrum
from .._inversion_result import Inversion
from .._model_tests import LARGEST_CONSISTENT_CHI2
from ..nonlinear import Conditions

LEAST_COMPATIBILITY = 0.01
"""The two parts are incompatible if the increase of chi^2 by the joint fit is less probable than this."""

Number = tuple[float, float]
"""A number and its standard deviation."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class SelfEnergyPart:
    r"""One measured part of a self-energy: its errors, and the a2F of this part alone.

    Args:
        name: `"real"` or `"imaginary"`.
        noise: Standard deviation of the errors, given or found by the fit of this part alone (root mean square if they
            differ) [meV].
        noise_known: Whether the noise was given.
        scatter: The same from the scatter of neighboring values, without a fit [meV].
        n_correlated: Number of neighboring values that hold as much information as one independent value; one where
            the errors are independent.
        correlation: What the correlation is, as part of a sentence.
        chi2: $\chi^2/N$ in the joint fit, with this noise.
        residuals_correlated: Whether the residuals are still correlated when this correlation is taken out.
        exceeds_scatter: Whether the residuals of the joint fit are larger than the scatter allows.
        alone: The inversion of this part alone.
    """

    name: str
    noise: float
    noise_known: bool
    scatter: float
    n_correlated: float
    correlation: str
    chi2: float
    residuals_correlated: bool
    exceeds_scatter: bool
    alone: Inversion

    @property
    def notes(self) -> list[str]:
        """Warnings that concern this part."""
        texts = []
        if self.n_correlated > 1:
            texts.append(
                f"the errors of the {self.name} part are correlated {self.correlation}: {self.n_correlated:.2g} values "
                "hold as much information as one, and the error bars allow for that."
            )
        if self.residuals_correlated or self.exceeds_scatter:
            what = "are correlated along the energy" if self.residuals_correlated else "are larger than the scatter"
            texts.append(
                f"the residuals of the {self.name} part {what}: the model misses structure of the data, and the error "
                "bars are too small. Check T, the energy at which a2F ends, and what else is free."
            )
        return texts


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class SelfEnergyInversion:
    r"""A spectral function found from a self-energy of the normal state, with its uncertainty.

    Args:
        inversion: The spectral function of all measured parts together, whose fields have the same names here.
        parts: The measured parts, each with its errors and the a2F of this part alone.
        nuisances: The free parameters besides a2F, each with its standard deviation: `constant` and `impurity` [meV],
            `slope` (a pure number), `electrons` [1/meV].
        probability: The probability of an increase of $\chi^2$ as large as that from separate fits to the joint one, if
            both parts have the same a2F; one if only one part was measured.
        error_factor: Factor by which the errors of the separate fits were multiplied in the joint fit; one where the
            noise of a part was given.
    """

    inversion: Inversion
    parts: tuple[SelfEnergyPart, ...]
    nuisances: dict[str, Number]
    probability: float
    error_factor: float

    @property
    def ok(self) -> bool:
        """Whether the data determine a2F and it is consistent with them; `notes` gives the reason if not."""
        return self.determined and self.consistent

    @property
    def consistent(self) -> bool:
        r"""Whether $\chi^2/N \le 1.2$, the residuals are those of noise, and the parts are compatible."""
        noise = not any(part.residuals_correlated or part.exceeds_scatter for part in self.parts)
        return self.chi2 <= LARGEST_CONSISTENT_CHI2 and noise and self.compatible

    @property
    def compatible(self) -> bool:
        """Whether one a2F describes both parts within their errors."""
        return self.probability >= LEAST_COMPATIBILITY

    @property
    def notes(self) -> list[str]:
        """Warnings to read before the result is used, as whole sentences."""
        found, end = self.inversion, self.omega_max
        texts = []
        if not self.determined:
            return ["the data agree with those of electrons without bosons: they do not determine a2F."]
        if not found.end_known:
            texts.append(f"a2F is found to end at {end:.4g} meV; give --omega-max (`omega_max`) if this is known.")
        if not self.compatible:
            texts.append(self._incompatible())
        texts += [note for part in self.parts for note in part.notes]
        if self.chi2 > LARGEST_CONSISTENT_CHI2:
            texts.append(
                f"chi^2/N = {self.chi2:.3g}: no a2F is consistent with these data and errors, and the error bars are "
                "not valid. Check the noise, T, the energy at which a2F ends, and what else is free."
            )
        return texts

    def _incompatible(self) -> str:
        alone = " and ".join(
            f"{part.alone.lambda_ep[0]:.3g} +- {part.alone.lambda_ep[1]:.2g} ({part.name} part)" for part in self.parts
        )
        text = (
            f"the real and the imaginary part are not compatible with one a2F (probability {self.probability:.1g}); "
            f"alone they give lambda = {alone}."
        )
        if self.error_factor != 1:
            text += (
                f" The errors were multiplied by {self.error_factor:.3g}, with which the joint fit agrees with both."
            )
        return text

    @property
    def determined(self) -> bool:
        """Whether the data differ significantly from those without coupling to bosons."""
        return self.inversion.determined

    @property
    def converged(self) -> bool:
        """Whether the fit is finite; a linear fit has no iteration."""
        return self.inversion.converged

    @property
    def n_resolved(self) -> int:
        """Number of independent combinations of the values of a2F that the data determine better than the prior."""
        return self.inversion.n_resolved

    @property
    def noise(self) -> float:
        """Standard deviation of the errors in the joint fit, the root mean square over all parts [meV]."""
        return self.inversion.noise

    @property
    def noise_known(self) -> bool:
        """Whether the noise of a part was given."""
        return self.inversion.noise_known

    @property
    def values(self) -> Float[np.ndarray, " value"]:
        """The self-energy of `a2f` and of the free parameters [meV]: the real part, then the imaginary part."""
        return self.inversion.values

    @property
    def broadening(self) -> Number | None:
        """`None`: a self-energy is taken on the real axis."""
        return self.inversion.broadening

    @property
    def scale(self) -> Number | None:
        """`None`: a self-energy is not relative to anything."""
        return self.inversion.scale

    @property
    def offset(self) -> Number | None:
        """`None`: the Fermi energy is known."""
        return self.inversion.offset

    @property
    def mu_star(self) -> float:
        """The Coulomb pseudopotential that was given for T_c."""
        return self.inversion.mu_star

    @property
    def mu_star_std(self) -> float:
        """Zero, because it was given."""
        return self.inversion.mu_star_std

    @property
    def mu_star_samples(self) -> Float[np.ndarray, " sample"]:
        """The Coulomb pseudopotential of every sample, the one that was given."""
        return self.inversion.mu_star_samples

    @property
    def conditions(self) -> Conditions:
        """Temperature, the cutoffs for T_c, and the energy at which a2F ends."""
        return self.inversion.conditions

    @property
    def a2f_std(self) -> Float[np.ndarray, " freq"]:
        """Standard deviation of `samples` at every energy, shape (n,)."""
        return self.inversion.a2f_std

    @property
    def samples(self) -> Float[np.ndarray, "sample freq"]:
        """Samples of the posterior distribution of a2F, shape (n_samples, n)."""
        return self.inversion.samples

    @property
    def omega(self) -> Float[np.ndarray, " freq"]:
        """Energies of a2F, shape (n,) [meV]."""
        return self.inversion.omega

    @property
    def a2f(self) -> Float[np.ndarray, " freq"]:
        """The most probable non-negative spectral function, shape (n,)."""
        return self.inversion.a2f

    @property
    def spectrum(self) -> Spectrum:
        """The most probable spectral function, `a2f` on `omega`."""
        return self.inversion.spectrum

    @property
    def omega_max(self) -> float:
        """The energy at which a2F ends, given or found [meV]."""
        return self.inversion.conditions.omega_max

    @property
    def chi2(self) -> float:
        r"""$\chi^2/N$ of all parts together; close to one, by construction, where the noise is estimated."""
        return self.inversion.chi2

    @property
    def lambda_ep(self) -> Number:
        r"""Coupling constant $\lambda$ and its standard deviation."""
        return self.inversion.lambda_ep

    @property
    def omega_log(self) -> Number:
        r"""Logarithmic average $\omega_{\log}$ and its standard deviation [meV]."""
        return self.inversion.omega_log

    @property
    def omega_2(self) -> Number:
        r"""Root mean square frequency $\bar\omega_2$ and its standard deviation [meV]."""
        return self.inversion.omega_2

    @property
    def T_c(self) -> Number:
        """Critical temperature and its standard deviation [K]; see `Inversion.T_c`."""
        return self.inversion.T_c
