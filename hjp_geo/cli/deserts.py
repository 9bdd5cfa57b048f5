"""The command that puts deserts to the test: rules side by side, both counts, thresholds, list gaps, equity."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeAlias

import click
import pandas as pd

from hjp_geo.areas import Table
from hjp_geo.cli.questions import plan_from_options, plan_options, remote_sentence
from hjp_geo.cli.root import commands
from hjp_geo.desert import DESERT_RULES
from hjp_geo.equity import equity
from hjp_geo.errors import PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.export import caveats
from hjp_geo.gaps import AGREEMENTS, both_counts, law_society_table, list_or_service_gap, rules_table, sensitivity
from hjp_geo.plan import TOPICS, Answer, Plan, answer
from hjp_geo.uncertainty import CERTAINTY, Redraw, totals_by_certainty, with_flag_probability

__all__: list[str] = []

_Tables: TypeAlias = "dict[str, Table]"
_Shown: TypeAlias = "tuple[_Tables, list[str]]"


_CHOICES = (
    "reasons",
    "rules",
    "both-counts",
    "sensitivity",
    "list-gap",
    "law-society",
    "probability",
    "equity",
)


@commands.command(name="deserts")
@plan_options
@click.option("--table", "which", type=click.Choice(_CHOICES), help="What to show; a summary of all unless given.")
@click.option("--line", type=float, help="For equity: the access line, in the unit of access.")
@click.option("--draws", type=int, default=Redraw.draws, show_default=True, help="For probability: how many draws.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def deserts_command(
    cache: Path, /, which: str | None, line: float | None, draws: int, as_json: bool, **options: Any
) -> None:
    """Which deserts survive: other rules, counts, thresholds, gaps in the list, and how sure each flag is."""
    evidence = Evidence.load(cache)
    plan = plan_from_options(evidence, **options)
    found = answer(plan, evidence)
    asked = _Asked(evidence, found, line, draws)
    tables, notes = _SHOWN[which](asked) if which else _summary(asked)
    said = [*notes, *(f"Note: {text}" for text in caveats(found, evidence))]
    credits_ = [f"Credit: {text}" for text in found.attribution]
    if as_json:
        print(json.dumps(_values(found, tables, [*notes, *caveats(found, evidence)])))
    else:
        print("\n".join([_headline(found), *_lines(tables), *said, *credits_]))


class _Asked:
    """What the tables are made from."""

    def __init__(self, evidence: Evidence, found: Answer, line: float | None, draws: int) -> None:
        self.evidence, self.found, self.line, self.draws = evidence, found, line, draws

    @property
    def plan(self) -> Plan:
        """The plan that was asked."""
        return self.found.plan


def _headline(found: Answer) -> str:
    totals, topic = found.totals, TOPICS[found.plan.topic].lower()
    if not found.known:
        return f"{found.place.name}: no loaded list covers {topic}; no verdict, and no data is not a desert."
    people = f"{totals.people_flagged:,.0f} people ({totals.share_of_people_pct:.1f} %)"
    return f"{found.place.name}, {topic}, {found.plan.desert}: {totals.areas_flagged:,} areas, {people}."


def _summary(asked: _Asked) -> _Shown:
    """Every table that can be made; one that cannot says why."""
    tables: _Tables = {}
    notes: list[str] = []
    for name in ("reasons", "rules", "both-counts", "sensitivity", "list-gap"):
        try:
            more, said = _SHOWN[name](asked)
        except PlanError as error:
            notes.append(f"No table {name}: {error}")
        else:
            tables |= more
            notes += said
    return tables, notes


def _reasons(asked: _Asked) -> _Shown:
    remote = [remote_sentence(asked.found)] if asked.found.other_totals else []
    return {"reasons": asked.found.reasons}, remote


def _rules(asked: _Asked) -> _Shown:
    return {"rules": rules_table(asked.plan, asked.evidence)}, []


def _both(asked: _Asked) -> _Shown:
    counts = both_counts(asked.plan, asked.evidence)
    tables = {
        "sites in the district": counts.by_district,
        "sites in reach": counts.by_reach,
        "agreement": counts.agreement.assign(meaning=pd.Series(AGREEMENTS)),
        "districts": counts.districts.head(20),
    }
    return tables, [f"The two counts disagree in {counts.areas_in_disagreement:,} areas."]


def _sensitivity(asked: _Asked) -> _Shown:
    return {"sensitivity": sensitivity(asked.plan, asked.evidence)}, []


def _list_gap(asked: _Asked) -> _Shown:
    found = list_or_service_gap(asked.plan, asked.evidence)
    return {"list gap or service gap": found.totals}, [found.words]


def _law_society(asked: _Asked) -> _Shown:
    return {"law society": law_society_table(asked.plan, asked.evidence)}, []


def _probability(asked: _Asked) -> _Shown:
    found = with_flag_probability(asked.found, asked.evidence, Redraw(draws=asked.draws))
    drawn = found.run["flags_redrawn"]
    low, high = drawn["people_flagged_p05"], drawn["people_flagged_p95"]
    people = f"People flagged: {low:,.0f} to {high:,.0f} in 90 % of the draws."
    totals = totals_by_certainty(found).assign(meaning=pd.Series(CERTAINTY))
    return {"certainty": totals}, [people, drawn["words"]]


def _equity(asked: _Asked) -> _Shown:
    spread = equity(asked.found, asked.evidence, asked.line)
    tables = {
        "by decile of deprivation": spread.by_decile,
        "by rural and urban": spread.by_rural_urban,
        "by condition": spread.by_condition,
    }
    line = (
        f"Access line: {spread.line:.3g} {spread.unit} ({spread.line_words}). Below it: "
        f"{spread.poverty['share_pct']:.1f} % of people; depth {spread.poverty['depth_pct']:.1f} %."
    )
    slope = (
        f"Slope index, least deprived less most: {spread.sii:.3g} {spread.unit}. Concentration index: "
        f"{spread.concentration:.3f} (above 0: the better-off have more)."
    )
    return tables, [line, slope, *spread.notes]


_MAKERS = (_reasons, _rules, _both, _sensitivity, _list_gap, _law_society, _probability, _equity)
_SHOWN: dict[str, Callable[[_Asked], _Shown]] = dict(zip(_CHOICES, _MAKERS, strict=True))


def _lines(tables: _Tables) -> Iterable[str]:
    for name, table in tables.items():
        yield f"\n{name}" if not table.empty else f"\n{name}: nothing to show"
        if not table.empty:
            yield table.to_string(float_format=lambda value: f"{value:,.2f}")
    yield ""


def _values(found: Answer, tables: _Tables, notes: list[str]) -> dict[str, Any]:
    return {
        "place": {"code": found.place.code, "name": found.place.name},
        "rule": {"name": found.plan.desert, "label": DESERT_RULES[found.plan.desert].label},
        "totals": json.loads(pd.Series(found.totals.__dict__).to_json()),
        "tables": {name: json.loads(table.reset_index().to_json(orient="records")) for name, table in tables.items()},
        "notes": notes,
        "attribution": list(found.attribution),
        "run": dict(found.run),
    }
