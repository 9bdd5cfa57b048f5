"""A matrix that the user brings: what its headings may be, what means 'no route', and what is refused."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hjp_geo.access import Binary, Reach, cost_to_closest
from hjp_geo.errors import PlanError
from hjp_geo.journeys import Journeys, MatrixError, matrix_journeys
from hjp_geo.journeys import matrix as reading

AREAS = pd.Index(["E01000001", "E01000002", "E01000003"])
SITES = pd.Index(["s", "t"])


def read(folder: Path, text: str, **asked: object) -> Journeys:
    path = folder / "matrix.csv"
    path.write_text(text, encoding="utf-8")
    return matrix_journeys(path, AREAS, SITES, **{"unit": "minutes", **asked})  # type: ignore[arg-type]


def pairs(journeys: Journeys) -> dict[tuple[str, str], float]:
    costs = journeys.costs
    return {(a[-1], s): m for a, s, m in zip(costs["area_code"], costs["site_id"], costs["minutes"], strict=True)}


@pytest.mark.parametrize(
    "heading",
    [
        "area_code,site_id,minutes",
        "from_id,to_id,travel_time_p50",
        "Origin,Destination,Duration",
        "LSOA21CD,to,Mins",
        "\ufefffrom_id,to_id,travel_time",
        "from_id;to_id;travel_time",
        "from_id\tto_id\ttravel_time",
    ],
)
def test_headings_are_known_by_what_they_usually_say(tmp_path: Path, heading: str) -> None:
    between = next((mark for mark in ";\t" if mark in heading), ",")
    row = between.join(["E01000001", "s", "12.5"])
    assert pairs(read(tmp_path, f"{heading}\n{row}\n")) == {("1", "s"): 12.5}


def test_other_columns_are_left_alone_and_codes_are_trimmed(tmp_path: Path) -> None:
    made = read(tmp_path, 'date,from_id,to_id,travel_time\n"Mon, 8 am", E01000002 ,s ,7\n')
    assert pairs(made) == {("2", "s"): 7.0}


@pytest.mark.parametrize(
    "cell", ["", " ", "NA", "NaN", "null", "None", "inf", "-1", "999", "9999", "9999.0", "99999", "2147483647", "32767"]
)
def test_what_stands_for_no_route_is_unreachable_and_never_a_time(tmp_path: Path, cell: str) -> None:
    made = read(tmp_path, f"from,to,minutes\nE01000001,s,{cell}\nE01000001,t,30\nE01000002,s,10\n")
    assert pairs(made) == {("1", "t"): 30.0, ("2", "s"): 10.0}
    assert "1 rows say that there is no route" in " ".join(made.notes)
    # the nearest of E01000001 is t, 30 minutes away; nothing was averaged with a sentinel, nothing is 0
    reach = Reach(pd.Series(1.0, index=AREAS), pd.Series(1.0, index=SITES), made.costs, Binary(60))
    assert cost_to_closest(reach).to_list()[:2] == [30.0, 10.0]
    assert math.isnan(cost_to_closest(reach).iloc[2])


def test_a_number_of_the_users_own_may_mean_no_route(tmp_path: Path) -> None:
    text = "from,to,minutes\nE01000001,s,500\nE01000001,t,30\n"
    assert len(read(tmp_path, text).costs) == 2
    assert pairs(read(tmp_path, text, unreachable=[500])) == {("1", "t"): 30.0}


def test_seconds_are_minutes_times_sixty_and_the_limit_is_inclusive(tmp_path: Path) -> None:
    text = "from,to,time\nE01000001,s,1800\nE01000001,t,1801\nE01000002,s,0\n"
    made = read(tmp_path, text, unit="seconds", cutoff_minutes=30)
    assert pairs(made) == {("1", "s"): 30.0, ("2", "s"): 0.0}
    assert "1 journeys take more than 30 minutes and were left out." in made.notes


def test_9999_seconds_may_be_a_time_unless_nothing_is_longer(tmp_path: Path) -> None:
    as_stand_in = read(tmp_path, "from,to,time\nE01000001,s,9999\nE01000001,t,600\n", unit="seconds")
    assert pairs(as_stand_in) == {("1", "t"): 10.0}
    assert "exactly 9999 seconds were taken as no route" in " ".join(as_stand_in.notes)
    as_time = read(tmp_path, "from,to,time\nE01000001,s,9999\nE01000001,t,12000\n", unit="seconds")
    assert pairs(as_time) == {("1", "s"): 166.65, ("1", "t"): 200.0}


def test_a_unit_is_asked_and_a_heading_that_contradicts_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MatrixError, match="the column duration_s says seconds, but the unit given is minutes"):
        read(tmp_path, "from,to,duration_s\nE01000001,s,600\n")
    with pytest.raises(PlanError, match="unit is 'fortnights'"):
        read(tmp_path, "from,to,time\nE01000001,s,600\n", unit="fortnights")


def test_unknown_codes_are_counted_and_named_and_not_used(tmp_path: Path) -> None:
    made = read(tmp_path, "from,to,minutes\nE01000001,s,5\nE01000009,s,5\nE01000001,elsewhere,6\n,s,5\n")
    assert pairs(made) == {("1", "s"): 5.0}
    said = " ".join(made.notes)
    assert "3 rows were left out. 2 unknown area_code: E01000009, (blank). 1 unknown site_id: elsewhere." in said
    assert "2 of 3 areas have no journey in the file." in said


def test_a_file_of_unknown_codes_only_is_refused_as_swapped_columns_are(tmp_path: Path) -> None:
    with pytest.raises(MatrixError, match="none of its 1 rows is between a known area and a known site"):
        read(tmp_path, "from,to,minutes\ns,E01000001,5\n")


def test_the_same_pair_twice_is_an_error_that_names_the_row(tmp_path: Path) -> None:
    with pytest.raises(MatrixError, match="1 errors, and nothing of it was used") as caught:
        read(tmp_path, "from,to,minutes\nE01000001,s,5\nE01000001,t,5\nE01000001,s,9999\n")
    (error,) = caught.value.errors
    assert error.startswith("row 4, area and site: E01000001 to s was given before. Expected one row a pair")


def test_the_same_pair_in_two_pieces_of_a_file_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_BLOCK_BYTES", 64)
    rows = "E01000001,s,5\nE01000001,t,5\nE01000002,s,5\nE01000002,t,5\nE01000003,s,5\n"
    assert len(read(tmp_path, "from,to,minutes\n" + rows).costs) == 5
    with pytest.raises(MatrixError, match="row 7, area and site: E01000001 to t was given before"):
        read(tmp_path, "from,to,minutes\n" + rows + "E01000001,t,6\n")


def test_cells_that_are_no_times_are_listed_by_row(tmp_path: Path) -> None:
    with pytest.raises(MatrixError) as caught:
        read(tmp_path, "from,to,minutes\nE01000001,s,soon\nE01000001,t,-7\nE01000002,s,3\n")
    assert caught.value.errors == (
        "row 2, time: 'soon' is no number. Expected a time such as 23.5, or nothing for no route.",
        "row 3, time: -7 is below 0; expected 0 or more, or -1 for no route.",
    )


def test_only_the_first_errors_are_listed_and_all_are_counted(tmp_path: Path) -> None:
    areas = pd.Index([f"a{n:02d}" for n in range(60)])
    path = tmp_path / "m.csv"
    pd.DataFrame({"from": areas, "to": "s", "minutes": "?"}).to_csv(path, index=False)
    with pytest.raises(MatrixError, match="60 errors") as caught:
        matrix_journeys(path, areas, SITES, unit="minutes")
    assert len(caught.value.errors) == 20


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("from,to,minutes\n", "no rows after the heading"),
        ("from,minutes\nE01000001,5\n", "no column for site_id. Found the headings from, minutes"),
        ("from,to,travel_time_p25,duration,time\nE01000001,s,5,5,5\n", "several columns for time: duration, time"),
        ("from,to,minutes\nE01000001,s\n", "cannot be read as CSV"),
    ],
)
def test_a_file_that_is_no_matrix_is_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(MatrixError, match=says):
        read(tmp_path, text)


def test_a_missing_file_and_a_broken_parquet_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MatrixError, match="is not there"):
        matrix_journeys(tmp_path / "no.csv", AREAS, SITES, unit="minutes")
    (tmp_path / "m.parquet").write_bytes(b"PAR1 not really PAR1")
    with pytest.raises(MatrixError, match="cannot be read as Parquet"):
        matrix_journeys(tmp_path / "m.parquet", AREAS, SITES, unit="minutes")


def test_a_matrix_too_large_to_hold_asks_for_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_MOST_PAIRS", 1)
    with pytest.raises(MatrixError, match="Give cutoff_minutes"):
        read(tmp_path, "from,to,minutes\nE01000001,s,5\nE01000001,t,5\n")


TIME = st.one_of(
    st.none(), st.sampled_from([9999.0, math.inf, -1.0, 30.0]), st.floats(0, 300).map(lambda x: round(x, 3))
)


@given(
    st.lists(st.tuples(st.sampled_from(list(AREAS)), st.sampled_from(list(SITES))), unique=True, min_size=1), st.data()
)
def test_csv_and_parquet_say_the_same(
    tmp_path_factory: pytest.TempPathFactory, rows: list, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("m")
    table = pd.DataFrame(rows, columns=["from_id", "to_id"])
    table["travel_time"] = pd.array([data.draw(TIME) for _ in rows], dtype="float64")
    table.to_csv(folder / "m.csv", index=False)
    table.to_parquet(folder / "m.parquet", index=False)
    found = [pairs(matrix_journeys(folder / name, AREAS, SITES, unit="minutes")) for name in ("m.csv", "m.parquet")]
    assert found[0] == pytest.approx(found[1])
    expected = table[table["travel_time"].between(0, 9998)]
    assert len(found[0]) == len(expected)
