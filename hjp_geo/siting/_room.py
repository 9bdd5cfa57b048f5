"""Sites with room for so many people, when there are many pairs: good plans, and a limit on what any could do.

Each area is offered a price λ for each of its people. Whatever the prices, no admissible plan costs less than

    sum of people × λ  +  the best admissible choice of sites, each filled with those who are cheapest beyond their λ

so each site is a knapsack that is filled in the order of cost less λ (Lagrangean relaxation of "everybody is served";
Cornuejols, Sridharan and Thizy 1991). Plans come from the sites that the limit rests on: people are sent to them as
cheaply as room allows (a transport programme), and each site then moves to where its own people are served best.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.optimize import LinearConstraint, milp

from hjp_geo.siting._dual import Choice
from hjp_geo.siting._problem import Bools, Clock, Floats, Ints, summed

__all__ = ["Known", "Rooms"]

_STEPS = 400
_EVERY = 20
"""After so many steps the sites that the limit rests on are tried as a plan."""
_PATIENCE = 12
_MOVES = 3
_CLOSED = 1e-9
_LEAST_SECONDS, _MOST_SECONDS = 1.0, 60.0
"""How long one transport programme may take: a first plan is worth a little more time than was given."""


@dataclass
class Known:
    """The best plan so far, and the limit."""

    sites: Ints | None
    flow: Floats | None
    """People sent over each pair."""
    cost: float
    bound: float

    @property
    def is_closed(self) -> bool:
        """Whether no plan can be cheaper."""
        return self.sites is not None and self.cost - self.bound <= _CLOSED * max(1.0, abs(self.cost))


@dataclass(frozen=True, eq=False)
class Rooms:
    """Pairs with the price of sending one person over each, people by area, room by site.

    Everybody is to be served, or (``may_leave_out``) nobody has to be: then a price below 0 is what serving is worth.
    """

    rows: Ints
    columns: Ints
    price: Floats
    people: Floats
    room: Floats
    choice: Choice
    settled: Bools
    may_leave_out: bool

    def search(self, start: Ints, known: Known, clock: Clock) -> Known:
        """Plans from a first set of sites on, and a limit from subgradient steps, until they meet or time is up."""
        tried: set[bytes] = set()
        for sites in (start, self._greedy()):
            self._try(sites, known, tried, clock)
        prices = self._first_prices(start)
        best_prices, step, idle = prices, 1.0, 0
        for turn in range(_STEPS):
            filled = self._filled(prices)
            picked = self.choice.pick(-filled.worth, self.settled)
            limit = float((self.people * prices).sum()) - picked.value
            if limit > known.bound:
                idle = 0 if limit - known.bound > 1e-5 * abs(limit) else idle + 1
                known.bound, best_prices = limit, prices
            else:
                idle += 1
            if known.is_closed or clock.is_over:
                break
            if turn % _EVERY == _EVERY - 1:
                self._try(np.flatnonzero(picked.sites), known, tried, clock)
            if idle >= _PATIENCE:
                step, idle, prices = step / 2, 0, best_prices
                if step < 1e-3:
                    break
                continue
            served = summed(
                self.rows[filled.pairs], filled.taken * picked.sites[self.columns[filled.pairs]], self.count
            )
            slope = np.where(self.people > 0, 1.0 - served / np.maximum(self.people, 1e-300), 0.0)
            norm = float((self.people * slope**2).sum())
            if norm == 0.0:
                break
            distance = (known.cost if math.isfinite(known.cost) else limit + 0.1 * abs(limit)) - limit
            prices = prices + step * max(distance, 1e-9) / norm * slope
            if self.may_leave_out:
                prices = np.clip(prices, -1.0, 0.0)
        return known

    @property
    def count(self) -> int:
        """How many areas."""
        return len(self.people)

    def _first_prices(self, start: Ints) -> Floats:
        """What each area costs with the first sites: a good price to begin with."""
        if self.may_leave_out:
            return np.zeros(self.count)  # the limit is then that of the room alone
        nearest = np.full(self.count, math.inf)
        used = np.isin(self.columns, start)
        np.minimum.at(nearest, self.rows[used], self.price[used])
        return np.where(np.isfinite(nearest), nearest, float(self.price.max(initial=0.0)))

    def _filled(self, prices: Floats) -> _Filled:
        """Each site filled with those whom it serves for less than their price, cheapest first, while there is room."""
        less = self.price - prices[self.rows]
        pairs = np.flatnonzero(less < 0)
        order = np.lexsort((less[pairs], self.columns[pairs]))
        pairs = pairs[order]
        columns, people = self.columns[pairs], self.people[self.rows[pairs]]
        running = np.cumsum(people)
        starts = np.flatnonzero(np.append(True, columns[1:] != columns[:-1])[: len(columns)])
        before = running - people
        offset = np.repeat(before[starts], np.diff(np.append(starts, len(columns))))
        taken = np.clip(self.room[columns] - (before - offset), 0.0, people)
        return _Filled(pairs, taken, summed(columns, taken * less[pairs], len(self.room)))

    def _greedy(self) -> Ints:
        """One site after another that finds most people without room so far, the hardest to reach first."""
        left = self.people.copy()
        options = np.bincount(self.rows, minlength=self.count)
        chosen = [int(site) for site in np.flatnonzero(self.settled)]
        for site in chosen:
            self._take(left, site, options)
        count, prices = self.choice.count, self.choice.prices
        money = math.inf if self.choice.money is None else self.choice.money
        price = np.zeros(len(self.room)) if prices is None else prices
        while count is None or len(chosen) < count + int(self.settled.sum()):
            gain = np.minimum(summed(self.columns, left[self.rows], len(self.room)), self.room)
            gain = gain / np.maximum(price, 1e-9) if count is None else gain
            gain[price > money] = -1.0
            gain[chosen] = -1.0
            site = int(np.argmax(gain))
            if gain[site] < 0 or (count is None and gain[site] == 0):
                break
            chosen.append(site)
            money -= float(price[site])
            self._take(left, site, options)
        return np.sort(np.array(chosen, dtype=np.intp))

    def _take(self, left: Floats, site: int, options: Ints) -> None:
        rows = self.rows[self.columns == site]
        rows = rows[np.argsort(options[rows], kind="stable")]
        before = np.cumsum(left[rows]) - left[rows]
        left[rows] -= np.clip(self.room[site] - before, 0.0, left[rows])

    def _try(self, sites: Ints, known: Known, tried: set[bytes], clock: Clock) -> None:
        if sites.tobytes() in tried or not self._is_admissible(sites):
            return
        tried.add(sites.tobytes())
        self._improve(sites, known, clock)

    def _is_admissible(self, sites: Ints) -> bool:
        choice, new = self.choice, sites[~self.settled[sites]]
        if choice.count is not None and len(new) != choice.count:
            return False
        return choice.prices is None or choice.money is None or bool(choice.prices[new].sum() <= choice.money)

    def _improve(self, sites: Ints, known: Known, clock: Clock) -> None:
        """Send everybody to these sites; then let each site move to where its people are served best, and again."""
        for _ in range(_MOVES):
            flow = self.sent(sites, clock)
            if flow is None:
                return
            cost = float((flow * self.price).sum())
            if cost >= known.cost - _CLOSED * abs(cost):
                return
            known.sites, known.flow, known.cost = sites, flow, cost
            if known.is_closed or clock.is_over:
                return
            sites = self._moved(sites, flow)
            if not self._is_admissible(sites):
                return

    def sent(self, sites: Ints, clock: Clock) -> Floats | None:
        """People over each pair, as cheap as room allows; None where there is no room for all."""
        pairs = np.flatnonzero(np.isin(self.columns, sites))
        if len(pairs) == 0:
            return np.zeros(len(self.rows)) if self.may_leave_out else None
        rows, columns, at = self.rows[pairs], self.columns[pairs], np.arange(len(pairs))
        unit = max(1.0, float(self.people.max()))
        by_area = sparse.csr_array((np.ones(len(pairs)), (rows, at)), shape=(self.count, len(pairs)))
        by_site = sparse.csr_array((np.ones(len(pairs)), (columns, at)), shape=(len(self.room), len(pairs)))
        least = np.zeros(self.count) if self.may_leave_out else self.people
        limits = np.concatenate([self.people, self.room]) / unit
        low = np.concatenate([least, np.zeros(len(self.room))]) / unit
        scale = max(1e-300, float(np.abs(self.price[pairs]).max()))
        found = milp(
            self.price[pairs] / scale,
            constraints=LinearConstraint(sparse.vstack([by_area, by_site], format="csr"), low, limits),
            options={"time_limit": max(_LEAST_SECONDS, min(clock.left, _MOST_SECONDS))},
        )
        if found.x is None:
            return None
        flow = np.zeros(len(self.rows))
        flow[pairs] = np.where(found.x < 1e-9, 0.0, found.x) * unit
        return flow

    def _moved(self, sites: Ints, flow: Floats) -> Ints:
        """Each free site where those sent to it are served for least, among candidates with room for as many."""
        site_count = len(self.room)
        table = sparse.csr_array((self.price, (self.rows, self.columns)), shape=(self.count, site_count))
        reach = sparse.csr_array((np.ones(len(self.rows)), (self.rows, self.columns)), shape=table.shape)
        taken = set(sites.tolist())
        moved = []
        for site in sites:
            own = np.flatnonzero((self.columns == site) & (flow > 0))
            if self.settled[site] or len(own) == 0:
                moved.append(int(site))
                continue
            weight = np.zeros(self.count)
            weight[self.rows[own]] = flow[own]
            cost, held = np.asarray(table.T @ weight), np.asarray(reach.T @ weight)
            needed = float(weight.sum()) * (1 - 1e-9)
            worth = np.where((held >= needed) & (self.room >= needed), cost, np.inf)
            worth[list(taken - {int(site)})] = np.inf
            better = int(np.argmin(worth))
            chosen = better if worth[better] < cost[site] * (1 - 1e-12) else int(site)
            taken = (taken - {int(site)}) | {chosen}
            moved.append(chosen)
        return np.sort(np.array(moved, dtype=np.intp))


@dataclass(frozen=True, eq=False)
class _Filled:
    pairs: Ints
    taken: Floats
    """People whom the site of each pair takes."""
    worth: Floats
    """By site: what it saves below the prices, 0 or less."""
