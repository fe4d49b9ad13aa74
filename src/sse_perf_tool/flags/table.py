"""The table of flags, one row each, and the flags of each command."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, NamedTuple

from ..exporters import EXPORTERS
from ..formats import FORMATS
from ..masking import Masker, mask_url
from ..texts import LANGUAGES, Say
from . import capacity_checks, checks, load_checks, worker_checks

DEFAULT_QUERY = "你是谁"
ENGLISH_QUERY = "Who are you?"
"""What is asked in its place when English was asked for by --lang: the locale alone does not change a load."""
THREADS = ("--threads", "-c", "--concurrency", "--connections", "--concurrent")
"""The first is the name in messages and files, the others are what other load testers call it."""
MAX_THREADS = 100_000
MAX_TURNS = 1000


def _late(module: str, name: str) -> checks.Check:
    """A check whose module is imported at its first use, so that `--help` does not import it."""

    def check(text: str, say: Say) -> Any:
        return getattr(import_module(f"..{module}", __package__), name)(text, say)

    return check


class Flag(NamedTuple):
    """One row of the table; its help text is in `HELP`.

    A flag without `check` is a switch.  `show` gives the part of its value that errors may show, `mask` the value as
    files may have it.
    """

    names: tuple[str, ...]
    group: str
    check: checks.Check | None = None
    metavar: str = ""
    default: Any = None
    repeat: bool = False
    show: Callable[[str], str] = str
    mask: Callable[[str], str] = str

    @property
    def holds_secrets(self) -> bool:
        """Whether its value may be one."""
        return self.mask is not str

    def masked(self, text: str, masker: Masker) -> str:
        """What files may hold of a value, by its row and by what `masker` knows: secrets, and headers of secrets."""
        return masker.header_line(text) if self.mask is checks.masked_header else masker(self.mask(text))

    @property
    def writes_file(self) -> bool:
        """Whether it names a file that the run writes; such flags do not change the run itself."""
        return self.group == "output" and self.metavar in ("FILE", "DIR")

    @property
    def key(self) -> str:
        """The first name as an identifier, `api_key` for `--api-key`."""
        return self.names[0][2:].replace("-", "_")


FLAGS = (
    Flag(("--host",), "target", checks.host, "HOST", "localhost"),
    Flag(("--port",), "target", checks.whole(1, 65535), "PORT", 80),
    Flag(("--api-path",), "target", checks.path, "PATH", "/v1/chat-messages", mask=mask_url),
    Flag(("--url",), "target", checks.url, "URL", show=checks.masked_url, mask=mask_url),
    Flag(("--api-key",), "target", checks.api_key, "KEY", show=checks.hidden, mask=checks.masked_key),
    Flag(("--format",), "target", checks.OneOf(["auto", *sorted(FORMATS)]), "NAME", "auto"),
    Flag(("--model",), "target", checks.some_text, "NAME"),
    Flag(
        ("--header", "-H"),
        "target",
        checks.header,
        "LINE",
        repeat=True,
        show=checks.header_name,
        mask=checks.masked_header,
    ),
    Flag(("--secret-header",), "target", checks.a_header_name, "NAME", repeat=True),
    Flag(("--insecure",), "target"),
    Flag(("--cacert",), "target", checks.file_path, "FILE"),
    Flag(THREADS, "load", checks.whole(1, MAX_THREADS), "N", 1),
    Flag(("--processes",), "load", checks.whole_or_auto(1, 64), "N", "auto"),
    Flag(("--duration", "-z", "--execution-time"), "load", checks.seconds("from_0"), "S", 0.0),
    Flag(("--requests", "-n"), "load", checks.whole(1, 10**12), "N"),
    Flag(("--no-stream",), "load"),
    Flag(("--no-compression-check",), "load"),
    Flag(("--turns", "--multi-turn"), "load", checks.whole(1, MAX_TURNS), "N", 1),
    Flag(("--think-time",), "load", checks.seconds_range, "S[:S]"),
    Flag(("--rate", "--requests-per-second"), "load", load_checks.rate, "R"),
    Flag(("--arrival",), "load", load_checks.arrival, "KIND", "constant"),
    Flag(("--stages",), "load", load_checks.stages, "T:N,..."),
    Flag(("--replay",), "load", checks.file_path, "FILE"),
    Flag(("--speed",), "load", load_checks.speed, "X", 1.0),
    Flag(("--batch",), "load", checks.whole(1, MAX_THREADS), "N"),
    Flag(("--warmup",), "load", load_checks.warmup, "T|N"),
    Flag(("--cooldown",), "load", checks.seconds("from_0"), "S", 0.0),
    Flag(("--cancel-rate",), "load", load_checks.share, "SHARE", 0.0),
    Flag(("--cancel-after",), "load", checks.seconds("above_0"), "S"),
    Flag(("--seed",), "load", checks.whole(0, 2**31 - 1), "N", 1),
    Flag(("--simple",), "load"),
    Flag(("--ramp-up",), "load", checks.seconds("from_0"), "S", 0.0),
    Flag(("--timeout",), "load", checks.seconds("above_0"), "S", 60.0),
    Flag(("--idle-timeout",), "load", checks.seconds("above_0"), "S"),
    Flag(("--retries",), "load", checks.whole(0, 100), "N", 3),
    Flag(("--calibrate",), "load"),
    Flag(("--itl-ms",), "load", checks.number(1, 1000), "MS", 20.0),
    Flag(("--metrics-url",), "load", checks.metrics_url, "URL", show=checks.masked_url, mask=mask_url),
    Flag(("--workers",), "workers", checks.whole(1, 64), "N"),
    Flag(("--expect-workers",), "workers", checks.whole(1, 1000), "N"),
    Flag(("--bind",), "workers", worker_checks.place, "ADDR:PORT", worker_checks.Place("127.0.0.1", 5557)),
    Flag(("--worker-wait",), "workers", checks.seconds("above_0"), "S", 60.0),
    Flag(
        ("--cluster-token",),
        "workers",
        worker_checks.token,
        "TOKEN",
        show=checks.hidden,
        mask=worker_checks.masked_token,
    ),
    Flag(("--query",), "input", checks.some_text, "TEXT", DEFAULT_QUERY),
    Flag(("--param-file",), "input", checks.file_path, "FILE"),
    Flag(("--shuffle",), "input"),
    Flag(("--prompt-tokens",), "input", checks.prompt_length, "N[:N]"),
    Flag(("--shared-prefix-tokens",), "input", checks.whole(0, checks.MAX_TOKENS), "N"),
    Flag(("--context-tiers",), "input", checks.tiers, "N,N,.."),
    Flag(("--api-key-file",), "input", checks.file_path, "FILE"),
    Flag(("--request-body-file",), "input", checks.file_path, "FILE"),
    Flag(("--max-tokens",), "input", checks.whole(1, 10**9), "N"),
    Flag(("--temperature",), "input", checks.number(0, 2), "T"),
    Flag(("--ignore-eos",), "input"),
    Flag(("--extra-body",), "input", checks.json_object, "JSON", show=checks.hidden, mask=checks.masked_json),
    Flag(("--open-url",), "input", checks.open_url, "URL", show=checks.masked_url, mask=mask_url),
    Flag(("--open-body",), "input", checks.json_object, "JSON", show=checks.hidden, mask=checks.masked_json),
    Flag(("--open-path",), "input", checks.dotted, "PATH", "id"),
    Flag(("--then-url",), "input", checks.then_url, "URL", show=checks.masked_url, mask=mask_url),
    Flag(("--then-path",), "input", checks.dotted, "PATH", "id"),
    Flag(("--milestone",), "input", checks.milestone, "NAME=PATH", repeat=True),
    Flag(("--token-estimate",), "input", checks.OneOf(("words", "weighted", "chunks")), "HOW", "words"),
    Flag(("--tokenizer",), "input", checks.file_path, "FILE"),
    Flag(("--strict",), "input"),
    Flag(("--conversation-id",), "input", checks.any_text, "ID", ""),
    Flag(("--user",), "input", checks.any_text, "NAME", "gaolou"),
    Flag(("--threshold",), "goals", _late("goals.thresholds", "parse_rule"), "RULE", repeat=True),
    Flag(("--require-trust",), "goals"),
    Flag(("--slo",), "goals", _late("goals.thresholds", "parse_slo"), "RULE", repeat=True),
    Flag(("--abort-on",), "goals", _late("load.abort", "parse_abort_rule"), "RULE", repeat=True),
    Flag(("--abort-after",), "goals", checks.seconds("from_0"), "S", 0.0),
    Flag(("--baseline",), "goals", checks.file_path, "FILE"),
    Flag(("--allow",), "goals", _late("goals.baseline", "parse_allowed"), "RULE", repeat=True),
    Flag(("--html-report",), "output", checks.file_path, "FILE"),
    Flag(("--no-report",), "output"),
    Flag(("--brand",), "output", checks.some_text, "NAME", "7DGroup"),
    Flag(("--report-title",), "output", checks.some_text, "TEXT"),
    Flag(("--model-name",), "output", checks.some_text, "NAME"),
    *(Flag((f"--{name}",), "output", checks.file_path, "FILE") for name in EXPORTERS),
    Flag(("--records",), "output", checks.file_path, "FILE"),
    Flag(("--studio",), "output", checks.file_path, "DIR"),
    Flag(("--prometheus",), "output", _late("flags.telemetry_checks", "listening"), "ADDR:PORT"),
    Flag(
        ("--otlp",),
        "output",
        _late("flags.telemetry_checks", "collector"),
        "URL",
        show=checks.masked_url,
        mask=mask_url,
    ),
    Flag(("--otlp-sample",), "output", load_checks.share, "SHARE"),
    Flag(("--otlp-traceparent",), "output"),
    Flag(("--stall-ms",), "output", checks.number(1, 600_000), "MS", 1000.0),
    Flag(("--quiet",), "output"),
    Flag(("--no-color",), "output"),
    Flag(("--lang",), "output", checks.OneOf(LANGUAGES), "LANG"),
    Flag(("--text-path",), "custom", checks.dotted, "PATH"),
    Flag(("--reasoning-path",), "custom", checks.dotted, "PATH"),
    Flag(("--event-path",), "custom", checks.dotted, "PATH"),
    Flag(("--text-event",), "custom", checks.some_text, "NAME", repeat=True),
    Flag(("--reasoning-event",), "custom", checks.some_text, "NAME", repeat=True),
    Flag(("--end-event",), "custom", checks.some_text, "NAME", repeat=True),
    Flag(("--error-event",), "custom", checks.some_text, "NAME", repeat=True),
    Flag(("--error-path",), "custom", checks.dotted, "PATH"),
    Flag(("--error-code-path",), "custom", checks.dotted, "PATH"),
    Flag(("--error-code-ok",), "custom", checks.json_or_text, "CODE", repeat=True),
    Flag(("--conversation-id-path",), "custom", checks.dotted, "PATH"),
    Flag(("--message-id-path",), "custom", checks.dotted, "PATH"),
    Flag(("--prompt-tokens-path",), "custom", checks.dotted, "PATH"),
    Flag(("--completion-tokens-path",), "custom", checks.dotted, "PATH"),
    Flag(("--finish-reason-path",), "custom", checks.dotted, "PATH"),
    Flag(("--close-ends",), "custom"),
    Flag(("--cumulative",), "custom"),
    Flag(("--raw",), "custom"),
    Flag(("--config",), "other", checks.file_path, "FILE"),
    Flag(("--print-config",), "other"),
    Flag(("--completion",), "other", checks.OneOf(("bash", "zsh", "fish")), "SHELL"),
    Flag(("--demo",), "other"),
    Flag(("--agent",), "other"),
    Flag(("--debug",), "other"),
    Flag(("--version",), "other"),
    Flag(("--help", "-h"), "other"),
)

REPORT_FLAGS = tuple(
    flag
    for flag in FLAGS
    if flag.key in ("html_report", "no_report", "brand", "report_title", *EXPORTERS, "stall_ms", "no_color", "lang")
)
"""The flags of the report command."""

SEARCH_FLAGS = (
    Flag(("--slo",), "capacity", _late("goals.thresholds", "parse_demand"), "RULE", repeat=True),
    Flag(("--by",), "capacity", checks.OneOf(("threads", "rate")), "WHAT", "threads"),
    Flag(("--min",), "capacity", capacity_checks.level, "N", 1.0),
    Flag(("--max",), "capacity", capacity_checks.level, "N", 200.0),
    Flag(("--sweep",), "capacity", capacity_checks.levels, "N,N,..."),
    Flag(("--slo-share",), "capacity", load_checks.share, "SHARE", 0.95),
    Flag(("--step-duration",), "capacity", checks.seconds_range, "S[:S]"),
    Flag(("--pause",), "capacity", checks.seconds("from_0"), "S", 0.0),
    Flag(("--resume",), "capacity", checks.file_path, "FILE"),
    Flag(THREADS, "capacity", checks.whole(1, MAX_THREADS), "N"),
)
"""The flags that only the capacity command has, or that mean something else there."""

_CAPACITY_KEYS = frozenset(
    {"processes", "turns", "think_time", "timeout", "idle_timeout", "retries", "arrival", "cancel_rate", "cancel_after",
     "seed", "no_stream", "html_report", "no_report", "brand", "report_title", "model_name", "json", "quiet",
     "no_color", "workers", "expect_workers", "bind", "worker_wait", "cluster_token", "lang", "config", "help",
     "version", "metrics_url", "prometheus", "otlp", "otlp_sample", "otlp_traceparent",
     "studio"}
)  # fmt: skip
CAPACITY_FLAGS = (
    *SEARCH_FLAGS,
    *(flag for flag in FLAGS if flag.group in ("target", "input", "custom") and flag.key != "context_tiers"),
    # No retries: they would hide that the server refused, which is what a search looks for.
    *(flag._replace(default=0) if flag.key == "retries" else flag for flag in FLAGS if flag.key in _CAPACITY_KEYS),
)
"""The flags of the capacity command: all but those that set the load or the goals of a single run."""

_CALIBRATE_DEFAULTS = {"threads": 50}
CALIBRATE_FLAGS = (
    *(
        flag._replace(default=_CALIBRATE_DEFAULTS.get(flag.key, flag.default))
        for flag in FLAGS
        if flag.key in ("threads", "processes", "itl_ms", "json", "no_color", "lang", "config")
    ),
    Flag(("--quick",), "load"),
)
"""The flags of the calibrate command."""

_TARGET_FLAGS = (
    Flag(("--config",), "bench", checks.file_path, "FILE", "config.yaml"),
    Flag(("--provider",), "bench", checks.some_text, "TEXT", repeat=True),
    Flag(("--model",), "bench", checks.some_text, "TEXT", repeat=True),
    Flag(("--runs",), "bench", checks.whole(1, 10_000), "N"),
    Flag(("--context-tiers",), "bench", checks.tiers, "N,N,.."),
    Flag(("--max-tokens",), "bench", checks.whole(1, 10**9), "N"),
    Flag(("--temperature",), "bench", checks.number(0, 2), "T"),
    Flag(("--prompt",), "bench", checks.some_text, "TEXT"),
    Flag(("--param-file",), "bench", checks.file_path, "FILE"),
    Flag(("--order",), "bench", checks.OneOf(("lanes", "interleaved")), "HOW", "lanes"),
    Flag(THREADS, "bench", checks.whole(1, 1000), "N", 1),
    Flag(("--via",), "bench", checks.OneOf(("native", "litellm")), "WHAT", "native"),
    Flag(("--threshold",), "bench", checks.some_text, "RULE", repeat=True),
    Flag(("--results",), "bench", checks.file_path, "DIR", "results"),
    Flag(("--no-save",), "bench"),
    Flag(("--list",), "bench"),
    Flag(("--history",), "bench"),
    Flag(("--show",), "bench", checks.some_text, "ID"),
    Flag(("--compare",), "bench"),
    Flag(("--demo",), "bench"),
    Flag(("--verbose",), "bench"),
)
"""Those that the bench command has, or has in another way than a run."""

_BENCH_KEYS = frozenset(
    {"timeout", "retries", "seed", "html_report", "brand", "report_title", "json", "csv", "markdown", "junit",
     "no_color", "lang", "help", "version", "metrics_url", "studio"}
)  # fmt: skip
BENCH_FLAGS = (
    *_TARGET_FLAGS,
    # A retry hides that a provider refused, and that is what a reader wants to know.
    *(flag._replace(default=0) if flag.key == "retries" else flag for flag in FLAGS if flag.key in _BENCH_KEYS),
)
"""Those of the bench command."""

_OF_SERVER = (
    Flag(("--pid",), "profile", checks.whole(1, 2**31 - 1), "PID"),
    Flag(("--ready",), "profile", checks.url, "URL", show=checks.masked_url, mask=mask_url),
    Flag(("--ready-text",), "profile", checks.some_text, "TEXT"),
    Flag(("--ready-timeout",), "profile", checks.seconds("above_0"), "S", 60.0),
    Flag(("--sample-rate",), "profile", checks.whole(1, 1000), "N", 100),
    Flag(("--native",), "profile"),
    Flag(("--no-metrics",), "profile"),
    Flag(("--metrics-interval",), "profile", checks.seconds("above_0"), "S", 1.0),
    Flag(("--no-inject",), "profile"),
    Flag(("--target",), "profile", _late("flags.profile_checks", "target"), "RULE", repeat=True),
    Flag(("--fail-on-targets",), "profile"),
    Flag(("--server-log",), "profile", checks.file_path, "FILE"),
    Flag(("--stop-signal",), "profile", _late("flags.profile_checks", "signal_name"), "NAME", "INT"),
    Flag(("--keep-running",), "profile"),
    Flag(("--compare",), "profile"),
)
"""Those that only the profile command has."""

_NOT_IN_PROFILE = frozenset(
    {"simple", "debug", "print_config", "baseline", "allow", "context_tiers", "studio", "workers", "expect_workers",
     "bind", "worker_wait", "cluster_token"}
)  # fmt: skip
PROFILE_FLAGS = (
    *_OF_SERVER,
    *(flag for flag in FLAGS if flag.key not in _NOT_IN_PROFILE),
)
"""The flags of the profile command: its own, and those of a run."""
PROFILE_DEFAULTS = {"threads": 10, "duration": 30.0}
"""Its load, where no other flag says one."""

STUDIO_FLAGS = (
    Flag(("--dir",), "studio", checks.file_path, "DIR", "."),
    Flag(("--watch",), "studio", checks.file_path, "DIR", repeat=True),
    Flag(("--port",), "studio", checks.whole(0, 65535), "PORT", 8501),
    Flag(("--host",), "studio", checks.host, "HOST", "127.0.0.1"),
    Flag(("--allow-host",), "studio", checks.some_text, "NAME", repeat=True),
    *(flag for flag in FLAGS if flag.key in ("lang", "help", "version")),
)
"""Those of the studio command."""

WORKER_FLAGS = (
    Flag(("--join",), "workers", worker_checks.place, "HOST:PORT"),
    *(flag for flag in FLAGS if flag.key in ("worker_wait", "cluster_token", "quiet", "lang", "help", "version")),
)
"""The flags of the worker command."""

_OTHERS = (*STUDIO_FLAGS, *BENCH_FLAGS, *WORKER_FLAGS, *CALIBRATE_FLAGS, *CAPACITY_FLAGS)
FLAGS_OF: Mapping[str, tuple[Flag, ...]] = {
    "": FLAGS,
    "report": REPORT_FLAGS,
    "capacity": CAPACITY_FLAGS,
    "calibrate": CALIBRATE_FLAGS,
    "bench": BENCH_FLAGS,
    "profile": PROFILE_FLAGS,
    "studio": STUDIO_FLAGS,
    "worker": WORKER_FLAGS,
}
"""Command -> its flags; "" is a run."""

EVERY_FLAG = tuple({flag.key: flag for flag in (*_OTHERS, *_OF_SERVER, *FLAGS)}.values())
"""The flags of all commands; one that several commands have is in the form that a run has."""


def flag_name(key: str) -> str:
    """The name of a flag from its key, `--api-key` for `api_key`."""
    return "--" + key.replace("_", "-")
