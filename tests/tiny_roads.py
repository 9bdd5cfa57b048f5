"""A made-up town of streets in a grid, written as an OpenStreetMap extract (PBF) without any library.

Streets run every 200 m from a corner near Exeter, north and east; each crossing is a node. Sizes follow the format's
own description: a block is its header's length, the header, and the blob; numbers are varints, differences zigzagged.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pyproj

WEST, SOUTH, APART = 290_000.0, 90_000.0, 200.0
"""The south-western crossing in metres (EPSG:27700), and how far streets are apart."""


def write_town(path: Path, streets: int = 20) -> Path:
    """Write a town of so many streets each way, all residential, and return its file."""
    to_degrees = pyproj.Transformer.from_crs("EPSG:27700", "EPSG:4326", always_xy=True)
    step = np.arange(streets) * APART
    east, north = np.meshgrid(WEST + step, SOUTH + step)
    lon, lat = to_degrees.transform(east.ravel(), north.ravel())
    number = np.arange(streets * streets).reshape(streets, streets) + 1
    nodes = b"".join(
        _field(1, _int(1, _zigzag(n)) + _int(8, _zigzag(round(y * 1e7))) + _int(9, _zigzag(round(x * 1e7))))
        for n, x, y in zip(number.ravel().tolist(), lon, lat, strict=True)
    )
    ways = b"".join(
        _field(3, _int(1, way + 1) + _field(2, _varint(1)) + _field(3, _varint(2)) + _field(8, _differences(refs)))
        for way, refs in enumerate([*number.tolist(), *number.T.tolist()])
    )
    words = _field(1, b"".join(_field(1, word) for word in (b"", b"highway", b"residential")))
    header = _field(4, b"OsmSchema-V0.6")
    path.write_bytes(
        _block(b"OSMHeader", header)
        + _block(b"OSMData", words + _field(2, nodes))
        + _block(b"OSMData", words + _field(2, ways))
    )
    return path


def _block(kind: bytes, message: bytes) -> bytes:
    blob = _field(1, message)  # raw: not compressed
    header = _field(1, kind) + _int(3, len(blob))
    return struct.pack(">i", len(header)) + header + blob


def _differences(refs: list[int]) -> bytes:
    return b"".join(_varint(_zigzag(int(one))) for one in np.diff(refs, prepend=0))


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _int(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _zigzag(value: int) -> int:
    return 2 * value if value >= 0 else -2 * value - 1


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)
