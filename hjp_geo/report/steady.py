"""The same content, the same bytes: zip files without the clock."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

__all__ = ["steady_zip", "zip_of"]

_WHEN = (1980, 1, 1, 0, 0, 0)
"""The first moment a zip file knows: it stands for no time at all."""


def steady_zip(body: bytes) -> bytes:
    """A zip file (a document, a deck) written again in its own order, every entry dated alike."""
    with zipfile.ZipFile(io.BytesIO(body)) as given:
        return zip_of({one.filename: given.read(one) for one in given.infolist()})


def zip_of(files: Mapping[str, bytes | Path]) -> bytes:
    """Files by name as a zip file; the same files give the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as made:
        for name, body in files.items():
            entry = zipfile.ZipInfo(name, _WHEN)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            made.writestr(entry, body.read_bytes() if isinstance(body, Path) else body)
    return out.getvalue()
