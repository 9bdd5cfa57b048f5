"""Classes of the map: every known value in one, missing in none, and natural breaks as good as listing every choice."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hjp_geo.errors import PlanError
from hjp_geo.maps import CLASSINGS, NOT_KNOWN, classed, read_limits

numbers = st.lists(st.integers(-50, 50).map(float), min_size=1, max_size=12)


@given(numbers, st.sampled_from(sorted(CLASSINGS)))
def test_every_known_value_has_a_class_in_order_and_missing_has_none(values: list[float], method: str) -> None:
    series = pd.Series([*values, np.nan])
    classes, labels = classed(series, method)
    assert classes[-1] == NOT_KNOWN
    assert len(set(values)) == 1 or classes[:-1].max() < len(labels) <= 5
    order = np.argsort(values, kind="stable")
    assert (np.diff(classes[:-1][order].astype(int)) >= 0).all()


@given(st.lists(st.integers(-50, 50).map(float), min_size=6, max_size=9, unique=True))
def test_natural_breaks_leave_the_least_variance_of_any_five_classes(values: list[float]) -> None:
    ordered = np.sort(values)

    def within(cuts: tuple[int, ...]) -> float:
        return sum(((part - part.mean()) ** 2).sum() for part in np.split(ordered, cuts))

    least = min(within(cuts) for cuts in combinations(range(1, len(ordered)), 4))
    classes, _ = classed(pd.Series(ordered), "natural")
    assert sum(((p - p.mean()) ** 2).sum() for k in range(5) if (p := ordered[classes == k]).size) == pytest.approx(
        least
    )


def test_natural_breaks_find_the_gap_that_equal_steps_miss() -> None:
    # two clumps and a far one: 0 1 2 · 10 11 · 100
    classes, labels = classed(pd.Series([0.0, 1, 2, 10, 11, 100]), "natural")
    assert len(labels) == 5
    assert classes[5] > classes[4] > classes[2]
    assert classed(pd.Series([0.0, 1, 2, 10, 11, 100]), "equal")[0].tolist() == [0, 0, 0, 0, 0, 4]


def test_fixed_limits_are_the_readers_own() -> None:
    classes, labels = classed(pd.Series([5.0, 10, 25, 70]), "fixed", read_limits("10, 20"))
    assert classes.tolist() == [0, 1, 2, 2]
    assert labels == ("5 to 10", "10 to 20", "20 to 70")


@pytest.mark.parametrize("text", ["", "a,b", "3,2", "1,2,3,4,5", "nan", "inf"])
def test_limits_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(PlanError, match="class limits"):
        read_limits(text)
