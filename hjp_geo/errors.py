"""What can go wrong, in the words of the person who must act on it.

Every error says what was found, what was expected and what to do next. Each class is also the built-in type that a
Python caller would expect, and carries the exit code of the command line: 1 the user's input, 2 the publisher's or
the network's fault, 3 ours.
"""

__all__ = [
    "GeographyError",
    "HjpError",
    "PlanError",
    "SchemaError",
    "SourceError",
    "WarehouseError",
]


class HjpError(Exception):
    """Any failure that hjp-geo explains to its user."""

    exit_code = 3


class PlanError(HjpError, ValueError):
    """The user's question cannot be answered as asked: an unknown place, a negative weight, a missing file."""

    exit_code = 1


class GeographyError(HjpError, ValueError):
    """Codes, vintages or coordinates that do not fit together."""

    exit_code = 1


class SourceError(HjpError, OSError):
    """A publisher or the network did not deliver what it promised."""

    exit_code = 2


class SchemaError(HjpError, ValueError):
    """A file arrived whole, but its layout or contents are not what the source declares."""

    exit_code = 2


class WarehouseError(HjpError, RuntimeError):
    """The DuckDB warehouse is missing, was built by another version, or cannot be written."""

    exit_code = 1
