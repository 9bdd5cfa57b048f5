"""The colours of every map, on the screen and on paper, and the fifths they stand for. Darker is worse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hjp_geo.areas import AreaValues
from hjp_geo.maps.classes import NOT_KNOWN, classed

__all__ = ["DIVERGING", "FEW_SHADE", "NOT_KNOWN", "WORSE_IS_DARKER", "Shades", "fifths"]

WORSE_IS_DARKER: Mapping[str, tuple[str, ...]] = {
    "need": ("#fef0d9", "#fdcc8a", "#fc8d59", "#d7301f", "#7f0000"),
    "access": ("#f1eef6", "#bdc9e1", "#74a9cf", "#2b8cbe", "#045a8d"),
    "people": ("#edf8e9", "#bae4b3", "#74c476", "#31a354", "#006d2c"),
}
"""Five lightness steps each, so that they also read in grey. Neighbours differ by 10 or more (CIE 1976) for normal
sight and for people without red, green or blue cones, by the simulation of Machado, Oliveira and Fernandes (2009)."""

DIVERGING: tuple[str, ...] = ("#b35806", "#f1a340", "#f7f7f7", "#998ec3", "#542788")
"""For differences: orange is worse, purple is better, the middle is none. Any two differ by 20 or more, measured so."""

FEW_SHADE = "#d4cdc5"
"""For areas whose modelled cases are too few to compare."""


@dataclass(frozen=True, eq=False)
class Shades:
    """The class of each area (`NOT_KNOWN` without a value), and the colour and the limits in words of each class."""

    classes: npt.NDArray[np.int16]
    colours: tuple[str, ...]
    labels: tuple[str, ...]


def fifths(values: AreaValues, family: str = "need", *, worse: str = "high") -> Shades:
    """Fifths of the known values in the colours of a family of `WORSE_IS_DARKER`, darker where it is worse.

    Equal values share a class, so there may be fewer than five; none where nothing is known.
    """
    classes, labels = classed(values)
    palette = WORSE_IS_DARKER.get(family, WORSE_IS_DARKER["need"])[-len(labels) :] if labels else ()
    return Shades(classes, palette if worse == "high" else palette[::-1], labels)
