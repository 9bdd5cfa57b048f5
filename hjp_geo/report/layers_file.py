"""The GeoPackage that opens styled: a table of styles beside the layers, which QGIS takes as each layer's own."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio

from hjp_geo.areas import BRITISH_NATIONAL_GRID, AreaValues
from hjp_geo.evidence import Evidence
from hjp_geo.export import export, with_apostrophes
from hjp_geo.maps.shades import fifths
from hjp_geo.plan import Answer

__all__ = ["write_styled_layers"]

_STYLES = "layer_styles"


def write_styled_layers(
    found: Answer, evidence: Evidence, path: Path, date: str, sketches: gpd.GeoSeries | None = None
) -> None:
    """Write the answer's GeoPackage with the styles of the screen in it."""
    with _same_moment(date):
        export(found, evidence, path)
        more = []
        if sketches is not None and len(sketches):
            names = pd.DataFrame({"name": sketches.index.astype("str")})
            rows = gpd.GeoDataFrame(with_apostrophes(names), geometry=sketches.to_numpy(), crs=BRITISH_NATIONAL_GRID)
            _add_layer(path, "options", rows)
            more.append("options")
        _add_styles(path, found.areas["need"], date, more)


@contextmanager
def _same_moment(date: str) -> Iterator[None]:
    """GeoPackages written inside are dated by the report, not by the clock."""
    name = "OGR_CURRENT_DATE"
    before = pyogrio.get_gdal_config_option(name)
    pyogrio.set_gdal_config_options({name: f"{date}T00:00:00.000Z"})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({name: before})


def _add_layer(path: Path, name: str, rows: gpd.GeoDataFrame) -> None:
    """Add one layer to a GeoPackage."""
    pyogrio.write_dataframe(rows, path, layer=name, driver="GPKG")


def _add_styles(path: Path, need: AreaValues, date: str, more: Sequence[str] = ()) -> None:
    """Add the table of styles: areas by fifths of need, deserts outlined, sites as signs; ``more`` are sketches."""
    styles = {
        "areas": _areas_style(need),
        "advice_sites": _points_style("diamond", "#111827", 3.0),
        "health_sites": _points_style("circle", "#0f766e", 1.8),
        **{name: _outline_style("#6d28d9") for name in more},
    }
    rows = pd.DataFrame(
        {
            "f_table_catalog": "",
            "f_table_schema": "",
            "f_table_name": list(styles),
            "f_geometry_column": "geom",
            "styleName": [f"hjp-geo {name}" for name in styles],
            "styleQML": list(styles.values()),
            "styleSLD": "",
            "useAsDefault": True,
            "description": "The colours of the screen",
            "owner": "hjp-geo",
            "ui": "",
            "update_time": pd.Timestamp(date),
        }
    )
    pyogrio.write_dataframe(rows, path, layer=_STYLES, driver="GPKG", layer_options={"FID": "id"})


def _areas_style(need: AreaValues) -> str:
    """Rules: need in fifths; areas without need hatched; deserts with a heavy outline."""
    shades = fifths(need)
    known = need.dropna()
    edges = [known[shades.classes[need.notna().to_numpy()] == number] for number in range(len(shades.colours))]
    rules, symbols = [], []
    for number, (colour, label, values) in enumerate(zip(shades.colours, shades.labels, edges, strict=True)):
        low, high = float(np.min(values)), float(np.max(values))
        test = f'"need" >= {low!r} AND "need" <= {high!r}'
        rules.append(_rule(number, test, f"Need {label}"))
        symbols.append(_fill_symbol(number, colour))
    number = len(symbols)
    rules.append(_rule(number, '"need" IS NULL', "no data"))
    symbols.append(_hatch_symbol(number))
    rules.append(_rule(number + 1, '"desert" = 1 OR "desert" = true', "advice desert"))
    symbols.append(_outline_symbol(number + 1, "#000000", 0.7))
    return _document(
        f'<renderer-v2 type="RuleRenderer" symbollevels="1"><rules key="all">{"".join(rules)}</rules>'
        f"<symbols>{''.join(symbols)}</symbols></renderer-v2>",
        geometry=2,
    )


def _rule(number: int, test: str, label: str) -> str:
    return f'<rule key="r{number}" symbol="{number}" filter="{_text(test)}" label="{_text(label)}"/>'


def _fill_symbol(number: int, colour: str) -> str:
    return _symbol(
        number,
        "fill",
        "SimpleFill",
        {"color": colour, "style": "solid", "outline_color": "#ffffff", "outline_width": 0.1},
    )


def _hatch_symbol(number: int) -> str:
    values = {"color": "#6b7280", "style": "b_diagonal", "outline_color": "#6b7280", "outline_width": 0.2}
    return _symbol(number, "fill", "SimpleFill", values)


def _outline_symbol(number: int, colour: str, width: float) -> str:
    values = {"style": "no", "outline_color": colour, "outline_style": "solid", "outline_width": width}
    return _symbol(number, "fill", "SimpleFill", values)


def _points_style(shape: str, colour: str, size: float) -> str:
    values = {"name": shape, "color": colour, "outline_color": "#ffffff", "outline_width": 0.3, "size": size}
    symbol = _symbol(0, "marker", "SimpleMarker", values)
    return _document(f'<renderer-v2 type="singleSymbol"><symbols>{symbol}</symbols></renderer-v2>', geometry=0)


def _outline_style(colour: str) -> str:
    symbol = _outline_symbol(0, colour, 0.6)
    return _document(f'<renderer-v2 type="singleSymbol"><symbols>{symbol}</symbols></renderer-v2>', geometry=2)


def _symbol(number: int, kind: str, layer: str, values: Mapping[str, object]) -> str:
    options = "".join(
        f'<Option type="QString" name="{name}" value="{_colour(value) if "color" in name else value}"/>'
        for name, value in values.items()
    )
    return (
        f'<symbol name="{number}" type="{kind}" alpha="1"><layer class="{layer}" enabled="1" pass="{number}">'
        f'<Option type="Map">{options}</Option></layer></symbol>'
    )


def _colour(value: object) -> str:
    text = str(value).lstrip("#")
    return ",".join(str(int(text[at : at + 2], 16)) for at in (0, 2, 4)) + ",255"


def _document(renderer: str, geometry: int) -> str:
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>"
        f'<qgis version="3.34.0" styleCategories="Symbology">{renderer}<layerGeometryType>{geometry}'
        "</layerGeometryType></qgis>"
    )


def _text(value: str) -> str:
    return html.escape(value, quote=True)
