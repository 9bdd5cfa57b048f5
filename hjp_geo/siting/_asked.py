"""A search put in the terms of `locate`: people, sites of today and candidates, and the ways between them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from hjp_geo.access import CostMatrix
from hjp_geo.areas import AreaValues, SiteValues, Table
from hjp_geo.errors import PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.plan import Answer, Plan
from hjp_geo.siting._gather import (
    CANDIDATE_KINDS,
    NEED_WEIGHTED,
    Gathered,
    candidate_sites,
    pairs_of,
    people_to_serve,
)
from hjp_geo.siting._search import Search
from hjp_geo.siting.delta import straight_lines_only
from hjp_geo.siting.locate import Solution, locate

__all__ = ["Asked"]

_LONGEST = 24.0
"""The longest way that is weighed with limits on room, in units of 1 / kappa: e to this is the most that adds up."""


@dataclass(frozen=True, eq=False)
class Asked:
    """The question, ready to be solved, and what is needed to tell of the answer."""

    search: Search
    cutoff_km: float
    people: AreaValues
    gathered: Gathered
    existing: Table
    """Today's sites that stay."""
    frame: Table
    """Indexed by area: people, residents, fifth, km_today, cutoff_km."""
    points: Table
    """Where the people of each area live."""
    people_name: str
    fifths_are: str

    @classmethod
    def of(cls, plan: Plan, evidence: Evidence, search: Search, found: Answer) -> Asked:
        """What a search asks of the evidence; `PlanError` where it cannot be asked."""
        straight_lines_only(plan)
        need = search.need or plan.demand
        people = people_to_serve(found, evidence, need)
        options = {"required": search.required, "forbidden": search.forbidden}
        gathered = candidate_sites(evidence, found, search.candidates, search.listed, **options)
        areas = evidence.areas.loc[people.index]
        fifth, fifths_are = _fifths(evidence, found, people.index)
        told = found.areas["sites_in_reach"].notna()  # elsewhere no list says what there is
        today = found.areas["nearest_km"].where(told).reindex(people.index)
        cutoff_km = search.cutoff_km or plan.cutoff_km
        frame = {"people": people, "residents": areas["residents"].astype("float64"), "fifth": fifth}
        return cls(
            search=search,
            cutoff_km=cutoff_km,
            people=people,
            gathered=gathered,
            existing=found.sites if search.existing == "keep" else found.sites.iloc[:0],
            frame=pd.DataFrame({**frame, "km_today": today.astype("float64")}).assign(cutoff_km=cutoff_km),
            points=areas,
            people_name="residents weighted by need" if need == NEED_WEIGHTED else _spoken(evidence.label(need)),
            fifths_are=fifths_are,
        )

    @property
    def kinds(self) -> str:
        """What the candidates are called."""
        return CANDIDATE_KINDS[self.search.candidates]

    @property
    def is_today_known(self) -> bool:
        """Whether it is known how far people have to go today."""
        return not bool(self.frame["km_today"].isna().all())

    @property
    def is_priced(self) -> bool:
        """Whether new sites cost anything that is told."""
        return self.search.site_cost is not None or "cost" in self.gathered.sites.columns

    @property
    def has_room_limits(self) -> bool:
        """Whether new sites have room for so many only."""
        return self.search.capacity is not None or "capacity" in self.gathered.sites.columns

    def pairs(self, cutoff_km: float | None) -> CostMatrix:
        """Ways between areas and sites: within a cutoff, or all that are shorter than to the nearest of today."""
        return pairs_of(self.points, self.existing, self.gathered.sites, cutoff_km=cutoff_km)

    def held(self, costs: CostMatrix) -> pd.Index[str]:
        """Today's sites that are the nearest of any area: the others change nothing."""
        return costs.sites[costs.sites.isin(self.existing.index)]

    def solved(self) -> Solution:
        """The answer of `locate`, today's sites required."""
        search = self.search
        cutoff = self.cutoff_km if search.objective in ("mclp", "lscp") else None
        costs = self.pairs(cutoff)
        if search.objective == "kolm_pollak" and self.has_room_limits and self.kappa is not None:
            cutoff = _LONGEST / -self.kappa  # nobody is sent so far; with room for few it would defy arithmetic
        held = self.held(costs)
        return locate(
            self.people,
            costs,
            objective=search.objective,
            p=None if search.objective == "lscp" else self._count(len(held)),
            cutoff=cutoff,
            capacity=self.capacity(costs.sites) if self.has_room_limits else None,
            required=[*held, *search.required],
            budget=search.budget,
            site_costs=self.site_costs(costs.sites) if self.is_priced else None,
            sharing=search.sharing,
            k_best=search.k_best,
            time_limit_s=search.time_limit_s,
            kappa=self.kappa if search.objective == "kolm_pollak" else None,
        )

    def _count(self, held: int) -> int | None:
        sites, most = self.search.sites, len(self.gathered.sites)
        if sites is None:
            return None
        if sites > most:
            raise PlanError(
                f"sites is {sites}, but there are only {most:,} {self.kinds} to choose from. Lower it, or choose other "
                f"candidates."
            )
        return sites + held

    @property
    def kappa(self) -> float | None:
        """How much inequality weighs, from today's ways where they are known: see `locate`, epsilon -1."""
        counted = self.frame[self.frame["people"] > 0]
        people, km = counted["people"], counted["km_today"]
        squared = float((people * km**2).sum())
        return None if km.isna().any() or squared == 0 else -float((people * km).sum()) / squared

    def site_costs(self, sites: pd.Index[str]) -> SiteValues:
        """What each site costs: new ones by the list, else all the same; today's nothing more."""
        return self._per_site(sites, "cost", self.search.site_cost, today=0.0)

    def capacity(self, sites: pd.Index[str]) -> SiteValues:
        """How many people each site has room for; today's for all."""
        return self._per_site(sites, "capacity", self.search.capacity, today=float(self.people.sum()))

    def _per_site(self, sites: pd.Index[str], column: str, each: float | None, *, today: float) -> SiteValues:
        table = self.gathered.sites
        given = pd.Series(math.nan, index=table.index) if column not in table.columns else table[column]
        values = given.astype("float64").fillna(math.nan if each is None else each).reindex(sites)
        return values.mask(sites.isin(self.existing.index), today)


def _spoken(label: str) -> str:
    """A label in the middle of a sentence: without its capital."""
    return label[:1].lower() + label[1:]


def _fifths(evidence: Evidence, found: Answer, codes: pd.Index[str]) -> tuple[pd.Series[float], str]:
    """The national fifth of deprivation where it is loaded (1 is most deprived), else the plan's fifth of need."""
    if "multiple_deprivation_decile" in evidence.values:
        decile = evidence.values.loc[codes, "multiple_deprivation_decile"].astype("float64")
        return (decile + 1) // 2, "national fifth of multiple deprivation, 1 is most deprived"
    return found.areas.loc[codes, "need_fifth"].astype("float64"), "fifth of need by the plan, 1 is most"
