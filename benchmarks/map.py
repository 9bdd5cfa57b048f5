"""How fast the map answers in a real browser: first map, layer change, sketch to figures; medians of five.

.venv/bin/python benchmarks/map.py                     2,000 made-up areas, written and built first
.venv/bin/python benchmarks/map.py --cache cache       the largest Integrated Care Board of a warehouse
.venv/bin/python benchmarks/map.py --cache cache --place england
"""

from __future__ import annotations

import argparse
import math
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "browser"))

import find_chromium  # noqa: E402 - it lives beside the browser tests

from hjp_geo.build import build  # noqa: E402
from hjp_geo.demo import write_mirror  # noqa: E402
from hjp_geo.evidence import Evidence  # noqa: E402
from hjp_geo.registry import discover  # noqa: E402
from hjp_geo.source import Source, fetch  # noqa: E402
from hjp_geo.upstream import Upstream  # noqa: E402

PORT = 8599
LAYERS = ("Access to advice", "Diabetes", "Income deprivation", "Asthma", "Cancer")
PAINTED = "window.__hjpMap && window.__hjpMap.painted"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--cache", type=Path)
    arguments.add_argument("--place")
    arguments.add_argument("--areas", type=int, default=2_000)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cache = chosen.cache or made_up(Path(folder), chosen.areas)
        evidence = Evidence.load(cache)
        place = chosen.place or largest_system(evidence)
        print(f"{evidence.place(place).name}: {len(evidence.areas_of(place)):,} areas")
        with served(cache) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=find_chromium.chromium(), args=["--no-sandbox"])
            for _warm in range(2):
                page = browser.new_page(viewport={"width": 1366, "height": 900})
                print(f"first map            {first_map(page, f'{address}/map?place={place}&tour=off'):.2f} s")
            print(f"pan                  {pan(page):.0f} frames/s, median of what a drag shows")
            report("layer change", [layer_change(page, label) for label in LAYERS])
            report("sketch to figures", [sketch(page, number) for number in range(5)])
            browser.close()


def made_up(folder: Path, areas: int) -> Path:
    write_mirror(folder / "mirror", areas=areas)
    upstream = Upstream(str(folder / "mirror"))
    for source in discover("data_sources", Source).values():
        fetch(source, folder, upstream)
    build(folder)
    return folder


def largest_system(evidence: Evidence) -> str:
    systems = [one.code for one in evidence.places.values() if one.kind == "Integrated Care Board"]
    return max(systems, key=lambda code: len(evidence.areas_of(code)))


@contextmanager
def served(cache: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "hjp_geo", "--cache", str(cache), "serve", "--port", str(PORT)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{PORT}"
    try:
        for _ in range(100):
            time.sleep(0.2)
            try:
                urlopen(f"{address}/_stcore/health", timeout=1).close()
                break
            except OSError:
                continue
        yield address
    finally:
        server.terminate()
        server.wait(timeout=20)


def first_map(page: Page, address: str) -> float:
    started = time.perf_counter()
    page.goto(address)
    page.wait_for_function(PAINTED, timeout=120_000, polling="raf")
    return time.perf_counter() - started


def pan(page: Page) -> float:
    """Frames a second while the map is dragged to and fro."""
    box = page.locator(".leaflet-container").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.evaluate(
        "() => { window.__frames = []; const note = (t) => { window.__frames.push(t); requestAnimationFrame(note) };"
        " requestAnimationFrame(note) }"
    )
    page.mouse.move(x, y)
    page.mouse.down()
    for move in range(120):
        page.mouse.move(x + 100 * math.sin(move / 10), y + 60 * math.cos(move / 10))
    gaps = page.evaluate("window.__frames.slice(1).map((t, i) => t - window.__frames[i])")
    page.mouse.up()
    return 1000 / statistics.median(gaps)


def layer_change(page: Page, label: str) -> float:
    before = page.evaluate(PAINTED)
    page.wait_for_timeout(600)
    page.get_by_role("combobox", name="Colour the map by").click()
    page.keyboard.type(label)
    option = page.get_by_role("option", name=label, exact=True).first
    option.wait_for()
    started = time.perf_counter()
    option.click()
    page.wait_for_function(f"window.__hjpMap.painted !== '{before}'", timeout=60_000, polling="raf")
    return time.perf_counter() - started


def sketch(page: Page, number: int) -> float:
    box = page.locator(".leaflet-container").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] * 0.55, box["y"] + box["height"] * (0.35 + 0.07 * number)
    page.get_by_role("button", name="Draw a point with a radius").click()
    page.mouse.click(x, y)
    page.mouse.move(x + 22, y)
    before = page.locator("[data-testid=stMetric]").all_inner_texts()
    started = time.perf_counter()
    page.mouse.click(x + 22, y)
    figures = "[...document.querySelectorAll('[data-testid=stMetric]')].map(e => e.innerText).join()"
    page.wait_for_function(f"(b) => {figures}.length && {figures} !== b", arg=",".join(before), polling="raf")
    took = time.perf_counter() - started
    page.wait_for_timeout(600)
    return took


def report(name: str, seconds: list[float]) -> None:
    each = ", ".join(f"{one:.2f}" for one in seconds)
    print(f"{name:<20} {statistics.median(seconds):.2f} s median of {len(seconds)} ({each})")


if __name__ == "__main__":
    main()
