"""The answer to the question of the paper, whether the map from spectra to gap functions is many-to-one.

The error of the network is split into what no linear estimate can avoid, what comes from the Pade approximants, and
what comes from the network.
"""

import dataclasses
from typing import Literal, NamedTuple

import numpy as np

from ...analysis import ROUNDING
from .._paper_config import PaperConfig
from .._published_numbers import TABLE_I
from ..stages import ACCEPTANCE_LIMIT, NOISE, NOISES, ROUNDING_NOISE, Data, Results, by_seed
from ._verdict import GOOD, Table, digits, with_error

HALF = 0.5
"""A mode counts as missed if at least this fraction of its variance is unexplained."""

FAR = 10.0
"""Factor by which an error is said to be far larger than another."""


class MeanWithError(NamedTuple):
    """A mean and its error; the error is NaN if it is unknown."""

    mean: float
    error: float

    def __str__(self) -> str:
        """Both, rounded to the first digit of the error."""
        return with_error(self.mean, self.error)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Point:
    """A point of the figure: the error of the spectra that one method finds from gap functions with errors.

    Args:
        method: The method.
        noise: Error of the gap functions, in units of the largest |Delta|.
        df: Mean 1 - PCC of the spectra and its error.
    """

    method: Literal["network", "linear inversion", "best from the rounded imaginary axis"]
    noise: float
    df: MeanWithError


@dataclasses.dataclass(frozen=True, kw_only=True)
class Answer:
    """The answer to the question of the paper.

    Args:
        table: Mean 1 - PCC of the spectra for all methods and data, and for the best linear estimate.
        text: The conclusions, one paragraph an entry.
        points: The same numbers for the figure.
        missed: Unexplained fraction of the variance of each mode of the family, by the name of the method.
    """

    table: Table
    text: tuple[str, ...]
    points: tuple[Point, ...]
    missed: dict[str, np.ndarray]


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Found:
    """The mean 1 - PCC of the spectra that each method finds from each kind of data.

    The keys are names of the data: "exact", "noise" and "rounded" for `limit`; "exact", "noise" and "pade" for
    `inversion`. For networks they are the entries of `KINDS`: the data, and whether a network was trained longer.

    Args:
        limit: Best linear estimates, with standard errors over the spectra.
        inversion: Linear inversions, with standard errors over the spectra.
        test: Networks on the test set, one value for each seed.
        train: Networks on the training set, one value for each seed.
    """

    limit: dict[str, MeanWithError]
    inversion: dict[str, MeanWithError]
    test: dict[tuple[Data, bool], np.ndarray]
    train: dict[tuple[Data, bool], np.ndarray]


KINDS: tuple[tuple[Data, bool], ...] = (
    ("exact", False),
    ("exact", True),
    ("pade", False),
    ("pade", True),
    ("accepted", False),
)
"""The networks, by the data and whether they were trained longer."""


def answer(results: Results, config: PaperConfig) -> Answer:
    """Make the answer from the results of the stages on the question."""
    invert = results["inversion"]
    found = _Found(
        limit={
            "exact": _standard_error(_limits(results, NOISES[0])),
            "noise": _standard_error(_limits(results, NOISE)),
            "rounded": _standard_error(results["information"]["df_iw"]),
        },
        inversion={n: MeanWithError(float(invert[n]), float(invert[f"{n}_error"])) for n in ("exact", "noise", "pade")},
        test={(data, longer): by_seed(results, config, data, "df", longer=longer) for data, longer in KINDS},
        train={(data, longer): by_seed(results, config, data, "df_train", longer=longer) for data, longer in KINDS},
    )
    pade = float(np.median(results["pade"]["rms"]))
    points = (
        Point(method="linear inversion", noise=float(NOISES[0]), df=found.inversion["exact"]),
        Point(method="linear inversion", noise=NOISE, df=found.inversion["noise"]),
        Point(method="linear inversion", noise=pade, df=found.inversion["pade"]),
        Point(method="network", noise=float(NOISES[0]), df=_over_seeds(found.test["exact", True])),
        Point(method="network", noise=pade, df=_over_seeds(found.test["pade", True])),
        Point(method="best from the rounded imaginary axis", noise=pade, df=found.limit["rounded"]),
    )
    missed = {
        "network, exact data": np.mean(by_seed(results, config, "exact", "by_mode", longer=True), axis=0),
        "network, Pade data": np.mean(by_seed(results, config, "pade", "by_mode", longer=True), axis=0),
        "linear inversion, exact data": np.asarray(invert["exact_by_mode"]),
        "linear inversion, Pade data": np.asarray(invert["pade_by_mode"]),
    }
    text = (
        _on_physics(results, found),
        _on_axis(results, found),
        _on_parts(found, config),
        _on_modes(missed, np.asarray(results["information"]["share_by_mode"])),
        _on_errors(config),
    )
    return Answer(table=_table(found, config), text=text, points=points, missed=missed)


def _table(found: _Found, config: PaperConfig) -> Table:
    low, high = (f(value for _, value in TABLE_I.values()) for f in (min, max))
    networks = {
        kind: (
            f"network, {config.more_epochs if kind[1] else config.epochs} epochs",
            str(_over_seeds(found.test[kind])),
            str(_over_seeds(found.train[kind])),
        )
        for kind in KINDS
    }
    best, invert = "best linear estimate", "linear inversion, no network"
    return (
        ("data", "method", "1 - PCC of a2F", "on training rows"),
        ("exact gap functions (error 1e-6)", best, str(found.limit["exact"]), ""),
        ("", invert, str(found.inversion["exact"]), ""),
        ("", *networks["exact", False]),
        ("", *networks["exact", True]),
        (f"noise of {NOISE:g}", best, str(found.limit["noise"]), ""),
        ("", invert, str(found.inversion["noise"]), ""),
        (f"imaginary axis, rounded to {ROUNDING_NOISE:g}", best, str(found.limit["rounded"]), ""),
        ("Pade, double precision", invert, str(found.inversion["pade"]), ""),
        ("", *networks["pade", False]),
        ("", *networks["pade", True]),
        (f"of these, those that pass at {100 * ACCEPTANCE_LIMIT:g} %", *networks["accepted", False]),
        ("the paper (Table I)", "network, after an autoencoder", f"{low} to {high}", ""),
    )


def _on_physics(results: Results, found: _Found) -> str:
    inform, limit, inverted = results["information"], found.limit["exact"].mean, found.inversion["exact"].mean
    if limit <= GOOD and inverted <= GOOD:
        head = "The map is not many-to-one in this family: an exact gap function determines its spectrum."
    elif limit <= GOOD:
        head = "An exact gap function determines its spectrum, but the linear inversion does not find it."
    else:
        head = "Exact gap functions do not determine their spectra here."
    return (
        f"**{head}** The singular values of the Jacobian of the gap function on the line with respect to the spectrum "
        f"decrease to {digits(_relative(inform['real'], 32))} of the largest over 32 of them and to "
        f"{digits(_relative(inform['real'], 100))} over 100. In the complex family a gap function that is exact to "
        f"1e-6 determines {_range(inform['n'][:, 0])} components of its spectrum, and the best linear estimate (near "
        "one spectrum, for normal errors and a prior with the covariance of the family) has a mean 1 - PCC of "
        f"{found.limit['exact']}, which 150 energies at this distance from the axis leave undetermined. With a noise "
        f"of {NOISE:g} it is {found.limit['noise']}. The linear inversion of the equations, which does not use the "
        f"family, has {found.inversion['exact']} and {found.inversion['noise']}: spectra from gap functions without "
        "a network, as in the inversion of tunneling data by McMillan and Rowell."
    )


def _on_axis(results: Results, found: _Found) -> str:
    inform, pade = results["information"], results["pade"]
    rms, largest = (digits(np.median(pade[name])) for name in ("rms", "largest"))
    accepted = digits(100 * np.mean(pade["acceptance"] < ACCEPTANCE_LIMIT))
    lost = found.limit["rounded"].mean >= max(GOOD, FAR * found.limit["exact"].mean)
    head = (
        "The information is lost on the imaginary axis."
        if lost
        else "Not much more information is lost on the imaginary axis."
    )
    return (
        f"**{head}** There the singular values decrease by a factor of {digits(_per_mode(inform['imaginary']))} from "
        f"one to the next. In double precision the values there determine {_range(inform['n_iw'])} components of the "
        "spectrum, for every method that starts from them, the Pade approximant included, and the best linear estimate "
        f"has {found.limit['rounded']}. The error of the Pade approximant is {rms} (median of the root mean square "
        f"error, in units of the largest |Delta|; {largest} at the worst energy). Independent errors of this size "
        "would do less harm; those of the Pade approximant depend on the spectrum. The fraction of the "
        "approximants that pass the acceptance test of the paper, Delta against phi/Z, at "
        f"{100 * ACCEPTANCE_LIMIT:g} % (a limit that the paper does not state) is {accepted} %; a network trained "
        "and tested on these alone has "
        f"{_over_seeds(found.test['accepted', False])}."
    )


def _on_parts(found: _Found, config: PaperConfig) -> str:
    exact, through = found.test["exact", True], found.test["pade", True]
    floor, rounded = found.limit["exact"], found.limit["rounded"]
    network, pade = _over_seeds(exact - floor.mean), _over_seeds(through - exact)
    more, more_pade = (_over_seeds(found.test[d, True] - found.test[d, False]) for d in ("exact", "pade"))
    low, high = (f(value for _, value in TABLE_I.values()) for f in (min, max))
    return (
        f"**The contributions to the error.** The 1 - PCC of the network on Pade data is {_over_seeds(through)}. Of "
        f"this {floor} is due to physics and sampling (the error of the best linear estimate from exact data), "
        f"{network} to the network (its additional error on exact data), and {pade} to the Pade data, if the "
        f"contribution of the network is the same there. On the imaginary axis, before the approximant, {rounded} is "
        "lost already, see above. The error of the network on its training set of exact data is "
        f"{_over_seeds(found.train['exact', True])}. With up to {config.more_epochs} epochs instead of "
        f"{config.epochs} (with the weights of the smallest validation loss) the errors change by {more} on exact and "
        f"{more_pade} on Pade data. The paper has {low} to {high}, for its own spectra and after an autoencoder."
    )


def _on_modes(missed: dict[str, np.ndarray], share: np.ndarray) -> str:
    """The paragraph on which modes of the family are missed."""
    n_found = {name: _n_modes_found(values) for name, values in missed.items()}
    fine = n_found["network, exact data"] < n_found["linear inversion, exact data"]
    head = "The network misses the fine modes." if fine else "The network misses no modes that the inversion finds."
    counts = "; ".join(f"{name}: {n} ({digits(100 * np.sum(share[:n]), 3)} %)" for name, n in n_found.items())
    return (
        f"**{head}** The number of leading modes of the family (eigenvectors of its covariance) before the first of "
        f"which at least half of the variance is missed, and their fraction of the total variance: {counts}. (Of "
        f"{share.size} modes.)"
    )


def _n_modes_found(missed: np.ndarray) -> int:
    """The number of leading modes before the first missed one, of which at least half of the variance is unexplained.

    Args:
        missed: Unexplained fraction of the variance of each mode, largest mode first.
    """
    of_missed_modes = np.flatnonzero(missed >= HALF)
    return int(of_missed_modes[0]) if of_missed_modes.size else missed.size


def _on_errors(config: PaperConfig) -> str:
    seeds = (
        f"for networks, standard deviations over {config.n_seeds} seeds (initial weights, order of rows and split; "
        "differences are taken seed by seed)"
        if config.n_seeds > 1
        else "for networks none, because there is one seed"
    )
    spectra = (
        f"for best linear estimates over {config.n_jacobians} test spectra"
        if config.n_jacobians > 1
        else "for best linear estimates none, because there is one spectrum"
    )
    return f"Errors: {seeds}; standard errors for the linear inversion over all test spectra; {spectra}."


def _limits(results: Results, noise: float) -> np.ndarray:
    """The error of the best linear estimate at a given noise, for each spectrum."""
    of_all = results["information"]["df"]
    return np.array([np.exp(np.interp(np.log(noise), np.log(NOISES), np.log(df))) for df in of_all])


def _over_seeds(values: np.ndarray) -> MeanWithError:
    return MeanWithError(float(np.mean(values)), float(np.std(values, ddof=1)) if values.size > 1 else float("nan"))


def _standard_error(values: np.ndarray) -> MeanWithError:
    mean, deviation = _over_seeds(np.asarray(values))
    return MeanWithError(mean, deviation / float(np.sqrt(np.size(values))))


def _relative(values: np.ndarray, number: int) -> float:
    return float(np.median(values[:, min(number, values.shape[1]) - 1] / values[:, 0]))


def _per_mode(values: np.ndarray) -> float:
    """The mean factor from one singular value to the next, over those that are not rounding errors."""
    factors = []
    for each in values:
        significant = each[each > ROUNDING * each[0]]
        factors.append((significant[0] / significant[-1]) ** (1 / max(1, significant.size - 1)))
    return float(np.median(factors))


def _range(values: np.ndarray) -> str:
    low, high = int(np.min(values)), int(np.max(values))
    return f"{low} to {high}" if low < high else f"{low}"
