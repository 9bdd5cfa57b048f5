"""Claim: 1,000 redraws of the weights of 10 indicators, England's 33,755 areas ranked each time, take under 3 s.

    python benchmarks/rank_intervals.py

Made-up indicators. The peer, in the same run, is the plain way with pandas: score, rank and quantiles, at a tenth of
the draws. Both are given the same draws there and must agree.
"""

from __future__ import annotations

import os
import platform
import resource
import time

import numpy as np
import pandas as pd

from hjp_geo.need import rank_intervals

AREAS, INDICATORS, DRAWS, SEED = 33_755, 10, 1_000, 42


def with_pandas(indicators: pd.DataFrame, draws: int) -> pd.DataFrame:
    factors = np.random.default_rng(SEED).uniform(0.75, 1.25, (draws, INDICATORS))
    ranks = pd.DataFrame(
        {draw: (indicators * row).sum(axis=1).round(9).rank(method="min", ascending=False)
         for draw, row in enumerate(factors)}
    )  # fmt: skip
    return pd.DataFrame(
        {"rank_median": ranks.median(axis=1), "rank_lower": ranks.quantile(0.05, axis=1),
         "rank_upper": ranks.quantile(0.95, axis=1)}
    )  # fmt: skip


def timed(label: str, indicators: pd.DataFrame, draws: int) -> float:
    start, cpu = time.perf_counter(), time.process_time()
    rank_intervals(indicators, seed=SEED, draws=draws)
    taken = time.perf_counter() - start
    print(f"{label:<52}{taken:>8.2f} s  ({time.process_time() - cpu:.2f} s of processor time)")
    return taken


def main() -> None:
    print(
        f"Python {platform.python_version()}, numpy {np.__version__}, pandas {pd.__version__}, {os.cpu_count()} cores"
    )
    values = np.random.default_rng(1).uniform(0, 100, (AREAS, INDICATORS))
    indicators = pd.DataFrame(values, columns=[f"indicator_{number}" for number in range(INDICATORS)])
    for _ in range(3):
        timed(f"rank_intervals, {DRAWS:,} draws", indicators, DRAWS)
    gaps = indicators.mask(np.random.default_rng(2).random(indicators.shape) < 0.02)
    timed(f"rank_intervals, {DRAWS:,} draws, 2 % missing", gaps, DRAWS)
    print(f"    peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")

    few = DRAWS // 10
    ours = timed(f"rank_intervals, {few} draws", indicators, few)
    start = time.perf_counter()
    theirs = with_pandas(indicators, few)
    taken = time.perf_counter() - start
    print(f"pandas, {few} draws: {taken:.2f} s, {taken / ours:.0f} times as long")
    apart = (rank_intervals(indicators, seed=SEED, draws=few)[list(theirs)] - theirs).abs().max(axis=None)
    print(f"    largest difference {apart:g} places")
    assert apart <= 1e-6, f"the results differ by {apart}"


if __name__ == "__main__":
    main()
