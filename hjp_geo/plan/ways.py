"""How people get to a site: a straight line in km, or minutes, estimated from it or kept from a router or a matrix."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from hjp_geo.access import nearest_site, straight_line_costs
from hjp_geo.areas import Table
from hjp_geo.errors import PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.journeys import Journeys, StraightLine, load_journeys, nearest_journey, straight_line_journeys

__all__ = ["ESTIMATED", "STRAIGHT_LINE", "nearest_sites", "not_known", "pairs_between", "placed_areas", "way_in_words"]

STRAIGHT_LINE = "straight_line"
ESTIMATED = {"walk": "on foot, estimated", "drive": "by car, estimated"}
"""Minutes made from a straight line, a detour and a speed: they need no data. Any other name is of kept journeys."""
_RURAL_URBAN = "rural_urban"


def placed_areas(evidence: Evidence) -> Table:
    """The areas that have a centre; the others take part in no distance."""
    return evidence.areas[evidence.areas["easting"].notna()]


def way_in_words(evidence: Evidence, journeys: str) -> str:
    """What made the distances or minutes: a sentence to print beside every number that rests on them."""
    if journeys == STRAIGHT_LINE:
        return "Distances are straight lines from population-weighted centres."
    return StraightLine().words(journeys) if journeys in ESTIMATED else _kept(evidence, journeys).how


def pairs_between(evidence: Evidence, sites: Table, journeys: str, cutoff: float) -> Table:
    """Every pair of a placed area and a site at most ``cutoff`` apart, inclusive: ``area_code, site_id`` and the cost.

    The cost is ``km`` for a straight line and ``minutes`` for the others. `PlanError` where kept journeys are not there
    or do not go so far.
    """
    areas = placed_areas(evidence)
    if journeys == STRAIGHT_LINE:
        return straight_line_costs(areas, sites, cutoff_km=cutoff)
    if journeys in ESTIMATED:
        return straight_line_journeys(
            areas, sites, cutoff_minutes=cutoff, mode=journeys, rural_urban=_rural_urban(evidence)
        ).costs
    return _kept(evidence, journeys).limited_to(areas=areas.index, sites=sites.index).within(cutoff).costs


def nearest_sites(evidence: Evidence, sites: Table, journeys: str) -> Table:
    """The nearest site of each area, by minutes where the way is in minutes.

    Columns ``site_id``, straight-line ``km``, ``site_name`` and, but for a straight line, ``minutes``. Estimates and
    straight lines know the nearest however far it is. Of kept journeys, an area of which they say nothing has
    missing minutes; one that they know but from which none of the sites is reached has infinitely many.
    """
    areas = placed_areas(evidence)
    found = nearest_site(areas, sites)
    if journeys in ESTIMATED:
        found = found.assign(minutes=_estimated(evidence, sites, journeys)["minutes"])
    elif journeys != STRAIGHT_LINE:
        found = _nearest_kept(evidence, sites, found, journeys)
    found = found.reindex(evidence.areas.index)
    return found.assign(site_name=found["site_id"].map(sites["site_name"]))


def not_known(evidence: Evidence, journeys: str) -> pd.Series[bool]:
    """Which areas kept journeys say nothing of: they go from there to no site at all, counted or not.

    A matrix does not tell such an area from one that it leaves out, and no data is never a desert. None otherwise.
    """
    index = evidence.areas.index
    if journeys == STRAIGHT_LINE or journeys in ESTIMATED:
        return pd.Series(data=False, index=index)
    codes = _kept(evidence, journeys).costs["area_code"]
    return pd.Series(~index.isin(codes.cat.categories[np.unique(codes.cat.codes)]), index=index)


def _estimated(evidence: Evidence, sites: Table, mode: str) -> Table:
    return nearest_journey(placed_areas(evidence), sites, mode=mode, rural_urban=_rural_urban(evidence))


def _nearest_kept(evidence: Evidence, sites: Table, straight: Table, journeys: str) -> Table:
    kept = _kept(evidence, journeys)
    costs = kept.limited_to(areas=straight.index, sites=sites.index).costs.astype(
        {"area_code": "str", "site_id": "str"}
    )
    least = costs.sort_values(["minutes", "site_id"]).drop_duplicates("area_code").set_index("area_code")
    minutes = least["minutes"].reindex(straight.index)
    unreached = minutes.isna() & ~not_known(evidence, journeys)[straight.index]
    site = least["site_id"].reindex(straight.index)
    there, centres = site.dropna(), placed_areas(evidence)
    apart = sites.loc[there, ["easting", "northing"]].to_numpy() - centres.loc[there.index, ["easting", "northing"]]
    km = pd.Series(np.hypot(apart["easting"], apart["northing"]) / 1000, index=there.index).reindex(straight.index)
    return pd.DataFrame({"site_id": site, "km": km, "minutes": minutes.mask(unreached, np.inf)})


def _rural_urban(evidence: Evidence) -> pd.Series[Any] | None:
    """The class of each placed area, where it is loaded."""
    if _RURAL_URBAN not in evidence.areas.columns:
        return None
    return placed_areas(evidence)[_RURAL_URBAN]


@lru_cache(maxsize=4)
def _kept(evidence: Evidence, name: str) -> Journeys:
    try:
        return load_journeys(evidence.warehouse.path.parent, name)
    except PlanError as error:
        known = f"straight_line, {', '.join(ESTIMATED)}, or the name of kept journeys"
        raise PlanError(f"journeys is '{name}', expected {known}. {error}") from error
