"""The made-up postcodes and advice providers: where they are, and the oddities that real lists have."""

from __future__ import annotations

import numpy as np
import pandas as pd

from hjp_geo.areas import Table
from hjp_geo.demo.land import Land, to_degrees

__all__ = ["make_debt_advice", "make_legal_aid", "make_postcodes"]

_POSTCODES_AN_AREA = 4
_INWARD = [f"{digit}{a}{b}" for digit in range(1, 10) for a in "ABDEFGHJLNPQRSTUWXYZ" for b in "ABDEFGHJLNPQRSTUWXYZ"]
_POOR_TOWN = "Brackhaven"
"""The deprived town by the sea where nobody gives advice: the made-up desert."""
HOSTILE_NAME = "<img src=x onerror=alert(1)> Advice"

_LEGAL_AID = (
    # name, town, contracts
    ("Alder & Finch Solicitors", "Wexmere", ("Housing", "Debt", "Family")),
    ("Causeway Law LLP", "Wexmere", ("Crime", "Prison Law")),
    ("@Harbour Legal Limited", "Wexmere", ("Immigration Asylum", "Public Law")),
    ("Wexmere Law Centre", "Wexmere", ("Housing", "Debt", "Welfare Benefits", "Community Care")),
    ("Wexmere Law Centre", "Wexmere", ("Housing Loss Prevention Advice Service",)),  # repeats the office above
    ("Dunlin Family Law", "Wexmere", ("Family", "Mediation")),
    ("Foundry Row Solicitors", "Wexmere", ("Housing", "Debt", "Housing Loss Prevention Advice Service")),
    ("Gannet & Co", "Quillmouth", ("Family", "Housing", "Debt")),
    ("Eider Defence", "Quillmouth", ("Crime",)),
    ("Oxmarrow Mental Health Law", "Oxmarrow", ("Mental Health", "Community Care")),
    ("Isle Education Law", "Harvenby", ("Education", "Discrimination")),
)
_DEBT = (
    # name, town, network number, face to face, telephone
    ("Citizens Advice Wexmere", "Wexmere", "4", True, True),
    ("Citizens Advice Wexmere North", "Wexmere", "4", True, True),
    ("Citizens Advice Wexmere Market Hall", "Wexmere", "4", True, False),
    ("Citizens Advice Quillmouth", "Quillmouth", "4", True, True),
    ("Citizens Advice Oxmarrow", "Oxmarrow", "4", True, False),
    ("Citizens Advice Harvenby", "Harvenby", "4", True, False),
    ("Wexmere Law Centre", "Wexmere", "9", True, False),
    ("Foundry Money Advice", "Wexmere", "3", True, True),
    ("Harbour Debt Helpline", "Wexmere", "3", False, True),
    ("Isle Credit Advice Online", "Wexmere", "10", False, True),
    (HOSTILE_NAME, "Wexmere", "10", True, False),
    ("No Example Citizens Advice Office - See Notes", "Brackhaven", "4", True, False),
    ("Home Visits Money Advice", "Brackhaven", "", True, False),
    ("Home Visits Money Advice", "Quillmouth", "", True, False),
    ("St Dunlin\u2019s Debt Clinic", "Wexmere", "3", True, False),
    ("Far Field Debt Advice", "Quillmouth", "10", True, False),
    ("Beyond the Sea Advice", "abroad", "6", True, True),
)


def make_postcodes(land: Land) -> Table:
    """One made-up postcode a row: ``postcode``, ``town``, place and positional ``quality``; the last has no place."""
    homes = land.homes.groupby("area").head(_POSTCODES_AN_AREA)
    place = homes[["easting", "northing"]].to_numpy()
    towns = land.towns[["easting", "northing"]].to_numpy()
    nearest = np.hypot(*(place[:, None] - towns).transpose(2, 0, 1)).argmin(axis=1)
    by_need = np.argsort(land.towns["town"].ne(_POOR_TOWN).to_numpy(), kind="stable")  # the poor town is ZY1
    district = np.argsort(by_need)[nearest] + 1
    table = pd.DataFrame(
        {
            "town": land.towns["town"].to_numpy()[nearest],
            "easting": place[:, 0].round(),
            "northing": place[:, 1].round(),
            "quality": 10,
            "district": district,
            "from_town": np.hypot(*(place - towns[nearest]).T),
        }
    ).sort_values(["district", "from_town"], ignore_index=True)
    number = table.groupby("district").cumcount()
    spare = number // len(_INWARD) * 10  # a district that is full goes on in ZY11, ZY21, …
    outward = "ZY" + (table["district"] + spare).astype("str")
    inward = pd.Series(_INWARD)[number % len(_INWARD)].to_numpy()
    nowhere = pd.DataFrame([{"postcode": "ZY9 9ZZ", "town": "", "easting": 0.0, "northing": 0.0, "quality": 90}])
    named = table.assign(postcode=outward + " " + inward).drop(columns=["district", "from_town"])
    return pd.concat([named, nowhere], ignore_index=True)


def make_legal_aid(rng: np.random.Generator, postcodes: Table) -> list[tuple[str, str, str, tuple[str, ...]]]:
    """The offices, one a row: name, town, postcode, contracts. One row repeats the office above it."""
    offices: list[tuple[str, str, str, tuple[str, ...]]] = []
    for name, town, contracts in _LEGAL_AID:
        repeats = bool(offices) and offices[-1][0] == name
        postcode = offices[-1][2] if repeats else str(_near(rng, postcodes, town)["postcode"])
        offices.append((name, town, postcode, contracts))
    return offices


def make_debt_advice(rng: np.random.Generator, postcodes: Table) -> Table:
    """One listed point a row: name, network, place in degrees, postcode, and how advice is given."""
    table = pd.DataFrame(_DEBT, columns=["name", "town", "standard_ids", "face_to_face", "telephone"])
    places = pd.DataFrame([_near(rng, postcodes, town) for _, town, *_ in _DEBT])
    degrees = to_degrees(places["easting"].to_numpy(), places["northing"].to_numpy(), 6)
    latitude, longitude = degrees["latitude"], degrees["longitude"]
    home_visits, abroad = table["standard_ids"] == "", table["town"] == "abroad"
    # one point lies 11 km from its own postcode, as one real row does
    latitude = latitude + np.where(table["name"] == "Far Field Debt Advice", 0.1, 0.0)
    return table.assign(
        lat=latitude.mask(home_visits, latitude.round(2)).mask(abroad, 57.15),
        lng=longitude.mask(home_visits, longitude.round(2)).mask(abroad, -2.1),
        postcode=places["postcode"].mask(abroad, "ZZ99 1AA"),
    )


def _near(rng: np.random.Generator, postcodes: Table, town: str) -> dict[str, object]:
    """A postcode near the middle of a town; any for a town that is not there."""
    of_town = postcodes[postcodes["town"] == town]
    close = (of_town if len(of_town) else postcodes).head(40)
    return dict(close.iloc[int(rng.integers(len(close)))])
