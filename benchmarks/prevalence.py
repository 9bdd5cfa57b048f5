"""Claim: once loaded, all conditions of all England are modelled 20 times faster than in pandas, equal to 1e-12.

    python benchmarks/prevalence.py [--shared ../shared/reference/prevalence_hoc] [--long]

Made-up registers and registrations at the size of England (6,500 practices, 33,755 areas, 650,000 registrations, 21
conditions), or the real ones of 2019/20. The peers, in the same run, are what a user would write: merge registrations,
ages and registers and group by area, either row by row (--long: over 2 GB of memory) or, cleverer, with one column
per condition. All must agree to 1e-12. "Once loaded" is with registers, registrations and ages prepared, as every
model after the first has them; loading, and the first from plain tables, are timed too. So is the range over all
choices of method.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd

from hjp_geo.prevalence import model_choices, model_prevalence, prepare_registers, prepare_registrations, with_range

PRACTICES, AREAS, CONDITIONS, REGISTRATIONS = 6_500, 33_755, 21, 650_000
BANDS = {"TOTAL": 1.0, "16OV": 0.81, "17OV": 0.8, "18OV": 0.79, "30_74": 0.53, "50OV": 0.38}
T = TypeVar("T")


def timed(label: str, work: Callable[[], T], times: int) -> tuple[T, float]:
    """The result, and the median of several runs in milliseconds, printed."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        result = work()
        taken.append((time.perf_counter() - start) * 1000)
    median = statistics.median(taken)
    print(f"{label:<62}{median:>10.1f} ms")
    return result, median


def made_up() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Registers, registrations and ages: each practice draws on areas near its own place in the list."""
    rng = np.random.default_rng(4)
    areas = np.array([f"E01{number:06d}" for number in range(AREAS)])
    practices = np.array([f"A{number:05d}" for number in range(PRACTICES)])
    practice = np.sort(rng.integers(PRACTICES, size=int(REGISTRATIONS * 1.4)))
    area = (practice * AREAS // PRACTICES + rng.normal(0, 120, len(practice)).astype(int)) % AREAS
    pairs = np.unique(np.column_stack([practice, area]), axis=0)
    pairs = pairs[np.sort(rng.choice(len(pairs), REGISTRATIONS, replace=False))]
    registrations = pd.DataFrame(
        {
            "practice": practices[pairs[:, 0]],
            "lsoa": areas[pairs[:, 1]],
            "patients": rng.geometric(0.01, REGISTRATIONS),
        }
    )
    band = {f"C{number:02d}": list(BANDS)[max(0, number - 15)] for number in range(CONDITIONS)}
    listed = rng.integers(1_500, 20_000, PRACTICES)
    registers = pd.concat(
        [
            pd.DataFrame(
                {
                    "practice": practices,
                    "condition": condition,
                    "age_band": age_band,
                    "register": rng.binomial(listed, 0.05),
                    "list_size": (listed * BANDS[age_band]).astype(int),
                }
            )
            for condition, age_band in band.items()
        ],
        ignore_index=True,
    )
    total = rng.integers(1_000, 3_000, AREAS)
    shares = {age_band: np.clip(share + rng.normal(0, 0.02, AREAS), 0.05, 1) for age_band, share in BANDS.items()}
    ages = pd.concat(
        [
            pd.DataFrame({"lsoa": areas, "age_band": name, "population": total * (1 if name == "TOTAL" else share)})
            for name, share in shares.items()
        ],
        ignore_index=True,
    )
    return registers, registrations, ages


def real(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The reference case, with the practices and areas that both sides have."""
    registers = pd.read_parquet(folder / "registers.parquet")
    registrations = pd.read_parquet(folder / "registrations.parquet")
    return registers, registrations[registrations["lsoa"] != "NO2011"], pd.read_parquet(folder / "lsoa_ages.parquet")


def with_pandas(registers: pd.DataFrame, registrations: pd.DataFrame, ages: pd.DataFrame) -> pd.DataFrame:
    """The same method as merges and a groupby, one column per condition."""
    band = registers.drop_duplicates("condition").set_index("condition")["age_band"]
    people = ages.pivot_table(index="lsoa", columns="age_band", values="population")
    shares = people.div(people["TOTAL"], axis=0).drop(columns="TOTAL").add_prefix("share_").reset_index()
    wide = registers.pivot_table(index="practice", columns="condition", values=["register", "list_size"])
    wide.columns = [f"{kind}_{condition}" for kind, condition in wide.columns]
    rows = registrations.merge(shares, on="lsoa").merge(wide.reset_index(), on="practice")
    for age_band in band.unique():
        rows[f"e_{age_band}"] = rows["patients"] * (1 if age_band == "TOTAL" else rows[f"share_{age_band}"])
    totals = rows.groupby("practice")[[f"e_{age_band}" for age_band in band.unique()]].transform("sum")
    for condition, age_band in band.items():
        share = rows[f"e_{age_band}"] / totals[f"e_{age_band}"]
        rows[f"register_{condition}"] *= share
        rows[f"list_size_{condition}"] *= share
    sums = rows.groupby("lsoa")[list(wide.columns)].sum()
    result = pd.concat(
        [
            pd.DataFrame({"condition": condition, "register": sums[f"register_{condition}"],
                          "list_size": sums[f"list_size_{condition}"]})
            for condition in band.index
        ]
    ).reset_index()  # fmt: skip
    return result.assign(prevalence=result["register"] / result["list_size"])


def with_long_pandas(registers: pd.DataFrame, registrations: pd.DataFrame, ages: pd.DataFrame) -> pd.DataFrame:
    """The same method as one merged table of practice × area × condition."""
    total = ages[ages["age_band"] == "TOTAL"].set_index("lsoa")["population"]
    share = ages.assign(share=ages["population"] / ages["lsoa"].map(total))[["lsoa", "age_band", "share"]]
    rows = registrations.merge(registers, on="practice").merge(share, on=["lsoa", "age_band"])
    rows["e"] = rows["patients"] * rows["share"]
    part = rows["e"] / rows.groupby(["practice", "condition"])["e"].transform("sum")
    rows["register"] = rows["register"] * part
    rows["list_size"] = rows["list_size"] * part
    result = rows.groupby(["lsoa", "condition"], as_index=False)[["register", "list_size"]].sum()
    return result.assign(prevalence=result["register"] / result["list_size"])


def compare(ours: pd.DataFrame, theirs: pd.DataFrame, ratio: float) -> None:
    key = ["lsoa", "condition"]
    ours, theirs = ours.set_index(key).sort_index(), theirs.set_index(key).sort_index()
    ours = ours[ours["list_size"] > 0]
    assert ours.index.isin(theirs.index).all()
    apart = (ours / theirs.reindex(ours.index) - 1).abs().max(axis=None)
    print(f"    pandas takes {ratio:.0f} times as long; largest relative difference {apart:.1e}")
    assert apart < 1e-12, f"the results differ by {apart}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, metavar="FOLDER", help="the reference case prevalence_hoc")
    parser.add_argument("--long", action="store_true", help="also the peer that merges everything into long rows")
    asked = parser.parse_args()
    registers, registrations, ages = made_up() if asked.shared is None else real(asked.shared)
    print(f"Python {platform.python_version()}, numpy {np.__version__}, pandas {pd.__version__}, {platform.machine()}")
    print(f"{len(registrations):,} registrations, {len(registers):,} register rows, {ages['lsoa'].nunique():,} areas")

    first, loading = timed(
        "model_prevalence, from plain tables", lambda: model_prevalence(registers, registrations, ages), 9
    )
    loaded, _ = timed("prepare_registrations", lambda: prepare_registrations(registrations, ages), 9)
    returns, _ = timed("prepare_registers", lambda: prepare_registers(registers), 9)
    ours, taken = timed("model_prevalence, once loaded", lambda: model_prevalence(returns, loaded), 15)
    pd.testing.assert_frame_equal(ours, first)
    health = pd.Series(np.random.default_rng(1).uniform(0.9, 1.1, len(loaded.lsoas)), loaded.lsoas)
    timed(
        "estimate and range over four choices, once loaded",
        lambda: with_range(model_choices(returns, loaded, adjust=health)),
        5,
    )
    coded = [
        table.astype(
            dict.fromkeys(table.columns.intersection(["practice", "lsoa", "condition", "age_band"]), "category")
        )
        for table in (registers, registrations, ages)
    ]
    timed("model_prevalence, text columns coded as categories", lambda: model_prevalence(*coded), 9)
    theirs, longer = timed("pandas, a column per condition", lambda: with_pandas(registers, registrations, ages), 3)
    print(f"    from plain tables: {longer / loading:.0f} times as long")
    compare(ours, theirs, longer / taken)
    if asked.long:
        theirs, longer = timed("pandas, long rows", lambda: with_long_pandas(registers, registrations, ages), 1)
        compare(ours, theirs, longer / taken)


if __name__ == "__main__":
    main()
