"""The integer programme of savings, with one variable per distinct set of nearest sites.

An area saves its best unless no site of its first set is open, loses down to the next level unless none of its first
two is, and so on. Areas whose first k sites are the same share the variable (Church 2003, COBRA; Elloumi 2010 for the
chained rows, which have three entries instead of k).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from hjp_geo.siting._dual import Choice
from hjp_geo.siting._mip import Model
from hjp_geo.siting._problem import Bools, Floats, Ints, summed
from hjp_geo.siting._savings import Savings

__all__ = ["savings_model"]


@dataclass(frozen=True)
class _Levels:
    """The pairs by area, best saving first, down to what the settled sites give; and where each level ends."""

    columns: Ints
    drop: Floats
    """At the end of a level: what the area loses when no site so far is open."""
    ends: Ints
    """Positions of the pairs that end a level."""
    key: NDArray[np.uint64]
    """At each end: a fingerprint of the set of sites so far."""
    size: Ints
    first: Ints
    """At each end: where the pairs of its level start."""
    is_first: Bools
    is_hard: Bools
    """At each end: whether one of the sites so far must be open."""


def savings_model(savings: Savings, hard: Bools, choice: Choice, settled: Bools) -> tuple[Model, float]:
    """The model that minimises what is lost, and the saving of an open door everywhere, from which it is lost.

    ``settled`` sites are open. ``hard`` areas must be served by one of their stored pairs.
    """
    floor = savings.best(np.flatnonzero(settled))
    served = np.zeros(savings.area_count, dtype=np.bool_)
    for site in np.flatnonzero(settled):
        served[savings.rows[savings.column(int(site))]] = True
    levels = _levels(savings, floor, hard & ~served, settled)
    most = savings.best(np.arange(savings.site_count))
    kept = np.ones(len(levels.ends), dtype=np.bool_)
    if choice.count is not None:  # with so many open, a set this large cannot be all shut
        kept = levels.size <= savings.site_count - int(settled.sum()) - choice.count
    _, place, variable = np.unique(levels.key[kept], return_index=True, return_inverse=True)
    model = _assemble(savings.site_count, settled, levels, np.flatnonzero(kept), place, variable)
    _add_choice(model, choice, settled)
    return model, float(most.sum())


def _levels(savings: Savings, floor: Floats, hard: Bools, settled: Bools) -> _Levels:
    useful = ((savings.values > floor[savings.rows]) | hard[savings.rows]) & ~settled[savings.columns]
    rows, columns, values = savings.rows[useful], savings.columns[useful], savings.values[useful]
    order = np.lexsort((columns, -values, rows))
    rows, columns, values = rows[order], columns[order], values[order]
    is_last = np.append(rows[1:] != rows[:-1], True)[: len(rows)]
    is_end = is_last | np.append(values[1:] != values[:-1], True)[: len(rows)]
    following = np.where(is_last, floor[rows], np.append(values[1:], 0.0)[: len(rows)])
    keys = np.random.default_rng(12).integers(1, 2**63, savings.site_count, dtype=np.uint64)
    row_start = np.append(True, rows[1:] != rows[:-1])[: len(rows)]
    start_of = np.maximum.accumulate(np.where(row_start, np.arange(len(rows)), 0))
    running = np.cumsum(keys[columns], dtype=np.uint64)
    before = np.append(np.uint64(0), running)[start_of]
    ends = np.flatnonzero(is_end)
    first = np.append(0, ends[:-1] + 1)[: len(ends)]
    return _Levels(
        columns=columns,
        drop=(values - following)[ends],
        ends=ends,
        key=(running - before)[ends],
        size=(np.arange(len(rows)) - start_of + 1)[ends],
        first=first,
        is_first=row_start[first],
        is_hard=(is_last & hard[rows])[ends],
    )


def _assemble(site_count: int, settled: Bools, levels: _Levels, kept: Ints, place: Ints, variable: Ints) -> Model:
    count = len(place)
    weight = summed(variable, np.where(levels.is_hard, 0.0, levels.drop)[kept], count)
    is_hard = np.bincount(variable[levels.is_hard[kept]], minlength=count) > 0
    upper = np.concatenate([np.ones(site_count), np.where(is_hard, 0.0, 1.0)])
    model = Model(np.concatenate([np.zeros(site_count), weight]), site_count, settled, upper=upper)
    chosen = kept[place]
    lengths = levels.ends[chosen] - levels.first[chosen] + 1
    row = np.repeat(np.arange(count), lengths)
    inside = np.arange(len(row)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    column = levels.columns[np.repeat(levels.first[chosen], lengths) + inside]
    of_end = np.full(len(levels.ends), -1, dtype=np.intp)
    of_end[kept] = variable
    linked = np.flatnonzero(~levels.is_first[chosen])
    earlier = of_end[chosen[linked] - 1]
    entries = np.concatenate([np.ones(len(row) + count), -np.ones(len(linked))])
    at = np.concatenate([row, np.arange(count), linked])
    to = np.concatenate([column, site_count + np.arange(count), site_count + earlier])
    rows = sparse.coo_array((entries, (at, to)), shape=(count, site_count + count)).tocsr()
    model.add(rows, levels.is_first[chosen].astype(np.float64))
    return model


def _add_choice(model: Model, choice: Choice, settled: Bools) -> None:
    if choice.count is not None:
        total = float(choice.count + int(settled.sum()))
        model.add_site_row(np.ones(model.site_count), total, total)
    if choice.prices is not None and choice.money is not None:
        model.add_site_row(np.where(settled, 0.0, choice.prices), high=choice.money)
