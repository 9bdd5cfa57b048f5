"""What of a user's counts may be shown: small counts hidden, others rounded, and no hidden one given away.

Counts of 1 to 7 are hidden and others rounded to 5. Where the total of a district, a system or everything would give
a hidden count away, others are hidden beside it, until every hidden small count could still be anything from 1 to 7
for a reader who knows that total exactly. Then the rounding comes on top.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from hjp_geo.areas import AreaValues, Table

__all__ = [
    "HIDDEN",
    "LEAST_DENOMINATOR",
    "MOST_SMALL",
    "SHOWN",
    "SMALL",
    "is_safe",
    "protect",
    "rounded",
    "total_shown",
]

MOST_SMALL = 7
"""Counts from 1 to this are hidden."""
LEAST_DENOMINATOR = 30
"""A rate needs at least so many people in need."""
SHOWN, SMALL, HIDDEN = "shown", "1 to 7", "hidden"
"""What becomes of a count: shown rounded, hidden because it is small, or hidden to protect another."""

_Counts: TypeAlias = npt.NDArray[np.float64]
_Status: TypeAlias = npt.NDArray[np.object_]
_BASE = 5
_SLACK = float(MOST_SMALL - 1)


def rounded(counts: AreaValues) -> AreaValues:
    """Counts to the nearest 5: 0 stays 0, a count of 8 or more becomes 10 or more, missing stays missing."""
    return (counts / _BASE + 0.5).floordiv(1) * _BASE


def total_shown(total: float) -> float:
    """A total as it may be shown: rounded to 5, missing where it is 1 to 7 (or not known)."""
    return float("nan") if _is_small(total) else float(np.floor(total / _BASE + 0.5) * _BASE)


def protect(counts: AreaValues, groups: Sequence[pd.Series[str]]) -> Table:
    """What may be shown of each count.

    ``groups`` are the larger areas whose totals a reader may know, finest first: for each, the area that every count
    belongs to. Returns ``status`` (shown, 1 to 7, hidden; missing where the count is) and ``shown``, the count rounded
    to 5, missing where hidden; and ``lowest`` and ``highest``, between which the shown figure says the count lies.
    """
    known = counts.dropna()
    exact: _Counts = np.asarray(known, dtype=np.float64)
    status = np.where(_is_small(exact), SMALL, SHOWN).astype(object)
    codes = [pd.factorize(group.reindex(known.index))[0] for group in groups]
    changed = True
    while changed:  # hiding in one group may expose in another
        changed = False
        for code in codes:
            changed |= _repair(exact, status, code)
    told = pd.Series(status, index=known.index, dtype="str").reindex(counts.index)
    shown = rounded(counts).where(told == SHOWN)
    some = shown > 0
    lowest = shown.mask(some, (shown - 2).clip(lower=MOST_SMALL + 1)).mask(told == SMALL, 1.0)
    highest = shown.mask(some, shown + 2).mask(told == SMALL, float(MOST_SMALL))
    return pd.DataFrame({"status": told, "shown": shown, "lowest": lowest, "highest": highest})


def is_safe(counts: _Counts, status: _Status) -> bool:
    """Whether the exact total of these counts leaves every hidden small one free between 1 and 7.

    True where there is nothing to give away, or the total is itself too small to be shown.
    """
    if _is_small(float(counts.sum())) or not (status != SHOWN).any():
        return True
    if not (status == SMALL).any():
        return int((status == HIDDEN).sum()) > 1
    return min(_spare(counts, status)) >= _SLACK


def _spare(counts: _Counts, status: _Status) -> tuple[float, float]:
    """By how much the hidden counts together could be less, and more, if each stays what its status says."""
    small, others = counts[status == SMALL], counts[status == HIDDEN]
    below = float((small - 1).sum() + np.maximum(others - MOST_SMALL - 1, 0).sum())
    return below, np.inf if len(others) else float((MOST_SMALL - small).sum())


def _repair(counts: _Counts, status: _Status, group: npt.NDArray[np.intp]) -> bool:
    """Hide more in each group whose total would give a count away; whether anything changed."""
    touched = np.unique(group[status != SHOWN])
    changed = False
    for one in touched[touched >= 0]:
        members = np.flatnonzero(group == one)
        while not is_safe(counts[members], status[members]) and _hide_more(counts, status, members):
            changed = True
    return changed


def _hide_more(counts: _Counts, status: _Status, members: npt.NDArray[np.intp]) -> bool:
    """Hide the smallest shown count that is enough, else the largest, else the whole group alike; whether it did."""
    shown = members[(status[members] == SHOWN) & (counts[members] > 0)]
    if len(shown):
        ordered = shown[np.argsort(counts[shown], kind="stable")]
        wanting = max(_SLACK - _spare(counts[members], status[members])[0], 0.0)
        enough = int(np.searchsorted(counts[ordered], MOST_SMALL + 1 + wanting))
        status[ordered[min(enough, len(ordered) - 1)]] = HIDDEN
        return True
    remains = bool((status[members] != HIDDEN).any())
    status[members] = HIDDEN
    return remains


def _is_small(counts: Any) -> Any:
    """Above 0 and below 8: counts of divided areas may be fractions."""
    return (counts > 0) & (counts < MOST_SMALL + 1)
