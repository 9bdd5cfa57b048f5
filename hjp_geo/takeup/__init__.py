"""Need against take-up: where fewer people come than need predicts, from counts that a user brings.

`read_counts` checks the file, `place_counts` finds its areas, `take_up` compares with need and lets nothing out that
could give a person away. The user's counts are never written anywhere; only area codes shown go into the `Journal`.
"""

from hjp_geo.takeup.files import FIELDS, take_up_csv, take_up_values, write_take_up, write_whole
from hjp_geo.takeup.journal import LEAST_PEOPLE, DifferencingError, Journal, Selection, check_selection
from hjp_geo.takeup.model import LEVEL_NAMES, LEVELS, Question, TakeUp, Totals, summary, take_up
from hjp_geo.takeup.placing import AREA, PlacedCounts, place_counts
from hjp_geo.takeup.reading import MOST_BYTES, TEMPLATE, Counts, CountsError, RowError, read_counts
from hjp_geo.takeup.standardise import LABELS, count_limits, expected_counts, funnel_limits, verdicts

__all__ = [
    "AREA",
    "FIELDS",
    "LABELS",
    "LEAST_PEOPLE",
    "LEVELS",
    "LEVEL_NAMES",
    "MOST_BYTES",
    "TEMPLATE",
    "Counts",
    "CountsError",
    "DifferencingError",
    "Journal",
    "PlacedCounts",
    "Question",
    "RowError",
    "Selection",
    "TakeUp",
    "Totals",
    "check_selection",
    "count_limits",
    "expected_counts",
    "funnel_limits",
    "place_counts",
    "read_counts",
    "summary",
    "take_up",
    "take_up_csv",
    "take_up_values",
    "verdicts",
    "write_take_up",
    "write_whole",
]
