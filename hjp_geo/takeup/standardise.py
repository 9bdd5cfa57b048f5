"""Expected counts by indirect standardisation, and which observed counts chance alone would not explain."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from hjp_geo.areas import AreaValues, Table
from hjp_geo.errors import PlanError
from hjp_geo.statistics import Interval, byar, exact_poisson

__all__ = ["LABELS", "Label", "count_limits", "expected_counts", "funnel_limits", "verdicts"]

Label: TypeAlias = Literal["fewer than expected", "as expected", "more than expected", "too few to say"]
FEWER, AS_EXPECTED, MORE, TOO_FEW = "fewer than expected", "as expected", "more than expected", "too few to say"
LABELS = (FEWER, AS_EXPECTED, MORE, TOO_FEW)
"""What may be said of an area. One without a figure for need has no label at all."""

WIDE, NARROW = 0.998, 0.95
_BYAR_FROM = 10
_Floats: TypeAlias = npt.NDArray[np.float64]


def expected_counts(observed: AreaValues, need: AreaValues) -> AreaValues:
    """How many people would have come from each area, had take-up followed need: total observed × its share of need.

    Indirect standardisation: the expected counts add up to the observed ones, over the areas where both are known.
    Named ``expected``, indexed as ``observed``; missing where either is missing. Raises `PlanError` for a negative
    number, or where nobody is in need anywhere.

    >>> areas = pd.Index(["A", "B", "C"])
    >>> expected_counts(pd.Series([0.0, 6, 3], areas), pd.Series([100.0, 100, 250], areas)).tolist()
    [2.0, 2.0, 5.0]
    """
    if (observed < 0).any():
        raise PlanError(f"{observed.min():g} people helped in {observed.idxmin()}; expected 0 or more.")
    known = need.reindex(observed.index).where(observed.notna())
    return shared_out(float(observed[known.notna()].sum()), known)


def shared_out(total: float, need: AreaValues) -> AreaValues:
    """A total shared over areas in proportion to need; named ``expected``, missing where need is."""
    if (need < 0).any():
        raise PlanError(f"{need.min():g} people in need in {need.idxmin()}; expected 0 or more.")
    in_need = float(need.sum())
    if not in_need > 0:
        raise PlanError("Nobody is in need in any of these areas by this layer. Choose another, or a larger place.")
    return (need * (total / in_need)).rename("expected")


def count_limits(count: AreaValues, confidence: float = NARROW) -> Interval:
    """The limits of counts: Byar's from 10 on, exact Poisson below. Series as ``count``; missing where it is."""
    large = count >= _BYAR_FROM
    approximate, exact = byar(count, confidence=confidence), exact_poisson(count, confidence=confidence)
    return Interval(*(a.where(large, e) for a, e in zip(approximate, exact, strict=True)))


def funnel_limits(expected: AreaValues, confidence: float = NARROW) -> Interval:
    """Between which counts an area stays by chance alone, if take-up follows need.

    Exact Poisson limits with interpolation: a count below the lower one has a chance of less than (1 − confidence)/2
    to be that low. The lower limit is 0 where even a count of 0 would not be rare, so that no count is below it.
    Missing where ``expected`` is.

    Spiegelhalter (2005), Statistics in Medicine 24.
    """
    tail = (1 - confidence) / 2
    mean = expected.to_numpy(dtype=np.float64, na_value=np.nan)
    some = np.where(mean > 0, mean, 1.0)
    lower = np.where(mean > 0, special.pdtrik(tail, some), mean)  # 0 stays 0, missing stays missing
    below_one = -some / np.log1p(-tail)  # where even a count of 1 is rare: from 0, where nobody is expected, up to 1
    upper = np.where(mean > 0, np.where(below_one < 1, below_one, special.pdtrik(1 - tail, some) + 1), mean)
    return Interval(
        pd.Series(lower, index=expected.index, name="lower_limit"),
        pd.Series(upper, index=expected.index, name="upper_limit"),
    )


def fewer_by_chance(expected: AreaValues, most_small: int) -> float:
    """In how many areas fewer than expected would be said by chance alone, where counts up to ``most_small`` hide.

    The sum of each area's chance of a count below the 95 % limit; where that limit is not above ``most_small``, only
    a count of 0 can be said to be below it.
    """
    mean = expected.dropna().to_numpy(dtype=np.float64)
    lower = funnel_limits(expected.dropna()).lower.to_numpy(dtype=np.float64)
    below = np.where(lower > most_small, np.ceil(lower) - 1, 0.0)
    return float(np.where(lower > 0, special.pdtr(below, mean), 0.0).sum())


class _Limits(NamedTuple):
    """95 % and 99.8 % funnel limits as arrays."""

    lower: _Floats
    upper: _Floats
    lower_wide: _Floats
    upper_wide: _Floats


def verdicts(lowest: AreaValues, highest: AreaValues, expected: AreaValues) -> Table:
    """What may be said of each area when its count is known to lie between ``lowest`` and ``highest``.

    Columns ``label`` (one of `LABELS`, missing where ``expected`` is) and ``beyond`` (``99.8 %``, ``95 %`` or empty:
    the widest funnel limit that the count lies outside). A label is given only where it holds for every count in the
    range; where the range is missing, there are too few to say. Where the range straddles a limit the area is as
    expected if it may be a shown count (a range of at most 5), else too few to say.
    """
    narrow, wide = funnel_limits(expected), funnel_limits(expected, WIDE)
    limits = _Limits(*(one.to_numpy(dtype=np.float64) for one in (*narrow, *wide)))
    low, high = (one.to_numpy(dtype=np.float64, na_value=np.nan) for one in (lowest, highest))
    fewer, more = high < limits.lower, low > limits.upper
    hidden = np.isnan(high) | (high - low > _MOST_ROUNDED)
    powerless = (limits.lower <= 0) | (expected.to_numpy(dtype=np.float64) <= 0)
    words = np.select([fewer, more & _in_need(expected), hidden | powerless], [FEWER, MORE, TOO_FEW], AS_EXPECTED)
    beyond = np.where(fewer & (high < limits.lower_wide) | more & (low > limits.upper_wide), "99.8 %", "95 %")
    flagged = np.isin(words, (FEWER, MORE))
    table = pd.DataFrame({"label": words, "beyond": np.where(flagged, beyond, "")}, index=expected.index, dtype="str")
    return table.where(expected.notna())


_MOST_ROUNDED = 4.0


def _in_need(expected: AreaValues) -> npt.NDArray[np.bool_]:
    mean: Any = expected.to_numpy(dtype=np.float64)
    return np.asarray(mean > 0, dtype=bool)
