"""The model itself: each practice's register and list over the areas of its patients."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hjp_geo.areas import AreaValues, Table
from hjp_geo.prevalence.tables import (
    Codes,
    Flags,
    Floats,
    Labels,
    Registers,
    Registrations,
    prepare_registers,
    prepare_registrations,
)

__all__ = ["Estimates", "apportion", "model_prevalence", "prepared", "row_labels", "unplaced_practices"]


def model_prevalence(
    registers: Table | Registers,
    registrations: Table | Registrations,
    lsoa_ages: Table | None = None,
    *,
    adjust: AreaValues | None = None,
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
        Or :func:`prepare_registers` of them.
    registrations
        ``practice, lsoa, patients``: where each practice's patients live; rows for the same pair are added. A
        missing ``lsoa`` means an unknown address: those patients are spread like the practice's others. For several
        models of the same registrations give :func:`prepare_registrations` of them instead: they are then read once.
    lsoa_ages
        ``lsoa, age_band, population``: residents by band, with ``TOTAL``. Without it, and without ages in prepared
        registrations, every band is spread by all patients, whatever their age.
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
    returns = prepare_registers(registers)
    return _long(apportion(returns, prepared(registrations, lsoa_ages), adjust))


def unplaced_practices(registers: Table, registrations: Table | Registrations, lsoa_ages: Table | None = None) -> Table:
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
    returns, homes = prepare_registers(registers), prepared(registrations, lsoa_ages)
    row = homes.practices.get_indexer(returns.practices)
    needed = _lived_in(returns.among(homes.practices), homes)
    at_risk = np.vstack([homes.patients.T @ homes.shares(returns.bands, needed), np.zeros(len(returns.bands))])[row]
    placed = np.append(np.asarray(homes.patients.sum(axis=0)), 0)[row] > 0
    reason = np.select(
        [
            ~returns.listed,
            ~returns.reported,
            (row < 0)[:, None],
            ~placed[:, None],
            at_risk[:, returns.part_band] <= 0,
        ],
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
    both = pd.concat([by_practice, _without_register(homes, returns.practices)], ignore_index=True)
    return both.sort_values(["practice", "reason"], ignore_index=True)


@dataclass(frozen=True, eq=False)
class Estimates:
    """Modelled cases and lists, areas × conditions."""

    cases: Floats
    lists: Floats
    lsoas: Labels
    conditions: Labels


def prepared(registrations: Table | Registrations, lsoa_ages: Table | None) -> Registrations:
    """The registrations, read unless they have been, with these ages where any are given."""
    if not isinstance(registrations, Registrations):
        return prepare_registrations(registrations, lsoa_ages)
    return registrations if lsoa_ages is None else registrations.with_ages(lsoa_ages)


def apportion(registers: Registers, homes: Registrations, adjust: AreaValues | None) -> Estimates:
    """Each practice's cases and list over its areas, added over practices."""
    returns = registers.among(homes.practices)
    lived_in = _lived_in(returns, homes)
    shares = homes.shares(returns.bands, lived_in)
    weighted = shares if adjust is None else shares * homes.weights(adjust, lived_in)[:, None]
    at_risk = homes.patients.T @ shares
    at_risk_weighted = at_risk if adjust is None else homes.patients.T @ weighted
    cases, with_cases = _spread(returns.register, at_risk_weighted, returns, homes, weighted)
    lists, with_lists = _spread(returns.list_size, at_risk, returns, homes, shares)
    cases[~(with_cases | with_lists)] = np.nan
    if lived_in.all():
        return Estimates(cases, lists, homes.lsoas, returns.conditions)
    return Estimates(cases[lived_in], lists[lived_in], homes.lsoas[lived_in], returns.conditions)


def _lived_in(returns: Registers, homes: Registrations) -> Flags:
    """The areas where a practice with registers has patients."""
    has_registers: Floats = np.asarray(returns.listed.any(axis=1), dtype=np.float64)
    lived_in: Flags = np.asarray(homes.patients @ has_registers) > 0
    return lived_in


def _spread(
    amounts: Floats, at_risk: Floats, returns: Registers, homes: Registrations, shares: Floats
) -> tuple[Floats, Flags]:
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
    spread = homes.patients @ np.ascontiguousarray(per_person[:, first])
    reached = spread > 0
    spread *= shares[:, returns.part_band[first]]
    return _by_condition(spread, place, returns), _by_condition(reached, place, returns)


def _by_condition(values: npt.NDArray[Any], place: Codes, returns: Registers) -> npt.NDArray[Any]:
    """Areas × conditions: each condition's parts, found at ``place``, added (or any of them, of yes and no)."""
    first = np.searchsorted(returns.part_condition, np.arange(len(returns.conditions)))
    if np.array_equal(place, np.arange(len(returns.conditions))):
        return values
    total = values[:, place[first]]
    for part in np.setdiff1d(np.arange(len(place)), first):
        total[:, returns.part_condition[part]] += values[:, place[part]]
    return total


def _long(found: Estimates) -> Table:
    """Areas × conditions as rows, in the order of both."""
    cases, lists = found.cases, found.lists
    prevalence = np.divide(cases, lists, out=np.full_like(cases, np.nan), where=lists > 0)
    lsoas, conditions = row_labels(found.lsoas, found.conditions)
    columns = {
        "lsoa": lsoas,
        "condition": conditions,
        "register": cases.ravel(),
        "list_size": lists.ravel(),
        "prevalence": prevalence.ravel(),
    }
    return pd.DataFrame(columns, copy=False)


def row_labels(areas: Labels, conditions: Labels) -> tuple[Labels, Labels]:
    """The area and the condition of each row of areas × conditions; each takes as long as the model itself."""
    with ThreadPoolExecutor(2) as pool:
        repeated = pool.submit(areas.repeat, len(conditions))
        tiled = pool.submit(conditions.take, np.tile(np.arange(len(conditions)), len(areas)))
        return repeated.result(), tiled.result()


def _without_register(homes: Registrations, practices: Labels) -> Table:
    """The registered patients of practices that have no registers at all."""
    stranger = practices.get_indexer(homes.practices) < 0
    rows = {"practice": homes.practices[stranger], "patients": homes.listed[stranger]}
    return pd.DataFrame(rows).assign(reason="no_register", conditions=0, cases=np.nan)
