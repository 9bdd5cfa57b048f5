"""Who a sketch would reach, worked out by hand on ten areas in a row (`tiny_warehouse`)."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from tiny_warehouse import CODES, SOUTH, WEST

from hjp_geo.errors import GeographyError, PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.plan import Plan
from hjp_geo.siting import CENTROID_RULE, Candidate, assess

PLAN = Plan(cutoff_km=3)
MIDDLE = SOUTH + 500


def circle(area: float, radius_km: float, name: str = "Site") -> Candidate:
    return Candidate.circle(WEST + 1000 * area + 500, MIDDLE, radius_km, name)


def feature(geometry: dict[str, Any], **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def test_counts_the_people_whose_centre_is_inside_or_on_the_edge(tiny: Evidence):
    # 1 km around the middle of area 5: the centres of 4, 5 and 6, the outer two exactly on the edge
    total = assess(PLAN, [circle(5, 1)], tiny).total
    assert total.areas.to_list() == CODES[4:7]
    assert total.people == 300
    assert total.people_in_need == 4 + 5 + 6


def test_says_who_no_provider_reached_before(tiny: Evidence):
    # the one office reaches areas 0 to 3 (3 km); of areas 2 to 6, three (4, 5, 6) had none
    assert assess(PLAN, [circle(4, 2)], tiny).total.newly_reached == 300


def test_newly_reached_is_not_known_where_no_list_covers_the_topic(tiny: Evidence):
    total = assess(Plan(topic="immigration"), [circle(4, 2)], tiny).total
    assert math.isnan(total.newly_reached)
    assert total.areas_without_verdict == 5


def test_deserts_and_worst_fifth_inside(tiny: Evidence):
    # with 3 km, areas 8 and 9 are deserts; 1 km around area 8 holds 7, 8 and 9
    total = assess(PLAN, [circle(8, 1)], tiny).total
    assert (total.desert_areas, total.people_in_deserts, total.people_in_worst_fifth) == (2, 200, 200)


def test_sites_inside_are_those_that_count(tiny: Evidence):
    total = assess(PLAN, [circle(1, 1)], tiny).total
    assert total.advice_sites.index.to_list() == ["debt-1"]
    assert total.health_sites.index.to_list() == ["Z99001"]
    assert assess(PLAN, [circle(5, 1)], tiny).total.advice_sites.empty  # a closed office stands there


def test_a_condition_without_an_estimate_says_how_many_areas_lack_it(tiny: Evidence):
    # area 0 has no estimate; areas 0 and 1: 2.5 people known, one area missing
    conditions = assess(PLAN, [circle(0, 1)], tiny).total.conditions
    row = conditions.loc["people_with_cancer"]
    assert (row["label"], row["people"], row["areas_missing"]) == ("Cancer", 2.5, 1)


def test_a_condition_known_nowhere_inside_is_missing_not_zero(tiny: Evidence):
    conditions = assess(PLAN, [circle(0, 0.1)], tiny).total.conditions
    assert pd.isna(conditions.loc["people_with_cancer", "people"])


def test_overlapping_sketches_count_people_once_in_the_total(tiny: Evidence):
    assessed = assess(PLAN, [circle(4, 1, "one"), circle(5, 1, "two")], tiny)
    assert [part.people for part in assessed.parts] == [300, 300]
    assert assessed.total.people == 400
    assert [part.name for part in assessed.parts] == ["one", "two"]


def test_a_sketch_between_the_centres_takes_the_area_it_stands_in(tiny: Evidence):
    total = assess(PLAN, [circle(5.3, 0.1)], tiny).total
    assert total.areas.to_list() == [CODES[5]]
    assert "counted whole" in total.notes[0]


def test_a_sketch_in_the_sea_is_refused(tiny: Evidence):
    with pytest.raises(GeographyError, match="lies outside every area"):
        assess(PLAN, [Candidate.circle(WEST - 90_000, MIDDLE, 1, "Lost")], tiny)


def test_a_polygon_reaches_the_centres_inside_it(tiny: Evidence):
    drawn = Candidate.polygon(shapely.box(WEST, SOUTH, WEST + 2500, SOUTH + 1000))
    assert assess(PLAN, [drawn], tiny).total.areas.to_list() == CODES[:3]  # the third centre lies on the edge


def test_nothing_sketched_is_said(tiny: Evidence):
    with pytest.raises(PlanError, match="Nothing is sketched"):
        assess(PLAN, [], tiny)


def test_the_rule_and_the_credits_come_with_the_figures(tiny: Evidence):
    assessed = assess(PLAN, [circle(5, 1)], tiny)
    assert assessed.rule == CENTROID_RULE
    assert assessed.attribution == ("Made up, in the layout of: Made-up rows (Nobody).",)


def test_a_drawn_point_with_a_radius_is_read_from_degrees():
    # Ordnance Survey's worked example: ETRS89 52°39'28.8282" N 1°42'57.8663" E is 651,410 313,177; without the OSTN15
    # grid the conversion is good to a few metres
    degrees = [1 + 42 / 60 + 57.8663 / 3600, 52 + 39 / 60 + 28.8282 / 3600]
    drawn = Candidate.from_feature(feature({"type": "Point", "coordinates": degrees}, radius_m=2500))
    assert drawn.radius_km == 2.5
    assert math.hypot(drawn.geometry.x - 651_409, drawn.geometry.y - 313_177) < 10


@pytest.mark.parametrize(
    ("drawn", "said"),
    [
        (feature({"type": "Point", "coordinates": [-1, 52]}), "needs a radius"),
        (feature({"type": "Point", "coordinates": [-1, 52]}, radius_m="wide"), "needs a radius"),
        (feature({"type": "Point", "coordinates": [-1, 52]}, radius_m=-5), "radius is -0.005 km"),
        (feature({"type": "Point", "coordinates": [52, -1]}, radius_m=500), "outside Great Britain"),
        (feature({"type": "LineString", "coordinates": [[-1, 52], [-1, 53]]}), "has no inside"),
        (feature({"type": "Polygon", "coordinates": []}), "expected a drawing of 1"),
        (feature({"type": "Polygon", "coordinates": [[[-1, 52], [-1, 53]]]}), "no geometry that can be read"),
        (feature({"type": "Nonsense"}), "no geometry that can be read"),
        ({"type": "Feature"}, "no geometry that can be read"),
    ],
)
def test_a_drawing_that_cannot_be_used_says_why(drawn: dict[str, Any], said: str):
    with pytest.raises((GeographyError, PlanError), match=said):
        Candidate.from_feature(drawn)


def test_a_line_that_crosses_itself_is_repaired_and_told_or_refused():
    tail = [(0, 0), (5000, 0), (5000, 5000), (0, 5000), (0, 100), (100, 100), (50, -50)]
    small = shapely.Polygon([(WEST + x, SOUTH + y) for x, y in tail])
    assert "repaired" in Candidate.polygon(small).notes[0]
    bow_tie = shapely.Polygon([(WEST, SOUTH), (WEST + 9000, SOUTH + 9000), (WEST + 9000, SOUTH), (WEST, SOUTH + 9000)])
    with pytest.raises(GeographyError, match="crosses itself"):
        Candidate.polygon(bow_tie)


@given(centre=st.floats(0, 9), radius=st.floats(0.5, 4), more=st.floats(0, 4))
def test_a_wider_circle_never_reaches_fewer(tiny: Evidence, centre: float, radius: float, more: float):
    near, far = (assess(PLAN, [circle(centre, r)], tiny).total for r in (radius, radius + more))
    assert set(near.areas) <= set(far.areas)
    assert near.people <= far.people
