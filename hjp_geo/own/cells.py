"""One cell of a provider list: the value in its one spelling, or what is wrong with it."""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Callable, Mapping
from typing import Literal

from hjp_geo.own.known import Known, tidy_postcode
from hjp_geo.own.problems import Problem
from hjp_geo.own.schema import CHANNELS, TOPICS, UNKNOWN, Column

__all__ = ["FORMULA_SIGNS", "read_cell"]

FORMULA_SIGNS = ("=", "+", "-", "@")
_NUMBER = re.compile(r"-?\d{1,9}(\.\d{1,12})?")
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_OTHER_DATE = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{2,4})")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+")
_MOBILE = re.compile(r"(\+44\s?7|\b07)[\d\s]{8,11}\b")
_GENERAL_BOXES = ("info@", "advice@", "enquiries@", "office@", "admin@", "contact@", "help@", "hello@", "reception@")
_ODS = re.compile(r"[A-Z]\d{5}|[A-Z0-9]{3}|[A-Z0-9]{5}|[A-Z]{2}\d{3}|[A-Z0-9]{6}")
_AREA = re.compile(r"[EW]\d{8}")
_MOST_LIST = 400

Found = tuple[Literal["error", "warning"], str, str]
"""Level, value shown, rule."""


def read_cell(column: Column, text: str, row: int, known: Known) -> tuple[str, list[Problem]]:
    """The tidy value of a cell that is not blank (blank where it cannot be taken), and its problems."""
    value, found = _KINDS[column.kind](column, text, known)
    return value, [Problem(level, row, column.name, shown, rule) for level, shown, rule in found]


def _text(column: Column, text: str, _known: Known) -> tuple[str, list[Found]]:
    found: list[Found] = []
    value = text[1:] if text.startswith("'") and text[1:].startswith(FORMULA_SIGNS) else text
    if len(value) > column.most:
        return "", [("error", value, f"has {len(value):,} characters, expected at most {column.most:g}. Shorten it.")]
    kept = _without_persons(value)
    if kept != value:
        found.append(("warning", "", "looks like a person's address or mobile number: removed."))
    if kept.startswith(FORMULA_SIGNS):
        found.append(("warning", kept, "begins with a formula sign: kept as text, with an apostrophe in exports."))
    if "<" in kept and ">" in kept:
        found.append(("warning", kept, "holds markup: it is shown as text."))
    return kept, found


def _without_persons(text: str) -> str:
    """The text without e-mail addresses (but those of a general box) and mobile numbers."""

    def replace(match: re.Match[str]) -> str:
        return match[0] if match[0].casefold().startswith(_GENERAL_BOXES) else ""

    return " ".join(_MOBILE.sub("", _EMAIL.sub(replace, text)).split())


def _parts(text: str) -> list[str]:
    return list(dict.fromkeys(part for part in (part.strip() for part in text.split(";")) if part))


def _topics(_column: Column, text: str, _known: Known) -> tuple[str, list[Found]]:
    parts = [re.sub(r"[\s-]+", "_", part.casefold()) for part in _parts(text)]
    strangers = [part for part in parts if part not in (*TOPICS, UNKNOWN)]
    if strangers:
        near = [match for part in strangers[:5] for match in _near(part, (*TOPICS, UNKNOWN))]
        hint = f" Did you mean {', '.join(dict.fromkeys(near))}?" if near else ""
        verb = "is not a topic" if len(strangers) == 1 else "are not topics"
        return "", [("error", "; ".join(strangers), f"{verb}. Use {', '.join(TOPICS)}, or unknown.{hint}")]
    known = [topic for topic in TOPICS if topic in parts]
    if known and UNKNOWN in parts:
        return "", [("error", text, "has topics and unknown as well. Keep one of the two.")]
    return ";".join(known or [UNKNOWN]), []


def _near(part: str, words: tuple[str, ...]) -> list[str]:
    begins = [word for word in words if part and (word.startswith(part) or part.startswith(word))]
    return begins[:1] or difflib.get_close_matches(part[:60], words, n=1, cutoff=0.6)


def _choice(column: Column, text: str, _known: Known) -> tuple[str, list[Found]]:
    words = {word.casefold(): word for word in column.words}
    value = re.sub(r"[\s-]+", "_", text.casefold())
    if value in words:
        return words[value], []
    near = _near(value, tuple(words))
    extra = ""
    if column.words == CHANNELS:
        extra = " Use in_person (own office) or outreach (sessions elsewhere)."
    elif near:
        extra = f" Did you mean {words[near[0]]}?"
    what = "channel" if column.words == CHANNELS else f"value of {column.name}"
    return "", [("error", text, f"is not a {what}. Expected {', '.join(column.words)}.{extra}")]


def _postcode(_column: Column, text: str, _known: Known) -> tuple[str, list[Found]]:
    tidy = tidy_postcode(text[:20])
    if tidy is None:
        return "", [("error", text, "is not a UK postcode. Expected such as NW1 2DB.")]
    return tidy, []


def _number(column: Column, text: str, _known: Known) -> tuple[str, list[Found]]:
    if not _NUMBER.fullmatch(text):
        return "", [
            (
                "error",
                text,
                f"is not a number. Write it in digits, such as {'51.5281' if column.most == 90 else '12.5'}.",
            )
        ]
    value = float(text)
    least = -column.most if column.name in ("latitude", "longitude") else 0
    if not least <= value <= column.most:
        hint = " Is this a yearly figure?" if column.name == "hours_per_week" and value > column.most else ""
        return "", [("error", text, f"is outside {least:g} to {column.most:g}.{hint}")]
    return f"{value:.7f}".rstrip("0").rstrip("."), []


def _areas(_column: Column, text: str, known: Known) -> tuple[str, list[Found]]:
    parts, found, kept = _parts(text), list[Found](), list[str]()
    if len(parts) > _MOST_LIST:
        return "", [
            ("error", text, f"has {len(parts):,} areas, expected at most {_MOST_LIST}. Use codes of larger areas.")
        ]
    for part in parts:
        if part.casefold() == "england":
            kept.append("england")
        elif part.upper() in known.recoded:
            kept.append(known.recoded[part.upper()])
            found.append(("warning", part, f"is a former code, read as {known.recoded[part.upper()]}."))
        elif part.upper() in known.codes:
            kept.append(part.upper())
        elif _AREA.fullmatch(part.upper()):
            found.append(
                ("error", part, "is no area that is loaded here. Use an LSOA, district or ICB code of England.")
            )
        else:
            code = known.names.get(part.casefold())
            hint = f"{part} is {code}" if code else "such as E08000035"
            found.append(("error", part, f"is not a code. Give the code ({hint})."))
    return ";".join(dict.fromkeys(kept)), found


def _groups(column: Column, text: str, known: Known) -> tuple[str, list[Found]]:
    value, found = _text(column, ";".join(_parts(text)), known)
    return value, found


def _ods(_column: Column, text: str, _known: Known) -> tuple[str, list[Found]]:
    value = text.upper()
    if not _ODS.fullmatch(value):
        return "", [("error", text, "is not an ODS code. A practice's is a letter and five digits, such as C82070.")]
    return value, []


def _date(column: Column, text: str, known: Known) -> tuple[str, list[Found]]:
    match = _DATE.fullmatch(text)
    day = _day(*map(int, match.groups())) if match else None
    if day is None:
        return "", [("error", text, _date_advice(text))]
    if column.name == "checked_on" and day > known.today:
        return "", [("error", text, f"is in the future (today is {known.today.isoformat()}).")]
    return day.isoformat(), []


def _date_advice(text: str) -> str:
    if match := _OTHER_DATE.fullmatch(text):
        first, second, year = (int(part) for part in match.groups())
        year += 2000 if year < 100 else 0
        days = [_day(year, second, first), _day(year, first, second)]
        written = list(dict.fromkeys(day for day in days if day))
        meant = " or ".join(f"{day.day} {day:%B}" for day in written)
        if written:
            return f"is not YYYY-MM-DD ({meant}{'?' if len(written) > 1 else ''}). Write {written[0].isoformat()}."
    return "is not a day as YYYY-MM-DD, such as 2026-09-01."


def _day(year: int, month: int, day: int) -> dt.date | None:
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


_KINDS: Mapping[str, Callable[[Column, str, Known], tuple[str, list[Found]]]] = {
    "text": _text,
    "topics": _topics,
    "choice": _choice,
    "postcode": _postcode,
    "number": _number,
    "areas": _areas,
    "groups": _groups,
    "date": _date,
    "ods": _ods,
}
