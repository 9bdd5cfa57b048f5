"""Sites that look like one: found by postcode or nearness and by their names, and put to a person.

Nothing is merged by itself. Two providers under one roof are neighbours, not duplicates: they stay two.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.spatial import KDTree

from hjp_geo.areas import Table
from hjp_geo.own.shelf import Decision

__all__ = ["PAIR_COLUMNS", "applied", "likely_ones", "look_alikes", "name_overlap"]

NEAR_METRES = 150.0
SAME, NONE = 0.67, 0.34
_LITTLE_WORDS = frozenset(("ltd", "limited", "the", "and", "of", "cio", "llp", "co", "office", "main"))
_WORD = re.compile(r"[a-z0-9]+")
_BETTER_GRADE = "ABCDX"
PAIR_COLUMNS = {
    "keep": "site that would be kept",
    "drop": "site that would be counted with it",
    "keep_name": "its name",
    "drop_name": "the other's name",
    "keep_list": "list of the one",
    "drop_list": "list of the other",
    "postcode": "postcode of the one",
    "metres": "how far apart",
    "overlap": "shared words of the names, 0 to 1",
    "kind": "likely (same postcode and name), ask (near or part of the name), neighbours (one postcode, two names)",
    "verdict": "same, apart, or blank: not decided",
}


def name_overlap(first: str, second: str) -> float:
    """Shared words of two names as a share of the shorter one, without words such as ltd and the: 0 to 1.

    >>> name_overlap("Citizens Advice Leeds", "Leeds Citizens Advice Ltd"), name_overlap("Lawstop", "Age UK")
    (1.0, 0.0)
    """
    return _overlap(_words(first), _words(second))


def _words(name: str) -> frozenset[str]:
    return frozenset(_WORD.findall(name.casefold().replace("'", ""))) - _LITTLE_WORDS


def _overlap(first: frozenset[str], second: frozenset[str]) -> float:
    smaller = min(len(first), len(second))
    return len(first & second) / smaller if smaller else 0.0


def look_alikes(sites: Table, decisions: Sequence[Decision] = ()) -> Table:
    """Pairs of sites of different lists that may be one, with `PAIR_COLUMNS`; the likeliest first.

    Closed sites are left aside, but those that a decision merged are shown with it.
    """
    merged = {one.drop for one in decisions if one.verdict == "same"}
    rows = sites[(sites["grade"] != "X") | sites.index.isin(merged)]
    pairs = _close_pairs(rows)
    table = pd.DataFrame([_pair(rows, first, second) for first, second in pairs], columns=list(PAIR_COLUMNS)[:-1])
    table = table[(table["kind"] != "ask") | (table["overlap"] >= NONE)]
    decided = {frozenset((one.keep, one.drop)): one.verdict for one in decisions}
    verdicts = [decided.get(frozenset(pair), "") for pair in zip(table["keep"], table["drop"], strict=True)]
    order = table["kind"].map({"likely": 0, "ask": 1, "neighbours": 2})
    table = table.assign(verdict=pd.Series(verdicts, index=table.index, dtype="str"), order=order)
    return table.sort_values(["order", "keep_name", "keep", "drop"], ignore_index=True).drop(columns="order")


def likely_ones(pairs: Table) -> list[Decision]:
    """To count once every pair of one postcode and one name that nothing was decided about, in the order of the pairs.

    ``pairs`` is of `look_alikes`.
    """
    rows = pairs[(pairs["kind"] == "likely") & (pairs["verdict"] == "")].astype("str").to_dict("records")
    return [
        Decision(row["keep"], row["drop"], row["keep_name"], row["drop_name"], verdict="same", decided="")
        for row in rows
    ]


def _close_pairs(rows: Table) -> list[tuple[str, str]]:
    """Pairs of different lists with one postcode, or within 150 m and of one name."""
    listed = rows.assign(site=rows.index)[["site", "list", "postcode"]]
    same = listed[listed["postcode"].notna()].merge(listed, on="postcode", suffixes=("", "_2"))
    same = same[(same["list"] != same["list_2"]) & (same["site"] < same["site_2"])]
    found = dict.fromkeys(zip(same["site"], same["site_2"], strict=True))
    placed = rows[rows["easting"].notna() & (rows["location_quality"] != "area")]
    if len(placed) > 1:
        names, lists, codes = placed["site_name"].map(_words), placed["list"].to_numpy(), placed.index
        near = KDTree(placed[["easting", "northing"]].to_numpy()).query_pairs(NEAR_METRES, output_type="ndarray")
        for i, j in near[lists[near[:, 0]] != lists[near[:, 1]]]:
            if _overlap(names.iloc[i], names.iloc[j]) >= SAME:
                found[tuple(sorted((str(codes[i]), str(codes[j]))))] = None  # type: ignore[index]  # two of them
    return sorted(found)


def _pair(rows: Table, first: str, second: str) -> tuple[Any, ...]:
    one, other = (rows.loc[code] for code in sorted((first, second), key=lambda code: _precedence(rows, code)))
    overlap = name_overlap(str(one["site_name"]), str(other["site_name"]))
    metres = float(np.hypot(one["easting"] - other["easting"], one["northing"] - other["northing"]))
    alike = overlap >= SAME or all("citizens advice" in str(site["site_name"]).casefold() for site in (one, other))
    one_postcode = one["postcode"] == other["postcode"]
    kind = "likely" if alike and one_postcode else "neighbours" if one_postcode and overlap < NONE else "ask"
    names = (str(one["site_name"]), str(other["site_name"]))
    lists = (str(one["list"]), str(other["list"]))
    return (str(one.name), str(other.name), *names, *lists, str(one["postcode"]), metres, overlap, kind)


def _precedence(rows: Table, code: str) -> tuple[bool, bool, int, str]:
    """The user's own row before others, then a building before a postcode, then the better grade."""
    site = rows.loc[code]
    own, exact = str(site["list"]).startswith("own"), site["location_quality"] == "address"
    return not own, not exact, _BETTER_GRADE.index(str(site["grade"])), code


def applied(decisions: Sequence[Decision], sites: Table) -> tuple[Mapping[str, str], list[Decision]]:
    """Site that is dropped → site that it is counted with, and the decisions that find their sites no more.

    A decision holds for the sites of its codes while they have the names that they had.
    """
    names = sites["site_name"].astype("str").str.casefold()
    into: dict[str, str] = {}
    lost = []
    for one in decisions:
        there = names.get(one.keep) == one.keep_name.casefold() and names.get(one.drop) == one.drop_name.casefold()
        if not there:
            lost.append(one)
        elif one.verdict == "same" and _root(into, one.keep) != one.drop:
            into[one.drop] = one.keep
    return {drop: _root(into, keep) for drop, keep in into.items()}, lost


def _root(into: Mapping[str, str], code: str) -> str:
    while code in into:
        code = into[code]
    return code
