"""A place in figures, beside its region and everything loaded: who lives there, what is more common, which advice.

Shares of a place are means of its areas, weighted by their residents; areas without a figure are left out of the mean
and counted. A modelled figure carries the range of its method.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from hjp_geo.areas import Table
from hjp_geo.evidence import ENGLAND, Evidence, Place
from hjp_geo.plan import TOPICS, Answer

__all__ = ["ALIKE", "SIDES", "Advice", "Profile", "profile", "profile_lines"]

Bools: TypeAlias = "npt.NDArray[np.bool_]"

ALIKE = 0.05
"""Figures that differ by no more than this share of the other are called about the same (ours)."""
SIDES = {
    "higher": "higher than {there}, by more than a twentieth of it and more than its range",
    "alike": "about the same: within a twentieth, or within the range of the method",
    "lower": "lower than {there}, likewise",
    "not known": "one of the two is not known",
}
"""How a figure stands beside that of everything loaded."""

_WORST_TENTHS = 2
_MOST_NEEDS = 5
_AGES = "people_aged_"
_HARDSHIP = "people_in_"


@dataclass(frozen=True)
class Advice:
    """The counted sites of the plan's topic: how many, and how many people there are for each."""

    here: int
    """Sites that stand in an area of the place."""
    in_reach: int
    """Sites within the plan's distance of an area of the place, these included."""
    everywhere: int
    """Sites in all areas loaded."""
    people_per_site: float
    """Residents of the place for each site that stands in it; missing where none does."""
    people_per_site_everywhere: float


@dataclass(frozen=True, eq=False)
class Profile:
    """What is known of the people of a place, with the same for its region and for everything loaded."""

    place: Place
    areas: int
    residents: float
    areas_without_residents: int
    region: str | None
    """The name of the region that most of its residents live in; None for a region, England, or where not loaded."""
    region_share: float
    """The share of its residents who live there."""
    everywhere: str
    """What all areas of the warehouse together are called."""
    figures: Table
    """Indexed by layer: ``label, group, unit, here, low, high, region, everywhere, side, of_areas, missing, sources``;
    ``side`` is one of `SIDES`; low and high are missing where no range is known."""
    tenths: Table
    """Indexed by national tenth of deprivation, 1 the most: residents, and shares here, region, everywhere, %. No rows
    where the layer is not loaded."""
    advice: Advice | None
    """None where no loaded list covers the topic: nobody knows, which is not the same as no site."""

    @property
    def is_everything(self) -> bool:
        """Whether the place is all there is: then there is nothing to compare it with."""
        return self.place.code == ENGLAND

    def top_needs(self) -> Table:
        """The figures of need that are higher here than everywhere, the furthest above first; at most five."""
        rows = self.figures[(self.figures["side"] == "higher") & self.figures["is_need"]]
        ratio = rows["here"] / rows["everywhere"]
        return rows.assign(ratio=ratio).sort_values("ratio", ascending=False, kind="stable").head(_MOST_NEEDS)


def profile(found: Answer, evidence: Evidence) -> Profile:
    """The place of an answer in figures. Works on whatever layers the warehouse holds: what is not there is absent."""
    areas, inside = evidence.areas, evidence.areas.index.isin(found.areas.index)
    residents = areas["residents"].astype("float64")
    region, region_share, in_region = _region(areas, inside, residents)
    groups = {"here": inside, "region": in_region, "everywhere": np.ones(len(areas), dtype=bool)}
    return Profile(
        place=found.place,
        areas=int(inside.sum()),
        residents=float(residents[inside].sum()),
        areas_without_residents=int(residents[inside].isna().sum()),
        region=region,
        region_share=region_share,
        everywhere="all areas loaded" if evidence.made_up else "England",
        figures=_figures(evidence, residents, groups),
        tenths=_tenths(evidence, residents, groups),
        advice=_advice(found, evidence, residents, inside),
    )


def _region(areas: Table, inside: Bools, residents: pd.Series[float]) -> tuple[str | None, float, Bools]:
    """The region of most residents, its share of them, and which areas are in it; none for a place that is as large."""
    nowhere = np.zeros(len(areas), dtype=bool)
    if "region24_code" not in areas.columns:
        return None, 0.0, nowhere
    people = residents[inside].groupby(areas.loc[inside, "region24_code"]).sum()
    if people.empty or len(people) > 2:  # England, or a place of several regions: no one region says much
        return None, 0.0, nowhere
    in_region = (areas["region24_code"] == people.idxmax()).to_numpy()
    if (in_region == inside).all():
        return None, 0.0, nowhere
    name = str(areas.loc[in_region, "region24_name"].iloc[0])
    return name, float(people.max() / residents[inside].sum()), in_region


# figures --------------------------------------------------------------------------------------------------------------


def _figures(evidence: Evidence, residents: pd.Series[float], groups: dict[str, Bools]) -> Table:
    rows = [_figure(name, evidence, residents, groups) for name in _layers(evidence)]
    columns = ["layer", "label", "group", "unit", "is_need", *groups, "low", "high", "side", "of_areas", "missing"]
    table = pd.DataFrame(rows, columns=[*columns, "sources"]).set_index("layer")
    return table.astype(dict.fromkeys((*groups, "low", "high"), "float64"))


def _layers(evidence: Evidence) -> list[str]:
    """Ages, hardship, then every need layer that is a percentage: scores and ranks have no mean that says anything."""
    people = [name for name in evidence.layer_names("people") if name.startswith((_AGES, _HARDSHIP))]
    needs = [name for name in evidence.layer_names("need") if evidence.unit(name).startswith("%")]
    return [*sorted(people, key=lambda name: not name.startswith(_AGES)), *needs]


def _figure(name: str, evidence: Evidence, residents: pd.Series[float], groups: dict[str, Bools]) -> dict[str, Any]:
    counted = evidence.layers.loc[name, "role"] == "people"
    values = evidence.values[name]
    share = 100 * values / residents.where(residents > 0) if counted else values
    means = {group: _mean(share, residents, rows) for group, rows in groups.items()}
    ends = {
        end: _mean(evidence.values[f"{name}_{end}"], residents, groups["here"])
        if f"{name}_{end}" in evidence.values
        else np.nan
        for end in ("low", "high")
    }
    return {
        "layer": name,
        "label": evidence.label(name),
        "group": str(evidence.layers.loc[name, "group_label"]),
        "unit": "% of residents" if counted else evidence.unit(name),
        "is_need": not counted and evidence.layers.loc[name, "polarity"] == "high_is_need",
        **means,
        **ends,
        "side": _side(means["here"], means["everywhere"], ends["low"], ends["high"]),
        "of_areas": int(groups["here"].sum()),
        "missing": int(share[groups["here"]].isna().sum()),
        "sources": _dated(evidence, name),
    }


def _mean(values: pd.Series[float], residents: pd.Series[float], rows: Bools) -> float:
    """The mean of areas weighted by residents; missing where no area has both."""
    shown, weights = values.to_numpy(dtype="float64")[rows], residents.to_numpy()[rows]
    there = ~np.isnan(shown) & ~np.isnan(weights)
    total = float(weights[there].sum())
    return float(shown[there] @ weights[there]) / total if total > 0 else np.nan


def _side(here: float, there: float, low: float, high: float) -> str:
    if np.isnan(here) or np.isnan(there):
        return "not known"
    inside_range = not np.isnan(low) and low <= there <= high
    if inside_range or abs(here - there) <= ALIKE * abs(there):
        return "alike"
    return "higher" if here > there else "lower"


def _dated(evidence: Evidence, name: str) -> str:
    releases = evidence.sources["release"].astype("str").to_dict()
    return "; ".join(f"{one} {releases[one]}" for one in evidence.sources_of([name]))


def _tenths(evidence: Evidence, residents: pd.Series[float], groups: dict[str, Bools]) -> Table:
    """Residents by national tenth of deprivation."""
    if "multiple_deprivation_decile" not in evidence.values:
        return pd.DataFrame(columns=["residents", *groups], dtype="float64")
    tenth = evidence.values["multiple_deprivation_decile"]
    people = pd.DataFrame({name: residents.where(rows).groupby(tenth).sum() for name, rows in groups.items()})
    people = people.reindex(range(1, 11), fill_value=0.0).rename_axis("tenth")
    shares = 100 * people / people.sum().where(lambda total: total > 0)
    return shares.assign(residents=people["here"])[["residents", *groups]]


def _advice(found: Answer, evidence: Evidence, residents: pd.Series[float], inside: Bools) -> Advice | None:
    if not found.known:
        return None
    placed = found.sites[found.sites["easting"].notna()]
    stands = pd.Series(evidence.areas_at(placed[["easting", "northing"]].to_numpy(dtype="float64")), dtype="object")
    here, everywhere = int(stands.isin(evidence.areas.index[inside]).sum()), int(stands.notna().sum())
    return Advice(
        here=here,
        in_reach=int(found.sites["in_place"].sum()),
        everywhere=everywhere,
        people_per_site=float(residents[inside].sum()) / here if here else np.nan,
        people_per_site_everywhere=float(residents.sum()) / everywhere if everywhere else np.nan,
    )


# words ----------------------------------------------------------------------------------------------------------------


def profile_lines(one: Profile, found: Answer) -> list[str]:
    """The place in plain sentences, each number from the profile."""
    return [*_people(one), *_hardship(one), *_needs(one), _advice_words(one, found)]


def _people(one: Profile) -> Iterable[str]:
    yield f"{one.residents:,.0f} people live in {one.place.name}, in {one.areas:,} small areas (LSOAs of 2021)."
    ages = [_against(row, one) for row in _rows(_beginning(one, _AGES))]
    if ages:
        yield f"{'; '.join(ages)}."


def _hardship(one: Profile) -> Iterable[str]:
    told = [_against(row, one, count=True) for row in _rows(_beginning(one, _HARDSHIP))]
    if told:
        yield f"{'; '.join(told)}."
    worst = one.tenths.loc[one.tenths.index <= _WORST_TENTHS]
    if len(worst) and not one.tenths["here"].isna().all():
        there = "" if one.is_everything else f"; {worst['everywhere'].sum():.1f} % in {one.everywhere}"
        yield (
            f"{worst['residents'].sum():,.0f} people ({worst['here'].sum():.1f} %{there}) live in areas that are among "
            "the most deprived fifth of England."
        )


def _needs(one: Profile) -> Iterable[str]:
    top = one.top_needs()
    if one.is_everything or top.empty:
        return
    named = [f"{row.label} ({row.here:.1f} against {row.everywhere:.1f} {row.unit})" for row in _rows(top)]
    yield f"Furthest above {one.everywhere}: {'; '.join(named)}."


def _advice_words(one: Profile, found: Answer) -> str:
    topic = TOPICS[found.plan.topic].lower()
    if one.advice is None:
        return (
            f"No loaded list says where {topic} advice of this kind is given in person: nobody can say from here how "
            "many sites there are. That is a gap in the data, not proof of a gap in the service."
        )
    advice = one.advice
    around = f"{advice.in_reach:,} within {found.plan.cutoff:g} {found.plan.cost_unit} of one of its areas"
    if not advice.here:
        return f"No counted {topic} advice site stands in {one.place.name}; {around}. Open lists under-count outreach."
    there = (
        ""
        if one.is_everything
        else f", against one for every {advice.people_per_site_everywhere:,.0f} in {one.everywhere}"
    )
    return (
        f"{advice.here:,} counted {topic} advice site{'s' if advice.here > 1 else ''} in {one.place.name} ({around}): "
        f"one for every {advice.people_per_site:,.0f} people{there}. Open lists under-count outreach."
    )


def _beginning(one: Profile, prefix: str) -> Table:
    return one.figures[one.figures.index.str.startswith(prefix) & one.figures["here"].notna()]


def _rows(table: Table) -> list[Any]:
    return list(table.itertuples())


def _against(row: Any, one: Profile, *, count: bool = False) -> str:
    there = "" if one.is_everything or np.isnan(row.everywhere) else f"; {row.everywhere:.1f} % in {one.everywhere}"
    people = f"about {one.residents * row.here / 100:,.0f}, " if count and not row.missing else ""
    return f"{row.label}: {people}{row.here:.1f} %{there}"
