"""The faults that the replica can inject, whom each can meet, and the page that tells how each ended."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from hjp_geo.record import Release

FILES = (
    "debt_advice_organisations",
    "gp_practice_map",
    "gp_practices",
    "gp_registrations",
    "iod19",
    "iod25",
    "legal_aid_offices",
    "libraries",
    "postcodes",
    "qof_prevalence",
    "sub_regional_fuel_poverty",
)
LAYERS = (
    "icb23_boundaries",
    "lad24_boundaries",
    "lad24_region24_lookup",
    "lsoa11_lsoa21_lookup",
    "lsoa21_boundaries",
    "lsoa21_centroids",
    "lsoa21_icb24_lookup",
    "lsoa21_msoa21_lookup",
    "lsoa21_rural_urban",
    "lsoa21_ward24_lookup",
)
SERVED = FILES + LAYERS
LARGE = ("postcodes",)
"""Met by the whole run only: a minute for each fault that changes its contents."""
_LSOAS = 33_755
_CUT = {
    "lsoa11_lsoa21_lookup": ("LSOA11_LSOA21_LAD22_EW_LU", 33_856),
    "lsoa21_boundaries": ("Super_Output_Areas_December_2021_Boundaries_EW_BGC", _LSOAS),
    "lsoa21_centroids": ("LSOA_PopCentroids_EW_2021", _LSOAS),
    "lsoa21_icb24_lookup": ("LSOA21_SICBL24_ICB24", _LSOAS),
    "lsoa21_msoa21_lookup": ("OA_LSOA_MSOA_EW_DEC_2021", 178_605),
    "lsoa21_rural_urban": ("LSOA21_RUC21", _LSOAS),
    "lsoa21_ward24_lookup": ("LSOA21_WD24", _LSOAS),
}
"""Long layers → what their address has, and the rows that are asked for. The replica cuts them to the first `KEPT`."""
KEPT = 2_500
AREAS_KEPT = {**dict.fromkeys(_CUT, KEPT), "lsoa21_msoa21_lookup": 553}
"""The rows of their tables: that of output areas tells each LSOA once."""
CUTS = [
    {"match": address, "mode": "rows-missing", "count_too": True, "drop": rows - KEPT}
    for address, rows in _CUT.values()
]
"""Rules that stand all the time."""
GROUPS = {"every source": SERVED, "every file": FILES, "every layer": LAYERS}
_CODE_POINT = r"omseprd1stdstordownload\.blob"
_MOST_ROWS_A_PAGE = 1_000


@dataclass(frozen=True)
class Fault:
    """A fault as the page calls it, whom it can meet, where, what the replica is told, and what was held before.

    ``held`` is "whole" where a good release is held and asked for again in whole, "known" where it is asked for only if
    it has changed, "nothing" before the first fetch.
    """

    name: str
    whom: tuple[str, ...]
    rule: Mapping[str, Any]
    where: Literal["what comes", "whole service", "index"] = "what comes"
    held: Literal["whole", "known", "nothing"] = "whole"
    by_source: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    agent: str = ""

    def rules(self, held: Mapping[str, Release], names: Sequence[str]) -> list[dict[str, Any]]:
        """What to tell the replica so that these sources meet it, each at its own address."""
        if "match" in self.rule:
            return [dict(self.rule)]
        return [
            {"match": _where(held[name], self.where), **self.rule, **self.by_source.get(name, {})} for name in names
        ]


@dataclass(frozen=True, order=True)
class Ending:
    """How one fault ended for one source: what was said, with names and numbers left out, and the state after."""

    fault: str
    source: str
    said: str
    state: str
    verbatim: str = field(default="", compare=False)


def _where(release: Release, where: str) -> str:
    """What tells the replica that a request is for the file, the rows or the service of a release."""
    if release.source == "postcodes":
        return _CODE_POINT
    address = re.escape(release.url.split("://", 1)[1].split("?")[0])
    if release.source in FILES or where == "whole service":
        return address
    # of several pages the second, so that a part has come already
    return f"{address}/query.*resultOffset={'[1-9]' if release.rows > _MOST_ROWS_A_PAGE else '0'}"


def _fault(mode: str, whom: tuple[str, ...] = SERVED, called: str = "", **rule: Any) -> Fault:
    return Fault(f"{mode}{called}", whom, {"mode": mode, **rule})


_COLUMNS = {
    "debt_advice_organisations": "address_postcode",
    "gp_practices": "5",
    "iod19": "LSOA code (2011)",
    "iod25": "LSOA code (2021)",
    "legal_aid_offices": "Provider Name",
    "libraries": "postcode",
    "sub_regional_fuel_poverty": "LSOA Code",
}
_HEADED = tuple(name for name in FILES if name not in ("gp_practices", "postcodes"))
_TWICE = {"mode": "status-429", "retry_after": 0, "times": 2}
_SLOWLY = {"mode": "slow-trickle", "chunk_bytes": 1 << 20, "delay_s": 0.01}

_ONE_AREA = {"members": r"ab\.csv"}  # of 120: the replica would take minutes to write them all anew
_TEN_FEWER = {
    "postcodes": _ONE_AREA,
    **{name: {"drop": rows - KEPT + 10} for name, (_, rows) in _CUT.items()},
}

IN_WHAT_COMES = [
    _fault("status-403"),
    Fault("status-429, twice", SERVED, _TWICE),
    _fault("status-429", retry_after=0),
    _fault("status-503"),
    _fault("html-200"),
    _fault("html-200", called=", as status 202", status=202),
    _fault("gone-410"),
    replace(_fault("stale-304", FILES), held="known"),
    Fault("slow-trickle", SERVED, _SLOWLY),
    _fault("reset"),
    _fault("truncate"),
    _fault("truncate", called=", silently", silent=True),
    _fault("corrupt-byte"),
    _fault("no-validators", FILES),
    _fault("arcgis-error-200", LAYERS),
    _fault("arcgis-error-200", LAYERS, ", code 499", code=499),
    _fault("arcgis-error-200", LAYERS, ", code 500", code=500),
    _fault("arcgis-short-page", LAYERS),
    _fault("arcgis-short-page", LAYERS, ", not flagged", flag="none"),
    _fault("arcgis-duplicate-page", LAYERS),
    _fault("arcgis-flag-top", LAYERS),
    replace(_fault("header-renamed", _HEADED + LAYERS), where="whole service"),
    replace(
        _fault("column-missing", FILES + LAYERS),
        where="whole service",
        by_source={
            **{name: {"column": column} for name, column in _COLUMNS.items()},
            "postcodes": {"column": "2", **_ONE_AREA},
        },
    ),
    replace(_fault("rows-missing"), by_source=_TEN_FEWER),
    replace(
        _fault("rows-missing", LAYERS, ", and counted so", count_too=True), where="whole service", by_source=_TEN_FEWER
    ),
    _fault("ods-role-codes", ("gp_practices",)),
    Fault("legacy-open", ("gp_practices",), {"mode": "legacy-open", "match": "assets/ods/current"}, held="known"),
    Fault(
        "newer-vintage",
        (*FILES, "lsoa21_icb24_lookup"),
        {"mode": "newer-vintage"},
        held="known",
        by_source={
            "gp_registrations": {"match": "gp-reg-pat-prac-lsoa"},
            "lsoa21_icb24_lookup": {"match": "SICBL25"},
        },
    ),
    replace(_fault("corrupt-byte", FILES, ", at the first fetch"), held="nothing"),
    replace(_fault("rows-missing", FILES, ", at the first fetch"), held="nothing", by_source=_TEN_FEWER),
]

_PAGES = "Mozilla/5.0 (a test of hjp-geo)"  # the pages refuse what does not say so: see the page
_INDEXES = [
    ("GOV.UK page", r"www\.gov\.uk/api/content/", ("iod19", "iod25", "legal_aid_offices", "sub_regional_fuel_poverty")),
    ("GOV.UK search", r"www\.gov\.uk/api/search", ("sub_regional_fuel_poverty",)),
    ("ArcGIS list of services", r"arcgis/rest/services\?", LAYERS),
    ("ArcGIS description of a layer", r"FeatureServer/0\?", LAYERS),
    ("ArcGIS count of rows", r"returnCountOnly=true", LAYERS),
    ("NHS publication page", r"^digital\.nhs\.uk/", ("gp_registrations", "qof_prevalence")),
    ("data.gov.uk catalogue", r"www\.data\.gov\.uk/", ("gp_registrations", "qof_prevalence")),
    ("OS Downloads API", r"api\.os\.uk/", ("postcodes",)),
]
_EVERYWHERE: list[tuple[str, dict[str, Any]]] = [
    ("status-403", {"mode": "status-403"}),
    ("status-429", {"mode": "status-429", "retry_after": 0}),
    ("status-503", {"mode": "status-503"}),
    ("html-200", {"mode": "html-200"}),
    ("gone-410", {"mode": "gone-410"}),
    ("slow-trickle", _SLOWLY),
    ("reset", {"mode": "reset"}),
    ("truncate", {"mode": "truncate"}),
    ("truncate, silently", {"mode": "truncate", "silent": True}),
    ("corrupt-byte", {"mode": "corrupt-byte"}),
]
_ARCGIS_ONLY: list[tuple[str, dict[str, Any]]] = [
    ("arcgis-error-200", {"mode": "arcgis-error-200"}),
    ("arcgis-error-200, code 500", {"mode": "arcgis-error-200", "code": 500}),
]


def _at_indexes() -> list[Fault]:
    faults = []
    for index, match, whom in _INDEXES:
        modes = [*_EVERYWHERE, *(_ARCGIS_ONLY if index.startswith("ArcGIS") else [])]
        if index == "ArcGIS list of services":
            modes.append(("empty-services", {"mode": "empty-services"}))
        agent = _PAGES if index == "NHS publication page" else ""
        faults += [
            Fault(f"{index}: {name}", whom, {**rule, "match": match}, "index", "known", agent=agent)
            for name, rule in modes
        ]
    return faults


FAULTS = [*IN_WHAT_COMES, *_at_indexes()]


# --- what was said, without names and numbers ------------------------------------------------------------------------


def pattern(said: str, source: str, release: str) -> str:
    """What was said, so that the same words about another source are the same."""
    text = said.replace(f"{source}: ", "").replace(source, "⟨source⟩")
    text = re.sub(r"https?://[^\s|]*[^\s|.,:;]", "⟨address⟩", text)
    text = re.sub(r"[\w.%()+-]+\.(csv|zip|xlsx|geojsonl)\b", "⟨file⟩", text)
    text = text.replace(release, "⟨release⟩") if len(release) > 3 else text
    text = re.sub(r"Still in use: .*?\.$", "Still in use: ⟨release⟩.", text)
    text = re.sub(r"\b[0-9a-f]{32,64}\b", "⟨sum⟩", text)
    text = re.sub(r"(?<![\w.])\d{1,3}(,\d{3})+|\b\d+(?= (bytes|rows|fewer|different))", "N", text)
    text = re.sub(r"Connection reset by peer|the connection ended N bytes early", "⟨what broke it off⟩", text)
    text = re.sub(r"(found|it has|it lists) ((?:[^,.]+, ){3}[^,.]+), [^.]+", r"\1 \2, …", text)  # names enough
    return " ".join(text.split()).replace("|", "¦")


# --- the page --------------------------------------------------------------------------------------------------------

_HEAD = """# Every fault, every source

Written by `HJP_GEO_WRITE_FAULTS=1 pytest tests/test_faults.py`, not by hand: each fault that the replica of the
publishers can inject, against each source it can meet. A plain run of the test holds the page to all but the largest
source ({names}), `HJP_GEO_WHOLE_FAULTS=1` to that too.

Before each fault a good release was held: asked for in whole, or, where a row says so, only if it had changed. A layer
of several pages met the fault on its second, with a part there already (layers of over 30,000 rows were cut to their
first {kept:,}, and are met in full by `tests/test_replica.py`). After each, a plain `hjp-geo fetch` brought the
right bytes again; where the fault had left the cache folder as it was, file by file, that was shown once for each
source. No fault ended in a traceback or a part of a table.

## At a glance

| | means |
| --- | --- |
| `=` | met and overcome: the same bytes are in use |
| `!` | refused with a reason: the last good release is in use |
| `~` | other bytes were taken, and the user is told |
| `+` | a newer release was taken |
| `?` | other bytes were taken, and nobody is told: see [what no check can see](#what-no-check-can-see) |
| `0` | refused with a reason: nothing was held before, and nothing is now |
"""
MARKS = {
    "the same bytes are in use": "=",
    "the last good release is in use": "!",
    "other bytes are in use, and it says so": "~",
    "a newer release is in use": "+",
    "other bytes are in use, and nothing says so": "?",
    "nothing is held": "0",
}
_TAIL = """
## What no check can see

- **A changed byte in a plain CSV file** whose publisher gives no sum for it (debt advice, GP practices, libraries,
  deprivation): a figure or a letter differs, and every check passes. Against a copy held before, the other bytes are
  noticed and said; at the first fetch of a release nothing tells, and a later fetch asks only whether the publisher's
  file has changed. The connection itself is guarded (TLS), so this takes a damaged disk or proxy. Zip files and
  workbooks carry a sum of each part, Code-Point Open comes with one, a layer's page is JSON that mostly breaks: there a
  changed byte is refused. Where in doubt, delete `cache/raw/NAME` and fetch again, and compare with `hjp-geo diff`.
- **Rows missing at the end** of a file without a known total, at the first fetch (debt advice, GP practices, libraries,
  legal aid where the page announces no size, Code-Point Open): as long as more rows come than the least that can be
  right, nothing tells. At a later fetch it is said how many fewer there are.
- **A publisher's own mistake**: the checks know totals, keys, ranges and codes, not the truth.

## Not met

{not_served} are not answered by the replica: their faults are those of their kind (a file, a layer), tested on made-up
rows in `tests/`. The item search of ArcGIS is not asked by hjp-geo, so its faults (`empty-services`) cannot be met; nor
is the retired folder of the Organisation Data Service that `legacy-open` opens again.
"""


def page(endings: Sequence[Ending], places: Sequence[tuple[str, str, str]], not_served: Sequence[str]) -> str:
    """The page, as this run saw it; ``places`` is what happened to postcodes that were looked up."""
    lines = [_HEAD.format(kept=KEPT, names=", ".join(f"`{name}`" for name in LARGE)), *_matrix(endings)]
    lines += ["", "## What the user sees", ""]
    lines.append(
        "⟨address⟩, ⟨file⟩, ⟨release⟩ and N stand for what differs between sources; below each table one in full."
    )
    for fault in FAULTS:
        lines += ["", f"### `{fault.name}`", ""]
        if fault.held == "known":
            lines += ["The release held was asked for only if it had changed.", ""]
        mine = [one for one in endings if one.fault == fault.name]
        lines += ["| what the user sees | state after | sources |", "| --- | --- | --- |"]
        found = dict.fromkeys((one.said, one.state) for one in mine)
        for said, state in found:
            whom = [one.source for one in mine if (one.said, one.state) == (said, state)]
            lines.append(f"| {said} | {state} | {_named(whom)} |")
        full = next((one.verbatim for one in mine if MARKS[one.state] in "!0~"), "")
        lines += ["", f"> {full}"] if full else []
    lines += ["", "## Postcodes looked up at postcodes.io", ""]
    lines += ["Nothing is kept of what it answers, so there is no state after.", ""]
    lines += ["| fault | asked about | what the user sees |", "| --- | --- | --- |"]
    lines += [f"| `{fault}` | {what} | {said} |" for fault, what, said in places]
    names = ", ".join(f"`{name}`" for name in not_served)
    return "\n".join(lines) + "\n" + _TAIL.format(not_served=names)


def _matrix(endings: Sequence[Ending]) -> list[str]:
    marks = {(one.fault, one.source): MARKS[one.state] for one in endings}
    lines = ["", *(f"{number}. `{name}`" for number, name in enumerate(SERVED, 1)), ""]
    lines.append(f"| fault | {' | '.join(str(number) for number in range(1, len(SERVED) + 1))} |")
    lines.append("| --- |" + " --- |" * len(SERVED))
    for fault in FAULTS:
        cells = " | ".join(f"`{marks[fault.name, name]}`" if name in fault.whom else " " for name in SERVED)
        lines.append(f"| {fault.name} | {cells} |")
    return lines


def _named(whom: Sequence[str]) -> str:
    for words, names in GROUPS.items():
        if tuple(whom) == names:
            return words
    return " ".join(f"`{name}`" for name in whom)


def on_page(text: str) -> list[Ending]:
    """What a page tells, fault by fault and source by source."""
    found = []
    body = text.split("## What the user sees", 1)[-1].split("## Postcodes looked up", 1)[0]
    for section in re.split(r"^### ", body, flags=re.MULTILINE)[1:]:
        fault = section.split("`")[1]
        for said, state, names in re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", section, re.MULTILINE)[2:]:
            whom = GROUPS.get(names) or re.findall(r"`([^`]+)`", names)
            found += [Ending(fault, name, said, state) for name in whom]
    return found
