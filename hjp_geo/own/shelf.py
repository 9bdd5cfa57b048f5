"""Where accepted data of the user are kept: the folder ``own/`` of the cache, one JSON file a set, written whole.

Each file says which file it came from (name, SHA-256), and when it was accepted. Removing it takes back all it did.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import math
import os
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from hjp_geo.errors import PlanError
from hjp_geo.locking import locked
from hjp_geo.own.providers import ProviderRow

__all__ = [
    "Decision",
    "OwnData",
    "OwnLayer",
    "ProviderSet",
    "add_decision",
    "add_decisions",
    "keep_layer",
    "keep_providers",
    "own_folder",
    "own_stamp",
    "read_own",
    "remove_decision",
    "remove_own",
    "slug",
    "take_back",
]

_LAYOUT = 1
_PROVIDERS, _LAYER, _DECISIONS = "providers-", "layer-", "decisions.json"


@dataclass(frozen=True)
class ProviderSet:
    """An accepted list of providers."""

    name: str
    filename: str
    sha256: str
    accepted: str
    """When, UTC."""
    rows: tuple[ProviderRow, ...]

    @property
    def source_name(self) -> str:
        """What the set is called among the sources."""
        return f"own_{self.name.replace('-', '_')}"


@dataclass(frozen=True)
class OwnLayer:
    """Accepted values of areas, already those of the areas of the warehouse."""

    name: str
    label: str
    unit: str
    polarity: str
    role: str
    source: str
    """The credit line that the user gave."""
    filename: str
    sha256: str
    accepted: str
    level: str
    """What the file was by, in words."""
    notes: tuple[str, ...]
    values: Mapping[str, float]
    """Area code → value; an area that is not here has no data."""

    @property
    def layer_name(self) -> str:
        """What it is called among the layers."""
        return f"own_{self.name.replace('-', '_')}"

    @property
    def source_name(self) -> str:
        """What its file is called among the sources."""
        return f"{self.layer_name}_file"


@dataclass(frozen=True)
class Decision:
    """What was decided about two sites that look like one. Names are kept: numbers of rows change with a release."""

    keep: str
    drop: str
    keep_name: str
    drop_name: str
    verdict: str
    """same (the first is kept, the second counted with it) or apart (two sites, not asked again)."""
    decided: str
    """When, UTC."""
    together: str = ""
    """What the decisions taken in one action share, so that all can be taken back; empty for one by itself."""


@dataclass(frozen=True)
class OwnData:
    """Everything of the user's own that is in play; empty where there is nothing."""

    providers: tuple[ProviderSet, ...] = ()
    layers: tuple[OwnLayer, ...] = ()
    decisions: tuple[Decision, ...] = ()
    digest: str = ""
    """Short hash of it all; empty where there is nothing."""

    def __bool__(self) -> bool:
        return bool(self.providers or self.layers or self.decisions)

    @property
    def names(self) -> list[str]:
        """Names of sets and layers."""
        return [*(one.name for one in self.providers), *(one.name for one in self.layers)]

    def in_words(self) -> str:
        """What of the user's own is in play, in one line; empty where nothing is."""
        parts = [f"providers “{one.name}” ({len(one.rows):,} rows)" for one in self.providers]
        parts += [f"layer “{one.label}”" for one in self.layers]
        merged = sum(one.verdict == "same" for one in self.decisions)
        parts += [f"{merged} accepted duplicate{'' if merged == 1 else 's'}"] if merged else []
        return ", ".join(parts)


def own_folder(cache: Path) -> Path:
    """Where a user's data are kept in a cache folder, whether or not there are any."""
    return cache / "own"


def own_stamp(cache: Path) -> tuple[tuple[str, int, int], ...]:
    """Changes whenever what is kept changes: names, sizes and times of the files."""
    files = sorted(own_folder(cache).glob("*.json"))
    return tuple((path.name, stat.st_size, stat.st_mtime_ns) for path in files if (stat := _stat(path)))


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:  # removed since it was listed
        return None


def slug(name: str) -> str:
    """A name as one that files and addresses take: small letters, digits and hyphens.

    >>> slug("Leeds: outreach 2026.xlsx")
    'leeds-outreach-2026'
    """
    stem = re.sub(r"\.(csv|xlsx|txt)$", "", name.strip(), flags=re.IGNORECASE)
    plain = re.sub(r"[^a-z0-9]+", "-", stem.casefold()).strip("-")[:40].strip("-")
    return plain or "list"


def read_own(cache: Path) -> OwnData:
    """What is kept; `PlanError` names a file that cannot be read."""
    folder, digest = own_folder(cache), hashlib.sha256()
    providers, layers, decisions = list[ProviderSet](), list[OwnLayer](), tuple[Decision, ...]()
    for path in sorted(folder.glob("*.json")):
        try:
            body = path.read_bytes()
            kept = json.loads(body)
            if path.name.startswith(_PROVIDERS):
                providers.append(_provider_set(kept))
            elif path.name.startswith(_LAYER):
                layers.append(OwnLayer(**{**kept["set"], "notes": tuple(kept["set"]["notes"])}))
            elif path.name == _DECISIONS:
                decisions = tuple(Decision(**one) for one in kept["decisions"])
            else:
                continue
        except FileNotFoundError:  # removed since it was listed
            continue
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise PlanError(
                f"{path} cannot be read ({type(error).__name__}). Move it away, and bring the file again."
            ) from error
        digest.update(path.name.encode() + body)
    own = OwnData(tuple(providers), tuple(layers), decisions)
    return replace(own, digest=digest.hexdigest()[:12]) if own else own


def _provider_set(kept: Mapping[str, Any]) -> ProviderSet:
    rows = []
    for one in kept["set"]["rows"]:
        place = {name: math.nan if one[name] is None else float(one[name]) for name in ("easting", "northing")}
        rows.append(ProviderRow(**{**one, **place}))
    return ProviderSet(**{**kept["set"], "rows": tuple(rows)})


def keep_providers(cache: Path, name: str, filename: str, digest: str, rows: Sequence[ProviderRow]) -> ProviderSet:
    """Keep an accepted list under a name; one of the same name is replaced."""
    accepted = ProviderSet(slug(name), filename[:200], digest, _now(), tuple(rows))
    plain = {**asdict(accepted), "rows": [_plain_row(row) for row in rows]}
    _write(cache, f"{_PROVIDERS}{accepted.name}.json", {"layout": _LAYOUT, "set": plain})
    return accepted


def _plain_row(row: ProviderRow) -> dict[str, Any]:
    place = {
        name: None if math.isnan(value) else value
        for name, value in (("easting", row.easting), ("northing", row.northing))
    }
    return {**asdict(row), "cells": dict(row.cells), **place}


def keep_layer(cache: Path, layer: OwnLayer) -> OwnLayer:
    """Keep accepted values of areas; a layer of the same name is replaced."""
    accepted = replace(layer, name=slug(layer.name), accepted=_now())
    _write(cache, f"{_LAYER}{accepted.name}.json", {"layout": _LAYOUT, "set": asdict(accepted)})
    return accepted


def remove_own(cache: Path, name: str) -> str:
    """Remove a list or a layer, and with it all that it did; `PlanError` where there is none of that name."""
    for kind in (_PROVIDERS, _LAYER):
        path = own_folder(cache) / f"{kind}{slug(name)}.json"
        if path.is_file():
            path.unlink()
            return slug(name)
    names = ", ".join(read_own(cache).names) or "none"
    raise PlanError(f"There is nothing of your own called '{name[:60]}'. There are: {names}.")


def add_decision(cache: Path, decision: Decision) -> None:
    """Record what was decided about two sites; it replaces what was decided about the same two before."""
    _add(cache, [replace(decision, decided=_now(), together="")])


def add_decisions(cache: Path, decisions: Sequence[Decision]) -> str:
    """Record several decisions as one action, in one write; what `take_back` undoes them by."""
    together, now = uuid.uuid4().hex[:8], _now()
    _add(cache, [replace(one, decided=now, together=together) for one in decisions])
    return together


def _add(cache: Path, decisions: Sequence[Decision]) -> None:
    new = {_pair(one) for one in decisions}
    with locked(cache, "own"):
        others = [one for one in read_own(cache).decisions if _pair(one) not in new]
        _write_decisions(cache, [*others, *decisions])


def take_back(cache: Path, together: str) -> int:
    """Take back what was decided in one action, but what was decided again since; how many decisions that were.

    Raises `PlanError` where there is no such action.
    """
    with locked(cache, "own"):
        before = read_own(cache).decisions
        after = [one for one in before if not together or one.together != together]
        if len(after) == len(before):
            known = ", ".join(dict.fromkeys(one.together for one in before if one.together)) or "none"
            raise PlanError(f"Nothing was accepted together as '{together[:60]}'. There are: {known}.")
        _write_decisions(cache, after)
        return len(before) - len(after)


def remove_decision(cache: Path, keep: str, drop: str) -> None:
    """Take back what was decided about two sites; `PlanError` where nothing was."""
    with locked(cache, "own"):
        before = read_own(cache).decisions
        after = [one for one in before if _pair(one) != frozenset((keep, drop))]
        if len(after) == len(before):
            raise PlanError(f"Nothing was decided about {keep} and {drop}.")
        _write_decisions(cache, after)


def _pair(one: Decision) -> frozenset[str]:
    return frozenset((one.keep, one.drop))


def _write_decisions(cache: Path, decisions: Sequence[Decision]) -> None:
    if not decisions:
        (own_folder(cache) / _DECISIONS).unlink(missing_ok=True)
        return
    _write(cache, _DECISIONS, {"layout": _LAYOUT, "decisions": [asdict(one) for one in decisions]})


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def _write(cache: Path, name: str, content: Mapping[str, Any]) -> None:
    path = own_folder(cache) / name
    partial = path.with_name(f".partial-{os.getpid()}-{uuid.uuid4().hex[:8]}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(content, ensure_ascii=False, allow_nan=False), "utf-8")
        partial.replace(path)
    except OSError as error:
        raise PlanError(f"{path} cannot be written ({error.strerror or error}). Nothing was changed.") from error
    finally:
        partial.unlink(missing_ok=True)
