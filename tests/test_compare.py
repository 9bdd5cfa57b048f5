"""What changed is said by key: rows that came, went and changed, and the areas and people that they turn over."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from hjp_geo import cli
from hjp_geo.compare import compare_tables, diff_lines, diff_values, flips, flips_lines, flips_values
from hjp_geo.errors import PlanError


def homes(**rows: object) -> pd.DataFrame:
    return pd.DataFrame({"code": list(rows), "people": list(rows.values())})


def test_rows_are_added_gone_and_changed_by_key():
    found = compare_tables("homes", homes(a=1, b=2, c=3), homes(b=2, c=4, d=5), ["code"])
    assert found.added["code"].tolist() == ["d"]
    assert found.gone["code"].tolist() == ["a"]
    assert found.changed.to_numpy().tolist() == [["c", "people", 3, 4]]
    assert (found.before_rows, found.after_rows, found.changed_rows, found.same) == (3, 3, 1, False)
    assert diff_lines(found)[0] == "homes: 3 rows before, 3 after; 1 added, 1 gone, 1 changed."
    assert "    c people: 3 → 4" in diff_lines(found)
    json.dumps(diff_values(found))


def test_missing_equals_missing_and_differs_from_0():
    before, after = homes(a=np.nan, b=0.0, c=np.nan), homes(a=np.nan, b=np.nan, c=0.0)
    assert compare_tables("homes", before, after, ["code"]).changed["code"].tolist() == ["b", "c"]


def test_the_order_of_rows_is_no_change():
    assert compare_tables("homes", homes(a=1, b=2), homes(b=2, a=1), ["code"]).same


def test_columns_that_came_or_went_are_named():
    found = compare_tables("homes", homes(a=1), homes(a=1).rename(columns={"people": "persons"}), ["code"])
    assert (found.new_columns, found.gone_columns, found.same) == (("persons",), ("people",), False)


def test_a_key_of_two_columns_is_one_key():
    table = pd.DataFrame({"a": [1, 1, 2], "b": [1, 2, 1], "n": [5, 6, 7]})
    found = compare_tables("pairs", table, table.assign(n=[5, 0, 7]).iloc[:2], ["a", "b"])
    assert found.gone.to_numpy().tolist() == [[2, 1]]
    assert found.changed.to_numpy().tolist() == [[1, 2, "n", 6, 0]]


def test_a_shape_that_moved_is_a_change():
    before = gpd.GeoDataFrame({"code": ["a", "b"]}, geometry=[shapely.Point(0, 0), shapely.Point(1, 1)], crs=27700)
    after = before.set_geometry([shapely.Point(0, 0), shapely.Point(1, 2)], crs=27700)
    assert compare_tables("shapes", before, after, ["code"]).changed["code"].tolist() == ["b"]


def test_a_table_without_the_key_is_said():
    with pytest.raises(PlanError, match="homes has no column code"):
        compare_tables("homes", homes(a=1), pd.DataFrame({"x": [1]}), ["code"])


@given(
    before=st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 3)),
    after=st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 3)),
)
@settings(max_examples=60)
def test_what_is_said_turns_the_one_into_the_other(before: dict[str, int], after: dict[str, int]):
    found = compare_tables("homes", homes(**before), homes(**after), ["code"])
    rebuilt = {code: people for code, people in before.items() if code not in set(found.gone["code"])}
    rebuilt |= dict(zip(found.changed["code"], found.changed["after"], strict=True))
    rebuilt |= {code: after[code] for code in found.added["code"]}
    assert rebuilt == after


def answered(ranks: list[float], deserts: list[bool | None]) -> pd.DataFrame:
    index = pd.Index([f"E{n}" for n in range(len(ranks))], name="area_code")
    desert = pd.Series(deserts, index, dtype="boolean")
    return pd.DataFrame(
        {"need_rank": ranks, "desert": desert, "area_name": index, "residents": 100.0 + np.arange(len(ranks))},
        index=index,
    )


def test_areas_flip_with_their_people():
    ranks = [float(n) for n in range(1, 21)]  # 20 areas: two a decile
    before = answered(ranks, [True] * 2 + [False] * 17 + [None])
    moved = [*ranks[:1], ranks[2], ranks[1], *ranks[3:]]  # the second and third change places: deciles 1 and 2
    after = answered(moved, [True, False] + [False] * 16 + [None, None])
    found = flips(before, after)
    assert found.decile[["before", "after"]].to_numpy().tolist() == [[1, 2], [2, 1]]
    assert found.decile["residents"].sum() == 101 + 102
    assert found.desert.index.tolist() == ["E1", "E18"]  # to no desert, and to no verdict; not known twice is no flip
    assert "    E18 E18: no desert → not known (118 people)" in flips_lines(found)
    assert json.loads(json.dumps(flips_values(found)))["desert"]["areas"] == 2


def test_two_cache_folders_are_compared_by_command(
    tiny_cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    shutil.copy(tiny_cache / "hjp.duckdb", tmp_path / "hjp.duckdb")
    with pytest.raises(SystemExit) as left:
        cli.main(["--cache", str(tiny_cache), "diff", str(tiny_cache), str(tmp_path), "--json"])
    assert left.value.code == 0
    values = json.loads(capsys.readouterr().out)
    assert values["flips"]["areas_compared"] == 10
    assert (values["flips"]["need_decile"]["areas"], values["flips"]["desert"]["areas"]) == (0, 0)
    with pytest.raises(SystemExit) as left:
        cli.main(["--cache", str(tiny_cache), "diff"])
    assert left.value.code == 1
    assert "No build from other releases has been kept here" in capsys.readouterr().err
