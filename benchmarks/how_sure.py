"""Claim: "How sure is this?" for England, 10 need layers and 1,000 draws, takes under 3 s on two idle cores.

    python benchmarks/how_sure.py CACHE

CACHE holds a warehouse of England. Timed is what the screen and ``--uncertainty`` do: scale the layers, draw the
weights, rank the areas each time, summarise, and label every area. The peer, in the same run, is the plain way with
pandas at a tenth of the draws; both are given the same draws there and must agree.
"""

from __future__ import annotations

import os
import platform
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from hjp_geo.composite import indicators
from hjp_geo.evidence import ENGLAND, Evidence
from hjp_geo.plan import Answer, Plan, answer
from hjp_geo.uncertainty import SPREAD, Doubt, with_uncertainty

LAYERS, DRAWS = 10, 1_000


def timed(found: Answer, evidence: Evidence, doubt: Doubt) -> tuple[Answer, float]:
    start, cpu = time.perf_counter(), time.process_time()
    drawn = with_uncertainty(found, evidence, doubt)
    taken = time.perf_counter() - start
    print(
        f"with_uncertainty, {doubt.draws:,} draws: {taken:.2f} s ({time.process_time() - cpu:.2f} s of processor time)"
    )
    return drawn, taken


def with_pandas(found: Answer, evidence: Evidence, doubt: Doubt) -> pd.DataFrame:
    weights = {name: weight for name, weight in found.plan.weights.items() if weight > 0}
    table = indicators(evidence, tuple(weights), found.plan.recipe, ENGLAND)
    random = np.random.default_rng(doubt.seed)
    factors = random.uniform(1 - SPREAD, 1 + SPREAD, (doubt.draws, len(weights))) * list(weights.values())
    ranks = pd.DataFrame(
        {draw: (table * row).sum(axis=1).round(9).rank(method="min", ascending=False)
         for draw, row in enumerate(factors)}
    )  # fmt: skip
    nominal = found.framed["need_rank"]
    return pd.DataFrame(
        {"need_rank_lower": ranks.quantile(0.05, axis=1).clip(upper=nominal),
         "need_rank_upper": ranks.quantile(0.95, axis=1).clip(lower=nominal),
         "worst_fifth_probability": (5 * ranks <= len(ranks)).mean(axis=1)}
    )  # fmt: skip


def main() -> None:
    evidence = Evidence.load(Path(sys.argv[1]))
    names = evidence.layer_names("need")[:LAYERS]
    found = answer(Plan(weights={name: 1 + number for number, name in enumerate(names)}), evidence)
    print(
        f"Python {platform.python_version()}, numpy {np.__version__}, pandas {pd.__version__}, {os.cpu_count()} cores"
    )
    print(f"{len(found.framed):,} areas, {len(names)} layers")
    for seed in range(1, 4):
        timed(found, evidence, Doubt(draws=DRAWS, seed=seed))
    few = Doubt(draws=DRAWS // 10)
    ours, taken = timed(found, evidence, few)
    start = time.perf_counter()
    theirs = with_pandas(found, evidence, few)
    peer = time.perf_counter() - start
    print(f"pandas, {few.draws} draws: {peer:.2f} s, {peer / taken:.1f} times as long")
    apart = (ours.framed[list(theirs)] - theirs).abs().max(axis=None)
    print(f"    largest difference {apart:g}")
    assert apart <= 1e-6, f"the results differ by {apart}"


if __name__ == "__main__":
    main()
