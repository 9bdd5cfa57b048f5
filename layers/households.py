"""How people live: fuel poverty, cars, tenure, ethnic groups, household deprivation, disability, and remote advice.

From Census 2021 (21 March 2021, during a lockdown) and the fuel poverty statistics. Every one of them is optional: a
layer whose source is not loaded is absent, and the build says so.
"""

from __future__ import annotations

import pandas as pd

from hjp_geo.areas import AreaValues, Table
from hjp_geo.layer import derived, layer, note

_HOMES, _PEOPLE, _REMOTE = "Homes and households", "People", "Advice by telephone and online"
_CENSUS = "Census of March 2021. Small counts are perturbed by the publisher."


@layer(
    label="Fuel poverty",
    unit="% of households",
    role="need",
    polarity="high_is_need",
    group=_HOMES,
    caveat="Modelled from a national survey and two years old when published: not precise for a single area.",
)
def fuel_poverty(sub_regional_fuel_poverty: Table) -> AreaValues:
    """Households on a low income in a home that is costly to heat (low income, low energy efficiency)."""
    rows = sub_regional_fuel_poverty.set_index("lsoa21_code")
    return rows["fuel_poor_households"] / _positive(rows["households"]) * 100


@layer(
    label="Households without a car",
    unit="% of households",
    role="need",
    polarity="high_is_need",
    group=_HOMES,
    caveat=f"{_CENSUS} In inner cities many choose to have none.",
)
def households_without_car(census21_cars: Table) -> AreaValues:
    """Households that have no car or van: for them the distance to advice is a bus ride or a walk."""
    return _share(census21_cars, ["no_car"], "households")


@layer(
    label="Social rented homes",
    unit="% of households",
    role="context",
    polarity="none",
    group=_HOMES,
    caveat=_CENSUS,
)
def social_rented(census21_tenure: Table) -> AreaValues:
    """Households that rent from a council or a housing association."""
    return _share(census21_tenure, ["social_rented"], "households")


@layer(
    label="Private rented homes",
    unit="% of households",
    role="context",
    polarity="none",
    group=_HOMES,
    caveat=f"{_CENSUS} Students away in March 2021 count where they were.",
)
def private_rented(census21_tenure: Table) -> AreaValues:
    """Households that rent from a private landlord."""
    return _share(census21_tenure, ["private_rented"], "households")


@layer(
    label="Households deprived in two or more dimensions",
    unit="% of households",
    role="need",
    polarity="high_is_need",
    group=_HOMES,
    caveat=f"{_CENSUS} Employment, education, health and housing: not income. Overlaps with the IMD.",
)
def household_deprivation(census21_household_deprivation: Table) -> AreaValues:
    """Households deprived in at least two of employment, education, health and housing."""
    return _share(census21_household_deprivation, ["deprived_in_2", "deprived_in_3", "deprived_in_4"], "households")


@layer(
    label="Disabled people",
    unit="% of residents",
    role="need",
    polarity="high_is_need",
    group=_PEOPLE,
    caveat=f"{_CENSUS} Self-reported, and higher where people are older.",
)
def disabled_residents(census21_disability: Table) -> AreaValues:
    """Residents whose day-to-day activities are limited by a condition of 12 months or longer."""
    return _share(census21_disability, ["disabled"], "residents")


@layer(label="People who are disabled", unit="people", role="people", polarity="high_is_need", group=_PEOPLE)
def people_disabled(census21_disability: Table) -> AreaValues:
    """Residents disabled under the Equality Act, in March 2021."""
    return census21_disability.set_index("lsoa21_code")["disabled"].astype("float64")


@layer(label="Asian residents", unit="% of residents", role="context", polarity="none", group=_PEOPLE, caveat=_CENSUS)
def asian_residents(census21_ethnicity: Table) -> AreaValues:
    """Residents who chose Asian, Asian British or Asian Welsh."""
    return _share(census21_ethnicity, ["asian"], "residents")


@layer(label="Black residents", unit="% of residents", role="context", polarity="none", group=_PEOPLE, caveat=_CENSUS)
def black_residents(census21_ethnicity: Table) -> AreaValues:
    """Residents who chose Black, Black British, Black Welsh, Caribbean or African."""
    return _share(census21_ethnicity, ["black"], "residents")


@layer(
    label="Residents of mixed or other ethnic groups",
    unit="% of residents",
    role="context",
    polarity="none",
    group=_PEOPLE,
    caveat=_CENSUS,
)
def mixed_and_other_residents(census21_ethnicity: Table) -> AreaValues:
    """Residents who chose a mixed or multiple group, or another one."""
    return _share(census21_ethnicity, ["mixed", "other"], "residents")


@layer(
    label="White minority residents",
    unit="% of residents",
    role="context",
    polarity="none",
    group=_PEOPLE,
    caveat=_CENSUS,
)
def white_minority_residents(census21_ethnicity: Table) -> AreaValues:
    """Residents who chose a White group other than the British one: Irish, Gypsy or Irish Traveller, Roma, other."""
    rows = census21_ethnicity.set_index("lsoa21_code")
    return (rows["white"] - rows["white_british"]).clip(lower=0) / _positive(rows["residents"]) * 100


@derived(
    key="area_code",
    columns={
        "area_code": "LSOA 2021 code",
        "older": "residents aged 60 and over, share 0 to 1",
        "disabled": "disabled residents, share 0 to 1; missing where Census 2021 disability is not loaded",
        "low_income": "residents in income deprivation, share 0 to 1",
        "excluded": "the mean of those that are known: stands in for the share who cannot use telephone or internet",
    },
    ranges={"older": (0, 1), "disabled": (0, 1), "low_income": (0, 1), "excluded": (0, 1)},
)
def digital_exclusion(iod25: Table, census21_disability: Table | None = None) -> Table:
    """What makes people less able to use advice by telephone or online: age, disability, low income (ours).

    No open data count who is offline in an area. The three shares overlap, so their mean is taken, not their sum; it
    puts areas in a plausible order and says nothing certain about one of them.
    """
    rows = iod25.set_index("lsoa21_code")
    older = rows["population_60_over"] / _positive(rows["population"])
    disabled = pd.Series(float("nan"), index=rows.index)
    if census21_disability is not None:
        disabled = (_share(census21_disability, ["disabled"], "residents") / 100).reindex(rows.index)
    parts = pd.DataFrame({"older": older, "disabled": disabled, "low_income": rows["income_rate"]})
    table = parts.assign(excluded=parts.mean(axis=1)).rename_axis("area_code").reset_index()
    note(table, "signs of digital exclusion used, of age, disability and low income", parts.notna().any().sum())
    return table.sort_values("area_code", ignore_index=True)


@layer(
    label="Risk of digital exclusion",
    unit="%, mean of three shares",
    role="need",
    polarity="high_is_need",
    group=_REMOTE,
    caveat="A stand-in (ours): nobody publishes who is offline by area. Overlaps with income deprivation.",
)
def digital_exclusion_risk(digital_exclusion: Table) -> AreaValues:
    """The mean of the shares of residents who are 60 and over, disabled, and in income deprivation."""
    return digital_exclusion.set_index("area_code")["excluded"] * 100


@layer(
    label="Able to use remote advice (assumed)",
    unit="% of residents, assumed",
    role="context",
    polarity="low_is_need",
    group=_REMOTE,
    caveat="An assumption (ours), to discount telephone and online advice: not a measurement.",
)
def remote_advice_users(digital_exclusion: Table) -> AreaValues:
    """100 less the risk of digital exclusion: the share m of METHODS §7 by which remote advice reaches an area."""
    return 100 - digital_exclusion.set_index("area_code")["excluded"] * 100


def _share(table: Table, parts: list[str], whole: str) -> AreaValues:
    """Parts of a whole in per cent; missing where the whole is 0, and at most 100 although counts are perturbed."""
    rows = table.set_index("lsoa21_code")
    return (rows[parts].sum(axis=1) / _positive(rows[whole]) * 100).clip(upper=100)


def _positive(counts: pd.Series[float]) -> pd.Series[float]:
    return counts.astype("float64").where(counts > 0)
