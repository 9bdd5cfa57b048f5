"""Counts of people helped → where fewer come than need predicts. Everything here may be shown: see `disclosure`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hjp_geo import __version__
from hjp_geo.areas import AreaValues, Table
from hjp_geo.errors import GeographyError, PlanError
from hjp_geo.evidence import ENGLAND, Evidence, Place
from hjp_geo.places import is_own_area
from hjp_geo.takeup.disclosure import HIDDEN, LEAST_DENOMINATOR, MOST_SMALL, SMALL, is_safe, protect, total_shown
from hjp_geo.takeup.journal import DifferencingError, Journal, Selection, check_selection
from hjp_geo.takeup.placing import AREA, PlacedCounts
from hjp_geo.takeup.standardise import (
    AS_EXPECTED,
    FEWER,
    MORE,
    TOO_FEW,
    WIDE,
    count_limits,
    fewer_by_chance,
    funnel_limits,
    shared_out,
    verdicts,
)

__all__ = ["LEVELS", "Question", "TakeUp", "Totals", "summary", "take_up"]

LEVELS = {"lsoa": AREA, "district": "lad24_code", "sub-icb": "sicbl24_code", "icb": "icb24_code"}
"""The areas that a table may be by → their column."""
LEVEL_NAMES = {"lsoa": "small areas (LSOA)", "district": "districts", "sub-icb": "sub-ICB locations", "icb": "ICBs"}

_MIDDLE = 4.0
"""What a hidden count of 1 to 7 is taken for in a sum."""


@dataclass(frozen=True)
class Question:
    """Where, against which need, and by which areas; `PlanError` for a level there is not."""

    place: str = ENGLAND
    """Code or name of an ICB, sub-ICB location or district, or ``england``."""
    demand: str = "people_in_income_deprivation"
    """The people layer that take-up is measured against."""
    level: str = "lsoa"
    """One of `LEVELS`."""
    sketch: tuple[str, ...] = ()
    """LSOA codes of a sketched selection inside the place; empty for the whole place. By LSOA only."""

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise PlanError(f"level is '{self.level}', expected one of {', '.join(LEVELS)}.")
        if self.sketch and self.level != "lsoa":
            raise PlanError("A sketch is shown by LSOA only. Choose level lsoa, or the whole place.")


@dataclass(frozen=True)
class Totals:
    """The place as a whole. Counts are rounded to 5."""

    areas: int
    areas_with_need: int
    helped: float
    people_in_need: float
    rate_per_1000: float
    fewer: int
    as_expected: int
    more: int
    too_few: int
    fewer_by_chance: float
    """In how many areas it would be said by chance alone, if take-up followed need everywhere."""
    missing_out: float
    """People who would have come from the areas with fewer than expected, had take-up there followed need."""
    missing_out_low: float
    missing_out_high: float
    dispersion: float
    """Mean of (observed − expected)² ÷ expected: about 1 by chance alone. Missing where many counts are hidden."""


@dataclass(frozen=True, eq=False)
class TakeUp:
    """Observed against expected, safe to show and write: one row an area of the level.

    ``areas``: name, ``residents``, ``people_in_need``, ``observed`` (rounded to 5; missing where hidden) and
    ``observed_text`` (what to print for it), ``expected``, ``ratio`` = observed ÷ expected with ``ratio_lower_ci`` and
    ``ratio_upper_ci`` (95 %, Byar or exact Poisson), ``helped_per_1000`` in need, the funnel limits ``limit_95_lower``
    … ``limit_998_upper`` as counts, ``label``, ``beyond``, and ``missing_out``, expected − observed where the label is
    fewer than expected, else 0; missing where nothing may be said.
    """

    question: Question
    place: Place
    areas: Table
    totals: Totals
    left_out: Table
    notes: tuple[str, ...]
    attribution: tuple[str, ...]
    run: Mapping[str, Any]


def take_up(placed: PlacedCounts, question: Question, evidence: Evidence, journal: Journal) -> TakeUp:
    """Where fewer people come than need predicts, with small counts hidden, others rounded, and all sums safe.

    Expected counts are indirectly standardised over the place: what take-up there would be if it followed need. They
    are worked out from the rounded total, and everything else from rounded counts, so that no exact count can be
    worked back. Raises `PlanError` for an unknown place or layer, or fewer than 8 people helped; `GeographyError`
    where the counts are by larger areas than asked for; `DifferencingError` where too few people are in question.
    """
    place = evidence.place(question.place)
    frame = _frame(placed, question, place, evidence)
    chosen = Selection(_selection_name(question, place), frozenset(frame.index[frame["chosen"]]))
    check_selection(chosen, journal, evidence)
    cells, total = _cells(frame, placed, question, evidence)
    counted = pd.Series(frame.loc[frame["chosen"], "unit"].unique())
    named = counted.isin(placed.named)
    table = _table(cells, total)
    found = TakeUp(
        question=question,
        place=place,
        areas=_named(table, question, evidence),
        totals=_totals(table),
        left_out=placed.left_out,
        notes=_notes(table, named, placed, evidence),
        attribution=tuple(evidence.attribution([question.demand, "areas", *placed.tables])),
        run={
            "question": {**asdict(question), "sketch": list(question.sketch)},
            "hjp_geo_version": __version__,
            "build_id": evidence.build_id,
            "built": evidence.built,
        },
    )
    if question.sketch or is_own_area(place.code):
        journal.record(chosen)
    return found


def summary(found: TakeUp) -> str:
    """The answer in two or three sentences, every number from `TakeUp.totals`."""
    t, what = found.totals, LEVEL_NAMES[found.question.level]
    where = f"a sketch in {found.place.name}" if found.question.sketch else found.place.name
    rate = "" if np.isnan(t.rate_per_1000) else f", {t.rate_per_1000:,.1f} for 1,000 in need"
    lines = [f"About {t.helped:,.0f} people were helped in {where}{rate}."]
    if t.areas == 1:
        lines.append("It is one area, so there is nothing to compare it with: choose smaller areas or a larger place.")
    elif t.fewer:
        lines.append(
            f"In {t.fewer:,} of {t.areas:,} {what} fewer came than need predicts: about {t.missing_out:,.0f} people "
            f"({t.missing_out_low:,.0f} to {t.missing_out_high:,.0f}) more would have come from there at the average "
            f"rate of the place. By chance alone it would be said of about {t.fewer_by_chance:,.0f}."
        )
    else:
        lines.append(f"In none of the {t.areas:,} {what} can it be said that fewer came than need predicts.")
    if t.too_few:
        lines.append(f"In {t.too_few:,} there are too few people to say: try larger areas, or a longer period.")
    return " ".join(lines)


# frame ----------------------------------------------------------------------------------------------------------------


def _frame(placed: PlacedCounts, question: Question, place: Place, evidence: Evidence) -> Table:
    """One row an LSOA: its unit of counting, its cell of the table, whether it is chosen, need and residents."""
    people = evidence.layers.index[evidence.layers["role"] == "people"]
    if question.demand not in people:
        raise PlanError(f"demand is '{question.demand}', expected a people layer: {', '.join(sorted(people))}.")
    areas = evidence.areas
    chosen = (
        areas.index.isin(list(question.sketch)) if question.sketch else areas.index.isin(evidence.areas_of(place.code))
    )
    codes = pd.Series(areas.index, index=areas.index)
    frame = pd.DataFrame(
        {
            "unit": codes if placed.level == AREA else areas[placed.level],
            "area": codes if question.level == "lsoa" else areas[LEVELS[question.level]],
            "part": _kind_of(place, evidence),
            "chosen": chosen & areas.index.isin(evidence.areas_of(place.code)),
            "need": evidence.values[question.demand],
            "residents": areas["residents"].astype("float64"),
        }
    )
    if placed.level != AREA:
        _refuse_divided(frame, placed.level, question)
    return frame


def _kind_of(place: Place, evidence: Evidence) -> pd.Series[str]:
    """The place of the same kind that each area is in: cells are cut by all of them, so that none depends on one."""
    areas = evidence.areas
    for column in LEVELS.values():
        if column != AREA and (areas[column] == place.code).any():
            return areas[column]
    return pd.Series(ENGLAND, index=areas.index)


def _refuse_divided(frame: Table, level: str, question: Question) -> None:
    pieces = frame.groupby("unit")[["area", "part", "chosen"]].nunique().max(axis=1)
    inside = frame[frame["chosen"]]["unit"]
    divided = [code for code in inside.unique() if pieces[code] > 1]
    if divided:
        raise GeographyError(
            f"The counts are by {level}, and {divided[0]} lies in several {LEVEL_NAMES[question.level]} or only partly "
            "in the place. Choose larger areas, or bring counts by LSOA or postcode."
        )


def _selection_name(question: Question, place: Place) -> str:
    return f"A sketch in {place.name}" if question.sketch else place.name


def _cells(frame: Table, placed: PlacedCounts, question: Question, evidence: Evidence) -> tuple[Table, float]:
    """One row a cell of the chosen areas: what may be shown of its count, and its people; and the rounded total.

    Suppression runs over everything in the file, not over the place alone: so a count is hidden or shown whatever
    place is asked for, and two places never show what one hides.
    """
    units = _units(frame, placed)
    keys = ["area", "part"]
    every = units.groupby(keys)
    cells = every[["need", "residents", "observed"]].sum(min_count=1)
    cells["chosen"] = every["chosen"].any()
    observed = cells["observed"].set_axis(range(len(cells)))
    told = protect(observed, _groups(cells, question, evidence)).set_axis(cells.index)
    cells = cells.drop(columns="observed").join(told)
    chosen = cells[cells["chosen"]].droplevel("part")
    exact = observed.set_axis(cells.index)[cells["chosen"].to_numpy()]
    _refuse_telling(exact.to_numpy(), chosen)
    return chosen, _total(float(exact.sum()))


def _units(frame: Table, placed: PlacedCounts) -> Table:
    """Areas of which both count and need are known, each unit of counting once with its people added up."""
    grouped = frame.groupby("unit")
    units = grouped[["area", "part", "chosen"]].first()
    units["need"] = grouped["need"].sum(min_count=1)
    units["residents"] = grouped["residents"].sum()
    units["observed"] = placed.counts.reindex(units.index)
    known = units["need"].notna() & units["observed"].notna()
    return units.assign(need=units["need"].where(known), observed=units["observed"].where(known))


def _groups(cells: Table, question: Question, evidence: Evidence) -> list[pd.Series[str]]:
    """The larger areas whose totals a reader may know, finest first, by the position of each cell.

    The total of everything is one of them only where everything is asked for: a few people who live elsewhere must not
    cost the place its own figures, and the rounding covers them.
    """
    positions = range(len(cells))
    part = pd.Series(cells.index.get_level_values("part"), index=positions)
    if question.level != "lsoa":
        return [part]
    codes = cells.index.get_level_values("area")
    larger = evidence.areas.loc[codes, [column for column in LEVELS.values() if column != AREA]]
    return [*(larger[column].set_axis(positions) for column in larger.columns), part]


def _refuse_telling(exact: npt.NDArray[np.float64], chosen: Table) -> None:
    """Refuse a selection whose total would give a hidden count away: a sketch may, or a place that is one area."""
    known = ~np.isnan(exact)
    if not is_safe(exact[known], chosen["status"].to_numpy(dtype=object)[known]):
        raise DifferencingError("The total of these areas would give a small count away. Choose more areas.")


def _total(total: float) -> float:
    shown = total_shown(total)
    if not shown > 0:
        raise PlanError(
            "Fewer than 8 people were helped there, as far as the file and the need layer go: too few to say anything. "
            "Choose a larger place, or a longer period."
        )
    return shown


# table ----------------------------------------------------------------------------------------------------------------


def _table(cells: Table, total: float) -> Table:
    """Everything worked out from what may be shown: rounded counts and the rounded total."""
    expected = shared_out(total, cells["need"])
    observed = cells["shown"].where(expected.notna()).rename("observed")
    narrow, wide, interval = funnel_limits(expected), funnel_limits(expected, WIDE), count_limits(observed)
    divisor = expected.where((expected > 0) & (cells["need"] >= LEAST_DENOMINATOR))
    table = pd.DataFrame(
        {
            "residents": cells["residents"],
            "people_in_need": cells["need"],
            "observed": observed,
            "observed_text": _texts(cells, expected),
            "expected": expected,
            "ratio": observed / divisor,
            "ratio_lower_ci": interval.lower / divisor,
            "ratio_upper_ci": interval.upper / divisor,
            "helped_per_1000": 1000 * observed / cells["need"].where(divisor.notna()),
            "limit_95_lower": narrow.lower,
            "limit_95_upper": narrow.upper,
            "limit_998_lower": wide.lower,
            "limit_998_upper": wide.upper,
        }
    ).join(verdicts(cells["lowest"], cells["highest"], expected))
    middle = observed.mask(cells["status"] == SMALL, _MIDDLE)
    fewer = table["label"] == FEWER
    table["missing_out"] = (
        (expected - middle).where(fewer, 0.0).where(table["label"].notna() & (table["label"] != TOO_FEW))
    )
    table[["lowest", "highest"]] = cells[["lowest", "highest"]]
    return table


def _texts(cells: Table, expected: AreaValues) -> pd.Series[str]:
    """What to print for each count: the rounded count, ``1 to 7``, ``hidden`` or ``not known``."""
    numbers = cells["shown"].map("{:.0f}".format, na_action="ignore")
    words = cells["status"].where(cells["status"].isin([SMALL, HIDDEN]))
    return words.fillna(numbers).fillna("not known").where(expected.notna(), "not known").astype("str")


def _named(table: Table, question: Question, evidence: Evidence) -> Table:
    """The table with names, sorted by code, without its working columns."""
    areas = evidence.areas
    shown = table.drop(columns=["lowest", "highest"]).rename_axis("area_code").sort_index()
    if question.level == "lsoa":
        return areas.loc[shown.index, ["area_name", "lad24_name"]].join(shown)
    column = LEVELS[question.level]
    names = areas.drop_duplicates(column).set_index(column)[column.replace("_code", "_name")]
    shown.insert(0, "area_name", names.reindex(shown.index))
    return shown


def _totals(table: Table) -> Totals:
    counts = table["label"].value_counts()
    helped = float(table["expected"].sum())
    in_need = float(table["people_in_need"].sum())
    fewer = table[table["label"] == FEWER]
    apart = count_limits(pd.Series([fewer["lowest"].sum(), fewer["highest"].sum()]))
    gap = float(fewer["expected"].sum())
    return Totals(
        areas=len(table),
        areas_with_need=int(table["expected"].notna().sum()),
        helped=helped,
        people_in_need=in_need,
        rate_per_1000=1000 * helped / in_need if in_need >= LEAST_DENOMINATOR else float("nan"),
        fewer=len(fewer),
        as_expected=int(counts.get(AS_EXPECTED, 0)),
        more=int(counts.get(MORE, 0)),
        too_few=int(counts.get(TOO_FEW, 0)),
        fewer_by_chance=fewer_by_chance(table["expected"], MOST_SMALL),
        missing_out=float(fewer["missing_out"].sum()),
        missing_out_low=max(gap - float(apart.upper.iloc[1]), 0.0) if len(fewer) else 0.0,
        missing_out_high=gap - float(apart.lower.iloc[0]) if len(fewer) else 0.0,
        dispersion=_dispersion(table),
    )


_CAVEATS = (
    (
        "Fewer than expected is not proof that people are missed: they may be helped elsewhere, differ from the others "
        "in need of their area, or not be known to a practice. It says where to look."
    ),
    (
        "Expected counts share the people helped over the areas by need (indirect standardisation): areas of this "
        "place are compared with each other. If the whole place is under-served, no area shows it."
    ),
    "Need describes areas, not people, and modelled need is an estimate. Ranges cover chance in the counts only.",
    (
        "Counts of 1 to 7 are hidden and others rounded to 5; some are hidden to protect another. Every figure is "
        "worked out from the rounded counts; a label is given only where it holds for every count that they stand for."
    ),
)
_MUCH_DISPERSION = 2.0
_LEAST_SHOWN = 0.8


def _notes(table: Table, named: pd.Series[bool], placed: PlacedCounts, evidence: Evidence) -> tuple[str, ...]:
    """What a reader must be told with any figure; ``named``: whether the file names each area of the place."""
    without, dispersion = int(table["expected"].isna().sum()), _dispersion(table)
    lines = ["MADE-UP DATA: no figure here is about a real place."] if evidence.made_up else []
    lines += _CAVEATS
    if unnamed := int((~named).sum()):
        lines.append(f"{unnamed:,} of {len(named):,} areas of the place are not in the file: taken as nobody helped.")
    if dispersion > _MUCH_DISPERSION:
        lines.append(
            f"Counts vary {dispersion:,.1f} times as much as chance alone would make them: other things than need "
            "differ between areas, so more of them are outside the limits."
        )
    if without:
        lines.append(f"{without:,} areas have no figure for need, or no count: they are left out of every sum.")
    left_out = placed.left_out.to_dict("records")
    lines += [f"Left out: {row['rows']:,} rows {row['why']} ({_people(row['people'])})." for row in left_out]
    return (*lines, *placed.notes)


def _dispersion(table: Table) -> float:
    """Missing where over a fifth of the counts are hidden: those left are too high or 0, which is not chance."""
    likely = table[table["expected"] > 1]
    shown = likely[likely["observed"].notna()]
    if len(shown) < _LEAST_SHOWN * len(likely):
        return float("nan")
    return float(((shown["observed"] - shown["expected"]) ** 2 / shown["expected"]).mean())


def _people(shown: float) -> str:
    return "1 to 7 people" if np.isnan(shown) else f"about {shown:,.0f} people"
