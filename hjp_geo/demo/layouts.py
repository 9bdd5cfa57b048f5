"""File formats of the publishers, byte for byte the same on every run: CSV, zip, workbook, ArcGIS answers."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

import shapely

from hjp_geo.areas import Table

__all__ = ["TITLE", "as_csv", "as_json", "as_workbook", "as_zip", "gov_uk_page", "layer_answers"]

TITLE = "A made-up Integrated Care System: no figure in it is about a real place"
ASSETS = "assets.publishing.service.gov.uk/media"

_LONG_AGO = (2026, 11, 24, 0, 0, 0)
_NAMESPACE = "http://schemas.openxmlformats.org"
_SHEET = f"{_NAMESPACE}/spreadsheetml/2006/main"
_OFFICE = f"{_NAMESPACE}/officeDocument/2006/relationships"
_PACKAGE = f"{_NAMESPACE}/package/2006"


def as_csv(table: Table, *, encoding: str = "utf-8", header: Sequence[str] | bool = True, newline: str = "\n") -> bytes:
    """A table as a publisher's CSV; ``header`` replaces the column names, or False leaves them out."""
    return table.to_csv(index=False, header=header, lineterminator=newline).encode(encoding)  # type: ignore[arg-type]


def as_json(value: Any) -> bytes:
    """A value as JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def as_zip(members: Mapping[str, bytes]) -> bytes:
    """A zip with these members and a fixed date."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, _LONG_AGO), content, zipfile.ZIP_DEFLATED)
    return body.getvalue()


def as_workbook(sheets: Mapping[str, Sequence[Sequence[str]]]) -> bytes:
    """A workbook of text cells: the least that a reader of .xlsx accepts."""
    numbers = range(1, len(sheets) + 1)
    listed = "".join(
        f'<sheet name="{escape(name)}" sheetId="{n}" r:id="rId{n}"/>' for n, name in zip(numbers, sheets, strict=True)
    )
    links = "".join(
        f'<Relationship Id="rId{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in numbers
    )
    kinds = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_kind("worksheet")}"/>' for n in numbers
    )
    start = f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
    return as_zip(
        {
            "[Content_Types].xml": _xml(
                f'<Types xmlns="{_PACKAGE}/content-types">'
                '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
                f'<Override PartName="/xl/workbook.xml" ContentType="{_kind("sheet.main")}"/>{kinds}</Types>'
            ),
            "_rels/.rels": _xml(f'<Relationships xmlns="{_PACKAGE}/relationships">{start}</Relationships>'),
            "xl/workbook.xml": _xml(
                f'<workbook xmlns="{_SHEET}" xmlns:r="{_OFFICE}"><sheets>{listed}</sheets></workbook>'
            ),
            "xl/_rels/workbook.xml.rels": _xml(
                f'<Relationships xmlns="{_PACKAGE}/relationships">{links}</Relationships>'
            ),
            **{
                f"xl/worksheets/sheet{n}.xml": _worksheet(rows)
                for n, rows in zip(numbers, sheets.values(), strict=True)
            },
        }
    )


def _kind(part: str) -> str:
    return f"application/vnd.openxmlformats-officedocument.spreadsheetml.{part}+xml"


def _xml(body: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n{body}'.encode()


def _worksheet(rows: Sequence[Sequence[str]]) -> bytes:
    lines = [
        f'<row r="{number}">'
        + "".join(
            f'<c r="{_column(position)}{number}" t="inlineStr"><is><t>{escape(text)}</t></is></c>'
            for position, text in enumerate(row)
            if text
        )
        + "</row>"
        for number, row in enumerate(rows, 1)
    ]
    return _xml(f'<worksheet xmlns="{_SHEET}"><sheetData>{"".join(lines)}</sheetData></worksheet>')


def _column(position: int) -> str:
    letters = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def layer_answers(service: str, attributes: Table, shapes: Any = None) -> dict[str, bytes]:
    """The files of one ArcGIS layer: what it is, how many rows it has, and all of them on one page."""
    root = f"services1.arcgis.com/ESMARspQHYMw9BZ9/arcgis/rest/services/{service}/FeatureServer/0"
    numbered = attributes.assign(ObjectId=range(1, len(attributes) + 1))
    geometries = [None] * len(numbered) if shapes is None else [json.loads(g) for g in shapely.to_geojson(shapes)]
    features = [
        {"type": "Feature", "properties": properties, "geometry": geometry}
        for properties, geometry in zip(numbered.to_dict("records"), geometries, strict=True)
    ]
    fields = [{"name": name, "type": "esriFieldTypeString", "alias": name} for name in numbered.columns]
    about = {"id": 0, "name": service, "objectIdField": "ObjectId", "maxRecordCount": 5000, "fields": fields}
    return {
        f"{root}/index.json": as_json(about),
        f"{root}/query": as_json({"type": "FeatureCollection", "features": features}),
        f"{root}/query.count.json": as_json({"count": len(features)}),
    }


def gov_uk_page(page: str, media: str, name: str, body: bytes, updated: str) -> dict[str, bytes]:
    """A GOV.UK page with a decoy and one attachment, and the attachment."""
    url = f"https://{ASSETS}/{media}/{name}"
    decoy = {
        "attachment_type": "file",
        "content_type": "application/pdf",
        "filename": "Made_up_report.pdf",
        "url": f"https://{ASSETS}/made00000000000000decoy0/Made_up_report.pdf",
    }
    wanted = {"attachment_type": "file", "filename": name, "url": url, "file_size": len(body)}
    item = {
        "title": TITLE,
        "base_path": page.removeprefix("www.gov.uk/api/content"),
        "public_updated_at": updated,
        "details": {"attachments": [decoy, wanted]},
    }
    return {page: as_json(item), f"{ASSETS}/{media}/{name}": body}
