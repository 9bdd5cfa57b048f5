"""Measures of access: each is one formula over a Reach. What may go wrong was settled when the Reach was made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from inspect import getdoc
from typing import Concatenate, Literal, ParamSpec, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from hjp_geo.access.raam import equilibrium_costs
from hjp_geo.access.reach import Reach
from hjp_geo.areas import AreaValues, SiteValues
from hjp_geo.errors import PlanError

__all__ = [
    "MEASURES",
    "Better",
    "Measure",
    "balanced_floating_catchment_area",
    "cost_to_closest",
    "crowdedness",
    "cumulative_opportunities",
    "enhanced_floating_catchment_area",
    "floating_catchment_area",
    "huff_three_step_floating_catchment_area",
    "measure",
    "modified_floating_catchment_area",
    "rational_agent_access",
    "spatial_availability",
    "three_step_floating_catchment_area",
    "unreached_supply",
]

_P = ParamSpec("_P")
_Floats: TypeAlias = NDArray[np.float64]
Better: TypeAlias = Literal["high", "low"]


@dataclass(frozen=True)
class Measure:
    """A measure of access as the screens and the reference pages know it."""

    name: str
    label: str
    unit: str
    better: Better
    description: str
    function: Callable[..., AreaValues]

    def __call__(self, reach: Reach) -> AreaValues:
        """The measure of this reach, with its default parameters."""
        return self.function(reach)

    def unit_for(self, reach: Reach) -> str:
        """The unit in words, with minutes or km put in where the measure is a cost."""
        return self.unit.format(cost_unit=reach.cost_unit)


MEASURES: dict[str, Measure] = {}
"""Every measure that the tool offers, by the name of its function."""


def measure(
    *, label: str, unit: str, better: Better
) -> Callable[[Callable[Concatenate[Reach, _P], AreaValues]], Callable[Concatenate[Reach, _P], AreaValues]]:
    """Register a function as a measure of access, and name its results after it."""

    def register(
        function: Callable[Concatenate[Reach, _P], AreaValues],
    ) -> Callable[Concatenate[Reach, _P], AreaValues]:
        name = function.__name__

        @wraps(function)
        def named(reach: Reach, *args: _P.args, **kwargs: _P.kwargs) -> AreaValues:
            return function(reach, *args, **kwargs).rename(name)

        MEASURES[name] = Measure(name, label, unit, better, getdoc(function) or "", named)
        return cast("Callable[Concatenate[Reach, _P], AreaValues]", named)

    return register


@measure(label="Cost to the closest site", unit="{cost_unit}", better="low")
def cost_to_closest(reach: Reach, k: int = 1) -> AreaValues:
    """What it costs to get to the closest site that has any supply; with ``k``, the mean of the k closest.

    In the unit of the costs, from every cost in the table: the cutoff of the decay plays no part. Missing where fewer
    than k such sites can be reached, and where the area has no demand figure.
    """
    if k < 1:
        raise PlanError(f"k is {k}; expected how many of the closest sites to average, 1 or more.")
    open_site = reach.hours[reach.matrix.columns] > 0
    rows, costs = reach.matrix.rows[open_site], reach.matrix.costs[open_site]
    if k > 1:
        order = np.lexsort((costs, rows))
        rows, costs = rows[order], costs[order]
    starts = np.searchsorted(rows, np.arange(len(reach.demand) + 1))
    enough = np.flatnonzero(np.diff(starts) >= k)
    result = np.full(len(reach.demand), np.nan)
    if k == 1 and len(enough):
        result[enough] = np.minimum.reduceat(costs, starts[enough])
    elif len(enough):
        result[enough] = costs[starts[enough][:, None] + np.arange(k)].mean(axis=1)
    return reach.area_values(result)


@measure(label="Supply within reach", unit="supply", better="high")
def cumulative_opportunities(reach: Reach) -> AreaValues:
    """How much supply is within reach, each site counted by its weight and shared with nobody.

    In the unit of the supply. With ``Binary`` it is the supply within the cutoff; with any other decay it is Hansen's
    accessibility (1959). 0 where nothing is in reach; missing where the area has no demand figure.
    """
    return reach.area_values(reach.weights @ reach.hours)


@measure(label="Share of supply", unit="supply per person", better="high")
def floating_catchment_area(reach: Reach) -> AreaValues:
    """Supply per person after sharing each site with everyone in its reach (2SFCA).

    The classic form has one catchment with an edge, ``Binary``; the formula holds for any decay. 0 where nothing is in
    reach; missing where the area has no demand figure. The people times their shares add up to the supply reached.
    Luo and Wang (2003), Environment and Planning B 30(6).
    """
    return reach.area_values(_share_of_supply(reach))


@measure(label="Share of supply, nearer counts more", unit="supply per person", better="high")
def enhanced_floating_catchment_area(reach: Reach) -> AreaValues:
    """Supply per person after sharing each site with everyone in its reach, nearer people counting more (E2SFCA).

    0 where nothing is in reach; missing where the area has no demand figure. The people times their shares add up to
    the supply reached. The default measure, with ``Step`` bands. Luo and Qi (2009), Health & Place 15(4).
    """
    return reach.area_values(_share_of_supply(reach))


@measure(label="Share of supply, distance counted twice", unit="supply per person", better="high")
def modified_floating_catchment_area(reach: Reach) -> AreaValues:
    """Supply per person when supply that people live far from goes partly unused (M2SFCA).

    Never above E2SFCA, and it does not add up to the supply. 0 where nothing is in reach; missing where the area has
    no demand figure. Delamater (2013), Health & Place 24.
    """
    weights = reach.weights
    ratio = _divide(reach.hours, reach.people @ weights)
    return reach.area_values(weights.power(2) @ ratio)


@measure(label="Share of supply, choosing among sites", unit="supply per person", better="high")
def three_step_floating_catchment_area(reach: Reach) -> AreaValues:
    """Supply per person when people with several sites in reach divide themselves among them (3SFCA).

    They choose in proportion to the weights of the sites in reach only: PySAL also counts sites beyond the cutoff. The
    choice is a second impedance on top of the first (ipeaGIT/accessibility#8). 0 where nothing is in reach; missing
    where the area has no demand figure. Wan, Zou and Sternberg (2012), IJGIS 26(6).
    """
    return reach.area_values(_share_by_choice(reach, np.ones(len(reach.supply))))


@measure(label="Share of supply, choosing larger and nearer sites", unit="supply per person", better="high")
def huff_three_step_floating_catchment_area(reach: Reach) -> AreaValues:
    """Supply per person when people choose among the sites in reach by their size and weight (Huff 3SFCA).

    0 where nothing is in reach; missing where the area has no demand figure. Luo (2014), Health & Place 30.
    """
    return reach.area_values(_share_by_choice(reach, reach.hours))


@measure(label="Share of supply, demand not inflated", unit="supply per person", better="high")
def balanced_floating_catchment_area(reach: Reach) -> AreaValues:
    """Supply per person when everyone is counted once and every site is given out once (BFCA).

    A check on E2SFCA, which counts a person at every site in reach. The values themselves, not people times values, add
    up to the ratios of the sites; an area with nobody in it still takes its part of them. 0 where nothing is in reach;
    missing where the area has no demand figure. Páez, Higgins and Vivona (2019), PLOS ONE 14(6).
    """
    weights = reach.weights
    per_area = weights @ np.ones(len(reach.supply))
    per_site = np.ones(len(reach.demand)) @ weights
    ratio = _divide(reach.hours, _divide(reach.people, per_area) @ weights)
    return reach.area_values(weights @ _divide(ratio, per_site))


@measure(label="Supply available to the area", unit="supply", better="high")
def spatial_availability(reach: Reach, alpha: float = 1.0) -> AreaValues:
    """How much of the supply falls to each area: an amount, not a rate, so divide by people to map it.

    Each site is given out in proportion to people (to the power ``alpha``) times weight; the areas add up to the supply
    reached. With alpha 1 it is people times E2SFCA. 0 where nothing is in reach or nobody lives; missing where the area
    has no demand figure. Soukhov, Páez, Higgins and Mohamed (2023), PLOS ONE 18(2).
    """
    if not alpha > 0:
        raise PlanError(f"alpha is {alpha}; expected a number above 0. 1 shares in proportion to people.")
    weights = reach.weights
    pull = reach.people**alpha
    return reach.area_values(pull * (weights @ _divide(reach.hours, pull @ weights)))


@measure(label="Cost of journey and crowding", unit="{cost_unit}, as multiples of tau", better="low")
def rational_agent_access(reach: Reach, tau: float | None = None, tolerance: float = 1e-5) -> AreaValues:
    """What it costs each person to use the best site for them, journey and crowding together, once nobody would switch.

    A cost: low is good. 1 is average crowding with no journey, or an uncrowded site ``tau`` away; tau is 60 when the
    costs are minutes and must be given when they are km. Sites without supply or beyond the cutoff are not used.
    An area with nobody in it gets what one more person would pay. Missing where nothing is in reach and where the area
    has no demand figure. The exact equilibrium, to a relative gap of ``tolerance``; PySAL's steps are a heuristic.
    Saxon and Snow (2019), Annals of the American Association of Geographers 110(1).
    """
    return reach.area_values(equilibrium_costs(reach, tau, tolerance))


def crowdedness(reach: Reach) -> SiteValues:
    """How many people compete for each unit of supply, seen from the site (i2SFCA).

    Indexed by ``site_id``. 0 where nobody is in reach. Supply times crowdedness adds up to the people who reach any
    supply. Wang (2018), Annals of the American Association of Geographers 108(1).
    """
    weights = reach.weights
    values = _divide(reach.people, weights @ reach.hours) @ weights
    return reach.site_values(values).rename("crowdedness")


def unreached_supply(reach: Reach) -> SiteValues:
    """The supply of each site that nobody is in reach of, in the unit of the supply; 0 for every other site.

    People times 2SFCA, plus this, adds up to all the supply.
    """
    nobody = reach.people @ reach.weights <= 0
    return reach.site_values(np.where(nobody, reach.hours, 0.0)).rename("unreached_supply")


def _divide(numerator: _Floats, denominator: _Floats) -> _Floats:
    """Numerator over denominator; where the denominator is 0 nothing is shared, so 0."""
    return np.divide(numerator, denominator, out=np.zeros_like(numerator), where=denominator > 0)


def _share_of_supply(reach: Reach) -> _Floats:
    weights = reach.weights
    shared: _Floats = weights @ _divide(reach.hours, reach.people @ weights)
    return shared


def _share_by_choice(reach: Reach, attraction: _Floats) -> _Floats:
    """2SFCA whose weight is the area's choice among the sites in reach times the decay.

    The choice G is a site's attraction times weight, over the total of the area. G·W is then W² with a factor for each
    site and one for each area, which leave the sums: nothing is computed pair by pair but W².
    """
    squared = reach.matrix.as_csr(np.square(reach.weights.data))
    total = reach.weights @ attraction
    demand = attraction * (_divide(reach.people, total) @ squared)
    shared = squared @ (attraction * _divide(reach.hours, demand))
    return _divide(shared, total)
