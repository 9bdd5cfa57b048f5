"""The installed engine against published answers: run on any machine, pass or fail.

Each case is small enough to stand here whole: its inputs, the answer its source gives, and how near it must come.
They are the numbers of papers and of other people's packages, so that nobody has to take ours on trust. The large
cases (every English area, published siting problems) run in the test suite of the project.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from hjp_geo import access, need, siting, statistics
from hjp_geo.access import Exponential, Reach, Step
from hjp_geo.areas import Table
from hjp_geo.evidence import Evidence

__all__ = ["CASES", "Case", "check_warehouse", "self_check"]


@dataclass(frozen=True)
class Case:
    """One published answer: what is computed, what must come out, how near, and who says so."""

    subject: str
    what: str
    compute: Callable[[], Any]
    """Gives numbers in the order of ``expected``."""
    expected: tuple[float, ...]
    within: float
    """The largest difference that still passes, in the unit of the answer: half of the last digit that is published."""
    source: str


def self_check(evidence: Evidence | None = None) -> Table:
    """Pass or fail of every published case on this installation, and of the loaded data where they allow it.

    A row a case: subject, what, expected and found (numbers as text), largest_difference, within, passed, source. A
    case whose computation raises has failed, with the error as what was found. The index of deprivation recomputed
    from the loaded file is there when ``evidence`` holds all of England.
    """
    cases = [*CASES, *(check_warehouse(evidence) if evidence is not None else ())]
    return pd.DataFrame([_checked(case) for case in cases])


def _checked(case: Case) -> dict[str, Any]:
    row: dict[str, Any] = {"subject": case.subject, "what": case.what, "expected": _text(case.expected)}
    try:
        found = np.asarray(case.compute(), dtype=np.float64).ravel()
        difference = float(np.max(np.abs(found - np.asarray(case.expected))))  # a missing number never passes
        row |= {"found": _text(found), "largest_difference": difference}
    except Exception as error:  # noqa: BLE001 - whatever breaks, the check must say so and go on
        difference = math.nan
        row |= {"found": f"{type(error).__name__}: {error}", "largest_difference": difference}
    return {**row, "within": case.within, "passed": bool(difference <= case.within), "source": case.source}


def _text(numbers: Any) -> str:
    return ", ".join(f"{number:,.6g}" for number in numbers)


# access -------------------------------------------------------------------------------------------------------------

_PUBLISHED_AVAILABILITY = (
    ("A", "1", 15),
    ("A", "2", 30),
    ("A", "3", 100),
    ("B", "1", 30),
    ("B", "2", 15),
    ("B", "3", 100),
    ("C", "1", 100),
    ("C", "2", 100),
    ("C", "3", 15),
)
_THREE_PLACES = (
    ("a", "a", 1),
    ("a", "b", 80),
    ("a", "c", 40),
    ("b", "a", 80),
    ("b", "b", 1),
    ("b", "c", 40),
    ("c", "a", 40),
    ("c", "b", 40),
    ("c", "c", 1),
)


def _costs(rows: tuple[tuple[str, str, int], ...]) -> Table:
    return pd.DataFrame(rows, columns=["area_code", "site_id", "minutes"]).astype({"minutes": "float64"})


@cache
def _availability() -> Reach:
    demand = pd.Series({"A": 50_000.0, "B": 150_000.0, "C": 10_000.0})
    supply = pd.Series({"1": 100_000.0, "2": 100_000.0, "3": 10_000.0})
    return Reach(demand, supply, _costs(_PUBLISHED_AVAILABILITY), Exponential(half=math.log(2) / 0.1))


@cache
def _three_places() -> Reach:
    demand = pd.Series({"a": 100.0, "b": 50.0, "c": 10.0})
    supply = pd.Series({"a": 15.0, "b": 20.0, "c": 100.0})
    return Reach(demand, supply, _costs(_THREE_PLACES), Step({20: 1.0, 40: 0.68, 60: 0.22}))


def _by_hand_e2sfca() -> list[float]:
    """Shares of supply of the three places, worked out step by step: a site's supply over the weighted demand."""
    a, b, c = 15 / (100 + 6.8), 20 / (50 + 6.8), 100 / (68 + 34 + 10)
    return [a + 0.68 * c, b + 0.68 * c, 0.68 * a + 0.68 * b + c]


# inequality ---------------------------------------------------------------------------------------------------------

_JOBS = pd.DataFrame(
    {
        "access": [26_774.0, 22_239.0, 36_567.0, 42_372.0, 55_571.0],
        "population": [0.0, 852.0, 394.0, 1_969.0, 2_189.0],
        "income": [math.nan, 4_757.8, 1_627.8, 543.1, 3_822.0],
    }
)
"""Five cells of Belo Horizonte: jobs within 30 minutes by public transport, people, income a head; missing where nobody
lives."""


def _inequality() -> list[float]:
    jobs, people, income = _JOBS["access"], _JOBS["population"], _JOBS["income"]
    return [
        statistics.concentration_index(jobs, people, income),
        statistics.gini(jobs, people),
        statistics.fgt(jobs, people, 100_000, 1),
        statistics.fgt(jobs, people, 100_000, 2),
    ]


_P_VALUES = "0.0001 0.0004 0.0019 0.0095 0.0201 0.0278 0.0298 0.0344 0.0459 0.324 0.4262 0.5719 0.6528 0.759 1.0"


def _discoveries() -> list[float]:
    p_values = np.array(_P_VALUES.split(), dtype=np.float64)
    return [float((p_values <= statistics.fdr_threshold(p_values, 0.05)).sum())]


# siting -------------------------------------------------------------------------------------------------------------


def _by_enumeration() -> list[float]:
    """A p-median small enough to list every choice of two sites of four."""
    demand = pd.Series({"a": 10.0, "b": 20.0, "c": 30.0, "d": 40.0})
    rows = [(area, site, abs(i - j) + 1.0) for i, area in enumerate("abcd") for j, site in enumerate("wxyz")]
    costs = pd.DataFrame(rows, columns=["area_code", "site_id", "minutes"])
    return [siting.locate(demand, costs, objective="p_median", p=2).objective]


CASES: tuple[Case, ...] = (
    Case(
        "Access",
        "spatial availability of three places",
        lambda: access.spatial_availability(_availability()),
        (66_833, 133_203, 9_963),
        0.5,
        "Soukhov, Paez, Higgins and Mohamed (2023), as quoted by the R package accessibility",
    ),
    Case(
        "Access",
        "enhanced two-step floating catchment, weights of Luo and Qi (2009)",
        lambda: access.enhanced_floating_catchment_area(_three_places()),
        tuple(_by_hand_e2sfca()),
        1e-12,
        "worked by hand from the formula of Luo and Qi (2009)",
    ),
    Case(
        "Access",
        "all supply is shared out: people times access adds up to it",
        lambda: [access.enhanced_floating_catchment_area(_three_places()).to_numpy() @ np.array([100.0, 50.0, 10.0])],
        (135.0,),
        1e-9,
        "a property of the measure",
    ),
    Case(
        "Need",
        "exponential scores of the most and the least deprived of 33,755 areas",
        lambda: need.imd_transform(np.array([1.0, 33_755.0]), 33_755),
        (100.0, 0.0007),
        5e-5,
        "MHCLG (2025), English Indices of Deprivation 2025: Technical Report",
    ),
    Case(
        "Need",
        "geometric and harmonic means with weights",
        lambda: [
            need.combine(pd.DataFrame({"x": [1.0], "y": [2.0], "z": [3.0]}), {"x": 1, "y": 1, "z": 2}, "geometric")[0],
            need.combine(pd.DataFrame({"x": [1.0], "y": [2.0], "z": [3.0]}), {"x": 2, "y": 1, "z": 1}, "harmonic")[0],
        ],
        (18**0.25, 4 / (2 + 1 / 2 + 1 / 3)),
        1e-12,
        "COINr (Becker and others 2022), worked by hand",
    ),
    Case(
        "Inequality",
        "concentration index, Gini, depth and severity of access poverty of five cells",
        _inequality,
        (-0.0248, 0.1386, 0.5588, 0.3256),
        5.1e-5,
        "R package accessibility 1.4 (Ipea), its own tests",
    ),
    Case(
        "Intervals",
        "Wilson limits of 65 in 100",
        lambda: statistics.wilson(65.0, 100.0),
        (0.5525444329688797, 0.7363575175690247),
        1e-9,
        "test data of the UK Health Security Agency",
    ),
    Case(
        "Intervals",
        "Byar limits of a count of 65",
        lambda: statistics.byar(65.0),
        (50.163187710459454, 82.84913854593984),
        1e-9,
        "test data of the UK Health Security Agency",
    ),
    Case(
        "Intervals",
        "exact Poisson limits of a count of 1",
        lambda: statistics.exact_poisson(1.0),
        (0.025317807984289897, 5.571643390938898),
        1e-8,
        "the chi-squared form of Garwood (1936)",
    ),
    Case(
        "Clusters",
        "discoveries among fifteen p-values at 5 %",
        _discoveries,
        (4,),
        0,
        "Benjamini and Hochberg (1995)",
    ),
    Case(
        "Siting",
        "two sites of four: least total travel, every choice listed",
        _by_enumeration,
        (140.0,),
        1e-9,
        "worked by hand: open b and d, travel 10×2 + 20 + 30×2 + 40",
    ),
)
"""The cases that travel with the package."""

_DOMAINS_2025 = {
    "income_rank": 0.225,
    "employment_rank": 0.225,
    "education_rank": 0.135,
    "health_rank": 0.135,
    "crime_rank": 0.093,
    "barriers_rank": 0.093,
    "living_rank": 0.093,
}
_ENGLAND_LSOAS = 33_755
_HOLDERS = """
SELECT table_name FROM duckdb_columns() WHERE column_name IN (SELECT unnest(?))
GROUP BY table_name HAVING count(*) = 9 ORDER BY table_name
"""


def check_warehouse(evidence: Evidence) -> tuple[Case, ...]:
    """The checks that the loaded data allow: the index of deprivation recomputed from its own domains.

    None where the data are made up, are not all of England, or do not hold the domains' ranks.
    """
    if evidence.made_up or len(evidence.areas) != _ENGLAND_LSOAS:
        return ()
    holders = evidence.warehouse.query(_HOLDERS, [[*_DOMAINS_2025, "imd_score", "lsoa21_code"]])["table_name"]
    if holders.empty:
        return ()
    published = evidence.warehouse.table(str(holders.iloc[0])).set_index("lsoa21_code")
    ours = need.imd_score(published[list(_DOMAINS_2025)], _DOMAINS_2025)
    return (
        Case(
            "Loaded data",
            "largest difference between the published index of 33,755 areas and ours from its seven domains",
            lambda: [(ours - published["imd_score"]).abs().max()],
            (0.0,),
            0.001,
            "MHCLG (2025), English Indices of Deprivation 2025, File 7",
        ),
    )
