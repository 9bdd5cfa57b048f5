"""The made-up people: how many, how old, how deprived, which practice they are registered with, and what they have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from hjp_geo.areas import Table
from hjp_geo.demo.land import PEOPLE_AN_AREA, Land, Numbers

__all__ = ["Registers", "make_indices", "make_people", "make_practices", "make_registers", "share_at_ages"]

_AREAS_A_PRACTICE = 13
_LEAST_SHARE = 0.01
"""A practice that takes less than this share of an area's people takes none of them."""

_DOMAINS = {
    # stem: (weight of the common cause, other influence, its weight)
    "income": (0.97, "noise", 0.24),
    "employment": (0.93, "old", 0.20),
    "education": (0.86, "noise", 0.50),
    "health": (0.84, "old", 0.35),
    "crime": (0.70, "urban", 0.45),
    "barriers": (0.10, "rural", 0.80),
    "living": (0.45, "urban", 0.55),
}
_IMD_WEIGHTS = {
    "income": 0.225,
    "employment": 0.225,
    "education": 0.135,
    "health": 0.135,
    "crime": 0.093,
    "barriers": 0.093,
    "living": 0.094,
}

CONDITIONS = {
    # code: (age band of the list, share of the list, effect of age, effect of deprivation)
    "AF": ("TOTAL", 0.0224, 0.40, -0.02),
    "AST": ("06OV", 0.0656, 0.02, 0.08),
    "CAN": ("TOTAL", 0.0380, 0.32, -0.06),
    "CHD": ("TOTAL", 0.0298, 0.34, 0.14),
    "CKD": ("18OV", 0.0464, 0.34, 0.06),
    "COPD": ("TOTAL", 0.0189, 0.24, 0.38),
    "DEM": ("TOTAL", 0.0078, 0.42, 0.02),
    "DEP": ("18OV", 0.1427, -0.02, 0.22),
    "DM": ("17OV", 0.0789, 0.14, 0.18),
    "EP": ("18OV", 0.0080, 0.04, 0.16),
    "HF": ("TOTAL", 0.0110, 0.34, 0.10),
    "HYP": ("TOTAL", 0.1523, 0.22, 0.04),
    "LD": ("TOTAL", 0.0059, 0.00, 0.26),
    "MH": ("TOTAL", 0.0102, -0.06, 0.34),
    "NDH": ("18OV", 0.0919, 0.18, 0.02),
    "OB": ("18OV", 0.1388, 0.02, 0.20),
    "OST": ("50OV", 0.0120, 0.12, 0.02),
    "PAD": ("TOTAL", 0.0055, 0.28, 0.26),
    "PC": ("TOTAL", 0.0056, 0.24, 0.04),
    "RA": ("16OV", 0.0079, 0.16, 0.06),
    "STIA": ("TOTAL", 0.0189, 0.32, 0.10),
}
"""The 21 registers, with shares near England's in 2024-25 so that the made-up figures look like figures."""

_FIRST_NAMES = ("Alder", "Beacon", "Causeway", "Dunlin", "Eider", "Foundry", "Gannet", "Harbour", "Ironbridge Lane")
_SECOND_NAMES = ("Surgery", "Medical Centre", "Health Centre", "Practice", "Family Doctors")


def make_people(rng: np.random.Generator, land: Land) -> Table:
    """One row an LSOA: populations of mid-2022, ``share_0_15``, ``share_60_over`` and the common cause ``hardship``.

    ``hardship`` has mean 0 and standard deviation 1, high is worse, and is alike in neighbouring areas.
    """
    areas = land.areas
    hardship = _standard(_hardship(rng, land))
    coast = np.exp(-((areas["to_coast_town_m"] / 6_000) ** 2)).to_numpy()
    urban = areas["is_urban"].to_numpy(dtype=np.float64)
    centre = np.exp(-((areas["to_city_m"] / 2_500) ** 2)).to_numpy()
    young = 0.186 + 0.014 * hardship - 0.030 * centre - 0.02 * coast + rng.normal(0, 0.022, len(areas))
    old = 0.290 - 0.065 * urban - 0.070 * centre + 0.11 * coast - 0.012 * hardship + rng.normal(0, 0.028, len(areas))
    share_young, share_old = np.clip(young, 0.04, 0.34), np.clip(old, 0.04, 0.52)
    people = PEOPLE_AN_AREA * (areas["homes"] / 24) ** 0.35 * rng.lognormal(0, 0.10, len(areas))
    total = people.clip(1_000, 4_500).round().astype("int64")
    return pd.DataFrame(
        {
            "population": total,
            "population_0_15": (total * share_young).round().astype("int64"),
            "population_60_over": (total * share_old).round().astype("int64"),
            "population_18_66": (total * (1 - share_young * 18 / 16 - share_old * 0.70)).round().astype("int64"),
            "share_0_15": share_young,
            "share_60_over": share_old,
            "hardship": hardship,
        }
    )


def _hardship(rng: np.random.Generator, land: Land) -> Numbers:
    """Inner city and the coast town worst, suburbs best, and slow waves over the land between."""
    areas = land.areas
    place = areas[["easting", "northing"]].to_numpy()
    bumps = land.homes[["easting", "northing"]].to_numpy()[rng.choice(len(land.homes), 40, replace=False)]
    apart = np.hypot(place[:, None, 0] - bumps[:, 0], place[:, None, 1] - bumps[:, 1])
    waves = np.exp(-((apart / 3_500) ** 2)) @ rng.normal(0, 0.9, len(bumps))
    inner = np.exp(-((areas["to_city_m"] / 2_400) ** 2)).to_numpy()
    suburbs = np.exp(-(((areas["to_city_m"] - 6_500) / 2_500) ** 2)).to_numpy()
    coast = np.exp(-((areas["to_coast_town_m"] / 4_000) ** 2)).to_numpy()
    return np.asarray(1.1 * inner - 0.7 * suburbs + 2.7 * coast + waves + rng.normal(0, 0.35, len(areas)))


def _standard(values: Numbers) -> Numbers:
    return np.asarray((values - values.mean()) / values.std())


def make_indices(rng: np.random.Generator, land: Land, people: Table) -> Table:
    """One row an LSOA: a standard score for each domain, ``imd`` from them, ``idaci``, ``idaopi`` and six sub-domains.

    Only what a publisher would then turn into scores: mean 0, standard deviation 1, high is more deprived.
    """
    hardship = people["hardship"].to_numpy()
    urban = _standard(land.areas["is_urban"].to_numpy(dtype=np.float64) + rng.normal(0, 0.3, len(people)))
    other = {"old": _standard(people["share_60_over"].to_numpy()), "urban": urban, "rural": -urban}
    domains = {}
    for name, (common, influence, size) in _DOMAINS.items():
        own = other.get(influence, np.zeros(len(people)))
        domains[name] = _standard(common * hardship + size * own + rng.normal(0, 0.24, len(people)))
    table = pd.DataFrame(domains)
    weights = pd.Series(_IMD_WEIGHTS)
    extra = {
        "idaci": table["income"] + rng.normal(0, 0.2, len(people)),
        "idaopi": table["income"] + 0.2 * other["old"] + rng.normal(0, 0.3, len(people)),
        **{
            f"{name}_{part}": table[name] + rng.normal(0, 0.4, len(people))
            for name in ("education", "barriers", "living")
            for part in (1, 2)
        },
    }
    imd = _standard((table[list(weights.index)] @ weights).to_numpy())
    return table.assign(imd=imd, **{name: _standard(np.asarray(values)) for name, values in extra.items()})


def make_practices(rng: np.random.Generator, land: Land, postcodes: Table) -> Table:
    """One row a GP practice, about one for 13 LSOAs: code, name, postcode, place and ``size`` (its pull)."""
    count = round(len(land.areas) / _AREAS_A_PRACTICE)
    places = _apart(rng, postcodes[["easting", "northing"]].to_numpy(), count)
    chosen = postcodes.iloc[places].reset_index(drop=True)
    number = np.arange(count)
    words = [f"{_FIRST_NAMES[n % 9]} {_SECOND_NAMES[n % 5]}" + (f" {n // 45 + 1}" if n >= 45 else "") for n in number]
    return pd.DataFrame(
        {
            "practice_code": [f"Z99{n + 1:03d}" for n in number],
            "practice_name": [word.upper() for word in words],
            "postcode": chosen["postcode"],
            "town": chosen["town"],
            "easting": chosen["easting"],
            "northing": chosen["northing"],
            "size": rng.lognormal(0, 0.45, count),
        }
    )


def _apart(rng: np.random.Generator, places: Numbers, count: int) -> npt.NDArray[np.intp]:
    """Of ten places drawn each time, the one farthest from those already chosen, near the usual spacing."""
    chosen = [int(rng.integers(len(places)))]
    while len(chosen) < count:
        drawn = rng.integers(len(places), size=4)
        apart = np.hypot(*(places[drawn][:, None] - places[chosen]).transpose(2, 0, 1)).min(axis=1)
        chosen.append(int(drawn[apart.argmax()]))
    return np.array(chosen, dtype=np.intp)


@dataclass(frozen=True)
class Registers:
    """What the practices publish: patients by area and by practice, and a register for each condition."""

    registrations: Table
    prevalence: Table


def make_registers(rng: np.random.Generator, land: Land, people: Table, practices: Table) -> Registers:
    """Register everyone (and a few from elsewhere) with practices near home, then count their conditions.

    ``registrations`` has ``practice_code, area`` (row of the LSOA) ``, patients``; ``prevalence`` has ``practice_code,
    condition, register, age_band, list_size``.
    """
    patients = _patients(rng, land, people, practices)
    area, practice = np.nonzero(patients)
    registrations = pd.DataFrame(
        {
            "practice_code": practices["practice_code"].to_numpy()[practice],
            "area": area,
            "patients": patients[area, practice],
        }
    )
    return Registers(registrations, _prevalence(rng, people, practices, patients))


def _patients(rng: np.random.Generator, land: Land, people: Table, practices: Table) -> npt.NDArray[np.int64]:
    """Area × practice: patients, fewer with distance; where practices are far between, they reach farther."""
    homes, doors = land.areas[["easting", "northing"]].to_numpy(), practices[["easting", "northing"]].to_numpy()
    apart = np.hypot(homes[:, None, 0] - doors[:, 0], homes[:, None, 1] - doors[:, 1])
    usual = np.sort(apart, axis=1)[:, :3].mean(axis=1, keepdims=True)
    pull = practices["size"].to_numpy() * np.exp(-1.9 * apart / usual)
    share = pull / pull.sum(axis=1, keepdims=True)
    share = np.where(share < _LEAST_SHARE, 0, share)
    share /= share.sum(axis=1, keepdims=True)
    registered = np.round(people["population"].to_numpy() * 1.04).astype(np.int64)
    return np.asarray(rng.multinomial(registered, share), dtype=np.int64)


def share_at_ages(people: Table, band: str) -> Numbers:
    """Share of each area's people who are counted in a list of that age band."""
    young, old = people["share_0_15"].to_numpy(), people["share_60_over"].to_numpy()
    shares = {
        "TOTAL": np.ones_like(young),
        "06OV": 1 - young * 6 / 16,
        "16OV": 1 - young,
        "17OV": 1 - young * 17 / 16,
        "18OV": 1 - young * 18 / 16,
        "50OV": old + 0.13,
    }
    return np.asarray(shares[band])


def _prevalence(rng: np.random.Generator, people: Table, practices: Table, patients: npt.NDArray[np.int64]) -> Table:
    age = _standard(people["share_60_over"].to_numpy())
    hardship = people["hardship"].to_numpy()
    parts = []
    for code, (band, usual, by_age, by_hardship) in CONDITIONS.items():
        listed = patients * share_at_ages(people, band)[:, None]
        rate = usual * np.exp(by_age * age + by_hardship * hardship)
        habit = rng.lognormal(0, 0.06, len(practices))  # some practices look harder
        sizes = np.round(listed.sum(axis=0))
        cases = np.minimum(rng.poisson((listed * rate[:, None]).sum(axis=0) * habit), sizes)
        part = pd.DataFrame({"practice_code": practices["practice_code"], "condition": code, "register": cases})
        parts.append(part.assign(age_band=band, list_size=sizes.astype("int64")))
    table = pd.concat(parts, ignore_index=True)
    return table.sort_values(["practice_code", "condition"], ignore_index=True)
