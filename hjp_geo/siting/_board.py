"""A suggestion in two sentences for a board, made from its numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from hjp_geo.siting._words import percent_of

__all__ = ["Board", "told"]

_MOST_NAMES = 4


class Board(NamedTuple):
    """The numbers that the sentences are made from."""

    objective: str
    names: tuple[str, ...]
    candidates: str
    """How many there were to choose from, and of what."""
    people: str
    cutoff_km: float
    gap: float
    seconds: float
    figures: Mapping[str, float]
    """The sums over the place: see `Outcome`."""
    worst_km: tuple[float, float]
    """The longest way of anybody, today and then; missing where not known."""
    value: float
    """The objective, for kolm_pollak."""
    is_today_known: bool
    cost: float | None
    out_of_reach: float
    """People whom no candidate and no site of today reaches."""
    has_room_limits: bool


def told(it: Board) -> str:
    """What the new sites achieve; then how sure that is, and who is left out."""
    return f"{_what(it)} {_how_sure(it)}"


def _what(it: Board) -> str:
    count = len(it.names)
    sites = f"{count:,} new {'site' if count == 1 else 'sites'}{_listed(it.names)}"
    money = "" if it.cost is None else f", costing {it.cost:,.0f},"
    if count == 0:
        return f"No new site is needed: {_reach(it)}."
    if it.objective in ("mclp", "lscp"):
        return f"With {sites}{money} {_reach(it)}."
    return f"With {sites}{money} {_journeys(it)}; {_reach(it)}."


def _listed(names: tuple[str, ...]) -> str:
    """The names, in brackets; the first few of many."""
    if not names:
        return ""
    if len(names) > _MOST_NAMES:
        return f" ({', '.join(names[: _MOST_NAMES - 1])} and {len(names) - _MOST_NAMES + 1:,} more)"
    return f" ({', '.join(names)})"


def _reach(it: Board) -> str:
    """How many are within reach then and today, and how many of them find no room."""
    sums = it.figures
    share = f" ({100 * sums['reached_then'] / sums['people']:.1f} %)" if sums["people"] > 0 else ""
    then = f"{sums['reached_then']:,.0f} of {sums['people']:,.0f} {it.people}{share} are within {it.cutoff_km:g} km"
    room = ""
    if it.has_room_limits and sums["no_room_then"] >= 0.5:
        room = f", {sums['no_room_then']:,.0f} of them without room"
    if not it.is_today_known:
        return f"{then}{room} (who has a site today is not known)"
    return f"{then}{room}; today {sums['reached_today']:,.0f} are"


def _journeys(it: Board) -> str:
    sums, (longest_today, longest_then) = it.figures, it.worst_km
    if it.objective == "p_center":
        return f"nobody is further than {longest_then:.1f} km from a site{_against(longest_today)}"
    mean = f"the mean way to a site is {sums['mean_km_then']:.1f} km{_against(sums['mean_km_today'])}"
    if it.objective == "kolm_pollak":
        return f"{mean}, as good, weighing inequality, as {it.value:.1f} km for everyone"
    return mean


def _against(km: float) -> str:
    return "" if math.isnan(km) else f" (today {km:.1f} km)"


def _how_sure(it: Board) -> str:
    if it.gap == 0:
        better = {
            "mclp": "no other choice serves more",
            "lscp": "fewer sites would not do",
            "p_center": "no other choice shortens the longest way more",
        }.get(it.objective, "no other choice does better")
        sure = f"It is proven that, of {it.candidates}, {better}"
    else:
        percent = percent_of(it.gap)
        sure = (
            f"Of {it.candidates}, another choice could be better by {percent} at most, as far as is known after "
            f"{it.seconds:.1f} seconds"
        )
    left = it.out_of_reach
    return f"{sure}; {left:,.0f} {it.people} are beyond the reach of all of them." if left >= 1 else f"{sure}."
