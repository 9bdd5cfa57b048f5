"""The map in one file: everything inside, nothing fetched, names from data are text."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from hjp_geo.errors import PlanError
from hjp_geo.maps import WORSE_IS_DARKER, MapContent, Points, fifths
from hjp_geo.maps.picture import draw_map
from hjp_geo.maps.shades import NOT_KNOWN
from hjp_geo.maps.standalone import standalone_map

HOSTILE = "<img src=x onerror=alert(1)> `${alert(2)}` </script> $x$"


def content(values: list[float], title: str = "Need") -> MapContent:
    """Squares of one kilometre in a row, the first of them marked; one site with a hostile name."""
    codes = [f"E0100000{number}" for number in range(len(values))]
    shapes = [shapely.box(400_000 + 1000 * n, 300_000, 401_000 + 1000 * n, 301_000) for n in range(len(values))]
    known = pd.Series(values, index=codes, dtype="float64")
    sites = pd.DataFrame({"easting": [400_500.0], "northing": [300_500.0], "site_name": [HOSTILE]})
    return MapContent(
        title=title,
        unit="score",
        shapes=gpd.GeoSeries(shapes, index=codes, crs="EPSG:27700"),
        shades=fifths(known),
        credit="Credit of the boundaries.",
        names=pd.Series([HOSTILE] * len(values), index=codes),
        values=known,
        marks=np.array([True, *[False] * (len(values) - 1)]),
        marks_label="advice desert",
        points=(Points("Sites", sites),),
        districts=pd.Series("E07000001", index=codes),
        sketches=gpd.GeoSeries([shapely.Point(402_000, 300_500).buffer(800)], index=[HOSTILE]),
    )


def test_fifths_are_of_the_known_and_missing_is_its_own_class():
    shades = fifths(pd.Series([1.0, 2.0, 3.0, 4.0, 5.0, np.nan]))
    assert shades.classes.tolist() == [0, 1, 2, 3, 4, NOT_KNOWN]
    assert shades.colours == WORSE_IS_DARKER["need"]


def test_darker_is_worse_also_where_low_is_worse():
    high, low = (fifths(pd.Series([1.0, 2, 3, 4, 5]), "access", worse=worse) for worse in ("high", "low"))
    assert low.colours == high.colours[::-1]
    assert low.colours[0] == WORSE_IS_DARKER["access"][-1]


def test_equal_values_share_a_class_and_nothing_known_has_none():
    assert fifths(pd.Series([7.0] * 6)).labels == ("7.00 to 7.00",)
    assert fifths(pd.Series([np.nan, np.nan])).labels == ()


def test_the_file_names_no_address_to_fetch_from_and_forbids_it(tmp_path: Path):
    page = standalone_map([content([1, 2, np.nan])], "A title", ["A note."], tmp_path / "map.html").read_text("utf-8")
    assert re.search(r"<(script|link|img|iframe)[^>]+(src|href)=", page) is None
    assert not any("url(" in style for style in re.findall(r"<style>.*?</style>", page, flags=re.DOTALL))
    assert "default-src 'none'" in page
    assert "Credit of the boundaries." in page
    assert "no data" in page


def test_names_from_data_are_text(tmp_path: Path):
    page = standalone_map([content([1, 2, 3])], HOSTILE, [HOSTILE], tmp_path / "map.html").read_text("utf-8")
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    # each script that is opened is closed once, by us
    assert page.count("<script") == page.count("</script>")


def test_the_same_maps_give_the_same_bytes(tmp_path: Path):
    maps = [content([1, 2, 3]), content([3, 2, 1], "Access")]
    one, two = (standalone_map(maps, "T", [], tmp_path / f"{name}.html").read_bytes() for name in ("one", "two"))
    assert one == two


def test_too_many_areas_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("hjp_geo.maps.standalone.MOST_POLYGONS", 2)
    with pytest.raises(PlanError, match="too many for a map in one file"):
        standalone_map([content([1, 2, 3])], "T", [], tmp_path / "map.html")
    assert not list(tmp_path.iterdir())


def texts(figure: object) -> str:
    import matplotlib.text

    return "\n".join(one.get_text() for one in figure.findobj(matplotlib.text.Text))  # type: ignore[attr-defined]


def test_the_picture_has_scale_north_key_no_data_and_credit():
    figure = draw_map(content([1, 2, 3, 4, np.nan]))
    said = texts(figure)
    assert "N" in said.split("\n")
    assert re.search(r"\d km", said)
    assert "no data" in said
    assert "advice desert" in said
    assert "Credit of the boundaries." in said
    assert "score" in said


def test_the_scale_bar_is_true():
    figure = draw_map(content([1, 2, 3, 4, 5]))
    axes = figure.axes[0]
    assert axes.get_aspect() == 1.0
    label = next(one for one in axes.texts if one.get_text().endswith(" km"))
    start = next(one for one in axes.texts if one.get_text() == "0")
    # the bar ends where its label stands: so many metres of the National Grid from its beginning
    metres = label.get_position()[0] - start.get_position()[0]
    assert metres == pytest.approx(float(label.get_text().split()[0]) * 1000)


def lightness(colour: str) -> float:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [((part + 0.055) / 1.055) ** 2.4 if part > 0.04045 else part / 12.92 for part in (red, green, blue)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("family", WORSE_IS_DARKER)
def test_the_classes_also_differ_in_grey(family: str):
    steps = [116 * lightness(colour) ** (1 / 3) - 16 for colour in WORSE_IS_DARKER[family]]  # L* of CIE 1976
    assert all(one - two >= 8 for one, two in pairwise(steps))
