"""Practices before they are modelled: their rates, their age parts, and those that opened or closed in between."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from hjp_geo.areas import Table
from hjp_geo.errors import PlanError
from hjp_geo.prevalence.tables import Registrations, need_columns, some
from hjp_geo.statistics import wilson

__all__ = ["borrow_registrations", "estimate_band_lists", "nearest_donors", "practice_rates", "split_register"]


def practice_rates(registers: Table, confidence: float = 0.95) -> Table:
    """The share of each practice's list that is on a register, with Wilson limits.

    The limits say how far chance alone could move a rate of so few people; they do not cover under-recording, nor
    what the model does with the register afterwards.

    Parameters
    ----------
    registers
        As for :func:`hjp_geo.prevalence.model_prevalence`.

    Returns
    -------
    The same rows with ``rate, lower_ci, upper_ci``, fractions. All three are missing where the practice did not
    report or has nobody of the ages; the limits also where the register exceeds its list (it is no share then, but
    the rate stays, above 1).

    Wilson (1927), Journal of the American Statistical Association 22.

    >>> practice_rates(pd.DataFrame({"practice": ["P"], "condition": ["HYP"], "age_band": ["TOTAL"],
    ...                              "register": [81.0], "list_size": [263.0]})).iloc[0, 5:].round(3).tolist()
    [0.308, 0.255, 0.366]
    """
    need_columns(registers, "registers", ["practice", "condition", "age_band", "register", "list_size"])
    people = registers["list_size"].where(registers["list_size"] > 0).astype("float64")
    cases = registers["register"].astype("float64")
    limits = wilson(cases.where(cases <= people), people, confidence)
    return registers.assign(rate=cases / people, lower_ci=limits.lower, upper_ci=limits.upper)


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
            f"already registered: {some(known)}; donor without registrations: {some(empty)}."
        )
    pairs = pd.DataFrame({"borrower": list(donors), "practice": list(donors.values())})
    copies = pairs.merge(registrations, on="practice").drop(columns="practice")
    copies = copies.rename(columns={"borrower": "practice"})
    return pd.concat([registrations, copies[list(registrations.columns)]], ignore_index=True)


def estimate_band_lists(lists: pd.Series[Any], registrations: Registrations, bands: Sequence[str]) -> Table:
    """The patients of each practice in age bands that nobody publishes, estimated from where its patients live.

    A practice's patients are taken to be as old as the residents around them: for the parts of a register that
    :func:`split_register` divides by age.

    Parameters
    ----------
    lists
        Patients of all ages by practice.
    registrations
        With ages that have these bands.

    Returns
    -------
    ``practice, age_band, list_size``; missing where the practice has no registrations or no list.

    Raises
    ------
    SchemaError
        The ages lack a band.
    GeographyError
        An area has no ages.
    """
    everywhere = np.ones(len(registrations.lsoas), dtype=np.bool_)
    in_band = registrations.patients.T @ registrations.shares(bands, everywhere)
    placed = np.asarray(registrations.patients.sum(axis=0))[:, None]
    shares = np.divide(in_band, placed, out=np.full_like(in_band, np.nan), where=placed > 0)
    estimated = pd.DataFrame(shares, index=registrations.practices, columns=list(bands)).reindex(lists.index)
    long = estimated.mul(lists, axis=0).rename_axis("practice").reset_index()
    return long.melt("practice", var_name="age_band", value_name="list_size")


def nearest_donors(borrowers: Iterable[str], donors: Iterable[str], places: Table) -> dict[str, str]:
    """The nearest donor of each practice, in a straight line; the first by code where several are equally near.

    ``places`` has ``practice, easting, northing`` in metres. A borrower without a place is not in the result, and a
    donor without one gives to nobody.
    """
    need_columns(places, "places", ["practice", "easting", "northing"])
    known = places.dropna(subset=["easting", "northing"]).set_index("practice").sort_index()[["easting", "northing"]]
    asking, giving = known[known.index.isin(list(borrowers))], known[known.index.isin(list(donors))]
    if giving.empty:
        return {}
    apart = asking.to_numpy()[:, None, :] - giving.to_numpy()[None, :, :]
    nearest = giving.index.take((apart**2).sum(axis=2).argmin(axis=1))
    return dict(zip(asking.index.astype("str"), nearest.astype("str"), strict=True))
