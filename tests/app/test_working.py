"""Long work beside a page: kept while the question is the same, cancelled at a click, tried again after a failure."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from hjp_geo.screens.working import _Job

GATE: dict[str, threading.Event] = {}
CALLS: list[str] = []


@pytest.fixture(autouse=True)
def _gate() -> Iterator[None]:
    GATE["go"] = threading.Event()
    CALLS.clear()
    yield
    GATE["go"].set()


def script() -> None:
    import streamlit as st
    from test_working import slow

    from hjp_geo.screens.working import worked

    asked = st.text_input("Question", "first", key="question")
    made = worked("test", asked, slow(asked), "Thinking")
    st.markdown(f"made: {made}")


def slow(asked: str):
    def make(report):
        CALLS.append(asked)
        if asked == "wrong":
            raise ValueError("no such thing")
        for step in range(200):
            report(step / 200, f"step {step}")
            if GATE["go"].wait(0.05):
                break
        return f"answer to {asked}"

    return make


def cancel_all() -> None:
    for one in gc.get_objects():
        if isinstance(one, _Job):
            one.cancelled.set()


def text(page: AppTest) -> str:
    return "\n".join(str(one.value) for block in (page.markdown, page.info) for one in block)


def test_work_is_done_once_while_the_question_is_the_same():
    GATE["go"].set()
    page = AppTest.from_function(script, default_timeout=20).run()
    page.run()
    assert "made: answer to first" in text(page)
    assert CALLS == ["first"]
    page.text_input(key="question").set_value("second").run()
    assert "made: answer to second" in text(page)
    assert CALLS == ["first", "second"]


def test_a_failure_is_raised_on_the_page_and_tried_again():
    GATE["go"].set()
    page = AppTest.from_function(script, default_timeout=20)
    page.session_state["question"] = "wrong"
    page.run()
    assert "no such thing" in page.exception[0].value
    page.run()
    assert CALLS == ["wrong", "wrong"]


def test_cancelled_work_stops_at_its_next_report_and_can_be_started_again():
    page = AppTest.from_function(script, default_timeout=20)
    threading.Timer(1.5, cancel_all).start()  # what the button does, while the page waits
    page.run()
    assert "Cancelled: nothing was changed." in text(page)
    assert "made: None" in text(page)
    deadline = time.monotonic() + 5
    while any(one.name == "work test" and one.is_alive() for one in threading.enumerate()):
        assert time.monotonic() < deadline, "the work did not stop"
        time.sleep(0.05)
    GATE["go"].set()
    page.button(key="again-test").click().run()
    assert "made: answer to first" in text(page)
    assert CALLS == ["first", "first"]
