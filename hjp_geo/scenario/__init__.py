"""Scenarios: a saved, named set of candidates with the plan they were sketched under and a journal of every choice.

A scenario is one readable file, a GeoJSON FeatureCollection of the sketches with the plan beside them, in
``scenarios/`` of the cache folder. Opening one made with other data or another version says what differs first.
"""

from hjp_geo.scenario.clashes import OTHER_FIGURES, clashes
from hjp_geo.scenario.comparing import Comparison, compare
from hjp_geo.scenario.figures import FIGURES, Figures, figures_of, figures_side_by_side
from hjp_geo.scenario.model import Entry, Scenario, Version, replay
from hjp_geo.scenario.rerunning import Rerun, figures_now, rerun
from hjp_geo.scenario.store import DRAFT, DRAFT_DAYS, ConflictError, Saved, Scenarios

__all__ = [
    "DRAFT",
    "DRAFT_DAYS",
    "FIGURES",
    "OTHER_FIGURES",
    "Comparison",
    "ConflictError",
    "Entry",
    "Figures",
    "Rerun",
    "Saved",
    "Scenario",
    "Scenarios",
    "Version",
    "clashes",
    "compare",
    "figures_now",
    "figures_of",
    "figures_side_by_side",
    "replay",
    "rerun",
]
