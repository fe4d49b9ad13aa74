"""Runs the tests of the compiled functions under sanitizers: `python tools/sanitize_parts.py`, `make sanitize`.

`records/_lines.c` and `formats/_alike.c` are built with AddressSanitizer and UndefinedBehaviorSanitizer, and take the
places of the package's own modules in a process that runs their tests: damage at every byte, any value at any place.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from reader_build import ALIKE, LINES, build_part

ROOT = Path(__file__).resolve().parents[1]
FLAGS = ("-g", "-O1", "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined")
WARNINGS = ("-Wall", "-Wextra", "-Werror")


class Part(NamedTuple):
    """A compiled module and what runs all of it."""

    source: Path
    tests: tuple[str, ...]

    @property
    def name(self) -> str:
        """That of the module."""
        return ".".join((*self.source.parts[1:-1], self.source.stem))


PARTS = (
    Part(LINES, ("tests/records/test_lines.py", "tests/records/test_rows.py")),
    Part(ALIKE, ("tests/formats/test_alike.py",)),
)


def run_tests(built: list[str]) -> int:
    """The status of the tests with these files as the modules, in the order of `PARTS`."""
    import pytest

    for part, path in zip(PARTS, built, strict=True):
        spec: Any = importlib.util.spec_from_file_location(part.name, path)
        sys.modules[part.name] = made = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(made)
    return int(pytest.main(["-q", "-x", "-p", "no:cacheprovider", *(test for part in PARTS for test in part.tests)]))


def main() -> int:
    """Builds them and runs the tests in a process that has the sanitizers; 0 when all is well."""
    if len(sys.argv) > 1:
        return run_tests(sys.argv[1:])
    with tempfile.TemporaryDirectory() as name:
        paths = [build_part(ROOT / part.source, Path(name), (*FLAGS, *WARNINGS)) for part in PARTS]
        if None in paths:
            print("gcc is missing, or cannot build it", file=sys.stderr)
            return 1
        found = subprocess.run(["gcc", "-print-file-name=libasan.so"], check=True, capture_output=True, text=True)  # noqa: S607
        surroundings = {"LD_PRELOAD": found.stdout.strip(), "PYTHONMALLOC": "malloc", "ASAN_OPTIONS": "detect_leaks=0"}
        command = [sys.executable, __file__, *map(str, paths)]
        return subprocess.run(command, cwd=ROOT, env={**os.environ, **surroundings}, check=False).returncode  # noqa: S603


if __name__ == "__main__":
    sys.exit(main())
