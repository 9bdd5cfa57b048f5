"""Readers of geography read made-up rows in their publishers' layout: postcodes, boundaries, centroids, lookups."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

import geopandas as gpd
import pytest
from published import lines, read, zipped

from data_sources.ons_geography import (
    icb23_boundaries,
    lsoa11_lsoa21_lookup,
    lsoa21_boundaries,
    lsoa21_centroids,
    lsoa21_icb24_lookup,
    lsoa21_rural_urban,
)
from data_sources.postcodes import postcodes
from hjp_geo.errors import SchemaError
from hjp_geo.source import Source

# --- Code-Point Open -------------------------------------------------------------------------------------------------


def codepoint(postcode: str, quality: int, east: int, north: int) -> str:
    return f'"{postcode}",{quality},{east},{north},"E92000001","","E18000007","","E09000007","E05013659"'


def test_postcodes_of_quality_90_have_no_place(tmp_path: Path):
    path = tmp_path / "codepo.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("Doc/licence.txt", "words")
        archive.writestr("Doc/Code-Point_Open_Column_Headers.csv", "PC,PQ")
        archive.writestr("Data/CSV/nw.csv", codepoint("NW1 2DB", 10, 530000, 183000) + "\n")
        archive.writestr("Data/CSV/ab.csv", codepoint("AB101AB", 90, 0, 0) + "\n")
    table = read(postcodes, path).set_index("postcode")
    assert table.index.to_list() == ["AB10 1AB", "NW1 2DB"]
    assert table[["easting", "northing"]].isna().all(axis=1).to_list() == [True, False]
    assert table.loc["NW1 2DB", ["easting", "northing"]].to_list() == [530000, 183000]


def test_postcodes_are_held_to_the_count_that_comes_with_them(tmp_path: Path):
    # the publisher counts one of AB and two of NW: a file that lost its last row has two of three
    for name, rows in {"whole.zip": ["NW1 2DB", "NW1 2DC"], "short.zip": ["NW1 2DB"]}.items():
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr(
                "Doc/metadata.txt", "PRODUCT: OS CODE-POINT\r\nVERSION: 1\r\n      AB\t1\r\n      NW\t2\r\n"
            )
            archive.writestr("Data/CSV/ab.csv", codepoint("AB101AB", 90, 0, 0) + "\n")
            archive.writestr("Data/CSV/nw.csv", "".join(codepoint(row, 10, 1, 1) + "\n" for row in rows))
    assert len(read(postcodes, tmp_path / "whole.zip")) == 3
    with pytest.raises(SchemaError, match=r"short\.zip holds 2 postcodes, its own metadata\.txt counts 3"):
        read(postcodes, tmp_path / "short.zip")


def test_postcodes_says_when_no_area_file_is_there(tmp_path: Path):
    with pytest.raises(SchemaError, match=r"postcodes: c\.zip holds no file of a postcode area"):
        read(postcodes, zipped(tmp_path / "c.zip", "Data/CSV/all_of_them.csv", codepoint("NW1 2DB", 10, 1, 1)))


def test_postcodes_refuses_another_number_of_columns(tmp_path: Path):
    with pytest.raises(SchemaError, match=r"postcodes: c\.zip cannot be read .*10 columns, got 4"):
        read(postcodes, zipped(tmp_path / "c.zip", "ab.csv", "NW1 2DB,10,1,1"))


# --- ONS geography ---------------------------------------------------------------------------------------------------


def features(path: Path, *rows: tuple[Mapping[str, object], Mapping[str, object] | None]) -> Path:
    """One GeoJSON feature a line, as the pages of a layer are kept."""
    return lines(
        path,
        *(json.dumps({"type": "Feature", "properties": properties, "geometry": shape}) for properties, shape in rows),
    )


def square(west: float, south: float, size: float = 0.01) -> dict[str, object]:
    east, north = west + size, south + size
    return {
        "type": "Polygon",
        "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]],
    }


def test_boundaries_come_in_metres_of_the_national_grid(tmp_path: Path):
    path = features(tmp_path / "l.geojsonl", ({"LSOA21CD": "E01000001", "LSOA21NM": "Row 1"}, square(-2.0, 52.0)))
    table = read(lsoa21_boundaries, path)
    assert isinstance(table, gpd.GeoDataFrame)
    assert table.crs == "EPSG:27700"
    # 0.01° of latitude is 1.11 km, of longitude at 52° N 0.69 km; 2° W is the true origin, easting 400,000
    west, south, east, north = table.total_bounds
    assert west == pytest.approx(400_096, abs=5)
    assert (east - west, north - south) == (pytest.approx(687, abs=5), pytest.approx(1113, abs=5))


def test_an_invalid_ring_is_repaired_and_keeps_its_ground(tmp_path: Path):
    # a bow tie: two triangles that touch in the middle
    tie = {"type": "Polygon", "coordinates": [[[-2, 52], [-1.98, 52.02], [-1.98, 52], [-2, 52.02], [-2, 52]]]}
    path = features(tmp_path / "l.geojsonl", ({"ICB23CD": "E54000001", "ICB23NM": "Tie"}, tie))
    shapes = read(icb23_boundaries, path)
    assert isinstance(shapes, gpd.GeoDataFrame)
    assert shapes.is_valid.all()
    assert shapes.area[0] == pytest.approx(1_530_000, rel=0.01)  # half of 1.37 by 2.23 km


def test_a_row_without_a_shape_is_refused(tmp_path: Path):
    rows = [({"LSOA21CD": "E01000001", "LSOA21NM": "a"}, square(-2, 52)), ({"LSOA21CD": "E2", "LSOA21NM": "b"}, None)]
    with pytest.raises(SchemaError, match=r"l\.geojsonl has a row without geometry"):
        read(lsoa21_boundaries, features(tmp_path / "l.geojsonl", *rows))


def test_centroids_are_points_in_metres(tmp_path: Path):
    point = {"type": "Point", "coordinates": [-2.0, 49.0]}  # the true origin of the National Grid, but for the datum
    table = read(lsoa21_centroids, features(tmp_path / "c.geojsonl", ({"LSOA21CD": "E01000001"}, point)))
    assert table["easting"][0] == pytest.approx(400_000, abs=150)
    assert table["northing"][0] == pytest.approx(-100_000, abs=150)


LOOKUP = {
    "LSOA21CD": "E01000001",
    "SICBL24CD": "E38000001",
    "SICBL24CDH": "01A",
    "SICBL24NM": "Sub",
    "ICB24CD": "E54000001",
    "ICB24CDH": "QAA",
    "ICB24NM": "Board",
    "LAD24CD": "E07000001",
    "LAD24NM": "District",
}


def test_lookups_are_read_by_name(tmp_path: Path):
    shuffled = dict(reversed(LOOKUP.items())) | {"ObjectId": 5}
    row = read(lsoa21_icb24_lookup, features(tmp_path / "l.geojsonl", (shuffled, None))).iloc[0]
    assert (row["icb24_nhs_code"], row["lad24_code"], row["sicbl24_name"]) == ("QAA", "E07000001", "Sub")


@pytest.mark.parametrize(
    ("one", "row", "renamed"),
    [
        (lsoa21_icb24_lookup, LOOKUP, "LAD24CD"),
        (lsoa11_lsoa21_lookup, {"LSOA11CD": "E1", "LSOA21CD": "E2", "CHGIND": "U"}, "CHGIND"),
        (lsoa21_boundaries, {"LSOA21CD": "E1", "LSOA21NM": "Row"}, "LSOA21NM"),
    ],
)
def test_a_renamed_field_is_named_with_those_there_are(
    tmp_path: Path, one: Source, row: Mapping[str, str], renamed: str
):
    other = {("LAD26CD" if name == renamed else name): value for name, value in row.items()}
    path = features(tmp_path / "l.geojsonl", (other, square(-2, 52)))
    with pytest.raises(SchemaError, match=rf"l\.geojsonl has no column {renamed}; found .*"):
        read(one, path)


def test_exact_fit_keeps_every_pair(tmp_path: Path):
    rows = [({"LSOA11CD": "E1", "LSOA21CD": code, "CHGIND": "S", "ObjectId": 1}, None) for code in ("E3", "E2")]
    table = read(lsoa11_lsoa21_lookup, features(tmp_path / "l.geojsonl", *rows))
    assert table.to_numpy().tolist() == [["E1", "E2", "S"], ["E1", "E3", "S"]]


def rural_urban(path: Path, *flags: str | None) -> Path:
    rows = [
        ({"LSOA21CD": f"E0100000{n}", "RUC21CD": "UN1", "RUC21NM": "x", "Urban_rural_flag": flag}, None)
        for n, flag in enumerate(flags)
    ]
    return features(path, *rows)


def test_the_rural_urban_flag_is_read(tmp_path: Path):
    table = read(lsoa21_rural_urban, rural_urban(tmp_path / "r.geojsonl", "Urban", "Rural"))
    assert table["is_urban"].to_list() == [True, False]


@pytest.mark.parametrize("flag", [None, "", "Suburban"])
def test_an_unknown_rural_urban_flag_is_never_taken_for_rural(tmp_path: Path, flag: str | None):
    with pytest.raises(SchemaError, match=r"lsoa21_rural_urban: r\.geojsonl has the flag"):
        read(lsoa21_rural_urban, rural_urban(tmp_path / "r.geojsonl", "Urban", flag))
