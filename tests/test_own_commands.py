"""The commands for own data and hygiene: one line on failure, nothing taken by halves, nothing overwritten."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from own_rows import OFFICE, provider_file
from tiny_warehouse import CODES

from hjp_geo import cli
from hjp_geo.own.shelf import read_own


class Shell:
    """Runs commands on a copy of the ten areas."""

    def __init__(self, cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.cache, self._capsys = cache, capsys

    def run(self, *arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            cli.main(["--cache", str(self.cache), *arguments])
        captured = self._capsys.readouterr()
        return int(left.value.code or 0), captured.out, captured.err

    def file(self, name: str, *rows: str) -> str:
        path = self.cache / name
        path.write_bytes(provider_file(*rows))
        return str(path)


@pytest.fixture
def shell(tiny_cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    shutil.copy(tiny_cache / "hjp.duckdb", tmp_path / "hjp.duckdb")
    return Shell(tmp_path, capsys)


def test_check_loads_nothing_and_fails_where_there_are_errors(shell: Shell):
    assert shell.run("own", "check", shell.file("good.csv", OFFICE))[0] == 0
    bad = shell.file("bad.csv", OFFICE.replace("in_person", "post"))
    code, out, err = shell.run("own", "check", bad)
    assert (code, "1 errors" in out, "bad.csv, error, row 2, channel: 'post' is not a channel" in err) == (
        1,
        True,
        True,
    )
    assert json.loads(shell.run("own", "check", bad, "--json")[1])["problems"][0]["column"] == "channel"
    assert not read_own(shell.cache)


def test_add_export_add_again_and_remove(shell: Shell):
    code, out, _ = shell.run("own", "add", shell.file("mine.csv", OFFICE))
    assert (code, "Taken: 1 rows as “mine”" in out) == (0, True)
    exported = str(shell.cache / "again.csv")
    assert shell.run("own", "export", "mine", "--out", exported)[0] == 0
    before = read_own(shell.cache).providers[0].rows
    assert shell.run("own", "add", exported, "--name", "mine")[0] == 0
    assert read_own(shell.cache).providers[0].rows == before
    assert "mine: providers, 1 rows, from again.csv" in shell.run("own", "list")[1]
    assert shell.run("own", "remove", "mine")[0] == 0
    assert "Nothing of your own is in play." in shell.run("own", "list")[1]


def test_one_bad_row_and_nothing_is_taken_unless_it_is_left_out(shell: Shell):
    mixed = shell.file("mixed.csv", OFFICE, "Nowhere,Advice Row,debt,in_person,,,,")
    code, _, err = shell.run("own", "add", mixed)
    assert (code, "hjp-geo: 1 error in 1 row. Nothing was taken." in err) == (1, True)
    assert not read_own(shell.cache)
    (shell.cache / "mixed.rejected.csv").write_text("mine, and not to be lost")
    assert shell.run("own", "add", mixed, "--skip-bad-rows")[0] == 0
    assert (shell.cache / "mixed.rejected.csv").read_text() == "mine, and not to be lost"
    assert "Nowhere" in (shell.cache / "mixed.rejected-1.csv").read_text("utf-8-sig")


def test_a_file_is_never_overwritten(shell: Shell):
    shell.file("t.csv", OFFICE)
    code, _, err = shell.run("own", "template", "--out", str(shell.cache / "t.csv"))
    assert (code, "is there already" in err) == (1, True)
    assert shell.run("own", "template")[1].startswith("site_name,provider_name,topics")
    assert shell.run("own", "template", "--areas")[1].startswith("code,value")


def test_values_of_areas_are_looked_at_and_taken(shell: Shell):
    path = shell.cache / "damp.csv"
    path.write_text(f"code,value\n{CODES[0]},4\n")
    asked = ["own", "add-areas", str(path), "--label", "Damp", "--unit", "% of homes", "--source", "Row Council"]
    assert "1 areas would have a value" in shell.run(*asked, "--check")[1]
    assert not read_own(shell.cache)
    assert "as the layer own_damp" in shell.run(*asked)[1]
    traced = shell.run("trace", CODES[0], "own_damp")[1]
    assert "Damp = 4 (% of homes)" in traced
    assert "damp.csv" in traced


def test_a_pair_is_settled_and_taken_back(shell: Shell):
    row = OFFICE.replace("Town office", "Hyperlink advice 0 img src x onerror alert 1 1")
    _, out, _ = shell.run("own", "add", shell.file("mine.csv", row))
    assert "1 of your sites look like one in another list" in out
    pair = json.loads(shell.run("hygiene", "--json")[1])[0]
    keep, drop = pair["keep"], pair["drop"]
    assert "[same]" in shell.run("hygiene", "--same", keep, drop)[1]
    assert shell.run("hygiene", "--undo", keep, drop)[0] == 0
    assert shell.run("hygiene", "--undo", keep, drop)[0] == 1
    assert shell.run("hygiene", "--apart", keep, "nobody")[2].startswith("hjp-geo: There is no site nobody.")


def test_all_likely_pairs_are_accepted_in_one_action_and_taken_back(shell: Shell):
    # two rows of the user at the postcode, and with the name, of the one listed site
    name = "Hyperlink advice 0 img src x onerror alert 1 1"
    rows = [OFFICE.replace("Town office", name), OFFICE.replace("Town office", f"{name} main office")]
    shell.run("own", "add", shell.file("mine.csv", *rows))
    before = json.loads(shell.run("score", "--json")[1])["totals"]
    listed = shell.run("hygiene", "--likely")[1]
    assert listed.endswith("2 likely pairs. To count each once: hjp-geo hygiene --accept-likely 2\n")
    # another number than was looked at: nothing happens
    code, _, err = shell.run("hygiene", "--accept-likely", "3")
    assert (code, "2 likely pairs are undecided, not 3: nothing was decided" in err) == (1, True)
    assert not read_own(shell.cache).decisions
    out = shell.run("hygiene", "--accept-likely", "2")[1]
    assert [one.verdict for one in read_own(shell.cache).decisions] == ["same", "same"]
    assert "0 likely pairs" in shell.run("hygiene", "--likely")[1]
    action = out.split("--undo-accepted ")[1].split()[0]
    assert "Taken back: 2 decisions" in shell.run("hygiene", "--undo-accepted", action)[1]
    assert read_own(shell.cache).decisions == ()
    assert json.loads(shell.run("score", "--json")[1])["totals"] == before
    assert shell.run("hygiene", "--undo-accepted", action)[2].startswith("hjp-geo: Nothing was accepted together")


def test_a_pair_decided_again_since_stays_when_the_others_are_taken_back(shell: Shell):
    name = "Hyperlink advice 0 img src x onerror alert 1 1"
    rows = [OFFICE.replace("Town office", name), OFFICE.replace("Town office", f"{name} main office")]
    shell.run("own", "add", shell.file("mine.csv", *rows))
    action = shell.run("hygiene", "--accept-likely", "2")[1].split("--undo-accepted ")[1].split()[0]
    first = read_own(shell.cache).decisions[0]
    shell.run("hygiene", "--apart", first.keep, first.drop)
    assert "Taken back: 1 decisions" in shell.run("hygiene", "--undo-accepted", action)[1]
    assert [one.verdict for one in read_own(shell.cache).decisions] == ["apart"]


def test_an_older_warehouse_without_a_report_says_to_build_again(shell: Shell):
    code, _, err = shell.run("quality")
    assert (code, "Run `hjp-geo build` again" in err) == (1, True)
