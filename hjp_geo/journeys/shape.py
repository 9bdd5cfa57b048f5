"""The one shape of a table of journeys, whatever made it: minutes from areas to sites, and a sentence that says how."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace
from typing import Self, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hjp_geo.areas import Table
from hjp_geo.errors import GeographyError, PlanError, SchemaError

__all__ = ["MODES", "Journeys", "check_cutoff", "check_mode", "cost_table", "digest", "no_snapping"]

_Floats: TypeAlias = NDArray[np.float64]
_Positions: TypeAlias = NDArray[np.integer]

MODES: dict[str, str] = {
    "walk": "on foot",
    "drive": "by car",
    "public_transport": "by public transport",
}
"""How people travel, and how that is said."""

_SNAPPED = ["kind", "code", "metres"]


@dataclass(frozen=True, eq=False)
class Journeys:
    """Minutes from areas to sites by one mode of travel, with what made them.

    ``costs`` has the columns ``area_code``, ``site_id`` (both categorical) and ``minutes``, one row a pair, sorted by
    area then site. A pair that is absent cannot be made, or takes more than ``cutoff_minutes``; 0 minutes is 0 minutes.
    ``snapped`` says how far each place was moved to meet a road: ``kind`` (area or site), ``code``, ``metres``, missing
    where no road was near enough; it has no rows where there was no road network.
    """

    costs: Table
    mode: str
    how: str
    """What made the numbers, as a sentence to print beside them."""
    made_from: str
    """SHA-256 of everything that the minutes follow from."""
    snapped: Table
    cutoff_minutes: float | None
    """Longer journeys are absent, this one not; None: whatever was given is here."""
    notes: tuple[str, ...] = ()
    """What was left out or moved, and how much of it."""

    def __post_init__(self) -> None:
        check_mode(self.mode)
        if list(self.costs.columns) != ["area_code", "site_id", "minutes"]:
            found = ", ".join(map(str, self.costs.columns))
            raise SchemaError(f"journeys: found the columns {found}; expected area_code, site_id and minutes.")
        if list(self.snapped.columns) != _SNAPPED:
            raise SchemaError(f"journeys: snapped has {list(self.snapped.columns)}; expected {', '.join(_SNAPPED)}.")

    def __repr__(self) -> str:
        return f"Journeys({len(self.costs):,} pairs {MODES[self.mode]}: {self.how})"

    def limited_to(self, *, areas: pd.Index[str] | None = None, sites: pd.Index[str] | None = None) -> Self:
        """The journeys between these areas and sites; a code that no journey has is no error here."""
        kept = np.ones(len(self.costs), dtype=np.bool_)
        for column, wanted in (("area_code", areas), ("site_id", sites)):
            if wanted is not None:
                categories = self.costs[column].cat
                kept &= categories.categories.isin(wanted)[categories.codes.to_numpy()]
        return self if kept.all() else replace(self, costs=self.costs[kept].reset_index(drop=True))

    def within(self, minutes: float) -> Self:
        """The journeys of at most so many minutes, inclusive."""
        check_cutoff(minutes)
        if self.cutoff_minutes is not None and minutes > self.cutoff_minutes:
            raise PlanError(
                f"These journeys were made up to {self.cutoff_minutes:g} minutes, so those of {minutes:g} are not "
                f"known. Make them again with a larger cutoff_minutes."
            )
        kept = (self.costs["minutes"] <= minutes).to_numpy()
        return replace(self, costs=self.costs[kept].reset_index(drop=True), cutoff_minutes=float(minutes))


def cost_table(areas: pd.Index[str], sites: pd.Index[str], triplets: tuple[_Positions, _Positions, _Floats]) -> Table:
    """The long table of pairs given by position in the sorted codes, sorted by area then site."""
    rows, columns, minutes = triplets
    if not (areas.is_monotonic_increasing and sites.is_monotonic_increasing):
        raise GeographyError("areas or sites are not in the order of their codes.")
    pair = rows.astype(np.int64) * max(len(sites), 1) + columns
    if not (np.diff(pair) > 0).all():
        order = np.argsort(pair, kind="stable")
        rows, columns, minutes = rows[order], columns[order], minutes[order]
    return pd.DataFrame(
        {
            "area_code": pd.Categorical.from_codes(rows, categories=areas.rename("area_code")),
            "site_id": pd.Categorical.from_codes(columns, categories=sites.rename("site_id")),
            "minutes": minutes,
        }
    )


def no_snapping() -> Table:
    """The table of moved places where none was moved."""
    return pd.DataFrame(
        {"kind": pd.Series(dtype="str"), "code": pd.Series(dtype="str"), "metres": pd.Series(dtype="float64")}
    )


def check_mode(mode: str, allowed: tuple[str, ...] = tuple(MODES)) -> None:
    """PlanError where a mode is none of those allowed."""
    if mode not in allowed:
        raise PlanError(f"mode is '{mode}'; expected one of {', '.join(allowed)}.")


def check_cutoff(minutes: float) -> None:
    """PlanError where a limit in minutes is not above 0."""
    if not (minutes > 0 and math.isfinite(minutes)):
        raise PlanError(f"cutoff_minutes is {minutes}; expected a number of minutes above 0.")


def digest(*parts: object) -> str:
    """The SHA-256 of the parts: bytes and arrays as they are, tables and indexes by their values, the rest by repr."""
    sha = hashlib.sha256()
    for part in parts:
        sha.update(_bytes_of(part))
        sha.update(b"\x00")
    return sha.hexdigest()


def _bytes_of(part: object) -> bytes:
    if isinstance(part, bytes):
        return part
    if isinstance(part, np.ndarray):
        return np.ascontiguousarray(part).tobytes()
    if isinstance(part, pd.Index):
        return "\n".join(map(str, part)).encode()
    return repr(part).encode()
