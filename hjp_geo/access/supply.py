"""Supply: advice hours a week of each site, what was assumed where no list says them, and advice without travel.

Hours belong to a site and a channel; a topic does not multiply them. No open list publishes hours, so most are assumed:
every assumption is a number that can be seen and changed, and each result says which sites rest on it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hjp_geo.areas import AreaValues, SiteValues, Table
from hjp_geo.errors import GeographyError, PlanError, SchemaError

__all__ = [
    "EVERYWHERE",
    "HOURS_A_WEEK",
    "DigitalExclusion",
    "Supply",
    "SupplyAssumptions",
    "matter_starts_supply",
    "remote_access",
    "share_able_to_use",
    "supply",
    "with_and_without_remote",
]

HOURS_A_WEEK = "advice hours a week"
EVERYWHERE = "england"
"""What a remote service writes for its served area where anybody may use it."""

_GENERAL = "general_advice"
_LEGAL_AID = "specialist_legal_aid"
_TRAVELLED = ("in_person", "outreach")
_REMOTE = ("phone", "online")
_WEEKS_A_MONTH = 12 / 52
_MOST_HOURS = 2_000.0
_ENOUGH_KNOWN = 5


@dataclass(frozen=True)
class SupplyAssumptions:
    """The advice hours a week of a service whose hours no list says. Our own round numbers, to be changed.

    30 hours is one adviser on duty while an ordinary office is open; a surgery elsewhere is taken to be three hours
    every other week.
    """

    in_person_hours: float = 30.0
    phone_hours: float = 30.0
    online_hours: float = 10.0
    session_hours: float = 3.0
    """How long an outreach session lasts where only their number is known."""
    sessions_per_month: float = 2.0
    """How many outreach sessions a month where not known."""
    by_kind: Mapping[str, float] = field(default_factory=dict)
    """Kind of site or network → hours a week: goes before the channel's number."""

    def __post_init__(self) -> None:
        numbers = {name: value for name, value in vars(self).items() if name != "by_kind"} | dict(self.by_kind)
        for name, value in numbers.items():
            if not 0 <= value <= _MOST_HOURS:
                raise PlanError(f"{name} is assumed to be {value}; expected 0 to {_MOST_HOURS:,.0f}.")

    @property
    def outreach_hours(self) -> float:
        """Hours a week of an outreach service of which nothing is known."""
        return self.sessions_per_month * self.session_hours * _WEEKS_A_MONTH

    def of_channel(self, channel: str) -> float:
        """Hours a week assumed for a channel."""
        return float(getattr(self, f"{channel}_hours"))

    def words(self) -> tuple[str, ...]:
        """Each assumption as a sentence."""
        by_kind = (f"A service of kind {kind}: {hours:g} hours a week." for kind, hours in sorted(self.by_kind.items()))
        outreach = f"{self.sessions_per_month:g} sessions a month of {self.session_hours:g} hours"
        return (
            f"An office whose hours are not known: {self.in_person_hours:g} advice hours a week.",
            f"Outreach of which no more is known: {outreach}, {self.outreach_hours:.1f} hours a week.",
            f"A telephone service: {self.phone_hours:g} hours a week; an online one: {self.online_hours:g}.",
            *by_kind,
        )


@dataclass(frozen=True, eq=False)
class Supply:
    """Advice hours a week by site, and how much of it is assumed.

    ``low`` takes every assumed service to be closed; ``high`` gives it the median of the known services of its channel
    where that is more, if there are at least five. The truth about the assumed ones need not lie between the two.
    """

    hours: SiteValues
    low: SiteValues
    high: SiteValues
    assumed: pd.Series[bool]
    """By site: whether any of its hours are assumed."""
    words: tuple[str, ...]
    """How many hours are known and how many assumed, and the assumptions, as sentences."""
    unit: str = HOURS_A_WEEK


def supply(
    services: Table,
    assumptions: SupplyAssumptions | None = None,
    *,
    assistance: str = _GENERAL,
    channels: Collection[str] = _TRAVELLED,
) -> Supply:
    """Advice hours a week that people can travel to, by site, from the services of one topic.

    ``services`` has one row a service, with ``site_id``, ``channel`` and ``assistance``; where lists say more,
    ``hours_per_week``, or ``sessions_per_month`` and ``hours_per_session``, and ``kind``. Rows of the other kind of
    assistance are left out: legal aid never stands in for general advice, nor the other way. A site all of whose
    services are known to have 0 hours is kept, with 0.

    Raises PlanError for remote channels, which nobody travels to (:func:`remote_access`), for hours below 0 or above
    2,000, and where two rows of a site and channel disagree.
    """
    assumptions = SupplyAssumptions() if assumptions is None else assumptions
    if strange := sorted(set(channels) - set(_TRAVELLED)):
        raise PlanError(
            f"channels has {', '.join(strange)}: nobody travels there. Use remote_access for phone, online."
        )
    if assistance not in (_GENERAL, _LEGAL_AID):
        raise PlanError(f"assistance is '{assistance}'; expected {_GENERAL} or {_LEGAL_AID}.")
    _require(services, ("site_id", "channel", "assistance"))
    chosen = services[(services["assistance"] == assistance) & services["channel"].isin(list(channels))]
    return _by_site(_one_row_each(chosen), assumptions)


def matter_starts_supply(services: Table, *, assumed: float | None = None) -> SiteValues:
    """Legal aid cases that each office may open in a year: a supply of its own, for legal-aid rules only.

    ``services`` has ``site_id``, ``assistance`` and ``matter_starts``, one row an office and category of law. They are
    not hours, and not work done. An office without a figure gets ``assumed``; a PlanError where that is not given, and
    for rows that are not legal aid: its cases never stand in for general advice.
    """
    _require(services, ("site_id", "assistance", "matter_starts"))
    if (other := services["assistance"] != _LEGAL_AID).any():
        raise PlanError(
            f"{int(other.sum())} of {len(services)} services are no legal aid; only that has matter starts."
        )
    starts = services["matter_starts"].astype("float64")
    if (starts < 0).any():
        raise PlanError(f"matter starts of {starts.min():g}; expected 0 or more.")
    if starts.isna().any():
        if assumed is None:
            raise PlanError(
                f"{int(starts.isna().sum())} of {len(services)} offices have no figure for matter starts; not known is "
                f"not 0. Leave them out and say so, or give assumed, such as the median office's."
            )
        starts = starts.fillna(assumed)
    by_site: SiteValues = starts.groupby(services["site_id"]).sum().rename("matter_starts_a_year")
    return by_site.rename_axis("site_id")


# advice without travel ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class DigitalExclusion:
    """How much likelier some people are to be unable to use a remote channel. Our own round numbers, to be changed.

    Each is the share of that group who cannot use it for that reason: of people aged 60 and over, of disabled people,
    of people in income deprivation. The reasons are taken to strike independently.
    """

    older: float = 0.3
    disabled: float = 0.2
    deprived: float = 0.15

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0 <= value <= 1:
                raise PlanError(f"{name} is {value}; expected a share from 0 to 1.")


def share_able_to_use(shares: Mapping[str, AreaValues], exclusion: DigitalExclusion | None = None) -> AreaValues:
    """The share of people of each area who can use advice by phone or online, from 0 to 1.

    ``shares`` has the shares of people who are ``older``, ``disabled`` and ``deprived``, those of them that are loaded:
    1 − the product's complement, ∏(1 − exclusion × share). Missing where one of the given shares is.
    """
    exclusion = DigitalExclusion() if exclusion is None else exclusion
    known = vars(exclusion)
    if not shares or set(shares) - set(known):
        raise PlanError(f"shares has {sorted(shares)}; expected one or more of {', '.join(known)}.")
    table = pd.DataFrame(dict(shares)).astype("float64")
    if ((table < 0) | (table > 1)).to_numpy().any():
        raise PlanError("a share of people lies outside 0 to 1; divide per cent by 100.")
    able = np.prod([1 - known[name] * table[name].to_numpy() for name in shares], axis=0)
    return pd.Series(able, index=table.index.rename("area_code"), name="share_able_to_use").sort_index()


def remote_access(
    services: Table, demand: AreaValues, able: AreaValues, *, members: Table | None = None,
    assumptions: SupplyAssumptions | None = None, channels: Collection[str] = _REMOTE,
) -> AreaValues:  # fmt: skip
    """Advice hours a week a person in need by phone and online, shared by everybody in the served area who can use it.

    m × Σ hours ÷ Σ demand × m over the area that a service serves, m the share able to use it (METHODS §7). No travel.

    Parameters
    ----------
    services
        ``site_id``, ``channel``, ``assistance``, ``served_areas`` (``england``, or codes with ``;`` between them), and
        hours as for :func:`supply`. General advice only.
    demand, able
        People in need, and the share of them who can use the channel, by area. An area that misses either takes no
        part and its result is missing; one that nobody serves gets 0.
    members
        ``area_code`` and ``served_code``: which areas belong to the codes that services name. Areas are their own.
    """
    assumptions = SupplyAssumptions() if assumptions is None else assumptions
    _require(services, ("site_id", "channel", "assistance", "served_areas"))
    chosen = services[(services["assistance"] == _GENERAL) & services["channel"].isin(list(channels))]
    hours = _hours(_one_row_each(chosen, "served_areas"), assumptions)
    able = able.reindex(demand.index)
    users = (demand * able).to_numpy(dtype=np.float64)
    known = ~np.isnan(users)
    total = np.zeros(len(demand))
    for served_areas, of_these in hours.groupby("served_areas"):
        served = known & _served(str(served_areas), demand.index, members)
        people = users[served].sum()
        if people > 0:
            total[served] += of_these["hours"].sum() / people
    values = np.where(known, able.to_numpy(dtype=np.float64) * total, np.nan)
    return pd.Series(values, index=demand.index, name="remote_access")


def with_and_without_remote(
    in_person: AreaValues,
    remote: Mapping[str, AreaValues],
    *,
    counts_as: Mapping[str, float] | None = None,
) -> Table:
    """Access in the headline, and with every remote hour counted as one in person, side by side.

    ``in_person`` is access by travel, in hours a person; ``remote`` has the same for ``phone`` and ``online``.
    ``counts_as`` says how much of an hour in person a remote one replaces in the headline, 0 to 1; 0 unless given.
    Columns ``headline`` and ``with_remote``. Missing where a part that counts is missing.
    """
    counts_as = dict.fromkeys(remote, 0.0) if counts_as is None else counts_as
    if set(counts_as) - set(remote) or not all(0 <= one <= 1 for one in counts_as.values()):
        raise PlanError(f"counts_as is {dict(counts_as)}; expected shares from 0 to 1 for {', '.join(remote)}.")
    headline, everything = in_person.copy(), in_person.copy()
    for channel, values in remote.items():
        aligned = values.reindex(in_person.index)
        if counts_as.get(channel, 0.0) > 0:
            headline = headline + counts_as[channel] * aligned
        everything = everything + aligned
    return pd.DataFrame({"headline": headline, "with_remote": everything})


def _served(served_areas: str, areas: pd.Index[str], members: Table | None) -> NDArray[np.bool_]:
    """Which areas a service serves."""
    if served_areas.strip().casefold() == EVERYWHERE:
        return np.ones(len(areas), dtype=np.bool_)
    codes = {code.strip() for code in served_areas.split(";")} - {""}
    found = codes & set(areas)
    served: NDArray[np.bool_] = np.asarray(areas.isin(list(codes)), dtype=np.bool_)
    if members is not None:
        of_these = members[members["served_code"].isin(list(codes))]
        found |= set(of_these["served_code"])
        served |= areas.isin(of_these["area_code"])
    if unknown := sorted(codes - found):
        raise GeographyError(
            f"served_areas has {', '.join(unknown[:5])}: no area is known to belong there. Expected england, or codes "
            f"of areas or of what `members` lists; check their vintage."
        )
    return served


# hours ----------------------------------------------------------------------------------------------------------------


def _by_site(services: Table, assumptions: SupplyAssumptions) -> Supply:
    rows = _hours(services, assumptions)
    medians = rows[~rows["assumed"]].groupby("channel")["hours"].agg(["median", "size"])
    usual = rows["channel"].map(medians["median"].where(medians["size"] >= _ENOUGH_KNOWN))
    rows["low"] = rows["hours"].where(~rows["assumed"], 0.0)
    rows["high"] = rows["hours"].where(~rows["assumed"], np.fmax(rows["hours"], usual))
    sites = rows.groupby("site_id")
    total = sites[["hours", "low", "high"]].sum()
    assumed = int(rows["assumed"].sum())
    known = f"{len(rows) - assumed:,} of {len(rows):,} services say their hours; those of {assumed:,} are assumed."
    words = (known, *assumptions.words())
    return Supply(total["hours"], total["low"], total["high"], sites["assumed"].any(), words)


def _hours(services: Table, assumptions: SupplyAssumptions) -> Table:
    """The services with ``hours`` and ``assumed``: hours as listed, else sessions times length, else as assumed."""
    rows = services.reset_index(drop=True)
    listed = _column(rows, "hours_per_week")
    sessions, length = _column(rows, "sessions_per_month"), _column(rows, "hours_per_session")
    in_sessions = sessions * length.fillna(assumptions.session_hours) * _WEEKS_A_MONTH
    assumed_hours = rows["channel"].map({one: assumptions.of_channel(one) for one in (*_TRAVELLED, *_REMOTE)})
    if "kind" in rows and assumptions.by_kind:
        assumed_hours = rows["kind"].map(dict(assumptions.by_kind)).fillna(assumed_hours)
    rows["hours"] = listed.fillna(in_sessions).fillna(assumed_hours).astype("float64")
    rows["assumed"] = listed.isna() & (sessions.isna() | (length.isna() & (sessions > 0)))
    wrong = rows[~rows["hours"].between(0, _MOST_HOURS)]
    if len(wrong):
        first = wrong.iloc[0]
        raise PlanError(
            f"{len(wrong)} services have hours below 0 or above {_MOST_HOURS:,.0f} a week, such as {first['site_id']}: "
            f"{first['hours']:g}. Is it a yearly figure?"
        )
    return rows


def _column(rows: Table, name: str) -> pd.Series[float]:
    if name in rows:
        return rows[name].astype("float64")
    return pd.Series(np.nan, index=rows.index)


def _one_row_each(services: Table, *more: str) -> Table:
    """One row a site and channel: rows of several topics hold the same hours once."""
    said = ["hours_per_week", "sessions_per_month", "hours_per_session", "kind"]
    columns = ["site_id", "channel", *more, *(name for name in said if name in services)]
    rows = services[columns].drop_duplicates()
    repeated = rows[rows.duplicated(["site_id", "channel"], keep=False)]
    if len(repeated):
        site, channel = repeated.iloc[0][["site_id", "channel"]]
        raise PlanError(
            f"The site {site} has several rows for {channel} that do not say the same. Hours belong to a site and "
            f"channel: expected one row, or the same hours on each."
        )
    return rows.sort_values(["site_id", "channel"], ignore_index=True)


def _require(services: Table, columns: tuple[str, ...]) -> None:
    if absent := [name for name in columns if name not in services]:
        found = ", ".join(map(str, services.columns)) or "(none)"
        raise SchemaError(f"services: no column {', '.join(absent)}; found {found}.")
