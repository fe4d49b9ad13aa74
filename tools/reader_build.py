"""Builds the compiled parts of a checkout as `pip install` would, without installing anything."""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from collections.abc import Sequence
from pathlib import Path

READER = Path("src", "sse_perf_tool", "wire", "_reader.c")
LINES = Path("src", "sse_perf_tool", "records", "_lines.c")
ALIKE = Path("src", "sse_perf_tool", "formats", "_alike.c")
SUFFIX = sysconfig.get_config_var("EXT_SUFFIX")


def build_part(source: Path, into: Path | None = None, flags: Sequence[str] = ("-O2",)) -> Path | None:
    """The module built from this source, beside it or in the folder `into`.

    None when there is no such source in that checkout, or nothing to build it with.
    """
    if not source.exists() or shutil.which("gcc") is None:
        return None
    built = (into or source.parent) / f"{source.stem}{SUFFIX}"
    include = f"-I{sysconfig.get_paths()['include']}"
    command = ["gcc", "-std=gnu11", "-fPIC", "-shared", *flags, include, str(source), "-o", str(built)]
    return built if subprocess.run(command, check=False).returncode == 0 else None  # noqa: S603


def build_reader(root: Path, into: Path | None = None, flags: Sequence[str] = ("-O2",)) -> Path | None:
    """The reading thread of the checkout at `root`, as `build_part`; without `into` the other parts as well."""
    if into is None:
        for part in (LINES, ALIKE):
            build_part(root / part)
    return build_part(root / READER, into, flags)
