"""What every test may ask for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data and published cases that stands beside a developer's checkout."""
    folder = Path(os.environ.get("HJP_GEO_SHARED", ROOT.parent / "shared"))
    if not (folder / "reference").is_dir():
        pytest.skip(f"no reference data: {folder} is not there (set HJP_GEO_SHARED to the shared folder)")
    return folder
