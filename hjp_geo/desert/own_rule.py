"""A desert rule in the reader's own words: comparisons of named parts, read by a small grammar, never run as code."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import pandas as pd

from hjp_geo.areas import AreaValues
from hjp_geo.desert.facts import AreaFacts, Flags
from hjp_geo.desert.tiles import quintile, supply_rate
from hjp_geo.errors import PlanError

__all__ = ["PARTS", "OwnRule"]

_Part: TypeAlias = "Callable[[AreaFacts], AreaValues | None]"


def _worst_pct(values: AreaValues) -> AreaValues:
    """Where each area stands from the worst, low being bad: 100 × rank / count, ties taking the smallest rank."""
    return values.rank(method="min") / max(int(values.notna().sum()), 1) * 100.0


def _fifth(values: AreaValues, worst: Literal["high", "low"]) -> AreaValues:
    return quintile(values, worst=worst).astype("Float64")


def _known_access(facts: AreaFacts) -> AreaValues:
    return facts.access.where(facts.is_known)


def _per_1000(facts: AreaFacts) -> AreaValues | None:
    if facts.district is None or facts.supply_in_district is None or facts.people_in_need is None:
        return None
    return facts.district.map(supply_rate(facts, facts.supply_in_district, facts.people_in_need) * 1000)


PARTS: dict[str, tuple[str, _Part]] = {
    "need_fifth": ("fifth of need, 1 is most", lambda facts: _fifth(facts.need, "high")),
    "access_fifth": ("fifth of access, 1 is least", lambda facts: _fifth(_known_access(facts), "low")),
    "need_pct": ("need: rank from the worst as a percentage of areas", lambda facts: _worst_pct(-facts.need)),
    "access_pct": ("access: rank from the worst, the same way", lambda facts: _worst_pct(_known_access(facts))),
    "need": ("the need score", lambda facts: facts.need),
    "access": ("access, in the unit of the plan", _known_access),
    "nearest": ("km (or minutes) to the nearest site", lambda facts: facts.nearest_cost),
    "sites_in_reach": ("sites within the cutoff", lambda facts: facts.sites_in_reach),
    "sites_in_district": ("sites in the district", lambda facts: facts.sites_in_district),
    "supply_per_1000": ("district supply per 1,000 in need", _per_1000),
    "people_in_need": ("people in need", lambda facts: facts.people_in_need),
    "residents": ("residents", lambda facts: facts.population),
}
"""The named parts of an own rule: what each is, and where it comes from."""

_MOST_CHARACTERS, _MOST_DEPTH = 400, 20
_TOKEN = re.compile(r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<word>[a-z_][a-z_0-9]*)|(?P<sign><=|>=|=|<|>|\(|\)))")
_SIGNS: dict[str, Callable[[AreaValues, float], pd.Series[bool]]] = {
    "<=": lambda values, number: values <= number,
    ">=": lambda values, number: values >= number,
    "<": lambda values, number: values < number,
    ">": lambda values, number: values > number,
    "=": lambda values, number: values == number,
}


@dataclass(frozen=True)
class OwnRule:
    """A condition such as ``need_fifth = 1 and (nearest > 8 or sites_in_reach < 2)``; PlanError when it is not one."""

    text: str
    tokens: tuple[str, ...]

    @classmethod
    def read(cls, text: str) -> OwnRule:
        """The rule of a text. PlanError says what was found, and what could stand there."""
        rule = cls(text, tuple(_tokens(text)))
        _Reader(rule.tokens, None).rule()
        return rule

    @property
    def numbers(self) -> tuple[tuple[int, str, float], ...]:
        """Each number of the rule: its place among the tokens, the part and sign before it, and its value."""
        return tuple(
            (place, " ".join(self.tokens[place - 2 : place]), float(token))
            for place, token in enumerate(self.tokens)
            if token[0].isdigit()
        )

    def with_number(self, place: int, value: float) -> OwnRule:
        """The same rule with another number at a place of `numbers`."""
        return OwnRule.read(
            " ".join([*self.tokens[:place], f"{value:.6f}".rstrip("0").rstrip("."), *self.tokens[place + 1 :]])
        )

    def judge(self, facts: AreaFacts) -> Flags:
        """The verdict on each area; missing where a part that decides it is. PlanError where a part was not given."""
        return _Reader(self.tokens, facts).rule().astype("boolean")


def _tokens(text: str) -> list[str]:
    if len(text) > _MOST_CHARACTERS:
        raise PlanError(f"Your own rule has {len(text)} characters, expected at most {_MOST_CHARACTERS}.")
    found, place = [], 0
    lowered = text.casefold().rstrip()
    while place < len(lowered):
        match = _TOKEN.match(lowered, place)
        if match is None:
            raise PlanError(
                f"Your own rule has '{lowered[place:].strip()[:20]}', which is no part, sign or number of it."
            )
        found.append(match.group(match.lastgroup or 0))
        place = match.end()
    return found


class _Reader:
    """Reads tokens from left to right: or < and < not < comparison. Without facts it checks only."""

    def __init__(self, tokens: tuple[str, ...], facts: AreaFacts | None) -> None:
        self._tokens, self._facts = tokens, facts
        self._at = self._depth = 0

    def rule(self) -> Flags:
        judged = self._any()
        if self._at < len(self._tokens):
            raise PlanError(f"Your own rule goes on with '{self._tokens[self._at]}', expected and, or, or its end.")
        return judged

    def _next(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self, expected: str) -> str:
        token = self._next()
        if not token:
            raise PlanError(f"Your own rule ends too early: expected {expected}.")
        self._at += 1
        return token

    def _any(self) -> Flags:
        judged = self._all()
        while self._next() == "or":
            self._at += 1
            judged = judged | self._all()
        return judged

    def _all(self) -> Flags:
        judged = self._one()
        while self._next() == "and":
            self._at += 1
            judged = judged & self._one()
        return judged

    def _one(self) -> Flags:
        self._depth += 1
        if self._depth > _MOST_DEPTH:
            raise PlanError(f"Your own rule is nested more than {_MOST_DEPTH} deep. Write it flatter.")
        if self._next() == "not":
            self._at += 1
            judged = ~self._one()
        elif self._next() == "(":
            self._at += 1
            judged = self._any()
            if (closing := self._take("a closing bracket")) != ")":
                raise PlanError(f"Your own rule has '{closing}' where a closing bracket was expected.")
        else:
            judged = self._comparison()
        self._depth -= 1
        return judged

    def _comparison(self) -> Flags:
        part = self._take(f"one of {', '.join(PARTS)}")
        if part not in PARTS:
            raise PlanError(f"Your own rule has '{part}', expected one of {', '.join(PARTS)}.")
        sign, number = self._take("<=, <, =, > or >="), self._take("a number")
        if sign not in _SIGNS or not number[0].isdigit():
            raise PlanError(f"Your own rule has '{part} {sign} {number}', expected such as {part} <= 5.")
        if self._facts is None:
            return pd.Series([False], dtype="boolean")
        values = PARTS[part][1](self._facts)
        if values is None:
            raise PlanError(
                f"rule own_rule: {part} not given, and it cannot be judged without. Leave it out of the rule."
            )
        compared = _SIGNS[sign](values.astype("Float64"), float(number))
        return compared.astype("boolean").mask(values.isna())
