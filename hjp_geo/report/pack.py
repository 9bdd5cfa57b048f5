"""The data pack: everything behind a report in open formats, with a list of what each file and each field is."""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import geopandas as gpd

from hjp_geo.areas import BRITISH_NATIONAL_GRID, WGS84
from hjp_geo.evidence import Evidence
from hjp_geo.export import export, fields, with_apostrophes
from hjp_geo.maps import MOST_POLYGONS
from hjp_geo.maps.standalone import standalone_map
from hjp_geo.plan import Answer
from hjp_geo.report.layers_file import write_styled_layers
from hjp_geo.report.numbers import numbers_table
from hjp_geo.report.page import write_html
from hjp_geo.report.parts import DataTable, Report, sheet_name
from hjp_geo.report.slides import write_slides
from hjp_geo.report.steady import zip_of
from hjp_geo.report.word import write_word
from hjp_geo.report.workbook import write_workbook

__all__ = ["run_text", "write_folder", "write_pack_zip"]

_CELLS = (
    "An empty cell is not known: it is neither nought nor nothing. Text that looks like a formula has a leading "
    "apostrophe in the CSV and map files. No count of anybody's own clients is in here."
)
_MAP_NOTES = ("Open lists miss most outreach. Ask local partners before you act on a gap.",)


def run_text(report: Report) -> str:
    """The run file: what makes this report again."""
    return json.dumps({**report.run, "date": report.date}, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def write_folder(report: Report, found: Answer, evidence: Evidence, folder: Path) -> None:
    """Write the report in every format and the data pack into a folder that is there."""
    (folder / "tables").mkdir(exist_ok=True)
    written = dict(_write_all(report, found, evidence, folder))
    (folder / "README.md").write_text(_readme(report, found, evidence, written), "utf-8")


def write_pack_zip(report: Report, found: Answer, evidence: Evidence, path: Path) -> None:
    """Write the same as one zip file; the same report gives the same bytes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_folder(report, found, evidence, folder)
        files = sorted(one for one in folder.rglob("*") if one.is_file())
        path.write_bytes(zip_of({one.relative_to(folder).as_posix(): one for one in files}))


def _write_all(report: Report, found: Answer, evidence: Evidence, folder: Path) -> Iterator[tuple[str, str]]:
    """Write each file, and say what it is."""
    documents: tuple[tuple[str, str, Callable[[Report, Path], None]], ...] = (
        ("report.docx", "The report, to edit (Word)", write_word),
        ("report.html", "The report as one page that opens anywhere", write_html),
        ("board.pptx", "The deck for a board", write_slides),
        ("tables.xlsx", "Every table, one sheet each, with notes and fields", write_workbook),
    )
    for name, what, write in documents:
        write(report, folder / name)
        yield name, what
    for table in report.tables.values():
        _write_csv(table, report, folder / "tables" / f"{sheet_name(table)}.csv")
    yield "tables/", "The same tables as CSV; lines that begin with # are notes"
    numbers_path = folder / "numbers.csv"
    with_apostrophes(numbers_table(report)).to_csv(
        numbers_path, index=False, lineterminator="\r\n", encoding="utf-8-sig"
    )
    yield "numbers.csv", "Every figure of the text: its table, row and column, and the sources behind it"
    yield from _write_maps(report, found, evidence, folder)
    (folder / "plan.json").write_text(run_text(report), "utf-8")
    yield "plan.json", "The run file: `hjp-geo report --from plan.json` makes this report again"


def _write_maps(report: Report, found: Answer, evidence: Evidence, folder: Path) -> Iterator[tuple[str, str]]:
    sketches = report.maps[0].sketches if report.maps else None
    write_styled_layers(found, evidence, folder / "layers.gpkg", report.date, sketches)
    yield "layers.gpkg", "Areas and sites as map layers, with styles for QGIS (British National Grid)"
    areas = _areas(found, evidence)
    with_apostrophes(areas).to_parquet(folder / "areas.parquet", index=False)
    yield "areas.parquet", "The areas as GeoParquet (British National Grid)"
    export(found, evidence, folder / "areas.geojson")
    yield "areas.geojson", "The areas as GeoJSON (WGS84)"
    if sketches is not None and len(sketches):
        options = gpd.GeoDataFrame({"name": sketches.index}, geometry=sketches.to_numpy(), crs=BRITISH_NATIONAL_GRID)
        (folder / "options.geojson").write_text(options.to_crs(WGS84).to_json(drop_id=True), "utf-8")
        yield "options.geojson", "The options sketched (WGS84)"
    if len(found.areas) <= MOST_POLYGONS:
        notes = (*(("MADE-UP DATA: no figure here is about a real place.",) if report.made_up else ()), *_MAP_NOTES)
        standalone_map(report.maps, report.title, notes, folder / "map.html")
        yield "map.html", "The map as one file: it opens with no internet and asks for nothing"


def _areas(found: Answer, evidence: Evidence) -> gpd.GeoDataFrame:
    shapes = evidence.boundaries.loc[found.areas.index].to_numpy()
    return gpd.GeoDataFrame(found.areas.reset_index(), geometry=shapes, crs=BRITISH_NATIONAL_GRID)


def _write_csv(table: DataTable, report: Report, path: Path) -> None:
    lines = [f"{table.key}. {table.title}", *filter(None, (table.made_by, table.note))]
    lines += ["MADE-UP DATA: no figure here is about a real place."] if report.made_up else []
    lines += [f"made from: {', '.join(table.sources) or 'the plan'}", "empty: not known"]
    lines += [f"{name}: {column.meaning or column.label}" for name, column in table.columns.items()]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        file.writelines(f"# {' '.join(line.split())}\r\n" for line in lines)
        rows = with_apostrophes(table.frame.rename_axis("row").reset_index())
        rows.to_csv(file, index=False, lineterminator="\r\n", quoting=csv.QUOTE_NONNUMERIC)


def _readme(report: Report, found: Answer, evidence: Evidence, written: dict[str, str]) -> str:
    tables = [f"- `{sheet_name(one)}`: {_line(one.title)}" for one in report.tables.values()]
    columns = [f"- `{name}`: {_line(meaning)}" for name, meaning in fields(found, evidence).items()]
    releases = [
        f"- {name}: release {_line(one['release'])}, sha256 {one['sha256']}"
        for name, one in report.run["releases"].items()
    ]
    warning = ["**MADE-UP DATA: no figure here is about a real place.**", ""] if report.made_up else []
    parts = [
        f"# {_line(report.title)}",
        "",
        f"Data pack of the gap analysis of {report.date}, made with hjp-geo {report.run['hjp_geo']}.",
        "",
        *warning,
        _CELLS,
        "",
        "## Files",
        "",
        *(f"- `{name}`: {what}" for name, what in written.items()),
        "",
        "## Tables",
        "",
        *tables,
        "",
        "## Fields of the areas",
        "",
        *columns,
        "",
        "## Releases",
        "",
        *releases,
        "",
        "## Credits, to be quoted with the figures",
        "",
        *(f"- {_line(line)}" for line in report.attribution),
        "",
    ]
    return "\n".join(parts)


def _line(text: object) -> str:
    """Text from data on one line, without the signs that Markdown or HTML would act on."""
    flat = " ".join(str(text).split())
    return "".join(f"\\{one}" if one in "\\`*_[]<>#|" else one for one in flat)
