"""The desk that a report is written at: the answer, the evidence, and the tables and figures made so far."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from string import Formatter
from typing import Any

import pandas as pd

from hjp_geo.areas import Table
from hjp_geo.evidence import ENGLAND, Evidence
from hjp_geo.maps import MapContent
from hjp_geo.plan import TOPICS, Answer, Plan
from hjp_geo.report.parts import BarChart, Column, DataTable, Figure, Number, Paragraph, Section, Sentence
from hjp_geo.siting import Assessment, Candidate

__all__ = ["Desk", "Request", "listed", "paragraph", "say", "section"]


@dataclass(frozen=True)
class Request:
    """What a report is asked for: a plan, what has been sketched, and the day it is dated."""

    plan: Plan
    candidates: tuple[Candidate, ...] = ()
    name: str = ""
    """What the sketches together are called, such as the name of a scenario."""
    rule: str = "centroid"
    """Which areas belong to a sketch."""
    closed: tuple[str, ...] = ()
    """Codes of the sites of today that the options close."""
    assumptions: Mapping[str, Any] = field(default_factory=dict)
    """Figures of feasibility that are the reader's own: low, likely, high."""
    date: str = field(default_factory=lambda: dt.datetime.now(dt.UTC).date().isoformat())
    earlier: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Source → release and sha256 of the run that this one repeats, to say what has changed since."""


@dataclass(eq=False)
class Desk:
    """One report in the making. Tables and figures are numbered in the order in which they are laid down."""

    request: Request
    evidence: Evidence
    found: Answer
    assessed: Assessment | None = None
    tables: dict[str, DataTable] = field(default_factory=dict)
    figures: list[Figure] = field(default_factory=list)

    @property
    def plan(self) -> Plan:
        """The question."""
        return self.found.plan

    @property
    def topic(self) -> str:
        """The topic in words, within a sentence."""
        return TOPICS[self.plan.topic].lower()

    @property
    def place(self) -> str:
        """The name of the place."""
        return self.found.place.name

    @property
    def is_everywhere(self) -> bool:
        """Whether the place is everything loaded: then there is nothing to compare it with."""
        return self.found.place.code == ENGLAND or len(self.found.areas) == len(self.evidence.areas)

    @property
    def everywhere(self) -> str:
        """What all areas of the warehouse together are called."""
        return "all areas loaded" if self.evidence.made_up else "England"

    @cached_property
    def level(self) -> str | None:
        """The column of areas that holds the place's code; None for everything loaded."""
        areas, code = self.evidence.areas, self.found.place.code
        columns = (name for name in areas.columns if name.endswith("_code"))
        return next((name for name in columns if (areas[name] == code).any()), None)

    @cached_property
    def districts(self) -> Table:
        """Code and name of each district that the place touches, indexed by its code."""
        pairs = self.found.areas[["lad24_code", "lad24_name"]].drop_duplicates().sort_values("lad24_name")
        return pairs.set_index("lad24_code")

    @cached_property
    def site_areas(self) -> pd.Series[str]:
        """The area that each placed advice site stands in; missing outside every area."""
        placed = self.evidence.sites[self.evidence.sites["easting"].notna()]
        points = placed[["easting", "northing"]].to_numpy(dtype="float64")
        return pd.Series(self.evidence.areas_at(points), index=placed.index, dtype="str")

    def table(
        self,
        name: str,
        title: str,
        frame: Table,
        columns: Mapping[str, Column],
        sources: Iterable[str],
        **about: str,
    ) -> DataTable:
        """Lay down a table; ``sources`` are layers or tables of the warehouse that it was made from."""
        key = f"T{len(self.tables) + 1}"
        kept = frame[list(columns)].rename(index=str)
        made = DataTable(key, name, title, kept, dict(columns), tuple(self.evidence.sources_of(list(sources))), **about)
        self.tables[key] = made
        return made

    def named(self, name: str) -> DataTable:
        """A table that has been laid down, by its name."""
        return next(one for one in self.tables.values() if one.name == name)

    def has(self, name: str) -> bool:
        """Whether a table of this name has been laid down."""
        return any(one.name == name for one in self.tables.values())

    def figure(self, title: str, alt: str, table: DataTable, drawing: MapContent | BarChart) -> Figure:
        """Lay down a figure, with the table behind it."""
        made = Figure(f"Figure {len(self.figures) + 1}", title, alt, table.key, drawing)
        self.figures.append(made)
        return made


def say(template: str, **values: Number | str) -> Sentence:
    """A sentence with figures and words put in; each figure keeps the cell that it comes from."""
    order = [name for _, name, _, _ in Formatter().parse(template) if name]
    printed = {name: value.text if isinstance(value, Number) else value for name, value in values.items()}
    numbers = tuple(found for name in order if isinstance(found := values[name], Number))
    return Sentence(template.format(**printed), numbers)


def paragraph(*sentences: Sentence | None) -> tuple[Paragraph, ...]:
    """One paragraph of the sentences that there are; none where there is nothing to say."""
    there = tuple(one for one in sentences if one is not None)
    return (Paragraph(there),) if there else ()


def section(key: str, title: str, blocks: Sequence[Any]) -> Section | None:
    """A section, left out where it has nothing to say."""
    return Section(key, title, tuple(blocks)) if blocks else None


def listed(words: Sequence[str]) -> str:
    """Words in a row: a, b and c."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""
