"""Claim: five people at once on one server wait no more than twice as long as one alone (medians).

    .venv/bin/python benchmarks/map_users.py [--cache cache --place E54000050]

Each user is a browser of its own in a process of its own, changing the layer and sketching at the same time as the
others, after a look of two to five seconds at each answer. Browsers and server share this machine, so the browsers'
own drawing is part of what is measured.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "browser"))

import find_chromium
import map as ours

from hjp_geo.evidence import Evidence

USERS = 5
LOOK_MS = (2_000, 5_000)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--cache", type=Path)
    arguments.add_argument("--place")
    arguments.add_argument("--areas", type=int, default=2_000)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cache = chosen.cache or ours.made_up(Path(folder), chosen.areas)
        evidence = Evidence.load(cache)
        place = chosen.place or ours.largest_system(evidence)
        print(f"{evidence.place(place).name}: {len(evidence.areas_of(place)):,} areas")
        with ours.served(cache) as address:
            used(1, f"{address}/map?place={place}&tour=off")  # the server's first answers are slower
            alone, together = (used(count, f"{address}/map?place={place}&tour=off") for count in (1, USERS))
    for name in alone:
        ratio = together[name] / alone[name]
        print(f"{name:<20} alone {alone[name]:.2f} s  {USERS} at once {together[name]:.2f} s  ratio {ratio:.1f}")


def used(count: int, address: str) -> dict[str, float]:
    """The medians over all users and their changes."""
    with multiprocessing.get_context("spawn").Pool(count) as pool:
        found = pool.map(one_user, [address] * count)
    return {name: statistics.median(each for one in found for each in one[name]) for name in found[0]}


def one_user(address: str) -> dict[str, list[float]]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium.chromium(), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1366, "height": 900})
        ours.first_map(page, address)
        layers, sketches = [], []
        for number, label in enumerate(ours.LAYERS):
            page.wait_for_timeout(random.uniform(*LOOK_MS))
            layers.append(ours.layer_change(page, label))
            page.wait_for_timeout(random.uniform(*LOOK_MS))
            sketches.append(ours.sketch(page, number))
        browser.close()
    return {"layer change": layers, "sketch to figures": sketches}


if __name__ == "__main__":
    main()
