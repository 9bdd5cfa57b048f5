"""Risks and limits from the data's own caveats, methods, what changed since, and every source with its credit."""

from __future__ import annotations

import pandas as pd

from hjp_geo.access import MEASURES
from hjp_geo.composite import AGGREGATIONS, NORMALISATIONS
from hjp_geo.desert import DESERT_RULES
from hjp_geo.export import caveats
from hjp_geo.report.desk import Desk, paragraph, say, section
from hjp_geo.report.parts import Block, Bullets, Column, DataTable, Section, Sentence, TableBlock

__all__ = ["changes", "limits", "methods", "releases_of", "sources"]


def limits(desk: Desk) -> Section | None:
    """What a board must know before it relies on this, in the data's own words."""
    evidence = desk.evidence
    lines = [*caveats(desk.found, evidence), *desk.found.supply_notes]
    used = [name for name, weight in desk.plan.weights.items() if weight > 0]
    lines += [
        f"{evidence.label(name)}: {said}" for name in [*used, desk.plan.demand] if (said := evidence.caveat(name))
    ]
    lines += [
        f"{row['title']}: {row['warnings']}"
        for _, row in _used_sources(desk).iterrows()
        if str(row["warnings"]).strip()
    ]
    blocks: list[Block] = [Bullets(tuple(Sentence(line) for line in dict.fromkeys(lines)))]
    notes = _notes(desk)
    if len(notes.frame):
        blocks.append(TableBlock(notes, 15))
    return section("limits", "Risks and limits", blocks)


def _used_sources(desk: Desk) -> pd.DataFrame:
    names = {name for table in desk.tables.values() for name in table.sources}
    return desk.evidence.sources.loc[sorted(names)]


def _notes(desk: Desk) -> DataTable:
    notes = desk.evidence.notes
    frame = notes.assign(amount=notes["amount"].astype("float64"))
    frame = frame[frame["amount"] != 0]
    frame.index = [f"note {number}" for number in range(1, len(frame) + 1)]
    frame["table_name"] = frame["table_name"].astype("str").str.replace("_", " ")
    columns = {
        "table_name": Column("Table"),
        "note": Column("What was left out, or looks wrong"),
        "amount": Column("How many", "count"),
    }
    return desk.table(
        "left_out", "What each table left out, all areas", frame, columns, list(desk.evidence.sources.index)
    )


def methods(desk: Desk) -> Section | None:
    """How each figure was made, short enough to read."""
    plan = desk.plan
    rule, measure = DESERT_RULES[plan.desert], MEASURES[plan.measure]
    lines = [
        f"Need: {NORMALISATIONS[plan.normalisation]}. {AGGREGATIONS[plan.aggregate]}.",
        f"Access: {measure.label}. {_flat(measure.description)}",
        f"Desert: {rule.label} (used by {rule.used_by}). {_flat(rule.description)}",
    ]
    drawn = desk.found.run.get("uncertainty")
    if drawn:
        lines.append(
            f"How sure: {drawn['draws']:,} draws with seed {drawn['seed']}, each weight within "
            f"±{100 * drawn['spread']:.0f} %; access is held as it is."
        )
    lines.append(
        "Every figure of this document is a cell of a table; the mark in brackets, such as [T1], names the table, and "
        "numbers.csv in the data pack names the row and the column of each figure and the sources it was made from."
    )
    return section("methods", "Methods", [Bullets(tuple(Sentence(line) for line in lines))])


def _flat(text: str) -> str:
    return " ".join(text.replace("`", "").split())


def releases_of(desk: Desk) -> dict[str, dict[str, str]]:
    """Source → release and sha256, of every source held: what the run file records."""
    rows = desk.evidence.sources[["release", "sha256", "url"]].astype("str")
    return {str(name): {str(k): str(v) for k, v in row.items()} for name, row in rows.to_dict("index").items()}


def changes(desk: Desk) -> Section | None:
    """What is different from the run that this report repeats: a release for a release."""
    earlier, now = desk.request.earlier, releases_of(desk)
    if not earlier:
        return None
    lines = []
    for name in sorted({*earlier, *now}):
        before, here = earlier.get(name), now.get(name)
        title = str(desk.evidence.sources["title"].get(name, name))
        if before is None and here is not None:
            lines.append(f"{title} ({name}): new, release {here['release']}.")
        elif here is None:
            lines.append(
                f"{title} ({name}): no longer held; the earlier report used release {(before or {}).get('release')}."
            )
        elif before and before.get("sha256") != here["sha256"]:
            lines.append(
                f"{title} ({name}): release {here['release']} (sha256 {here['sha256'][:12]}…) in place of "
                f"{before.get('release')} (sha256 {str(before.get('sha256'))[:12]}…)."
            )
    if not lines:
        return None
    intro = say("This report repeats an earlier run on other data, so its figures may differ from it:")
    return section(
        "changes", "What changed since the earlier report", [*paragraph(intro), Bullets(tuple(map(Sentence, lines)))]
    )


def sources(desk: Desk) -> Section | None:
    """Every source held, with its release, date and hash, and the credit lines exactly as the licences ask."""
    frame = _used_sources(desk).copy()
    frame["retrieved"] = frame["retrieved"].astype("str").str[:10]
    frame["bytes"] = frame["bytes"].astype("float64")
    frame["rows"] = frame["rows"].astype("float64")
    hashes = [" ".join(text[at : at + 16] for at in range(0, 64, 16)) for text in frame["sha256"].astype("str")]
    frame["about"] = [
        f"{row.title}. {row.publisher}. Release {row.release}, retrieved {row.retrieved}. SHA-256 {sha}"
        for row, sha in zip(frame.itertuples(), hashes, strict=True)
    ]
    frame["mark"] = [f"S{number}" for number in range(1, len(frame) + 1)]
    columns = {
        "mark": Column("Mark"),
        "about": Column("Source, publisher, release, date and hash"),
        "title": Column("Source", shown=False),
        "publisher": Column("Publisher", shown=False),
        "release": Column("Release", shown=False),
        "retrieved": Column("Retrieved", shown=False),
        "licence": Column("Licence", shown=False),
        "rows": Column("Rows", "count", shown=False),
        "bytes": Column("Bytes", "count", shown=False),
        "url": Column("Address", shown=False),
        "sha256": Column("SHA-256", shown=False),
    }
    for name in ("licence", "sha256", "url", "title", "publisher", "release"):
        frame[name] = frame[name].astype("str")
    table = desk.table("sources", "Sources of this report", frame, columns, list(frame.index))
    credit = Sentence(
        "Marks such as S1 say, in the list of tables, what each table was made from. Credits, to be quoted with the "
        "figures:"
    )
    lines = tuple(Sentence(line) for line in desk.evidence.attribution(list(frame.index)))
    return section("sources", "Data sources", [TableBlock(table, 40), *paragraph(credit), Bullets(lines)])
