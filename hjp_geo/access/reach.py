"""Reach: who could use which site, checked once. Every measure of access is a formula over one of these."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Self, TypeAlias, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from hjp_geo.access.costs import CostMatrix, CostUnit, sorted_codes
from hjp_geo.access.decay import Decay
from hjp_geo.areas import AreaValues, SiteValues
from hjp_geo.errors import PlanError

__all__ = ["Reach", "ReachCounts"]

_Floats: TypeAlias = NDArray[np.float64]

_SMALLEST_WEIGHT = 1e-150
"""A weight below this counts as 0: its square could not be told from 0, and supply shared by it would overflow."""


@dataclass(frozen=True)
class ReachCounts:
    """What went in and what could not be used: print it beside any number made from the reach."""

    areas: int
    areas_without_demand_figure: int
    areas_with_zero_demand: int
    areas_reaching_nothing: int
    sites: int
    sites_with_zero_supply: int
    sites_reached_by_nobody: int
    pairs: int
    pairs_declared_unreachable: int
    pairs_within_cutoff: int


@dataclass(frozen=True, init=False, eq=False, repr=False)
class Reach:
    """Demand, supply, costs and decay, checked once and ready for every measure.

    ``demand`` has one number per ``area_code`` (people, or people in need). Missing means not known: the area is left
    out of the competition and its results are missing. Zero means nobody: it adds no competition and gets a result.

    ``supply`` has one number per ``site_id``. Zero is allowed; missing is refused, since it is neither 0 nor a mean.

    ``costs`` has the columns ``area_code``, ``site_id`` and one of ``minutes`` or ``km``. A pair that is absent,
    missing or infinite is unreachable, and so is a stand-in such as 9999 when it is declared in ``unreachable``.

    Raises PlanError for negative or infinite numbers and missing supply; SchemaError for columns, duplicates and
    undeclared stand-ins; GeographyError for codes that demand or supply does not have.
    """

    demand: AreaValues
    supply: SiteValues
    matrix: CostMatrix
    """The costs in compressed rows; shared, never built again, by every reach made from this one."""
    decay: Decay

    def __init__(
        self,
        demand: AreaValues,
        supply: SiteValues,
        costs: pd.DataFrame,
        decay: Decay,
        *,
        unreachable: Collection[float] = (),
    ) -> None:
        demand, supply = _checked_demand(demand), _checked_supply(supply)
        matrix = CostMatrix.from_table(costs, areas=demand.index, sites=supply.index, unreachable=unreachable)
        self._set(demand, supply, matrix, _checked_decay(decay))

    def _set(self, demand: AreaValues, supply: SiteValues, matrix: CostMatrix, decay: Decay) -> None:
        for name, value in (("demand", demand), ("supply", supply), ("matrix", matrix), ("decay", decay)):
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        rows, columns = self.matrix.shape
        return f"Reach({rows} areas, {columns} sites, {self.matrix.size} pairs in {self.cost_unit}, {self.decay!r})"

    @property
    def cost_unit(self) -> CostUnit:
        """The unit of every cost, cutoff and bandwidth: ``minutes`` or ``km``."""
        return self.matrix.unit

    def with_decay(self, decay: Decay) -> Self:
        """The same demand, supply and costs under another decay; nothing is built again."""
        return self._remade(self.demand, self.supply, self.matrix, _checked_decay(decay))

    def with_supply(self, supply: SiteValues) -> Self:
        """The same reach with other supply, as when the topic changes.

        Sites that ``supply`` does not name take no part: they are not sites with zero supply. A site that this reach
        does not know is an error, since there are no costs to it.
        """
        checked = _checked_supply(supply)
        return self._remade(self.demand, checked, self.matrix.select(sites=checked.index), self.decay)

    def with_demand(self, demand: AreaValues) -> Self:
        """The same reach with other demand. Areas that ``demand`` does not name take no part."""
        checked = _checked_demand(demand)
        return self._remade(checked, self.supply, self.matrix.select(areas=checked.index), self.decay)

    def _remade(self, demand: AreaValues, supply: SiteValues, matrix: CostMatrix, decay: Decay) -> Self:
        other = object.__new__(type(self))
        other._set(demand, supply, matrix, decay)
        return other

    @cached_property
    def demand_known(self) -> NDArray[np.bool_]:
        """Which areas have a demand figure, in the order of ``demand``."""
        return ~np.isnan(self.demand.to_numpy())

    @cached_property
    def people(self) -> _Floats:
        """Demand as it competes for supply: 0 where there is no figure, as that area takes no part."""
        return np.where(self.demand_known, self.demand.to_numpy(), 0.0)

    @cached_property
    def hours(self) -> _Floats:
        """Supply in the order of ``supply``, in its own unit."""
        return np.asarray(self.supply, dtype=np.float64)

    @cached_property
    def weights(self) -> sparse.csr_array:
        """W: one weight per area (row) and site (column). Rows of areas without a demand figure are all 0."""
        weights = self.decay.weights(self.matrix.costs)
        tiny = weights < _SMALLEST_WEIGHT
        if weights[tiny].any():
            weights[tiny] = 0.0
        if not self.demand_known.all():
            weights[~self.demand_known[self.matrix.rows]] = 0.0
        return self.matrix.as_csr(weights)

    def area_values(self, values: _Floats) -> AreaValues:
        """One value per area, missing where the area has no demand figure. Named by the measure that asks."""
        return pd.Series(np.where(self.demand_known, values, np.nan), index=self.demand.index)

    def site_values(self, values: _Floats) -> SiteValues:
        """One value per site. Named by the measure that asks."""
        return pd.Series(values, index=self.supply.index)

    @cached_property
    def areas_reaching_nothing(self) -> pd.Series[bool]:
        """True for each area with a demand figure and no site within the cutoff: its supply measures are 0."""
        reached = self.weights.sum(axis=1) > 0
        return pd.Series(~reached & self.demand_known, index=self.demand.index, name="areas_reaching_nothing")

    @cached_property
    def counts(self) -> ReachCounts:
        """How many areas, sites and pairs there are, and how many of each could not be used."""
        weights = self.weights
        return ReachCounts(
            areas=len(self.demand),
            areas_without_demand_figure=int((~self.demand_known).sum()),
            areas_with_zero_demand=int((self.demand == 0).sum()),
            areas_reaching_nothing=int(self.areas_reaching_nothing.sum()),
            sites=len(self.supply),
            sites_with_zero_supply=int((self.supply == 0).sum()),
            sites_reached_by_nobody=int((self.people @ weights <= 0).sum()),
            pairs=self.matrix.size,
            pairs_declared_unreachable=self.matrix.unreachable_pairs,
            pairs_within_cutoff=int((self.matrix.costs <= self.decay.cutoff).sum()),
        )


def _checked_decay(decay: object) -> Decay:
    if not isinstance(decay, Decay):
        raise PlanError(
            f"decay: found {decay!r}; expected one such as Binary(cutoff=30) or Step({{20: 1, 40: 0.68, 60: 0.22}})."
        )
    return decay


def _checked_demand(demand: AreaValues) -> AreaValues:
    values = _sorted_floats(demand, "demand", "area_code")
    _refuse(values, np.isinf(values) | (values < 0), "demand is negative or infinite")
    return values


def _checked_supply(supply: SiteValues) -> SiteValues:
    values = _sorted_floats(supply, "supply", "site_id")
    _refuse(values, np.isinf(values) | (values < 0), "supply is negative or infinite")
    _refuse(values, values.isna(), "supply is missing, and not known is neither 0 nor an average", _FILL_SUPPLY)
    return values


_FILL_SUPPLY = (
    "Leave those sites out and say so, or make two reaches, with 0 and with the median of similar sites, "
    "and show the range."
)


def _sorted_floats(values: pd.Series[float], name: str, key: Literal["area_code", "site_id"]) -> pd.Series[float]:
    if not isinstance(values, pd.Series):
        raise PlanError(f"{name}: found a {type(values).__name__}; expected a Series of numbers indexed by {key}.")
    if not pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_bool_dtype(values.dtype):
        raise PlanError(f"{name}: found values of type {values.dtype}; expected numbers indexed by {key}.")
    order, index = sorted_codes(values.index, name, key)
    floats = values.to_numpy(dtype=np.float64, na_value=np.nan)[order]
    floats.flags.writeable = False
    return pd.Series(floats, index=index, name=name)


def _refuse(values: pd.Series[float], bad: object, problem: str, remedy: str = "Correct or remove them.") -> None:
    found = values[cast("pd.Series[bool]", bad)]
    if len(found):
        examples = ", ".join(f"{code} = {value:g}" for code, value in found.iloc[:5].items())
        raise PlanError(f"{problem} in {len(found)} of {len(values)} rows: {examples}. {remedy}")
