"""The notebooks in docs run as they stand, say what they show, and agree with the command line and with `suggest`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from traitlets.config import Config

from hjp_geo import cli
from hjp_geo.evidence import Evidence
from hjp_geo.plan import Plan
from hjp_geo.siting import Search, curve_of_new_sites, suggest, suggestion_values

NOTEBOOK = Path(__file__).parents[1] / "docs" / "notebooks" / "where-should-it-go.ipynb"
PLAN = Plan(topic="debt", cutoff_km=5)
SEARCH = Search(objective="mclp", sites=3, candidates="gp_practices", k_best=3)
RENDER = "jupyter nbconvert --to notebook --execute --inplace --ExecutePreprocessor.record_timing=False"


@pytest.fixture(scope="module")
def ran() -> Any:
    """The notebook, run anew from its first cell in a kernel of its own, without the network."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    local = Config({"KernelManager": {"transport": "ipc"}})  # no port: nobody else on the machine can listen
    NotebookClient(notebook, timeout=300, kernel_name="python3", config=local).execute()
    return notebook


def printed(notebook: Any) -> list[str]:
    """What each cell shows, as plain text."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return ["".join(one.get("text") or one["data"]["text/plain"] for one in cell.outputs) for cell in cells]


def test_what_the_notebook_shows_is_what_it_gives_today(ran):
    kept = printed(nbformat.read(NOTEBOOK, as_version=4))
    assert kept == printed(ran), f"render it again: {RENDER} {NOTEBOOK.relative_to(NOTEBOOK.parents[2])}"


def test_the_notebook_gives_the_numbers_of_suggest(ran, made_up_cache: Path):
    evidence = Evidence.load(made_up_cache)
    found = suggest(PLAN, evidence, SEARCH)
    said = printed(ran)
    assert found.summary in "".join(said)
    values = json.loads(said[-1])
    expected = json.loads(json.dumps(suggestion_values(found)))
    assert values == {name: expected[name] for name in ("sites", "reached", "alternatives")}
    assert curve_of_new_sites(PLAN, evidence, SEARCH, range(9)).summary in "".join(said)


def test_the_notebook_gives_the_numbers_of_the_command_line(ran, made_up_cache: Path, capsys):
    asked = ["--topic", "debt", "--cutoff-km", "5", "--sites", "3", "--k-best", "3", "--json"]
    with pytest.raises(SystemExit) as left:
        cli.main(["--cache", str(made_up_cache), "locate", *asked])
    assert not left.value.code
    values = json.loads(capsys.readouterr().out)
    said = json.loads(printed(ran)[-1])
    assert {name: values[name] for name in said} == said
    assert values["summary"] in "".join(printed(ran))


def test_no_path_of_a_machine_is_in_a_notebook():
    text = NOTEBOOK.read_text("utf-8")
    for part in ("/tmp/", "/home/", "site-packages", "C:\\\\"):
        assert part not in text
