"""Tunneling curves made by hand: a smeared BCS density of states, noise, and files of them."""

import io
import warnings

import numpy as np

from diffeliash import read_conductance

V = np.linspace(-20.0, 20.0, 401)
HEADER = "# bias (mV), G/G_N\n"
NORMAL = 2e-3 * (1 + 0.02 * V / 20 + 0.06 * (V / 20) ** 2)
"""Conductance of the normal state [S] at `V`."""


def bcs(bias, noise=1e-3, seed=0, center=0.0):
    """The density of states of a gap of 1.4 meV, smeared by 0.25 meV, with noise."""
    x = np.linspace(-4, 4, 161)
    weights = np.exp(-(x**2) / 2) / np.sum(np.exp(-(x**2) / 2))
    z = bias[:, None] - center + 0.25 * x[None, :] + 0.05j
    dos = np.abs((z / np.sqrt(z**2 - 1.4**2)).real)
    return dos @ weights + noise * np.random.default_rng(seed).standard_normal(bias.size)


def table(*columns, header="", delimiter=" "):
    text = io.StringIO()
    np.savetxt(text, np.column_stack(columns), fmt="%.9e", delimiter=delimiter)
    return header + text.getvalue()


def read(path, text, **options):
    """Read a file with this content; its notices are asked about in the result."""
    path.write_text(text)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return read_conductance(path, **options)


def told(file, words):
    """The notices that contain some words."""
    return [notice for notice in file.notices if words in notice]
