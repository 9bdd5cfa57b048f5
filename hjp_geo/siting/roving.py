"""Roving outreach: where a team that travels should hold its sessions, exactly."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.optimize import LinearConstraint, milp

from hjp_geo.areas import AreaValues, SiteValues, Table
from hjp_geo.errors import HjpError, PlanError
from hjp_geo.siting._mip import Model
from hjp_geo.siting._problem import Clock, Floats, Ints, Problem, examples, is_whole, summed

__all__ = ["Rota", "Team", "roving_sessions"]

_PROVEN = 1e-9
_SLIVER = 1e-7


@dataclass(frozen=True, eq=False)
class Team:
    """A team that holds whole sessions at sites which others run."""

    sessions: int
    """How many sessions it holds in a week, at most."""
    cases_per_session: float
    """How many cases one session has time for."""
    most_at_site: SiteValues | None = None
    """How many sessions each site has a room for; as many as are useful where not given."""
    travel: SiteValues | None = None
    """What the team's own journey to the site and back costs for each session: minutes, miles or money."""
    most_travel: float | None = None
    """The longest journey of the team for one session; a site at exactly this is within it."""
    travel_budget: float | None = None
    """All journeys of the week together, at most."""

    def __post_init__(self) -> None:
        if not (is_whole(self.sessions) and self.sessions >= 1):
            raise PlanError(f"sessions: found {self.sessions!r}; expected a whole number a week, 1 or more.")
        if not (math.isfinite(self.cases_per_session) and self.cases_per_session > 0):
            raise PlanError(f"cases_per_session: found {self.cases_per_session!r}; expected a number above 0.")
        for name in ("most_travel", "travel_budget"):
            limit = getattr(self, name)
            if limit is None:
                continue
            if self.travel is None:
                raise PlanError(f"{name}: a limit was given without travel. Say what the journey to each site costs.")
            if not (math.isfinite(limit) and limit >= 0):
                raise PlanError(f"{name}: found {limit!r}; expected a finite number, 0 or more.")


@dataclass(frozen=True, eq=False)
class Rota:
    """Where the sessions are held in a week, whom they serve, and how sure it is that no rota serves more."""

    sessions: pd.Series[int]
    """Whole sessions a week by site; sites without any are absent."""
    served: float
    """Cases a week."""
    served_share: float
    """The same as a share of all cases whose number is known."""
    no_room: float
    """Cases within reach of a site that is visited, for which the sessions there have no time."""
    beyond_reach: float
    """Cases that no visited site reaches."""
    bound: float
    """No rota serves more."""
    gap: float
    """(bound - served) / served."""
    proven: bool
    """Whether no rota serves more: the gap is 0 (to 1e-9)."""
    assignment: Table
    """Who goes where: area_code, site_id, cases, minutes or km. Of all ways to serve as many with these sessions, the
    one with the shortest journeys."""
    spare_sessions: int
    """Sessions that would serve nobody more, and so are held nowhere."""
    travel: float
    """The team's journeys of a week; missing where none were given."""
    unreachable: pd.Index[str]
    """Areas that no site the team can go to reaches."""
    without_demand_figure: pd.Index[str]
    seconds: float
    summary: str
    """Two sentences for a board."""


def roving_sessions(
    cases: AreaValues,
    costs: Table,
    team: Team,
    *,
    cutoff: float | None = None,
    required: Collection[str] = (),
    forbidden: Collection[str] = (),
    time_limit_s: float | None = None,
) -> Rota:
    """The rota of whole sessions that serves most cases a week, with a limit on what any other could serve.

    Of rotas that serve as many, one with the fewest sessions, and of these with the shortest journeys of the team.

    ``cases`` has one number per ``area_code``: cases a week. Missing means not known: the area is listed. ``costs`` is
    the table of `locate`; a pair that is absent or above ``cutoff`` cannot be used. People of one area may go to
    different sites. Each ``required`` site has one session at least, used or not; ``forbidden`` ones none.

    Raises PlanError where the required sites need more sessions or longer journeys than the team has.

    An integer programme: served at a site is at most sessions × cases per session; METHODS, "sessions".
    """
    clock = Clock(time_limit_s)
    problem = _checked(cases, costs, team, cutoff, required, forbidden)
    rota = _Rota(problem, team)
    held, bound = rota.solve(clock)
    return rota.told(held, bound, clock)


def _checked(
    cases: AreaValues,
    costs: Table,
    team: Team,
    cutoff: float | None,
    required: Collection[str],
    forbidden: Collection[str],
) -> Problem:
    shut = set(forbidden)
    if team.travel is not None and team.most_travel is not None:
        far = team.travel.index[team.travel > team.most_travel]
        if both := sorted(set(far) & set(required)):
            raise PlanError(
                f"most_travel: {examples(both)} must have a session, but the team's journey there is longer than "
                f"{team.most_travel:g}. Raise most_travel, or leave the site out of required."
            )
        shut |= set(far)
    return Problem.checked(
        cases,
        costs,
        objective="p_median",
        p=max(1, len(set(required))),
        cutoff=cutoff,
        capacity=team.most_at_site,
        required=required,
        forbidden=sorted(shut),
        budget=None,
        site_costs=team.travel,
        sharing="split",
    )


class _Rota:
    """The programme: sessions by site, and cases by group of areas that the same sites reach, and site."""

    def __init__(self, problem: Problem, team: Team) -> None:
        self.problem, self.team = problem, team
        used = problem.people[problem.rows] > 0
        self.rows, self.columns = problem.rows[used], problem.columns[used]
        self.costs = problem.costs[used]
        within = summed(self.columns, problem.people[self.rows], len(problem.sites))
        most = np.ceil(within / team.cases_per_session - _PROVEN)
        if problem.capacity is not None:
            most = np.minimum(most, np.floor(problem.capacity))
        self.most = np.maximum(np.minimum(most, team.sessions), problem.required)
        self._check_required()

    def _check_required(self) -> None:
        problem, team = self.problem, self.team
        if (least := int(problem.required.sum())) > team.sessions:
            raise PlanError(
                f"sessions: {least} sites must have one, but the team holds {team.sessions} a week. Raise sessions."
            )
        if problem.capacity is not None and (problem.capacity[problem.required] < 1).any():
            short = problem.sites[problem.required & (problem.capacity < 1)]
            raise PlanError(f"{examples(short)}: must have a session, but has room for none. Correct most_at_site.")
        if team.travel_budget is not None and problem.spent_on_required > team.travel_budget:
            raise PlanError(
                f"travel_budget: {team.travel_budget:g} does not pay for one session at each required site, which "
                f"takes {problem.spent_on_required:g}. Raise it."
            )

    def solve(self, clock: Clock) -> tuple[Floats, float]:
        """Sessions by site, and a limit on the cases that any rota serves."""
        group, cases, rows, columns = self._merged()
        model = self._model(cases, rows, columns, len(group))
        outcome = model.solve(clock)
        total = float(self.problem.people[self.problem.reached].sum())
        bound = min(total, self.team.sessions * self.team.cases_per_session, -outcome.bound)
        held = self._greedy()
        if outcome.values is not None:
            found = np.round(outcome.values[: len(self.problem.sites)])
            served = self._served(found)
            may_spare = served <= (self.team.sessions - 1) * self.team.cases_per_session
            if outcome.is_proven and (may_spare or self.problem.site_costs is not None):
                found = self._fewest(model, served, clock, found)
            held = found if served >= self._served(held) else held
            bound = served if outcome.is_proven else bound
        return held, bound

    def _fewest(self, model: Model, served: float, clock: Clock, found: Floats) -> Floats:
        """The fewest sessions that serve as many, and of these the shortest journeys of the team."""
        sites, travel = len(self.problem.sites), self.problem.site_costs
        row = np.concatenate([np.zeros(sites), np.ones(model.width - sites)])
        model.add(sparse.csr_array(row[None, :]), low=served * (1 - _PROVEN))
        model.cost = 1.0 - row
        if travel is not None and travel.any():
            model.cost[:sites] += 0.5 * travel / float(travel.max() * self.team.sessions)
        outcome = model.solve(clock)
        return found if outcome.values is None else np.round(outcome.values[:sites])

    def _merged(self) -> tuple[Floats, Floats, Ints, Ints]:
        """Areas that the same sites reach, as one: their cases, and the pairs of each."""
        keys = np.random.default_rng(17).integers(1, 2**63, len(self.problem.sites), dtype=np.uint64)
        mark = np.zeros(len(self.problem.areas), dtype=np.uint64)
        np.add.at(mark, self.rows, keys[self.columns])
        _, first, group = np.unique(mark, return_index=True, return_inverse=True)
        cases = summed(group, self.problem.people, len(first))
        is_first = np.zeros(len(mark), dtype=np.bool_)
        is_first[first] = True
        kept = is_first[self.rows]
        return cases, cases, group[self.rows[kept]], self.columns[kept]

    def _model(self, cases: Floats, rows: Ints, columns: Ints, groups: int) -> Model:
        sites, pairs = len(self.problem.sites), len(rows)
        to = sites + np.arange(pairs)
        ones, each = np.ones(pairs), self.team.cases_per_session
        model = Model(
            np.concatenate([np.zeros(sites), -ones]),
            sites,
            self.problem.required,
            upper=np.concatenate([self.most, cases[rows]]),
        )
        width = sites + pairs
        model.add(sparse.csr_array((ones, (rows, to)), shape=(groups, width)), high=cases)
        place = (np.append(columns, np.arange(sites)), np.append(to, np.arange(sites)))
        room = (np.concatenate([ones, np.full(sites, -each)]), place)
        model.add(sparse.csr_array(room, shape=(sites, width)), high=0.0)
        small = cases[rows] < each  # a group smaller than a session needs a session at its site, not a part of one
        link = (
            np.concatenate([ones[small], -cases[rows][small]]),
            (np.tile(np.arange(int(small.sum())), 2), np.concatenate([to[small], columns[small]])),
        )
        model.add(sparse.csr_array(link, shape=(int(small.sum()), width)), high=0.0)
        model.add_site_row(np.ones(sites), high=float(self.team.sessions))
        if self.team.travel_budget is not None and self.problem.site_costs is not None:
            model.add_site_row(self.problem.site_costs, high=self.team.travel_budget * (1 + _PROVEN))
        return model

    def _greedy(self) -> Floats:
        """One session after another where most cases are left: what there is when time is short."""
        problem, team = self.problem, self.team
        left, held = problem.people.copy(), problem.required.astype(np.float64)
        money = math.inf if team.travel_budget is None else team.travel_budget - problem.spent_on_required
        price = np.zeros(len(held)) if problem.site_costs is None else problem.site_costs
        for fixed in np.flatnonzero(problem.required):
            self._take(left, int(fixed))
        for _ in range(team.sessions - int(problem.required.sum())):
            within = summed(self.columns, left[self.rows], len(held))
            gain = np.where((held < self.most) & (price <= money), np.minimum(within, team.cases_per_session), 0.0)
            site = int(np.argmax(gain))
            if not gain[site] > 0:
                break
            held[site] += 1
            money -= price[site]
            self._take(left, site)
        return held

    def _take(self, left: Floats, site: int) -> None:
        """One session serves the nearest first."""
        pairs = np.flatnonzero(self.columns == site)
        rows = self.rows[pairs[np.argsort(self.costs[pairs], kind="stable")]]
        before = np.cumsum(left[rows]) - left[rows]
        left[rows] -= np.clip(self.team.cases_per_session - before, 0.0, left[rows])

    def _served(self, held: Floats) -> float:
        pairs = np.flatnonzero(held[self.columns] > 0)
        return float(self._flow(held, pairs, np.full(len(pairs), -1.0), 0.0).sum())

    def _flow(self, held: Floats, pairs: Ints, price: Floats, least: float) -> Floats:
        """Cases of each pair at the lowest price, with so many cases served at least."""
        if len(pairs) == 0:
            return np.zeros(0)
        problem, width = self.problem, len(pairs)
        at, ones = np.arange(width), np.ones(width)
        rows, columns = self.rows[pairs], self.columns[pairs]
        by_area = sparse.csr_array((ones, (rows, at)), shape=(len(problem.areas), width))
        by_site = sparse.csr_array((ones, (columns, at)), shape=(len(held), width))
        every = sparse.csr_array(-ones[None, :])
        limits = np.concatenate([problem.people, held * self.team.cases_per_session, [-least]])
        rows_of_limits = sparse.vstack([by_area, by_site, every], format="csr")
        found = milp(price, constraints=LinearConstraint(rows_of_limits, ub=limits))
        if found.x is None:
            raise HjpError(f"The solver HiGHS stopped: {found.message}. Please report this question.")
        flow = np.asarray(found.x, dtype=np.float64)
        return np.where(flow < _SLIVER * max(1.0, float(problem.people.max())), 0.0, flow)

    def told(self, held: Floats, bound: float, clock: Clock) -> Rota:
        """The rota with the shortest journeys for as many cases, and what it leaves out."""
        problem, team = self.problem, self.team
        most = self._served(held)
        pairs = np.flatnonzero(held[self.columns] > 0)
        flow = self._flow(held, pairs, self.costs[pairs], most * (1 - 1e-10))
        by_site = summed(self.columns[pairs], flow, len(held))
        used = np.ceil(by_site / team.cases_per_session - 1e-6)
        held = np.maximum(np.minimum(used, held), problem.required)
        served, known = min(most, bound), float(problem.people.sum())
        gap = 0.0 if bound - served <= _PROVEN * max(1.0, served) else (bound - served) / max(served, 1e-300)
        reached = np.zeros(len(problem.areas), dtype=np.bool_)
        reached[self.rows[held[self.columns] > 0]] = True
        within, seconds = float(problem.people[reached].sum()), clock.seconds
        return Rota(
            sessions=pd.Series(
                held[held > 0].astype(int), index=problem.sites[held > 0].rename("site_id"), name="sessions"
            ),
            served=served,
            served_share=served / known,
            no_room=max(within - served, 0.0),
            beyond_reach=known - within,
            bound=served if gap == 0 else bound,
            gap=gap,
            proven=gap == 0,
            assignment=self._assignment(pairs, flow),
            spare_sessions=team.sessions - int(held.sum()),
            travel=math.nan if problem.site_costs is None else float(held @ problem.site_costs),
            unreachable=problem.areas[~problem.reached],
            without_demand_figure=problem.areas[np.isnan(problem.demand)],
            seconds=seconds,
            summary=_two_sentences(team, held, (served, known, within), gap, seconds),
        )

    def _assignment(self, pairs: Ints, flow: Floats) -> Table:
        used = flow > 0
        chosen = pairs[used]
        return pd.DataFrame(
            {
                "area_code": self.problem.areas[self.rows[chosen]],
                "site_id": self.problem.sites[self.columns[chosen]],
                "cases": flow[used],
                self.problem.unit: self.costs[chosen],
            }
        )


def _two_sentences(team: Team, held: Floats, cases: tuple[float, float, float], gap: float, seconds: float) -> str:
    served, known, within = cases
    sessions, sites = int(held.sum()), int((held > 0).sum())
    spare = team.sessions - sessions
    more = f" ({spare} more would serve nobody)" if spare else ""
    what = (
        f"With {_plural(sessions, 'session')} a week{more} at {_plural(sites, 'site')}, {served:,.1f} of {known:,.1f} "
        f"cases a week ({100 * served / known:.1f} %) are served; {max(within - served, 0):,.1f} are in reach of a "
        f"session but find no room, and {known - within:,.1f} are beyond reach."
    )
    if gap == 0:
        return f"{what} It is proven that no other rota serves more."
    return f"{what} Another rota could serve {100 * gap:.1f} % more at most, as far as is known after {seconds:.1f} s."


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
