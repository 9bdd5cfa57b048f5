"""The memory of what has been shown: a guard against finding a few people as the difference of two selections.

Two figures that may each be shown can together give away a third: that of the areas in one and not in the other. So a
selection is refused where that difference is small. Only area codes and names are remembered, no counts.
"""

from __future__ import annotations

import json
import os
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from hjp_geo.areas import AreaValues
from hjp_geo.errors import PlanError
from hjp_geo.evidence import ENGLAND, Evidence

__all__ = ["LEAST_PEOPLE", "DifferencingError", "Journal", "Selection", "check_selection"]

LEAST_PEOPLE = 1_000
"""Residents that a selection needs, and that its difference from any other must have."""


class DifferencingError(PlanError):
    """A selection that would show, alone or beside an earlier one, the figures of too few people."""


@dataclass(frozen=True)
class Selection:
    """A named set of areas that figures on users' data are shown for."""

    name: str
    codes: frozenset[str] = field(repr=False)

    def differs_by(self, other: Selection, residents: AreaValues) -> float | None:
        """Residents of the smaller of the two differences that are not empty; None where the two are the same."""
        parts = [part for part in (self.codes - other.codes, other.codes - self.codes) if part]
        return min((float(residents.reindex(list(part)).sum()) for part in parts), default=None)


class Journal:
    """Every sketched selection shown so far, kept by the caller; with a path, in a JSON file.

    Standard areas need no memory: a selection is held against all of them, shown or not.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._kept: list[Selection] = []

    @classmethod
    def in_cache(cls, cache: Path) -> Journal:
        """The journal of a cache folder: ``scenarios/take-up-journal.json``, made when something is first shown."""
        return cls(cache / "scenarios" / "take-up-journal.json")

    def selections(self) -> list[Selection]:
        """What has been shown; `PlanError` where the file is damaged: then nothing can be promised."""
        if self._path is None or not self._path.is_file():
            return list(self._kept)
        try:
            entries = json.loads(self._path.read_text("utf-8"))["shown"]
            return [Selection(str(one["name"]), frozenset(map(str, one["areas"]))) for one in entries]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise PlanError(
                f"The journal {self._path} cannot be read ({error}), so what was shown is not known. Restore it, "
                "or delete it if none of it left this machine."
            ) from error

    def record(self, selection: Selection) -> None:
        """Remember a selection; one with the same areas is kept once. `PlanError` where it cannot be written."""
        kept = self.selections()
        if any(one.codes == selection.codes for one in kept):
            return
        self._kept = [*kept, selection]
        if self._path is not None:
            _write(self._path, self._kept)


def check_selection(selection: Selection, journal: Journal, evidence: Evidence) -> None:
    """Refuse a selection of too few people, or one whose difference from an earlier or a standard area has too few.

    Standard areas are districts, sub-ICB locations, ICBs and all areas, where they overlap it. Raises
    `DifferencingError`.
    """
    residents = evidence.areas["residents"].astype("float64")
    people = float(residents.reindex(list(selection.codes)).sum())
    if people < LEAST_PEOPLE:
        raise DifferencingError(
            f"{selection.name} has {people:,.0f} residents; figures on people helped need {LEAST_PEOPLE:,} or more. "
            "Choose a larger area."
        )
    earlier = [one for one in journal.selections() if one.codes & selection.codes]
    between = [(one.name, selection.differs_by(one, residents)) for one in earlier]
    for name, difference in [*between, *_from_standard(selection, evidence)]:
        if difference is not None and difference < LEAST_PEOPLE:
            raise DifferencingError(
                f"{selection.name} differs from {name} by areas of {difference:,.0f} residents only, so the two "
                f"together would show the figures of fewer than {LEAST_PEOPLE:,} people. Choose other areas."
            )


def _from_standard(selection: Selection, evidence: Evidence) -> list[tuple[str, float]]:
    """Standard areas that overlap the selection and are not the same: residents of the smaller difference."""
    areas = evidence.areas
    held = pd.Series(areas.index.isin(list(selection.codes)), index=areas.index)
    people = pd.DataFrame({"in": areas["residents"].where(held, 0), "all": areas["residents"]}).astype("float64")
    counted = pd.DataFrame({"areas_in": held, "areas_all": True}).astype("int64")
    keys = {column: areas[column] for column in areas.columns if column.endswith("_code")}
    found: list[tuple[str, float]] = []
    for key in [pd.Series(ENGLAND, index=areas.index), *keys.values()]:
        sums = people.join(counted).groupby(key).sum()
        sums = sums[sums["areas_in"] > 0]
        outside = (sums["all"] - sums["in"]).where(sums["areas_all"] > sums["areas_in"])
        beyond = (people["in"].sum() - sums["in"]).where(held.sum() > sums["areas_in"])
        smaller = pd.concat([outside, beyond], axis=1).min(axis=1).dropna()
        found += [(_name(str(code), evidence), float(value)) for code, value in smaller.items()]
    return found


def _name(code: str, evidence: Evidence) -> str:
    return evidence.places[code].name if code in evidence.places else code


def _write(path: Path, kept: list[Selection]) -> None:
    shown = [{"name": one.name, "areas": sorted(one.codes)} for one in kept]
    partial = path.with_name(f".{path.name}-{os.getpid()}-{uuid.uuid4().hex[:8]}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps({"shown": shown}, ensure_ascii=False), "utf-8")
        partial.replace(path)
    except OSError as error:
        raise PlanError(
            f"{path} cannot be written ({error.strerror or error}), so nothing is shown: what has been shown must be "
            "remembered. Make the folder writable."
        ) from error
    finally:
        partial.unlink(missing_ok=True)
