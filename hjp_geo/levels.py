"""Larger areas: what an answer says of each system or district, put together from its neighbourhoods.

Counts of people are added up. Scores, rates and shares are means that weigh each neighbourhood by its residents; access
is a mean over the people in need, so that access times people in need is still the supply that was shared out. Deserts
are the share of residents who live in a flagged neighbourhood. Data that only part of the people have are said so, and
are no figure at all where that part is under `LEAST_KNOWN`.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from hjp_geo.areas import AreaValues, Table
from hjp_geo.evidence import ENGLAND, Evidence
from hjp_geo.plan import Answer

__all__ = ["LEAST_KNOWN", "LEVELS", "Level", "by_level", "grouped_mean", "grouped_sum", "layer_by_level", "levels_of"]

LEAST_KNOWN = 0.5
"""The least share of the people of a larger area that must have data; with less it has no figure (ours)."""


@dataclass(frozen=True)
class Level:
    """A kind of larger area that neighbourhoods belong to, and its words."""

    name: str
    """The column of the areas without its ``_code``, such as ``lad24``."""
    label: str
    one: str
    many: str


LEVELS = {
    level.name: level
    for level in (
        Level("icb24", "Systems (ICB)", "system", "systems"),
        Level("icb26", "Systems (ICB, April 2026)", "system", "systems"),
        Level("lad24", "Districts", "district", "districts"),
    )
}
"""From the largest areas to the smallest; below all of them are the neighbourhoods (LSOAs)."""


def levels_of(evidence: Evidence, place: str) -> tuple[Level, ...]:
    """The levels worth showing for a place: of all areas, those that are loaded; else those that divide the place."""
    areas = evidence.areas.loc[evidence.areas_of(place)]
    loaded = [level for level in LEVELS.values() if f"{level.name}_code" in areas.columns]
    least = 1 if place == ENGLAND else 2
    return tuple(level for level in loaded if areas[f"{level.name}_code"].nunique() >= least)


def by_level(found: Answer, evidence: Evidence, level: str) -> Table:
    """The answer for each larger area of the place: one row each, indexed by ``area_code``, sorted.

    ``areas`` (neighbourhoods inside the place), ``residents``, ``people_in_need``; ``need``, mean over residents;
    ``access``, mean over people in need; each with ``…_share``, the share (0 to 1) of those people the figure speaks
    of. ``areas_flagged``, ``people_flagged``, ``people_without_verdict``; ``flagged_pct`` of the residents who have a
    verdict. Figures are missing where fewer than `LEAST_KNOWN` have data; a neighbourhood in none of the larger areas
    is left out.
    """
    areas, groups = found.areas, _groups(found, evidence, level)
    residents, in_need = areas["residents"].astype("float64"), areas["people_in_need"].astype("float64")
    flagged, judged = areas["desert"].fillna(value=False).astype(bool), areas["desert"].notna()
    counts = pd.DataFrame(
        {
            "areas": 1,
            "residents": residents,
            "areas_flagged": flagged.astype("int64"),
            "people_flagged": residents.where(flagged, 0.0),
            "people_without_verdict": residents.mask(judged, 0.0),
        }
    )
    table = counts.groupby(groups).sum()
    table.insert(0, "area_name", _names(evidence, level).loc[table.index])
    shares = (areas["desert"].astype("Float64") * 100).astype("float64")
    figures = {
        "people_in_need": grouped_sum(in_need, groups, residents),
        "need": grouped_mean(areas["need"], groups, residents),
        "access": grouped_mean(areas["access"], groups, in_need),
        "flagged_pct": grouped_mean(shares, groups, residents),
    }
    for name, figure in figures.items():
        table[name], table[f"{name}_share"] = figure["value"], figure["share"]
    return table.rename_axis("area_code")


def layer_by_level(found: Answer, evidence: Evidence, level: str, layer: str) -> Table:
    """One layer for each larger area: ``value``, and the ``share`` of residents (0 to 1) who have data.

    The sum where the layer counts people, else the mean over residents; missing where fewer than `LEAST_KNOWN` do.
    """
    values = evidence.values.loc[found.areas.index, layer]
    residents, groups = found.areas["residents"].astype("float64"), _groups(found, evidence, level)
    counts = str(evidence.layers.loc[layer, "role"]) == "people"
    return (grouped_sum if counts else grouped_mean)(values, groups, residents)


def grouped_mean(values: AreaValues, groups: pd.Series[str], weights: AreaValues) -> Table:
    """The mean of each group over the people in ``weights``: ``value``, and the ``share`` of them with a value.

    A neighbourhood with no value, or nobody known to live there, has no say. Missing where the share is under
    `LEAST_KNOWN` or there is nobody.
    """
    everyone = weights.astype("float64").fillna(0.0)
    known = everyone.where(values.notna(), 0.0)
    sums = _sums({"total": (values * everyone).fillna(0.0), "known": known, "all": everyone}, groups)
    return _figures(sums["total"] / sums["known"].mask(sums["known"] == 0), sums)


def grouped_sum(values: AreaValues, groups: pd.Series[str], residents: AreaValues) -> Table:
    """The sum of each group: ``value``, and the ``share`` of its residents whose neighbourhood has a value.

    With a share under 1 it is what is known, an under-count; missing where the share is under `LEAST_KNOWN`.
    """
    everyone = residents.astype("float64").fillna(0.0)
    known = everyone.where(values.notna(), 0.0)
    sums = _sums({"total": values.fillna(0.0), "known": known, "all": everyone}, groups)
    return _figures(sums["total"], sums)


def _sums(columns: dict[str, AreaValues], groups: pd.Series[str]) -> Table:
    return pd.DataFrame(columns).groupby(groups).sum()


def _figures(values: AreaValues, sums: Table) -> Table:
    share = sums["known"] / sums["all"].mask(sums["all"] == 0)
    return pd.DataFrame({"value": values.where(share >= LEAST_KNOWN), "share": share}).rename_axis("area_code")


def _groups(found: Answer, evidence: Evidence, level: str) -> pd.Series[str]:
    groups: pd.Series[str] = evidence.areas.loc[found.areas.index, f"{level}_code"]
    return groups


def _names(evidence: Evidence, level: str) -> pd.Series[str]:
    pairs = evidence.areas[[f"{level}_code", f"{level}_name"]].dropna().drop_duplicates(f"{level}_code")
    names: pd.Series[str] = pairs.set_index(f"{level}_code")[f"{level}_name"]
    return names
