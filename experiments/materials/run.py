"""Real materials: our results compared with those of other codes and with the numbers that the sources state.

python experiments/materials/run.py ../shared/materials
"""

import argparse
import pathlib
import warnings

import jax
import numpy as np

import diffeliash as de

jax.config.update("jax_enable_x64", True)

# materials/README.md: omega_max, T, Delta(iw_0), Z(iw_0), T_c with the sum in Z truncated, and with it infinite
AGREED = {
    "Al_Elk": (45.67, 0.843, 0.427111278, 1.421228605, 2.807628, 2.788662),
    "Al_QE_tetra": (40.04, 0.558, 0.282570114, 1.393931033, 1.860391, 1.846450),
    "Nb_IsoME_s15": (29.41, 3.435, 1.918563794, 1.896667789, 11.443026, 11.405775),
    "Pb_EPW60_Elphgap": (9.83, 1.579, 0.920409370, 2.061835582, 5.262380, 5.241070),
    "Pb_EPW2016_SOC_fig": (9.00, 2.385, 1.541671168, 2.482208440, 7.950354, 7.913024),
    "Pb_tunnel_exp_fig": (10.10, 2.066, 1.263737329, 2.249736748, 6.882040, 6.853674),
    "MgB2_Elk": (98.93, 10.197, 5.436675223, 1.734454618, 33.989141, 33.788325),
}

# What the sources state: file, column, mu*, lambda, T_c of Allen and Dynes; and the T_c of their own solution of the
# Eliashberg equations, with their cutoffs (Hartree) of the Matsubara sums and of mu*.
HARTREE = 27211.386245988  # meV
STATED = [
    ("Al_Elk/ALPHA2F.OUT", None, 0.15, 0.4237123761, 0.5132416494, (0.8304, 0.02322181302, 0.002322181302)),
    ("MgB2_Elk/ALPHA2F.OUT", None, 0.15, 0.7517516009, 19.67328712, (22.55, 0.04886094759, 0.004886094759)),
    ("Al_QE_tetra/aluminum.a2F.dat", None, 0.10, 0.3963915, None, None),
    ("Al_QE_matdyn/a2F.dos5", None, 0.10, 0.36859500, None, None),
    ("Al_QE_matdyn/a2F.dos10", None, 0.10, 0.36465404, None, None),
    ("Al_ABINIT_tutorial/out_A2F.nc", None, 0.10, 0.417221, None, None),
    ("Nb_IsoME/Nb.a2F", 15, 0.10, None, None, None),
    ("Pb_EPW60_Elphgap/pb_epw60_a2f_iso.a2f", None, 0.10, 1.1474151, None, None),
    ("Pb_EPW60_Elphgap/pb_like_SYNTHETIC.a2f", None, 0.10, None, None, None),
    ("Pb_EPW2016_SOC_fig.csv", None, 0.10, None, None, None),
    ("Pb_tunnel_exp_fig.csv", None, 0.10, None, None, None),
]


def agreed_numbers(folder):
    """Print the relative deviations for the seven spectra on uniform grids, for which three codes agree."""
    print("| spectrum | Delta(iw_0) | Z(iw_0) | T_c, sum in Z truncated [K] | | T_c, infinite [K] | |")
    print("|---|---|---|---|---|---|---|")
    spectra = []
    for name in AGREED:
        omega, a2f = np.loadtxt(folder / "grid" / f"{name}.dat").T
        spectra.append(de.Spectrum(omega, a2f))
    cutoffs = [10 * row[0] for row in AGREED.values()]
    numbers = {"mu_star": 0.1, "omega_c": cutoffs, "matsubara_cutoff": cutoffs}
    solutions = de.solve_gap_many(
        spectra, [row[1] for row in AGREED.values()], **numbers, frequencies=de.FullMatsubara()
    )
    found = [de.solve_tc_many(spectra, **numbers, z_sum=z_sum) for z_sum in (de.TruncatedSum(), de.InfiniteSum())]
    for (name, row), sol, truncated, infinite in zip(AGREED.items(), solutions, *found, strict=True):
        _, _, Delta, Z, T_truncated, T_infinite = row
        print(
            f"| {name} | {float(sol.Delta[0]) / Delta - 1:+.0e} | {float(sol.Z[0]) / Z - 1:+.0e} "
            f"| {truncated:.5f} | {truncated / T_truncated - 1:+.0e} "
            f"| {infinite:.5f} | {infinite / T_infinite - 1:+.0e} |"
        )


def stated_numbers(folder):
    """Print the results for the original files: mu* unscaled, rescaled to our cutoff, and at the source's cutoffs."""
    columns = "file, mu*, lambda, stated, T_c Allen-Dynes, stated, T_c mu* as it stands, T_c mu* rescaled, "
    columns = [*columns.split(", ")[:-1], "T_c at the source's cutoffs", "stated"]
    print("|" + "|".join(columns) + "|")
    print("|" + "---|" * len(columns))
    for file, column, mu, lambda_ep, allen_dynes, solved in STATED:
        spectrum = de.read_spectrum(folder / "raw" / file, column=column)
        omega_max = spectrum.omega_max
        rescaled = float(de.rescale_mu_star(mu, old_cutoff=omega_max, new_cutoff=10 * omega_max))
        row = [file, f"{mu:g}", f"{spectrum.lambda_ep:.6f}", lambda_ep or ""]
        row += [f"{de.allen_dynes_tc(spectrum, mu):.4f}", allen_dynes or ""]
        row += [f"{de.solve_tc(spectrum, mu_star=each):.4f}" for each in (mu, rescaled)]
        if solved:
            T_c, phonons, coulomb = solved
            cutoffs = {"matsubara_cutoff": phonons * HARTREE, "omega_c": coulomb * HARTREE}
            row += [f"{de.solve_tc(spectrum, mu_star=mu, **cutoffs):.4f}", T_c]
        else:
            row += ["", ""]
        print("|" + "|".join(map(str, row)) + "|")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("materials", type=pathlib.Path)
    folder = parser.parse_args().materials
    warnings.simplefilter("ignore")  # warnings about values that are dropped, which the command line prints
    agreed_numbers(folder)
    print()
    stated_numbers(folder)


if __name__ == "__main__":
    main()
