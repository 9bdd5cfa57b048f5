"""Each fault that the replica can inject, against each source it can meet: what the user sees, and the state after.

    pytest tests/test_faults.py                             # all but the largest sources, held to docs/faults.md
    HJP_GEO_WHOLE_FAULTS=1 pytest tests/test_faults.py      # every source
    HJP_GEO_WRITE_FAULTS=1 pytest tests/test_faults.py      # every source, and writes docs/faults.md from this run

A run is held to the page word for word, but for names and numbers, and the page to every pair there is. The same bytes
are read into a table once only: a reader is a function of its file. All sources meet a fault at once.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from fault_table import AREAS_KEPT, CUTS, FAULTS, LARGE, SERVED, Ending, Fault, on_page, page, pattern
from replica import Replica, running_replica

from data_sources.geocoding import geocode_postcodes
from hjp_geo.areas import Table
from hjp_geo.errors import SchemaError, SourceError
from hjp_geo.fetching import Outcome, fetch_many
from hjp_geo.manners import Manners
from hjp_geo.record import Release, record, releases
from hjp_geo.registry import discover
from hjp_geo.source import Source, is_whole
from hjp_geo.upstream import Upstream

pytestmark = pytest.mark.replica

PAGE = Path(__file__).parents[1] / "docs" / "faults.md"
ALL = discover("data_sources", Source)
WRITE = bool(os.environ.get("HJP_GEO_WRITE_FAULTS"))
WHOLE = WRITE or bool(os.environ.get("HJP_GEO_WHOLE_FAULTS"))
MET = [name for name in SERVED if WHOLE or name not in LARGE]


def reading_once(one: Source) -> Source:
    """The source, whose reader remembers the tables of the bytes it has read."""
    tables: dict[str, Table] = {}

    def read(path: Path) -> Table:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if digest not in tables:
            tables[digest] = one.read(path)
        return tables[digest]

    return replace(one, read=read)


SOURCES = {name: reading_once(ALL[name]) for name in MET}
SOURCES |= {name: replace(SOURCES[name], expected_rows=rows) for name, rows in AREAS_KEPT.items() if name in MET}


@pytest.fixture(scope="module")
def own(shared: Path) -> Iterator[Replica]:
    """A replica of our own: its faults meet nobody else."""
    with running_replica(shared) as one:
        yield one


@pytest.fixture(scope="module")
def good(own: Replica, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder with a good release of each source."""
    cache = tmp_path_factory.mktemp("good")
    with own.having(*CUTS):
        ended = list(fetch_many(list(SOURCES.values()), cache, asking(own)))
    assert {one.state for one in ended} == {"fetched"}
    return cache


def asking(own: Replica, agent: str = "") -> Upstream:
    """A session that does not wait between tries."""
    return Upstream(own.base, pause_seconds=0, manners={"digital.nhs.uk": Manners(user_agent=agent)} if agent else {})


@dataclass
class Trial:
    """One fault met by all its sources, in a cache folder of its own."""

    fault: Fault
    own: Replica
    held: Mapping[str, Release]
    folder: Path
    proven: set[tuple[str, str]]
    """The sources, and what was held of them, from which a plain fetch is known to recover."""
    before: dict[str, object] = field(default_factory=dict)

    @property
    def whom(self) -> list[str]:
        return [name for name in self.fault.whom if name in SOURCES]

    def hold(self, good: Path) -> None:
        """What is held before the fault; the files are write-once, so links do."""
        for name in self.whom if self.fault.held != "nothing" else ():
            shutil.copytree(good / "raw" / name, self.folder / "raw" / name, copy_function=os.link)
            known = self.held[name].validators if self.fault.held == "known" else {}
            record(self.folder, replace(self.held[name], validators=known))
        self.before = {name: self.standing(name) for name in self.whom}

    def standing(self, name: str) -> object:
        """All that a fetch of a source would find here."""
        raw = self.folder / "raw" / name
        files = sorted((str(path.relative_to(raw)), path.stat().st_size) for path in raw.rglob("*") if path.is_file())
        return releases(self.folder).get(name), files

    def met(self) -> list[Outcome]:
        """How each source ended."""
        with self.own.having(*self.fault.rules(self.held, self.whom), *CUTS):
            return self._fetched(self.whom, self.fault.agent)

    def recovered(self) -> list[Outcome]:
        """How a plain fetch ends afterwards, where that is not known: from the same folder it ends the same."""
        names = [name for name in self.whom if (name, self.fault.held) not in self.proven or self.changed(name)]
        with self.own.having(*CUTS):
            ended = self._fetched(names)
        self.proven |= {(name, self.fault.held) for name in names if not self.changed_before_recovery[name]}
        return ended

    def changed(self, name: str) -> bool:
        """Whether the fault left anything of a source otherwise than it was."""
        return self.standing(name) != self.before[name]

    def _fetched(self, names: list[str], agent: str = "") -> list[Outcome]:
        self.changed_before_recovery = {name: self.changed(name) for name in names}
        sources = [SOURCES[name] for name in names]
        return sorted(fetch_many(sources, self.folder, asking(self.own, agent)), key=lambda one: one.source.name)


def ending(trial: Trial, ended: Outcome) -> Ending:
    """How it ended for one source, held to what must be true however it ended."""
    name, good = ended.source.name, trial.held[ended.source.name]
    now = releases(trial.folder).get(name)
    if ended.error is not None:
        assert isinstance(ended.error, (SourceError, SchemaError)), ended.error
        verbatim = str(ended.error)
        assert verbatim.startswith(f"{name}: ")
        assert "\n" not in verbatim
        assert "Error(" not in verbatim
        nothing = trial.fault.held == "nothing"
        assert (now is None) if nothing else (now is not None and now.sha256 == good.sha256)
        state = "nothing is held" if nothing else "the last good release is in use"
    else:
        assert now is not None
        assert now == ended.release
        verbatim = " ".join(now.warnings) or ended.state
        told = set(now.warnings) - set(good.warnings)
        if trial.fault.name == "newer-vintage" and ended.state == "fetched":
            state = "a newer release is in use"
        elif now.sha256 == good.sha256:
            state = "the same bytes are in use"
        else:
            state = f"other bytes are in use, and {'it' if told else 'nothing'} says so"
    assert now is None or is_whole(now, trial.folder)  # never a part
    partial = [path for path in (trial.folder / "raw" / name).glob("*") if path.is_dir() and ended.error is None]
    assert partial == []
    return Ending(trial.fault.name, name, pattern(verbatim, name, good.release), state, verbatim)


def test_every_fault_against_every_source(own: Replica, good: Path, tmp_path: Path):
    held, endings = releases(good), list[Ending]()
    proven: set[tuple[str, str]] = set()
    for number, fault in enumerate(FAULTS):
        trial = Trial(fault, own, held, tmp_path / str(number), proven)
        if not trial.whom:
            continue
        trial.hold(good)
        mine = [ending(trial, one) for one in trial.met()]
        endings += mine
        unseen = {one.source for one in mine if one.state == "other bytes are in use, and nothing says so"}
        assert not unseen or fault.held == "nothing" or fault.name == "ods-role-codes", (fault.name, unseen)
        for after in trial.recovered():
            assert after.error is None, (fault.name, after.error)
            same = after.release is not None and after.release.sha256 == held[after.source.name].sha256
            assert same or after.source.name in unseen, (fault.name, after.source.name)
        shutil.rmtree(trial.folder, ignore_errors=True)
    places = looked_up(own)
    if WRITE:
        PAGE.write_text(page(endings, places, not_served(own, tmp_path)), "utf-8")
    text = PAGE.read_text("utf-8")
    told = on_page(text)
    again = "write docs/faults.md again: see the top of this test"
    assert sorted((one.fault, one.source) for one in told) == sorted((f.name, name) for f in FAULTS for name in f.whom)
    assert [one for one in sorted(endings) if settled(one) not in map(settled, told)] == [], again
    rows = ["| `{}` | {} | {} |".format(*place) for place in places if place[0] != "reset"]
    assert [row for row in rows if row not in text] == [], again


def settled(one: Ending) -> Ending:
    """What is the same in every run: a reset may come before or within the answer, and is told accordingly."""
    return replace(one, said="") if one.fault.endswith("reset") else one


def not_served(own: Replica, tmp_path: Path) -> list[str]:
    """The sources that the replica does not answer for, each found to be so."""
    rest = [one for name, one in ALL.items() if name not in SERVED]
    ended = list(fetch_many(rest, tmp_path / "rest", asking(own)))
    assert {one.state for one in ended} == {"failed"}
    return sorted(one.source.name for one in ended)


# --- postcodes -------------------------------------------------------------------------------------------------------

ASKED = ("NW1 2DB", "SW1A 1AA", "ZZ99 9ZZ")  # the last is not a live one
PLACE_FAULTS = [
    ("status-403", {"mode": "status-403"}),
    ("status-429, twice", {"mode": "status-429", "retry_after": 0, "times": 2}),
    ("status-429", {"mode": "status-429", "retry_after": 0}),
    ("status-503", {"mode": "status-503"}),
    ("html-200", {"mode": "html-200"}),
    ("gone-410", {"mode": "gone-410"}),
    ("slow-trickle", {"mode": "slow-trickle", "chunk_bytes": 64, "delay_s": 0.01}),
    ("reset", {"mode": "reset"}),
    ("truncate", {"mode": "truncate"}),
    ("truncate, silently", {"mode": "truncate", "silent": True}),
    ("corrupt-byte", {"mode": "corrupt-byte"}),
]
QUESTIONS = {"live postcodes": r"postcodes\.io/postcodes", "a postcode that is not live": "terminated_postcodes"}


def looked_up(own: Replica) -> list[tuple[str, str, str]]:
    """What a user sees who looks postcodes up while each fault stands: the right places, or why not."""
    right = geocode_postcodes(ASKED, asking(own))
    assert right["status"].to_list() == ["found", "found", "unknown"]
    seen = []
    for fault, rule in PLACE_FAULTS:
        for what, match in QUESTIONS.items():
            with own.having({**rule, "match": match}):
                try:
                    assert geocode_postcodes(ASKED, asking(own)).equals(right), (fault, what)
                    said = "the right places"
                except SourceError as error:
                    said = pattern(str(error), "postcodes.io", "")
            seen.append((fault, what, said))
    return seen
