"""Integer programmes for what reduction leaves open, solved by HiGHS through scipy."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from hjp_geo.errors import HjpError
from hjp_geo.siting._problem import Bools, Clock, Floats, Ints

__all__ = ["Cut", "Model", "Outcome"]

_LEAST_SECONDS = 0.01
_NO_LIMIT = 1e9
_OPTIMAL, _LIMIT, _INFEASIBLE = 0, 1, 2


@dataclass(frozen=True)
class Outcome:
    """What HiGHS found: the first variables (the sites), all variables, and a limit on the optimum."""

    sites: Ints | None
    values: Floats | None
    bound: float
    """No admissible plan costs less. Minus infinity when the time ran out before any limit was known."""
    is_proven: bool
    is_infeasible: bool = False


@dataclass(frozen=True)
class Cut:
    """Sites to stay away from: one set that was found already."""

    sites: Ints
    is_count_fixed: bool

    def row(self, width: int, site_count: int) -> tuple[Floats, float]:
        """The coefficients and the lower limit of: differ from the set in one site at least."""
        row = np.zeros(width)
        if not self.is_count_fixed:
            row[:site_count] = 1.0
        row[self.sites] = -1.0
        return row, 1.0 - len(self.sites)


@dataclass
class Model:
    """Minimise cost over variables between 0 and ``upper``; the first ``site_count`` are sites, open or not."""

    cost: Floats
    site_count: int
    settled: Bools
    """Sites that are open in any case."""
    other_integers: Bools | None = None
    """Which of the variables after the sites are whole numbers; none by default."""
    upper: Floats | None = None
    _rows: list[sparse.csr_array] = field(default_factory=list)
    _low: list[Floats] = field(default_factory=list)
    _high: list[Floats] = field(default_factory=list)

    @property
    def width(self) -> int:
        """How many variables there are."""
        return len(self.cost)

    def add(self, rows: sparse.csr_array, low: Floats | float = -np.inf, high: Floats | float = np.inf) -> None:
        """Rows of ``low <= rows @ x <= high``."""
        if rows.shape[0]:
            self._rows.append(rows)
            self._low.append(np.broadcast_to(np.asarray(low, dtype=np.float64), rows.shape[:1]).copy())
            self._high.append(np.broadcast_to(np.asarray(high, dtype=np.float64), rows.shape[:1]).copy())

    def add_site_row(self, coefficients: Floats, low: float = -np.inf, high: float = np.inf) -> None:
        """One row over the sites."""
        row = np.zeros(self.width)
        row[: self.site_count] = coefficients
        self.add(sparse.csr_array(row[None, :]), low, high)

    def add_cut(self, cut: Cut) -> None:
        """Rule out one set of sites."""
        row, low = cut.row(self.width, self.site_count)
        self.add(sparse.csr_array(row[None, :]), low)

    def solve(self, clock: Clock) -> Outcome:
        """The cheapest admissible variables; proven unless the time ran out."""
        if clock.left < _LEAST_SECONDS:
            return Outcome(None, None, -np.inf, is_proven=False)
        scale = 1e4 / max(float(np.abs(self.cost).max(initial=0.0)), 1e-300) if self.cost.any() else 1.0
        integer = np.zeros(self.width, dtype=np.int8)
        integer[: self.site_count] = 1
        if self.other_integers is not None:
            integer[self.site_count :] = self.other_integers
        low = np.zeros(self.width)
        low[: self.site_count] = self.settled
        constraints = []
        if self._rows:
            rows = sparse.vstack(self._rows, format="csr")
            constraints = [LinearConstraint(rows, np.concatenate(self._low), np.concatenate(self._high))]
        upper = np.ones(self.width) if self.upper is None else self.upper
        found = milp(
            self.cost * scale,
            integrality=integer,
            bounds=Bounds(low, upper),
            constraints=constraints,
            options={"mip_rel_gap": 0.0, "time_limit": min(clock.left, _NO_LIMIT)},
        )
        return self._read(found, scale)

    def _read(self, found: object, scale: float) -> Outcome:
        status, values = int(getattr(found, "status", 4)), getattr(found, "x", None)
        if status == _INFEASIBLE:
            return Outcome(None, None, np.inf, is_proven=True, is_infeasible=True)
        if status not in (_OPTIMAL, _LIMIT):
            raise HjpError(f"The solver HiGHS stopped: {getattr(found, 'message', '')}. Please report this question.")
        bound = getattr(found, "mip_dual_bound", None)
        limit = -np.inf if bound is None or not math.isfinite(bound) else float(bound) / scale
        if values is None:
            return Outcome(None, None, limit, is_proven=False)
        sites = np.flatnonzero(values[: self.site_count] > 0.5)
        return Outcome(sites, values, limit, is_proven=status == _OPTIMAL)
