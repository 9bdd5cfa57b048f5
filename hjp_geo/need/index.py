"""Normalised indicators → one score per area, and what each indicator gives to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from hjp_geo.areas import AreaValues, Table
from hjp_geo.errors import PlanError
from hjp_geo.need.weights import Weights, checked_weights

__all__ = ["AGGREGATES", "combine", "contributions", "data_share", "on_scale"]

_Floats: TypeAlias = npt.NDArray[np.float64]

MINIMUM_DATA_SHARE = 2 / 3
"""An index is missing where the indicators it has carry less than this share of the weight."""

AGGREGATES: Mapping[str, tuple[Callable[[_Floats], _Floats], Callable[[_Floats], _Floats]]] = {
    "arithmetic": (lambda x: x, lambda mean: mean),
    "geometric": (np.log, np.exp),
    "harmonic": (np.reciprocal, np.reciprocal),
}
"""The ways of :func:`combine`: each is the weighted mean on a changed scale (to it, and back)."""


def combine(indicators: Table, weights: Weights | None = None, method: str = "arithmetic") -> AreaValues:
    """One score per area: the weighted mean of its normalised indicators.

    Parameters
    ----------
    indicators
        One row per area, one column per indicator, already normalised so that high is need.
    weights
        By name of indicator, 0 or more; only their proportions matter. Columns without a weight take no part. Without
        weights all columns count the same.
    method
        ``arithmetic`` lets a good indicator make up for a bad one; ``geometric`` and ``harmonic`` do so less and need
        values above 0.

    Returns
    -------
    ``score``, indexed as ``indicators``. An area's score uses the indicators it has, their weights rescaled; it is
    missing where they carry less than two thirds of the weight. Show :func:`data_share` beside it.

    Raises
    ------
    PlanError
        A weight is negative, not finite, of no indicator, or all are 0; or a value is 0 or less where it must not be.
    """
    names, shares = checked_weights(weights, indicators)
    values = on_scale(indicators, names, method)
    _, back = AGGREGATES[method]
    carried = ~np.isnan(values) @ shares
    mean = np.divide(np.nan_to_num(values) @ shares, carried, out=np.full(len(values), np.nan), where=carried > 0)
    mean[_too_little(carried, shares)] = np.nan
    return pd.Series(back(mean), index=indicators.index, name="score")


def contributions(indicators: Table, weights: Weights | None = None) -> Table:
    """How many points each indicator gives to an area's arithmetic score: they add up to it.

    weight × value / sum of the weights of the indicators that the area has; missing where the indicator or the score
    is.
    """
    names, shares = checked_weights(weights, indicators)
    values = indicators[names].to_numpy(dtype=np.float64, na_value=np.nan)
    carried = ~np.isnan(values) @ shares
    points = values * shares / np.where(_too_little(carried, shares), np.nan, carried)[:, None]
    return pd.DataFrame(points, index=indicators.index, columns=pd.Index(names, name=indicators.columns.name))


def data_share(indicators: Table, weights: Weights | None = None) -> AreaValues:
    """The share of the weight that an area's known indicators carry, 0 to 1."""
    names, shares = checked_weights(weights, indicators)
    carried = indicators[names].notna().to_numpy() @ shares
    return pd.Series(carried / shares.sum(), index=indicators.index, name="data_share")


def on_scale(indicators: Table, names: Sequence[str], method: str) -> _Floats:
    """The indicators on the scale where the method is an arithmetic mean."""
    if method not in AGGREGATES:
        raise PlanError(f"no aggregate {method!r}; there are {', '.join(AGGREGATES)}.")
    values = indicators[list(names)].to_numpy(dtype=np.float64, na_value=np.nan)
    if method != "arithmetic" and (values <= 0).any():
        raise PlanError(
            f"a {method} mean needs values above 0; found {np.nanmin(values):g}. Normalise to 1–100, scale=(1, 100)."
        )
    to, _ = AGGREGATES[method]
    return to(values)


def _too_little(carried: _Floats, shares: _Floats) -> npt.NDArray[np.bool_]:
    return np.asarray(carried < shares.sum() * (MINIMUM_DATA_SHARE - 1e-9))
