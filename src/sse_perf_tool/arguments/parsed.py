"""The parsed command line: `Arguments`, with the `Address` of the server."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..flags import DEFAULT_QUERY
from ..flags.profile_checks import Limit
from ..formats.base import Format
from ..goals.baseline import Baseline
from ..masking import Masker, mask_url
from ..pace.replay import Replayed
from ..providers import ApiKeyProvider, Query, QueryProvider
from ..records import CapacitySearch, RunConfig, StepResult
from ..request.body import BodyBuilder
from ..request.steps import Following, Opening
from ..request.tracing import Tracing

if TYPE_CHECKING:
    from ..capacity.search import StepPlan

DEFAULT_PORTS = {"http": 80, "https": 443}


class Address(NamedTuple):
    """Where requests go.  `host` has no brackets; `path` begins with / and carries the query string."""

    scheme: str = "http"
    host: str = "localhost"
    port: int = 80
    path: str = "/v1/chat-messages"

    @property
    def url(self) -> str:
        """The whole URL, without a port that its scheme implies."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if DEFAULT_PORTS[self.scheme] == self.port else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.path}"


@dataclass(frozen=True, slots=True)
class CapacityArguments:
    """The arguments of the capacity command besides the target."""

    search: CapacitySearch
    plan: StepPlan
    resume: Path | None = None
    steps: tuple[StepResult, ...] = ()
    """The steps that the --resume file has already."""
    resume_at: int = 0
    """The length of its complete lines, in bytes."""
    warnings: tuple[str, ...] = ()
    """What is to be said of a damaged file."""


@dataclass(frozen=True, slots=True)
class BenchArguments:
    """What the bench command was asked for; None is "as the config says".  Nothing of the config is read yet."""

    config: Path
    config_named: bool
    results: Path | None
    """The folder for results; None: none is written."""
    action: str = "run"
    """"run", "list", "history", "show", "compare" or "demo"."""
    providers: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    runs: int | None = None
    context_tiers: tuple[int, ...] | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    queries: tuple[Query, ...] | None = None
    threads: int = 1
    order: str = "lanes"
    via: str = "native"
    """"native", or "litellm" for all requests."""
    seed: int = 1
    timeout_s: float = 60.0
    retries: int = 0
    thresholds: tuple[str, ...] = ()
    verbose: bool = False


@dataclass(frozen=True, slots=True)
class ProfileArguments:
    """What the profile command was asked for besides the load."""

    command: tuple[str, ...] = ()
    """What starts the server; () for one that runs, which is `pid`, or for the demo."""
    shown: str = ""
    """The same, secrets masked."""
    pid: int | None = None
    passes: tuple[str, ...] = ("doctor",)
    """Of "doctor", "flame", "heap", "async"; the first is always there."""
    ready_url: str | None = None
    ready_text: str | None = None
    ready_timeout_s: float = 60.0
    sample_rate: int = 100
    native: bool = False
    metrics: bool = True
    """Whether to look for a page of metrics beside the target."""
    metrics_interval_s: float = 1.0
    inject: bool = True
    limits: tuple[Limit, ...] = ()
    fail_on_targets: bool = False
    server_log: Path | None = None
    stop_signal: str = "INT"
    keep_running: bool = False
    compare: bool = False
    demo: bool = False
    folder: Path = Path("report")
    """Where the folder of the profile is made; its name is `name`."""
    name: str = "profile"


@dataclass(frozen=True, slots=True)
class StudioArguments:
    """Where the studio works, and where it listens."""

    folder: Path
    host: str
    port: int
    allow_hosts: tuple[str, ...] = ()
    watch: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class WorkersWanted:
    """The workers that a run is sent by."""

    number: int
    host: str
    port: int
    """0: any that is free."""
    wait_s: float
    token: str | None
    """None: one is made."""
    local: bool
    """They are started by the run itself, on this machine."""
    processes: int | None
    """On each; None is "auto"."""
    lang: str


@dataclass(frozen=True, slots=True)
class TelemetryWanted:
    """Where a run is shown while it goes on, beside its own outputs."""

    otlp: str | None = None
    """The URL of a collector, with any secret in it and without `/v1/...`."""
    share: float | None = None
    """Of requests that have a span; None: as the environment says, else a tenth."""
    prometheus: tuple[str, int] | None = None
    """Address and port to listen on."""
    tracing: Tracing | None = None
    """The trace context that requests take to the server; None: they take none."""


@dataclass(frozen=True, slots=True)
class Joining:
    """The master that a worker joins."""

    host: str
    port: int
    token: str
    wait_s: float
    lang: str


@dataclass(frozen=True, slots=True)
class Arguments:
    """The command line, checked, with its files loaded.

    `config` may be shown; `address`, `headers` and `keys` hold the real values, secrets too, and `masker` knows all of
    them.  Which fields count depends on `command`: "show" has `text`, "serve" has `rest`, "report" has `files`,
    `profile_folder`, `html_report`, `report_named`, `brand`, `report_title`, `exports`, `stall_ms` and `color`,
    "calibrate" has `config`, `processes`, `quick`, `exports` and `color`, "worker" has `joining` and `quiet`,
    "capacity" has `capacity` and the fields of a run except its load.
    """

    command: str
    """The name of one of the commands, "run", "debug", "demo" or "show"."""
    lang: str = "en"
    config: RunConfig = field(default_factory=RunConfig)
    address: Address = field(default_factory=Address)
    headers: Mapping[str, str] = field(default_factory=dict)
    """The headers of -H, which override those of the format."""
    keys: ApiKeyProvider | None = None
    auth: tuple[str, str] | None = None
    """(header, text before the key) that carries `keys.next()`; None when no key is to be sent."""
    queries: QueryProvider = field(default_factory=lambda: QueryProvider([Query(DEFAULT_QUERY)]))
    body: BodyBuilder = field(default_factory=BodyBuilder)
    replayed: Sequence[Replayed] = ()
    """The requests of --replay, in order of their times."""
    format: Format | None = None
    """None: neither named nor known from the URL; it is detected from the stream."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """For `Format.reader`."""
    metrics_url: str | None = None
    """The page of the server's metrics, to be read during the run."""
    verify: bool | str = True
    """As `requests` takes it: False, True or the path of a PEM file."""
    html_report: Path | None = None
    report_named: bool = True
    """False: `html_report` is the default name, which is changed when the file exists, see `output_paths.unused`."""
    brand: str = ""
    report_title: str | None = None
    exports: Mapping[str, Path] = field(default_factory=dict)
    """Name in `EXPORTERS` -> file, for the outputs that were asked for."""
    stall_ms: float | None = None
    """For the report command: the limit that replaces that of the run."""
    records_file: Path | None = None
    studio_folder: Path | None = None
    """That of a studio which watches the run."""
    baseline: Baseline | None = None
    """The older run that this one is compared with."""
    capacity: CapacityArguments | None = None
    bench: BenchArguments | None = None
    profile: ProfileArguments | None = None
    studio: StudioArguments | None = None
    workers: WorkersWanted | None = None
    """None: this machine sends the load itself."""
    telemetry: TelemetryWanted | None = None
    joining: Joining | None = None
    quiet: bool = False
    color: bool = True
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """What was found out and is shown with the settings."""
    masker: Masker = field(default_factory=lambda: Masker(()))
    processes: int | None = None
    """As given, None is "auto"; `config` has the resulting number."""
    opening: Opening | None = None
    """The request that opens a session for each user."""
    following: Following | None = None
    """The GET that fetches the stream after the POST."""
    agent: bool = False
    """Whether the demo server answers as an agent."""
    quick: bool = False
    """Calibrate the given load only."""
    files: tuple[Path, ...] = ()
    profile_folder: Path | None = None
    """For the report command: the folder of a profile, whose records are the only one of `files`."""
    rest: tuple[str, ...] = ()
    text: str = ""

    @property
    def url(self) -> str:
        """The whole URL with any secret in it."""
        return self.address.url

    def at(self, host: str, port: int) -> Arguments:
        """The same with another host and port (those of the demo server)."""
        address = self.address._replace(host=host, port=port)
        config = dataclasses.replace(self.config, url=self.masker(mask_url(address.url)))
        return dataclasses.replace(self, address=address, config=config)
