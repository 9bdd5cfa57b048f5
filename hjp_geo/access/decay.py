"""Decays: how much a site counts as it gets further away. Each is a frozen value, compared and shown by its numbers.

Costs and cutoffs are in the unit of the cost table, minutes or km. A cutoff is inclusive: a cost equal to it is inside.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from hjp_geo.errors import PlanError

__all__ = [
    "Binary",
    "ContinuousGaussian",
    "Decay",
    "Exponential",
    "Gaussian",
    "Linear",
    "Logistic",
    "Power",
    "Step",
]

_Floats: TypeAlias = NDArray[np.float64]


@runtime_checkable
class Decay(Protocol):
    """What every decay offers: the furthest cost that counts, and the weight of each cost."""

    @property
    def cutoff(self) -> float:
        """The largest cost with any weight, inclusive; infinite when the decay never ends."""
        ...

    def weights(self, costs: _Floats) -> _Floats:
        """The weight of each cost, from 0 (does not count) to 1 (counts in full)."""
        ...


@dataclass(frozen=True)
class Binary:
    """Weight 1 up to and including the cutoff, 0 beyond: the decay of the two-step catchment (2SFCA)."""

    cutoff: float

    def __post_init__(self) -> None:
        _require_positive(self, "cutoff", self.cutoff)

    def weights(self, costs: _Floats) -> _Floats:
        """1 where the cost is at most the cutoff, else 0."""
        return (costs <= self.cutoff).astype(np.float64)


@dataclass(frozen=True, init=False, repr=False)
class Step:
    """One weight per band, its edge inside. Step({20: 1, 40: .68, 60: .22}) are Luo and Qi's weights (2009)."""

    bands: tuple[tuple[float, float], ...]

    def __init__(self, bands: Mapping[float, float]) -> None:
        ordered = tuple(sorted((float(edge), float(weight)) for edge, weight in bands.items()))
        object.__setattr__(self, "bands", ordered)
        self._check()

    def _check(self) -> None:
        weights = [weight for _, weight in self.bands]
        falling = all(earlier >= later for earlier, later in pairwise(weights))
        edges_fit = all(math.isfinite(edge) and edge > 0 for edge, _ in self.bands)
        if not self.bands or not edges_fit or not falling or not all(0 <= weight <= 1 for weight in weights):
            raise PlanError(
                f"{self!r}: expected at least one band, edges above 0, and weights from 0 to 1 that never rise "
                f"with the edge. Example: Step({{20: 1, 40: 0.68, 60: 0.22}})."
            )

    def __repr__(self) -> str:
        return "Step({" + ", ".join(f"{edge:g}: {weight:g}" for edge, weight in self.bands) + "})"

    @property
    def cutoff(self) -> float:
        """The last edge: beyond it nothing counts."""
        return self.bands[-1][0]

    def weights(self, costs: _Floats) -> _Floats:
        """The weight of the first band whose edge is at least the cost; 0 beyond the last."""
        values = np.array([0.0, *(weight for _, weight in reversed(self.bands))])
        inside: NDArray[np.integer[Any]] = np.zeros(np.shape(costs), dtype=np.uint8 if len(values) < 256 else np.int64)
        within = np.empty(np.shape(costs), dtype=np.bool_)
        for edge, _ in self.bands:  # a few passes over the costs are quicker than a search for each of them
            np.less_equal(costs, edge, out=within)
            inside += within.view(np.uint8)
        weights: _Floats = values.take(inside, mode="clip")  # never out of range: clip spares the check
        return weights


@dataclass(frozen=True)
class Gaussian:
    """e^(−c²/2σ²) up to the cutoff; 1 at cost 0. Without a cutoff it is PySAL's ``gaussian(σ)``."""

    bandwidth: float
    cutoff: float = math.inf

    def __post_init__(self) -> None:
        _require_positive(self, "bandwidth", self.bandwidth)
        _require_positive(self, "cutoff", self.cutoff)

    def weights(self, costs: _Floats) -> _Floats:
        """The Gaussian of each cost, 0 beyond the cutoff."""
        return np.where(costs <= self.cutoff, np.exp(-0.5 * np.square(costs / self.bandwidth)), 0.0)


@dataclass(frozen=True)
class ContinuousGaussian:
    """A Gaussian that reaches 0 exactly at the cutoff, so that no edge shows on the map. Dai (2010)."""

    cutoff: float

    def __post_init__(self) -> None:
        _require_positive(self, "cutoff", self.cutoff)

    def weights(self, costs: _Floats) -> _Floats:
        """(e^(−½(c/C)²) − e^(−½)) / (1 − e^(−½)) up to the cutoff C, 0 beyond."""
        floor = math.exp(-0.5)
        curve = (np.exp(-0.5 * np.square(costs / self.cutoff)) - floor) / (1.0 - floor)
        return np.where(costs <= self.cutoff, curve.clip(min=0.0), 0.0)


@dataclass(frozen=True)
class Exponential:
    """e^(−βc): the weight halves with every ``half`` of cost (β = ln 2 / half), up to an optional cutoff."""

    half: float
    cutoff: float = math.inf

    def __post_init__(self) -> None:
        _require_positive(self, "half", self.half)
        _require_positive(self, "cutoff", self.cutoff)

    def weights(self, costs: _Floats) -> _Floats:
        """e^(−c·ln 2/half), 0 beyond the cutoff."""
        return np.where(costs <= self.cutoff, np.exp(-math.log(2) / self.half * costs), 0.0)


@dataclass(frozen=True)
class Linear:
    """1 − c/C: falls evenly from 1 at cost 0 to 0 at the cutoff C."""

    cutoff: float

    def __post_init__(self) -> None:
        _require_positive(self, "cutoff", self.cutoff)

    def weights(self, costs: _Floats) -> _Floats:
        """1 − c/C, never below 0."""
        return (1.0 - costs / self.cutoff).clip(min=0.0)


@dataclass(frozen=True)
class Logistic:
    """1/(1 + e^((c−m)π/(s√3))): near 1 at first, one half at the ``midpoint`` m, spread s as a standard deviation."""

    midpoint: float
    spread: float
    cutoff: float = math.inf

    def __post_init__(self) -> None:
        _require_positive(self, "midpoint", self.midpoint)
        _require_positive(self, "spread", self.spread)
        _require_positive(self, "cutoff", self.cutoff)

    def weights(self, costs: _Floats) -> _Floats:
        """The falling logistic curve, 0 beyond the cutoff."""
        slope = math.pi / (self.spread * math.sqrt(3.0))
        return np.where(costs <= self.cutoff, expit((self.midpoint - costs) * slope), 0.0)


@dataclass(frozen=True)
class Power:
    """c^(−β), held at 1 for costs below 1 (1/c has no value at cost 0), up to an optional cutoff."""

    exponent: float
    cutoff: float = math.inf

    def __post_init__(self) -> None:
        _require_positive(self, "exponent", self.exponent)
        _require_positive(self, "cutoff", self.cutoff)

    def weights(self, costs: _Floats) -> _Floats:
        """max(c, 1)^(−β), 0 beyond the cutoff."""
        return np.where(costs <= self.cutoff, np.maximum(costs, 1.0) ** -self.exponent, 0.0)


def _require_positive(decay: object, name: str, value: float) -> None:
    if not value > 0:  # NaN fails too
        raise PlanError(f"{decay!r}: {name} is {value}; expected a number above 0, in the unit of the costs.")
