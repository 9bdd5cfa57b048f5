"""Where high or low values lie together: Getis-Ord Gi*, Moran's I, and a threshold for many tests at once.

Neighbours are either a long table whose first three columns are area, neighbour and weight, or a scipy csr_array in the
order of the values. Weights are 1 where the third column is absent or no number, as in the table that
:func:`hjp_geo.statistics.contiguity` makes. An area is never its own neighbour there. Areas without a value take no
part, nor do the pairs that touch them. A modelled or smoothed surface clusters partly because it was smoothed: say so.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse, special

from hjp_geo.areas import AreaValues, Table
from hjp_geo.errors import GeographyError, PlanError

__all__ = [
    "GlobalMoran",
    "Neighbours",
    "fdr_threshold",
    "getis_ord_gi",
    "getis_ord_gi_star",
    "global_moran",
    "local_moran",
    "low_clusters",
    "permuted_gi_p",
    "two_sided_p",
]

Neighbours: TypeAlias = "Table | sparse.csr_array[Any, Any]"
"""Who neighbours whom, the area itself left out."""

_Floats: TypeAlias = npt.NDArray[np.float64]
_Matrix: TypeAlias = "sparse.csr_array[Any, Any]"

_CELLS_AT_ONCE = 4_000_000


def getis_ord_gi_star(values: AreaValues, neighbours: Neighbours) -> AreaValues:
    """How far the mean of each area and its neighbours is from chance: Gi* as a Z score.

    High = high values lie together, low = low values do. The area counts as its own neighbour with weight 1; use
    binary weights. Missing where the value is, where an area's weights cover all areas alike, or where all values
    are the same. :func:`two_sided_p` gives the p-values.

    Ord and Getis (1995), Geographical Analysis 27(4).
    """
    x, weights, known = _read(values, neighbours)
    n = len(x)
    own = weights + sparse.eye_array(n, format="csr")
    total, square = own.sum(axis=1), (own**2).sum(axis=1)
    variance = np.var(x) if np.ptp(x) > 0 else np.nan
    spread = np.sqrt(variance * _positive(n * square - total**2, total**2) / (n - 1))
    return _series(own @ (x - x.mean()) / spread, values, known, "gi_star_z")


def getis_ord_gi(values: AreaValues, neighbours: Neighbours) -> AreaValues:
    """As :func:`getis_ord_gi_star`, but each area is left out of its own sum, mean and variance: Gi as a Z score.

    Missing also where an area has no neighbour.
    """
    x, weights, known = _read(values, neighbours)
    z, others = x - x.mean(), len(x) - 1
    total, square = weights.sum(axis=1), (weights**2).sum(axis=1)
    mean, mean_square = -z / others, (np.sum(z**2) - z**2) / others
    variance = _positive(mean_square - mean**2, np.mean(z**2))
    spread = np.sqrt(variance * _positive(others * square - total**2, total**2) / (others - 1))
    return _series((weights @ z - mean * total) / spread, values, known, "gi_z")


def permuted_gi_p(values: AreaValues, neighbours: Neighbours, *, permutations: int, seed: int) -> AreaValues:
    """How rarely chance deals an area neighbours whose sum is as high (or as low) as it is: Gi and Gi*, by permutation.

    The one-sided conditional pseudo p-value towards the nearer side (double it for two), from 1 / (permutations + 1) to
    about a half; the area keeps its own value, so that Gi and Gi* have the same. Missing where the value is, and where
    an area has no neighbour. The weights are used as they are. Needs no normal distribution, which
    :func:`two_sided_p` of the Z score does.
    """
    x, weights, known = _read(values, neighbours)
    p = _permutation_p(x - x.mean(), weights, permutations, np.random.default_rng(seed))
    return _series(p, values, known, "permuted_p")


def two_sided_p(z: AreaValues) -> AreaValues:
    """The share of chance results at least as far from 0 as each Z score, by the normal approximation."""
    return pd.Series(2 * special.ndtr(-np.abs(z.to_numpy(dtype=np.float64))), index=z.index, name="p_value")


def local_moran(values: AreaValues, neighbours: Neighbours, *, permutations: int = 0, seed: int | None = None) -> Table:
    """Whether each area is like its neighbours: local Moran's I, its quadrant and its pseudo p-value.

    Parameters
    ----------
    values, neighbours
        Weights are row-standardised here.
    permutations
        How often the other values are dealt out at random to each area's neighbours; no p-value is below
        1 / (permutations + 1). Use 9,999 or more before :func:`fdr_threshold` over all England.
    seed
        Needed with permutations; the same seed gives the same p-values.

    Returns
    -------
    Indexed as ``values``: ``local_moran``, above 0 where like lies by like; ``quadrant`` 1 high by high, 2 low by
    high, 3 low by low, 4 high by low; ``p_value``, one-sided towards the nearer side (double it for two), missing
    without permutations. An area without neighbours has I = 0 and neither quadrant nor p-value. All missing where the
    value is.

    I is scaled by n - 1, as in esda; other texts use n.

    Anselin (1995), Geographical Analysis 27(2).
    """
    x, weights, known = _read(values, neighbours)
    z, standard = x - x.mean(), _row_standardised(weights)
    lag = standard @ z
    total = float(np.sum(z**2)) if np.ptp(x) > 0 else np.nan
    result = pd.DataFrame(index=values.index)
    result["local_moran"] = _series((len(x) - 1) * z * lag / total, values, known, "")
    quadrant = np.select([(z > 0) & (lag > 0), (z <= 0) & (lag > 0), z <= 0], [1.0, 2.0, 3.0], default=4.0)
    quadrant[(weights.sum(axis=1) == 0) | np.isnan(total)] = np.nan
    result["quadrant"] = _series(quadrant, values, known, "").astype("Int8")
    p = np.full(len(x), np.nan)
    if permutations:
        if seed is None:
            raise PlanError("permutations need a seed, so that the p-values can be computed again.")
        p = _permutation_p(z, standard, permutations, np.random.default_rng(seed))
    result["p_value"] = _series(p, values, known, "")
    return result


class GlobalMoran(NamedTuple):
    """Moran's I of a whole map, what chance would give, and how far it is from that (Z score under normality)."""

    value: float
    expected: float
    z: float


def global_moran(values: AreaValues, neighbours: Neighbours) -> GlobalMoran:
    """How much like lies by like on the whole map: about −1/(n − 1) by chance, up to about 1.

    Row-standardised weights; missing where all values are the same. Cliff and Ord (1981), Spatial Processes.
    """
    x, weights, _ = _read(values, neighbours)
    n, z, standard = len(x), x - x.mean(), _row_standardised(weights)
    s0 = standard.sum()
    s1 = ((standard + standard.T) ** 2).sum() / 2
    s2 = np.sum((standard.sum(axis=1) + standard.sum(axis=0)) ** 2)
    total = float(np.sum(z**2))
    if not (np.ptp(x) > 0 and s0 > 0):
        return GlobalMoran(float("nan"), float("nan"), float("nan"))
    value, expected = float(n / s0 * (z @ (standard @ z)) / total), -1 / (n - 1)
    variance = (n**2 * s1 - n * s2 + 3 * s0**2) / ((n**2 - 1) * s0**2) - expected**2
    return GlobalMoran(value, expected, float((value - expected) / np.sqrt(variance)))


def fdr_threshold(p_values: npt.ArrayLike | pd.Series[Any], alpha: float = 0.05) -> float:
    """The largest p-value to believe when many are tested at once, so that about ``alpha`` of those are false.

    Reject p ≤ threshold. It is k·alpha/n, k the largest rank with p(k) ≤ k·alpha/n; 0 where none passes. Missing
    p-values are not tests. Raises PlanError for p-values or alpha outside 0 to 1.

    Benjamini and Hochberg (1995), Journal of the Royal Statistical Society B 57(1).
    """
    p = np.sort(np.asarray(p_values, dtype=np.float64))
    p = p[~np.isnan(p)]
    if not 0 < alpha < 1 or (p < 0).any() or (p > 1).any():
        raise PlanError(f"alpha {alpha} and p-values {p.min(initial=1):g} to {p.max(initial=0):g}; give shares of 1.")
    line = np.arange(1, len(p) + 1) * alpha / max(len(p), 1)
    passed = np.flatnonzero(p <= line * (1 + 1e-12))
    return float(max(line[passed[-1]], p[passed[-1]])) if len(passed) else 0.0


def low_clusters(
    values: AreaValues, neighbours: Neighbours, *, alpha: float = 0.05, permutations: int = 9_999, seed: int = 42
) -> Table:
    """Where low values lie together more than chance would have it, by Gi* or by local Moran, many tests allowed for.

    Indexed as ``values``. ``gi_z`` and ``gi_p`` (two-sided, normal); ``moran_quadrant`` and ``moran_p`` (two-sided,
    by conditional permutation); ``gi_low`` and ``moran_low`` where the p-value is at or below the threshold of
    :func:`fdr_threshold` over all areas tested; ``low`` where either is. All missing where the value is.

    About ``alpha`` of the areas flagged by each are false. No permuted p-value is below 2 / (permutations + 1): with
    too few of them nothing passes. Give Gi* binary weights. A smoothed surface clusters partly for being smoothed.
    """
    z = getis_ord_gi_star(values, neighbours)
    gi_p = two_sided_p(z)
    moran = local_moran(values, neighbours, permutations=permutations, seed=seed)
    moran_p = (2 * moran["p_value"]).clip(upper=1.0)
    gi_low = (z < 0) & (gi_p <= fdr_threshold(gi_p, alpha))
    moran_low = (moran["quadrant"] == _LOW_BY_LOW) & (moran_p <= fdr_threshold(moran_p, alpha))
    table = pd.DataFrame({"gi_z": z, "gi_p": gi_p, "moran_quadrant": moran["quadrant"], "moran_p": moran_p})
    flags = {"gi_low": gi_low.to_numpy(dtype=np.bool_), "moran_low": moran_low.to_numpy(dtype=np.bool_, na_value=False)}
    flags["low"] = flags["gi_low"] | flags["moran_low"]
    for name, flag in flags.items():
        table[name] = pd.array(flag, dtype="boolean")
    return table.where(values.notna())


_LOW_BY_LOW = 3


def _read(values: AreaValues, neighbours: Neighbours) -> tuple[_Floats, _Matrix, npt.NDArray[np.bool_]]:
    """The known values, the weights between their areas, and which of the values they are."""
    x = np.asarray(values, dtype=np.float64)
    known = np.asarray(~np.isnan(x))
    weights = _long_to_matrix(values, neighbours) if isinstance(neighbours, pd.DataFrame) else neighbours
    if weights.shape != (len(x), len(x)):
        raise GeographyError(
            f"neighbours of shape {weights.shape} for {len(x):,} values; expected one row and column each."
        )
    if weights.diagonal().any():
        raise GeographyError("an area is its own neighbour; leave those pairs out (Gi* adds them itself).")
    if not (np.isfinite(weights.data).all() and (weights.data >= 0).all()):
        raise GeographyError("a neighbour's weight is negative or missing; every pair needs a weight of 0 or more.")
    if known.sum() < 3:
        raise PlanError(f"{int(known.sum())} areas with a value; clusters need at least 3.")
    return x[known], sparse.csr_array(weights[known][:, known]), known


def _long_to_matrix(values: AreaValues, neighbours: Table) -> _Matrix:
    area, neighbour = (values.index.get_indexer(pd.Index(neighbours.iloc[:, column])) for column in (0, 1))
    unknown = (area < 0) | (neighbour < 0)
    if unknown.any():
        pair = neighbours.loc[unknown].iloc[0, :2].tolist()
        raise GeographyError(
            f"{int(unknown.sum()):,} pairs of neighbours have no value, such as {pair}. The first columns must be the "
            f"area and its neighbour, in codes of the values' own vintage."
        )
    if neighbours.iloc[:, :2].duplicated().any():
        raise GeographyError("a pair of neighbours occurs twice; one row each is expected.")
    weighted = neighbours.shape[1] > 2 and pd.api.types.is_numeric_dtype(neighbours.dtypes.iloc[2])
    weight = np.asarray(neighbours.iloc[:, 2], dtype=np.float64) if weighted else np.ones(len(area))
    return sparse.csr_array((weight, (area, neighbour)), shape=(len(values), len(values)))


def _row_standardised(weights: _Matrix) -> _Matrix:
    total = weights.sum(axis=1)
    each = np.divide(1.0, total, out=np.zeros_like(total), where=total > 0)
    return sparse.csr_array(sparse.diags_array(each) @ weights)


def _permutation_p(z: _Floats, standard: _Matrix, permutations: int, random: np.random.Generator) -> _Floats:
    """One-sided conditional pseudo p-values: the area keeps its value, its neighbours' are dealt from all the others.

    One draw of distinct areas serves every area: in the rare draws that hold the area itself, a spare one takes its
    place, which is the same as never having dealt it.
    """
    standard.eliminate_zeros()
    size = np.diff(standard.indptr)
    widest = int(size.max(initial=0))
    padded = np.zeros((len(z), widest))
    row = np.repeat(np.arange(len(z)), size)
    padded[row, np.arange(len(row)) - standard.indptr[row]] = standard.data
    dealt = np.array([random.choice(len(z), widest + 1, replace=False) for _ in range(permutations)])
    observed = standard @ z
    margin = 1e-12 * max(float(np.abs(z).max()), 1e-300)
    above, below = _count_draws(padded, z[dealt[:, :widest]], observed, margin)
    draw, place = np.nonzero(size[dealt] > np.arange(widest + 1))
    area = dealt[draw, place]
    kept = np.arange(widest) + (np.arange(widest) >= place[:, None])
    wrong = np.einsum("ij,ij->i", padded[area], z[dealt[draw, :widest]])
    right = np.einsum("ij,ij->i", padded[area], z[np.take_along_axis(dealt[draw], kept, axis=1)])
    for lags, change in ((wrong, -1), (right, 1)):
        np.add.at(above, area, change * (lags >= observed[area] - margin))
        np.add.at(below, area, change * (lags <= observed[area] + margin))
    return np.where(size > 0, (np.minimum(above, below) + 1) / (permutations + 1), np.nan)


def _count_draws(
    padded: _Floats, dealt: _Floats, observed: _Floats, margin: float
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """In how many draws each area's lag is at least, and at most, the observed one; ties count as both."""
    above, below = np.empty(len(observed), dtype=np.int64), np.empty(len(observed), dtype=np.int64)
    step = max(1, _CELLS_AT_ONCE // len(dealt))
    for start in range(0, len(observed), step):
        block = slice(start, start + step)
        lags = padded[block] @ dealt.T
        above[block] = np.count_nonzero(lags >= observed[block, None] - margin, axis=1)
        below[block] = np.count_nonzero(lags <= observed[block, None] + margin, axis=1)
    return above, below


def _positive(value: Any, scale: Any) -> Any:
    """The value where it is above 0 beyond rounding, else missing."""
    return np.where(value > 1e-12 * scale, value, np.nan)


def _series(known_values: _Floats, values: AreaValues, known: npt.NDArray[np.bool_], name: str) -> AreaValues:
    """One number for each of the values, missing where the value was."""
    filled = np.full(len(values), np.nan)
    filled[known] = known_values
    return pd.Series(filled, index=values.index, name=name)
