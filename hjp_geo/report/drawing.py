"""Figures as files: SVG where a format takes it, PNG elsewhere. The same figure gives the same bytes."""

from __future__ import annotations

import html
import io
import re
import textwrap
from functools import lru_cache
from threading import Lock
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from hjp_geo.maps import WORSE_IS_DARKER, MapContent
from hjp_geo.maps.picture import draw_map
from hjp_geo.report.parts import BarChart, Figure

__all__ = ["as_png", "as_svg", "plain_svg"]

_SETTINGS: Any = {
    "text.parse_math": False,
    "svg.hashsalt": "hjp-geo",
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",
    "hatch.linewidth": 0.6,
}
_LOCK = Lock()
"""The settings of matplotlib are global: one picture at a time."""
_TAG = re.compile(r"<[^<>]+>")
"""Numbers are shortened inside tags only: what a reader sees is left as it is."""
_STEP = re.compile(r" ?\n([LMz]) ?")
_NUMBER = re.compile(r"(?<![#\w.-])(-?\d+\.\d{2,})")


def _drawn(drawing: MapContent | BarChart) -> Canvas:
    return draw_map(drawing) if isinstance(drawing, MapContent) else _bars(drawing)


@lru_cache(maxsize=64)
def as_png(figure: Figure, dpi: int = 200) -> bytes:
    """The figure as a PNG of so many dots to an inch."""
    out = io.BytesIO()
    with _LOCK, mpl.rc_context(_SETTINGS):
        _drawn(figure.drawing).savefig(out, format="png", dpi=dpi, metadata={"Software": "hjp-geo"})
    return out.getvalue()


@lru_cache(maxsize=64)
def plain_svg(figure: Figure) -> str:
    """The figure as an SVG file of its own."""
    out = io.StringIO()
    with _LOCK, mpl.rc_context(_SETTINGS):
        about = {"Date": None, "Creator": "hjp-geo", "Title": figure.title}
        _drawn(figure.drawing).savefig(out, format="svg", metadata=about)
    text = re.sub(r"<!DOCTYPE[^>]*>\s*", "", out.getvalue(), count=1)
    text = _TAG.sub(lambda tag: _NUMBER.sub(_shorter, tag.group()), text)
    return _STEP.sub(r"\1", text)  # a line of a path for each of its corners is a third of the file


def _shorter(number: re.Match[str]) -> str:
    return f"{float(number.group()):.1f}".removesuffix(".0")


def as_svg(figure: Figure) -> str:
    """The figure as an SVG to stand inside a page, with its words for who cannot see it."""
    name = re.sub(r"\W+", "-", figure.key.lower())
    text = plain_svg(figure)
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, count=1, flags=re.DOTALL)
    text = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', text)
    text = re.sub(r'(url\(#|href="#)', rf"\g<1>{name}-", text)
    head, _, rest = text.partition(">")
    view = re.search(r'viewBox="[^"]+"', head)
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'{view.group() if view else ""} role="img" aria-labelledby="{name}-title {name}-words">'
    )
    words = f'<title id="{name}-title">{html.escape(figure.title)}</title>'
    return f'{opening}{words}<desc id="{name}-words">{html.escape(figure.alt)}</desc>{rest}'


def _bars(chart: BarChart) -> Canvas:
    """Bars from the top down, the range as a line, what they are compared with as a diamond."""
    count = len(chart.labels)
    height = 0.75 + 0.27 * count + (0.3 if chart.low or chart.beside else 0.0)
    canvas = Canvas(figsize=(6.7, height), facecolor="white")
    axes = canvas.add_axes((0.34, 0.5 / height, 0.63, 1 - (0.5 + _head(chart)) / height))
    places = np.arange(count)
    colours = WORSE_IS_DARKER[chart.family]
    axes.barh(places, chart.values, height=0.68, color=colours[2], edgecolor=colours[4], linewidth=0.6)
    if chart.low:
        axes.hlines(places, chart.low, chart.high, color="#111827", linewidth=1.3)
        for ends in (chart.low, chart.high):
            axes.plot(ends, places, linestyle="none", marker="|", markersize=6, color="#111827")
    if chart.beside:
        axes.plot(
            chart.beside, places, linestyle="none", marker="D", markersize=4.5, color="white", markeredgecolor="#111827"
        )
    labels = [textwrap.shorten(label, 44, placeholder=" …") for label in chart.labels]
    for text in axes.set_yticks(places, labels, fontsize=8):
        text.label1.set_parse_math(False)
    axes.tick_params(axis="x", labelsize=8)
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    axes.set_xlabel(chart.unit, fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", color="#e5e7eb", linewidth=0.6)
    axes.set_axisbelow(True)
    _explain(canvas, chart)
    return canvas


def _head(chart: BarChart) -> float:
    return 0.35 if chart.low or chart.beside else 0.1


def _explain(canvas: Canvas, chart: BarChart) -> None:
    entries: list[Patch | Line2D] = []
    if chart.low and chart.range_label:
        entries.append(Line2D([], [], color="#111827", marker="|", label=chart.range_label))
    if chart.beside:
        entries.append(
            Line2D(
                [], [], linestyle="none", marker="D", color="white", markeredgecolor="#111827", label=chart.beside_label
            )
        )
    if entries:
        canvas.legend(
            handles=entries, loc="upper right", ncols=2, frameon=False, fontsize=8, bbox_to_anchor=(0.98, 1.0)
        )
