"""Claim: England is fetched from a near mirror and built, from nothing, in under 60 s each and under 2 GB of memory.

    python benchmarks/build.py [--mirror http://127.0.0.1:8765] [--shared ../shared] [--times 1]

Fetch and build run as the user runs them, as commands of their own in an empty cache folder, so that seconds and peak
memory are theirs alone. Without --mirror the replica of the shared folder is started for the purpose.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb

ROOT = Path(__file__).resolve().parents[1]
MOST_SECONDS, MOST_GB = 60, 2.0


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
    process = subprocess.Popen([sys.executable, "-m", "hjp_geo", *arguments], cwd=ROOT, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)  # of this process alone: RUSAGE_CHILDREN gives the largest of all
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"hjp-geo {' '.join(arguments)} left with exit code {process.returncode}.")
    return time.perf_counter() - started, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024**2


def megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def run(mirror: str) -> bool:
    """Fetch and build once; whether both keep the limits."""
    kept = True
    with tempfile.TemporaryDirectory(prefix="hjp-geo-benchmark-") as cache:
        for label, arguments in {
            "fetch": ("fetch", "--mirror", mirror),
            "fetch again": ("fetch", "--mirror", mirror),
            "build": ("build",),
        }.items():
            seconds, processor, peak = measured("--cache", cache, *arguments)
            kept &= seconds < MOST_SECONDS and peak < MOST_GB
            print(
                f"{label:<14}{seconds:>8.1f} s  ({processor:.1f} s of processor time)  peak {peak:.2f} GB", flush=True
            )
        raw, warehouse = megabytes(Path(cache) / "raw"), (Path(cache) / "hjp.duckdb").stat().st_size / 1e6
        print(f"{'on disk':<14}{raw:>8.1f} MB as published, {warehouse:.1f} MB in the warehouse")
    return kept


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mirror", help="a base address or folder; else a replica is started")
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    parser.add_argument("--times", type=int, default=1)
    options = parser.parse_args()
    print(f"Python {platform.python_version()}, DuckDB {duckdb.__version__}, {os.cpu_count()} cores")
    with contextlib.nullcontext(options.mirror) if options.mirror else mirror_of(options.shared) as mirror:
        kept = [run(mirror) for _ in range(options.times)]
    if not all(kept):
        sys.exit(f"Over {MOST_SECONDS} s or {MOST_GB:g} GB.")


if __name__ == "__main__":
    main()
