"""The paper's own question, answered: how much of what is missed is physics, how much Pade, how much the network?"""

import dataclasses
from typing import Literal, NamedTuple

import numpy as np

from ...analysis import ROUNDING
from .._paper_config import PaperConfig
from .._published_numbers import TABLE_I
from ..stages import ACCEPTED, NOISE, NOISES, ROUNDED, Data, Results, by_seed
from ._verdict import WELL, Table, digits, with_error

HALF = 0.5
"""Part of the variance of a mode from which on it counts as missed."""

FAR = 10.0
"""Factor by which one thing is far worse than another."""


class Spread(NamedTuple):
    """A mean and its error; the error is NaN if it is not known."""

    mean: float
    error: float

    def __str__(self) -> str:
        """With a few digits."""
        return with_error(self.mean, self.error)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Point:
    """Something that was tried, for the picture.

    Args:
        method: How spectra were found.
        noise: Error of the gap functions, in units of the largest |Delta|.
        df: Mean 1 - PCC of the spectra and its error.
    """

    method: Literal["network", "linear inversion", "best from the rounded imaginary axis"]
    noise: float
    df: Spread


@dataclasses.dataclass(frozen=True, kw_only=True)
class Answer:
    """Numbers and words.

    Args:
        table: Mean 1 - PCC of spectra from all that was tried, and from what can be reached at all.
        text: What follows from it, one paragraph an entry.
        points: The same for the picture.
        missed: Part of the variance of each mode of the family that a method misses, by its name.
    """

    table: Table
    text: tuple[str, ...]
    points: tuple[Point, ...]
    missed: dict[str, np.ndarray]


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Found:
    """Means of 1 - PCC with standard errors over spectra (limits, inversion) or deviations over seeds (networks)."""

    limit: dict[str, Spread]
    inversion: dict[str, Spread]
    test: dict[tuple[Data, bool], np.ndarray]
    train: dict[tuple[Data, bool], np.ndarray]


KINDS: tuple[tuple[Data, bool], ...] = (
    ("exact", False),
    ("exact", True),
    ("pade", False),
    ("pade", True),
    ("accepted", False),
)
"""Networks by the data they saw, and whether they were trained longer."""


def answer(results: Results, config: PaperConfig) -> Answer:
    """What the stages on the question come to."""
    invert = results["inversion"]
    found = _Found(
        limit={
            "exact": _standard_error(_limits(results, NOISES[0])),
            "noise": _standard_error(_limits(results, NOISE)),
            "rounded": _standard_error(results["information"]["df_iw"]),
        },
        inversion={n: Spread(float(invert[n]), float(invert[f"{n}_error"])) for n in ("exact", "noise", "pade")},
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
        (f"imaginary axis, rounded to {ROUNDED:g}", best, str(found.limit["rounded"]), ""),
        ("Pade, double precision", invert, str(found.inversion["pade"]), ""),
        ("", *networks["pade", False]),
        ("", *networks["pade", True]),
        (f"of these, those that pass at {100 * ACCEPTED:g} %", *networks["accepted", False]),
        ("the paper (Table I)", "network, after an autoencoder", f"{low} to {high}", ""),
    )


def _on_physics(results: Results, found: _Found) -> str:
    inform, limit, inverted = results["information"], found.limit["exact"].mean, found.inversion["exact"].mean
    if limit <= WELL and inverted <= WELL:
        head = "The map is not many-to-one in this family: an exact gap function fixes its spectrum."
    elif limit <= WELL:
        head = "An exact gap function fixes its spectrum, but the linear inversion here does not find it."
    else:
        head = "Exact gap functions do not fix their spectra here."
    return (
        f"**{head}** The singular values of the derivative of the gap function on the line "
        f"by the spectrum fall to {digits(_relative(inform['real'], 32))} of the largest over 32 of them and to "
        f"{digits(_relative(inform['real'], 100))} over 100. In the complex family a gap function that is exact to "
        f"1e-6 fixes {_range(inform['n'][:, 0])} numbers of its spectrum, and the best linear estimate (near one "
        "spectrum, for normal errors and a family of this covariance) has a mean 1 - PCC of "
        f"{found.limit['exact']}: what 150 energies at this distance from the axis leave open. With a noise of "
        f"{NOISE:g} it is {found.limit['noise']}. The linear inversion of the equations, which knows nothing of the "
        f"family, comes to {found.inversion['exact']} and {found.inversion['noise']}: spectra from gap functions "
        "without any network, as from tunneling since McMillan and Rowell."
    )


def _on_axis(results: Results, found: _Found) -> str:
    inform, pade = results["information"], results["pade"]
    rms, largest = (digits(np.median(pade[name])) for name in ("rms", "largest"))
    accepted = digits(100 * np.mean(pade["acceptance"] < ACCEPTED))
    lost = found.limit["rounded"].mean >= max(WELL, FAR * found.limit["exact"].mean)
    head = "The imaginary axis is where it is lost." if lost else "The imaginary axis does not lose much more here."
    return (
        f"**{head}** There the singular values fall by a factor of {digits(_per_mode(inform['imaginary']))} from one "
        f"to the next. In double precision {_range(inform['n_iw'])} numbers of the spectrum survive for all that "
        "starts from there, the Pade approximant included, and the best linear estimate comes to "
        f"{found.limit['rounded']}. The Pade approximant is off by {rms} (median of the root mean square error, in "
        f"units of the largest |Delta|; {largest} at the worst energy). Independent errors of that size would cost "
        f"less; those of Pade are not independent of the spectrum. {accepted} % of its gap functions pass the paper's "
        f"test, Delta against phi/Z, at {100 * ACCEPTED:g} % (a number that the paper does not state); a network "
        f"trained and tested on these alone comes to {_over_seeds(found.test['accepted', False])}."
    )


def _on_parts(found: _Found, config: PaperConfig) -> str:
    exact, through = found.test["exact", True], found.test["pade", True]
    floor, rounded = found.limit["exact"], found.limit["rounded"]
    network, pade = _over_seeds(exact - floor.mean), _over_seeds(through - exact)
    more, more_pade = (_over_seeds(found.test[d, True] - found.test[d, False]) for d in ("exact", "pade"))
    low, high = (f(value for _, value in TABLE_I.values()) for f in (min, max))
    return (
        f"**How much is what.** The network's 1 - PCC on Pade data is {_over_seeds(through)}. Of this {floor} is "
        f"physics and sampling (what no linear estimate finds from exact data), {network} is the network (what it "
        f"misses more on exact data), and {pade} comes with the Pade data, if the network's part is the same there. "
        f"On the imaginary axis, before the approximant, {rounded} is lost already, see above. The network misses "
        f"{_over_seeds(found.train['exact', True])} on the exact rows that it was trained on. Up to "
        f"{config.more_epochs} epochs in place of {config.epochs} (weights are those of the smallest validation loss) "
        f"change the errors by {more} on exact and {more_pade} on Pade data. The paper has {low} to {high}, for "
        "spectra of its own and after an autoencoder."
    )


def _on_modes(missed: dict[str, np.ndarray], share: np.ndarray) -> str:
    """What is missed, by modes of the family."""
    right = {name: _right(values) for name, values in missed.items()}
    fine = right["network, exact data"] < right["linear inversion, exact data"]
    head = "The network misses the fine modes." if fine else "No modes are missed that the inversion finds."
    counts = "; ".join(f"{name}: {n} ({digits(100 * np.sum(share[:n]), 3)} %)" for name, n in right.items())
    return (
        f"**{head}** Leading modes of the family (eigenvectors of its covariance) before the first of which half of "
        f"the variance or more is missed, and the part of all variance that they hold: {counts}. (Looked at are "
        f"{share.size}.)"
    )


def _right(missed: np.ndarray) -> int:
    """Modes before the first that is not half right."""
    wrong = np.flatnonzero(missed >= HALF)
    return int(wrong[0]) if wrong.size else missed.size


def _on_errors(config: PaperConfig) -> str:
    seeds = (
        f"for networks, standard deviations over {config.n_seeds} seeds (initial weights, order of rows and split; "
        "differences are taken seed by seed)"
        if config.n_seeds > 1
        else "for networks none: there is one seed"
    )
    spectra = (
        f"for best linear estimates over {config.n_jacobians} test spectra"
        if config.n_jacobians > 1
        else "for best linear estimates none: there is one spectrum"
    )
    return f"Errors: {seeds}; standard errors for the linear inversion over all test spectra; {spectra}."


def _limits(results: Results, noise: float) -> np.ndarray:
    """The best linear estimate at a noise, for each spectrum."""
    of_all = results["information"]["df"]
    return np.array([np.exp(np.interp(np.log(noise), np.log(NOISES), np.log(df))) for df in of_all])


def _over_seeds(values: np.ndarray) -> Spread:
    return Spread(float(np.mean(values)), float(np.std(values, ddof=1)) if values.size > 1 else float("nan"))


def _standard_error(values: np.ndarray) -> Spread:
    mean, deviation = _over_seeds(np.asarray(values))
    return Spread(mean, deviation / float(np.sqrt(np.size(values))))


def _relative(values: np.ndarray, number: int) -> float:
    return float(np.median(values[:, min(number, values.shape[1]) - 1] / values[:, 0]))


def _per_mode(values: np.ndarray) -> float:
    """The factor from one singular value to the next, on average over those that are no rounding errors."""
    factors = []
    for each in values:
        kept = each[each > ROUNDING * each[0]]
        factors.append((kept[0] / kept[-1]) ** (1 / max(1, kept.size - 1)))
    return float(np.median(factors))


def _range(values: np.ndarray) -> str:
    low, high = int(np.min(values)), int(np.max(values))
    return f"{low} to {high}" if low < high else f"{low}"
