"""Long-term conditions: practice registers shared over where the practices' patients live.

Modelled estimates of recorded diagnoses, after the House of Commons Library's method: under-diagnosis is not
corrected, and a register says nothing of who among the patients is ill. See `hjp_geo.prevalence`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from hjp_geo.areas import AreaValues, Table
from hjp_geo.layer import Layer, Role, derived, layer, note
from hjp_geo.prevalence import (
    DOUBTS,
    LEAST_RATIO,
    MOST_RATIO,
    Registrations,
    area_doubts,
    borrow_registrations,
    estimate_band_lists,
    health_weights,
    model_choices,
    nearest_donors,
    prepare_registrations,
    split_register,
    unplaced_practices,
    with_range,
)
from hjp_geo.vintages import convert_ages_to_lsoa11, convert_lsoa11_to_lsoa21

CONDITIONS = {
    "AF": ("atrial_fibrillation", "Atrial fibrillation", "all ages"),
    "AST": ("asthma", "Asthma", "6 and over"),
    "CAN": ("cancer", "Cancer", "all ages"),
    "CHD": ("coronary_heart_disease", "Coronary heart disease", "all ages"),
    "CKD": ("chronic_kidney_disease", "Chronic kidney disease", "18 and over"),
    "COPD": ("copd", "Chronic obstructive pulmonary disease", "all ages"),
    "DEM": ("dementia", "Dementia", "all ages"),
    "DEP": ("depression", "Depression", "18 and over"),
    "DM": ("diabetes", "Diabetes", "17 and over"),
    "EP": ("epilepsy", "Epilepsy", "18 and over"),
    "HF": ("heart_failure", "Heart failure", "all ages"),
    "HYP": ("hypertension", "High blood pressure", "all ages"),
    "LD": ("learning_disability", "Learning disability", "all ages"),
    "MH": ("severe_mental_illness", "Severe mental illness", "all ages"),
    "NDH": ("non_diabetic_hyperglycaemia", "Non-diabetic hyperglycaemia", "18 and over"),
    "OB": ("obesity", "Obesity", "18 and over"),
    "OST": ("osteoporosis", "Osteoporosis", "50 and over"),
    "PAD": ("peripheral_arterial_disease", "Peripheral arterial disease", "all ages"),
    "PC": ("palliative_care", "Palliative and supportive care", "all ages"),
    "RA": ("rheumatoid_arthritis", "Rheumatoid arthritis", "16 and over"),
    "STIA": ("stroke_and_tia", "Stroke and transient ischaemic attack", "all ages"),
}
"""The 21 registers of QOF 2024-25: code → (layer name, label, the ages its list counts)."""

AGE_PATTERN = {
    "06OV": "TOTAL",
    "0_59": "0_59",
    "16OV": "16OV",
    "17OV": "16OV",
    "18OV": "16OV",
    "50OV": "60OV",
    "60OV": "60OV",
    "TOTAL": "TOTAL",
}
"""An age band → the band of IoD 2025's populations whose spread over areas stands in for it (ours).

IoD publishes 0-15, 60 and over and everyone. A pattern only shares a practice's own cases over its areas: each
practice keeps exactly its register and its list, whichever band is used.
"""

DEMENTIA_SHARES = {"60OV": 0.97, "0_59": 0.03}
"""Nearly all people with dementia are old, though its list counts everybody: the Library's shares of recorded
diagnoses at 65 and over and below, spread like residents of 60 and over and below (ours: IoD has no 65)."""

_IS_AREA = r"^[EW]01\d{6}$"
_RANGE = "the lowest of the ways to share registers out"


@derived(
    key="practice_code",
    columns={
        "practice_code": "ODS code",
        "easting": "metres, British National Grid, of its postcode",
        "northing": "the same",
    },
)
def practice_places(gp_practices: Table, postcodes: Table) -> Table:
    """Where each practice with a known postcode stands, open or closed."""
    placed = gp_practices[["practice_code", "postcode"]].merge(postcodes, on="postcode").dropna(subset=["easting"])
    columns = ["practice_code", "easting", "northing"]
    return placed[columns].sort_values("practice_code", ignore_index=True)


@derived(
    key=("area_code", "condition"),
    columns={
        "area_code": "LSOA 2021 code",
        "condition": "QOF register code",
        "register": "people on the register, modelled, fractional",
        "list_size": "registered patients of the register's ages, modelled, fractional",
        "prevalence": "register ÷ list, fraction",
        "register_low": f"register, {_RANGE}",
        "register_high": f"register, {_RANGE.replace('lowest', 'highest')}",
        "prevalence_low": f"prevalence, {_RANGE}",
        "prevalence_high": f"prevalence, {_RANGE.replace('lowest', 'highest')}",
    },
)
def modelled_prevalence(
    qof_prevalence: Table,
    gp_registrations: Table,
    lsoa11_lsoa21_lookup: Table,
    iod25: Table,
    practice_places: Table,
    census21_disability: Table | None = None,
) -> Table:
    """Modelled register, list and prevalence of each condition in each area, and how far the method decides them.

    The range is that of the ways to share registers out: with and without ages, and with and without the health
    factor where Census 2021 disability is loaded. It is no confidence interval. Where low and high equal the estimate
    the loaded data allow one way only; that says nothing of how right it is.

    Computed in the LSOA vintage of the registrations, then converted; areas outside England are left out and counted
    in the notes, as are practices that publish no registrations and have no neighbour to borrow a pattern from.
    """
    registers = qof_prevalence.rename(columns={"practice_code": "practice"})
    registrations, borrowers = _with_borrowed(_placed(gp_registrations), registers, practice_places)
    vintage = _Vintage(registrations["lsoa"], lsoa11_lsoa21_lookup, iod25)
    homes = prepare_registrations(registrations)
    homes = homes.with_ages(_with_average_ages(vintage.ages(_age_bands(iod25)), homes.lsoas))
    weights = None if census21_disability is None else _weights(census21_disability, vintage, homes.lsoas)
    choices = model_choices(_with_dementia_by_age(registers, homes), homes, adjust=weights)
    table = with_range(vintage.on_lsoa21(choices)).rename(columns={"lsoa": "area_code"})
    table["condition"] = table["condition"].astype("category")
    _practice_notes(table, registers, borrowers, unplaced_practices(registers, homes))
    _place_notes(table, gp_registrations, next(iter(choices.values())))
    note(table, f"ways to share registers out: {'; '.join(choices)} (the first is the estimate)", len(choices))
    note(table, f"LSOA vintage of the registrations: {vintage.name}; areas", table["area_code"].nunique())
    return table


def _placed(gp_registrations: Table) -> Table:
    """Registrations as the model takes them: a code that is no area becomes missing, so its patients are spread."""
    codes = gp_registrations["lsoa_code"]
    return pd.DataFrame(
        {
            "practice": gp_registrations["practice_code"],
            "lsoa": codes.where(codes.str.match(_IS_AREA)),
            "patients": gp_registrations["patients"],
        }
    )


def _with_borrowed(registrations: Table, registers: Table, places: Table) -> tuple[Table, list[str]]:
    """The registrations, each practice that has registers and none borrowing its neighbour's; and the borrowers."""
    donors = registrations.loc[registrations["lsoa"].notna(), "practice"].unique()
    without = set(registers["practice"].unique()) - set(registrations["practice"].unique())
    nearest = nearest_donors(without, donors, places.rename(columns={"practice_code": "practice"}))
    return (borrow_registrations(registrations, nearest) if nearest else registrations), sorted(nearest)


class _Vintage:
    """Which LSOAs the registrations use, 2011 or 2021, and the ways there and back."""

    def __init__(self, codes: pd.Series[str], lookup: Table, iod25: Table) -> None:
        only_2021 = set(lookup["lsoa21_code"]) - set(lookup["lsoa11_code"])
        self.is_2011 = not set(codes.dropna().unique()) & only_2021
        self._lookup = lookup
        self._population = iod25.set_index("lsoa21_code")["population"].astype("float64")

    @property
    def name(self) -> str:
        """The vintage in words."""
        return "2011, converted to 2021" if self.is_2011 else "2021"

    def ages(self, ages: Table) -> Table:
        """Ages of LSOA 2021 as those of the registrations' areas: only their shares mean anything."""
        return convert_ages_to_lsoa11(ages, self._lookup) if self.is_2011 else ages

    def counts(self, counts: Table) -> Table:
        """Counts of the registrations' areas as those of LSOA 2021 in England, sorted; totals are kept."""
        english = counts[counts.index.str.startswith("E01")]
        if not self.is_2011:
            return english.sort_index()
        return convert_lsoa11_to_lsoa21(english, self._lookup, self._population)

    def on_lsoa21(self, choices: dict[str, Table]) -> dict[str, Table]:
        """Every choice on LSOA 2021: registers and lists are both counts."""
        together = self.counts(pd.concat(choices, axis=1))
        return {name: pd.DataFrame(together[name]) for name in choices}


def _age_bands(iod25: Table) -> Table:
    """Residents of LSOA 2021 by age band, each band spread as `AGE_PATTERN` says."""
    everyone, old = iod25["population"], iod25["population_60_over"]
    patterns = {"TOTAL": everyone, "16OV": everyone - iod25["population_0_15"], "60OV": old, "0_59": everyone - old}
    wide = pd.DataFrame({band: patterns[like] for band, like in AGE_PATTERN.items()}).assign(lsoa=iod25["lsoa21_code"])
    return wide.melt(id_vars="lsoa", var_name="age_band", value_name="population")


def _with_average_ages(ages: Table, codes: pd.Index[str]) -> Table:
    """The ages, with England's age structure for the areas of the registrations that have none (those in Wales)."""
    strangers = codes.difference(pd.Index(ages["lsoa"].unique()))
    average = ages.groupby("age_band", as_index=False)["population"].sum()
    filled = pd.DataFrame({"lsoa": strangers}).merge(average, how="cross")
    return pd.concat([ages, filled], ignore_index=True)


def _weights(disability: Table, vintage: _Vintage, codes: pd.Index[str]) -> AreaValues:
    """The health factor of each area of the registrations; 1 for those that the English census does not cover."""
    long = disability.melt("lsoa21_code", ["residents", "disabled"], var_name="age_band", value_name="population")
    counts = vintage.ages(long.rename(columns={"lsoa21_code": "lsoa"})).pivot(index="lsoa", columns="age_band")
    people = counts["population"]
    weights = health_weights(people["disabled"] / people["residents"].where(people["residents"] > 0))
    return weights.reindex(codes).fillna(1.0)


def _with_dementia_by_age(registers: Table, homes: Registrations) -> Table:
    """The registers, with dementia divided into old and young wherever a practice has residents of both around it."""
    dementia = registers["condition"] == "DEM"
    lists = estimate_band_lists(registers[dementia].set_index("practice")["list_size"], homes, list(DEMENTIA_SHARES))
    least = lists.groupby("practice")["list_size"].min()
    divided = dementia & registers["practice"].isin(least.index[least > 0])
    if not divided.any():
        return registers
    parts = split_register(registers[divided], "DEM", DEMENTIA_SHARES, lists)
    return pd.concat([registers[~divided], parts], ignore_index=True)


def _practice_notes(table: Table, registers: Table, borrowers: list[str], left_out: Table) -> None:
    """Say how many practices were repaired or left out, and why, and whose register is above its list."""
    borrowed = registers[registers["practice"].isin(borrowers)].groupby("practice")["list_size"].max()
    note(table, "practices opened or renamed since: spread like the nearest practice with registrations", len(borrowed))
    note(table, "patients of the practices that are spread like the nearest one", borrowed.sum())
    note(table, "registers above their list, kept", (registers["register"] > registers["list_size"]).sum())
    for reason, rows in left_out.groupby("reason"):
        why = _WHY.get(str(reason), str(reason))
        note(table, f"practices left out: {why}", rows["practice"].nunique())
        note(table, f"patients of practices left out: {why}", rows["patients"].sum())
        if rows["cases"].notna().any():  # nobody knows the cases of a practice that has no register
            note(table, f"cases on the registers of practices left out, all conditions: {why}", rows["cases"].sum())


def _place_notes(table: Table, gp_registrations: Table, modelled: Table) -> None:
    """Say how many patients and cases fall outside the modelled areas."""
    codes = gp_registrations["lsoa_code"]
    unknown = gp_registrations[~codes.str.match(_IS_AREA)]
    note(table, "patients with no known area, spread like the others of their practice", unknown["patients"].sum())
    wales = gp_registrations[codes.str.startswith("W")]
    note(table, "patients of English practices who live in Wales, not in these areas", wales["patients"].sum())
    abroad = modelled.loc[~modelled.index.str.startswith("E01"), "register"].to_numpy()
    note(table, "modelled cases in Wales, all conditions, not in these areas", np.nansum(abroad))


_WHY = {
    "not_reported": "the register of a condition is suppressed or blank",
    "no_registrations": "no registrations, and no place to find the nearest practice by",
    "no_lsoa": "no patient has a known area",
    "no_patients_in_band": "no patient lives where anyone has the register's ages",
    "no_register": "registrations of practices that are not in QOF (closed, or not taking part)",
}


@derived(
    key="area_code",
    columns={
        "area_code": "LSOA 2021 code",
        "registered": "registered patients of English practices who live there; missing where none is published",
        "residents": "people, mid-2022",
        "registered_per_resident": "the ratio of the two",
        "flag": "few_registered, many_registered, few_people, or empty where nothing is doubtful",
    },
)
def prevalence_flags(gp_registrations: Table, lsoa11_lsoa21_lookup: Table, iod25: Table) -> Table:
    """Where modelled condition figures are doubtful: patients and residents part company, or few people live there.

    Prisons, barracks and halls of residence have residents whom no practice lists; near borders patients are
    registered in Wales; some practices keep people on their list who have moved away.
    """
    registrations = _placed(gp_registrations)
    vintage = _Vintage(registrations["lsoa"], lsoa11_lsoa21_lookup, iod25)
    registered = vintage.counts(registrations.groupby("lsoa")[["patients"]].sum().astype("float64"))["patients"]
    residents = iod25.set_index("lsoa21_code")["population"].astype("float64").sort_index()
    ratio = registered.reindex(residents.index) / residents.where(residents > 0)
    table = pd.DataFrame(
        {
            "area_code": residents.index,
            "registered": registered.reindex(residents.index).to_numpy(),
            "residents": residents.to_numpy(),
            "registered_per_resident": ratio.to_numpy(),
            "flag": area_doubts(ratio, residents).to_numpy(),
        }
    )
    for code, why in DOUBTS.items():
        note(table, f"areas whose modelled condition figures are doubtful: {why}", (table["flag"] == code).sum())
    note(table, "areas without any registration", table["registered"].isna().sum())
    return table


@layer(
    label="Registered patients for each resident",
    unit="patients for each resident",
    role="context",
    polarity="none",
    group="Conditions (modelled from QOF 2024-25)",
    caveat=f"Condition figures are doubtful where this is under {LEAST_RATIO:g} or over {MOST_RATIO:g}.",
)
def registered_per_resident(prevalence_flags: Table) -> AreaValues:
    """Patients of English practices who live in the area, for each resident: far from 1, distrust modelled figures."""
    return prevalence_flags.set_index("area_code")["registered_per_resident"]


_MODELLED = "Modelled estimate of recorded diagnoses; under-diagnosis is not corrected."


def _prevalence_layer(code: str) -> Layer:
    name, label, ages = CONDITIONS[code]

    def prevalence(modelled_prevalence: Table) -> AreaValues:
        return _column(modelled_prevalence, code, "prevalence") * 100

    prevalence.__doc__ = f"Modelled share of registered patients ({ages}) on the QOF 2024-25 register for {label}."
    return layer(
        name=f"{name}_prevalence",
        label=label,
        unit=f"% of patients, {ages}",
        role="need",
        polarity="high_is_need",
        group="Conditions (modelled from QOF 2024-25)",
        caveat=_MODELLED,
    )(prevalence)


def _cases_layer(code: str) -> Layer:
    name, label, ages = CONDITIONS[code]
    doc = f"Modelled number of people ({ages}) on the QOF 2024-25 register for {label}, fractional."
    return _people_layer(code, "register", f"people_with_{name}", "people", doc)


def _low_layer(code: str) -> Layer:
    doc = f"The lowest number of people on the register for {CONDITIONS[code][1]} by any way of sharing registers out."
    return _people_layer(code, "register_low", f"people_with_{CONDITIONS[code][0]}_low", "range", doc)


def _high_layer(code: str) -> Layer:
    doc = f"The highest number of people on the register for {CONDITIONS[code][1]} by any way of sharing registers out."
    return _people_layer(code, "register_high", f"people_with_{CONDITIONS[code][0]}_high", "range", doc)


def _people_layer(code: str, column: str, name: str, role: Role, doc: str) -> Layer:
    def people(modelled_prevalence: Table) -> AreaValues:
        return _column(modelled_prevalence, code, column)

    people.__doc__ = doc
    return layer(
        name=name,
        label=f"{CONDITIONS[code][1]}: people on the register{_LABEL_ENDS[column]}",
        unit="people on the register, modelled",
        role=role,
        polarity="high_is_need",
        group="People with a condition",
        caveat=_MODELLED,
    )(people)


_LABEL_ENDS = {"register": "", "register_low": ", lowest", "register_high": ", highest"}


def _rate_end_layer(code: str, end: str, word: str) -> Layer:
    name, label, ages = CONDITIONS[code]

    def rate(modelled_prevalence: Table) -> AreaValues:
        return _column(modelled_prevalence, code, f"prevalence_{end}") * 100

    rate.__doc__ = f"The {word} modelled share on the register for {label} by any way of sharing registers out."
    return layer(
        name=f"{name}_prevalence_{end}",
        label=f"{label}, {word}",
        unit=f"% of patients, {ages}",
        role="range",
        polarity="high_is_need",
        group="Conditions (modelled from QOF 2024-25)",
        caveat=_MODELLED,
    )(rate)


def _low_rate_layer(code: str) -> Layer:
    return _rate_end_layer(code, "low", "lowest")


def _high_rate_layer(code: str) -> Layer:
    return _rate_end_layer(code, "high", "highest")


def _column(modelled_prevalence: Table, code: str, column: str) -> AreaValues:
    rows = modelled_prevalence[modelled_prevalence["condition"] == code]
    return rows.set_index("area_code")[column].astype("float64")


_MAKERS: tuple[Callable[[str], Layer], ...] = (
    _prevalence_layer,
    _low_rate_layer,
    _high_rate_layer,
    _cases_layer,
    _low_layer,
    _high_layer,
)
LAYERS = tuple(make(code) for code in CONDITIONS for make in _MAKERS)
"""Six layers a condition: the modelled prevalence and number of people, each with the ends of its range."""
