"""The design card of a Health Justice Partnership: eight choices, and where the data speak gently against one.

Figures elsewhere do not change with the card. It is kept with the candidate and printed with it, so that a board sees
what kind of service a number is about.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from hjp_geo.errors import PlanError
from hjp_geo.plan import TOPICS, access_of

if TYPE_CHECKING:
    from hjp_geo.siting.delta import Catchment, Today

__all__ = ["DIMENSIONS", "DesignCard", "Dimension", "contradictions"]

UNKNOWN = "unknown"


@dataclass(frozen=True)
class Dimension:
    """One of the eight elements of a design: its code, what it is called, what may be chosen."""

    name: str
    label: str
    values: Mapping[str, str]
    """Code → words. ``unknown`` is always allowed."""
    several: str = ""
    """Not empty where more than one may be chosen: says what that means."""


def _dimension(name: str, label: str, codes: str, several: str = "") -> Dimension:
    values = {code: code.replace("_", " ").replace("gp ", "GP ").capitalize() for code in codes.split()}
    return Dimension(name, label, {**values, UNKNOWN: "Not decided"}, several)


_MANY = "Choose all that apply"
DIMENSIONS: Mapping[str, Dimension] = {
    one.name: one
    for one in (
        _dimension(
            "target_population",
            "Target population",
            "place condition low_income disabled older maternity mental_health homeless carers inclusion_group staff",
            _MANY,
        ),
        _dimension(
            "healthcare_setting",
            "Healthcare setting",
            "gp_practice primary_care_network acute_hospital specialist_hospital community_health "
            "mental_health_service maternity cancer_service hospice pharmacy other",
        ),
        Dimension("legal_issues", "Legal issues", {**TOPICS, UNKNOWN: "Not decided"}, _MANY),
        _dimension(
            "legal_assistance",
            "Nature of legal assistance",
            "advice advice_with_casework specialist_advice_and_representation",
        ),
        _dimension("delivery_mode", "Mode of delivery", "face_to_face remote hybrid"),
        _dimension(
            "linking_approach",
            "Approach to linking services",
            "multi_disciplinary_team co_location direct_referral navigation",
            _MANY,
        ),
        _dimension(
            "joint_working",
            "Nature of joint working",
            "close_collaboration regular_communication limited_contact",
        ),
        _dimension(
            "administrative_integration",
            "Administrative integration",
            "referral_systems appointment_booking shared_record_systems",
            _MANY,
        ),
    )
}
"""The eight elements of a Health Justice Partnership, in the order of the form."""


@dataclass(frozen=True)
class DesignCard:
    """What kind of partnership a candidate is. Nothing chosen means not decided; `PlanError` for an unknown code."""

    target_population: tuple[str, ...] = ()
    healthcare_setting: str = UNKNOWN
    legal_issues: tuple[str, ...] = ()
    legal_assistance: str = UNKNOWN
    delivery_mode: str = UNKNOWN
    linking_approach: tuple[str, ...] = ()
    joint_working: str = UNKNOWN
    administrative_integration: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for one in DIMENSIONS.values():
            chosen = getattr(self, one.name)
            several = (chosen,) if isinstance(chosen, str) else tuple(chosen)
            if strangers := [str(code)[:40] for code in several if code not in one.values]:
                raise PlanError(f"{one.label}: no choice '{strangers[0]}'. There are {', '.join(one.values)}.")
            object.__setattr__(self, one.name, tuple(sorted(set(several))) if one.several else several[0])

    @property
    def is_empty(self) -> bool:
        """Whether nothing has been chosen yet."""
        return self == DesignCard()

    def to_dict(self) -> dict[str, Any]:
        """What has been chosen, as plain values; empty where nothing has been."""
        empty = asdict(DesignCard())
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
            if value != empty[name]
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> DesignCard:
        """A card from plain values; `PlanError` for a dimension or a code that does not exist."""
        known = {one.name for one in fields(cls)}
        if strangers := sorted(str(name)[:40] for name in set(values) - known):
            raise PlanError(f"A design card has no '{strangers[0]}'; there are {', '.join(sorted(known))}.")
        checked = {name: _codes(name, value) for name, value in values.items()}
        return cls(**checked)

    def in_words(self) -> list[tuple[str, str]]:
        """Each element and what was chosen, in words."""
        return [(one.label, self._words(one)) for one in DIMENSIONS.values()]

    def _words(self, one: Dimension) -> str:
        chosen = getattr(self, one.name)
        codes = (chosen,) if isinstance(chosen, str) else chosen
        return "; ".join(one.values[code] for code in codes) or one.values[UNKNOWN]


def _codes(name: str, value: Any) -> Any:
    if DIMENSIONS[name].several:
        return (value,) if isinstance(value, str) else tuple(str(code) for code in value)
    if not isinstance(value, str):
        raise PlanError(f"{DIMENSIONS[name].label}: expected one code, such as {next(iter(DIMENSIONS[name].values))}.")
    return value


# where the data speak against a choice ------------------------------------------------------------------------------

_SMALL_KM = 5.0
_EXCLUSION = "digital_exclusion_risk"
"""The layer that estimates who cannot use telephone or internet, %."""


def contradictions(one: Catchment, now: Today) -> tuple[str, ...]:
    """What in the data speaks gently against the choices of a candidate's card. Empty where nothing does.

    What is not loaded is never held against a choice.
    """
    return (*_within_the_card(one), *_remote(one, now), *_the_building(one, now), *_legal_partners(one, now))


def _within_the_card(one: Catchment) -> Iterator[str]:
    card, offer = one.candidate.design, one.candidate.offer
    if "co_location" in card.linking_approach and card.delivery_mode == "remote":
        yield "Co-location is chosen, and delivery is remote: what would share the building?"
    if card.delivery_mode == "face_to_face" and offer.channel in ("phone", "online"):
        yield f"Delivery is face to face, and the offer is by {offer.channel}: one of the two may be meant otherwise."
    if card.legal_assistance == "advice" and offer.assistance == "specialist_legal_aid":
        yield "The card says advice only, and the offer is specialist legal aid."
    issues = {code for code in card.legal_issues if code in TOPICS}
    if offer.topics and issues and not issues & {*offer.topics}:
        yield "The legal issues of the card and the topics of the offer have nothing in common."
    if "condition" in card.target_population and card.healthcare_setting == "pharmacy":
        yield "Patients of one condition are hard to single out in a pharmacy: its lists hold no registers."


def _remote(one: Catchment, now: Today) -> Iterator[str]:
    """Remote only, where more people than elsewhere cannot use it: told only where a layer says so."""
    excluded = _excluded(now)
    remote = one.candidate.design.delivery_mode == "remote" or one.candidate.offer.channel in ("phone", "online")
    if excluded is None or not remote:
        return
    here, everywhere = (_mean(excluded[at], now.residents[at]) for at in (one.places, slice(None)))
    if here > everywhere:
        yield (
            f"Remote only: here {here:.0f} % of residents are estimated to be unable to use it, against "
            f"{everywhere:.0f} % in all areas loaded. Some of those who need it may be left out."
        )


def _excluded(now: Today) -> Any:
    """The percentage of residents who cannot use telephone or internet, by area; None where no layer says."""
    able = access_of(now.plan, now.evidence).able
    if able is not None:
        return 100 * (1 - able.to_numpy(dtype=np.float64))
    if _EXCLUSION in now.evidence.values:
        return now.evidence.values[_EXCLUSION].to_numpy(dtype=np.float64)
    return None


def _mean(values: Any, people: Any) -> float:
    known = np.isfinite(values) & np.isfinite(people)
    total = people[known].sum()
    return float((values[known] * people[known]).sum() / total) if total > 0 else float("nan")


def _the_building(one: Catchment, now: Today) -> Iterator[str]:
    card, candidate = one.candidate.design, one.candidate
    practices = candidate.holds(now.evidence.health_sites[["easting", "northing"]].to_numpy(dtype=np.float64))
    if not practices.any() and card.healthcare_setting in ("gp_practice", "primary_care_network"):
        yield "The setting is general practice, and no GP practice of the list stands inside."
    elif not practices.any() and "co_location" in card.linking_approach:
        yield "Co-location is chosen, and no health site of the lists stands inside: is there a building to share?"
    if card.healthcare_setting in ("acute_hospital", "specialist_hospital") and (candidate.radius_km or 99) < _SMALL_KM:
        yield (
            f"A hospital's patients come from further than {candidate.radius_km:g} km: the catchment is drawn as for "
            "one practice."
        )


def _legal_partners(one: Catchment, now: Today) -> Iterator[str]:
    """Whether the lists know anybody near who gives the advice that the card asks for."""
    card, services = one.candidate.design, now.evidence.services
    sites = now.evidence.sites[now.evidence.sites["grade"] != "X"]
    points = sites[["easting", "northing"]].to_numpy(dtype=np.float64)
    km = np.sqrt(((points - one.candidate.anchor) ** 2).sum(axis=1)) / 1000
    near = sites.index[one.candidate.holds(points) | (km <= now.plan.cutoff_km)]
    given = services[services["site_id"].isin(near)]
    issues = [code for code in card.legal_issues if code in TOPICS]
    for code in issues:
        if code not in set(given["topic"]) and code in set(services["topic"]):
            yield f"No list loaded knows a provider of {TOPICS[code].lower()} within {now.plan.cutoff_km:g} km."
    if card.legal_assistance == "specialist_advice_and_representation":
        specialist = given[given["assistance"] == "specialist_legal_aid"]
        if specialist[specialist["topic"].isin(issues or [now.plan.topic])].empty:
            yield (
                f"Specialist advice and representation is chosen, and no specialist provider of it is listed within "
                f"{now.plan.cutoff_km:g} km."
            )
