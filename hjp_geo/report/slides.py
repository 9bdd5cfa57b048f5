"""The report as a deck for a board: a slide a section, with one picture or one table, the marks of its tables below."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pptx
from pptx.dml.color import RGBColor
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.util import Emu, Inches, Pt

from hjp_geo.report.drawing import as_png
from hjp_geo.report.parts import Bullets, Column, Figure, Paragraph, Report, Section, Sentence, TableBlock, in_words
from hjp_geo.report.steady import steady_zip

__all__ = ["write_slides"]

_FONT = "Arial"


def _colour(text: str) -> Any:
    made: Any = RGBColor
    return made.from_string(text)


_INK, _BLUE, _GREY = _colour("111827"), _colour("1D4F91"), _colour("374151")
_WIDTH, _HEIGHT = Inches(13.333), Inches(7.5)
_MARGIN, _TOP = Inches(0.6), Inches(1.35)
_MOST_CHARACTERS, _MOST_LINES = 600, 6
_MOST_ROWS, _MOST_COLUMNS, _MOST_CELL = 8, 6, 48
_SLIDES = {
    "needs": None,
    "supply": "providers_by_topic",
    "gaps": None,
    "missed": None,
    "options": "options",
    "suggested": "suggested",
    "partners": "hosts",
    "feasibility": "feasibility",
    "design": "design",
    "limits": None,
}
"""The sections that make a slide, and the table that stands on it where there is no figure."""


def write_slides(report: Report, path: Path) -> None:
    """Write the report as a .pptx deck; the same report gives the same bytes."""
    deck = pptx.Presentation()
    deck.slide_width, deck.slide_height = _WIDTH, _HEIGHT
    _set_up(deck, report)
    _first(deck, report)
    _section_slide(deck, report.summary, report)
    for one in report.sections:
        if one.key in _SLIDES:
            _section_slide(deck, one, report)
    _sources_slide(deck, report)
    out = io.BytesIO()
    deck.save(out)
    path.write_bytes(steady_zip(out.getvalue()))


def _set_up(deck: Any, report: Report) -> None:
    about = deck.core_properties
    about.title, about.author, about.subject = report.title, "hjp-geo", "Gap analysis"
    about.last_modified_by, about.language = "hjp-geo", "en-GB"
    about.created = about.modified = dt.datetime.fromisoformat(report.date)
    about.revision = 1


def _slide(deck: Any, title: str, report: Report) -> Any:
    slide = deck.slides.add_slide(deck.slide_layouts[5])  # title only: the title is a real one for screen readers
    head = slide.shapes.title
    head.left, head.top, head.width, head.height = _MARGIN, Inches(0.35), _WIDTH - 2 * _MARGIN, Inches(0.9)
    frame = head.text_frame
    frame.word_wrap, frame.vertical_anchor = True, MSO_ANCHOR.MIDDLE
    frame.paragraphs[0].alignment = PP_ALIGN.LEFT
    _run(frame.paragraphs[0], title, 26 if len(title) < 70 else 20, _BLUE, bold=True)
    words = f"{'MADE-UP DATA · ' if report.made_up else ''}{report.place} · {report.date} · hjp-geo"
    foot = _box(slide, _MARGIN, Inches(7.05), _WIDTH - 2 * _MARGIN, Inches(0.3))
    _run(foot.paragraphs[0], words, 10, _GREY)
    return slide


def _first(deck: Any, report: Report) -> None:
    slide = _slide(deck, report.title, report)
    head = slide.shapes.title
    head.top, head.height = Inches(2.2), Inches(1.6)
    head.text_frame.paragraphs[0].runs[0].font.size = Pt(34)
    body = _box(slide, _MARGIN, Inches(3.9), _WIDTH - 2 * _MARGIN, Inches(1.5))
    _run(body.paragraphs[0], f"Gap analysis · {report.date}", 18, _GREY)
    if report.made_up:
        line = body.add_paragraph()
        _run(line, "Made-up data: no figure here is about a real place.", 18, _colour("92400E"), bold=True)


def _section_slide(deck: Any, one: Section, report: Report) -> None:
    slide = _slide(deck, one.title, report)
    lines = _lines(one)
    figure = next((block for block in one.blocks if isinstance(block, Figure)), None)
    table = _chosen_table(one) if figure is None else None
    wide = _WIDTH - 2 * _MARGIN
    if figure is not None:
        left = Inches(5.0)
        _bullets(slide, lines, _MARGIN, _TOP, left, Inches(5.5))
        _picture(slide, figure, _MARGIN + left + Inches(0.25), _TOP, wide - left - Inches(0.25), Inches(5.55))
    elif table is not None:
        tall = Inches(1.9) if lines else Inches(0)
        _bullets(slide, lines[:3], _MARGIN, _TOP, wide, tall)
        _grid(slide, table, _MARGIN, _TOP + tall + Inches(0.1), wide)
    else:
        _bullets(slide, lines, _MARGIN, _TOP, wide, Inches(5.5))
    _notes(slide, one, figure, table)


def _lines(one: Section) -> list[Sentence]:
    """The first sentences of a section that fit on a slide."""
    sentences = [
        sentence
        for block in one.blocks
        if isinstance(block, (Paragraph, Bullets))
        for sentence in (block.sentences if isinstance(block, Paragraph) else block.items)
    ]
    chosen: list[Sentence] = []
    room = _MOST_CHARACTERS
    for sentence in sentences:
        if len(sentence.text) <= room and len(chosen) < _MOST_LINES:
            chosen.append(sentence)
            room -= len(sentence.text)
    return chosen


def _chosen_table(one: Section) -> TableBlock | None:
    wanted = _SLIDES.get(one.key)
    tables = [block for block in one.blocks if isinstance(block, TableBlock)]
    return next((block for block in tables if block.table.name == wanted), None)


def _bullets(slide: Any, lines: Sequence[Sentence], left: int, top: int, width: int, height: int) -> None:
    if not lines:
        return
    frame = _box(slide, left, top, width, height)
    characters = sum(len(one.text) for one in lines)
    size = 18 if characters < 380 else 16 if characters < 520 else 14
    for number, one in enumerate(lines):
        line = frame.paragraphs[0] if number == 0 else frame.add_paragraph()
        line.space_after = Pt(8)
        _run(line, one.text, size, _INK)
        if one.tables:
            _run(line, f" [{', '.join(one.tables)}]", max(size - 6, 9), _BLUE)


def _picture(slide: Any, figure: Figure, left: int, top: int, width: int, height: int) -> None:
    shape = slide.shapes.add_picture(io.BytesIO(as_png(figure, 220)), left, top, width=width)
    if shape.height > height:
        shape.width, shape.height = Emu(int(shape.width * height / shape.height)), height
    about = shape._element.nvPicPr.cNvPr
    about.set("descr", figure.alt)
    about.set("title", figure.title)
    about.set("name", figure.key)


def _grid(slide: Any, block: TableBlock, left: int, top: int, width: int) -> None:
    table = block.table
    columns = [(name, one) for name, one in table.columns.items() if one.shown][:_MOST_COLUMNS]
    rows = table.frame[[name for name, _ in columns]].head(_MOST_ROWS)
    shape = slide.shapes.add_table(len(rows) + 1, len(columns), left, top, width, Inches(0.36) * (len(rows) + 1))
    shape._element.nvGraphicFramePr.cNvPr.set("descr", f"Table {table.key}. {table.title}")
    grid = shape.table
    _set_widths(grid, [one for _, one in columns], rows, width)
    for number, (_, one) in enumerate(columns):
        _cell(grid.cell(0, number), one.label, one, bold=True)
    for at, row in enumerate(rows.itertuples(index=False, name=None), start=1):
        for number, (value, (_, one)) in enumerate(zip(row, columns, strict=True)):
            _cell(grid.cell(at, number), _short(in_words(value, one.kind)), one)
    if (more := len(table.frame) - len(rows)) > 0:
        foot = _box(slide, left, Inches(6.7), width, Inches(0.3))
        _run(foot.paragraphs[0], f"{more:,} more rows in table {table.key} of the data pack.", 11, _GREY)


def _set_widths(grid: Any, columns: Sequence[Column], rows: Any, width: int) -> None:
    asked = [
        min(max([len(one.label) * 0.8, *(len(in_words(v, one.kind)) for v in rows.iloc[:, at])]), 44) + 3
        for at, one in enumerate(columns)
    ]
    for at, wish in enumerate(asked):
        grid.columns[at].width = Emu(int(width * wish / sum(asked)))


def _short(text: str) -> str:
    return text if len(text) <= _MOST_CELL else text[: _MOST_CELL - 2].rstrip() + " …"


def _cell(cell: Any, text: str, column: Column, *, bold: bool = False) -> None:
    cell.margin_top = cell.margin_bottom = Pt(2)
    cell.fill.solid()
    cell.fill.fore_color.rgb = _colour("E8EEF6") if bold else _colour("FFFFFF")
    line = cell.text_frame.paragraphs[0]
    line.alignment = PP_ALIGN.LEFT if column.kind in ("text", "yes_no") else PP_ALIGN.RIGHT
    _run(line, text, 12, _INK, bold=bold)


def _notes(slide: Any, one: Section, figure: Figure | None, table: TableBlock | None) -> None:
    """What the speaker may need: where the figures stand in the data pack."""
    keys = dict.fromkeys(key for line in _lines(one) for key in line.tables)
    keys |= dict.fromkeys([figure.table] if figure else [table.table.key] if table else [])
    if keys:
        slide.notes_slide.notes_text_frame.text = f"Figures: tables {', '.join(keys)} of the data pack."


def _sources_slide(deck: Any, report: Report) -> None:
    slide = _slide(deck, "Sources and credits", report)
    frame = _box(slide, _MARGIN, _TOP, _WIDTH - 2 * _MARGIN, Inches(5.5))
    size = 12 if sum(map(len, report.attribution)) < 1_500 else 10
    for number, credit in enumerate(report.attribution):
        line = frame.paragraphs[0] if number == 0 else frame.add_paragraph()
        line.space_after = Pt(4)
        _run(line, credit, size, _INK)


def _box(slide: Any, left: int, top: int, width: int, height: int) -> Any:
    frame = slide.shapes.add_textbox(left, top, width, height).text_frame
    frame.word_wrap = True
    return frame


def _run(line: Any, text: str, size: float, colour: Any, *, bold: bool = False) -> None:
    run = line.add_run()
    run.text = text
    run.font.name, run.font.size, run.font.bold, run.font.color.rgb = _FONT, Pt(size), bold, colour
    run._r.get_or_add_rPr().set("lang", "en-GB")
