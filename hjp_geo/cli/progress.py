"""How far long work is: live lines in a terminal, a plain line now and then in a pipe."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import Self

__all__ = ["Board", "how_far"]

_MOST_LINES = 8
_REDRAW_SECONDS = 0.1
_PLAIN_SECONDS = 10.0


@dataclass
class _Work:
    """What one thing under way last said of itself, and where it began."""

    done: int = 0
    total: int | None = None
    unit: str = "waiting"
    began: float = 0.0
    began_at: int = 0
    said: float = 0.0

    @property
    def rate(self) -> float:
        """How much comes in a second; 0 before that can be told."""
        seconds = time.monotonic() - self.began
        return (self.done - self.began_at) / seconds if seconds > 0.5 else 0.0


def how_far(done: int, total: int | None, unit: str, rate: float) -> str:
    """A report in words: how much of how much, how fast, how long still.

    >>> how_far(3_200_000, 9_600_000, "bytes", 1_600_000)
    '3.2 of 9.6 MB, 1.6 MB a second, 4 s left'
    >>> how_far(2_000, 33_755, "rows", 0)
    '2,000 of 33,755 rows'
    """
    if not done and total is None:
        return unit
    size, form, word = (1e6, ",.1f", "MB") if unit == "bytes" else (1.0, ",.0f", unit)
    of = "" if total is None else f" of {total / size:{form}}"
    parts = [f"{done / size:{form}}{of} {word}"]
    if rate > 0:
        parts.append(f"{rate / size:{form}} {word} a second")
        if total is not None:
            parts.append(f"{max(total - done, 0) / rate:,.0f} s left")
    return ", ".join(parts)


@dataclass
class Board:
    """The lines of all that is under way, on standard error; threads may report at once.

    In a terminal they are drawn in place and wiped at the end. In a pipe each gives a plain line every ten seconds,
    and none where it is over sooner.
    """

    _work: dict[str, _Work] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _drawn: int = 0
    _last: float = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        with self._lock:
            self._wipe()

    def report(self, name: str, done: int, total: int | None, unit: str) -> None:
        """Take what one thing under way says."""
        now = time.monotonic()
        with self._lock:
            work = self._work.get(name)
            if work is None or work.unit != unit or done < work.done:
                said = work.said if work else now
                work = self._work[name] = _Work(began=now, began_at=done, said=said)
            work.done, work.total, work.unit = done, total, unit
            if sys.stderr.isatty():
                self._draw(now)
            elif now - work.said >= _PLAIN_SECONDS:
                work.said = now
                print(self._line(name, work), file=sys.stderr, flush=True)

    def over(self, name: str) -> None:
        """One thing is no longer under way; its line goes, so that what is printed next stands alone."""
        with self._lock:
            self._work.pop(name, None)
            self._wipe()

    def _draw(self, now: float) -> None:
        if now - self._last < _REDRAW_SECONDS:
            return
        self._last = now
        width = shutil.get_terminal_size().columns - 1
        lines = [self._line(name, work)[:width] for name, work in list(self._work.items())[:_MOST_LINES]]
        if len(self._work) > _MOST_LINES:
            lines.append(f"… and {len(self._work) - _MOST_LINES} more")
        self._wipe()
        print("\n".join(lines), file=sys.stderr, flush=True)
        self._drawn = len(lines)

    def _wipe(self) -> None:
        if self._drawn:
            print(f"\033[{self._drawn}F\033[J", end="", file=sys.stderr, flush=True)
            self._drawn = 0

    @staticmethod
    def _line(name: str, work: _Work) -> str:
        return f"{name}: {how_far(work.done, work.total, work.unit, work.rate)}"
