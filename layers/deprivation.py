"""Deprivation: the English Indices of Deprivation 2025 as layers.

Every index is relative and describes areas: not everyone in a deprived area is deprived, and many deprived people live
elsewhere. The Index of Multiple Deprivation already holds income, employment and health, and the two age indices are
parts of income: weighing one beside another counts the same thing twice.
"""

from __future__ import annotations

from hjp_geo.areas import AreaValues, Table
from hjp_geo.layer import layer

_GROUP = "Deprivation (IoD 2025)"
_RELATIVE = "A measure of areas, not of people; relative, not absolute."


@layer(
    label="Index of Multiple Deprivation",
    unit="score, high is more deprived",
    role="need",
    polarity="high_is_need",
    group=_GROUP,
    caveat=f"{_RELATIVE} Already holds income, employment and health.",
)
def multiple_deprivation(iod25: Table) -> AreaValues:
    """The IMD 2025 score of the area, from seven domains weighted by the publisher."""
    return _column(iod25, "imd_score")


@layer(
    label="Multiple deprivation, national rank",
    unit="rank, 1 is most deprived",
    role="context",
    polarity="low_is_need",
    group=_GROUP,
    caveat=_RELATIVE,
)
def multiple_deprivation_rank(iod25: Table) -> AreaValues:
    """The published IMD 2025 rank among England's 33,755 areas."""
    return _column(iod25, "imd_rank")


@layer(
    label="Multiple deprivation, national decile",
    unit="decile, 1 is most deprived",
    role="context",
    polarity="low_is_need",
    group=_GROUP,
    caveat=_RELATIVE,
)
def multiple_deprivation_decile(iod25: Table) -> AreaValues:
    """The published IMD 2025 decile: 1 is the most deprived tenth of England's areas."""
    return _column(iod25, "imd_decile")


@layer(
    label="Income deprivation",
    unit="% of residents",
    role="need",
    polarity="high_is_need",
    group=_GROUP,
    caveat=_RELATIVE,
)
def income_deprivation(iod25: Table) -> AreaValues:
    """The share of residents in families with a low income, in or out of work."""
    return _column(iod25, "income_rate") * 100


@layer(
    label="Employment deprivation",
    unit="% of people aged 18 to 66",
    role="need",
    polarity="high_is_need",
    group=_GROUP,
    caveat=_RELATIVE,
)
def employment_deprivation(iod25: Table) -> AreaValues:
    """The share of working-age people shut out of work who would like to work, through illness, care or joblessness."""
    return _column(iod25, "employment_rate") * 100


@layer(
    label="Health deprivation and disability",
    unit="score, high is worse health",
    role="need",
    polarity="high_is_need",
    group=_GROUP,
    caveat=_RELATIVE,
)
def health_deprivation(iod25: Table) -> AreaValues:
    """The risk of dying early and of ill health that lowers the quality of life, as a standardised score."""
    return _column(iod25, "health_score")


@layer(
    label="Barriers to housing and services",
    unit="score, high is more deprived",
    role="need",
    polarity="high_is_need",
    group=_GROUP,
    caveat=_RELATIVE,
)
def housing_and_services_barriers(iod25: Table) -> AreaValues:
    """How hard it is to reach services and to have affordable, fit housing."""
    return _column(iod25, "barriers_score")


@layer(
    label="Education, skills and training deprivation",
    unit="score, high is more deprived",
    role="need",
    polarity="high_is_need",
    group=_GROUP,
    caveat=_RELATIVE,
)
def education_deprivation(iod25: Table) -> AreaValues:
    """The lack of attainment and skills in the local population."""
    return _column(iod25, "education_score")


@layer(
    label="Crime",
    unit="score, high is more deprived",
    role="need",
    polarity="high_is_need",
    group=_GROUP,
    caveat=f"{_RELATIVE} Where people live, not where they meet crime.",
)
def crime(iod25: Table) -> AreaValues:
    """The risk of personal and material victimisation, as a standardised score."""
    return _column(iod25, "crime_score")


@layer(
    label="Living environment deprivation",
    unit="score, high is more deprived",
    role="need",
    polarity="high_is_need",
    group=_GROUP,
    caveat=f"{_RELATIVE} Indoors counts 0.70 and outdoors 0.30: it also holds air quality and road accidents.",
)
def living_environment(iod25: Table) -> AreaValues:
    """The quality of the local environment: homes in poor condition indoors, the surroundings outdoors."""
    return _column(iod25, "living_score")


_AGE_INDEX = (
    f"{_RELATIVE} A part of income deprivation. The rank, because the rates are blank in some copies of the file."
)


@layer(
    label="Children in low-income families (IDACI)",
    unit="rank, 1 is most deprived",
    role="need",
    polarity="low_is_need",
    group=_GROUP,
    caveat=_AGE_INDEX,
)
def children_income_deprivation_rank(iod25: Table) -> AreaValues:
    """The published rank of the share of children aged 0 to 15 in income-deprived families, among England's areas."""
    return _column(iod25, "idaci_rank")


@layer(
    label="Older people on low income (IDAOPI)",
    unit="rank, 1 is most deprived",
    role="need",
    polarity="low_is_need",
    group=_GROUP,
    caveat=_AGE_INDEX,
)
def older_people_income_deprivation_rank(iod25: Table) -> AreaValues:
    """The published rank of the share of people aged 60 and over in income deprivation, among England's areas."""
    return _column(iod25, "idaopi_rank")


@layer(label="Children aged 0 to 15", unit="people", role="people", polarity="none", group="People")
def people_aged_0_15(iod25: Table) -> AreaValues:
    """Residents aged 0 to 15 in mid-2022: whom the index for children counts."""
    return _column(iod25, "population_0_15")


@layer(label="People aged 60 and over", unit="people", role="people", polarity="none", group="People")
def people_aged_60_over(iod25: Table) -> AreaValues:
    """Residents aged 60 and over in mid-2022: whom the index for older people counts."""
    return _column(iod25, "population_60_over")


@layer(label="People in employment deprivation", unit="people", role="people", polarity="high_is_need", group="People")
def people_in_employment_deprivation(iod25: Table) -> AreaValues:
    """People of working age shut out of work: the employment rate of IoD 2025 times residents aged 18 to 66, mid-2022.

    The publisher rounds the rate to 0.001.
    """
    return (_column(iod25, "employment_rate") * _column(iod25, "population_18_66")).rename("people")


def _column(iod25: Table, column: str) -> AreaValues:
    return iod25.set_index("lsoa21_code")[column].astype("float64")
