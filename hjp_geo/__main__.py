"""``python -m hjp_geo`` is the ``hjp-geo`` command."""

from hjp_geo.cli import main

if __name__ == "__main__":
    main()
