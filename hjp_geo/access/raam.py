"""The rational-agent equilibrium, solved exactly: nobody could lower their cost by using another site."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hjp_geo.access.reach import Reach
from hjp_geo.errors import HjpError, PlanError

__all__ = ["equilibrium_costs"]

_Floats: TypeAlias = NDArray[np.float64]
_Positions: TypeAlias = NDArray[np.intp]

_TAU_MINUTES = 60.0
_MAX_STEPS = 20_000
_ROUGHLY = 3e-2
"""The relative gap from which on pairs far from the best are left out of the steps …"""
_MARGIN = 0.04
"""… those that cost more than the area's best by this share of the mean cost …"""
_LOOK_AGAIN = 0.1
"""… until the gap over the others has shrunk by so much: then all pairs are looked at again."""


@dataclass(frozen=True)
class _Loads:
    """Where people are: how many use each site, and their journeys added up in units of tau."""

    per_site: _Floats
    travel: float

    def cost(self, prices: _Floats) -> float:
        """What everybody together pays at these prices."""
        return float(prices @ self.per_site) + self.travel

    def and_(self, others: _Loads) -> _Loads:
        """These people and others."""
        return _Loads(self.per_site + others.per_site, self.travel + others.travel)

    def towards(self, other: _Loads, step: float) -> _Loads:
        """The mix of these loads and others, by share of the people moved."""
        return _Loads(
            self.per_site + step * (other.per_site - self.per_site), self.travel + step * (other.travel - self.travel)
        )


@dataclass(frozen=True)
class _Pairs:
    """Who can use which site at which journey, in units of tau; the area's place in the order of the market."""

    areas: _Positions
    sites: _Positions
    journeys: _Floats

    def only(self, kept: NDArray[np.bool_] | _Positions) -> _Pairs:
        """These of the pairs."""
        return _Pairs(self.areas[kept], self.sites[kept], self.journeys[kept])


@dataclass(frozen=True)
class _Market:
    """What there is to choose: the first choice of every area, the second of those that have two, and so on.

    Areas stand in the order of how many choices they have, the most first, so that those with a k-th choice are the
    first of them all. Nothing here is sorted by cost: a first choice is only the first in the order of the sites.
    """

    sites: tuple[_Positions, ...]
    journeys: tuple[_Floats, ...]
    areas: _Positions
    """Whose choices these are: places in the order that the pairs were given in."""
    people: _Floats
    capacity: _Floats
    settled: _Loads
    """People of areas that have one pair left and so no choice; those areas are not in the market."""

    @classmethod
    def of(cls, pairs: _Pairs, people: _Floats, capacity: _Floats, settled: _Loads) -> Self:
        """The market of these pairs, which are in the order of their areas; areas without a pair are left out."""
        choices = np.bincount(pairs.areas, minlength=len(people))
        starts = np.cumsum(choices) - choices
        areas = np.argsort(-choices, kind="stable")[: np.count_nonzero(choices)]
        with_so_many = [np.count_nonzero(choices > k) for k in range(choices.max(initial=0))]
        places = [starts[areas[:count]] + k for k, count in enumerate(with_so_many)]
        sites = tuple(pairs.sites[at] for at in places)
        return cls(sites, tuple(pairs.journeys[at] for at in places), areas, people[areas], capacity, settled)

    def prices(self, loads: _Loads) -> _Floats:
        """Crowding at each site: people per supply there, as a multiple of the average."""
        return loads.per_site / self.capacity

    def least(self, prices: _Floats) -> _Floats:
        """What the best site costs each area, in the order of ``areas``."""
        best = np.full(len(self.areas), np.inf)
        for sites, journeys in zip(self.sites, self.journeys, strict=True):
            reached = best[: len(sites)]
            np.minimum(reached, prices[sites] + journeys, out=reached)
        return best

    def best_reply(self, prices: _Floats) -> _Loads:
        """The loads if everyone went to the site that is best for them (ties: the first site)."""
        if not self.sites:
            return self.settled
        site, journey = self.sites[0].copy(), self.journeys[0].copy()
        best = prices[site] + journey
        for sites, journeys in zip(self.sites[1:], self.journeys[1:], strict=True):
            costs = prices[sites] + journeys
            better = np.flatnonzero(costs < best[: len(sites)])
            best[better], site[better], journey[better] = costs[better], sites[better], journeys[better]
        return self.settled.and_(self._loads(site, journey, self.people))

    def near(self, prices: _Floats, margin: float) -> NDArray[np.bool_]:
        """Which of ``pairs`` cost at most so much more than the area's best."""
        limit = self.least(prices) + margin
        choices = zip(self.sites, self.journeys, strict=True)
        return np.concatenate([prices[sites] + journeys <= limit[: len(sites)] for sites, journeys in choices])

    def pairs(self) -> _Pairs:
        """Every pair, first choices first; areas by their place in this market."""
        areas = [np.arange(len(sites)) for sites in self.sites]
        return _Pairs(np.concatenate(areas), np.concatenate(self.sites), np.concatenate(self.journeys))

    def only(self, kept: NDArray[np.bool_]) -> _Market:
        """The market with these of ``pairs`` alone, one or more an area."""
        left = self.pairs().only(kept)
        left = left.only(np.argsort(left.areas, kind="stable"))
        alone = (np.bincount(left.areas, minlength=len(self.people)) == 1)[left.areas]
        without_choice = left.only(alone)
        people = self.people[without_choice.areas]
        settled = self.settled.and_(self._loads(without_choice.sites, without_choice.journeys, people))
        return _Market.of(left.only(~alone), self.people, self.capacity, settled)

    def _loads(self, sites: _Positions, journeys: _Floats, people: _Floats) -> _Loads:
        """The loads of people who all use these sites."""
        per_site = np.bincount(sites, weights=people, minlength=len(self.capacity))
        return _Loads(per_site.astype(np.float64), float((people * journeys).sum()))


def equilibrium_costs(reach: Reach, tau: float | None, tolerance: float) -> _Floats:
    """The equilibrium cost of each area in the order of ``reach.demand``; NaN where no site with supply is in reach."""
    tau = _checked_tau(reach, tau)
    if not tolerance > 0:
        raise PlanError(f"tolerance is {tolerance}; expected a relative gap above 0, such as 1e-5.")
    result = np.full(len(reach.demand), np.nan)
    usable = (reach.weights.data > 0) & (reach.hours[reach.matrix.columns] > 0)
    if not usable.any():
        return result
    average_crowding = reach.people.sum() / reach.hours.sum() or 1.0  # with nobody anywhere only journeys are left
    capacity = np.where(reach.hours > 0, average_crowding * reach.hours, 1.0)  # without supply: no pair leads there
    sites = reach.matrix.columns[usable].astype(np.intp)
    pairs = _Pairs(reach.matrix.rows[usable].astype(np.intp), sites, reach.matrix.costs[usable] / tau)
    market = _Market.of(pairs, reach.people, capacity, settled=_Loads(np.zeros_like(capacity), 0.0))
    result[market.areas] = _settle(market, tolerance)
    return result


@dataclass(frozen=True)
class _Behind:
    """The last two targets, the latest first, and how far the last step went towards its own."""

    last: _Loads
    before: _Loads | None
    step: float


def _settle(market: _Market, tolerance: float) -> _Floats:
    """Frank–Wolfe with bi-conjugate directions and exact line search; METHODS §6.3 has the function it minimises.

    Only the loads per site and the sum of journeys matter to the objective, so who goes where is never stored. Sums
    over areas are not written ``a @ b``: threaded BLAS in a loop this short was ten times slower on a busy machine.

    Once the prices are roughly right, most pairs are out of the question: the steps go on over those near the best, and
    only a gap that is small enough over all pairs ends them.
    """
    loads = market.best_reply(np.zeros_like(market.capacity))
    behind, working, looked = _Behind(loads, None, 1.0), market, np.inf
    kept = np.zeros(sum(map(len, market.sites)), dtype=np.bool_)
    for _ in range(_MAX_STEPS):
        prices = market.prices(loads)
        best = working.best_reply(prices)
        gap = _gap(prices, loads, best)
        if working is not market and gap <= max(tolerance, _LOOK_AGAIN * looked):
            working, best = market, market.best_reply(prices)
            gap = _gap(prices, loads, best)
        if working is market:
            if gap <= tolerance:
                return market.least(prices)
            if gap <= _ROUGHLY:
                kept |= market.near(prices, _MARGIN * best.cost(prices) / float(market.people.sum()))
                working, looked = market.only(kept), gap
        target = _conjugate_target(market, loads, behind, best)
        step = _best_step(market, loads, target)
        loads = loads.towards(target, step)
        behind = _Behind(target, behind.last if step < 1 else None, step)
    raise HjpError(
        f"rational_agent_access: no equilibrium within {_MAX_STEPS} steps at a gap of {tolerance:g}. "
        f"Ask for a larger tolerance, or report this with the costs used."
    )


def _gap(prices: _Floats, loads: _Loads, best: _Loads) -> float:
    """How much more people pay than if each went where it is cheapest now, as a share of that."""
    least = best.cost(prices)
    excess = loads.cost(prices) - least
    return excess / least if least > 0 else max(excess, 0.0)


def _best_step(market: _Market, loads: _Loads, target: _Loads) -> float:
    """How far to move towards the target: the exact minimum along the line, at most all the way."""
    moved = target.per_site - loads.per_site
    slope = float(market.prices(loads) @ moved) + target.travel - loads.travel
    curvature = float(moved @ (moved / market.capacity))
    if curvature <= -slope:
        return 1.0
    return max(0.0, -slope / curvature)


def _conjugate_target(market: _Market, loads: _Loads, behind: _Behind, best: _Loads) -> _Loads:
    """A mix of the best reply and the last two targets whose direction undoes neither of the last two steps.

    Mitradjieva and Lindberg (2013), Transportation Science 47(2), bi-conjugate Frank–Wolfe: the weights are set so
    that the direction is conjugate, under the curvature of the objective, to the two before it.
    """
    forth = best.per_site - loads.per_site
    back = behind.last.per_site - loads.per_site
    curved = back / market.capacity
    length = float(curved @ back)
    if length <= 0:
        return best
    of_last, of_before = -float(curved @ forth) / length, 0.0
    if behind.before is not None:
        further = behind.last.towards(behind.before, 1 - behind.step).per_site - loads.per_site
        bent = further / market.capacity
        apart = float(bent @ (behind.before.per_site - behind.last.per_site))
        of_before = max(0.0, -float(bent @ forth) / apart) if apart else 0.0
        of_last += of_before * behind.step / (1 - behind.step)
    of_last = max(0.0, of_last)
    weights = 1 + of_last + of_before
    if not weights <= _MOST_OF_OTHERS:
        return best
    mix = best.towards(behind.last, of_last / (1 + of_last))
    return mix if behind.before is None else mix.towards(behind.before, of_before / weights)


_MOST_OF_OTHERS = 100.0
"""How many times the best reply the mix may be: beyond that its direction hardly heeds the prices of now."""


def _checked_tau(reach: Reach, tau: float | None) -> float:
    if tau is None and reach.cost_unit == "minutes":
        return _TAU_MINUTES
    if tau is None or not tau > 0:
        raise PlanError(
            f"tau is {tau}; expected the {reach.cost_unit} that are worth one unit of average crowding, above 0. "
            f"Only for minutes is there a default ({_TAU_MINUTES:g})."
        )
    return tau
