"""The accuracy of a2F from networks, from the linear inversion, and from the inversion through the solver.

    python experiments/inversion-contest/run.py FOLDER [--n 100] [--parts noise,dos,broadening,starts,materials]

FOLDER stores data sets, networks and the results of all methods, so that the run may be interrupted; what it has is not
computed again. Tables are printed, and written to results/.
"""

import argparse
import dataclasses
import functools
import os
import pathlib
import platform
import time

import jax
import numpy as np

import diffeliash as de
from diffeliash.analysis import expected_difference, family_spread
from diffeliash.data import as_features, split_rows
from diffeliash.inverse import ComplexGap, DensityOfStates
from diffeliash.inverse._starting_point import best_candidate, linear_inversion_on_grid, smooth_candidates
from diffeliash.inverse.nonlinear._forward_model import LARGEST_RTOL, choose_conditions, choose_n_points, forward_model
from diffeliash.inverse.nonlinear._gauss_newton import Measurement, gauss_newton
from diffeliash.models import Checkpoint, apply_network, read_checkpoint, setting_of, write_checkpoint
from diffeliash.training import TrainConfig, pearson, solve_gaps, train

jax.config.update("jax_enable_x64", True)

HERE = pathlib.Path(__file__).parent
NOISES = (0.0, 1e-4, 1e-3, 1e-2, 1e-1)
BROADENINGS = (0.05, 0.1, 0.2, 0.4)
NUM_SAMPLES, EPOCHS = 18000, 40
"""Random spectra of a data set, of which about 11 000 become training samples, and epochs of a training."""

MANY, N_BEST = 701, 10
"""Larger number of energies, and number of spectra for the best linear estimate, in the part on the broadening."""

PAPER = 0.056
"""Mean 1 - PCC of the best network of the paper, on its complex spectra."""

COLDER = 0.25
"""Temperature and broadening, relative to those of the data sets, for materials that are normal at the latter."""

SAME = 0.05
"""Largest difference, relative to the largest value, of two results that count as the same."""

FAMILIES = {"complex": de.ComplexFamily, "materials": de.MaterialsFamily}
NAMES = {"plain": "network, labels", "physics": "network, physics", "linear": "linear inversion", "invert": "inversion"}


@dataclasses.dataclass(frozen=True)
class Round:
    """The data that all methods get; the noise is relative to the largest value of each function."""

    family: str = "complex"
    kind: str = "gap"
    broadening: float = 0.1
    noise: float = 1e-3

    @property
    def data(self) -> str:
        return f"{self.family}-{self.broadening:g}"

    @property
    def name(self) -> str:
        return f"{self.data}-{self.kind}-{self.noise:g}"

    @property
    def trained_for(self) -> float:
        """The noise with which networks are trained: none where it is too small to affect them."""
        return 0.0 if self.kind == "gap" and self.noise < 1e-3 else self.noise


class Contest:
    """Data sets, networks and the results of all methods, stored in a folder."""

    def __init__(self, folder: pathlib.Path, n: int):
        self.folder, self.n = folder, n
        folder.mkdir(parents=True, exist_ok=True)

    @functools.cache  # noqa: B019 - one contest a process
    def data(self, one: Round):
        """The data set and the rows of its test set."""
        path = self.folder / one.data
        config = de.GenerateConfig(family=FAMILIES[one.family](), num_samples=NUM_SAMPLES, broadening=one.broadening)
        if not (path / "DONE").exists():
            de.generate(config, path, resume=path.exists())
        dataset = de.read_dataset(path, ("a2f", "Delta_meV", "Delta_iw_meV", "dos"))
        return dataset, split_rows(len(dataset), 0).test[: self.n]

    def measured(self, one: Round):
        """The functions with noise, the standard deviation of the noise of each, and the true spectra."""
        dataset, rows = self.data(one)
        exact = dataset.Delta[rows] if one.kind == "gap" else dataset.fields["dos"][rows]
        sizes = one.noise * np.max(np.abs(exact), axis=1)
        return with_noise(exact, sizes), sizes, dataset.a2f[rows]

    def answers(self, one: Round, who: str):
        """The spectra that a method finds, seconds for each, and for inversions chi^2/N and other diagnostics."""
        path = self.folder / f"{one.name}-{who}-{self.n}.npz"
        if not path.exists():
            found = self._network(one, who) if who in ("plain", "physics") else self._inversion(one, who)
            np.savez(path, **found)
        return dict(np.load(path))

    def _network(self, one: Round, who: str):
        measured, _, _ = self.measured(one)
        model = self.network(dataclasses.replace(one, noise=one.trained_for), who)
        inputs = as_features(measured) if one.kind == "gap" else measured
        apply_network(model, inputs)  # compiles
        started = time.monotonic()
        a2f = apply_network(model, inputs)
        return {"a2f": a2f, "seconds": (time.monotonic() - started) / len(a2f)}

    def network(self, one: Round, who: str):
        """The network trained with labels only (`plain`), or without labels by the equations (`physics`)."""
        path = self.folder / f"{one.name}-{who}.network"
        if not path.exists():
            config = TrainConfig(
                network="fully-connected", hidden_sizes=(500, 800), task=f"{one.kind}-to-a2f", epochs=EPOCHS,
                noise=one.noise,
            )  # fmt: skip
            if who == "physics":
                config = dataclasses.replace(config, max_labels=0, equation_weight=1.0)
            started = time.monotonic()
            found = train(config, self.data(one)[0])
            print(f"trained {who} for {one.name}: {time.monotonic() - started:.0f} s", flush=True)
            kept = Checkpoint(model=found.model, config=found.model_config, setting=found.setting, origin={})
            write_checkpoint(path, kept)
        return read_checkpoint(path).model

    def _inversion(self, one: Round, who: str):
        measured, sizes, _ = self.measured(one)
        dataset, _ = self.data(one)
        return invert_all(setting_of(dataset.config), measured, sizes, one.kind, who)


def with_noise(exact, sizes):
    """Add independent normal errors to the real and to the imaginary part."""
    rng = np.random.default_rng(1)
    error = rng.normal(size=exact.shape)
    if np.iscomplexobj(exact):
        error = error + 1j * rng.normal(size=exact.shape)
    return exact + sizes[:, None] * error


def conditions_of(setting):
    return {"broadening": setting.broadening, "omega_max": setting.omega_max, "omega_c": setting.omega_c,
            "matsubara_cutoff": setting.matsubara_cutoff}  # fmt: skip


def forward_of(setting):
    conditions = choose_conditions(T=setting.T, mu_star=setting.mu_star, **conditions_of(setting))
    n_points = choose_n_points(conditions, ComplexGap())
    return forward_model(conditions, n_points, setting.omega_real, ComplexGap(), LARGEST_RTOL, mu_star=setting.mu_star)


def invert_all(setting, measured, sizes, kind, who):
    """Invert all functions, linearly or through the solver, and interpolate the results to the grid of the family."""
    if who == "linear":
        forward = forward_of(setting)
        try:
            linear_inversion_on_grid(forward, forward.energies, measured[0], setting.mu_star)  # compiles
        except de.InputError:  # the line lies above the first Matsubara frequency
            return {"a2f": np.full((len(measured), setting.n_points), np.nan), "seconds": np.nan}
        started = time.monotonic()
        found = [linear_inversion_on_grid(forward, forward.energies, row, setting.mu_star) for row in measured]
        seconds = (time.monotonic() - started) / len(found)
        return {"a2f": on_grid(setting, forward.omega, [np.append(np.maximum(x, 0), 0) for x in found]),
                "seconds": seconds}  # fmt: skip

    def run(rows):
        return de.invert_many(
            setting.omega_real, measured[:rows], T=setting.T, mu_star=setting.mu_star,
            noise=sizes[:rows].tolist() if np.all(sizes > 0) else None,
            observable=ComplexGap() if kind == "gap" else DensityOfStates(), **conditions_of(setting),
        )  # fmt: skip

    run(4)  # compiles
    started = time.monotonic()
    found = run(len(measured))
    seconds = (time.monotonic() - started) / len(found)
    return {
        "a2f": on_grid(setting, found[0].omega, [x.a2f for x in found]),
        "chi2": [x.chi2 for x in found], "converged": [x.converged for x in found],
        "resolved": [x.n_resolved for x in found], "seconds": seconds,
    }  # fmt: skip


def on_grid(setting, omega, spectra):
    return np.array([np.interp(setting.omega, np.append(0.0, omega), np.append(0.0, x)) for x in spectra])


def cell(found, true):
    """Median of 1 - PCC with the mean in parentheses; a dash if there are no results."""
    if not np.all(np.isfinite(found)):
        return "-"
    miss = 1 - pearson(found, true)
    return f"{np.median(miss):.1e} ({np.mean(miss):.1e})"


def head(*names):
    return [row(*names), "|" + "---|" * len(names)]


def row(*cells):
    return f"| {' | '.join(map(str, cells))} |"


def noise_part(contest):
    lines = head("family", "noise", *NAMES.values(), "paper's mean / the inversion's", "chi2/N", "converged")
    for family in ("complex", "materials"):
        for noise in NOISES:
            one = Round(family=family, noise=noise)
            true = contest.measured(one)[2]
            found = {who: contest.answers(one, who) for who in NAMES}
            end = found["invert"]
            lines.append(row(
                family, f"{noise:g}", *(cell(found[who]["a2f"], true) for who in NAMES),
                f"{PAPER / np.mean(1 - pearson(end['a2f'], true)):.0f}", f"{np.median(end['chi2']):.2f}",
                f"{np.mean(end['converged']):.2f}",
            ))  # fmt: skip
            print(lines[-1], flush=True)
    seconds = {who: contest.answers(Round(), who)["seconds"] for who in NAMES}
    lines.append("")
    lines.append("Time for a spectrum: " + "; ".join(f"{NAMES[who]} {t:.2g} s" for who, t in seconds.items()) + ".")
    return lines


def dos_part(contest):
    lines = head("noise", NAMES["plain"], NAMES["invert"], "mean spectrum", "converged")
    for noise in NOISES:
        one = Round(kind="dos", noise=noise)
        true = contest.measured(one)[2]
        network, end = (contest.answers(one, who) for who in ("plain", "invert"))
        dataset, _ = contest.data(one)
        mean = np.mean(dataset.a2f[split_rows(len(dataset), 0).train], axis=0)
        lines.append(row(
            f"{noise:g}", cell(network["a2f"], true), cell(end["a2f"], true),
            cell(np.broadcast_to(mean, true.shape), true), f"{np.mean(end['converged']):.2f}",
        ))  # fmt: skip
        print(lines[-1], flush=True)
    return lines


def broadening_part(contest):
    """The dependence on the broadening, at the energies of the networks and at more energies."""
    who = ("plain", "linear", "invert")
    best = "best linear estimate"
    lines = head(
        "broadening [meV]", *(NAMES[each] for each in who), best, f"inversion, {MANY} energies", f"{best}, {MANY}"
    )
    for broadening in BROADENINGS:
        one = Round(broadening=broadening)
        true = contest.measured(one)[2]
        dataset, _ = contest.data(one)
        setting = setting_of(dataset.config)
        many = dataclasses.replace(setting, n_energies=MANY)
        exact = solve_gaps(many, true, largest_error=1e-6).Delta
        sizes = one.noise * np.max(np.abs(exact), axis=1)
        found = invert_all(many, with_noise(exact, sizes), sizes, "gap", "invert")
        lines.append(row(
            f"{broadening:g}", *(cell(contest.answers(one, each)["a2f"], true) for each in who),
            f"{best_estimate(dataset, setting, true[:N_BEST], sizes):.1e}", cell(found["a2f"], true),
            f"{best_estimate(dataset, many, true[:N_BEST], sizes):.1e}",
        ))  # fmt: skip
        print(lines[-1], flush=True)
    return lines


def best_estimate(dataset, setting, spectra, sizes):
    """Median 1 - PCC of the best linear estimate that knows the covariance of the family, at the points of a2F."""
    forward = forward_of(setting)

    def at_points(a2f):
        return np.array([np.interp(forward.omega[:-1], setting.omega, each) for each in a2f])

    spread = family_spread(at_points(dataset.a2f))
    found = []
    for a2f, size in zip(at_points(spectra), sizes, strict=False):
        jacobian = forward.jacobian_at(setting.mu_star, a2f)[:, 1:]
        found.append(expected_difference(jacobian, a2f, spread, noise=float(size)).df)
    return np.median(found)


def starts_part(contest, n=40):
    """The same inversions, started from the result of each method and from the best smooth candidate."""
    lines = head("family", "start", "Jacobians, mean", "most", "converged", "chi2/N", "same a2F as the others")
    for family in ("complex", "materials"):
        one = Round(family=family)
        dataset, _ = contest.data(one)
        setting, (measured, sizes, _) = setting_of(dataset.config), contest.measured(one)
        forward, ends = forward_of(setting), {}
        for who in ("plain", "physics", "linear", "smooth"):
            path = contest.folder / f"{one.name}-from-{who}-{n}.npz"
            if not path.exists():
                guesses = [None] * n if who == "smooth" else contest.answers(one, who)["a2f"][:n]
                ended = [fit_from(forward, setting, *each) for each in zip(measured, sizes, guesses, strict=False)]
                np.savez(path, **{name: np.array([each[name] for each in ended]) for name in ended[0]})
            ends[who] = dict(np.load(path))
        middle = np.median([x["a2f"] for x in ends.values()], axis=0)
        for who, x in ends.items():
            same = np.max(np.abs(x["a2f"] - middle), axis=1) < SAME * np.max(middle, axis=1)
            lines.append(row(
                family, NAMES.get(who, "smooth a2F"), f"{np.mean(x['n_jacobians']):.1f}", np.max(x["n_jacobians"]),
                f"{np.mean(x['converged']):.2f}", f"{np.median(x['chi2']):.2f}", f"{np.mean(same):.2f}",
            ))  # fmt: skip
            print(lines[-1], flush=True)
    return lines


def fit_from(forward, setting, measured, size, guess):
    """The Gauss-Newton result from one starting point; from the best smooth candidate if there is none."""
    values = forward.observable.as_values(measured)
    measurement = Measurement(values=values, errors=np.full(values.size, size), known=True)
    if guess is None:
        start = best_candidate(measurement, smooth_candidates(forward))
    else:
        start = np.maximum(np.interp(forward.omega[:-1], setting.omega, guess), 0.0)
    end = gauss_newton(forward, measurement, start)
    return {
        "a2f": end.unknowns, "chi2": measurement.misfit(end.values) / values.size, "converged": end.converged,
        "n_jacobians": end.n_jacobians,
    }  # fmt: skip


def materials_part(contest, folder):
    """Spectra of real materials, with energies scaled so that they end at the same energy as those of the families.

    Those that are normal at the temperature of the data sets are computed at a lower one, by the inversions only,
    because the networks are trained for one ratio of temperature to the end of a2F.
    """
    lines = head("material", "temperature [K]", "noise", *NAMES.values(), "chi2/N", "resolved")
    dataset, _ = contest.data(Round(family="materials"))
    trained = setting_of(dataset.config)
    spectra = {}
    for path in sorted((folder / "grid").glob("*.dat")):
        omega, a2f = np.loadtxt(path).T
        spectra[path.stem] = np.interp(trained.omega, omega / omega[-1] * trained.omega_max, a2f)
    cold = dataclasses.replace(trained, T=COLDER * trained.T, broadening=COLDER * trained.broadening)
    for setting in (trained, cold):
        gaps = solve_gaps(setting, np.array(list(spectra.values())), method=de.MSC(rtol=1e-9))
        names = [name for name, ok in zip(spectra, gaps.ok, strict=True) if ok]
        true, exact = np.array([spectra.pop(name) for name in names]), gaps.Delta[gaps.ok]
        for noise in (1e-3, 1e-2):
            one = Round(family="materials", noise=noise)
            sizes = noise * np.max(np.abs(exact), axis=1)
            measured = with_noise(exact, sizes)
            found = {who: invert_all(setting, measured, sizes, "gap", who) for who in ("linear", "invert")}
            if setting == trained:
                features = as_features(measured)
                networks = {who: contest.network(one, who) for who in ("plain", "physics")}
                found |= {who: {"a2f": apply_network(networks[who], features)} for who in networks}
            miss = {who: 1 - pearson(found[who]["a2f"], true) for who in found}
            end = found["invert"]
            for i, name in enumerate(names):
                missed = (f"{miss[who][i]:.1e}" if who in miss else "-" for who in NAMES)
                numbers = f"{end['chi2'][i]:.2f}", end["resolved"][i]
                lines.append(row(name, f"{setting.T:.3g}", f"{noise:g}", *missed, *numbers))
                print(lines[-1], flush=True)
    assert not spectra, f"normal: {', '.join(spectra)}"
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--n", type=int, default=100, help="held-out spectra")
    parser.add_argument("--materials", type=pathlib.Path, default=HERE / "../../../shared/materials")
    parser.add_argument("--parts", default="noise,dos,broadening,starts,materials")
    args = parser.parse_args()
    contest, results = Contest(args.folder, args.n), HERE / "results"
    results.mkdir(exist_ok=True)
    parts = {
        "noise": noise_part, "dos": dos_part, "broadening": broadening_part, "starts": starts_part,
        "materials": functools.partial(materials_part, folder=args.materials),
    }  # fmt: skip
    cores, today = len(os.sched_getaffinity(0)), time.strftime("%Y-%m-%d")
    for part in args.parts.split(","):
        lines = [f"{cores} cores of {platform.machine()}, JAX {jax.__version__}, {today}.", "", *parts[part](contest)]
        (results / f"{part}.md").write_text("\n".join(lines) + "\n")
        print("\n".join(lines), flush=True)


if __name__ == "__main__":
    main()
