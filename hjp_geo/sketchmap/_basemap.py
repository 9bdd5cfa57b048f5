"""The background map that the host of this server may set; there is none unless they do."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from hjp_geo.errors import HjpError
from hjp_geo.sketchmap._data import Basemap

URL_SETTING, CREDIT_SETTING = "HJP_GEO_BASEMAP_URL", "HJP_GEO_BASEMAP_CREDIT"


class BasemapError(HjpError, ValueError):
    """The background map that the host has set cannot be used."""


def host_basemap() -> Basemap | None:
    """The tiles that the host has set by address, and the credit line they require; None where nothing is set.

    Raises BasemapError, which says what to set, for an address that is no tile address or comes without its credit.
    """
    url, credit = (os.environ.get(name, "").strip() for name in (URL_SETTING, CREDIT_SETTING))
    if not url:
        return None
    parts = urlsplit(url)
    is_web = parts.scheme in ("http", "https") and parts.netloc
    is_own = url.startswith("/") and not url.startswith("//")  # tiles behind the same web server
    if not (is_web or is_own) or any(part not in url for part in ("{z}", "{x}", "{y}")):
        raise BasemapError(
            f"The background map {URL_SETTING}={url[:80]} is not a tile address. Expected http, https or a path of "
            "this server, with {z}, {x} and {y} in it, such as https://tiles.example.org/{z}/{x}/{y}.png."
        )
    if not credit:
        raise BasemapError(
            f"{URL_SETTING} is set, but {CREDIT_SETTING} is not. Set it to the credit line that the tiles' licence "
            "requires; it is shown under every map."
        )
    return Basemap(url=url, attribution=credit)
