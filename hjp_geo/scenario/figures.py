"""The few figures that are kept with a scenario, so that a later run can say whether it still finds the same."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from hjp_geo.areas import Table
from hjp_geo.siting import Assessment

__all__ = ["FIGURES", "Figures", "figures_of", "figures_side_by_side"]

Figures = Mapping[str, float | None]
"""Figure → its number; None where it is not known."""

FIGURES: Mapping[str, tuple[str, str]] = {
    "people": ("People reached", "people"),
    "people_in_need": ("People in need reached", "people"),
    "newly_reached": ("Not reached by a counted site before", "people"),
    "areas": ("Areas reached", "areas"),
    "with_service": ("People in need for whose cases there is capacity", "people in need"),
    "desert_areas_after": ("Desert areas of the place, with the sketches", "areas"),
    "mean_access_after": ("Access of the average person in need, with the sketches", "in the plan's unit"),
}
"""Figure → its label and unit."""

_SAME = 1e-9


def figures_of(assessed: Assessment) -> dict[str, float | None]:
    """The figures of an assessment that are kept."""
    total, after = assessed.total, assessed.effects.summary["after"]
    numbers = {
        "people": total.people,
        "people_in_need": total.people_in_need,
        "newly_reached": total.newly_reached,
        "areas": float(len(total.areas)),
        "with_service": float(assessed.split["people_in_need"].loc["with_service"]),
        "desert_areas_after": float(after.loc["desert_areas"]),
        "mean_access_after": float(after.loc["mean_access"]),
    }
    return {name: float(value) if math.isfinite(value) else None for name, value in numbers.items()}


def figures_side_by_side(then: Figures, now: Figures) -> Table:
    """Indexed by figure: label, unit, then, now, same. Missing is not known, or not kept; two missing are the same."""
    table = pd.DataFrame(
        {
            "label": {name: label for name, (label, _unit) in FIGURES.items()},
            "unit": {name: unit for name, (_label, unit) in FIGURES.items()},
            "then": pd.Series({name: then.get(name) for name in FIGURES}, dtype="float64"),
            "now": pd.Series({name: now.get(name) for name in FIGURES}, dtype="float64"),
        }
    ).loc[list(FIGURES)]
    table["same"] = np.isclose(table["then"], table["now"], rtol=_SAME, atol=_SAME, equal_nan=True)
    return table.rename_axis("figure")
