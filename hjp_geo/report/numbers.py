"""Every figure that the document prints, and the cell and the sources that stand behind it."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from hjp_geo.areas import Table
from hjp_geo.report.parts import Bullets, Paragraph, Report, Sentence, sheet_name

__all__ = ["numbers_table", "sentences_of"]


def sentences_of(report: Report) -> Iterator[tuple[str, Sentence]]:
    """Every sentence of the report with the key of its section, in the order of the document."""
    for one in report.all_sections:
        for block in one.blocks:
            if isinstance(block, Paragraph):
                yield from ((one.key, sentence) for sentence in block.sentences)
            elif isinstance(block, Bullets):
                yield from ((one.key, sentence) for sentence in block.items)


def numbers_table(report: Report) -> Table:
    """One row a figure of the text: section, sentence, the figure as printed, table, row, column, value, sources."""
    rows = [
        {
            "section": section,
            "sentence": sentence.text,
            "printed": number.text,
            "table": number.table,
            "file": f"{sheet_name(report.tables[number.table])}.csv",
            "row": number.row,
            "column": number.column,
            "value": number.value,
            "made_by": report.tables[number.table].made_by,
            "sources": "; ".join(report.tables[number.table].sources),
        }
        for section, sentence in sentences_of(report)
        for number in sentence.numbers
    ]
    columns = ["section", "sentence", "printed", "table", "file", "row", "column", "value", "made_by", "sources"]
    return pd.DataFrame(rows, columns=columns).astype({"value": "object"})
