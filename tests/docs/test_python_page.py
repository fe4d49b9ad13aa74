"""The examples of docs/python.md run, in their order."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import pytest

from scripted_server import ANSWER, Serve
from sse_perf_tool.chat_server import run as chat_server

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", (ROOT / "docs" / "python.md").read_text(encoding="utf-8"), re.M | re.S)


def run(example: str, url: str) -> dict[str, object]:
    """The names that an example leaves, and its tests called; its server is at `url`."""
    names: dict[str, object] = {"__name__": "example"}
    exec(compile(example.replace("http://127.0.0.1:8000/v1/chat/completions", url), "docs/python.md", "exec"), names)
    for name, value in list(names.items()):
        if name.startswith("test_") and callable(value):
            value()
    return names


@pytest.mark.usefixtures("own_folder")
def test_the_examples_run(serve: Serve, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_server, "Settings", partial(chat_server.Settings, token_delay_s=0.002))
    url = serve(ANSWER).url()
    Path("queries.jsonl").write_text('{"query": "a"}\n{"query": "b"}\n')
    assert len(EXAMPLES) == 4
    demo, in_pytest, with_flags, figures = EXAMPLES
    assert len([line for line in demo.splitlines() if line]) <= 10
    run("from sse_perf_tool import run_load\n" + with_flags, url)
    run(in_pytest, url)
    run(figures, url)
    latency, slow = capsys.readouterr().out.splitlines()
    assert float(latency) > 0
    slower, sent = map(int, slow.split(" of "))
    assert (slower, 1 <= sent <= 10) == (0, True), "10 are due; a busy machine may not get to the last of them"
    run(demo, url)
    assert re.match(r"12 of 12 ok, median time to first token \d+ ms$", capsys.readouterr().out)
    assert Path("report.html").stat().st_size > 10_000
