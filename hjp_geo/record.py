"""The record of what is held: ``releases.toml`` in the cache folder, one entry a source; it is the data's lock.

Every change reads, merges and replaces the record under a lock, so that of two fetches at once neither loses an entry,
and a crash leaves the old record or the new one.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Collection, Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import tomlkit

from hjp_geo.errors import PlanError, SchemaError
from hjp_geo.locking import locked

__all__ = ["Release", "forget", "read_record", "record", "releases"]


@dataclass(frozen=True)
class Release:
    """One edition of a source as it is held here: where it came from, what it is, when it came."""

    source: str
    release: str
    url: str
    file: str
    sha256: str
    bytes: int
    rows: int
    retrieved: str
    made_up: bool = False
    validators: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    query: Mapping[str, str] = field(default_factory=dict)
    """What was asked beside the address, so that it can be asked for again."""
    found_by: str = ""
    """What led to it, where the publisher has more than one index."""
    by_hand: bool = False
    """Whether the user downloaded it and gave it; ``url`` is then where it claims to come from."""


def releases(cache: Path) -> dict[str, Release]:
    """What is held in a cache folder, by source name; empty before the first fetch."""
    path = cache / "releases.toml"
    return read_record(path, "Delete it and run `hjp-geo fetch` again.") if path.is_file() else {}


def read_record(path: Path, advice: str) -> dict[str, Release]:
    """The releases that a file records, by source name. Raises `SchemaError`, which ends with the advice."""
    try:
        entries = tomlkit.parse(path.read_text("utf-8")).unwrap()
        return {
            name: Release(**{**entry, "warnings": tuple(entry.get("warnings", ()))}) for name, entry in entries.items()
        }
    except (OSError, ValueError, TypeError) as error:
        raise SchemaError(f"{path} cannot be read ({error}). {advice}") from error


def record(cache: Path, release: Release) -> None:
    """Put a release in use in place of the one before it."""
    with locked(cache, "releases"):
        _write(cache, {**releases(cache), release.source: release})


def forget(cache: Path, names: Collection[str]) -> None:
    """Take sources out of use; their files stay."""
    with locked(cache, "releases"):
        _write(cache, {name: held for name, held in releases(cache).items() if name not in names})


def _write(cache: Path, held: Mapping[str, Release]) -> None:
    entries = {name: _entry(held[name]) for name in sorted(held)}
    text = "# The release of each source in use. Written by `hjp-geo fetch`.\n" + tomlkit.dumps(entries)
    for left in cache.glob(".releases-*"):  # of a process that was killed: nobody else writes while we hold the lock
        left.unlink(missing_ok=True)
    beside = cache / f".releases-{uuid.uuid4().hex[:8]}.toml"
    try:
        with beside.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(cache / "releases.toml")
    except OSError as error:
        raise PlanError(
            f"{cache / 'releases.toml'} could not be written ({error}). Free some space, or give another cache folder; "
            "what was fetched before is still in use."
        ) from error
    finally:
        beside.unlink(missing_ok=True)


def _entry(release: Release) -> dict[str, Any]:
    """What is worth writing down: what has no default, and what differs from it."""
    entry = {**asdict(release), "warnings": list(release.warnings)}
    always = {one.name for one in fields(Release) if one.default is MISSING and one.default_factory is MISSING}
    return {name: value for name, value in entry.items() if name in always or value or name == "made_up"}
