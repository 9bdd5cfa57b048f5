"""What the form that changes a sketch makes of it: the same as a change by mouse."""

from __future__ import annotations

from typing import Any

import pytest
from tiny_warehouse import CODES, SOUTH, WEST

from hjp_geo.errors import PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.screens.catchments import outlines
from hjp_geo.screens.change_sketch import changed
from hjp_geo.siting import Candidate, Offer, catchment_of

PLACE = (WEST + 4500.0, SOUTH + 500.0)


@pytest.fixture
def catchment() -> dict[str, Any]:
    made = Candidate.within_minutes(PLACE, 20, mode="walk", name="Hub").offering(Offer(sessions_per_week=2))
    feature = made.to_feature("x")
    return {**feature, "properties": {**feature["properties"], "status": "existing", "at_site": "Hub"}}


def test_other_minutes_reach_other_areas_and_the_rest_stays(tiny: Evidence, catchment: dict[str, Any]):
    new = changed(catchment, {"name": "Hub", "minutes": 35.0, "mode": "walk"}, "", tiny)
    candidate = Candidate.from_feature(new)
    assert catchment_of(candidate, tiny).codes == tuple(CODES[2:7])
    assert candidate.offer == Offer(sessions_per_week=2)
    assert new["properties"]["status"] == "edited"


def test_nothing_changed_is_no_edit(tiny: Evidence, catchment: dict[str, Any]):
    new = changed(catchment, {"name": "Hub", "minutes": 20.0, "mode": "walk"}, " ", tiny)
    assert new == catchment


def test_moved_it_forgets_the_site_that_it_stood_on(tiny: Evidence, catchment: dict[str, Any]):
    new = changed(catchment, {"name": "", "minutes": 20.0, "mode": "walk"}, f"{WEST + 8500}, {SOUTH + 500}", tiny)
    assert catchment_of(Candidate.from_feature(new), tiny).codes == tuple(CODES[7:])
    assert "at_site" not in new["properties"]
    assert new["properties"]["name"] == "Hub"  # a blank name is no name


def test_a_place_that_is_none_is_refused(tiny: Evidence, catchment: dict[str, Any]):
    with pytest.raises(PlanError, match="neither a postcode"):
        changed(catchment, {"name": "Hub"}, "nowhere", tiny)


def test_the_outline_is_of_the_areas_that_count(tiny: Evidence, catchment: dict[str, Any]):
    circle = Candidate.circle(*PLACE, 1).to_feature("y")
    (outline,) = outlines(tiny)([circle, catchment])
    assert outline.label == "20 min walk (estimated)"
    assert (outline.minutes, outline.mode) == (20, "walk")
    (ring,) = outline.rings
    corners = {(WEST + east, SOUTH + north) for east in (3000, 6000) for north in (0, 1000)}
    there = Candidate.polygon(Candidate.from_feature(as_polygon(ring)).geometry).geometry.exterior.coords
    assert {(round(x), round(y)) for x, y in there} >= corners


def as_polygon(ring: Any) -> dict[str, Any]:
    return {"geometry": {"type": "Polygon", "coordinates": [ring.tolist()]}, "properties": {}}


def test_a_catchment_that_cannot_be_worked_out_says_so_on_the_map(tiny: Evidence, catchment: dict[str, Any]):
    catchment["properties"]["minutes"] = 999
    (outline,) = outlines(tiny)([catchment])
    assert (outline.label, list(outline.rings)) == ("not worked out: see beside the map", [])
    assert outline.payload()["points"] == ""
