"""Boundaries, centroids and lookups of the Office for National Statistics (Open Geography Portal)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from hjp_geo.areas import BRITISH_NATIONAL_GRID, WGS84, Table
from hjp_geo.discovery import arcgis_layer
from hjp_geo.errors import SchemaError
from hjp_geo.source import OGL3, source

_PUBLISHER = "Office for National Statistics"
_LOOKUP_CREDIT = "Source: Office for National Statistics licensed under the Open Government Licence v.3.0."
_BOUNDARY_CREDIT = f"{_LOOKUP_CREDIT} Contains OS data © Crown copyright and database right 2025."
_ENGLAND = "LSOA21CD LIKE 'E%'"
_ICB26 = {
    "lsoa21_code": "LSOA21CD",
    "sicbl26_code": "SICBL26CD",
    "sicbl26_nhs_code": "SICBL26CDH",
    "sicbl26_name": "SICBL26NM",
    "icb26_code": "ICB26CD",
    "icb26_nhs_code": "ICB26CDH",
    "icb26_name": "ICB26NM",
    "lad26_code": "LAD26CD",
    "lad26_name": "LAD26NM",
}


@source(
    title="LSOA boundaries, December 2021, generalised to 20 m and clipped to the coast (BGC)",
    publisher=_PUBLISHER,
    licence=OGL3,
    attribution=_BOUNDARY_CREDIT,
    key="lsoa21_code",
    columns={
        "lsoa21_code": "LSOA 2021 code",
        "lsoa21_name": "its name",
        "geometry": "polygon, metres, British National Grid",
    },
    discover=arcgis_layer(
        r"Lower_layer_Super_Output_Areas_December_2021_Boundaries_EW_BGC_V\d+",
        fields=("LSOA21CD", "LSOA21NM"),
        order_by="LSOA21CD",
        where=_ENGLAND,
        geometry="wgs84",
    ),
    expected_rows=33_755,
)
def lsoa21_boundaries(path: Path) -> Table:
    """One English LSOA of 2021 a row. Invalid rings of the published layer are repaired; nothing else is changed."""
    table: Table = _boundaries(path, {"lsoa21_code": "LSOA21CD", "lsoa21_name": "LSOA21NM"})
    return table


@source(
    title="Integrated Care Board boundaries, April 2023, generalised to 20 m and clipped to the coast (BGC)",
    publisher=_PUBLISHER,
    licence=OGL3,
    attribution=_BOUNDARY_CREDIT,
    key="icb23_code",
    columns={
        "icb23_code": "ICB 2023 code",
        "icb23_name": "its name",
        "geometry": "polygon, metres, British National Grid",
    },
    discover=arcgis_layer(
        r"Integrated_Care_Boards_April_2023_EN_BGC(_V\d+)?",
        fields=("ICB23CD", "ICB23NM"),
        order_by="ICB23CD",
        geometry="wgs84",
    ),
    expected_rows=42,
)
def icb23_boundaries(path: Path) -> Table:
    """One of the 42 Integrated Care Boards of 2023 a row: outlines only, areas belong to boards by the lookup."""
    table: Table = _boundaries(path, {"icb23_code": "ICB23CD", "icb23_name": "ICB23NM"})
    return table


@source(
    title="LSOA population-weighted centroids, December 2021",
    publisher=_PUBLISHER,
    licence=OGL3,
    attribution=_BOUNDARY_CREDIT,
    key="lsoa21_code",
    columns={
        "lsoa21_code": "LSOA 2021 code",
        "easting": "metres, British National Grid",
        "northing": "metres, British National Grid",
    },
    discover=arcgis_layer(
        r"LSOA_PopCentroids_EW_2021_V\d+",
        fields=("LSOA21CD",),
        order_by="LSOA21CD",
        where=_ENGLAND,
        geometry="wgs84",
    ),
    expected_rows=33_755,
)
def lsoa21_centroids(path: Path) -> Table:
    """Where the people of each English LSOA live on average (Census 2021): not the middle of its polygon."""
    points = _with_geometry(path, {"lsoa21_code": "LSOA21CD"})
    tidy = pd.DataFrame(
        {
            "lsoa21_code": points["lsoa21_code"],
            "easting": points.geometry.x.round(1),
            "northing": points.geometry.y.round(1),
        }
    )
    return tidy.sort_values("lsoa21_code", ignore_index=True)


@source(
    title="Local authority district boundaries, May 2024, generalised to 200 m and clipped to the coast (BSC)",
    publisher=_PUBLISHER,
    licence=OGL3,
    attribution=_BOUNDARY_CREDIT,
    key="lad24_code",
    columns={
        "lad24_code": "local authority district code of 2024",
        "lad24_name": "its name",
        "geometry": "polygon, metres, British National Grid",
    },
    discover=arcgis_layer(
        r"Local_Authority_Districts_May_2024_Boundaries_+UK_BSC(_V\d+)?",
        fields=("LAD24CD", "LAD24NM"),
        order_by="LAD24CD",
        where="LAD24CD LIKE 'E%'",
        geometry="wgs84",
    ),
    expected_rows=296,
    optional=True,
)
def lad24_boundaries(path: Path) -> Table:
    """One of the 296 English districts of 2024 a row: outlines to draw, not to decide which district a place is in."""
    table: Table = _boundaries(path, {"lad24_code": "LAD24CD", "lad24_name": "LAD24NM"})
    return table


@source(
    title="Integrated Care Board boundaries, April 2026, generalised to 20 m and clipped to the coast (BGC)",
    publisher=_PUBLISHER,
    licence=OGL3,
    attribution=_BOUNDARY_CREDIT,
    key="icb26_code",
    columns={
        "icb26_code": "ICB 2026 code",
        "icb26_name": "its name",
        "geometry": "polygon, metres, British National Grid",
    },
    discover=arcgis_layer(
        r"Integrated_Care_Boards_April_2026_Boundaries_EN_BGC(_V\d+)?",
        fields=("ICB26CD", "ICB26NM"),
        order_by="ICB26CD",
        geometry="wgs84",
    ),
    expected_rows=36,
    optional=True,
)
def icb26_boundaries(path: Path) -> Table:
    """One of the 36 Integrated Care Boards of April 2026 a row: outlines only; areas belong to boards by the lookup.

    Not met with the publisher's own file yet: built to its known layout, tested on made-up rows in it.
    """
    table: Table = _boundaries(path, {"icb26_code": "ICB26CD", "icb26_name": "ICB26NM"})
    return table


@source(
    title="LSOA 2021 to Sub-ICB location, Integrated Care Board and district, April 2024",
    publisher=_PUBLISHER,
    licence=OGL3,
    attribution=_LOOKUP_CREDIT,
    key="lsoa21_code",
    columns={
        "lsoa21_code": "LSOA 2021 code",
        "sicbl24_code": "Sub-ICB location code",
        "sicbl24_nhs_code": "its NHS code",
        "sicbl24_name": "its name",
        "icb24_code": "Integrated Care Board code, one of 42",
        "icb24_nhs_code": "its NHS code",
        "icb24_name": "its name",
        "lad24_code": "local authority district code",
        "lad24_name": "its name",
    },
    discover=arcgis_layer(
        r"LSOA21_SICBL24_ICB24_(CAL24_)?LAD24_EN_LU(_v\d+)?",
        fields=(
            "LSOA21CD",
            "SICBL24CD",
            "SICBL24CDH",
            "SICBL24NM",
            "ICB24CD",
            "ICB24CDH",
            "ICB24NM",
            "LAD24CD",
            "LAD24NM",
        ),
        order_by="LSOA21CD",
    ),
    expected_rows=33_755,
)
def lsoa21_icb24_lookup(path: Path) -> Table:
    """Which Sub-ICB location, ICB and district of 2024 each English LSOA belongs to, by exact codes."""
    return _attributes(
        path,
        {
            "lsoa21_code": "LSOA21CD",
            "sicbl24_code": "SICBL24CD",
            "sicbl24_nhs_code": "SICBL24CDH",
            "sicbl24_name": "SICBL24NM",
            "icb24_code": "ICB24CD",
            "icb24_nhs_code": "ICB24CDH",
            "icb24_name": "ICB24NM",
            "lad24_code": "LAD24CD",
            "lad24_name": "LAD24NM",
        },
    )


@source(
    title="LSOA 2011 to LSOA 2021, exact fit with change indicator",
    publisher=_PUBLISHER,
    licence=OGL3,
    attribution=_LOOKUP_CREDIT,
    key=("lsoa11_code", "lsoa21_code"),
    columns={
        "lsoa11_code": "LSOA 2011 code",
        "lsoa21_code": "LSOA 2021 code",
        "change": "U unchanged, S split, M merged, X irregular",
    },
    discover=arcgis_layer(
        r"LSOA11_LSOA21_LAD22_EW_LU_v\d+",
        fields=("ObjectId", "LSOA11CD", "LSOA21CD", "CHGIND"),
        order_by="ObjectId",
        where=_ENGLAND,
    ),
    expected_rows=33_856,
)
def lsoa11_lsoa21_lookup(path: Path) -> Table:
    """How the English LSOAs of 2011 became those of 2021: one row for each pair that shares ground."""
    table = _attributes(path, {"lsoa11_code": "LSOA11CD", "lsoa21_code": "LSOA21CD", "change": "CHGIND"})
    return table.sort_values(["lsoa11_code", "lsoa21_code"], ignore_index=True)


@source(
    title="Rural-urban classification 2021 of LSOA 2021",
    publisher=_PUBLISHER,
    licence=OGL3,
    attribution=_LOOKUP_CREDIT,
    key="lsoa21_code",
    columns={
        "lsoa21_code": "LSOA 2021 code",
        "ruc21_code": "class code",
        "ruc21_name": "class name",
        "is_urban": "whether the class is urban",
    },
    discover=arcgis_layer(
        r"LSOA21_RUC21_EW_LU(_v\d+)?",
        fields=("LSOA21CD", "RUC21CD", "RUC21NM", "Urban_rural_flag"),
        order_by="LSOA21CD",
        where=_ENGLAND,
    ),
    expected_rows=33_755,
)
def lsoa21_rural_urban(path: Path) -> Table:
    """Whether each English LSOA is urban or rural, and how near a town it is."""
    columns = {"lsoa21_code": "LSOA21CD", "ruc21_code": "RUC21CD", "ruc21_name": "RUC21NM", "flag": "Urban_rural_flag"}
    table = _attributes(path, columns)
    if strange := sorted(set(table["flag"].astype("str")) - {"Urban", "Rural"}):
        raise SchemaError(f"lsoa21_rural_urban: {path.name} has the flag {strange[0]}, expected Urban or Rural.")
    return table.assign(is_urban=table["flag"] == "Urban").drop(columns="flag")


@source(
    title="LSOA 2021 to Sub-ICB location, Integrated Care Board, NHS region and district, April 2026",
    publisher=_PUBLISHER,
    licence=OGL3,
    attribution=_LOOKUP_CREDIT,
    key="lsoa21_code",
    columns={
        "lsoa21_code": "LSOA 2021 code",
        "sicbl26_code": "Sub-ICB location code",
        "sicbl26_nhs_code": "its NHS code",
        "sicbl26_name": "its name",
        "icb26_code": "Integrated Care Board code, one of 36",
        "icb26_nhs_code": "its NHS code",
        "icb26_name": "its name",
        "lad26_code": "local authority district code of 2026: Barnsley and Sheffield have new ones",
        "lad26_name": "its name",
    },
    discover=arcgis_layer(
        r"LSOA21_SICBL26_ICB26_(NHSER26_|CAL26_)?LAD26(_EN_LU)?(_v\d+)?",
        fields=tuple(_ICB26.values()),
        order_by="LSOA21CD",
    ),
    expected_rows=33_755,
    optional=True,
)
def lsoa21_icb26_lookup(path: Path) -> Table:
    """Which Sub-ICB location, ICB and district of April 2026 each English LSOA belongs to, by exact codes.

    Optional: without it the boards of 2026 are worked out from those of 2024 and the practices of July 2026.

    Not met with the publisher's own file yet: built to its known layout, tested on made-up rows in it.
    """
    return _attributes(path, _ICB26)


@source(
    title="Output area to LSOA and MSOA, December 2021",
    publisher=_PUBLISHER,
    licence=OGL3,
    attribution=_LOOKUP_CREDIT,
    key="lsoa21_code",
    columns={
        "lsoa21_code": "LSOA 2021 code",
        "msoa21_code": "MSOA 2021 code",
        "msoa21_name": "its name",
    },
    discover=arcgis_layer(
        r"OA_LSOA_MSOA_EW_DEC_2021_LU_v\d+",
        fields=("OA21CD", "LSOA21CD", "MSOA21CD", "MSOA21NM"),
        order_by="OA21CD",
        where="OA21CD LIKE 'E%'",
    ),
    expected_rows=33_755,
    optional=True,
)
def lsoa21_msoa21_lookup(path: Path) -> Table:
    """Which MSOA each English LSOA is part of. Read from the list of output areas, each LSOA once.

    Raises `SchemaError` where an LSOA is in two MSOAs.
    """
    columns = {"lsoa21_code": "LSOA21CD", "msoa21_code": "MSOA21CD", "msoa21_name": "MSOA21NM"}
    return _attributes(path, columns).drop_duplicates(ignore_index=True)


@source(
    title="LSOA 2021 to electoral ward and district, 2024, best fit",
    publisher=_PUBLISHER,
    licence=OGL3,
    attribution=_LOOKUP_CREDIT,
    key="lsoa21_code",
    columns={
        "lsoa21_code": "LSOA 2021 code",
        "ward24_code": "electoral ward of May 2024, best fit",
        "ward24_name": "its name",
        "ward_lad24_code": "the district of that ward: not always the district of the area",
    },
    discover=arcgis_layer(
        r"LSOA21_WD24_LAD24_EW_LU(_v\d+)?",
        fields=("LSOA21CD", "WD24CD", "WD24NM", "LAD24CD"),
        order_by="LSOA21CD",
        where=_ENGLAND,
    ),
    expected_rows=33_755,
    optional=True,
)
def lsoa21_ward24_lookup(path: Path) -> Table:
    """The ward that each English LSOA fits best. Best fit: an LSOA may lie in several wards.

    Never take the district from here: for E01027305 it says Cherwell, which the publisher of the deprivation indices
    corrected to West Northamptonshire.
    """
    columns = {
        "lsoa21_code": "LSOA21CD",
        "ward24_code": "WD24CD",
        "ward24_name": "WD24NM",
        "ward_lad24_code": "LAD24CD",
    }
    return _attributes(path, columns)


@source(
    title="Local authority district to region, April 2024",
    publisher=_PUBLISHER,
    licence=OGL3,
    attribution=_LOOKUP_CREDIT,
    key="lad24_code",
    columns={
        "lad24_code": "local authority district code of 2024",
        "region24_code": "one of the nine regions, E12000001 to E12000009",
        "region24_name": "its name",
    },
    discover=arcgis_layer(
        r"LAD24_RGN24_EN_LU(_v\d+)?",
        fields=("LAD24CD", "RGN24CD", "RGN24NM"),
        order_by="LAD24CD",
    ),
    expected_rows=296,
    optional=True,
)
def lad24_region24_lookup(path: Path) -> Table:
    """Which of the nine regions each English district of 2024 is in."""
    table = _attributes(path, {"lad24_code": "LAD24CD", "region24_code": "RGN24CD", "region24_name": "RGN24NM"})
    strange = table.loc[~table["region24_code"].astype("str").str.fullmatch(r"E12\d{6}"), "region24_code"]
    if len(strange):
        raise SchemaError(
            f"lad24_region24_lookup: {path.name} has the region {strange.iloc[0]}, expected codes such as E12000001. "
            "The publisher changed its regions: see docs/add-a-data-source.md."
        )
    return table


def _boundaries(path: Path, columns: Mapping[str, str]) -> gpd.GeoDataFrame:
    """The features with repaired polygons, with the named properties renamed, in the order of the first."""
    shapes = _with_geometry(path, columns)
    repaired = shapes.geometry.where(shapes.is_valid, shapes.make_valid(method="structure", keep_collapsed=False))
    return shapes.set_geometry(repaired).sort_values(next(iter(columns)), ignore_index=True)


def _with_geometry(path: Path, columns: Mapping[str, str]) -> gpd.GeoDataFrame:
    """The features in the British National Grid, with the named properties renamed."""
    metadata, table = pyogrio.read_arrow(f"GeoJSONSeq:{path}", columns=list(columns.values()))
    names = table.column_names
    _require(path, list(columns.values()), names)
    geometry = shapely.from_wkb(table[metadata["geometry_name"] or "wkb_geometry"].to_numpy(zero_copy_only=False))
    attributes = table.select(list(columns.values())).to_pandas().set_axis(list(columns), axis=1)
    if any(shape is None for shape in np.atleast_1d(geometry)):
        raise SchemaError(f"{path.name} has a row without geometry; each needs one. The file is damaged.")
    return gpd.GeoDataFrame(attributes, geometry=geometry, crs=WGS84).to_crs(BRITISH_NATIONAL_GRID)


def _attributes(path: Path, columns: Mapping[str, str]) -> Table:
    """The named properties, renamed, without geometry, in the order of the first."""
    with path.open(encoding="utf-8") as lines:
        rows = [json.loads(line)["properties"] for line in lines]
    table = pd.DataFrame(rows)
    _require(path, list(columns.values()), list(table.columns))
    tidy = table[list(columns.values())].set_axis(list(columns), axis=1)
    return tidy.sort_values(next(iter(columns)), ignore_index=True)


def _require(path: Path, wanted: list[str], found: list[str]) -> None:
    if absent := [name for name in wanted if name not in found]:
        raise SchemaError(
            f"{path.name} has no column {', '.join(absent)}; found {', '.join(found)}. "
            "The publisher changed the layout: see docs/add-a-data-source.md."
        )
