"""What is known about each area for one topic: what the rules and the reasons look at."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal, TypeAlias, cast

import pandas as pd
from scipy import sparse

from hjp_geo.areas import AreaValues
from hjp_geo.errors import GeographyError, PlanError

__all__ = ["AreaFacts", "Flags", "reach_limit", "true_where_known", "verdict"]

Flags: TypeAlias = "pd.Series[bool]"
"""One verdict per area in pandas' nullable ``boolean``: True, False, or missing for no verdict."""


@dataclass(frozen=True, kw_only=True)
class AreaFacts:
    """What is known about each area for one topic: Series on one index of area codes, and two settings.

    Missing means not known. Leave out (None) what nobody recorded: rules that need it say so, reasons that need it are
    passed over.
    """

    need: AreaValues
    """Need score: high is more need."""
    access: AreaValues
    """Access: high is better, so turn the sign of a cost."""
    population: AreaValues
    """People, for totals and shares."""
    known: Flags
    """Whether any loaded source covers the topic there: False turns every verdict into no verdict."""
    nearest_cost: AreaValues | None = None
    """Cost to the nearest site of the topic, open or not. Infinite = no way there; missing = not known."""
    district: pd.Series[str] | None = None
    """Code of the local authority district."""
    sites_in_district: AreaValues | None = None
    """How many sites of the topic the area's district has."""
    sites_in_frame: AreaValues | None = None
    """How many sites or services of the topic the comparison frame has, or serve the area."""
    supply_in_district: AreaValues | None = None
    """How much supply the area's district has, in the unit that the reader chose: sites, or hours a week."""
    people_in_need: AreaValues | None = None
    """People in need, who share the supply."""
    unknown_supply_in_reach: AreaValues | None = None
    """How many sites in reach have hours that nobody recorded."""
    sites_in_reach: AreaValues | None = None
    """How many sites of the topic are within the limit, open or not."""
    open_in_reach: AreaValues | None = None
    """How many of the sites in reach have hours."""
    eligible_in_reach: AreaValues | None = None
    """How many of the open sites in reach take the area's residents (served area, referral, client group)."""
    remote_only: Flags | None = None
    """Whether phone or online services are all there is for the area."""
    able_to_use_remote: AreaValues | None = None
    """Share of people who can use phone or online services, 0 to 1."""
    limit: float | None = None
    """The cost up to and including which a site is in reach, in ``cost_unit``."""
    cost_unit: Literal["minutes", "km"] = "minutes"
    access_unit: str = "of supply per person"
    """What one unit of access is, to follow a number in a sentence."""
    neighbours: sparse.csr_array[Any, Any] | None = None
    """Which areas touch, in the order of the areas; no area is its own neighbour."""
    worst_share: float = 0.2
    """Which share of the areas is the worst of need and of access: a fifth unless changed."""
    bottom_share: float = 0.1
    """Which share of the districts is the bottom for supply: a tenth unless changed."""
    significance: float = 0.05
    """Which share of the clusters found may be false (FDR)."""
    expression: str | None = None
    """The reader's own rule, in the words of `OwnRule`."""
    access_line: float | None = None
    """Access at or below which it counts as the worst, in place of a share: for comparing with another day."""
    supply_line: float | None = None
    """District supply for each person (in need) at or below which it counts as the bottom, in place of a share."""

    def __post_init__(self) -> None:
        index = self.need.index
        if index.has_duplicates:
            raise GeographyError("facts: an area_code is repeated; expected one row per area.")
        for name, values in self.columns().items():
            if not values.index.equals(index):
                raise GeographyError(
                    f"facts: the codes or the order of {name} ({len(values)} areas) and need ({len(index)}) differ. "
                    f"Expected the same index: align with {name}.reindex(need.index)."
                )

    def columns(self) -> dict[str, pd.Series[float]]:
        """The Series that are there, by name."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if isinstance(value, pd.Series)}

    @property
    def is_known(self) -> pd.Series[bool]:
        """``known`` as plain booleans: not knowing whether a source covers the area is not being covered."""
        return self.known.astype("boolean").fillna(value=False).astype(bool)


def verdict(flag: pd.Series[bool], known: pd.Series[bool]) -> Flags:
    """The flag where it is known, missing elsewhere."""
    values = flag.to_numpy(dtype=bool, na_value=False)
    nullable = pd.arrays.BooleanArray(values, ~known.to_numpy(dtype=bool))
    return cast("Flags", pd.Series(nullable, index=flag.index))


def true_where_known(flags: Flags | None, facts: AreaFacts) -> pd.Series[bool]:
    """The flags with not known as not true; all False when nobody gave any."""
    if flags is None:
        return pd.Series([False] * len(facts.need), index=facts.need.index, dtype=bool)
    return flags.astype("boolean").fillna(value=False).astype(bool)


def reach_limit(facts: AreaFacts) -> float:
    """The limit, which must be there and not below 0."""
    if facts.limit is None or not facts.limit >= 0:
        raise PlanError(f"limit is {facts.limit}; expected 0 or more {facts.cost_unit}.")
    return facts.limit
