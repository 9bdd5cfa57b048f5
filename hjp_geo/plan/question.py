"""A plan: one question, small and frozen, that can be written into a URL or a file and asked again."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, TypeAlias, get_args

from hjp_geo.access import (
    MEASURES,
    Binary,
    ContinuousGaussian,
    Decay,
    Exponential,
    Linear,
    Logistic,
    Step,
)
from hjp_geo.composite import AGGREGATIONS, NORMALISATIONS, Recipe
from hjp_geo.desert import DESERT_RULES, OwnRule
from hjp_geo.errors import PlanError
from hjp_geo.evidence import ENGLAND

__all__ = ["CHANNELS", "DECAYS", "MOST_KM", "MOST_MINUTES", "PER_PEOPLE", "TOPICS", "Plan"]

Topic: TypeAlias = Literal[
    "welfare_benefits", "debt", "housing", "employment", "education", "community_care", "immigration"
]
TOPICS: dict[str, str] = {
    "welfare_benefits": "Welfare benefits",
    "debt": "Debt",
    "housing": "Housing",
    "employment": "Employment",
    "education": "Education",
    "community_care": "Community care",
    "immigration": "Immigration",
}
"""The seven areas of social welfare law."""

CHANNELS = ("in_person", "outreach", "phone", "online")
"""How advice is given: two that people travel to, two that they do not."""

Assistance: TypeAlias = Literal["general_advice", "specialist_legal_aid"]
Counting: TypeAlias = Literal["listed", "listed_and_assumed"]
Frame: TypeAlias = Literal["england", "place"]
LeftOutOrCounted: TypeAlias = Literal["leave_out", "count"]
SupplyUnit: TypeAlias = Literal["sites", "hours"]

PER_PEOPLE = 100_000
"""Access is shown as sites for so many people in need."""
MOST_KM = 50.0
MOST_MINUTES = 120.0
_MOST_HOURS = 2_000.0
_BANDS = ((1 / 3, 1.0), (2 / 3, 0.68), (1.0, 0.22))
"""Share of the cutoff → weight: the step weights of Luo and Qi (2009) on thirds of the distance (ours)."""

DECAYS: dict[str, tuple[str, Callable[[float], Decay]]] = {
    "step": ("Three bands, each a third of the way", lambda end: Step({share * end: w for share, w in _BANDS})),
    "binary": ("Everything within the cutoff counts alike", Binary),
    "gaussian": ("A bell that reaches nothing at the cutoff", ContinuousGaussian),
    "linear": ("Evenly down to nothing at the cutoff", Linear),
    "exponential": ("Halves with every third of the way", lambda end: Exponential(end / 3, end)),
    "logistic": ("Slow, then fast around half way, then slow", lambda end: Logistic(end / 2, end / 6, end)),
}
"""How a site counts for less further away, by name: what it does in words, and the decay for a cutoff."""


@dataclass(frozen=True)
class Plan:
    """One question. Every setting has a default; each is checked when the plan is made (`PlanError`)."""

    place: str = ENGLAND
    """Code or name of an ICB, sub-ICB or district, or ``england``."""
    weights: Mapping[str, float] = field(default_factory=lambda: {"income_deprivation": 1.0})
    """Need layer → weight, 0 or more; only their proportions matter."""
    topic: Topic = "debt"
    """Which of the seven areas of social welfare law."""
    assistance: Assistance = "general_advice"
    """General advice, or specialist legal aid: one never stands in for the other."""
    counting: Counting = "listed"
    """Only what the lists say, or also that Citizens Advice offices give general advice on benefits, housing, work.
    Rows that users bring themselves always count."""
    outreach: LeftOutOrCounted = "leave_out"
    """Whether home-visit service areas of the open list count as places one can reach."""
    remote: LeftOutOrCounted = "leave_out"
    """Whether phone and online advice counts in the headline; the other headline is always worked out too."""
    remote_worth: float = 1.0
    """How far a remote hour replaces one in person where remote advice is counted, 0 to 1."""
    supply: SupplyUnit = "sites"
    """What supply is counted in: sites, one each, or hours of advice a week."""
    assumed_hours: float = 30.0
    """Hours of advice a week taken for an office whose hours nobody recorded: one adviser while it is open."""
    assumed_outreach_hours: float = 1.5
    """The same for an outreach point: a session of three hours every other week."""
    demand: str = "people_in_income_deprivation"
    """The people layer that shares the sites, and that "people in need" counts."""
    measure: str = "enhanced_floating_catchment_area"
    """Which measure of access."""
    decay: str = "step"
    """How a site counts for less further away."""
    cutoff_km: float = 10.0
    """How far a site reaches, in a straight line, inclusive."""
    journeys: str = "straight_line"
    """How people get there: a straight line in km; ``walk`` or ``drive`` minutes, estimated; or the name of kept
    journeys."""
    cutoff_minutes: float = 30.0
    """How far a site reaches where journeys are in minutes, inclusive."""
    desert: str = "need_and_access_quintile"
    """Which desert rule."""
    worst_share: float = 0.2
    """Which share of areas is the worst of need and of access, for the rule of both."""
    bottom_share: float = 0.1
    """Which share of districts is the bottom for supply, for the rules of districts."""
    significance: float = 0.05
    """Which share of the clusters found may be false, for the rule of clusters."""
    own_rule: str | None = None
    """The reader's own rule, for the desert rule ``own_rule``: comparisons of named parts."""
    frame: Frame = "england"
    """Whether worst fifths are of all areas of the warehouse, or of the place's own."""
    normalisation: str = "imd_exponential"
    """How each need layer is put on a common scale."""
    aggregate: str = "arithmetic"
    """How the layers are added up: how far a good one makes up for a bad one."""
    preset: str | None = None
    """The target-population preset that the plan began with, for the record; the weights may have been edited since."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", dict(sorted((str(k), float(v)) for k, v in dict(self.weights).items())))
        for name in _RANGES:
            object.__setattr__(self, name, float(getattr(self, name)))
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                raise PlanError(f"{name} is '{getattr(self, name)}', expected one of {', '.join(allowed)}.")
        _check_weights(self.weights)
        _check_ranges(self)
        if self.preset is not None and not _PRESET.fullmatch(self.preset):
            raise PlanError(f"preset is '{self.preset[:60]}', expected a name of small letters, digits and _.")
        if not _JOURNEYS.fullmatch(self.journeys):
            raise PlanError(f"journeys is '{self.journeys[:60]}', expected straight_line, walk, drive, or a name kept.")
        _check_own_rule(self)
        _ = self.recipe

    @property
    def recipe(self) -> Recipe:
        """How the layers become a score."""
        return Recipe(self.normalisation, self.aggregate)

    @property
    def cost_unit(self) -> Literal["km", "minutes"]:
        """The unit of every distance of this plan."""
        return "km" if self.journeys == "straight_line" else "minutes"

    @property
    def cutoff(self) -> float:
        """How far a site reaches, inclusive, in `cost_unit`."""
        return self.cutoff_km if self.cost_unit == "km" else self.cutoff_minutes

    @property
    def channels(self) -> tuple[str, ...]:
        """Which channels the headline counts: what people travel to, and phone and online if they are counted."""
        return CHANNELS if self.remote == "count" else CHANNELS[:2]

    def __hash__(self) -> int:
        return hash(self.to_json())

    def to_dict(self) -> dict[str, Any]:
        """The plan as plain values, in a fixed order."""
        return asdict(self)

    def to_json(self) -> str:
        """The plan on one line of JSON: equal plans give equal lines."""
        return json.dumps(self.to_dict(), sort_keys=True)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Plan:
        """A plan from plain values; `PlanError` names a setting that does not exist."""
        known = {one.name for one in fields(cls)}
        if strangers := sorted(set(values) - known):
            raise PlanError(f"A plan has no setting {', '.join(strangers)}; there are {', '.join(sorted(known))}.")
        return cls(**values)


def _check_weights(weights: Mapping[str, float]) -> None:
    for name, weight in weights.items():
        if not math.isfinite(weight) or weight < 0:
            raise PlanError(f"The weight of {name} is {weight:g}, expected a number of 0 or more.")
    if not any(weights.values()):
        raise PlanError("Every weight is 0: give at least one need layer a weight above 0.")


def _check_ranges(plan: Plan) -> None:
    for name, (low, high) in _RANGES.items():
        value = getattr(plan, name)
        if not (low < value <= high or (name == "remote_worth" and value == low)):
            raise PlanError(f"{name} is {value:g}, expected more than {low:g} and at most {high:g}.")


def _check_own_rule(plan: Plan) -> None:
    if plan.own_rule is not None:
        OwnRule.read(plan.own_rule)
    elif plan.desert == "own_rule":
        raise PlanError("The desert rule own_rule needs the setting own_rule, such as: need_fifth = 1 and nearest > 8.")


_RANGES: dict[str, tuple[float, float]] = {
    "cutoff_km": (0.0, MOST_KM),
    "cutoff_minutes": (0.0, MOST_MINUTES),
    "remote_worth": (0.0, 1.0),
    "assumed_hours": (0.0, _MOST_HOURS),
    "assumed_outreach_hours": (0.0, _MOST_HOURS),
    "worst_share": (0.0, 0.5),
    "bottom_share": (0.0, 0.5),
    "significance": (0.0, 0.5),
}
"""Settings that are numbers: more than the first, at most the second."""

_CHOICES: dict[str, tuple[str, ...]] = {
    "topic": get_args(Topic),
    "assistance": get_args(Assistance),
    "counting": get_args(Counting),
    "outreach": get_args(LeftOutOrCounted),
    "remote": get_args(LeftOutOrCounted),
    "supply": get_args(SupplyUnit),
    "measure": tuple(MEASURES),
    "decay": tuple(DECAYS),
    "desert": tuple(DESERT_RULES),
    "frame": get_args(Frame),
    "normalisation": tuple(NORMALISATIONS),
    "aggregate": tuple(AGGREGATIONS),
}
_JOURNEYS = re.compile(r"[A-Za-z0-9_.-]{1,80}")
_PRESET = re.compile(r"[a-z0-9_]{1,60}")
