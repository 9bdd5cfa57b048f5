"""Statistics that travel with a number: intervals for small counts, inequality between people, local clusters."""

from hjp_geo.statistics.clusters import (
    fdr_threshold,
    getis_ord_gi,
    getis_ord_gi_star,
    global_moran,
    local_moran,
    low_clusters,
    permuted_gi_p,
    two_sided_p,
)
from hjp_geo.statistics.inequality import (
    concentration_index,
    fgt,
    gini,
    palma,
    slope_index_of_inequality,
    theil,
    theil_by_group,
)
from hjp_geo.statistics.intervals import Interval, byar, exact_poisson, wilson
from hjp_geo.statistics.neighbours import contiguity

__all__ = [
    "Interval",
    "byar",
    "concentration_index",
    "contiguity",
    "exact_poisson",
    "fdr_threshold",
    "fgt",
    "getis_ord_gi",
    "getis_ord_gi_star",
    "gini",
    "global_moran",
    "local_moran",
    "low_clusters",
    "palma",
    "permuted_gi_p",
    "slope_index_of_inequality",
    "theil",
    "theil_by_group",
    "two_sided_p",
    "wilson",
]
