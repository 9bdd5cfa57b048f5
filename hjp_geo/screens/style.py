"""How every page looks: room for the map on any screen, text dark enough to read (WCAG 2.2 AA), and clean on paper."""

from __future__ import annotations

import streamlit as st

__all__ = ["apply_style"]

_SCREEN = """
.stMainBlockContainer { padding-top: 3rem; padding-bottom: 3rem; }
[data-testid="stCaptionContainer"] p, [data-testid="stCaptionContainer"] { color: #4b5563; opacity: 1; }
button[aria-label="Clear all"], button[aria-label="Clear value"] { min-width: 24px; min-height: 24px; }
.stMainBlockContainer h1 { padding: 0.75rem 0 0.5rem; text-wrap: balance; }
/* the words of a button wrap, they are never cut */
.stButton button p, .stDownloadButton button p, .stFormSubmitButton button p { white-space: normal; }
/* who goes by keyboard sees where they are, on every control */
a:focus-visible, button:focus-visible, summary:focus-visible, [role="tab"]:focus-visible, .stMain:focus-visible,
[data-testid="stSidebarNavLink"]:focus-visible { outline: 2px solid #1d4ed8 !important; outline-offset: 1px; }
.stMain:focus-visible { outline-offset: -3px; }
.hjp-on-paper { display: none; }
.st-key-tour { background: #eff6ff; border-color: #1d4ed8; padding: 0.6rem 1rem; z-index: 1200; }
.st-key-tour h2 { font-size: 1.1rem; padding: 0; }
.st-key-tour p { margin: 0 0 0.3rem; }
/* beside the control it speaks of, where the window is high enough for both */
@media (min-height: 600px) {
  [data-testid="stLayoutWrapper"]:has(> .st-key-tour) { position: sticky; top: 0.5rem; z-index: 1200; }
  .stMain:has(.st-key-tour) { scroll-padding-top: 11rem; }
}
/* side by side where both have room, else one below the other */
.st-key-map-and-panel > [data-testid="stLayoutWrapper"] > [data-testid="stHorizontalBlock"] { flex-wrap: wrap; }
.st-key-map-and-panel > [data-testid="stLayoutWrapper"] > [data-testid="stHorizontalBlock"]
  > [data-testid="stColumn"]:first-child { min-width: min(100%, 31rem); }
.st-key-map-and-panel > [data-testid="stLayoutWrapper"] > [data-testid="stHorizontalBlock"]
  > [data-testid="stColumn"]:last-child { min-width: min(100%, 18rem); }
@media (max-width: 1400px) { .stMainBlockContainer { padding-left: 2.5rem; padding-right: 2.5rem; } }
@media (max-width: 800px) { .stMainBlockContainer { padding-left: 1rem; padding-right: 1rem; } }
/* below the header, which lies over the page when the panel on the left is closed */
@media (max-width: 800px) { .stMainBlockContainer { padding-top: 3.75rem; } }
"""
"""On the screen. `map-and-panel` is the key of a container with two columns."""

_PAPER = """
@page { size: A4; margin: 14mm 12mm; }
@media print {
  :root { color-scheme: light; }
  html, body, #root, .stApp, .stAppViewContainer, .stMain, .stMainBlockContainer,
  [data-testid="stAppViewContainer"], [data-testid="stMain"], [data-testid="stScreencast"] {
    position: static !important; inset: auto !important; overflow: visible !important; display: block !important;
    width: auto !important; max-width: none !important; height: auto !important; min-height: 0 !important;
    padding: 0 !important; background: #ffffff !important; color: #111827 !important;
  }
  [data-testid="stSidebar"], [data-testid="stHeader"], [data-testid="stToolbar"], [data-testid="stStatusWidget"],
  [data-testid="stElementToolbar"], [data-testid="stExpandSidebarButton"], [data-testid="stBottom"],
  [data-testid="stFileUploader"], [data-testid="stForm"], [data-testid="stPopover"], [data-testid="stPageLink"],
  [data-testid="stExpander"] details:not([open]), [role="tablist"], [data-testid="stSelectbox"],
  [data-testid="stTooltipIcon"], .st-key-how-sure, .stSlider, .stRadio, .stNumberInput, .stTextInput, .stCheckbox,
  .stMultiSelect,
  .stButton, .stDownloadButton, .stFormSubmitButton, .st-key-tour, .stSpinner, .hjp-not-on-paper
  { display: none !important; }
  p, li, td, th, h1, h2, h3, h4, label, [data-testid="stCaptionContainer"] p { color: #111827 !important; }
  h1, h2, h3, h4 { break-after: avoid; }
  table, tr, [data-testid="stMetric"], [data-testid="stAlert"], .stPlotlyChart, .stVegaLiteChart, figure, img
  { break-inside: avoid; }
  .hjp-on-paper table { break-inside: auto; }
  thead { display: table-header-group; }
  [data-testid="stHorizontalBlock"] { flex-wrap: wrap !important; }
  .st-key-map-and-panel > [data-testid="stLayoutWrapper"] > [data-testid="stHorizontalBlock"]
    { display: block !important; }
  .st-key-map-and-panel [data-testid="stColumn"] { width: 100% !important; }
  .stElementContainer:has(+ .stElementContainer .hjp-on-paper table) { display: none !important; }
  .hjp-on-paper { display: block; }
  .hjp-on-paper table { width: 100%; border-collapse: collapse; font-size: 8.5pt; line-height: 1.25; }
  .hjp-on-paper th, .hjp-on-paper td { border: 0.5pt solid #6b7280; padding: 1.5pt 3pt; text-align: left; }
  .hjp-on-paper td.hjp-number { text-align: right; font-variant-numeric: tabular-nums; }
  .hjp-on-paper footer { margin-top: 8pt; padding-top: 6pt; border-top: 1pt solid #111827; font-size: 8.5pt; }
  .hjp-on-paper footer a, .hjp-on-paper footer { overflow-wrap: anywhere; color: #111827; }
}
"""


def apply_style() -> None:
    """Put the style on the page; once for each run of a page."""
    st.html(f"<style>{_SCREEN}{_PAPER}</style>")
