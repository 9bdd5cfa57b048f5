"""A report as a file or a folder, whole or not at all; the format is that of the name's ending."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from hjp_geo.errors import PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.plan import Answer
from hjp_geo.report.parts import Report

__all__ = ["REPORT_FORMATS", "check_out", "write_report"]

_Write = Callable[[Report, Answer, Evidence, Path], None]

# Each writer is imported where it is used: its library takes a while to load, and most commands need none of them.


def _word(report: Report, _found: Answer, _evidence: Evidence, path: Path) -> None:
    from hjp_geo.report.word import write_word

    write_word(report, path)


def _page(report: Report, _found: Answer, _evidence: Evidence, path: Path) -> None:
    from hjp_geo.report.page import write_html

    write_html(report, path)


def _slides(report: Report, _found: Answer, _evidence: Evidence, path: Path) -> None:
    from hjp_geo.report.slides import write_slides

    write_slides(report, path)


def _workbook(report: Report, _found: Answer, _evidence: Evidence, path: Path) -> None:
    from hjp_geo.report.workbook import write_workbook

    write_workbook(report, path)


def _pack(report: Report, found: Answer, evidence: Evidence, path: Path) -> None:
    from hjp_geo.report.pack import write_pack_zip

    write_pack_zip(report, found, evidence, path)


def _folder(report: Report, found: Answer, evidence: Evidence, path: Path) -> None:
    from hjp_geo.report.pack import write_folder

    path.mkdir()
    write_folder(report, found, evidence, path)


REPORT_FORMATS: dict[str, tuple[str, _Write]] = {
    ".docx": ("Word document", _word),
    ".html": ("Web page", _page),
    ".pptx": ("Slides", _slides),
    ".xlsx": ("Tables (Excel)", _workbook),
    ".zip": ("Data pack (zip)", _pack),
}
"""Ending → what it is, and how it is written. A name without an ending is a folder, which holds the data pack."""


def check_out(path: Path) -> None:
    """`PlanError` where a report could not be written to a path: before any work is done."""
    if path.suffix.lower() not in ("", *REPORT_FORMATS):
        known = ", ".join(REPORT_FORMATS)
        raise PlanError(f"'{path.name}' ends in '{path.suffix}', expected one of {known}, or a folder.")
    if not path.parent.is_dir():
        raise PlanError(f"There is no folder {path.parent} to write {path.name} into. Make it first.")
    if path.suffix == "" and path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise PlanError(f"{path} is there already and is not an empty folder. Name a new one.")


def write_report(report: Report, found: Answer, evidence: Evidence, path: Path) -> Path:
    """Write a report, whole or not at all. `PlanError` as for `check_out`, or where the disk refuses."""
    check_out(path)
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".partial-") as name:
            beside = Path(name) / path.name
            if path.suffix == "":
                _folder(report, found, evidence, beside)
                if path.is_dir():
                    path.rmdir()
                shutil.move(beside, path)
            else:
                REPORT_FORMATS[path.suffix.lower()][1](report, found, evidence, beside)
                beside.replace(path)
    except OSError as error:
        raise PlanError(f"{path} cannot be written ({error.strerror or error}). Nothing was changed.") from error
    return path
