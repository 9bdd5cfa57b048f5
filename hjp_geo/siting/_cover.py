"""The fewest sites that cover every area: reduce, search, bound, and HiGHS for what is left."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from hjp_geo.siting._dual import Choice
from hjp_geo.siting._mip import Cut, Model
from hjp_geo.siting._problem import Bools, Clock, Floats, Ints

__all__ = ["Cover", "Covering", "admissible_cover", "fewest_sites"]

_WORD = 64


@dataclass(frozen=True)
class Covering:
    """Sites that cover everything, and how few could at best. No sites when none were found in time."""

    sites: Ints | None
    bound: float


@dataclass(frozen=True, eq=False)
class Cover:
    """Which candidates cover which areas; every area has one at least. Areas with the same candidates are one row."""

    table: sparse.csr_array
    """1 where the candidate covers the area, rows are areas."""

    @classmethod
    def from_pairs(cls, rows: Ints, columns: Ints, shape: tuple[int, int], already: Bools) -> Cover:
        """The areas that have pairs, without those that a site already open covers."""
        done = np.zeros(shape[0], dtype=np.bool_)
        done[rows[already[columns]]] = True
        kept = ~done[rows]
        ones = np.ones(int(kept.sum()), dtype=np.int32)
        table = sparse.csr_array((ones, (rows[kept], columns[kept])), shape=shape)
        return cls(table[np.flatnonzero(np.diff(table.indptr))]).without_repeats()

    @property
    def row_count(self) -> int:
        """How many areas are to be covered still."""
        return int(self.table.shape[0])

    def without_repeats(self) -> Cover:
        """One row for all areas that have the same candidates."""
        keys = np.random.default_rng(11).integers(1, 2**63, self.table.shape[1], dtype=np.uint64)
        running = np.append(np.uint64(0), np.cumsum(keys[self.table.indices], dtype=np.uint64))
        _, first = np.unique(running[self.table.indptr[1:]] - running[self.table.indptr[:-1]], return_index=True)
        return Cover(self.table[np.sort(first)])

    def without_implied(self) -> Cover:
        """Only the areas that are not covered by whatever covers another one."""
        return Cover(self.table[np.flatnonzero(~_holds_another(self.table))])

    def only(self, kept: Bools) -> Cover:
        """Without some of the candidates; their numbers stay."""
        pairs = kept[self.table.indices]
        rows = np.repeat(np.arange(self.row_count), np.diff(self.table.indptr))[pairs]
        shape = self.table.shape
        ones = np.ones(len(rows), dtype=np.int32)
        return Cover(sparse.csr_array((ones, (rows, self.table.indices[pairs])), shape=shape)).without_repeats()

    def reduced(self) -> Cover:
        """Drop areas implied by others and candidates that another one can stand in for, until nothing changes."""
        now = self
        for _ in range(10):
            before = now.table.nnz
            now = now.without_implied()
            now = now.only(~_is_inside_another(now.table))
            if now.table.nnz == before:
                break
        return now


def fewest_sites(cover: Cover, settled: Bools, clock: Clock, *, enough: int | None = None) -> Covering:
    """The fewest sites that cover every area, with ``settled`` sites open in any case.

    With ``enough``, the search stops as soon as it knows whether that many will do.
    """
    if cover.row_count == 0:
        return Covering(np.flatnonzero(settled), float(settled.sum()))
    base = int(settled.sum())
    limit = -math.inf if enough is None else enough - base
    small = cover.reduced()
    found = _greedy_cover(small, np.ones(small.table.shape[1]))
    bound = 0
    if len(found) > limit:
        found, bound, small = _settle(small, found, limit, clock)
    return Covering(np.union1d(found, np.flatnonzero(settled)), float(base + bound))


def _settle(small: Cover, found: Ints, limit: float, clock: Clock) -> tuple[Ints, int, Cover]:
    """Bound and integer programme; ends when the two meet, or when the question of the limit is settled."""
    found, lower, reduced_costs = _bound(small, found, clock)
    bound = math.ceil(lower - 1e-6)
    if bound >= len(found) or len(found) <= limit or bound > limit > -math.inf:
        return found, min(bound, len(found)), small
    hopeful = small.only(lower + reduced_costs <= len(found) - 1 + 1e-6)
    if (np.diff(hopeful.table.indptr) == 0).any():
        return found, len(found), small
    hopeful = hopeful.reduced()
    outcome = _cover_model(hopeful).solve(clock)
    if outcome.is_infeasible:
        return found, len(found), small
    if outcome.sites is not None and len(outcome.sites) < len(found):
        found = outcome.sites
    bound = len(found) if outcome.is_proven else max(bound, _whole(outcome.bound))
    return found, min(bound, len(found)), small


def _whole(bound: float) -> int:
    return math.ceil(bound - 1e-6) if math.isfinite(bound) else 0


def _cover_model(cover: Cover) -> Model:
    used = np.zeros(cover.table.shape[1])
    used[cover.table.indices] = 1.0
    model = Model(np.ones(len(used)), len(used), np.zeros(len(used), dtype=np.bool_), upper=used)
    model.add(cover.table.astype(np.float64), 1.0)
    return model


def admissible_cover(
    cover: Cover, settled: Bools, choice: Choice, clock: Clock, cuts: tuple[Cut, ...] = ()
) -> Covering:
    """The fewest sites that cover every area within a count and a budget and differ from the sets found already.

    The bound is infinite when there is none.
    """
    small = cover.without_implied()
    count = small.table.shape[1]
    model = Model(np.ones(count), count, settled)
    model.add(small.table.astype(np.float64), 1.0)
    if choice.count is not None:
        total = float(choice.count + int(settled.sum()))
        model.add_site_row(np.ones(count), total, total)
    if choice.prices is not None and choice.money is not None:
        model.add_site_row(np.where(settled, 0.0, choice.prices), high=choice.money)
    for cut in cuts:
        model.add_cut(cut)
    outcome = model.solve(clock)
    if outcome.is_infeasible:
        return Covering(None, math.inf)
    if outcome.is_proven and outcome.sites is not None:
        return Covering(outcome.sites, float(len(outcome.sites)))
    return Covering(outcome.sites, float(_whole(outcome.bound)))


def _greedy_cover(cover: Cover, prices: Floats) -> Ints:
    """The candidate that covers most that is not covered yet, at its price, until all is; then drop what is spare."""
    by_site = cover.table.T.tocsr()
    left = by_site.sum(axis=1).astype(np.float64)
    times = np.zeros(cover.row_count, dtype=np.intp)
    chosen: list[int] = []
    while (times == 0).any():
        site = int(np.argmax(left / prices))
        rows = by_site.indices[by_site.indptr[site] : by_site.indptr[site + 1]]
        fresh = rows[times[rows] == 0]
        times[rows] += 1
        chosen.append(site)
        lost = np.concatenate([cover.table.indices[cover.table.indptr[r] : cover.table.indptr[r + 1]] for r in fresh])
        left -= np.bincount(lost, minlength=len(left))
    for site in sorted(chosen, key=lambda one: (-prices[one], one), reverse=False):
        rows = by_site.indices[by_site.indptr[site] : by_site.indptr[site + 1]]
        if (times[rows] > 1).all():
            times[rows] -= 1
            chosen.remove(site)
    return np.sort(np.array(chosen, dtype=np.intp))


def _bound(cover: Cover, found: Ints, clock: Clock) -> tuple[Ints, float, Floats]:
    """Subgradient steps on the covering limits: better sites, a lower limit, and the reduced cost of each candidate."""
    table, by_site = cover.table.astype(np.float64), cover.table.T.tocsr().astype(np.float64)
    size = np.maximum(by_site.sum(axis=1), 1.0)
    price = np.array((table * (1.0 / size)).max(axis=1).todense()).ravel() if cover.row_count else np.zeros(0)
    best, best_price, step, idle = -math.inf, price, 1.0, 0
    for turn in range(400):
        reduced = 1.0 - by_site @ price
        lower = float(price.sum() + np.minimum(reduced, 0.0).sum())
        if lower > best + 1e-4:
            idle = 0
        else:
            idle += 1
        if lower > best:
            best, best_price = lower, price
        if idle >= 15:
            step, idle, price = step * 0.5, 0, best_price
            reduced = 1.0 - by_site @ price
        if turn % 25 == 10:
            better = _greedy_cover(cover, np.maximum(1.0 - 0.9 * by_site @ best_price, 0.02))
            found = better if len(better) < len(found) else found
        if best > len(found) - 1 + 1e-6 or step < 0.01 or clock.is_over:
            break
        slope = 1.0 - table @ (reduced < 0).astype(np.float64)
        slope[(price <= 0) & (slope < 0)] = 0.0
        norm = float(slope @ slope)
        if norm == 0.0:
            break
        price = np.maximum(price + step * (len(found) - lower) / norm * slope, 0.0)
    return found, best, np.maximum(1.0 - by_site @ best_price, 0.0)


def _packed(table: sparse.csr_array) -> NDArray[np.uint64]:
    """Each row as a set of bits."""
    words = -(-table.shape[1] // _WORD)
    bits = np.zeros((table.shape[0], words), dtype=np.uint64)
    rows = np.repeat(np.arange(table.shape[0]), np.diff(table.indptr))
    where = rows * words + table.indices // _WORD
    np.bitwise_or.at(bits.reshape(-1), where, np.uint64(1) << (table.indices % _WORD).astype(np.uint64))
    return bits


def _subset_pairs(table: sparse.csr_array) -> tuple[Ints, Ints]:
    """Pairs of different rows, the first part of the second: compared through the rarest entry of the first."""
    size = np.diff(table.indptr)
    filled = np.flatnonzero(size)
    if len(filled) == 0:
        return np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp)
    turned = table.T.tocsr()
    frequency = np.diff(turned.indptr)
    rows = np.repeat(np.arange(table.shape[0]), size)
    order = np.lexsort((frequency[table.indices], rows))
    rarest = table.indices[order][table.indptr[filled]]
    lengths = frequency[rarest]
    first = np.repeat(filled, lengths)
    inside = np.arange(len(first)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    second = turned.indices[np.repeat(turned.indptr[rarest], lengths) + inside].astype(np.intp)
    possible = (first != second) & (size[first] <= size[second])
    first, second = first[possible], second[possible]
    bits = _packed(table)
    for word in range(bits.shape[1]):
        inside_word = (bits[first, word] & ~bits[second, word]) == 0
        first, second = first[inside_word], second[inside_word]
    return first, second


def _holds_another(table: sparse.csr_array) -> Bools:
    """Rows that hold another row; of equal rows all but the first."""
    return _marked(table, drop="larger")


def _is_inside_another(table: sparse.csr_array) -> Bools:
    """Columns that are part of another column, or empty; of equal columns all but the first."""
    turned = table.T.tocsr()
    is_empty: Bools = np.diff(turned.indptr) == 0
    return _marked(turned, drop="smaller") | is_empty


def _marked(table: sparse.csr_array, *, drop: str) -> Bools:
    first, second = _subset_pairs(table)
    size = np.diff(table.indptr)
    are_equal = size[first] == size[second]
    marked = np.zeros(table.shape[0], dtype=np.bool_)
    marked[(second if drop == "larger" else first)[~are_equal]] = True
    marked[np.maximum(first, second)[are_equal]] = True
    return marked
