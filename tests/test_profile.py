"""A place in figures over ten areas of 100 people: n of area n in income deprivation, 9 - n % with cancer."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from tiny_warehouse import CODES

from hjp_geo.errors import GeographyError
from hjp_geo.evidence import Evidence
from hjp_geo.places import own_area
from hjp_geo.plan import Plan, answer
from hjp_geo.profile import Profile, profile, profile_lines
from hjp_geo.siting import areas_inside, read_outlines


def of(tiny: Evidence, place: str, **settings: object) -> Profile:
    return profile(answer(Plan.from_dict({"place": place, **settings}), tiny), tiny)


def test_a_share_is_the_mean_of_areas_weighted_by_residents(tiny: Evidence):
    """East Row: areas 5 to 9, (5 + 6 + 7 + 8 + 9) / 5 = 7 %; cancer (4 + 3 + 2 + 1 + 0) / 5 = 2 %. In all 4.5 %."""
    figures = of(tiny, "E07990002").figures
    assert figures.loc["people_in_income_deprivation", "here"] == pytest.approx(7.0)
    assert figures.loc["income_deprivation", "here"] == pytest.approx(7.0)
    assert figures.loc["income_deprivation", "everywhere"] == pytest.approx(4.5)
    assert figures.loc["cancer_prevalence", "here"] == pytest.approx(2.0)
    assert figures.loc["income_deprivation", "side"] == "higher"
    assert figures.loc["cancer_prevalence", "side"] == "lower"


def test_only_what_is_higher_than_everywhere_is_a_top_need(tiny: Evidence):
    assert list(of(tiny, "E07990002").top_needs().index) == ["income_deprivation"]
    assert list(of(tiny, "E07990001").top_needs().index) == ["cancer_prevalence"]
    assert of(tiny, "england").top_needs().empty  # it is no higher than itself


def test_figures_a_twentieth_apart_are_about_the_same(tiny: Evidence):
    """Areas 4 and 5: the mean is 4.5 %, as in all areas."""
    figures = of(tiny, own_area("Middle", CODES[4:6]).code).figures
    assert figures.loc["income_deprivation", "side"] == "alike"


def test_sites_are_counted_where_they_stand_and_where_they_reach(tiny: Evidence):
    """One debt office, in area 0. East Row has none; within 5 km of it: area 5's people are 5 km away."""
    west, east = of(tiny, "E07990001", topic="debt"), of(tiny, "E07990002", topic="debt", cutoff_km=5.0)
    assert west.advice is not None
    assert (west.advice.here, west.advice.everywhere, west.advice.people_per_site) == (1, 1, 500.0)
    assert east.advice is not None
    assert (east.advice.here, east.advice.in_reach) == (0, 1)
    assert np.isnan(east.advice.people_per_site)


def test_no_list_is_not_no_site(tiny: Evidence):
    found = answer(Plan(place="E07990001", topic="immigration"), tiny)
    one = profile(found, tiny)
    assert one.advice is None
    assert "nobody can say" in " ".join(profile_lines(one, found))


def test_missing_values_are_left_out_and_counted(tiny: Evidence):
    values = tiny.values.copy()
    values.loc[CODES[9], "income_deprivation"] = np.nan
    holed = dataclasses.replace(tiny, values=values)
    row = of(holed, "E07990002").figures.loc["income_deprivation"]
    assert row["here"] == pytest.approx((5 + 6 + 7 + 8) / 4)
    assert row["missing"] == 1


# outlines -------------------------------------------------------------------------------------------------------------


def box(west: float, east: float) -> dict[str, object]:
    ring = [[west, 52.59], [east, 52.59], [east, 52.61], [west, 52.61], [west, 52.59]]
    return {"type": "Polygon", "coordinates": [ring]}


@pytest.mark.parametrize(
    "file",
    [
        box(-2.0, -1.975),
        {"type": "Feature", "properties": {"codes": ["E01000001"], "radius_m": 9e9}, "geometry": box(-2.0, -1.975)},
        {"type": "FeatureCollection", "features": [{"geometry": box(-2.0, -1.985)}, {"geometry": box(-1.99, -1.975)}]},
    ],
)
def test_an_outline_holds_the_areas_whose_middle_is_inside(tiny: Evidence, file: dict[str, object]):
    """Area n's middle lies 500 m + n km east of 400,000, about -2 + 0.0148 (n + 0.5) degrees: areas 0 and 1."""
    assert areas_inside(read_outlines(json.dumps(file).encode()), tiny) == CODES[:2]


def deep() -> bytes:
    return b'{"geometry":' + b"[" * 200_000


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not json",
        b"\xff\xfe\x00",
        b"[]",
        b'"text"',
        b"{}",
        deep(),
        b'{"type":"Point","coordinates":[0,52]}',
        b'{"type":"FeatureCollection","features":[1, null, {"geometry": 5}]}',
        b" " * 5_000_001,
        json.dumps({"features": [{"geometry": box(-2, -1.9)}] * 201}).encode(),
    ],
)
def test_a_file_that_is_no_outline_is_refused_in_words(content: bytes):
    with pytest.raises(GeographyError):
        read_outlines(content)


@pytest.mark.parametrize(
    "geometry",
    [
        {"type": "Polygon", "coordinates": []},
        {"type": "Polygon", "coordinates": [[["a", "b"]]]},
        {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]},  # off the coast of Africa
        {"type": "Polygon", "coordinates": [[[float("nan"), 52], [1, 52], [1, 53], [float("nan"), 52]]]},
        box(-2.3, -2.2),  # no centre inside
    ],
)
def test_an_outline_that_holds_nothing_here_is_refused_in_words(tiny: Evidence, geometry: dict[str, object]):
    with pytest.raises(GeographyError):
        areas_inside(read_outlines(json.dumps(geometry).encode()), tiny)
