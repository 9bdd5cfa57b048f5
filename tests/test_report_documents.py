"""The Word document and the deck, as their readers have them: headings, alt text, and pages that LibreOffice makes."""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile
from pathlib import Path

import docx
import pptx
import pytest
from docx.oxml.ns import qn
from PIL import Image
from tiny_warehouse import HOSTILE

from hjp_geo.evidence import Evidence
from hjp_geo.plan import Answer, Plan
from hjp_geo.report import Report, Request, compose, write_report
from hjp_geo.siting import Candidate, DesignCard, Offer

DATE = "2026-11-24"


@pytest.fixture(scope="module")
def made(tiny: Evidence) -> tuple[Report, Answer]:
    option = Candidate.circle(408_500, 300_500, 1.2, HOSTILE).offering(
        Offer(sessions_per_week=4), DesignCard(delivery_mode="face_to_face")
    )
    return compose(Request(Plan(place="Row ICB", cutoff_km=3, frame="place"), (option,), date=DATE), tiny)


@pytest.fixture(scope="module")
def files(made: tuple[Report, Answer], tiny: Evidence, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("documents")
    for name in ("gap.docx", "gap.pptx"):
        write_report(*made, tiny, folder / name)
    return folder


def test_the_document_has_real_headings_in_order_and_a_date(files: Path, made: tuple[Report, Answer]):
    document = docx.Document(str(files / "gap.docx"))
    heads = [one.text for one in document.paragraphs if one.style.name == "Heading 1"]
    assert heads[:2] == ["In one page", "Contents"]
    assert heads[2:-1] == [one.title for one in made[0].sections]
    assert document.core_properties.title == made[0].title
    assert document.core_properties.created.date().isoformat() == DATE


def test_every_picture_of_the_document_has_words_and_a_vector_beside_it(files: Path):
    document = docx.Document(str(files / "gap.docx"))
    pictures = list(document.element.body.iter(qn("wp:docPr")))
    assert len(pictures) >= 3
    assert all(len(one.get("descr")) > 40 for one in pictures)
    with zipfile.ZipFile(files / "gap.docx") as held:
        vectors = [name for name in held.namelist() if name.endswith(".svg")]
        assert len(vectors) == len(pictures)
        assert all(held.read(name).lstrip().startswith(b"<?xml") for name in vectors)


def test_the_header_of_every_table_repeats_and_every_mark_leads_somewhere(files: Path):
    document = docx.Document(str(files / "gap.docx"))
    for table in document.tables:
        assert table.rows[0]._tr.find(f".//{qn('w:tblHeader')}") is not None
    anchors = {one.get(qn("w:anchor")) for one in document.element.body.iter(qn("w:hyperlink"))}
    marks = {one.get(qn("w:name")) for one in document.element.body.iter(qn("w:bookmarkStart"))}
    assert anchors
    assert anchors <= marks


def test_a_hostile_name_is_text_in_the_document_and_the_deck(files: Path):
    document = docx.Document(str(files / "gap.docx"))
    cells = {cell.text for table in document.tables for row in table.rows for cell in row.cells}
    assert any(HOSTILE.split()[1] in text for text in cells)
    for name in ("gap.docx", "gap.pptx"):
        with zipfile.ZipFile(files / name) as held:
            assert not any(b"<img" in held.read(one) for one in held.namelist() if one.endswith(".xml"))


def test_the_deck_opens_with_a_title_and_words_on_every_slide(files: Path, made: tuple[Report, Answer]):
    deck = pptx.Presentation(str(files / "gap.pptx"))
    titles = [slide.shapes.title.text_frame.text for slide in deck.slides]
    assert titles[:2] == [made[0].title, "In one page"]
    assert titles[-1] == "Sources and credits"
    pictures = [shape for slide in deck.slides for shape in slide.shapes if shape.shape_type == 13]
    assert len(pictures) >= 3
    assert all(one._element.nvPicPr.cNvPr.get("descr") for one in pictures)
    for slide in deck.slides:  # nothing stands beyond the edge
        for shape in slide.shapes:
            assert shape.left >= 0
            assert shape.left + shape.width <= deck.slide_width
            assert shape.top + shape.height <= deck.slide_height


def pages(path: Path, folder: Path) -> list[Image.Image]:
    """The pages as LibreOffice prints them."""
    office, to_pictures = shutil.which("soffice"), shutil.which("pdftoppm")
    if office is None or to_pictures is None:
        pytest.skip("LibreOffice (soffice) and poppler (pdftoppm) are not installed, so no page can be looked at")
    profile = f"-env:UserInstallation=file://{folder / 'profile'}"
    subprocess.run(
        [office, profile, "--headless", "--convert-to", "pdf", "--outdir", str(folder), str(path)],
        check=True,
        capture_output=True,
        timeout=180,
    )
    pdf = folder / f"{path.stem}.pdf"
    subprocess.run([to_pictures, "-r", "40", "-png", str(pdf), str(folder / "page")], check=True, timeout=120)
    return [Image.open(io.BytesIO(one.read_bytes())) for one in sorted(folder.glob("page*.png"))]


@pytest.mark.parametrize("name", ["gap.docx", "gap.pptx"])
def test_libreoffice_makes_pages_with_nothing_in_the_margin(files: Path, tmp_path: Path, name: str):
    found = pages(files / name, tmp_path)
    assert len(found) >= 8
    for page in found:
        grey = page.convert("L")
        edge = int(grey.width * 0.025)
        for box in ((0, 0, edge, grey.height), (grey.width - edge, 0, grey.width, grey.height)):
            assert grey.crop(box).getextrema()[0] > 200  # nothing runs over the side of a page
        assert grey.getextrema()[0] < 120  # and no page is empty
