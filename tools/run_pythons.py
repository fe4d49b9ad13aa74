"""Runs the suite under each Python that the README names: `python tools/run_pythons.py [3.12 ...]`.

Interpreters are looked for on PATH (`python3.12`) and in `~/.pyenv/versions`.  Each gets an environment of its own,
`.venv-3.12`, and the lines after its run say how it went.  What pytest is to be given more stands behind `--`.
Exit status 1 when a suite failed or none could be run.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
VERSIONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
"""Those that the README names: the least that `pyproject.toml` takes, to the newest."""

PARALLEL = ("-n", "3", "--dist", "loadfile", "--no-loadscope-reorder")
"""As in `make test`."""


class Suite(NamedTuple):
    """One run of the suite: the last line of pytest, or what kept it from running."""

    version: str
    passed: bool
    said: str
    seconds: float


def interpreter(version: str, pyenv: Path | None = None) -> str | None:
    """The Python of this version: that of PATH, else the newest of pyenv; None without either.

    What is found is started once: a shim of pyenv is on PATH also for versions that are not switched on.
    """
    folder = pyenv or Path.home() / ".pyenv" / "versions"
    installed = sorted(folder.glob(f"{version}.*/bin/python{version}"), key=_patch_level, reverse=True)
    for found in filter(None, (shutil.which(f"python{version}"), *map(str, installed))):
        asked = subprocess.run(  # noqa: S603  a Python of this machine
            [found, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if asked.returncode == 0 and asked.stdout.strip() == version:
            return found
    return None


def _patch_level(python: Path) -> int:
    digits = python.parts[-3].rpartition(".")[2]
    return int(digits) if digits.isdecimal() else -1  # 3.14.0rc1 is older than each release


def environment(version: str, python: str) -> Path:
    """The Python of `.venv-VERSION`, which is made when it is not there or older than `pyproject.toml`."""
    folder = ROOT / f".venv-{version}"
    ready, inside = folder / "ready", folder / "bin" / "python"
    if not ready.exists() or ready.stat().st_mtime < (ROOT / "pyproject.toml").stat().st_mtime:
        subprocess.run([python, "-m", "venv", "--clear", folder], check=True)  # noqa: S603
        pip = [inside, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "-e", ".[server,dev]"], cwd=ROOT, check=True)  # noqa: S603
        ready.touch()
    return inside


def run_suite(version: str, python: str, more: Sequence[str]) -> Suite:
    """The suite under one Python; its output is shown as it comes."""
    began = time.monotonic()
    try:
        inside = environment(version, python)
    except subprocess.CalledProcessError as error:
        return Suite(version, False, f"could not be set up ({error})", time.monotonic() - began)
    command = [str(inside), "-m", "pytest", "-q", "-p", "no:cacheprovider", *PARALLEL, *more]
    with subprocess.Popen(  # noqa: S603
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, errors="replace"
    ) as child:
        last = ""
        for line in child.stdout or ():
            sys.stdout.write(line)
            last = line.strip() or last
    return Suite(version, child.returncode == 0, last, time.monotonic() - began)


def main(argv: Sequence[str]) -> int:
    """The exit status; a line for each version at the end."""
    wanted = [word for word in argv[: argv.index("--")] if word] if "--" in argv else list(argv)
    more = argv[argv.index("--") + 1 :] if "--" in argv else []
    if unknown := [word for word in wanted if word not in VERSIONS]:
        print(f"{unknown[0]}: not one of {', '.join(VERSIONS)}")
        return 2
    found = {version: interpreter(version) for version in wanted or VERSIONS}
    suites = []
    for version, python in found.items():
        if python:
            print(f"Python {version}: {python}", flush=True)
            suites.append(run_suite(version, python, more))
    print()
    for version in (version for version, python in found.items() if not python):
        print(f"Python {version:5} not found here: not tested")
    for each in suites:
        print(f"Python {each.version:5} {'passed' if each.passed else 'FAILED'}: {each.said} ({each.seconds:.0f} s)")
    return 0 if suites and all(each.passed for each in suites) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
