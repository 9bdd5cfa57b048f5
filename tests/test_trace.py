"""Any number goes back to its file: release, hash, address, licence, date."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tiny_warehouse import CODES

from hjp_geo import cli
from hjp_geo.errors import PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.plan import Plan, answer
from hjp_geo.trace import OF_AN_ANSWER, trace, trace_answer, trace_lines, trace_values


def test_a_layer_goes_back_to_its_file(tiny: Evidence):
    found = trace(tiny, CODES[3], "income_deprivation")
    assert (found.value, found.label, found.unit) == (3.0, "Income deprivation", "% of residents")
    assert [one.name for one in found.tables] == ["areas", "made_up"]
    (source,) = found.sources
    assert (source.release, source.sha256, source.licence, source.retrieved) == (
        "1",
        "0" * 64,
        "none",
        "2026-11-24T00:00:00+00:00",
    )
    assert source.made_up
    assert found.build == tiny.build_id


def test_a_missing_value_is_not_known_and_never_0(tiny: Evidence):
    found = trace(tiny, CODES[0], "people_with_cancer")
    assert found.value is None
    assert "= not known" in trace_lines(found)[0]


def test_the_rows_of_the_area_are_shown_on_the_way(tiny: Evidence):
    areas = trace(tiny, CODES[3], "income_deprivation").tables[0]
    assert areas.row_count == 1
    assert areas.rows[0]["area_name"] == "Row 3"


@pytest.mark.parametrize("column", list(OF_AN_ANSWER))
def test_what_a_plan_makes_goes_back_too(tiny: Evidence, column: str):
    found = answer(Plan(cutoff_km=3), tiny)
    traced = trace_answer(tiny, found, CODES[1], column)
    expected = float(found.areas[column][CODES[1]])
    assert traced.value == pytest.approx(expected)
    assert traced.sources
    assert json.loads(json.dumps(trace_values(traced)))["name"] == column


def test_need_names_the_layers_and_weights_it_is_made_of(tiny: Evidence):
    found = answer(Plan(weights={"income_deprivation": 2.0}), tiny)
    assert "income_deprivation 1 (weight 2)" in trace_answer(tiny, found, CODES[1], "need").how


def test_what_there_is_not_is_said(tiny: Evidence):
    with pytest.raises(PlanError, match=r"No area 'E09'\. Give the code"):
        trace(tiny, "E09", "income_deprivation")
    with pytest.raises(PlanError, match=r"No layer 'shoes'\. There are: need"):
        trace(tiny, CODES[0], "shoes")


@pytest.mark.parametrize("layer", ["income_deprivation", "access"])
def test_the_command_prints_words_or_json(tiny_cache: Path, capsys: pytest.CaptureFixture[str], layer: str):
    for options in ([], ["--json"]):
        with pytest.raises(SystemExit) as left:
            cli.main(["--cache", str(tiny_cache), "trace", CODES[1], layer, *options])
        assert left.value.code == 0
        printed = capsys.readouterr().out
        assert ("sha256 " in printed) if not options else (json.loads(printed)["area_code"] == CODES[1])
