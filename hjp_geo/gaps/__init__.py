"""Gaps that survive scrutiny: two counting rules, lists that may be incomplete, thresholds that may be moved."""

from hjp_geo.gaps.counts import AGREEMENTS, COUNTS, BothCounts, both_counts, law_society_table
from hjp_geo.gaps.outreach import GAPS, ListGap, Outreach, assumed_points, list_or_service_gap
from hjp_geo.gaps.sensitivity import FACTORS, SETTINGS, rules_table, sensitivity, thresholds

__all__ = [
    "AGREEMENTS",
    "COUNTS",
    "FACTORS",
    "GAPS",
    "SETTINGS",
    "BothCounts",
    "ListGap",
    "Outreach",
    "assumed_points",
    "both_counts",
    "law_society_table",
    "list_or_service_gap",
    "rules_table",
    "sensitivity",
    "thresholds",
]
