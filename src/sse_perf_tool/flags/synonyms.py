"""What other load testers call a flag: looked up before names are compared by their letters.

Names that mean the very same thing are names of the flag itself (`-c`, `-n`, `-z`: see `table.py`); those here mean
another thing elsewhere, or only nearly the same, so they are named and not taken.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_MEANT = {
    "threads": "u users vus parallel parallelism max-concurrency num-concurrent-requests num-concurrency clients "
    "virtual-users streams simultaneous",
    "requests": "i iterations num-prompts num-requests number count total total-requests max-requests request-count "
    "num repeat",
    "duration": "d run-time runtime time test-time benchmark-duration max-duration length t",
    "step-duration": "duration execution-time z",
    "rate": "q r qps rps tps request-rate throughput arrivals",
    "ramp-up": "ramp spawn-rate hatch-rate rampup-duration ramp-duration ramp-time rampup",
    "turns": "num-turns rounds multiturn max-turns",
    "processes": "cpus procs num-workers",
    "arrival": "burstiness arrival-pattern distribution pattern",
    "warmup": "warmup-requests num-warmups warmup-ratio warm-up-time",
    "timeout": "max-time request-timeout connect-timeout read-timeout m",
    "url": "endpoint-url base-url baseurl target server address uri link",
    "api-path": "endpoint path route uri-path",
    "api-key": "key token apikey auth auth-token bearer-token bearer authorization secret a",
    "api-key-file": "keys key-file keys-file api-keys",
    "header": "headers",
    "insecure": "k no-verify skip-verify disable-keepalive tls-skip-verify allow-insecure verify-ssl",
    "format": "api api-type backend protocol provider service dialect endpoint-type",
    "model": "model-id engine deployment",
    "query": "prompt question message input text content q-text",
    "param-file": "dataset dataset-path prompts prompts-file prompt-file input-file data-file queries questions "
    "query-file queries-file dataset-name file",
    "prompt-tokens": "input-len input-length random-input-len isl input-tokens prompt-length mean-input-tokens "
    "synthetic-input-tokens-mean max-prompt-length",
    "max-tokens": "output-len output-length random-output-len osl output-tokens num-tokens max-output-tokens "
    "max-new-tokens n-predict max-completion-tokens limit",
    "shared-prefix-tokens": "prefix-length shared-prefix random-prefix-len prefix-len system-prompt-tokens",
    "request-body-file": "body template data payload body-file data-raw json-file request-file",
    "extra-body": "extra extra-inputs extra-args extra-request-body params body-params",
    "slo": "goodput sla objective",
    "threshold": "assert check fail-if sla-params",
    "html-report": "report html output-html report-file",
    "no-report": "no-html without-report",
    "json": "o output out save-result result-file summary-export json-file export export-file output-file "
    "save output-format",
    "records": "log log-file profile-export jsonl",
    "quiet": "headless silent s no-progress no-tui disable-tui disable-tqdm",
    "debug": "v verbose trace print-response",
    "lang": "language locale",
    "no-stream": "disable-stream disable-streaming non-stream no-streaming sync blocking stream streaming",
    "replay": "trace-file input-trace replay-file",
    "model-name": "name run-name",
    "report-title": "title",
    "metrics-url": "server-metrics metrics prometheus-url",
    "otlp": "otel opentelemetry otlp-endpoint otel-endpoint",
    "prometheus": "prometheus-port metrics-port prometheus-address",
    "seed": "random-seed",
    "user": "user-id username",
    "no-color": "no-colour color",
    "context-tiers": "tiers context context-lengths",
    "think-time": "think delay wait pause sleep",
}
"""Flag, without its dashes -> the words that people type for it, likewise."""

SYNONYMS: dict[str, list[str]] = {}
"""Word -> the flags that may be meant by it, of which a command has one at most."""
for _flag, _words in _MEANT.items():
    for _word in _words.split():
        SYNONYMS.setdefault(_word, []).append(_flag)

COMMANDS_MEANT = {
    "compare": "report", "diff": "report", "rebuild": "report", "benchmark": "bench", "search": "capacity",
    "ui": "studio", "web": "studio", "dashboard": "studio", "server": "serve", "mock": "serve", "agent": "worker",
    "profiler": "profile",
}  # fmt: skip
"""Word in the place of a command -> the command that does what it means elsewhere."""

RUN_WORDS = frozenset({"run", "test", "load", "loadtest", "start", "attack"})
"""Words in the place of a command that mean a run, which has none."""

CLOSE = 0.75
"""How much of two words must be alike, as `difflib` counts it, for one to be called a slip for the other."""


def meant_by(typed: str, names: Iterable[str]) -> str | None:
    """The one of `names` (no dashes) that was meant by a word that is none of them; None when it is not to be told."""
    known, word = list(names), typed.strip("-").replace("_", "-").lower()
    if (meant := next((name for name in SYNONYMS.get(word, ()) if name in known), None)) is not None:
        return meant
    return next(iter(difflib.get_close_matches(word, known, 1, CLOSE)), None)
