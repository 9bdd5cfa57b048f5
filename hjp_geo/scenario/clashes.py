"""What differs between two scenarios beside their sketches, field by field: told before anything is worked out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from hjp_geo.areas import Table
from hjp_geo.evidence import Evidence
from hjp_geo.scenario.model import Scenario, Version
from hjp_geo.siting import ASSUMPTIONS

__all__ = ["ACCESS_SETTINGS", "OTHER_FIGURES", "clashes"]

ACCESS_SETTINGS = ("topic", "assistance", "measure", "supply", "demand", "journeys")
"""Settings that make figures of access mean something else."""

OTHER_FIGURES = ("version", "data")
"""Kinds of difference by which the figures are no longer those that either scenario was saved with."""

_NONE = "not loaded"
_SHORT = 60
_EFFECT = {
    "version": "Both are worked out by the version that is here.",
    "data": "Both are worked out on the data that are loaded here.",
    "question": "Not every difference comes from the sketches.",
    "rule": "The same sketch takes in other areas.",
    "assumption": "The same hours serve other numbers of people.",
}


def clashes(a: Scenario, b: Scenario, evidence: Evidence) -> Table:
    """What differs, one row a field: kind, field, a, b, here (what is loaded now; blank for settings), effect.

    ``kind`` is ``version``, ``data``, ``question``, ``rule`` or ``assumption``. Empty where only sketches differ and
    both were made with what is loaded here.
    """
    here = Version.of(evidence)
    rows = [*_versions(a.version, b.version, here), *_questions(a, b), *_rules(a, b), *_assumptions(a, b)]
    table = pd.DataFrame(rows, columns=["kind", "field", "a", "b", "here"], dtype="str")
    return table.assign(effect=[_effect(kind, field) for kind, field, *_ in rows])


_Row = tuple[str, str, str, str, str]


def _versions(a: Version, b: Version, here: Version) -> Iterator[_Row]:
    if len({a.hjp_geo, b.hjp_geo, here.hjp_geo}) > 1:
        yield "version", "hjp-geo", a.hjp_geo or "not said", b.hjp_geo or "not said", here.hjp_geo
    for name in sorted({*a.releases, *b.releases, *here.releases}):
        three = [one.releases.get(name) for one in (a, b, here)]
        hashes = {one.get("sha256") if one else None for one in three}
        if len(hashes) > 1:
            words = _told_apart(three)
            yield "data", name, words[0], words[1], words[2]


def _told_apart(releases: list[Mapping[str, str] | None]) -> list[str]:
    """Each release in words; where two of one name hold different bytes, with the beginning of their hash."""
    names = [_NONE if one is None else one.get("release", "") for one in releases]
    hashes = {(one or {}).get("sha256", "") for one in releases}
    if len(set(names)) == len(hashes):
        return names
    return [
        name if one is None else f"{name} (file {one.get('sha256', '')[:8]})"
        for name, one in zip(names, releases, strict=True)
    ]


def _questions(a: Scenario, b: Scenario) -> Iterator[_Row]:
    first, second = a.plan.to_dict(), b.plan.to_dict()
    for name in first:
        if first[name] != second[name]:
            yield "question", name, _said(first[name]), _said(second[name]), ""


def _rules(a: Scenario, b: Scenario) -> Iterator[_Row]:
    if a.rule != b.rule:
        yield "rule", "rule of areas", a.rule, b.rule, ""


def _assumptions(a: Scenario, b: Scenario) -> Iterator[_Row]:
    one, other = a.assumptions, b.assumptions
    for name, usual in ASSUMPTIONS.items():
        if one[name].span != other[name].span:
            spans = [" to ".join(f"{end:g}" for end in dict.fromkeys(each[name].span)) for each in (one, other)]
            yield "assumption", usual.label, spans[0], spans[1], ""


def _said(value: Any) -> str:
    if isinstance(value, str):
        return value[:_SHORT]
    return "not set" if value is None else json.dumps(value)[:_SHORT]


def _effect(kind: str, field: str) -> str:
    if kind == "question" and field in ACCESS_SETTINGS:
        return "Access means something else in each: it is not subtracted."
    return _EFFECT[kind]
