"""Values → colours: classes, palettes and words for the map. Darker is worse, for readers of any colour vision."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from hjp_geo.areas import AreaValues
from hjp_geo.desert import DESERT_RULES
from hjp_geo.evidence import Evidence
from hjp_geo.plan import PER_PEOPLE, Answer
from hjp_geo.sketchmap import NO_DATA, HoverColumn, Paint

__all__ = ["ACCESS", "NEED", "paint", "shown_values"]

NEED, ACCESS = "need", "access"
"""The two maps that are not a layer: the need score, and access."""

_WORSE_IS_DARKER = {
    "need": ("#fef0d9", "#fdcc8a", "#fc8d59", "#d7301f", "#7f0000"),
    "access": ("#f1eef6", "#bdc9e1", "#74a9cf", "#2b8cbe", "#045a8d"),
    "people": ("#edf8e9", "#bae4b3", "#74c476", "#31a354", "#006d2c"),
}
"""Five lightness steps each, so that they also read in grey."""


def shown_values(found: Answer, evidence: Evidence, what: str) -> tuple[AreaValues, str, str]:
    """The values to colour, their title and their unit."""
    if what == NEED:
        return found.areas["need"], "Need index", "score, high is more need"
    if what == ACCESS:
        return found.areas["access"], "Access to advice", f"sites for {PER_PEOPLE:,} people in need"
    return evidence.values.loc[found.areas.index, what], evidence.label(what), evidence.unit(what)


def paint(found: Answer, evidence: Evidence, what: str) -> Paint:
    """The map of one layer: fifths of the place's areas, deserts hatched, and what each area says of itself."""
    values, title, unit = shown_values(found, evidence, what)
    family = what if what in (NEED, ACCESS) else str(evidence.layers.loc[what, "role"])
    palette = _WORSE_IS_DARKER.get(family, _WORSE_IS_DARKER["need"])
    classes, labels = _fifths(values)
    low_is_worse = what == ACCESS or (what in evidence.layers.index and _low_is_need(evidence, what))
    shades = palette[: len(labels)]
    deserts = found.areas["desert"].fillna(value=False).to_numpy(dtype=bool)
    return Paint(
        title=title,
        unit=unit,
        classes=classes,
        palette=tuple(reversed(shades)) if low_is_worse else shades,
        labels=labels,
        marks=deserts,
        marks_label=f"Desert: {DESERT_RULES[found.plan.desert].label.lower()}",
        hover=(
            HoverColumn(title, values.to_numpy(dtype="float64"), unit, decimals=1),
            HoverColumn("Need, fifth (1 is most)", _numbers(found.areas["need_fifth"]), decimals=0),
            HoverColumn("Access, fifth (1 is least)", _numbers(found.areas["access_fifth"]), decimals=0),
            HoverColumn("Nearest site", _numbers(found.areas["nearest_km"]), "km", decimals=1),
        ),
    )


def _low_is_need(evidence: Evidence, layer: str) -> bool:
    return str(evidence.layers.loc[layer, "polarity"]) == "low_is_need"


def _numbers(values: pd.Series[float]) -> npt.NDArray[np.float64]:
    return np.asarray(values.astype("Float64").to_numpy(dtype="float64", na_value=np.nan))


def _fifths(values: AreaValues) -> tuple[npt.NDArray[np.uint8], tuple[str, ...]]:
    """Each area's class by fifths of the known values; equal values share a class, so there may be fewer than five."""
    known = values.dropna()
    classes = np.full(len(values), NO_DATA, dtype=np.uint8)
    if known.empty:
        return classes, ()
    edges = np.unique(np.quantile(known, [0.2, 0.4, 0.6, 0.8]))
    edges = edges[(edges > known.min()) & (edges <= known.max())]
    present = values.notna().to_numpy()
    classes[present] = np.searchsorted(edges, known.to_numpy(), side="right")
    limits = [float(known.min()), *edges.tolist(), float(known.max())]
    decimals = _decimals(limits[-1] - limits[0])
    return classes, tuple(f"{low:,.{decimals}f} to {high:,.{decimals}f}" for low, high in pairwise(limits))


def _decimals(width: float) -> int:
    return 0 if width >= 50 else 1 if width >= 5 else 2
