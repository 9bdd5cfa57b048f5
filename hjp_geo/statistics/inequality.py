"""Inequality of a value (such as access) between people, as one number.

Every function takes one entry per area or group: Series aligned by their index, or arrays in one order. Entries
without a value, a population or what they are sorted by take no part; neither do those without people.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from hjp_geo.errors import PlanError

__all__ = [
    "SlopeIndex",
    "TheilParts",
    "concentration_index",
    "fgt",
    "gini",
    "palma",
    "slope_index_of_inequality",
    "theil",
    "theil_by_group",
]

_Floats: TypeAlias = npt.NDArray[np.float64]
_Column: TypeAlias = "pd.Series[Any] | npt.ArrayLike"


def concentration_index(value: _Column, population: _Column, income: _Column, *, form: str = "plain") -> float:
    """How far the value goes to the better-off: above 0 if they have more, below 0 if the worse-off have.

    ``income`` is anything that sorts the least advantaged first, such as a deprivation decile (1 = most deprived);
    entries that are equal in it share one rank. ``plain`` runs from -1 to 1. ``corrected`` is for values between
    known limits (Erreygers type): 4 × mean / (maximum − minimum) times as much. Missing where the mean is 0, or all
    values are the same and ``corrected``.

    Wagstaff, Paci and van Doorslaer (1991), Social Science & Medicine 33; Erreygers (2009), Journal of Health
    Economics 28.
    """
    if form not in ("plain", "corrected"):
        raise PlanError(f"no form {form!r} of the concentration index; there are plain and corrected.")
    h, people, advantage = _people(value, population, income)
    p = people / people.sum()
    _, group = np.unique(advantage, return_inverse=True)
    of_group = np.bincount(group, weights=p)
    middle = (np.cumsum(of_group) - of_group / 2)[group]
    covariance = 2 * float(np.sum(p * (middle - 0.5) * (h - np.sum(p * h))))
    return _ratio(covariance, np.sum(p * h)) if form == "plain" else _ratio(4 * covariance, np.ptp(h) if len(h) else 0)


def gini(value: _Column, population: _Column) -> float:
    """How unequal the value is between people: 0 if all have the same, towards 1 if one has all.

    Missing where nobody has any. Raises PlanError for negative values. Gini (1912).
    """
    h, people = _people(value, population)
    _not_negative(h, "the Gini index")
    order = np.argsort(h, kind="stable")
    p = people[order] / people.sum()
    share = np.cumsum(p * h[order])
    before = share - p * h[order]
    return 1 - _ratio(np.sum(p * (before + share)), share[-1]) if len(h) else float("nan")


def theil(value: _Column, population: _Column) -> float:
    """How unequal the value is between people, Theil's T: 0 if all have the same; it can be divided over groups.

    No upper limit but the logarithm of the number of people. Missing where nobody has any. Raises PlanError for
    negative values. Theil (1967), Economics and Information Theory.
    """
    h, people = _people(value, population)
    _not_negative(h, "Theil's index")
    return _theil(h, people / people.sum())


class TheilParts(NamedTuple):
    """Theil's T and its two parts, which add up to it."""

    total: float
    between: float
    within: float


def theil_by_group(value: _Column, population: _Column, groups: _Column) -> TheilParts:
    """Theil's T divided into the part between groups of areas and the part within them.

    ``between`` is the inequality that would be left if everybody had the mean of their group.
    """
    h, people, group = _people(value, population, groups)
    _not_negative(h, "Theil's index")
    p = people / people.sum()
    _, number = np.unique(group, return_inverse=True)
    of_people = np.bincount(number, weights=p).astype(np.float64)
    of_value = np.bincount(number, weights=p * h).astype(np.float64)
    inside = [_theil(h[number == i], p[number == i] / of_people[i]) if of_value[i] > 0 else 0.0 for i in set(number)]
    within = _ratio(np.sum(of_value * inside), of_value.sum())
    return TheilParts(_theil(h, p), _theil(of_value / of_people, of_people), within)


def palma(value: _Column, population: _Column, income: _Column) -> float:
    """The mean value of the richest tenth of people over that of the poorest four tenths: 1 if equal.

    The limits are population-weighted quantiles of income over *all* areas given, with a value or not: above the
    90th percentile, and up to the 40th. Missing where either side is empty or the poorest have none.

    After Palma (2011), Development and Change 42.
    """
    income_of_all, people_of_all = _people(income, population)
    low, high = _quantiles(income_of_all, people_of_all, (0.4, 0.9))
    h, people, earned = _people(value, population, income)
    rich, poor = earned > high, earned <= low
    if not (rich.any() and poor.any()):
        return float("nan")
    return _ratio(np.average(h[rich], weights=people[rich]), np.average(h[poor], weights=people[poor]))


def fgt(value: _Column, population: _Column, line: float, alpha: float) -> float:
    """Poverty of access: the people below a line (strictly), weighted by how far below.

    ``alpha`` 0 gives their share of all people, 1 the mean shortfall as a share of the line, 2 its square, which
    counts the worst-off most. From 0 (nobody below) to 1. Raises PlanError for a line of 0 or less or alpha below 0.

    Foster, Greer and Thorbecke (1984), Econometrica 52.
    """
    if not line > 0 or not alpha >= 0:
        raise PlanError(f"a line of {line} and alpha {alpha}; the line must be above 0 and alpha 0 or more.")
    h, people = _people(value, population)
    below = h < line
    return _ratio(np.sum(people[below] * ((line - h[below]) / line) ** alpha), people.sum())


class SlopeIndex(NamedTuple):
    """The difference (``sii``) and ratio (``rii``) between the top and the bottom, with 95 % intervals if asked."""

    sii: float
    rii: float
    sii_lower: float = float("nan")
    sii_upper: float = float("nan")
    rii_lower: float = float("nan")
    rii_upper: float = float("nan")


def slope_index_of_inequality(
    value: _Column,
    population: _Column,
    se: _Column | None = None,
    *,
    kind: str = "mean",
    seed: int = 0,
    draws: int = 100_000,
) -> SlopeIndex:
    """The gap in a value between the most and the least advantaged person, from a line through all groups.

    Parameters
    ----------
    value
        One per group, the **least advantaged group first**: 5 to 100 groups, all present.
    population
        People in each group.
    se
        Standard error of each value; with it come 95 % intervals, from draws around the values.
    kind
        ``mean`` fits a line to the values; ``rate`` to their logarithm; ``proportion`` to their logit.
    seed, draws
        Of the random draws; the same seed gives the same limits.

    Returns
    -------
    ``sii`` = top − bottom, in the unit of the value: below 0 if the deprived have more. ``rii`` = top / bottom.

    Raises
    ------
    PlanError
        Fewer than 5 or more than 100 groups, one without value or people, or values outside what ``kind`` allows.

    Pamuk (1985), Population Studies 39; the intervals follow UKHSA practice.
    """
    y, people = np.asarray(value, dtype=np.float64), np.asarray(population, dtype=np.float64)
    if not 5 <= len(y) <= 100 or not (np.isfinite(y).all() and (people > 0).all()):
        raise PlanError(f"{len(y)} groups; expected 5 to 100, each with a value and people.")
    if kind not in _LINKS:
        raise PlanError(f"no kind {kind!r} of slope index; there are {', '.join(_LINKS)}.")
    link = _LINKS[kind]
    if not ((y > link.low) & (y < link.high)).all():
        raise PlanError(f"a {kind} must lie between {link.low:g} and {link.high:g}; found {y.min():g} to {y.max():g}.")
    share = people / people.sum()
    sii, rii = _ends(link.to(y), share, link)
    if se is None:
        return SlopeIndex(float(sii), float(rii))
    spread = np.asarray(se, dtype=np.float64) * link.slope(y)
    drawn = np.random.default_rng(seed).normal(link.to(y), spread, (draws, len(y)))
    limits = [np.quantile(drawn_index, (0.025, 0.975)) for drawn_index in _ends(drawn, share, link)]
    return SlopeIndex(float(sii), float(rii), *(float(limit) for pair in limits for limit in pair))


class _Link(NamedTuple):
    """A scale on which the line is straight: to it, back, the slope of the way to it, and the values it takes."""

    to: Any
    back: Any
    slope: Any
    low: float
    high: float


_LINKS = {
    "mean": _Link(lambda y: y, lambda t: t, np.ones_like, -np.inf, np.inf),
    "rate": _Link(np.log, np.exp, np.reciprocal, 0, np.inf),
    "proportion": _Link(
        lambda y: np.log(y / (1 - y)), lambda t: 1 / (1 + np.exp(-t)), lambda y: 1 / (y * (1 - y)), 0, 1
    ),
}


def _ends(t: _Floats, share: _Floats, link: _Link) -> tuple[_Floats, _Floats]:
    """Difference and ratio of the line's value at the top (everybody below) and at the bottom."""
    middle = np.cumsum(share) - share / 2
    centre = np.sum(share * middle)
    slope = np.sum(t * share * (middle - centre), axis=-1) / np.sum(share * (middle - centre) ** 2)
    bottom = np.sum(t * share, axis=-1) - slope * centre
    top_value, bottom_value = link.back(bottom + slope), link.back(bottom)
    ratio = np.divide(
        top_value,
        bottom_value,
        out=np.full_like(np.asarray(top_value, dtype=np.float64), np.nan),
        where=bottom_value != 0,
    )
    return top_value - bottom_value, ratio


def _people(*columns: _Column) -> tuple[Any, ...]:
    """The columns as arrays, Series aligned by index, without entries that miss one; the second is population."""
    aligned = all(isinstance(column, pd.Series) for column in columns)
    table = pd.DataFrame({i: column if aligned else np.asarray(column) for i, column in enumerate(columns)}).dropna()
    people = table[1].to_numpy(dtype=np.float64)
    if (people < 0).any():
        raise PlanError(f"a population of {people.min():g}; it must be 0 or more.")
    table = table[people > 0]
    first, second, *others = (table[number].to_numpy() for number in table)
    return (first.astype(np.float64), second.astype(np.float64), *others)


def _theil(h: _Floats, p: _Floats) -> float:
    mean = np.sum(p * h)
    if not mean > 0:
        return float("nan")
    return float(np.sum(p * special.xlogy(h / mean, h / mean)))


def _quantiles(x: _Floats, people: _Floats, shares: tuple[float, ...]) -> list[float]:
    """The smallest value that this share of people do not exceed."""
    if not len(x):
        return [float("nan")] * len(shares)
    order = np.argsort(x, kind="stable")
    reached = np.cumsum(people[order]) / people.sum()
    return [float(x[order][min(int(np.searchsorted(reached, share)), len(x) - 1)]) for share in shares]


def _not_negative(h: _Floats, what: str) -> None:
    if (h < 0).any():
        raise PlanError(f"a value of {h.min():g}; {what} is for values of 0 or more.")


def _ratio(top: Any, bottom: Any) -> float:
    return float(top / bottom) if bottom else float("nan")
