"""Who has the access: by deprivation, town and country, and condition; and how many fall below a line, how far.

Every figure is of people, not of areas, and describes where people live: it does not say who was helped.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from hjp_geo.areas import AreaValues, Table
from hjp_geo.errors import PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.plan import Answer
from hjp_geo.statistics import concentration_index, fgt, slope_index_of_inequality

__all__ = ["DECILE", "Equity", "access_line", "equity"]

DECILE = "multiple_deprivation_decile"
"""The layer whose tenths people are grouped by: 1 is the most deprived."""
_RURAL_URBAN = "rural_urban"
_CASES, _PREVALENCE = "people_with_", "_prevalence"
_GROUPS = 10
_COLUMNS = ("areas", "people", "access", "below_line_pct", "shortfall_pct", "in_deserts_pct", "nearest_km")


@dataclass(frozen=True, eq=False)
class Equity:
    """How access is spread over the people of a place."""

    by_decile: Table
    """By tenth of deprivation, 1 most deprived: ``areas, people``, mean ``access`` of the people, ``below_line_pct`` of
    them, ``shortfall_pct`` (FGT depth: mean shortfall as a share of the line), ``in_deserts_pct`` (of people with a
    verdict) and mean ``nearest_km``. No rows where the layer is not loaded."""
    by_rural_urban: Table
    """The same by class of the area. No rows where it is not loaded."""
    by_condition: Table
    """The same by condition, of the people on its register (modelled); first row everyone."""
    line: float
    """The access line, in the unit of access: poverty of access is being below it."""
    line_words: str
    """Where the line comes from."""
    poverty: Mapping[str, float]
    """``share_pct`` of people below the line, ``depth_pct`` (mean shortfall of all people as a share of the line)."""
    sii: float
    """Access of the least deprived person less that of the most deprived (slope index): below 0, the deprived have
    more. Missing where not all ten tenths have people in the place."""
    concentration: float
    """Concentration index: above 0 the better-off have more access. From -1 to 1; missing likewise."""
    unit: str
    """What one unit of access is."""
    notes: tuple[str, ...]


def access_line(found: Answer) -> float:
    """Half of the median access in the frame, the median being of its people: the line unless a reader gives another.

    Where more than half of the people have none, the median of those who have any is taken. Missing where nobody does.
    """
    known = found.framed[["access", "residents"]].dropna()
    known = known[known["access"] > 0] if _median(known) == 0 else known
    return _median(known) / 2


def _median(known: Table) -> float:
    """The access of the person in the middle."""
    if known.empty:
        return math.nan
    ordered = known.sort_values("access")
    cumulative = ordered["residents"].cumsum()
    return float(ordered["access"].iloc[int(np.searchsorted(cumulative, cumulative.iloc[-1] / 2))])


def equity(found: Answer, evidence: Evidence, line: float | None = None) -> Equity:
    """How access is spread over the people of the answer's place, and how many are below an access line.

    ``line`` is in the unit of access; half of the frame's median unless given. `PlanError` for a line that is not above
    0, for a topic that no list covers, and for a measure of cost, of which a line from below means nothing.
    """
    if not found.known:
        raise PlanError("No loaded list covers this topic, so that nobody can say how access is spread.")
    if (found.framed["access"] < 0).any():
        raise PlanError(f"The measure {found.plan.measure} is a cost. Choose a measure of supply to ask about equity.")
    own = line is None
    drawn = access_line(found) if line is None else float(line)
    if not drawn > 0:
        raise PlanError(f"The access line is {drawn:g}, expected a number above 0: nobody has access, or give another.")
    rows = found.areas.assign(desert=found.areas["desert"].astype("Float64"))
    by_decile = _by_decile(rows, evidence, drawn)
    sii, concentration = _slopes(rows, by_decile, evidence)
    known = rows[["access", "residents"]].dropna()
    return Equity(
        by_decile=by_decile,
        by_rural_urban=_by_rural_urban(rows, evidence, drawn),
        by_condition=_by_condition(rows, evidence, drawn),
        line=drawn,
        line_words="half of the access of the person in the middle of the frame" if own else "the reader's own",
        poverty={
            "share_pct": 100 * fgt(known["access"], known["residents"], drawn, 0),
            "depth_pct": 100 * fgt(known["access"], known["residents"], drawn, 1),
        },
        sii=sii,
        concentration=concentration,
        unit=found.access_unit,
        notes=_notes(rows),
    )


def _notes(rows: Table) -> tuple[str, ...]:
    without = int(rows["access"].isna().sum())
    left_out = (f"Areas without an access figure, left out: {without:,}.",) if without else ()
    return (
        "Groups are of areas: not everyone in a deprived area is deprived.",
        "Access counts what lists show: where outreach is strong it is under-stated, often where people are deprived.",
        *left_out,
    )


def _by_decile(rows: Table, evidence: Evidence, line: float) -> Table:
    if DECILE not in evidence.values:
        return _empty("decile")
    decile = evidence.values.loc[rows.index, DECILE].astype("Int64")
    return _grouped(rows, decile, line).rename_axis("decile")


def _by_rural_urban(rows: Table, evidence: Evidence, line: float) -> Table:
    if _RURAL_URBAN not in evidence.areas.columns or evidence.areas[_RURAL_URBAN].isna().all():
        return _empty(_RURAL_URBAN)
    return _grouped(rows, evidence.areas.loc[rows.index, _RURAL_URBAN], line).rename_axis(_RURAL_URBAN)


def _empty(name: str) -> Table:
    return pd.DataFrame(columns=list(_COLUMNS), dtype="float64").rename_axis(name)


def _grouped(rows: Table, groups: pd.Series[Any], line: float) -> Table:
    """The figures of each group, of its residents; an area in no group is in none."""
    found = {group: _figures(rows.loc[codes], rows.loc[codes, "residents"], line) for group, codes in _members(groups)}
    return pd.DataFrame.from_dict(found, orient="index", columns=list(_COLUMNS))


def _members(groups: pd.Series[Any]) -> list[tuple[Any, pd.Index[str]]]:
    return [(group, groups.index[groups == group]) for group in sorted(groups.dropna().unique())]


def _by_condition(rows: Table, evidence: Evidence, line: float) -> Table:
    """Everyone, then the people on each register, spread over the areas as modelled."""
    cases = [name for name in evidence.layer_names("people") if name.startswith(_CASES)]
    found = {"Everyone": _figures(rows, rows["residents"], line)}
    for name in cases:
        label = evidence.label(name).split(":")[0]
        found[label] = _figures(rows, evidence.values.loc[rows.index, name], line)
    return pd.DataFrame.from_dict(found, orient="index", columns=list(_COLUMNS)).rename_axis("condition")


def _figures(rows: Table, people: AreaValues, line: float) -> list[float]:
    """The columns of a group, each a mean over its people where known; missing where nobody is."""
    people = people.astype("float64")
    access = rows["access"].astype("float64")
    below = (access < line).astype("float64").where(access.notna())
    shortfall = ((line - access) / line).clip(lower=0.0)
    return [
        float(people.notna().sum()),
        float(people.sum()),
        _mean(access, people),
        100 * _mean(below, people),
        100 * _mean(shortfall, people),
        100 * _mean(rows["desert"].astype("float64"), people),
        _mean(rows["nearest_km"].astype("float64"), people),
    ]


def _mean(values: AreaValues, people: AreaValues) -> float:
    """The mean over people, of those for whom both are known."""
    known = values.notna() & people.notna()
    total = float(people[known].sum())
    return float((values[known] * people[known]).sum()) / total if total > 0 else math.nan


def _slopes(rows: Table, by_decile: Table, evidence: Evidence) -> tuple[float, float]:
    """The slope index over the tenths and the concentration index over areas; missing without all ten tenths."""
    if len(by_decile) < _GROUPS or not (by_decile["people"] > 0).all() or by_decile["access"].isna().any():
        return math.nan, math.nan
    slope = slope_index_of_inequality(by_decile["access"], by_decile["people"]).sii
    columns = rows[["access", "residents"]].assign(advantage=evidence.values.loc[rows.index, DECILE]).dropna()
    return slope, concentration_index(columns["access"], columns["residents"], columns["advantage"])
