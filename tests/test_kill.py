"""Kill −9 at fifty random moments of fetch and build: the last warehouse answers every time, the next run finishes.

The made-up system's files make each run short. Each run is a process that has everything imported before it is told
what to do, so that the moments fall into the work and not into Python's start. They take about three minutes;
`HJP_GEO_MOMENTS` sets how many of each there are. A full disk is a small file system of its own, where one can be had
(Linux, root); else that test is skipped and says so.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hjp_geo.errors import HjpError
from hjp_geo.evidence import Evidence
from hjp_geo.plan import Plan, answer
from hjp_geo.record import releases
from hjp_geo.source import is_whole

pytestmark = pytest.mark.skipif(os.name != "posix", reason="kill −9 is tested on POSIX")

MOMENTS = int(os.environ.get("HJP_GEO_MOMENTS", "25"))  # of each: fetch and build
SEED = 20261124
WAITING = """
import sys
import duckdb, geopandas, pyarrow.csv
import hjp_geo.cli
print("ready", flush=True)
hjp_geo.cli.main(sys.stdin.readline().rstrip("\\n").split("\\t"))
"""


class Runs:
    """Runs of the command line, each a process that has imported everything before it is told what to do."""

    def __init__(self) -> None:
        self._ready = [self._start(), self._start()]

    def run(self, *arguments: str, killed_after: float | None = None) -> int:
        """The exit code of a run; negative where it was killed, after so many seconds, before its end."""
        process = self._ready.pop(0)
        self._ready.append(self._start())  # it imports while this one works
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.stdin.write("\t".join(arguments) + "\n")
        process.stdin.close()
        try:
            return process.wait(killed_after or 120)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()
        finally:
            process.stdout.close()

    def close(self) -> None:
        """End those that were never told what to do."""
        for process in self._ready:
            process.kill()
            process.communicate()

    @staticmethod
    def _start() -> subprocess.Popen[str]:
        streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        return subprocess.Popen([sys.executable, "-c", WAITING], text=True, **streams)


@pytest.fixture(scope="module")
def runs() -> Iterator[Runs]:
    some = Runs()
    yield some
    some.close()


@pytest.fixture
def cache(made_up_cache: Path, tmp_path: Path) -> Path:
    """A cache folder of its own with everything fetched and built."""
    return Path(shutil.copytree(made_up_cache, tmp_path / "cache"))


def headline(cache: Path) -> str:
    """The answer to one question, from the warehouse as it stands."""
    evidence = Evidence.load(cache)
    found = answer(Plan(), evidence)
    return f"{evidence.built} {len(evidence.areas)} {float(found.areas['need'].sum()):.9f}"


def timed(runs: Runs, *arguments: str) -> float:
    began = time.perf_counter()
    assert runs.run(*arguments) == 0
    return time.perf_counter() - began


def forget_downloads(cache: Path) -> None:
    (cache / "releases.toml").unlink(missing_ok=True)
    shutil.rmtree(cache / "raw", ignore_errors=True)


def test_a_fetch_killed_at_any_moment(runs: Runs, cache: Path, made_up_mirror: Path):
    fetching = ("--cache", str(cache), "fetch", "--mirror", str(made_up_mirror))
    before, whole = headline(cache), set(releases(cache))
    forget_downloads(cache)
    seconds = timed(runs, *fetching)
    moments, killed = random.Random(SEED), 0
    for number in range(MOMENTS):
        if number % 5 == 0:
            forget_downloads(cache)
        killed += runs.run(*fetching, killed_after=moments.uniform(0.02, seconds)) < 0
        held = releases(cache)
        assert all(is_whole(release, cache) for release in held.values())
        if number % 5 == 4:
            assert headline(cache) == before
            assert runs.run(*fetching) == 0
            assert set(releases(cache)) == whole
    assert killed >= 1
    assert runs.run("--cache", str(cache), "build") == 0
    assert headline(cache).split(" ", 1)[1] == before.split(" ", 1)[1]


def test_a_build_killed_at_any_moment(runs: Runs, cache: Path):
    building = ("--cache", str(cache), "build")
    before = headline(cache).split(" ", 1)[1]
    seconds = timed(runs, *building)
    moments, killed = random.Random(SEED + 1), 0
    for _ in range(MOMENTS):
        killed += runs.run(*building, killed_after=moments.uniform(0.02, seconds)) < 0
        assert headline(cache).split(" ", 1)[1] == before
    assert killed >= 1
    assert runs.run(*building) == 0
    assert headline(cache).split(" ", 1)[1] == before


def test_a_build_while_the_warehouse_is_read(runs: Runs, cache: Path):
    before = headline(cache).split(" ", 1)[1]
    said, over = list[str](), threading.Event()

    def keep_asking() -> None:
        while not over.is_set():
            try:
                said.append(headline(cache).split(" ", 1)[1])
            except HjpError as error:
                said.append(str(error))

    reader = threading.Thread(target=keep_asking)
    reader.start()
    try:
        assert [runs.run("--cache", str(cache), "build") for _ in range(2)] == [0, 0]
    finally:
        over.set()
        reader.join()
    assert set(said) == {before}


def test_two_fetches_of_the_same_sources_at_once(cache: Path, made_up_mirror: Path):
    whole = set(releases(cache))
    forget_downloads(cache)
    command = [sys.executable, "-m", "hjp_geo", "--cache", str(cache), "fetch", "--mirror", str(made_up_mirror)]
    both = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    for one in both:
        _, errors = one.communicate(timeout=120)
        assert one.returncode == 0, errors
    held = releases(cache)
    assert set(held) == whole
    assert all(is_whole(release, cache) for release in held.values())
    assert list((cache / "raw").rglob(".partial-*")) == []


# --- a full disk -----------------------------------------------------------------------------------------------------


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A file system of its own that holds no more; the test is skipped where none can be mounted."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "hjp-geo-test", str(folder)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no small file system can be mounted here (needs Linux and root)")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def fill(path: Path) -> None:
    """Leave almost nothing free of the disk."""
    path.write_bytes(b"0" * max(0, shutil.disk_usage(path.parent).free - 40_000))


def hjp_geo(*arguments: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "hjp_geo", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, done.stderr


def test_a_full_disk_loses_nothing(cache: Path, made_up_mirror: Path, tmp_path: Path):
    size = sum(path.stat().st_size for path in cache.rglob("*") if path.is_file()) / 1e6
    with small_disk(tmp_path / "disk", int(size * 1.1) + 2) as disk:
        mine = disk / "cache"
        shutil.copytree(cache, mine)
        before, held = headline(mine), {name: one.sha256 for name, one in releases(mine).items()}
        fill(disk / "filler")
        code, said = hjp_geo("--cache", str(mine), "build")
        assert code == 1, said
        assert "The last one is still in use" in said
        assert "Traceback" not in said
        shutil.rmtree(mine / "raw" / "iod25")  # so that it must come again
        fill(disk / "more filler")
        code, said = hjp_geo("--cache", str(mine), "fetch", "iod25", "qof_prevalence", "--mirror", str(made_up_mirror))
        assert code == 1, said
        assert "No space left on device" in said
        assert "Free some space" in said
        assert "Traceback" not in said
        assert headline(mine) == before
        assert {name: one.sha256 for name, one in releases(mine).items()} == held
        (disk / "filler").unlink()
        (disk / "more filler").unlink()
        assert hjp_geo("--cache", str(mine), "fetch", "--mirror", str(made_up_mirror))[0] == 0
        assert headline(mine) == before
