"""The scenarios of a cache folder: one file each, written whole or not at all, and never over somebody else's.

A file is known by its key, made of the first name and a few random letters; no other path is ever opened. Each save
counts the revision up: who saves on top of a revision that is no longer the last is told, and nothing is lost.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hjp_geo.errors import PlanError
from hjp_geo.locking import locked
from hjp_geo.scenario.model import Scenario

__all__ = ["DRAFT", "DRAFT_DAYS", "ConflictError", "Saved", "Scenarios"]

DRAFT = "Draft: "
"""How the name of a scenario begins that nobody has named yet."""
DRAFT_DAYS = 30
"""A draft that nobody named goes to the bin folder so many days after it was last saved."""

_KEY = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,60}[a-z0-9])?")
_SUFFIX = ".geojson"
_MOST_BYTES = 20_000_000


class ConflictError(PlanError):
    """Somebody else has saved, or deleted, the scenario since it was opened. Nothing has been overwritten."""


@dataclass(frozen=True)
class Saved:
    """One line of the list of scenarios."""

    key: str
    name: str
    saved: str
    revision: int
    place: str
    sketches: int
    trouble: str = ""
    """Why its file cannot be read; empty where it can."""


class Scenarios:
    """The scenarios of a cache folder."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self.folder = cache / "scenarios"

    def list(self) -> tuple[Saved, ...]:
        """Every scenario, last saved first; a damaged file is listed with what is wrong with it."""
        files = [one for one in self.folder.glob(f"*{_SUFFIX}") if _KEY.fullmatch(one.stem)]
        rows = [self._line(one.stem) for one in files]
        return tuple(sorted(rows, key=lambda row: (row.saved, row.key), reverse=True))

    def load(self, key: str) -> Scenario:
        """The scenario of a key, or of a name that only one has; `PlanError` where there is none or it is damaged."""
        return self._read(self.key_of(key))

    def key_of(self, text: str) -> str:
        """The key of a key or name; `PlanError` lists what there is."""
        if _KEY.fullmatch(text) and self._path(text).is_file():
            return text
        rows = self.list()
        named = [row.key for row in rows if row.name.casefold() == text.casefold().strip()]
        if len(named) == 1:
            return named[0]
        some = ", ".join(row.key for row in rows[:8]) or "none yet"
        what = f"{len(named)} scenarios are called" if named else "No scenario"
        raise PlanError(f"{what} '{text[:60]}'. There are: {some}. Give the key of one.")

    def save(self, scenario: Scenario) -> Scenario:
        """Write it and return it with its new revision. `ConflictError` where another has saved it since."""
        if not scenario.key:
            return self.save_copy(scenario, scenario.name)
        with self._alone():
            path = self._path(scenario.key)
            if not path.is_file():
                raise ConflictError(f"“{scenario.name}” has been deleted since it was opened here.")
            there = self._read(scenario.key)
            if there.revision != scenario.revision:
                raise ConflictError(
                    f"“{there.name}” was saved elsewhere at {there.saved} (revision {there.revision}; here is "
                    f"{scenario.revision}). Nothing is lost."
                )
            return self._write(scenario, scenario.revision + 1)

    def keep_figures(self, scenario: Scenario) -> None:
        """Write what a saved scenario came to beside it. That is no choice, so its revision stays.

        Does nothing where the file holds other choices, or is gone: the figures would not be of what is there.
        """
        with self._alone():
            path = self._path(scenario.key)
            if not path.is_file():
                return
            there = self._read(scenario.key)
            if (there.revision, there.journal) == (scenario.revision, scenario.journal):
                _write_whole(path, scenario.to_dict())

    def newer(self, scenario: Scenario) -> Scenario | None:
        """What somebody else has saved of it since it was opened here; None where nobody has, or it is gone."""
        path = self._path(scenario.key) if scenario.key else None
        if path is None or not path.is_file():
            return None
        there = self._read(scenario.key)
        return there if there.revision > scenario.revision else None

    def save_copy(self, scenario: Scenario, name: str | None = None) -> Scenario:
        """Write it as a new scenario, under a name of its own, and return that."""
        renamed = scenario.renamed(name or f"{scenario.name} (copy)")
        with self._alone():
            return self._write(replace(renamed, key=self._new_key(renamed.name)), 1)

    def duplicate(self, key: str, name: str | None = None) -> Scenario:
        """A copy of a saved scenario under another name."""
        return self.save_copy(self.load(key), name)

    def rename(self, key: str, name: str) -> Scenario:
        """Give a saved scenario another name; its key stays."""
        return self.save(self.load(key).renamed(name))

    def delete(self, key: str) -> Path:
        """Move a scenario to ``scenarios/bin``, from where it can be imported again; where it went."""
        found = self.key_of(key)
        with self._alone():
            bin_folder = self.folder / "bin"
            bin_folder.mkdir(parents=True, exist_ok=True)
            target = bin_folder / f"{found}-{secrets.token_hex(3)}{_SUFFIX}"
            self._path(found).replace(target)
        return target

    def tidy_drafts(self, days: float = DRAFT_DAYS) -> tuple[str, ...]:
        """Move drafts without a name of their own, last saved over so many days ago, to the bin; their keys.

        A draft that was named, duplicated under another name, or given a note is somebody's: it stays.
        """
        oldest = dt.datetime.now(dt.UTC) - dt.timedelta(days=days)
        old = [row.key for row in self.list() if not row.trouble and row.name.startswith(DRAFT)]
        gone = []
        for key in old:
            one = self.load(key)
            is_claimed = one.note or any(entry.what in ("name", "note") for entry in one.journal)
            if not is_claimed and one.saved and dt.datetime.fromisoformat(one.saved) < oldest:
                self.delete(key)
                gone.append(key)
        return tuple(gone)

    def export(self, key: str, path: Path) -> Path:
        """Write a copy to a file elsewhere; `PlanError` where that cannot be."""
        scenario = self.load(key)
        if not path.parent.is_dir():
            raise PlanError(f"There is no folder {path.parent} to write {path.name} into. Make it first.")
        _write_whole(path, scenario.to_dict())
        return path

    def import_file(self, path: Path) -> Scenario:
        """Take in a scenario from a file, as a new one; `PlanError` for a file that is none."""
        try:
            if path.stat().st_size > _MOST_BYTES:
                raise PlanError(f"{path.name} is larger than {_MOST_BYTES / 1e6:.0f} MB. Is it a scenario?")
            data = path.read_bytes()
        except OSError as error:
            raise PlanError(f"{path} cannot be read ({error.strerror or error}).") from error
        return self.import_bytes(data, path.name)

    def import_bytes(self, data: bytes, name: str = "file") -> Scenario:
        """Take in a scenario from its bytes, as a new one; `PlanError` for what is none."""
        if len(data) > _MOST_BYTES:
            raise PlanError(f"{name[:80]} is larger than {_MOST_BYTES / 1e6:.0f} MB. Is it a scenario?")
        scenario = Scenario.from_dict(_parsed(data, name))
        return self.save_copy(scenario, scenario.name)

    def _line(self, key: str) -> Saved:
        try:
            one = self._read(key)
        except PlanError as error:
            return Saved(key, key, "", 0, "", 0, str(error))
        return Saved(key, one.name, one.saved, one.revision, one.plan.place, len(one.features))

    def _path(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise PlanError(f"'{key[:60]}' is not the key of a scenario: small letters, digits and dashes.")
        path = self.folder / f"{key}{_SUFFIX}"
        if path.is_symlink():
            raise PlanError(f"{path.name} in {self.folder} is a link to somewhere else, and is not opened.")
        return path

    def _read(self, key: str) -> Scenario:
        path = self._path(key)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise PlanError(f"The scenario {key} cannot be read ({error.strerror or error}).") from error
        return Scenario.from_dict(_parsed(data, path.name), key)

    def _write(self, scenario: Scenario, revision: int) -> Scenario:
        now = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
        numbered = replace(scenario, revision=revision, saved=now)
        _write_whole(self._path(numbered.key), numbered.to_dict())
        return numbered

    def _new_key(self, name: str) -> str:
        words = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:40].strip("-") or "scenario"
        return f"{words}-{secrets.token_hex(4)}"

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody else writes a scenario of this folder meanwhile."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PlanError(f"{self.folder} cannot be made ({error.strerror or error}). Make it writable.") from error
        with locked(self._cache, "scenarios"):
            yield


def _parsed(data: bytes, name: str) -> Any:
    try:
        return json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise PlanError(f"{name[:80]} is not JSON that can be read ({error}). Expected a saved scenario.") from error


def _write_whole(path: Path, values: dict[str, Any]) -> None:
    """Beside it first, then in its place: a crash leaves the last good one."""
    beside = path.with_name(f".{path.name}-{os.getpid()}-{secrets.token_hex(4)}")
    try:
        with beside.open("w", encoding="utf-8") as file:
            json.dump(values, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise PlanError(f"{path} cannot be written ({error.strerror or error}); what was there stays.") from error
    finally:
        beside.unlink(missing_ok=True)
