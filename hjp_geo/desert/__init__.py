"""Advice deserts: named rules that flag areas, why each area is flagged, and how many people that is.

A desert is always named with its rule. No source gives an accepted distance or time for England, so the limit is the
reader's own setting. An area is flagged (True), not flagged (False), or has no verdict (missing) where a figure that
the rule needs is not known, or no loaded source covers the topic there. No verdict is neither a desert nor its absence.
"""

from hjp_geo.desert.facts import AreaFacts, Flags
from hjp_geo.desert.own_rule import PARTS, OwnRule
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
    desert_rule,
    low_access_cluster,
    need_and_access_quintile,
    no_provider_in_district,
    one_or_none_in_district,
    own_rule,
    supply_bottom_tenth,
    supply_per_need_bottom_tenth,
)
from hjp_geo.desert.tiles import at_most, decile, quintile, supply_rate, worst

__all__ = [
    "DESERT_RULES",
    "PARTS",
    "REASONS",
    "AreaFacts",
    "DesertTotals",
    "Flags",
    "OwnRule",
    "Reason",
    "Rule",
    "at_most",
    "beyond_distance",
    "decile",
    "desert_rule",
    "desert_totals",
    "find_deserts",
    "low_access_cluster",
    "need_and_access_quintile",
    "no_provider_in_district",
    "one_or_none_in_district",
    "own_rule",
    "quintile",
    "reason_sentence",
    "reason_totals",
    "supply_bottom_tenth",
    "supply_per_need_bottom_tenth",
    "supply_rate",
    "worst",
]
