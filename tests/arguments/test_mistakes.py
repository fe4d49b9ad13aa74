"""A mistake gets one line with the flag, the value and what to do, in both languages."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

from command_lines import CUSTOM, KEY, KEYED, SECRET, problem, write
from sse_perf_tool.arguments import TEXTS, endpoint, flag_values, settings, sources
from sse_perf_tool.arguments.load import TEXTS as LOAD_TEXTS
from sse_perf_tool.arguments.load import WARNINGS as LOAD_WARNINGS
from sse_perf_tool.flags import COMMANDS, checks
from sse_perf_tool.formats import FORMATS
from sse_perf_tool.goals.thresholds import RUN_FIGURES
from sse_perf_tool.load.abort import LIVE_FIGURES
from sse_perf_tool.metrics import METRICS
from sse_perf_tool.texts import display_width


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90.0),
        ("1.5", 1.5),
        ("90s", 90.0),
        ("250ms", 0.25),
        ("5m", 300.0),
        ("1h30m", 5400.0),
        ("1H 30m", None),
        ("30m1h", None),
        ("s", None),
        ("", None),
        ("5x", None),
        ("-5s", None),
    ],
)
def test_a_duration_has_units_in_falling_order(text, seconds):
    assert checks.duration_s(text) == seconds


PLACE = "give HOST:PORT, a name or an address and a port, e.g. 10.0.0.1:5557 or [::1]:5557"
LISTENING = "give ADDR:PORT to listen on, e.g. 127.0.0.1:9464"
SECONDS = "give a time above 0: seconds, or with units, e.g. 90, 90s, 5m, 1h30m"
SECONDS_0 = "give a time, 0 or above: seconds, or with units, e.g. 90, 90s, 5m, 1h30m"
SPACE = "is a space or control character; write it as"
QUOTES = f"put a value with spaces in quotes, and a command ({', '.join(COMMANDS)}) first"
NO_PART = "of the key (not shown) cannot be part of one; give visible ASCII without spaces"
LENGTH = "give the tokens of a prompt, 1 to 10000000, e.g. 512, or with their spread 512:64"
TIERS = "give different whole numbers from 0 to 10000000, joined by commas, e.g. 0,1000,8000"
MISTAKES: list[tuple[list[str], str]] = [
    ([*KEYED, "--prompt-tokens", "0"], f"--prompt-tokens 0: {LENGTH}"),
    ([*KEYED, "--prompt-tokens", "9:"], f"--prompt-tokens 9:: {LENGTH}"),
    ([*KEYED, "--prompt-tokens", "512:a"], f"--prompt-tokens 512:a: {LENGTH}"),
    ([*KEYED, "--context-tiers", "0,1k"], f'--context-tiers 0,1k: entry 2, "1k": {TIERS}'),
    ([*KEYED, "--context-tiers", "0,"], f'--context-tiers 0,: entry 2, "": {TIERS}'),
    ([*KEYED, "--context-tiers", "5, 8,5"], f'--context-tiers 5, 8,5: entry 3, "5": {TIERS}'),
    ([*KEYED, "--context-tiers", "-1"], f'--context-tiers -1: entry 1, "-1": {TIERS}'),
    ([*KEYED, "--shared-prefix-tokens", "x"], "--shared-prefix-tokens x: give a whole number from 0 to 10000000"),
    ([*KEYED, "--seed", "-"], "--seed -: give a whole number from 0 to 2147483647"),
    ([*KEYED, "--shuffle"], "--shuffle: only works with queries from a file; add --param-file FILE"),
    ([*KEYED, "--prompt-tokens", "9", "--param-file", "some"],
     "--prompt-tokens 9: cannot go with --param-file; keep one of them"),
    ([*KEYED, "--prompt-tokens", "9", "--query", "hi"],
     "--prompt-tokens 9: cannot go with --query; keep one of them"),
    ([*KEYED, "--turns", "2", "--param-file", "short.json"],
     "--turns 2: no conversation in --param-file has a second user turn; leave this out"),
    ([*KEYED, "--then-url", "http://h/events"],
     "--then-url http://h/events: write {id} where the id of the answer belongs, e.g. http://host/events/{id}"),
    ([*KEYED, "--milestone", "seen"],
     ("--milestone seen: give NAME=PATH, NAME=PATH=VALUE or NAME=event:EVENT; NAME is your own, or KIND, or KIND:NAME "
     "(kinds: tool_call, tool_result, step_begin, step_end, citation, keep_alive)")),
    (["--thread", "4"], "--thread: no such flag; did you mean --threads?"),
    (["--api_key", KEY], "--api_key: no such flag; did you mean --api-key?"),
    (["-host", "h"], "-host: no such flag; did you mean --host?"),
    (["--xyzzy=1"], "--xyzzy: no such flag; --help lists all"),
    (["--sweep", "1,2"], "--sweep: no such flag here, only with capacity; --help lists all"),
    (["capacity", "--demo"], "--demo: no such flag here, only with a run, bench, profile; --help lists all"),
    (["run", "--demo"], 'unexpected argument "run"; a run has no word for itself, leave it out'),
    (["bench", "models.yaml"], 'unexpected argument "models.yaml"; did you mean --config?'),
    (["compare", "a.jsonl", "b.jsonl"], 'unexpected argument "compare"; did you mean report?'),
    (["a.jsonl", "b.jsonl"], 'unexpected argument "a.jsonl"; did you mean report?'),
    (["--api-key", "x", "world"], f'unexpected argument "…"; {QUOTES}'),
    ([*KEYED, "--insecure", "world"], f'unexpected argument "world"; {QUOTES}'),
    ([*KEYED, "--secret-header", "Authorization:"],
     "--secret-header Authorization:: not the name of a header; give it alone, e.g. X-Tenant"),
    (["--api-key", "x", "a-long-secret-0001"],
     f'unexpected argument "a-…0001"; {QUOTES}'),
    (["demo"], 'unexpected argument "demo"; did you mean --demo?'),
    (["serv", "--port", "8000"], 'unexpected argument "serv"; did you mean serve?'),
    (["--param-file", "a\0b"], "--param-file a\ufffdb: holds a NUL character; give a path without one"),
    (["studo"], 'unexpected argument "studo"; did you mean studio?'),
    ([*KEYED, "thread", "4"], 'unexpected argument "thread"; did you mean --threads?'),
    ([*KEYED, "serve"], f'unexpected argument "serve"; {QUOTES}'),
    (["--port"], "--port: a value is missing; write --port PORT (or --port=PORT if it begins with -)"),
    (["--execution-time", "--quiet"],
     "--execution-time: a value is missing; write --execution-time S (or --execution-time=S if it begins with -)"),
    (["--quiet=yes"], "--quiet: takes no value; write it alone"),
    (["--port", "70000"], "--port 70000: give a whole number from 1 to 65535"),
    (["--port", "0"], "--port 0: give a whole number from 1 to 65535"),
    (["--port", "http"], "--port http: give a whole number from 1 to 65535"),
    (["--port", "8_0"], "--port 8_0: give a whole number from 1 to 65535"),
    (["--port", "９"], "--port ９: give a whole number from 1 to 65535"),
    (["--port", ""], "--port: give a whole number from 1 to 65535"),
    (["--threads", "0"], "--threads 0: give a whole number from 1 to 100000"),
    (["--threads", "-3"], "--threads -3: give a whole number from 1 to 100000"),
    (["--threads", "1.5"], "--threads 1.5: give a whole number from 1 to 100000"),
    (["worker"], "worker: --join is missing; give the place of the master, e.g. --join 10.0.0.1:5557"),
    (
        ["worker", "--join", "h:1"],
        "worker: --cluster-token is missing; the master shows it when it starts (or set SSE_PERF_CLUSTER_TOKEN)",
    ),
    (["--workers", "0"], "--workers 0: give a whole number from 1 to 64"),
    (["--workers", "2", "--expect-workers", "2"], "--workers 2: cannot go with --expect-workers; keep one of them"),
    (["--workers", "2", "--calibrate"], "--calibrate: cannot go with --workers; keep one of them"),
    (
        ["--api-key", "-", "--bind", "h:1"],
        "--bind h:1: has no effect without --expect-workers; add it, or leave this out",
    ),
    ([*KEYED, "--prometheus", "9464"], f"--prometheus 9464: {LISTENING}"),
    ([*KEYED, "--prometheus", "h:x"], f"--prometheus h:x: {LISTENING}"),
    ([*KEYED, "--prometheus", "::1:9464"], f"--prometheus ::1:9464: {LISTENING}"),
    (
        [*KEYED, "--otlp", "h:4318"],
        "--otlp h:4318: a URL begins with http:// or https://; write it so",
    ),
    (
        [*KEYED, "--otlp", "http://h:4318/?token=s3cr3t-value-0001"],
        ("--otlp http://h:4318/?token=s3cr3t-…0001: a collector's URL has no ? or #; give http://HOST:4318, and keys in"
        " OTEL_EXPORTER_OTLP_HEADERS"),
    ),
    ([*KEYED, "--otlp-sample", "0.1"], "--otlp-sample 0.1: has no effect without --otlp; add it, or leave this out"),
    ([*KEYED, "--debug", "--otlp", "http://h"], "--otlp http://h: cannot go with --debug; keep one of them"),
    (["--expect-workers", "2", "--bind", "a:b"], f"--bind a:b: {PLACE}"),
    (["--expect-workers", "2", "--bind", "::1:1"], f"--bind ::1:1: {PLACE}"),
    (["--expect-workers", "2", "--bind", "h:70000"], f"--bind h:70000: {PLACE}"),
    (["--expect-workers", "2", "--bind", "[::1]:x"], f"--bind [::1]:x: {PLACE}"),
    (["--expect-workers", "2", "--bind", "[1::2::3]:1"], "--bind [1::2::3]:1: not a host name or address; check it"),
    (
        ["--expect-workers", "2", "--cluster-token", "short"],
        "--cluster-token: a token has 16 visible ASCII characters at least; leave it out to have one made",
    ),
    (
        ["--expect-workers", "2", "--cluster-token", "a…b"],
        "--cluster-token: this is a masked token; give the whole one",
    ),
    (["--expect-workers", "2", "--worker-wait", "0"], f"--worker-wait 0: {SECONDS}"),
    (["--processes", "65"], "--processes 65: give auto, or a whole number from 1 to 64"),
    (["--requests", "0"], "--requests 0: give a whole number from 1 to 1000000000000"),
    (["--stall-ms", "0"], "--stall-ms 0: give a number from 1 to 600000"),
    (["--stall-ms", "1e3"], "--stall-ms 1e3: give a number from 1 to 600000"),
    (["--retries", "-1"], "--retries -1: give a whole number from 0 to 100"),
    (["--timeout", "0"], f"--timeout 0: {SECONDS}"),
    (["--timeout", "60x"], f'--timeout 60x: character 3, "x", does not fit; {SECONDS}'),
    (["--timeout", "nan"], f'--timeout nan: character 1, "n", does not fit; {SECONDS}'),
    (["--timeout", "inf"], f"--timeout inf: {SECONDS}"),
    (["--timeout", "1e9"], f"--timeout 1e9: {SECONDS}"),
    (["--idle-timeout", "-1"], f'--idle-timeout -1: character 1, "-", does not fit; {SECONDS}'),
    (["--duration", "-1"], f'--duration -1: character 1, "-", does not fit; {SECONDS_0}'),
    (["--duration", ""], f"--duration: {SECONDS_0}"),
    (["--duration", "1h30"], f"--duration 1h30: it is incomplete; {SECONDS_0}"),
    (["--duration", "5s3m"], f'--duration 5s3m: character 4, "m", does not fit; {SECONDS_0}'),
    (["--execution-time", "x"], f'--execution-time x: character 1, "x", does not fit; {SECONDS_0}'),
    (["--ramp-up", "-0.1"], f'--ramp-up -0.1: character 1, "-", does not fit; {SECONDS_0}'),
    (["--api-path", "v1/chat"], "--api-path v1/chat: a path begins with /; write /v1/chat"),
    (["--api-path", "/a b"], f"--api-path /a b: character 3 {SPACE} %20"),
    (["--api-path", "/a\n"], f"--api-path /a: character 3 {SPACE} %0A"),
    (["--host", "http://h/x"], "--host http://h/x: a host has no scheme or path; for a whole URL use --url"),
    (["--host", "h:8000"], "--host h:8000: a host has no port; use --host h --port 8000"),
    (["--host", "a b"], "--host a b: not a host name or address; check it"),
    (["--host", "1:2:3"], "--host 1:2:3: not a host name or address; check it"),
    (["--host", ""], "--host: not a host name or address; check it"),
    (["--url", "h/x"], "--url h/x: a URL begins with http:// or https://; write it so"),
    (["--url", "ftp://h/x"], "--url ftp://h/x: a URL begins with http:// or https://; write it so"),
    (["--url", "http:///x"], "--url http:///x: no host in it; write it as https://HOST/PATH"),
    (["--url", "http://h:99999/"], "--url http://h:99999/: its port is not a number from 1 to 65535; correct it"),
    (["--url", "http://h:0/"], "--url http://h:0/: its port is not a number from 1 to 65535; correct it"),
    (["--url", "http://h:x/"], "--url http://h:x/: its port is not a number from 1 to 65535; correct it"),
    (["--url", "http://[::1/"], "--url http://[::1/: not a host name or address; check it"),
    (["--url", "http://h/a b"], f"--url http://h/ab: character 11 {SPACE} %20"),
    (["--url", f"https://h /?key={KEY}"], f"--url https://h/?key=app-…4Knu: character 10 {SPACE} %20"),
    (["--url", "http://h/", "--port", "81"],
     "--url http://h/: holds host, port and path already; leave out --port"),
    (["--url", "http://h/", "--api-path", "/"],
     "--url http://h/: holds host, port and path already; leave out --api-path"),
    (["--api-key", ""], "--api-key: is empty; give the key, or - for a server that takes none"),
    (["--api-key", "Bearer", KEY],
     '--api-key: only the word "Bearer"; put both parts in quotes: --api-key "Bearer app-xxx"'),
    (["--api-key", "app 123"], f"--api-key: character 4 {NO_PART}"),
    (["--api-key", "app-密钥"], f"--api-key: character 5 {NO_PART}"),
    (["--api-key", "app\r\nX: y"], f"--api-key: character 4 {NO_PART}"),
    (["--api-key", "app-…4Knu"],
     ("--api-key: is masked, as in files and reports; "
      "give the key by --api-key, SSE_PERF_API_KEY or --api-key-file")),
    (["--api-path", "/x?key=…4Knu"],
     ("--api-path /x?key=…4Knu: holds a masked secret (…), as in files and reports; "
      "give the full value by --api-path or SSE_PERF_API_PATH")),
    ([], "--api-key: missing; give the URL of a service and its key, or try --demo; --help lists all"),
    (["--threads", "2"],
     "--api-key: missing; give the key of the service (or --api-key-file), or - for a server that takes none"),
    (["-H", "Authorization:", "Bearer", "x"], '-H Authorization: write it in quotes as "Name: value"'),
    (["-H", f"Bearer {KEY}"], '-H: write it in quotes as "Name: value"'),
    (["--header", "X Y: z"], '--header: write it in quotes as "Name: value"'),
    (["-H", "X: a\r\nY: b"], "-H X: a line end in the value; write the value on one line"),
    (["-H", "X: 密钥"], "-H X: a character of the value is not Latin-1; percent-encode it"),
    (["-H", "Content-Length: 5"], "-H Content-Length: is set by the tool; leave it out"),
    (["-H", "X: a", "-H", "x: b"], "--header x: given twice; keep one"),
    (["--format", "openai"], "--format openai: no such name; did you mean openai_chat?"),
    (["--lang", "fr"], "--lang fr: choose one of en, zh"),
    (["--format", "xyz"], f"--format xyz: choose one of auto, {', '.join(sorted(FORMATS))}"),
    ([*KEYED, "--turns", "0"], "--turns 0: give a whole number from 1 to 1000"),
    (
        [*KEYED, "--turns", "2", "--think-time", "3:1"],
        "--think-time 3:1: give a time, 0 or above, e.g. 2, or the least and the most, e.g. 1:3",
    ),
    (
        [*KEYED, "--turns", "2", "--think-time", "1:x"],
        ('--think-time 1:x: character 3, "x", does not fit; '
         "give a time, 0 or above, e.g. 2, or the least and the most, e.g. 1:3"),
    ),
    (
        [*KEYED, "--think-time", "1"],
        "--think-time 1: only works between the turns of a conversation; add --turns N, or leave it out",
    ),
    (
        ["--url", "https://api.coze.cn/v3/chat", "--no-stream"],
        ("--no-stream: Coze v3 does not return a whole answer to one request, it must be polled; "
         "leave this out"),
    ),
    (["--no-stream", "--raw"], "--no-stream: cannot go with --raw; keep one of them"),
    (
        ["--api-path", "/generate_stream", "--turns", "2"],
        ("--turns 2: format tgi cannot continue conversations "
         "(fastgpt, ragflow, ragflow_agent, openai_responses, anthropic, dify, openai_chat, chatbot, custom can); "
         "use --request-body-file with {conversation_id}"),
    ),
    (
        [*CUSTOM, "--turns", "2"],
        "--turns 2: the path of the conversation id is missing; add --conversation-id-path PATH",
    ),
    (["--query", " "], "--query: is empty; give a text or leave the flag out"),
    (["--model", "\udcff"], "--model \ufffd: is not UTF-8; check the encoding of the terminal"),
    (["--text-path", "a..b"], "--text-path a..b: give a path of names joined by dots, e.g. data.0.text"),
    (["--format", "dify", "--text-path", "a"],
     "--text-path: only works with --format custom; leave it out or leave out --format dify"),
    (["--format", "custom"], "--format custom: the path of the text is missing; add --text-path PATH (or --raw)"),
    (["--raw", "--error-code-ok", "1"],
     "--error-code-ok: the path of the error code is missing; add --error-code-path PATH"),
    (["--demo", "--debug"], "--debug: cannot go with --demo; keep one of them"),
    (["--demo", "--port", "1"], "--port 1: cannot go with --demo; keep one of them"),
    (["--insecure", "--cacert", "x.pem"], "--cacert x.pem: cannot go with --insecure; keep one of them"),
    ([*KEYED, "--cacert", "no.pem"],
     "--cacert no.pem: cannot be read (No such file or directory); check the path"),
    ([*KEYED, "--cacert", "empty"],
     "--cacert empty: holds no usable certificate (NO_CERTIFICATE_OR_CRL_FOUND); give a PEM file"),
    ([*KEYED, "--param-file", "no.txt"], "--param-file no.txt: no such file; check the path"),
    ([*KEYED, "--param-file", "folder"], "--param-file folder: is a directory; name a file in it"),
    ([*KEYED, "--param-file", "empty"], "--param-file empty: holds no query; write one query a line"),
    ([*KEYED, "--json", "no/s.json"], "--json no/s.json: the folder no does not exist; create it first"),
    ([*KEYED, "--records", "-"],
     "--records -: only --json, --csv, --markdown and --junit can go to standard output; name a file"),
    ([*KEYED, "--json", "-", "--csv", "-"], "--csv -: is also the file of --json; choose another name"),
    ([*KEYED, "--html-report", "r.html", "--no-report"],
     "--html-report r.html: cannot go with --no-report; keep one of them"),
    ([*KEYED, "http://h/x", "--url", "http://h/y"], "http://h/x: given twice; keep one (--url)"),
    ([*KEYED, "api.h.cn/v1/chat"], "URL api.h.cn/v1/chat: a URL begins with http:// or https://; write it so"),
    ([*KEYED, "http://h/x", "http://h/y"], f'unexpected argument "…"; {QUOTES}'),
    ([*KEYED, "--extra-body", '{"top_p": }'],
     """--extra-body: give a JSON object in quotes, e.g. '{"top_p": 0.9}' (Expecting value, 1:11)"""),
    ([*KEYED, "--extra-body", "[1]"],
     """--extra-body: give a JSON object in quotes, e.g. '{"top_p": 0.9}' (this is none)"""),
    ([*KEYED, "--max-tokens", "9"],
     ("--max-tokens 9: format dify has no such field; leave this out, "
      "or put it where the service has it by --extra-body")),
    ([*KEYED, "--api-path", "/own", "--temperature", "0.5"],
     ("--temperature 0.5: it is not known which API this is, so where to put this; "
      "name it by --format, or use --extra-body")),
    ([*KEYED, "--api-path", "/v1/completions", "--ignore-eos"],
     "--ignore-eos: answers would have no end; add --max-tokens N"),
    ([*KEYED, "--html-report", "folder"], "--html-report folder: is a directory; name a file in it"),
    ([*KEYED, "--records", "x" * 300],
     f"--records {'x' * 79}…: cannot be written (File name too long); choose another place"),
    ([*KEYED, "--json", "s", "--records", "folder/../s"],
     "--records folder/../s: is also the file of --json; choose another name"),
    ([*KEYED, "--json", "some", "--param-file", "some"],
     "--json some: is also the file of --param-file; choose another name"),
    ([*KEYED, "--threshold", "ttft:p(95)<5"],
     "--threshold ttft:p(95)<5: character 1: there is no ttft; did you mean ttft_ms?"),
    ([*KEYED, "--threshold", "(5)"],
     f"--threshold (5): character 1: expected one of {', '.join([*METRICS, *RUN_FIGURES])}"),
    ([*KEYED, "--threshold", "errors:count<9", "--threshold", "errors<5"],
     "--threshold errors<5: character 7: expected a colon, then rate, count"),
    ([*KEYED, "--threshold", "ttft_ms:q(95)<5"],
     "--threshold ttft_ms:q(95)<5: character 9: expected a function: avg, min, max, med, p(N), count"),
    ([*KEYED, "--threshold", "ttft_ms:p95<5"],
     "--threshold ttft_ms:p95<5: character 10: expected a percentile in brackets, as in p(95)"),
    ([*KEYED, "--threshold", "ttft_ms:p(100)<5"],
     ("--threshold ttft_ms:p(100)<5: character 11: expected a percentile from 0 to below 100 "
      "(max is the largest value)")),
    ([*KEYED, "--threshold", "ttft_ms:avg=5"],
     "--threshold ttft_ms:avg=5: character 12: expected an operator: < <= > >= == !="),
    ([*KEYED, "--threshold", "ttft_ms:avg<5ms"],
     "--threshold ttft_ms:avg<5ms: character 13: expected a number, without a unit"),
    ([*KEYED, "--threshold", "errors:rate<5"],
     "--threshold errors:rate<5: character 13: expected a share from 0 to 1 or a percentage, as in 0.05 or 5%"),
    ([*KEYED, "--threshold", "errors:rate<1 errors:count<1"],
     ("--threshold errors:rate<1 errors:count<1: character 15: expected the end of the rule; "
      "quote each rule on its own")),
    ([*KEYED, "--threshold", "goodput:rate>0.9"],
     "--threshold: goodput needs an --slo; add one, e.g. --slo 'ttft_ms<500'"),
    ([*KEYED, "--slo", "ttft_ms:avg<5"],
     ("--slo ttft_ms:avg<5: character 8: a request has a single ttft_ms, so it takes no function; "
      "write ttft_ms and an operator")),
    ([*KEYED, "--abort-on", "ttft_ms:p(95)>5"],
     ("--abort-on ttft_ms:p(95)>5: ttft_ms:p(95) cannot be checked during a run; use one of "
      f"{', '.join(map(':'.join, LIVE_FIGURES))}")),
    *(
        ([*KEYED, "--no-stream", *rest, flag, rule],
         f"{flag}: ttft_ms is not measured with --no-stream; use another metric, e.g. latency_ms")
        for flag, rule, rest in (
            ("--threshold", "ttft_ms:p(95)<500", []),
            ("--slo", "ttft_ms<500", []),
            ("--abort-on", "ttft_ms:avg>500", []),
            ("--allow", "ttft_ms:avg<+5", ["--baseline", "some"]),
        )
    ),
    *(
        ([*KEYED, *load, "--slo", "ttft_from_schedule_ms<500"],
         ("--slo: ttft_from_schedule_ms is only measured with --rate, --replay or --stages of a rate; "
          "add one, or use another metric"))
        for load in ([], ["--stages", "9s:5"])
    ),
    ([*KEYED, "--no-stream", "--rate", "5", "--requests", "9", "--slo", "ttft_from_schedule_ms<500"],
     ("--slo: ttft_from_schedule_ms is not measured with --no-stream; use another metric, e.g. latency_ms")),
    ([*KEYED, "--abort-after", "5"], "--abort-after 5: has no effect without --abort-on; add it, or leave this out"),
    ([*KEYED, "--baseline", "no.json"],
     "--baseline no.json: cannot be read (No such file or directory); check the path"),
    ([*KEYED, "--baseline", "some"],
     "--baseline some: neither a --json nor a --records file; give one of these"),
    ([*KEYED, "--allow", "ttft_ms:avg<+5"], "--allow: has no effect without --baseline; add it, or leave this out"),
    ([*KEYED, "--allow", "ttft_ms:avg=5"],
     "--allow ttft_ms:avg=5: character 12: expected <+ and the increase allowed, or >- and the decrease allowed"),
    ([*KEYED, "--allow", "ttft_ms:avg<5%"],
     "--allow ttft_ms:avg<5%: character 13: expected + and an amount, as in 10% or 50"),
    ([*KEYED, "--allow", "itl_ms:p(95)<+5%"],
     ("--allow itl_ms:p(95)<+5%: character 1: gaps within an answer are correlated, so chance is unknown; "
      "use tpot_ms or max_gap_ms")),
    (["calibrate", "--itl-ms", "0"], "--itl-ms 0: give a number from 1 to 1000"),
    (["calibrate", "--itl-ms", "1e2"], "--itl-ms 1e2: give a number from 1 to 1000"),
    (["calibrate", "--url", "http://h"],
     "--url: no such flag here, only with a run, capacity, profile; --help lists all"),
    (["calibrate", "quick"], 'unexpected argument "quick"; did you mean --quick?'),
    (["calibrate", "--json", "no/c.json"], "--json no/c.json: the folder no does not exist; create it first"),
    (["--itl-ms", "5"], "--itl-ms 5: has no effect without --calibrate; add it, or leave this out"),
    (["--calibrate", "--debug"], "--calibrate: cannot go with --debug; keep one of them"),
    (["report"], "report: no file; name one or more --records files (.jsonl)"),
    (["report", "no.jsonl"], "report no.jsonl: cannot be read (No such file or directory); check the path"),
    (["report", "folder"],
     ("report folder: is a folder without a whole profile (profile.json, run.jsonl); "
      "name a --records file (.jsonl)")),
    (["report", "some", "--json", "some"], "--json some: is also the file of report; choose another name"),
    (["report", "some", "empty", "--csv", "t"],
     "--csv t: works with one run, but there are 2 files; name one of them or leave this out"),
    (["report", "some", "--threads", "1"],
     "--threads: no such flag here, only with a run, capacity, calibrate, bench, profile; --help lists all"),
]  # fmt: skip


@pytest.fixture
def _some_files(own_folder: None) -> None:
    write("empty")
    write("some", "text")
    write("short.json", '[{"messages": [{"role": "user", "content": "hi"}]}]')
    Path("folder").mkdir()


@pytest.mark.usefixtures("_some_files")
@pytest.mark.parametrize(("argv", "expected"), MISTAKES)
def test_a_mistake_gets_one_line_with_the_flag_the_value_and_what_to_do(argv: list[str], expected: str) -> None:
    assert problem(*argv) == expected


@pytest.mark.usefixtures("_some_files")
@pytest.mark.parametrize(("argv", "english"), MISTAKES)
def test_in_chinese_the_same_mistake_gets_a_line_with_the_same_flag_and_value(argv: list[str], english: str) -> None:
    chinese = problem(*argv, environ={"LANG": "zh_CN.UTF-8"})
    place = re.split("[:：]", english)[0] if not english.startswith("unexpected") else "多余的参数"
    assert chinese.startswith(place)
    assert re.search("[请用是]", chinese), "it says what to do"
    assert display_width(chinese) > len(chinese)


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["--port", "70000"], "--port 70000: 请给出 1 到 65535 之间的整数"),
        (["--thread", "4"], "--thread：没有这个参数，是否想用 --threads？"),
        ([], "--api-key: 缺少密钥，请给出服务的密钥（或 --api-key-file），服务无需密钥时写 -"),
        (["report", "no.jsonl"], "report no.jsonl: 无法读取（没有这个文件或目录），请检查路径"),
        (["--api-key", "app-0123456789ab", "--baseline", "no.json"],
         "--baseline no.json：无法读取（没有这个文件或目录），请检查路径"),
    ],
)  # fmt: skip
def test_mistakes_in_chinese(argv: list[str], expected: str) -> None:
    assert problem(*argv, "--lang", "zh") == expected


def test_every_text_of_a_mistake_is_tested() -> None:
    """A text in the table that no test brings out is dead."""
    spoken = "\n".join(expected for _, expected in MISTAKES)
    elsewhere = {
        "stream_path",
        "switched",
        "thread_unused",
        "key_fallback",
        "template_fallback",
        "model_unused",
        "unfilled",
        "one_unused",
        "no_turns_template",
        *endpoint.TEXTS,
        *settings.TEXTS,
        *LOAD_TEXTS,
        *LOAD_WARNINGS,
    }
    tables = (TEXTS, flag_values.TEXTS, checks.TEXTS)
    keys = [key for table in (*tables, sources.TEXTS) for key in table]
    assert len(set(keys)) == len(keys), "no key stands for two texts"
    for key, (english, _) in itertools.chain.from_iterable(table.items() for table in tables):
        parts = re.split(r"\{\w+\}", english)
        pattern = ".*".join(map(re.escape, parts))
        assert key in elsewhere or re.search(pattern, spoken), key


def test_secrets_of_a_wrong_url_do_not_show() -> None:
    assert SECRET not in problem("--url", f"ftp://me:{SECRET}@h/?token={SECRET}")


def test_a_path_cannot_steer_the_terminal() -> None:
    assert "\x1b" not in problem(*KEYED, "--param-file", "\x1b[2Jx\n")
