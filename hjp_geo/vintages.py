"""Vintages of areas: telling them apart, and converting from one to another. Mixing them is an error.

LSOA 2011 ↔ LSOA 2021 go by the exact-fit lookup of the Office for National Statistics.
Areas that touch through the lookup form a group: one area kept (U), one split into several (S), two merged into one
(M), or several redrawn into several (X). A group covers the same ground in both vintages, so its counts are known
exactly; only their division inside a split or redrawn group is an estimate, made by population.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from scipy.sparse import csgraph

from hjp_geo.areas import AreaValues, Table
from hjp_geo.errors import GeographyError, SchemaError

__all__ = [
    "convert_ages_to_lsoa11",
    "convert_boards",
    "convert_lsoa11_to_lsoa21",
    "convert_rates_lsoa11_to_lsoa21",
    "crosswalk_lsoa11_to_lsoa21",
    "roll_up_by_patients",
    "vintage_of",
]

_Labels: TypeAlias = "pd.Index[Any]"
_Codes: TypeAlias = npt.NDArray[np.intp]


def vintage_of(codes: _Labels, vintages: Mapping[str, _Labels]) -> str:
    """The one vintage that all the codes are of; the first of ``vintages`` where they are of several.

    An area that did not change keeps its code, so some lists are of both: they then mean the same areas.

    Parameters
    ----------
    codes
        Codes of areas, in any order; repeats are allowed.
    vintages
        Name of each vintage → all its codes.

    Raises
    ------
    GeographyError
        The codes mix vintages, or some are of none: Welsh and Scottish ones, and words such as CLOSED or EMPTY, are
        counted in the message. Nothing is dropped.
    """
    distinct = codes.unique()
    inside = {name: distinct.isin(known) for name, known in vintages.items()}
    for name, all_of_it in inside.items():
        if all_of_it.all():
            return name
    nowhere = distinct[~np.logical_or.reduce(list(inside.values()))]
    if len(nowhere):
        raise GeographyError(
            f"{len(nowhere):,} codes are not areas of {' or '.join(vintages)}: {_by_kind(nowhere)}. "
            "Take them out, or count them apart, before areas are joined."
        )
    only = {name: distinct[held & ~_others(inside, name)] for name, held in inside.items()}
    found = "; ".join(f"{len(some):,} only of {name}, such as {some[0]}" for name, some in only.items() if len(some))
    raise GeographyError(
        f"the codes mix vintages: {found}. Convert one of them first (hjp_geo.vintages), or give each by itself."
    )


def _others(inside: Mapping[str, npt.NDArray[np.bool_]], name: str) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_] = np.logical_or.reduce([held for other, held in inside.items() if other != name])
    return found


def _by_kind(codes: _Labels) -> str:
    """How many codes are of Wales, of Scotland, and neither, with an example of each."""
    text = codes.astype("str")
    kinds = {"Welsh": text.str.match(r"W\d"), "Scottish": text.str.match(r"S\d")}
    kinds["unknown"] = ~(kinds["Welsh"] | kinds["Scottish"])
    return ", ".join(f"{int(of.sum()):,} {kind} ({text[of][0]})" for kind, of in kinds.items() if of.any())


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


def convert_rates_lsoa11_to_lsoa21(
    rates: AreaValues, weights: AreaValues, lookup: Table, population: AreaValues
) -> Table:
    """A rate or score of LSOA 2011 on LSOA 2021, and how it got there.

    Unchanged areas keep theirs, the parts of a split one inherit it, merged ones get the mean weighted by ``weights``
    (the rate's own denominator, or the people, of 2011), a redrawn group likewise: an approximation. A converted rank
    or decile is none: convert the score, and call what comes of it unofficial.

    Returns
    -------
    Indexed by ``lsoa21_code``, sorted: ``rate`` (missing where any part is missing) and ``how``: exact, inherited,
    averaged or approximate.

    Raises
    ------
    GeographyError, SchemaError
        As `convert_lsoa11_to_lsoa21`.
    """
    weighted = pd.DataFrame({"cases": rates * weights, "people": weights.where(rates.notna())})
    converted = convert_lsoa11_to_lsoa21(weighted, lookup, population)
    change = lookup.drop_duplicates("lsoa21_code").set_index("lsoa21_code")["change"].reindex(converted.index)
    mean = (converted["cases"] / converted["people"]).where(converted["people"] > 0)
    rate = mean.where(change != "U", rates.reindex(converted.index))
    how = change.map({"U": "exact", "S": "inherited", "M": "averaged", "X": "approximate"})
    return pd.DataFrame({"rate": rate.astype("float64"), "how": how})


def crosswalk_lsoa11_to_lsoa21(lookup: Table, population: AreaValues) -> Table:
    """Which share of the counts of each LSOA 2011 goes to which LSOA 2021: for tables too long to be made wide.

    Returns ``lsoa11_code, lsoa21_code, share``, sorted; the shares of each 2011 area add up to 1. Applied to counts it
    gives what `convert_lsoa11_to_lsoa21` gives, and it raises the same errors.
    """
    groups = _Groups(lookup)
    share = _share_of_group(groups, population)
    from11 = pd.DataFrame({"group": groups.group11, "lsoa11_code": groups.lsoa11})
    to21 = pd.DataFrame({"group": groups.group21, "lsoa21_code": groups.lsoa21, "share": share})
    pairs = from11.merge(to21, on="group").drop(columns="group")
    return pairs.sort_values(["lsoa11_code", "lsoa21_code"], ignore_index=True)


def convert_boards(counts: Table, membership: Table, population: AreaValues) -> Table:
    """Counts of one vintage of boards (or districts) as counts of another; totals are kept.

    A board that went whole into another is added; one that was divided is divided by where its people live, which is
    an estimate.

    Parameters
    ----------
    counts
        Columns of counts indexed by the old codes.
    membership
        ``area_code, old, new``: one row an area, with its board in each vintage.
    population
        People by area code.

    Returns
    -------
    Indexed by the new codes, sorted: the same columns, missing where a part is missing, and ``is_exact``: whether no
    divided board is part of it.

    Raises
    ------
    GeographyError
        A code of ``counts`` is not an old one (it may be a new one: then vintages are mixed), an old board with
        counts has areas without a new one, or an area of a divided board has no population.
    """
    vintage_of(counts.index, {"the old vintage": pd.Index(membership["old"].dropna().unique())})
    known = membership[membership["old"].isin(counts.index)]
    if known["new"].isna().any():
        raise GeographyError(
            f"{int(known['new'].isna().sum()):,} areas have no board in the new vintage, such as "
            f"{known.loc[known['new'].isna(), 'area_code'].iloc[0]}. Fetch the lookup of that vintage first."
        )
    flows = known.assign(people=known["area_code"].map(population)).groupby(["old", "new"])["people"]
    shares = flows.sum().reset_index().assign(unknown=flows.count().to_numpy() < flows.size().to_numpy())
    old = shares.groupby("old")
    divided = old["new"].transform("size") > 1
    if (divided & old["unknown"].transform("any")).any():
        raise GeographyError("a board that was divided has areas without a population to divide by. Give it for all.")
    share = (shares["people"] / old["people"].transform("sum")).where(divided, 1.0)
    parts = counts.loc[shares["old"]].mul(share.to_numpy(), axis=0).set_axis(shares["new"], axis=0)
    missing = parts.isna().groupby(level=0).any()
    converted = parts.groupby(level=0).sum().mask(missing).rename_axis("new")
    return converted.assign(is_exact=~divided.groupby(shares["new"]).any().reindex(converted.index))


def roll_up_by_patients(values: AreaValues, patients: Table) -> Table:
    """The mean of an area's value over the registered patients of each network, and how many of them it stands on.

    For primary care networks, which are not areas: an area belongs to several, by where its patients are registered.

    Parameters
    ----------
    values
        A rate or score by ``area_code``; missing where not known.
    patients
        ``area_code, pcn_code, patients``: one row an area and network.

    Returns
    -------
    Indexed by ``pcn_code``, sorted: ``value`` (missing where no patient lives in an area with a value) and
    ``known_share``, the share of the network's patients that do, 0 to 1.

    Raises
    ------
    GeographyError
        A network's patients live in an area that ``values`` does not have: vintages are mixed.
    """
    vintage_of(pd.Index(patients["area_code"]), {"the values": values.index})
    value = patients["area_code"].map(values)
    rows = pd.DataFrame(
        {
            "pcn_code": patients["pcn_code"],
            "cases": value * patients["patients"],
            "known": patients["patients"].where(value.notna(), 0),
            "patients": patients["patients"],
        }
    )
    sums = rows.groupby("pcn_code").sum()
    known = sums["known"] > 0
    return pd.DataFrame(
        {"value": (sums["cases"] / sums["known"]).where(known), "known_share": sums["known"] / sums["patients"]}
    )


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
