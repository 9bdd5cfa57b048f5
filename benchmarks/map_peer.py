"""Claim: a change of layer is several times faster than st_folium's and sends a twentieth of the bytes or less.

    .venv/bin/python benchmarks/map_peer.py --peer-python PEER/bin/python [--cache cache --place E54000050]

Both in one run: our map page, then the page most people would write with streamlit-folium (``peers/st_folium_page.py``)
on the same simplified boundaries and values; medians of five. ``--peer-python`` is a Python that has streamlit-folium
(it is no dependency of the project). What st_folium loads from the internet is answered from npm packages, fetched
once into a temporary folder, so that it draws at all here.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from playwright.sync_api import Page, Route, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "browser"))

import find_chromium
import map as ours

from hjp_geo.evidence import Evidence
from hjp_geo.maps import place_geometry

HERE = Path(__file__).parent
PORT = 8597
PACKAGES = {"leaflet": "leaflet@1.9.4", "jquery": "jquery@3.7.1", "leaflet.draw": "leaflet-draw@1.0.4"}
FILES = {
    "leaflet.js": "leaflet/dist/leaflet.js",
    "leaflet.css": "leaflet/dist/leaflet.css",
    "jquery": "jquery/dist/jquery.min.js",
    "leaflet.draw.js": "leaflet-draw/dist/leaflet.draw.js",
    "leaflet.draw.css": "leaflet-draw/dist/leaflet.draw.css",
}
LAYERS = ("income_deprivation", "diabetes_prevalence", "asthma_prevalence", "cancer_prevalence")


class Wire:
    """The bytes that came over WebSockets since the last look."""

    def __init__(self, page: Page) -> None:
        self.bytes = 0
        page.on("websocket", lambda socket: socket.on("framereceived", self._count))

    def _count(self, frame: str | bytes) -> None:
        self.bytes += len(frame)

    def taken(self) -> int:
        """Bytes since the last look; the count begins again."""
        taken, self.bytes = self.bytes, 0
        return taken


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--cache", type=Path)
    arguments.add_argument("--place")
    arguments.add_argument("--areas", type=int, default=2_000)
    arguments.add_argument("--peer-python", type=Path, required=True)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        cache = chosen.cache or ours.made_up(Path(folder), chosen.areas)
        evidence = Evidence.load(cache)
        place = chosen.place or ours.largest_system(evidence)
        print(f"{evidence.place(place).name}: {len(evidence.areas_of(place)):,} areas; medians of 5")
        browser = playwright.chromium.launch(executable_path=find_chromium.chromium(), args=["--no-sandbox"])
        with ours.served(cache) as address:
            page = browser.new_page(viewport={"width": 1366, "height": 900})
            mine = measure_ours(page, f"{address}/map?place={place}&tour=off")
        with peer_served(evidence, place, Path(folder), chosen.peer_python) as address:
            page = browser.new_page(viewport={"width": 1366, "height": 900})
            page.route("**/*", answer_from(npm(Path(folder))))
            theirs = measure_peer(page, address)
        browser.close()
    for name, mine_value in mine.items():
        unit, ratio = "kB" if name.endswith("sent") else "s", theirs[name] / mine_value
        print(f"{name:<22} ours {mine_value:8.2f} {unit}  st_folium {theirs[name]:8.2f} {unit}  ratio {ratio:6.1f}")


def measure_ours(page: Page, address: str) -> dict[str, float]:
    wire = Wire(page)
    first = ours.first_map(page, address)
    page.wait_for_timeout(1500)
    seconds, sent = [], []
    for label in ours.LAYERS:
        wire.taken()
        seconds.append(ours.layer_change(page, label))
        page.wait_for_timeout(1500)  # the tables below the map follow
        sent.append(wire.taken() / 1000)
    return {
        "first map": first,
        "layer change": statistics.median(seconds),
        "layer change, sent": statistics.median(sent),
    }


def measure_peer(page: Page, address: str) -> dict[str, float]:
    wire = Wire(page)
    started = time.perf_counter()
    page.goto(address)
    wait_for_peer(page)
    first = time.perf_counter() - started
    page.wait_for_timeout(1500)
    seconds, sent = [], []
    for layer in [*LAYERS[1:], LAYERS[0], LAYERS[1]]:
        wire.taken()
        old = page.frame_locator("iframe").locator(".leaflet-container").element_handle()
        started = time.perf_counter()
        page.get_by_text(layer, exact=True).click()
        page.wait_for_function("text => document.body.innerText.includes(text)", arg=f"layer={layer} ", polling="raf")
        page.wait_for_timeout(50)
        wait_for_peer(page)
        seconds.append(time.perf_counter() - started)
        assert old is not None
        page.wait_for_timeout(1500)
        sent.append(wire.taken() / 1000)
    return {
        "first map": first,
        "layer change": statistics.median(seconds),
        "layer change, sent": statistics.median(sent),
    }


def wait_for_peer(page: Page) -> None:
    """Until the peer's map has painted its areas: its canvas holds a pixel that is not empty."""
    painted = """() => {
      const canvas = document.querySelector('canvas.leaflet-zoom-animated, canvas')
      if (!canvas) return false
      const { width, height } = canvas
      const data = canvas.getContext('2d').getImageData(width / 4, height / 4, width / 2, height / 2).data
      for (let i = 3; i < data.length; i += 4 * 97) if (data[i]) return true
      return false
    }"""
    for _ in range(1200):
        frame = next((one for one in page.frames if "streamlit_folium" in one.url), None)
        if frame is not None and frame.evaluate(painted):
            return
        page.wait_for_timeout(25)
    raise TimeoutError("st_folium did not paint in 30 s")


@contextmanager
def peer_served(evidence: Evidence, place: str, folder: Path, python: Path) -> Iterator[str]:
    made = place_geometry(evidence, place, folder / "maps")
    values = folder / "values.csv"
    evidence.values.loc[list(made.codes), list(LAYERS)].to_csv(values)
    environment = {**os.environ, "PEER_AREAS": str(folder / "maps" / made.file), "PEER_VALUES": str(values)}
    command = [str(python), "-m", "streamlit", "run", str(HERE / "peers" / "st_folium_page.py")]
    flags = [f"--server.port={PORT}", "--server.headless=true", "--browser.gatherUsageStats=false"]
    server = subprocess.Popen([*command, *flags], env=environment, stdout=subprocess.DEVNULL)
    try:
        for _ in range(100):
            time.sleep(0.2)
            try:
                urlopen(f"http://127.0.0.1:{PORT}/_stcore/health", timeout=1).close()
                break
            except OSError:
                continue
        yield f"http://127.0.0.1:{PORT}"
    finally:
        server.terminate()
        server.wait(timeout=20)


def npm(folder: Path) -> Path:
    subprocess.run(["npm", "install", "--silent", "--prefix", str(folder / "npm"), *PACKAGES.values()], check=True)
    return folder / "npm" / "node_modules"


def answer_from(packages: Path):
    def answer(route: Route) -> None:
        url = route.request.url
        if "127.0.0.1" in url or url.startswith(("data:", "blob:")):
            return route.continue_()
        found = next((path for ending, path in FILES.items() if ending in url.rsplit("/", 1)[-1]), None)
        return route.fulfill(path=packages / found) if found else route.fulfill(body="")

    return answer


if __name__ == "__main__":
    main()
