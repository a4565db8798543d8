"""Without JAX's 64-bit mode every public function that computes physics raises an error; none uses single precision."""

import pathlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import diffeliash as de
from diffeliash import physics
from diffeliash.data import Dataset
from diffeliash.models import Checkpoint, Setting
from diffeliash.physics.material import IsotropicAverage

from .cases import gaussian_peak

PEAK = gaussian_peak(1.3, n=50)
SPECTRUM = de.Spectrum(jnp.asarray(PEAK.omega), jnp.asarray(PEAK.a2f))
SOL = de.solve_gap(PEAK, 3.0, omega_c=40.0, matsubara_cutoff=40.0)
ENERGIES = np.linspace(0.0, 35.0, 71)
REAL = de.RealAxisGap(
    omega=jnp.asarray(ENERGIES), Delta=jnp.ones(71) + 0j, Z=jnp.ones(71) + 0j, dos=jnp.ones(71),
    broadening=jnp.array(0.5), continuation_error=jnp.array(1e-9), sampling_error=jnp.array(1e-5),
    cauchy=jnp.array(1e-9), converged=jnp.array(True), n_steps=jnp.array(9),
    average=IsotropicAverage(),
)  # fmt: skip
Z_LINE = REAL.omega + 0.5j
GAP = np.ones(71) + 0.1j
LINE = {"T": 5.0, "broadening": 0.5, "omega_max": 10.0}
SETTING = Setting(
    task="gap-to-a2f", T=5.0, mu_star=0.1, omega_c=100.0, matsubara_cutoff=220.0, broadening=0.5, omega_max=10.0,
    n_points=50, n_energies=71,
)  # fmt: skip
CHECKPOINT = object.__new__(Checkpoint)

CALLS = {
    "Spectrum": lambda: de.Spectrum(np.arange(3.0), np.ones(3)),
    "allen_dynes_tc": lambda: de.allen_dynes_tc(SPECTRUM),
    "mcmillan_tc": lambda: de.mcmillan_tc(SPECTRUM),
    "rescale_mu_star": lambda: de.rescale_mu_star(0.1, old_cutoff=10.0, new_cutoff=100.0),
    "lambda_kernel": lambda: de.lambda_kernel(SPECTRUM, jnp.arange(3.0)),
    "solve_gap": lambda: de.solve_gap(SPECTRUM, 3.0),
    "solve_gap_many": lambda: de.solve_gap_many([SPECTRUM], 3.0),
    "converge_cutoff": lambda: de.converge_cutoff(SPECTRUM, 3.0),
    "continue_gap": lambda: de.continue_gap(SOL, PEAK, ENERGIES),
    "differential_conductance": lambda: de.differential_conductance(REAL, 3.0, 0.1),
    "gap_edge": lambda: de.gap_edge(SOL, PEAK),
    "gap_ratio": lambda: de.gap_ratio(1.0, 5.0),
    "normal_self_energy": lambda: de.normal_self_energy(SPECTRUM, ENERGIES, 3.0),
    "leading_eigenvalue": lambda: de.leading_eigenvalue(SPECTRUM, 3.0),
    "solve_tc": lambda: de.solve_tc(SPECTRUM),
    "solve_tc_many": lambda: de.solve_tc_many([SPECTRUM]),
    "invert": lambda: de.invert(ENERGIES, GAP, noise=1e-3, **LINE),
    "invert_many": lambda: de.invert_many(ENERGIES, GAP[None, :], noise=1e-3, **LINE),
    "invert_self_energy": lambda: de.invert_self_energy(ENERGIES, GAP, T=5.0),
    "resolution": lambda: de.resolution(SPECTRUM, 5.0, noise=1e-3),
    "read_spectra": lambda: de.read_spectra("peak.dat", unit="meV"),
    "read_spectrum": lambda: de.read_spectrum("peak.dat", unit="meV"),
    "generate": lambda: de.generate(de.GenerateConfig(num_samples=1), pathlib.Path("set")),
    "train": lambda: de.train(de.TrainConfig(), DATASET),
    "predict": lambda: de.predict(CHECKPOINT, ENERGIES, GAP),
    "EquationResidual": lambda: de.EquationResidual(SETTING).prepare(GAP[None, :]),
    "SolverConsistency": lambda: de.SolverConsistency(SETTING)(jnp.ones((1, 50)), jnp.ones((1, 142))),
    **{
        name: lambda family=getattr(de, name): family().sample_spectrum(jax.random.key(0))
        for name in ("BrownianFamily", "ComplexFamily", "MaterialsFamily", "SimpleFamily")
    },
}

DATASET = object.__new__(Dataset)

NO_PHYSICS = {
    "a version": ["__version__"],
    "exceptions": ["ConvergenceError", "InputError", "IntegrityError", "StorageError"],
    "settings, plain numbers": ["GenerateConfig", "ReduceConfig", "TrainConfig"],
    "options of a solver, which compute nothing when they are made": [
        "Anderson", "Broyden", "Newton", "CompressedMatsubara", "FullMatsubara", "InfiniteSum", "TruncatedSum",
        "SharpCutoff", "SplitCutoff", "MSC", "Pade",
    ],
    "what was measured": ["ComplexGap", "DensityOfStates", "DifferentialConductance", "GapModulus",
        "NormalSelfEnergy", "RealGap",
    ],
    "results of the functions above; those of their properties that compute are in `PARTS`": [
        "GapSolution", "RealAxisGap", "CutoffConvergence", "Inversion", "Prediction", "Resolution",
        "SelfEnergyInversion",
    ],
    "files to NumPy arrays and back": [
        "ConductanceFile", "DataSource", "export_dataset", "read_conductance", "read_dataset", "read_dos", "read_gap",
        "read_self_energy",
        "repair_dataset", "verify_dataset", "feature_grid",
    ],
    "networks and their inputs, which are single precision": [
        "InversionNetwork", "Predictor", "dos_features", "gap_features", "read_checkpoint", "reduce_complexity",
    ],
}  # fmt: skip

PARTS = {
    **{
        f"Spectrum.{name}": lambda name=name: getattr(SPECTRUM, name)
        for name in ("lambda_ep", "omega_log", "omega_2", "omega_max", "weights")
    },
    "Spectrum.integrate": lambda: SPECTRUM.integrate(np.ones(50)),
    "Spectrum.over_omega": lambda: SPECTRUM.over_omega(),
    "GapSolution.at": lambda: SOL.at(0),
    "RealAxisGap.error": lambda: REAL.error,
    "density_of_states": lambda: physics.density_of_states(Z_LINE, REAL.Delta),
}


def test_every_public_name_is_tested_or_computes_no_physics():
    without_physics = [name for names in NO_PHYSICS.values() for name in names]
    assert sorted([*CALLS, *without_physics]) == sorted(de.__all__)


def test_every_part_of_a_spectrum_is_tested():
    plain = ("omega", "a2f", "channels", "average", "zeroed_unless")  # these compute nothing
    parts = [name for name in vars(de.Spectrum) if not name.startswith("_") and name not in plain]
    assert {f"Spectrum.{name}" for name in parts} <= set(PARTS)


@pytest.mark.parametrize(("name", "call"), [*CALLS.items(), *PARTS.items()])
def test_physics_raises_an_error_without_64_bit_mode(name, call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savetxt("peak.dat", np.stack([PEAK.omega, PEAK.a2f], axis=1))
    with jax.enable_x64(False), pytest.raises(RuntimeError, match="needs 64-bit floats"):
        call()
    assert not (tmp_path / "set").exists()


def test_a_spectrum_made_in_64_bit_mode_works_in_that_mode_only():
    with jax.enable_x64(False):
        with jax.enable_x64(True):
            spectrum = de.Spectrum(np.asarray(PEAK.omega), np.asarray(PEAK.a2f))
            assert spectrum.lambda_ep.dtype == jnp.float64
        with pytest.raises(RuntimeError):
            _ = spectrum.lambda_ep
