"""How sure a verdict is: drawn again with other weights, access held; doubt about choices, not sampling error."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_layers import with_layers
from tiny_warehouse import CODES

from hjp_geo import cli
from hjp_geo.errors import PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.export import caveats, export, fields
from hjp_geo.plan import Plan, answer
from hjp_geo.uncertainty import (
    UNCERTAINTY_FIELDS,
    Doubt,
    certainty,
    flag_probability,
    rank_uncertainty,
    totals_by_certainty,
    uncertainty_caveats,
    with_uncertainty,
)

NAN = float("nan")
BOTH = {"income_deprivation": 1.0, "cancer_prevalence": 1.0}
FEW = Doubt(draws=40)


def test_certain_weights_give_the_nominal_ranks_and_certain_flags(tiny: Evidence):
    # cutoff 3 km: areas 8 and 9 are deserts (worst fifth of income deprivation, nothing in reach)
    found = with_uncertainty(answer(Plan(cutoff_km=3), tiny), tiny, Doubt(draws=20, spread=0))
    areas = found.areas
    assert (areas["need_rank_lower"] == areas["need_rank"]).all()
    assert (areas["need_rank_upper"] == areas["need_rank"]).all()
    assert areas["desert_probability"].to_list() == [0] * 8 + [1] * 2
    assert areas["certainty"].to_list() == ["clear"] * 8 + ["robust"] * 2


def test_the_same_seed_draws_the_same(tiny: Evidence):
    plan = Plan(weights=BOTH)
    one, again = (rank_uncertainty(plan, tiny, Doubt(draws=30, seed=7)) for _ in range(2))
    other = rank_uncertainty(plan, tiny, Doubt(draws=30, seed=8))
    pd.testing.assert_frame_equal(one, again)
    assert not one.equals(other)


def test_weights_move_the_ranks_of_layers_that_pull_apart(tiny: Evidence):
    # income rises along the row and cancer falls: at equal weights both ends score alike, and a little more of
    # either weight puts one end first and the other behind it
    ranks = rank_uncertainty(Plan(weights=BOTH), tiny)
    assert ranks.loc[CODES[0], "need_rank_lower"] == 1
    assert ranks.loc[CODES[0], "need_rank_upper"] > 1
    assert 0 < ranks.loc[CODES[9], "worst_fifth_probability"] <= 1


values = st.lists(st.one_of(st.none(), st.integers(0, 4)), min_size=10, max_size=10)


@settings(max_examples=40, deadline=None)
@given(values, values, values, st.integers(0, 99), st.sampled_from(["imd_exponential", "min_max", "percentile_rank"]))
def test_an_interval_holds_the_nominal_rank(
    tiny: Evidence, a: list[int | None], b: list[int | None], c: list[int | None], seed: int, normalisation: str
):
    columns = {name: [NAN if x is None else x for x in column] for name, column in zip("abc", (a, b, c), strict=True)}
    three = with_layers(tiny, columns)
    plan = Plan(weights={"a": 1, "b": 2, "c": 0.5}, normalisation=normalisation)
    nominal = answer(plan, three).framed["need_rank"]
    ranks = rank_uncertainty(plan, three, Doubt(draws=25, seed=seed, normalisations=("imd_exponential",)))
    known = nominal.notna()
    assert (ranks["need_rank_lower"] <= nominal)[known].all()
    assert (nominal <= ranks["need_rank_upper"])[known].all()
    assert ranks[~known].isna().all(axis=None)
    assert ranks.loc[known, "worst_fifth_probability"].between(0, 1).all()


def test_a_tie_that_the_weights_break_still_lies_in_its_interval(tiny: Evidence):
    # areas 0 to 9 all score 10 at equal weights, so every rank is 1; area 5 is in the middle of the fan, and once the
    # weights differ it is always about fifth: its interval is widened to hold the 1
    fan = with_layers(tiny, {"a": range(10), "b": range(10, 0, -1)})
    plan = Plan(weights={"a": 1, "b": 1}, normalisation="percentile_rank")
    assert (answer(plan, fan).areas["need_rank"] == 1).all()
    assert (rank_uncertainty(plan, fan)["need_rank_lower"] == 1).all()


def test_the_rule_flags_the_share_of_draws_in_the_worst_fifth_where_access_is_worst(tiny: Evidence):
    # cutoff 3 km: areas 4 to 9 reach nothing and tie as the worst fifth of access; 0 to 3 reach the office
    found = answer(Plan(weights=BOTH, cutoff_km=3), tiny)
    share = pd.Series(0.3, index=found.framed.index)
    assert flag_probability(found, share).to_list() == [0] * 4 + [0.3] * 6


def test_labels_are_those_of_our_methods():
    index = pd.Index(list("abcdefgh"))
    flags = pd.Series([True] * 4 + [False] * 3 + [None], index=index, dtype="boolean")
    shares = pd.Series([1, 0.9, 0.5, 0.49, 0.11, 0.1, NAN, 0.5], index=index)
    labels = certainty(flags, shares)
    assert labels.iloc[:6].to_list() == ["robust", "robust", "borderline", "fragile", "possible", "clear"]
    assert labels.iloc[6:].isna().all()  # no probability, no verdict


def test_a_rule_that_does_not_look_at_need_has_no_probability(tiny: Evidence):
    found = with_uncertainty(answer(Plan(weights=BOTH, desert="no_provider_in_district"), tiny), tiny, FEW)
    assert found.areas["desert_probability"].isna().all()
    assert found.areas["certainty"].isna().all()
    assert found.areas["need_rank_upper"].notna().all()
    assert "does not look at need" in "\n".join(uncertainty_caveats(found))


def test_no_verdict_has_no_certainty(tiny: Evidence):
    found = with_uncertainty(answer(Plan(weights=BOTH, topic="immigration"), tiny), tiny, FEW)
    assert found.areas["certainty"].isna().all()


def test_an_area_without_need_has_no_interval(tiny: Evidence):
    gap = with_layers(tiny, {"a": [NAN, *range(9)]})
    found = with_uncertainty(answer(Plan(weights={"a": 1}), gap), gap, FEW)
    assert found.areas.loc[CODES[0], list(UNCERTAINTY_FIELDS)].isna().all()


def test_one_layer_cannot_move_and_the_reader_is_told(tiny: Evidence):
    found = with_uncertainty(answer(Plan(), tiny), tiny, FEW)
    assert (found.areas["need_rank_lower"] == found.areas["need_rank_upper"]).all()
    assert any("looks surer than it is" in line for line in uncertainty_caveats(found))
    two = with_uncertainty(answer(Plan(weights=BOTH), tiny), tiny, FEW)
    assert not any("looks surer" in line for line in uncertainty_caveats(two))


def test_a_layer_with_a_low_and_a_high_end_is_drawn_between_them(tiny: Evidence):
    # a is n for area n, give or take 3: neighbours change places; without the ends one layer cannot move at all
    ranged = with_layers(tiny, {"a": range(10)})
    ranged = with_layers(
        ranged, {"a_low": [n - 3 for n in range(10)], "a_high": [n + 3 for n in range(10)]}, role="range"
    )
    ranks = rank_uncertainty(Plan(weights={"a": 1}), ranged)
    assert (ranks["need_rank_upper"] > ranks["need_rank_lower"]).any()


def test_an_end_that_is_missing_leaves_the_estimate(tiny: Evidence):
    ranged = with_layers(tiny, {"a": range(10)})
    ranged = with_layers(ranged, {"a_low": [NAN] * 10, "a_high": [NAN] * 10}, role="range")
    ranks = rank_uncertainty(Plan(weights={"a": 1}), ranged)
    assert (ranks["need_rank_lower"] == np.arange(10, 0, -1)).all()


def test_other_scales_widen_the_interval(tiny: Evidence):
    skewed = with_layers(tiny, {"a": [2**n for n in range(10)], "b": range(9, -1, -1)})
    plan = Plan(weights={"a": 1, "b": 1})
    alone = rank_uncertainty(plan, skewed)
    more = rank_uncertainty(plan, skewed, Doubt(normalisations=("percentile_rank", "min_max")))
    width = [(one["need_rank_upper"] - one["need_rank_lower"]).sum() for one in (alone, more)]
    assert width[1] > width[0]


def test_no_draws_and_unknown_scales_are_refused(tiny: Evidence):
    with pytest.raises(PlanError, match="0 draws"):
        rank_uncertainty(Plan(weights=BOTH), tiny, Doubt(draws=0))
    with pytest.raises(PlanError, match="normalisation is 'guess'"):
        rank_uncertainty(Plan(weights=BOTH), tiny, Doubt(normalisations=("guess",)))


def test_totals_count_areas_and_people_by_label(tiny: Evidence):
    found = with_uncertainty(answer(Plan(cutoff_km=3), tiny), tiny, Doubt(draws=20, spread=0))
    totals = totals_by_certainty(found)
    assert totals.loc["robust"].to_list() == [2, 200]
    assert totals.loc["fragile"].to_list() == [0, 0]
    with pytest.raises(PlanError, match="has no certainty"):
        totals_by_certainty(answer(Plan(), tiny))


def test_what_was_drawn_travels_with_every_file_and_is_no_confidence_interval(tiny: Evidence, tmp_path: Path):
    found = with_uncertainty(answer(Plan(weights=BOTH, cutoff_km=3), tiny), tiny, FEW)
    assert set(found.areas.reset_index().columns) == set(fields(found, tiny))
    text = export(found, tiny, tmp_path / "out.csv").read_text("utf-8-sig")
    assert "40 draws (seed 42), each weight within ±25 %" in text
    assert "Doubt about choices, not sampling error: no confidence interval" in text
    table = pd.read_csv(tmp_path / "out.csv", comment="#", encoding="utf-8-sig").set_index("area_code")
    np.testing.assert_allclose(table["desert_probability"], found.areas["desert_probability"])
    assert found.run["uncertainty"] == {"draws": 40, "seed": 42, "spread": 0.25, "normalisations": []}
    assert not any("draws" in line for line in caveats(answer(Plan(weights=BOTH), tiny), tiny))


def test_the_command_line_says_how_sure(tiny_cache: Path, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as left:
        cli.main(["--cache", str(tiny_cache), "score", "--cutoff-km", "3", "--uncertainty"])
    assert not left.value.code
    out = capsys.readouterr().out
    assert "robust: 2 areas, 200 people (flagged, and in at least 90 % of the draws)" in out
    assert "no confidence interval" in out
