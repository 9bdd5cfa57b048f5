"""Need: indicators → one score per area, how sure its rank is, and what the score says about a whole place.

The steps follow the OECD and JRC handbook on composite indicators: treat outliers, turn every indicator so that high
is more need, normalise, weight and add, rank. The English Indices of Deprivation's own transformation is the default
normalisation, because its readers know the scale.

OECD and JRC (2008), Handbook on Constructing Composite Indicators. MHCLG (2025), English Indices of Deprivation 2025:
Technical Report.
"""

from hjp_geo.need.deprivation import area_summary, imd_score, imd_transform
from hjp_geo.need.index import AGGREGATES, combine, contributions, data_share
from hjp_geo.need.indicators import NORMALISATIONS, Treated, impute_group_mean, normalise, treat_outliers
from hjp_geo.need.sensitivity import rank_intervals
from hjp_geo.need.weights import Weights

__all__ = [
    "AGGREGATES",
    "NORMALISATIONS",
    "Treated",
    "Weights",
    "area_summary",
    "combine",
    "contributions",
    "data_share",
    "imd_score",
    "imd_transform",
    "impute_group_mean",
    "normalise",
    "rank_intervals",
    "treat_outliers",
]
