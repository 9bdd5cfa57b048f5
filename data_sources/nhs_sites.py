"""Health sites of the NHS Organisation Data Service.

Every list has the same 27 columns without a header.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from hjp_geo.areas import Table, tidy_postcodes
from hjp_geo.discovery import Discovery, fixed_file
from hjp_geo.errors import SchemaError
from hjp_geo.source import OGL3, source

_PUBLISHER = "NHS England, Organisation Data Service"
_CREDIT = "NHS England Organisation Data Service. Licensed under the Open Government Licence v3.0."
_COLUMN_COUNT = 27
_NAMES = {
    0: "code",
    1: "name",
    9: "postcode",
    10: "opened",
    11: "closed",
    12: "status",
    14: "parent_code",
    17: "telephone",
    25: "setting",
}
_ADDRESS = range(4, 9)
_PLACE = {
    "address": "lines joined by commas",
    "postcode": "tidied; missing where it is not one",
    "telephone": "as published; empty where not given",
    "opened": "YYYYMMDD",
    "closed": "YYYYMMDD; missing where it is open",
    "status": "active, closed or other",
}


def _report(name: str) -> Discovery:
    return fixed_file(
        f"https://www.odsdatasearchandexport.nhs.uk/api/getReport?report={name}",
        release="current",
        filename=f"{name}.csv",
    )


@source(
    title="GP practices and prescribing cost centres (epraccur)",
    publisher=_PUBLISHER,
    licence=OGL3,
    attribution=_CREDIT,
    key="practice_code",
    columns={
        "practice_code": "ODS code",
        "practice_name": "name, in capitals as published",
        **_PLACE,
        "is_gp_practice": "whether its prescribing setting is a GP practice",
    },
    discover=_report("epraccur"),
    least_rows=14_000,
)
def gp_practices(path: Path) -> Table:
    """One prescribing organisation a row, open or closed. Reads the layout before and since January 2026."""
    table = _organisations("gp_practices", path)
    roles = table["setting"].str.split("|")
    table["is_gp_practice"] = [("4" in held or "RO76" in held) for held in roles]
    return _named(table, "practice_code", "practice_name")[list(gp_practices.columns)]


@source(
    title="Branch surgeries of GP practices (ebranchs)",
    publisher=_PUBLISHER,
    licence=OGL3,
    attribution=_CREDIT,
    key="branch_code",
    columns={
        "branch_code": "ODS code",
        "branch_name": "name, in capitals as published",
        "practice_code": "the practice it is a branch of",
        **_PLACE,
    },
    discover=_report("ebranchs"),
    least_rows=1_000,
    optional=True,
)
def gp_branches(path: Path) -> Table:
    """One branch surgery a row, open or closed: patients are seen there, but registered with its practice.

    Not met with the publisher's own file yet: built to its known layout, tested on made-up rows in it.
    """
    table = _organisations("gp_branches", path).rename(columns={"parent_code": "practice_code"})
    return _named(table, "branch_code", "branch_name")[list(gp_branches.columns)]


@source(
    title="Sites of NHS trusts (ets)",
    publisher=_PUBLISHER,
    licence=OGL3,
    attribution=_CREDIT,
    key="trust_site_code",
    columns={
        "trust_site_code": "ODS code",
        "trust_site_name": "name, in capitals as published",
        "trust_code": "the trust it belongs to",
        **_PLACE,
    },
    discover=_report("ets"),
    least_rows=5_000,
    optional=True,
)
def nhs_trust_sites(path: Path) -> Table:
    """One site of an NHS trust a row, open or closed: hospitals, and many offices, clinics and ambulance stations.

    What a site is stands nowhere but in its name. One building may have several codes.

    Not met with the publisher's own file yet: built to its known layout, tested on made-up rows in it.
    """
    table = _organisations("nhs_trust_sites", path).rename(columns={"parent_code": "trust_code"})
    return _named(table, "trust_site_code", "trust_site_name")[list(nhs_trust_sites.columns)]


@source(
    title="Pharmacies (edispensary)",
    publisher=_PUBLISHER,
    licence=OGL3,
    attribution=_CREDIT,
    key="pharmacy_code",
    columns={"pharmacy_code": "ODS code", "pharmacy_name": "name, in capitals as published", **_PLACE},
    discover=_report("edispensary"),
    least_rows=8_000,
    optional=True,
)
def pharmacies(path: Path) -> Table:
    """One dispensary a row, open or closed: community pharmacies, and appliance contractors among them.

    Not met with the publisher's own file yet: built to its known layout, tested on made-up rows in it.
    """
    return _named(_organisations("pharmacies", path), "pharmacy_code", "pharmacy_name")[list(pharmacies.columns)]


def _named(table: Table, code: str, name: str) -> Table:
    named: Table = table.rename(columns={"code": code, "name": name}).sort_values(code, ignore_index=True)
    return named


def _organisations(source_name: str, path: Path) -> Table:
    """The rows of a list with names, text tidied. Live rows of some lists have an empty status: the date decides."""
    table = pd.read_csv(path, header=None, dtype="str", encoding="utf-8-sig", keep_default_na=False)
    raw = table.apply(lambda column: column.str.strip())
    if raw.shape[1] != _COLUMN_COUNT:
        raise SchemaError(
            f"{source_name}: {path.name} has {raw.shape[1]} columns, expected {_COLUMN_COUNT} without a header. "
            "The publisher changed the layout: see docs/add-a-data-source.md."
        )
    named: Table = raw.rename(columns=_NAMES)
    lines = raw[list(_ADDRESS)]
    is_open = named["closed"] == ""
    status = named["status"].str.upper()
    kept: Table = named[list(_NAMES.values())]
    return kept.assign(
        address=lines[4].str.cat(lines.loc[:, 5:], sep="\n").str.strip().str.replace(r"\n+", ", ", regex=True),
        postcode=tidy_postcodes(named["postcode"]),
        closed=named["closed"].where(~is_open),
        status=np.select(
            [status.isin(["A", "ACTIVE", ""]) & is_open, status.isin(["C", "INACTIVE"]) | ~is_open],
            ["active", "closed"],
            default="other",
        ),
    )
