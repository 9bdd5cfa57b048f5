"""Advice deserts: named rules that flag areas, why each area is flagged, and how many people that is.

A desert is always named with its rule. No source gives an accepted distance or time for England, so the limit is the
reader's own setting. An area is flagged (True), not flagged (False), or has no verdict (missing) where a figure that
the rule needs is not known, or no loaded source covers the topic there. No verdict is neither a desert nor its absence.
"""

from hjp_geo.desert.facts import AreaFacts, Flags
from hjp_geo.desert.reasons import (
    REASONS,
    DesertTotals,
    Reason,
    desert_totals,
    find_deserts,
    reason_sentence,
    reason_totals,
)
from hjp_geo.desert.rules import (
    DESERT_RULES,
    Rule,
    beyond_distance,
    decile,
    desert_rule,
    need_and_access_quintile,
    no_provider_in_district,
    one_or_none_in_district,
    quintile,
    supply_bottom_tenth,
)

__all__ = [
    "DESERT_RULES",
    "REASONS",
    "AreaFacts",
    "DesertTotals",
    "Flags",
    "Reason",
    "Rule",
    "beyond_distance",
    "decile",
    "desert_rule",
    "desert_totals",
    "find_deserts",
    "need_and_access_quintile",
    "no_provider_in_district",
    "one_or_none_in_district",
    "quintile",
    "reason_sentence",
    "reason_totals",
    "supply_bottom_tenth",
]
