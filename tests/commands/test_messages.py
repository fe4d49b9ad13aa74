"""The warnings of a run in the language in which it is shown, whatever that of the run was."""

from __future__ import annotations

import string
from pathlib import Path

import pytest

from scripted_server import Serve
from sse_perf_tool.arguments import load, request, run, target
from sse_perf_tool.commands.messages import in_both, in_language
from sse_perf_tool.profiling import watch
from sse_perf_tool.telemetry import link
from sse_perf_tool.texts import Texts, speaker
from tool_runs import SLOW, Tool, at

FLAGS_SAY = {
    request: ("switched", "model_unused", "unfilled", "template_fallback", "stream_path", "thread_unused"),
    run: ("one_unused",),
    target: ("key_fallback",),
    load: ("no_messages_sent", "no_limit_sent"),
    watch: ("failed", "unknown", "ended"),
    link: ("lost_spans", "lost_metrics", "dropped", "ended"),
}
SAID = [
    (key, {**module.TEXTS, **getattr(module, "WARNINGS", {})}) for module, keys in FLAGS_SAY.items() for key in keys
]


@pytest.mark.parametrize(("key", "table"), SAID)
def test_a_warning_is_found_in_both_languages(key: str, table: Texts) -> None:
    names = [(name, spec) for _, name, spec, _ in string.Formatter().parse(table[key][0]) if name]
    values = {name: 7.5 if spec else f"<{name}>" for name, spec in names}
    english, chinese = (speaker(table, lang)(key, **values) for lang in ("en", "zh"))
    assert in_both(english) == in_both(chinese) == (english, chinese)


@pytest.mark.parametrize(
    ("said", "chinese"),
    [
        (
            "SSE_PERF_THREDS: no such setting; did you mean SSE_PERF_THREADS?",
            "SSE_PERF_THREDS: 没有这个设置，是否想用 SSE_PERF_THREADS？",
        ),
        (
            "--param-file q.jsonl: 2 more fields were taken for the query in this way",
            "--param-file q.jsonl：另有 2 个字段也这样被当作问题",
        ),
        ("the server says: no", "the server says: no"),
    ],
)
def test_the_name_of_a_flag_may_stand_before_it(said: str, chinese: str) -> None:
    assert in_both(said) == (said, chinese)
    assert in_language(said, "zh") == chinese


def test_a_report_made_again_has_the_warnings_of_the_run_in_its_own_language(serve: Serve, tool: Tool) -> None:
    server = serve(SLOW)
    sent = tool(*at(server, "--simple", "--threads", "3", "--lang", "en", "--records", "run.jsonl"))
    english, chinese = "--threads: not used, --simple sends one request", "--threads：未使用，--simple 只发送一个请求"
    assert english in sent.out
    again = tool("report", "run.jsonl", "--lang", "zh", "--html-report", "again.html", "--markdown", "again.md")
    assert chinese in again.out
    assert chinese in Path("again.md").read_text(encoding="utf-8")
    source = Path("again.html").read_text(encoding="utf-8")
    assert f'<span lang="en">{english}</span><span lang="zh">{chinese}</span>' in source
