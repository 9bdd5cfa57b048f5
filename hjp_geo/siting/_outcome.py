"""What a choice of new sites does for people: within reach or not, room or not, near or far; today and then."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from hjp_geo.access import nearest_site
from hjp_geo.areas import Table
from hjp_geo.evidence import Evidence
from hjp_geo.plan import Answer, Plan
from hjp_geo.siting.candidate import Candidate
from hjp_geo.siting.locate import Solution

__all__ = ["Gained", "Outcome", "gained"]

_WORST_SHARE = 0.05


class Gained(NamedTuple):
    """Who new sites reach, wherever they live; counts are of whole areas, each once."""

    areas: int
    people: float
    """Residents."""
    people_in_need: float
    """By the plan's people layer."""
    newly_reached: float
    """Residents with no counted site within the plan's cutoff today; missing where that is not known."""


def gained(candidates: Sequence[Candidate], plan: Plan, found: Answer, evidence: Evidence) -> Gained:
    """The figures that `assess` gives for these candidates together."""
    points = evidence.areas[["easting", "northing"]].to_numpy(dtype="float64")
    inside = np.zeros(len(points), dtype=np.bool_)
    for candidate in candidates:
        held = candidate.holds(points)
        if not held.any():  # as assess does: a circle that holds no centre takes the area it stands in
            held = evidence.areas.index.isin([evidence.areas_at(candidate.anchor)[0]])
        inside |= held
    codes = evidence.areas.index[inside]
    residents = evidence.areas.loc[codes, "residents"].astype("float64")
    newly = math.nan
    if found.known:
        newly = float(residents[found.framed["sites_in_reach"].reindex(codes) == 0].sum())
    in_need = float(evidence.values.loc[codes, plan.demand].sum())
    return Gained(len(codes), float(residents.sum()), in_need, newly)


@dataclass(frozen=True, eq=False)
class Outcome:
    """The areas of a place today and with the new sites, and their sums in people whom the search serves."""

    areas: Table
    """Indexed by area: people, residents, fifth (1 to 5), km_today and km_then (to the nearest site that is open,
    missing where there is none), reached_today (missing where today is not known) and reached_then (within the cutoff),
    site_new (the nearest new site), and served_then, the share of the area within reach that finds room."""
    figures: Table
    """Indexed by group (All, five fifths, Worst-off 5 %): people, residents, reached_today, reached_then,
    newly_reached, served_then, no_room_then (in reach, but no capacity), beyond_reach_then, mean_km_today and
    mean_km_then."""

    @classmethod
    def of(cls, frame: Table, points: Table, new: Table, solution: Solution, *, is_added: bool) -> Outcome:
        """``frame``: people, residents, fifth, km_today, cutoff_km by area; ``points``: where their people live."""
        cutoff = float(frame["cutoff_km"].iloc[0])
        nearest = nearest_site(points, new)
        table = frame.drop(columns="cutoff_km").assign(site_new=nearest["site_id"], km_new=nearest["km"])
        table["km_then"] = table[["km_today", "km_new"]].min(axis=1) if is_added else table["km_new"]
        table["reached_today"] = (table["km_today"] <= cutoff).astype("boolean")
        if table["km_today"].isna().all():
            table["reached_today"] = pd.Series(pd.NA, index=table.index, dtype="boolean")
        table["reached_then"] = table["km_then"] <= cutoff
        used = solution.assignment
        share = used[used["km"] <= cutoff].groupby("area_code")["share"].sum().reindex(table.index)
        # no pair in use within the cutoff: known to be served by nobody within reach
        table["served_then"] = share.where(table["reached_then"], 0.0).fillna(0.0).clip(upper=1.0)
        return cls(table, _figures(table))

    @property
    def all(self) -> dict[str, float]:
        """The sums over the whole place."""
        return {name: float(self.figures[name]["All"]) for name in self.figures.columns.astype("str")}

    def by_site(self, sites: Table) -> Table:
        """The new sites with the people who have none nearer, and those of them who had none within reach."""
        table = self.areas[self.areas["reached_then"] & (self.areas["km_new"] == self.areas["km_then"])]
        people = table.groupby("site_new")["people"].sum()
        newly = table[~table["reached_today"].fillna(value=True)].groupby("site_new")["people"].sum()
        known = not self.areas["reached_today"].isna().all()
        return sites[["site_name", "easting", "northing"]].assign(
            people_nearest=people.reindex(sites.index, fill_value=0.0),
            people_newly_reached=newly.reindex(sites.index, fill_value=0.0) if known else math.nan,
        )


def _figures(table: Table) -> Table:
    rows = {"All": _sums(table)}
    for fifth in range(1, 6):
        rows[f"Fifth {fifth}"] = _sums(table[table["fifth"] == fifth])
    if table["fifth"].isna().any():
        rows["Fifth not known"] = _sums(table[table["fifth"].isna()])
    rows["Worst-off 5 %"] = {
        f"mean_km_{when}": _worst_mean(table[f"km_{when}"], table["people"]) for when in ("today", "then")
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("group")


def _sums(table: Table) -> dict[str, float]:
    people = table["people"].fillna(0.0)  # no figure: in no sum, and counted in the notes
    then, served = table["reached_then"], table["served_then"]
    today = table["reached_today"]
    is_known = not today.isna().any()
    reached = people[today.fillna(value=False).astype(bool)].sum()
    newly = people[then & ~today.fillna(value=True).astype(bool)].sum()
    return {
        "people": float(people.sum()),
        "residents": float(table["residents"].sum()),
        "reached_today": float(reached) if is_known else math.nan,
        "reached_then": float(people[then].sum()),
        "newly_reached": float(newly) if is_known else math.nan,
        "served_then": float((people * served).sum()),
        "no_room_then": float((people * (1.0 - served))[then].sum()),
        "beyond_reach_then": float(people[~then].sum()),
        "mean_km_today": _mean(table["km_today"], people),
        "mean_km_then": _mean(table["km_then"], people),
    }


def _mean(km: pd.Series[float], people: pd.Series[float]) -> float:
    """The mean over people; missing where anybody has no site at all, or there is nobody."""
    counted = people > 0
    if not counted.any() or km[counted].isna().any():
        return math.nan
    return float(np.average(km[counted], weights=people[counted]))


def _worst_mean(km: pd.Series[float], people: pd.Series[float]) -> float:
    """The mean over the twentieth of people with the longest way; of the last area, only as many as it takes."""
    counted = people > 0
    far, weight = km[counted].to_numpy(), people[counted].to_numpy()
    if len(far) == 0 or np.isnan(far).any():
        return math.nan
    order = np.argsort(-far, kind="stable")
    far, weight = far[order], weight[order]
    before = np.cumsum(weight) - weight
    taken = np.clip(_WORST_SHARE * weight.sum() - before, 0.0, weight)
    return float(np.average(far, weights=taken))
