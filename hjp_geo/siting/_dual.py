"""An upper limit on what any set of sites can save: the Lagrangean bound, tightened step by step.

Each area i is offered a price mu_i for its best site. Whatever the prices, no admissible set saves more than

    sum of mu_i  +  the best admissible choice of candidates worth  rho_j = sum over i of max(0, saving_ij - mu_i)

(Cornuejols, Fisher and Nemhauser 1977). Candidates that would pull this limit below a plan already found are settled
for good: they can be in no better plan, or must be in all of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hjp_geo.siting._problem import Bools, Clock, Floats
from hjp_geo.siting._savings import Savings

__all__ = ["Choice", "Dual", "Picked", "tighten"]

_PATIENCE = 10
"""Steps without a lower limit before the step is shortened: chosen by trial on covering and p-median questions."""
_MOMENTUM = 0.7


@dataclass(frozen=True)
class Picked:
    """The best admissible choice for given worths, with what it would cost to turn one candidate round."""

    value: float
    sites: Bools
    regret: Floats
    """By how much the limit falls when the candidate is opened although not picked, or shut although picked."""


@dataclass(frozen=True)
class Choice:
    """What a plan may hold beside the sites already settled as open: so many sites, so much money, or both."""

    count: int | None
    prices: Floats | None = None
    money: float | None = None

    def after(self, opened: Bools, kept: Bools) -> Choice:
        """What may still be chosen once some sites are settled as open and others are dropped."""
        count = None if self.count is None else self.count - int(opened.sum())
        if self.prices is None or self.money is None:
            return Choice(count)
        return Choice(count, self.prices[kept], self.money - float(self.prices[opened].sum()))

    def pick(self, worth: Floats, settled: Bools) -> Picked:
        """The most that an admissible choice is worth (an upper limit where money is short)."""
        rate = 0.0 if self.prices is None or self.money is None else self._rate(worth, settled)
        if rate == 0.0 or self.prices is None or self.money is None:
            return self._pick(worth, settled, 0.0)
        return self._pick(np.where(settled, worth, worth - rate * self.prices), settled, rate * self.money)

    def _pick(self, worth: Floats, settled: Bools, extra: float) -> Picked:
        free = np.where(settled, -np.inf, worth)
        base = float(worth[settled].sum()) + extra
        if self.count is None:
            sites = settled | (free > 0)
            return Picked(base + float(free[free > 0].sum()), sites, np.where(settled, np.inf, np.abs(worth)))
        room = len(worth) - int(settled.sum())
        if self.count >= room:
            return Picked(base + float(worth[~settled].sum()), np.ones_like(settled), np.full(len(worth), np.inf))
        if self.count == 0:
            return Picked(base, settled.copy(), np.where(settled, np.inf, np.inf))
        order = np.argsort(-free, kind="stable")
        last, following = free[order[self.count - 1]], free[order[self.count]]
        sites = settled.copy()
        sites[order[: self.count]] = True
        regret = np.where(sites, worth - following, last - worth)
        return Picked(base + float(free[order[: self.count]].sum()), sites, np.where(settled, np.inf, regret))

    def _rate(self, worth: Floats, settled: Bools) -> float:
        """The price of money that makes the limit lowest: bisection, as the limit is convex in it."""
        assert self.prices is not None
        assert self.money is not None
        priced = (self.prices > 0) & ~settled
        if not priced.any() or self._spent(worth, settled, 0.0) <= self.money:
            return 0.0
        low, high = 0.0, float((worth[priced] / self.prices[priced]).max()) * (1 + 1e-9) + 1e-9
        if self.count is not None:
            high *= 4.0 * max(1.0, float(self.prices[priced].max() / self.prices[priced].min()))
        for _ in range(40):
            middle = (low + high) / 2
            low, high = (middle, high) if self._spent(worth, settled, middle) > self.money else (low, middle)
        return high

    def _spent(self, worth: Floats, settled: Bools, rate: float) -> float:
        assert self.prices is not None
        sites = self._pick(np.where(settled, worth, worth - rate * self.prices), settled, 0.0).sites
        return float(self.prices[sites & ~settled].sum())


@dataclass(frozen=True)
class Dual:
    """The lowest limit found, the prices that give it, and the choice it rests on."""

    bound: float
    prices: Floats
    picked: Picked
    step: float


def tighten(
    savings: Savings,
    choice: Choice,
    settled: Bools,
    start: Dual | Floats,
    *,
    limits: tuple[Floats, Floats],
    scale: Floats,
    target: float,
    clock: Clock,
    steps: int,
) -> Dual:
    """Subgradient steps from these prices towards the lowest limit; the best one met.

    ``target`` is the best plan known. ``limits`` are the lowest and highest price of each area,
    ``scale`` how far each moves for the same step.
    """
    mu, step = (start.prices, start.step) if isinstance(start, Dual) else (start, 1.0)
    best: Dual | None = start if isinstance(start, Dual) else None
    direction, idle = np.zeros_like(mu), 0
    for _ in range(steps):
        picked = choice.pick(savings.gains(mu), settled)
        bound = float(mu.sum()) + picked.value
        if best is None or bound < best.bound - 1e-7 * abs(best.bound):
            idle = 0
        else:
            idle += 1
        if best is None or bound < best.bound:
            best = Dual(bound, mu, picked, step)
        if idle >= _PATIENCE:
            step, idle = step * 0.7, 0
            mu = best.prices
            direction[:] = 0
        slope = 1.0 - _times_served(savings, picked.sites, mu)
        direction = slope + _MOMENTUM * direction
        blocked = ((mu <= limits[0]) & (direction > 0)) | ((mu >= limits[1]) & (direction < 0))
        direction[blocked] = 0.0
        scaled = direction * scale
        norm = float(scaled @ direction)
        if norm == 0.0 or bound <= target or clock.is_over:
            break
        mu = np.clip(mu - step * (bound - target) / norm * scaled, limits[0], limits[1])
    assert best is not None
    return Dual(best.bound, best.prices, best.picked, step)


def _times_served(savings: Savings, sites: Bools, mu: Floats) -> Floats:
    """How many of the picked sites each area would buy at these prices."""
    parts = [savings.column(int(site)) for site in np.flatnonzero(sites)]
    if not parts:
        return np.zeros(savings.area_count)
    rows = np.concatenate([savings.rows[part] for part in parts])
    values = np.concatenate([savings.values[part] for part in parts])
    return np.bincount(rows[values > mu[rows]], minlength=savings.area_count).astype(np.float64)
