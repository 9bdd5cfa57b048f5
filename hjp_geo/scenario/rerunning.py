"""Making a scenario again from its journal, choice by choice, and saying whether the same comes out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from hjp_geo.areas import Table
from hjp_geo.evidence import Evidence
from hjp_geo.scenario.figures import Figures, figures_of, figures_side_by_side
from hjp_geo.scenario.model import Scenario, replay

__all__ = ["Rerun", "figures_now", "rerun"]


@dataclass(frozen=True, eq=False)
class Rerun:
    """What the choices of a journal lead to, on the data that are loaded now."""

    scenario: Scenario
    """The scenario made again, on the data here and with what it comes to."""
    choices: int
    """How many choices were made again."""
    state: tuple[str, ...]
    """Where what came out is not what was saved, in words; empty where it is the same."""
    warnings: tuple[str, ...]
    """What differs between the data and version it was made with and those here."""
    figures: Table
    """As `figures_side_by_side`: then is what was kept with it, now is what came out."""
    kept: bool
    """Whether figures were kept with it: without them nobody can say whether they differ."""

    @property
    def is_same(self) -> bool:
        """Whether the same sketches and settings, and the same kept figures, came out."""
        return not self.state and (not self.kept or bool(self.figures["same"].all()))

    def sentence(self) -> str:
        """The finding in words."""
        made = f"{self.choices:,} choices were made again. "
        state = "The same sketches and settings came out. " if not self.state else "Something else came out. "
        if not self.kept:
            return made + state + "No figures were kept with it, so there is nothing to hold these against."
        changed = int((~self.figures["same"]).sum())
        if changed:
            return made + state + f"{changed} of {len(self.figures)} figures differ from those kept with it."
        return made + state + "All figures are those kept with it."


def rerun(scenario: Scenario, evidence: Evidence) -> Rerun:
    """The journal of a scenario made again and worked out; `PlanError` where its entries do not fit."""
    made = replace(replay(scenario.journal), version=scenario.version)
    now = figures_now(made, evidence)
    return Rerun(
        scenario=made.made_with(evidence).with_figures(now),
        choices=len(scenario.journal),
        state=tuple(_unlike(scenario, made)),
        warnings=scenario.differences(evidence),
        figures=figures_side_by_side(scenario.figures, now),
        kept=bool(scenario.figures),
    )


def figures_now(scenario: Scenario, evidence: Evidence) -> Figures:
    """The figures of a scenario on the data loaded now; none where it has no sketch."""
    return figures_of(scenario.assess(evidence)) if scenario.features else {}


def _unlike(saved: Scenario, made: Scenario) -> Iterator[str]:
    then, now = saved.plan.to_dict(), made.plan.to_dict()
    for name in then:
        if then[name] != now[name]:
            yield f"Question, {name}: {then[name]} saved, {now[name]} by the journal."
    if saved.rule != made.rule:
        yield f"Rule of areas: {saved.rule} saved, {made.rule} by the journal."
    if saved.closed != made.closed:
        yield "The closed sites are not those saved."
    if _spans(saved) != _spans(made):
        yield "The assumptions are not those saved."
    one, other = ({str(f["properties"]["id"]): f for f in each.features} for each in (saved, made))
    for key in [*one, *(key for key in other if key not in one)]:
        if one.get(key) != other.get(key):
            name = (one.get(key) or other[key])["properties"].get("name", key)
            what = "is not in the journal" if key not in other else "is only in the journal" if key not in one else ""
            yield f"Sketch “{name}” {what or 'is not the one saved'}."


def _spans(scenario: Scenario) -> dict[str, tuple[float, ...]]:
    return {name: tuple(one.span) for name, one in scenario.assumptions.items()}
