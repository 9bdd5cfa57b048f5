"""Needs here, beside everywhere loaded and beside similar places; people with conditions, with the method's range."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from hjp_geo.areas import Table
from hjp_geo.composite import score_range
from hjp_geo.maps import fifths
from hjp_geo.prevalence import FEW_CASES, RANGE_IN_WORDS
from hjp_geo.report.desk import Desk, listed, paragraph, say, section
from hjp_geo.report.parts import BarChart, Block, Column, DataTable, Paragraph, Section, Sentence, TableBlock
from hjp_geo.report.pictures import area_map

__all__ = ["PEERS", "PEER_RULE", "condition_names", "needs"]

PEERS = 5
"""How many similar places stand beside this one."""
PEER_RULE = (
    "Similar places are those of the same kind that are nearest in size (logarithm of residents), in people per square "
    "kilometre (logarithm) and in the shares of young and older people, each in standard deviations. Need and advice "
    "take no part in choosing them."
)
_SHOWN_CONDITIONS = 12
_FEW_PLACES = 3
"""Among fewer places than this a rank says nothing."""


def needs(desk: Desk) -> Section | None:
    """Need of the place: how it compares, where it is, and the conditions of its people."""
    compared = _comparison(desk)
    blocks: list[Block] = [*_in_words(desk, compared), TableBlock(compared)]
    if desk.found.areas["need"].notna().any():
        blocks.append(_need_map(desk))
    blocks += _conditions(desk)
    return section("needs", "Needs here", blocks)


def _in_words(desk: Desk, compared: DataTable) -> list[Block]:
    known = [str(name) for name in compared.frame.index if not math.isnan(compared.value(str(name), "here"))]
    lines = [line for name in known for line in (_level(desk, compared, name), _rank(compared, name))]
    return [*paragraph(*lines), *_peer_words(desk)]


def _level(desk: Desk, compared: DataTable, name: str) -> Sentence:
    """The level of one need here, beside everywhere loaded where that is something else."""
    label, unit = compared.text(name, "layer"), compared.text(name, "unit")
    if desk.is_everywhere or math.isnan(compared.value(name, "everywhere")):
        return say("{label}: {here} ({unit}).", label=label, here=compared.at(name, "here"), unit=unit)
    return say(
        "{label}: {here} here, {there} in {everywhere} ({unit}).",
        label=label,
        here=compared.at(name, "here"),
        there=compared.at(name, "everywhere"),
        everywhere=desk.everywhere,
        unit=unit,
    )


def _rank(compared: DataTable, name: str) -> Sentence | None:
    """Where the place stands among its kind; nothing among a few."""
    if math.isnan(compared.value(name, "rank")) or compared.value(name, "places") < _FEW_PLACES:
        return None
    return say(
        "That is number {rank} of {places} such places, counted from the most need.",
        rank=compared.at(name, "rank"),
        places=compared.at(name, "places"),
    )


def _peer_words(desk: Desk) -> tuple[Paragraph, ...]:
    peers = _peers(desk)
    if not len(peers):
        return ()
    names = [desk.evidence.places[code].name for code in peers if code in desk.evidence.places]
    return paragraph(say("Compared with {places}: the middle of these. {rule}", places=listed(names), rule=PEER_RULE))


def _comparison(desk: Desk) -> DataTable:
    """One row a need layer that counts, and the people in need: here, everywhere, similar places."""
    evidence = desk.evidence
    names = [name for name, weight in desk.plan.weights.items() if weight > 0]
    means = _means(desk, names)
    rates = pd.DataFrame({name: means[name] for name in names})
    rates["people_in_need"] = _per_100(desk, evidence.values[desk.plan.demand])
    everywhere = _overall(desk, names)
    here = desk.found.place.code if not desk.is_everywhere else "everywhere"
    peers = rates.reindex(_peers(desk)).median()
    low_is_need = {name for name in names if evidence.layers.loc[name, "polarity"] == "low_is_need"}
    rows = [
        {
            "layer": evidence.label(name if name != "people_in_need" else desk.plan.demand),
            "unit": _unit(desk, name),
            "here": everywhere[name] if here == "everywhere" else rates[name].get(here, math.nan),
            "everywhere": everywhere[name],
            "peers": peers.get(name, math.nan),
            "rank": rates[name].rank(method="min", ascending=name in low_is_need).get(here, math.nan),
            "places": float(rates[name].count()) if here in rates.index else math.nan,
        }
        for name in rates.columns
    ]
    is_ranked = here in rates.index and len(rates) >= _FEW_PLACES
    columns = {
        "layer": Column("Need"),
        "unit": Column("Unit"),
        "here": Column(desk.place if len(desk.place) < 30 else "Here", "number"),
        "everywhere": Column(desk.everywhere.capitalize(), "number", shown=not desk.is_everywhere),
        "peers": Column("Similar places, middle", "number", shown=bool(len(_peers(desk)))),
        "rank": Column("Rank (1 is most need)", "rank", shown=is_ranked),
        "places": Column("of", "count", shown=is_ranked),
    }
    frame = pd.DataFrame(rows, index=list(rates.columns))
    used = [*names, desk.plan.demand, "areas"]
    how = "Means of areas weighted by their residents; people divided by residents."
    return desk.table("needs", "Need here and elsewhere", frame, columns, used, made_by=how)


def _unit(desk: Desk, name: str) -> str:
    return "per 100 residents" if name == "people_in_need" else desk.evidence.unit(name)


def _means(desk: Desk, names: list[str]) -> Table:
    """Means weighted by residents, by place of the same kind as ours; of everything where there is no kind."""
    areas, values = desk.evidence.areas, desk.evidence.values[names]
    groups = areas[desk.level] if desk.level else pd.Series("everywhere", index=areas.index)
    people = values.notna().mul(areas["residents"].astype("float64"), axis=0)
    totals = values.mul(people).where(people > 0).groupby(groups).sum(min_count=1)
    return totals / people.groupby(groups).sum().where(lambda weight: weight > 0)


def _overall(desk: Desk, names: list[str]) -> pd.Series[float]:
    areas, values = desk.evidence.areas, desk.evidence.values
    people = areas["residents"].astype("float64")
    found = {name: float(np.average(*_known(values[name], people))) for name in names}
    demand = values[desk.plan.demand]
    found["people_in_need"] = 100 * float(demand.sum()) / float(people[demand.notna()].sum())
    return pd.Series(found)


def _known(values: pd.Series[float], people: pd.Series[float]) -> tuple[Any, None, Any]:
    there = values.notna() & people.notna()
    return values[there].to_numpy(), None, people[there].to_numpy()


def _per_100(desk: Desk, people: pd.Series[float]) -> pd.Series[float]:
    areas = desk.evidence.areas
    groups = areas[desk.level] if desk.level else pd.Series("everywhere", index=areas.index)
    residents = areas["residents"].astype("float64").where(people.notna())
    return 100 * people.groupby(groups).sum(min_count=1) / residents.groupby(groups).sum(min_count=1)


def _peers(desk: Desk) -> list[str]:
    """The codes of the places most like this one, the nearest first; see `PEER_RULE`. None where there are too few."""
    if desk.level is None:
        return []
    traits = _traits(desk)
    here = desk.found.place.code
    if len(traits) < PEERS + 2 or here not in traits.index or traits.loc[here].isna().any():
        return []
    on_scale = (traits - traits.mean()) / traits.std().where(lambda spread: spread > 0, 1.0)
    distance = ((on_scale - on_scale.loc[here]) ** 2).sum(axis=1, skipna=False).drop(here)
    return list(distance.dropna().sort_values(kind="stable").index[:PEERS])


def _traits(desk: Desk) -> Table:
    evidence, level = desk.evidence, desk.level
    groups = evidence.areas[level]
    residents = evidence.areas["residents"].astype("float64").groupby(groups).sum()
    ground = pd.Series(evidence.boundaries.area.to_numpy() / 1e6, index=evidence.areas.index).groupby(groups).sum()
    traits = pd.DataFrame({"size": np.log(residents), "density": np.log(residents / ground)})
    for name in evidence.layer_names("people"):
        if "aged" in name:
            traits[name] = _per_100(desk, evidence.values[name])
    return traits


def _need_map(desk: Desk) -> Block:
    found = desk.found
    drawing = area_map(
        desk, found.areas["need"], fifths(found.areas["need"]), "Need index", f"score, {score_range(desk.plan.recipe)}"
    )
    worst = str(found.areas["need"].idxmax())
    words = (
        f"Map of {desk.place}: need by area in fifths, darker is more need. The area of greatest need is "
        f"{desk.named('areas').text(worst, 'area_name')}."
        + (f" {desk.found.totals.areas_flagged:,} advice deserts have a heavy outline." if found.known else "")
    )
    return desk.figure(f"Need in {desk.place}", words, desk.named("areas"), drawing)


# conditions ----------------------------------------------------------------------------------------------------------


def condition_names(desk: Desk) -> list[str]:
    """The people layers that count people with a condition."""
    layers = desk.evidence.layers
    return list(layers.index[(layers["role"] == "people") & (layers["group_label"] == "People with a condition")])


def _conditions(desk: Desk) -> list[Block]:
    names = condition_names(desk)
    if not names:
        return []
    table = _condition_table(desk, names)
    known = table.frame[table.frame["people"] >= FEW_CASES].sort_values("rate", ascending=False)
    if known.empty:
        return []
    heavy = list(known.index[:_SHOWN_CONDITIONS])
    most = str(known["over"].idxmax())
    stands_out = not desk.is_everywhere and table.value(most, "over") > 1
    sentences = [_most_over(table, most, desk)] if stands_out else []
    sentences.append(Sentence(f"Figures are modelled from practice registers. {RANGE_IN_WORDS}"))
    rows = known.loc[heavy]
    chart = BarChart(
        labels=tuple(rows["condition"]),
        values=tuple(rows["rate"]),
        unit="people on the register for each 100 residents (modelled)",
        low=tuple(rows["rate_low"]),
        high=tuple(rows["rate_high"]),
        beside=() if desk.is_everywhere else tuple(rows["rate_everywhere"]),
        beside_label=desk.everywhere,
        range_label="range of the method",
        family="people",
    )
    first = rows.iloc[0]
    alt = (
        f"Bar chart of {len(rows)} conditions in {desk.place}, people for each 100 residents with the range of the "
        f"method. The most common is {first['condition'].lower()} with {first['rate']:.1f}."
    )
    figure = desk.figure("People on practice registers, for each 100 residents", alt, table, chart)
    return [*paragraph(*sentences), figure, TableBlock(table, 30)]


def _most_over(table: DataTable, name: str, desk: Desk) -> Sentence:
    return say(
        "Against {everywhere}, {condition} stands out most: {here} for each 100 residents here, {there} there.",
        everywhere=desk.everywhere,
        condition=table.text(name, "condition").lower(),
        here=table.at(name, "rate"),
        there=table.at(name, "rate_everywhere"),
    )


def _condition_table(desk: Desk, names: list[str]) -> DataTable:
    evidence, codes = desk.evidence, desk.found.areas.index
    ends = {end: [f"{name}_{end}" for name in names] for end in ("low", "high")}
    here = evidence.values.loc[codes, names]
    residents = evidence.areas["residents"].astype("float64")
    of_here = here.notna().mul(residents.loc[codes], axis=0).sum()
    of_all = evidence.values[names].notna().mul(residents, axis=0).sum()
    totals = here.sum(min_count=1)
    low, high = (
        evidence.values.loc[codes].reindex(columns=ends[end]).sum(min_count=1).to_numpy() for end in ("low", "high")
    )
    everywhere = 100 * evidence.values[names].sum(min_count=1) / of_all
    rate = 100 * totals / of_here
    frame = pd.DataFrame(
        {
            "condition": evidence.layers.loc[names, "label"].str.split(":").str[0],
            "people": totals,
            "people_low": low,
            "people_high": high,
            "rate": rate,
            "rate_low": 100 * low / of_here,
            "rate_high": 100 * high / of_here,
            "rate_everywhere": everywhere,
            "over": rate / everywhere,
            "areas_missing": here.isna().sum().astype("float64"),
        },
        index=names,
    )
    frame["few"] = frame["people"] < FEW_CASES
    columns = {
        "condition": Column("Condition"),
        "people": Column("People on the register, modelled", "count"),
        "people_low": Column("from", "count"),
        "people_high": Column("to", "count"),
        "rate": Column("for 100 residents", "number"),
        "rate_low": Column("from", "number", shown=False),
        "rate_high": Column("to", "number", shown=False),
        "rate_everywhere": Column(desk.everywhere.capitalize(), "number", shown=not desk.is_everywhere),
        "over": Column("Here ÷ there", "number", shown=False),
        "areas_missing": Column("Areas without an estimate", "count", shown=False),
        "few": Column(f"Under {FEW_CASES} cases: not to be compared", "yes_no", shown=False),
    }
    return desk.table(
        "conditions",
        "People with a condition on practice registers, modelled",
        frame.sort_values("rate", ascending=False),
        columns,
        [*names, "areas"],
        note=RANGE_IN_WORDS,
        made_by="Sums over the areas of the place.",
    )
