"""Locks between processes, for what two must not do at once. The system frees those of a process that was killed."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from hjp_geo.errors import PlanError

__all__ = ["alive", "left_behind", "locked"]

PATIENCE_SECONDS = 600.0
_LOOK_AGAIN_SECONDS = 0.05
_NOT_SUPPORTED = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}


@contextmanager
def locked(cache: Path, name: str, *, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Nobody else holds the lock of that name in a cache folder while the block lasts.

    ``waiting`` is called once where another process holds it. Raises `PlanError` when it still does after ten minutes.
    The file of a lock stays, empty, in ``locks/``: taking it away would let two processes hold two locks of one name.
    A file system that knows no locks is trusted to have one user.
    """
    path = cache / "locks" / f"{name}.lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+")
    except OSError as error:
        raise PlanError(f"{path} cannot be made ({error}). Give a cache folder that can be written to.") from error
    with file:
        _wait(file, name, cache, waiting)
        yield  # closing the file frees the lock


@contextmanager
def alive(path: Path) -> Iterator[None]:
    """Others can tell by a file, which is gone afterwards, that the process that made it still lives."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("a+") as file:
            _taken(file)
            yield
    finally:
        path.unlink(missing_ok=True)


def left_behind(path: Path) -> bool:
    """Whether the process that made a file with `alive` was killed; never where the file system knows no locks."""
    try:
        with path.open("r+") as file:
            _lock(file.fileno())
            return True
    except OSError:  # it is held, or gone, or nothing tells
        return False


def _wait(file: IO[str], name: str, cache: Path, waiting: Callable[[], None]) -> None:
    deadline, said = time.monotonic() + PATIENCE_SECONDS, False
    while not _taken(file):
        if not said:
            waiting()
            said = True
        if time.monotonic() > deadline:
            raise PlanError(
                f"Another hjp-geo has been working on {name} in {cache} for {PATIENCE_SECONDS / 60:.0f} minutes. "
                "Let it finish, or end it, and try again."
            )
        time.sleep(_LOOK_AGAIN_SECONDS)


def _taken(file: IO[str]) -> bool:
    try:
        _lock(file.fileno())
    except (BlockingIOError, PermissionError):
        return False
    except OSError as error:
        if error.errno in _NOT_SUPPORTED:
            return True
        raise
    return True


if os.name == "posix":
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

else:  # pragma: no cover - Windows
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
