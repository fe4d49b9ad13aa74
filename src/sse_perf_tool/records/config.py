"""The settings of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Host:
    """The machine that sent a load.  A text is "" where an older version did not tell it."""

    system: str
    """Operating system, its release and the kind of processor."""
    python: str
    """The version of Python."""
    cpus: int
    reader: str
    """`RunConfig.reader`."""

    @property
    def line(self) -> str:
        """`RunConfig.host_info`."""
        return f"{self.system}, Python {self.python}, {self.cpus} CPUs, {self.reader} reader"


@dataclass(frozen=True, slots=True)
class RunConfig:
    """Everything the user asked for, after defaults and checks, with no secret in it.

    It goes into the JSON summary, the records header and the report as it stands, so that a run can be read (and made
    again) from any of them.
    """

    url: str = "http://localhost:80/v1/chat-messages"
    """The whole URL, secrets in it masked."""
    format: str = "auto"
    format_options: Mapping[str, Any] = field(default_factory=dict)
    model: str | None = None
    model_name: str | None = None
    query: str | None = None
    conversation_id: str = ""
    user: str = "gaolou"
    api_key: str | None = None
    """Masked, as `app-…4Knu`."""
    api_key_file: str | None = None
    param_file: str | None = None
    request_body_file: str | None = None
    max_tokens: int | None = None
    """What the body says of the most tokens of an answer, where a flag said so; a template may say it on its own."""
    temperature: float | None = None
    ignore_eos: bool = False
    extra_body: str | None = None
    """The JSON object that was put into each body, as typed, secrets masked."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Extra headers; values of those that may hold a secret are masked."""
    timeout_s: float = 60.0
    idle_timeout_s: float | None = None
    retries: int = 3
    threads: int = 1
    processes: int = 1
    """Over how many processes the threads were divided, on each machine."""
    workers: int = 0
    """Over how many machines, or workers on this one; 0: it was this process and its own."""
    ramp_up_s: float = 0.0
    duration_s: float = 0.0
    requests: int | None = None
    stream: bool = True
    """Whether answers were asked for as streams; else whole, as one JSON object."""
    compression_check: bool = True
    """Whether one more request, which accepts a compressed answer, may follow the run."""
    turns: int = 1
    """How many requests a thread sends in one conversation before it begins the next."""
    think_time_s: float = 0.0
    """The least wait between two turns of a conversation."""
    think_time_max_s: float = 0.0
    seed: int = 1
    """What is drawn by chance is drawn from this: the same in each run."""
    shuffle: bool = False
    prompt_tokens: int | None = None
    """Mean length of prompts made by the tool; None: queries are the user's."""
    prompt_spread_tokens: int = 0
    """The standard deviation of that length."""
    shared_prefix_tokens: int = 0
    context_tiers: Sequence[int] = field(default_factory=list)
    """Tokens of filler before the query: the whole load is sent with each of them, one after another."""
    rate_per_s: float | None = None
    """Open loop: requests a second over all threads, of all processes, whether or not answers have come."""
    arrival: str = "constant"
    """How the arrivals of an open loop follow each other: "constant", "poisson" or "gamma:CV"."""
    stages: Sequence[Sequence[float]] = field(default_factory=list)
    """(seconds, target at their end): the load goes from target to target in straight lines, from 0 on."""
    stages_of: str | None = None
    """What the targets of `stages` are: "threads" or "rate" (requests a second)."""
    replay_file: str | None = None
    replay_s: float | None = None
    """When the last request of that file is due, in seconds after the first."""
    speed: float = 1.0
    """How many times as fast as it was recorded the file is sent again."""
    batch: int | None = None
    """So many requests are sent at once; the next so many when all of them have ended."""
    warmup_s: float = 0.0
    warmup_requests: int = 0
    cooldown_s: float = 0.0
    cancel_rate: float = 0.0
    """The share of requests, 0 to 1, that leave `cancel_after_s` after their start if the answer is not whole then."""
    cancel_after_s: float | None = None
    token_estimate: str = "words"  # noqa: S105 - no secret
    """How tokens are counted that the server does not report: "words", "weighted" or "chunks"."""
    tokenizer: str | None = None
    """The file that counts them in place of the estimate."""
    stall_ms: float = 1000.0
    """A longer gap between two chunks is a stall."""
    insecure: bool = False
    cacert: str | None = None
    strict: bool = False
    thresholds: Sequence[str] = field(default_factory=list)
    """The rules of `--threshold`, as typed."""
    require_trust: bool = False
    """Whether figures that are not wholly to be trusted count as a threshold that was missed."""
    slo: Sequence[str] = field(default_factory=list)
    """The rules of `--slo`, which a request must meet to be a good one."""
    abort_on: Sequence[str] = field(default_factory=list)
    abort_after_s: float = 0.0
    baseline: str | None = None
    """The file of the older run."""
    allow: Sequence[str] = field(default_factory=list)
    """How much worse than the baseline this run may be."""
    metrics_url: str | None = None
    """The page of the server's metrics, secrets in it masked."""
    calibrate_itl_ms: float | None = None
    """The gaps of the calibration before the run; None without one."""
    lang: str = "en"
    command: str = ""
    """The command line as typed, secrets masked."""
    version: str = ""
    host_info: str = ""
    """The machine that sent the load in a line, `Host.line`."""
    host: Host | None = None
    """The same in its parts; None where an older version told it otherwise."""
    reader: str = "python"
    """Which thread read the sockets: "compiled" or "python"."""
    flags: Mapping[str, Any] = field(default_factory=dict)
    """Every flag that was given, wherever, and that is part of how the run is made: what `--config` takes to make it
    again.  Secrets masked."""

    @property
    def requests_wanted(self) -> int | None:
        """How many requests the run is to send in all; None when time decides."""
        if self.duration_s:
            return None
        return self.rounds * (self.threads * self.turns if self.requests is None else self.requests)

    @property
    def rounds(self) -> int:
        """How often the whole load is sent: once for each context tier."""
        return len(self.context_tiers) or 1

    @property
    def open_loop(self) -> bool:
        """Whether requests are sent at given times, rather than when answers have come."""
        return self.rate_per_s is not None or self.stages_of == "rate" or self.replay_file is not None

    @property
    def planned_s(self) -> float | None:
        """When the last request of a round is to begin at the latest, in seconds; None when numbers decide."""
        return self.ramp_up_s + self.duration_s if self.duration_s else self.replay_s
