"""The report as a Word document to edit, quote and print: styles, captions, alt text, headers that repeat."""

from __future__ import annotations

import datetime as dt
import io
import itertools
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import docx
from docx.document import Document
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Cm, Emu, Pt, RGBColor

from hjp_geo.report.drawing import as_png, plain_svg
from hjp_geo.report.parts import (
    Block,
    Bullets,
    Column,
    Figure,
    Paragraph,
    Report,
    Section,
    Sentence,
    TableBlock,
    in_words,
)
from hjp_geo.report.steady import steady_zip

__all__ = ["picture_with_vector", "write_word"]

_FONT = "Arial"
_BLUE, _GREY = RGBColor(0x1D, 0x4F, 0x91), RGBColor(0x37, 0x41, 0x51)
_WIDTH_CM = 17.0
_DPI = 220
_SVG_NAMESPACE = "http://schemas.microsoft.com/office/drawing/2016/SVG/main"
_SVG_EXTENSION = "{96DAC541-7B7A-43D3-8B79-37D633B846F1}"
_NUMERIC = ("count", "number", "percent", "share", "rank", "index")


def write_word(report: Report, path: Path) -> None:
    """Write the report as a .docx file; the same report gives the same bytes."""
    made = docx.Document()
    _set_up(made, report)
    _Writer(made, report).write()
    out = io.BytesIO()
    made.save(out)
    path.write_bytes(steady_zip(out.getvalue()))


def _set_up(made: Document, report: Report) -> None:
    day = dt.datetime.fromisoformat(report.date)
    about = made.core_properties
    about.title, about.author, about.subject = report.title, "hjp-geo", "Gap analysis"
    about.created = about.modified = day
    about.last_modified_by, about.comments, about.language = "hjp-geo", "", "en-GB"
    page = made.sections[0]
    page.page_width, page.page_height = Cm(21), Cm(29.7)
    page.left_margin = page.right_margin = Cm(2)
    page.top_margin, page.bottom_margin = Cm(2), Cm(2)
    for name, size, colour, before, after in (
        ("Normal", 10.5, None, 0, 6),
        ("Title", 22, _BLUE, 0, 6),
        ("Heading 1", 15, _BLUE, 16, 6),
        ("Heading 2", 11.5, _BLUE, 10, 4),
        ("Caption", 9.5, _GREY, 6, 4),
        ("List Bullet", 10.5, None, 0, 3),
    ):
        _set_style(made, name, size, colour, before, after)
    made.styles["Caption"].font.bold = True
    _footer(page.footer.paragraphs[0], report)


def _set_style(made: Document, name: str, size: float, colour: RGBColor | None, before: float, after: float) -> None:
    style: Any = made.styles[name]
    style.font.name, style.font.size = _FONT, Pt(size)
    properties = style.element.get_or_add_rPr()
    fonts = properties.get_or_add_rFonts()
    for script in ("w:ascii", "w:hAnsi", "w:cs", "w:eastAsia"):
        fonts.set(qn(script), _FONT)
    for theme in ("w:asciiTheme", "w:hAnsiTheme", "w:cstheme", "w:eastAsiaTheme"):
        fonts.attrib.pop(qn(theme), None)
    language = properties.find(qn("w:lang"))
    if language is None:
        language = OxmlElement("w:lang")
        properties.append(language)
    language.set(qn("w:val"), "en-GB")
    if colour is not None:
        style.font.color.rgb = colour
    style.paragraph_format.space_before, style.paragraph_format.space_after = Pt(before), Pt(after)
    style.paragraph_format.line_spacing = 1.1
    if name.startswith(("Heading", "Title")):
        style.paragraph_format.keep_with_next = True


def _footer(line: Any, report: Report) -> None:
    line.alignment = WD_ALIGN_PARAGRAPH.LEFT
    words = "MADE-UP DATA · " if report.made_up else ""
    run = line.add_run(f"{words}{report.place} · gap analysis of {report.date} · page ")
    run.font.size, run.font.color.rgb = Pt(8), _GREY
    number = line.add_run()
    number.font.size, number.font.color.rgb = Pt(8), _GREY
    for kind, text in (("begin", ""), ("", "PAGE"), ("end", "")):
        if kind:
            part = OxmlElement("w:fldChar")
            part.set(qn("w:fldCharType"), kind)
        else:
            part = OxmlElement("w:instrText")
            part.set(qn("xml:space"), "preserve")
            part.text = text
        number._r.append(part)


class _Writer:
    """Puts one report into one document; bookmarks are numbered as they come."""

    def __init__(self, made: Document, report: Report) -> None:
        self._made, self._report = made, report
        self._bookmarks = itertools.count(1)
        self._vectors = itertools.count(1)

    def write(self) -> None:
        report, made = self._report, self._made
        made.add_paragraph(report.title, style="Title")
        self._small(f"Gap analysis · {report.date}")
        self._section(report.summary)
        self._contents()
        for one in report.sections:
            self._section(one)
        self._all_tables()

    def _small(self, text: str) -> None:
        run = self._made.add_paragraph().add_run(text)
        run.font.size, run.font.color.rgb = Pt(9), _GREY

    def _contents(self) -> None:
        heading = self._made.add_heading("Contents", level=1)
        heading.paragraph_format.page_break_before = True
        for one in self._report.sections:
            line = self._made.add_paragraph(style="List Number")
            line.paragraph_format.space_after = Pt(2)
            self._link(line, one.title, f"s_{one.key}", size=10.5)

    def _section(self, one: Section) -> None:
        heading = self._made.add_heading(one.title, level=1)
        self._bookmark(heading, f"s_{one.key}")
        for block in one.blocks:
            self._block(block)

    def _block(self, block: Block) -> None:
        if isinstance(block, Paragraph):
            self._paragraph(block)
        elif isinstance(block, Bullets):
            for item in block.items:
                self._sentences(self._made.add_paragraph(style="List Bullet"), [item])
        elif isinstance(block, TableBlock):
            self._table(block)
        else:
            self._figure(block)

    def _paragraph(self, block: Paragraph) -> None:
        if block.style == "heading":
            self._made.add_heading(" ".join(one.text for one in block.sentences), level=2)
            return
        line = self._made.add_paragraph()
        self._sentences(line, block.sentences)
        line.paragraph_format.keep_with_next = block.sentences[-1].text.endswith(":")
        if block.style == "note":
            for run in line.runs:
                run.font.bold = True
            shade = parse_xml(f'<w:shd {nsdecls("w")} w:val="clear" w:color="auto" w:fill="FFF3D6"/>')
            line._p.get_or_add_pPr().append(shade)

    def _sentences(self, line: Any, sentences: Iterable[Sentence]) -> None:
        for number, one in enumerate(sentences):
            line.add_run((" " if number else "") + one.text)
            for key in one.tables:
                line.add_run(" ")
                self._link(line, f"[{key}]", f"t_{key}", size=8)

    def _link(self, line: Any, text: str, bookmark: str, size: float) -> None:
        link = OxmlElement("w:hyperlink")
        link.set(qn("w:anchor"), bookmark)
        link.set(qn("w:history"), "1")
        run = line.add_run(text)
        run.font.size, run.font.color.rgb = Pt(size), _BLUE
        link.append(run._r)
        line._p.append(link)

    def _bookmark(self, line: Any, name: str) -> None:
        number = str(next(self._bookmarks))
        start, end = OxmlElement("w:bookmarkStart"), OxmlElement("w:bookmarkEnd")
        for part in (start, end):
            part.set(qn("w:id"), number)
        start.set(qn("w:name"), name)
        line._p.insert(1 if line._p.pPr is not None else 0, start)
        line._p.append(end)

    # tables

    def _table(self, block: TableBlock) -> None:
        table, rows = block.table, block.table.frame.head(block.most_rows)
        columns = {name: one for name, one in table.columns.items() if one.shown}
        caption = self._made.add_paragraph(f"Table {table.key}. {table.title}", style="Caption")
        caption.paragraph_format.keep_with_next = True
        self._bookmark(caption, f"t_{table.key}")
        cells = [
            [in_words(value, one.kind) for value, one in zip(row, columns.values(), strict=True)]
            for row in rows[list(columns)].itertuples(index=False, name=None)
        ]
        self._grid([one.label for one in columns.values()], cells, list(columns.values()))
        more = len(table.frame) - len(rows)
        notes = [f"The first {len(rows):,} of {len(table.frame):,} rows; all are in the data pack."] if more else []
        notes += [table.note] if table.note else []
        if notes:
            self._small(" ".join(notes))
        else:
            self._made.add_paragraph().paragraph_format.space_after = Pt(0)

    def _grid(self, heads: list[str], rows: list[list[str]], columns: list[Column]) -> None:
        grid = self._made.add_table(rows=1, cols=len(heads))
        grid.style = "Table Grid"
        grid.alignment = WD_TABLE_ALIGNMENT.LEFT
        grid.autofit = False
        widths = _widths(heads, rows)
        for cell, text, column in zip(grid.rows[0].cells, heads, columns, strict=True):
            _fill(cell, text, column, bold=True)
            cell._tc.get_or_add_tcPr().append(
                parse_xml(f'<w:shd {nsdecls("w")} w:val="clear" w:color="auto" w:fill="E8EEF6"/>')
            )
        for row in rows:
            for cell, text, column in zip(grid.add_row().cells, row, columns, strict=True):
                _fill(cell, text, column)
        _finish(grid, widths, len(rows))

    def _all_tables(self) -> None:
        heading = self._made.add_heading("Tables of the data pack", level=1)
        self._bookmark(heading, "s_tables")
        intro = self._made.add_paragraph(
            "Each mark such as [T1] names one of these tables; the data pack holds all of them in full."
        )
        intro.paragraph_format.keep_with_next = True
        shown = {
            block.table.key
            for one in self._report.all_sections
            for block in one.blocks
            if isinstance(block, TableBlock)
        }
        tables = self._report.tables
        rows = [[key, one.title, f"{len(one.frame):,}", self._report.made_from(one)] for key, one in tables.items()]
        columns = [Column("Table"), Column("What it holds"), Column("Rows", "count"), Column("Made from")]
        self._grid([one.label for one in columns], rows, columns)
        grid = self._made.tables[-1]
        for row, key in zip(grid.rows[1:], tables, strict=True):
            if key not in shown:
                self._bookmark(row.cells[0].paragraphs[0], f"t_{key}")

    # figures

    def _figure(self, figure: Figure) -> None:
        line = self._made.add_paragraph()
        line.paragraph_format.keep_with_next = True
        line.paragraph_format.space_after = Pt(2)
        run = line.add_run()
        shape = run.add_picture(io.BytesIO(as_png(figure, _DPI)), width=Cm(_WIDTH_CM))
        if shape.height > Cm(15):
            shape.width, shape.height = Emu(int(shape.width * Cm(15) / shape.height)), Cm(15)
        _describe(shape._inline.docPr, figure)
        picture_with_vector(shape._inline, self._made.part, plain_svg(figure), next(self._vectors))
        caption = self._made.add_paragraph(style="Caption")
        caption.add_run(f"{figure.key}. {figure.title}. ")
        caption.add_run("Its figures: ")
        self._link(caption, f"table {figure.table}", f"t_{figure.table}", size=9.5)


def picture_with_vector(element: Any, part: Any, svg: str, number: int) -> None:
    """Put the SVG beside the PNG of a picture: who can draw it shows it, everyone else the PNG."""
    name = PackURI(f"/{part.partname.baseURI.strip('/')}/media/vector{part.partname.idx or ''}-{number}.svg")
    made = Part(name, "image/svg+xml", svg.encode("utf-8"), part.package)
    relation = part.relate_to(made, RELATIONSHIP_TYPE.IMAGE)
    blip = next(element.iter(qn("a:blip")))
    blip.append(
        parse_xml(
            f'<a:extLst {nsdecls("a")}><a:ext uri="{_SVG_EXTENSION}"><asvg:svgBlip xmlns:asvg="{_SVG_NAMESPACE}" '
            f'{nsdecls("r")} r:embed="{relation}"/></a:ext></a:extLst>'
        )
    )


def _describe(properties: Any, figure: Figure) -> None:
    properties.set("descr", figure.alt)
    properties.set("title", figure.title)
    properties.set("name", figure.key)


def _fill(cell: Any, text: str, column: Column, *, bold: bool = False) -> None:
    line = cell.paragraphs[0]
    line.paragraph_format.space_after = Pt(1)
    line.paragraph_format.space_before = Pt(1)
    run = line.add_run(_breakable(text))
    run.font.size, run.font.bold = Pt(8.5), bold
    if column.kind in _NUMERIC:
        line.alignment = WD_ALIGN_PARAGRAPH.RIGHT


def _breakable(text: str) -> str:
    """Long unbroken text, such as a hash, with places where a line may end."""
    return " ".join(
        "\u200b".join(word[at : at + _PIECE] for at in range(0, len(word), _PIECE)) if len(word) > _LONG else word
        for word in text.split(" ")
    )


_LONG, _PIECE = 24, 8


_CHARACTER_CM, _PADDING_CM, _BOLD = 0.175, 0.42, 1.2
"""How wide a character of a table is, what a cell keeps free, and how much wider bold is."""


def _widths(heads: list[str], rows: list[list[str]]) -> list[float]:
    """Widths in centimetres: no word broken where there is room, the rest by what each column's text asks for."""
    least, asked = [], []
    for number, head in enumerate(heads):
        texts = [_breakable(row[number]) for row in rows]
        words = ["x" * round(_BOLD * len(word)) for word in head.split()]
        words = [*words, *(word for text in texts for word in text.replace("\u200b", " ").split())]
        longest = max(map(len, words), default=1)
        lengths = sorted(map(len, texts)) or [0]
        typical = lengths[int(0.9 * (len(lengths) - 1))] or _EMPTY
        least.append(longest * _CHARACTER_CM * 1.08 + _PADDING_CM)
        asked.append(max(min(max(typical, len(head) / 2), 60) * _CHARACTER_CM + _PADDING_CM, least[-1]))
    spare = _WIDTH_CM - sum(least)
    if spare <= 0:
        return [_WIDTH_CM * one / sum(least) for one in least]
    more = [wish - floor for wish, floor in zip(asked, least, strict=True)]
    whole = sum(more) or 1.0
    return [
        floor + spare * one / whole if sum(more) else floor + spare / len(least)
        for floor, one in zip(least, more, strict=True)
    ]


_EMPTY = 30
"""A column without any text is there to be filled in: it gets room for so many characters."""


_SHORT = 1_500
"""A table of no more characters than this stays on one page."""


def _finish(grid: Any, widths: list[float], count: int) -> None:
    """Column widths, the header on every page, no row across two pages, the first rows with their caption."""
    for column, width in zip(grid.columns, widths, strict=True):
        column.width = Cm(width)
    head = OxmlElement("w:tblHeader")
    head.set(qn("w:val"), "true")
    grid.rows[0]._tr.get_or_add_trPr().append(head)
    is_short = count <= 12 and sum(len(cell.text) for row in grid.rows for cell in row.cells) < _SHORT
    for number, row in enumerate(grid.rows):
        row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
        for cell, width in zip(row.cells, widths, strict=True):
            cell.width = Cm(width)
            if number <= 2 or (is_short and number < count):
                for line in cell.paragraphs:
                    line.paragraph_format.keep_with_next = True
