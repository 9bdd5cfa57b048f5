"""Journeys: how many minutes it takes from each area to each site, by which mode, and what made the numbers."""

from hjp_geo.journeys.cars import CarLessReach, by_car_ownership, car_less_reach
from hjp_geo.journeys.kept import list_journeys, load_journeys, remove_journeys, save_journeys
from hjp_geo.journeys.matrix import MatrixError, TimeUnit, matrix_journeys
from hjp_geo.journeys.network import network_journeys
from hjp_geo.journeys.shape import MODES, Journeys
from hjp_geo.journeys.straight import (
    StraightLine,
    minutes_for,
    nearest_journey,
    straight_line_journeys,
    trip_rates,
    within_km,
)

__all__ = [
    "MODES",
    "CarLessReach",
    "Journeys",
    "MatrixError",
    "StraightLine",
    "TimeUnit",
    "by_car_ownership",
    "car_less_reach",
    "list_journeys",
    "load_journeys",
    "matrix_journeys",
    "minutes_for",
    "nearest_journey",
    "network_journeys",
    "remove_journeys",
    "save_journeys",
    "straight_line_journeys",
    "trip_rates",
    "within_km",
]
