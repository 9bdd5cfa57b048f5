"""What each area would save with each candidate: the one shape of coverage, mean distance and equity.

Covering people, the p-median and Kolm–Pollak equity all ask for the set of sites with the largest sum, over areas, of
the best saving that one of its sites gives: people covered; person-minutes saved against the worst that could
happen; weighted exponentials saved. So one greedy search, one interchange and one bound serve all three.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hjp_geo.siting._problem import Bools, Clock, Floats, Ints, summed

__all__ = ["Savings", "Standing", "greedy", "interchange"]

_CLOSE = 1e-12


@dataclass(frozen=True)
class Standing:
    """For one set of sites: the best and second best saving of each area, and which pick gives the best."""

    best: Floats
    second: Floats
    slot: Ints
    """Position in the set of the site that gives the best; -1 where none gives anything."""

    @property
    def value(self) -> float:
        """What the set saves in all."""
        return float(self.best.sum())


@dataclass(frozen=True, eq=False)
class Savings:
    """Savings of 0 or more by candidate: compressed columns. A pair that is not stored saves nothing."""

    starts: Ints
    rows: Ints
    values: Floats
    area_count: int

    @classmethod
    def from_pairs(cls, rows: Ints, columns: Ints, values: Floats, shape: tuple[int, int]) -> Savings:
        """The pairs, in any order, put by candidate, then area."""
        order = _turned_over(rows, columns, shape)
        if order is None:
            order = np.argsort(columns, kind="stable")
        starts = np.concatenate([[0], np.cumsum(np.bincount(columns, minlength=shape[1]))])
        return cls(starts, rows[order], values[order], shape[0])

    @property
    def site_count(self) -> int:
        """How many candidates."""
        return len(self.starts) - 1

    @cached_property
    def columns(self) -> Ints:
        """The candidate of each stored pair."""
        return np.repeat(np.arange(self.site_count), np.diff(self.starts))

    @cached_property
    def _grid(self) -> Floats | None:
        """Savings by candidate and area, where every pair is stored: no position need be looked up."""
        is_full = len(self.values) == self.site_count * self.area_count
        return self.values.reshape(self.site_count, self.area_count) if is_full and len(self.values) else None

    @cached_property
    def _scratch(self) -> Floats:
        """Room for one number per pair: fresh memory at every step of a search would cost more than the arithmetic."""
        return np.empty(len(self.values))

    def column(self, site: int) -> slice:
        """Where the pairs of one candidate are stored."""
        return slice(int(self.starts[site]), int(self.starts[site + 1]))

    def sum_by_site(self, pair_values: Floats) -> Floats:
        """Add up one number per stored pair into one per candidate."""
        total = np.zeros(self.site_count)
        filled = np.flatnonzero(np.diff(self.starts))
        if len(filled):
            total[filled] = np.add.reduceat(pair_values, self.starts[filled])
        return total

    def gains(self, level: Floats) -> Floats:
        """What each candidate alone adds over a level that each area has already."""
        over = level.take(self.rows, out=self._scratch, mode="clip")
        np.subtract(self.values, over, out=over)
        np.maximum(over, 0.0, out=over)
        return self.sum_by_site(over)

    def best(self, sites: Ints) -> Floats:
        """The best saving of each area with these sites."""
        best = np.zeros(self.area_count)
        for site in sites:
            part = self.column(site)
            rows = self.rows[part]
            best[rows] = np.maximum(best[rows], self.values[part])
        return best

    def standing(self, sites: Ints) -> Standing:
        """Best, second best, and who gives the best; the first of equals."""
        if self._grid is not None and len(sites):
            return _standing_of_full(self._grid[sites])
        best, second = np.zeros(self.area_count), np.zeros(self.area_count)
        slot = np.full(self.area_count, -1, dtype=np.intp)
        for position, site in enumerate(sites):
            part = self.column(site)
            rows, values = self.rows[part], self.values[part]
            held = best[rows]
            second[rows] = np.maximum(second[rows], np.minimum(held, values))
            better = values > held
            best[rows[better]] = values[better]
            slot[rows[better]] = position
        return Standing(best, second, slot)

    def keep(self, kept: Bools) -> Savings:
        """The same areas with some of the candidates only."""
        counts = np.diff(self.starts)
        pairs = np.repeat(kept, counts)
        starts = np.concatenate([[0], np.cumsum(counts[kept])])
        return Savings(starts, self.rows[pairs], self.values[pairs], self.area_count)

    def above(self, level: Floats) -> Savings:
        """Only the pairs that save more than a level of their area."""
        kept = self.values > level.take(self.rows, out=self._scratch, mode="clip")
        before = np.concatenate([[0], np.cumsum(kept)])
        return Savings(before[self.starts], self.rows[kept], self.values[kept], self.area_count)

    def swap_changes(self, sites: Ints) -> Floats:
        """The change of the total for each candidate that enters (rows) in place of each site (columns).

        Whitaker (1983); Resende and Werneck (2007), in one pass over the pairs that beat the second best.
        """
        now = self.standing(sites)
        count = len(sites)
        is_held = now.slot >= 0
        loss = summed(now.slot[is_held], (now.best - now.second)[is_held], count)
        if self._grid is not None:
            useful = np.flatnonzero(self._grid > now.second)
        else:
            useful = np.flatnonzero(self.values > now.second.take(self.rows, out=self._scratch, mode="clip"))
        rows, columns, values = self.rows[useful], self.columns[useful], self.values[useful]
        best = now.best[rows]
        gain = summed(columns, np.maximum(values - best, 0.0), self.site_count)
        slot = now.slot[rows]  # where nothing is held, best and second are 0 and nothing is kept: any slot will do
        cell = columns * count + np.maximum(slot, 0)
        kept = np.minimum(values, best) - now.second[rows]
        extra = summed(cell, kept, self.site_count * count)
        return gain[:, None] - loss + extra.reshape(self.site_count, count)


def _turned_over(rows: Ints, columns: Ints, shape: tuple[int, int]) -> Ints | None:
    """By candidate, then area, where every area has all its candidates in order: quicker than sorting. Else None."""
    if len(rows) == 0 or len(rows) != shape[0] * shape[1]:
        return None
    is_in_order = (rows.reshape(shape) == np.arange(shape[0])[:, None]).all()
    if not is_in_order or not (columns.reshape(shape) == np.arange(shape[1])).all():
        return None
    return np.arange(len(rows)).reshape(shape).T.ravel()


def _standing_of_full(values: Floats) -> Standing:
    """The standing of sites (rows) that each have a saving stored for every area."""
    slot = values.argmax(axis=0)
    areas = np.arange(values.shape[1])
    best = values[slot, areas]
    rest = values.copy()
    rest[slot, areas] = 0.0
    return Standing(best, rest.max(axis=0), np.where(best > 0, slot, -1))


def greedy(
    savings: Savings, start: Ints, *, count: int | None, prices: Floats | None = None, money: float | None = None
) -> Ints:
    """Add the candidate that saves most (per price, when there is a budget) until the count or the money is reached.

    Lazy: what a candidate adds never grows, so an old figure is an upper limit (Minoux 1978). Ties go to the first
    code.
    """
    if count is not None and len(start) >= count:
        return np.sort(start)
    level = savings.best(start)
    chosen = [int(site) for site in start]
    scale = np.ones(savings.site_count) if prices is None or money is None else 1.0 / np.maximum(prices, 1e-12)
    first = savings.gains(level) * scale
    first[start] = -1.0
    queue = [(-first[site], site, len(chosen)) for site in range(savings.site_count) if first[site] >= 0]
    heapq.heapify(queue)
    while queue and (count is None or len(chosen) < count):
        known, site, asof = heapq.heappop(queue)
        if prices is not None and money is not None and prices[site] > money:
            continue
        if count is None and known == 0:
            break
        part = savings.column(site)
        if asof < len(chosen) and known < 0:
            over = savings.values[part] - level[savings.rows[part]]
            heapq.heappush(queue, (-float(over[over > 0].sum()) * scale[site], site, len(chosen)))
            continue
        chosen.append(site)
        money = None if money is None or prices is None else money - float(prices[site])
        rows = savings.rows[part]
        level[rows] = np.maximum(level[rows], savings.values[part])
    return np.sort(np.array(chosen, dtype=np.intp))


def interchange(
    savings: Savings,
    sites: Ints,
    fixed: Bools,
    *,
    clock: Clock,
    prices: Floats | None = None,
    money: float | None = None,
    rounds: int = 200,
) -> Ints:
    """Swap one site for one candidate, the best swap first, until none helps; ``fixed`` sites never leave."""
    sites = np.sort(sites)
    if len(sites) == 0:
        return sites
    least = _CLOSE * max(1.0, float(savings.values.max(initial=0.0)))
    for _ in range(rounds):
        change = savings.swap_changes(sites)
        change[sites, :] = -np.inf
        change[:, fixed[sites]] = -np.inf
        if prices is not None and money is not None:
            change[prices[:, None] - prices[sites] > money - prices[sites].sum()] = -np.inf
        enters, leaves = np.unravel_index(int(np.argmax(change)), change.shape)
        if change[enters, leaves] <= least or clock.is_over:
            break
        sites = np.sort(np.append(np.delete(sites, leaves), enters))
    return sites
