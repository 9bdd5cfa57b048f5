"""A workbook made to harm is refused in one line, with bounded memory: bombs, far cells, broken parts."""

from __future__ import annotations

import contextlib
import io
import tracemalloc
import zipfile
from collections.abc import Mapping

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hjp_geo.own.problems import OwnFileError
from hjp_geo.own.sheet import read_sheet


def good() -> bytes:
    book = openpyxl.Workbook()
    for cells in (("site_name", "topics"), ("Office", "debt"), (None, None), ("Other", 3.0)):
        book.active.append(cells)
    body = io.BytesIO()
    book.save(body)
    return body.getvalue()


GOOD = good()


def repacked(changed: Mapping[str, bytes], *, kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    """The good workbook with some parts replaced or added."""
    body = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(GOOD)) as old, zipfile.ZipFile(body, "w", kind) as new:
        for name in old.namelist():
            new.writestr(name, changed.get(name, old.read(name)))
        for name in set(changed) - set(old.namelist()):
            new.writestr(name, changed[name])
    return body.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
XML = zipfile.ZipFile(io.BytesIO(GOOD)).read(SHEET)


def with_cell(place: bytes) -> bytes:
    return repacked({SHEET: XML.replace(b'r="A4"', b'r="' + place + b'"')})


def test_cells_are_read_as_a_person_would_type_them():
    sheet = read_sheet(GOOD)
    assert sheet.header == ("site_name", "topics")
    assert sheet.rows == ((2, ("Office", "debt")), (4, ("Other", "3")))  # row numbers are the spreadsheet's


HARMFUL = {
    "a bomb of one part": (repacked({"xl/media/bomb.bin": b"\0" * 70_000_000}), "unpacks to over 64 MB"),
    "a bomb of a sheet": (repacked({SHEET: XML + b" " * 70_000_000}), "unpacks to over 64 MB"),
    "many parts": (repacked({f"xl/x{n}.xml": b"" for n in range(600)}), "parts. Save only the sheet"),
    "a far row": (with_cell(b"A1048576"), "reaches to cell A1048576"),
    "a far column": (with_cell(b"XFD4"), "reaches to cell XFD4"),
    "a row beyond counting": (with_cell(b"A99999999999999999999"), "reaches to cell A9999"),
    "a far row by its number": (
        repacked({SHEET: XML.replace(b'<row r="4"', b'<row r="900000"')}),
        "reaches to cell 900000",
    ),
    "a hidden far cell": (with_cell(b"&#88;FD1048576"), "named in an unusual way"),
    "another encoding": (repacked({SHEET: XML.decode().encode("utf-16")}), "unusual encoding"),
    "another packing": (repacked({}, kind=zipfile.ZIP_BZIP2), "packed in a way"),
    "no sheet": (repacked({"xl/workbook.xml": b"<workbook/>"}), "cannot be read|damaged|empty"),
    "half a file": (GOOD[: len(GOOD) // 2], "damaged"),
    "a zip of something else": (None, "no .xlsx workbook"),
}


@pytest.mark.parametrize(("data", "message"), HARMFUL.values(), ids=HARMFUL.keys())
def test_a_harmful_workbook_is_refused(data: bytes | None, message: str):
    if data is None:
        body = io.BytesIO()
        with zipfile.ZipFile(body, "w") as archive:
            archive.writestr("../../etc/passwd", "x")
        data = body.getvalue()
    tracemalloc.start()
    with pytest.raises(OwnFileError, match=message) as failed:
        read_sheet(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "\n" not in str(failed.value)
    assert peak < 20_000_000  # bytes beyond the file itself


def test_entities_that_grow_are_not_followed():
    entities = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    head, _, rest = XML.partition(b"?>")
    body = rest if rest else head
    with contextlib.suppress(OwnFileError):
        read_sheet(repacked({SHEET: entities + body.replace(b"debt", b"&b;")}))


@given(cut=st.integers(0, len(GOOD)), noise=st.binary(max_size=40), at=st.integers(0, len(GOOD)))
@settings(max_examples=80)
def test_any_damage_is_read_or_refused(cut: int, noise: bytes, at: int):
    damaged = GOOD[:at] + noise + GOOD[at + len(noise) :]
    for data in (damaged, GOOD[:cut]):
        with contextlib.suppress(OwnFileError):
            read_sheet(data)


@given(xml=st.binary(max_size=200), at=st.integers(0, len(XML)))
@settings(max_examples=80)
def test_any_damage_of_the_sheet_itself_is_read_or_refused(xml: bytes, at: int):
    with contextlib.suppress(OwnFileError):
        read_sheet(repacked({SHEET: XML[:at] + xml + XML[at + len(xml) :]}))
