"""The English Indices of Deprivation: their transformation, their score, and their summaries of whole places."""

from __future__ import annotations

from typing import Any, TypeAlias, overload

import numpy as np
import numpy.typing as npt
import pandas as pd

from hjp_geo.areas import AreaValues, Table
from hjp_geo.need.weights import Weights, checked_weights

__all__ = ["area_summary", "imd_score", "imd_transform"]

_Floats: TypeAlias = npt.NDArray[np.float64]


@overload
def imd_transform(ranks: AreaValues, n: float | None = None) -> AreaValues: ...
@overload
def imd_transform(ranks: npt.ArrayLike, n: float | None = None) -> _Floats: ...
def imd_transform(ranks: AreaValues | npt.ArrayLike, n: float | None = None) -> AreaValues | _Floats:
    """Ranks (1 = most deprived) as the exponential scores of the English Indices of Deprivation, above 0 up to 100.

    About a tenth of areas score over 50, so that a very bad domain is not cancelled by good ones. ``n`` is the number
    of areas ranked, by default the number given. Missing ranks stay missing.

    >>> imd_transform([1, 33755], n=33755).round(4).tolist()
    [100.0, 0.0007]
    """
    if not isinstance(ranks, pd.Series):
        ranks = np.asarray(ranks, dtype=np.float64)
    areas = np.size(ranks) if n is None else n
    least = np.exp(-100 / 23)
    scores: AreaValues | _Floats = -23 * np.log1p(-(areas - ranks + 1) / areas * (1 - least))
    return scores


def imd_score(domain_ranks: Table, weights: Weights) -> AreaValues:
    """The Index of Multiple Deprivation from the ranks of its domains: the weighted sum of their exponential scores.

    ``domain_ranks`` has one row per area of the whole country (their number is the N of the transformation) and a
    column per weighted domain; other columns take no part. The weights are used as they are, *not* rescaled: those of
    2025 add to 0.999. Missing where any domain is missing.

    MHCLG (2025), English Indices of Deprivation 2025: Technical Report.
    """
    names, shares = checked_weights(weights, domain_ranks)
    scores = imd_transform(domain_ranks[names].to_numpy(dtype=np.float64, na_value=np.nan), len(domain_ranks))
    return pd.Series(scores @ shares, index=domain_ranks.index, name="imd_score")


def area_summary(
    ranks: AreaValues,
    population: AreaValues,
    places: pd.Series[Any],
    *,
    scores: AreaValues | None = None,
    n: int | None = None,
) -> Table:
    """What the ranks of small areas say about the places they make up, as the Indices of Deprivation publish it.

    Parameters
    ----------
    ranks
        By small area, 1 = most deprived, among the whole country.
    population
        By small area: total population, but 18–66 for employment, 0–15 for IDACI, 60 and over for IDAOPI.
    places
        By small area: the place it belongs to. Small areas without a place are ignored.
    scores
        By small area, for the average score.
    n
        How many areas were ranked; by default the ranks that are given. Give it for a part of the country.

    Returns
    -------
    One row per place, sorted: ``population`` (people in areas with a rank) and, high = more deprived in each:

    * ``average_rank``: population-weighted mean of n + 1 − rank; ``average_score`` likewise, with ``scores``;
    * ``proportion_worst_10``: share of its small areas, unweighted, in the country's most deprived tenth;
    * ``extent``: share of its people in the worst three tenths, counted in full for the worst and ever less up to the
      30th percentile;
    * ``local_concentration``: mean of n + 1 − rank over the most deprived 10 % of its people, exactly.

    Small areas without a rank or a population are left out of everything; a place with none, or nobody, is missing.
    Label results of your own "computed by hjp-geo", never "published".

    MHCLG (2025), English Indices of Deprivation 2025: Technical Report and Research Report.
    """
    table = pd.DataFrame({"place": places, "rank": ranks, "people": population})
    table["score"] = np.nan if scores is None else scores
    table = table.dropna(subset=["place", "rank", "people"]).sort_values(["place", "rank"], kind="stable")
    total = int(ranks.count()) if n is None else n
    table["high"] = total + 1 - table["rank"]
    table["worst"] = np.ceil(10 * table["rank"] / total) <= 1
    table["extent"] = _extent_weight(np.ceil(100 * table["rank"] / total))
    everyone = table.groupby("place", observed=True)
    table["worst_off"] = _first_tenth(table["people"], everyone["people"])
    result = pd.DataFrame({"population": everyone["people"].sum(), "average_rank": _mean(table, "high", "people")})
    if scores is not None:
        result["average_score"] = _mean(table, "score", "people")
    result["proportion_worst_10"] = everyone["worst"].mean()
    result["extent"] = _mean(table, "extent", "people")
    result["local_concentration"] = _mean(table, "high", "worst_off")
    return result.rename_axis(index="area_code").sort_index()


def _extent_weight(percentile: pd.Series[float]) -> pd.Series[float]:
    """1 up to the 10th percentile, then from 0.95 down to 0.05 at the 30th, 0 beyond."""
    sliding = 0.95 - (percentile - 11) * 0.9 / 19
    return sliding.mask(percentile <= 10, 1.0).mask(percentile > 30, 0.0)


def _first_tenth(people: pd.Series[float], by_place: Any) -> pd.Series[float]:
    """How many of each area's people are among the first 10 % of their place, in the order of the rows."""
    before = by_place.cumsum() - people
    taken: pd.Series[float] = (0.1 * by_place.transform("sum") - before).clip(lower=0).clip(upper=people)
    return taken


def _mean(table: Table, column: str, weight: str) -> pd.Series[float]:
    """The weighted mean of a column in each place, over the rows that have it."""
    weights = table[weight].where(table[column].notna())
    sums = pd.DataFrame({"place": table["place"], "top": table[column] * weights, "bottom": weights})
    added = sums.groupby("place", observed=True).sum()
    mean: pd.Series[float] = added["top"] / added["bottom"].where(added["bottom"] > 0)
    return mean
