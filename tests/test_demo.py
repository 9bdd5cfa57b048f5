"""The made-up Integrated Care System: real layouts, invented rows, the same bytes every time."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import shapely

from hjp_geo.build import build
from hjp_geo.demo import write_mirror
from hjp_geo.demo.advice import HOSTILE_NAME
from hjp_geo.errors import PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.plan import Plan, answer
from hjp_geo.registry import discover
from hjp_geo.source import Source, fetch, releases
from hjp_geo.upstream import Upstream


def contents(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def made_up(made_up_cache: Path) -> Evidence:
    return Evidence.load(made_up_cache)


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path):
    for name in ("one", "two"):
        write_mirror(tmp_path / name, areas=80)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_a_folder_that_holds_it_already_is_left_alone_and_another_is_replaced(tmp_path: Path):
    folder = tmp_path / "mirror"
    write_mirror(folder, areas=80)
    marked = folder / "mirror.toml"
    before = marked.stat().st_mtime_ns
    write_mirror(folder, areas=80)
    assert marked.stat().st_mtime_ns == before
    write_mirror(folder, areas=90)
    assert "areas = 90" in marked.read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["mirror"]


def test_a_folder_of_something_else_is_never_replaced(tmp_path: Path):
    (tmp_path / "thesis.docx").write_text("years of work")
    with pytest.raises(PlanError, match="holds something else"):
        write_mirror(tmp_path, areas=80)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.docx"]


@pytest.mark.parametrize("areas", [0, 59])
def test_too_few_areas_for_a_city_and_its_towns_are_refused(tmp_path: Path, areas: int):
    with pytest.raises(PlanError, match=f"areas is {areas}, expected at least 60"):
        write_mirror(tmp_path / "mirror", areas=areas)
    assert list(tmp_path.iterdir()) == []


def test_it_goes_through_the_ordinary_path_and_every_release_says_that_it_is_made_up(made_up_cache: Path):
    held = releases(made_up_cache)
    assert set(held) == set(discover("data_sources", Source))  # the optional ones too: the first run shows everything
    assert all(release.made_up for release in held.values())
    assert held["gp_registrations"].release == "July 2022"
    assert "better release could not be had" in held["gp_registrations"].warnings[0]


def test_nothing_in_it_credits_a_publisher(made_up: Evidence):
    lines = made_up.attribution(list(made_up.sources.index))
    assert all(line.startswith("Made up, in the layout of") for line in lines)


def test_its_areas_cover_the_land_without_gaps_or_overlaps(made_up: Evidence):
    assert shapely.coverage_is_valid(made_up.boundaries.to_numpy())
    assert len(made_up.areas) == 600


def test_no_code_or_postcode_of_it_is_a_real_one(made_up: Evidence):
    assert made_up.areas.index.str.startswith("E0199").all()
    assert made_up.areas["lad24_code"].str.startswith("E0799").all()
    assert made_up.areas["icb26_code"].str.startswith("E5499").all()
    for level in ("msoa21", "ward24", "region24"):
        assert made_up.areas[f"{level}_code"].str[3:5].isin(["99"]).all()
    assert made_up.postcode_point("ZY1 1AA") is not None


def test_the_default_question_finds_deserts_and_areas_that_are_none(made_up: Evidence):
    found = answer(Plan(), made_up)
    assert 20 < found.totals.areas_flagged < 120
    assert found.totals.areas_without_verdict == 0
    assert set(found.areas.loc[found.areas["desert"], "lad24_name"]) >= {"Brackhaven"}


def test_its_scores_lie_where_published_scores_lie(made_up: Evidence):
    scores = made_up.values[["multiple_deprivation", "education_deprivation", "housing_and_services_barriers"]]
    assert scores.min(axis=None) > 0
    assert scores.max(axis=None) < 100


def test_every_area_has_every_modelled_condition(made_up: Evidence):
    prevalence = [name for name in made_up.values.columns if name.endswith("_prevalence")]
    assert len(prevalence) == 21
    assert made_up.values[prevalence].notna().all(axis=None)


def test_the_hostile_name_is_kept_as_text(made_up: Evidence):
    assert HOSTILE_NAME in set(made_up.sites["site_name"])


def test_the_oddities_of_real_lists_are_graded(made_up: Evidence):
    sites = made_up.sites.set_index("site_name")
    assert sites.loc["No Example Citizens Advice Office - See Notes", "grade"] == "X"
    assert "1 km" in sites.loc["Far Field Debt Advice", "grade_reason"]
    assert not sites.loc["Beyond the Sea Advice", "in_england"]


def test_every_layer_is_loaded_and_known_everywhere_but_where_a_figure_is_withheld(made_up: Evidence):
    assert made_up.warehouse.table("_not_loaded").empty
    missing = made_up.values.isna().sum()
    assert missing[missing > 0].to_dict() == {"fuel_poverty": 1}


def test_both_vintages_of_boards_can_be_asked_for(made_up: Evidence):
    # the made-up board was divided in two in April 2026
    old, new = (made_up.areas[f"icb{year}_code"].unique().tolist() for year in (24, 26))
    assert (len(old), len(new)) == (1, 2)
    assert sorted(made_up.areas_of(new[0]).union(made_up.areas_of(new[1]))) == list(made_up.areas_of(old[0]))
    assert made_up.place("NHS Outer Isle Integrated Care Board").kind == "Integrated Care Board (April 2026)"
    found = answer(Plan(place=new[1]), made_up)
    assert list(found.areas.index) == list(made_up.areas_of(new[1]))


def test_there_are_venues_of_every_kind_and_mapped_places_stand_apart(made_up: Evidence):
    venues = made_up.warehouse.table("venues")
    kinds = {"gp_practice", "gp_branch", "hospital", "mental_health", "maternity", "pharmacy", "library"}
    assert set(venues["kind"]) == kinds
    assert venues["shares_with_advice"].eq(True).sum() == 1
    assert not venues["source"].eq("osm_advice").any()
    mapped = made_up.warehouse.table("osm_advice_places")
    assert len(mapped) == made_up.values["osm_advice_mapped"].sum() == 4
    assert HOSTILE_NAME in set(mapped["name"])


def test_networks_share_out_their_areas(made_up: Evidence):
    shares = made_up.warehouse.table("area_pcn").groupby("area_code")["share"].sum()
    assert len(shares) == 600
    assert shares.between(0.2, 1 + 1e-9).all()


def test_a_build_goes_on_without_the_optional_sources_and_says_what_is_not_loaded(tmp_path: Path):
    write_mirror(tmp_path / "mirror", areas=70, seed=7)
    upstream, cache = Upstream(str(tmp_path / "mirror")), tmp_path / "cache"
    sources = discover("data_sources", Source).values()
    for one in sources:
        if not one.optional:
            fetch(one, cache, upstream)
    poor = build(cache)
    absent = Evidence.load(cache).warehouse.table("_not_loaded").set_index("name")["sources"]
    assert absent["fuel_poverty"] == "sub_regional_fuel_poverty"
    assert absent["practice_pcn"] == absent["area_pcn"] == "gp_practice_map"
    assert ("layer_values", "layer not loaded: Fuel poverty (fetch sub_regional_fuel_poverty)") in {
        (name, note.text) for name, note in poor.notes
    }
    for one in sources:
        fetch(one, cache, upstream)
    assert set(absent.index) - {*build(cache).rows} <= set(Evidence.load(cache).layers.index)
