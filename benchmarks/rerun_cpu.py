"""What a change of layer costs the server, in seconds of CPU: what five sessions have to share. Medians.

    .venv/bin/python benchmarks/rerun_cpu.py --cache cache --place E54000050
    .venv/bin/python benchmarks/rerun_cpu.py --cache cache --place E54000050 --alone    nothing is kept between answers

No browser: Streamlit's own test runner asks for the map page, so that drawing is not part of it.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
from pathlib import Path

from streamlit.testing.v1 import AppTest

from hjp_geo.plan import answer
from hjp_geo.screens import kept

LAYERS = ("access", "diabetes_prevalence", "income_deprivation", "asthma_prevalence", "cancer_prevalence")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--cache", type=Path, required=True)
    arguments.add_argument("--place", required=True)
    arguments.add_argument(
        "--alone", action="store_true", help="As before answers were shared: the peer of this claim."
    )
    chosen = arguments.parse_args()
    os.environ["HJP_GEO_CACHE"] = str(chosen.cache)
    if chosen.alone:
        kept.answered = lambda plan, known: answer(plan, known)
        kept.kept_for = lambda _owner, _what, make: make()
    tab = AppTest.from_function(_map_page, default_timeout=300)
    tab.query_params["place"] = chosen.place
    tab.run()
    first = [change(tab, layer) for layer in LAYERS]
    again = [change(tab, layer) for layer in LAYERS * 2]
    print(f"layer change, first look {statistics.median(first):.3f} s CPU, again {statistics.median(again):.3f} s CPU")


def _map_page() -> None:
    from hjp_geo.screens import explore

    explore.page()


def change(tab: AppTest, layer: str) -> float:
    """Seconds of CPU that one change takes."""
    before = _cpu_seconds()
    next(box for box in tab.selectbox if box.label == "Colour the map by").select(layer)
    tab.run()
    assert not tab.exception, tab.exception
    return _cpu_seconds() - before


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
