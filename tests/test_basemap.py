"""A background map is the host's choice: none by default, never without its credit."""

from __future__ import annotations

import pytest

from hjp_geo.sketchmap import BasemapError, host_basemap

TILES = "https://tiles.example.org/{z}/{x}/{y}.png"


@pytest.fixture
def setting(monkeypatch: pytest.MonkeyPatch):
    def put(url: str, credit: str) -> None:
        monkeypatch.setenv("HJP_GEO_BASEMAP_URL", url)
        monkeypatch.setenv("HJP_GEO_BASEMAP_CREDIT", credit)

    put("", "")
    return put


def test_there_is_none_by_default(setting):
    assert host_basemap() is None


@pytest.mark.parametrize("url", [TILES, "http://10.0.0.7/t/{z}/{y}/{x}", "/tiles/{z}/{x}/{y}.png"])
def test_an_address_with_its_credit_is_taken(setting, url: str):
    setting(url, " © the makers ")
    found = host_basemap()
    assert found is not None
    assert (found.url, found.attribution) == (url, "© the makers")


@pytest.mark.parametrize(
    "url",
    ["tiles.example.org/{z}/{x}/{y}", "https://tiles.example.org/{z}/{x}.png", "javascript:{z}{x}{y}", "//a/{z}{x}{y}"],
)
def test_what_is_no_tile_address_is_refused_and_says_what_one_is(setting, url: str):
    setting(url, "© the makers")
    with pytest.raises(BasemapError, match=r"is not a tile address\. Expected"):
        host_basemap()


def test_tiles_without_a_credit_are_refused(setting):
    setting(TILES, "")
    with pytest.raises(BasemapError, match="HJP_GEO_BASEMAP_CREDIT is not"):
        host_basemap()
