"""A made-up Integrated Care System, written as its publishers' files.

`write_mirror` fills a folder laid out as HOST/PATH with every file that the sources ask for, in the publishers' own
layouts, so that the demo, the tests and the offline first run take the ordinary path: fetch, read, check, build. No
place, practice or adviser in it is real: an island in the North Sea, codes that no real area has, postcodes of an
area that does not exist.
"""

from hjp_geo.demo.mirror import write_mirror

__all__ = ["write_mirror"]
