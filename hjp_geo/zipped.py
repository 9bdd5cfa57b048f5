"""Reading one member of a published zip: by its base name, never onto the disk, never more than it should be."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from hjp_geo.errors import SchemaError

__all__ = ["members", "read_member"]

_CHUNK = 1 << 20
_BOUNDED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""The kinds of packing whose pieces Python unpacks no further than asked."""


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
    try:
        with zipfile.ZipFile(path) as archive:
            for name in sorted(archive.namelist()):
                if re.fullmatch(pattern, re.split(r"[/\\]", name)[-1], re.IGNORECASE):
                    body = _read(archive, name, left, path)
                    left -= len(body)
                    yield body
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, zlib.error) as error:
        raise SchemaError(f"{path.name} is not a whole zip file ({error}). Fetch it again.") from error


def _read(archive: zipfile.ZipFile, name: str, most_bytes: int, path: Path) -> bytes:
    """The member, read in pieces: what a zip says of its own sizes is not believed."""
    if archive.getinfo(name).compress_type not in _BOUNDED:
        raise SchemaError(f"{path.name}: {name} is packed in a way that publishers do not use. Not the file expected.")
    parts, size = [], 0
    with archive.open(name) as member:
        while part := member.read(_CHUNK):
            size += len(part)
            if size > most_bytes:
                raise SchemaError(f"{path.name}: {name} unpacks to over {most_bytes:,} bytes. Not the file expected.")
            parts.append(part)
    return b"".join(parts)


def _names(path: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    return ", ".join(names[:6]) + (" …" if len(names) > 6 else "")
