"""What every test may ask for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from pathlib import Path

import hypothesis
import pytest
from publisher import Publisher, publishing
from replica import Replica, running_replica
from tiny_warehouse import write_tiny_warehouse

from hjp_geo.build import build
from hjp_geo.demo import write_mirror
from hjp_geo.errors import SourceError
from hjp_geo.evidence import Evidence
from hjp_geo.registry import discover
from hjp_geo.source import Source, fetch
from hjp_geo.upstream import Upstream

ROOT = Path(__file__).resolve().parents[1]

# a claim that holds slowly still holds: the machine may be busy
hypothesis.settings.register_profile("no-deadline", deadline=None)
hypothesis.settings.load_profile("no-deadline")


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


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    """A publisher on 127.0.0.1 whose answers the test writes down: see `publisher`."""
    with publishing() as one:
        yield one


@pytest.fixture(scope="session")
def replica(shared: Path) -> Iterator[Replica]:
    """The replica of every publisher with England's real data."""
    with running_replica(shared) as one:
        yield one


@pytest.fixture(scope="session")
def england_cache(replica: Replica, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder with every source that the replica holds, and England's warehouse (about a minute and a half)."""
    cache = tmp_path_factory.mktemp("england")
    upstream = Upstream(replica.base, pause_seconds=0.01)
    for one in discover("data_sources", Source).values():
        # what the replica does not hold may be absent: `test_england` says what that is
        with suppress(SourceError) if one.optional else nullcontext():
            fetch(one, cache, upstream)
    build(cache)
    return cache


@pytest.fixture(scope="session")
def made_up_mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The made-up Integrated Care System as a folder of publishers' files."""
    folder = tmp_path_factory.mktemp("made-up") / "mirror"
    write_mirror(folder)
    return folder


@pytest.fixture(scope="session")
def made_up_cache(made_up_mirror: Path) -> Path:
    """A cache folder with every source of the made-up system fetched, and its warehouse."""
    cache = made_up_mirror.parent / "cache"
    upstream = Upstream(str(made_up_mirror))
    for one in discover("data_sources", Source).values():
        fetch(one, cache, upstream)
    build(cache)
    return cache
