"""A Streamlit server of one's own: started on a free port of 127.0.0.1, waited for, and stopped."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

READY_SECONDS = 60


@dataclass(frozen=True)
class Server:
    """A Streamlit server that is up: where it is, and what it has printed."""

    url: str
    log: Path
    process: subprocess.Popen[bytes]


@contextmanager
def serving(
    script: Path, arguments: tuple[str, ...], env: dict[str, str], cwd: Path, log: Path, port: int | None = None
) -> Iterator[Server]:
    port = port or free_port()
    settings = {
        "server.port": port,
        "server.address": "127.0.0.1",
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
    }
    flags = [f"--{name}={value}" for name, value in settings.items()]
    command = [sys.executable, "-m", "streamlit", "run", str(script), *flags, "--", *arguments]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, cwd=cwd, env={**os.environ, **env})
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_until_ready(f"{url}/_stcore/health", process, log)
            yield Server(url, log, process)
        finally:
            process.terminate()
            process.wait(timeout=20)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    give_up = time.monotonic() + READY_SECONDS
    while time.monotonic() < give_up:
        if process.poll() is not None:
            pytest.fail(f"the server stopped with code {process.returncode}:\n{log.read_text()}")
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    pytest.fail(f"the server was not ready after {READY_SECONDS} s:\n{log.read_text()}")
