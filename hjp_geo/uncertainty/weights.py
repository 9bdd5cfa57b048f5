"""How sure a verdict is by its weights: the need index drawn again and again with other weights, access held as it is.

This is doubt about choices, not sampling error: the interval of a rank is never a confidence interval. What is drawn:
every weight, times its own factor; where a layer has a low and a high end, its values between them; and, if asked,
the scale of the index. Access, distances and the lists of sites are held fixed, so that a flag that holds in every
draw may still rest on a list that misses a provider.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import pandas as pd

from hjp_geo.areas import AreaValues, Table
from hjp_geo.composite import Recipe, indicators, need_table, rescaled
from hjp_geo.errors import PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.need import rank_intervals
from hjp_geo.plan import Answer, Plan, frame_of

__all__ = [
    "CERTAINTY",
    "DRAWS",
    "SEED",
    "SPREAD",
    "UNCERTAINTY_FIELDS",
    "Doubt",
    "certainty",
    "flag_probability",
    "rank_uncertainty",
    "totals_by_certainty",
    "uncertainty_caveats",
    "with_uncertainty",
    "within_ranges",
]

DRAWS, SEED, SPREAD = 1_000, 42, 0.25
"""As many draws as METHODS asks for, the seed that makes them repeat, and how far each weight may move (a share)."""
_RANGE_TABLES = 8
"""How often the values of layers with a low and a high end are drawn; each draw of weights takes one of them."""
_RULE = "need_and_access_quintile"
"""The one desert rule that looks at need."""

CERTAINTY = {
    "robust": "flagged, and in at least 90 % of the draws",
    "borderline": "flagged, and in 50 to 90 % of the draws",
    "fragile": "flagged, but in fewer than half of the draws",
    "possible": "not flagged, but in more than 10 % of the draws",
    "clear": "not flagged, and in at most 10 % of the draws",
}
"""What each label of `certainty` means."""

UNCERTAINTY_FIELDS = {
    "need_rank_lower": "5th percentile of the rank of need over the draws; doubt about choices, no confidence interval",
    "need_rank_upper": "95th percentile of the rank of need over the draws, as above",
    "worst_fifth_probability": "share of draws in which the area is in the worst fifth of need, 0 to 1",
    "desert_probability": "share of draws in which the rule flags the area, access held fixed, 0 to 1; blank where the "
    "rule does not look at need or there is no verdict",
    "certainty": "; ".join(f"{label}: {meaning}" for label, meaning in CERTAINTY.items()),
}
"""The columns that `with_uncertainty` adds, and what each is."""


@dataclass(frozen=True)
class Doubt:
    """What is drawn: how often, how far, with which seed, and over which other scales."""

    draws: int = DRAWS
    seed: int = SEED
    spread: float = SPREAD
    normalisations: tuple[str, ...] = ()
    """Scales that are permitted beside the plan's own."""


def rank_uncertainty(plan: Plan, evidence: Evidence, doubt: Doubt | None = None) -> Table:
    """How far each area's rank of need moves when the choices behind it are made differently.

    Parameters
    ----------
    doubt
        What is drawn; by default 1,000 draws of every weight within ±25 %. A layer whose low and high ends the
        warehouse holds (``<layer>_low``, ``<layer>_high``) is drawn between them, each area for itself.

    Returns
    -------
    Indexed by ``area_code``, for the areas of the plan's frame: ``need_rank_lower`` and ``need_rank_upper``, 5th and
    95th percentile of the draws, widened to hold the nominal rank, and ``worst_fifth_probability``, the share of draws
    in the worst fifth. Missing where need is. With one layer, one scale and no range nothing can move.

    Raises `PlanError` where a layer or a scale is unknown, or there are no draws.
    """
    weights = tuple((name, weight) for name, weight in plan.weights.items() if weight > 0)
    return _drawn_ranks(evidence, weights, plan.recipe, frame_of(plan, evidence), doubt or Doubt()).copy()


@lru_cache(maxsize=8)
def _drawn_ranks(
    evidence: Evidence, weights: tuple[tuple[str, float], ...], recipe: Recipe, frame: str, doubt: Doubt
) -> Table:
    names = tuple(name for name, _ in weights)
    scales = dict.fromkeys((recipe.normalisation, *doubt.normalisations))
    tables = [indicators(evidence, names, replace(recipe, normalisation=scale), frame) for scale in scales]
    tables += within_ranges(evidence, tables[0], recipe, doubt.seed)
    drawn = rank_intervals(
        tables, dict(weights), seed=doubt.seed, draws=doubt.draws, spread=doubt.spread, methods=[recipe.aggregate]
    )
    nominal = need_table(evidence, weights, recipe, frame)["need_rank"]
    return pd.DataFrame(
        {
            "need_rank_lower": drawn["rank_lower"].clip(upper=nominal),
            "need_rank_upper": drawn["rank_upper"].clip(lower=nominal),
            "worst_fifth_probability": drawn["worst_fifth_probability"],
        }
    )


def within_ranges(evidence: Evidence, nominal: Table, recipe: Recipe, seed: int) -> list[Table]:
    """The indicators with each ranged layer's values drawn anew between its ends; none where no layer has a range."""
    ranged = [name for name in nominal.columns if {f"{name}_low", f"{name}_high"} <= set(evidence.values.columns)]
    if not ranged:
        return []
    random = np.random.default_rng(seed)
    return [
        nominal.assign(**{name: _drawn(evidence, name, nominal.index, recipe, random) for name in ranged})
        for _ in range(_RANGE_TABLES)
    ]


def _drawn(
    evidence: Evidence, name: str, codes: pd.Index[str], recipe: Recipe, random: np.random.Generator
) -> AreaValues:
    low, high = (evidence.values.loc[codes, f"{name}_{end}"] for end in ("low", "high"))
    known = evidence.values.loc[codes, name]
    values = (low + (high - low) * random.uniform(size=len(codes))).where(known.notna()).fillna(known)
    return rescaled(values, str(evidence.layers.loc[name, "polarity"]), recipe)


def flag_probability(found: Answer, worst_fifth: AreaValues) -> AreaValues:
    """In what share of the draws the default rule flags each area of the frame, its access held as it is, 0 to 1.

    ``worst_fifth`` is the share of draws in the worst fifth of need. The rule flags the worst fifth of need within
    the worst fifth of access, so it is that share there and 0 elsewhere. Missing where there is no verdict, and
    everywhere for another rule: those do not look at need, so that no choice of weights moves them.
    """
    rows = found.framed
    if found.plan.desert != _RULE:
        return pd.Series(np.nan, index=rows.index, name="desert_probability")
    worst_access = (rows["access_fifth"] == 1).fillna(value=False).astype(bool)
    probability = worst_fifth.reindex(rows.index).where(worst_access, 0.0)
    return probability.where(rows["desert"].notna()).rename("desert_probability")


def certainty(flagged: pd.Series[bool], probability: AreaValues) -> pd.Series[str]:
    """How sure each verdict is, in a word of `CERTAINTY`; missing where the probability or the verdict is."""
    flag = flagged.fillna(value=False).astype(bool)
    words = np.select(
        [flag & (probability >= 0.9), flag & (probability >= 0.5), flag, probability > 0.1],
        ["robust", "borderline", "fragile", "possible"],
        "clear",
    )
    known = probability.notna() & flagged.notna()
    return pd.Series(words, index=flagged.index, name="certainty", dtype="str").where(known)


def with_uncertainty(found: Answer, evidence: Evidence, doubt: Doubt | None = None) -> Answer:
    """The answer with the columns of `UNCERTAINTY_FIELDS` in its tables, and what was drawn in its run."""
    doubt = doubt or Doubt()
    ranks = rank_uncertainty(found.plan, evidence, doubt)
    probability = flag_probability(found, ranks["worst_fifth_probability"])
    columns = ranks.assign(desert_probability=probability, certainty=certainty(found.framed["desert"], probability))
    return replace(
        found,
        areas=found.areas.join(columns),
        framed=found.framed.join(columns),
        run={**found.run, "uncertainty": {**doubt.__dict__, "normalisations": list(doubt.normalisations)}},
    )


def uncertainty_caveats(found: Answer) -> list[str]:
    """What a reader must be told with the columns of uncertainty; empty where the answer has none."""
    drawn = found.run.get("uncertainty")
    again = found.run.get("flags_redrawn")
    redrawn = [] if again is None else [f"How sure a flag is: {again['words']}"]
    if drawn is None:
        return redrawn
    moved = f"{drawn['draws']:,} draws (seed {drawn['seed']}), each weight within ±{100 * drawn['spread']:.0f} %"
    if drawn["normalisations"]:
        moved += f", scales also {', '.join(drawn['normalisations'])}"
    lines = [
        (
            f"Intervals of ranks and probabilities: {moved}. Doubt about choices, not sampling error: no confidence "
            "interval. Access and the lists of sites are held fixed."
        )
    ]
    if sum(weight > 0 for weight in found.plan.weights.values()) == 1:
        lines.append("Need has one layer only: no weight can move it, so its rank looks surer than it is.")
    if found.plan.desert != _RULE:
        lines.append(f"The rule {found.plan.desert} does not look at need: no choice of weights moves it.")
    return lines + redrawn


def totals_by_certainty(found: Answer) -> Table:
    """How many areas and residents of the place carry each label; `PlanError` where nothing was drawn."""
    if "certainty" not in found.areas.columns:
        raise PlanError("This answer has no certainty: work it out with with_uncertainty first.")
    residents = found.areas.groupby("certainty")["residents"]
    return pd.DataFrame({"areas": residents.size(), "people": residents.sum()}).reindex(list(CERTAINTY), fill_value=0)
