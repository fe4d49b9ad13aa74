"""What the outputs of a run say of its answers: finish reasons, events that are not JSON, usage."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripted_server import DONE, FINISH, Script, Serve, chunked, event, token, usage
from tool_runs import Tool

pytestmark = pytest.mark.usefixtures("own_folder")

CUT = token("b")[:40] + b"\n\n"
LENGTH = event({"choices": [{"delta": {}, "finish_reason": "length"}]})
SCRIPTS: list[Script] = [
    chunked(token("a"), token("b"), FINISH, usage(1, 2), DONE),
    chunked(token("a"), token("b"), FINISH, usage(1, 1), DONE),
    chunked(token("a"), b"data: hello\n\n", LENGTH, usage(1, 1), DONE),
    chunked(token("a"), CUT, CUT, FINISH, DONE),
]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_output_says_how_the_answers_ended(tool: Tool, serve: Serve, tmp_path: Path, lang: str) -> None:
    server = serve(*SCRIPTS)
    files = {name: str(tmp_path / f"run.{name}") for name in ("json", "markdown", "records")}
    outputs = [word for name, path in files.items() for word in (f"--{name}", path)]
    page = tmp_path / "run.html"
    ran = tool(
        "--url", server.url(), "--api-key", "sk-x", "--threads", "1", "--requests", "4", "--lang", lang, *outputs,
        "--html-report", str(page),
    )  # fmt: skip
    document = json.loads(Path(files["json"]).read_text(encoding="utf-8"))
    assert document["finish_reasons"] == {"stop": 3, "length": 1}
    assert document["bad_events"] == {"events": 3, "answers": 2}
    assert document["tokens"]["contradicting_usage"] == 1
    assert document["outcomes"] == {"ok": 3, "malformed": 1}
    # On a busy machine the first token of the answer that failed may change the mean, which is a finding as well.
    assert {finding["kind"] for finding in document["findings"]} - {"failed_first_tokens"} == {"bad_events"}
    words = {
        "en": ("finish reasons", "3 events in 2 answers", "report fewer output tokens than text chunks came"),
        "zh": ("结束原因", "2 个回答中共 3 个事件", "上报的输出 token 数少于其文本块数"),
    }[lang]
    for word in (*words, "stop 3, length 1"):
        assert word in ran.out
    markdown = Path(files["markdown"]).read_text(encoding="utf-8")
    html = page.read_text(encoding="utf-8")
    assert words[2] in markdown
    assert words[2] in html
    assert "<code>stop</code> 3, <code>length</code> 1" in html
    again = tool("report", files["records"], "--lang", lang)
    for word in (*words, "stop 3, length 1"):
        assert word in again.out


def test_a_long_error_is_uncut_everywhere(tool: Tool, serve: Serve, tmp_path: Path) -> None:
    long = "no card is free " * 200
    server = serve(chunked(token("a"), event({"error": {"message": long}})))
    names = ("json", "markdown", "junit", "records")
    files = {name: tmp_path / f"run.{name}" for name in names}
    outputs = [word for name, path in files.items() for word in (f"--{name}", str(path))]
    page = tmp_path / "run.html"
    load = ("--threads", "2", "--requests", "2", "--html-report", str(page))
    ran = tool("--url", server.url(), "--api-key", "sk-x", *load, *outputs)
    for text in (
        ran.out,
        page.read_text(encoding="utf-8"),
        *(path.read_text(encoding="utf-8") for path in files.values()),
    ):
        assert long.strip() in text
