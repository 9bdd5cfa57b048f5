"""Places: own areas carried by their code, networks worked out from patients, and what hostile codes can do."""

from __future__ import annotations

import base64
import zlib

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_warehouse import CODES

from hjp_geo.errors import PlanError
from hjp_geo.evidence import NETWORK, Evidence
from hjp_geo.places import MOST_CHARACTERS, OWN_AREA, is_own_area, listed_areas, own_area, own_area_codes
from hjp_geo.plan import Plan, answer
from layers.people import areas


def lsoa(number: int) -> str:
    return f"E01{number:06d}"


# own areas ------------------------------------------------------------------------------------------------------------


@given(st.sets(st.integers(0, 999_999), min_size=1, max_size=200), st.text(max_size=80))
def test_an_own_area_comes_back_from_its_code(numbers: set[int], name: str):
    made = own_area(name, [lsoa(number) for number in numbers])
    place, codes = own_area_codes(made.code)
    assert codes == tuple(lsoa(number) for number in sorted(numbers))
    assert place == made
    assert len(place.name) <= 60
    assert place.name.isprintable()


def test_the_order_and_repeats_of_a_list_do_not_change_the_code():
    one = own_area("Deep End", [lsoa(7), lsoa(3), lsoa(7)])
    assert one == own_area(" Deep  End ", [lsoa(3), lsoa(7)])
    assert one.kind == OWN_AREA


def test_a_thousand_neighbouring_areas_make_a_short_link():
    assert len(own_area("Row", [lsoa(number) for number in range(1_000)]).code) < 100


def test_every_other_area_of_england_is_short_too_and_chance_ones_are_refused():
    assert len(own_area("Half", [lsoa(number) for number in range(0, 33_000, 2)]).code) < MOST_CHARACTERS
    scattered = pd.Series(range(900_000)).sample(6_000, random_state=1)
    with pytest.raises(PlanError, match="expected at most 4,000"):
        own_area("Scattered", [lsoa(number) for number in scattered])


@pytest.mark.parametrize("codes", [[], [""], ["W01000001"], ["E01000001", "E02000001"], ["<img src=x>"]])
def test_a_list_that_is_no_list_of_lsoas_is_refused(codes: list[str]):
    with pytest.raises(PlanError, match=r"Give codes"):
        own_area("X", codes)


def packed(steps: bytes) -> str:
    return "own:" + base64.urlsafe_b64encode(zlib.compress(steps)).decode().rstrip("=") + ":X"


@pytest.mark.parametrize(
    "code",
    [
        "own:",
        "own::name",
        "own:!!!!:name",
        "own:AAAA:name",
        own_area("Cut", [lsoa(n) for n in range(0, 900, 7)]).code[:14],
        packed(b""),
        packed(b"\x00"),  # a step of nothing: the same area twice
        packed(b"\x81"),  # ends in the middle of a number
        packed(b"\xff\xff\xff\xff\xff\xff\x7f"),  # no such area
        packed(bytes(50_000_000)),  # a bomb: fifty million bytes in fifty thousand
        "own:" + "A" * 5_000 + ":X",
    ],
)
def test_a_damaged_or_hostile_code_is_refused_in_words(code: str):
    with pytest.raises(PlanError, match="damaged or cut short"):
        own_area_codes(code)


def test_a_text_of_codes_is_a_list_and_any_other_text_is_not():
    assert listed_areas(" e01000001,E01000002;\nE01000003 + E01000004") == [lsoa(n) for n in range(1, 5)]
    assert listed_areas("Leeds") == []
    assert listed_areas("E01000001 Leeds") == []
    assert listed_areas("") == []


def test_the_name_of_a_file_never_holds_what_the_reader_typed():
    hostile = own_area("../../<img src=x onerror=alert(1)>", [lsoa(1)])
    assert hostile.file_name.startswith("own-")
    assert hostile.file_name.removeprefix("own-").isalnum()
    assert is_own_area(hostile.code)


def test_an_own_area_is_answered_like_any_other_place(tiny: Evidence):
    """Areas 7, 8 and 9: 100 people each."""
    place = own_area("The east", CODES[7:])
    found = answer(Plan(place=place.code, topic="debt"), tiny)
    assert list(found.areas.index) == CODES[7:]
    assert found.place.name == "The east"
    assert found.areas["residents"].sum() == 300
    assert found.plan.place == place.code  # asked again from the address, it is the same question


def test_codes_alone_are_a_place_too(tiny: Evidence):
    place = tiny.place(" ".join(CODES[2:5]))
    assert place.name == "Own area of 3 small areas"
    assert list(tiny.areas_of(place.code)) == CODES[2:5]


def test_areas_that_are_not_loaded_are_named(tiny: Evidence):
    with pytest.raises(PlanError, match="1 of its 2 areas are not in this warehouse, such as E01000001"):
        tiny.place(own_area("Mixed", [CODES[0], "E01000001"]).code)


# networks -------------------------------------------------------------------------------------------------------------

LOOKUP = pd.DataFrame(
    {
        "lsoa21_code": ["E01000001", "E01000002", "E01000003"],
        **{column: "x" for level in ("sicbl24", "icb24", "lad24") for column in (f"{level}_code", f"{level}_name")},
    }
)
NETWORKS = pd.DataFrame(
    [
        ("E01000001", "U1", "North", 60.0, 0.6),
        ("E01000001", "U2", "South", 40.0, 0.4),
        ("E01000002", "U2", "South", 45.0, 0.45),
        ("E01000002", "U1", "North", 45.0, 0.45),
        ("E01000002", "U3", "Far", 10.0, 0.10),
    ],
    columns=["area_code", "pcn_code", "pcn_name", "patients", "share"],
)


def areas_with(networks: pd.DataFrame | None) -> pd.DataFrame:
    codes = LOOKUP["lsoa21_code"]
    table: pd.DataFrame = areas.function(
        LOOKUP,
        pd.DataFrame({"lsoa21_code": codes, "easting": 1.0, "northing": 1.0}),
        pd.DataFrame({"lsoa21_code": codes, "lsoa21_name": "An area", "population": 100}),
        pd.DataFrame({"area_code": codes, "icb26_code": "x", "icb26_name": "x"}),
        pd.DataFrame({"lsoa21_code": codes, "ruc21_name": "x"}),
        area_pcn=networks,
    )
    return table


def test_an_area_is_given_to_the_network_with_most_of_its_patients():
    """Area 1: 60 of North against 40 of South. Area 2: a tie, and the first code has it. Area 3: nobody registered."""
    table = areas_with(NETWORKS)
    assert table["pcn26_code"].fillna("none").tolist() == ["U1", "U1", "none"]
    assert table["pcn26_name"].fillna("none").tolist() == ["North", "North", "none"]
    notes = {one.text: one.count for one in table.attrs["notes"]}
    assert notes["areas without a primary care network"] == 1
    assert notes["areas given to a primary care network that has fewer than half of their patients"] == 1
    assert notes["primary care networks that have most of the patients of no area: in no list of places"] == 2


def test_without_the_mapping_of_practices_no_area_has_a_network():
    assert areas_with(None)["pcn26_code"].isna().all()


def test_a_network_can_be_asked_for_and_says_how_far_it_is_its_patients(made_up_cache):
    known = Evidence.load(made_up_cache)
    networks = [one for one in known.places.values() if one.kind == NETWORK]
    assert networks
    patients = known.warehouse.table("area_pcn")
    for one in networks:
        inside = known.areas_of(one.code)
        mine = patients[patients["pcn_code"] == one.code]
        membership = known.membership(one.code)
        assert membership is not None
        assert membership.patients == pytest.approx(mine["patients"].sum())
        living = mine.loc[mine["area_code"].isin(inside), "patients"].sum()
        assert membership.living_inside == pytest.approx(living / mine["patients"].sum())
        assert 0 < membership.share_of_area <= 1
    owned = [code for one in networks for code in known.areas_of(one.code)]
    assert len(owned) == len(set(owned))  # an area is in one network only
    assert known.membership("england") is None
