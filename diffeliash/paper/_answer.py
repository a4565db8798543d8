"""The paper's own question, answered: how much of what is missed is physics, how much Pade, how much the network?"""

import dataclasses

import numpy as np

from ._config import PaperConfig
from ._item import Table, digits
from ._published import TABLE_I
from ._question import NOISE, NOISES, Data
from ._run import Results, network_name

Spread = tuple[float, float]
"""A mean and a standard deviation."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Answer:
    """Numbers and words.

    Args:
        table: Mean 1 - PCC of spectra from all that was tried, and from what can be reached at all.
        text: What follows from it, one paragraph an entry.
        levels: What the picture shows as lines, by name: mean 1 - PCC and kind of data.
    """

    table: Table
    text: tuple[str, ...]
    levels: dict[str, tuple[float, Data]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Found:
    """Means and spreads of 1 - PCC over spectra or seeds."""

    exact_limit: Spread
    noisy_limit: Spread
    rounded_limit: Spread
    test: dict[tuple[Data, bool], Spread]
    train: dict[tuple[Data, bool], Spread]


KINDS: tuple[tuple[Data, bool], ...] = (("exact", False), ("exact", True), ("pade", False), ("pade", True))
"""Networks by the data they saw, and whether they were trained longer."""


def answer(results: Results, config: PaperConfig) -> Answer:
    """What the stages on the question come to."""
    found = _Found(
        exact_limit=_limit(results, NOISES[0]),
        noisy_limit=_limit(results, NOISE),
        rounded_limit=_spread(results["information"]["df_iw"]),
        test={kind: _seeds(results, config, kind, "df") for kind in KINDS},
        train={kind: _seeds(results, config, kind, "df_train") for kind in KINDS},
    )
    levels: dict[str, tuple[float, Data]] = {
        "network, double-precision Pade": (found.test["pade", True][0], "pade"),
        "network, exact data": (found.test["exact", True][0], "exact"),
        "linear inversion, exact data": (float(results["inversion"]["exact"]), "exact"),
    }
    text = (_on_physics(results, found), _on_pade(results, found), _on_parts(found, config))
    return Answer(table=_table(results, found, config), text=text, levels=levels)


def _table(results: Results, found: _Found, config: PaperConfig) -> Table:
    invert, low, high = results["inversion"], *(f(value for _, value in TABLE_I.values()) for f in (min, max))
    networks = {
        kind: (
            f"network, {config.more_epochs if kind[1] else config.epochs} epochs",
            _pm(found.test[kind]),
            _pm(found.train[kind]),
        )
        for kind in KINDS
    }
    return (
        ("data", "method", "1 - PCC of a2F", "on training rows"),
        ("exact gap functions (error 1e-6)", "best linear estimate", _pm(found.exact_limit), ""),
        ("", "linear inversion, no network", digits(invert["exact"]), ""),
        ("", *networks["exact", False]),
        ("", *networks["exact", True]),
        (f"noise of {NOISE:g}", "best linear estimate", _pm(found.noisy_limit), ""),
        ("", "linear inversion, no network", digits(invert["noise"]), ""),
        ("imaginary axis, rounded to 1e-15", "best linear estimate", _pm(found.rounded_limit), ""),
        ("double-precision Pade", "linear inversion, no network", digits(invert["pade"]), ""),
        ("", *networks["pade", False]),
        ("", *networks["pade", True]),
        ("the paper (Table I)", "network, after an autoencoder", f"{low} to {high}", ""),
    )


def _on_physics(results: Results, found: _Found) -> str:
    inform, invert = results["information"], results["inversion"]
    fixed = inform["n"][:, 0]
    return (
        "**The map is not many-to-one.** The singular values of the derivative of the gap function on the line "
        f"by the spectrum fall to {digits(_relative(inform['real'], 32))} of the largest over 32 modes and to "
        f"{digits(_relative(inform['real'], 100))} over 100. In the complex family a gap function that is exact to "
        f"1e-6 fixes {_range(fixed)} numbers of its spectrum, and the best linear estimate (for normal errors and a "
        "family of this covariance) has a mean 1 - PCC of "
        f"{_pm(found.exact_limit)} over {len(fixed)} spectra; with a noise of {NOISE:g} it is "
        f"{_pm(found.noisy_limit)}. The linear inversion of the equations, without any network, comes to "
        f"{digits(invert['exact'])} and {digits(invert['noise'])}."
    )


def _on_pade(results: Results, found: _Found) -> str:
    inform, pade = results["information"], results["pade"]
    rms, largest, accepted = (np.median(pade["rms"]), np.median(pade["largest"]), np.mean(pade["acceptance"] < 0.1))
    return (
        "**The imaginary axis is where it is lost.** There the singular values fall by a factor of ten with every "
        f"mode. In double precision {_range(inform['n_iw'])} numbers of the spectrum survive for all that starts "
        "from there, the Pade approximant included, and the best linear estimate comes to "
        f"{_pm(found.rounded_limit)}. The Pade approximant itself is off by {digits(rms)} (median of the root mean "
        f"square error, in units of the largest |Delta|; {digits(largest)} at the worst energy); "
        f"{digits(100 * accepted)} % of its gap functions pass the paper's test, Delta against phi/Z, at 10 %."
    )


def _on_parts(found: _Found, config: PaperConfig) -> str:
    through, network = found.test["pade", True][0], found.test["exact", True][0]
    return (
        f"**How much is what.** Of the {digits(through)} that the network misses on Pade data after "
        f"{config.more_epochs} epochs, {digits(found.exact_limit[0])} is physics, "
        f"{digits(network - found.exact_limit[0])} the network (on exact data it misses "
        f"{_pm(found.test['exact', True])}; on the rows it was trained on {_pm(found.train['exact', True])}), and "
        f"{digits(through - network)} comes with the Pade approximant. Errors are standard deviations over "
        f"{config.n_seeds} seeds (weights, order of rows and split)."
    )


def _limit(results: Results, noise: float) -> Spread:
    of_all = results["information"]["df"]
    return _spread(np.array([np.exp(np.interp(np.log(noise), np.log(NOISES), np.log(df))) for df in of_all]))


def _seeds(results: Results, config: PaperConfig, kind: tuple[Data, bool], name: str) -> Spread:
    names = [network_name(kind[0], seed, longer=kind[1]) for seed in range(config.n_seeds)]
    return _spread(np.array([float(results[each][name]) for each in names]))


def _spread(values: np.ndarray) -> Spread:
    return float(np.mean(values)), float(np.std(values, ddof=1)) if values.size > 1 else 0.0


def _relative(values: np.ndarray, number: int) -> float:
    return float(np.median(values[:, min(number, values.shape[1]) - 1] / values[:, 0]))


def _range(values: np.ndarray) -> str:
    low, high = int(np.min(values)), int(np.max(values))
    return f"{low} to {high}" if low < high else f"{low}"


def _pm(value: Spread) -> str:
    return f"{digits(value[0])} ± {digits(value[1], 1)}" if value[1] else digits(value[0])
