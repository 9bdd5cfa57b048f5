"""Text from data on a page: always text, never markup."""

from __future__ import annotations

import re

__all__ = ["escaped"]

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|~$:<>])")


def escaped(text: str) -> str:
    """Text from data as plain text: neither markup nor Markdown in it has any effect."""
    return _MARKDOWN.sub(r"\\\1", text)
