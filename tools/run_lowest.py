"""Runs the suite with the lowest version that each dependency may have: `python tools/run_lowest.py [-- PYTEST ...]`.

`pyproject.toml` says `rich>=14.3`; here 14.3 is installed, and so for all extras but `litellm`, whose many
dependencies agree with nobody's lowest versions.  What dependencies bring themselves is as new as they take it.  It
runs under Python 3.10 where that is found, else under the one that runs this: old ones have no wheels for new Pythons.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from run_pythons import PARALLEL, ROOT, interpreter

if sys.version_info >= (3, 11):
    import tomllib
else:
    from pip._vendor import tomli as tomllib

LEFT_OUT = ("litellm", "dev")
CHECKERS = ("import-linter", "mypy", "ruff", "types-")
"""Tools of the checks alone, which a run of the tests does without, and which want newer versions of their own."""
OLDEST = "3.10"
_REQUIREMENT = re.compile(r"([\w.-]+)(?:\[\w+\])?([^;]*)")


def requirements(project: Mapping[str, Any]) -> Iterator[str]:
    """Everything that the project and its extras ask for, but for those that are left out."""
    yield from project["dependencies"]
    for extra, asked in project["optional-dependencies"].items():
        if extra not in LEFT_OUT:
            yield from asked
    yield from (each for each in project["optional-dependencies"]["dev"] if not each.startswith(CHECKERS))


def constraints(project: Mapping[str, Any]) -> list[str]:
    """`name==lowest` for each that has a lowest version.  ValueError when two places name different ones."""
    found: dict[str, str] = {}
    for requirement in requirements(project):
        name, versions = _parts(requirement)
        lowest = re.search(r">=\s*([\w.]+)", versions)
        if lowest is None:
            continue
        if found.setdefault(name, lowest[1]) != lowest[1]:
            raise ValueError(f"{name}: >={found[name]} and >={lowest[1]}")
    return [f"{name}=={version}" for name, version in sorted(found.items())]


def _parts(requirement: str) -> tuple[str, str]:
    """(name as the index writes it, its versions)."""
    found = _REQUIREMENT.match(requirement)
    if found is None:
        raise ValueError(requirement)
    return re.sub(r"[-_.]+", "-", found[1]).lower(), found[2]


def project() -> Mapping[str, Any]:
    """What `pyproject.toml` says of the project."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        found: Mapping[str, Any] = tomllib.load(file)["project"]
    return found


def environment() -> Path:
    """The Python of `.venv-3.lowest`, which is made anew when the constraints have changed."""
    folder, wanted = ROOT / ".venv-3.lowest", "\n".join(constraints(project())) + "\n"
    inside, ready = folder / "bin" / "python", folder / "lowest.txt"
    if not ready.exists() or ready.read_text(encoding="utf-8") != wanted:
        subprocess.run([interpreter(OLDEST) or sys.executable, "-m", "venv", "--clear", folder], check=True)  # noqa: S603
        asked = folder / "asked.txt"
        asked.write_text(wanted, encoding="utf-8")
        pip = [inside, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--constraint", asked]
        subprocess.run([*pip, "-e", ".", *requirements(project())], cwd=ROOT, check=True)  # noqa: S603
        asked.rename(ready)
    return inside


def main(argv: list[str]) -> int:
    """The exit status of pytest."""
    more = argv[argv.index("--") + 1 :] if "--" in argv else []
    command = [environment(), "-m", "pytest", "-q", "-p", "no:cacheprovider", *PARALLEL, *more]
    return subprocess.run(command, cwd=ROOT, check=False).returncode  # noqa: S603


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
