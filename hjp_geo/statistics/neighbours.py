"""Who neighbours whom: areas that share an edge or a corner, and islands linked to the land nearest to them."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy import sparse

from hjp_geo.areas import Table
from hjp_geo.errors import GeographyError

__all__ = ["ISLAND_LINK", "TOUCHING", "contiguity"]

TOUCHING = "touching"
ISLAND_LINK = "island link"

_Positions: TypeAlias = npt.NDArray[np.integer[Any]]


def contiguity(geometries: Any, codes: pd.Index[str]) -> Table:
    """The neighbours of every area: those it shares a corner or an edge with (queen), both ways round.

    Columns ``area_code``, ``neighbour_code`` and ``kind``; sorted. An area is not its own neighbour. Boundaries that
    overlap a little, as generalised ones do, touch. A piece of the map that touches no other (Scilly, Wight) gets one
    ``island link`` from its area nearest to another piece, edge to edge, until all are one piece: of two areas or more
    none is without a neighbour.

    ``geometries`` are polygons in metres (EPSG:27700), in the order of ``codes``. Raises GeographyError for an area
    without a boundary and for repeated codes.
    """
    shapes = np.asarray(geometries, dtype=object)
    if len(shapes) != len(codes) or codes.has_duplicates or codes.hasnans:
        raise GeographyError(f"{len(shapes):,} boundaries for {len(codes):,} codes; expected one each, no code twice.")
    without = codes[shapely.is_missing(shapes) | shapely.is_empty(shapes)]
    if len(without):
        raise GeographyError(f"{len(without):,} areas have no boundary: {', '.join(map(str, without[:5]))}.")
    order = np.argsort(codes.to_numpy(), kind="stable")
    shapes, codes = shapes[order], codes[order]
    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    first, second = first[first < second], second[first < second]
    links = _links(shapes, first, second)
    kinds = np.repeat([TOUCHING, ISLAND_LINK], [len(first), len(links)])
    pairs = np.concatenate([np.column_stack([first, second]), links])
    both = np.concatenate([pairs, pairs[:, ::-1]])
    table = pd.DataFrame({"area": both[:, 0], "neighbour": both[:, 1], "kind": np.concatenate([kinds, kinds])})
    table = table.sort_values(["area", "neighbour"], ignore_index=True)
    return pd.DataFrame(
        {
            "area_code": codes.take(table["area"].to_numpy()),
            "neighbour_code": codes.take(table["neighbour"].to_numpy()),
            "kind": table["kind"].astype("str"),
        }
    )


def _links(shapes: npt.NDArray[np.object_], first: _Positions, second: _Positions) -> npt.NDArray[np.int64]:
    """Pairs of areas that join the separate pieces of the map: each piece to what is nearest, the smallest first."""
    links: list[tuple[int, int]] = []
    while True:
        pairs = np.concatenate([np.column_stack([first, second]), np.array(links, dtype=np.int64).reshape(-1, 2)])
        joined = sparse.coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(shapes), len(shapes)))
        pieces, piece = sparse.csgraph.connected_components(joined, directed=False)
        if pieces <= 1:
            return np.array(links, dtype=np.int64).reshape(-1, 2)
        largest = np.bincount(piece).argmax()
        found = {_nearest_link(shapes, piece, one) for one in range(pieces) if one != largest}
        links += sorted(found)


def _nearest_link(shapes: npt.NDArray[np.object_], piece: npt.NDArray[np.int32], one: int) -> tuple[int, int]:
    """The nearest pair of areas of which one lies in the piece and the other does not, the lower first."""
    inside, outside = np.flatnonzero(piece == one), np.flatnonzero(piece != one)
    found, metres = shapely.STRtree(shapes[outside]).query_nearest(shapes[inside], return_distance=True)
    nearest = found[:, metres == metres.min()]
    pairs = np.sort(np.column_stack([inside[nearest[0]], outside[nearest[1]]]), axis=1)
    low, high = min(map(tuple, pairs.tolist()))
    return int(low), int(high)
