"""Sites with room for so many people: every objective as one integer programme over sites and shares of areas."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from hjp_geo.errors import PlanError
from hjp_geo.siting._center import cover_within, full_choice
from hjp_geo.siting._cover import admissible_cover
from hjp_geo.siting._mip import Cut, Model, Outcome
from hjp_geo.siting._problem import Bools, Clock, Floats, Ints, Problem, summed
from hjp_geo.siting._reasons import no_room, too_few_sites
from hjp_geo.siting._room import Known, Rooms
from hjp_geo.siting._weighted import Plans, solve_weighted

__all__ = ["solve_capacitated"]

_SLIVER = 1e-7
_MANY_PAIRS = 5_000
"""From so many pairs on, a limited search starts from a part of them."""
_PAIRS_PER_SECOND = 15_000
"""How large a programme HiGHS is given for each second left."""
_LEAST_SECONDS = 0.5
_SECONDS_FOR_PRICES = 20.0
"""How long good plans are looked for where time is not limited, before the integer programme."""


def _is_settled(problem: Problem) -> Bools:
    """Pairs that coverage need not look at: those of areas in reach of a required site with room for all its people.

    They are served there whatever else opens, and one pair of each is enough to say so.
    """
    assert problem.capacity is not None
    within = summed(problem.columns, problem.people[problem.rows], len(problem.sites))
    has_room = problem.required & (problem.capacity >= within)
    there = has_room[problem.columns]
    served = np.zeros(len(problem.areas), dtype=np.bool_)
    served[problem.rows[there]] = True
    first = np.zeros(len(problem.rows), dtype=np.bool_)
    at = np.flatnonzero(there)
    first[at[np.append(True, problem.rows[at][1:] != problem.rows[at][:-1])[: len(at)]]] = True
    return served[problem.rows] & ~first


@dataclass(frozen=True, eq=False)
class _Shares:
    """The pairs that may be used, and the areas they are of."""

    problem: Problem
    pairs: Ints
    people: Floats

    @classmethod
    def of(cls, problem: Problem, limit: float = math.inf) -> _Shares:
        """Pairs of the areas to be served, up to a cost."""
        wanted = problem.must_serve[problem.rows] & (problem.costs <= limit)
        if problem.objective == "mclp":
            wanted &= ~_is_settled(problem)
        return cls(problem, np.flatnonzero(wanted), np.where(problem.must_serve, problem.people, 0.0))

    def only(self, chosen: Bools) -> _Shares:
        """The pairs with these sites."""
        return _Shares(self.problem, self.pairs[chosen[self.columns]], self.people)

    @property
    def rows(self) -> Ints:
        return self.problem.rows[self.pairs]

    @property
    def columns(self) -> Ints:
        return self.problem.columns[self.pairs]

    def model(self, site_price: float, pair_prices: Floats) -> Model:
        """Shares of an area add up to one (one at most, for coverage), in open sites that have room."""
        problem, count = self.problem, len(self.pairs)
        sites = len(problem.sites)
        whole = np.full(count, problem.sharing == "single_source")
        cost = np.concatenate([np.full(sites, site_price), pair_prices])
        model = Model(cost, sites, problem.required, other_integers=whole)
        at, shares = np.arange(count), sites + np.arange(count)
        areas, area_of = np.unique(self.rows, return_inverse=True)
        width = sites + count
        served = sparse.csr_array((np.ones(count), (area_of, shares)), shape=(len(areas), width))
        model.add(served, -np.inf if problem.objective == "mclp" else 1.0, 1.0)
        ones = np.ones(count)
        link = sparse.csr_array(
            (np.concatenate([ones, -ones]), (np.concatenate([at, at]), np.concatenate([shares, self.columns]))),
            shape=(count, width),
        )
        model.add(link, high=0.0)
        model.add(self._room(width), high=0.0)
        choice = full_choice(problem)
        if choice.count is not None:
            total = float(choice.count + int(problem.required.sum()))
            model.add_site_row(np.ones(sites), total, total)
        if choice.prices is not None and choice.money is not None:
            model.add_site_row(np.where(problem.required, 0.0, choice.prices), high=choice.money)
        return model

    def _room(self, width: int) -> sparse.csr_array:
        """People sent to a site, less its room when open: 0 at most; in units of the largest area."""
        assert self.problem.capacity is not None
        sites = len(self.problem.sites)
        unit = max(float(self.people.max(initial=0.0)), 1e-300)
        room = np.minimum(self.problem.capacity, self.people.sum())
        entries = np.concatenate([self.people[self.rows], -room]) / unit
        at = np.concatenate([self.columns, np.arange(sites)])
        to = np.concatenate([sites + np.arange(len(self.pairs)), np.arange(sites)])
        return sparse.csr_array((entries, (at, to)), shape=(sites, width))

    def read(self, outcome: Outcome) -> Floats:
        """The share of every pair of the problem, without the solver's slivers."""
        assert outcome.values is not None
        share = outcome.values[len(self.problem.sites) :].copy()
        share[share < _SLIVER] = 0.0
        total = summed(self.rows, share, len(self.people))
        over = np.maximum(total, 1.0) if self.problem.objective == "mclp" else np.where(total > 0, total, 1.0)
        over = np.where(np.abs(total - 1.0) < 1e-6, total, over)
        full = np.zeros(len(self.problem.rows))
        full[self.pairs] = share / over[self.rows]
        return full


def solve_capacitated(problem: Problem, pair_losses: Floats | None, *, k_best: int, clock: Clock) -> Plans:
    """The k best sets with their shares; the bound is in the unit of the model (people, losses, sites or cost)."""
    if problem.objective == "p_center":
        return _center(problem, k_best, clock)
    shares = _Shares.of(problem)
    head = None
    if len(shares.pairs) > _MANY_PAIRS and problem.objective != "lscp":
        head = _by_prices(problem, shares, pair_losses, clock)
        if problem.sharing == "single_source":
            head = _kept_whole(shares, pair_losses, head, clock)
        is_small_enough = len(shares.pairs) <= _PAIRS_PER_SECOND * clock.left
        if (
            head.sites is not None
            and head.shares is not None
            and (not is_small_enough or (head.is_closed and k_best == 1))
        ):
            bound = -head.bound if problem.objective == "mclp" else head.bound
            return Plans((head.sites,), bound, head.is_closed, k_best == 1 and head.is_closed, (head.shares,))
    return _solve(shares, _model(shares, pair_losses), head, k_best, clock)


def _by_prices(problem: Problem, shares: _Shares, pair_losses: Floats | None, clock: Clock) -> _HeadStart:
    """A plan and a limit found without an integer programme: see `_room`."""
    assert problem.capacity is not None
    limit_s = _SECONDS_FOR_PRICES if clock.limit_s is None else 0.7 * clock.left
    own = Clock(limit_s)
    roomy = replace(problem, capacity=None)
    relaxed = solve_weighted(roomy, pair_losses, k_best=1, clock=Clock(0.2 * limit_s))
    covers = problem.objective == "mclp"
    price = np.full(len(shares.pairs), -1.0) if pair_losses is None else pair_losses[shares.pairs]
    rooms = Rooms(
        rows=shares.rows,
        columns=shares.columns,
        price=price,
        people=shares.people,
        room=np.minimum(problem.capacity, shares.people.sum()),
        choice=full_choice(problem),
        settled=problem.required,
        may_leave_out=covers,
    )
    known = Known(None, None, math.inf, -relaxed.bound if covers else relaxed.bound)
    known = rooms.search(relaxed.sets[0], known, own)
    if known.sites is None or known.flow is None:
        return _HeadStart(None, None, math.inf, known.bound)
    share = np.zeros(len(problem.rows))
    share[shares.pairs] = known.flow / shares.people[shares.rows]
    return _HeadStart(known.sites, share, known.cost, known.bound, known.is_closed)


def _model(shares: _Shares, pair_losses: Floats | None) -> Model:
    people = shares.people[shares.rows]
    if shares.problem.objective == "lscp":
        return shares.model(1.0, np.zeros(len(people)))
    return shares.model(0.0, -people if pair_losses is None else people * pair_losses[shares.pairs])


@dataclass(frozen=True)
class _HeadStart:
    """A plan found before the integer programme, and a limit that no plan beats."""

    sites: Ints | None
    shares: Floats | None
    cost: float
    bound: float
    is_closed: bool = False


def _kept_whole(shares: _Shares, pair_losses: Floats | None, split: _HeadStart, clock: Clock) -> _HeadStart:
    """The best plan with no area split over the sites of a plan that splits them; its limit holds here as well."""
    nothing = _HeadStart(None, None, math.inf, split.bound)
    if split.sites is None:
        return nothing
    chosen = np.zeros(len(shares.problem.sites), dtype=np.bool_)
    chosen[split.sites] = True
    part = shares.only(chosen)
    if shares.problem.objective != "mclp" and not _all_have_pairs(shares.problem, part):
        return nothing
    model = _model(part, pair_losses)
    model.upper = np.concatenate([chosen.astype(np.float64), np.ones(len(part.pairs))])
    seconds = _SECONDS_FOR_PRICES if clock.limit_s is None else max(0.8 * clock.left, _LEAST_SECONDS)
    outcome = model.solve(Clock(seconds))
    if outcome.sites is None or outcome.values is None:
        return nothing
    cost = float(model.cost @ outcome.values)
    is_closed = cost - split.bound <= 1e-9 * max(1.0, abs(cost))
    return _HeadStart(outcome.sites, part.read(outcome), cost, split.bound, is_closed)


def _solve(shares: _Shares, model: Model, head: _HeadStart | None, k_best: int, clock: Clock) -> Plans:
    problem = shares.problem
    sets: list[Ints] = []
    found: list[Floats] = []
    bound, is_first_proven, is_proven = -math.inf, False, False
    while len(sets) < k_best:
        outcome = model.solve(clock)
        is_proven = outcome.is_proven
        if not sets:
            bound, is_first_proven = outcome.bound, outcome.is_proven
        if not is_proven and not sets and head is not None:
            bound = max(bound, head.bound)
            if head.sites is not None and head.shares is not None and _is_better(head, outcome, model):
                sets, found = [head.sites], [head.shares]
                break
        if outcome.sites is None:
            break
        sets.append(outcome.sites)
        found.append(shares.read(outcome))
        if not is_proven:
            break
        model.add_cut(Cut(outcome.sites, is_count_fixed=problem.p is not None))
    if not sets:
        raise _failure(problem, clock, is_proven=is_proven)
    bound = -bound if problem.objective == "mclp" else bound
    return Plans(tuple(sets), bound, is_first_proven, is_proven, tuple(found))


def _is_better(head: _HeadStart, outcome: Outcome, model: Model) -> bool:
    return outcome.values is None or head.cost < float(model.cost @ outcome.values)


def _failure(problem: Problem, clock: Clock, *, is_proven: bool) -> PlanError:
    if not is_proven:
        return PlanError(
            f"No plan within capacity was found in {clock.seconds:.1f} seconds, nor proof that there is none. "
            f"Give more time, more sites or more room."
        )
    if _reaches_all_without_capacity(problem, clock):
        return no_room(problem)
    return too_few_sites(problem)


def _reaches_all_without_capacity(problem: Problem, clock: Clock) -> bool:
    left = Clock(None if clock.limit_s is None else max(clock.left, 5.0))
    found = admissible_cover(cover_within(problem, math.inf), problem.required, full_choice(problem), left)
    return found.sites is not None


def _center(problem: Problem, k_best: int, clock: Clock) -> Plans:
    """Bisection on the distances, each a question of whether the sites hold everyone within it."""
    distances = np.unique(problem.costs)
    nearest = np.full(len(problem.areas), math.inf)
    np.minimum.at(nearest, problem.rows, problem.costs)
    low = int(np.searchsorted(distances, nearest[problem.reached].max()))
    sets: list[Ints] = []
    found: list[Floats] = []
    bound, is_first_proven, is_proven = math.nan, False, True
    known = _any_plan(problem, clock)
    while len(sets) < k_best and is_proven:
        sites, share, low, is_proven = _smallest(problem, distances, low, sets, clock, None if sets else known)
        if not sets:
            bound, is_first_proven = float(distances[low]), is_proven
        if sites is None or share is None:
            break
        sets.append(sites)
        found.append(share)
    if not sets:
        raise _failure(problem, clock, is_proven=is_proven)
    return Plans(tuple(sets), bound, is_first_proven, is_proven, tuple(found))


def _any_plan(problem: Problem, clock: Clock) -> tuple[Ints, Floats] | None:
    """Where there are many pairs: a plan within capacity with a short mean way, to begin with; None if not found."""
    if len(problem.rows) <= _MANY_PAIRS or problem.sharing == "single_source" or not (problem.people > 0).any():
        return None
    median = replace(problem, objective="p_median")
    found = _by_prices(median, _Shares.of(median), problem.costs, Clock(0.5 * min(clock.left, _SECONDS_FOR_PRICES)))
    if found.sites is None or found.shares is None:
        return None
    share, is_open = found.shares.copy(), np.isin(problem.columns, found.sites)
    nobody = problem.must_serve & (problem.people == 0)  # they have to be in reach all the same
    pairs = np.flatnonzero(nobody[problem.rows] & is_open)
    pairs = pairs[np.lexsort((problem.costs[pairs], problem.rows[pairs]))]
    share[pairs[np.append(True, problem.rows[pairs][1:] != problem.rows[pairs][:-1])[: len(pairs)]]] = 1.0
    served = summed(problem.rows, share, len(problem.areas))
    return (found.sites, share) if (served[problem.must_serve] > 0.5).all() else None


def _smallest(
    problem: Problem,
    distances: Floats,
    low: int,
    sets: list[Ints],
    clock: Clock,
    known: tuple[Ints, Floats] | None,
) -> tuple[Ints | None, Floats | None, int, bool]:
    best: tuple[Ints | None, Floats | None] = (None, None)
    high = len(distances)  # one past the last: nothing known to work
    if known is not None:
        best, high = known, int(np.searchsorted(distances, problem.costs[known[1] > 0].max()))
    while low < high:
        trial = (low + high) // 2 if high < len(distances) else len(distances) - 1
        shares = _Shares.of(problem, float(distances[trial]))
        outcome = _within(problem, shares, sets, clock)
        if not outcome.is_proven and outcome.sites is None:
            return *best, low, False
        if outcome.sites is None:
            low = trial + 1
        else:
            share = shares.read(outcome)
            best = (outcome.sites, share)
            high = int(np.searchsorted(distances, problem.costs[share > 0].max()))
    return *best, min(low, len(distances) - 1), True


def _within(problem: Problem, shares: _Shares, sets: list[Ints], clock: Clock) -> Outcome:
    if not _all_have_pairs(problem, shares):
        return Outcome(None, None, math.inf, is_proven=True, is_infeasible=True)
    model = shares.model(0.0, np.zeros(len(shares.pairs)))
    for sites in sets:
        model.add_cut(Cut(sites, is_count_fixed=problem.p is not None))
    return model.solve(clock)


def _all_have_pairs(problem: Problem, shares: _Shares) -> bool:
    return bool((np.bincount(shares.rows, minlength=len(problem.areas)) > 0)[problem.must_serve].all())
