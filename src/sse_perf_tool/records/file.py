"""The records file: a header line with the settings of the run, then one JSON line per request, in order of completion.

Each line is handed to the operating system as one write when its request ends, so a process that is killed leaves a
file whose whole lines can be read; a last line that was cut is skipped on reading.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ..errors import UsageError
from ..texts import LANGUAGES, Texts, printable, speaker
from ..units import NS_PER_MS
from .calibration import Calibration, Compared
from .config import RunConfig
from .head import AnswerHead
from .request import RECORDS_SCHEMA, Lumps, Outcome, Phase, RequestRecord
from .trust import TrustSample

TEXTS: Texts = {
    "unreadable": ("{path}: cannot be read ({reason}); check the path", "{path}: 无法读取（{reason}），请检查路径"),
    "no_header": (
        "{path}: not a records file: its first line is no header; give a file made by --records",
        "{path}: 不是逐请求记录文件，第一行不是文件头，请给出由 --records 生成的文件",
    ),
    "other_schema": (
        "{path}: holds {schema}, not {wanted}; give a file made by --records",
        "{path}: 内容为 {schema}，不是 {wanted}，请给出由 --records 生成的文件",
    ),
    "no_record": (
        "{path}, line {number}: not a request record ({reason}); remove the line",
        "{path} 第 {number} 行不是请求记录（{reason}），请删除该行",
    ),
}


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


_MS_FIELDS = ("ttfb", "ttft", "ttfa", "streaming", "connect", "tls", "dns", "latency")
_LATER_PLAIN_FIELDS = ("syn_resent", "retransmits", "out_of_order")
_LATER_MS_FIELDS = ("start_slack",)
"""Times that records files of before do not have."""
_LATER_FIELDS = ("bad_events", "reported_tokens")
"""Those that records files of before do not have."""
_PLAIN_FIELDS = (
    "request_id", "thread_id", "status", "error", "retries", "output_tokens", "prompt_tokens", "reasoning_tokens",
    "token_source", "chunks", "text_chars", "bytes_received", "conversation_id", "message_id", "finish_reason", "query",
    "format", "clock",
)  # fmt: skip


def _ms(ns: float | None) -> float | None:
    # Six decimals of a millisecond are nanoseconds: nothing is lost on the way to the file and back.
    return None if ns is None else round(ns / NS_PER_MS, 6)


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
        "schedule_delay_ms": _ms(record.schedule_delay_ns),
    }
    row |= {name: getattr(record, name) for name in (*_PLAIN_FIELDS, *_LATER_PLAIN_FIELDS)}
    row |= {f"{name}_ms": _ms(getattr(record, f"{name}_ns")) for name in (*_MS_FIELDS, *_LATER_MS_FIELDS)}
    row["tpot_ms"] = _ms(record.tpot_ns)
    row["max_gap_ms"] = _ms(record.max_gap_ns)
    row |= {name: getattr(record, name) for name in _LATER_FIELDS}
    row |= record.came._asdict()
    row["gaps_us"] = list(record.gaps_us)
    if record.head is not None:
        row["head"] = record.head._asdict()
    if record.self_watch:
        row["self_watch"] = [asdict(sample) for sample in record.self_watch]
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))


def record_of(row: Mapping[str, Any], shift_ns: int) -> RequestRecord:
    """The record that a line was made from; KeyError, TypeError or ValueError when the line is not one of ours."""
    known = [(name, row[f"{name}_ms"]) for name in _MS_FIELDS]
    known += [(name, row.get(f"{name}_ms")) for name in _LATER_MS_FIELDS]
    times: dict[str, Any] = {f"{name}_ns": None if ms is None else round(ms * NS_PER_MS) for name, ms in known}
    plain = {name: row[name] for name in _PLAIN_FIELDS} | {name: row.get(name) for name in _LATER_PLAIN_FIELDS}
    plain |= {name: row[name] for name in _LATER_FIELDS if name in row}
    started_ns = int(row["started_at_ns"]) - shift_ns
    delay_ms = row.get("schedule_delay_ms")
    return RequestRecord(
        # Files of before there were turns, tiers, schedules and phases have none.
        turn=int(row.get("turn", 1)),
        context_tokens=row.get("context_tokens"),
        intended_ns=None if delay_ms is None else started_ns - round(delay_ms * NS_PER_MS),
        phase=Phase(row.get("phase", Phase.MAIN.value)),
        came=Lumps(**{name: row[name] for name in Lumps._fields if name in row}),  # likewise
        **plain,
        **times,
        started_ns=started_ns,
        outcome=Outcome(row["outcome"]),
        gaps_us=tuple(int(gap) for gap in row["gaps_us"]),
        head=_head_of(row.get("head")),
        self_watch=tuple(map(_sample_of, row.get("self_watch", ()))),
    )


def _head_of(document: Mapping[str, Any] | None) -> AnswerHead | None:
    if document is None:
        return None
    return AnswerHead(**{name: document[name] for name in AnswerHead._fields if name in document})


def _sample_of(document: Mapping[str, Any]) -> TrustSample:
    """A sample from its object, whose buckets are texts as all names in JSON are; names not known are left out."""
    known: dict[str, Any] = {}
    for field in fields(TrustSample):
        value = document.get(field.name)
        known[field.name] = {int(at): int(n) for at, n in value.items()} if isinstance(value, dict) else value
    return TrustSample(**known)


def config_of(document: Mapping[str, Any]) -> RunConfig:
    """A `RunConfig` from the object in a header or summary; names that this version does not know are left out."""
    known = {field.name for field in fields(RunConfig)}
    return RunConfig(**{name: value for name, value in document.items() if name in known})


def calibration_of(document: Mapping[str, Any] | None) -> Calibration | None:
    """A `Calibration` from the object in a header or summary; names that this version does not know are left out."""
    if document is None:
        return None
    known = {field.name: document[field.name] for field in fields(Calibration)}
    for name in ("ttft", "gaps"):
        known[name] = {percent: Compared(**compared) for percent, compared in known[name].items()}
    return Calibration(**known)


def read_header(path: Path, lang: str = LANGUAGES[0]) -> RecordsHeader:
    """The header of a records file.  UsageError, in `lang`, when the file cannot be read or is something else."""
    say, name = speaker(TEXTS, lang), printable(str(path))
    try:
        with path.open(encoding="utf-8") as lines:
            first = json.loads(lines.readline())
        if first["schema"] != RECORDS_SCHEMA:
            schema = printable(str(first["schema"]))
            raise UsageError(say("other_schema", path=name, schema=schema, wanted=RECORDS_SCHEMA))
        return RecordsHeader(
            config_of(first["config"]),
            int(first["started_at_ns"]),
            tuple(first["warnings"]),
            calibration_of(first.get("calibration")),
        )
    except OSError as error:
        raise UsageError(say("unreadable", path=name, reason=error.strerror)) from error
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(say("no_header", path=name)) from error


def read_records(
    path: str | Path, header: RecordsHeader | None = None, lang: str = LANGUAGES[0]
) -> Iterator[RequestRecord]:
    """The requests of a records file, times counted from the run's start.  `header` is read where it is not given.

    UsageError, in `lang`, at a line that is none.  A last line without line end is what a killed process leaves
    behind: it is skipped.
    """
    path = Path(path)
    header = header or read_header(path, lang)
    with path.open(encoding="utf-8") as lines:
        next(lines)
        for number, line in enumerate(lines, start=2):
            if not line.endswith("\n"):
                return
            try:
                yield record_of(json.loads(line), shift_ns=header.started_unix_ns)
            except (ValueError, KeyError, TypeError) as error:
                say, reason = speaker(TEXTS, lang), printable(str(error))
                raise UsageError(say("no_record", path=printable(str(path)), number=number, reason=reason)) from error
