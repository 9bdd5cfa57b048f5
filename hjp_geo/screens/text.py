"""Text from data on a page: always text, never markup."""

from __future__ import annotations

import re

__all__ = ["escaped", "escaped_label"]

_IN_A_LABEL = re.compile(r"([\\`*_\[\]~$:<>|])")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|~$:<>])")


_PICTURE = re.compile(r":(?=(?:material/|[A-Za-z+\-])[\w+\-]*:)")
"""How ``:material/home:`` or ``:smile:`` begins, which Streamlit draws even where the colon is escaped."""
_INVISIBLE = "\N{WORD JOINER}"


def escaped(text: str) -> str:
    """Text from data as plain text: neither markup nor Markdown in it has any effect."""
    return _MARKDOWN.sub(r"\\\1", _plain(text))


def escaped_label(text: str) -> str:
    """The same for the label of a widget, which is one line: fewer signs mean something there, and it is read aloud."""
    return _IN_A_LABEL.sub(r"\\\1", _plain(text))


def _plain(text: str) -> str:
    return _PICTURE.sub(f":{_INVISIBLE}", text)
