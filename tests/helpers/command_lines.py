"""Command lines taken apart, and what each flag comes to."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from sse_perf_tool import __version__
from sse_perf_tool.arguments import Address, Arguments, parse_arguments
from sse_perf_tool.errors import UsageError
from sse_perf_tool.exporters.json_summary import to_json
from sse_perf_tool.flags import PROGRAM, help_text
from sse_perf_tool.metrics import Tally, estimate_tokens
from sse_perf_tool.queries.prompts import Prompts
from sse_perf_tool.records import Outcome, RequestRecord, RunConfig
from sse_perf_tool.records.file import RecordsHeader, header_line, record_line
from sse_perf_tool.request.steps import Following, Opening

ROOT = Path(__file__).resolve().parents[2]


KEY = "app-4wX9secret4Knu"


NOON = datetime(2025, 3, 4, 12, 5, 6)


KEYED = ["--api-key", KEY]


CHAT = ["--api-path", "/v1/chat/completions"]


CUSTOM = ["--text-path", "a.0.b"]
OPENING, THEN = ["--open-url", "http://h/s"], ["--then-url", "http://h/{id}"]


def parsed(*argv: str, environ: dict[str, str] | None = None) -> Arguments:
    return parse_arguments(argv, environ or {}, lambda: NOON)


def keyed(*argv: str) -> Arguments:
    return parsed(*KEYED, *argv)


def problem(*argv: str, environ: dict[str, str] | None = None) -> str:
    with pytest.raises(UsageError) as caught:
        parsed(*argv, environ=environ)
    line = str(caught.value)
    assert line.isprintable(), "one line, and nothing that steers a terminal"
    return line


def body_of(arguments: Arguments) -> Any:
    return json.loads(arguments.body.build(arguments.queries.next()))


def write(name: str, content: str = "") -> str:
    Path(name).write_text(content, encoding="utf-8")
    return name


Effect = tuple[list[str], Callable[[Arguments], Any], Any]


def option(name: str) -> Callable[[Arguments], Any]:
    return lambda arguments: arguments.options.get(name)


def path_of(field: str) -> Callable[[Arguments], Any]:
    return lambda arguments: arguments.options.get("fields", {}).get(field)


EFFECTS: dict[str, Effect] = {
    "host": (["--host", "h.cn"], lambda a: (a.address.host, a.url), ("h.cn", "http://h.cn/v1/chat-messages")),
    "port": (["--port", "8000"], lambda a: a.url, "http://localhost:8000/v1/chat-messages"),
    "api_path": (["--api-path", "/x?a=b"], lambda a: a.url, "http://localhost/x?a=b"),
    "url": (["--url", "https://h/x"], lambda a: a.address, Address("https", "h", 443, "/x")),
    "api_key": (["--api-key", "Bearer app-2"], lambda a: a.keys.keys, ("app-2",)),
    "format": (["--format", "anthropic"], lambda a: a.format.name, "anthropic"),
    "model": (["--api-path", "/v1/chat/completions", "--model", "m"], lambda a: body_of(a).get("model"), "m"),
    "header": (["-H", "X-A: 1", "--header", "X-B:2 "], lambda a: a.headers, {"X-A": "1", "X-B": "2"}),
    "secret_header": (["--secret-header", "x-tenant"], lambda a: a.masker.header("X-Tenant", "7"), "…"),
    "insecure": (["--insecure"], lambda a: (a.verify, a.config.insecure), (False, True)),
    "threads": (["--threads", "20"], lambda a: a.config.threads, 20),
    "processes": (["--threads", "20", "--processes", "3"], lambda a: a.config.processes, 3),
    "duration": (["--duration", "2.5"], lambda a: a.config.duration_s, 2.5),
    "requests": (["--requests", "100"], lambda a: a.config.requests, 100),
    "no_stream": (
        ["--no-stream"], lambda a: (a.config.stream, body_of(a)["response_mode"]), (False, "blocking")
    ),
    "no_compression_check": (["--no-compression-check"], lambda a: a.config.compression_check, False),
    "turns": (["--turns", "3"], lambda a: (a.config.turns, a.config.requests_wanted), (3, 3)),
    "think_time": (
        ["--turns", "2", "--think-time", "1:2.5"],
        lambda a: (a.config.think_time_s, a.config.think_time_max_s),
        (1.0, 2.5),
    ),
    "seed": (["--seed", "7", "--prompt-tokens", "9"], lambda a: (a.config.seed, a.queries.prompts.seed), (7, 7)),
    "calibrate": (["--calibrate"], lambda a: a.config.calibrate_itl_ms, 20.0),
    "itl_ms": (["--calibrate", "--itl-ms", "7.5"], lambda a: a.config.calibrate_itl_ms, 7.5),
    "metrics_url": (
        ["--metrics-url", "http://h:9/metrics"],
        lambda a: (a.metrics_url, a.config.metrics_url),
        ("http://h:9/metrics", "http://h:9/metrics"),
    ),
    "workers": (["--workers", "2"], lambda a: a.workers and (a.workers.number, a.workers.local), (2, True)),
    "expect_workers": (
        ["--expect-workers", "3"],
        lambda a: a.workers and (a.workers.number, a.workers.local, a.workers.host, a.workers.port),
        (3, False, "127.0.0.1", 5557),
    ),
    "bind": (
        ["--expect-workers", "3", "--bind", "0.0.0.0:6000"],
        lambda a: a.workers and (a.workers.host, a.workers.port),
        ("0.0.0.0", 6000),
    ),
    "worker_wait": (
        ["--expect-workers", "3", "--worker-wait", "2m"],
        lambda a: a.workers and a.workers.wait_s,
        120.0,
    ),
    "cluster_token": (
        ["--expect-workers", "3", "--cluster-token", "0123456789abcdef"],
        lambda a: a.workers and a.workers.token,
        "0123456789abcdef",
    ),
    "rate": (["--rate", "2/s", "--requests", "9"], lambda a: (a.config.rate_per_s, a.config.threads), (2.0, 20)),
    "arrival": (["--rate", "2", "--requests", "9", "--arrival", "gamma:0.50"], lambda a: a.config.arrival, "gamma:0.5"),
    "stages": (
        ["--stages", "30s:10,1m:50"],
        lambda a: (a.config.stages_of, a.config.stages, a.config.threads, a.config.duration_s),
        ("threads", [[30.0, 10.0], [60.0, 50.0]], 50, 90.0),
    ),
    "batch": (["--batch", "4"], lambda a: (a.config.batch, a.config.threads, a.config.requests_wanted), (4, 4, 4)),
    "warmup": (
        ["--duration", "30", "--warmup", "10s"],
        lambda a: (a.config.warmup_s, a.config.warmup_requests),
        (10.0, 0),
    ),
    "cooldown": (["--duration", "30", "--cooldown", "5s"], lambda a: a.config.cooldown_s, 5.0),
    "cancel_rate": (["--cancel-rate", "5%", "--cancel-after", "2s"], lambda a: a.config.cancel_rate, 0.05),
    "cancel_after": (["--cancel-rate", "1", "--cancel-after", "2s"], lambda a: a.config.cancel_after_s, 2.0),
    "simple": (["--threads", "3", "--simple"], lambda a: (a.config.threads, a.config.requests), (1, 1)),
    "ramp_up": (["--ramp-up", "3"], lambda a: a.config.ramp_up_s, 3.0),
    "timeout": (["--timeout", "5"], lambda a: a.config.timeout_s, 5.0),
    "idle_timeout": (["--idle-timeout", "1.5"], lambda a: a.config.idle_timeout_s, 1.5),
    "retries": (["--retries", "0"], lambda a: a.config.retries, 0),
    "query": (["--query", "hi"], lambda a: (a.config.query, body_of(a)["query"]), ("hi", "hi")),
    "token_estimate": (["--token-estimate", "weighted"], lambda a: a.config.token_estimate, "weighted"),
    "prompt_tokens": (
        ["--prompt-tokens", "512:64"],
        lambda a: (a.config.query, a.config.prompt_tokens, a.config.prompt_spread_tokens, a.queries.prompts),
        (None, 512, 64, Prompts(1, 512, 64)),
    ),
    "shared_prefix_tokens": (
        ["--shared-prefix-tokens", "30"],
        lambda a: (a.config.shared_prefix_tokens, estimate_tokens(body_of(a)["query"])),
        (30, 33),
    ),
    "context_tiers": (
        ["--context-tiers", "0,1000", "--requests", "3"],
        lambda a: (a.config.context_tiers, a.config.requests_wanted),
        ([0, 1000], 6),
    ),
    "max_tokens": ([*CHAT, "--max-tokens", "64"], lambda a: body_of(a).get("max_tokens"), 64),
    "temperature": ([*CHAT, "--temperature", "0.5"], lambda a: body_of(a).get("temperature"), 0.5),
    "ignore_eos": (
        [*CHAT, "--ignore-eos", "--max-tokens", "8"], lambda a: body_of(a).get("ignore_eos"), True
    ),
    "extra_body": (
        ["--extra-body", '{"inputs": {"a": 1}, "auto": false}'],
        lambda a: (body_of(a)["inputs"].get("a"), body_of(a).get("auto"), a.config.extra_body),
        (1, False, '{"inputs": {"a": 1}, "auto": false}'),
    ),
    "conversation_id": (["--conversation-id", "c-1"], lambda a: body_of(a)["conversation_id"], "c-1"),
    "user": (["--user", "li"], lambda a: (a.config.user, body_of(a)["user"]), ("li", "li")),
    "threshold": (
        ["--threshold", "errors:rate<1%", "--threshold", " ttft_ms:p(95) < 500 "],
        lambda a: a.config.thresholds,
        ["errors:rate<1%", "ttft_ms:p(95) < 500"],
    ),
    "require_trust": (["--require-trust"], lambda a: a.config.require_trust, True),
    "slo": (["--slo", "ttft_ms<500", "--slo", "itl_ms:max<9"], lambda a: a.config.slo, ["ttft_ms<500", "itl_ms:max<9"]),
    "abort_on": (["--abort-on", "errors:rate>0.5"], lambda a: a.config.abort_on, ["errors:rate>0.5"]),
    "abort_after": (
        ["--abort-on", "errors:rate>0.5", "--abort-after", "1m"],
        lambda a: a.config.abort_after_s,
        60.0,
    ),
    "html_report": (["--html-report", "r.html"], lambda a: a.html_report, Path("r.html")),
    "no_report": (["--no-report"], lambda a: a.html_report, None),
    "model_name": (["--model-name", "m"], lambda a: a.config.model_name, "m"),
    "brand": (["--brand", "ACME"], lambda a: a.brand, "ACME"),
    "report_title": (["--report-title", "Nightly"], lambda a: a.report_title, "Nightly"),
    "json": (["--json", "s.json"], lambda a: a.exports, {"json": Path("s.json")}),
    "csv": (["--csv", "s.csv"], lambda a: a.exports, {"csv": Path("s.csv")}),
    "markdown": (["--markdown", "s.md"], lambda a: a.exports, {"markdown": Path("s.md")}),
    "junit": (["--junit", "s.xml"], lambda a: a.exports, {"junit": Path("s.xml")}),
    "records": (["--records", "r.jsonl"], lambda a: a.records_file, Path("r.jsonl")),
    "studio": (
        ["--studio", "."],
        lambda a: (a.studio_folder, a.records_file and a.records_file.parent),
        (Path(), Path("results")),
    ),
    "prometheus": (
        ["--prometheus", "[::1]:9464"],
        lambda a: a.telemetry and a.telemetry.prometheus,
        ("::1", 9464),
    ),
    "otlp": (["--otlp", "http://h:4318/v1/traces"], lambda a: a.telemetry and a.telemetry.otlp, "http://h:4318"),
    "otlp_sample": (
        ["--otlp", "http://h:4318/", "--otlp-sample", "5%"],
        lambda a: a.telemetry and (a.telemetry.otlp, a.telemetry.share),
        ("http://h:4318", 0.05),
    ),
    "otlp_traceparent": (
        ["--otlp", "http://h:4318", "--otlp-traceparent"],
        lambda a: a.telemetry and (a.telemetry.share, a.telemetry.tracing and a.telemetry.tracing.share),
        (0.1, 0.1),
    ),
    "stall_ms": (["--stall-ms", "250"], lambda a: a.config.stall_ms, 250.0),
    "quiet": (["--quiet"], lambda a: a.quiet, True),
    "no_color": (["--no-color"], lambda a: a.color, False),
    "lang": (["--lang", "zh"], lambda a: (a.lang, a.config.lang), ("zh", "zh")),
    "strict": (["--strict"], lambda a: a.config.strict, True),
    "text_path": (["--text-path", "a.0"], lambda a: a.options, {"fields": {"text": "a.0"}}),
    "reasoning_path": ([*CUSTOM, "--reasoning-path", "r"], path_of("reasoning"), "r"),
    "event_path": ([*CUSTOM, "--event-path", "e"], path_of("event"), "e"),
    "text_event": ([*CUSTOM, "--text-event", "x", "--text-event", "y"], option("text_events"), ["x", "y"]),
    "reasoning_event": ([*CUSTOM, "--reasoning-event", "x"], option("reasoning_events"), ["x"]),
    "close_ends": ([*CUSTOM, "--close-ends"], option("close_ends"), True),
    "open_url": (OPENING, lambda a: a.opening, Opening("http://h/s")),
    "open_body": ([*OPENING, "--open-body", '{"a": 1}'], lambda a: a.opening and a.opening.body, b'{"a": 1}'),
    "open_path": ([*OPENING, "--open-path", "a.b"], lambda a: a.opening and a.opening.path, "a.b"),
    "then_url": (THEN, lambda a: a.following, Following("http://h/{id}")),
    "then_path": ([*THEN, "--then-path", "a.b"], lambda a: a.following and a.following.path, "a.b"),
    "milestone": (["--milestone", "seen=a.b"], option("milestones"), ["seen=a.b"]),
    "end_event": ([*CUSTOM, "--end-event", "x"], option("end_events"), ["x"]),
    "error_event": ([*CUSTOM, "--error-event", "x"], option("error_events"), ["x"]),
    "error_path": ([*CUSTOM, "--error-path", "e"], path_of("error"), "e"),
    "error_code_path": ([*CUSTOM, "--error-code-path", "c"], option("error_code"), {"path": "c", "ok": [0]}),
    "error_code_ok": (
        [*CUSTOM, "--error-code-path", "c", "--error-code-ok", "200", "--error-code-ok", "ok"],
        option("error_code"),
        {"path": "c", "ok": [200, "ok"]},
    ),
    "conversation_id_path": ([*CUSTOM, "--conversation-id-path", "c"], path_of("conversation_id"), "c"),
    "message_id_path": ([*CUSTOM, "--message-id-path", "m"], path_of("message_id"), "m"),
    "prompt_tokens_path": ([*CUSTOM, "--prompt-tokens-path", "p"], path_of("prompt_tokens"), "p"),
    "completion_tokens_path": ([*CUSTOM, "--completion-tokens-path", "p"], path_of("completion_tokens"), "p"),
    "finish_reason_path": ([*CUSTOM, "--finish-reason-path", "f"], path_of("finish_reason"), "f"),
    "cumulative": ([*CUSTOM, "--cumulative"], option("cumulative"), True),
    "raw": (["--raw"], lambda a: (a.options, a.format.name), ({"raw": True}, "custom")),
    "print_config": (["--print-config"], lambda a: a.command, "show"),
    "agent": (["--demo", "--agent"], lambda a: a.agent, True),
    "completion": (["--completion", "bash"], lambda a: a.text.startswith("# AUTOMATICALLY GENERATED"), True),
    "demo": (["--demo"], lambda a: (a.command, a.config.threads, a.config.duration_s), ("demo", 5, 10.0)),
    "debug": (["--debug"], lambda a: (a.command, a.config.requests, a.html_report), ("debug", 1, None)),
    "version": (["--version"], lambda a: (a.command, a.text), ("show", f"{PROGRAM} {__version__}\n")),
    "help": (["-h"], lambda a: (a.command, a.text), ("show", help_text("en"))),
}  # fmt: skip


WITH_FILES = {"baseline", "allow", "cacert", "config", "param_file", "shuffle", "api_key_file", "request_body_file",
              "replay", "speed", "tokenizer"}  # fmt: skip


def older_run(name: str) -> str:
    """A summary, or records, of a run of one failure."""
    record = RequestRecord(1, 1, 0, Outcome.TIMEOUT, 1_000_000)
    lines = [header_line(RecordsHeader(RunConfig(), 0)), record_line(record, 0)]
    tally = Tally(0)
    tally.add(record)
    return write(name, to_json(tally.result(RunConfig(), 0)) if name == "old.json" else "\n".join([*lines, ""]))


SECRET = "s3cr3t-value-0001"
