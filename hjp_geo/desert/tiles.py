"""Fifths, tenths and lines: which areas or districts are the worst, and by what."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import pandas as pd

from hjp_geo.areas import AreaValues
from hjp_geo.desert.facts import AreaFacts
from hjp_geo.errors import PlanError

__all__ = ["at_most", "decile", "quintile", "supply_rate", "worst"]


def quintile(values: AreaValues, *, worst: Literal["high", "low"]) -> pd.Series[int]:
    """Which fifth of the areas each is in: 1 is the worst fifth, 5 the best.

    Fifths count areas: ⌈5·rank/N⌉ over the N areas with a value, ties taking the smallest rank. ``worst`` says which
    end is bad. Nullable Int64, missing where the value is. Fewer than five areas have no worst fifth.
    """
    return _n_tile(values, worst, 5).rename("quintile")


def decile(values: AreaValues, *, worst: Literal["high", "low"]) -> pd.Series[int]:
    """Which tenth of the areas each is in: 1 is the worst tenth, 10 the best. Otherwise as ``quintile``."""
    return _n_tile(values, worst, 10).rename("decile")


def worst(values: AreaValues, share: float) -> pd.Series[bool]:
    """Which areas are in the worst share, where low is bad; ties at the edge are all in, a missing value is not."""
    if not 0 < share < 1:
        raise PlanError(f"A worst or bottom share is {share:g}, expected between 0 and 1, such as 0.2 for a fifth.")
    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    known = numbers[~np.isnan(numbers)]
    count = math.floor(share * len(known) * (1 + 1e-12))
    edge = np.partition(known, count - 1)[count - 1] if count else -np.inf
    return pd.Series((numbers <= edge) & (count > 0), index=values.index)


def at_most(values: AreaValues, line: float) -> pd.Series[bool]:
    """Which values are at the line or below it; a sum that differs in its last digit only is at it."""
    return values <= line + 1e-9 * abs(line)


def supply_rate(facts: AreaFacts, supply: AreaValues | None, people: AreaValues | None) -> AreaValues:
    """Supply for each of a district's people, by district; missing where either is not known or nobody is there."""
    assert facts.district is not None
    assert supply is not None
    assert people is not None
    first = supply.where(facts.is_known).astype("float64").groupby(facts.district).first()
    total = people.astype("float64").groupby(facts.district).sum(skipna=False)
    return (first / total).where(total > 0)


def _n_tile(values: AreaValues, worst: Literal["high", "low"], parts: int) -> pd.Series[int]:
    if worst not in ("high", "low"):
        raise PlanError(f"worst is {worst!r}; expected 'high' where large values are bad, 'low' where small ones are.")
    rank = values.astype("float64").rank(method="min", ascending=worst == "low").astype("Int64")
    count = int(values.notna().sum())
    return -(-parts * rank // max(count, 1))  # whole numbers only, so that no edge is lost to rounding
