"""How far the ranks of a score depend on the choices behind it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from hjp_geo.areas import Table
from hjp_geo.errors import PlanError
from hjp_geo.need.index import combine, on_scale
from hjp_geo.need.weights import Weights, checked_weights

__all__ = ["rank_intervals"]

_Floats: TypeAlias = npt.NDArray[np.float64]


def rank_intervals(
    indicators: Table | Sequence[Table],
    weights: Weights | None = None,
    *,
    seed: int,
    draws: int = 1000,
    spread: float = 0.25,
    methods: Sequence[str] = ("arithmetic",),
) -> Table:
    """How far each area's rank moves when the choices behind the score are made differently.

    Each draw multiplies every weight by its own factor, uniform in 1 ± ``spread``, and picks one of the permitted
    normalisations and aggregates. This is doubt about *choices*, not sampling error: never a confidence interval.

    Parameters
    ----------
    indicators, weights
        As for :func:`combine`. Several tables are the same indicators under the permitted normalisations; the first
        is the nominal one.
    seed
        The same seed gives the same result.
    draws
        How many times to draw.
    spread
        From 0 (weights certain) to 1.
    methods
        The permitted aggregates; the first is the nominal one.

    Returns
    -------
    Indexed as ``indicators``: ``rank`` (nominal, 1 = most need), ``rank_median``, ``rank_lower`` and ``rank_upper``
    (5th and 95th percentile of the draws), ``worst_tenth_probability`` and ``worst_fifth_probability``, the share of
    draws in which the area is among the tenth (fifth) with most need. Areas without a score are missing and not ranked.

    Raises
    ------
    PlanError
        As :func:`combine`; or no draws, a spread outside 0 to 1, or tables of different areas.

    After Becker and others (2022), COINr.
    """
    tables = [indicators] if isinstance(indicators, pd.DataFrame) else list(indicators)
    if draws < 1 or not 0 <= spread <= 1:
        raise PlanError(f"{draws} draws with spread {spread}; expected at least one draw and a spread from 0 to 1.")
    if any(not table.index.equals(tables[0].index) for table in tables):
        raise PlanError("the normalisations are of different areas; give tables with the same index.")
    names, shares = checked_weights(weights, tables[0])
    nominal = combine(tables[0], weights, methods[0])
    ranked = nominal.notna().to_numpy()
    choices = [_Choice(table[ranked], names, method) for table in tables for method in methods]
    random = np.random.default_rng(seed)
    factors = random.uniform(1 - spread, 1 + spread, (draws, len(names))) * shares
    drawn = _draw_ranks(choices, factors, random.integers(len(choices), size=draws))
    result = pd.DataFrame(np.nan, index=nominal.index, columns=_INTERVAL_COLUMNS)
    result["rank"] = nominal.rank(method="min", ascending=False)
    result.loc[ranked, _INTERVAL_COLUMNS[1:]] = _summarise_draws(drawn)
    return result


_QUANTILES = {"rank_median": 0.5, "rank_lower": 0.05, "rank_upper": 0.95}
_WORST = {"worst_tenth_probability": 10, "worst_fifth_probability": 5}
_INTERVAL_COLUMNS = ["rank", *_QUANTILES, *_WORST]
_DRAWS_AT_ONCE = 16
_AREAS_AT_ONCE = 4096


class _Choice:
    """One normalisation and aggregate: the values whose weighted mean orders the areas, high = most need."""

    def __init__(self, table: Table, names: Sequence[str], method: str) -> None:
        values = on_scale(table, names, method)
        known = ~np.isnan(values)
        # A harmonic mean falls as the mean of the reciprocals rises.
        self.values = np.nan_to_num(values if method != "harmonic" else -values).T
        self.known = None if known.all() else known.T.astype(np.float64)

    def scores(self, weights: _Floats) -> _Floats:
        """Draws × areas, in an arbitrary unit: high = most need."""
        scores = weights @ self.values
        scores /= weights.sum(axis=1, keepdims=True) if self.known is None else weights @ self.known
        # Equal areas must stay equal in whatever order the machine added them: 12 digits are kept.
        scores /= max(scores.max(initial=0), -scores.min(initial=0), 1e-300)
        return np.round(scores, 12, out=scores)


def _draw_ranks(choices: Sequence[_Choice], weights: _Floats, choice: npt.NDArray[Any]) -> npt.NDArray[np.integer[Any]]:
    """The rank of each area in each draw: draws × areas, in the smallest integers that hold it."""
    areas = choices[0].values.shape[1]
    drawn = np.empty((len(weights), areas), dtype=np.uint16 if areas < 2**16 else np.int32)

    def fill(batch: npt.NDArray[Any]) -> None:
        for draw, scores in zip(batch, choices[choice[batch[0]]].scores(weights[batch]), strict=True):
            _rank(scores, drawn[draw])

    same_choice = [np.flatnonzero(choice == number) for number in range(len(choices))]
    batches = [rows[i : i + _DRAWS_AT_ONCE] for rows in same_choice for i in range(0, len(rows), _DRAWS_AT_ONCE)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(fill, batches))
    return drawn


def _rank(scores: _Floats, ranks: npt.NDArray[np.integer[Any]]) -> None:
    """Fill in the rank of each score: 1 = highest, ties take the smallest."""
    order = np.argsort(scores)[::-1]
    in_order = scores[order]
    place = np.arange(1, len(scores) + 1, dtype=ranks.dtype)
    place[1:][in_order[1:] == in_order[:-1]] = 0
    ranks[order] = np.maximum.accumulate(place)


def _summarise_draws(drawn: npt.NDArray[np.integer[Any]]) -> _Floats:
    """Per area: median, 5th and 95th percentile of its ranks, and its share of draws in the worst tenth and fifth."""
    draws, areas = drawn.shape
    summary = np.empty((areas, len(_QUANTILES) + len(_WORST)))

    def fill(start: int) -> None:
        block = drawn[:, start : start + _AREAS_AT_ONCE]
        ordered = np.sort(block.T.copy(), axis=1)
        rows = summary[start : start + _AREAS_AT_ONCE]
        for column, quantile in enumerate(_QUANTILES.values()):
            below, part = divmod(quantile * (draws - 1), 1)
            lower, upper = ordered[:, int(below)], ordered[:, min(int(below) + 1, draws - 1)]
            rows[:, column] = lower * (1 - part) + upper * part
        for column, parts in enumerate(_WORST.values(), start=len(_QUANTILES)):
            rows[:, column] = (block <= areas // parts).mean(axis=0)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(fill, range(0, areas, _AREAS_AT_ONCE)))
    return summary
