"""The group that every command belongs to, and the options they share."""

from __future__ import annotations

from pathlib import Path

import click

from hjp_geo import __version__

__all__ = ["commands"]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="hjp-geo")
@click.option(
    "--cache",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="HJP_GEO_CACHE",
    default=Path("cache"),
    show_default=True,
    help="The folder of downloads and the warehouse (or set HJP_GEO_CACHE).",
)
@click.pass_context
def commands(context: click.Context, cache: Path) -> None:
    """Where people need free legal advice, where they cannot get it, and where a partnership should go."""
    context.obj = cache
