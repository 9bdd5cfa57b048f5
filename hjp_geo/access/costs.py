"""The long cost table as a sparse matrix: checked, sorted and indexed once, then only read."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Self, TypeAlias, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from hjp_geo.errors import GeographyError, SchemaError

__all__ = ["COST_UNITS", "CostMatrix", "CostUnit", "sorted_codes"]

CostUnit: TypeAlias = Literal["minutes", "km"]
COST_UNITS: tuple[CostUnit, ...] = ("minutes", "km")

_Number = TypeVar("_Number", np.float64, np.int32)
_Floats: TypeAlias = NDArray[np.float64]
_Positions: TypeAlias = NDArray[np.int64]

_STAND_INS = (999.0, 9999.0, 99999.0, 999999.0, 9999999.0, 32767.0, 65535.0, 2147483647.0, 4294967295.0)
"""Numbers that published travel matrices write for 'no route'. No journey in England costs any of them."""


@dataclass(frozen=True, eq=False)
class CostMatrix:
    """Finite costs in compressed rows: areas are rows, sites are columns, both sorted by code.

    A pair that is not stored is unreachable. A stored 0 is a cost of 0.
    """

    areas: pd.Index[str]
    sites: pd.Index[str]
    costs: _Floats
    columns: NDArray[np.int32]
    row_starts: NDArray[np.int32]
    unit: CostUnit
    unreachable_pairs: int

    @classmethod
    def from_table(
        cls,
        costs: pd.DataFrame,
        *,
        areas: pd.Index[str],
        sites: pd.Index[str],
        unreachable: Collection[float] = (),
    ) -> Self:
        """The matrix of a long table whose codes are all among ``areas`` and ``sites``, each sorted and unique."""
        unit = _cost_unit(costs)
        rows, columns = _positions(costs, areas, sites)
        values = _checked_values(costs, unit, unreachable)
        rows, columns, values = _in_order(costs, (rows, columns, values), len(sites))
        reachable = np.isfinite(values)
        rows, columns, values = rows[reachable], columns[reachable], values[reachable]
        row_starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(areas)))])
        return cls(
            areas=areas,
            sites=sites,
            costs=_frozen(values),
            columns=_frozen(columns.astype(np.int32)),
            row_starts=_frozen(row_starts.astype(np.int32)),
            unit=unit,
            unreachable_pairs=int(len(costs) - len(values)),
        )

    @property
    def shape(self) -> tuple[int, int]:
        """How many areas, how many sites."""
        return len(self.areas), len(self.sites)

    @property
    def size(self) -> int:
        """How many pairs have a cost."""
        return len(self.costs)

    @cached_property
    def rows(self) -> NDArray[np.int32]:
        """The row of each stored pair."""
        return np.repeat(np.arange(len(self.areas), dtype=np.int32), np.diff(self.row_starts))

    def as_csr(self, values: _Floats) -> sparse.csr_array:
        """A sparse matrix that holds ``values`` in place of the costs; it shares the positions, copies nothing."""
        return sparse.csr_array((values, self.columns, self.row_starts), shape=self.shape, copy=False)

    def select(self, *, areas: pd.Index[str] | None = None, sites: pd.Index[str] | None = None) -> Self:
        """The part of the matrix of these areas and sites, all of them known; itself when nothing is left out."""
        areas = self.areas if areas is None else areas
        sites = self.sites if sites is None else sites
        if areas.equals(self.areas) and sites.equals(self.sites):
            return self
        keep_row, new_row = _kept(self.areas, areas, "areas", "area_code")
        keep_column, new_column = _kept(self.sites, sites, "sites", "site_id")
        kept = keep_row[self.rows] & keep_column[self.columns]
        counts = np.bincount(new_row[self.rows[kept]], minlength=len(areas))
        return type(self)(
            areas=areas,
            sites=sites,
            costs=_frozen(self.costs[kept]),
            columns=_frozen(new_column[self.columns[kept]].astype(np.int32)),
            row_starts=_frozen(np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)),
            unit=self.unit,
            unreachable_pairs=self.unreachable_pairs,
        )


def sorted_codes(
    codes: pd.Index[str], name: str, key: Literal["area_code", "site_id"]
) -> tuple[NDArray[np.intp], pd.Index[str]]:
    """The order that sorts the codes, and the sorted codes named ``key``; missing or repeated codes are an error."""
    if isinstance(codes, pd.MultiIndex) or codes.hasnans:
        raise GeographyError(f"{name}: its index has missing codes or several levels; expected one {key} per row.")
    if codes.has_duplicates:
        repeated = _examples(codes[codes.duplicated()].unique())
        raise GeographyError(f"{name}: {key} is repeated: {repeated}. Expected one row each: add them up first.")
    already = codes.is_monotonic_increasing
    order = np.arange(len(codes)) if already else np.argsort(codes.to_numpy(), kind="stable")
    return order, codes.take(order).rename(key)


def _cost_unit(costs: pd.DataFrame) -> CostUnit:
    found = [str(column) for column in costs.columns]
    for unit in COST_UNITS:
        if sorted(found) == sorted(["area_code", "site_id", unit]):
            return unit
    raise SchemaError(
        f"costs: found the columns {', '.join(found) or '(none)'}; expected area_code, site_id and exactly one of "
        f"minutes or km. Select or rename them; a cost in another unit must be converted first."
    )


def _positions(costs: pd.DataFrame, areas: pd.Index[str], sites: pd.Index[str]) -> tuple[_Positions, _Positions]:
    rows, unknown_areas = _codes_to_positions(costs["area_code"], areas)
    columns, unknown_sites = _codes_to_positions(costs["site_id"], sites)
    if len(unknown_areas) == 0 and len(unknown_sites) == 0:
        return rows, columns
    swapped = unknown_areas.isin(sites).any() or unknown_sites.isin(areas).any()
    hint = (
        "Demand and supply look swapped: demand is by area_code, supply by site_id."
        if swapped
        else ("Keep only the rows of costs whose codes are in demand and supply, and check the vintage of the areas.")
    )
    raise GeographyError(
        f"costs: {len(unknown_areas)} area_code not in demand ({_examples(unknown_areas)}), "
        f"{len(unknown_sites)} site_id not in supply ({_examples(unknown_sites)}). {hint}"
    )


def _codes_to_positions(codes: pd.Series[str], known: pd.Index[str]) -> tuple[_Positions, pd.Index[str]]:
    """Where each code stands among the known ones, and the codes that stand nowhere."""
    numbers, distinct = pd.factorize(codes, use_na_sentinel=False)
    distinct_codes = pd.Index(distinct)
    places = known.get_indexer(distinct_codes)
    return places[numbers].astype(np.int64), distinct_codes[places < 0]


def _checked_values(costs: pd.DataFrame, unit: CostUnit, unreachable: Collection[float]) -> _Floats:
    column = costs[unit]
    if not pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype):
        raise SchemaError(f"costs: {unit} holds values of type {column.dtype}; expected numbers.")
    values = column.to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
    values[np.isin(values, list(unreachable))] = np.nan
    stand_in = np.isin(values, _STAND_INS)
    wrong = (values < 0) | stand_in
    if wrong.any():
        found = ", ".join(f"{value:.15g}" for value in np.unique(values[wrong])[:5])
        raise SchemaError(
            f"costs: {int(wrong.sum())} of {len(values)} {unit} are negative or a stand-in for 'no route': {found}. "
            f"Expected costs of 0 or more. If they mean unreachable, declare it: Reach(…, unreachable=[{found}])."
        )
    return values


def _in_order(
    costs: pd.DataFrame, triplets: tuple[_Positions, _Positions, _Floats], site_count: int
) -> tuple[_Positions, _Positions, _Floats]:
    """The pairs sorted by area then site; a pair given twice is an error."""
    rows, columns, values = triplets
    pair = rows * site_count + columns
    if not (np.diff(pair) > 0).all():
        order = np.argsort(pair, kind="stable")
        repeated = order[1:][np.diff(pair[order]) == 0]
        if len(repeated):
            first = costs.iloc[repeated[0]]
            raise SchemaError(
                f"costs: {len(repeated)} pairs are given more than once, the first {first['area_code']} to "
                f"{first['site_id']}. Expected one cost per pair: keep the cheapest, or one mode of travel."
            )
        rows, columns, values = rows[order], columns[order], values[order]
    return rows, columns, values


def _kept(known: pd.Index[str], wanted: pd.Index[str], name: str, key: str) -> tuple[NDArray[np.bool_], _Positions]:
    """Which known codes are wanted, and the new position of each."""
    places = known.get_indexer(wanted)
    if (places < 0).any():
        unknown = wanted[places < 0]
        raise GeographyError(
            f"{len(unknown)} {key} are not among the {len(known)} {name} of this reach: {_examples(unknown)}. "
            f"There are no costs for them: build a new Reach with their costs."
        )
    keep = np.zeros(len(known), dtype=np.bool_)
    position = np.full(len(known), -1, dtype=np.int64)
    keep[places] = True
    position[places] = np.arange(len(wanted))
    return keep, position


def _examples(codes: pd.Index[str]) -> str:
    return ", ".join(str(code) for code in codes[:5]) + (", …" if len(codes) > 5 else "") or "none"


def _frozen(array: NDArray[_Number]) -> NDArray[_Number]:
    array.flags.writeable = False
    return array
