"""What new sites are looked for: the settings of `suggest`, checked when they are made."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal, TypeAlias, get_args

from hjp_geo.areas import Table
from hjp_geo.errors import PlanError
from hjp_geo.plan import MOST_KM
from hjp_geo.siting._gather import CANDIDATE_KINDS, CandidateKind
from hjp_geo.siting._problem import Objective, Sharing

__all__ = ["Search"]

Existing: TypeAlias = Literal["keep", "ignore"]


@dataclass(frozen=True)
class Search:
    """What new sites are looked for: how many, among which, and what makes a choice good."""

    objective: Objective = "mclp"
    """What a good choice is: see `LOCATE_OBJECTIVES`."""
    sites: int | None = 3
    """How many new sites, the ``required`` ones among them; None where a budget, or lscp, decides."""
    cutoff_km: float | None = None
    """How far a site reaches, in a straight line, inclusive; the plan's own where None."""
    candidates: CandidateKind = "gp_practices"
    """Which sites could be chosen: those that stand in the place, or every site of a list."""
    listed: Table | None = field(default=None, compare=False, repr=False)
    """The list, for ``listed``: site_id, site_name, easting, northing; ``cost`` and ``capacity`` where they differ."""
    need: str | None = None
    """Whom to serve: a people layer, or `NEED_WEIGHTED`; the plan's people in need where None."""
    existing: Existing = "keep"
    """Whether the counted sites of today stay open and new ones add to them, or are left out of account."""
    capacity: float | None = None
    """How many of these people each new site has room for. Today's sites are taken to have room for all near them."""
    sharing: Sharing = "split"
    """With capacity: whether people of one area may go to different sites."""
    budget: float | None = None
    site_cost: float | None = None
    """What each new site costs; today's cost nothing more."""
    required: tuple[str, ...] = ()
    """Candidates that will open in any case."""
    forbidden: tuple[str, ...] = ()
    k_best: int = 1
    """How many sets: the best, and its near-equals."""
    time_limit_s: float | None = 5.0

    def __post_init__(self) -> None:
        for name in ("required", "forbidden"):
            if isinstance(getattr(self, name), str):
                raise PlanError(f"{name}: found the text {getattr(self, name)!r}; expected a list of site_id.")
            object.__setattr__(self, name, tuple(str(code) for code in getattr(self, name)))
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                raise PlanError(f"{name} is '{str(getattr(self, name))[:60]}', expected one of {', '.join(allowed)}.")
        if self.cutoff_km is not None and not (0 < self.cutoff_km <= MOST_KM):
            raise PlanError(f"cutoff_km is {self.cutoff_km:g}, expected more than 0 and at most {MOST_KM:g}.")
        for name in ("capacity", "site_cost"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value >= 0):
                raise PlanError(f"{name} is {value:g}, expected a finite number, 0 or more.")

    def to_dict(self) -> dict[str, Any]:
        """The search as plain values, without the rows of a list."""
        values = asdict(replace(self, listed=None))
        del values["listed"]
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], *, listed: Table | None = None) -> Search:
        """A search from plain values; `PlanError` names a setting that does not exist."""
        known = {one.name for one in fields(cls)} - {"listed"}
        if strangers := sorted(str(name)[:60] for name in set(values) - known):
            raise PlanError(f"A search has no setting {', '.join(strangers)}; there are {', '.join(sorted(known))}.")
        return cls(**values, listed=listed)


_CHOICES: dict[str, tuple[str, ...]] = {
    "objective": get_args(Objective),
    "candidates": tuple(CANDIDATE_KINDS),
    "existing": get_args(Existing),
    "sharing": get_args(Sharing),
}
