"""Scenes of the studio's pages: for each the answers of a made-up server, so that every state of a page can be seen."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

from bench_documents import sample_document
from report_runs import sample_run, sample_search, watched
from sse_perf_tool.capacity.file import capacity_document
from sse_perf_tool.exporters.json_summary import summary_document
from sse_perf_tool.records import RunConfig

Scene = dict[str, Any]

ATTACK = "<img src=x onerror=window.pwned=true>"

JOB = {
    "id": "20260131_080000_1",
    "kind": "bench",
    "state": "running",
    "origin": "studio",
    "title": "3 models × 2 tiers × 3 runs",
    "label": "",
    "created_at": "2026-01-31T08:00:00.000Z",
    "started_at": (datetime.now(timezone.utc) - timedelta(seconds=41)).isoformat(),
    "ended_at": None,
    "position": None,
    "result_id": None,
    "done": 5,
    "total": 24,
    "error": None,
    "last_event_id": 12,
    "can_cancel": True,
    "can_run_rest": False,
    "request": {"kind": "bench", "demo": True, "models": []},
}
LOAD_JOB = {**JOB, "kind": "run", "title": "load of openai_chat, 10 threads", "total": None, "done": 0}


def model(n: int, name: str, window: int = 128_000, **more: object) -> dict[str, Any]:
    plain = {
        "n": n,
        "id": name,
        "display_name": name.split("/")[-1],
        "context_window": window,
        "max_output_tokens": None,
        "skip_temperature": False,
        "skip_params": [],
        "format": "openai_chat",
        "url": "http://localhost:8000/v1/chat/completions",
        "problem": None,
    }
    return {**plain, **more}


def provider(key: str, title: str, key_state: str, *models: dict[str, Any], **more: object) -> dict[str, Any]:
    plain = {
        "key": key,
        "display_name": title,
        "api_base": f"https://{key}.example/v1",
        "api_key_env": f"{key.upper()}_API_KEY",
        "model_prefix": "",
        "format": None,
        "api_version": None,
        "headers": {},
        "literal_key": False,
        "key_state": key_state,
        "key_names": [f"{key.upper()}_API_KEY"],
        "line": 9,
        "models": list(models),
    }
    return {**plain, **more}


PROVIDERS = [
    provider(
        "local",
        "vLLM",
        "not_needed",
        model(0, "Qwen/Qwen2.5-7B-Instruct", 32_768),
        model(1, "meta-llama/Llama-3.1-8B-Instruct", skip_temperature=True),
        api_base="http://localhost:8000/v1",
        key_names=[],
    ),
    provider(
        "openai",
        "OpenAI",
        "set",
        model(0, "gpt-4o-mini"),
        model(1, "gpt-5-mini", 400_000, max_output_tokens=8192),
        model(2, "o4-mini"),
    ),
    provider("anthropic", "Anthropic", "env", model(0, "claude-sonnet-4-5", 200_000, format="anthropic")),
    provider("zai", "Z.ai", "missing", model(0, "glm-4.6"), model(1, "glm-4.5-air")),
    provider(
        "odd",
        ATTACK,
        "literal",
        model(0, ATTACK, problem="no address is known for it; add api_base"),
        literal_key=True,
        api_base=None,
    ),
]
DEFAULTS = {
    "max_tokens": 512,
    "temperature": None,
    "context_tiers": [0, 5000],
    "prompt": "Explain the concept of recursion in programming, with a simple example.",
    "runs": 3,
}
CONFIG = {
    "etag": '"abc"',
    "path": "/home/me/bench/config.yaml",
    "exists": True,
    "read_only": False,
    "problem": None,
    "warnings": ["providers.odd.colour: not known and not used"],
    "defaults": DEFAULTS,
    "providers": PROVIDERS,
}
NO_CONFIG = {**CONFIG, "exists": False, "etag": '"none"', "providers": [], "warnings": []}
BROKEN_CONFIG = {
    **NO_CONFIG,
    "exists": True,
    "read_only": True,
    "problem": {
        "line": 7,
        "column": 3,
        "message": "could not find expected ':'",
        "text": "  api_base http://localhost:8000/v1",
    },
}

STATE = {
    "version": "0.1.0",
    "lang": "en",
    "dir": "/home/me/bench",
    "instance": "9f3a1c2e",
    "results_dir": "/home/me/bench/results",
    "watch": ["/home/me/runs"],
    "config": {"path": "/home/me/bench/config.yaml", "exists": True, "etag": '"abc"', "problem": None},
    "env_path": "/home/me/bench/.env",
    "first_use": False,
    "demo_available": True,
    "litellm_available": False,
    "running": None,
    "queue": [],
    "formats": ["anthropic", "dify", "gemini", "ollama", "openai_chat"],
    "remote": False,
}
ENV = {
    "path": "/home/me/bench/.env",
    "exists": True,
    "problem": None,
    "variables": [
        {
            "name": "OPENAI_API_KEY",
            "set": True,
            "source": "file",
            "masked": "sk-…4Knu",
            "used_by": ["openai"],
            "editable": True,
        },
        {
            "name": "ANTHROPIC_API_KEY",
            "set": True,
            "source": "env",
            "masked": "sk-…9xQz",
            "used_by": ["anthropic"],
            "editable": False,
        },
        {"name": "ZAI_API_KEY", "set": False, "source": None, "masked": None, "used_by": ["zai"], "editable": True},
    ],
}
FLAGS = {
    "flags": [
        {
            "key": key,
            "name": f"--{key.replace('_', '-')}",
            "group": group,
            "group_title": title,
            "help": text,
            "default": default,
            "metavar": "N",
            "repeat": repeat,
            "switch": switch,
        }
        for key, group, title, text, default, repeat, switch in (
            ("timeout", "load", "Load", "seconds until a request is given up", 60.0, False, False),
            ("no_stream", "load", "Load", "ask for whole answers", False, False, True),
            ("retries", "load", "Load", "tries again after 429 and 5xx", 3, False, False),
            ("slo", "goals", "Goals", "what each request has to meet", None, True, False),
        )
    ]
}


def plan_cell(key: str, title: str, name: str, tier: int, skipped: str | None = None) -> dict[str, Any]:
    return {
        "provider_key": key,
        "provider": title,
        "model_id": name,
        "model": name,
        "context_tokens": tier,
        "format": "openai_chat",
        "url": "http://h/v1",
        "skipped": skipped,
    }


CELLS = [
    plan_cell("local", "vLLM", "Qwen2.5-7B", 0),
    plan_cell("local", "vLLM", "Qwen2.5-7B", 5000),
    plan_cell("openai", "OpenAI", "gpt-4o-mini", 0),
    plan_cell("openai", "OpenAI", "gpt-4o-mini", 5000),
    plan_cell("anthropic", "Anthropic", "claude-sonnet-4-5", 0),
    plan_cell("local", "vLLM", "Qwen2.5-7B", 50_000, "50,000 tokens of context do not fit a window of 32,768"),
]
PLAN = {
    "kind": "bench",
    "cells": CELLS,
    "requests": 24,
    "max_tokens": 12_288,
    "warnings": [],
    "lanes": [{"name": "vLLM", "requests": 8}, {"name": "OpenAI", "requests": 8}, {"name": "Anthropic", "requests": 4}],
    "command": "sse-perf bench --runs 3 --context-tiers 0,5000",
}


def head(number: int, kind: str, **more: object) -> dict[str, Any]:
    name = f"{kind}_2026013{number}_080000"
    plain = {
        "id": name,
        "kind": kind,
        "file": f"results/{name}.json",
        "started_at": f"2026-01-2{number}T08:00:00.000Z",
        "ended_at": f"2026-01-2{number}T08:01:30.000Z",
        "state": "done",
        "label": "",
        "note": "",
        "providers": ["vLLM"],
        "models": ["Qwen 7B"],
        "cells": 4,
        "sent": 12,
        "ok": 12,
        "failed": 0,
        "best_ttft_ms": None,
        "best_ttft_model": None,
        "best_tokens_per_s": None,
        "best_tokens_model": None,
        "ttft_p50_ms": None,
        "ttft_p95_ms": None,
        "requests_per_s": None,
        "tokens_per_s": None,
        "threads": None,
        "level": None,
        "thresholds_missed": 0,
        "trust": "trusted",
        "problem": None,
        "ours": True,
        "has_report": True,
    }
    return {**plain, **more}


BEST = {
    "best_ttft_ms": 51.2,
    "best_ttft_model": "vLLM / Qwen 7B",
    "best_tokens_per_s": 48.0,
    "best_tokens_model": "OpenAI / gpt-4o-mini",
    "models": ["Qwen 7B", "gpt-4o-mini", "claude", "glm"],
}
HEADS = [
    head(1, "bench", label="after the update", note="vLLM 0.11 with prefix caching", **BEST),
    head(2, "bench", state="cancelled", failed=2, trust="degraded", **BEST),
    head(3, "run", ttft_p95_ms=180.4, requests_per_s=42.5, threads=10, thresholds_missed=1, failed=3),
    head(4, "capacity", level=64, models=["Qwen 7B"]),
    head(
        5,
        "run",
        ours=False,
        file="/home/me/runs/nightly.json",
        state="interrupted",
        ttft_p50_ms=80.0,
        requests_per_s=3.2,
        label=ATTACK,
    ),
    head(6, "bench", state="unreadable", problem="is no result of a benchmark", models=[], has_report=False),
]
HISTORY = {"results": HEADS, "next": "cursor", "total": 5000, "matching": 120}
RESULTS = {f"GET /api/results/{each['id']}": {"head": each, "document": None} for each in HEADS}


def compared(kind: str = "bench") -> dict[str, Any]:
    rows = [
        (["local", "m", 0], "vLLM / Qwen 7B", "ttft_ms", False, [51.2, 49.0], (-2.2, -3.0, -1.1, True)),
        (["local", "m", 0], "vLLM / Qwen 7B", "tokens_per_s", True, [48.0, 41.0], (-7.0, -9.0, -5.0, True)),
        (["openai", "g", 0], "OpenAI / gpt-4o-mini", "ttft_ms", False, [310.0, 305.0], (-5.0, -40.0, 30.0, False)),
        (["openai", "g", 0], "OpenAI / gpt-4o-mini", "tokens_per_s", True, [80.0, 81.0], (1.0, None, None, False)),
    ]
    cells = [
        {
            "name": name,
            "title": title,
            "figure": figure,
            "more_is_better": more,
            "values": values,
            "differences": [None, dict(zip(("shift", "low", "high", "shown"), difference, strict=True))],
        }
        for name, title, figure, more, values, difference in rows
    ]
    return {
        "kind": kind,
        "ids": [],
        "names": [],
        "cells": cells,
        "verdicts": [
            {
                "grade": "none",
                "headline": "1 better, 1 worse",
                "lead": "Of 3 figures 1 are better and 1 are worse; the difference of 1 is not significant.",
            }
        ],
        "nothing_in_common": False,
        "notes": ["The prompts differ."],
    }


def failing_now() -> dict[str, Any]:
    """A run of which more requests fail than of the first; what is left looks fast."""
    rows = [
        ("success_rate", True, [1.0, 0.712], (-0.288, -0.32, -0.25, True)),
        ("requests_per_s", True, [42.5, 40.1], (-2.4, -4.0, 0.8, False)),
        ("ttft_ms P50", False, [51.2, 31.0], (-20.2, -23.0, -18.0, False)),
    ]
    cells = [
        {
            "name": ["run"],
            "title": figure,
            "figure": figure,
            "more_is_better": more,
            "values": values,
            "differences": [None, dict(zip(("shift", "low", "high", "shown"), difference, strict=True))],
        }
        for figure, more, values, difference in rows
    ]
    verdict = {
        "grade": "bad",
        "headline": "28.8 % of the requests fail now",
        "lead": "Of 3 figures 1 are worse and 1 the same within chance; 1 look better, of the answers left.",
    }
    return {**compared("run"), "cells": cells, "verdicts": [verdict], "notes": []}


def stream(*events: tuple[str, dict[str, Any]]) -> str:
    """Events as the server sends them, numbered from 1."""
    return "retry: 60000\n\n" + "".join(
        ("" if name in ("state", "tick") else f"id: {number}\n") + f"event: {name}\ndata: {json.dumps(data)}\n\n"
        for number, (name, data) in enumerate(events, 1)
    )


def bench_events() -> str:
    cells = sample_document()["cells"]
    run = {
        "thread": 1,
        "cold": False,
        "outcome": "ok",
        "error": None,
        "tokens_per_s": 48.1,
        "latency_ms": 900.0,
        "output_tokens": 42,
    }
    return stream(
        ("state", {"running": JOB, "queue": [], "changed": JOB}),
        ("job", {"state": "running"}),
        ("plan", {"cells": CELLS, "lanes": PLAN["lanes"], "runs": 3, "threads": 1, "result_id": None}),
        *(
            ("lane", {"lane": at, "name": each["name"], "total": each["requests"]})
            for at, each in enumerate(PLAN["lanes"])
        ),
        *(("run", {**run, "cell": 0, "lane": 0, "number": n, "cold": n == 0, "ttft_ms": 50.0 + n}) for n in range(4)),
        (
            "cell",
            {"cell": 0, "document": {**cells[0], "provider": "vLLM", "model": "Qwen2.5-7B", "provider_key": "local"}},
        ),
        ("run", {**run, "cell": 2, "lane": 1, "number": 0, "cold": True, "ttft_ms": 310.0}),
        (
            "run",
            {
                **run,
                "cell": 2,
                "lane": 1,
                "number": 1,
                "outcome": "http_error",
                "error": f"429: {ATTACK}",
                "ttft_ms": None,
                "tokens_per_s": None,
            },
        ),
        (
            "tick",
            {
                "lanes": [
                    {"lane": 0, "done": 4, "total": 8, "cell": 1, "chunks_per_s": 47.5},
                    {"lane": 1, "done": 2, "total": 8, "cell": 2, "chunks_per_s": 81.2},
                ]
            },
        ),
    )


def load_events(kind: str = "run") -> str:
    def second(at: int) -> dict[str, Any]:
        swing = (at * 7) % 5
        return {
            "second": at,
            "step": None,
            "active": 10,
            "threads": 10,
            "started": 8,
            "done": 7,
            "ok": 7,
            "failed": int(at % 9 == 8),
            "total": 7 * (at + 1),
            "rps": 7.0 + swing,
            "ttft_p50_ms": 51.0 + swing,
            "ttft_p95_ms": 60.2 + 4 * swing,
            "ttft_mean_ms": 52.0,
            "latency_mean_ms": 900.0 + 20 * swing,
            "tokens_per_s": 320.0 + 9 * swing,
            "success_rate": 1.0,
            "errors": {"timeout": 1} if at % 9 == 8 else {},
        }

    job = {**LOAD_JOB, "kind": kind}
    load = {
        "result_id": None,
        "url": "http://localhost:8000/v1/chat/completions",
        "format": "openai_chat",
        "model": "Qwen",
        "threads": 10,
        "duration_s": 60.0,
        "requests": None,
        "rate_per_s": None,
        "stages": None,
        "arrival": "constant",
        "processes": 1,
    }
    steps = [("step", step) for step in capacity()["steps"][:3]] if kind == "capacity" else []
    return stream(
        ("state", {"running": job, "queue": [], "changed": job}),
        ("load", load),
        *(("snapshot", second(at)) for at in range(40)),
        *steps,
    )


def capacity() -> dict[str, Any]:
    said = ("Up to 20 threads meet the demands.", "最多 20 个线程满足要求。")
    return capacity_document(sample_search(), RunConfig(url="http://localhost:8000/v1/chat/completions"), said)


def bench_result(**more: object) -> dict[str, Any]:
    document = sample_document()
    document["cells"][0]["provider"] = ATTACK
    return {**document, **more}


def run_result(**more: object) -> dict[str, Any]:
    return {**summary_document(watched(sample_run())), **more}


API: dict[str, Any] = {
    "GET /api/health": {"status": "ok"},
    "GET /api/state": STATE,
    "GET /api/config": CONFIG,
    "GET /api/env": ENV,
    "GET /api/flags": FLAGS,
    "POST /api/plan": PLAN,
    "GET /api/jobs": {"jobs": []},
    "GET /api/results": HISTORY,
    "GET /api/compare": compared(),
    **RESULTS,
}

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def with_job(job: dict[str, Any], events: str = "") -> Scene:
    """The answers while a job is there, and its events."""
    state = {
        **STATE,
        "running": job if job["state"] == "running" else None,
        "queue": [job] if job["state"] == "queued" else [],
    }
    return {
        "path": f"/jobs/{job['id']}",
        "api": {"GET /api/state": state, f"GET /api/jobs/{job['id']}": job},
        "events": events,
    }


def result_scene(which: dict[str, Any], document: dict[str, Any] | None, **more: Any) -> Scene:
    return {
        "path": f"/results/{which['id']}",
        "api": {f"GET /api/results/{which['id']}": {"head": which, "document": document, **more}},
    }


EMPTY_HISTORY = {"results": [], "next": None, "total": 0, "matching": 0}
FAILED_CELLS = [
    {
        **cell,
        "requests": {"sent": 3, "ok": 0, "failed": 3},
        "state": "failed",
        "metrics": {},
        "errors": [{"outcome": "http_error", "message": message, "count": 3}],
    }
    for cell, message in zip(
        sample_document()["cells"],
        ("HTTP 401: no such key", "HTTP 400: temperature is not supported"),
        strict=False,
    )
]
DIFF = """\
--- config.yaml
+++ config.yaml
@@ -7,3 +7,4 @@
   local:
-    display_name: vLLM
+    display_name: Lab
     models:
"""
CHANGE = {"etag": '"new"', "diff": DIFF, "lost": ["# an old model"], "preview": True}
GOOD_CHECK = {
    "ok": True,
    "outcome": "ok",
    "status": 200,
    "error": None,
    "ttft_ms": 51.2,
    "latency_ms": 80.0,
    "url": "http://localhost:8000/v1/chat/completions",
    "format": "openai_chat",
    "key": "good",
    "refused": [],
    "hint": None,
    "output_tokens": 1,
    "notes": [],
}
BAD_CHECK = {
    **GOOD_CHECK,
    "ok": False,
    "outcome": "http_error",
    "status": 400,
    "error": "400: 'temperature' does not support 0.7",
    "key": "unknown",
    "refused": ["temperature"],
    "hint": "add skip_temperature: true",
}
FOUND = {
    "url": "https://openai.example/v1/models",
    "models": [{"id": f"gpt-{n}", "context_window": 128_000, "known": n == 4} for n in range(3, 9)],
}
SECRET = {"GET /api/env": {**ENV, "problem": "/home/me/bench/.env: cannot be written: Permission denied"}}


QUEUED = {**JOB, "state": "queued", "position": 2, "started_at": None, "done": 0}
SCENES: dict[str, Scene] = {
    "first_use": {"path": "/", "api": {"GET /api/config": NO_CONFIG, "GET /api/state": {**STATE, "first_use": True}}},
    "first_use_add": {
        "path": "/",
        "api": {"GET /api/config": NO_CONFIG, "POST /api/models/discover": FOUND},
        "steps": [
            ["click", "button:has-text('LM Studio')", ""],
            ["click", "dialog button:has-text('Find models'), dialog button:has-text('查找模型')", ""],
            ["see", "dialog .models .tick", ""],
        ],
    },
    "run": {"path": "/run"},
    "run_refused": {
        "path": "/run",
        "api": {
            "POST /api/plan": [
                422,
                {
                    "error": {
                        "code": "invalid",
                        "message": "give a whole number of at least 1",
                        "field": "runs",
                        "hint": None,
                    }
                },
            ]
        },
    },
    "run_broken_config": {"path": "/run", "api": {"GET /api/config": BROKEN_CONFIG}},
    "job_bench": with_job(JOB, bench_events())
    | {"steps": [["see", "[data-state=running]", ""], ["see", "tbody tr", ""]]},
    "job_queued": with_job(QUEUED),
    "job_load": with_job(LOAD_JOB, load_events()),
    "job_capacity": with_job({**LOAD_JOB, "kind": "capacity", "title": "capacity of Qwen"}, load_events("capacity")),
    "job_failed": with_job({**JOB, "state": "failed", "error": f"config.yaml: {ATTACK}", "can_cancel": False}),
    "job_interrupted": with_job({**JOB, "state": "interrupted", "can_cancel": False, "can_run_rest": True}),
    "job_none": {"path": "/jobs/nothing"},
    "load": {"path": "/load", "steps": [["see", "summary", ""]]},
    "load_rate_url": {
        "path": "/load",
        "steps": [
            ["click", "text=/An address|一个地址/", ""],
            ["click", "label:has-text('Requests per second'), label:has-text('每秒请求数')", ""],
            ["fill", "[name=url]", "http://localhost:8000/chat"],
            ["fill", "[name=headers]", "X-Team: a: b\n\nX-Api-Key: $MY_KEY\nodd"],
        ],
    },
    "capacity": {"path": "/capacity", "steps": [["see", "summary", ""]]},
    "result_bench": result_scene(HEADS[0], bench_result()),
    "result_bench_failed": result_scene(
        {**HEADS[0], "ok": 0}, bench_result(cells=FAILED_CELLS, fastest=[], remarks=[])
    ),
    "result_cancelled": result_scene(HEADS[1], bench_result(state="cancelled")),
    "result_run": result_scene(
        HEADS[2],
        run_result(
            thresholds=[
                {"rule": "ttft_ms:p(95)<500", "value": 720.5, "ok": False, "note": ""},
                {"rule": "errors:rate<20%", "value": 0.1, "ok": True, "note": ""},
            ]
        ),
        ttft_over_time={
            "width_s": 2,
            "stretches": [
                {"second": 2 * at, "p50_ms": 50.0 + at % 3, "p95_ms": None if at == 2 else 70.0 + at % 5}
                for at in range(8)
            ],
        },
    ),
    "result_capacity": result_scene(HEADS[3], capacity()),
    "result_unreadable": result_scene(HEADS[5], None),
    "history": {
        "path": "/history",
        "steps": [["click", "tbody tr >> nth=0 >> input", ""], ["click", "tbody tr >> nth=1 >> input", ""]],
    },
    "history_empty": {"path": "/history", "api": {"GET /api/results": EMPTY_HISTORY}},
    "history_nothing": {"path": "/history?q=zzz", "api": {"GET /api/results": {**EMPTY_HISTORY, "total": 12}}},
    "history_failed": {
        "path": "/history",
        "api": {
            "GET /api/results": [
                500,
                {
                    "error": {
                        "code": "invalid",
                        "message": "the index cannot be read",
                        "field": None,
                        "hint": "delete .studio/index.sqlite",
                    }
                },
            ]
        },
    },
    "compare": {"path": f"/compare?ids={HEADS[0]['id']},{HEADS[1]['id']}"},
    "compare_failing": {
        "path": f"/compare?ids={HEADS[2]['id']},{HEADS[4]['id']}",
        "api": {"GET /api/compare": failing_now()},
    },
    "compare_none": {"path": "/compare"},
    "compare_nothing": {
        "path": f"/compare?ids={HEADS[0]['id']},{HEADS[1]['id']}",
        "api": {"GET /api/compare": {**compared(), "cells": [], "nothing_in_common": True}},
    },
    "providers": {
        "path": "/providers",
        "api": {"POST /api/check": GOOD_CHECK},
        "steps": [["click", "[data-model] button", ""], ["see", ".answer", ""]],
    },
    "providers_check_failed": {
        "path": "/providers",
        "api": {"POST /api/check": BAD_CHECK},
        "steps": [["click", "[data-model] button", ""], ["see", ".outcome .problem", ""]],
    },
    "providers_change": {
        "path": "/providers",
        "api": {"PUT /api/config/providers/local": CHANGE},
        "steps": [
            ["click", "[data-provider=local] > .head button", ""],
            ["fill", "[name=display_name]", "Lab"],
            ["press", "Enter", ""],
            ["see", ".diff", ""],
        ],
    },
    "providers_discover": {
        "path": "/providers",
        "api": {"POST /api/models/discover": FOUND},
        "steps": [["click", "[data-provider=openai] > .head button >> nth=1", ""], ["see", "dialog .tick", ""]],
    },
    "providers_discover_add": {
        "path": "/providers",
        "api": {
            "POST /api/models/discover": FOUND,
            "POST /api/config/providers/openai/models/several": CHANGE,
        },
        "steps": [
            ["click", "[data-provider=openai] > .head button >> nth=1", ""],
            ["click", "dialog .tick >> nth=0", ""],
            ["click", "dialog .tick >> nth=2", ""],
            ["click", "dialog .actions button >> nth=1", ""],
            ["see", ".diff", ""],
        ],
    },
    "providers_broken": {"path": "/providers", "api": {"GET /api/config": BROKEN_CONFIG}},
    "providers_none": {"path": "/providers", "api": {"GET /api/config": NO_CONFIG}},
    "keys": {"path": "/keys"},
    "keys_set": {"path": "/keys?name=ZAI_API_KEY", "steps": [["see", "dialog", ""]]},
    "keys_problem": {"path": "/keys", "api": SECRET},
    "settings": {"path": "/settings", "api": {"GET /api/state": {**STATE, "remote": True}}},
    "gone": {"path": "/history", "api": {"GET /api/results": "gone"}},
    "token": {
        "path": "/history",
        "api": {
            "GET /api/state": [401, {"error": {"code": "token", "message": "no token", "field": None, "hint": None}}]
        },
    },
}

"""Name of the scene -> where it is, what the server answers there, and what is done."""
