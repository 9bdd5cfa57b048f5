"""The road network: Valhalla's tiles, built once from an OpenStreetMap extract, and its matrices.

Valhalla is an extra (``pip install "hjp-geo[journeys]"``) whose wheels begin at Python 3.12. Everything runs on this
machine: no request leaves it.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hjp_geo.errors import HjpError, PlanError, WarehouseError

__all__ = ["MOST_SNAP_METRES", "WALKING_KM_H", "Router", "Say", "extract_sha256", "router_on", "valhalla_version"]

_Floats: TypeAlias = NDArray[np.float64]
Say: TypeAlias = Callable[[str], None]
"""What a long run calls with each step, for the reader."""

MOST_SNAP_METRES = 2_000
"""A place further from every road than this is on no road: its journeys are not known."""
WALKING_KM_H = 4.8
_COSTING = {"walk": "pedestrian", "drive": "auto"}
_OPTIONS = {"walk": {"pedestrian": {"walking_speed": WALKING_KM_H}}, "drive": {}}
_STAGES = (
    "Parsing ways",
    "Parsing relations",
    "Parsing nodes",
    "Creating graph edges",
    "Building edge shapes",
    "Enhancing local graph",
    "Creating shortcuts",
    "Validating",
)
_EARTH_METRES = 6_371_008.8
_METRES_PER_SECOND_OF_SEARCH = 60.0
"""Valhalla ends a search after a time that it derives from a distance: at most a 56th of it for cars, less on foot."""


class Router(Protocol):
    """What is asked of a road network. Points are rows of longitude and latitude."""

    def metres_to_road(self, points: _Floats) -> _Floats:
        """How far each point is from the nearest road that the mode may use; missing beyond ``MOST_SNAP_METRES``."""
        ...

    def minutes(self, sources: _Floats, targets: _Floats) -> _Floats:
        """Minutes from each source (row) to each target (column), all of them near a road; missing where no route."""
        ...


def router_on(extract: Path, cache: Path, mode: str, most_minutes: float, say: Say) -> Router:
    """The road network of an extract, its tiles built unless an earlier run left them in the cache folder."""
    tiles = _tiles(extract, cache, say)
    return _Valhalla(_config(tiles, most_minutes), mode)


def valhalla_version() -> str:
    """Which Valhalla is installed; PlanError says how to get it where none is."""
    return str(_valhalla().__version__)


def extract_sha256(extract: Path) -> str:
    """The SHA-256 of an extract; PlanError where it is none."""
    if not extract.is_file():
        raise PlanError(f"{extract} is not there. Name an OpenStreetMap extract (.osm.pbf) of the region.")
    with extract.open("rb") as file:
        if b"OSMHeader" not in file.read(64):
            raise PlanError(f"{extract.name} is no OpenStreetMap extract. Expected a file in PBF format (.osm.pbf).")
        file.seek(0)
        return hashlib.file_digest(file, "sha256").hexdigest()


class _Valhalla:
    """A Router that asks Valhalla in this process."""

    def __init__(self, config: dict[str, Any], mode: str) -> None:
        self._actor = _valhalla().Actor(config)
        self._costing, self._options = _COSTING[mode], _OPTIONS[mode]

    def metres_to_road(self, points: _Floats) -> _Floats:
        found = self._actor.locate(self._asked(locations=_locations(points)))
        return np.array([_nearest_metres(one) for one in found], dtype=np.float64)

    def minutes(self, sources: _Floats, targets: _Floats) -> _Floats:
        asked = self._asked(sources=_locations(sources), targets=_locations(targets), verbose=False)
        try:
            answer = self._actor.matrix(asked)
        except RuntimeError as error:
            if "unconnected" in str(error):  # none of the sources has a way to any of the targets
                return np.full((len(sources), len(targets)), np.nan)
            raise HjpError(
                f"Valhalla could not work out journeys: {error}. Report this with the extract used."
            ) from error
        seconds = answer["sources_to_targets"]["durations"]
        return np.array(seconds, dtype=np.float64).reshape(len(sources), len(targets)) / 60.0

    def _asked(self, **what: Any) -> dict[str, Any]:
        return {"costing": self._costing, "costing_options": self._options, **what}


def _locations(points: _Floats) -> list[dict[str, float]]:
    return [{"lon": lon, "lat": lat, "search_cutoff": MOST_SNAP_METRES} for lon, lat in points.tolist()]


def _nearest_metres(located: dict[str, Any]) -> float:
    """Metres from a point to the nearest place on a road that was found for it."""
    at = [(edge["correlated_lon"], edge["correlated_lat"]) for edge in located["edges"] or ()]
    at += [(node["lon"], node["lat"]) for node in located["nodes"] or ()]
    if not at:
        return float("nan")
    lon, lat = np.radians(np.array(at)).T
    lon0, lat0 = np.radians(located["input_lon"]), np.radians(located["input_lat"])
    chord = np.sin((lat - lat0) / 2) ** 2 + np.cos(lat) * np.cos(lat0) * np.sin((lon - lon0) / 2) ** 2
    metres = float(2 * _EARTH_METRES * np.arcsin(np.sqrt(chord)).min())
    return metres if metres <= MOST_SNAP_METRES else float("nan")


# building -------------------------------------------------------------------------------------------------------------


def _tiles(extract: Path, cache: Path, say: Say) -> Path:
    """The folder of tiles of an extract: built beside, moved into place when whole."""
    home = cache / "journeys" / ".tiles"
    tiles = home / f"{extract_sha256(extract)[:16]}-{valhalla_version()}"
    if tiles.is_dir():
        say("The road network was built before and is used again.")
        return tiles
    home.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=".new-", dir=home))
    try:
        _build(extract, beside, say)
        beside.rename(tiles)
    except OSError as error:
        if not tiles.is_dir():  # else another run has just built the same
            raise WarehouseError(f"The road network could not be kept in {home}: {error}. Free some space.") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return tiles


def _build(extract: Path, folder: Path, say: Say) -> None:
    tiles = folder / "tiles"
    tiles.mkdir()
    config = _config(folder, 60.0)
    config["logging"] = {"type": "std_out", "color": False}
    settings = folder / "build.json"
    settings.write_text(json.dumps(config), encoding="utf-8")
    program = Path(_valhalla().PYVALHALLA_DIR) / "bin" / "valhalla_build_tiles"
    command = [
        str(program.with_suffix(".exe") if sys.platform == "win32" else program),
        "-c",
        str(settings),
        str(extract),
    ]
    say(f"Building the road network of {extract.name}: once; a large region takes long.")
    with (folder / "build.log").open("w+", encoding="utf-8", errors="replace") as errors:
        code = _run(command, errors, say)
        errors.seek(0)
        last = errors.read()[-300:].strip()
    if code != 0:
        raise PlanError(f"{extract.name} could not be read as a road network: {last or f'exit code {code}'}.")
    if not any(tiles.rglob("*.gph")):
        raise PlanError(f"{extract.name} holds no roads. Expected an extract of the region's OpenStreetMap data.")
    settings.unlink()


def _run(command: list[str], errors: Any, say: Say) -> int:
    """Run the builder and pass on which stage it is in; ends it if we are stopped."""
    with subprocess.Popen(  # noqa: S603 - Valhalla's own program, without a shell
        command, stdout=subprocess.PIPE, stderr=errors, text=True, errors="replace"
    ) as process:
        try:
            for line in process.stdout or ():
                if stage := next((one for one in _STAGES if f"] {one}" in line), None):
                    say(f"    {stage.lower()} …")
        except BaseException:
            process.kill()
            raise
    return process.returncode


def _config(folder: Path, most_minutes: float) -> dict[str, Any]:
    """Valhalla's settings for the tiles in a folder, with limits that fit journeys of so many minutes."""
    config: dict[str, Any] = deepcopy(importlib.import_module("valhalla.config").get_config("", folder / "tiles"))
    most_metres = max(200_000.0, most_minutes * 60.0 * _METRES_PER_SECOND_OF_SEARCH)
    for costing in _COSTING.values():
        limits = config["service_limits"][costing]
        limits.update(max_matrix_location_pairs=10_000_000, max_matrix_distance=most_metres, max_locations=100_000)
    for unused in ("admin", "timezone", "landmarks", "traffic_extract", "transit_dir", "transit_feeds_dir"):
        config["mjolnir"].pop(unused, None)
    return config


def _valhalla() -> Any:
    try:
        return importlib.import_module("valhalla")
    except ImportError as error:
        here = f"{sys.version_info.major}.{sys.version_info.minor}"
        wrong = "" if sys.version_info >= (3, 12) else f" It needs Python 3.12 or later, and this is {here}."
        raise PlanError(
            f"Journeys over roads need the package pyvalhalla, which is not installed here.{wrong} Install it with "
            f'`pip install "hjp-geo[journeys]"`, bring a matrix of times (`hjp-geo journeys add`), or use the straight '
            f"line, which needs nothing."
        ) from error
