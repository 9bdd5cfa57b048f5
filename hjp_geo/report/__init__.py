"""A gap analysis that can be edited, quoted and defended: one report as data, and its writers.

`compose` works a `Request` out on the evidence; `write_report` makes a Word document, a web page, a deck, a workbook or
the whole data pack of it. No number is typed into a sentence: each is a cell of a table in the pack.
"""

from hjp_geo.report.answers import ANSWER_FORMATS, export_answer
from hjp_geo.report.compose import Progress, compose
from hjp_geo.report.desk import Request
from hjp_geo.report.parts import Report
from hjp_geo.report.runs import read_run, read_sketch
from hjp_geo.report.writing import REPORT_FORMATS, check_out, write_report

__all__ = [
    "ANSWER_FORMATS",
    "REPORT_FORMATS",
    "Progress",
    "Report",
    "Request",
    "check_out",
    "compose",
    "export_answer",
    "read_run",
    "read_sketch",
    "write_report",
]
