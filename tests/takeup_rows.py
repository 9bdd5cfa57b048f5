"""Ten areas in a row with people helped, for the tests of take-up.

Area n has 1,000 residents, of whom 100 n in income deprivation: 4,500 in all. With 450 people helped, 10 n are expected
from area n. Area 7 sends 20 instead of 70, area 9 sends 140 instead of 90, all others what is expected.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from tiny_warehouse import CODES

from hjp_geo.evidence import Evidence
from hjp_geo.takeup import Journal, Question, TakeUp, place_counts, read_counts, take_up

HELPED = [0, 10, 20, 30, 40, 50, 60, 20, 80, 140]


def scaled(tiny: Evidence) -> Evidence:
    """The ten areas with ten times the residents and a hundred times the need."""
    values = tiny.values.assign(people_in_income_deprivation=np.arange(10) * 100.0)
    return dataclasses.replace(tiny, areas=tiny.areas.assign(residents=1000), values=values)


def csv_of(counts: dict[str, object], header: str = "code,count") -> bytes:
    return "\n".join([header, *(f"{code},{count}" for code, count in counts.items())]).encode()


def asked(evidence: Evidence, counts: list[int], journal: Journal | None = None, **question: object) -> TakeUp:
    placed = place_counts(read_counts(csv_of(dict(zip(CODES, counts, strict=True)))), evidence)
    return take_up(placed, Question(**question), evidence, journal or Journal())  # type: ignore[arg-type]
