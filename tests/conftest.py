"""What every test may ask for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tiny_warehouse import write_tiny_warehouse

from hjp_geo.evidence import Evidence

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data and published cases that stands beside a developer's checkout."""
    folder = Path(os.environ.get("HJP_GEO_SHARED", ROOT.parent / "shared"))
    if not (folder / "reference").is_dir():
        pytest.skip(f"no reference data: {folder} is not there (set HJP_GEO_SHARED to the shared folder)")
    return folder


@pytest.fixture(scope="session")
def tiny_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder whose warehouse holds ten areas in a row: see `tiny_warehouse`."""
    return write_tiny_warehouse(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def tiny(tiny_cache: Path) -> Evidence:
    """The evidence of the ten areas."""
    return Evidence.load(tiny_cache)
