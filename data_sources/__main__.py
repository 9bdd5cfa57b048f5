"""Prints the reference page of the sources: ``python -m data_sources > docs/data-sources.md``."""

from __future__ import annotations

from collections.abc import Mapping

from hjp_geo.registry import discover
from hjp_geo.source import Source

_INTRODUCTION = """# Data sources

<!-- Written by `python -m data_sources > docs/data-sources.md`; edit the declarations in data_sources/ instead. -->

Every published dataset that hjp-geo reads: what a row is, who publishes it, under which licence, and the credit line
that follows it into every export. `hjp-geo fetch` brings them all, `hjp-geo fetch NAME` one. An optional source may be
absent: what depends on it is then not loaded, and the build says so. The sources that have not been met with their
publisher's own file yet say that too: a first fetch may stop there, alone, with what it found.

The made-up Integrated Care System of the first run (`hjp-geo demo`) holds made-up rows of every one of them.

Postcodes in a user's own rows can be looked up at postcodes.io, a hundred at a time (`data_sources/geocoding.py`):
that is no source, and nothing of it is kept.

Sites that the Access to Healthy Assets and Hazards project publishes (AHAH) state no licence and are not a source."""


def sources_page(sources: Mapping[str, Source]) -> str:
    """The reference page of the sources in Markdown: an overview, then each with its columns."""
    overview = ["| source | publisher | licence | rows | |", "| --- | --- | --- | --- | --- |"]
    overview += [
        f"| [`{name}`](#{name}) | {one.publisher} | {one.licence} | {_rows(one)} "
        f"| {'optional' if one.optional else ''} |"
        for name, one in sources.items()
    ]
    return "\n\n".join([_INTRODUCTION, "\n".join(overview), *map(_section, sources.values())]) + "\n"


def _rows(one: Source) -> str:
    return f"{one.expected_rows:,}" if one.expected_rows is not None else f"at least {one.least_rows:,}"


def _section(one: Source) -> str:
    columns = [f"| `{name}` | {meaning} | {_range(one, name)} |" for name, meaning in one.columns.items()]
    return "\n\n".join(
        [
            f"## {one.name}",
            f"**{one.title}** ({one.publisher}; {one.licence})" + (". Optional." if one.optional else "."),
            one.doc,
            f"Credit: {one.attribution}",
            f"Key: {', '.join(f'`{name}`' for name in one.key)}. Rows: {_rows(one)}.",
            "\n".join(["| column | meaning | range |", "| --- | --- | --- |", *columns]),
        ]
    )


def _range(one: Source, column: str) -> str:
    low_high = one.ranges.get(column)
    return "" if low_high is None else f"{low_high[0]:g} to {low_high[1]:g}"


if __name__ == "__main__":
    print(sources_page(discover("data_sources", Source)), end="")
