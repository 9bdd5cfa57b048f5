"""Values → colours: classes, palettes and words for the map. Darker is worse, for readers of any colour vision."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Literal, NotRequired, TypedDict

import numpy as np
import numpy.typing as npt
import pandas as pd

from hjp_geo.areas import AreaValues, Table
from hjp_geo.desert import DESERT_RULES
from hjp_geo.evidence import Evidence
from hjp_geo.maps import FEW_SHADE, NOT_KNOWN, WORSE_IS_DARKER, classed
from hjp_geo.overlap import bivariate
from hjp_geo.plan import Answer
from hjp_geo.prevalence import FEW_CASES, few_cases
from hjp_geo.sketchmap import NO_DATA, HoverColumn, Paint

__all__ = [
    "ACCESS",
    "NEED",
    "OVERLAP",
    "OVERLAP_PALETTE",
    "THIRDS",
    "Overlap",
    "cases_behind",
    "low_is_worse",
    "overlap_words",
    "paint",
    "shades_of",
    "shown_values",
]

NEED, ACCESS, OVERLAP = "need", "access", "overlap"
"""The maps that are not a layer: the need score, access, and the overlap of two layers."""

THIRDS = ("least", "middle", "most")
"""The thirds of a layer, by need."""
OVERLAP_PALETTE = (
    *("#f5f5f5", "#a2bedd", "#4a81be"),
    *("#f6c98a", "#a39c7c", "#4a6a6b"),
    *("#e08214", "#946512", "#444410"),
)
"""Orange for the first layer times blue for the second. Any two differ by 18 or more (CIE 1976) for normal sight and
for people without red, green or blue cones, by the simulation of Machado, Oliveira and Fernandes (2009)."""


@dataclass(frozen=True)
class Overlap:
    """A map of two layers at once, by thirds of each."""

    first: str
    second: str


_CASES = f"People on the register, modelled (under {FEW_CASES} is few)"


def shown_values(found: Answer, evidence: Evidence, what: str) -> tuple[AreaValues, str, str]:
    """The values to colour, their title and their unit."""
    if what == NEED:
        return found.areas["need"], "Need index", "score, high is more need"
    if what == ACCESS:
        return found.areas["access"], "Access to advice", found.access_unit
    return evidence.values.loc[found.areas.index, what], evidence.label(what), evidence.unit(what)


def cases_behind(found: Answer, evidence: Evidence, what: str) -> Table | None:
    """The modelled cases behind a prevalence: ``cases, low, high`` by area; None for a layer that is no prevalence."""
    cases = f"people_with_{what.removesuffix('_prevalence')}"
    if not what.endswith("_prevalence") or cases not in evidence.values:
        return None
    columns = {cases: "cases", f"{cases}_low": "low", f"{cases}_high": "high"}
    return evidence.values.loc[found.areas.index].reindex(columns=list(columns)).rename(columns=columns)


def overlap_words(found: Answer, evidence: Evidence, what: Overlap) -> pd.Series[str]:
    """The thirds of each area of the place in both layers, such as "most / middle"; missing where either is."""
    classes = bivariate(evidence, found.framed.index, what.first, what.second).loc[found.areas.index]
    return classes.map(dict(enumerate(_OVERLAP_LABELS))).astype("str")


_OVERLAP_LABELS = tuple(f"{first} / {second}" for first, second in product(THIRDS, THIRDS))


def _paint_overlap(found: Answer, evidence: Evidence, what: Overlap) -> Paint:
    """The map of two layers: nine classes by thirds of need of the frame, deserts hatched."""
    classes = bivariate(evidence, found.framed.index, what.first, what.second).loc[found.areas.index]
    columns = (
        HoverColumn(evidence.label(one), _numbers(evidence.values.loc[found.areas.index, one]), evidence.unit(one))
        for one in (what.first, what.second)
    )
    return Paint(
        title=f"{evidence.label(what.first)} / {evidence.label(what.second)}",
        unit="third of areas by need in each",
        classes=classes.fillna(NO_DATA).to_numpy(dtype=np.uint8),
        palette=OVERLAP_PALETTE,
        labels=_OVERLAP_LABELS,
        **_marks(found),
        hover=(*columns, *_verdict_columns(found)),
        source=_source_words(evidence, [what.first, what.second]),
    )


class _Marks(TypedDict):
    marks: npt.NDArray[np.bool_]
    marks_label: str
    faint: NotRequired[npt.NDArray[np.bool_]]
    faint_label: NotRequired[str]


def _marks(found: Answer) -> _Marks:
    """Deserts hatched; where certainty was asked for, the fragile ones dotted instead."""
    deserts = found.areas["desert"].fillna(value=False).to_numpy(dtype=bool)
    label = f"Desert: {DESERT_RULES[found.plan.desert].label.lower()}"
    if "certainty" not in found.areas.columns:
        return {"marks": deserts, "marks_label": label}
    fragile = deserts & (found.areas["certainty"] == "fragile").fillna(value=False).to_numpy(dtype=bool)
    words = "Desert, fragile: not flagged in most draws"
    return {"marks": deserts & ~fragile, "marks_label": label, "faint": fragile, "faint_label": words}


def _verdict_columns(found: Answer) -> tuple[HoverColumn, ...]:
    """What every area says of its verdict, and how sure that is where it was asked."""
    columns = (
        HoverColumn("Need, fifth (1 is most)", _numbers(found.areas["need_fifth"]), decimals=0),
        HoverColumn("Access, fifth (1 is least)", _numbers(found.areas["access_fifth"]), decimals=0),
        HoverColumn("Nearest site", _numbers(found.areas["nearest_km"]), "km", decimals=1),
    )
    if "desert_probability" not in found.areas.columns:
        return columns
    share = _numbers(found.areas["desert_probability"] * 100)
    return (*columns, HoverColumn("Desert in so many draws", share, "%", decimals=0))


def paint(
    found: Answer,
    evidence: Evidence,
    what: str | Overlap,
    classing: str = "quantiles",
    limits: tuple[float, ...] = (),
) -> Paint:
    """The map of one layer: classes of the place's areas, deserts hatched, and what each area says of itself.

    ``classing`` and ``limits`` choose the classes (see `classed`). Of two layers: thirds of each.
    """
    if isinstance(what, Overlap):
        return _paint_overlap(found, evidence, what)
    values, title, unit = shown_values(found, evidence, what)
    behind = cases_behind(found, evidence, what)
    few = values.notna() & (few_cases(behind["cases"]) if behind is not None else False)
    found_classes, labels = classed(values.mask(few), classing, limits)
    classes = np.where(found_classes == NOT_KNOWN, NO_DATA, found_classes).astype(np.uint8)
    shades = shades_of(evidence, what)[: len(labels)][:: -1 if low_is_worse(evidence, what) else 1]
    first: Literal["high", "low"] = "low" if low_is_worse(evidence, what) else "high"
    if few.any():
        classes[few.to_numpy()] = len(labels)
        shades, labels = (*shades, FEW_SHADE), (*labels, f"few cases (under {FEW_CASES})")
    return Paint(
        title=title,
        unit=unit,
        classes=classes,
        palette=shades,
        labels=labels,
        **_marks(found),
        hover=(
            HoverColumn(title, values.to_numpy(dtype="float64"), unit, decimals=1, first=first),
            *_range_columns(found, evidence, what),
            *(() if behind is None else (HoverColumn(_CASES, _numbers(behind["cases"]), decimals=0),)),
            *_verdict_columns(found),
        ),
        source=_source_words(evidence, _made_of(found, what)),
    )


def shades_of(evidence: Evidence, what: str) -> tuple[str, ...]:
    """The colours of what the map shows, from the palest."""
    family = what if what in (NEED, ACCESS) else str(evidence.layers.loc[what, "role"])
    return WORSE_IS_DARKER.get(family, WORSE_IS_DARKER["need"])


def low_is_worse(evidence: Evidence, what: str) -> bool:
    """Whether low values of what the map shows are the worse ones, so that they are the darker."""
    known = what in evidence.layers.index
    return what == ACCESS or (known and str(evidence.layers.loc[what, "polarity"]) == "low_is_need")


def _range_columns(found: Answer, evidence: Evidence, what: str) -> tuple[HoverColumn, ...]:
    """The range of a figure where one is known: of a modelled prevalence, or of the need rank once drawn again."""
    places, areas = found.areas.index, found.areas
    if what == NEED and {"need_rank_lower", "need_rank_upper"} <= set(areas.columns):
        ends = ((f"Need rank of all, {word} (draws)", areas[f"need_rank_{end}"]) for word, end in _ENDS)
        return tuple(HoverColumn(label, _numbers(values), decimals=0) for label, values in ends)
    if not {f"{what}_low", f"{what}_high"} <= set(evidence.values.columns):
        return ()
    pairs = (("Range of the method, from", f"{what}_low"), ("Range of the method, to", f"{what}_high"))
    return tuple(HoverColumn(label, _numbers(evidence.values.loc[places, name])) for label, name in pairs)


_ENDS = (("from", "lower"), ("to", "upper"))
_MOST_SOURCES = 2


def _made_of(found: Answer, what: str) -> list[str]:
    """The layers or tables that the values of a map rest on."""
    if what == NEED:
        return [name for name, weight in found.plan.weights.items() if weight > 0]
    return ["sites", "services"] if what == ACCESS else [what]


def _source_words(evidence: Evidence, names: list[str]) -> str:
    """The datasets behind layers or tables by title, the nearest first; the credits on the page name them all."""
    nearest, waiting = dict.fromkeys(names), list(names)
    for name in waiting:  # grows as it goes: one step further back each time
        new = [one for one in evidence.inputs_of(name) if one not in nearest]
        nearest |= dict.fromkeys(new)
        waiting += new
    known = evidence.sources.loc[[name for name in nearest if name in evidence.sources.index], "title"]
    titles = [str(title).partition(":")[0] for title in known]
    more = len(titles) - _MOST_SOURCES
    return "; ".join(titles[:_MOST_SOURCES]) + (f"; and {more} more" if more > 0 else "")


def _numbers(values: pd.Series[float]) -> npt.NDArray[np.float64]:
    return np.asarray(values.astype("Float64").to_numpy(dtype="float64", na_value=np.nan))
