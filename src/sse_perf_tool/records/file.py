"""The lines of a records file: a header with the settings of the run, then a line per request in order of completion.

How a file of them is read stands in `reader.py`, how it is written in `writer.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from operator import attrgetter
from typing import Any
from urllib.parse import urlsplit

import orjson

from ..texts import LANGUAGES
from ..units import NS_PER_MS, NS_PER_S
from .calibration import Calibration, Compared
from .checked import UnfitError, counted, counted_or_none, fitting, fitting_of, noun_of, texts_of
from .config import RunConfig
from .head import AnswerHead
from .host import HOST_KEY, host_of
from .request import RECORDS_SCHEMA, Lumps, Outcome, Phase, RequestRecord
from .server import ServerMetrics, server_metrics_document, server_metrics_of
from .spans import spans_of
from .trust import StoodStill, TrustSample
from .workers import WORKERS_KEY, WorkerFacts, workers_document, workers_of


@dataclass(frozen=True, slots=True)
class RecordsHeader:
    """What the first line says: settings, start on the wall clock, what was warned of and calibrated before the run."""

    config: RunConfig
    started_unix_ns: int
    warnings: tuple[str, ...] = ()
    calibration: Calibration | None = None


def iso_utc(unix_ns: int) -> str:
    """Nanoseconds since 1970 as ISO 8601 in UTC, to the millisecond: `2026-01-31T08:00:00.250Z`."""
    moment = datetime.fromtimestamp(unix_ns // NS_PER_MS / 1000, tz=timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def header_line(header: RecordsHeader) -> str:
    """The first line of a records file, without line end."""
    return json.dumps(
        {
            "schema": RECORDS_SCHEMA,
            "started_at": iso_utc(header.started_unix_ns),
            "started_at_ns": header.started_unix_ns,
            "config": asdict(header.config),
            "warnings": header.warnings,
            "calibration": None if header.calibration is None else asdict(header.calibration),
        },
        ensure_ascii=False,
    )


SERVER_KEY = "server_metrics"


def server_line(found: ServerMetrics) -> str:
    """The last line of the records of a run that read the metrics of its server, without line end."""
    return json.dumps({SERVER_KEY: server_metrics_document(found)}, ensure_ascii=False, separators=(",", ":"))


def server_metrics_in(row: Mapping[str, Any]) -> ServerMetrics | None:
    """What such a line holds, None for a request.  TypeError, ValueError for one that is damaged."""
    return server_metrics_of(row[SERVER_KEY]) if SERVER_KEY in row else None


def workers_line(workers: Sequence[WorkerFacts], missing_requests: int) -> str:
    """A line behind the requests of a run on several machines, without line end: what each did."""
    document = {WORKERS_KEY: workers_document(workers), "missing_requests": missing_requests}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def workers_in(row: Mapping[str, Any]) -> tuple[tuple[WorkerFacts, ...], int] | None:
    """What such a line holds, None for a request.  TypeError, ValueError for one that is damaged."""
    return (workers_of(row[WORKERS_KEY]), counted(row, "missing_requests")) if WORKERS_KEY in row else None


_MS_FIELDS = ("ttfb", "ttft", "ttfa", "streaming", "connect", "tls", "dns", "latency")
_LATER_PLAIN_FIELDS = ("syn_resent", "retransmits", "out_of_order")
_LATER_MS_FIELDS = ("start_slack",)
"""Times that records files of before do not have."""
_LATER_FIELDS = ("bad_events", "reported_tokens", "resent", "refused")
"""Those that records files of before do not have."""
_PLAIN_FIELDS = (
    "request_id", "thread_id", "status", "error", "retries", "output_tokens", "prompt_tokens", "reasoning_tokens",
    "token_source", "chunks", "text_chars", "bytes_received", "conversation_id", "message_id", "finish_reason", "query",
    "format", "clock",
)  # fmt: skip


_PLAIN_WRITTEN = (*_PLAIN_FIELDS, *_LATER_PLAIN_FIELDS)
_MS_WRITTEN = tuple(f"{name}_ms" for name in (*_MS_FIELDS, *_LATER_MS_FIELDS))
_plain_of = attrgetter(*_PLAIN_WRITTEN)
_times_of = attrgetter(*(f"{name}_ns" for name in (*_MS_FIELDS, *_LATER_MS_FIELDS)))
_later_of = attrgetter(*_LATER_FIELDS)
_slowly_written = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def ms_of(ns: float | None) -> float | None:
    """Milliseconds as a line has them: with six decimals, so that nothing is lost on the way to the file and back."""
    if ns is None:
        return None
    # Of whole nanoseconds, up to `LONGEST_MS`, the quotient is the nearest number with six decimals already.
    return ns / NS_PER_MS if type(ns) is int else round(ns / NS_PER_MS, 6)


def written(row: Mapping[str, Any]) -> str:
    """An object as JSON, in a tenth of what the standard library takes for it.

    What orjson does not know, half an emoji or keys that are no texts, that library writes, in the same form.
    """
    try:
        return orjson.dumps(row).decode()
    except TypeError:
        return _slowly_written(row)


def record_line(record: RequestRecord, shift_ns: int) -> str:
    """One request as a line without line end; `shift_ns` turns monotonic times into Unix ones."""
    row: dict[str, Any] = {
        "request_id": record.request_id,
        "thread_id": record.thread_id,
        "started_at_ns": record.started_ns + shift_ns,
        "outcome": record.outcome.value,
        "turn": record.turn,
        "context_tokens": record.context_tokens,
        "phase": record.phase.value,
        "schedule_delay_ms": ms_of(record.schedule_delay_ns),
    }
    row.update(zip(_PLAIN_WRITTEN, _plain_of(record), strict=True))
    row.update(zip(_MS_WRITTEN, map(ms_of, _times_of(record)), strict=True))
    row["tpot_ms"] = ms_of(record.tpot_ns)
    row["max_gap_ms"] = ms_of(record.max_gap_ns)
    row.update(zip(_LATER_FIELDS, _later_of(record), strict=True))
    row.update(zip(Lumps._fields, record.came, strict=True))
    row["gaps_us"] = list(record.gaps_us)
    if record.spans:
        row["spans"] = record.spans
    if record.estimates is not None:
        row["estimates"] = list(record.estimates)
    if record.head is not None:
        row["head"] = record.head._asdict()
    if record.self_watch:
        row["self_watch"] = [asdict(sample) for sample in record.self_watch]
    return written(row)


def record_of(row: Mapping[str, Any], shift_ns: int) -> RequestRecord:
    """The record that a line was made from; KeyError, TypeError or ValueError when the line is not one of ours.

    Every value fits then, and no part of the answer is `LONGER_NS` longer than all of it.
    """
    times: dict[str, Any] = {f"{name}_ns": _ns(row[f"{name}_ms"], name) for name in _MS_FIELDS}
    times |= {f"{name}_ns": _ns(row.get(f"{name}_ms"), name) for name in _LATER_MS_FIELDS}
    if times["latency_ns"] is None:
        raise UnfitError("latency_ms")
    started_ns = counted(row, "started_at_ns", LAST_UNIX_NS) - shift_ns
    delay_ns = _ns(row.get("schedule_delay_ms"), "schedule_delay")
    counts: dict[str, Any] = {name: counted(row, name) for name in _COUNT_FIELDS}
    counts |= {name: counted_or_none({name: row[name]}, name) for name in _OPTIONAL_COUNT_FIELDS}
    counts |= {name: counted_or_none(row, name) for name in _LATER_PLAIN_FIELDS}
    counts |= fitting_of(RequestRecord, row, _LATER_FIELDS)
    came: dict[str, Any] = {name: counted_or_none(row, name) for name in Lumps._fields if name in row}
    record = RequestRecord(
        # Files of before there were turns, tiers, schedules and phases have none.
        turn=counted_or_none(row, "turn", 1_000_000) or 1,
        context_tokens=counted_or_none(row, "context_tokens"),
        intended_ns=None if delay_ns is None else started_ns - delay_ns,
        phase=Phase(row.get("phase", Phase.MAIN.value)),
        came=Lumps(**came),  # likewise
        **counts,
        **texts_of(row, _TEXT_FIELDS, _OPTIONAL_TEXT_FIELDS),
        **times,
        started_ns=started_ns,
        outcome=Outcome(row["outcome"]),
        gaps_us=_gaps_of(row["gaps_us"]),
        spans=spans_of(row.get("spans")),
        estimates=estimates_of(row.get("estimates")),
        head=head_of(row),
        self_watch=samples_of(row),
    )
    _check_parts(record)
    return record


_COUNT_FIELDS = ("request_id", "thread_id", "retries", "chunks", "text_chars", "bytes_received")
_OPTIONAL_COUNT_FIELDS = ("status", "output_tokens", "prompt_tokens", "reasoning_tokens")
_TEXT_FIELDS = ("query", "format", "clock")
_OPTIONAL_TEXT_FIELDS = ("error", "token_source", "conversation_id", "message_id", "finish_reason")

LONGEST_MS = 31 * 24 * 3600 * 1000
"""No request takes longer."""
LONGER_NS = 60 * NS_PER_S
"""Parts of an answer may end behind it by the inaccuracy of clocks; by so much they do not."""
LAST_UNIX_NS = 2**63 - 1


def _ns(ms: object, name: str) -> int | None:
    if ms is None:
        return None
    if type(ms) not in (int, float) or not 0 <= ms <= LONGEST_MS:  # type: ignore[operator]
        raise UnfitError(f"{name}_ms")
    return round(ms * NS_PER_MS)  # type: ignore[operator]


def estimates_of(estimates: object) -> tuple[int, int] | None:
    if estimates is None:
        return None
    if type(estimates) is not list or len(estimates) != 2 or set(map(type, estimates)) != {int} or min(estimates) < 0:
        raise UnfitError("estimates")
    return estimates[0], estimates[1]


def _gaps_of(gaps: object) -> tuple[int, ...]:
    if type(gaps) is not list or (gaps and (set(map(type, gaps)) != {int} or min(gaps) < 0)):
        raise UnfitError("gaps_us")
    return tuple(gaps)


def _check_parts(record: RequestRecord) -> None:
    """`UnfitError` when a part of an answer took far longer than all of it, or it has a first chunk and no chunks."""
    most_ns = record.latency_ns + LONGER_NS
    parts = (record.ttfb_ns, record.ttfa_ns, record.streaming_ns, record.start_slack_ns)
    if max((ns for ns in parts if ns is not None), default=0) > most_ns:
        raise UnfitError("latency_ms")
    if (record.ttft_ns or 0) + (record.gap_sum_us or 0) * 1000 > most_ns:
        raise UnfitError("gaps_us")
    if record.ttft_ns is not None and not record.chunks:
        raise UnfitError("chunks")


def head_of(row: Mapping[str, Any]) -> AnswerHead | None:
    """What the head says of which a line tells, None where it tells of none; `UnfitError`."""
    document = row.get("head")
    if document is None:
        return None
    if type(document) is not dict:
        raise UnfitError("head")
    known = {name: document[name] for name in AnswerHead._fields if name in document}
    for name, value in known.items():
        if type(value) is not type(AnswerHead._field_defaults[name]) and not (type(value) is str and name in _MAY_LACK):
            raise UnfitError(name)
    return AnswerHead(**known)


_MAY_LACK = [name for name, default in AnswerHead._field_defaults.items() if default is None]
"""What a head may not say."""


def samples_of(row: Mapping[str, Any]) -> tuple[TrustSample, ...]:
    """What a line tells that the tool measured of itself; TypeError, ValueError."""
    return tuple(map(_sample_of, row.get("self_watch", ())))


def _sample_of(document: Any) -> TrustSample:
    """A sample from its object, whose buckets are texts as all names in JSON are; names not known are left out."""
    if type(document) is not dict:
        raise UnfitError("self_watch")
    known = {
        name: {int(at): n for at, n in value.items()} if isinstance(value, dict) else value
        for name, value in document.items()
    }
    buckets = [at for value in known.values() if isinstance(value, dict) for at in value]
    if min(buckets, default=0) < -1 or max(buckets, default=0) > _LAST_BUCKET:
        raise UnfitError("self_watch")
    if known.get("stood_still") == []:
        del known["stood_still"]  # as nearly always
        return noun_of(TrustSample, known)  # type: ignore[no-any-return]
    sample: TrustSample = noun_of(TrustSample, known)
    return replace(sample, stood_still=tuple(StoodStill(*each) for each in sample.stood_still))


_LAST_BUCKET = 100
"""Half octaves of a microsecond: some 35 years."""


def config_of(document: Any) -> RunConfig:
    """A `RunConfig` from the object in a header or summary; names that this version does not know are left out.

    `UnfitError` that names the first setting that makes no sense.
    """
    config, unfit = readable_config(document)
    if unfit:
        raise UnfitError(unfit[0])
    return config


def readable_config(document: Any) -> tuple[RunConfig, list[str]]:
    """The same, as far as it makes sense: with the default for each setting that makes none, and their names."""
    if not isinstance(document, dict):
        return RunConfig(), ["config"]
    found, unfit = fitting(RunConfig, {name: value for name, value in document.items() if name != HOST_KEY}, least=0)
    try:
        found[HOST_KEY] = host_of(document)
    except UnfitError:
        unfit.append(HOST_KEY)
    unfit += [name for name, makes_sense in _SENSE.items() if name in found and not makes_sense(found[name])]
    for name, other in _TOGETHER.items():
        if found.get(name) and (other in unfit or not found.get(other)):
            unfit.append(name)
    return RunConfig(**{name: value for name, value in found.items() if name not in unfit}), unfit


def _is_url(text: str) -> bool:
    try:
        return bool(urlsplit(text).hostname or True)
    except ValueError:
        return False


def _positive(number: float | None) -> bool:
    return number is None or number > 0


_ARRIVAL = re.compile(r"constant|poisson|gamma:(?!0*\.?0*$)\d{1,3}(\.\d{1,6})?", re.ASCII)
"""As `--arrival`; the spread of a gamma distribution is above 0."""

_SENSE: Mapping[str, Callable[[Any], bool]] = {
    "url": _is_url,
    "lang": LANGUAGES.__contains__,
    "arrival": lambda text: bool(_ARRIVAL.fullmatch(text)),
    "stages_of": (None, "threads", "rate").__contains__,
    "stages": lambda stages: all(len(each) == 2 for each in stages),
    **dict.fromkeys(("threads", "processes", "turns", "rate_per_s", "speed", "stall_ms"), _positive),
}
"""What a setting must be besides a value of its type."""


_TOGETHER = {"cancel_rate": "cancel_after_s", "stages_of": "stages", "stages": "stages_of", "replay_s": "replay_file"}
"""Settings that say nothing without another one."""


def calibration_of(document: Any) -> Calibration | None:
    """A `Calibration` from the object in a header or summary, None without; KeyError, TypeError, ValueError."""
    if document is None:
        return None
    parts: dict[str, Any] = {
        name: {at: noun_of(Compared, each) for at, each in document[name].items()} for name in ("ttft", "gaps")
    }
    plain, unfit = fitting(Calibration, {name: value for name, value in document.items() if name not in parts})
    if unfit:
        raise UnfitError(unfit[0])
    return Calibration(**plain, **parts)
