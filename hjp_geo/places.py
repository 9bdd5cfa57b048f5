"""Places: a named set of areas. An own area is its list of areas, packed into its code, so that a link carries it all.

The code of an own area is ``own:PACKED:NAME``. Nothing is kept on the server: whoever has the code has the areas.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from hjp_geo.areas import is_lsoa_code
from hjp_geo.errors import PlanError

__all__ = ["MOST_CHARACTERS", "OWN_AREA", "Place", "is_own_area", "listed_areas", "own_area", "own_area_codes"]

OWN_AREA = "Own area"
"""The kind of a place that the reader made."""
MOST_CHARACTERS = 4_000
"""Of an own area in a link: some 2,500 scattered areas, or any number that stand together."""

_PREFIX = "own:"
_LSOA = "E01"
_MOST_NAME = 60
_MOST_BYTES = 120_000
"""Of the list unpacked: England has 33,755 areas, of at most three bytes each."""
_BETWEEN = re.compile(r"[\s,;+]+")


@dataclass(frozen=True)
class Place:
    """A named set of areas: a system, a place within it, a district, an own area, or all of England."""

    code: str
    name: str
    kind: str

    @property
    def file_name(self) -> str:
        """The code, or for an own area a short one made of its contents: safe in the name of a file."""
        if not is_own_area(self.code):
            return self.code
        return f"own-{hashlib.sha256(self.code.encode()).hexdigest()[:12]}"


def is_own_area(code: str) -> bool:
    """Whether a code is that of an own area."""
    return code.startswith(_PREFIX)


def own_area(name: str, codes: Iterable[str]) -> Place:
    """An own area: the same areas and name always have the same code.

    `PlanError` where there are no areas, a code is not that of an LSOA, or they are too many and too scattered to be
    carried by a link (`MOST_CHARACTERS`).
    """
    wanted = sorted({code.strip().upper() for code in codes if code.strip()})
    if not wanted:
        raise PlanError("An own area needs at least one area. Give codes of LSOAs of 2021, such as E01000001.")
    if strangers := [code for code in wanted if not is_lsoa_code(code)]:
        raise PlanError(
            f"{len(strangers):,} codes are not those of English LSOAs: {', '.join(strangers[:5])[:80]}. "
            "Give codes such as E01000001, with spaces, commas or new lines between."
        )
    packed = _pack(wanted)
    if len(packed) > MOST_CHARACTERS:
        raise PlanError(
            f"{len(wanted):,} areas so scattered make a link of {len(packed):,} characters, expected at most "
            f"{MOST_CHARACTERS:,}. Take fewer areas, or a district or board."
        )
    shown = _tidy(name)
    return Place(f"{_PREFIX}{packed}:{shown}", shown, OWN_AREA)


def listed_areas(text: str) -> list[str]:
    """The codes of a text that is nothing but codes of LSOAs; empty for any other text."""
    codes = [code.upper() for code in _BETWEEN.split(text.strip()) if code]
    return codes if all(is_lsoa_code(code) for code in codes) else []


@lru_cache(maxsize=64)
def own_area_codes(code: str) -> tuple[Place, tuple[str, ...]]:
    """An own area from its code, and its areas, sorted. `PlanError` for a code that is damaged or cut short."""
    packed, _, name = code.removeprefix(_PREFIX).partition(":")
    try:
        codes = _unpack(packed)
    except (ValueError, binascii.Error, zlib.error) as error:
        raise PlanError(
            "The own area in this link cannot be read: it is damaged or cut short. Copy the whole link again, or make "
            "the area again on the page Place and people."
        ) from error
    return own_area(name, codes), codes


def _tidy(name: str) -> str:
    """A name on one line, without characters that cannot be seen, not too long."""
    shown = "".join(letter for letter in " ".join(name.split()) if letter.isprintable())
    return shown[:_MOST_NAME].strip() or OWN_AREA


def _pack(codes: list[str]) -> str:
    """Sorted codes as steps from one to the next, seven bits a byte, squeezed, in letters that a link may hold."""
    numbers = [int(code.removeprefix(_LSOA)) for code in codes]
    steps = bytearray()
    for before, number in zip([-1, *numbers[:-1]], numbers, strict=True):
        step = number - before
        while step > 127:
            steps.append(128 | step & 127)
            step >>= 7
        steps.append(step)
    return base64.urlsafe_b64encode(zlib.compress(bytes(steps), 9)).decode("ascii").rstrip("=")


def _unpack(packed: str) -> tuple[str, ...]:
    """The inverse of `_pack`; `ValueError` for anything that it never writes. The check sum of zlib finds cut links."""
    if len(packed) > MOST_CHARACTERS:
        raise ValueError("too long")
    squeezed = base64.b64decode(packed + "=" * (-len(packed) % 4), altchars=b"-_", validate=True)
    reader = zlib.decompressobj()
    steps = reader.decompress(squeezed, _MOST_BYTES)
    if not reader.eof or reader.unused_data:
        raise ValueError("cut short, or more than England has")
    codes, number, step, bits = [], -1, 0, 0
    for byte in steps:
        step |= (byte & 127) << bits
        bits += 7
        if not byte & 128:
            number += step
            if step < 1 or number > 999_999:
                raise ValueError("no such area")
            codes.append(f"{_LSOA}{number:06d}")
            step = bits = 0
    if bits or not codes:
        raise ValueError("ends in the middle of a number")
    return tuple(codes)
