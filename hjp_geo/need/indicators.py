"""One indicator at a time: its outliers, its gaps, its direction and its scale."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from hjp_geo.areas import AreaValues
from hjp_geo.errors import PlanError
from hjp_geo.need.deprivation import imd_transform

__all__ = ["NORMALISATIONS", "Treated", "impute_group_mean", "normalise", "treat_outliers"]

_Floats: TypeAlias = npt.NDArray[np.float64]

_SIGN = {"high_is_need": 1.0, "low_is_need": -1.0}


class Treated(NamedTuple):
    """An indicator after outlier treatment: what was done (``none``, ``winsorise``, ``log``) and to how many points."""

    values: AreaValues
    treatment: str
    points: int


def treat_outliers(values: AreaValues, *, max_points: int = 5) -> Treated:
    """The indicator with its few extreme values pulled in, if its distribution needs it.

    It passes if |skewness| < 2 or excess kurtosis < 3.5. Else the extreme values of one end (high if skewed to the
    right) take the next value, step by step, until it passes or ``max_points`` are changed; if that fails, the
    original is replaced by ln(x − min + 1 % of the range). Missing values stay missing and take no part.

    Only for normalisations that keep distances (min–max, z, goalposts); ranks need none.
    Becker and others (2022), COINr.
    """
    known = np.asarray(values.dropna(), dtype=np.float64)
    if _well_behaved(known):
        return Treated(values, "none", 0)
    high_end = _skewness(known) >= 0
    capped, points = _winsorise(known if high_end else -known, max_points)
    if _well_behaved(capped):
        cap = capped.max()
        return Treated(values.clip(upper=cap) if high_end else values.clip(lower=-cap), "winsorise", points)
    low, width = known.min(), np.ptp(known)
    return Treated(values.map(lambda x: np.log(x - low + 0.01 * width)), "log", len(known))


def _winsorise(x: _Floats, max_points: int) -> tuple[_Floats, int]:
    """The values with their high end capped until they pass, and the number of points changed."""
    points = 0
    while points < max_points and not _well_behaved(x):
        extreme = x == x.max()
        points = int(extreme.sum())
        x = np.where(extreme, x[~extreme].max(), x)
    return x, points


def impute_group_mean(values: AreaValues, groups: pd.Series[Any]) -> AreaValues:
    """The indicator, each missing value replaced by the mean of its group; missing where the whole group is.

    Not our default: an index uses the indicators that an area has (see :func:`combine`).
    """
    return values.fillna(values.groupby(groups).transform("mean"))


def _skewness(x: _Floats) -> float:
    """Sample skewness with the small-sample factor of G1."""
    n, z = len(x), x - x.mean()
    return float(np.sqrt(n) * (z**3).sum() / (z**2).sum() ** 1.5 * np.sqrt(n * (n - 1)) / (n - 2))


def _kurtosis(x: _Floats) -> float:
    """Sample excess kurtosis, G2."""
    n, z = len(x), x - x.mean()
    g = n * (z**4).sum() / (z**2).sum() ** 2
    return float(((n + 1) * (g - 3) + 6) * (n - 1) / ((n - 2) * (n - 3)))


def _well_behaved(x: _Floats) -> bool:
    return len(x) < 4 or np.ptp(x) == 0 or abs(_skewness(x)) < 2 or _kurtosis(x) < 3.5


def normalise(
    values: AreaValues,
    method: str = "imd_exponential",
    *,
    polarity: str = "high_is_need",
    scale: tuple[float, float] = (0.0, 100.0),
    goalposts: tuple[float, float] | None = None,
) -> AreaValues:
    """The indicator on a common scale where high is always more need.

    Parameters
    ----------
    values
        One number per area, as published.
    method
        ``imd_exponential`` (of ranks, above 0 to 100), ``min_max``, ``z``, ``percentile_rank`` (0 to 1), ``probit``
        (of ranks), or ``goalposts``.
    polarity
        ``high_is_need`` or ``low_is_need``; the values are turned round once, before anything else.
    scale
        The ends of ``min_max`` and ``goalposts``; (1, 100) for a geometric or harmonic index.
    goalposts
        The low and high limit of that method, in the unit of ``values``; what lies beyond is cut. Freeze the minimum
        and maximum of one release here to compare it with another.

    Returns
    -------
    Named and indexed as ``values``. Missing stays missing and takes no part; ties get the smallest rank. All missing
    for ``min_max`` and ``z`` where every area has the same value, and for ``goalposts`` with equal limits.

    Raises
    ------
    PlanError
        Unknown method or polarity, or goalposts without that method and the reverse.
    """
    if polarity not in _SIGN:
        raise PlanError(f"polarity of {values.name} is {polarity!r}; a need index takes {' or '.join(_SIGN)}.")
    if method not in NORMALISATIONS:
        raise PlanError(f"no normalisation {method!r}; there are {', '.join(NORMALISATIONS)}.")
    if (method == "goalposts") != (goalposts is not None):
        raise PlanError("goalposts, the low and high limit, belong to the method 'goalposts' and to no other.")
    need = values * _SIGN[polarity]
    if method == "min_max":
        return _between(need, (need.min(), need.max()), scale)
    if goalposts is not None:
        low, high = sorted(limit * _SIGN[polarity] for limit in goalposts)
        return _between(need, (low, high), scale).clip(*scale)
    return _BY_OWN_SCALE[method](need)


def _between(need: AreaValues, limits: tuple[float, float], scale: tuple[float, float]) -> AreaValues:
    low, high = limits
    width = high - low if high > low else np.nan
    return scale[0] + (scale[1] - scale[0]) * (need - low) / width


def _imd_exponential(need: AreaValues) -> AreaValues:
    return imd_transform(need.rank(method="min", ascending=False), need.count())


def _z(need: AreaValues) -> AreaValues:
    deviation = need.std()
    return (need - need.mean()) / (deviation if deviation > 0 else np.nan)


def _percentile_rank(need: AreaValues) -> AreaValues:
    others = need.count() - 1
    return (need.rank(method="min") - 1) / (others if others > 0 else np.nan)


def _probit(need: AreaValues) -> AreaValues:
    share = (need.rank(method="min") - 0.5) / need.count()
    return pd.Series(special.ndtri(share.to_numpy()), index=need.index, name=need.name)


_BY_OWN_SCALE: Mapping[str, Callable[[AreaValues], AreaValues]] = {
    "imd_exponential": _imd_exponential,
    "percentile_rank": _percentile_rank,
    "probit": _probit,
    "z": _z,
}

NORMALISATIONS = (*sorted([*_BY_OWN_SCALE, "min_max", "goalposts"]),)
"""The ways of :func:`normalise`."""
