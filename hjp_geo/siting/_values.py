"""A suggestion as plain values: what the command line prints, the app draws and a notebook compares."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from hjp_geo.areas import Table
from hjp_geo.siting.closures import Closures
from hjp_geo.siting.suggest import Suggestion
from hjp_geo.siting.trade_off import TradeOff

__all__ = ["closures_values", "curve_values", "suggestion_values"]


def suggestion_values(found: Suggestion) -> dict[str, Any]:
    """A suggestion as plain values for JSON: sites, figures, proof, near-equals, words, credits. None is not known."""
    solution = found.solution
    return {
        "place": {"code": found.place.code, "name": found.place.name},
        "summary": found.summary,
        "sites": _records(found.chosen.reset_index()),
        "objective": {
            "name": found.search.objective,
            **found.card._asdict(),
            "value": _plain(solution.objective),
            "bound": _plain(solution.bound),
            "gap": _plain(solution.gap),
            "proven": solution.proven,
            "seconds": round(solution.seconds, 3),
        },
        "cutoff_km": found.cutoff_km,
        "reached": {name: _plain(value) for name, value in found.reached._asdict().items()},
        "figures": _records(found.figures.reset_index()),
        "alternatives": _records(found.alternatives.reset_index()),
        "alternatives_proven": solution.alternatives_proven,
        "areas_no_candidate_reaches": list(solution.unreachable),
        "notes": list(found.notes),
        "attribution": list(found.attribution),
        "run": dict(found.run),
    }


def curve_values(curve: TradeOff) -> dict[str, Any]:
    """A trade-off curve as plain values for JSON."""
    return {
        "objective": curve.objective,
        "summary": curve.summary,
        "knee": curve.knee,
        "kappa": curve.kappa,
        "points": _records(curve.table.reset_index()),
    }


def closures_values(found: Closures) -> dict[str, Any]:
    """Closures as plain values for JSON."""
    return {
        "closed": list(found.closed),
        "kept": list(found.kept),
        "people_further": _plain(found.people_further),
        "people_lost": _plain(found.people_lost),
        "gap": _plain(found.solution.gap),
        "proven": found.solution.proven,
        "losers": _records(found.losers),
        "one_by_one": _records(found.one_by_one.reset_index()),
    }


def _records(table: Table) -> list[dict[str, Any]]:
    return [{str(name): _plain(value) for name, value in row.items()} for row in table.to_dict("records")]


def _plain(value: Any) -> Any:
    """A value that JSON knows: tuples as lists, missing and infinite numbers as None, numpy's numbers as Python's."""
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    if isinstance(value, str | bool) or value is None:
        return value
    if pd.isna(value) or (isinstance(value, float) and math.isinf(value)):
        return None
    number = value.item() if hasattr(value, "item") else value
    return round(number, 6) if isinstance(number, float) else number
