"""The files of a run agree with what was sent and with each other."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from scripted_server import ANSWER, DONE, Serve, chunked, event, sized, token
from tool_runs import FILES, JSON, KEY, NO_KEY, SLOW, Ran, Tool, at, records, summary


@pytest.fixture
def run_of_four(serve: Serve, tool: Tool) -> Ran:
    """Three whole answers of different length and a refused one, with all files."""
    quick, slow = (chunked(token("你好"), wait_s, token("吗？"), DONE) for wait_s in (0.03, 0.12))
    return tool(*at(serve(quick, SLOW, NO_KEY, slow), "--requests", "4", *FILES))


def middle(values: list[float], share: float) -> float:
    """The percentile of three values by linear interpolation, from 50 % up."""
    low, high = sorted(values)[1:]
    return low + (high - low) * (share * 2 - 1)


def assert_stats(found: dict[str, Any], values: list[float]) -> None:
    """The figures of exactly three values."""
    mean = sum(values) / 3
    assert found == pytest.approx(
        {
            "count": 3,
            "mean": mean,
            "stddev": (sum((value - mean) ** 2 for value in values) / 2) ** 0.5,
            "min": min(values),
            "p50": middle(values, 0.5),
            "p90": middle(values, 0.9),
            "p95": middle(values, 0.95),
            "p99": middle(values, 0.99),
            "max": max(values),
        },
        abs=2e-6,
    )


def test_figures_of_the_summary_are_those_of_the_records(run_of_four: Ran) -> None:
    found, rows = summary(), records()
    ok = [row for row in rows if row["outcome"] == "ok"]
    for name in ("ttfb_ms", "ttft_ms", "ttfa_ms", "tpot_ms", "latency_ms", "streaming_ms", "max_gap_ms"):
        assert_stats(found["metrics"][name], [row[name] for row in ok])
    assert_stats(found["metrics"]["itl_ms"], [row["gaps_us"][0] / 1000 for row in ok])
    tokens_per_s = [row["output_tokens"] / row["streaming_ms"] * 1000 for row in ok]
    assert_stats(found["metrics"]["tokens_per_s"], tokens_per_s)
    assert found["metrics"]["connect_ms"]["count"] == 1
    assert found["metrics"]["tls_ms"]["count"] == 0
    assert found["metrics"]["tls_ms"]["p50"] is None


def test_counts_of_the_summary(run_of_four: Ran) -> None:
    found = summary()
    assert run_of_four.status == 1
    assert found["schema"] == "sse-perf-summary/1"
    assert found["requests"] == {
        "sent": 4,
        "ok": 3,
        "failed": 1,
        "cancelled": 0,
        "retried": 0,
        "resent": 0,
        "left_early": 0,
    }
    assert found["outcomes"] == {"ok": 3, "http_error": 1}
    assert found["errors"] == [
        {"outcome": "http_error", "message": "HTTP 401: invalid api key", "count": 1, "example_request": 3}
    ]
    # 你好吗 are three tokens by estimate, twice; the answer of two words came with its usage.
    tokens = {"output": 8, "prompt": 9, "source": "mixed", "left_early": 0, "contradicting_usage": 0, "groups": None}
    assert found["tokens"] == {**tokens, "weighted_by_words": 1.0}


def test_rates_and_seconds_of_the_summary(run_of_four: Ran) -> None:
    found, rows = summary(), records()
    begun_ns = json.loads(Path("run.jsonl").read_text(encoding="utf-8").splitlines()[0])["started_at_ns"]
    duration_s = max(row["started_at_ns"] - begun_ns + row["latency_ms"] * 1e6 for row in rows) / 1e9
    assert duration_s > 0.25
    assert found["duration_s"] == pytest.approx(duration_s, abs=2e-6)
    assert found["rates"]["requests_per_s"] == pytest.approx(4 / duration_s, abs=1e-3)
    assert found["rates"]["output_tokens_per_s"] == pytest.approx(8 / duration_s, abs=1e-3)
    assert found["rates"]["chunks_per_s"] == pytest.approx(6 / duration_s, abs=1e-3)
    ok = [row["latency_ms"] for row in rows if row["outcome"] == "ok"]
    seconds = found["time_series"]  # one, unless the machine is busy
    assert [second["second"] for second in seconds] == list(range(len(seconds)))
    sums = [sum(second[name] for second in seconds) for name in ("requests_done", "requests_ok", "chunks")]
    assert sums == [4, 3, 6]
    shares = [second["success_rate"] for second in seconds]
    assert shares == [
        each["requests_ok"] / each["requests_done"] if each["requests_done"] else None for each in seconds
    ]
    whole_ms = sum(second["requests_ok"] * (second["avg_latency_ms"] or 0) for second in seconds)
    assert whole_ms == pytest.approx(sum(ok))


def test_records_hold_a_line_for_each_request(run_of_four: Ran) -> None:
    rows = records()
    assert [row["request_id"] for row in rows] == [1, 2, 3, 4]
    assert [row["outcome"] for row in rows] == ["ok", "ok", "http_error", "ok"]
    assert [row["status"] for row in rows] == [200, 200, 401, 200]
    assert [row["output_tokens"] for row in rows] == [3, 2, None, 3]
    assert [row["token_source"] for row in rows] == ["estimate", "usage", None, "estimate"]
    assert [row["chunks"] for row in rows] == [2, 2, 0, 2]
    assert [row["query"] for row in rows] == ["你是谁"] * 4
    first, second, third, _ = rows
    assert first["gaps_us"][0] > 25_000, "30 and 100 ms were sent"
    assert second["gaps_us"][0] > 95_000
    assert third["error"] == "HTTP 401: invalid api key"
    assert all(
        row["started_at_ns"] >= before["started_at_ns"] + before["latency_ms"] * 1e6 - 1
        for before, row in pairwise(rows)
    )


def test_report_command_gives_the_same_figures_as_the_run(run_of_four: Ran, tool: Tool) -> None:
    live = summary()
    again = tool("report", "run.jsonl", "--json", "again.json", "--html-report", "again.html")
    assert again.status == 0
    assert json.loads(Path("again.json").read_text(encoding="utf-8")) == live
    assert "http_error" in Path("again.html").read_text(encoding="utf-8")
    assert again.facts["failed"] == "1"


def test_stream_of_another_format_than_the_url_says_is_read_and_warned_of(serve: Serve, tool: Tool) -> None:
    dify = chunked(
        event({"event": "message", "answer": "你好", "message_id": "m1", "conversation_id": "c1"}),
        event({"event": "message_end", "metadata": {"usage": {"prompt_tokens": 5, "completion_tokens": 2}}}),
    )
    ran = tool(*at(serve(dify), *FILES))
    (row,) = records()
    assert (row["outcome"], row["format"], row["output_tokens"]) == ("ok", "dify", 2)
    assert (ran.facts["conversation id"], ran.facts["message id"]) == ("c1", "m1")
    (warning,) = summary()["warnings"]
    assert "dify" in warning
    assert f"warning: {warning}" in ran.out
    tool("report", "run.jsonl", "--json", "again.json", "--html-report", "again.html")
    assert json.loads(Path("again.json").read_text(encoding="utf-8"))["warnings"] == [warning]


def test_default_report_has_the_model_in_its_name(serve: Serve, tool: Tool) -> None:
    tool("--url", serve(ANSWER).url(), "--api-key", KEY, "--model-name", "qwen2.5/7b")
    (report,) = Path("report").iterdir()
    assert report.name.startswith("report_qwen2.5_7b_20")
    assert report.suffix == ".html"


def test_key_stands_in_no_output(serve: Serve, tool: Tool) -> None:
    message = event({"error": {"message": f"bad key {KEY}"}})[6:-2]
    refused = sized(message, status="401 Unauthorized", kind=JSON)
    ran = tool(*at(serve(refused), "--requests", "2", "-H", f"X-Token: {KEY[::-1]}", *FILES))
    for text in (ran.out, ran.err, *(path.read_text(encoding="utf-8") for path in Path().glob("*.*"))):
        assert KEY not in text
        assert KEY[::-1] not in text
    assert "HTTP 401: bad key sk-…4Knu" in ran.out


def test_terminal_escapes_of_the_server_reach_no_output(serve: Serve, tool: Tool) -> None:
    evil = "\x1b[2J\x1b]0;owned\x07"
    answer = chunked(event({"id": evil, "choices": [{"delta": {"content": evil}, "finish_reason": evil}]}), DONE)
    error = sized(event({"error": {"message": evil}})[6:-2], status="401 Unauthorized", kind=JSON)
    for script, more in ((answer, []), (error, []), (error, ["--threads", "2"])):
        ran = tool(*at(serve(script), *more, *FILES))
        assert "\x1b" not in ran.out
        assert "\x07" not in ran.out
        assert "\x1b" not in Path("run.jsonl").read_text(encoding="utf-8")
