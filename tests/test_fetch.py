"""Fetching many sources: at once but politely, going on where a transfer broke off, and exactly as a lock says."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from publisher import Answer, Publisher

from hjp_geo.areas import Table
from hjp_geo.cli.progress import how_far
from hjp_geo.discovery import Discovery, fixed_file, known_files
from hjp_geo.errors import PlanError, SchemaError, SourceError
from hjp_geo.fetching import check_many, fetch_many, given, locked_to
from hjp_geo.nhs_pages import nhs_publication
from hjp_geo.record import Release, record, releases
from hjp_geo.source import Source, fetch, source
from hjp_geo.upstream import TRIES, Manners, Upstream, quiet, read_manners

GOOD = b"code,amount\nA,1\nB,2\n"
CORRECTED = b"code,amount\nA,1\nB,3\n"
ADDRESS = "files.example/amounts.csv"
URL = f"https://{ADDRESS}"


def read_amounts(path: Path) -> Table:
    """What the tests read."""
    return pd.read_csv(path, keep_default_na=False, dtype={"code": "str"})


def declare(name: str, discover: Discovery) -> Source:
    declared = source(
        title="Amounts",
        publisher="Nobody",
        licence="none",
        attribution="Made up.",
        key="code",
        columns={"code": "a code", "amount": "an amount"},
        discover=discover,
    )
    return replace(declared(read_amounts), name=name)


AMOUNTS = declare("amounts", fixed_file(URL, release="1", filename="amounts.csv"))


@pytest.fixture
def online(publisher: Publisher) -> Upstream:
    return Upstream(publisher.base, pause_seconds=0)


# --- going on where it broke off -------------------------------------------------------------------------------------


BIG = b"code,amount\n" + b"".join(b"A%05d,1\n" % number for number in range(4_000))
KEPT = 1 << 14  # a transfer is written in pieces of this size
BROKEN = Answer(BIG[: KEPT + 9], headers={"ETag": '"1"'}, announced=len(BIG))
REST = Answer(BIG[KEPT:], 206, {"ETag": '"1"', "Content-Range": f"bytes {KEPT}-{len(BIG) - 1}/{len(BIG)}"})


def test_a_transfer_that_broke_off_goes_on_where_it_stopped(publisher: Publisher, online: Upstream, tmp_path: Path):
    publisher.says(ADDRESS, BROKEN, REST)
    release = fetch(AMOUNTS, tmp_path, online)
    assert (tmp_path / "raw" / release.file).read_bytes() == BIG
    assert publisher.asked[1].headers["Range"] == f"bytes={KEPT}-"
    assert publisher.asked[1].headers["If-Range"] == '"1"'


def test_the_next_fetch_goes_on_where_the_last_one_gave_up(publisher: Publisher, online: Upstream, tmp_path: Path):
    publisher.says(ADDRESS, BROKEN, replace(REST, body=b"", announced=len(REST.body)))
    with pytest.raises(SourceError, match=r"broke off.*What came \(16,384 bytes\) is kept: the next fetch goes on"):
        fetch(AMOUNTS, tmp_path, online)
    assert releases(tmp_path) == {}
    publisher.asked.clear()
    publisher.says(ADDRESS, REST)
    release = fetch(AMOUNTS, tmp_path, online)
    assert publisher.asked[0].headers["Range"] == f"bytes={KEPT}-"
    assert release.sha256 == hashlib.sha256(BIG).hexdigest()
    assert [path.name for path in (tmp_path / "raw" / "amounts").iterdir()] == [Path(release.file).name]


def test_a_file_that_changed_meanwhile_comes_whole(publisher: Publisher, online: Upstream, tmp_path: Path):
    # the validator no longer holds, so the publisher sends the new file from its beginning
    publisher.says(ADDRESS, BROKEN, Answer(CORRECTED, headers={"ETag": '"2"'}))
    release = fetch(AMOUNTS, tmp_path, online)
    assert (tmp_path / "raw" / release.file).read_bytes() == CORRECTED


@pytest.mark.parametrize(
    "wrong",
    [replace(REST, headers={"Content-Range": "bytes 9-18/19"}), replace(REST, headers={}), Answer(b"", 416)],
    ids=["another part", "no word which part", "no such part"],
)
def test_a_part_that_does_not_fit_is_thrown_away(publisher: Publisher, online: Upstream, tmp_path: Path, wrong: Answer):
    publisher.says(ADDRESS, BROKEN, wrong, Answer(GOOD))
    release = fetch(AMOUNTS, tmp_path, online)
    assert (tmp_path / "raw" / release.file).read_bytes() == GOOD
    assert "Range" in publisher.asked[1].headers
    assert "Range" not in publisher.asked[2].headers


@pytest.mark.parametrize("tag", ['W/"1"', ""])
def test_without_a_strong_validator_nothing_is_gone_on_with(
    publisher: Publisher, online: Upstream, tmp_path: Path, tag: str
):
    publisher.says(ADDRESS, replace(BROKEN, headers={"ETag": tag}), Answer(GOOD))
    fetch(AMOUNTS, tmp_path, online)
    assert "Range" not in publisher.asked[1].headers


# --- several at once, each host one at a time ------------------------------------------------------------------------


class Crowd:
    """How many were asked for at the same time, in all and at one host."""

    def __init__(self) -> None:
        self.lock, self.now, self.most, self.most_at_one = threading.Lock(), dict[str, int](), 0, 0

    def answer(self, host: str):
        def reply(_query: Mapping[str, str]) -> Answer:
            with self.lock:
                self.now[host] = self.now.get(host, 0) + 1
                self.most = max(self.most, sum(self.now.values()))
                self.most_at_one = max(self.most_at_one, *self.now.values())
            time.sleep(0.05)
            with self.lock:
                self.now[host] -= 1
            return Answer(GOOD)

        return reply


def test_publishers_are_asked_at_once_and_each_host_one_at_a_time(
    publisher: Publisher, online: Upstream, tmp_path: Path
):
    crowd = Crowd()
    sources = []
    for host in ("a.example", "b.example", "c.example"):
        for number in (1, 2, 3):
            publisher.says(f"{host}/{number}.csv", crowd.answer(host))
            discover = fixed_file(f"https://{host}/{number}.csv", release="1", filename="x.csv")
            sources.append(declare(f"{host[0]}{number}", discover))
    ended = list(fetch_many(sources, tmp_path, online))
    assert {one.state for one in ended} == {"fetched"}
    assert set(releases(tmp_path)) == {one.name for one in sources}
    assert crowd.most_at_one == 1
    assert crowd.most > 1


def test_a_failure_leaves_the_others_alone(publisher: Publisher, online: Upstream, tmp_path: Path):
    publisher.says(ADDRESS, Answer(GOOD))
    other = declare("other", fixed_file("https://files.example/none.csv", release="1", filename="none.csv"))
    ended = {one.source.name: one for one in fetch_many([other, AMOUNTS], tmp_path, online)}
    assert (ended["amounts"].state, ended["other"].state) == ("fetched", "failed")
    assert "404" in str(ended["other"].error)
    assert list(releases(tmp_path)) == ["amounts"]


def test_a_fault_of_ours_is_not_hidden_by_the_thread(publisher: Publisher, online: Upstream, tmp_path: Path):
    def broken(_upstream: Upstream):
        raise AssertionError("ours")

    with pytest.raises(AssertionError, match="ours"):
        list(fetch_many([declare("broken", broken)], tmp_path, online))


def test_a_host_that_failed_every_try_is_pressed_no_further(publisher: Publisher, online: Upstream, tmp_path: Path):
    for name in ("one", "two"):
        publisher.says(f"files.example/{name}.csv", Answer(b"", 503))
        one = declare(name, fixed_file(f"https://files.example/{name}.csv", release="1", filename="x.csv"))
        with pytest.raises(SourceError, match="503"):
            fetch(one, tmp_path, online)
    assert publisher.times_asked("files.example/one.csv") == TRIES
    assert publisher.times_asked("files.example/two.csv") == 1


def test_two_fetches_at_once_lose_no_record(publisher: Publisher, tmp_path: Path):
    names = [f"s{number}" for number in range(12)]
    publisher.says(ADDRESS, Answer(GOOD))
    sources = [declare(name, AMOUNTS.discover) for name in names]
    threads = [
        threading.Thread(target=lambda part=part: list(fetch_many(part, tmp_path, Upstream(publisher.base))))
        for part in (sources[::2], sources[1::2], sources)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(releases(tmp_path)) == set(names)


# --- manners ---------------------------------------------------------------------------------------------------------


def test_each_host_is_told_who_asks_as_the_user_wants(publisher: Publisher, tmp_path: Path):
    (tmp_path / "hosts.toml").write_text('["files.example"]\nuser_agent = "Our trust, data team"\n')
    publisher.says(ADDRESS, Answer(GOOD))
    publisher.says("other.example/x.csv", Answer(GOOD))
    online = Upstream(publisher.base, manners=read_manners(tmp_path / "hosts.toml"))
    fetch(AMOUNTS, tmp_path, online)
    online.page("https://other.example/x.csv")
    told = [asked.headers["User-Agent"] for asked in publisher.asked]
    assert told[0] == "Our trust, data team"
    assert told[1].startswith("hjp-geo/")


@pytest.mark.parametrize(
    "text", ["[", '["a"]\ncolour = 1\n', '["a"]\npause_seconds = -1\n', '["a"]\nuser_agent = 5\n', "a = 1\n"]
)
def test_a_file_of_manners_that_says_it_wrongly_is_named(tmp_path: Path, text: str):
    (tmp_path / "hosts.toml").write_text(text)
    with pytest.raises(PlanError, match=r"hosts\.toml"):
        read_manners(tmp_path / "hosts.toml")


def test_a_publisher_is_left_a_pause_between_two_questions(monkeypatch: pytest.MonkeyPatch, publisher: Publisher):
    publisher.says(ADDRESS, Answer(GOOD))
    direct = Upstream(manners={"files.example": Manners(pause_seconds=0.2)})
    monkeypatch.setattr(Upstream, "address", lambda _self, url: f"{publisher.base}/{url.split('://')[1]}")
    direct.page(URL)
    began = time.monotonic()
    direct.page(URL)
    assert time.monotonic() - began >= 0.19


# --- the lock --------------------------------------------------------------------------------------------------------


@pytest.fixture
def held(publisher: Publisher, online: Upstream, tmp_path: Path) -> Release:
    publisher.says(ADDRESS, Answer(GOOD, headers={"ETag": '"1"'}))
    return fetch(AMOUNTS, tmp_path / "cache", online)


def test_a_lock_brings_the_same_bytes_into_another_folder(online: Upstream, tmp_path: Path, held: Release):
    (ended,) = fetch_many([AMOUNTS], tmp_path / "new", online, ways={"amounts": locked_to({"amounts": held})})
    assert ended.state == "fetched"
    again = releases(tmp_path / "new")["amounts"]
    assert replace(again, retrieved=held.retrieved) == held


def test_a_lock_refuses_other_bytes_from_the_same_address(
    publisher: Publisher, online: Upstream, tmp_path: Path, held: Release
):
    publisher.says(ADDRESS, Answer(CORRECTED))
    with pytest.raises(SourceError, match=rf"SHA-256 .*, expected {held.sha256}.*nothing was taken"):
        locked_to({"amounts": held})(AMOUNTS, tmp_path / "new", online, quiet)
    assert releases(tmp_path / "new") == {}


def test_a_lock_goes_back_to_bytes_that_are_still_here_without_asking(
    publisher: Publisher, online: Upstream, tmp_path: Path, held: Release
):
    publisher.says(ADDRESS, Answer(CORRECTED, headers={"ETag": '"2"'}))
    assert fetch(AMOUNTS, tmp_path / "cache", online).sha256 != held.sha256
    publisher.asked.clear()
    offline = Upstream(publisher.base, network="offline")
    assert locked_to({"amounts": held})(AMOUNTS, tmp_path / "cache", offline, quiet) == held
    assert releases(tmp_path / "cache") == {"amounts": held}
    assert publisher.asked == []


def test_not_modified_is_no_answer_to_a_lock_of_other_bytes(
    publisher: Publisher, online: Upstream, tmp_path: Path, held: Release
):
    # held is CORRECTED, the lock says GOOD: a 304 would leave CORRECTED in use
    publisher.says(ADDRESS, Answer(CORRECTED, headers={"ETag": '"2"'}))
    fetch(AMOUNTS, tmp_path / "cache", online)
    (tmp_path / "cache" / "raw" / held.file).unlink()
    publisher.says(ADDRESS, Answer(GOOD))
    assert locked_to({"amounts": held})(AMOUNTS, tmp_path / "cache", online, quiet).sha256 == held.sha256
    assert "If-None-Match" not in publisher.asked[-1].headers


# --- looking only, and not even that ---------------------------------------------------------------------------------


def standing(cache: Path, online: Upstream, one: Source = AMOUNTS) -> str:
    (found,) = check_many([one], cache, online)
    return found.state


def test_a_check_says_how_what_is_held_stands(publisher: Publisher, online: Upstream, tmp_path: Path, held: Release):
    cache = tmp_path / "cache"
    before = {path: path.read_bytes() for path in cache.rglob("*") if path.is_file()}
    publisher.says(ADDRESS, Answer(status=304))
    assert standing(cache, online) == "current"
    publisher.says(ADDRESS, Answer(CORRECTED, headers={"ETag": '"2"'}))
    assert standing(cache, online) == "changed"
    publisher.says(ADDRESS, Answer(GOOD))
    assert standing(cache, online) == "not said"
    assert standing(tmp_path / "empty", online) == "not held"
    publisher.says("files.example/2.csv", Answer(CORRECTED))
    newer = known_files(("2", "https://files.example/2.csv"), ("1", URL))
    assert standing(cache, online, replace(AMOUNTS, discover=newer)) == "newer"
    publisher.says(ADDRESS, Answer(b"", 403))
    assert standing(cache, online) == "not known"
    assert {path: path.read_bytes() for path in cache.rglob("*") if path.is_file()} == before


def test_offline_nobody_is_asked(publisher: Publisher, online: Upstream, tmp_path: Path, held: Release):
    publisher.asked.clear()
    offline = Upstream(publisher.base, network="offline")
    assert fetch(AMOUNTS, tmp_path / "cache", offline) == held
    with pytest.raises(SourceError, match=r"has not been fetched .*--offline"):
        fetch(AMOUNTS, tmp_path / "empty", offline)
    (tmp_path / "cache" / "raw" / held.file).write_bytes(CORRECTED)
    with pytest.raises(SourceError, match=r"is gone or has changed.*--offline"):
        fetch(AMOUNTS, tmp_path / "cache", offline)
    assert publisher.asked == []


# --- files given by hand ---------------------------------------------------------------------------------------------


def test_a_given_file_meets_the_same_checks_and_is_recorded_as_given(
    publisher: Publisher, online: Upstream, tmp_path: Path
):
    path = tmp_path / "amounts.csv"
    path.write_bytes(CORRECTED)
    release = given(path)(AMOUNTS, tmp_path / "cache", online, quiet)
    assert releases(tmp_path / "cache") == {"amounts": release}
    # its name is that of the release that this version knows: so is where it claims to come from
    assert (release.by_hand, release.release, release.url, release.rows) == (True, "1", URL, 2)
    assert publisher.asked == []
    assert path.read_bytes() == CORRECTED


def test_a_given_file_of_another_name_says_its_own_date(online: Upstream, tmp_path: Path):
    path = tmp_path / "mine.csv"
    path.write_bytes(GOOD)
    release = given(path, url="https://elsewhere.example/")(AMOUNTS, tmp_path / "cache", online, quiet)
    assert release.release.startswith("given by hand, file of 20")
    assert release.url == "https://elsewhere.example/"


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [(b"<html>", SourceError, "web page"), (b"code,sum\nA,1\n", SchemaError, "columns"), (b"", SourceError, "empty")],
)
def test_a_given_file_that_is_wrong_leaves_the_release_held(
    online: Upstream, tmp_path: Path, held: Release, body: bytes, kind: type[Exception], said: str
):
    path = tmp_path / "amounts.csv"
    path.write_bytes(body)
    with pytest.raises(kind, match=said):
        given(path)(AMOUNTS, tmp_path / "cache", online, quiet)
    assert releases(tmp_path / "cache") == {"amounts": held}


def test_a_given_file_that_is_not_there_is_the_users_to_mend(tmp_path: Path):
    with pytest.raises(PlanError, match="There is no file"):
        given(tmp_path / "none.csv")


def test_fewer_rows_than_before_are_said(publisher: Publisher, online: Upstream, tmp_path: Path, held: Release):
    publisher.says(ADDRESS, Answer(b"code,amount\nA,1\n", headers={"ETag": '"2"'}), Answer(status=304))
    assert fetch(AMOUNTS, tmp_path / "cache", online).warnings == (
        "has 1 fewer rows than the release before it (1: 2 rows)",
    )
    assert fetch(AMOUNTS, tmp_path / "cache", online).warnings  # it stays said


def amounts(rows: int) -> bytes:
    return b"code,amount\n" + b"".join(b"A%05d,1\n" % number for number in range(rows))


def test_a_list_that_lost_over_a_tenth_is_not_taken(publisher: Publisher, online: Upstream, tmp_path: Path):
    # of 1,000 rows 900 may be the publisher's own clearing up, and are said; 899 are taken for a file cut short
    whole, fewer, short = amounts(1_000), amounts(900), amounts(899)
    publisher.says(ADDRESS, Answer(whole, headers={"ETag": '"1"'}), Answer(short, headers={"ETag": '"2"'}))
    before = fetch(AMOUNTS, tmp_path / "cache", online)
    with pytest.raises(SchemaError, match=r"has 899 rows, the release before it \(1\) has 1,000: over a tenth"):
        fetch(AMOUNTS, tmp_path / "cache", online)
    assert releases(tmp_path / "cache") == {"amounts": before}
    publisher.says(ADDRESS, Answer(fewer, headers={"ETag": '"3"'}))
    assert fetch(AMOUNTS, tmp_path / "cache", online).warnings == (
        "has 100 fewer rows than the release before it (1: 1,000 rows)",
    )


def test_what_the_user_gives_may_be_shorter(publisher: Publisher, online: Upstream, tmp_path: Path):
    publisher.says(ADDRESS, Answer(amounts(1_000)))
    fetch(AMOUNTS, tmp_path / "cache", online)
    path = tmp_path / "mine.csv"
    path.write_bytes(amounts(10))
    assert given(path)(AMOUNTS, tmp_path / "cache", online, quiet).rows == 10


def test_a_known_release_must_have_its_known_rows(publisher: Publisher, online: Upstream, tmp_path: Path):
    publisher.says(ADDRESS, Answer(GOOD))
    with pytest.raises(SchemaError, match="has 2 rows, 1 is known to have 3"):
        fetch(replace(AMOUNTS, discover=known_files(("1", URL, 3))), tmp_path, online)


def test_the_record_of_an_older_version_is_read(tmp_path: Path, held: Release):
    path = tmp_path / "cache" / "releases.toml"
    assert "by_hand" not in path.read_text("utf-8")
    record(tmp_path / "cache", replace(held, source="other"))
    assert set(releases(tmp_path / "cache")) == {"amounts", "other"}


# --- the pages of NHS England ----------------------------------------------------------------------------------------

SERIES = "digital.nhs.uk/data-and-information/publications/statistical/registers"
CATALOGUE = "www.data.gov.uk/api/action/package_search"
REGISTERS = nhs_publication("registers", r"^reg2425\.zip$", [("2024-25", "https://files.digital.nhs.uk/1/reg2425.zip")])


def test_the_publication_page_leads_to_the_file_and_tells_what_is_newer(publisher: Publisher, online: Upstream):
    newer, ours = f"/{SERIES.split('/', 1)[1]}/2025-26", f"/{SERIES.split('/', 1)[1]}/2024-25"
    publisher.says(SERIES, Answer(f'<a href="/">x</a><a href="{newer}">R 2025</a><a href="{ours}">R 2024</a>'.encode()))
    publisher.says(f"{SERIES}/2025-26", Answer(b'<a href="https://files.digital.nhs.uk/9/reg2526.zip">zip</a>'))
    publisher.says(f"{SERIES}/2024-25", Answer(b'<a href="https://files.digital.nhs.uk/2/reg2425.zip">zip</a>'))
    first, second = REGISTERS(online)
    assert (first.release, first.url) == ("R 2024", "https://files.digital.nhs.uk/2/reg2425.zip")
    assert (first.found_by, first.newer) == ("its publication page", "R 2025")
    assert (second.release, second.found_by) == ("2024-25", "the list of known releases")


def test_where_the_page_refuses_the_catalogue_is_asked(publisher: Publisher, online: Upstream):
    publisher.says(SERIES, Answer(b"", 403))
    body = b'{"result":{"results":[{"resources":[{"name":"x","url":"https://files.digital.nhs.uk/1/reg2425.zip"}]}]}}'
    publisher.says(CATALOGUE, Answer(body))
    (found,) = REGISTERS(online)
    assert (found.release, found.found_by) == ("2024-25", "data.gov.uk")


def test_behind_both_stands_the_list_of_known_releases(online: Upstream):
    (found,) = REGISTERS(online)
    assert (found.release, found.found_by) == ("2024-25", "the list of known releases")


# --- words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("report", "said"),
    [
        ((3_200_000, 9_600_000, "bytes", 1_600_000), "3.2 of 9.6 MB, 1.6 MB a second, 4 s left"),
        ((2_000, 33_755, "rows", 0), "2,000 of 33,755 rows"),
        ((500_000, None, "bytes", 250_000), "0.5 MB, 0.2 MB a second"),
        ((0, None, "being checked", 0), "being checked"),
    ],
)
def test_progress_in_words(report, said: str):
    assert how_far(*report) == said
