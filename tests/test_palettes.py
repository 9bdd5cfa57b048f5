"""Every palette can be told apart by people of any colour vision, and the sequential ones in grey too.

The sight of people without one kind of cone is simulated by Machado, Oliveira and Fernandes (2009), severity 1, on
linear colours; differences are CIE 1976 (ΔE*ab): 2.3 is a just noticeable difference, so 10 is told apart with ease.
"""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import numpy.typing as npt
import pytest

from hjp_geo.maps.shades import DIVERGING, FEW_SHADE, WORSE_IS_DARKER
from hjp_geo.screens.gaps import GAP_COLOURS
from hjp_geo.screens.paint import OVERLAP_PALETTE
from hjp_geo.screens.takeup import CLASSES as TAKE_UP

SEQUENTIAL_LIMIT, DIVERGING_LIMIT, BIVARIATE_LIMIT, FEW_LIMIT = 10.0, 20.0, 18.0, 10.0

SIGHT: dict[str, list[list[float]]] = {
    "normal": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}
TO_XYZ = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]]
WHITE = [0.95047, 1.0, 1.08883]


def lab(colours: tuple[str, ...], sight: str = "normal") -> npt.NDArray[np.float64]:
    """CIE L*a*b* (D65) of colours as somebody of this sight sees them, one row each."""
    bytes_ = np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in colours]) / 255
    linear = np.where(bytes_ <= 0.04045, bytes_ / 12.92, ((bytes_ + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.array(SIGHT[sight]).T, 0, 1)
    ratio = seen @ np.array(TO_XYZ).T / WHITE
    x, y, z = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116).T
    return np.column_stack([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def apart(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> float:
    return float(np.linalg.norm(one - other))


def test_the_measure_itself():
    """White is L* 100 and black 0, so they are 100 apart; for a grey nobody's sight changes anything."""
    assert apart(*lab(("#ffffff", "#000000"))) == pytest.approx(100, abs=0.1)
    for sight in SIGHT:
        assert apart(lab(("#808080",), sight)[0], lab(("#808080",))[0]) < 0.5
    # red and green of one lightness meet for people without green cones, and are far apart for others
    assert apart(*lab(("#c05040", "#808020"), "deuteranopia")) < 0.5 * apart(*lab(("#c05040", "#808020")))


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("family", WORSE_IS_DARKER)
def test_neighbouring_classes_of_a_sequential_palette_differ(family: str, sight: str):
    seen = lab(WORSE_IS_DARKER[family], sight)
    assert min(apart(one, other) for one, other in pairwise(seen)) >= SEQUENTIAL_LIMIT


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("family", WORSE_IS_DARKER)
def test_a_sequential_palette_darkens_all_the_way(family: str, sight: str):
    """So that it reads in grey, on a black-and-white print, and without any colour vision."""
    lightness = lab(WORSE_IS_DARKER[family], sight)[:, 0]
    assert (np.diff(lightness) < -4).all()


@pytest.mark.parametrize("sight", SIGHT)
def test_any_two_colours_of_a_difference_map_differ(sight: str):
    assert min(apart(*pair) for pair in combinations(lab(DIVERGING, sight), 2)) >= DIVERGING_LIMIT


@pytest.mark.parametrize("sight", SIGHT)
def test_the_middle_of_a_difference_map_is_the_lightest(sight: str):
    lightness = lab(DIVERGING, sight)[:, 0]
    assert lightness.argmax() == len(DIVERGING) // 2


@pytest.mark.parametrize("sight", SIGHT)
def test_any_two_of_the_nine_colours_of_an_overlap_differ(sight: str):
    assert len(OVERLAP_PALETTE) == 9
    assert min(apart(*pair) for pair in combinations(lab(OVERLAP_PALETTE, sight), 2)) >= BIVARIATE_LIMIT


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("family", WORSE_IS_DARKER)
def test_few_cases_look_like_no_class(family: str, sight: str):
    few, *classes = lab((FEW_SHADE, *WORSE_IS_DARKER[family]), sight)
    assert min(apart(few, one) for one in classes) >= FEW_LIMIT


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize(
    "colours", [tuple(GAP_COLOURS.values()), tuple(colour for *_, colour, _words in TAKE_UP)], ids=["gaps", "take-up"]
)
def test_any_two_colours_of_the_named_classes_differ(colours: tuple[str, ...], sight: str):
    assert min(apart(*pair) for pair in combinations(lab(colours, sight), 2)) >= SEQUENTIAL_LIMIT
