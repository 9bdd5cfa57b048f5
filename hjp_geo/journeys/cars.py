"""Households with and without a car: whose journey a figure is about."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from hjp_geo.areas import AreaValues
from hjp_geo.errors import PlanError

__all__ = ["CarLessReach", "by_car_ownership", "car_less_reach"]


@dataclass(frozen=True)
class CarLessReach:
    """What journeys without a car mean for the households that have none: counts of households that add up."""

    households: float
    """Households without a car."""
    within: float
    """… whose journey takes at most the cutoff."""
    beyond: float
    """… whose journey takes longer."""
    unreachable: float
    """… who cannot make it at all."""
    not_known: float
    """… in areas whose journey is not known."""
    mean_minutes: float
    """Mean over the households that can make the journey; missing where none can."""


def by_car_ownership(with_car: AreaValues, without_car: AreaValues, share_without_car: AreaValues) -> AreaValues:
    """The mean over the households of each area: those with a car have one figure, those without another.

    Indexed as ``share_without_car``, a share from 0 to 1. Missing where the share is, and where the figure of a part
    that has households is missing: a household that cannot get there is not left out of the mean in silence.
    """
    share = share_without_car.astype("float64")
    if ((share < 0) | (share > 1)).any():
        raise PlanError(f"share_without_car goes from {share.min():g} to {share.max():g}; expected shares of 1.")
    car, none = with_car.reindex(share.index), without_car.reindex(share.index)
    parts = np.where(share < 1, (1 - share) * car, 0.0) + np.where(share > 0, share * none, 0.0)
    return pd.Series(np.where(share.isna(), np.nan, parts), index=share.index, name="by_car_ownership")


def car_less_reach(
    minutes_without_car: AreaValues,
    households_without_car: AreaValues,
    *,
    cutoff_minutes: float,
    known: pd.Series[bool] | None = None,
) -> CarLessReach:
    """How many households without a car can make the journey in ``cutoff_minutes``, inclusive, and how many cannot.

    ``minutes_without_car`` is the journey on foot or by public transport, missing where it cannot be made; an area
    where it is not known is False in ``known`` (or absent from the minutes). Areas without a count take no part.
    """
    households = households_without_car.dropna().astype("float64")
    if (households < 0).any():
        raise PlanError(f"households_without_car has {households.min():g}; expected 0 or more.")
    minutes = minutes_without_car.reindex(households.index)
    sure = pd.Series(households.index.isin(minutes_without_car.index), index=households.index)
    if known is not None:
        sure &= known.reindex(households.index, fill_value=False)
    reached = sure & minutes.notna()
    within = reached & (minutes <= cutoff_minutes)
    can = households[reached]
    return CarLessReach(
        households=float(households.sum()),
        within=float(households[within].sum()),
        beyond=float(households[reached & ~within].sum()),
        unreachable=float(households[sure & minutes.isna()].sum()),
        not_known=float(households[~sure].sum()),
        mean_minutes=float((can * minutes[reached]).sum() / can.sum()) if can.sum() > 0 else float("nan"),
    )
