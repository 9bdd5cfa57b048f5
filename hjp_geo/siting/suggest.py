"""Where new advice sites would do most in a place: `locate` asked over the evidence, told in a board's words.

A `Search` says what is wanted and what there is to choose from. `suggest` answers with sites that exist, as candidates
ready for `assess`, and with who would be reached, who not, and how sure it is that nothing better was missed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from hjp_geo.areas import Table
from hjp_geo.evidence import Evidence, Place
from hjp_geo.plan import Answer, Plan, answer
from hjp_geo.siting._asked import Asked
from hjp_geo.siting._board import Board, told
from hjp_geo.siting._gather import NEED_WEIGHTED
from hjp_geo.siting._outcome import Gained, Outcome, gained
from hjp_geo.siting._search import Search
from hjp_geo.siting.candidate import Candidate
from hjp_geo.siting.locate import LOCATE_OBJECTIVES, ObjectiveCard, Solution

__all__ = ["NEED_WEIGHTED", "Search", "Suggestion", "suggest"]


@dataclass(frozen=True, eq=False)
class Suggestion:
    """New sites for a place, whom they would reach, and how sure it is that no other choice does better."""

    plan: Plan
    search: Search
    place: Place
    cutoff_km: float
    solution: Solution
    """The answer of `locate`, today's sites among its sites where they are kept."""
    candidates: tuple[Candidate, ...]
    """The new sites as circles of the cutoff, ready for `assess`."""
    chosen: Table
    """The new sites, indexed by ``site_id``: site_name, easting, northing, and of the people whom the search serves
    ``people_nearest`` (within reach, and none is nearer) and ``people_newly_reached`` (those who had none in reach)."""
    reached: Gained
    """Who the new sites reach, wherever they live: the figures that `assess` gives for these candidates."""
    figures: Table
    """Who in the place is reached today and then, in all and by fifth of deprivation: see `Outcome`."""
    outcome: Outcome
    alternatives: Table
    """The near-equals: rank, site_ids, site_names, objective, worse_by (a share of the best objective)."""
    summary: str
    """Two sentences for a board."""
    card: ObjectiveCard
    """What the objective is for, and what it gives up."""
    notes: tuple[str, ...]
    attribution: tuple[str, ...]
    run: Mapping[str, Any]


def suggest(plan: Plan, evidence: Evidence, search: Search) -> Suggestion:
    """The new sites that do most for the people of a plan's place, with proof or with a limit on what better could be.

    Distances are straight lines from population-weighted centres. The people of the place decide; who is reached over
    its border is told by `Suggestion.reached`. Without a list of sites for the topic, today is not known and every
    figure that compares with it is missing.

    Raises PlanError where nothing keeps every condition (which areas, which condition), or a setting is out of range.
    """
    found = answer(plan, evidence)
    asked = Asked.of(plan, evidence, search, found)
    solution = asked.solved()
    new = [code for code in solution.sites if code in asked.gathered.sites.index]
    sites = asked.gathered.sites.loc[new]
    outcome = Outcome.of(asked.frame, asked.points, sites, solution, is_added=search.existing == "keep")
    chosen = outcome.by_site(sites)
    if asked.is_priced:
        chosen["cost"] = asked.site_costs(chosen.index)
    candidates = tuple(_candidate(row, asked.cutoff_km) for row in _records(chosen))
    alternatives = _alternatives(solution, asked.gathered.sites)
    return Suggestion(
        plan=plan,
        search=search,
        place=found.place,
        cutoff_km=asked.cutoff_km,
        solution=solution,
        candidates=candidates,
        chosen=chosen,
        reached=gained(candidates, plan, found, evidence),
        figures=outcome.figures,
        outcome=outcome,
        alternatives=alternatives,
        summary=told(_board(asked, solution, chosen, outcome)),
        card=LOCATE_OBJECTIVES[search.objective],
        notes=(*_warning(evidence), *_notes(asked, found), *asked.gathered.notes),
        attribution=tuple(dict.fromkeys((*found.attribution, *evidence.attribution(_used(asked))))),
        run={**found.run, "search": search.to_dict()},
    )


def _used(asked: Asked) -> list[str]:
    """The layers and tables that this search used beside the plan's."""
    need = [asked.search.need] if asked.search.need else []
    table = ["venues"] if asked.search.candidates in ("health_sites", "libraries") else []
    return [*need, *table, "multiple_deprivation_decile"]


def _records(chosen: Table) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in chosen.reset_index().to_dict("records")]


def _candidate(row: Mapping[str, Any], radius_km: float) -> Candidate:
    circle = Candidate.circle(float(row["easting"]), float(row["northing"]), radius_km, str(row["site_name"])[:120])
    return replace(circle, origin={"site_id": str(row["site_id"])})


def _alternatives(solution: Solution, sites: Table) -> Table:
    rows = [(1, solution.sites, solution.objective, 0.0)]
    rows += [(rank, one.sites, one.objective, one.worse_by) for rank, one in enumerate(solution.alternatives, 2)]
    table = pd.DataFrame(rows, columns=["rank", "site_ids", "objective", "worse_by"])
    new = [[code for code in codes if code in sites.index] for codes in table["site_ids"]]
    table["site_ids"] = [tuple(codes) for codes in new]
    table.insert(2, "site_names", [tuple(sites.loc[codes, "site_name"]) for codes in new])
    return table.set_index("rank")


def _board(asked: Asked, solution: Solution, chosen: Table, outcome: Outcome) -> Board:
    counted = outcome.areas[outcome.areas["people"] > 0]
    return Board(
        objective=asked.search.objective,
        names=tuple(chosen["site_name"]),
        candidates=f"{len(asked.gathered.sites):,} {asked.kinds}",
        people=asked.people_name,
        cutoff_km=asked.cutoff_km,
        gap=solution.gap,
        seconds=solution.seconds,
        figures=outcome.all,
        worst_km=(float(counted["km_today"].max()), float(counted["km_then"].max(skipna=False))),
        value=solution.objective,
        is_today_known=asked.is_today_known,
        cost=float(chosen["cost"].sum()) if asked.is_priced else None,
        out_of_reach=float(asked.people.loc[solution.unreachable].sum()),
        has_room_limits=asked.has_room_limits,
    )


def _warning(evidence: Evidence) -> list[str]:
    made_up = "MADE-UP DATA: an invented Integrated Care System. No figure here is about a real place."
    return [made_up] if evidence.made_up else []


def _notes(asked: Asked, found: Answer) -> list[str]:
    search, count = asked.search, len(asked.gathered.sites)
    lines = [
        f"Candidates: {count:,} {asked.kinds}. Whether one of them has a room to give is not published.",
        "Distances are straight lines from population-weighted centres; a river or a hill is not seen.",
        f"Fifths: {asked.fifths_are}.",
    ]
    if not found.known:
        lines.append("No loaded list says where such advice is given today: what is there already is not known.")
    elif search.existing == "ignore":
        lines.append("Today's sites were left out of account: the new ones may stand beside them.")
    elif asked.has_room_limits:
        lines.append("How many people today's sites have room for is not published: taken as enough for all near them.")
    if missing := int(asked.people.isna().sum()):
        lines.append(f"{missing:,} areas have no figure of the people to serve: they weigh nothing in the choice.")
    return lines
