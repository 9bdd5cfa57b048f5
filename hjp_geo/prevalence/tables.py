"""The two tables of a model, read and checked once into arrays: the registers, and where patients live."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, Self, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from hjp_geo.areas import AreaValues, Table
from hjp_geo.errors import GeographyError, SchemaError

__all__ = [
    "ALL_AGES",
    "Registers",
    "Registrations",
    "need_columns",
    "prepare_registers",
    "prepare_registrations",
    "some",
]

ALL_AGES = "TOTAL"
"""The age band that means everybody; its share of any area is 1."""

Floats: TypeAlias = npt.NDArray[np.float64]
Flags: TypeAlias = npt.NDArray[np.bool_]
Codes: TypeAlias = npt.NDArray[np.intp]
Labels: TypeAlias = "pd.Index[Any]"


@dataclass(frozen=True, eq=False)
class Registers:
    """Checked registers as arrays of practice × part, a part being one age band of one condition.

    Made by :func:`prepare_registers`.
    """

    practices: Labels
    conditions: Labels
    bands: list[str]
    part_condition: Codes
    part_band: Codes
    register: Floats
    list_size: Floats
    listed: Flags
    """Where the table has a row."""

    @property
    def reported(self) -> Flags:
        """Where both the register and the list are known."""
        return ~(np.isnan(self.register) | np.isnan(self.list_size))

    def among(self, practices: Labels) -> Self:
        """The same registers with their rows in the order of ``practices``; nothing for those without registers."""
        place = practices.get_indexer(self.practices)
        known, shape = place >= 0, (len(practices), len(self.part_band))
        register, list_size, listed = np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(shape, dtype=np.bool_)
        register[place[known]] = self.register[known]
        list_size[place[known]] = self.list_size[known]
        listed[place[known]] = self.listed[known]
        return replace(self, practices=practices, register=register, list_size=list_size, listed=listed)


@dataclass(frozen=True, eq=False)
class Registrations:
    """Where the patients of each practice live, read and checked once: made by :func:`prepare_registrations`."""

    practices: Labels
    """Every practice of the table."""
    lsoas: Labels
    """Every known area where somebody lives, sorted."""
    patients: sparse.csr_array[Any, Any] = field(repr=False)
    """Patients, area × practice."""
    listed: Floats = field(repr=False)
    """Patients of each practice, those without a known area included."""
    residents: Table | None = field(default=None, repr=False)
    """Residents, area × age band; missing where not known. None: every band is spread by all patients."""

    def with_ages(self, lsoa_ages: Table) -> Self:
        """The same, with residents by age band: ``lsoa, age_band, population``, with ``TOTAL``.

        Raises SchemaError for an absent column, a repeated area and band, or a count below 0.
        """
        return replace(self, residents=_residents(lsoa_ages, self.lsoas))

    def without_ages(self) -> Self:
        """The same, with every band spread by all patients, whatever their age."""
        return replace(self, residents=None)

    def shares(self, bands: Sequence[str], needed: Flags) -> Floats:
        """The share of each area's residents in each band: 1 for everybody, and where no ages are given.

        ``needed`` says which areas must have one (`GeographyError`); 0 for another one that has none.
        """
        shares = np.ones((len(self.lsoas), len(bands)))
        aged = [column for column, band in enumerate(bands) if band != ALL_AGES]
        if self.residents is None or not aged:
            return shares
        population = _bands(self.residents, [ALL_AGES, *(bands[column] for column in aged)])
        unknown = np.isnan(population).any(axis=1) | (population[:, 0] <= 0)
        if (missing := unknown & needed).any():
            raise GeographyError(
                f"{int(missing.sum()):,} areas of the registrations have no population in every age band, "
                f"such as {some(self.lsoas[missing])}. Use ages of the same LSOA vintage as the registrations, or set "
                "the lsoa of those rows to missing, which spreads their patients over the practice's other areas."
            )
        known = ~unknown[:, None]
        shares[:, aged] = np.divide(
            population[:, 1:], population[:, :1], out=np.zeros(shares[:, aged].shape), where=known
        )
        return shares

    def weights(self, adjust: AreaValues, needed: Flags) -> Floats:
        """The weight of each area; `GeographyError` where a needed one has none above 0."""
        if adjust.index.has_duplicates:
            raise GeographyError(f"adjust: areas occur twice, such as {some(adjust.index[adjust.index.duplicated()])}.")
        weights = np.asarray(adjust.reindex(self.lsoas), dtype=np.float64)
        bad = ~(np.isfinite(weights) & (weights > 0))
        if (missing := bad & needed).any():
            raise GeographyError(
                f"adjust: {int(missing.sum()):,} areas of the registrations have no weight above 0, "
                f"such as {some(self.lsoas[missing])}. Give each a weight; 1 leaves it as it is."
            )
        return np.where(bad, 1.0, weights)


def prepare_registrations(registrations: Table, lsoa_ages: Table | None = None) -> Registrations:
    """Where the patients of each practice live, read once for any number of models.

    Parameters
    ----------
    registrations
        ``practice, lsoa, patients``; rows for the same pair are added, a missing ``lsoa`` is an unknown address.
    lsoa_ages
        ``lsoa, age_band, population``: residents by band, with ``TOTAL``; without it ages play no part.

    Raises
    ------
    SchemaError
        A column is absent, or a number of patients is missing or below 0.
    """
    need_columns(registrations, "registrations", ["practice", "lsoa", "patients"])
    patients = counts(registrations, "registrations", "patients")
    if np.isnan(patients).any():
        raise SchemaError(
            f"registrations: {int(np.isnan(patients).sum()):,} rows have no number of patients; each row needs one."
        )
    with ThreadPoolExecutor(2) as pool:
        (row, practices), (column, lsoas) = pool.map(coded, (registrations["practice"], registrations["lsoa"]))
    column, lsoas = in_order(column, lsoas)
    listed: Floats = np.bincount(row[row >= 0], weights=patients[row >= 0], minlength=len(practices)).astype(np.float64)
    kept = (row >= 0) & (column >= 0) & (patients > 0)
    if not kept.all():
        row, column, patients = row[kept], column[kept], patients[kept]
        used = np.bincount(column, minlength=len(lsoas)) > 0
        column, lsoas = (np.cumsum(used) - 1)[column], lsoas[used]
    pairs = sparse.coo_array((patients, (column, row)), shape=(len(lsoas), len(practices)))
    # Products add a repeated pair as they meet it: merging pairs first would sort 650,000 rows for nothing.
    pairs.has_canonical_format = True
    prepared = Registrations(practices, lsoas, pairs.tocsr(), listed)
    return prepared if lsoa_ages is None else prepared.with_ages(lsoa_ages)


def prepare_registers(registers: Table | Registers) -> Registers:
    """The registers read once for any number of models; as they are where they have been.

    ``practice, condition, age_band, register, list_size``. Raises SchemaError for an absent column, an empty or
    repeated key, or a count below 0.
    """
    if isinstance(registers, Registers):
        return registers
    need_columns(registers, "registers", ["practice", "condition", "age_band", "register", "list_size"])
    practice, practices = coded(registers["practice"])
    condition, conditions = in_order(*coded(registers["condition"]))
    band, bands = coded(registers["age_band"])
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
    return Registers(
        practices=practices,
        conditions=conditions,
        bands=[str(name) for name in bands],
        part_condition=parts // max(len(bands), 1),
        part_band=parts % max(len(bands), 1),
        register=_grid(counts(registers, "registers", "register"), cell, shape),
        list_size=_grid(counts(registers, "registers", "list_size"), cell, shape),
        listed=np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape) > 0,
    )


def _residents(lsoa_ages: Table, lsoas: Labels) -> Table:
    """Residents by area (rows, as ``lsoas``) and band (columns, every band given); missing where not given."""
    need_columns(lsoa_ages, "lsoa_ages", ["lsoa", "age_band", "population"])
    band, bands = coded(lsoa_ages["age_band"])
    area, areas = coded(lsoa_ages["lsoa"])
    row = np.append(lsoas.get_indexer(areas), -1)[area]
    kept = (row >= 0) & (band >= 0)
    cell = row[kept] * len(bands) + band[kept]
    if len(cell) and np.bincount(cell).max() > 1:
        raise SchemaError("lsoa_ages: an area and age band occur more than once; one row each is expected.")
    people = _grid(counts(lsoa_ages, "lsoa_ages", "population")[kept], cell, (len(lsoas), len(bands)))
    return pd.DataFrame(people, index=lsoas, columns=bands.astype("str"), copy=False)


def _bands(residents: Table, bands: Sequence[str]) -> Floats:
    if absent := [name for name in bands if name not in residents.columns]:
        raise SchemaError(
            f"lsoa_ages: no age band {some(absent)}, which the registers need; found {some(residents.columns)}."
        )
    return residents[list(bands)].to_numpy(dtype=np.float64)


def coded(labels: pd.Series[Any]) -> tuple[Codes, Labels]:
    """An integer for each label (-1 where missing), and the labels they stand for, in no order."""
    if not isinstance(labels.dtype, pd.CategoricalDtype):
        codes, uniques = pd.factorize(labels)
        return codes, pd.Index(uniques)
    codes, found = np.asarray(labels.cat.codes, dtype=np.intp), labels.cat.categories
    used = np.bincount(codes + 1, minlength=len(found) + 1)[1:] > 0
    return np.append(np.cumsum(used) - 1, -1)[codes], found[used]


def in_order(codes: Codes, found: Labels) -> tuple[Codes, Labels]:
    """The same codes for the labels in their order."""
    order = found.argsort()
    place = np.full(len(found) + 1, -1, dtype=np.intp)
    place[order] = np.arange(len(found))
    return place[codes], found.take(order)


def counts(table: Table, name: str, column: str) -> Floats:
    """A column of counts as floats, checked to be no less than 0; missing stays missing."""
    found: Floats = table[column].to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = (found < 0) | np.isinf(found)
    if wrong.any():
        raise SchemaError(
            f"{name}: {column} is {found[wrong][0]:g} in {int(wrong.sum()):,} rows; 0 or more is expected."
        )
    return found


def _grid(values: Floats, cell: Codes, shape: tuple[int, int]) -> Floats:
    grid = np.full(shape[0] * shape[1], np.nan)
    grid[cell] = values
    return grid.reshape(shape)


def need_columns(table: Table, name: str, columns: Sequence[str]) -> None:
    """`SchemaError` where a column is absent; it names what was found and what was expected."""
    absent = [column for column in columns if column not in table.columns]
    if absent:
        raise SchemaError(
            f"{name}: no column {some(absent)}; found {some(table.columns)}, expected {', '.join(columns)}."
        )


def some(labels: Sequence[Hashable] | Labels) -> str:
    """The first few labels, for an error."""
    return ", ".join(str(label) for label in labels[:5]) + (" …" if len(labels) > 5 else "") if len(labels) else "none"
