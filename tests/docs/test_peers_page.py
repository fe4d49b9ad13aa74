"""What docs/peers.md says that this tool counts, held against the server that the page tells to start."""

from __future__ import annotations

import io
import json
import re
import threading
from pathlib import Path

import pytest

import broken_server
from sse_perf_tool.cli import Environment, main

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "peers.md").read_text(encoding="utf-8")
COUNTED = dict(re.findall(r"^\| `([\w-]+)`: .*\| ([^|]+) \|$", PAGE, re.MULTILINE))
"""Fault -> the last cell of its row."""


def test_the_page_has_every_fault_of_the_server() -> None:
    assert COUNTED.keys() == broken_server.FAULTS.keys() - {"none"}


@pytest.mark.parametrize("fault", [*COUNTED, "none"])
def test_every_second_answer_is_counted_as_the_page_says(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    server = broken_server.serving(0, fault)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}/v1/chat/completions"
    out = io.StringIO()
    argv = ["--url", url, "--api-key", "-", "--model", "m", "--threads", "10", "--requests", "20", "--retries", "0"]
    status = main([*argv, "--json", "s.json", "--html-report", "r.html", "--quiet"], Environment(out, out, {}))
    server.shutdown()
    server.server_close()
    outcomes = json.loads(Path("s.json").read_text(encoding="utf-8"))["outcomes"]
    assert (", ".join(f"{count} {name}" for name, count in outcomes.items())) == COUNTED.get(fault, "20 ok")
    assert status == (1 if fault in COUNTED else 0)
