"""The weights of indicators, checked once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from hjp_geo.areas import Table
from hjp_geo.errors import PlanError

__all__ = ["Weights", "checked_weights"]

Weights: TypeAlias = "Mapping[str, float] | pd.Series[float]"
"""What each indicator counts, by its name; only proportions matter."""


def checked_weights(weights: Weights | None, indicators: Table) -> tuple[list[str], npt.NDArray[np.float64]]:
    """The weighted indicators and their weights, or an error that names the one at fault."""
    by_name: dict[Any, float] = dict.fromkeys(indicators.columns, 1.0) if weights is None else dict(weights.items())
    for name, weight in by_name.items():
        if name not in indicators.columns:
            raise PlanError(f"a weight for {name!r}, but no such indicator; there are {', '.join(indicators.columns)}.")
        if not (np.isfinite(weight) and weight >= 0):
            raise PlanError(f"the weight of {name!r} is {weight}; it must be a number, 0 or more.")
    if not any(by_name.values()):
        raise PlanError(f"no weight is above 0 ({', '.join(map(str, by_name)) or 'none given'}); raise at least one.")
    return list(by_name), np.array(list(by_name.values()), dtype=np.float64)
