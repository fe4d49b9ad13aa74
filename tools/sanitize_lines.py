"""Runs the tests of the compiled reader of lines under sanitizers: `python tools/sanitize_lines.py`, `make sanitize`.

`records/_lines.c` is built with AddressSanitizer and UndefinedBehaviorSanitizer, and takes the place of the package's
own module in a process that runs its tests: damage at every byte, any value at any place.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from reader_build import LINES, build_part

ROOT = Path(__file__).resolve().parents[1]
TESTS = ("tests/records/test_lines.py", "tests/records/test_rows.py")
FLAGS = ("-g", "-O1", "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined")
WARNINGS = ("-Wall", "-Wextra", "-Werror")
NAME = "sse_perf_tool.records._lines"


def run_tests(module: str) -> int:
    """The status of the tests with this file as the module."""
    import pytest

    spec: Any = importlib.util.spec_from_file_location(NAME, module)
    sys.modules[NAME] = made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return int(pytest.main(["-q", "-x", "-p", "no:cacheprovider", *TESTS]))


def main() -> int:
    """Builds it and runs the tests in a process that has the sanitizers; 0 when all is well."""
    if len(sys.argv) > 1:
        return run_tests(sys.argv[1])
    with tempfile.TemporaryDirectory() as name:
        path = build_part(ROOT / LINES, Path(name), (*FLAGS, *WARNINGS))
        if path is None:
            print("gcc is missing, or cannot build it", file=sys.stderr)
            return 1
        found = subprocess.run(["gcc", "-print-file-name=libasan.so"], check=True, capture_output=True, text=True)  # noqa: S607
        surroundings = {"LD_PRELOAD": found.stdout.strip(), "PYTHONMALLOC": "malloc", "ASAN_OPTIONS": "detect_leaks=0"}
        command = [sys.executable, __file__, str(path)]
        return subprocess.run(command, cwd=ROOT, env={**os.environ, **surroundings}, check=False).returncode  # noqa: S603


if __name__ == "__main__":
    sys.exit(main())
