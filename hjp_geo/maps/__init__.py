"""Maps beyond the screen: geometry for browsers, colours, pictures for documents, one file that needs no internet.

`hjp_geo.maps.picture` draws and `hjp_geo.maps.standalone` writes the one file; they are imported where they are used,
because their libraries take a second to load.
"""

from hjp_geo.maps.classes import CLASSINGS, NOT_KNOWN, classed, read_limits
from hjp_geo.maps.content import MapContent, Points
from hjp_geo.maps.geometry import MOST_POLYGONS, PlaceGeometry, level_geometry, part_geometry, place_geometry
from hjp_geo.maps.shades import DIVERGING, FEW_SHADE, WORSE_IS_DARKER, Shades, fifths

__all__ = [
    "CLASSINGS",
    "DIVERGING",
    "FEW_SHADE",
    "MOST_POLYGONS",
    "NOT_KNOWN",
    "WORSE_IS_DARKER",
    "MapContent",
    "PlaceGeometry",
    "Points",
    "Shades",
    "classed",
    "fifths",
    "level_geometry",
    "part_geometry",
    "place_geometry",
    "read_limits",
]
