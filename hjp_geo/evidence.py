"""What a warehouse knows, held in memory: areas, layers, sites, places, and where each of them comes from."""

from __future__ import annotations

import datetime as dt
import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from hjp_geo.areas import Table, tidy_postcodes
from hjp_geo.errors import PlanError, WarehouseError
from hjp_geo.own.overlay import lay_over
from hjp_geo.own.shelf import Decision, OwnData, read_own
from hjp_geo.places import Place, is_own_area, listed_areas, own_area, own_area_codes
from hjp_geo.quality import findings_table
from hjp_geo.store import Warehouse

__all__ = ["ENGLAND", "NETWORK", "Evidence", "Membership", "Place"]

ENGLAND = "england"
"""The place code for every area of the warehouse."""
NETWORK = "Primary care network (worked out)"
"""The kind of a place that no official list of areas defines: see `Evidence.membership`."""

_PLACE_LEVELS = (
    ("icb24", "Integrated Care Board"),
    ("icb26", "Integrated Care Board (April 2026)"),
    ("sicbl24", "Sub-ICB location"),
    ("lad24", "District"),
    ("region24", "Region"),
    ("pcn26", NETWORK),
)
"""A board that is the same in both vintages has one code, and stands once. A level may be absent, or partly missing."""


@dataclass(frozen=True)
class Membership:
    """How far a place that was worked out from patients is the people it stands for: both shares are 0 to 1."""

    patients: float
    """Everybody registered with the place's practices whose home is known."""
    living_inside: float
    """The share of them who live in the place's areas."""
    share_of_area: float
    """The share of all registered patients of the place's areas who are registered with its practices."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """The contents of one build, read once, with the user's own data laid over it; nothing here is changed afterwards.

    Without own data every table is as the build wrote it, but for grades, which fall with the age of a list.
    """

    warehouse: Warehouse
    areas: Table
    """Indexed by ``area_code``, sorted: names, codes of the larger areas, centroid, residents."""
    values: Table
    """Indexed by ``area_code``, sorted: one column a layer, missing where not known."""
    layers: Table
    """Indexed by layer: label, unit, role, polarity, caveat, group, inputs."""
    sites: Table
    """Indexed by ``site_id``: places where advice is given."""
    services: Table
    """Rows of site, topic, assistance, channel and evidence."""
    health_sites: Table
    """Indexed by ``site_id``: GP practices."""
    sources: Table
    """Indexed by source: title, publisher, licence, attribution, release, URL, SHA-256, date."""
    notes: Table
    """What each table left out, and how much."""
    own: OwnData = field(default_factory=OwnData)
    """What the user brought, and decided about duplicates; empty where nothing is in play."""
    own_inputs: Mapping[str, list[str]] = field(default_factory=dict)
    """Table or layer → sources that the user's data add to it."""
    own_lost: tuple[Decision, ...] = ()
    """Decisions about duplicates whose sites are there no more: not applied."""

    @classmethod
    def load(cls, cache: Path, *, own_from: Path | None = None) -> Evidence:
        """Read the warehouse of a cache folder, and the user's own data there (or in another cache folder).

        Raises `WarehouseError` where there is no warehouse, `PlanError` where own data cannot be read.
        """
        warehouse, own = Warehouse.open(cache), read_own(own_from or cache)
        laid = lay_over(
            own,
            sites=warehouse.table("sites").set_index("site_id"),
            services=warehouse.table("services"),
            values=warehouse.table("layer_values").set_index("area_code"),
            layers=warehouse.table("_layers").set_index("layer"),
            sources=warehouse.table("_sources").set_index("source"),
            day=dt.date.fromisoformat(str(warehouse.table("_run")["built"].iloc[0])[:10]),
        )
        return cls(
            warehouse=warehouse,
            areas=warehouse.table("areas").set_index("area_code"),
            values=laid.values,
            layers=laid.layers,
            sites=laid.sites,
            services=laid.services,
            health_sites=warehouse.table("health_sites").set_index("site_id"),
            sources=laid.sources,
            notes=warehouse.table("_notes"),
            own=own,
            own_inputs=laid.inputs,
            own_lost=laid.lost,
        )

    @property
    def build_id(self) -> str:
        """Which build this is, and which own data are laid over it."""
        return f"{self.warehouse.build_id}-own-{self.own.digest}" if self.own else self.warehouse.build_id

    @cached_property
    def quality(self) -> Table:
        """The data-quality report of the build (`hjp_geo.quality`); no rows where an older build kept none."""
        try:
            return self.warehouse.table("_quality")
        except WarehouseError:
            return findings_table(())

    @cached_property
    def made_up(self) -> bool:
        """Whether any of it is the made-up Integrated Care System: then no number here is about a real place."""
        return bool(self.sources["made_up"].any())

    @cached_property
    def built(self) -> str:
        """When the warehouse was built (UTC), and by which version."""
        run = self.warehouse.table("_run").iloc[0]
        own = f", with your own data: {self.own.in_words()}" if self.own.in_words() else ""
        return f"{run['built']} by hjp-geo {run['hjp_geo_version']}{own}"

    @cached_property
    def boundaries(self) -> gpd.GeoSeries:
        """The boundary of each area in the British National Grid, indexed and sorted as the areas."""
        return self.warehouse.table("area_boundaries").set_index("area_code").geometry.reindex(self.areas.index)

    @cached_property
    def boundary_tree(self) -> shapely.STRtree:
        """A spatial index over the boundaries, in the order of the areas."""
        return shapely.STRtree(self.boundaries.to_numpy())

    def areas_at(self, points: npt.NDArray[np.float64]) -> list[str | None]:
        """The area that each point (rows of easting, northing) stands in; None outside every area."""
        found: list[str | None] = [None] * len(points)
        which, area = self.boundary_tree.query(shapely.points(points), predicate="intersects")
        for point, position in zip(which[::-1], area[::-1], strict=True):  # a point on an edge: the first area
            found[point] = str(self.areas.index[position])
        return found

    @cached_property
    def health_site_areas(self) -> pd.Series[str]:
        """The area that each placed health site stands in; missing outside every area."""
        placed = self.health_sites[self.health_sites["easting"].notna()]
        points = placed[["easting", "northing"]].to_numpy(dtype="float64")
        return pd.Series(self.areas_at(points), index=placed.index, dtype="str")

    def districts_at(self, points: npt.NDArray[np.float64]) -> list[str | None]:
        """The district that each point stands in; None outside every area."""
        districts = self.areas["lad24_code"]
        return [None if code is None else str(districts[code]) for code in self.areas_at(points)]

    @cached_property
    def places(self) -> dict[str, Place]:
        """Every place that can be asked for, by code: all areas first, then systems, then places, then districts."""
        found = {ENGLAND: Place(ENGLAND, "All areas (made up)" if self.made_up else "England", "Country")}
        for level, kind in self._place_levels:
            pairs = self.areas[[f"{level}_code", f"{level}_name"]].dropna().drop_duplicates(f"{level}_code")
            ordered = pairs.sort_values(f"{level}_name").itertuples(index=False)
            found |= {code: Place(code, name, kind) for code, name in ordered if code not in found}
        return found

    @property
    def _place_levels(self) -> list[tuple[str, str]]:
        return [(level, kind) for level, kind in _PLACE_LEVELS if f"{level}_code" in self.areas.columns]

    def place(self, text: str) -> Place:
        """The place with this code or name, or of this list of areas; `PlanError` suggests some where there is none."""
        if text in self.places:
            return self.places[text]
        if is_own_area(text):
            return self._own_area(text)
        if codes := listed_areas(text):
            return self._own_area(own_area(f"Own area of {len(set(codes)):,} small areas", codes).code)
        wanted = text.casefold().strip()
        matching = [p for p in self.places.values() if wanted in (p.code.casefold(), p.name.casefold())]
        matching = matching or [p for p in self.places.values() if wanted and wanted in p.name.casefold()]
        if len({p.code for p in matching}) == 1:
            return matching[0]
        raise PlanError(f"No place '{text}'. {self._suggestion(matching, wanted)}")

    def _own_area(self, code: str) -> Place:
        place, codes = own_area_codes(code)
        if strangers := [one for one in codes if one not in self.areas.index]:
            raise PlanError(
                f"{place.name}: {len(strangers):,} of its {len(codes):,} areas are not in this warehouse, such as "
                f"{strangers[0]}. Give LSOAs of 2021 that are loaded here."
            )
        return place

    def membership(self, code: str) -> Membership | None:
        """How far a network's areas are its patients; None for a place of another kind."""
        if code not in self.places or self.places[code].kind != NETWORK:
            return None
        rows = self.warehouse.query("SELECT area_code, patients, share FROM area_pcn WHERE pcn_code = ?", [code])
        inside = rows[rows["area_code"].isin(self.areas_of(code))]
        everyone = (inside["patients"] / inside["share"]).sum()
        total = float(rows["patients"].sum())
        return Membership(total, float(inside["patients"].sum()) / total, float(inside["patients"].sum() / everyone))

    def _suggestion(self, matching: list[Place], wanted: str) -> str:
        if matching:
            some = "; ".join(f"{p.name} ({p.code})" for p in matching[:5])
            return f"{len(matching)} places have that in their name: {some}. Give the code of one."
        names = {p.name.casefold(): p for p in self.places.values()}
        near = [names[name] for name in difflib.get_close_matches(wanted, names, n=3, cutoff=0.4)]
        hint = "; ".join(f"{p.name} ({p.code})" for p in near)
        return f"Did you mean {hint}?" if hint else "Give the code or name of an ICB or district, or 'england'."

    def areas_of(self, code: str) -> pd.Index[str]:
        """The codes of a place's areas, sorted."""
        if code == ENGLAND:
            return self.areas.index
        if is_own_area(code):
            return self.areas.index[self.areas.index.isin(own_area_codes(code)[1])]
        levels = [f"{level}_code" for level, _kind in self._place_levels]
        return self.areas.index[(self.areas[levels] == code).any(axis=1)]

    def label(self, layer: str) -> str:
        """What a layer is called."""
        return self._words["label"][layer]

    def unit(self, layer: str) -> str:
        """The unit of a layer."""
        return self._words["unit"][layer]

    def caveat(self, layer: str) -> str:
        """What a reader of a layer must know; empty where there is nothing beyond its label."""
        return self._words["caveat"][layer]

    @cached_property
    def _words(self) -> dict[str, dict[str, str]]:
        table = self.layers[["label", "unit", "caveat"]].astype("str")
        return {str(name): {str(layer): str(word) for layer, word in table[name].items()} for name in table}

    def postcode_point(self, postcode: str) -> tuple[float, float] | None:
        """Easting and northing of a postcode, or None where the list does not know it."""
        tidy = tidy_postcodes(pd.Series([postcode], dtype="str")).iloc[0]
        found = self.warehouse.query("SELECT easting, northing FROM postcodes WHERE postcode = ?", [str(tidy)])
        if found.empty or found.iloc[0].isna().any():
            return None
        return float(found["easting"].iloc[0]), float(found["northing"].iloc[0])

    def layer_names(self, role: str) -> list[str]:
        """The layers of one role, grouped and in the order of their labels."""
        return list(self._names_by_role.get(role, ()))

    @cached_property
    def _names_by_role(self) -> dict[str, tuple[str, ...]]:
        ordered = self.layers.sort_values(["group_label", "label"])
        return {str(role): tuple(rows.index) for role, rows in ordered.groupby("role")}

    def sources_of(self, names: list[str]) -> list[str]:
        """The sources that layers or tables are made from, however indirectly, sorted."""
        seen: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                waiting += self._inputs.get(name, [])
        return sorted(seen.intersection(self.sources.index))

    def inputs_of(self, name: str) -> list[str]:
        """What a layer or a table is made from, one step back; nothing for a source."""
        return list(self._inputs.get(name, ()))

    @cached_property
    def _inputs(self) -> dict[str, list[str]]:
        derived = self.warehouse.table("_tables").set_index("table_name")["inputs"]
        pairs = [*derived.items(), *self.layers["inputs"].items()]
        found = {str(name): list(json.loads(inputs)) for name, inputs in pairs}
        return {name: [*found.get(name, ()), *self.own_inputs.get(name, ())] for name in {**found, **self.own_inputs}}

    def attribution(self, names: list[str]) -> list[str]:
        """The credit lines that the licences of these layers or tables require, each once.

        Made-up rows credit nobody: their line says whose layout they borrow.
        """
        used = self.sources.loc[self.sources_of(names)]
        borrowed = "Made up, in the layout of: " + used["title"] + " (" + used["publisher"] + ")."
        return list(dict.fromkeys(used["attribution"].mask(used["made_up"], borrowed)))
