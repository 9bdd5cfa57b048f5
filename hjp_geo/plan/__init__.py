"""Plan → Answer: the one entry that screen, command line, notebook and tests share.

A `Plan` is the question: which place, which need, which advice, how far, which rule. `answer` works it out on the
evidence of a warehouse. A plan is small and can be written into a URL or a file, so that any view can be re-run.
"""

from hjp_geo.plan.answering import EXTRA_FIELDS, Answer, answer, frame_of, ranked_need, what_if
from hjp_geo.plan.judging import facts_of, lines_of
from hjp_geo.plan.question import CHANNELS, DECAYS, MOST_KM, MOST_MINUTES, PER_PEOPLE, TOPICS, Plan
from hjp_geo.plan.reaching import (
    Access,
    access_of,
    access_unit,
    access_with,
    people_in_need,
    site_districts,
    wider_reach,
)
from hjp_geo.plan.supplying import Supply, SupplyChoice, supply_of
from hjp_geo.plan.ways import ESTIMATED, STRAIGHT_LINE, not_known, way_in_words

__all__ = [
    "CHANNELS",
    "DECAYS",
    "ESTIMATED",
    "EXTRA_FIELDS",
    "MOST_KM",
    "MOST_MINUTES",
    "PER_PEOPLE",
    "STRAIGHT_LINE",
    "TOPICS",
    "Access",
    "Answer",
    "Plan",
    "Supply",
    "SupplyChoice",
    "access_of",
    "access_unit",
    "access_with",
    "answer",
    "facts_of",
    "frame_of",
    "lines_of",
    "not_known",
    "people_in_need",
    "ranked_need",
    "site_districts",
    "supply_of",
    "way_in_words",
    "what_if",
    "wider_reach",
]
