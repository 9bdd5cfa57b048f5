"""Siting: who a sketched site would reach, and where sites would do most."""

from hjp_geo.siting._values import closures_values, curve_values, suggestion_values
from hjp_geo.siting.assess import Assessment, Guard, Reached, assess, deprivation_of
from hjp_geo.siting.candidate import CENTROID_RULE, RULES, Candidate, Offer, point_of
from hjp_geo.siting.catchments import (
    CatchmentAreas,
    areas_by_journeys,
    areas_within,
    catchment_of,
    resolved,
    short_label,
)
from hjp_geo.siting.closing import closed_names
from hjp_geo.siting.closures import Closures, missed_least
from hjp_geo.siting.delta import today
from hjp_geo.siting.design import DIMENSIONS, DesignCard, Dimension
from hjp_geo.siting.effects import Effects, effects_of
from hjp_geo.siting.feasibility import ASSUMPTIONS, Assumption, Assumptions, Feasibility, Span, feasibility
from hjp_geo.siting.in_place import curve_of_new_sites, todays_sites_missed_least
from hjp_geo.siting.listed import listed_sites, read_site_list
from hjp_geo.siting.locate import LOCATE_OBJECTIVES, Alternative, ObjectiveCard, Solution, locate
from hjp_geo.siting.outlines import areas_inside, read_outlines
from hjp_geo.siting.partners import Partners, partners, partners_found
from hjp_geo.siting.roving import Rota, Team, roving_sessions
from hjp_geo.siting.suggest import NEED_WEIGHTED, Search, Suggestion, suggest
from hjp_geo.siting.trade_off import Pareto, TradeOff, pareto_set, trade_off

__all__ = [
    "ASSUMPTIONS",
    "CENTROID_RULE",
    "DIMENSIONS",
    "LOCATE_OBJECTIVES",
    "NEED_WEIGHTED",
    "RULES",
    "Alternative",
    "Assessment",
    "Assumption",
    "Assumptions",
    "Candidate",
    "CatchmentAreas",
    "Closures",
    "DesignCard",
    "Dimension",
    "Effects",
    "Feasibility",
    "Guard",
    "ObjectiveCard",
    "Offer",
    "Pareto",
    "Partners",
    "Reached",
    "Rota",
    "Search",
    "Solution",
    "Span",
    "Suggestion",
    "Team",
    "TradeOff",
    "areas_by_journeys",
    "areas_inside",
    "areas_within",
    "assess",
    "catchment_of",
    "closed_names",
    "closures_values",
    "curve_of_new_sites",
    "curve_values",
    "deprivation_of",
    "effects_of",
    "feasibility",
    "listed_sites",
    "locate",
    "missed_least",
    "pareto_set",
    "partners",
    "partners_found",
    "point_of",
    "read_outlines",
    "read_site_list",
    "resolved",
    "roving_sessions",
    "short_label",
    "suggest",
    "suggestion_values",
    "today",
    "todays_sites_missed_least",
    "trade_off",
]
