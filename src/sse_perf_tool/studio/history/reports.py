"""The offline page of a result: the one that the command line writes.

That of a run is made by the command line itself, in a process of its own: reading a million records must not stop the
server, nor stay in its memory.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ...bench.page import write_page
from ...bench.store import read_result
from ...capacity.file import read_search
from ...errors import UsageError
from ...report_generator import generate_capacity_report
from ..contract.results import Head
from ..settings import SOURCE, child_environ
from .documents import capacity_of
from .finding import Found

WITHIN_S = 300


def report_of(found: Found, head: Head, tool: Sequence[str], lang: str) -> bytes:
    """The page of one result.  UsageError or OSError when it cannot be made."""
    with tempfile.TemporaryDirectory(prefix="sse-perf-") as folder:
        page = Path(folder, "report.html")
        if head.kind == "bench":
            write_page(read_result(found.path(".json"), lang), page, lang=lang)
        elif head.kind == "capacity":
            search = read_search(found.path(".steps.jsonl"), lang)
            generate_capacity_report(capacity_of(search), search.header.config, page, lang=lang)
        else:
            _by_command(tool, [found.path(".jsonl")], page, lang)
        return page.read_bytes()


def comparison_page(found: Sequence[Found], tool: Sequence[str], lang: str) -> bytes:
    """The page that sets runs side by side.  UsageError or OSError when it cannot be made."""
    with tempfile.TemporaryDirectory(prefix="sse-perf-") as folder:
        page = Path(folder, "compare.html")
        _by_command(tool, [each.path(".jsonl") for each in found], page, lang)
        return page.read_bytes()


def _by_command(tool: Sequence[str], records: Sequence[Path], page: Path, lang: str) -> None:
    files = [str(path.resolve()) for path in records]
    command = [*tool, "report", *files, "--html-report", str(page), "--lang", lang]
    try:
        done = subprocess.run(  # noqa: S603 - our own program, and files that it found
            command,
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
            stdin=subprocess.DEVNULL,
            cwd=SOURCE,
            env=child_environ(),
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise UsageError(f"> {WITHIN_S} s") from None
    if not page.is_file():
        raise UsageError((done.stderr.strip() or f"status {done.returncode}").splitlines()[-1])
