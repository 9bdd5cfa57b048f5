"""Claim: local Moran and Gi* of England with 999 permutations take a third of esda's time or less, with less memory.

    python benchmarks/clusters.py

A made-up surface over 33,755 areas that have the neighbours of a hexagonal grid, both warm: esda compiles itself in its
first call, which is not counted. esda is no dependency of the project: run this from an environment of its own that has
esda, libpysal and numba, and also numpy, pandas, scipy, shapely. The contiguity of as many squares is timed as well.

Values are compared to 1e-9; p-values by how far they lie apart, since the two draw different permutations.
"""

from __future__ import annotations

import importlib
import platform
import statistics
import sys
import time
import tracemalloc
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely
from scipy import sparse

from hjp_geo.statistics import contiguity, getis_ord_gi_star, local_moran, low_clusters, permuted_gi_p

SIDE_A, SIDE_B, PERMUTATIONS = 157, 215, 999
AREAS = SIDE_A * SIDE_B


def seconds(work: Callable[[], Any]) -> tuple[Any, float]:
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


def peak_mb(work: Callable[[], Any]) -> float:
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def surface() -> tuple[pd.Series, sparse.csr_array]:
    """Values that cluster a little, and who neighbours whom: six each, fewer at the edge."""
    rng = np.random.default_rng(5)
    at = np.arange(AREAS).reshape(SIDE_A, SIDE_B)
    pairs = [(at[:-1], at[1:]), (at[:, :-1], at[:, 1:]), (at[:-1, :-1], at[1:, 1:])]
    first = np.concatenate([a.ravel() for a, _ in pairs])
    second = np.concatenate([b.ravel() for _, b in pairs])
    ones = np.ones(2 * len(first))
    links = sparse.csr_array((ones, (np.r_[first, second], np.r_[second, first])), shape=(AREAS, AREAS))
    noise = rng.normal(size=AREAS)
    values = noise + 0.5 * (links @ noise) / links.sum(axis=1)
    return pd.Series(values, index=[f"E01{number:06d}" for number in range(AREAS)]), links


def in_turns(ours: Callable[[], Any], theirs: Callable[[], Any], rounds: int = 5) -> tuple[Any, Any, float]:
    """Both results, and the median of how many times longer theirs takes, one after the other in each round."""
    ratios = []
    for _ in range(rounds):
        mine, own = seconds(ours)
        other, peers = seconds(theirs)
        ratios.append(peers / own)
        print(f"    ours {own:.3f} s, esda {peers:.3f} s")
    return mine, other, statistics.median(ratios)


def main() -> None:
    print(f"Python {platform.python_version()}, numpy {np.__version__}, pandas {pd.__version__}, {platform.machine()}")
    values, links = surface()
    squares = shapely.box(
        *np.mgrid[0:SIDE_A, 0:SIDE_B].reshape(2, -1), *np.mgrid[1 : SIDE_A + 1, 1 : SIDE_B + 1].reshape(2, -1)
    )
    _, taken = seconds(lambda: contiguity(squares, values.index))
    print(f"contiguity of {AREAS:,} squares: {taken:.2f} s")
    _, taken = seconds(lambda: low_clusters(values, links, permutations=9_999))
    print(f"low clusters, 9,999 permutations: {taken:.2f} s")
    here = Path(__file__).resolve().parent
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != here]
    try:
        esda, graph = importlib.import_module("esda"), importlib.import_module("libpysal.weights")
    except ImportError:
        print("esda is not installed here: nothing to compare with")
        return
    warnings.simplefilter("ignore")  # esda and libpysal warn of their own future
    compare(esda, graph, values, links)


def compare(esda: Any, graph: Any, values: pd.Series, links: sparse.csr_array) -> None:
    print(f"esda {esda.__version__}")
    weights = graph.WSP(sparse.csr_matrix(links)).to_W()
    x = values.to_numpy()

    def their_moran() -> Any:
        weights.transform = "r"
        return esda.Moran_Local(x, weights, permutations=PERMUTATIONS, seed=1, n_jobs=1)

    def their_gi() -> Any:
        weights.transform = "b"
        return esda.G_Local(x, weights, transform="B", star=True, permutations=PERMUTATIONS, seed=1, n_jobs=1)

    def our_moran() -> Any:
        return local_moran(values, links, permutations=PERMUTATIONS, seed=1)

    def our_gi() -> Any:
        z = getis_ord_gi_star(values, links)
        return z, permuted_gi_p(values, links, permutations=PERMUTATIONS, seed=1)

    for warm in (their_moran, their_gi, our_moran, our_gi):
        warm()
    print("local Moran, 999 permutations")
    mine, other, ratio = in_turns(our_moran, their_moran)
    memory = peak_mb(their_moran), peak_mb(our_moran)
    apart = np.abs(mine["local_moran"] - other.Is).max()
    p = np.abs(mine["p_value"] - other.p_sim)
    print(f"    {ratio:.1f} times as long, {memory[0]:.0f} MB against {memory[1]:.0f} MB; I differs by {apart:.1e}, "
          f"p-values by {p.mean():.4f} on average")  # fmt: skip
    assert apart < 1e-9
    print("Gi*, 999 permutations")
    mine, other, ratio = in_turns(our_gi, their_gi)
    memory = peak_mb(their_gi), peak_mb(our_gi)
    apart = np.abs(mine[0] - other.Zs).max()
    p = np.abs(mine[1] - other.p_sim)
    print(f"    {ratio:.1f} times as long, {memory[0]:.0f} MB against {memory[1]:.0f} MB; Z differs by {apart:.1e}, "
          f"p-values by {p.mean():.4f} on average")  # fmt: skip
    assert apart < 1e-9


if __name__ == "__main__":
    main()
