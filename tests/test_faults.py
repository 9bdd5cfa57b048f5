"""Each fault that the replica can inject, against each source it can meet: what the user sees, and the state after.

    HJP_GEO_WRITE_FAULTS=1 pytest tests/test_faults.py      # writes docs/faults.md from this run

Without that the run is held to the page: every pair of fault and source must stand there. All sources meet a fault at
once, each at its own address.
"""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from replica import Replica, running_replica

from hjp_geo.errors import SchemaError, SourceError
from hjp_geo.fetching import Outcome, fetch_many
from hjp_geo.record import Release, record, releases
from hjp_geo.registry import discover
from hjp_geo.source import Source, is_whole
from hjp_geo.upstream import Upstream

pytestmark = pytest.mark.replica

PAGE = Path(__file__).parents[1] / "docs" / "faults.md"
FILES = (
    "debt_advice_organisations",
    "gp_practice_map",
    "gp_practices",
    "gp_registrations",
    "iod25",
    "legal_aid_offices",
    "libraries",
    "qof_prevalence",
)
LAYERS = ("icb23_boundaries", "lad24_region24_lookup", "lsoa21_rural_urban")
SOURCES = {name: one for name, one in discover("data_sources", Source).items() if name in FILES + LAYERS}


@dataclass(frozen=True)
class Fault:
    """A fault as the page calls it, whom it can meet, and what to tell the replica."""

    name: str
    whom: tuple[str, ...]
    rule: dict[str, Any]


def _fault(name: str, whom: tuple[str, ...] = FILES + LAYERS, **rule: Any) -> Fault:
    return Fault(name, whom, {"mode": name, **rule})


FAULTS = [
    _fault("status-403", status=403),
    replace(_fault("status-429"), rule={"mode": "status-429", "retry_after": 0, "times": 2}),
    _fault("status-503"),
    _fault("html-200"),
    _fault("gone-410"),
    _fault("stale-304"),
    _fault("slow-trickle", chunk_bytes=1 << 20, delay_s=0.01),
    _fault("reset"),
    _fault("truncate"),
    _fault("corrupt-byte"),
    _fault("no-validators"),
    _fault("arcgis-error-200", LAYERS),
    _fault("arcgis-short-page", LAYERS, flag="none"),
    _fault("arcgis-duplicate-page", LAYERS),
    _fault("arcgis-flag-top", LAYERS),
    _fault("header-renamed", ("gp_registrations", "legal_aid_offices", "qof_prevalence", *LAYERS)),
    _fault("column-missing", ("gp_practices",), column=5),
    _fault("rows-missing"),
    _fault("ods-role-codes", ("gp_practices",)),
]
INDEX_FAULTS = [
    Fault("empty-services", LAYERS, {"mode": "empty-services", "match": "arcgis/rest/services"}),
    Fault("index: status-503", ("iod25", "legal_aid_offices"), {"mode": "status-503", "match": "www.gov.uk/api"}),
    Fault("index: html-200", ("iod25", "legal_aid_offices"), {"mode": "html-200", "match": "www.gov.uk/api"}),
    Fault("index: gone-410", ("iod25", "legal_aid_offices"), {"mode": "gone-410", "match": "www.gov.uk/api"}),
]


@pytest.fixture(scope="module")
def own(shared: Path):
    """A replica of our own: its faults meet nobody else."""
    with running_replica(shared) as one:
        yield one


@pytest.fixture(scope="module")
def good(own: Replica, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder with a good release of each source."""
    cache = tmp_path_factory.mktemp("good")
    ended = list(fetch_many(list(SOURCES.values()), cache, Upstream(own.base, pause_seconds=0.01)))
    assert {one.state for one in ended} == {"fetched"}
    return cache


def where(release: Release) -> str:
    """What tells the replica that a request is for the file or the rows of a release."""
    address = release.url.split("://", 1)[1].split("?")[0]
    return re.escape(address) + ("/query" if "/FeatureServer/" in address else "")


def met(fault: Fault, own: Replica, good: Path, folder: Path) -> list[Outcome]:
    """How each source ended that met the fault, what was held before being asked for whole."""
    held = releases(good)
    for name in fault.whom:
        shutil.copytree(good / "raw" / name, folder / "raw" / name)
        record(folder, replace(held[name], validators={}))
    rules = [{"match": where(held[name]), **fault.rule} for name in fault.whom]
    if "match" in fault.rule:
        rules = [fault.rule]
    with own.having(*rules):
        sources = [SOURCES[name] for name in fault.whom]
        return sorted(fetch_many(sources, folder, Upstream(own.base, pause_seconds=0)), key=lambda one: one.source.name)


def told(ended: Outcome, good: Release) -> tuple[str, str]:
    """What the user sees, and the state after."""
    if ended.error is not None:
        return str(ended.error), "the last good release is in use"
    assert ended.release is not None
    same = ended.release.sha256 == good.sha256
    said = " ".join(ended.release.warnings) or ended.state
    return said, "the same bytes are in use" if same else f"other bytes are in use: {ended.release.rows:,} rows"


def test_every_fault_against_every_source(own: Replica, good: Path, tmp_path: Path):
    held, rows = releases(good), list[tuple[str, str, str, str]]()
    for number, fault in enumerate([*FAULTS, *INDEX_FAULTS]):
        folder = tmp_path / str(number)
        for ended in met(fault, own, good, folder):
            name = ended.source.name
            if ended.error is not None:
                assert isinstance(ended.error, (SourceError, SchemaError)), ended.error
                assert "\n" not in str(ended.error)
                assert releases(folder)[name].sha256 == held[name].sha256
            assert is_whole(releases(folder)[name], folder)
            rows.append((fault.name, name, *told(ended, held[name])))
        plain = list(fetch_many([SOURCES[name] for name in fault.whom], folder, Upstream(own.base, pause_seconds=0)))
        assert not [one for one in plain if one.error], fault.name  # a later plain fetch recovers
        wrong = [one.source.name for one in plain if one.release.sha256 != held[one.source.name].sha256]
        assert wrong == [], fault.name
        shutil.rmtree(folder)
    if os.environ.get("HJP_GEO_WRITE_FAULTS"):
        PAGE.write_text(page(rows), "utf-8")
    on_page = re.findall(r"^\| `([^`]+)` \| `([^`]+)` \|", PAGE.read_text("utf-8"), re.MULTILINE)
    assert on_page == [(fault, name) for fault, name, _, _ in rows], "write docs/faults.md again: see above"


def page(rows: list[tuple[str, str, str, str]]) -> str:
    """The page, as this run saw it."""
    lines = [
        "# Every fault, every source",
        "",
        "Written by `HJP_GEO_WRITE_FAULTS=1 pytest tests/test_faults.py`, not by hand: each fault that the replica of",
        "the publishers can inject, against each source it can meet. A good release was held before, and asked for",
        "whole. After each, a plain `hjp-geo fetch` brought the right bytes again.",
        "",
        "| fault | source | what the user sees | state after |",
        "| --- | --- | --- | --- |",
    ]
    lines += [f"| `{fault}` | `{name}` | {_cell(said)} | {state} |" for fault, name, said, state in rows]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return re.sub(r"\S*/(\.partial-\w+/)?(\S+)", lambda m: m[0] if m[0].startswith("http") else m[2], text).replace(
        "|", "\\|"
    )[:400]
