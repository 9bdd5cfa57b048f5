"""What changed: two releases of a source, or two warehouses, row by row; and which areas it turns over."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from hjp_geo.areas import Table
from hjp_geo.build import build
from hjp_geo.errors import PlanError, WarehouseError
from hjp_geo.layer import Derived
from hjp_geo.record import record
from hjp_geo.registry import discover
from hjp_geo.source import Source, read_checked, releases, sha256
from hjp_geo.store import Warehouse

__all__ = [
    "Flips",
    "TableDiff",
    "built_with",
    "compare_tables",
    "compare_warehouses",
    "declared_keys",
    "diff_lines",
    "diff_values",
    "flips",
    "flips_lines",
    "flips_values",
    "release_file",
    "release_table",
]

_MOST_SHOWN = 20
_MOST_VALUES = 1_000
_TENTHS = 10


@dataclass(frozen=True, eq=False)
class TableDiff:
    """One table, before and after: rows by key."""

    name: str
    key: tuple[str, ...]
    before_rows: int
    after_rows: int
    added: Table
    """Keys that are new."""
    gone: Table
    """Keys that are no more."""
    changed: Table
    """Key, ``column``, ``before``, ``after``: one row a cell that is another. Shapes only say that they are."""
    new_columns: tuple[str, ...] = ()
    gone_columns: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """Whether nothing changed."""
        empty = self.added.empty and self.gone.empty and self.changed.empty
        return empty and not self.new_columns and not self.gone_columns

    @property
    def changed_rows(self) -> int:
        """How many rows have a cell that changed."""
        return 0 if self.changed.empty else len(self.changed[list(self.key)].drop_duplicates())


def compare_tables(name: str, before: Table, after: Table, key: Sequence[str]) -> TableDiff:
    """Rows added, gone and changed, by key; missing equals missing. `PlanError` where a table has not the key."""
    for table in (before, after):
        if absent := [column for column in key if column not in table.columns]:
            raise PlanError(f"{name} has no column {absent[0]}, which tells its rows apart. Compare other releases.")
    old, new = before.set_index(list(key)), after.set_index(list(key))
    both = old.index.intersection(new.index)
    columns = [column for column in new.columns if column in old.columns]
    left, right = old.loc[both, columns], new.loc[both, columns]
    cells = [_changed_cells(column, left[column], right[column]) for column in columns]
    parts = [part for part in cells if not part.empty]
    head = [*key, "column", "before", "after"]
    changed = pd.concat(parts).reset_index()[head] if parts else pd.DataFrame(columns=head)
    return TableDiff(
        name,
        tuple(key),
        len(before),
        len(after),
        _keys(new.index.difference(old.index), key),
        _keys(old.index.difference(new.index), key),
        changed,
        tuple(column for column in after.columns if column not in before.columns),
        tuple(column for column in before.columns if column not in after.columns),
    )


def _keys(index: pd.Index[Any], key: Sequence[str]) -> Table:
    return index.to_frame(index=False).set_axis(list(key), axis=1)


def _changed_cells(column: str, before: pd.Series[Any], after: pd.Series[Any]) -> Table:
    if isinstance(before, gpd.GeoSeries) or isinstance(after, gpd.GeoSeries):
        other = before.to_wkb().to_numpy() != after.to_wkb().to_numpy()
        words: Any = ("another shape", "another shape")
        return pd.DataFrame({"column": column, "before": words[0], "after": words[1]}, index=before.index[other])
    missing = before.isna().to_numpy() & after.isna().to_numpy()
    same = (before.astype(object).to_numpy() == after.astype(object).to_numpy()) | missing
    other = ~same.astype(bool)
    values = {"column": column, "before": before[other].astype(object), "after": after[other].astype(object)}
    return pd.DataFrame(values, index=before.index[other])


def compare_warehouses(before: Warehouse, after: Warehouse, keys: Mapping[str, Sequence[str]]) -> Iterator[TableDiff]:
    """Every table with a known key, in the order of the names; sources made from the same file are passed over."""
    old, new = _hashes(before), _hashes(after)
    there = _tables(before), _tables(after)
    for name in sorted(keys):
        if name in old and old.get(name) == new.get(name):
            continue
        held = [house.table(name) for house, names in zip((before, after), there, strict=True) if name in names]
        if held:
            first = held[0] if name in there[0] else held[0].iloc[:0]
            second = held[-1] if name in there[1] else held[-1].iloc[:0]
            yield compare_tables(name, first, second, keys[name])


def declared_keys() -> dict[str, tuple[str, ...]]:
    """The key of every declared source and table, and of what a build writes beside them."""
    keys: dict[str, tuple[str, ...]] = {name: one.key for name, one in discover("data_sources", Source).items()}
    keys |= {name: one.key for name, one in discover("layers", Derived).items()}
    return {**keys, "layer_values": ("area_code",), "_layers": ("layer",), "_sources": ("source",)}


def _hashes(warehouse: Warehouse) -> dict[str, str]:
    sources = warehouse.table("_sources")
    return dict(zip(sources["source"], sources["sha256"], strict=True))


def _tables(warehouse: Warehouse) -> set[str]:
    return set(warehouse.query("SELECT table_name FROM duckdb_tables()")["table_name"])


# areas that flip ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Flips:
    """Areas whose need decile or desert verdict is another."""

    decile: Table
    """Indexed by area_code: ``area_name, before, after, residents``; 1 is most need."""
    desert: Table
    """The same; True, False, or missing for no verdict."""
    compared: int
    """How many areas are in both."""
    only_before: int
    only_after: int


def flips(before: Table, after: Table) -> Flips:
    """Which areas flip between two answers' tables (``need_rank``, ``desert``, ``area_name``, ``residents``)."""
    both = before.index.intersection(after.index)
    about = after.loc[both, ["area_name", "residents"]]
    old, new = (_decile(table["need_rank"]).reindex(both) for table in (before, after))
    was, is_now = (table["desert"].astype("boolean").reindex(both) for table in (before, after))
    decile, desert = _flipped(old, new, about), _flipped(was, is_now, about)
    return Flips(decile, desert, len(both), len(before) - len(both), len(after) - len(both))


def _decile(rank: pd.Series[float]) -> pd.Series[float]:
    """Tenths of a rank, 1 first; missing where there is no rank."""
    tenth = np.ceil(rank.to_numpy(dtype="float64", na_value=np.nan) * _TENTHS / max(rank.notna().sum(), 1))
    return pd.Series(np.clip(tenth, 1, _TENTHS), index=rank.index)


def _flipped(before: pd.Series[Any], after: pd.Series[Any], about: Table) -> Table:
    same = (before == after).fillna(value=False).astype(bool) | (before.isna() & after.isna())
    return about.assign(before=before, after=after)[["area_name", "before", "after", "residents"]][~same]


# releases of a source -----------------------------------------------------------------------------------------------


def release_file(cache: Path, source: Source, text: str) -> Path:
    """The file of a release: a path, ``held`` for the one in use, or the beginning of a hash or name in the cache."""
    held = releases(cache).get(source.name)
    folder = cache / "raw" / source.name
    kept = sorted(path for path in folder.glob("*") if path.is_file()) if folder.is_dir() else []
    if text == "held" and held is not None:
        return cache / "raw" / held.file
    matching = [path for path in kept if path.name.startswith(text)]
    if len(matching) == 1:
        return matching[0]
    if Path(text).is_file():
        return Path(text)
    names = ", ".join(path.name for path in kept) or "none"
    raise PlanError(
        f"'{text[:100]}' is {'several releases' if matching else 'no release'} of {source.name} here. Give a file, "
        f"'held', or the beginning of one of: {names}."
    )


def release_table(source: Source, path: Path) -> Table:
    """The checked table of a file of a source; known totals do not bind an older or a made-up one."""
    return read_checked(replace(source, expected_rows=None, least_rows=1), path, {})


@contextmanager
def built_with(cache: Path, source: Source, path: Path) -> Iterator[Path]:
    """A cache folder, gone afterwards, with a warehouse built with that file of a source and all else as here."""
    held = releases(cache)
    if source.name not in held:
        raise WarehouseError(f"{source.name} is not held in {cache}. Run `hjp-geo fetch {source.name}` first.")
    with tempfile.TemporaryDirectory(dir=cache, prefix=".building-compare-", ignore_cleanup_errors=True) as name:
        other = Path(name)
        for one in held.values():
            release = one
            if one.source == source.name:
                rows = len(release_table(source, path))
                file = f"{source.name}/{path.name}"
                release = replace(one, file=file, sha256=sha256(path), rows=rows, release=path.name)
            _place(path if one.source == source.name else cache / "raw" / one.file, other / "raw" / release.file)
            record(other, release)
        build(other)
        yield other


def _place(path: Path, at: Path) -> None:
    """The file at another place: a link where the system has them, else a copy."""
    at.parent.mkdir(parents=True, exist_ok=True)
    try:
        at.hardlink_to(path)
    except OSError:
        shutil.copyfile(path, at)


# words and values ---------------------------------------------------------------------------------------------------


def diff_lines(one: TableDiff) -> list[str]:
    """A table's changes in words, with the first of them."""
    counts = f"{len(one.added):,} added, {len(one.gone):,} gone, {one.changed_rows:,} changed"
    lines = [f"{one.name}: {one.before_rows:,} rows before, {one.after_rows:,} after; {counts}."]
    for word, columns in (("new", one.new_columns), ("gone", one.gone_columns)):
        lines += [f"    {word} columns: {', '.join(columns)}"] if columns else []
    for word, rows in (("added", one.added), ("gone", one.gone)):
        keys = ["/".join(map(str, row)) for row in rows.head(_MOST_SHOWN).itertuples(index=False, name=None)]
        more = f" … and {len(rows) - len(keys):,} more" if len(rows) > len(keys) else ""
        lines += [f"    {word}: {', '.join(keys)}{more}"] if keys else []
    for row in one.changed.head(_MOST_SHOWN).itertuples(index=False, name=None):
        *key, column, before, after = row
        lines.append(f"    {'/'.join(map(str, key))} {column}: {before} → {after}")
    if len(one.changed) > _MOST_SHOWN:
        lines.append(f"    … and {len(one.changed) - _MOST_SHOWN:,} more cells: --json has the first {_MOST_VALUES:,}.")
    return lines


def diff_values(one: TableDiff) -> dict[str, Any]:
    """The same as plain values for JSON; at most a thousand keys and cells, all of them counted."""
    text = one.changed.head(_MOST_VALUES).astype({"before": "str", "after": "str"})
    return {
        "table": one.name,
        "key": list(one.key),
        "rows": {"before": one.before_rows, "after": one.after_rows},
        "counts": {"added": len(one.added), "gone": len(one.gone), "changed": one.changed_rows},
        "new_columns": list(one.new_columns),
        "gone_columns": list(one.gone_columns),
        "added": one.added.head(_MOST_VALUES).astype("str").to_dict("records"),
        "gone": one.gone.head(_MOST_VALUES).astype("str").to_dict("records"),
        "changed": text.to_dict("records"),
    }


def flips_lines(found: Flips) -> list[str]:
    """Which areas flip, in words, with counts of people."""
    lines = [f"{found.compared:,} areas compared; {found.only_before:,} only before, {found.only_after:,} only after."]
    for what, rows in (("need decile", found.decile), ("desert verdict", found.desert)):
        lines.append(f"Another {what}: {len(rows):,} areas, {rows['residents'].sum():,.0f} people.")
        for code, name, before, after, people in (
            rows.head(_MOST_SHOWN).reset_index().itertuples(index=False, name=None)
        ):
            lines.append(f"    {code} {name}: {_word(before)} → {_word(after)} ({people:,.0f} people)")
        if len(rows) > _MOST_SHOWN:
            lines.append(f"    … and {len(rows) - _MOST_SHOWN:,} more: --json has them all.")
    return lines


def _word(value: Any) -> str:
    if pd.isna(value):
        return "not known"
    if isinstance(value, (bool, np.bool_)):
        return "desert" if value else "no desert"
    return f"{value:g}"


def flips_values(found: Flips) -> dict[str, Any]:
    """The same as plain values for JSON: every area."""
    return {
        "areas_compared": found.compared,
        "only_before": found.only_before,
        "only_after": found.only_after,
        **{
            name: {
                "areas": len(rows),
                "people": float(rows["residents"].sum()),
                "rows": [_flip(*row) for row in rows.reset_index().itertuples(index=False, name=None)],
            }
            for name, rows in (("need_decile", found.decile), ("desert", found.desert))
        },
    }


def _flip(code: str, name: str, before: Any, after: Any, people: float) -> dict[str, Any]:
    values = {"before": _plain(before), "after": _plain(after), "people": float(people)}
    return {"area_code": code, "area_name": name, **values}


def _plain(value: Any) -> float | bool | None:
    if pd.isna(value):
        return None
    return bool(value) if isinstance(value, (bool, np.bool_)) else float(value)
