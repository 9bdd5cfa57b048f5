"""A release is taken into use only when it is whole and right; until then the last good one stays.

The source of these tests is a CSV of ``code,amount`` whose right answer has two rows.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from publisher import Answer, Publisher, answer_json

from hjp_geo.areas import Table
from hjp_geo.discovery import Discovery, FoundFile, fixed_file, gov_uk_attachment, known_files
from hjp_geo.errors import PlanError, SchemaError, SourceError
from hjp_geo.source import Release, Source, fetch, in_order, read_release, releases, sha256, source
from hjp_geo.upstream import Upstream
from hjp_geo.zipped import members, read_member

GOOD = b"code,amount\nA,1\nB,2\n"
CORRECTED = b"code,amount\nA,1\nB,3\n"
URL = "https://files.example/amounts.csv"
ADDRESS = "files.example/amounts.csv"


def read_amounts(path: Path) -> Table:
    """What the tests read."""
    return pd.read_csv(path, keep_default_na=False, dtype={"code": "str"})


def declare(
    discover: Discovery, read: Callable[[Path], Table] = read_amounts, rows: int | None = 2, least: int = 1
) -> Source:
    declared = source(
        title="Amounts",
        publisher="Nobody",
        licence="none",
        attribution="Made up.",
        key="code",
        columns={"code": "a code", "amount": "an amount"},
        discover=discover,
        expected_rows=rows,
        least_rows=least,
    )
    return replace(declared(read), name="amounts")


AMOUNTS = declare(fixed_file(URL, release="1", filename="amounts.csv"))


@pytest.fixture
def online(publisher: Publisher) -> Upstream:
    return Upstream(publisher.base, pause_seconds=0)


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Path]:
    """A cache folder in which nothing half-made is ever left."""
    folder = tmp_path / "cache"
    folder.mkdir()
    yield folder
    assert list(folder.rglob(".*")) == []


@pytest.fixture
def held(publisher: Publisher, online: Upstream, cache: Path) -> Release:
    """The good release, fetched."""
    publisher.says(ADDRESS, Answer(GOOD, headers={"ETag": '"1"'}))
    return fetch(AMOUNTS, cache, online)


def test_a_fetched_release_is_recorded_and_can_be_read(held: Release, cache: Path):
    assert releases(cache) == {"amounts": held}
    assert (held.release, held.url, held.rows, held.bytes) == ("1", URL, 2, len(GOOD))
    assert (held.validators, held.warnings, held.made_up) == ({"etag": '"1"'}, (), False)
    assert held.file == f"amounts/{held.sha256[:12]}-amounts.csv"
    assert (cache / "raw" / held.file).read_bytes() == GOOD
    assert read_release(AMOUNTS, held, cache)["amount"].to_list() == [1, 2]


def test_what_is_fetched_others_may_read(held: Release, cache: Path):
    # a team's cache folder is often filled by one account and served by another
    umask = os.umask(0)
    os.umask(umask)
    for path in (cache / "raw" / held.file, cache / "releases.toml"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask


BAD_ANSWERS = {
    "moved": (Answer(b"", 404), SourceError, "404"),
    "refused": (Answer(b"", 403), SourceError, "403"),
    "out of breath": (Answer(b"", 503), SourceError, "503"),
    "challenged": (Answer(b"<html>"), SourceError, "web page"),
    "cut off": (Answer(CORRECTED[:-3], announced=len(CORRECTED)), SourceError, "broke off"),
    "empty": (Answer(b""), SourceError, "is empty"),
    "short of rows": (Answer(b"code,amount\nA,1\n"), SchemaError, "amounts.csv has 1 rows, expected 2"),
    "renamed": (Answer(b"code,sum\nA,1\nB,2\n"), SchemaError, r"amounts.csv gave columns \['code', 'sum'\], declared"),
    "repeated": (Answer(b"code,amount\nA,1\nA,2\n"), SchemaError, "amounts.csv repeats 1 keys"),
    "without a key": (Answer(b"code,amount\nA,1\n,2\n"), SchemaError, "amounts.csv has rows without code"),
    "not a table": (Answer(b'code,amount\n"A,1\n'), SchemaError, "amounts.csv cannot be read"),
}


@pytest.mark.parametrize(("answer", "kind", "said"), BAD_ANSWERS.values(), ids=BAD_ANSWERS.keys())
def test_a_failed_fetch_keeps_the_last_good_release_and_its_file(
    publisher: Publisher,
    online: Upstream,
    cache: Path,
    held: Release,
    answer: Answer,
    kind: type[Exception],
    said: str,
):
    before = (cache / "releases.toml").read_bytes()
    publisher.says(ADDRESS, answer)
    with pytest.raises(kind, match=said) as failed:
        fetch(AMOUNTS, cache, online)
    assert "amounts" in str(failed.value)
    assert "\n" not in str(failed.value)
    assert ".partial-" not in str(failed.value)  # files are named as the publisher names them
    assert (cache / "releases.toml").read_bytes() == before
    assert [path.name for path in (cache / "raw" / "amounts").iterdir()] == [Path(held.file).name]
    assert read_release(AMOUNTS, held, cache)["amount"].to_list() == [1, 2]


def test_a_first_fetch_that_fails_leaves_nothing_in_use(publisher: Publisher, online: Upstream, cache: Path):
    publisher.says(ADDRESS, Answer(b"<html>"))
    with pytest.raises(SourceError):
        fetch(AMOUNTS, cache, online)
    assert releases(cache) == {}


def test_an_interruption_leaves_nothing_behind(publisher: Publisher, online: Upstream, cache: Path, held: Release):
    def interrupted(_path: Path) -> Table:
        raise KeyboardInterrupt

    publisher.says(ADDRESS, Answer(CORRECTED))
    with pytest.raises(KeyboardInterrupt):
        fetch(replace(AMOUNTS, read=interrupted), cache, online)
    assert releases(cache) == {"amounts": held}


def test_what_a_killed_fetch_left_is_swept_away_by_the_next(online: Upstream, cache: Path, held: Release):
    # it is over a day old; a younger one may belong to a fetch that is running
    for name, hours in {".partial-old": 30, ".partial-new": 1}.items():
        left = cache / "raw" / "amounts" / name
        left.mkdir()
        (left / "amounts.csv").touch()
        os.utime(left, (time.time() - hours * 3600,) * 2)
    fetch(AMOUNTS, cache, online)
    (partial,) = (cache / "raw" / "amounts").glob(".*")
    assert partial.name == ".partial-new"
    shutil.rmtree(partial)


def test_what_has_not_changed_keeps_its_release(publisher: Publisher, online: Upstream, cache: Path, held: Release):
    publisher.says(ADDRESS, Answer(status=304))
    assert fetch(AMOUNTS, cache, online) == held
    assert publisher.asked[-1].headers["If-None-Match"] == '"1"'


def test_changed_bytes_at_the_same_address_are_taken(
    publisher: Publisher, online: Upstream, cache: Path, held: Release
):
    publisher.says(ADDRESS, Answer(CORRECTED, headers={"ETag": '"2"'}))
    corrected = fetch(AMOUNTS, cache, online)
    assert read_release(AMOUNTS, corrected, cache)["amount"].to_list() == [1, 3]
    assert releases(cache)["amounts"].validators == {"etag": '"2"'}
    assert (cache / "raw" / held.file).read_bytes() == GOOD  # what was once published is kept


@pytest.mark.parametrize("damage", [None, b"code,amount\nA,1\nB,9\n"])
def test_a_held_file_that_is_gone_or_damaged_is_fetched_whole(
    publisher: Publisher, online: Upstream, cache: Path, held: Release, damage: bytes | None
):
    path = cache / "raw" / held.file
    path.unlink() if damage is None else path.write_bytes(damage)
    again = fetch(AMOUNTS, cache, online)
    assert "If-None-Match" not in publisher.asked[-1].headers
    assert again.sha256 == held.sha256
    assert path.read_bytes() == GOOD


def test_another_release_is_asked_for_whole(publisher: Publisher, online: Upstream, cache: Path, held: Release):
    # the validators of one edition say nothing about the next, even at the same address
    fetch(replace(AMOUNTS, discover=fixed_file(URL, release="2", filename="amounts.csv")), cache, online)
    assert "If-None-Match" not in publisher.asked[-1].headers
    assert releases(cache)["amounts"].release == "2"


def test_the_record_of_one_source_leaves_the_others(online: Upstream, cache: Path, held: Release):
    fetch(replace(AMOUNTS, name="others"), cache, online)
    assert set(releases(cache)) == {"amounts", "others"}


# --- candidates ------------------------------------------------------------------------------------------------------

NEWER, OLDER = "files.example/2026.csv", "files.example/2025.csv"
BY_YEAR = declare(known_files(("2026", f"https://{NEWER}"), ("2025", f"https://{OLDER}")))


def test_the_next_best_release_is_taken_and_said(publisher: Publisher, online: Upstream, cache: Path):
    publisher.says(OLDER, Answer(GOOD))
    used = fetch(BY_YEAR, cache, online)
    assert used.release == "2025"
    (warning,) = releases(cache)["amounts"].warnings
    assert warning.startswith("used 2025, because a better release could not be had: ")
    assert f"https://{NEWER} answered 404" in warning


def test_the_next_best_release_stays_equal_while_nothing_changes(publisher: Publisher, online: Upstream, cache: Path):
    publisher.says(OLDER, Answer(GOOD, headers={"ETag": '"1"'}), Answer(status=304))
    used = fetch(BY_YEAR, cache, online)
    assert fetch(BY_YEAR, cache, online) == used


def test_the_better_release_is_taken_when_it_comes(publisher: Publisher, online: Upstream, cache: Path):
    publisher.says(OLDER, Answer(GOOD))
    fetch(BY_YEAR, cache, online)
    publisher.says(NEWER, Answer(CORRECTED))
    assert fetch(BY_YEAR, cache, online).release == "2026"
    assert releases(cache)["amounts"].warnings == ()


def test_a_passing_failure_does_not_put_an_older_release_in_place_of_the_better_one(
    publisher: Publisher, online: Upstream, cache: Path
):
    publisher.says(NEWER, Answer(CORRECTED))
    publisher.says(OLDER, Answer(GOOD))
    held = fetch(BY_YEAR, cache, online)
    publisher.says(NEWER, Answer(b"", 503))
    with pytest.raises(SourceError, match=r"amounts: https://files\.example/2026\.csv answered 503"):
        fetch(BY_YEAR, cache, online)
    assert releases(cache) == {"amounts": held}
    assert publisher.times_asked(OLDER) == 0


def test_no_release_at_all_names_every_try(online: Upstream, cache: Path):
    with pytest.raises(SourceError, match=r"^amounts: .*2026\.csv answered 404.*2025\.csv answered 404"):
        fetch(BY_YEAR, cache, online)


# --- hostile answers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "filename", ["../../evil.csv", "..", "/etc/evil.csv", "a" * 400 + ".csv", "a\x00b.csv", "Ω b.csv"]
)
def test_a_file_name_of_the_publisher_stays_in_its_folder(
    publisher: Publisher, online: Upstream, cache: Path, filename: str
):
    publisher.says(ADDRESS, Answer(GOOD))
    publisher.says(
        "www.gov.uk/api/content/page",
        answer_json({"public_updated_at": "2026", "details": {"attachments": [{"filename": filename, "url": URL}]}}),
    )
    release = fetch(declare(gov_uk_attachment("page", "")), cache, online)
    path = cache / "raw" / release.file
    assert path.is_file()
    assert path.parent == cache / "raw" / "amounts"
    assert [one.name for one in cache.parent.iterdir()] == ["cache"]
    assert releases(cache) == {"amounts": release}


@pytest.mark.parametrize(
    "item",
    [
        {"details": []},
        {"details": {"attachments": 5}},
        {"details": {"attachments": ["x"]}},
        {"details": {"attachments": [{"filename": "x"}]}},
    ],
)
def test_an_index_laid_out_in_another_way_is_the_publishers_fault(
    publisher: Publisher, online: Upstream, cache: Path, item: Mapping[str, object]
):
    publisher.says("www.gov.uk/api/content/page", answer_json(item))
    with pytest.raises(SourceError, match="amounts: the publisher's answer is not laid out as it was"):
        fetch(declare(gov_uk_attachment("page", "x")), cache, online)


# --- what is held ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"[amounts\n",
        b"\xff\xfe",
        b"amounts = 5\n",
        b'[amounts]\nsource = "amounts"\n',
        b"[amounts]\ncolour = 1\n",
        b"[amounts]\nwarnings = 5\n",
    ],
)
def test_a_broken_record_is_named_with_what_to_do(cache: Path, content: bytes):
    (cache / "releases.toml").write_bytes(content)
    with pytest.raises(SchemaError, match=r"releases\.toml cannot be read .*Delete it and run `hjp-geo fetch` again"):
        releases(cache)


def test_before_the_first_fetch_nothing_is_held(cache: Path):
    assert releases(cache) == {}
    assert releases(cache / "nowhere") == {}


def test_a_held_file_whose_bytes_changed_is_not_read(cache: Path, held: Release):
    (cache / "raw" / held.file).write_bytes(CORRECTED)
    with pytest.raises(SchemaError, match=r"amounts: .* has changed since it was fetched. Run `hjp-geo fetch amounts`"):
        read_release(AMOUNTS, held, cache)


def test_a_held_file_that_is_gone_is_said(cache: Path, held: Release):
    (cache / "raw" / held.file).unlink()
    with pytest.raises(SchemaError, match=r"amounts: .* is gone. Run `hjp-geo fetch amounts`"):
        read_release(AMOUNTS, held, cache)


def test_a_hash_is_that_of_the_bytes(tmp_path: Path):
    (tmp_path / "x").write_bytes(b"abc")
    assert sha256(tmp_path / "x") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_table_smaller_than_can_be_right_is_refused(publisher: Publisher, online: Upstream, cache: Path):
    publisher.says(ADDRESS, Answer(GOOD))
    with pytest.raises(SchemaError, match=r"has 2 rows, expected at least 900\. The file is cut short"):
        fetch(declare(AMOUNTS.discover, rows=None, least=900), cache, online)


def test_a_made_up_folder_has_its_own_totals_and_is_marked(tmp_path: Path, cache: Path):
    mirror = tmp_path / "mirror"
    (mirror / "files.example").mkdir(parents=True)
    (mirror / ADDRESS).write_bytes(b"code,amount\nA,1\n")
    (mirror / "mirror.toml").write_text("made_up = true\n[expected_rows]\namounts = 1\n")
    release = fetch(declare(AMOUNTS.discover, least=900), cache, Upstream(str(mirror)))
    assert (release.made_up, release.rows) == (True, 1)
    assert releases(cache)["amounts"].made_up


def test_a_cache_folder_that_cannot_be_made_is_the_users_to_mend(online: Upstream, tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(PlanError, match="cannot be made"):
        fetch(AMOUNTS, tmp_path / "file", online)


def test_a_full_disk_is_said(online: Upstream, cache: Path, held: Release):
    class Full(FoundFile):
        def transfer(self, *_args: object, **_kwargs: object) -> dict[str, str]:
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(PlanError, match=r"amounts could not be kept .*No space left on device.*Free some space"):
        fetch(declare(lambda _upstream: [Full("1", URL, "amounts.csv")]), cache, online)
    assert releases(cache) == {"amounts": held}


def test_sources_are_named_in_order_and_an_unknown_one_is_said():
    known = {"a": replace(AMOUNTS, name="a"), "b": replace(AMOUNTS, name="b")}
    assert [one.name for one in in_order(known, ["b"])] == ["b"]
    assert [one.name for one in in_order(known, [])] == ["a", "b"]
    with pytest.raises(PlanError, match=r"No source called c\. There are a, b"):
        in_order(known, ["a", "c"])


# --- zips ------------------------------------------------------------------------------------------------------------


def zip_of(folder: Path, parts: Mapping[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> Path:
    path = folder / "parts.zip"
    with zipfile.ZipFile(path, "w", packing) as archive:
        for name, body in parts.items():
            archive.writestr(name, body)
    return path


@pytest.mark.parametrize("name", ["a.csv", "Folder/A.CSV", "Folder\\a.csv", "../../a.csv", "/etc/a.csv"])
def test_a_member_is_found_by_its_base_name_and_never_written_to_disk(tmp_path: Path, name: str):
    path = zip_of(tmp_path, {name: GOOD, "b.csv": b"", "folder/": b""})
    assert read_member(path, r"a\.csv", most_bytes=100) == GOOD
    assert list(tmp_path.rglob("*")) == [path]


def test_members_come_by_name(tmp_path: Path):
    path = zip_of(tmp_path, {"2.csv": b"two", "1.csv": b"one", "x.txt": b""})
    assert list(members(path, r"\d\.csv", most_bytes=6)) == [b"one", b"two"]


@pytest.mark.parametrize(
    ("parts", "said"),
    [({"b.csv": b""}, "holds 0 members"), ({"a.csv": b"1", "x/a.csv": b"2"}, r"holds 2 .*: a\.csv, x/a\.csv")],
)
def test_one_member_is_expected(tmp_path: Path, parts: Mapping[str, bytes], said: str):
    with pytest.raises(SchemaError, match=said):
        read_member(zip_of(tmp_path, parts), r"a\.csv", most_bytes=100)


def test_a_member_that_unpacks_to_too_much_is_refused(tmp_path: Path):
    path = zip_of(tmp_path, {"a.csv": b"0" * 50_000_000})
    assert path.stat().st_size < 60_000
    with pytest.raises(SchemaError, match=r"a\.csv unpacks to over 1,000 bytes"):
        read_member(path, r"a\.csv", most_bytes=1000)


def test_members_are_limited_together(tmp_path: Path):
    path = zip_of(tmp_path, {"1.csv": b"0" * 600, "2.csv": b"0" * 600})
    with pytest.raises(SchemaError, match=r"2\.csv unpacks to over 400 bytes"):
        list(members(path, r"\d\.csv", most_bytes=1000))


def test_a_zip_that_lies_about_its_sizes_is_refused(tmp_path: Path):
    # 50 MB that declare themselves 10 bytes, in both the local and the central header
    path = zip_of(tmp_path, {"a.csv": b"0" * 50_000_000})
    truth, lie = (50_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little")
    assert path.read_bytes().count(truth) == 2
    path.write_bytes(path.read_bytes().replace(truth, lie))
    with pytest.raises(SchemaError):
        read_member(path, r"a\.csv", most_bytes=1000)


@pytest.mark.parametrize("packing", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packings_that_python_unpacks_without_bound_are_refused(tmp_path: Path, packing: int):
    with pytest.raises(SchemaError, match="packed in a way"):
        read_member(zip_of(tmp_path, {"a.csv": GOOD}, packing), r"a\.csv", most_bytes=100)


@pytest.mark.parametrize("damage", ["cut", "flipped", "not a zip"])
def test_a_damaged_zip_is_said(tmp_path: Path, damage: str):
    path = zip_of(tmp_path, {"a.csv": GOOD * 50})
    whole = bytearray(path.read_bytes())
    if damage == "flipped":
        whole[45] ^= 0xFF
    path.write_bytes({"cut": whole[:-30], "flipped": whole, "not a zip": b"PK\x03\x04"}[damage])
    with pytest.raises(SchemaError, match=r"parts\.zip is not a whole zip file"):
        read_member(path, r"a\.csv", most_bytes=10_000)


def test_an_encrypted_member_is_said(tmp_path: Path):
    path = zip_of(tmp_path, {"a.csv": GOOD}, zipfile.ZIP_STORED)
    whole = bytearray(path.read_bytes())
    whole[6] |= 1
    whole[whole.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(whole)
    with pytest.raises(SchemaError, match=r"parts\.zip is not a whole zip file .*encrypted"):
        read_member(path, r"a\.csv", most_bytes=10_000)


def test_a_reader_that_fails_is_named_with_its_file(publisher: Publisher, online: Upstream, cache: Path):
    def broken(path: Path) -> Table:
        return Table({"code": [path.read_bytes().index(b"Z")]})

    publisher.says(ADDRESS, Answer(GOOD))
    with pytest.raises(SchemaError, match=r"amounts: amounts\.csv cannot be read \(ValueError: subsection not found\)"):
        fetch(replace(AMOUNTS, read=broken), cache, online)
