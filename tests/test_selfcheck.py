"""The self-check passes on a sound installation, and fails when a number is off."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from hjp_geo import selfcheck
from hjp_geo.cli import main
from hjp_geo.evidence import Evidence
from hjp_geo.selfcheck import CASES, Case, self_check


def test_every_published_case_passes_here() -> None:
    checked = self_check()
    assert len(checked) == len(CASES) >= 10
    assert checked.loc[~checked["passed"], ["what", "expected", "found"]].to_dict("records") == []


def test_a_number_that_is_off_fails_and_says_what_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    off = dataclasses.replace(CASES[0], expected=(66_833, 133_203, 9_900))
    monkeypatch.setattr(selfcheck, "CASES", (off,))
    row = self_check().iloc[0]
    assert not row["passed"]
    assert row["largest_difference"] == pytest.approx(63.17, abs=0.01)
    assert row["found"] == "66,833.5, 133,203, 9,963.17"


def test_an_error_and_a_missing_number_fail_and_do_not_stop_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks() -> list[float]:
        raise ZeroDivisionError("no areas")

    made = [
        Case("X", name, compute, (1.0,), 1.0, "made up")
        for name, compute in {"breaks": breaks, "missing": lambda: [float("nan")]}.items()
    ]
    monkeypatch.setattr(selfcheck, "CASES", (*made, CASES[0]))
    checked = self_check()
    assert list(checked["passed"]) == [False, False, True]
    assert checked["found"][0] == "ZeroDivisionError: no areas"


def test_made_up_data_have_no_published_index_to_compare(tiny: Evidence) -> None:
    assert len(self_check(tiny)) == len(CASES)


def test_the_command_tells_each_case_and_leaves_with_the_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SystemExit) as done:
        main(["--cache", str(tmp_path), "self-check", "--json"])
    assert done.value.code == 0
    assert all(row["passed"] for row in json.loads(capsys.readouterr().out))
    monkeypatch.setattr(selfcheck, "CASES", (dataclasses.replace(CASES[0], within=0.0),))
    with pytest.raises(SystemExit) as done:
        main(["--cache", str(tmp_path), "self-check"])
    assert done.value.code == 3
    assert "FAIL" in capsys.readouterr().out


@pytest.mark.replica
def test_the_loaded_index_of_deprivation_is_the_published_one(england_cache: Path) -> None:
    checked = self_check(Evidence.load(england_cache))
    last = checked.iloc[-1]
    assert (last["subject"], last["passed"]) == ("Loaded data", True)
