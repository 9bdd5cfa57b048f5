"""What a user reads when a publisher fails, and what is in use then."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from publisher import Answer, Publisher, answer_json

from data_sources.osm_advice import osm_advice
from hjp_geo.areas import Table
from hjp_geo.discovery import fixed_file
from hjp_geo.errors import HjpError, SourceError
from hjp_geo.fetching import Outcome, fetch_many
from hjp_geo.found import FoundFile, ask_arcgis
from hjp_geo.record import record, releases
from hjp_geo.source import OGL3, Source, fetch, source
from hjp_geo.upstream import Upstream
from hjp_geo.zipped import read_member

URL = "https://files.example/amounts.csv"
ADDRESS = "files.example/amounts.csv"
LAYER = "https://layers.example/FeatureServer/0/query"
FIRST, SECOND = b"code,amount\nA,1\nB,2\n", b"code,amount\nA,1\nB,3\n"


@source(
    title="Amounts",
    publisher="A publisher",
    licence=OGL3,
    attribution="A publisher.",
    key="code",
    columns={"code": "letter", "amount": "a count"},
    discover=fixed_file(URL, release="of May", filename="amounts.csv"),
)
def amounts(path: Path) -> Table:
    """Made up."""
    return pd.read_csv(path)


@pytest.fixture
def online(publisher: Publisher) -> Upstream:
    return Upstream(publisher.base, pause_seconds=0)


def ended(cache: Path, online: Upstream, one: Source = amounts) -> Outcome:
    return next(iter(fetch_many([one], cache, online)))


# --- how long a publisher may say nothing ----------------------------------------------------------------------------


def slow(_query: Mapping[str, str]) -> Answer:
    time.sleep(0.3)
    return Answer(FIRST)


def test_a_publisher_that_thinks_before_it_answers_is_waited_for(
    publisher: Publisher, online: Upstream, tmp_path: Path
):
    publisher.says(ADDRESS, slow)
    with pytest.raises(SourceError, match=r"No answer from files\.example.*[Tt]imed out"):
        FoundFile("1", URL, "amounts.csv", read_seconds=0.05).transfer(online, tmp_path / "a", {})
    FoundFile("1", URL, "amounts.csv", read_seconds=30).transfer(online, tmp_path / "b", {})
    assert (tmp_path / "b").read_bytes() == FIRST


def test_overpass_is_waited_for_longer_than_it_is_allowed_to_think():
    (places,) = osm_advice.discover(Upstream(network="offline"))
    allowed = int(places.query["data"].split("[timeout:")[1].split("]")[0])
    assert isinstance(places, FoundFile)
    assert places.read_seconds > allowed


# --- sums ------------------------------------------------------------------------------------------------------------


def summed(body: bytes, of: bytes) -> Answer:
    return Answer(body, headers={"Content-MD5": base64.b64encode(hashlib.md5(of).digest()).decode()})


def test_a_changed_byte_is_noticed_where_the_host_sends_a_sum(publisher: Publisher, online: Upstream, tmp_path: Path):
    publisher.says(ADDRESS, summed(FIRST, FIRST), summed(SECOND, FIRST))
    assert fetch(amounts, tmp_path, online).rows == 2
    with pytest.raises(SourceError, match=r"the sum of the bytes that came is \w{32}, its host announced \w{32}"):
        fetch(amounts, tmp_path, online)


@pytest.mark.parametrize("nonsense", ["", "?", "AAA", "AAAA", "é"])
def test_a_sum_that_is_none_is_not_held_against_a_file(publisher: Publisher, online: Upstream, tmp_path, nonsense: str):
    publisher.says(ADDRESS, Answer(FIRST, headers={"Content-MD5": nonsense}))
    assert fetch(amounts, tmp_path, online).rows == 2


# --- other bytes under the same name ---------------------------------------------------------------------------------


def test_other_bytes_that_nobody_announced_are_told_and_asked_for_again(
    publisher: Publisher, online: Upstream, tmp_path: Path
):
    publisher.says(ADDRESS, Answer(FIRST, headers={"ETag": '"1"'}))
    record(tmp_path, replace(fetch(amounts, tmp_path, online), validators={}))
    publisher.says(ADDRESS, Answer(SECOND, headers={"ETag": '"1"'}))
    taken = fetch(amounts, tmp_path, online)
    assert "one of the two copies may be damaged" in taken.warnings[0]
    assert taken.validators == {}
    again = fetch(amounts, tmp_path, online)  # the same came twice: then it is the publisher's
    assert (again.warnings, again.validators) == ((), {"etag": '"1"'})


def test_bytes_that_the_publisher_says_have_changed_are_no_news(publisher: Publisher, online: Upstream, tmp_path: Path):
    publisher.says(ADDRESS, Answer(FIRST, headers={"ETag": '"1"'}), Answer(SECOND, headers={"ETag": '"2"'}))
    fetch(amounts, tmp_path, online)
    assert fetch(amounts, tmp_path, online).warnings == ()


def test_a_publisher_without_validators_may_change_what_it_likes(
    publisher: Publisher, online: Upstream, tmp_path: Path
):
    publisher.says(ADDRESS, Answer(FIRST), Answer(SECOND))
    fetch(amounts, tmp_path, online)
    assert fetch(amounts, tmp_path, online).warnings == ()


# --- words -----------------------------------------------------------------------------------------------------------


def test_a_failure_says_what_is_still_in_use(publisher: Publisher, online: Upstream, tmp_path: Path):
    publisher.says(ADDRESS, Answer(b"", 404))
    assert str(ended(tmp_path, online).error) == (
        f"amounts: {URL} answered 404, expected the file. The file has moved. A newer hjp-geo may know where to; or "
        "download it by hand (--from-file)."
    )
    publisher.says(ADDRESS, Answer(FIRST))
    assert ended(tmp_path, online).state == "fetched"
    publisher.says(ADDRESS, Answer(b"", 503))
    failed = ended(tmp_path, online)
    assert str(failed.error).endswith("answered 503, expected the file. Try again later. Still in use: of May.")
    assert isinstance(failed.error, SourceError)
    assert releases(tmp_path)["amounts"].rows == 2


def test_a_failure_of_the_index_names_its_source(publisher: Publisher, online: Upstream, tmp_path: Path):
    def refused(upstream: Upstream) -> list[FoundFile]:
        upstream.json("https://index.example/list")
        return []

    publisher.says("index.example/list", Answer(b"", 403))
    with pytest.raises(SourceError, match=r"^amounts: https://index\.example/list answered 403, expected 200"):
        fetch(replace(amounts, discover=refused), tmp_path, online)


def test_a_damaged_zip_names_its_source(publisher: Publisher, online: Upstream, tmp_path: Path):
    def zipped(path: Path) -> Table:
        return pd.DataFrame(read_member(path, "x", most_bytes=9))

    publisher.says(ADDRESS, Answer(b"not a zip"))
    with pytest.raises(HjpError, match=r"^amounts: amounts\.csv is not a whole zip file"):
        fetch(replace(amounts, read=zipped), tmp_path, online)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            Answer(b'{"a":', headers={"Content-Type": "application/json"}),
            "application/json that cannot be read: damaged",
        ),
        (
            Answer(b"<html>", headers={"Content-Type": "text/html"}),
            "text/html, expected JSON: a challenge or error page",
        ),
        (Answer(b'{"a": 1}', announced=99), "broke off while being read: the connection ended 91 bytes early. Try"),
    ],
)
def test_an_index_that_cannot_be_read_says_why(publisher: Publisher, online: Upstream, answer: Answer, said: str):
    publisher.says("index.example/list", answer)
    with pytest.raises(SourceError) as failed:
        online.json("https://index.example/list")
    assert said in str(failed.value)


@pytest.mark.parametrize(
    ("code", "advice"),
    [(400, "have changed"), (499, "for a token"), (500, "Try again later"), ("", "have changed")],
)
def test_an_error_of_a_layer_says_what_to_do(publisher: Publisher, online: Upstream, code: object, advice: str):
    publisher.says("layers.example/FeatureServer/0/query", answer_json({"error": {"code": code, "message": "No. "}}))
    with pytest.raises(SourceError, match=rf"answered with error {code}: No\. .*{advice}"):
        ask_arcgis(online, LAYER, {})


def test_a_question_is_posted_as_json_and_its_status_is_for_the_asker(publisher: Publisher, online: Upstream):
    publisher.says("service.example/ask", Answer(b"", 503), Answer(b'{"a": 1}', 404))
    assert online.ask("https://service.example/ask", {"b": 2}) == (404, {"a": 1})
    assert [one.body for one in publisher.asked] == [b'{"b": 2}'] * 2
