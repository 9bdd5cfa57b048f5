"""hjp-geo: where people need free legal advice, where they cannot get it, and where a partnership should go."""

__all__ = ["__version__"]

__version__ = "0.1.0"
