"""Intervals for proportions, counts and rates, as English public health practice computes them.

They cover the chance in a count, not the error of a model: for modelled prevalence show the range of its choices.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from hjp_geo.errors import PlanError

__all__ = ["Interval", "byar", "exact_poisson", "wilson"]

_Floats: TypeAlias = npt.NDArray[np.float64]
_Numbers: TypeAlias = "float | npt.ArrayLike | pd.Series[Any]"


class Interval(NamedTuple):
    """The lower and upper limit: numbers, arrays or Series, as the count was given."""

    lower: Any
    upper: Any


def wilson(count: _Numbers, denominator: _Numbers, confidence: float = 0.95) -> Interval:
    """The limits of a proportion, by Wilson's score method without continuity correction.

    ``count`` of ``denominator``, which may be fractional (modelled). Between 0 and 1; missing where either is.
    Raises PlanError for a count below 0 or above the denominator, or a denominator of 0 or less.

    Wilson (1927), Journal of the American Statistical Association 22; Newcombe (1998), Statistics in Medicine 17.

    >>> [round(limit, 4) for limit in wilson(81, 263)]
    [0.2553, 0.3662]
    """
    x, n = _checked(count, denominator)
    if (x > n).any():
        raise PlanError(f"a count of {x[x > n][0]:g} of {n[x > n][0]:g}; a proportion has at most its denominator.")
    z = _z(confidence)
    half_width = z * np.sqrt(z**2 + 4 * x * (1 - x / n))
    lower = (2 * x + z**2 - half_width) / (2 * (n + z**2))
    upper = (2 * x + z**2 + half_width) / (2 * (n + z**2))
    return _like(count, denominator, np.where(x == 0, 0.0, lower), np.where(x == n, 1.0, upper))


def byar(count: _Numbers, denominator: _Numbers = 1.0, confidence: float = 0.95) -> Interval:
    """The limits of a rate, by Byar's approximation: for counts of 10 or more.

    ``count`` events over ``denominator``; with the default denominator the limits are of the count itself. Never below
    0; missing where either is. Below 10 events use :func:`exact_poisson`; the two do not join smoothly.
    Raises PlanError for a count below 0 or a denominator of 0 or less.

    Breslow and Day (1987), Statistical Methods in Cancer Research II.
    """
    x, n = _checked(count, denominator)
    z = _z(confidence)
    some = np.where(x > 0, x, 1.0)
    lower = np.where(x > 0, x * np.maximum(1 - 1 / (9 * some) - z / (3 * np.sqrt(some)), 0) ** 3, x)
    upper = (x + 1) * (1 - 1 / (9 * (x + 1)) + z / (3 * np.sqrt(x + 1))) ** 3
    return _like(count, denominator, lower / n, upper / n)


def exact_poisson(count: _Numbers, denominator: _Numbers = 1.0, confidence: float = 0.95) -> Interval:
    """The exact limits of a rate of rare events: for counts below 10.

    ``count`` events over ``denominator``; with the default denominator the limits are of the count itself. The lower
    limit of no events is 0. Missing where either is missing.
    Raises PlanError for a count below 0 or a denominator of 0 or less.

    Garwood (1936), Biometrika 28.
    """
    x, n = _checked(count, denominator)
    tail = (1 - _checked_confidence(confidence)) / 2
    lower = np.where(x > 0, special.gammaincinv(np.where(x > 0, x, 1.0), tail), x)
    return _like(count, denominator, lower / n, special.gammainccinv(x + 1, tail) / n)


def _checked(count: _Numbers, denominator: _Numbers) -> tuple[_Floats, _Floats]:
    """Both as arrays of the same shape, aligned by index where both are Series."""
    if isinstance(count, pd.Series) and isinstance(denominator, pd.Series):
        denominator = denominator.reindex(count.index)
    x, n = np.broadcast_arrays(np.asarray(count, dtype=np.float64), np.asarray(denominator, dtype=np.float64))
    if (x < 0).any():
        raise PlanError(f"a count of {x[x < 0][0]:g}; counts are 0 or more.")
    if (n <= 0).any():
        raise PlanError(f"a denominator of {n[n <= 0][0]:g}; it must be above 0 (leave out areas where nobody is).")
    return x, n


def _checked_confidence(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise PlanError(f"a confidence of {confidence}; give a share between 0 and 1, such as 0.95.")
    return confidence


def _z(confidence: float) -> float:
    return float(special.ndtri((1 + _checked_confidence(confidence)) / 2))


def _like(count: _Numbers, denominator: _Numbers, lower: _Floats, upper: _Floats) -> Interval:
    """The limits in the form of the inputs: Series, arrays or plain numbers."""
    shaped = next((given for given in (count, denominator) if isinstance(given, pd.Series)), None)
    if shaped is not None:
        return Interval(
            pd.Series(lower, index=shaped.index, name="lower_ci"), pd.Series(upper, index=shaped.index, name="upper_ci")
        )
    return Interval(lower, upper) if lower.ndim else Interval(float(lower), float(upper))
