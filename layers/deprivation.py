"""Deprivation: the English Indices of Deprivation 2025 as layers.

Every index is relative and describes areas: not everyone in a deprived area is deprived, and many deprived people live
elsewhere. The Index of Multiple Deprivation already holds income, employment and health, and the two age indices are
parts of income: weighing one beside another counts the same thing twice.
"""

from __future__ import annotations

import pandas as pd

from hjp_geo.areas import AreaValues, Table
from hjp_geo.layer import derived, layer, note
from hjp_geo.vintages import convert_rates_lsoa11_to_lsoa21

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


@derived(
    key="area_code",
    columns={
        "area_code": "LSOA 2021 code",
        "imd19_score": "IMD 2019 score, converted from LSOA 2011; not official; missing where a part is",
        "income19_pct": "income deprivation of 2019, % of residents, converted likewise",
        "how": "exact (the area is unchanged), inherited, averaged or approximate",
    },
)
def deprivation_2019(iod19: Table, lsoa11_lsoa21_lookup: Table, iod25: Table) -> Table:
    """The Indices of Deprivation 2019 on today's areas: scores and rates only, weighted by the people of 2015.

    Ranks and deciles are not converted: among other areas they would be other ranks, and not official.
    """
    old = iod19.set_index("lsoa11_code")
    people, people21 = old["population"].astype("float64"), iod25.set_index("lsoa21_code")["population"]
    score = convert_rates_lsoa11_to_lsoa21(old["imd_score"], people, lsoa11_lsoa21_lookup, people21)
    income = convert_rates_lsoa11_to_lsoa21(old["income_rate"], people, lsoa11_lsoa21_lookup, people21)
    table = pd.DataFrame({"imd19_score": score["rate"], "income19_pct": income["rate"] * 100, "how": score["how"]})
    for how, rows in table.groupby("how"):
        note(table, f"areas whose deprivation of 2019 is {how}", len(rows))
    return table.rename_axis("area_code").reset_index()


_BEFORE = "Converted from the areas of 2011: not official. Other indicators than in 2025: a difference is no trend."


@layer(
    label="Index of Multiple Deprivation 2019 (converted)",
    unit="score, high is more deprived",
    role="context",
    polarity="high_is_need",
    group="Deprivation before (IoD 2019)",
    caveat=_BEFORE,
)
def multiple_deprivation_2019(deprivation_2019: Table) -> AreaValues:
    """The IMD 2019 score on today's areas: kept, inherited by the parts of a split area, or a mean."""
    return deprivation_2019.set_index("area_code")["imd19_score"].astype("float64")


@layer(
    label="Income deprivation 2019 (converted)",
    unit="% of residents",
    role="context",
    polarity="high_is_need",
    group="Deprivation before (IoD 2019)",
    caveat=_BEFORE,
)
def income_deprivation_2019(deprivation_2019: Table) -> AreaValues:
    """The share of residents in families with a low income in IoD 2019, on today's areas."""
    return deprivation_2019.set_index("area_code")["income19_pct"].astype("float64")
