"""The need index of a question: layers → indicators on one scale → score, rank, fifth and points.

The chain is that of the OECD and JRC handbook: outliers (only where distances count), direction, scale, weights,
aggregate, rank. The default scale is the exponential one of the English Indices of Deprivation, on ranks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import pandas as pd

from hjp_geo.areas import AreaValues, Table
from hjp_geo.desert import quintile
from hjp_geo.errors import PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.need import combine, contributions, data_share, normalise, treat_outliers

__all__ = [
    "AGGREGATIONS",
    "NORMALISATIONS",
    "RANK_DECIMALS",
    "Recipe",
    "indicators",
    "need_table",
    "points_of",
    "rescaled",
    "score_range",
    "treatments",
]

NORMALISATIONS = {
    "imd_exponential": "Like the IMD: ranks, the worst tenth spread widely",
    "percentile_rank": "Percentile of the rank",
    "min_max": "Between lowest and highest value",
    "z": "Standard deviations from the mean",
    "probit": "Ranks on a normal curve",
}
"""The scales that a plan may choose, in words; the first is the default."""

AGGREGATIONS = {
    "arithmetic": "Weighted mean: a good layer makes up for a bad one",
    "geometric": "Geometric mean: makes up less",
    "harmonic": "Harmonic mean: makes up least",
}
"""The ways to add up that a plan may choose, in words; the first is the default."""

RANK_DECIMALS = 9
"""Scores that agree to so many decimals are equal when they are ranked."""

_KEEP_DISTANCES = ("min_max", "z")
_HAVE_NEGATIVES = ("probit", "z")
_RANGES = {
    "imd_exponential": "above 0 to 100",
    "percentile_rank": "0 to 100",
    "min_max": "0 to 100",
    "z": "in standard deviations, 0 is the mean",
    "probit": "on a normal curve, 0 is the middle",
}


@dataclass(frozen=True)
class Recipe:
    """How layers become a score; `PlanError` for a choice that does not exist, or two that do not go together."""

    normalisation: str = "imd_exponential"
    aggregate: str = "arithmetic"

    def __post_init__(self) -> None:
        if self.normalisation not in NORMALISATIONS:
            raise PlanError(f"normalisation is '{self.normalisation}', expected one of {', '.join(NORMALISATIONS)}.")
        if self.aggregate not in AGGREGATIONS:
            raise PlanError(f"aggregate is '{self.aggregate}', expected one of {', '.join(AGGREGATIONS)}.")
        if self.aggregate != "arithmetic" and self.normalisation in _HAVE_NEGATIVES:
            fitting = ", ".join(name for name in NORMALISATIONS if name not in _HAVE_NEGATIVES)
            raise PlanError(
                f"A {self.aggregate} mean needs values above 0, and normalisation '{self.normalisation}' gives some "
                f"below. Choose one of {fitting}, or the arithmetic mean."
            )

    @property
    def scale(self) -> tuple[float, float]:
        """The ends of a bounded scale: above 0 where the aggregate needs it."""
        return (0.0, 100.0) if self.aggregate == "arithmetic" else (1.0, 100.0)


def score_range(recipe: Recipe) -> str:
    """The range of the score, in words."""
    if recipe.aggregate != "arithmetic" and recipe.normalisation in ("percentile_rank", "min_max"):
        return "1 to 100"
    return _RANGES[recipe.normalisation]


@lru_cache(maxsize=32)
def need_table(evidence: Evidence, weights: tuple[tuple[str, float], ...], recipe: Recipe, frame: str) -> Table:
    """Need score, rank, fifth, share of data and each layer's points, for the areas of the frame (a place code).

    ``need`` uses the layers that an area has, their weights rescaled, and is missing where they carry less than two
    thirds of the weight; ``need_data_share`` says how much they carry. Points are there for an arithmetic mean only,
    where they add up to the score. `PlanError` where a layer is not a need layer of this warehouse.
    """
    named = {name: weight for name, weight in weights if weight > 0}
    on_scale = indicators(evidence, tuple(named), recipe, frame)
    score = combine(on_scale, named, recipe.aggregate)
    # Equal areas must stay equal although a machine adds 1/3 and 2/3 with an error in the 16th digit.
    ranked = score.round(RANK_DECIMALS)
    table = pd.DataFrame(
        {
            "need": score,
            "need_rank": ranked.rank(method="min", ascending=False),
            "need_fifth": quintile(ranked, worst="high"),
            "need_data_share": data_share(on_scale, named),
        }
    )
    if recipe.aggregate != "arithmetic":
        return table
    return table.join(contributions(on_scale, named).add_prefix("points_"))


def points_of(row: pd.Series[float]) -> pd.Series[float]:
    """The points that each layer gives to one area's score, by layer; empty where they do not add up to it."""
    points = row.filter(like="points_")
    return points.rename(lambda name: str(name).removeprefix("points_")).astype("float64")


def indicators(evidence: Evidence, names: Sequence[str], recipe: Recipe, frame: str) -> Table:
    """One column a layer, on the recipe's scale among the areas of the frame; high is always more need.

    Missing stays missing. `PlanError` where a layer is not a need layer of this warehouse.
    """
    _check_layers(evidence, names)
    values = evidence.values.loc[evidence.areas_of(frame), list(names)]
    return pd.DataFrame({name: rescaled(values[name], _polarity(evidence, name), recipe) for name in names})


def rescaled(values: AreaValues, polarity: str, recipe: Recipe) -> AreaValues:
    """One layer's values on the recipe's scale; high is more need."""
    if recipe.normalisation in _KEEP_DISTANCES:
        values = treat_outliers(values).values
    if recipe.normalisation == "min_max":
        return normalise(values, "min_max", polarity=polarity, scale=recipe.scale)
    on_scale = normalise(values, recipe.normalisation, polarity=polarity)
    if recipe.normalisation == "percentile_rank":
        low, high = recipe.scale
        return low + (high - low) * on_scale
    return on_scale


def treatments(evidence: Evidence, names: Sequence[str], recipe: Recipe, frame: str) -> dict[str, str]:
    """What was done to the extreme values of each layer, in words; empty for scales of ranks, which need nothing."""
    if recipe.normalisation not in _KEEP_DISTANCES:
        return {}
    framed = evidence.areas_of(frame)
    treated = {name: treat_outliers(evidence.values.loc[framed, name]) for name in names}
    words = {"winsorise": "extreme values that took the next value: {}", "log": "values replaced by logarithms: {}"}
    return {
        name: words[one.treatment].format(f"{one.points:,}") for name, one in treated.items() if one.treatment in words
    }


def _polarity(evidence: Evidence, name: str) -> str:
    return str(evidence.layers.loc[name, "polarity"])


def _check_layers(evidence: Evidence, names: Sequence[str]) -> None:
    usable = evidence.layers.index[evidence.layers["role"] == "need"]
    if strangers := [name for name in names if name not in usable]:
        raise PlanError(f"No need layer '{strangers[0]}'. There are {', '.join(sorted(usable))}.")
