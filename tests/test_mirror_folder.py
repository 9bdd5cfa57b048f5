"""A folder laid out as HOST/PATH stands in for every publisher, and never gives more than it holds."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from hjp_geo.discovery import FoundFile, FoundLayer
from hjp_geo.errors import PlanError, SourceError
from hjp_geo.upstream import Upstream

CSV = b"code,amount\nA,1\n"
LAYER = "services1.arcgis.com/ESMARspQHYMw9BZ9/arcgis/rest/services/ROWS_V2/FeatureServer/0"


def given(url: str, mirror: Path, to: Path) -> bytes:
    """The bytes that a folder gives for an address."""
    FoundFile("1", url, "x").transfer(Upstream(str(mirror)), to / "x", {})
    return (to / "x").read_bytes()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A mirror folder beside a secret file."""
    (tmp_path / "secret.csv").write_bytes(b"secret")
    mirror = tmp_path / "mirror"
    place = mirror / "files.example"
    place.mkdir(parents=True)
    (place / "data.csv").write_bytes(CSV)
    (place / "with space.csv").write_bytes(CSV)
    return mirror


def test_a_folder_gives_the_file_of_an_address(folder: Path, tmp_path: Path):
    assert given("https://files.example/data.csv", folder, tmp_path) == CSV


@pytest.mark.parametrize(
    "url", ["https://files.example/with%20space.csv", "https://files.example/data.csv?report=1&redirect"]
)
def test_a_folder_reads_escapes_and_ignores_the_query(folder: Path, tmp_path: Path, url: str):
    assert given(url, folder, tmp_path) == CSV


def test_what_a_folder_does_not_hold_is_a_404(folder: Path, tmp_path: Path):
    with pytest.raises(SourceError, match="answered 404, expected the file"):
        given("https://files.example/absent.csv", folder, tmp_path)


@pytest.mark.parametrize(
    "url",
    [
        "https://files.example/../../secret.csv",
        "https://files.example/%2e%2e/%2e%2e/secret.csv",
        "https://files.example/..%2f..%2fsecret.csv",
        "https://files.example/%252e%252e/%252e%252e/secret.csv",
        "https://../secret.csv",
    ],
)
def test_nothing_outside_a_folder_is_read(folder: Path, tmp_path: Path, url: str):
    with pytest.raises(SourceError, match=r"404|No answer"):
        given(url, folder, tmp_path)


def test_a_link_out_of_a_folder_is_not_followed(folder: Path, tmp_path: Path):
    (folder / "files.example" / "link.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(SourceError, match="404"):
        given("https://files.example/link.csv", folder, tmp_path)


def test_a_folder_counts_a_layer_by_its_count_file(folder: Path, tmp_path: Path):
    features = [{"type": "Feature", "properties": {"CD": code}, "geometry": None} for code in ("A", "B")]
    query = folder / LAYER / "query"
    query.parent.mkdir(parents=True)
    query.write_text(json.dumps({"features": features}))
    query.with_name("query.count.json").write_text('{"count": 2}')
    layer = FoundLayer("V2", f"https://{LAYER}", "x", "1=1", ("CD",), "CD", with_geometry=False, edited="1")
    upstream, to = Upstream(str(folder)), tmp_path / "x"
    validators = layer.transfer(upstream, to, {})
    assert [json.loads(line) for line in to.read_text().splitlines()] == features
    assert validators is not None
    assert layer.transfer(upstream, to, validators) is not None  # read again: it costs nothing


def test_a_folder_says_what_it_is(folder: Path):
    assert Upstream(str(folder)).manifest() == {}
    (folder / "mirror.toml").write_text("made_up = true\n[expected_rows]\niod25 = 600\n")
    assert Upstream(str(folder)).manifest() == {"made_up": True, "expected_rows": {"iod25": 600}}


def test_a_folder_that_says_it_wrongly_is_named(folder: Path):
    (folder / "mirror.toml").write_text("made_up = yes")
    with pytest.raises(SourceError, match=r"mirror\.toml is not TOML"):
        Upstream(str(folder)).manifest()


def test_a_zip_of_a_folder_keeps_its_bytes(folder: Path, tmp_path: Path):
    path = folder / "files.example" / "data.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", CSV)
    assert given("https://files.example/data.zip", folder, tmp_path) == path.read_bytes()


def test_the_answer_of_an_address_above_another_is_its_index_file(folder: Path, tmp_path: Path):
    (folder / "files.example" / "index.json").write_text("{}")
    assert Upstream(str(folder)).json("https://files.example") == {}
    assert given("https://files.example/data.csv", folder, tmp_path) == CSV


@pytest.mark.parametrize("mirror", ["/no/such/folder", "127.0.0.1:8765"])
def test_a_mirror_that_is_neither_address_nor_folder_is_refused_at_once(mirror: str):
    with pytest.raises(PlanError, match="neither an address such as"):
        Upstream(mirror)
