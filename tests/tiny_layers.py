"""Other layers on the ten areas in a row, for tests that need values of their own."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import pandas as pd

from hjp_geo.evidence import Evidence


def with_layers(
    evidence: Evidence,
    values: Mapping[str, Sequence[float]],
    *,
    polarity: Mapping[str, str] | None = None,
    role: str = "need",
    unit: str = "points",
) -> Evidence:
    """The evidence with these layers added (or replaced), each a value for each of the ten areas."""
    index = evidence.values.index
    added = pd.DataFrame({name: pd.Series(list(column), index, dtype="float64") for name, column in values.items()})
    about = pd.DataFrame(
        {
            "label": [name.replace("_", " ").capitalize() for name in values],
            "unit": unit,
            "role": role,
            "polarity": [(polarity or {}).get(name, "high_is_need") for name in values],
            "caveat": "",
            "inputs": '["areas"]',
            "description": "",
            "areas_missing": 0,
            "group_label": "Test",
        },
        index=pd.Index(list(values), name="layer"),
    )
    other = dataclasses.replace(
        evidence,
        values=pd.concat([evidence.values.drop(columns=list(values), errors="ignore"), added], axis=1),
        layers=pd.concat([evidence.layers.drop(index=list(values), errors="ignore"), about]),
    )
    for name in ("boundaries", "boundary_tree", "made_up", "built", "places"):  # the same, and slow to work out again
        other.__dict__[name] = getattr(evidence, name)
    other.__dict__["_inputs"] = {**evidence._inputs, **{name: ["areas"] for name in values}}
    return other
