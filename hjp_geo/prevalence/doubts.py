"""Where a modelled figure is not to be trusted or ranked, and how it is said in words."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from hjp_geo.areas import AreaValues

__all__ = [
    "DOUBTS",
    "FEW_CASES",
    "LEAST_RATIO",
    "MOST_RATIO",
    "RANGE_IN_WORDS",
    "area_doubts",
    "cases_in_words",
    "few_cases",
]

FEW_CASES = 10
"""Under so many modelled cases an area's figure is shown as "few": its rate is not to be ranked or compared."""

LEAST_RATIO, MOST_RATIO = 0.8, 1.25
"""Registered patients for each resident: outside these an area's modelled figures are doubtful (ours)."""

RANGE_IN_WORDS = (
    "In brackets: how far the way of sharing practice registers out can move the figure; it is no confidence interval. "
    "Without brackets the loaded data allow one way only."
)
"""What :func:`cases_in_words` puts in brackets, for whoever reads it."""

_LEAST_RESIDENTS = 1_000

DOUBTS = {
    "few_registered": f"under {LEAST_RATIO:g} registered patients for each resident",
    "many_registered": f"over {MOST_RATIO:g} registered patients for each resident",
    "few_people": f"under {_LEAST_RESIDENTS:,} residents",
}
"""Why an area's modelled figures are doubtful, by the codes of :func:`area_doubts`."""


def area_doubts(registered_per_resident: AreaValues, residents: AreaValues) -> pd.Series[str]:
    """Why modelled figures of each area are doubtful: a code of `DOUBTS`, the first that fits, or empty.

    Patients and residents part company near prisons, barracks and halls of residence, whose people no local practice
    lists, near the border of Wales, and where practices keep people listed who have moved away. Empty where the
    ratio is missing. The limits are ours.

    >>> area_doubts(pd.Series({"Barracks": 0.27, "Town": 1.05}), pd.Series({"Barracks": 3965, "Town": 1600})).to_list()
    ['few_registered', '']
    """
    people = residents.reindex(registered_per_resident.index)
    fits = [registered_per_resident < LEAST_RATIO, registered_per_resident > MOST_RATIO, people < _LEAST_RESIDENTS]
    codes = np.select([fit.to_numpy(dtype=bool) for fit in fits], list(DOUBTS), default="")
    return pd.Series(codes, index=registered_per_resident.index, name="flag", dtype="str")


def few_cases(cases: AreaValues) -> pd.Series[bool]:
    """Whether a modelled number of cases is known and under `FEW_CASES`: say "few", not a figure, class or rank."""
    return (cases < FEW_CASES).astype(bool)


def cases_in_words(cases: float, low: float = math.nan, high: float = math.nan) -> str:
    """A modelled number of people with the range of its method, as it is shown to a reader.

    "few" under `FEW_CASES`, "not known" where it is missing. Without a range where that is missing, or so narrow that
    both ends round to the figure.

    >>> cases_in_words(6139.2, 5980, 6300.4), cases_in_words(6139.2), cases_in_words(3.5, 2, 12)
    ('about 6,139 (5,980–6,300)', 'about 6,139', 'few (under 10)')
    """
    if math.isnan(cases):
        return "not known"
    if cases < FEW_CASES:
        return f"few (under {FEW_CASES})"
    figure, *ends = (f"{number:,.0f}" for number in (cases, low, high))
    return f"about {figure}" + ("" if "nan" in ends or {*ends} == {figure} else f" ({ends[0]}–{ends[1]})")
