"""Practice disease registers → small-area estimates, by the method of the House of Commons Library.

A practice says how many of its patients are on a register, not where they live; the registrations say where its
patients live, not who is on a register. Each practice's register is spread over the areas of its patients, in
proportion to the patients of the ages that the condition is counted in. The estimates are *modelled*: they say what
the practices' recorded diagnoses imply for an area, and inherit their under-recording.

How the register is spread is a choice. `model_choices` makes every choice that the data allow, and `with_range` says
how far apart they are: the honest range of an estimate, which no interval from sampling gives.

House of Commons Library (2021), Local health data: constituency estimates of health conditions.
"""

from hjp_geo.prevalence.choices import health_weights, model_choices, roll_up, with_range
from hjp_geo.prevalence.doubts import (
    DOUBTS,
    FEW_CASES,
    LEAST_RATIO,
    MOST_RATIO,
    RANGE_IN_WORDS,
    area_doubts,
    cases_in_words,
    few_cases,
)
from hjp_geo.prevalence.model import model_prevalence, unplaced_practices
from hjp_geo.prevalence.practices import (
    borrow_registrations,
    estimate_band_lists,
    nearest_donors,
    practice_rates,
    split_register,
)
from hjp_geo.prevalence.tables import Registers, Registrations, prepare_registers, prepare_registrations

__all__ = [
    "DOUBTS",
    "FEW_CASES",
    "LEAST_RATIO",
    "MOST_RATIO",
    "RANGE_IN_WORDS",
    "Registers",
    "Registrations",
    "area_doubts",
    "borrow_registrations",
    "cases_in_words",
    "estimate_band_lists",
    "few_cases",
    "health_weights",
    "model_choices",
    "model_prevalence",
    "nearest_donors",
    "practice_rates",
    "prepare_registers",
    "prepare_registrations",
    "roll_up",
    "split_register",
    "unplaced_practices",
    "with_range",
]
