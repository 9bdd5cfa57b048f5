"""Reading one member of a published zip: by its base name, never onto the disk, never more than it should be.

Nothing that a zip says of itself is believed: not its sizes, not its folders, not how many members it has.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hjp_geo.errors import SchemaError

__all__ = ["check_workbook", "members", "read_member"]

_CHUNK = 1 << 20
_BOUNDED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""The kinds of packing whose pieces Python unpacks no further than asked."""
_END = b"PK\x05\x06"
_END_BYTES, _MOST_COMMENT_BYTES = 22, 65_535
_MOST_DIRECTORY_BYTES = 8_000_000  # some 80,000 members, which Python reads all at once
_PLACE = re.compile(rb"""\br\s*=\s*["']\$?([A-Za-z]{0,3})\$?(\d{1,10})["']""")
_DAMAGE = (
    zipfile.BadZipFile,
    EOFError,
    IndexError,
    KeyError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    UnicodeError,
    ValueError,
    struct.error,
    zlib.error,
)


def read_member(path: Path, pattern: str, *, most_bytes: int) -> bytes:
    """The bytes of the one member whose base name matches, in any folder and case.

    Raises `SchemaError` where the zip is damaged, holds no such member, or the member is larger than it should be.
    """
    found = list(members(path, pattern, most_bytes=most_bytes))
    if len(found) != 1:
        raise SchemaError(f"{path.name} holds {len(found)} members like {pattern}, expected one: {_names(path)}.")
    return found[0]


def members(path: Path, pattern: str, *, most_bytes: int) -> Iterator[bytes]:
    """The bytes of every member whose base name matches, by name; together at most ``most_bytes``."""
    left = most_bytes
    with _opened(path) as archive:
        for info in sorted(archive.infolist(), key=lambda one: one.filename):
            if re.fullmatch(pattern, re.split(r"[/\\]", info.filename)[-1], re.IGNORECASE):
                body = b"".join(_pieces(archive, info, left, path))
                left -= len(body)
                yield body


def check_workbook(path: Path, *, most_bytes: int, most_cells: int) -> None:
    """Refuse an Excel workbook that would not fit into memory: `SchemaError` says what it claims.

    Libraries that read workbooks unpack each sheet whole, and some make room for every cell up to the last one named:
    a few bytes can ask for 17 thousand million. ``most_bytes`` bounds all parts together, ``most_cells`` each sheet.
    """
    left = most_bytes
    with _opened(path) as archive:
        for info in archive.infolist():
            rows = columns = 0
            tail = b""
            for piece in _pieces(archive, info, left, path):
                left -= len(piece)
                for letters, digits in _PLACE.findall(tail + piece):
                    rows, columns = max(rows, int(digits)), max(columns, _column_number(letters))
                tail = piece[-32:]
            if rows * columns > most_cells:
                raise SchemaError(
                    f"{path.name}: {info.filename} reaches to row {rows:,} and column {columns:,}, over "
                    f"{most_cells:,} cells. Not the file expected."
                )


def _column_number(letters: bytes) -> int:
    """The number of a column from its letters: A is 1, AA is 27; 1 for a whole row, which has none."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - ord("A") + 1
    return max(number, 1)


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        _check_directory(path)
        with zipfile.ZipFile(path) as archive:
            yield archive
    except SchemaError:
        raise
    except _DAMAGE as error:
        raise SchemaError(f"{path.name} is not a whole zip file ({_said(error)}). Fetch it again.") from error


def _check_directory(path: Path) -> None:
    """Refuse a list of members so long that reading it alone would fill the memory."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _END_BYTES - _MOST_COMMENT_BYTES))
        end = file.read()
    at = end.rfind(_END)
    if at >= 0 and len(end) >= at + _END_BYTES:
        (size,) = struct.unpack_from("<L", end, at + 12)
        if size > _MOST_DIRECTORY_BYTES:
            raise SchemaError(f"{path.name} lists more members than a publisher's file has. Not the file expected.")


def _pieces(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most_bytes: int, path: Path) -> Iterator[bytes]:
    """A member, unpacked piece by piece until it is over or too much."""
    if info.compress_type not in _BOUNDED:
        raise SchemaError(
            f"{path.name}: {info.filename} is packed in a way that publishers do not use. Not the file expected."
        )
    size = 0
    with archive.open(info) as member:
        while part := member.read(_CHUNK):
            size += len(part)
            if size > most_bytes:
                raise SchemaError(
                    f"{path.name}: {info.filename} unpacks to over {most_bytes:,} bytes. Not the file expected."
                )
            yield part


def _said(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _names(path: Path) -> str:
    with _opened(path) as archive:
        names = archive.namelist()
    return ", ".join(names[:6]) + (" …" if len(names) > 6 else "")
