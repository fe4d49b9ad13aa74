"""The summary of a run with several requests."""

from __future__ import annotations

from ..metrics.steadiness import stalls_of
from ..records import Goodput, RunResult, Summary
from ..report_parts.figures import Both, percent_text, time_text
from ..report_parts.milestones import short_steps_text, short_times_text
from ..report_parts.server import server_words
from ..report_parts.shape import short_stalls_text, short_stream_text
from ..texts import Texts, printable
from ..units import NS_PER_MS, figure
from .answer import tokens_words
from .live import abort_words
from .tables import groups_table, metrics_table
from .writer import GREEN, RED, YELLOW, Writer

TEXTS: Texts = {
    "summary": ("Summary", "汇总"),
    "interrupted": ("interrupted: the results cover only the time until then", "已中断：以下数据仅包含中断前的部分"),
    "aborted": (
        "aborted after {at} s because {rule} was true ({value}): the results cover only the time until then",
        "{at} 秒后因条件 {rule} 成立（{value}）而中止：以下数据仅包含此前的部分",
    ),
    "nothing": ("no request was sent", "没有发送任何请求"),
    "no_figures": ("no answer was complete, so there are no times to show", "没有完整的回答，因此没有可显示的时间指标"),
    "wall": ("wall time", "总用时"),
    "ok": ("ok", "成功"),
    "failed": ("failed", "失败"),
    "cancelled": ("cancelled", "已取消"),
    "left_early": ("left early", "主动取消"),
    "left_early_of": (
        "{number}, by --cancel-rate; {tokens} tokens received",
        "{number}（按 --cancel-rate），已收到 {tokens} 个 token",
    ),
    "left_out": ("not counted", "未计入指标"),
    "left_out_of": ("{number} in {phase}", "{phase} {number}"),
    "warmup": ("the warm-up", "预热"),
    "cooldown": ("the cool-down", "冷却"),
    "finish_reasons": ("finish reasons", "结束原因"),
    "bad_events": ("not JSON", "非 JSON 事件"),
    "bad_events_of": ("{events} events in {answers} answers", "{answers} 个回答中共 {events} 个事件"),
    "retried": ("needed a retry", "经过重试"),
    "resent": ("sent again", "重新发送"),
    "resent_of": ("{number}, as their idle connection was closed", "{number}（空闲连接已被服务端关闭）"),
    "rates": ("rates", "速率"),
    "rates_of": (
        "{requests} requests/s, {tokens} tokens/s, {chunks} chunks/s",
        "{requests} 请求/s，{tokens} token/s，{chunks} 数据块/s",
    ),
    "rates_whole": (
        "{requests} requests/s, {tokens} tokens/s, {kilobytes} kB/s",
        "{requests} 请求/s，{tokens} token/s，{kilobytes} kB/s",
    ),
    "schedule": ("schedule", "计划"),
    "schedule_of": (
        "target {asked} requests/s, sent {sent}; {late} late, by up to {worst}",
        "目标 {asked} 请求/s，实际 {sent}；{late} 个未按时，最多晚 {worst}",
    ),
    "dropped": ("never sent", "未发送"),
    "goodput": ("goodput", "goodput"),
    "goodput_of": (
        "{met} of {all} ({share}), {rate} requests/s",
        "{all} 个中的 {met} 个（{share}），{rate} 请求/s",
    ),
    "stream_shape": ("stream", "流的形态"),
    "stalls": ("stalls", "停顿"),
    "time_spent": ("time spent", "时间分布"),
    "time_of_steps": ("steps (P50)", "步骤（P50）"),
    "server": ("server", "服务端"),
    "sum_rt": ("response sum", "响应时间合计"),
}


def show(writer: Writer, result: RunResult) -> None:
    """The summary of a run with several requests."""
    found, say = result.summary, writer.say
    writer.gap()
    writer.heading("summary")
    if result.interrupted:
        writer.line(writer.paint("  " + say("interrupted"), YELLOW))
    if result.aborted:
        writer.line(writer.paint("  " + abort_words(writer, "aborted", result.aborted), YELLOW))
    if not found.sent:
        writer.line("  " + say("nothing"))
        return
    finished = found.ok + found.failed
    latency = found.metrics["latency_ms"]
    failed = writer.paint(f"{found.failed:,}", RED) if found.failed else "0"
    writer.facts(
        [
            ("threads", f"{result.config.threads:,}"),
            ("requests", f"{found.sent:,}"),
            ("wall", time_text(result.duration_ns / NS_PER_MS)),
            ("ok", writer.paint(f"{found.ok:,}", GREEN) if found.ok else "0"),
            ("failed", failed),
            ("cancelled", f"{found.cancelled - found.left_early:,}" if found.cancelled > found.left_early else None),
            ("left_early", _left_early_words(writer, found)),
            ("left_out", _left_out_words(writer, found)),
            ("retried", f"{found.retried:,}" if found.retried else None),
            ("resent", say("resent_of", number=f"{found.resent:,}") if found.resent else None),
            ("finish_reasons", _reason_words(found)),
            ("bad_events", _bad_event_words(writer, found)),
            ("success", percent_text(found.ok / finished if finished else None)),
            ("blocks", f"{found.chunks:,}" if result.config.stream else None),
            ("tokens", tokens_words(writer, found.output_tokens, found.token_source)),
            ("rates", _rate_words(writer, result)),
            ("schedule", _schedule_words(writer, found)),
            ("dropped", f"{found.schedule.dropped:,}" if found.schedule and found.schedule.dropped else None),
            ("goodput", _goodput_words(writer, found.goodput) if found.goodput else None),
            ("stream_shape", _in_its_language(writer, short_stream_text(found.shape))),
            ("stalls", _in_its_language(writer, short_stalls_text(stalls_of(result)))),
            ("time_spent", _in_its_language(writer, short_times_text(found))),
            ("time_of_steps", _in_its_language(writer, short_steps_text(found))),
            ("server", told[writer.column] if (told := server_words(result.server_metrics)) else None),
            ("sum_rt", time_text(latency.mean * latency.count) if latency.mean else None),
        ]
    )
    writer.gap()
    if found.ok:
        metrics_table(writer, result)
        groups_table(writer, "context", found.context_tiers, result.config.stream)
        groups_table(writer, "turn", found.turns, result.config.stream)
    else:
        writer.line("  " + say("no_figures"))


def _in_its_language(writer: Writer, text: Both | None) -> str | None:
    return None if text is None else text[writer.column]


MOST_REASONS = 6


def _reason_words(found: Summary) -> str | None:
    reasons = list(found.finish_reasons.items())
    said = [f"{printable(reason, 40)} {number:,}" for reason, number in reasons[:MOST_REASONS]]
    return ", ".join([*said, *(["…"] if len(reasons) > MOST_REASONS else [])]) or None


def _bad_event_words(writer: Writer, found: Summary) -> str | None:
    events, answers = found.bad_events, found.bad_event_answers
    return writer.say("bad_events_of", events=f"{events:,}", answers=f"{answers:,}") if events else None


def _left_early_words(writer: Writer, found: Summary) -> str | None:
    if not found.left_early:
        return None
    return writer.say("left_early_of", number=f"{found.left_early:,}", tokens=f"{found.left_early_tokens:,}")


def _left_out_words(writer: Writer, found: Summary) -> str | None:
    parts = [
        writer.say("left_out_of", number=f"{sum(counts.values()):,}", phase=writer.say(phase))
        for phase, counts in found.left_out.items()
    ]
    return ", ".join(parts) or None


def _rate_words(writer: Writer, result: RunResult) -> str:
    found = result.summary
    return writer.say(
        "rates_of" if result.config.stream else "rates_whole",
        requests=figure(found.requests_per_s),
        tokens=figure(found.output_tokens_per_s),
        chunks=figure(found.chunks_per_s),
        kilobytes=figure(found.bytes_per_s / 1000),
    )


def _schedule_words(writer: Writer, found: Summary) -> str | None:
    kept = found.schedule
    if kept is None or kept.worst_delay_ms is None:
        return None
    rates = {"asked": figure(kept.asked_per_s), "sent": figure(kept.sent_per_s)}
    return writer.say("schedule_of", **rates, late=f"{kept.late:,}", worst=time_text(kept.worst_delay_ms))


def _goodput_words(writer: Writer, goodput: Goodput) -> str:
    return writer.say(
        "goodput_of",
        met=f"{goodput.met:,}",
        all=f"{goodput.of:,}",
        share=percent_text(goodput.share),
        rate=figure(goodput.requests_per_s),
    )
