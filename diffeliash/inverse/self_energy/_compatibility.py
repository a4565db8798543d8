r"""Whether the real and the imaginary part of a self-energy can have the same a2F.

With independent errors of unit variance, $r = (1 - H)b$ are the residuals of a linear fit with the smoothness prior,

$$ H = A\,(A^TA + P)^{-1}A^T, \qquad P = s\,C^TC . $$

The statistic is the increase of $\chi^2$ from separate fits to the joint one, all with the same prior and without the
constraint $\alpha^2F \ge 0$,

$$ X = |(1 - H)b|^2 - \sum_p |(1 - H_p)b_p|^2 = b^TMb . $$

Where one a2F drawn from the prior describes both parts, $b$ is normal with the covariance $V = 1 + A_xP^{-1}A_x^T$, and
$X$ has the mean $\sum_p\mathrm{tr}\,H_p - \mathrm{tr}\,H$, because $V^{-1} = 1 - H$, and the variance
$2\,\mathrm{tr}(MV)^2$. Its distribution is taken as that of $\chi^2$ times a factor, with this mean and variance.
"""

import numpy as np
from jaxtyping import Float
from scipy.stats import chi2

from ._linear_fit import LinearFit, whiten

Square = Float[np.ndarray, "value value"]


def compatibility(joint: LinearFit) -> float:
    """The probability of an increase of chi^2 as large as found, if one a2F describes both parts.

    Args:
        joint: The fit of both parts, with the errors of both found by separate fits.
    """
    n_free, n = joint.model.n_free, joint.best.n
    A = whiten(joint.errors, joint.model.matrix[:, : n_free + n])
    b = whiten(joint.errors, joint.measured - joint.model.baseline)
    root = joint.prior.root(n)
    rows = np.split(np.arange(len(b)), len(joint.errors))
    M = _rejected(A, root, n_free)
    M = M @ M
    mean = -float(np.sum(_hat_diagonal(A, root, n_free)))
    for part in rows:
        R = _rejected(A[part], root, n_free)
        M[np.ix_(part, part)] -= R @ R
        mean += float(np.sum(_hat_diagonal(A[part], root, n_free)))
    spread = np.linalg.solve(root.T, A[:, n_free:].T).T
    MV = M + (M @ spread) @ spread.T
    variance = 2 * float(np.sum(MV * MV.T))
    return float(chi2.sf(float(b @ M @ b) * 2 * mean / variance, 2 * mean**2 / variance))


def _hat(A: Float[np.ndarray, "value unknown"], root: Float[np.ndarray, "boson boson"], n_free: int) -> np.ndarray:
    """The orthonormal rows whose squares are the matrix H; free parameters of other parts are left out."""
    used = np.any(A != 0, axis=0)
    prior = np.pad(root, ((0, 0), (n_free, 0)))[:, used]
    return np.linalg.qr(np.concatenate([A[:, used], prior]))[0][: len(A)]


def _rejected(A: np.ndarray, root: np.ndarray, n_free: int) -> Square:
    """The matrix 1 - H."""
    Q = _hat(A, root, n_free)
    return np.eye(len(A)) - Q @ Q.T


def _hat_diagonal(A: np.ndarray, root: np.ndarray, n_free: int) -> Float[np.ndarray, " value"]:
    """The diagonal of H."""
    return np.sum(_hat(A, root, n_free) ** 2, axis=1)
