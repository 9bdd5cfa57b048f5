"""Journeys kept in the cache folder, each whole or not at all, named by what made them."""

from __future__ import annotations

import json
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from hjp_geo.areas import Table
from hjp_geo.errors import PlanError, WarehouseError
from hjp_geo.journeys.shape import Journeys

__all__ = ["find_journeys", "list_journeys", "load_journeys", "remove_journeys", "save_journeys"]

_FOLDER = "journeys"
_LAYOUT = 1
_ID_LENGTH = 16
_COLUMNS = ["mode", "pairs", "areas", "sites", "cutoff_minutes", "made", "how"]


def save_journeys(journeys: Journeys, cache: Path) -> str:
    """Keep journeys in the cache folder and return their name: the same journeys have the same name, once."""
    name = _name(journeys.mode, journeys.made_from)
    home = cache / _FOLDER
    home.mkdir(parents=True, exist_ok=True)
    if (home / name).is_dir():
        return name
    beside = Path(tempfile.mkdtemp(prefix=".new-", dir=home))
    try:
        _write(journeys, beside)
        beside.rename(home / name)
    except FileExistsError:  # somebody else has just kept the same
        shutil.rmtree(beside)
    except OSError as error:
        shutil.rmtree(beside, ignore_errors=True)
        if (home / name).is_dir():
            return name
        raise WarehouseError(
            f"The journeys could not be kept in {home}: {error}. Free some space and try again."
        ) from error
    return name


def load_journeys(cache: Path, name: str) -> Journeys:
    """The kept journeys of this name, or of the only name that begins so. PlanError where there is none."""
    folder = _folder(cache, name)
    about = _about(folder)
    costs = pd.read_parquet(folder / "costs.parquet")
    for column in ("area_code", "site_id"):
        costs[column] = pd.Categorical.from_codes(
            costs[column].to_numpy(), categories=pd.Index(about[column], dtype="str", name=column)
        )
    return Journeys(
        costs=costs[["area_code", "site_id", "minutes"]],
        mode=about["mode"],
        how=about["how"],
        made_from=about["made_from"],
        snapped=pd.read_parquet(folder / "snapped.parquet"),
        cutoff_minutes=about["cutoff_minutes"],
        notes=tuple(about["notes"]),
    )


def find_journeys(cache: Path, mode: str, made_from: str) -> Journeys | None:
    """The kept journeys that were made from this, if there are any."""
    name = _name(mode, made_from)
    return load_journeys(cache, name) if (cache / _FOLDER / name).is_dir() else None


def list_journeys(cache: Path) -> Table:
    """What is kept, indexed by name, the newest first: mode, pairs, areas, sites, cutoff, when and how it was made."""
    home = cache / _FOLDER
    folders = sorted(one for one in home.glob("[!.]*") if (one / "about.json").is_file()) if home.is_dir() else []
    rows = {folder.name: _about(folder) for folder in folders}
    table = pd.DataFrame(
        [[about[column] for column in _COLUMNS] for about in rows.values()],
        index=pd.Index(list(rows), dtype="str", name="name"),
        columns=_COLUMNS,
    )
    return table.sort_values("made", ascending=False, kind="stable")


def remove_journeys(cache: Path, name: str) -> str:
    """Remove the kept journeys of this name, or of the only name that begins so; returns the whole name."""
    folder = _folder(cache, name)
    gone = folder.with_name(f".gone-{folder.name}")
    shutil.rmtree(gone, ignore_errors=True)
    folder.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)
    return folder.name


def _name(mode: str, made_from: str) -> str:
    return f"{mode}-{made_from[:_ID_LENGTH]}"


def _write(journeys: Journeys, folder: Path) -> None:
    costs, columns = journeys.costs, ("area_code", "site_id")
    coded = pd.DataFrame({column: costs[column].cat.codes.astype("int32") for column in columns})
    coded.assign(minutes=costs["minutes"]).to_parquet(folder / "costs.parquet", index=False, compression="zstd")
    journeys.snapped.to_parquet(folder / "snapped.parquet", index=False)
    about: dict[str, Any] = {
        "layout": _LAYOUT,
        "mode": journeys.mode,
        "how": journeys.how,
        "made_from": journeys.made_from,
        "cutoff_minutes": journeys.cutoff_minutes,
        "notes": list(journeys.notes),
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "pairs": len(costs),
        "areas": int(costs["area_code"].nunique()),
        "sites": int(costs["site_id"].nunique()),
    }
    about |= {column: list(costs[column].cat.categories) for column in columns}
    (folder / "about.json").write_text(json.dumps(about), encoding="utf-8")


def _about(folder: Path) -> dict[str, Any]:
    try:
        about: dict[str, Any] = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WarehouseError(
            f"The journeys in {folder} cannot be read. Remove that folder and make them again."
        ) from error
    if about.get("layout") != _LAYOUT:
        raise WarehouseError(f"The journeys in {folder} were kept by another version. Remove them and make them again.")
    return about


def _folder(cache: Path, name: str) -> Path:
    home = cache / _FOLDER
    kept = [one for one in sorted(home.glob("[!.]*")) if one.is_dir()] if home.is_dir() else []
    exact = [one for one in kept if one.name == name]
    matching = exact or [one for one in kept if name and one.name.startswith(name)]
    if len(matching) != 1:
        there = ", ".join(one.name for one in kept) or "none"
        problem = "No journeys are" if not matching else "Several journeys are"
        raise PlanError(f"{problem} kept under the name '{name[:60]}'. There are: {there}.")
    return matching[0]
