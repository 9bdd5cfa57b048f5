"""Rows of a user's provider list on the ten areas in a row: see `tiny_warehouse`."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from hjp_geo.own.providers import CheckedProviders, check_providers
from hjp_geo.store import Warehouse

TODAY = dt.date(2026, 11, 24)
HEADER = "site_name,provider_name,topics,channel,postcode,served_areas,hours_per_week,checked_on"
OFFICE = "Town office,Advice Row,debt;housing,in_person,ZY1 1AA,,60,2026-09-01"
LINE = "Helpline,Advice Row,debt,phone,,E07990001,40,2026-09-01"


def provider_file(*rows: str, header: str = HEADER) -> bytes:
    """The rows under a header, as a file."""
    return ("\r\n".join((header, *rows)) + "\r\n").encode()


def check(data: bytes, cache: Path, **options: str) -> CheckedProviders:
    """The file checked against the warehouse of a cache folder."""
    return check_providers(data, "mine.csv", Warehouse.open(cache), TODAY, **options)


def said(checked: CheckedProviders) -> list[str]:
    """Every problem, in words."""
    return [f"{one.level} {one}" for one in checked.problems]
