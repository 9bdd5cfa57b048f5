"""The Python face of the sketching map: what is sent is small and exact, and whose word counts."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest

from hjp_geo import sketchmap
from hjp_geo.sketchmap import NO_DATA, Geometry, HoverColumn, MapData, Paint, Point, PointLayer

PLACE = Geometry("polygons", "/assets/x.geojson", "x", (-2.0, 53.0, -1.0, 54.0))
SAVED = {
    "type": "Feature",
    "properties": {"id": "a", "name": "Saved", "radius_m": 1000.0},
    "geometry": {"type": "Point", "coordinates": [-1.5, 53.5]},
}
DRAWN = {**SAVED, "properties": {"id": "b", "name": "Drawn", "radius_m": 2000.0}}


def paint(classes: list[int], **changed: Any) -> Paint:
    words: dict[str, Any] = {"title": "Need", "palette": ("#fff", "#000"), "labels": ("low", "high"), **changed}
    return Paint(classes=np.array(classes), **words)


def test_an_area_costs_one_byte_and_a_mark_one_bit() -> None:
    sent = paint([0, 1, NO_DATA], marks=np.array([True, False, True])).payload()
    assert base64.b64decode(sent["classes"]) == bytes([0, 1, 255])
    assert base64.b64decode(sent["marks"]) == bytes([0b101])  # lowest bit first: areas 0 and 2


def test_the_legend_counts_every_area_once_and_keeps_no_data_apart() -> None:
    sent = paint([1, 1, NO_DATA, 1, 0]).payload()
    assert sent["counts"] == [1, 3]
    assert sent["no_data"] == {"label": "No data", "count": 1}


def test_missing_hover_values_stay_missing() -> None:
    sent = HoverColumn("Share", np.array([0.5, np.nan])).payload()
    assert np.frombuffer(base64.b64decode(sent["values"]), "<f4") == pytest.approx([0.5, np.nan], nan_ok=True)


def test_the_same_picture_has_the_same_revision_and_another_has_another() -> None:
    assert paint([0, 1]).revision == paint([0, 1]).revision
    assert len({each.revision for each in (paint([0, 1]), paint([1, 1]), paint([0, 1], title="Access"))}) == 3


@pytest.mark.parametrize("classes", [[0, 2], [0, -1], [0, 300]])
def test_a_class_without_a_colour_is_refused(classes: list[int]) -> None:
    with pytest.raises(ValueError, match="expected 0 to 1, or 255 for no data"):
        paint(classes)


def test_arrays_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="marks has 1 values for 2 areas"):
        paint([0, 1], marks=np.array([True]))
    with pytest.raises(ValueError, match="Share has 3 values for 2 areas"):
        paint([0, 1], hover=(HoverColumn("Share", np.zeros(3)),))


def test_a_raster_needs_its_codes_and_bounds_must_enclose_something() -> None:
    with pytest.raises(ValueError, match="codes_url"):
        Geometry("raster", "/x.png", "x", (-2.0, 53.0, -1.0, 54.0))
    with pytest.raises(ValueError, match="west, south, east, north"):
        Geometry("polygons", "/x", "x", (-1.0, 53.0, -2.0, 54.0))


def test_sites_come_along_or_from_an_address_not_both() -> None:
    with pytest.raises(ValueError, match="either points or url"):
        PointLayer("gp", "GP practices", [Point(-1.5, 53.5, "A")], url="/x.json")


@pytest.fixture
def browser_says(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the browser last reported under the key "map"; and, under "sent", what Python sent."""
    session: dict[str, Any] = {}

    def mount(**sent: Any) -> None:
        session["sent"] = sent["data"]

    monkeypatch.setattr(sketchmap, "_component", lambda: mount)
    monkeypatch.setattr(sketchmap.st, "session_state", session)
    return session


def test_before_anyone_draws_the_saved_drawings_stand(browser_says: dict[str, Any]) -> None:
    state = sketchmap.sketch_map(MapData(PLACE, drawings=[SAVED], selected="E1"), key="map")
    assert state == sketchmap.MapState(drawings=(SAVED,), selected="E1")
    assert browser_says["sent"]["drawings"] == [SAVED]


def test_what_the_user_drew_wins_and_is_sent_again_should_the_map_be_rebuilt(browser_says: dict[str, Any]) -> None:
    browser_says["map"] = {"drawings": {"revision": 0, "features": [SAVED, DRAWN]}}
    state = sketchmap.sketch_map(MapData(PLACE, drawings=[SAVED]), key="map")
    assert state.drawings == (SAVED, DRAWN)
    assert browser_says["sent"]["drawings"] == [SAVED, DRAWN]


def test_a_new_revision_from_python_wins_over_an_older_word_of_the_browser(browser_says: dict[str, Any]) -> None:
    browser_says["map"] = {
        "drawings": {"revision": 0, "features": [DRAWN]},
        "selected": {"revision": 0, "code": "E1"},
    }
    data = MapData(PLACE, drawings=[SAVED], drawings_revision=1, selected="E2", selected_revision=1)
    assert sketchmap.sketch_map(data, key="map") == sketchmap.MapState(drawings=(SAVED,), selected="E2")


def test_deselecting_and_deleting_everything_are_answers_too(browser_says: dict[str, Any]) -> None:
    browser_says["map"] = {"drawings": {"revision": 0, "features": []}, "selected": {"revision": 0, "code": None}}
    state = sketchmap.sketch_map(MapData(PLACE, drawings=[SAVED], selected="E1"), key="map")
    assert state == sketchmap.MapState(drawings=(), selected=None)


def test_without_a_build_the_error_says_how_to_make_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setattr(sketchmap, "STATIC", tmp_path)
    sketchmap._component.cache_clear()
    with pytest.raises(sketchmap.NotBuiltError, match=r"npm ci && npm run build"):
        sketchmap.sketch_map(MapData(PLACE), key="map")


def test_fragile_areas_are_marked_apart_from_the_sure_ones() -> None:
    sent = paint([0, 1], marks=np.array([True, False]), faint=np.array([False, True])).payload()
    assert (sent["marks_count"], sent["faint_count"]) == (1, 1)
    assert base64.b64decode(sent["faint"]) == bytes([0b10])
    assert paint([0, 1]).payload()["faint"] is None
