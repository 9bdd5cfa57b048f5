"""How far the estimates depend on choices of method, and what they add up to over larger areas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from hjp_geo.areas import AreaValues, Table
from hjp_geo.errors import GeographyError
from hjp_geo.prevalence.model import Estimates, apportion, row_labels
from hjp_geo.prevalence.tables import Floats, Registers, Registrations, need_columns, prepare_registers, some

__all__ = ["health_weights", "model_choices", "roll_up", "with_range"]

_MOST_SHIFT = 0.1
_RANGES = ("register_low", "register_high", "prevalence_low", "prevalence_high")


def health_weights(disabled_share: AreaValues) -> AreaValues:
    """A weight for each area, 0.9 to 1.1, by how many of its residents are disabled: the Library's health factor.

    ``1 + 0.1 · z / 2`` held to 0.9–1.1, with z the share standardised over the areas given (each counted once).
    Give it as ``adjust``: it moves cases between the areas of one practice, never lists or practice totals. Missing
    where the share is; 1 everywhere where all shares are equal.

    The form and its limits were fitted to the Library's results by deprivation decile, not published by it.

    >>> health_weights(pd.Series({"A": 0.1, "B": 0.2, "C": 0.3})).round(3).tolist()
    [0.939, 1.0, 1.061]
    """
    spread = float(disabled_share.std(ddof=0))
    away = (disabled_share - disabled_share.mean()) / (spread if spread > 0 else 1.0)
    return (1 + _MOST_SHIFT * away / 2).clip(1 - _MOST_SHIFT, 1 + _MOST_SHIFT).rename("health_weight")


def model_choices(
    registers: Table | Registers, registrations: Registrations, *, adjust: AreaValues | None = None
) -> dict[str, Table]:
    """Modelled cases and patients by every way of sharing a register out that the data allow; the first is best.

    With and without ages, where the registrations have them; with and without ``adjust`` (the health factor), where
    it is given: one, two or four choices, each named in words. Every choice keeps each placed practice's register and
    list exactly.

    Returns
    -------
    Name of the choice → areas × (``register`` or ``list_size``, condition), sorted. The same areas and conditions in
    each; missing as in :func:`hjp_geo.prevalence.model_prevalence`, which also names the errors.
    """
    returns = prepare_registers(registers)
    ages = {"by age": registrations, "by all patients": registrations.without_ages()}
    if registrations.residents is None:
        del ages["by age"]
    health = {"": None} if adjust is None else {" and health": adjust, "": None}
    return {
        f"{by_age}{by_health}": _wide(apportion(returns, homes, weights))
        for by_age, homes in ages.items()
        for by_health, weights in health.items()
    }


def with_range(choices: Mapping[str, Table]) -> Table:
    """The estimates of the first choice, each with the lowest and the highest of all choices.

    ``choices`` are those of :func:`model_choices`, as they are or converted to other areas.

    Returns
    -------
    ``lsoa, condition, register, list_size, prevalence, register_low, register_high, prevalence_low,
    prevalence_high``, in the order of the tables given. The range holds the estimate; it is as narrow as the estimate
    where every choice gives the same, which does not make it certain. It is the spread of a method, not a confidence
    interval. Missing where the estimate is.

    Raises
    ------
    GeographyError
        The choices are not of the same areas and conditions.
    """
    first = next(iter(choices.values()))
    for name, other in choices.items():
        if not (other.index.equals(first.index) and other.columns.equals(first.columns)):
            raise GeographyError(f"the choice {name!r} has other areas or conditions than the first; convert them all.")
    cases = np.stack([choice["register"].to_numpy() for choice in choices.values()])
    lists = np.stack([choice["list_size"].to_numpy() for choice in choices.values()])
    rates = np.divide(cases, lists, out=np.full_like(cases, np.nan), where=lists > 0)
    lsoas, conditions = row_labels(first.index, first["register"].columns)
    columns = {
        "lsoa": lsoas,
        "condition": conditions,
        "register": cases[0].ravel(),
        "list_size": lists[0].ravel(),
        "prevalence": rates[0].ravel(),
        "register_low": _lowest(cases).ravel(),
        "register_high": (-_lowest(-cases)).ravel(),
        "prevalence_low": _lowest(rates).ravel(),
        "prevalence_high": (-_lowest(-rates)).ravel(),
    }
    return pd.DataFrame(columns, copy=False)


def _lowest(choices: Floats) -> Floats:
    """The lowest of the known values over the choices, where the first is known."""
    lowest: Floats = np.where(np.isnan(choices[0]), np.nan, np.fmin.reduce(choices))
    return lowest


def _wide(found: Estimates) -> Table:
    columns = pd.MultiIndex.from_product([["register", "list_size"], found.conditions], names=[None, "condition"])
    return pd.DataFrame(np.hstack([found.cases, found.lists]), index=found.lsoas.rename("lsoa"), columns=columns)


def roll_up(modelled: Table, codes: pd.Series[Any]) -> Table:
    """Modelled cases, patients and prevalence of larger areas: cases and patients added first, divided last.

    Going by way of areas in between gives the same figures. The low and high limits are those of the areas added:
    every area at its lowest or highest at once, so the widest that the choices allow. Within the larger area they
    partly cancel, because each practice keeps its cases.

    Parameters
    ----------
    modelled
        The result of :func:`with_range`, :func:`hjp_geo.prevalence.model_prevalence` or this function, its first
        column the area code.
    codes
        Indexed by those area codes: the larger area of each. Its name becomes the name of the first column.

    Returns
    -------
    The code of the larger area, ``condition, register, list_size, prevalence``, the limits where ``modelled`` has
    them, and ``areas_missing``: the areas without an estimate, which no sum includes. Sorted by area and condition.
    Missing where no area has an estimate.

    Raises
    ------
    GeographyError
        An area has no larger area, or two.
    SchemaError
        A column is absent.
    """
    area, larger = str(modelled.columns[0]), str(codes.name or "area_code")
    need_columns(modelled, "modelled", ["condition", "register", "list_size"])
    limits = [name for name in _RANGES if name in modelled.columns]
    belongs = _larger(modelled[area], codes)
    rates = [name for name in limits if name.startswith("prevalence")]
    # Cases without anybody on a list have no rate; they count as cases in the rate of the larger area.
    weighted = {
        name: (modelled[name] * modelled["list_size"]).fillna(modelled[name.replace("prevalence", "register")])
        for name in rates
    }
    missing = modelled["areas_missing"] if "areas_missing" in modelled else modelled["register"].isna().astype("int64")
    amounts = modelled[["register", "list_size", *limits]].assign(areas_missing=missing, **weighted)
    sums = amounts.groupby([belongs.rename(larger), modelled["condition"]], sort=True).sum(min_count=1)
    people = sums["list_size"].where(sums["list_size"] > 0)
    sums[rates] = sums[rates].div(people, axis=0)
    sums.insert(2, "prevalence", sums["register"] / people)
    return sums.reset_index()


def _larger(areas: pd.Series[Any], codes: pd.Series[Any]) -> pd.Series[Any]:
    """The larger area of each row."""
    if codes.index.has_duplicates:
        twice = codes.index[codes.index.duplicated()]
        raise GeographyError(f"codes: areas belong to two larger ones, such as {some(twice)}. Give one each.")
    belongs = areas.map(codes)
    if (lost := belongs.isna()).any():
        raise GeographyError(
            f"codes: {areas[lost].nunique():,} areas have no larger area, such as "
            f"{some(areas[lost].drop_duplicates().tolist())}. Drop their rows first if they are not wanted."
        )
    return belongs
