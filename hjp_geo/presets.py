"""Target populations as questions that a reader recognises: each fills a plan, and everything it fills can be edited.

A preset is a starting point and a record of what open data can and cannot say about a population. It names layers; one
that the warehouse does not hold is left out, and said so. Weights are ours unless a source is named.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from hjp_geo.errors import PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.plan import TOPICS, Plan

__all__ = ["PRESETS", "Preset", "preset", "preset_caveats", "presets_page"]

_ECOLOGICAL = (
    "Areas, not people: an area that is high on every layer need not hold anybody who is in all of them (ecological "
    "fallacy)."
)
_REGISTERS = "Registers are recorded diagnoses, modelled from practices to areas: who is not diagnosed is not counted."
_OLD = "Most conditions rise with age, so an old area scores high however well off it is."


@dataclass(frozen=True)
class Preset:
    """One target population: the question, the plan it fills, and what open data can and cannot say."""

    name: str
    label: str
    question: str
    """In the words of somebody who plans a service."""
    weights: Mapping[str, float]
    """Need layer → weight; only proportions matter. A layer may be one that no source gives yet: see `absent`."""
    demand: str
    """The people layer that "people in need" counts."""
    topics: tuple[str, ...]
    """Advice topics to look at first; the plan's own topic is kept."""
    can_say: str
    cannot_say: str
    caveats: tuple[str, ...]
    absent: Mapping[str, str] = field(default_factory=dict)
    """What belongs to the question and is not among the layers of this version → why, and where it would come from."""

    def plan(self, evidence: Evidence, base: Plan) -> Plan:
        """The base plan with this preset's weights and demand, as far as the warehouse holds the layers.

        Everything else is the base's own. `PlanError` where not one of the layers is loaded.
        """
        loaded = {name: weight for name, weight in self.weights.items() if name in evidence.layer_names("need")}
        if not loaded:
            wanted = ", ".join(self.weights)
            raise PlanError(f"Preset {self.name} needs one of {wanted}, and this warehouse holds none of them.")
        demand = self.demand if self.demand in evidence.layer_names("people") else base.demand
        return replace(base, weights=loaded, demand=demand, preset=self.name)

    def missing(self, evidence: Evidence) -> list[str]:
        """What the question needs and this warehouse does not hold, one line each."""
        lines = [f"{_spoken(name)}: {why}" for name, why in self.absent.items() if name not in evidence.layers.index]
        wanted = [*self.weights, self.demand]
        lines += [
            f"{_spoken(name)}: not in this warehouse; fetch all sources (hjp-geo fetch) and build it again."
            for name in dict.fromkeys(wanted)
            if name not in evidence.layers.index and name not in self.absent
        ]
        return lines

    def is_edited(self, evidence: Evidence, plan: Plan) -> bool:
        """Whether the weights, in proportion, or the people of a plan are no longer those of the preset."""
        filled = self.plan(evidence, plan)
        return _shares(filled.weights) != _shares(plan.weights) or filled.demand != plan.demand


def _spoken(name: str) -> str:
    return name.replace("_", " ")


def _shares(weights: Mapping[str, float]) -> dict[str, float]:
    total = sum(weights.values())
    return {name: round(weight / total, 9) for name, weight in weights.items() if weight > 0}


def preset(name: str) -> Preset:
    """The preset of this name; `PlanError` lists those there are."""
    if name not in PRESETS:
        raise PlanError(f"No preset '{name}'. There are {', '.join(PRESETS)}.")
    return PRESETS[name]


def preset_caveats(plan: Plan, evidence: Evidence) -> list[str]:
    """What a reader must be told where a plan began with a preset: which one, whether edited, and its limits."""
    if plan.preset is None:
        return []
    if plan.preset not in PRESETS:
        return [f"Target population: “{plan.preset}”, which this version does not know; the weights stand as given."]
    one = PRESETS[plan.preset]
    edited = ", edited since" if one.is_edited(evidence, plan) else ""
    return [
        f"Target population: {one.label} (preset {one.name}{edited}).",
        f"Open data cannot say: {one.cannot_say}",
        *one.caveats,
        *(f"Missing from this question: {line}" for line in one.missing(evidence)),
    ]


PRESETS: Mapping[str, Preset] = {
    one.name: one
    for one in (
        Preset(
            name="cancer_and_hardship",
            label="Cancer and hardship",
            question="Where do many people live with cancer, and many on a low income, out of reach of advice?",
            weights={"income_deprivation": 1, "cancer_prevalence": 1},
            demand="people_with_cancer",
            topics=("welfare_benefits", "debt", "housing"),
            can_say="Areas where both the share of residents on a low income and the share of patients ever diagnosed "
            "with cancer are high, and about how many people are on the registers there.",
            cannot_say="Whether the people with cancer are those on a low income, or who is in treatment now.",
            caveats=(
                _ECOLOGICAL,
                _REGISTERS,
                "The register holds everybody diagnosed since April 2003 who is alive, the long recovered too.",
                f"{_OLD} Low income and cancer often pull in opposite directions: look at the overlap map as well.",
            ),
        ),
        Preset(
            name="pregnancy_and_new_parents",
            label="Pregnancy and new parents",
            question="Where do families with young children on a low income live, out of reach of advice?",
            weights={
                "children_income_deprivation_rank": 2,
                "education_deprivation": 1,
                "housing_and_services_barriers": 1,
            },
            demand="people_aged_0_15",
            topics=("welfare_benefits", "housing", "employment", "debt"),
            can_say="Areas where a high share of children live in families on a low income.",
            cannot_say="Where pregnant women and parents of babies live: children here are all those up to 15.",
            caveats=(
                _ECOLOGICAL,
                "Families with a first child on the way have no child yet, and are in no count of children.",
            ),
            absent={
                "births": "no source file here reads births or maternity bookings for areas as small as these.",
                "perinatal_mental_health": "not published for small areas; the depression register is of all adults.",
            },
        ),
        Preset(
            name="severe_mental_illness_and_depression",
            label="Severe mental illness and depression",
            question="Where do many people with mental ill health live on a low income, out of reach of advice?",
            weights={"severe_mental_illness_prevalence": 2, "depression_prevalence": 1, "income_deprivation": 1},
            demand="people_with_severe_mental_illness",
            topics=("welfare_benefits", "housing", "debt", "community_care"),
            can_say="Areas with high shares of patients on the registers of severe mental illness and of depression.",
            cannot_say="How ill people are, who is in hospital, and who has never been diagnosed.",
            caveats=(
                _ECOLOGICAL,
                f"{_REGISTERS} For depression, practices record very differently.",
                (
                    "People with severe mental illness often live near hospitals and supported housing: one house can "
                    "raise a whole area."
                ),
            ),
        ),
        Preset(
            name="long_term_conditions_working_age",
            label="Long-term conditions of working age",
            question="Where is ill health keeping people of working age out of work, out of reach of advice?",
            weights={
                "employment_deprivation": 2,
                "depression_prevalence": 1,
                "diabetes_prevalence": 1,
                "epilepsy_prevalence": 1,
                "rheumatoid_arthritis_prevalence": 1,
            },
            demand="people_in_employment_deprivation",
            topics=("employment", "welfare_benefits", "debt"),
            can_say="Areas where many people of 18 to 66 are shut out of work, and conditions common at that age are "
            "often recorded.",
            cannot_say="Which of the people on a register are of working age, and who is out of work because of it.",
            caveats=(
                _ECOLOGICAL,
                _REGISTERS,
                f"The registers count adults of any age. {_OLD}",
                "Employment deprivation counts people on sickness benefits too, so it overlaps with the conditions.",
            ),
            absent={
                "musculoskeletal_pain": "back pain and arthritis other than rheumatoid have no register in QOF.",
            },
        ),
        Preset(
            name="older_people_low_income",
            label="Older people on low income",
            question="Where do older people on a low income live with frailty, out of reach of advice?",
            weights={
                "older_people_income_deprivation_rank": 2,
                "dementia_prevalence": 1,
                "heart_failure_prevalence": 1,
                "stroke_and_tia_prevalence": 1,
            },
            demand="people_aged_60_over",
            topics=("welfare_benefits", "community_care", "housing"),
            can_say="Areas where a high share of people of 60 and over are on a low income, and conditions of old age "
            "are often recorded.",
            cannot_say="Who lives alone, who cares for whom, and who is entitled to benefits and does not claim.",
            caveats=(
                _ECOLOGICAL,
                _REGISTERS,
                "The income index counts those who claim pension credit: where few claim, it understates the need.",
                "The income index is a share of older people, the registers are shares of all patients.",
                "Care homes raise the recorded prevalence of dementia of a whole area.",
            ),
            absent={"unpaid_carers": "Census 2021 counts them by area; no source file here reads it yet."},
        ),
        Preset(
            name="respiratory_cold_homes",
            label="Respiratory illness in cold homes",
            question="Where do people with lung disease live in homes they cannot keep warm, out of reach of advice?",
            weights={
                "copd_prevalence": 2,
                "asthma_prevalence": 1,
                "fuel_poverty": 2,
                "living_environment": 1,
            },
            demand="people_with_copd",
            topics=("housing", "debt", "welfare_benefits"),
            can_say="Areas where lung disease is often recorded and the local environment, homes in poor condition "
            "above all, is poor.",
            cannot_say="Whether the people with lung disease live in the poor homes, or rent or own them.",
            caveats=(
                _ECOLOGICAL,
                _REGISTERS,
                (
                    "The living environment index also holds air quality and road accidents: without fuel poverty "
                    "it is a weak picture of cold homes."
                ),
            ),
        ),
        Preset(
            name="frequent_attenders_homelessness",
            label="Frequent attenders and homelessness",
            question="Where might people live whose illness and housing bring them to hospital again and again?",
            weights={
                "severe_mental_illness_prevalence": 2,
                "income_deprivation": 1,
                "housing_and_services_barriers": 1,
                "health_deprivation": 1,
                "crime": 1,
            },
            demand="people_in_income_deprivation",
            topics=("housing", "welfare_benefits", "community_care", "immigration"),
            can_say="Areas where severe mental illness, low income, poor health, barriers to housing and crime meet.",
            cannot_say="Where people without a home are, or who attends often: open data do not hold either by area. "
            "Treat the map as background, and ask the hospital and the district's housing team.",
            caveats=(
                _ECOLOGICAL,
                "People without an address are in hardly any count by area; those in hostels count where it stands.",
                "Barriers to housing and services also measure distance to services, so remote villages score high.",
            ),
            absent={
                "homelessness": "statutory homelessness is published for districts only (H-CLIC).",
                "hospital_attendance": "attendances are published for hospitals, not by where people live.",
                "substance_dependence": "estimates are published for districts only.",
            },
        ),
        Preset(
            name="core20plus5",
            label="Core20PLUS5 (adults)",
            question="Where are the most deprived fifth of England and the five clinical areas of NHS England's "
            "Core20PLUS5, out of reach of advice?",
            weights={
                "multiple_deprivation": 4,
                "severe_mental_illness_prevalence": 1,
                "copd_prevalence": 1,
                "cancer_prevalence": 1,
                "hypertension_prevalence": 1,
            },
            demand="people_in_income_deprivation",
            topics=("welfare_benefits", "housing", "debt"),
            can_say="Areas that are deprived and where four of the five clinical areas are often recorded. Core20 "
            "itself is exact: national deciles 1 and 2 of the layer “Multiple deprivation, national decile”.",
            cannot_say="Anything of the PLUS groups, which each system chooses for itself and no area data count.",
            caveats=(
                _ECOLOGICAL,
                _REGISTERS,
                (
                    "Two of the five are about finding people: early diagnosis of cancer and high blood pressure not "
                    "yet found. Registers count those found already, so a low figure may be the greater need."
                ),
                "The Index of Multiple Deprivation already holds health: the conditions count part of it again.",
                "Chronic respiratory disease is the register of COPD here; NHS England looks at vaccination in it.",
            ),
            absent={
                "maternity": "continuity of midwifery care is published for trusts, not by area.",
                "cancer_stage_at_diagnosis": "early diagnosis is published for sub-ICB locations, not by area.",
            },
        ),
        Preset(
            name="general_need",
            label="General need for social welfare advice",
            question="Where is deprivation greatest, and advice out of reach?",
            weights={"multiple_deprivation": 1},
            demand="people_in_income_deprivation",
            topics=tuple(TOPICS)[:4],
            can_say="The order of areas by the official Index of Multiple Deprivation 2025, unchanged.",
            cannot_say="How many people have a legal problem: deprivation stands in for it.",
            caveats=(
                (
                    "A measure of areas, and relative: not everyone in a deprived area is deprived, and many deprived "
                    "people live elsewhere."
                ),
            ),
        ),
    )
}
"""The target populations, by name."""


def presets_page(labels: Mapping[str, str]) -> str:
    """The reference page of the presets in Markdown; ``labels`` gives what each layer is called."""
    parts = [_INTRODUCTION, *(_section(one, labels) for one in PRESETS.values())]
    return "\n\n".join(parts) + "\n"


_INTRODUCTION = """# Target populations

<!-- Written by `hjp-geo presets --markdown`; edit hjp_geo/presets.py instead. -->

A preset fills a plan: the layers of the need index with their weights, and the people that "people in need" counts.
Choose one at the top of the panel in the app, or with `hjp-geo score --preset NAME`. Everything it fills can be
edited; the plan keeps its name for the record, and every export says so. A layer that is not loaded is left out, and
the answer says so. Weights are ours, and a matter of judgement: see how much they decide with “How sure is this?” or
`--uncertainty`."""


def _section(one: Preset, labels: Mapping[str, str]) -> str:
    total = sum(one.weights.values())
    weights = [
        f"| {labels.get(name, f'{name} (not loaded)')} | `{name}` | {weight:g} | {100 * weight / total:.0f} % |"
        for name, weight in one.weights.items()
    ]
    topics = ", ".join(TOPICS[topic].lower() for topic in one.topics)
    lines = [
        f"## {one.label}",
        "",
        f"`{one.name}`: {one.question}",
        "",
        "| layer | name | weight | share |",
        "| --- | --- | --- | --- |",
        *weights,
        "",
        f"* **People in need**: {labels.get(one.demand, one.demand)} (`{one.demand}`).",
        f"* **Topics to look at first**: {topics}.",
        f"* **Open data can say**: {one.can_say}",
        f"* **Open data cannot say**: {one.cannot_say}",
        *(f"* **Missing**: {_spoken(name)}: {why}" for name, why in one.absent.items()),
        *(f"* {caveat}" for caveat in one.caveats),
    ]
    return "\n".join(lines)
