"""Long work on a page: it runs beside the page, shows how far it is, and can be cancelled.

Streamlit runs a page from top to bottom and cannot stop a computation in the middle. So the work runs in a thread of
its own; the page looks at it a few times a second, and a click on Cancel is heard at once. Work that reports its
progress stops at its next report. Work that reports none runs on unseen to its end, and nobody waits for it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from hjp_geo.errors import HjpError
from hjp_geo.evidence import Evidence
from hjp_geo.plan import Answer, Plan
from hjp_geo.screens import kept
from hjp_geo.screens.state import stop_with

__all__ = ["Progress", "answered", "forget", "worked"]

T = TypeVar("T")
Progress = Callable[[float, str], None]
"""Called with the share done, 0 to 1, and what comes next."""

_LOOK_EVERY_SECONDS = 0.1
_SHOWN_AFTER_SECONDS = 0.4
"""Work that is done sooner shows nothing."""


class _CancelledError(Exception):
    """The reader does not want the result any more."""


@dataclass
class _Job:
    """One piece of work and how far it is; the thread writes, the page reads."""

    asked: object
    cancelled: threading.Event = field(default_factory=threading.Event)
    done: threading.Event = field(default_factory=threading.Event)
    share: float = 0.0
    what: str = ""
    result: Any = None
    error: BaseException | None = None

    def report(self, share: float, what: str) -> None:
        if self.cancelled.is_set():
            raise _CancelledError
        self.share, self.what = share, what

    def run(self, make: Callable[[Progress], Any]) -> None:
        try:
            self.result = make(self.report)
        except BaseException as error:  # noqa: BLE001 - raised again on the page, which is the one that can show it
            self.error = error
        finally:
            self.done.set()


def worked(key: str, asked: object, make: Callable[[Progress], T], words: str) -> T | None:
    """What the work makes, waited for; None where the reader cancelled it, which the page then says.

    ``asked`` says what was asked: while it is the same, the work is done once and kept for the session. The work must
    draw nothing. Raises what the work raises.
    """
    jobs: dict[str, _Job] = st.session_state.setdefault("work", {})
    job = jobs.get(key)
    if job is None or job.asked != asked:
        if job is not None:
            job.cancelled.set()
        job = jobs[key] = _Job(asked)
        threading.Thread(target=job.run, args=(make,), name=f"work {key}", daemon=True).start()
    place = st.empty()  # there in every run: what stands below keeps its place, or a map would be drawn anew
    if not job.done.wait(_SHOWN_AFTER_SECONDS) and not job.cancelled.is_set():
        _watch(place, key, job, words)
    if job.cancelled.is_set():
        _say_cancelled(place, key)
        return None
    if job.error is not None:
        del jobs[key]  # asked again, it is tried again
        raise job.error
    result: T = job.result
    return result


def answered(plan: Plan, known: Evidence) -> Answer:
    """The answer to a plan; a page that cannot have it, or whose reader cancelled it, says so and stops."""
    try:
        found = worked(
            "answer",
            (plan.to_json(), known.build_id, id(known)),  # with other own data the evidence is another
            lambda _report: kept.answered(plan, known),
            "Working it out",
        )
    except HjpError as error:
        stop_with(str(error))
    if found is None:
        st.stop()
    return found


def forget(key: str) -> None:
    """Let the work under this key be done anew when it is asked for next."""
    st.session_state.get("work", {}).pop(key, None)


def _watch(place: DeltaGenerator, key: str, job: _Job, words: str) -> None:
    """Show how far it is until it is done. A click anywhere ends this run of the page; the next one looks again."""
    with place.container():
        bar = st.progress(0.0, text=f"{words} …")
        st.button("Cancel", key=f"cancel-{key}", on_click=job.cancelled.set)
        began = time.monotonic()
        while not job.done.wait(_LOOK_EVERY_SECONDS) and not job.cancelled.is_set():
            seconds = time.monotonic() - began
            bar.progress(min(max(job.share, 0.0), 1.0), text=f"{job.what or words} … {seconds:.0f} s")
    place.empty()


def _say_cancelled(place: DeltaGenerator, key: str) -> None:
    with place.container():
        st.info("Cancelled: nothing was changed.")
        st.button("Start it again", key=f"again-{key}", on_click=forget, args=(key,))
