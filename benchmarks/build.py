"""Claim: England is fetched from a near mirror and built, from nothing, in under 60 s each and under 2 GB of memory,
and a second fetch with nothing new downloads nothing but the publishers' indexes.

    python benchmarks/build.py [--mirror http://127.0.0.1:8765] [--shared ../shared] [--times 1]

Fetch and build run as the user runs them, as commands of their own in an empty cache folder, so that seconds and peak
memory are theirs alone (hjp-geo starts no other process). Without --mirror the replica of the shared folder is started
for the purpose; what it sent is read from its own log. The replica answers 502 for the hosts it has no data of, which
a fetch of everything asks again with pauses: the last fetch is of the sources that are held, and has no such pauses.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import tomllib
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import duckdb

ROOT = Path(__file__).resolve().parents[1]
MOST_SECONDS, MOST_GB, MOST_INDEX_MB = 60, 2.0, 1.0
GONE_WRONG = 400


@contextlib.contextmanager
def mirror_of(shared: Path) -> Iterator[str]:
    """The address of a replica that runs while the block lasts."""
    command = [sys.executable, str(shared / "replica" / "serve.py"), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def measured(*arguments: str) -> tuple[float, float, float]:
    """Seconds, seconds of processor time and peak gigabytes of one ``hjp-geo`` command."""
    started = time.perf_counter()
    with tempfile.TemporaryFile() as errors:
        command = [sys.executable, "-m", "hjp_geo", *arguments]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=errors)
        _, status, used = os.wait4(process.pid, 0)  # of this process alone: RUSAGE_CHILDREN gives the largest of all
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            sys.exit(f"hjp-geo {' '.join(arguments)} left with {process.returncode}: {errors.read().decode()}")
    return time.perf_counter() - started, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024**2


def answers(mirror: str) -> list[dict[str, int]]:
    """What a replica has answered so far; nothing where the mirror keeps no log."""
    try:
        with urllib.request.urlopen(f"{mirror}/__log__") as response:
            said = json.load(response)
    except (OSError, ValueError):
        return []
    return list(said if isinstance(said, list) else next(one for one in said.values() if isinstance(one, list)))


def megabytes(folder: Path) -> float:
    """The size of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def run(mirror: str) -> bool:
    """Fetch and build once; whether all keep the limits."""
    kept = True
    print(f"{'':<24}{'seconds':>9}{'processor':>11}{'peak GB':>9}{'answers':>9}{'refused':>9}{'MB sent':>10}")
    with tempfile.TemporaryDirectory(prefix="hjp-geo-benchmark-") as cache:
        for label, command in (
            ("fetch", "fetch"),
            ("fetch, nothing new", "fetch"),
            ("the same, of those held", "fetch"),
            ("build", "build"),
        ):
            held = tomllib.loads((Path(cache) / "releases.toml").read_text("utf-8")) if "held" in label else ()
            before = len(answers(mirror))
            arguments = () if command == "build" else ("--mirror", mirror)
            seconds, processor, peak = measured("--cache", cache, command, *held, *arguments)
            said = answers(mirror)[before:]
            sent, refused = sum(one["bytes"] for one in said) / 1e6, sum(one["status"] >= GONE_WRONG for one in said)
            kept &= seconds < MOST_SECONDS and peak < MOST_GB
            kept &= label in ("fetch", "build") or sent < MOST_INDEX_MB
            line = f"{label:<24}{seconds:>9.1f}{processor:>11.1f}{peak:>9.2f}{len(said):>9}{refused:>9}{sent:>10.2f}"
            print(line, flush=True)
        raw, warehouse = megabytes(Path(cache) / "raw"), (Path(cache) / "hjp.duckdb").stat().st_size / 1e6
        print(f"on disk: {raw:.1f} MB as published, {warehouse:.1f} MB in the warehouse")
    return kept


def main() -> None:
    """Measure as often as asked; leave with an error where a limit is not kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mirror", help="a base address; else a replica is started")
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    parser.add_argument("--times", type=int, default=1)
    options = parser.parse_args()
    print(f"Python {platform.python_version()}, DuckDB {duckdb.__version__}, {os.cpu_count()} cores")
    with contextlib.nullcontext(options.mirror) if options.mirror else mirror_of(options.shared) as mirror:
        kept = [run(mirror) for _ in range(options.times)]
    if not all(kept):
        sys.exit(f"Over {MOST_SECONDS} s, {MOST_GB:g} GB, or {MOST_INDEX_MB:g} MB sent with nothing new.")


if __name__ == "__main__":
    main()
