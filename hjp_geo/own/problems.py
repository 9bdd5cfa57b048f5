"""What is wrong with a file that a user brings, cell by cell, in words to act on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from hjp_geo.errors import PlanError

__all__ = ["OwnFileError", "Problem", "in_words"]

_MOST_VALUE = 40


@dataclass(frozen=True)
class Problem:
    """One cell that cannot be taken (error), or that is taken but should be looked at (warning)."""

    level: Literal["error", "warning"]
    row: int
    """As a spreadsheet numbers it: the header is row 1. 0 where it is about the file as a whole."""
    column: str
    value: str
    rule: str

    def __post_init__(self) -> None:
        plain = "".join(sign if sign.isprintable() else " " for sign in self.value)
        object.__setattr__(self, "value", plain[:_MOST_VALUE] + ("…" if len(plain) > _MOST_VALUE else ""))

    def __str__(self) -> str:
        where = f"row {self.row:,}, {self.column}" if self.row else self.column
        found = f"'{self.value}' " if self.value else ""
        return f"{where}: {found}{self.rule}"


class OwnFileError(PlanError):
    """A file that was not taken; ``problems`` holds the cells at fault, none where the file as a whole is."""

    def __init__(self, message: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


def in_words(problems: Sequence[Problem]) -> str:
    """How many errors there are and in how many rows, in one sentence."""
    errors = [one for one in problems if one.level == "error"]
    rows = len({one.row for one in errors})
    return f"{_count(len(errors), 'error')} in {_count(rows, 'row')}."


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
