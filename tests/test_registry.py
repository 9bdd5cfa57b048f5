"""What a folder declares is found, whatever it is called and however it is made."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hjp_geo.errors import SchemaError
from hjp_geo.layer import Layer
from hjp_geo.registry import discover
from hjp_geo.source import Source


def test_finds_every_source_and_layer_of_the_project():
    assert {"iod25", "qof_prevalence", "postcodes"} <= set(discover("data_sources", Source))
    layers = discover("layers", Layer)
    assert {"income_deprivation", "cancer_prevalence", "people_with_cancer"} <= set(layers)
    assert sum(name.endswith("_prevalence") for name in layers) == 21


def test_two_modules_that_declare_one_name_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    package = tmp_path / "twice"
    package.mkdir()
    (package / "__init__.py").touch()
    for module in ("a", "b"):
        (package / f"{module}.py").write_text(
            "from hjp_geo.layer import layer\n"
            "@layer(label='x', unit='x', role='need', polarity='none')\n"
            "def same(areas):\n    return areas\n"
        )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(SchemaError, match="two modules declare 'same'"):
        discover("twice", Layer)
    for name in [name for name in sys.modules if name.startswith("twice")]:
        del sys.modules[name]
