"""The made-up Integrated Care System: real layouts, invented rows, the same bytes every time."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import shapely

from hjp_geo.demo import write_mirror
from hjp_geo.demo.advice import HOSTILE_NAME
from hjp_geo.errors import PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.plan import Plan, answer
from hjp_geo.source import releases


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
    assert len(held) == 14
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
