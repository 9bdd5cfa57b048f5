"""Find a Chromium for the browser tests; with ``--install`` get one if there is none.

Debian's own is preferred (`apt-get install chromium`), else Playwright's. The browser tests are never skipped for want
of a browser: whoever runs them is told what to install.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

WHAT_TO_DO = (
    "The browser tests need Chromium and none was found. Install Debian's (`apt-get install chromium`), or "
    "Playwright's (`.venv/bin/playwright install chromium`), or set HJP_GEO_CHROMIUM to one."
)


def chromium() -> str | None:
    """The path of a Chromium that is installed here, or None."""
    named = os.environ.get("HJP_GEO_CHROMIUM")
    for candidate in (named, "chromium", "chromium-browser", "google-chrome"):
        if candidate and (path := shutil.which(candidate)):
            return path
    return _playwrights_own()


def _playwrights_own() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).is_file() else None


def install() -> str | None:
    """Try Debian's package, then Playwright's download; the path of what came, or None."""
    for command in _ways():
        print(f"No Chromium here: trying {' '.join(command)} …", flush=True)
        done = subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
        if done.returncode == 0 and (path := chromium()):
            return path
    return None


def _ways() -> list[list[str]]:
    ways = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if shutil.which("apt-get"):
        as_root = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
        apt = [*as_root, "sh", "-c", "apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium"]
        ways.insert(0, apt)
    return ways


if __name__ == "__main__":
    found = chromium() or (install() if "--install" in sys.argv else None)
    if found is None:
        sys.exit(WHAT_TO_DO)
