"""Partners: what each practice has on its registers, and how to reach a place where advice is given."""

from __future__ import annotations

import numpy as np
import pandas as pd

from hjp_geo.areas import Table
from hjp_geo.layer import derived, note
from layers.conditions import CONDITIONS


@derived(
    key=("practice_code", "layer"),
    columns={
        "practice_code": "ODS code of the practice",
        "layer": "the layer of the same condition, such as cancer_prevalence",
        "register": "patients on the register, as published",
        "list_size": "registered patients of the register's ages",
    },
)
def practice_registers(qof_prevalence: Table) -> Table:
    """One practice and condition a row: who cares for its patients. Recorded diagnoses, not estimates."""
    names = {code: f"{name}_prevalence" for code, (name, _label, _ages) in CONDITIONS.items()}
    known = qof_prevalence[qof_prevalence["condition"].isin(names)]
    table = known.assign(layer=known["condition"].map(names).astype("str"))
    note(table, "rows of registers that no layer is made of", len(qof_prevalence) - len(known))
    columns = ["practice_code", "layer", "register", "list_size"]
    return table[columns].sort_values(["practice_code", "layer"], ignore_index=True)


@derived(
    key="site_id",
    columns={
        "site_id": "our name for the site, as in the table of sites",
        "address": "as published; empty where not given",
        "phone": "as published; empty where not given",
        "website": "as published; empty where not given",
    },
)
def site_contacts(legal_aid_offices: Table, debt_advice_organisations: Table) -> Table:
    """How to reach each place where advice is given, from the public lists: no address of a person is loaded."""
    offices = pd.DataFrame(
        {
            "site_id": "laa-" + legal_aid_offices["office_row"].astype("str"),
            "address": _joined(legal_aid_offices, ["address", "city", "county"]),
            "phone": legal_aid_offices["telephone"],
            "website": "",
        }
    )
    debt = pd.DataFrame(
        {
            "site_id": "debt-" + debt_advice_organisations["organisation_row"].astype("str"),
            "address": debt_advice_organisations["address"],
            "phone": "",
            "website": debt_advice_organisations["website"],
        }
    )
    table = pd.concat([offices, debt], ignore_index=True).fillna("")  # text: an empty cell says that none is given
    return table.sort_values("site_id", ignore_index=True)


def _joined(rows: Table, columns: list[str]) -> pd.Series[str]:
    """The parts of an address that are given, joined by commas."""
    parts = rows[columns].astype("str").to_numpy(dtype=object, na_value="")
    lines = [", ".join(part for part in row if part) for row in np.asarray(parts)]
    return pd.Series(lines, index=rows.index, dtype="str")
