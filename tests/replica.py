"""The local replica of every publisher, run as its own process, and the faults it can be told to have."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Replica:
    """A running replica; ``base`` is what ``HJP_GEO_MIRROR`` would be set to."""

    base: str

    @contextmanager
    def having(self, *rules: dict[str, Any]) -> Iterator[None]:
        """The faults stand while the block lasts."""
        self._ask("POST", json.dumps({"rules": rules, "replace": True}).encode())
        try:
            yield
        finally:
            self._ask("DELETE", None)

    def _ask(self, method: str, body: bytes | None) -> None:
        request = urllib.request.Request(f"{self.base}/__faults__", data=body, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            answer.read()


@contextmanager
def running_replica(shared: Path) -> Iterator[Replica]:
    """A replica on a free port while the block lasts."""
    command = [sys.executable, str(shared / "replica" / "serve.py"), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            base = process.stdout.readline().strip()
            assert base.startswith("http://127.0.0.1:"), f"the replica did not start: {base!r}"
            yield Replica(base)
        finally:
            process.terminate()
