"""Target populations: each fills a plan from layers that exist, and says what open data do not hold."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tiny_layers import with_layers

from hjp_geo import cli
from hjp_geo.errors import PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.export import caveats
from hjp_geo.layer import Layer
from hjp_geo.plan import TOPICS, Plan, answer
from hjp_geo.presets import PRESETS, Preset, preset, preset_caveats, presets_page
from hjp_geo.registry import discover

LAYERS = discover("layers", Layer)
PAGE = Path(__file__).resolve().parents[1] / "docs" / "target-populations.md"

each = pytest.mark.parametrize("one", PRESETS.values(), ids=PRESETS)


def test_the_populations_that_users_asked_for_are_there():
    assert set(PRESETS) == {
        "cancer_and_hardship",
        "pregnancy_and_new_parents",
        "severe_mental_illness_and_depression",
        "long_term_conditions_working_age",
        "older_people_low_income",
        "respiratory_cold_homes",
        "frequent_attenders_homelessness",
        "core20plus5",
        "general_need",
    }


@each
def test_every_weight_is_a_need_layer_or_named_as_absent(one: Preset):
    for name in one.weights:
        assert name in one.absent or LAYERS[name].role == "need", name
    assert one.demand in one.absent or LAYERS[one.demand].role == "people"


@each
def test_what_is_called_absent_has_not_come_in_meanwhile(one: Preset):
    assert not set(one.absent) & set(LAYERS)


@each
def test_every_preset_can_fill_a_plan_from_the_layers_there_are(one: Preset):
    assert set(one.weights) & set(LAYERS)
    assert set(one.topics) <= set(TOPICS)
    assert Plan(weights=dict(one.weights), demand=one.demand, preset=one.name).preset == one.name


@each
def test_every_preset_warns_that_areas_are_not_people(one: Preset):
    assert any("areas" in line.lower() and "people" in line.lower() for line in [*one.caveats, one.cannot_say])
    assert one.can_say
    assert one.cannot_say


def test_the_page_of_target_populations_is_the_one_that_the_code_writes():
    written = presets_page({name: one.label for name, one in LAYERS.items()})
    assert PAGE.read_text("utf-8") == written, "run: hjp-geo presets --markdown > docs/target-populations.md"


def test_a_preset_fills_weights_and_people_and_leaves_the_rest(tiny: Evidence):
    base = Plan(place="West Row", topic="housing", cutoff_km=3)
    filled = preset("cancer_and_hardship").plan(tiny, base)
    assert filled == Plan(
        place="West Row",
        topic="housing",
        cutoff_km=3,
        weights={"cancer_prevalence": 1, "income_deprivation": 1},
        demand="people_with_cancer",
        preset="cancer_and_hardship",
    )
    assert answer(filled, tiny).run["plan"]["preset"] == "cancer_and_hardship"


def test_a_layer_that_is_not_loaded_is_left_out_and_said(tiny: Evidence):
    # of severe mental illness, depression and income the ten areas hold income only
    one = preset("severe_mental_illness_and_depression")
    assert one.plan(tiny, Plan()).weights == {"income_deprivation": 1}
    said = one.missing(tiny)
    assert [line.partition(":")[0] for line in said] == [
        "severe mental illness prevalence",
        "depression prevalence",
        "people with severe mental illness",
    ]


def test_a_layer_of_an_optional_source_says_how_to_get_it_until_it_is_loaded(tiny: Evidence):
    one = preset("respiratory_cold_homes")
    assert any("fuel poverty" in line and "fetch all sources" in line for line in one.missing(tiny))
    warm = with_layers(tiny, {"fuel_poverty": range(10)})
    assert not any("fuel poverty" in line for line in one.missing(warm))
    assert one.plan(warm, Plan()).weights == {"fuel_poverty": 2}


def test_a_preset_of_which_nothing_is_loaded_is_refused(tiny: Evidence):
    with pytest.raises(PlanError, match="needs one of multiple_deprivation, and this warehouse holds none"):
        preset("general_need").plan(tiny, Plan())


def test_an_unknown_preset_lists_those_there_are():
    with pytest.raises(PlanError, match=r"No preset 'moon'\. There are cancer_and_hardship"):
        preset("moon")


def test_edited_means_that_proportions_or_people_differ(tiny: Evidence):
    one = preset("cancer_and_hardship")
    filled = one.plan(tiny, Plan())
    doubled = Plan.from_dict({**filled.to_dict(), "weights": dict.fromkeys(filled.weights, 2)})
    heavier = Plan.from_dict({**filled.to_dict(), "weights": {**filled.weights, "cancer_prevalence": 2}})
    others = Plan.from_dict({**filled.to_dict(), "demand": "residents"})
    assert not one.is_edited(tiny, filled)
    assert not one.is_edited(tiny, doubled)
    assert one.is_edited(tiny, heavier)
    assert one.is_edited(tiny, others)


def test_every_export_says_which_population_and_what_it_cannot_say(tiny: Evidence):
    found = answer(preset("cancer_and_hardship").plan(tiny, Plan()), tiny)
    text = "\n".join(caveats(found, tiny))
    assert "Target population: Cancer and hardship (preset cancer_and_hardship)." in text
    assert "Whether the people with cancer are those on a low income" in text
    assert "ecological fallacy" in text
    edited = Plan.from_dict({**found.plan.to_dict(), "weights": {"income_deprivation": 1}})
    assert "(preset cancer_and_hardship, edited since)" in preset_caveats(edited, tiny)[0]


def test_a_preset_of_another_version_is_named_and_changes_nothing(tiny: Evidence):
    plan = Plan(preset="of_tomorrow")
    assert "which this version does not know" in preset_caveats(plan, tiny)[0]
    assert answer(plan, tiny).areas.equals(answer(Plan(), tiny).areas)


def command(tiny_cache: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        cli.main(["--cache", str(tiny_cache), *arguments])
    said = capsys.readouterr()
    return int(left.value.code or 0), said.out, said.err


def test_the_command_line_lists_the_presets(tiny_cache: Path, capsys: pytest.CaptureFixture[str]):
    code, out, _ = command(tiny_cache, capsys, "presets")
    assert code == 0
    assert [line.partition(":")[0] for line in out.splitlines()] == list(PRESETS)
    _, out, _ = command(tiny_cache, capsys, "presets", "--json")
    assert json.loads(out)["core20plus5"]["weights"]["multiple_deprivation"] == 4


def test_score_takes_a_preset_and_options_win_over_it(tiny_cache: Path, capsys: pytest.CaptureFixture[str]):
    _, out, _ = command(
        tiny_cache, capsys, "score", "--preset", "cancer_and_hardship", "--demand", "residents", "--json"
    )
    plan = json.loads(out)["run"]["plan"]
    assert plan["weights"] == {"cancer_prevalence": 1.0, "income_deprivation": 1.0}
    assert (plan["preset"], plan["demand"]) == ("cancer_and_hardship", "residents")
    code, _, said = command(tiny_cache, capsys, "score", "--preset", "moon")
    assert code == 1
    assert re.match(r"hjp-geo: No preset 'moon'", said)
