"""Long-term conditions: practice registers shared over where the practices' patients live.

Modelled estimates of recorded diagnoses, after the House of Commons Library's method: under-diagnosis is not
corrected, and a register says nothing of who among the patients is ill. See `hjp_geo.prevalence`.
"""

from __future__ import annotations

import pandas as pd

from hjp_geo.areas import AreaValues, Table
from hjp_geo.layer import Layer, derived, layer, note
from hjp_geo.prevalence import model_prevalence, unplaced_practices
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

AGE_PATTERN = {"06OV": "TOTAL", "16OV": "16OV", "17OV": "16OV", "18OV": "16OV", "50OV": "60OV", "TOTAL": "TOTAL"}
"""The age band of a register → the band of IoD 2025's populations whose spread over areas stands in for it (ours).

IoD publishes 0-15, 60 and over and everyone. A pattern only shares a practice's own cases over its areas: each
practice keeps exactly its register and its list, whichever band is used.
"""

_BANDS = ("TOTAL", "06OV", "16OV", "17OV", "18OV", "50OV")
_IS_AREA = r"^[EW]01\d{6}$"


@derived(
    key=("area_code", "condition"),
    columns={
        "area_code": "LSOA 2021 code",
        "condition": "QOF register code",
        "register": "people on the register, modelled, fractional",
        "list_size": "registered patients of the register's ages, modelled, fractional",
        "prevalence": "register ÷ list, fraction",
    },
)
def modelled_prevalence(
    qof_prevalence: Table, gp_registrations: Table, lsoa11_lsoa21_lookup: Table, iod25: Table
) -> Table:
    """Modelled register, list and prevalence of each condition in each area.

    Computed in the LSOA vintage of the registrations, then converted; areas outside England are left out and counted
    in the notes, as are practices that publish no registrations.
    """
    registrations = _placed(gp_registrations)
    in_2011 = not set(registrations["lsoa"].unique()) & _only_in_2021(lsoa11_lsoa21_lookup)
    ages = _age_bands(iod25)
    if in_2011:
        ages = convert_ages_to_lsoa11(ages, lsoa11_lsoa21_lookup)
    registers = qof_prevalence.rename(columns={"practice_code": "practice"})
    modelled = model_prevalence(registers, registrations, _with_average_ages(ages, registrations["lsoa"]))
    english = modelled[modelled["lsoa"].str.startswith("E01")]
    if in_2011:
        english = _on_lsoa21(english, lsoa11_lsoa21_lookup, iod25)
    table = english.rename(columns={"lsoa": "area_code"})
    table["prevalence"] = table["register"] / table["list_size"].where(table["list_size"] > 0)
    table = table[["area_code", "condition", "register", "list_size", "prevalence"]]
    table = table.sort_values(["area_code", "condition"], ignore_index=True)
    abroad = modelled[~modelled["lsoa"].str.startswith("E01")]
    _add_notes(table, gp_registrations, unplaced_practices(registers, registrations), abroad)
    vintage = "2011, converted to 2021" if in_2011 else "2021"
    note(table, f"LSOA vintage of the registrations: {vintage}; areas", table["area_code"].nunique())
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


def _only_in_2021(lookup: Table) -> set[str]:
    """Codes that no area had in 2011: one of them among the registrations means that they are on LSOA 2021."""
    return set(lookup["lsoa21_code"]) - set(lookup["lsoa11_code"])


def _age_bands(iod25: Table) -> Table:
    """Residents of LSOA 2021 by register age band, each band spread as `AGE_PATTERN` says."""
    everyone = iod25["population"]
    patterns = {
        "TOTAL": everyone,
        "16OV": everyone - iod25["population_0_15"],
        "60OV": iod25["population_60_over"],
    }
    wide = pd.DataFrame({band: patterns[AGE_PATTERN[band]] for band in _BANDS}).assign(lsoa=iod25["lsoa21_code"])
    return wide.melt(id_vars="lsoa", var_name="age_band", value_name="population")


def _with_average_ages(ages: Table, codes: pd.Series[str]) -> Table:
    """The ages, with England's age structure for the areas of the registrations that have none (those in Wales)."""
    strangers = sorted(set(codes.dropna().unique()) - set(ages["lsoa"]))
    average = ages.groupby("age_band", as_index=False)["population"].sum()
    filled = pd.DataFrame({"lsoa": strangers}).merge(average, how="cross")
    return pd.concat([ages, filled], ignore_index=True)


def _on_lsoa21(modelled: Table, lookup: Table, iod25: Table) -> Table:
    """Modelled registers and lists of LSOA 2011 as those of LSOA 2021: both are counts, so totals are kept."""
    wide = modelled.pivot(index="lsoa", columns="condition", values=["register", "list_size"])
    population = iod25.set_index("lsoa21_code")["population"].astype("float64")
    converted = convert_lsoa11_to_lsoa21(wide, lookup, population)
    return converted.stack("condition").rename_axis(["lsoa", "condition"]).reset_index()


def _add_notes(table: Table, gp_registrations: Table, left_out: Table, abroad: Table) -> None:
    """Say how many practices, patients and cases fall outside the modelled areas, and why."""
    for reason, rows in left_out.groupby("reason"):
        why = _WHY.get(str(reason), str(reason))
        note(table, f"practices left out: {why}", rows["practice"].nunique())
        note(table, f"patients of practices left out: {why}", rows["patients"].sum())
        note(table, f"cases on the registers of practices left out, all conditions: {why}", rows["cases"].sum())
    codes = gp_registrations["lsoa_code"]
    unknown = gp_registrations[~codes.str.match(_IS_AREA)]
    note(table, "patients with no known area, spread like the others of their practice", unknown["patients"].sum())
    wales = gp_registrations[codes.str.startswith("W")]
    note(table, "patients of English practices who live in Wales, not in these areas", wales["patients"].sum())
    note(table, "modelled cases in Wales, all conditions, not in these areas", abroad["register"].sum())


_WHY = {
    "not_reported": "the register of a condition is suppressed or blank",
    "no_registrations": "opened or renamed since the registrations were counted",
    "no_lsoa": "no patient has a known area",
    "no_patients_in_band": "no patient lives where anyone has the register's ages",
    "no_register": "registrations of practices that are not in QOF (closed, or not taking part)",
}


def _prevalence_layer(code: str) -> Layer:
    name, label, ages = CONDITIONS[code]

    def prevalence(modelled_prevalence: Table) -> AreaValues:
        rows = modelled_prevalence[modelled_prevalence["condition"] == code]
        return rows.set_index("area_code")["prevalence"].astype("float64") * 100

    prevalence.__doc__ = f"Modelled share of registered patients ({ages}) on the QOF 2024-25 register for {label}."
    return layer(
        name=f"{name}_prevalence",
        label=label,
        unit=f"% of patients, {ages}",
        role="need",
        polarity="high_is_need",
        group="Conditions (modelled from QOF 2024-25)",
        caveat="Modelled estimate of recorded diagnoses; under-diagnosis is not corrected.",
    )(prevalence)


def _cases_layer(code: str) -> Layer:
    name, label, ages = CONDITIONS[code]

    def cases(modelled_prevalence: Table) -> AreaValues:
        rows = modelled_prevalence[modelled_prevalence["condition"] == code]
        return rows.set_index("area_code")["register"].astype("float64")

    cases.__doc__ = f"Modelled number of people ({ages}) on the QOF 2024-25 register for {label}, fractional."
    return layer(
        name=f"people_with_{name}",
        label=f"{label}: people on the register",
        unit="people on the register, modelled",
        role="people",
        polarity="high_is_need",
        group="People with a condition",
        caveat="Modelled estimate of recorded diagnoses; under-diagnosis is not corrected.",
    )(cases)


LAYERS = tuple(make(code) for code in CONDITIONS for make in (_prevalence_layer, _cases_layer))
"""Two layers a condition: the modelled prevalence, and the modelled number of people."""
