"""Names that would be markup, script, a formula or a link are shown as text: on every page, and in every file."""

from __future__ import annotations

import datetime as dt
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

import docx
import openpyxl
import pandas as pd
import pptx
import pyogrio
import pytest
from app_pages import QUIET
from own_rows import HEADER, provider_file
from playwright.sync_api import Browser, Locator, Page, expect
from streamlit_servers import Server
from tiny_warehouse import CODES, SOUTH, WEST, write_tiny_warehouse

import hjp_geo.screens
from hjp_geo.evidence import Evidence
from hjp_geo.export import export
from hjp_geo.own.areas import AreaQuestion, check_areas
from hjp_geo.own.providers import check_providers
from hjp_geo.own.shelf import keep_layer, keep_providers
from hjp_geo.plan import Plan, answer
from hjp_geo.report import Request, compose, write_report
from hjp_geo.scenario import Scenario, Scenarios
from hjp_geo.siting import Candidate
from hjp_geo.store import Warehouse

pytestmark = pytest.mark.browser
expect.set_options(timeout=30_000)

SERVER = Path(hjp_geo.screens.__file__).parent / "server.py"
JOINER = "\N{WORD JOINER}"
"""Where it would else be a picture, a colon is followed by this, which nobody sees."""
TAG = "<img src=x onerror=window.__hacked=1>"
SCRIPT = '"><script>window.__hacked=1</script>'
MARKS = "[a](javascript:window.__hacked=1) **bold** $x^2$ :material/home: :red[r] `c`"
PROVIDER, SITE = f"=1+1 {TAG} {SCRIPT}", f"@SUM(1) {MARKS}"
LABEL, UNIT = f"{TAG} {MARKS}"[:118], f"% {SCRIPT}"
SCENARIO, SKETCH, NOTE = f"{TAG} {SCRIPT}", f"=cmd {MARKS}", f"{TAG} {SCRIPT} {MARKS}"
TAKEN = """() => {
  const said = (query, text) => [...document.querySelectorAll(query)]
    .filter(one => text === null || one.textContent.trim() === text)
    .map(one => one.closest('[data-testid=stElementContainer], label, details, section'))
    .map(one => (one?.textContent ?? '').slice(0, 300))
  return {
    hacked: [window.__hacked].filter(one => one !== undefined),
    images: said("img[src='x'], img[src='/x']", null),
    links: said("a[href^='javascript']", null),
    bold: said('strong, b, em', 'bold'),
    code: said('code', 'c'),
    maths: said('.katex', null),
    icons: said('[data-testid=stIconMaterial], [role=img]', 'home'),
    colours: said('.stMarkdownColoredText', 'r'),
  }
}"""
NOTHING: dict[str, list[str]] = {
    name: [] for name in ("hacked", "images", "links", "bold", "code", "maths", "icons", "colours")
}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten areas, with an own list, an own layer and a scenario whose every name is hostile."""
    folder = write_tiny_warehouse(tmp_path_factory.mktemp("hostile"))
    row = ",".join(_cell(each) for each in (SITE, PROVIDER, "debt", "in_person", "ZY1 1AA", "", "20", "2026-09-01"))
    checked = check_providers(provider_file(row, header=HEADER), "m.csv", Warehouse.open(folder), dt.date(2026, 11, 24))
    assert not checked.errors, checked.problems
    keep_providers(folder, TAG, TAG, checked.sha256, checked.accepted())
    rows = "\n".join(f"{code},{number}" for number, code in enumerate(CODES))
    asked = AreaQuestion(label=LABEL, unit=UNIT, source=f"{TAG} {MARKS}", kind="rate", polarity="high_is_need")
    areas = check_areas(f"code,value\n{rows}\n".encode(), "a.csv", asked, Warehouse.open(folder))
    assert areas.layer is not None, areas.problems
    keep_layer(folder, areas.layer)
    return folder


@pytest.fixture(scope="module")
def scenario(cache: Path) -> str:
    """The key of two scenarios imported from files, of which the first is opened."""
    known = Evidence.load(cache)
    values = Scenario.begin(
        "x", Plan(place="E54990001", cutoff_km=3, weights={own_layer(known): 1.0}), known
    ).with_features([sketch().to_feature("s1")])
    store = Scenarios(cache)
    keys = [
        store.import_bytes(
            json.dumps(values.with_note(NOTE).to_dict()).replace('"x"', json.dumps(SCENARIO)).encode()
        ).key
    ]
    keys.append(store.save(values.renamed(SCENARIO)).key)
    return keys[-1]


def own_layer(known: Evidence) -> str:
    """The layer whose label is hostile."""
    return next(str(name) for name in known.layers.index if known.label(str(name)) == LABEL)


def sketch() -> Candidate:
    return Candidate.circle(WEST + 500, SOUTH + 500, 1.2, SKETCH)


@pytest.fixture(scope="module")
def app(streamlit_server: Callable[..., Server], cache: Path, scenario: str) -> Server:
    del scenario
    return streamlit_server(SERVER, env={"HJP_GEO_CACHE": str(cache)})


@pytest.fixture
def watched(page: Page) -> Iterator[Page]:
    """A page on which no dialog may ever open."""
    said: list[str] = []
    page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    page.context.add_cookies([{"name": "hjp_geo_tour", "value": "off", "domain": "127.0.0.1", "path": "/"}])
    yield page
    assert said == []


def with_joiner(text: str) -> str:
    return text.replace(":material", f":{JOINER}material")


def _cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def is_clean(page: Page, where: str) -> None:
    assert page.evaluate(TAKEN) == NOTHING, where


def settled(page: Page) -> None:
    """Everything is worked out and shown."""
    page.get_by_role("heading", level=1).first.wait_for()
    for _ in range(2):
        page.wait_for_timeout(300)
        page.locator(QUIET).wait_for(state="attached", timeout=60_000)


def look_everywhere(page: Page, where: str) -> None:
    """Every expander opened, every tab, every help sign and figure pointed at."""
    is_clean(page, where)
    closed = page.locator("[data-testid=stExpander] details:not([open]) > summary:visible")
    for _ in range(closed.count()):
        if closed.count():
            closed.first.click()
    for tab in page.get_by_role("tab").all():
        tab.click()
        settled(page)
        is_clean(page, f"{where}, tab {tab.inner_text()}")
    for sign in page.get_by_test_id("stTooltipHoverTarget").all():
        if sign.is_visible():
            point_at(page, sign, where)
    settled(page)
    is_clean(page, f"{where}, all open")


def point_at(page: Page, sign: Locator, where: str) -> None:
    sign.hover(timeout=3_000, force=True)
    page.wait_for_timeout(60)
    is_clean(page, f"{where}, help")


def links(page: Page) -> dict[str, str]:
    """The name of every page, and its address."""
    found = page.get_by_role("navigation").get_by_role("link").all()
    return {one.inner_text().strip(): str(one.evaluate("link => link.href")) for one in found}


def test_on_every_page(watched: Page, app: Server, scenario: str):
    page = watched
    page.goto(app.url)
    settled(page)
    pages = links(page)
    assert len(pages) >= 7
    for name, address in pages.items():
        page.goto(f"{address}?scenario={scenario}")
        settled(page)
        look_everywhere(page, name)


@pytest.mark.skip(reason="not yet seen green since the pages were put in the guide's order: issue 7 is open")
def test_the_map_shows_the_names_as_they_were_typed(watched: Page, app: Server, scenario: str):
    page = watched
    page.goto(f"{app.url}/map?scenario={scenario}")
    settled(page)
    expect(page.locator(".hjp-drawing-label")).to_contain_text(SKETCH)
    expect(page.get_by_text(with_joiner(SKETCH)).first).to_be_visible()
    expect(page.get_by_text(f"Scenario: {SCENARIO}")).to_be_visible()
    weight = page.get_by_test_id("stSlider").filter(has_text="Weight:").first
    expect(weight).to_contain_text(with_joiner(LABEL))
    page.get_by_role("combobox", name="Colour the map by").click()
    page.keyboard.type("img")
    page.get_by_role("option", name=LABEL).first.click()
    expect(page.locator(".hjp-legend")).to_contain_text(LABEL, timeout=30_000)
    expect(page.locator(".hjp-legend")).to_contain_text(UNIT)
    box = page.locator(".leaflet-container").bounding_box()
    assert box is not None
    for across in range(5, 96, 5):  # over every area and site
        page.mouse.move(box["x"] + box["width"] * across / 100, box["y"] + box["height"] / 2)
        page.wait_for_timeout(40)
    assert page.locator(".hjp-card").get_by_text(LABEL).count() == 1
    look_everywhere(page, "map with the own layer")


BAD = [TAG, SCRIPT, MARKS]


@pytest.mark.skip(reason="not yet seen green since the pages were put in the guide's order: issue 7 is open")
@pytest.mark.parametrize("bad", BAD, ids=["tag", "script", "marks"])
def test_an_address_is_only_text(watched: Page, app: Server, bad: str):
    page = watched
    for query in (
        {"place": bad},
        {"scenario": bad},
        {"weights": f"{bad}:1"},
        {"weights": bad},
        {"topic": bad},
        {"preset": bad},
        {"desert": "own_rule", "own_rule": bad},
    ):
        page.goto(f"{app.url}/map?{urlencode(query)}")
        settled(page)
        is_clean(page, f"{query}")
        assert page.get_by_text("Traceback").count() == 0


@pytest.mark.skip(reason="not yet seen green since the pages were put in the guide's order: issue 7 is open")
def test_the_compare_page_by_its_address(watched: Page, app: Server, cache: Path):
    first, second = [row.key for row in Scenarios(cache).list()][:2]
    watched.goto(f"{app.url}/compare?a={first}&b={second}")
    settled(watched)
    look_everywhere(watched, "compare")


# files --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pack(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    known = Evidence.load(cache)
    plan = Plan(place="E54990001", cutoff_km=3, weights={own_layer(known): 1.0, "income_deprivation": 1.0})
    request = Request(plan, (sketch(),), name=SCENARIO)
    report, found = compose(request, known)
    folder = tmp_path_factory.mktemp("pack")
    for suffix in (".docx", ".html", ".pptx", ".xlsx", ".zip"):
        write_report(report, found, known, folder / f"report{suffix}")
    with zipfile.ZipFile(folder / "report.zip") as zipped:
        zipped.extractall(folder / "pack")
    for suffix in (".csv", ".gpkg"):
        export(answer(plan, known), known, folder / f"areas{suffix}")
    return folder


@pytest.mark.parametrize("name", ["map.html", "report.html"])
def test_the_page_and_the_map_that_are_mailed_around(browser: Browser, pack: Path, name: str):
    path = next(iter(pack.rglob(name)))
    context = browser.new_context(offline=True)
    page = context.new_page()
    said: list[str] = []
    page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    page.goto(path.as_uri())
    page.wait_for_timeout(500)
    is_clean(page, name)
    assert LABEL in page.locator("body").inner_text() or LABEL in page.content().replace("&lt;", "<").replace(
        "&gt;", ">"
    )
    if name == "map.html":
        for down in range(42, 60, 3):
            for across in range(30, 96, 3):
                page.mouse.move(1280 * across / 100, 720 * down / 100)
        page.wait_for_timeout(200)
        is_clean(page, "map.html, pointed at")
    assert said == []
    context.close()


def test_office_files_hold_the_names_as_text(pack: Path):
    words = "\n".join(one.text for one in docx.Document(str(pack / "report.docx")).element.body.iter() if one.text)
    assert LABEL in words
    assert SKETCH in words
    slides = pptx.Presentation(str(pack / "report.pptx"))
    shown = [shape.text_frame.text for slide in slides.slides for shape in slide.shapes if shape.has_text_frame]
    assert shown
    for kept in (pack / "report.docx", pack / "report.pptx"):
        with zipfile.ZipFile(kept) as zipped:
            targets = [zipped.read(one).decode() for one in zipped.namelist() if one.endswith(".rels")]
        assert not any("javascript:" in one for one in targets)


def test_no_table_holds_a_formula(pack: Path):
    for path in (*pack.rglob("*.xlsx"),):
        for sheet in openpyxl.load_workbook(path).worksheets:
            for row in sheet.iter_rows():
                for cell in row:
                    assert cell.data_type != "f", f"{path.name} {sheet.title} {cell.coordinate} {cell.value}"
    checked = 0
    for path in pack.rglob("*.csv"):
        table = pd.read_csv(path, comment="#", encoding="utf-8-sig", dtype="str", keep_default_na=False)
        for column in table.columns:
            assert not table[column].str.match(r"^[=@\t\r]|^\+[^\d]|^-[^\d.∞]").any(), f"{path.name} {column}"
        checked += 1
    assert checked


def test_the_geopackage_holds_the_names_as_text(pack: Path):
    sites = pyogrio.read_dataframe(pack / "areas.gpkg", layer="advice_sites")
    assert any(MARKS in name for name in sites["site_name"])
    assert not sites["site_name"].str.startswith(("=", "@", "+")).any()
