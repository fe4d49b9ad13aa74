"""`--json`: the summary of a run as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ..metrics.steadiness import plateau_of, stalls_of
from ..records import (
    SUMMARY_SCHEMA,
    Abort,
    BaselineResult,
    CompressionCheck,
    ErrorGroup,
    FailedFirstTokens,
    Goodput,
    GroupStats,
    Interval,
    Milestone,
    Outage,
    Plateau,
    RunResult,
    ServiceQueue,
    Stalls,
    Stats,
    StreamShape,
    ThresholdResult,
    TokenGroups,
    Trust,
    TrustSample,
)
from ..records.file import iso_utc
from ..records.profile import profile_document
from ..records.server import server_metrics_document
from ..records.workers import clock_uncertainty_ms, workers_document
from ..report_parts.findings import findings
from ..report_parts.shape import stream_text
from ..texts import LANGUAGES
from ..trust import read_delay_ms, words
from ..units import NS_PER_S

_Noun = (
    Stats
    | ThresholdResult
    | BaselineResult
    | Abort
    | StreamShape
    | Stalls
    | Plateau
    | ServiceQueue
    | CompressionCheck
    | Outage
    | FailedFirstTokens
)


MISSING_PARTS = ("records_partial", "skipped_lines")
"""The kinds of requests that may be missing, besides those of a process that died."""


def _plain(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def summary_document(result: RunResult) -> dict[str, Any]:
    """The object of `--json`; its names are fixed by docs/files.md."""
    found, plateau = result.summary, plateau_of(result)
    return {
        "schema": SUMMARY_SCHEMA,
        "config": asdict(result.config),
        "started_at": iso_utc(result.started_unix_ns),
        "duration_s": round(result.duration_ns / NS_PER_S, 6),
        "requests": {
            "sent": found.sent,
            "ok": found.ok,
            "failed": found.failed,
            "cancelled": found.cancelled,
            "retried": found.retried,
            "resent": found.resent,
            "left_early": found.left_early,
        },
        "measured_s": round(found.measured_s, 6),
        "left_out": {phase: dict(counts) for phase, counts in found.left_out.items()},
        "schedule": None if found.schedule is None else asdict(found.schedule),
        "outcomes": dict(found.outcomes),
        "errors": [_error_group(group) for group in found.errors],
        "finish_reasons": dict(found.finish_reasons),
        "bad_events": {"events": found.bad_events, "answers": found.bad_event_answers},
        "metrics": {name: rounded(stats) for name, stats in found.metrics.items()},
        "milestones": [_milestone(each) for each in found.milestones],
        "intervals": {name: _intervals(each) for name, each in found.intervals.items()},
        "rates": {
            "requests_per_s": round(found.requests_per_s, 6),
            "output_tokens_per_s": round(found.output_tokens_per_s, 6),
            "chunks_per_s": round(found.chunks_per_s, 6),
            "bytes_per_s": round(found.bytes_per_s, 6),
        },
        "plateau": plateau and rounded(plateau),
        "stream_shape": _shape(result),
        "service_queue": found.service_queue and rounded(found.service_queue),
        "outage": found.outage and rounded(found.outage),
        "failed_first_tokens": found.failed_first_tokens and rounded(found.failed_first_tokens),
        "response_heads": [head._asdict() for head in result.heads],
        "compression_check": result.compression_check and rounded(result.compression_check),
        "findings": _findings(result),
        "stalls": rounded(stalls_of(result)),
        "tokens": {
            "output": found.output_tokens,
            "prompt": found.prompt_tokens,
            "source": found.token_source,
            "weighted_by_words": found.weighted_by_words and round(found.weighted_by_words, 4),
            "left_early": found.left_early_tokens,
            "contradicting_usage": found.contradicting_usage,
            "groups": _token_groups(found.token_groups),
        },
        "turns": [_group("turn", group) for group in found.turns],
        "context_tiers": [_group("context_tokens", group) for group in found.context_tiers],
        "time_series": _time_series(result),
        "server_metrics": result.server_metrics and server_metrics_document(result.server_metrics),
        "profile": result.profile and profile_document(result.profile, LANGUAGES.index(result.config.lang)),
        "goodput": _goodput(found.goodput),
        "trust": _trust(result),
        "thresholds": [rounded(each) for each in result.thresholds],
        "baseline": [rounded(each) for each in result.baseline],
        "fails_more": _plain(result.fails_more),
        "warnings": list(result.warnings),
        "interrupted": result.interrupted,
        "aborted": result.aborted and rounded(result.aborted),
        "workers": workers_document(result.workers),
        "clock_uncertainty_ms": _plain(clock_uncertainty_ms(result.workers)),
        "missing_requests": result.missing_requests,
        "partial": result.partial or result.records_partial or bool(result.skipped_lines),
        **{name: getattr(result, name) for name in MISSING_PARTS},
    }


def _milestone(each: Milestone) -> dict[str, Any]:
    return {
        "kind": each.kind,
        "name": each.name,
        "answers": each.answers,
        "share": round(each.share, 6),
        "spans": each.spans,
        "events": each.events,
        "first_ms": rounded(each.first_ms),
        "duration_ms": rounded(each.duration_ms),
    }


def _token_groups(groups: TokenGroups | None) -> dict[str, Any] | None:
    return None if groups is None else {name: round(value, 6) for name, value in groups._asdict().items()}


def _error_group(group: ErrorGroup) -> dict[str, Any]:
    """Without the chunks where none had come."""
    return {name: value for name, value in asdict(group).items() if value is not None}


def _calibration(result: RunResult) -> dict[str, Any] | None:
    return None if result.calibration is None else asdict(result.calibration)


def _time_series(result: RunResult) -> list[dict[str, Any]]:
    watched = {sample.second: sample for sample in result.self_watch}
    return [{**_flat(row), "self_watch": _self_watch(watched.get(row.second))} for row in result.time_series]


def _flat(noun: Any) -> dict[str, Any]:
    """The fields of a noun that holds no other; `asdict` would copy all that is in them, and there are thousands."""
    return {name: getattr(noun, name) for name in noun.__dataclass_fields__}


def _self_watch(sample: TrustSample | None) -> dict[str, Any] | None:
    if sample is None:
        return None
    row = {name: value for name, value in _flat(sample).items() if name not in _NOT_IN_A_ROW}
    return {"read_delay_ms": read_delay_ms([sample]), **row}


_NOT_IN_A_ROW = ("second", "read_waits", "read_wait_max_ms", "away", "wakes", "cores")
"""Fields that are derived from others, or needed for the verdict only."""


def _trust(result: RunResult) -> dict[str, Any]:
    trust = result.trust or Trust()
    return {
        **asdict(trust),
        "read_delay_ms": read_delay_ms(result.self_watch),
        "reasons": [words(reason, result.config.lang) for reason in trust.reasons],
        "calibration": _calibration(result),
    }


def _goodput(found: Goodput | None) -> dict[str, Any] | None:
    if found is None:
        return None
    share = None if found.share is None else round(found.share, 6)
    return {**asdict(found), "share": share, "requests_per_s": round(found.requests_per_s, 6)}


def _intervals(found: Mapping[str, Interval]) -> dict[str, list[float | None]]:
    return {name: [None if side is None else round(side, 6) for side in each] for name, each in found.items()}


def _shape(result: RunResult) -> dict[str, Any]:
    said = stream_text(result) or ("", "")
    return {**rounded(result.summary.shape), "evidence": said[LANGUAGES.index(result.config.lang)]}


def _findings(result: RunResult) -> list[dict[str, str]]:
    column = LANGUAGES.index(result.config.lang)
    return [{"kind": each.kind, "text": each.text[column]} for each in findings(result)]


def _group(name: str, group: GroupStats) -> dict[str, Any]:
    means = {"output_tokens": group.output_tokens, "prompt_tokens": group.prompt_tokens}
    return {
        name: group.value,
        "sent": group.sent,
        "ok": group.ok,
        "ttft_ms": rounded(group.ttft_ms),
        "latency_ms": rounded(group.latency_ms),
        **{mean: None if value is None else round(value, 6) for mean, value in means.items()},
    }


def rounded(noun: _Noun) -> dict[str, Any]:
    """The fields of a noun by name, numbers with six digits behind the point."""
    return {name: round(value, 6) if isinstance(value, float) else value for name, value in asdict(noun).items()}


def to_json(result: RunResult) -> str:
    """The summary as indented JSON with a final line end."""
    return json.dumps(summary_document(result), ensure_ascii=False, indent=2) + "\n"
