"""The self-check page: the published cases, run on this installation and the loaded data."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from hjp_geo.areas import Table
from hjp_geo.screens.state import evidence
from hjp_geo.screens.style import apply_style
from hjp_geo.screens.working import forget, worked
from hjp_geo.selfcheck import self_check

__all__ = ["page"]


def page() -> None:
    """Draw the self-check page."""
    known = evidence()
    apply_style()
    st.title("Can these numbers be trusted?")
    st.markdown(
        "Published answers, computed again by the program that runs here. A case passes if it comes as near as its "
        "source printed it. The larger cases, such as every English area's index, run in the project's tests."
    )
    if not st.button("Run the checks", type="primary"):
        return
    forget("self-check")
    checked = worked("self-check", known.build_id, lambda _report: self_check(known), "Computing")
    if checked is None:
        return
    _verdict(checked)
    shown = checked.assign(passed=checked["passed"].map({True: "pass", False: "FAIL"}))
    columns = ["passed", "subject", "what", "expected", "found", "within", "source"]
    st.dataframe(shown[columns].rename(columns=_LABELS), hide_index=True)


def _verdict(checked: Table) -> None:
    passed, count = int(checked["passed"].sum()), len(checked)
    if passed == count:
        st.success(f"All {count} cases passed.")
    else:
        failed = pd.unique(checked.loc[~checked["passed"], "subject"])
        st.error(f"{count - passed} of {count} cases failed ({', '.join(failed)}). Do not quote figures from here.")


_LABELS = {
    "passed": "Result",
    "subject": "Subject",
    "what": "What is computed",
    "expected": "Published",
    "found": "Found here",
    "within": "May differ by",
    "source": "Source",
}
