"""Two layers together: where both are high, how many people may have both, and whether they say the same thing.

An area that is high on both is not a person with both. Nothing here knows who among the residents is ill, poor, or
both: that is the ecological fallacy, and `ECOLOGICAL_WARNING` belongs beside every figure of this module.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from hjp_geo.areas import AreaValues, Table
from hjp_geo.errors import PlanError
from hjp_geo.evidence import Evidence

__all__ = [
    "ECOLOGICAL_WARNING",
    "HOLDS",
    "SAME_INFORMATION",
    "bivariate",
    "double_counting",
    "joint_estimate",
    "joint_pair",
    "shared_information",
]

ECOLOGICAL_WARNING = (
    "An area that is high on both is not a person with both: these figures describe areas, and nobody can read from "
    "them who has the two together."
)
SAME_INFORMATION = 0.9
"""Two layers whose ranks correlate more than this are about one layer with double weight."""

HOLDS: Mapping[str, tuple[str, ...]] = {
    "multiple_deprivation": (
        "income_deprivation",
        "employment_deprivation",
        "education_deprivation",
        "health_deprivation",
        "crime",
        "housing_and_services_barriers",
        "living_environment",
        "children_income_deprivation_rank",
        "older_people_income_deprivation_rank",
    ),
    "income_deprivation": ("children_income_deprivation_rank", "older_people_income_deprivation_rank"),
}
"""Layer → layers that are parts of it, by its publisher's own construction."""

_CASES, _RATE = "people_with_", "_prevalence"
_SHARE_OF_RESIDENTS = "% of residents"


def bivariate(evidence: Evidence, codes: pd.Index[str], layer_a: str, layer_b: str) -> pd.Series[int]:
    """Which of 3 × 3 classes each area is in: 3 × (third of the first layer) + (third of the second), 0 to 8.

    Thirds count the areas among ``codes`` that have a value: 0 is least need, 2 is most, by each layer's own
    direction; ties take the class of more need. So 8 is most of both, 0 least of both, 6 most of the first alone and
    2 most of the second alone. Nullable Int64, missing where either layer is. `PlanError` where a layer is unknown.
    """
    first, second = (_third(_towards_need(evidence, codes, name)) for name in (layer_a, layer_b))
    return (3 * first + second).rename("bivariate")


def _third(need: AreaValues) -> pd.Series[int]:
    """0 for the areas of least need, 1, or 2 for most."""
    rank = need.rank(method="min", ascending=False).astype("Int64")
    return 3 - -(-3 * rank // max(int(need.count()), 1))


def _towards_need(evidence: Evidence, codes: pd.Index[str], name: str) -> AreaValues:
    if name not in evidence.values.columns:
        raise PlanError(f"No layer '{name}'. There are {', '.join(sorted(evidence.values.columns))}.")
    low_is_need = str(evidence.layers.loc[name, "polarity"]) == "low_is_need"
    return evidence.values.loc[codes, name] * (-1.0 if low_is_need else 1.0)


def joint_pair(evidence: Evidence, layer_a: str, layer_b: str) -> tuple[str, str] | None:
    """The people layer and the share of residents that `joint_estimate` takes for two layers, in either order.

    None where neither is a condition whose people are counted, or the other is no share of residents: then there is
    nothing to multiply.
    """
    for condition, share in ((layer_a, layer_b), (layer_b, layer_a)):
        people = _people_of(evidence, condition)
        if people and share in evidence.layers.index and evidence.unit(share) == _SHARE_OF_RESIDENTS:
            return people, share
    return None


def _people_of(evidence: Evidence, name: str) -> str | None:
    people = name if name.startswith(_CASES) else f"{_CASES}{name.removesuffix(_RATE)}"
    counted = people in evidence.layers.index and str(evidence.layers.loc[people, "role"]) == "people"
    return people if counted else None


def joint_estimate(evidence: Evidence, codes: pd.Index[str], people_layer: str, share_layer: str) -> Table:
    """How many people may have both: in the condition's register and within the share of residents, by area.

    Parameters
    ----------
    people_layer
        A count of people, such as those on a register.
    share_layer
        A share of residents in per cent, such as income deprivation.

    Returns
    -------
    Indexed by ``area_code``: ``expected`` people if the two were independent within the area (count × share), and
    ``lower`` and ``upper``, the least and the most that the two totals allow, whoever the people are: max(0, count +
    share × residents − residents) and min(count, share × residents) (Fréchet). Bounds add up over areas; the truth
    lies between them if count and residents are about the same people. Missing where any figure is, and where the
    count exceeds the residents, so that it is about other people. `PlanError` where a layer is unknown or is no such
    count or share.
    """
    _check_pair(evidence, people_layer, share_layer)
    residents = evidence.areas.loc[codes, "residents"].astype("float64")
    people = evidence.values.loc[codes, people_layer]
    people = people.where(people <= residents)
    share = evidence.values.loc[codes, share_layer] / 100
    within = share * residents
    return pd.DataFrame(
        {
            "expected": people * share,
            "lower": (people + within - residents).clip(lower=0),
            "upper": np.minimum(people, within),
        }
    )


def _check_pair(evidence: Evidence, people_layer: str, share_layer: str) -> None:
    counts = evidence.layers.index[evidence.layers["role"] == "people"]
    if people_layer not in counts:
        raise PlanError(f"'{people_layer}' is no count of people. There are {', '.join(sorted(counts))}.")
    shares = evidence.layers.index[evidence.layers["unit"] == _SHARE_OF_RESIDENTS]
    if share_layer not in shares:
        raise PlanError(f"'{share_layer}' is no share of residents. There are {', '.join(sorted(shares)) or 'none'}.")


def shared_information(evidence: Evidence, names: Sequence[str], codes: pd.Index[str]) -> Table:
    """How far each two layers order the areas alike, and whether one is a part of the other.

    One row a pair of ``names``, the most alike first: ``layer_a``, ``layer_b``, ``spearman`` (rank correlation over
    the areas of ``codes`` that have both, from −1 to 1, each layer turned so that high is need; missing where there
    is nothing to correlate), ``flag`` (``holds`` where the second is a part of the first, ``same_information`` where
    it exceeds 0.9, else empty) and ``why`` in words. `PlanError` where a layer is unknown.
    """
    columns = ["layer_a", "layer_b", "spearman", "flag", "why"]
    turned = pd.DataFrame({name: _towards_need(evidence, codes, name) for name in dict.fromkeys(names)})
    correlation = _spearman(turned)
    rows = [
        _pair(evidence, *_holder_first(a, b), float(correlation.loc[a, b]))  # type: ignore[arg-type]
        for a, b in combinations(turned.columns, 2)
    ]
    table = pd.DataFrame(rows, columns=columns).astype({"spearman": "float64"})
    return table.sort_values("spearman", ascending=False, na_position="last", ignore_index=True)


def double_counting(shared: Table) -> list[str]:
    """What to tell a reader about layers that count the same thing twice, one line a pair; empty where none does."""
    return list(shared.loc[shared["flag"] != "", "why"])


def _spearman(values: Table) -> Table:
    if values.isna().to_numpy().any():
        return values.corr(method="spearman")
    return values.rank().corr()  # the same without gaps, ranked once a layer instead of once a pair


def _holder_first(a: str, b: str) -> tuple[str, str]:
    return (b, a) if a in HOLDS.get(b, ()) else (a, b)


def _pair(evidence: Evidence, a: str, b: str, spearman: float) -> tuple[str, str, float, str, str]:
    first, second = evidence.label(a), evidence.label(b)
    if b in HOLDS.get(a, ()):
        return a, b, spearman, "holds", f"{first} already holds {second}: that part counts twice."
    if spearman > SAME_INFORMATION:
        alike = f"{first} and {second} order these areas almost alike (rank correlation {spearman:.2f})"
        return a, b, spearman, "same_information", f"{alike}: together they are about one layer with double weight."
    return a, b, spearman, "", ""
