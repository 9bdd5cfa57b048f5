"""The set of sites that saves most, with proof: search, bound, settle candidates, and HiGHS for what is left."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from hjp_geo.siting._dual import Choice, Dual, Picked, tighten
from hjp_geo.siting._mip import Cut
from hjp_geo.siting._nested import savings_model
from hjp_geo.siting._problem import Bools, Clock, Floats, Ints
from hjp_geo.siting._savings import Savings, Standing, greedy, interchange

__all__ = ["Best", "Question", "largest_saving", "promising_plans"]

_STEPS = 25
_CLOSED = 1e-10
_EQUAL = 1e-13
"""Savings that differ by less, as a share of them, are equal: the rest is rounding."""
_BEYOND = 1.5
"""How far below the second best saving, in steps from the best to the second, an area's pairs still matter."""
_NEARLY = 1e-3
"""A gap, as a share of the objective, at which the integer programme is quicker than ever smaller steps."""
_STALLS = 2
_PAIRS_PER_SECOND = 25_000
"""How large a programme HiGHS is given for each second left: it looks at the clock too seldom for larger ones."""
_NOTHING = np.zeros(0, dtype=np.intp)


@dataclass(frozen=True, eq=False)
class Question:
    """Which admissible set saves most, with every hard area served by one of its pairs."""

    savings: Savings
    hard: Bools
    choice: Choice
    start: Ints | None = None
    """A set that serves every hard area, where there are hard areas."""
    unit: float = 0.0
    """Savings are whole multiples of this; 0 when they are not."""
    worst: float = 0.0
    """What savings are counted from: the objective is the distance between this and what is saved."""

    def value(self, sites: Ints) -> float:
        """What a set saves; minus infinity when it leaves a hard area unserved."""
        if self.hard.any():
            served = np.zeros(self.savings.area_count, dtype=np.bool_)
            for site in sites:
                served[self.savings.rows[self.savings.column(int(site))]] = True
            if (self.hard & ~served).any():
                return -math.inf
        return float(self.savings.best(sites).sum())

    def with_bonus(self) -> Savings:
        """Savings in which serving a hard area outweighs all else: only for the search, never for a result."""
        if not self.hard.any():
            return self.savings
        most = self.savings.best(np.arange(self.savings.site_count))
        bonus = np.where(self.hard, 1.0 + 2.0 * float(most.sum()), 0.0)
        values = self.savings.values + bonus[self.savings.rows]
        return Savings(self.savings.starts, self.savings.rows, values, self.savings.area_count)


@dataclass(frozen=True)
class Best:
    """Sets of sites, the best first, and a limit on what any could save."""

    sets: tuple[Ints, ...]
    values: tuple[float, ...]
    bound: float
    """No admissible set saves more than this."""
    is_proven: bool
    """Whether the first set is an optimum."""
    are_all_proven: bool
    """Whether no set left out saves more than the last one given."""


def largest_saving(question: Question, *, k_best: int, clock: Clock) -> Best:
    """The k sets that save most, or the best found in the time given; there is always one at least."""
    hunt = _Hunt(question, k_best, clock)
    hunt.search()
    if not clock.is_over:
        hunt.tighten()
    if (k_best > 1 or not hunt.is_closed) and hunt.is_small_enough:
        hunt.finish()
    if not clock.is_over:
        hunt.prefer_first_codes()
    return hunt.answer()


def promising_plans(question: Question, *, k_best: int, clock: Clock) -> tuple[Ints, ...]:
    """Good sets found by search alone, the best first; fewer than asked for where there are fewer."""
    hunt = _Hunt(question, k_best, clock)
    hunt.search()
    return hunt.answer().sets


def _step_scale(standing: Standing) -> Floats:
    """Longer steps for areas whose best and second best site differ more: found by trial to need half the steps."""
    apart = standing.best - standing.second
    usual = float(np.median(apart[apart > 0])) if (apart > 0).any() else 1.0
    return np.sqrt(np.maximum(apart / usual, 0.05))


class _Hunt:
    """What is known so far: the plans found, the candidates still open to question, and the limit."""

    def __init__(self, question: Question, k_best: int, clock: Clock) -> None:
        self.question, self.k_best, self.clock = question, k_best, clock
        self.savings, self.roomy = question.savings, question.with_bonus()
        self.near = self.savings
        self.choice = question.choice
        self.alive = np.arange(question.savings.site_count)
        self.settled = np.zeros(len(self.alive), dtype=np.bool_)
        self.plans: dict[tuple[int, ...], float] = {}
        self.tried: set[bytes] = set()
        self.high = self.savings.best(self.alive)
        self.bound = float(self.high.sum())
        self.is_proven = self.are_all_proven = False

    @property
    def best(self) -> Ints:
        """The best plan known."""
        return np.array(min(self.plans, key=self._rank), dtype=np.intp)

    @property
    def is_small_enough(self) -> bool:
        """Whether the integer programme of the candidates alive can be expected to keep to the time left."""
        return not self.clock.is_over and len(self.savings.values) <= _PAIRS_PER_SECOND * self.clock.left

    def target(self, rank: int = 1) -> float:
        """The value of the plan of this rank: a set that saves less is of no interest."""
        values = sorted(self.plans.values(), reverse=True)
        return values[rank - 1] if len(values) >= rank else -math.inf

    @property
    def is_closed(self) -> bool:
        """Whether the limit has come down to the best plan."""
        return self.bound - self.target() <= _CLOSED * abs(self.question.worst - self.target())

    def note(self, sites: Ints) -> float:
        """Keep a plan if it serves every hard area; its value."""
        key = tuple(int(site) for site in np.sort(sites))
        if key not in self.plans:
            value = self.question.value(np.array(key, dtype=np.intp))
            if value > -math.inf:
                self.plans[key] = value
            return value
        return self.plans[key]

    def search(self) -> None:
        """Greedy, then interchange; and the neighbours of the result when more than one set is asked for."""
        choice, fixed = self.choice, np.zeros(self.savings.site_count, dtype=np.bool_)
        seeds = [self._fill(_NOTHING)]
        if self.question.start is not None:
            seeds.append(self._fill(self.question.start))
        if choice.count is not None and choice.prices is not None:
            seeds.append(np.sort(np.argsort(choice.prices, kind="stable")[: choice.count]))
        for seed in seeds:
            if choice.count is None or len(seed) == choice.count:
                self.note(seed)
                self.note(self._fill(self._improve(self.roomy, seed, fixed, choice)))
        if self.k_best > 1:
            self._note_neighbours()

    def _fill(self, start: Ints) -> Ints:
        choice = self.question.choice
        money = choice.money
        if choice.prices is not None and money is not None:
            money -= float(choice.prices[start].sum())
        return greedy(self.roomy, start, count=choice.count, prices=choice.prices, money=money)

    def _improve(self, savings: Savings, sites: Ints, fixed: Bools, choice: Choice) -> Ints:
        money = choice.money
        if choice.prices is not None and money is not None:
            money += float(choice.prices[fixed].sum())
        return interchange(savings, sites, fixed, clock=self.clock, prices=choice.prices, money=money)

    def _note_neighbours(self) -> None:
        best, choice = self.best, self.choice
        if len(best) == 0:
            return
        change = self.roomy.swap_changes(best)
        change[best, :] = -np.inf
        if choice.prices is not None and choice.money is not None:
            spare = choice.money - choice.prices[best].sum()
            change[choice.prices[:, None] - choice.prices[best] > spare] = -np.inf
        for cell in np.argsort(-change, axis=None, kind="stable")[: self.k_best + 3]:
            enters, leaves = np.unravel_index(int(cell), change.shape)
            if np.isfinite(change[enters, leaves]):
                self.note(np.append(np.delete(best, leaves), enters))

    def tighten(self) -> None:
        """Rounds of subgradient steps; after each, try the choice the limit rests on and settle candidates."""
        standing = self.savings.standing(self.best)
        first = self.choice.pick(self.savings.gains(standing.best), self.settled)
        self.bound = min(self.bound, self._rounded(standing.value + first.value))
        dual: Dual | Floats = (standing.best + standing.second) / 2
        low = np.where(self.question.hard, -float(self.high.sum()) - 1.0, self._least_prices(standing))
        self.near = self.savings.above(low)
        scale = _step_scale(standing)
        stalls = 0
        while stalls < _STALLS or (not self.is_small_enough and stalls < 5 * _STALLS):
            before = self.bound
            dual = tighten(
                self.near,
                self.choice,
                self.settled,
                dual,
                limits=(low, self.high),
                scale=scale,
                target=self.target(),
                clock=self.clock,
                steps=_STEPS,
            )
            self.bound = min(self.bound, self._rounded(dual.bound))
            self._try(dual.picked.sites)
            self.bound = max(self.bound, self.target())  # rounding may carry the limit past a plan
            if (self.k_best == 1 and self.is_closed) or self.clock.is_over:
                break
            dual = self._settle(dual)
            is_slow = before - self.bound <= (0.2 if self._is_nearly_closed else 0.02) * (self.bound - self.target())
            stalls = stalls + 1 if is_slow else 0
            if self._is_decided or (is_slow and self._is_nearly_closed and self.is_small_enough):
                break

    def _least_prices(self, standing: Standing) -> Floats:
        """Prices are kept above what sites well beyond the second best save: those pairs need not be looked at."""
        least = np.maximum(standing.second - _BEYOND * (standing.best - standing.second), 0.0)
        return np.where(standing.second < standing.best, least, 0.0)

    @property
    def _is_nearly_closed(self) -> bool:
        """Whether the limit is so close that little is left to settle."""
        return self.bound - self.target() <= _NEARLY * abs(self.question.worst - self.target())

    def _rounded(self, bound: float) -> float:
        unit = self.question.unit
        return bound if unit == 0 or math.isinf(bound) else math.floor(bound / unit + 1e-6) * unit

    @property
    def _is_decided(self) -> bool:
        return self.choice.count is not None and len(self.alive) <= int(self.settled.sum()) + self.choice.count

    def _try(self, picked: Bools) -> None:
        """Improve the sites that the limit rests on, when they are admissible, into a plan."""
        choice, sites = self.choice, np.flatnonzero(picked)
        new = picked & ~self.settled
        if choice.prices is not None and choice.money is not None and choice.prices[new].sum() > choice.money:
            return
        key = self.alive[sites].tobytes()
        if key not in self.tried:
            self.tried.add(key)
            self.note(self.alive[self._improve(self.roomy, sites, self.settled, choice)])

    def _settle(self, dual: Dual) -> Dual:
        """Drop the candidates that no better plan holds, and mark those that all better plans hold."""
        target, picked = self.target(self.k_best), dual.picked
        margin = target - 1e-9 * abs(target) if self.question.unit == 0 else target - 0.5 * self.question.unit
        hopeless = dual.bound - picked.regret < margin
        opened = hopeless & picked.sites & ~self.settled
        kept = ~hopeless | picked.sites
        self.choice = self.choice.after(opened, kept)
        self.settled = (self.settled | opened)[kept]
        self.alive = self.alive[kept]
        if not kept.all():
            is_same = self.roomy is self.savings
            self.savings, self.near = self.savings.keep(kept), self.near.keep(kept)
            self.roomy = self.savings if is_same else self.roomy.keep(kept)
        left = Picked(picked.value, picked.sites[kept], picked.regret[kept])
        return Dual(dual.bound, dual.prices, left, dual.step)

    def finish(self) -> None:
        """The integer programme over the candidates still alive; once per set asked for."""
        reached = np.bincount(self.savings.rows, minlength=self.savings.area_count) > 0
        if (self.question.hard & ~reached).any():  # no set of these candidates serves everyone
            self.bound, self.is_proven, self.are_all_proven = self.target(), True, True
            return
        model, most = savings_model(self.savings, self.question.hard, self.choice, self.settled)
        for turn in range(self.k_best):
            outcome = model.solve(self.clock)
            if turn == 0:
                self.is_proven = outcome.is_proven
                limit = -math.inf if outcome.is_infeasible else most - outcome.bound
                self.bound = max(self.target(), min(self.bound, self._rounded(limit)))
            if outcome.sites is not None:
                value = self.note(self.alive[outcome.sites])
                if turn == 0 and outcome.is_proven:
                    self.bound = max(value, self.target())
                model.add_cut(Cut(outcome.sites, is_count_fixed=self.choice.count is not None))
            if not outcome.is_proven or outcome.is_infeasible:
                break
        self.are_all_proven = outcome.is_proven

    def prefer_first_codes(self) -> None:
        """Among equal plans one swap apart, take the one whose sites come first: the same at every run."""
        everything, choice = self.question.with_bonus(), self.question.choice
        for _ in range(len(self.best)):
            best, value = self.best, self.target()
            change = everything.swap_changes(best)
            change[best, :] = -np.inf
            change[np.arange(everything.site_count)[:, None] > best] = -np.inf
            if choice.prices is not None and choice.money is not None:
                change[
                    choice.prices[:, None] - choice.prices[best] > choice.money - choice.prices[best].sum()
                ] = -np.inf
            equal = np.argwhere(change >= -_EQUAL * abs(value))
            if len(equal) == 0 or self.note(
                np.append(np.delete(best, equal[0, 1]), equal[0, 0])
            ) < value - _EQUAL * abs(value):
                return

    def answer(self) -> Best:
        """The plans found, best first; equals by code."""
        ranked = sorted(self.plans, key=self._rank)[: self.k_best]
        values = tuple(self.plans[plan] for plan in ranked)
        is_proven = self.is_proven or self.is_closed
        are_all_proven = self.are_all_proven or (self.k_best == 1 and is_proven)
        sets = tuple(np.array(plan, dtype=np.intp) for plan in ranked)
        return Best(sets, values, max(self.bound, values[0]), is_proven, are_all_proven)

    def _rank(self, plan: tuple[int, ...]) -> tuple[float, tuple[int, ...]]:
        """Best first; plans that differ by no more than rounding are equal, and come by code."""
        unit = max(1e-300, max(abs(value) for value in self.plans.values())) * 10 * _EQUAL
        return (-round(self.plans[plan] / unit), plan)
