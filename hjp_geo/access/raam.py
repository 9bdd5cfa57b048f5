"""The rational-agent equilibrium, solved exactly: nobody could lower their cost by using another site."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

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
_MARGIN = 0.03
"""… those that cost more than the area's best by this share of the mean cost …"""
_LOOK_ROUND = 50
"""… and every so many steps, whether prices have moved so that others are near."""


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
class _Market:
    """The pairs that can be used: areas with a site in reach, and the sites with supply that they reach."""

    rows: _Positions
    starts: _Positions
    columns: NDArray[np.int32]
    journeys: _Floats
    people: _Floats
    capacity: _Floats
    settled: _Loads
    """People of areas that have one pair left and so no choice; those areas are no longer among the rows."""

    def prices(self, loads: _Loads) -> _Floats:
        """Crowding at each site: people per supply there, as a multiple of the average."""
        return loads.per_site / self.capacity

    def least(self, prices: _Floats) -> _Floats:
        """What the best site costs each area."""
        return np.minimum.reduceat(prices[self.columns] + self.journeys, self.starts)

    def best_reply(self, prices: _Floats) -> _Loads:
        """The loads if everyone went to the site that is best for them (ties: the first site)."""
        if not len(self.starts):
            return self.settled
        costs = prices[self.columns] + self.journeys
        at_least = np.flatnonzero(costs == np.minimum.reduceat(costs, self.starts)[self.rows])
        rows = self.rows[at_least]
        best = at_least[np.concatenate([[True], rows[1:] != rows[:-1]])]
        return self.settled.and_(self._loads(best, self.people))

    def near(self, prices: _Floats, margin: float) -> NDArray[np.bool_]:
        """Which pairs cost at most so much more than the area's best."""
        costs = prices[self.columns] + self.journeys
        return costs <= np.minimum.reduceat(costs, self.starts)[self.rows] + margin

    def only(self, kept: NDArray[np.bool_]) -> _Market:
        """The market with these pairs alone, one or more an area."""
        pairs = np.flatnonzero(kept)
        choices = np.bincount(self.rows[pairs], minlength=len(self.people))
        choosing = choices > 1
        without_choice = pairs[~choosing[self.rows[pairs]]]
        pairs = pairs[choosing[self.rows[pairs]]]
        return replace(
            self,
            rows=np.repeat(np.arange(choosing.sum()), choices[choosing]),
            starts=np.cumsum(choices[choosing]) - choices[choosing],
            columns=self.columns[pairs],
            journeys=self.journeys[pairs],
            people=self.people[choosing],
            settled=self.settled.and_(self._loads(without_choice, self.people[~choosing])),
        )

    def _loads(self, pairs: _Positions, people: _Floats) -> _Loads:
        """The loads of people who all use the pair of the same place in the order."""
        per_site = np.bincount(self.columns[pairs], weights=people, minlength=len(self.capacity))
        return _Loads(per_site.astype(np.float64), float((people * self.journeys[pairs]).sum()))


def equilibrium_costs(reach: Reach, tau: float | None, tolerance: float) -> _Floats:
    """The equilibrium cost of each area in the order of ``reach.demand``; NaN where no site with supply is in reach."""
    tau = _checked_tau(reach, tau)
    if not tolerance > 0:
        raise PlanError(f"tolerance is {tolerance}; expected a relative gap above 0, such as 1e-5.")
    result = np.full(len(reach.demand), np.nan)
    usable = (reach.weights.data > 0) & (reach.hours[reach.matrix.columns] > 0)
    if not usable.any():
        return result
    rows, columns = reach.matrix.rows[usable], reach.matrix.columns[usable]
    areas, row_of_pair = np.unique(rows, return_inverse=True)
    people = reach.people[areas]
    average_crowding = reach.people.sum() / reach.hours.sum() or 1.0  # with nobody anywhere only journeys are left
    capacity = np.where(reach.hours > 0, average_crowding * reach.hours, 1.0)  # without supply: no pair leads there
    starts = np.searchsorted(rows, areas)
    journeys = reach.matrix.costs[usable] / tau
    nobody = _Loads(np.zeros_like(capacity), 0.0)
    market = _Market(row_of_pair, starts, columns, journeys, people, capacity, nobody)
    result[areas] = _settle(market, tolerance)
    return result


def _settle(market: _Market, tolerance: float) -> _Floats:
    """Frank–Wolfe with conjugate directions and exact line search; METHODS §6.3 has the function it minimises.

    Only the loads per site and the sum of journeys matter to the objective, so who goes where is never stored. Sums
    over areas are not written ``a @ b``: threaded BLAS in a loop this short was ten times slower on a busy machine.

    Once the prices are roughly right, most pairs are out of the question: the steps go on over those near the best, and
    only a gap that is small enough over all pairs ends them.
    """
    loads = market.best_reply(np.zeros_like(market.capacity))
    target, working = loads, market
    kept = np.zeros(len(market.journeys), dtype=np.bool_)
    for step in range(_MAX_STEPS):
        prices = market.prices(loads)
        best = working.best_reply(prices)
        if working is not market and (_gap(prices, loads, best) <= tolerance or step % _LOOK_ROUND == 0):
            working, best = market, market.best_reply(prices)
        if working is market:
            gap = _gap(prices, loads, best)
            if gap <= tolerance:
                return market.least(prices)
            if gap <= _ROUGHLY:
                kept |= market.near(prices, _MARGIN * best.cost(prices) / float(market.people.sum()))
                working = market.only(kept)
        target = _conjugate_target(market, loads, target, best)
        loads = loads.towards(target, _best_step(market, loads, target))
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


def _conjugate_target(market: _Market, loads: _Loads, last: _Loads, best: _Loads) -> _Loads:
    """A mix of the last target and the best reply whose direction does not undo the last one."""
    back = (last.per_site - loads.per_site) / market.capacity
    forth = best.per_site - loads.per_site
    numerator = float(back @ forth)
    denominator = float(back @ (forth - (last.per_site - loads.per_site)))
    if denominator == 0 or not 0 < numerator / denominator <= _MOST_OF_LAST_TARGET:
        return best
    return best.towards(last, numerator / denominator)


_MOST_OF_LAST_TARGET = 0.99


def _checked_tau(reach: Reach, tau: float | None) -> float:
    if tau is None and reach.cost_unit == "minutes":
        return _TAU_MINUTES
    if tau is None or not tau > 0:
        raise PlanError(
            f"tau is {tau}; expected the {reach.cost_unit} that are worth one unit of average crowding, above 0. "
            f"Only for minutes is there a default ({_TAU_MINUTES:g})."
        )
    return tau
