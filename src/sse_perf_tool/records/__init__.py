"""The nouns of the tool: plain values that every other module takes and gives.

Read this first.  A run is described by a `RunConfig`; a worker turns each request into one `RequestRecord`; records go
into a `RequestTable`; once a second an `IntervalSample` is taken; at the end a `Summary` is computed and everything is
handed to the outputs as one `RunResult`.

* `config.py`: `RunConfig`, what a run was asked to do; `host.py` reads the machine in it.
* `stream.py`: what an event of an answer says, the same for every API.
* `request.py`: `RequestRecord`, how it can end, and the `RequestTable`.
* `head.py`: what the heads of answers say of whoever sent them.
* `figures.py`: what is computed of the requests, by second and on the whole.
* `goals.py`: what was demanded of a run, and whether it was reached.
* `trust.py`: what the tool measured of itself, and whether the figures are true.
* `server.py`: what the server said of itself.
* `profile.py`: what was seen inside the server, and what follows.
* `calibration.py`: how far off the tool is, beside a server that knows the truth.
* `workers.py`: what each machine did of a run over several.
* `result.py`: `RunResult`, all of these together.
* `capacity.py`: a search for the highest load, each step a run.
* `file.py`, `writer.py`, `reader.py`: the lines of a records file, written and read; `rows.py` many at once, `_lines.c`
  the same compiled, and `compiled.py` says whether that is there.

Rules that hold everywhere:

* Times are integer nanoseconds of one monotonic clock (`time.perf_counter_ns`).  `RunResult.started_unix_ns` is the one
  wall-clock anchor that places them in the world.  Units stand in the names; milliseconds appear only in outputs.
* `None` means "not measured"; 0 is zero.  Inside the columns of a `RequestTable` "not measured" is `NOT_MEASURED`.
* Nothing in here holds a secret: API keys live in `providers.ApiKeyProvider` and nowhere else.

A module is imported when one of its names is first used: `--help` lists the formats, whose events are nouns, and has no
need of the figures of a run.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .calibration import CALIBRATION_SCHEMA, Calibration, CalibrationLimit, Compared
    from .capacity import CAPACITY_SCHEMA, Capacity, CapacitySearch, Ending, Limit, StepResult
    from .config import Host, RunConfig
    from .figures import (
        CompressionCheck,
        ErrorGroup,
        FailedFirstTokens,
        Goodput,
        GroupStats,
        Interval,
        IntervalSample,
        Milestone,
        Outage,
        Plateau,
        ScheduleFacts,
        ServiceQueue,
        Stalls,
        Stats,
        StreamShape,
        Summary,
        TokenGroups,
    )
    from .goals import Abort, BaselineResult, ThresholdResult
    from .head import MOST_HEADS, AnswerHead
    from .request import (
        NO_LUMPS,
        NOT_MEASURED,
        OUTCOMES,
        PHASES,
        RECORDS_SCHEMA,
        Lumps,
        Outcome,
        Phase,
        RequestRecord,
        RequestTable,
        tokens_per_s,
    )
    from .result import SUMMARY_SCHEMA, Round, RunResult
    from .server import SERVER_FIGURES, ServerMetrics, ServerSample
    from .stream import Call, Delta, Kind, Mark, Other, Span, StreamEvent, TextMode, Usage
    from .trust import Reason, StoodStill, Trust, TrustSample
    from .workers import WorkerFacts

_NAMES = {
    "calibration": ("CALIBRATION_SCHEMA", "Calibration", "CalibrationLimit", "Compared"),
    "capacity": ("CAPACITY_SCHEMA", "Capacity", "CapacitySearch", "Ending", "Limit", "StepResult"),
    "config": ("Host", "RunConfig"),
    "figures": (
        "CompressionCheck",
        "ErrorGroup",
        "FailedFirstTokens",
        "Goodput",
        "GroupStats",
        "Interval",
        "IntervalSample",
        "Milestone",
        "Outage",
        "Plateau",
        "ScheduleFacts",
        "ServiceQueue",
        "Stalls",
        "Stats",
        "StreamShape",
        "Summary",
        "TokenGroups",
    ),
    "goals": ("Abort", "BaselineResult", "ThresholdResult"),
    "head": ("MOST_HEADS", "AnswerHead"),
    "request": (
        "NO_LUMPS",
        "NOT_MEASURED",
        "OUTCOMES",
        "PHASES",
        "RECORDS_SCHEMA",
        "Lumps",
        "Outcome",
        "Phase",
        "RequestRecord",
        "RequestTable",
        "tokens_per_s",
    ),
    "result": ("SUMMARY_SCHEMA", "Round", "RunResult"),
    "server": ("SERVER_FIGURES", "ServerMetrics", "ServerSample"),
    "stream": ("Call", "Delta", "Kind", "Mark", "Other", "Span", "StreamEvent", "TextMode", "Usage"),
    "trust": ("Reason", "StoodStill", "Trust", "TrustSample"),
    "workers": ("WorkerFacts",),
}
"""Module -> the names that others use."""
_HOMES = {name: module for module, names in _NAMES.items() for name in names}

__all__ = [
    "CALIBRATION_SCHEMA",
    "CAPACITY_SCHEMA",
    "MOST_HEADS",
    "NOT_MEASURED",
    "NO_LUMPS",
    "OUTCOMES",
    "PHASES",
    "RECORDS_SCHEMA",
    "SERVER_FIGURES",
    "SUMMARY_SCHEMA",
    "Abort",
    "AnswerHead",
    "BaselineResult",
    "Calibration",
    "CalibrationLimit",
    "Call",
    "Capacity",
    "CapacitySearch",
    "Compared",
    "CompressionCheck",
    "Delta",
    "Ending",
    "ErrorGroup",
    "FailedFirstTokens",
    "Goodput",
    "GroupStats",
    "Host",
    "Interval",
    "IntervalSample",
    "Kind",
    "Limit",
    "Lumps",
    "Mark",
    "Milestone",
    "Other",
    "Outage",
    "Outcome",
    "Phase",
    "Plateau",
    "Reason",
    "RequestRecord",
    "RequestTable",
    "Round",
    "RunConfig",
    "RunResult",
    "ScheduleFacts",
    "ServerMetrics",
    "ServerSample",
    "ServiceQueue",
    "Span",
    "Stalls",
    "Stats",
    "StepResult",
    "StoodStill",
    "StreamEvent",
    "StreamShape",
    "Summary",
    "TextMode",
    "ThresholdResult",
    "TokenGroups",
    "Trust",
    "TrustSample",
    "Usage",
    "WorkerFacts",
    "tokens_per_s",
]

if not TYPE_CHECKING:  # mypy knows the names by the imports above, and would take any other for one that this makes

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        value = globals()[name] = getattr(import_module(f".{_HOMES[name]}", __name__), name)
        return value
