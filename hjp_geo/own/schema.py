"""The columns of the provider list that a user brings: what each holds, and the words that it allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["CHANNELS", "COLUMNS", "TOPICS", "Column", "template"]

TOPICS = ("welfare_benefits", "debt", "housing", "employment", "education", "community_care", "immigration")
CHANNELS = ("in_person", "outreach", "phone", "online")
PLACED = ("in_person", "outreach")
"""Channels that people travel to."""
UNKNOWN = "unknown"
HOST_SETTINGS = (
    "gp_practice",
    "primary_care_network",
    "acute_hospital",
    "specialist_hospital",
    "community_health",
    "mental_health_service",
    "maternity",
    "cancer_service",
    "hospice",
    "pharmacy",
    "library",
    "community_centre",
    "other",
)
NETWORKS = (
    "citizens_advice",
    "law_centre",
    "adviceuk",
    "age_uk",
    "shelter",
    "macmillan",
    "council",
    "nhs",
    "other",
)


@dataclass(frozen=True)
class Column:
    """One column: what it holds, in words for the template, and its kind, which says how it is checked."""

    name: str
    kind: str
    """text, topics, choice, postcode, number, areas, groups, date or ods."""
    meaning: str
    needed: bool = False
    words: tuple[str, ...] = ()
    most: float = 0
    """The most that a number may be, or the most characters of a text."""


COLUMNS: Mapping[str, Column] = {
    one.name: one
    for one in (
        Column("site_name", "text", "what people call the place or line; needed", needed=True, most=120),
        Column("provider_name", "text", "who runs it; needed", needed=True, most=120),
        Column("topics", "topics", "by ; of the seven topics, or unknown; needed", needed=True),
        Column("topics_basis", "choice", "blank = stated; assumed where nobody says so", words=("stated", "assumed")),
        Column("channel", "choice", "in_person, outreach, phone or online; needed", needed=True, words=CHANNELS),
        Column("address", "text", "street and town, for people to read", most=250),
        Column("postcode", "postcode", "in_person and outreach: this, or latitude and longitude"),
        Column("latitude", "number", "degrees, WGS84; used where it is within 1 km of the postcode", most=90),
        Column("longitude", "number", "degrees, WGS84", most=180),
        Column("served_areas", "areas", "england, or codes by ; (phone and online need it)"),
        Column("hours_per_week", "number", "advice hours: opening hours times advisers on duty", most=2000),
        Column(
            "sessions_per_month",
            "number",
            "instead of hours: hours a week = sessions times hours times 12/52",
            most=200,
        ),
        Column("hours_per_session", "number", "goes with sessions_per_month", most=24),
        Column("access", "choice", "blank = unknown", words=("drop_in", "appointment", "referral_only")),
        Column("assistance", "choice", "the highest offered", words=("advice", "casework", "representation")),
        Column("eligible_groups", "groups", "whom it serves, by ;, such as patients_of_practice or cancer", most=300),
        Column("network", "choice", "the network it belongs to", words=NETWORKS),
        Column("host_setting", "choice", "the building it sits in", words=HOST_SETTINGS),
        Column("host_code", "ods", "ODS code of the host, such as a practice's"),
        Column("open_from", "date", "YYYY-MM-DD"),
        Column("open_until", "date", "YYYY-MM-DD"),
        Column("checked_on", "date", "YYYY-MM-DD, not after today: drives the grade"),
        Column("source", "text", "where you have it from, such as a phone call: it is the credit line", most=200),
        Column(
            "licence",
            "choice",
            "internal keeps it out of shared exports",
            words=("own", "OGL", "permission", "internal"),
        ),
        Column("notes", "text", "no names of people, no personal addresses", most=500),
    )
}


def template() -> str:
    """A file in the layout that is taken, with three made-up rows."""
    names = list(COLUMNS)
    lines = [",".join(names), *(",".join(row.get(name, "") for name in names) for row in _EXAMPLES)]
    return "\r\n".join(lines) + "\r\n"


_EXAMPLES: tuple[Mapping[str, str], ...] = (
    {
        "site_name": "Example Surgery session",
        "provider_name": "Example Advice",
        "topics": "welfare_benefits;debt;housing",
        "channel": "outreach",
        "postcode": "NW1 2DB",
        "sessions_per_month": "4",
        "hours_per_session": "3",
        "access": "referral_only",
        "host_setting": "gp_practice",
        "checked_on": "2026-09-01",
        "source": "phone call",
        "licence": "own",
    },
    {
        "site_name": "Example town office",
        "provider_name": "Example Advice",
        "topics": "welfare_benefits;debt;housing;employment",
        "channel": "in_person",
        "postcode": "SW1A 2AA",
        "hours_per_week": "60",
        "access": "drop_in",
        "checked_on": "2026-09-01",
        "source": "phone call",
        "licence": "own",
    },
    {
        "site_name": "Example telephone line",
        "provider_name": "Example Advice",
        "topics": "welfare_benefits;debt",
        "channel": "phone",
        "served_areas": "england",
        "hours_per_week": "180",
        "access": "appointment",
        "checked_on": "2026-09-01",
        "source": "phone call",
        "licence": "own",
    },
)
