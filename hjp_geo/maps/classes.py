"""Values → classes for the map: fifths, equal steps, natural breaks, or limits the reader fixes."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from hjp_geo.areas import AreaValues
from hjp_geo.errors import PlanError

__all__ = ["CLASSINGS", "MOST_CLASSES", "NOT_KNOWN", "classed", "read_limits"]

_Floats = npt.NDArray[np.float64]
MOST_CLASSES = 5
NOT_KNOWN = -1
"""The class of an area without a value."""
_BINS = 400


def classed(
    values: AreaValues, method: str = "quantiles", limits: tuple[float, ...] = ()
) -> tuple[npt.NDArray[np.int16], tuple[str, ...]]:
    """Each area's class, from 0 for the lowest values, and the limits of each class in words.

    Classes are at most `MOST_CLASSES`; equal values share one, so there may be fewer. A missing value is `NOT_KNOWN`.
    ``limits`` are for the method ``fixed``: rising, the upper ends of all classes but the last.
    """
    known: _Floats = np.asarray(values.dropna(), dtype=np.float64)
    classes = np.full(len(values), NOT_KNOWN, dtype=np.int16)
    if known.size == 0:
        return classes, ()
    edges: _Floats = np.asarray(limits if method == "fixed" else CLASSINGS[method][1](known), dtype=np.float64)
    edges = np.unique(edges).astype(np.float64)
    edges = edges[(edges > known.min()) & (edges <= known.max())]
    classes[values.notna().to_numpy()] = np.searchsorted(edges, known, side="right")
    ends = [float(known.min()), *edges.tolist(), float(known.max())]
    decimals = _decimals(ends[-1] - ends[0])
    return classes, tuple(f"{low:,.{decimals}f} to {high:,.{decimals}f}" for low, high in pairwise(ends))


def read_limits(text: str) -> tuple[float, ...]:
    """Class limits from text such as ``10, 20, 30``; `PlanError` where they are not one to four rising numbers."""
    try:
        limits = tuple(float(part) for part in text.replace(";", ",").split(",") if part.strip())
    except ValueError as error:
        raise PlanError(f"The class limits '{text[:60]}' are not numbers separated by commas.") from error
    if not 1 <= len(limits) < MOST_CLASSES or any(b <= a for a, b in pairwise(limits)) or not np.isfinite(limits).all():
        raise PlanError(f"The class limits '{text[:60]}' are not 1 to {MOST_CLASSES - 1} rising numbers.")
    return limits


def _quantiles(known: _Floats) -> _Floats:
    return np.quantile(known, [0.2, 0.4, 0.6, 0.8])


def _equal_steps(known: _Floats) -> _Floats:
    return np.linspace(known.min(), known.max(), MOST_CLASSES + 1)[1:-1]


def _natural_breaks(known: _Floats) -> _Floats:
    """The limits that leave the least variance inside classes (Fisher 1958; Jenks), on at most `_BINS` groups.

    Groups are single values where there are few, else quantile groups, so the answer is exact up to a group's width.
    """
    ordered = np.sort(known)
    groups = np.unique(ordered)
    if groups.size > _BINS:
        groups = np.unique(ordered[np.linspace(0, ordered.size - 1, _BINS).astype(int)])
    starts = np.searchsorted(ordered, groups)
    count = np.diff(np.append(starts, ordered.size)).astype(np.float64)
    total, squares = (np.add.reduceat(ordered**power, starts) for power in (1, 2))
    n, s, q = (np.concatenate([[0.0], np.cumsum(part)]) for part in (count, total, squares))
    # cost[i, j]: the variance within a class of groups i … j-1, times its count
    with np.errstate(divide="ignore", invalid="ignore"):
        cost = q[None, :] - q[:, None] - (s[None, :] - s[:, None]) ** 2 / (n[None, :] - n[:, None])
    cost[np.tril_indices(len(cost))] = np.inf
    classes = min(MOST_CLASSES, groups.size)
    best, cuts = cost[0], []
    for _ in range(classes - 1):
        options = best[:, None] + cost
        cuts.append(options.argmin(axis=0))
        best = options.min(axis=0)
    edges, end = [], len(groups)
    for cut in reversed(cuts):
        end = int(cut[end])
        edges.append(groups[end])
    return np.array(edges[::-1])


CLASSINGS: dict[str, tuple[str, Callable[[_Floats], _Floats]]] = {
    "quantiles": ("Fifths of areas", _quantiles),
    "equal": ("Equal steps", _equal_steps),
    "natural": ("Natural breaks", _natural_breaks),
}
"""Method → its name on the screen, and how it finds the limits between classes."""


def _decimals(width: float) -> int:
    return 0 if width >= 50 else 1 if width >= 5 else 2
