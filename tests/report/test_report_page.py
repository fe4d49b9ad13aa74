"""The HTML file: what stands in it, what cannot get into it, how large it is and how long it takes."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest

from report_runs import ATTACK, CONFIG, MS, STARTED_UNIX_NS, attacked_run, sample_run, simulate
from sse_perf_tool.load.run import TEXTS as LOAD_TEXTS
from sse_perf_tool.metrics import Tally
from sse_perf_tool.records import RunResult
from sse_perf_tool.report_generator import generate_html_report
from sse_perf_tool.report_parts.page import command_html, json_for_script
from sse_perf_tool.request.outcomes import TEXTS as OUTCOME_TEXTS
from sse_perf_tool.texts import speaker


class Page(HTMLParser):
    """The elements of a page and the text of each script, style and table."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.scripts: list[str] = []
        self._in_script = False
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.extend(attrs)
        self._in_script = tag == "script"
        if self._in_script:
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._in_script = False

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.scripts[-1] += data


def written(result: RunResult, path: Path, **options: object) -> str:
    generate_html_report(result, path / "report.html", **options)
    return (path / "report.html").read_text(encoding="utf-8")


def data_of(source: str) -> dict[str, object]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', source, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_the_page_holds_verdict_facts_figures_and_tables_without_any_script(tmp_path: Path) -> None:
    source = re.sub(r"<script.*?</script>", "", written(sample_run(), tmp_path), flags=re.DOTALL)
    for words in (
        "96.8\N{NO-BREAK SPACE}% of 600 requests succeeded",
        "qwen2.5-7b",
        "app-…4Knu",
        "8 CPUs",
        "P99",
        "503 Service Unavailable",
    ):
        assert words in source
    assert "600 个请求中 96.8\N{NO-BREAK SPACE}% 成功" in source


def test_a_command_is_broken_between_its_words_only() -> None:
    assert command_html("tool --query 'a <b>'") == (
        '<code><span class="arg">tool</span> <span class="arg">--query</span> '
        '<span class="arg">&#x27;a</span> <span class="arg">&lt;b&gt;&#x27;</span></code>'
    )
    assert command_html("") == ""


def test_percentiles_with_too_few_samples_are_not_shown(tmp_path: Path) -> None:
    tally = simulate(12, fail_share=0.0)
    source = written(tally.result(CONFIG, STARTED_UNIX_NS), tmp_path)
    row = re.search(r'<tr><th scope="row">TTFT <span class="unit">ms</span><small>.*?</tr>', source)
    assert row is not None
    cells = re.findall(r"<td[^>]*>(.*?)</td>", row[0])
    assert "n/a" not in [*cells[:2], *cells[4:8]]  # P50, P90, mean, stddev, min, max of 12
    assert cells[2:4] == ["n/a", "n/a"]  # P95 needs 20, P99 needs 100
    assert cells[8] == "12"


def test_foreign_text_never_becomes_an_element_or_a_script(tmp_path: Path) -> None:
    clean, attacked = (
        Page(written(sample_run(), tmp_path)),
        Page(written(attacked_run(), tmp_path, brand=ATTACK, title=ATTACK)),
    )
    assert "img" not in attacked.tags
    assert not [name for name, _ in attacked.attributes if name.startswith("on")]
    assert len(attacked.scripts) == len(clean.scripts)
    assert attacked.scripts[1:] == clean.scripts[1:]  # [0] is the data


def test_foreign_text_arrives_whole_in_the_data_of_the_page(tmp_path: Path) -> None:
    data = data_of(written(attacked_run(), tmp_path))
    details = data["requests"]["details"]["0"]
    assert details["query"] == ATTACK.replace("\ud800", "?")


def test_json_in_a_script_keeps_its_meaning_and_holds_no_markup() -> None:
    value = {"text": "</script><!-- & \u2028\u2029", "n": 1.5}
    text = json_for_script(value)
    assert json.loads(text) == value
    assert not re.search("[<>&\u2028\u2029]", text)


def test_brand_and_title_are_those_that_were_asked_for(tmp_path: Path) -> None:
    assert "<title>Load test report · 7DGroup</title>" in written(sample_run(20), tmp_path)
    source = written(sample_run(20), tmp_path, brand="ACME & Co", title="Nightly", lang="zh")
    assert "<title>Nightly · ACME &amp; Co</title>" in source
    assert source.count("<b>ACME &amp; Co</b>") == 2  # header and footer
    assert "7DGroup" not in source


def test_the_page_opens_in_the_language_of_the_run(tmp_path: Path) -> None:
    assert '<html lang="zh-CN" data-ui="zh">' in written(sample_run(20, lang="zh"), tmp_path)
    assert '<html lang="en" data-ui="en">' in written(sample_run(20), tmp_path)


def test_the_data_holds_every_request_of_a_small_run(tmp_path: Path) -> None:
    run = sample_run(300)
    data = data_of(written(run, tmp_path))
    columns = data["requests"]["columns"]
    assert sorted(columns["id"]) == sorted(run.requests["request_id"])
    assert max(columns["latency"]) == pytest.approx(max(run.requests["latency_ns"]) / MS, abs=0.001)


def test_the_totals_of_the_thread_table_are_made_from_all_requests(tmp_path: Path) -> None:
    run = sample_run(300)
    rows = data_of(written(run, tmp_path))["threads"]
    *threads, total = rows
    assert [row[0] for row in threads] == list(range(12))
    assert total[0] == -1
    assert total[1] == 300 == sum(row[1] for row in threads)
    assert total[3] == pytest.approx(run.summary.metrics["ttft_ms"].mean, abs=0.001)


def test_messages_of_the_tool_are_read_in_the_language_of_the_page(tmp_path: Path) -> None:
    run = sample_run(300)
    (group, *others), warning = run.summary.errors, speaker(LOAD_TEXTS, "zh")("dropped", dropped=7)
    refused = replace(group, message=speaker(OUTCOME_TEXTS, "en")("refused", host="a:1"))
    summary = replace(run.summary, errors=[refused, *others])
    source = written(replace(run, summary=summary, warnings=[warning]), tmp_path)
    assert '<span lang="zh">a:1 拒绝连接：服务是否已启动？端口是否正确？</span>' in source
    assert '<span lang="en">scheduled requests that were never sent' in source
    assert "7; increase --threads</span>" in source


def test_a_run_without_a_single_request_still_makes_a_page(tmp_path: Path) -> None:
    source = written(Tally(origin_ns=0).result(CONFIG, STARTED_UNIX_NS), tmp_path)
    assert "No request finished" in source
    assert '<div class="card" id="metrics"></div>' in source
    assert [name for name in ("errors", "outcomes", "goals", "trust") if f'id="{name}"' in source] == []


def test_the_page_names_the_format_that_auto_has_found(tmp_path: Path) -> None:
    shown = '<code>openai_chat</code><span lang="en"> (auto)</span><span lang="zh">（自动识别）</span>'
    assert shown in written(sample_run(5, format="auto"), tmp_path)
    assert "<code>openai_chat</code></dd>" in written(sample_run(5), tmp_path)


def test_texts_of_any_length_leave_the_file_below_8_mib(tmp_path: Path) -> None:
    run = sample_run(1_000)
    endless = "长" * 10_000
    texts = dict.fromkeys(("query", "error", "conversation_id", "message_id", "finish_reason"), endless)
    run.requests.details.update({row: replace(record, **texts) for row, record in run.requests.details.items()})
    assert 5 << 20 < len(written(run, tmp_path).encode()) < 8 << 20


def test_a_path_that_cannot_be_written_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="missing"):
        generate_html_report(sample_run(5), tmp_path / "missing" / "report.html")


def test_a_hundred_requests_make_a_page_under_a_mebibyte_in_half_a_second(tmp_path: Path) -> None:
    run = sample_run(100)
    times_s = []
    for _ in range(3):
        began = time.process_time()
        generate_html_report(run, tmp_path / "report.html")
        times_s.append(time.process_time() - began)
    assert min(times_s) < 0.5
    assert (tmp_path / "report.html").stat().st_size < 1 << 20


@pytest.mark.not_measured
def test_a_large_run_is_sampled_and_says_so(tmp_path: Path) -> None:
    run = simulate(2_000).result(CONFIG, STARTED_UNIX_NS)
    for name in run.requests.COLUMNS:
        column = run.requests[name]
        column *= 50
    run = replace(run, summary=replace(run.summary, sent=100_000))
    began = time.process_time()
    source = written(run, tmp_path)
    assert time.process_time() - began < 10
    assert len(source) < 2 << 20
    requests = data_of(source)["requests"]
    assert requests["total"] == 100_000
    assert 3_000 < len(requests["columns"]["id"]) <= 5_000
    assert max(requests["columns"]["ttft"], key=lambda ms: ms or 0) == pytest.approx(
        max(run.requests["ttft_ns"]) / MS, abs=0.001
    )


def test_the_page_shows_how_to_make_the_run_again(tmp_path: Path) -> None:
    flags = {"threads": 12, "query": "</pre><b>\u202e你好\n", "api_key": "app-…4Knu"}
    run = replace(sample_run(), config=replace(CONFIG, flags=flags))
    generate_html_report(run, tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    shown = re.search(r'id="again">.*?<pre>(.*?)</pre>', page, re.DOTALL)
    assert shown is not None
    assert json.loads(unescape(shown[1])) == flags
    assert "<b>" not in shown[1]
    assert "\u202e" not in shown[1]
    assert "你好" in shown[1]


def test_a_run_that_does_not_know_its_flags_has_no_such_part(tmp_path: Path) -> None:
    generate_html_report(replace(sample_run(), config=replace(CONFIG, flags={})), tmp_path / "r.html")
    assert 'id="again"' not in (tmp_path / "r.html").read_text(encoding="utf-8")
