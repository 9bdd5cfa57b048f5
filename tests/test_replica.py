"""England's real data, fetched from a replica of every publisher: the known totals hold, and every fault is met.

The totals are those that the publishers' files were found to have (CONTRACTS §3-§10 and §16).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
from replica import Replica

from hjp_geo.areas import Table
from hjp_geo.errors import HjpError, SchemaError, SourceError
from hjp_geo.registry import discover
from hjp_geo.source import Release, Source, fetch, read_release, releases
from hjp_geo.upstream import Upstream

pytestmark = pytest.mark.replica

SOURCES = {name: one for name, one in discover("data_sources", Source).items() if not one.optional}

Read = Callable[[str], Table]


@pytest.fixture(scope="module")
def read(england_cache: Path) -> Read:
    """The checked table of a source, read once."""
    held = releases(england_cache)

    @cache
    def table(name: str) -> Table:
        return read_release(SOURCES[name], held[name], england_cache)

    return table


@pytest.fixture
def online(replica: Replica) -> Upstream:
    return Upstream(replica.base, pause_seconds=0.01)


# --- what England's files hold ---------------------------------------------------------------------------------------

ROWS = {
    "debt_advice_organisations": 1_295,
    "gp_practices": 16_685,
    "gp_registrations": 865_965,
    "icb23_boundaries": 42,
    "iod25": 33_755,
    "legal_aid_offices": 3_341,
    "lsoa11_lsoa21_lookup": 33_856,
    "lsoa21_boundaries": 33_755,
    "lsoa21_centroids": 33_755,
    "lsoa21_icb24_lookup": 33_755,
    "lsoa21_rural_urban": 33_755,
    "postcodes": 1_745_849,
    "qof_prevalence": 129_948,
}


def test_every_source_is_held_with_its_known_total(england_cache: Path):
    held = {name: release for name, release in releases(england_cache).items() if name in SOURCES}
    assert {name: release.rows for name, release in held.items()} == ROWS
    assert set(held) == set(SOURCES)
    assert not any(release.made_up for release in held.values())


def test_only_the_registrations_had_to_fall_back_to_an_older_release(england_cache: Path):
    warned = {name: release for name, release in releases(england_cache).items() if release.warnings}
    assert list(warned) == ["gp_registrations"]
    assert warned["gp_registrations"].release == "July 2022"
    assert "26EB57" in warned["gp_registrations"].warnings[0]


def test_nothing_is_sent_again_where_nothing_has_changed(england_cache: Path, online: Upstream, tmp_path: Path):
    mine = tmp_path / "england"
    shutil.copytree(england_cache, mine)
    before = releases(mine)
    for one in SOURCES.values():
        fetch(one, mine, online)
    assert releases(mine) == before


def test_the_deprivation_of_england(read: Read):
    iod = read("iod25")
    assert iod["population"].sum() == 57_112_129
    assert sorted(iod["imd_rank"]) == list(range(1, 33_756))
    assert (iod["imd_decile"] == np.ceil(iod["imd_rank"] * 10 / 33_755)).all()
    assert iod["lad24_code"].nunique() == 296
    # corrected by the publisher in November 2025, from Cherwell to West Northamptonshire
    assert iod.set_index("lsoa21_code").loc["E01027305", "lad24_code"] == "E06000062"
    shares = iod[["income_rate", "employment_rate"]]
    assert shares.min(axis=None) >= 0
    assert shares.max(axis=None) <= 1
    # this copy of the file lacks two columns of scores: missing, not 0
    assert iod[["idaci_rate", "idaopi_rate"]].isna().all(axis=None)


@pytest.mark.parametrize(
    "name", ["lsoa21_boundaries", "lsoa21_centroids", "lsoa21_icb24_lookup", "lsoa21_rural_urban", "iod25"]
)
def test_every_table_of_2021_has_the_same_areas(read: Read, name: str):
    assert read(name)["lsoa21_code"].equals(
        read("lsoa11_lsoa21_lookup")["lsoa21_code"].drop_duplicates().sort_values(ignore_index=True)
    )


def test_how_the_areas_of_2011_became_those_of_2021(read: Read):
    lookup = read("lsoa11_lsoa21_lookup")
    assert lookup["change"].value_counts().to_dict() == {"U": 31_810, "S": 1_842, "M": 194, "X": 10}
    assert lookup["lsoa11_code"].nunique() == 32_844


def test_the_boards_and_districts_of_2024(read: Read):
    counts = read("lsoa21_icb24_lookup")[["icb24_code", "sicbl24_code", "lad24_code"]].nunique()
    assert counts.to_list() == [42, 106, 296]


def test_boundaries_are_sound_and_people_live_in_or_beside_their_own(read: Read):
    shapes, points = read("lsoa21_boundaries"), read("lsoa21_centroids")
    assert isinstance(shapes, gpd.GeoDataFrame)
    assert shapes.is_valid.all()  # seven are not, as published
    assert set(shapes.geom_type) <= {"Polygon", "MultiPolygon"}
    homes = gpd.GeoSeries(gpd.points_from_xy(points["easting"], points["northing"]), crs=shapes.crs)
    away = shapes.geometry.distance(homes)
    # measured on the published layers: 98.6 % inside, 99.8 % within 10 m, worst 57 m; ours come rounded to 4 decimals
    assert (away == 0).mean() == pytest.approx(0.986, abs=0.002)
    assert (away <= 10).mean() == pytest.approx(0.998, abs=0.001)
    assert away.max() < 65


def test_the_registers_of_england(read: Read):
    qof = read("qof_prevalence")
    assert qof["practice_code"].nunique() == 6_188
    assert (qof.groupby("practice_code").size() == 21).all()
    assert qof.loc[qof["condition"] == "CAN", "list_size"].sum() == 63_766_671
    totals = qof.groupby("condition")[["register", "list_size"]].sum()
    rates = (100 * totals["register"] / totals["list_size"]).round(2)
    assert rates[["HYP", "DM", "DEP", "CAN"]].to_list() == [15.23, 7.89, 14.27, 3.80]  # as NHS England published


def test_the_patients_of_england(read: Read):
    lists = read("gp_registrations")
    assert lists["patients"].sum() == 61_768_942
    assert lists["practice_code"].nunique() == 6_484
    assert lists.loc[lists["lsoa_code"] == "NO2011", "patients"].sum() == 27_415
    assert lists["patients"].min() == 1  # nothing is suppressed


def test_the_practices_of_england(read: Read):
    practices = read("gp_practices")
    assert ((practices["status"] == "active") & practices["is_gp_practice"]).sum() == 6_618


def test_the_postcodes_of_great_britain(read: Read):
    postcodes = read("postcodes")
    assert (postcodes["country_code"] == "E92000001").sum() == 1_492_125
    nowhere = postcodes["quality"] == 90
    assert postcodes.loc[nowhere, ["easting", "northing"]].isna().all(axis=None)
    assert postcodes.loc[~nowhere, ["easting", "northing"]].notna().all(axis=None)


def test_the_legal_aid_offices(read: Read):
    offices = read("legal_aid_offices")
    held = offices[["housing", "debt", "welfare_benefits", "community_care", "education", "discrimination"]].sum()
    assert held.to_list() == [367, 367, 42, 118, 23, 32]
    assert offices["date_refreshed"].unique().tolist() == ["2026-03-18"]
    assert offices["provider_name"].str.startswith("@").any()


def test_the_debt_advice_list(read: Read):
    listed = read("debt_advice_organisations")
    assert listed["face_to_face"].sum() == 1_267
    assert not listed["name"].str.contains("[\x80-\x9f\ufffd]", regex=True).any()


# --- what goes wrong -------------------------------------------------------------------------------------------------

FILE_7 = "assets.publishing.*File_7_IoD2025"
ROLES = "LSOA21_RUC21_EW_LU"
QOF = "QOF2425"
PRACTICES = "epraccur"


def tried(replica: Replica, online: Upstream, cache_folder: Path, name: str, *rules: dict[str, Any]) -> Release:
    with replica.having(*rules):
        return fetch(SOURCES[name], cache_folder, online)


HARMLESS = {
    "one broken body": ("iod25", {"match": FILE_7, "mode": "truncate", "times": 1}),
    "one reset": ("iod25", {"match": FILE_7, "mode": "reset", "times": 1}),
    "busy twice": ("iod25", {"match": FILE_7, "mode": "status-503", "times": 2}),
    "asked to wait": ("iod25", {"match": FILE_7, "mode": "status-429", "times": 1, "retry_after": 0}),
    "not modified for a first request": ("iod25", {"match": FILE_7, "mode": "stale-304"}),
    "a passing error with status 200": (
        "lsoa21_rural_urban",
        {"match": f"{ROLES}.*query", "mode": "arcgis-error-200", "code": 500, "times": 1},
    ),
    "short pages": ("lsoa21_rural_urban", {"match": ROLES, "mode": "arcgis-short-page", "flag": "none"}),
    "pages that repeat rows unless ordered": ("lsoa21_rural_urban", {"match": ROLES, "mode": "arcgis-duplicate-page"}),
    "the flag in its other place": ("lsoa21_rural_urban", {"match": ROLES, "mode": "arcgis-flag-top"}),
    "an empty list of services": ("lsoa21_rural_urban", {"match": "services", "mode": "empty-services", "times": 2}),
}


@pytest.mark.parametrize(("name", "rule"), HARMLESS.values(), ids=HARMLESS.keys())
def test_a_passing_fault_changes_nothing(
    replica: Replica, online: Upstream, england_cache: Path, tmp_path: Path, name: str, rule: dict[str, Any]
):
    got = tried(replica, online, tmp_path, name, rule)
    assert got.sha256 == releases(england_cache)[name].sha256


HARMFUL = {
    "a body always cut off": ("iod25", {"match": FILE_7, "mode": "truncate"}, SourceError, "broke off"),
    "a shorter body than the index says": (
        "iod25",
        {"match": FILE_7, "mode": "truncate", "silent": True},
        SourceError,
        "its index announced 9,568,216",
    ),
    "a challenge page": ("iod25", {"match": FILE_7, "mode": "html-200"}, SourceError, "a web page, not with File_7"),
    "withdrawn": ("iod25", {"match": FILE_7, "mode": "gone-410"}, SourceError, "answered 410.*withdrawn"),
    "refused": ("qof_prevalence", {"match": QOF, "mode": "status-403"}, SourceError, "answered 403.*by hand"),
    "another column name": (
        "qof_prevalence",
        {"match": QOF, "mode": "header-renamed", "rename": {"GROUP_CODE": "CONDITION"}},
        SchemaError,
        r"no column GROUP_CODE or INDICATOR_GROUP_CODE in QOF2425\.zip; found PRACTICE_CODE, CONDITION",
    ),
    "a column gone": (
        "qof_prevalence",
        {"match": QOF, "mode": "column-missing", "column": "REGISTER"},
        SchemaError,
        "no column REGISTER or REGISTER_SIZE",
    ),
    "a column gone without a header": (
        "gp_practices",
        {"match": PRACTICES, "mode": "column-missing", "column": 5},
        SchemaError,
        "has 26 columns, expected 27",
    ),
    "half of the practices lost": (
        "gp_practices",
        {"match": PRACTICES, "mode": "rows-missing", "drop": 0.6},
        SchemaError,
        "expected at least 14,000",  # the least that the source declares
    ),
    "an eighth of the practices lost": (
        "gp_practices",
        {"match": PRACTICES, "mode": "rows-missing", "drop": 0.125},
        SchemaError,
        "the release before it .* has 16,685: over a tenth are gone",
    ),
    "an error with status 200": (
        "lsoa21_rural_urban",
        {"match": f"{ROLES}.*query", "mode": "arcgis-error-200"},
        SourceError,
        "answered with error 400",
    ),
    "rows lost": (
        "lsoa21_rural_urban",
        {"match": ROLES, "mode": "rows-missing"},
        SourceError,
        "33,745 different rows came, the publisher counts 33,755",
    ),
    "rows lost and not counted": (
        "lsoa21_rural_urban",
        {"match": ROLES, "mode": "rows-missing", "count_too": True},
        SchemaError,
        "33,745 rows, expected 33,755",
    ),
    "a later vintage of the fields": (
        "lsoa21_rural_urban",
        {"match": ROLES, "mode": "header-renamed"},
        SourceError,
        "has no field like LSOA21CD; it has LSOA23CD",
    ),
    "no list of services": (
        "lsoa21_rural_urban",
        {"match": "services", "mode": "empty-services"},
        SourceError,
        "empty list of services",
    ),
}


@pytest.mark.parametrize(("name", "rule", "kind", "said"), HARMFUL.values(), ids=HARMFUL.keys())
def test_a_lasting_fault_is_said_and_the_last_good_release_stays(
    replica: Replica,
    online: Upstream,
    england_cache: Path,
    tmp_path: Path,
    name: str,
    rule: dict[str, Any],
    kind: type[HjpError],
    said: str,
):
    good = releases(england_cache)[name]
    _hold(england_cache, good, tmp_path)
    unconditional = {"match": rule["match"], "mode": "no-validators"}
    _forget_validators(tmp_path)
    before = (tmp_path / "releases.toml").read_bytes()
    with pytest.raises(kind, match=said) as failed:
        tried(replica, online, tmp_path, name, rule, unconditional)
    assert "\n" not in str(failed.value)
    assert (tmp_path / "releases.toml").read_bytes() == before
    assert [path.name for path in (tmp_path / "raw" / name).iterdir()] == [Path(good.file).name]
    assert len(read_release(SOURCES[name], releases(tmp_path)[name], tmp_path)) == good.rows


def _hold(england_cache: Path, good: Release, mine: Path) -> None:
    """A cache folder of its own that holds this one release."""
    (mine / "raw" / good.source).mkdir(parents=True)
    shutil.copy2(england_cache / "raw" / good.file, mine / "raw" / good.file)
    shutil.copy2(england_cache / "releases.toml", mine / "releases.toml")


def _forget_validators(mine: Path) -> None:
    """As if the publisher had never sent any, so that the whole file is asked for again."""
    path = mine / "releases.toml"
    names = ("etag", "last_modified", "rows_counted")
    path.write_text("".join(line for line in path.read_text("utf-8").splitlines(True) if not line.startswith(names)))


def test_the_practices_are_the_same_in_the_dialect_of_2026(
    replica: Replica, online: Upstream, read: Read, tmp_path: Path
):
    rule = {"match": PRACTICES, "mode": "ods-role-codes"}
    got = tried(replica, online, tmp_path, "gp_practices", rule)
    practices = read_release(SOURCES["gp_practices"], got, tmp_path)
    for column in ("practice_code", "postcode", "is_gp_practice"):
        assert practices[column].equals(read("gp_practices")[column])
    active = practices["status"] == "active"
    assert active.equals(read("gp_practices")["status"] == "active")


def test_the_registers_are_the_same_with_the_column_name_of_2025_26(
    replica: Replica, online: Upstream, read: Read, tmp_path: Path
):
    rule = {"match": QOF, "mode": "header-renamed", "rename": {"REGISTER": "REGISTER_SIZE"}}
    got = tried(replica, online, tmp_path, "qof_prevalence", rule)
    assert read_release(SOURCES["qof_prevalence"], got, tmp_path).equals(read("qof_prevalence"))


@pytest.mark.parametrize("name", ["iod25", "legal_aid_offices"])
def test_a_newer_release_is_found_and_taken(
    replica: Replica, online: Upstream, england_cache: Path, tmp_path: Path, name: str
):
    good = releases(england_cache)[name]
    _hold(england_cache, good, tmp_path)
    newer = tried(replica, online, tmp_path, name, {"match": good.url.split("/")[-1][:12], "mode": "newer-vintage"})
    assert newer.release > good.release
    assert newer.sha256 != good.sha256
    assert (tmp_path / "raw" / good.file).is_file()  # what was once published is kept
