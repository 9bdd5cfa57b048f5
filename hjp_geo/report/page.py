"""The report as one HTML page: its pictures inside, headings and tables that a screen reader can walk, fit to print.

Everything from data is escaped, and a policy in the head forbids scripts and requests altogether.
"""

from __future__ import annotations

import html
from collections.abc import Iterable
from pathlib import Path

from hjp_geo.report.drawing import as_svg
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

__all__ = ["html_page", "write_html"]

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_STYLE = """
:root{color-scheme:light}
body{font-family:Arial,Helvetica,sans-serif;font-size:16px;line-height:1.5;color:#111827;background:#fff;margin:0}
main,header,footer{max-width:52rem;margin:0 auto;padding:0 1.25rem}
header{padding-top:1.5rem}h1{font-size:1.8rem;line-height:1.25;margin:.2rem 0 .6rem}
h2{font-size:1.35rem;margin:2.2rem 0 .6rem;border-bottom:2px solid #1d4f91;padding-bottom:.2rem}
h3{font-size:1.05rem;margin:1.2rem 0 .3rem}
p,ul,ol{margin:.5rem 0}li{margin:.2rem 0}
a{color:#1d4f91}a:focus-visible{outline:3px solid #1d4f91;outline-offset:2px}
.skip{position:absolute;left:-999px}.skip:focus{left:1rem;top:1rem;background:#fff;padding:.5rem}
.note{border-left:6px solid #b45309;background:#fffbeb;padding:.6rem .9rem;font-weight:600}
.about{color:#374151;font-size:.9rem}
.refs a{font-size:.78em;text-decoration:none;padding:0 .1em}
figure{margin:1.2rem 0}figure svg{width:100%;height:auto;display:block}
figcaption,caption{font-weight:600;text-align:left;margin:.3rem 0}
.scroll{overflow-x:auto;margin:1rem 0}table{border-collapse:collapse;width:100%;font-size:.85rem}
th,td{border-bottom:1px solid #d1d5db;padding:.25rem .5rem;text-align:left;vertical-align:top}
thead th{background:#e8eef6;border-bottom:2px solid #1d4f91}
td.n,th.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
td{overflow-wrap:anywhere}td.n{overflow-wrap:normal}
footer{color:#374151;font-size:.85rem;padding-bottom:3rem}
@media print{body{font-size:10.5pt}main,header,footer{max-width:none;padding:0}nav,.skip{display:none}
h2{break-after:avoid}figure,tr{break-inside:avoid}thead{display:table-header-group}.scroll{overflow:visible}
#summary{break-after:page}}
"""


def write_html(report: Report, path: Path) -> None:
    """Write the report as one HTML file."""
    path.write_text(html_page(report), "utf-8")


def html_page(report: Report) -> str:
    """The report as one HTML page."""
    shown = _shown(report)
    sections = "".join(_section(one) for one in report.sections)
    contents = "".join(f"<li><a href='#{one.key}'>{_text(one.title)}</a></li>" for one in report.sections)
    return (
        f"<!DOCTYPE html>\n<html lang='en-GB'><head><meta charset='utf-8'><title>{_text(report.title)}</title>"
        f"<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}"><style>{_STYLE}</style></head>'
        f"<body><a class='skip' href='#summary'>Skip to the report</a>"
        f"<header><p class='about'>Gap analysis · {_text(report.date)}</p><h1>{_text(report.title)}</h1></header>"
        f"<main>{_section(report.summary)}<nav aria-label='Contents'><h2>Contents</h2><ol>{contents}"
        f"<li><a href='#tables'>Tables of the data pack</a></li></ol></nav>{sections}"
        f"{_all_tables(report, shown)}</main>"
        f"<footer><p>Made with hjp-geo {_text(str(report.run['hjp_geo']))}. Warehouse built "
        f"{_text(str(report.run['built']))}; build {_text(str(report.run['build']))}.</p></footer></body></html>\n"
    )


def _shown(report: Report) -> set[str]:
    blocks = (block for one in report.all_sections for block in one.blocks)
    return {block.table.key for block in blocks if isinstance(block, TableBlock)}


def _section(one: Section) -> str:
    body = "".join(_block(block) for block in one.blocks)
    head = f"<h2 id='{one.key}-h'>{_text(one.title)}</h2>"
    return f"<section id='{one.key}' aria-labelledby='{one.key}-h'>{head}{body}</section>"


def _block(block: Block) -> str:
    if isinstance(block, Paragraph):
        if block.style == "heading":
            return f"<h3>{_sentences(block.sentences)}</h3>"
        kind = " class='note'" if block.style == "note" else ""
        return f"<p{kind}>{_sentences(block.sentences)}</p>"
    if isinstance(block, Bullets):
        return "<ul>" + "".join(f"<li>{_sentences([item])}</li>" for item in block.items) + "</ul>"
    if isinstance(block, TableBlock):
        return _table(block)
    return _figure(block)


def _sentences(sentences: Iterable[Sentence]) -> str:
    return " ".join(_text(one.text) + _references(one) for one in sentences)


def _references(sentence: Sentence) -> str:
    if not sentence.tables:
        return ""
    links = "".join(f"<a href='#{key}' aria-label='table {key}'>[{key}]</a>" for key in sentence.tables)
    return f" <span class='refs'>{links}</span>"


def _figure(figure: Figure) -> str:
    caption = f"{figure.key}. {figure.title}"
    behind = f"<a href='#{figure.table}'>Table {figure.table} holds its figures</a>"
    return f"<figure>{as_svg(figure)}<figcaption>{_text(caption)}. {behind}.</figcaption></figure>"


def _table(block: TableBlock) -> str:
    table, rows = block.table, block.table.frame.head(block.most_rows)
    columns = {name: one for name, one in table.columns.items() if one.shown}
    head = "".join(f"<th scope='col'{_side(one)}>{_text(one.label)}</th>" for one in columns.values())
    body = "".join(_row(row, columns) for row in rows[list(columns)].itertuples(index=False, name=None))
    more = len(table.frame) - len(rows)
    notes = [f"The first {len(rows):,} of {len(table.frame):,} rows; all are in the data pack."] if more else []
    notes += [table.note] if table.note else []
    after = f"<p class='about'>{_text(' '.join(notes))}</p>" if notes else ""
    return (
        f"<div class='scroll' role='region' aria-label='Table {table.key}' tabindex='0'><table id='{table.key}'>"
        f"<caption>Table {table.key}. {_text(table.title)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
        f"</table></div>{after}"
    )


def _row(row: tuple[object, ...], columns: dict[str, Column]) -> str:
    texts = [(_text(in_words(value, one.kind)), _side(one)) for value, one in zip(row, columns.values(), strict=True)]
    head, side = texts[0]
    cells = "".join(f"<td{side}>{text}</td>" for text, side in texts[1:])
    return f"<tr><th scope='row'{side}>{head}</th>{cells}</tr>"


def _side(column: Column) -> str:
    return "" if column.kind in ("text", "yes_no") else " class='n'"


def _all_tables(report: Report, shown: set[str]) -> str:
    anchors = {key: "" if key in shown else f" id='{key}'" for key in report.tables}
    rows = "".join(
        f"<tr{anchors[key]}><th scope='row'>{key}</th><td>{_text(one.title)}</td>"
        f"<td class='n'>{len(one.frame):,}</td><td>{_text(report.made_from(one))}</td></tr>"
        for key, one in report.tables.items()
    )
    return (
        "<section id='tables' aria-labelledby='tables-h'><h2 id='tables-h'>Tables of the data pack</h2>"
        "<p>Each mark such as [T1] names one of these tables; the data pack holds all of them in full.</p>"
        "<div class='scroll' role='region' aria-label='List of tables' tabindex='0'><table><caption>Tables</caption>"
        "<thead><tr><th scope='col'>Table</th><th scope='col'>What it holds</th><th scope='col' class='n'>Rows</th>"
        f"<th scope='col'>Made from</th></tr></thead><tbody>{rows}</tbody></table></div></section>"
    )


def _text(value: str) -> str:
    return html.escape(value, quote=True)
