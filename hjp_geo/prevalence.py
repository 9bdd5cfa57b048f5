"""Practice disease registers → small-area estimates, by the method of the House of Commons Library.

A practice says how many of its patients are on a register, not where they live; the registrations say where its
patients live, not who is on a register. Each practice's register is spread over the areas of its patients, in
proportion to the patients of the ages that the condition is counted in. The estimates are *modelled*: they say what
the practices' recorded diagnoses imply for an area, and inherit their under-recording.

House of Commons Library (2021), Local health data: constituency estimates of health conditions.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from hjp_geo.areas import AreaValues, Table
from hjp_geo.errors import GeographyError, PlanError, SchemaError

__all__ = ["borrow_registrations", "model_prevalence", "split_register", "unplaced_practices"]

ALL_AGES = "TOTAL"
"""The age band that means everybody; its share of any area is 1."""

_Floats: TypeAlias = npt.NDArray[np.float64]
_Codes: TypeAlias = npt.NDArray[np.intp]
_Labels: TypeAlias = "pd.Index[Any]"


def model_prevalence(
    registers: Table, registrations: Table, lsoa_ages: Table | None = None, *, adjust: AreaValues | None = None
) -> Table:
    """Modelled cases, patients and prevalence of each condition in each small area.

    Each practice's register and list are spread over its areas; cases and patients are added over practices, then
    divided. Nothing is rounded, smoothed or capped, and every placed practice keeps exactly its register and list.

    Parameters
    ----------
    registers
        ``practice, condition, age_band, register, list_size``: one row per practice, condition and age band, the
        list counted in that band. A missing register or list means that the practice did not report the condition:
        neither enters. Several bands of one condition are apportioned apart and added (see :func:`split_register`).
    registrations
        ``practice, lsoa, patients``: where each practice's patients live; rows for the same pair are added. A
        missing ``lsoa`` means an unknown address: those patients are spread like the practice's others.
    lsoa_ages
        ``lsoa, age_band, population``: residents by band, with ``TOTAL``. Without it every band is spread by all
        patients, whatever their age.
    adjust
        A weight above 0 for each area of the registrations. It moves cases between the areas of one practice; lists
        and practice totals stay.

    Returns
    -------
    ``lsoa, condition, register, list_size, prevalence`` sorted by area and condition: every area where a practice of
    ``registers`` has patients. ``register`` is the modelled number of cases, ``list_size`` of patients, and
    ``prevalence`` their ratio as a fraction. All but ``list_size`` are missing where no practice that reports the
    condition has patients; ``prevalence`` also where nobody is of the age. Practices that cannot be placed are
    left out: :func:`unplaced_practices` lists them.

    Raises
    ------
    SchemaError
        A column is absent, a key is repeated, or a count is negative or missing.
    GeographyError
        An area of the registrations has no ages or no weight.

    Example
    -------
    Practice P has 10 cases and three of its four patients in area A:

    >>> registers = pd.DataFrame({"practice": ["P"], "condition": ["HYP"], "age_band": ["TOTAL"],
    ...                           "register": [10], "list_size": [40]})
    >>> registrations = pd.DataFrame({"practice": ["P", "P"], "lsoa": ["A", "B"], "patients": [3, 1]})
    >>> model_prevalence(registers, registrations)[["lsoa", "register", "list_size"]].values.tolist()
    [['A', 7.5, 30.0], ['B', 2.5, 10.0]]
    """
    returns = _read_registers(registers)
    homes = _read_registrations(registrations, returns.practices)
    shares = _age_shares(lsoa_ages, homes.lsoas, returns.bands)
    weighted = shares if adjust is None else shares * _weights(adjust, homes.lsoas)[:, None]
    at_risk = homes.patients @ shares
    at_risk_weighted = at_risk if adjust is None else homes.patients @ weighted
    cases, with_cases = _spread(returns.register, at_risk_weighted, returns, homes, weighted)
    lists, with_lists = _spread(returns.list_size, at_risk, returns, homes, shares)
    cases[~(with_cases | with_lists)] = np.nan
    return _long(cases, lists, homes.lsoas, returns.conditions)


def unplaced_practices(registers: Table, registrations: Table, lsoa_ages: Table | None = None) -> Table:
    """The practices, patients and cases that :func:`model_prevalence` leaves out, and why.

    One row per practice and reason, sorted; none when everything was placed. Takes the same tables.

    Returns
    -------
    ``practice, reason, conditions, patients, cases``. ``reason`` is one of

    * ``not_reported``: the register or list of some conditions is missing;
    * ``no_registrations``: the practice is not in the registrations;
    * ``no_lsoa``: it is there, but no patient has a known area;
    * ``no_patients_in_band``: none of its areas has residents of the condition's ages;
    * ``no_register``: registrations of a practice without registers.

    ``conditions`` counts the register rows left out, ``patients`` is the longest list among them (for
    ``no_register`` the registered patients) and ``cases`` the sum of their registers; missing where the practice did
    not say.
    """
    returns = _read_registers(registers)
    homes = _read_registrations(registrations, returns.practices)
    shares = _age_shares(lsoa_ages, homes.lsoas, returns.bands)
    in_band = (homes.patients @ shares)[:, returns.part_band] > 0
    listed = pd.Index(registrations["practice"].unique()).get_indexer(returns.practices) >= 0
    placed = homes.patients.sum(axis=1) > 0
    reason = np.select(
        [~returns.listed, ~returns.reported, ~listed[:, None], ~placed[:, None], ~in_band],
        ["", "not_reported", "no_registrations", "no_lsoa", "no_patients_in_band"],
        default="",
    )
    practice, part = np.nonzero(reason != "")
    left_out = pd.DataFrame(
        {
            "practice": returns.practices.take(practice),
            "reason": reason[practice, part],
            "conditions": 1,
            "patients": returns.list_size[practice, part],
            "cases": returns.register[practice, part],
        }
    )
    by_practice = left_out.groupby(["practice", "reason"], as_index=False).agg(
        conditions=("conditions", "sum"),
        patients=("patients", "max"),
        cases=("cases", lambda cases: cases.sum(min_count=1)),
    )
    both = pd.concat([by_practice, _without_register(registrations, returns.practices)], ignore_index=True)
    return both.sort_values(["practice", "reason"], ignore_index=True)


def split_register(registers: Table, condition: str, shares: Mapping[str, float], band_lists: Table) -> Table:
    """The registers, with one condition divided over age bands by fixed shares of its cases.

    For a condition published for all ages although nearly all cases are old: each part is then apportioned on its
    own band and the parts are added.

    Parameters
    ----------
    registers
        As for :func:`model_prevalence`.
    condition
        Its rows are replaced by one row per band.
    shares
        The share of cases in each band, for example ``{"65OV": 0.97, "0_64": 0.03}``; they add to 1.
    band_lists
        ``practice, age_band, list_size``: each practice's patients in those bands. A practice that is absent gets a
        missing list, so that the condition counts as not reported there.

    Raises
    ------
    PlanError
        The shares do not add to 1, or the condition is not there.
    """
    if abs(sum(shares.values()) - 1) > 1e-9 or min(shares.values()) < 0:
        raise PlanError(f"the shares of {condition} are {dict(shares)}; they must be 0 or more and add to 1.")
    chosen = registers["condition"] == condition
    if not chosen.any():
        found = ", ".join(map(str, registers["condition"].unique()[:30]))
        raise PlanError(f"no condition {condition!r} in the registers; found {found}.")
    whole = registers.loc[chosen, ["practice", "condition", "register"]]
    parts = whole.merge(pd.DataFrame({"age_band": list(shares), "share": list(shares.values())}), how="cross")
    parts = parts.merge(
        band_lists[["practice", "age_band", "list_size"]],
        on=["practice", "age_band"],
        how="left",
        validate="many_to_one",
    )
    parts["register"] = parts["register"] * parts.pop("share")
    return pd.concat([registers[~chosen], parts], ignore_index=True)[list(registers.columns)]


def borrow_registrations(registrations: Table, donors: Mapping[str, str]) -> Table:
    """The registrations, with the rows of a donor copied for each practice that has none.

    Only the shape is used afterwards, so a practice that closed before the registrations were counted is spread like
    its donor (usually the nearest practice). ``donors`` gives the donor of each such practice.

    Raises
    ------
    PlanError
        A practice already has registrations, or its donor has none.
    """
    listed = set(registrations["practice"].unique())
    known = sorted(set(donors) & listed)
    empty = sorted(set(donors.values()) - listed)
    if known or empty:
        raise PlanError(
            f"donors are for practices without registrations, from practices with some; "
            f"already registered: {_some(known)}; donor without registrations: {_some(empty)}."
        )
    pairs = pd.DataFrame({"borrower": list(donors), "practice": list(donors.values())})
    copies = pairs.merge(registrations, on="practice").drop(columns="practice")
    copies = copies.rename(columns={"borrower": "practice"})
    return pd.concat([registrations, copies[list(registrations.columns)]], ignore_index=True)


@dataclass(frozen=True)
class _Registers:
    """Checked registers as arrays of practice × part, a part being one age band of one condition."""

    practices: _Labels
    conditions: _Labels
    bands: list[str]
    part_condition: _Codes
    part_band: _Codes
    register: _Floats
    list_size: _Floats
    listed: npt.NDArray[np.bool_]

    @property
    def reported(self) -> npt.NDArray[np.bool_]:
        """Where both the register and the list are known."""
        return ~(np.isnan(self.register) | np.isnan(self.list_size))


@dataclass(frozen=True)
class _Homes:
    """Where the patients of each practice live: practice × area, practices in the order of the registers."""

    patients: sparse.csr_array[Any, Any]
    lsoas: _Labels


def _read_registers(registers: Table) -> _Registers:
    _need_columns(registers, "registers", ["practice", "condition", "age_band", "register", "list_size"])
    practice, practices = _codes(registers["practice"])
    condition, conditions = _sorted(*_codes(registers["condition"]))
    band, bands = _codes(registers["age_band"])
    if min(practice.min(initial=0), condition.min(initial=0), band.min(initial=0)) < 0:
        raise SchemaError("registers: a practice, condition or age_band is missing; every row needs all three.")
    part = condition * len(bands) + band
    present = np.bincount(part, minlength=len(conditions) * len(bands)) > 0
    parts = np.flatnonzero(present)
    cell = practice * len(parts) + (np.cumsum(present) - 1)[part]
    if len(cell) and np.bincount(cell).max() > 1:
        twice = registers.loc[
            pd.Series(cell, index=registers.index).duplicated(), ["practice", "condition", "age_band"]
        ]
        raise SchemaError(
            f"registers: {len(twice):,} rows repeat a practice, condition and age band, "
            f"first {twice.iloc[0].tolist()}; one row each is expected. Add them up or drop the copies."
        )
    shape = (len(practices), len(parts))
    return _Registers(
        practices=practices,
        conditions=conditions,
        bands=[str(name) for name in bands],
        part_condition=parts // max(len(bands), 1),
        part_band=parts % max(len(bands), 1),
        register=_grid(_counts(registers, "registers", "register"), cell, shape),
        list_size=_grid(_counts(registers, "registers", "list_size"), cell, shape),
        listed=np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape) > 0,
    )


def _read_registrations(registrations: Table, practices: _Labels) -> _Homes:
    """Patients by practice and area, for the practices with registers and the areas that are known."""
    _need_columns(registrations, "registrations", ["practice", "lsoa", "patients"])
    patients = _counts(registrations, "registrations", "patients")
    if np.isnan(patients).any():
        raise SchemaError(
            f"registrations: {int(np.isnan(patients).sum()):,} rows have no number of patients; each row needs one."
        )
    with ThreadPoolExecutor(2) as pool:
        (row, found), (column, lsoas) = pool.map(_codes, (registrations["practice"], registrations["lsoa"]))
    row = np.append(practices.get_indexer(found), -1)[row]
    column, lsoas = _sorted(column, lsoas)
    kept = (row >= 0) & (column >= 0) & (patients > 0)
    if not kept.all():
        row, column, patients = row[kept], column[kept], patients[kept]
        used = np.bincount(column, minlength=len(lsoas)) > 0
        column, lsoas = (np.cumsum(used) - 1)[column], lsoas[used]
    pairs = sparse.coo_array((patients, (row, column)), shape=(len(practices), len(lsoas)))
    # Products add a repeated pair as they meet it: merging pairs first would sort 650,000 rows for nothing.
    pairs.has_canonical_format = True
    return _Homes(pairs.tocsr(), lsoas)


def _age_shares(lsoa_ages: Table | None, lsoas: _Labels, bands: Sequence[str]) -> _Floats:
    """The share of each area's residents in each band: 1 for everybody, and where no ages are given."""
    shares = np.ones((len(lsoas), len(bands)))
    aged = [column for column, band in enumerate(bands) if band != ALL_AGES]
    if lsoa_ages is None or not aged:
        return shares
    population = _population(lsoa_ages, lsoas, [ALL_AGES, *(bands[column] for column in aged)])
    unknown = np.isnan(population).any(axis=1) | (population[:, 0] <= 0)
    if unknown.any():
        raise GeographyError(
            f"{int(unknown.sum()):,} areas of the registrations have no population in every age band, "
            f"such as {_some(lsoas[unknown])}. Use ages of the same LSOA vintage as the registrations, "
            f"or set the lsoa of those rows to missing, which spreads their patients over the practice's other areas."
        )
    shares[:, aged] = population[:, 1:] / population[:, :1]
    return shares


def _population(lsoa_ages: Table, lsoas: _Labels, bands: Sequence[str]) -> _Floats:
    """Residents by area (rows, as ``lsoas``) and band (columns, as ``bands``); missing where not given."""
    _need_columns(lsoa_ages, "lsoa_ages", ["lsoa", "age_band", "population"])
    band, found = _codes(lsoa_ages["age_band"])
    absent = [name for name in bands if name not in found]
    if absent:
        raise SchemaError(f"lsoa_ages: no age band {_some(absent)}, which the registers need; found {_some(found)}.")
    area, areas = _codes(lsoa_ages["lsoa"])
    column = np.append(pd.Index(bands).get_indexer(found), -1)[band]
    row = np.append(lsoas.get_indexer(areas), -1)[area]
    kept = (row >= 0) & (column >= 0)
    cell = row[kept] * len(bands) + column[kept]
    if len(cell) and np.bincount(cell).max() > 1:
        raise SchemaError("lsoa_ages: an area and age band occur more than once; one row each is expected.")
    return _grid(_counts(lsoa_ages, "lsoa_ages", "population")[kept], cell, (len(lsoas), len(bands)))


def _weights(adjust: AreaValues, lsoas: _Labels) -> _Floats:
    if adjust.index.has_duplicates:
        raise GeographyError(f"adjust: areas occur twice, such as {_some(adjust.index[adjust.index.duplicated()])}.")
    weights = np.asarray(adjust.reindex(lsoas), dtype=np.float64)
    bad = ~(np.isfinite(weights) & (weights > 0))
    if bad.any():
        raise GeographyError(
            f"adjust: {int(bad.sum()):,} areas of the registrations have no weight above 0, "
            f"such as {_some(lsoas[bad])}. Give each a weight; 1 leaves it as it is."
        )
    return weights


def _spread(
    amounts: _Floats, at_risk: _Floats, returns: _Registers, homes: _Homes, shares: _Floats
) -> tuple[_Floats, npt.NDArray[np.bool_]]:
    """The amounts over areas × conditions, and where a practice with an amount has patients.

    A practice's areas get exactly its amount together: patients × share × amount / sum of patients × share, the sum
    being ``at_risk``.
    """
    people = at_risk[:, returns.part_band]
    per_person = np.divide(amounts, people, out=np.zeros_like(amounts), where=returns.reported & (people > 0))
    # Equal columns, as the lists of one age band mostly are, are spread once.
    columns: dict[tuple[int, bytes], int] = {}
    keys = zip(returns.part_band.tolist(), (column.tobytes() for column in per_person.T), strict=True)
    place = np.array([columns.setdefault(key, len(columns)) for key in keys], dtype=np.intp)
    _, first = np.unique(place, return_index=True)
    spread = homes.patients.T @ np.ascontiguousarray(per_person[:, first])
    reached = spread > 0
    spread *= shares[:, returns.part_band[first]]
    return _by_condition(spread, place, returns), _by_condition(reached, place, returns)


def _by_condition(values: npt.NDArray[Any], place: _Codes, returns: _Registers) -> npt.NDArray[Any]:
    """Areas × conditions: each condition's parts, found at ``place``, added (or any of them, of yes and no)."""
    first = np.searchsorted(returns.part_condition, np.arange(len(returns.conditions)))
    if np.array_equal(place, np.arange(len(returns.conditions))):
        return values
    total = values[:, place[first]]
    for part in np.setdiff1d(np.arange(len(place)), first):
        total[:, returns.part_condition[part]] += values[:, place[part]]
    return total


def _long(cases: _Floats, lists: _Floats, lsoas: _Labels, conditions: _Labels) -> Table:
    """Areas × conditions as rows, in the order of both."""
    prevalence = np.divide(cases, lists, out=np.full_like(cases, np.nan), where=lists > 0)
    columns = {
        "lsoa": lsoas.repeat(len(conditions)),
        "condition": conditions.take(np.tile(np.arange(len(conditions)), len(lsoas))),
        "register": cases.ravel(),
        "list_size": lists.ravel(),
        "prevalence": prevalence.ravel(),
    }
    return pd.DataFrame(columns, copy=False)


def _without_register(registrations: Table, practices: _Labels) -> Table:
    """The registered patients of practices that have no registers at all."""
    patients = registrations[["practice", "patients"]].groupby("practice", as_index=False, observed=True).sum()
    others = patients.loc[practices.get_indexer(pd.Index(patients["practice"])) < 0]
    return others.assign(reason="no_register", conditions=0, cases=np.nan)


def _codes(labels: pd.Series[Any]) -> tuple[_Codes, _Labels]:
    """An integer for each label (-1 where missing), and the labels they stand for, in no order."""
    if not isinstance(labels.dtype, pd.CategoricalDtype):
        codes, uniques = pd.factorize(labels)
        return codes, pd.Index(uniques)
    codes, found = np.asarray(labels.cat.codes, dtype=np.intp), labels.cat.categories
    used = np.bincount(codes + 1, minlength=len(found) + 1)[1:] > 0
    return np.append(np.cumsum(used) - 1, -1)[codes], found[used]


def _sorted(codes: _Codes, found: _Labels) -> tuple[_Codes, _Labels]:
    """The same codes for the labels in their order."""
    order = found.argsort()
    place = np.full(len(found) + 1, -1, dtype=np.intp)
    place[order] = np.arange(len(found))
    return place[codes], found.take(order)


def _counts(table: Table, name: str, column: str) -> _Floats:
    """A column of counts as floats, checked to be no less than 0; missing stays missing."""
    counts: _Floats = table[column].to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = (counts < 0) | np.isinf(counts)
    if wrong.any():
        raise SchemaError(
            f"{name}: {column} is {counts[wrong][0]:g} in {int(wrong.sum()):,} rows; 0 or more is expected."
        )
    return counts


def _grid(values: _Floats, cell: _Codes, shape: tuple[int, int]) -> _Floats:
    grid = np.full(shape[0] * shape[1], np.nan)
    grid[cell] = values
    return grid.reshape(shape)


def _need_columns(table: Table, name: str, columns: Sequence[str]) -> None:
    absent = [column for column in columns if column not in table.columns]
    if absent:
        raise SchemaError(
            f"{name}: no column {_some(absent)}; found {_some(table.columns)}, expected {', '.join(columns)}."
        )


def _some(labels: Sequence[Hashable] | _Labels) -> str:
    """The first few labels, for an error."""
    return ", ".join(str(label) for label in labels[:5]) + (" …" if len(labels) > 5 else "") if len(labels) else "none"
