"""Who is missed: deserts by tenth of need, groups of people in them, and one measure of how unequal access is."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from hjp_geo.equity import DECILE, Equity, equity
from hjp_geo.errors import PlanError
from hjp_geo.prevalence import FEW_CASES
from hjp_geo.report.desk import Desk, paragraph, say, section
from hjp_geo.report.parts import BarChart, Block, Column, DataTable, Section, Sentence, TableBlock, in_words

__all__ = ["groups_table", "missed"]

_TENTHS = 10


def missed(desk: Desk) -> Section | None:
    """How access falls on people of more and of less need, and which groups live in the deserts."""
    if not desk.found.known:
        return None
    tenths = _tenths(desk)
    blocks: list[Block] = [*paragraph(*_gradient(desk, tenths)), _chart(desk, tenths), TableBlock(tenths)]
    blocks += _spread(desk)
    if desk.found.totals.people_flagged > 0:
        groups = groups_table(desk)
        blocks += [*paragraph(*_groups_in_words(groups)), TableBlock(groups, 25)]
    return section("missed", "Who is missed", blocks)


def _tenths(desk: Desk) -> DataTable:
    """One row a tenth of the frame's areas by need: residents here, how far they are, who lives in deserts."""
    found = desk.found
    areas = found.areas[found.areas["need_rank"].notna()]
    ranked = int(found.framed["need_rank"].notna().sum())
    tenth = (-(-_TENTHS * areas["need_rank"] // ranked)).clip(1, _TENTHS).astype(int)
    people = areas["residents"].astype("float64")
    flagged = areas["desert"].fillna(value=False).astype(bool)
    sums = pd.DataFrame(
        {
            "residents": people,
            "desert_people": people.where(flagged, 0.0),
            "sure_people": people.where(_is(areas, "robust"), 0.0),
            "possible_people": people.where(flagged | _is(areas, "possible"), 0.0),
            "far": people * areas["nearest_km"].astype("float64"),
            "in_reach_people": people.where(areas["sites_in_reach"].fillna(0) > 0, 0.0),
        }
    )
    frame = sums.groupby(tenth).sum().reindex(range(1, _TENTHS + 1))
    whole = frame["residents"].where(lambda total: total > 0)
    for name in ("desert", "sure", "possible", "in_reach"):
        frame[f"{name}_share"] = 100 * frame[f"{name}_people"] / whole
    frame["km"] = frame["far"] / whole
    frame["tenth"] = [
        f"{number}" + {1: " (most need)", _TENTHS: " (least need)"}.get(number, "") for number in frame.index
    ]
    columns = {
        "tenth": Column("Tenth of areas by need"),
        "residents": Column("Residents", "count"),
        "in_reach_share": Column("With a site in reach", "percent"),
        "km": Column("Kilometres to the nearest, mean", "number"),
        "desert_people": Column("In deserts", "count"),
        "desert_share": Column("Share in deserts", "percent"),
        "sure_share": Column("in robust deserts", "percent", shown=False),
        "possible_share": Column("in deserts or possible deserts", "percent", shown=False),
    }
    used = ["areas", "sites", "services", *desk.plan.weights]
    where = desk.everywhere if desk.plan.frame == "england" else desk.place
    return desk.table("tenths", f"Access by need; tenths are of {where}", frame, columns, used)


def _is(areas: pd.DataFrame, label: str) -> pd.Series[bool]:
    if "certainty" not in areas.columns:
        return pd.Series(label == "robust", index=areas.index) & areas["desert"].fillna(value=False).astype(bool)
    return (areas["certainty"] == label).fillna(value=False).astype(bool)


def _gradient(desk: Desk, tenths: DataTable) -> list[Sentence]:
    there = [str(row) for row in tenths.frame.index[tenths.frame["residents"].fillna(0) > 0]]
    if len(there) < 2:
        return []
    return [
        say(
            "In the tenth of areas with most need here, {most} of residents have a site within {km} km; in the tenth "
            "with least, {least}.",
            most=tenths.at(there[0], "in_reach_share"),
            least=tenths.at(there[-1], "in_reach_share"),
            km=f"{desk.plan.cutoff_km:g}",
        )
    ]


def _spread(desk: Desk) -> list[Block]:
    """Poverty of access, its slope over deprivation, and the same by town and country."""
    try:
        found = equity(desk.found, desk.evidence)
    except PlanError:  # a measure of cost, or nobody has any: then there is no such figure
        return []
    measures = _measures(desk, found)
    sentences = [
        say(
            "{share} of residents have less than half of the access of the person in the middle of {everywhere}.",
            share=measures.at("below", "value"),
            everywhere=desk.everywhere if desk.plan.frame == "england" else "the place",
        )
    ]
    if not math.isnan(found.concentration):
        who = "less" if found.concentration > 0 else "more"
        sentences.append(
            say(
                "Access lies more with {who} deprived areas: its concentration index is {index}.",
                who=who,
                index=measures.at("concentration", "index"),
            )
        )
    blocks: list[Block] = [*paragraph(*sentences, *map(Sentence, found.notes)), TableBlock(measures)]
    groups = (
        ("by_decile", found.by_decile, "by tenth of deprivation, 1 is most deprived"),
        ("by_rural_urban", found.by_rural_urban, "in town and country"),
    )
    blocks += [TableBlock(_group_table(desk, *one)) for one in groups if len(one[1])]
    return blocks


def _measures(desk: Desk, found: Equity) -> DataTable:
    rows = {
        "below": ("Residents below the access line", found.poverty["share_pct"], math.nan),
        "depth": ("Mean shortfall below it, share of the line", found.poverty["depth_pct"], math.nan),
        "slope": ("Slope index: least deprived less most deprived", math.nan, found.sii),
        "concentration": ("Concentration index: above 0, the better-off have more", math.nan, found.concentration),
    }
    frame = pd.DataFrame(rows.values(), columns=["measure", "value", "index"], index=list(rows))
    frame = frame[frame[["value", "index"]].notna().any(axis=1)]
    frame["shown"] = [
        in_words(value, "percent") if not math.isnan(value) else in_words(index, "index")
        for value, index in zip(frame["value"], frame["index"], strict=True)
    ]
    columns = {
        "measure": Column("Measure"),
        "shown": Column("Value"),
        "value": Column("Per cent", "percent", shown=False),
        "index": Column("Index", "index", shown=False),
    }
    note = f"The access line is {found.line_words}: {found.line:,.2f} {found.unit}."
    used = ["areas", "sites", "services", *desk.plan.weights, *_held(desk, DECILE)]
    return desk.table("equity", "How unequal access is", frame, columns, used, note=note)


def _held(desk: Desk, name: str) -> list[str]:
    return [name] if name in desk.evidence.layers.index else []


def _group_table(desk: Desk, name: str, groups: pd.DataFrame, words: str) -> DataTable:
    frame = groups.copy()
    frame.insert(0, "group", [str(one) for one in frame.index])
    columns = {
        "group": Column("Group of areas"),
        "people": Column("Residents", "count"),
        "access": Column(f"Access, mean: {desk.found.access_unit}", "number"),
        "below_line_pct": Column("Below the access line", "percent"),
        "in_deserts_pct": Column("In deserts", "percent"),
        "nearest_km": Column("Kilometres to the nearest, mean", "number"),
    }
    used = ["areas", "sites", "services", *desk.plan.weights, *_held(desk, DECILE)]
    return desk.table(name, f"Access {words}", frame, columns, used)


def _chart(desk: Desk, tenths: DataTable) -> Block:
    frame = tenths.frame[tenths.frame["residents"].fillna(0) > 0]
    chart = BarChart(
        labels=tuple(frame["tenth"]),
        values=tuple(frame["desert_share"]),
        unit="% of the tenth's residents who live in deserts",
        low=tuple(frame["sure_share"]),
        high=tuple(frame["possible_share"]),
        range_label="robust deserts only, to possible deserts too",
        family="access",
    )
    worst = str(frame["desert_share"].idxmax())
    alt = (
        f"Bar chart by tenth of need in {desk.place}: the share of residents who live in deserts, with the range from "
        f"robust deserts only to possible ones too. It is largest in tenth {worst}, "
        f"{tenths.value(worst, 'desert_share'):.0f} %."
    )
    return desk.figure("Residents who live in deserts, by tenth of need", alt, tenths, chart)


def groups_table(desk: Desk) -> DataTable:
    """One row a group of people: how many live here, how many in deserts, against residents as a whole."""
    if held := next((one for one in desk.tables.values() if one.name == "groups"), None):
        return held
    evidence, areas = desk.evidence, desk.found.areas
    flagged = areas["desert"].fillna(value=False).astype(bool)
    names = [name for name in evidence.layer_names("people") if name != "residents"]
    values = evidence.values.loc[areas.index, names].assign(residents=areas["residents"].astype("float64"))
    here, inside = values.sum(min_count=1), values[flagged].sum(min_count=1)
    order = ["residents", *names]
    share = 100 * inside / here.where(here > 0)
    modelled = [str(evidence.layers.loc[name, "group_label"]) == "People with a condition" for name in names]
    frame = pd.DataFrame(
        {
            "group": ["All residents", *(evidence.label(name) for name in names)],
            "here": here[order],
            "inside": inside[order],
            "share": share[order],
            "against_all": (share / share["residents"])[order] if share["residents"] else np.nan,
            "modelled": [False, *modelled],
        },
        index=order,
    )
    few = frame["modelled"] & (frame["inside"] < FEW_CASES)
    frame.loc[few, ["share", "against_all"]] = np.nan
    columns = {
        "group": Column("Group"),
        "here": Column("In the place", "count"),
        "inside": Column("In deserts", "count"),
        "share": Column("Share", "percent"),
        "against_all": Column("÷ share of all residents", "number"),
        "modelled": Column("Modelled", "yes_no"),
    }
    note = f"A modelled group of under {FEW_CASES} people in deserts has no share: too few to compare."
    used = [*names, "areas", "sites", "services", *desk.plan.weights]
    return desk.table("groups", "Who lives in the deserts", frame, columns, used, note=note)


def _groups_in_words(groups: DataTable) -> list[Sentence]:
    over = groups.frame["against_all"].drop("residents").sort_values(ascending=False).dropna()
    lines = [
        say(
            "{share} of all residents live in deserts ({people} people).",
            share=groups.at("residents", "share"),
            people=groups.at("residents", "inside"),
        )
    ]
    lines += [
        say("{group}: {share}.", group=str(groups.frame.at[name, "group"]), share=groups.at(str(name), "share"))
        for name in over.index[:3]
        if over[name] >= 1.1
    ]
    lines.append(Sentence("These are people of the areas: who among them needs advice nobody can read from this."))
    return lines
