"""Made-up files in the layout of their publishers, and reading them as a fetch does."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

from hjp_geo.areas import Table
from hjp_geo.source import Source, read_checked

HOSTILE = ["=HYPERLINK(0)", "+44 20 7946 0000", "@Cornwall Law LLP", "<script>alert(1)</script>", "-1+1", "NA", "null"]


def read(one: Source, path: Path) -> Table:
    """What the source reads, held to what it declares, whatever the number of rows."""
    return read_checked(replace(one, expected_rows=None, least_rows=1), path, {})


def lines(path: Path, *rows: str, encoding: str = "utf-8") -> Path:
    path.write_text("".join(f"{row}\n" for row in rows), encoding)
    return path


def zipped(path: Path, member: str, *rows: str) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, "".join(f"{row}\n" for row in rows).encode())
    return path
