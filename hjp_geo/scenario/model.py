"""What a scenario is: sketches, plan, settings, and the journal that leads to them."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeAlias

from hjp_geo import __version__
from hjp_geo.errors import HjpError, PlanError
from hjp_geo.evidence import Evidence
from hjp_geo.plan import Plan
from hjp_geo.siting import ASSUMPTIONS, RULES, Assessment, Assumptions, Candidate, Span, assess

__all__ = ["Entry", "Feature", "Scenario", "Version", "replay"]

Feature: TypeAlias = dict[str, Any]
"""A sketch as the map draws it: GeoJSON in WGS84, whose properties hold id, name, offer and design."""

FORMAT = 1
_NAME = 120
_NOTE = 2_000
_MOST_SKETCHES = 200
_MOST_CLOSED = 200
_SAME_MOVE = dt.timedelta(seconds=60)
"""Changes of one sketch that follow each other faster are one entry of the journal: somebody drags it."""


@dataclass(frozen=True)
class Version:
    """What a scenario's figures were made with: build, releases with their hashes, version, seed."""

    build: str = ""
    hjp_geo: str = __version__
    seed: int = 42
    releases: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Source → release and sha256."""

    @classmethod
    def of(cls, evidence: Evidence, seed: int = 42) -> Version:
        """What stands in the warehouse now."""
        rows = evidence.sources[["release", "sha256"]].astype("str").to_dict("index")
        releases = {str(name): {str(k): str(v) for k, v in one.items()} for name, one in sorted(rows.items())}
        return cls(evidence.build_id, __version__, seed, releases)

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {"build": self.build, "hjp_geo": self.hjp_geo, "seed": self.seed, "releases": dict(self.releases)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Version:
        """From plain values; what is not there stays blank."""
        releases = values.get("releases")
        kept = {
            str(name): {str(k): str(v) for k, v in one.items()}
            for name, one in (releases.items() if isinstance(releases, Mapping) else ())
            if isinstance(one, Mapping)
        }
        seed = values.get("seed", 42)
        made_by = str(values.get("hjp_geo", ""))
        return cls(str(values.get("build", "")), made_by, seed if isinstance(seed, int) else 42, kept)

    def differences(self, other: Version) -> tuple[str, ...]:
        """What differs between this and the other, in words; empty where figures will be the same.

        Another build of the same releases is no difference.
        """
        lines = []
        if self.hjp_geo != other.hjp_geo:
            lines.append(f"Made with hjp-geo {self.hjp_geo or 'of an unknown version'}; this is {other.hjp_geo}.")
        if not self.releases:
            return (*lines, "It does not say which data it was made with.")
        for name in sorted({*self.releases, *other.releases}):
            then, now = self.releases.get(name), other.releases.get(name)
            if then is None or now is None:
                change = "not loaded then and is now" if then is None else "loaded then and is not now"
                lines.append(f"Source {name} was {change}.")
            elif then.get("sha256") != now.get("sha256"):
                lines.append(f"Source {name}: release {then.get('release')} then, {now.get('release')} now.")
        return tuple(lines)


@dataclass(frozen=True)
class Entry:
    """One choice: when (UTC), what kind, and all that is needed to make it again."""

    at: str
    what: str
    """begin, plan, add, edit, remove, close, rule, assumptions, name, note or data."""
    detail: Mapping[str, Any]

    def in_words(self) -> str:
        """The choice as a line that can be read."""
        return f"{self.at}  {_SPOKEN.get(self.what, self.what)}{_about(self)}"

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {"at": self.at, "what": self.what, "detail": dict(self.detail)}


_SPOKEN = {
    "begin": "Begun",
    "plan": "Question changed",
    "add": "Sketch added",
    "edit": "Sketch changed",
    "remove": "Sketch removed",
    "close": "Sites of today closed",
    "rule": "Rule of areas",
    "assumptions": "Assumptions changed",
    "name": "Named",
    "note": "Note",
    "data": "Taken over to other data",
}
_CHANGES_FIGURES = ("plan", "add", "edit", "remove", "close", "rule", "assumptions", "data")


def _about(entry: Entry) -> str:
    detail = entry.detail
    if entry.what in ("add", "edit"):
        properties = detail.get("feature", {}).get("properties", {})
        return f": {properties.get('name', '')}"
    if entry.what == "plan":
        return ": " + ", ".join(f"{name} = {json.dumps(value)}" for name, value in detail.get("plan", {}).items())
    if entry.what == "close":
        return ": " + (", ".join(map(str, detail.get("sites", []))) or "none any more")
    return "".join(f": {value}" for name, value in detail.items() if name in ("name", "rule", "text", "id"))


@dataclass(frozen=True, eq=False)
class Scenario:
    """A named set of sketches under one plan. Nothing here is changed: each choice gives another scenario."""

    name: str
    plan: Plan
    features: tuple[Feature, ...] = ()
    version: Version = field(default_factory=Version)
    rule: str = "centroid"
    closed: tuple[str, ...] = ()
    """Codes of the sites of today that it removes."""
    changed_assumptions: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """Only those that are not the tool's own: low, likely, high."""
    note: str = ""
    journal: tuple[Entry, ...] = ()
    key: str = ""
    """The name of its file, fixed when it is first saved; empty before."""
    revision: int = 0
    """How often it has been saved: tells whether somebody else has saved it since."""
    saved: str = ""
    """When it was last saved (UTC)."""
    warnings: tuple[str, ...] = ()
    """What could not be read when it was opened."""
    figures: Mapping[str, float | None] = field(default_factory=dict)
    """What it came to when it was last worked out (see `figures_of`); none after a choice that changes them."""

    @classmethod
    def begin(cls, name: str, plan: Plan, evidence: Evidence, seed: int = 42) -> Scenario:
        """A new scenario without a sketch."""
        begun = cls(_tidy_name(name), plan, version=Version.of(evidence, seed))
        return begun._noted("begin", {"name": begun.name, "plan": plan.to_dict()})

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """The sketches as candidates; `GeographyError` or `PlanError` for one that cannot be used."""
        return tuple(Candidate.from_feature(one) for one in self.features)

    @property
    def assumptions(self) -> Assumptions:
        """What feasibility rests on here."""
        spans = {name: Span(*map(float, values)) for name, values in self.changed_assumptions.items()}
        return ASSUMPTIONS.changed(spans)

    def assess(self, evidence: Evidence) -> Assessment:
        """Who its sketches would reach; `PlanError` where there is none."""
        return assess(
            self.plan,
            self.candidates,
            evidence,
            rule=self.rule,
            assumptions=self.assumptions,
            closed=self.closed,
        )

    def differences(self, evidence: Evidence) -> tuple[str, ...]:
        """What differs between the data and version it was made with and those here: say it before computing."""
        gone = [code for code in self.closed if code not in evidence.sites.index]
        told = [f"Sites it closes that are not in the data here: {', '.join(gone)[:120]}."] if gone else []
        return (*self.warnings, *self.version.differences(Version.of(evidence, self.version.seed)), *told)

    def with_plan(self, plan: Plan) -> Scenario:
        """The same under another question."""
        if plan == self.plan:
            return self
        then, now = self.plan.to_dict(), plan.to_dict()
        changed = {name: value for name, value in now.items() if value != then[name]}
        return replace(self, plan=plan)._noted("plan", {"plan": changed})

    def with_features(self, features: Sequence[Mapping[str, Any]]) -> Scenario:
        """The same with these sketches; what was added, changed or removed goes into the journal."""
        tidy = tuple(_tidy_feature(one) for one in features)
        if len(tidy) > _MOST_SKETCHES:
            raise PlanError(f"{len(tidy)} sketches; a scenario holds at most {_MOST_SKETCHES}.")
        before, after = ({_id(one): one for one in some} for some in (self.features, tidy))
        if len(after) < len(tidy):
            raise PlanError("Two sketches have the same id. Draw one of them again.")
        changed = replace(self, features=tidy)
        for one in before:
            if one not in after:
                changed = changed._noted("remove", {"id": one})
        for one, feature in after.items():
            if before.get(one) != feature:
                changed = changed._noted("edit" if one in before else "add", {"id": one, "feature": feature})
        return changed

    def with_closed(self, sites: Sequence[str]) -> Scenario:
        """The same with these sites of today closed, and no others."""
        codes = tuple(sorted({_plain_text(str(one), 64) for one in sites} - {""}))
        if len(codes) > _MOST_CLOSED:
            raise PlanError(f"{len(codes)} closed sites; a scenario closes at most {_MOST_CLOSED}.")
        return self if codes == self.closed else replace(self, closed=codes)._noted("close", {"sites": list(codes)})

    def with_rule(self, rule: str) -> Scenario:
        """The same by another rule of areas."""
        if rule not in RULES:
            raise PlanError(f"rule is '{str(rule)[:40]}', expected one of {', '.join(RULES)}.")
        return self if rule == self.rule else replace(self, rule=rule)._noted("rule", {"rule": rule})

    def with_assumptions(self, assumptions: Assumptions) -> Scenario:
        """The same with other assumptions."""
        changes = assumptions.changes()
        if changes == {name: list(values) for name, values in self.changed_assumptions.items()}:
            return self
        return replace(self, changed_assumptions=changes)._noted("assumptions", {"assumptions": changes})

    def with_note(self, text: str) -> Scenario:
        """The same with a note of its maker."""
        tidy = _plain_text(text, _NOTE)
        return self if tidy == self.note else replace(self, note=tidy)._noted("note", {"text": tidy})

    def renamed(self, name: str) -> Scenario:
        """The same under another name; its file keeps its key."""
        tidy = _tidy_name(name)
        return self if tidy == self.name else replace(self, name=tidy)._noted("name", {"name": tidy})

    def made_with(self, evidence: Evidence) -> Scenario:
        """The same, taken over to the data and version here: its figures are theirs from now on."""
        here = Version.of(evidence, self.version.seed)
        taken = replace(self, version=here, warnings=())
        return taken._noted("data", {"hjp_geo": here.hjp_geo, "build": here.build}) if here != self.version else taken

    def with_figures(self, figures: Mapping[str, float | None]) -> Scenario:
        """The same with what it came to: no choice, so the journal says nothing of it."""
        return replace(self, figures=dict(figures))

    def _noted(self, what: str, detail: Mapping[str, Any]) -> Scenario:
        entry = Entry(_now(), what, detail)
        last = self.journal[-1] if self.journal else None
        if last and what == "edit" and _is_same_move(last, entry):
            entry, kept = replace(entry, what=last.what), self.journal[:-1]
        else:
            kept = self.journal
        figures = {} if what in _CHANGES_FIGURES else self.figures
        return replace(self, journal=(*kept, entry), figures=figures)

    def to_dict(self) -> dict[str, Any]:
        """The scenario as a GeoJSON FeatureCollection: what is written to its file."""
        about = {
            "format": FORMAT,
            "name": self.name,
            "revision": self.revision,
            "saved": self.saved,
            "note": self.note,
            "rule": self.rule,
            "closed": list(self.closed),
            "assumptions": {name: list(values) for name, values in self.changed_assumptions.items()},
            "plan": self.plan.to_dict(),
            "run": self.version.to_dict(),
            "figures": dict(self.figures),
            "journal": [one.to_dict() for one in self.journal],
        }
        return {"type": "FeatureCollection", "hjp_geo_scenario": about, "features": list(self.features)}

    @classmethod
    def from_dict(cls, values: Any, key: str = "") -> Scenario:
        """A scenario from what `to_dict` gave, of this or another version.

        Settings that this version does not know are left out and told in ``warnings``. Raises `PlanError` for what is
        no scenario.
        """
        try:
            about = values["hjp_geo_scenario"]
            if not isinstance(about["format"], int) or about["format"] > FORMAT:
                raise PlanError(f"It is of format {str(about['format'])[:20]}; this version reads {FORMAT}. Update.")
            plan, warnings = _read_plan(about["plan"])
            features = tuple(_tidy_feature(one) for one in values["features"])
            journal = tuple(_entry(one) for one in about.get("journal", []))
            name, rule = _tidy_name(str(about["name"])), str(about.get("rule", "centroid"))
            changes = dict(about.get("assumptions", {}))
            read = cls(
                name=name,
                plan=plan,
                features=features[:_MOST_SKETCHES],
                version=Version.from_dict(about.get("run", {})),
                rule=rule if rule in RULES else "centroid",
                closed=tuple(sorted({_plain_text(str(one), 64) for one in about.get("closed", [])}))[:_MOST_CLOSED],
                changed_assumptions=changes,
                note=_plain_text(str(about.get("note", "")), _NOTE),
                journal=journal,
                key=key,
                revision=int(about.get("revision", 0)),
                saved=str(about.get("saved", ""))[:40],
                warnings=warnings,
                figures=_read_figures(about.get("figures")),
            )
            _ = read.assumptions
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
            if isinstance(error, HjpError):
                raise PlanError(f"This scenario cannot be read. {error}") from error
            raise PlanError(
                f"This is not a scenario of hjp-geo ({type(error).__name__}: {str(error)[:80]}). Expected a GeoJSON "
                "FeatureCollection that it has saved or exported."
            ) from error
        return read


def replay(journal: Sequence[Entry]) -> Scenario:
    """The scenario that the choices of a journal lead to, made again one by one. `PlanError` where they do not fit."""
    if not journal or journal[0].what != "begin":
        raise PlanError("A journal begins with the entry 'begin', which holds the first plan.")
    first = journal[0].detail
    found = Scenario(_tidy_name(str(first["name"])), _read_plan(first["plan"])[0])
    for entry in journal[1:]:
        found = _STEPS[entry.what](found, entry.detail) if entry.what in _STEPS else found
    return replace(found, journal=tuple(journal))


def _put(found: Scenario, detail: Mapping[str, Any]) -> Scenario:
    feature = _tidy_feature(detail["feature"])
    kept = {_id(one): one for one in found.features}
    kept[_id(feature)] = feature
    return replace(found, features=tuple(kept.values()))


def _take(found: Scenario, detail: Mapping[str, Any]) -> Scenario:
    return replace(found, features=tuple(one for one in found.features if _id(one) != detail["id"]))


_STEPS: dict[str, Callable[[Scenario, Mapping[str, Any]], Scenario]] = {
    "plan": lambda found, detail: replace(found, plan=_read_plan({**found.plan.to_dict(), **detail["plan"]})[0]),
    "add": _put,
    "edit": _put,
    "remove": _take,
    "close": lambda found, detail: replace(found, closed=tuple(str(one) for one in detail["sites"])),
    "rule": lambda found, detail: replace(found, rule=detail["rule"]),
    "assumptions": lambda found, detail: replace(found, changed_assumptions=detail["assumptions"]),
    "name": lambda found, detail: replace(found, name=_tidy_name(detail["name"])),
    "note": lambda found, detail: replace(found, note=_plain_text(detail["text"], _NOTE)),
}


def _read_plan(values: Any) -> tuple[Plan, tuple[str, ...]]:
    """The plan, and what of it this version does not know."""
    known = {one.name for one in fields(Plan)}
    strangers = sorted(str(name)[:40] for name in values if name not in known)
    plan = Plan.from_dict({name: value for name, value in values.items() if name in known})
    told = f"Settings that this version does not know were left out: {', '.join(strangers)}."
    return plan, (told,) if strangers else ()


def _read_figures(values: Any) -> dict[str, float | None]:
    if not isinstance(values, Mapping):
        return {}
    numbers = {str(name)[:40]: None if value is None else float(value) for name, value in values.items()}
    return {name: value for name, value in numbers.items() if value is None or math.isfinite(value)}


def _entry(values: Mapping[str, Any]) -> Entry:
    return Entry(str(values["at"])[:40], str(values["what"])[:20], dict(values["detail"]))


def _is_same_move(last: Entry, entry: Entry) -> bool:
    if last.what not in ("add", "edit") or last.detail.get("id") != entry.detail.get("id"):
        return False
    return dt.datetime.fromisoformat(entry.at) - dt.datetime.fromisoformat(last.at) < _SAME_MOVE


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def _tidy_name(name: str) -> str:
    tidy = _plain_text(name, _NAME)
    if not tidy:
        raise PlanError("A scenario needs a name.")
    return tidy


def _plain_text(text: str, most: int) -> str:
    """Text on one line, without control characters, no longer than it may be."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())[:most]


def _tidy_feature(feature: Mapping[str, Any]) -> Feature:
    """A copy of plain values only, with an id and a name; `PlanError` for what is no feature.

    ``status`` is how a map shows a sketch while one draws (new, edited), and no part of what is kept.
    """
    try:
        copy = json.loads(json.dumps(feature, allow_nan=False))
        geometry, properties = dict(copy["geometry"]), dict(copy.get("properties") or {})
    except (TypeError, ValueError, KeyError, AttributeError, RecursionError) as error:
        raise PlanError(f"A sketch cannot be kept ({error}). Draw it again.") from error
    drawn = hashlib.sha256(json.dumps(geometry, sort_keys=True).encode()).hexdigest()
    properties["id"] = _plain_text(str(properties.get("id") or drawn), 64)
    properties.pop("status", None)
    if "name" in properties:
        properties["name"] = _plain_text(str(properties["name"]), _NAME)
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _id(feature: Feature) -> str:
    return str(feature["properties"]["id"])
