"""Files that are not what they should be: every reader refuses in one line, in bounded time and memory.

Bytes at random, files of the publishers' layouts with bytes changed, and what is known to break readers: bombs, names
that climb out of a folder, sizes that lie. The rest of a line's claim is the same: `HjpError` or a table, never
anything else.
"""

from __future__ import annotations

import io
import resource
import struct
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hjp_geo.errors import HjpError, SchemaError, SourceError
from hjp_geo.found import check_first_bytes
from hjp_geo.record import releases
from hjp_geo.registry import discover
from hjp_geo.source import Source, read_checked
from hjp_geo.upstream import Upstream
from hjp_geo.zipped import check_workbook, members, read_member

SOURCES = discover("data_sources", Source)
LIMIT = 100_000

quick = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


def names_of_files(mirror: Path) -> dict[str, Path]:
    """A made-up file of each source that has one, by the name of the source."""
    return {
        name: mirror.parent / "cache" / "raw" / held.file for name, held in releases(mirror.parent / "cache").items()
    }


@pytest.fixture(scope="session")
def good_files(made_up_cache: Path, made_up_mirror: Path) -> dict[str, bytes]:
    """The bytes of a good file of each source, cut to what keeps a test short."""
    return {name: path.read_bytes() for name, path in names_of_files(made_up_mirror).items()}


def in_one_line(error: HjpError) -> None:
    assert "\n" not in str(error)


def tried(name: str, body: bytes, folder: Path, filename: str) -> None:
    """Read a file as a fetch would; anything but a table or a failure that we explain is a fault of ours."""
    path = folder / filename
    path.write_bytes(body)
    try:
        check_first_bytes(path, filename, "", "here")
        read_checked(SOURCES[name], path, {})
    except HjpError as error:
        in_one_line(error)


def filename_of(name: str, made_up_cache: Path) -> str:
    return Path(releases(made_up_cache)[name].file).name.split("-", 1)[1]


EVERY = sorted(set(SOURCES))


@pytest.mark.parametrize("name", EVERY)
def test_bytes_at_random_are_refused(name: str, made_up_cache: Path, tmp_path: Path):
    held = releases(made_up_cache)
    filename = filename_of(name, made_up_cache) if name in held else "file.csv"

    @quick
    @given(st.binary(max_size=400))
    def check(body: bytes) -> None:
        tried(name, body, tmp_path, filename)

    check()


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.filterwarnings("ignore:Unsupported geometry type:RuntimeWarning")  # GDAL says so; the reader then refuses
def test_a_good_file_with_bytes_changed_is_refused_or_read(
    name: str, made_up_cache: Path, good_files: dict[str, bytes], tmp_path: Path
):
    if name not in good_files:
        pytest.skip(f"the made-up system has no file of {name}")
    good, filename = good_files[name], filename_of(name, made_up_cache)
    place = st.one_of(st.integers(0, min(len(good), 2_000) - 1), st.integers(0, len(good) - 1))

    @settings(max_examples=6 if len(good) > 300_000 else 20, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.tuples(place, st.integers(0, 255)), min_size=1, max_size=6), st.booleans())
    def check(changes: list[tuple[int, int]], cut: bool) -> None:
        body = bytearray(good)
        for at, byte in changes:
            body[at] = byte
        tried(name, bytes(body[: changes[0][0]] if cut else body), tmp_path, filename)

    check()


# --- zips ------------------------------------------------------------------------------------------------------------


def packed(**parts: bytes) -> bytes:
    to = io.BytesIO()
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in parts.items():
            archive.writestr(f"{name}.csv", body)
    return to.getvalue()


PLAIN = packed(a=b"code\n1\n" * 20, b=b"x")


@settings(max_examples=300, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.integers(0, len(PLAIN) - 1), st.integers(0, 255)), min_size=1, max_size=4), st.booleans())
def test_a_zip_with_bytes_changed_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]], cut: bool
):
    body = bytearray(PLAIN)
    for at, byte in changes:
        body[at] = byte
    path = tmp_path_factory.getbasetemp() / "fuzzed.zip"
    path.write_bytes(bytes(body[: changes[0][0]] if cut else body))
    for read in (lambda: list(members(path, ".*", most_bytes=LIMIT)), lambda: read_member(path, "a", most_bytes=9)):
        try:
            read()
        except SchemaError as error:
            in_one_line(error)


def peak_megabytes(work) -> float:
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()


def test_a_bomb_unpacks_to_no_more_than_it_may(tmp_path: Path):
    path = tmp_path / "bomb.zip"
    path.write_bytes(packed(a=b"0" * 200_000_000))
    assert path.stat().st_size < 300_000

    def read() -> None:
        with pytest.raises(SchemaError, match="unpacks to over 100,000 bytes"):
            read_member(path, r"a\.csv", most_bytes=LIMIT)

    assert peak_megabytes(read) < 8


def test_a_member_that_claims_ten_gigabytes_takes_no_memory(tmp_path: Path):
    body = bytearray(packed(a=b"code\n1\n"))
    claimed = struct.pack("<L", 0xFFFFFFF0)  # as near ten as the field goes: 4.3 GB
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = body.index(signature) + offset
        body[at : at + 4] = claimed
    path = tmp_path / "claims.zip"
    path.write_bytes(body)

    assert peak_megabytes(lambda: read_member(path, r"a\.csv", most_bytes=LIMIT)) < 4
    assert read_member(path, r"a\.csv", most_bytes=LIMIT) == b"code\n1\n"  # what came, not what was claimed


def test_a_list_of_a_million_members_is_not_read(tmp_path: Path):
    end = b"PK\x05\x06" + struct.pack("<HHHHLLH", 0, 0, 65_535, 65_535, 60_000_000, 0, 0)
    path = tmp_path / "crowd.zip"
    path.write_bytes(b"PK\x03\x04" + b"\0" * 60_000_000 + end)

    def read() -> None:
        with pytest.raises(SchemaError, match="lists more members than a publisher's file has"):
            read_member(path, r"a\.csv", most_bytes=LIMIT)

    assert peak_megabytes(read) < 4


# --- workbooks -------------------------------------------------------------------------------------------------------


def workbook(folder: Path, cells: str) -> Path:
    path = folder / "book.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", f"<worksheet><sheetData>{cells}</sheetData></worksheet>")
    return path


@pytest.mark.parametrize(
    "cells",
    ['<row r="1"><c r="A1"/></row><row r="1048576"><c r="XFD1048576"/></row>', "<c r='A1'/><c r = '$XFD$1048576'/>"],
)
def test_a_workbook_whose_last_cell_is_the_last_there_is_is_refused(tmp_path: Path, cells: str):
    with pytest.raises(SchemaError, match=r"reaches to row 1,048,576 and column 16,384, over 1,000,000 cells"):
        check_workbook(workbook(tmp_path, cells), most_bytes=10**6, most_cells=10**6)


def test_a_workbook_that_unpacks_to_too_much_is_refused(tmp_path: Path):
    with pytest.raises(SchemaError, match="unpacks to over 1,000,000 bytes"):
        check_workbook(workbook(tmp_path, " " * 5_000_000), most_bytes=10**6, most_cells=10**6)


def test_a_workbook_of_an_ordinary_size_is_let_through(tmp_path: Path):
    check_workbook(workbook(tmp_path, '<row r="9"><c r="C9"/></row>'), most_bytes=10**6, most_cells=27)


# --- answers ---------------------------------------------------------------------------------------------------------


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(st.one_of(st.binary(max_size=60), st.just(b"[" * 100_000), st.just(b'{"a":' * 100_000)))
def test_an_index_of_any_bytes_is_an_object_or_the_publishers_fault(
    tmp_path_factory: pytest.TempPathFactory, body: bytes
):
    folder = tmp_path_factory.getbasetemp() / "fuzzed-mirror"
    (folder / "host.example").mkdir(parents=True, exist_ok=True)
    (folder / "host.example" / "index").write_bytes(body)
    try:
        assert isinstance(Upstream(str(folder)).json("https://host.example/index"), dict)
    except SourceError as error:
        in_one_line(error)


def test_all_of_this_took_a_bounded_memory():
    # the largest that this process has been: a reader that followed a claim would have left its mark here
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2 < 4
