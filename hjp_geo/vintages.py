"""LSOA 2011 ↔ LSOA 2021, by the exact-fit lookup of the Office for National Statistics.

Areas that touch through the lookup form a group: one area kept (U), one split into several (S), two merged into one
(M), or several redrawn into several (X). A group covers the same ground in both vintages, so its counts are known
exactly; only their division inside a split or redrawn group is an estimate, made by population.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from scipy.sparse import csgraph

from hjp_geo.areas import AreaValues, Table
from hjp_geo.errors import GeographyError, SchemaError

__all__ = ["convert_ages_to_lsoa11", "convert_lsoa11_to_lsoa21"]

_Labels: TypeAlias = "pd.Index[Any]"
_Codes: TypeAlias = npt.NDArray[np.intp]


def convert_lsoa11_to_lsoa21(counts: Table, lookup: Table, population: AreaValues) -> Table:
    """Counts of LSOA 2011 as counts of LSOA 2021; totals are kept.

    Unchanged areas are copied, merged ones added, a split one divided by its children's share of its population, a
    redrawn group added and divided likewise (an approximation). Convert cases and people, then divide: never convert
    a rate, rank or decile.

    Parameters
    ----------
    counts
        Columns of counts indexed by LSOA 2011 code.
    lookup
        ``lsoa11_code, lsoa21_code, change`` with ``change`` one of U, S, M, X.
    population
        People by LSOA 2021 code; needed where a group has several areas in 2021.

    Returns
    -------
    The same columns indexed by ``lsoa21_code``, sorted: every 2021 code of the lookup once. Missing where any 2011
    area of its group is missing or absent from ``counts``.

    Raises
    ------
    GeographyError
        A code of ``counts`` is not an LSOA 2011 of the lookup, or a split area has no population to divide by.
    SchemaError
        The lookup lacks a column, repeats a pair, or contradicts its own ``change``.
    """
    groups = _Groups(lookup)
    unknown = counts.index[groups.lsoa11.get_indexer(counts.index) < 0]
    if len(unknown):
        already = int((groups.lsoa21.get_indexer(unknown) >= 0).sum())
        raise GeographyError(
            f"{len(unknown):,} areas are not LSOA 2011 codes of the lookup, such as {_some(unknown)}"
            f"{f'; {already:,} of them are LSOA 2021 codes' if already else ''}. "
            f"Give counts of LSOA 2011 only, and a lookup that covers them."
        )
    if counts.index.has_duplicates:
        raise GeographyError(f"the counts have areas twice, such as {_twice(counts.index)}.")
    aligned = counts.reindex(groups.lsoa11).to_numpy(dtype=np.float64, na_value=np.nan)
    totals = _membership(groups.group11) @ aligned
    converted = totals[groups.group21] * _share_of_group(groups, population)[:, None]
    return pd.DataFrame(converted, index=groups.lsoa21.rename("lsoa21_code"), columns=counts.columns)


def convert_ages_to_lsoa11(ages: Table, lookup: Table) -> Table:
    """Residents of LSOA 2021 by age band as an age structure of LSOA 2011.

    For modelling on LSOA 2011 when only 2021 populations are held. Each 2011 area gets the age structure of its
    group; a group of several 2011 areas is divided equally, so there only the *shares* of the bands mean anything.

    Parameters
    ----------
    ages
        ``lsoa, age_band, population`` in LSOA 2021, one row per area and band.
    lookup
        ``lsoa11_code, lsoa21_code, change``.

    Returns
    -------
    ``lsoa, age_band, population`` in LSOA 2011, sorted: the areas whose whole group is in ``ages``.

    Raises
    ------
    GeographyError
        A code of ``ages`` is not an LSOA 2021 of the lookup.
    SchemaError
        An area and age band occur twice; or the lookup is at fault, as above.
    """
    groups = _Groups(lookup)
    if ages.duplicated(["lsoa", "age_band"]).any():
        raise SchemaError("the ages have an area and age band twice; one row each is expected.")
    wide = ages.set_index(["lsoa", "age_band"])["population"].unstack()
    unknown = wide.index[groups.lsoa21.get_indexer(wide.index) < 0]
    if len(unknown):
        raise GeographyError(
            f"{len(unknown):,} areas of the ages are not LSOA 2021 codes of the lookup, such as {_some(unknown)}. "
            f"Give ages of LSOA 2021 only, and a lookup that covers them."
        )
    aligned = wide.reindex(groups.lsoa21).to_numpy(dtype=np.float64, na_value=np.nan)
    parents = np.bincount(groups.group11)
    structure = (_membership(groups.group21) @ aligned / parents[:, None])[groups.group11]
    by_area = pd.DataFrame(structure, index=groups.lsoa11, columns=wide.columns).rename_axis(index="lsoa").reset_index()
    long = by_area.melt("lsoa", var_name="age_band", value_name="population").dropna(subset=["population"])
    return long.sort_values(["lsoa", "age_band"], ignore_index=True)


class _Groups:
    """The checked lookup: both lists of codes, sorted, and the number of the group that each code belongs to."""

    def __init__(self, lookup: Table) -> None:
        _check(lookup)
        from11, lsoa11 = pd.factorize(lookup["lsoa11_code"], sort=True)
        from21, lsoa21 = pd.factorize(lookup["lsoa21_code"], sort=True)
        self.lsoa11: _Labels = pd.Index(lsoa11)
        self.lsoa21: _Labels = pd.Index(lsoa21)
        size = len(lsoa11) + len(lsoa21)
        touching = sparse.coo_array((np.ones(len(lookup)), (from11, len(lsoa11) + from21)), shape=(size, size))
        _, labels = csgraph.connected_components(touching, directed=False)
        group = labels.astype(np.intp)
        self.group11: _Codes = group[: len(lsoa11)]
        self.group21: _Codes = group[len(lsoa11) :]
        self._check_changes(lookup, from11, from21)

    def _check_changes(self, lookup: Table, from11: _Codes, from21: _Codes) -> None:
        """U, S and M must agree with the areas of the group; X may not: some copies of the lookup lack a row of it."""
        several11 = np.bincount(self.group11)[self.group11[from11]] > 1
        several21 = np.bincount(self.group21)[self.group21[from21]] > 1
        same = (lookup["lsoa11_code"] == lookup["lsoa21_code"]).to_numpy(dtype=np.bool_)
        expected = np.select([several11 & several21, several11, several21, same], ["X", "M", "S", "U"], default="X")
        change = lookup["change"].to_numpy(dtype=object)
        wrong = (change != expected) & (change != "X")
        if wrong.any():
            row = lookup.loc[wrong].iloc[0]
            raise SchemaError(
                f"the lookup contradicts itself in {int(wrong.sum()):,} rows: {row['lsoa11_code']} to "
                f"{row['lsoa21_code']} is marked {row['change']!r}, but its codes make it {str(expected[wrong][0])!r}. "
                f"Use the complete exact-fit lookup (not the best-fit one), changes U, S, M and X."
            )


def _check(lookup: Table) -> None:
    expected = ["lsoa11_code", "lsoa21_code", "change"]
    absent = [column for column in expected if column not in lookup.columns]
    if absent:
        raise SchemaError(f"the lookup has no column {_some(absent)}; expected {', '.join(expected)}.")
    if lookup[expected].isna().to_numpy().any():
        raise SchemaError("the lookup has empty cells; every row needs both codes and the change.")
    if lookup.duplicated(["lsoa11_code", "lsoa21_code"]).any():
        raise SchemaError("the lookup repeats a pair of codes; one row each is expected.")


def _membership(group: _Codes) -> sparse.csr_array[Any, Any]:
    """Group × area, 1 where the area belongs: its product adds the areas of each group, and keeps the missing."""
    area = np.arange(len(group))
    return sparse.csr_array((np.ones(len(group)), (group, area)), shape=(int(group.max(initial=-1)) + 1, len(group)))


def _share_of_group(groups: _Groups, population: AreaValues) -> npt.NDArray[np.float64]:
    """Each 2021 area's share of the people of its group; exactly 1 where it is alone."""
    if population.index.has_duplicates:
        raise GeographyError(f"the population has areas twice, such as {_twice(population.index)}.")
    alone = np.bincount(groups.group21)[groups.group21] == 1
    people = np.asarray(population.reindex(groups.lsoa21), dtype=np.float64)
    in_group = np.bincount(groups.group21, weights=people)[groups.group21]
    unknown = ~alone & ~((people >= 0) & (in_group > 0))
    if unknown.any():
        raise GeographyError(
            f"{int(unknown.sum()):,} LSOA 2021 of split areas have no population to divide by, "
            f"such as {_some(groups.lsoa21[unknown])}. Give the population of every LSOA 2021 of the lookup."
        )
    return np.divide(people, in_group, out=np.ones_like(people), where=~alone)


def _twice(codes: _Labels) -> str:
    return _some(codes[codes.duplicated()])


def _some(codes: Sequence[object] | _Labels) -> str:
    return ", ".join(str(code) for code in codes[:5]) + (" …" if len(codes) > 5 else "")
