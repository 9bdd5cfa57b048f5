"""How sure a verdict is: by the weights of need alone, or by everything behind a flag that is a guess."""

from hjp_geo.uncertainty.redraw import EXISTS, Redraw, redraw_flags, with_flag_probability
from hjp_geo.uncertainty.weights import (
    CERTAINTY,
    DRAWS,
    SEED,
    SPREAD,
    UNCERTAINTY_FIELDS,
    Doubt,
    certainty,
    flag_probability,
    rank_uncertainty,
    totals_by_certainty,
    uncertainty_caveats,
    with_uncertainty,
)

__all__ = [
    "CERTAINTY",
    "DRAWS",
    "EXISTS",
    "SEED",
    "SPREAD",
    "UNCERTAINTY_FIELDS",
    "Doubt",
    "Redraw",
    "certainty",
    "flag_probability",
    "rank_uncertainty",
    "redraw_flags",
    "totals_by_certainty",
    "uncertainty_caveats",
    "with_flag_probability",
    "with_uncertainty",
]
