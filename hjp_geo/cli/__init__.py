"""The ``hjp-geo`` command. Exit codes: 0 done, 1 the user's input, 2 the publisher's or the network's fault, 3 ours."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

import click

from hjp_geo.cli import (
    assess,
    data,
    deserts,
    journeys,
    locate,
    own,
    questions,
    report,
    running,
    scenario,
    takeup,
    trust,
)
from hjp_geo.cli.root import commands
from hjp_geo.errors import HjpError

__all__ = ["main"]

_SECTIONS = (assess, data, deserts, journeys, locate, own, questions, report, running, scenario, takeup, trust)
"""The modules whose commands belong to the group; importing them is what adds them."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and leave with its exit code; a failure is one line on standard error, never a traceback."""
    sys.exit(_run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    try:
        code = commands.main(args=arguments, prog_name="hjp-geo", standalone_mode=False)
    except HjpError as error:
        return _fail(str(error), error.exit_code)
    except click.ClickException as error:
        return _fail(f"{error.format_message()} See `hjp-geo --help`.", 1)
    except (click.Abort, KeyboardInterrupt):
        return _fail("Stopped. What was there before is still in use.", 130)
    except BrokenPipeError:
        return 0
    except Exception as error:  # noqa: BLE001 - the last door: whatever it is, the user gets one line
        if os.environ.get("HJP_GEO_DEBUG"):
            traceback.print_exc()
        kind = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no detail'}"
        return _fail(f"This is our fault ({kind}). Run it again with HJP_GEO_DEBUG=1 and send us what it prints.", 3)
    return int(code or 0)


def _fail(message: str, code: int) -> int:
    print(f"hjp-geo: {message}", file=sys.stderr)
    return code
