"""How publishers are asked: who we say we are, how long between two requests, and what a user may set for a host."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from hjp_geo.errors import PlanError

__all__ = ["USER_AGENT", "Manners", "manners_of", "read_manners"]

USER_AGENT = (
    "hjp-geo/0.1 (open-source planning tool for health justice partnerships; +https://pypi.org/project/hjp-geo/)"
)


@dataclass(frozen=True)
class Manners:
    """How one host is asked: who we say we are, and the least pause between two requests."""

    user_agent: str = USER_AGENT
    pause_seconds: float = 0.2


_MANNERS = {
    "www.gov.uk": Manners(pause_seconds=1.0),  # its interfaces allow some ten a second: stay far below
    "api.postcodes.io": Manners(pause_seconds=0.5),  # a free service: two questions of 100 postcodes a second
}


def manners_of(host: str) -> Manners:
    """How a host is asked where the user has not set it."""
    return _MANNERS.get(host) or Manners()


def read_manners(path: Path) -> dict[str, Manners]:
    """How single hosts are to be asked, from a file of the user's; nothing where there is none.

    TOML, one table a host: ``["digital.nhs.uk"]`` with ``user_agent`` and ``pause_seconds``. Raises `PlanError`.
    """
    if not path.is_file():
        return {}
    try:
        hosts = {name: Manners(**table) for name, table in tomllib.loads(path.read_text("utf-8")).items()}
        wrong = [
            name
            for name, one in hosts.items()
            if not isinstance(one.user_agent, str) or not float(one.pause_seconds) >= 0
        ]
    except (ValueError, TypeError) as error:
        raise PlanError(
            f'{path} cannot be read ({error}). Expected, for each host, a table ["HOST"] with user_agent and '
            "pause_seconds."
        ) from error
    if wrong:
        raise PlanError(f"{path}: {wrong[0]} needs a user_agent that is text, and pause_seconds of 0 or more.")
    return hosts
