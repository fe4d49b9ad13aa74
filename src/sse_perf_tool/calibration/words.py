"""The console output of a calibration, in English or Chinese."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ..records import Calibration, CalibrationLimit, Compared
from ..texts import Say, Texts, pad, speaker
from .ladder import Rung, server_late

TEXTS: Texts = {
    "title": (
        "Calibration: {load}, {seconds:.1f} s, processes: {processes}",
        "校准：{load}，{seconds:.1f} 秒，进程数：{processes}",
    ),
    "load": ("{threads} threads, a chunk every {itl:g} ms each", "{threads} 个线程，每个线程每 {itl:g} ms 一个数据块"),
    "load_1": ("1 thread, a chunk every {itl:g} ms", "1 个线程，每 {itl:g} ms 一个数据块"),
    "truth": ("truth", "真实值"),
    "reported": ("reported", "报告值"),
    "error": ("error", "误差"),
    "TTFT": ("TTFT ms", "TTFT ms"),
    "gap": ("gap ms", "间隔 ms"),
    "few": (
        "n/a: too few values (P99 needs 100, P90 10)",
        "n/a：样本不足（P99 需 100 个，P90 需 10 个）",
    ),
    "chunks": ("chunks", "数据块"),
    "chunks_of": (
        "{per_s:,.0f} per second, {busiest:,} in the busiest second ({chunks:,} in {requests:,} answers)",
        "平均每秒 {per_s:,.0f} 个，最忙的一秒 {busiest:,} 个（{requests:,} 个回答共 {chunks:,} 个）",
    ),
    "tool": ("CPU of the tool", "本工具的 CPU"),
    "tool_of": ("{us:.1f} us per chunk, {share:.0f} % of a core", "每数据块 {us:.1f} 微秒，占一个核的 {share:.0f} %"),
    "server": ("server was late", "服务器延迟"),
    "server_of": (
        "P50 {p50:.2f} ms, P99 {p99:.2f} ms, at most {max:.2f} ms; {share:.0f} % of a core",
        "P50 {p50:.2f} ms，P99 {p99:.2f} ms，最多 {max:.2f} ms；占一个核的 {share:.0f} %",
    ),
    "late": (
        "The server was late by more than half a gap: the machine is busy, or the load is too high.",
        "服务器的延迟超过半个间隔：本机正忙，或负载超出其能力。",
    ),
    "failed": ("{failed} of {requests} requests failed", "{requests} 个请求中有 {failed} 个失败"),
    "ladder": ("Highest load of this machine, at gaps of {itl:g} ms", "本机能达到的负载（间隔 {itl:g} ms）"),
    "threads": ("threads", "线程"),
    "per_s": ("most chunks/s", "最多数据块/s"),
    "largest": ("largest error", "最大误差"),
    "server_late": ("server was late", "服务器延迟"),
    "limit": ("error up to {error:g} ms", "误差不超过 {error:g} ms"),
    "limit_tool": (
        "{threads} threads, {per_s:,.0f} chunks/s (limit: the tool)",
        "{threads} 个线程，{per_s:,.0f} 数据块/s（受限于本工具）",
    ),
    "limit_server": (
        "at least {threads} threads, {per_s:,.0f} chunks/s (limit: the server)",
        "至少 {threads} 个线程，{per_s:,.0f} 数据块/s（受限于校准服务器）",
    ),
    "limit_open": (
        "at least {threads} threads, {per_s:,.0f} chunks/s (higher loads were not tried)",
        "至少 {threads} 个线程，{per_s:,.0f} 数据块/s（未尝试更多）",
    ),
    "none_tool": ("none of the loads tried (limit: the tool)", "所有尝试过的负载都未达到（受限于本工具）"),
    "none_server": ("none of the loads tried (limit: the server)", "所有尝试过的负载都未达到（受限于校准服务器）"),
    "short": ("calibration", "校准"),
    "short_of": (
        "{load}: {per_s:,.0f} chunks/s, CPU {share:.0f} % of a core",
        "{load}：{per_s:,.0f} 数据块/s，占一个核的 {share:.0f} %",
    ),
    "short_error": ("error in ms", "误差 ms"),
    "short_error_of": ("TTFT {ttft}; gap {gaps}", "TTFT {ttft}；间隔 {gaps}"),
    "n/a": ("n/a", "n/a"),
}

NAME_COLUMNS = 20
TABLE_WIDTHS = (8, 11, 11, 11)
RUNG_WIDTHS = (9, 14, 17, 18)


def _ms(value: float | None, sign: str = "") -> str:
    return "n/a" if value is None else f"{round(value, 3) + 0.0:{sign}.3f}"  # no -0.000


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    return ("  " + " ".join(pad(cell, width, ">") for cell, width in zip(cells, widths, strict=True))).rstrip()


def _fact(say: Say, key: str, **values: object) -> str:
    return pad("  " + say(key), NAME_COLUMNS) + say(f"{key}_of", **values)


def load_words(say: Say, found: Calibration) -> str:
    """The load in words."""
    return say("load_1" if found.threads == 1 else "load", threads=found.threads, itl=found.itl_ms)


def table(found: Calibration, lang: str) -> Iterator[str]:
    """Truth, reported, error; chunks, CPU, and how late the server was."""
    say = speaker(TEXTS, lang)
    yield say("title", load=load_words(say, found), seconds=found.duration_s, processes=found.processes)
    yield pad("", NAME_COLUMNS - TABLE_WIDTHS[0] - 2) + _row(
        ["", say("truth"), say("reported"), say("error")], TABLE_WIDTHS
    )
    both = (("TTFT", found.ttft), ("gap", found.gaps))
    for name, percentiles in both:
        for percent, one in percentiles.items():
            cells = [percent.upper(), _ms(one.truth_ms), _ms(one.reported_ms), _ms(one.error_ms, "+")]
            yield pad("  " + say(name), NAME_COLUMNS - TABLE_WIDTHS[0] - 2) + _row(cells, TABLE_WIDTHS)
    if any(one.error_ms is None for _, percentiles in both for one in percentiles.values()):
        yield "  " + say("few")
    if found.failed:
        yield "  " + say("failed", failed=found.failed, requests=found.requests)
    yield _fact(
        say,
        "chunks",
        per_s=found.chunks_per_s,
        busiest=found.busiest_second_chunks,
        chunks=found.chunks,
        requests=found.requests,
    )
    yield _fact(say, "tool", us=found.cpu_us_per_chunk or 0.0, share=found.cpu_share * 100)
    yield _fact(say, "server", **found.server_late_ms, share=found.server_cpu_share * 100)
    if server_late(found):
        yield "  " + say("late")


def summary(found: Calibration, lang: str) -> Iterator[str]:
    """The same in two lines, for a run that begins with one."""
    say = speaker(TEXTS, lang)

    def errors(percentiles: Mapping[str, Compared]) -> str:
        known = {name: one.error_ms for name, one in percentiles.items() if one.error_ms is not None}
        return ", ".join(f"{name.upper()} {_ms(error, '+')}" for name, error in known.items()) or say("n/a")

    load = load_words(say, found)
    yield _fact(say, "short", load=load, per_s=found.chunks_per_s, share=found.cpu_share * 100)
    yield _fact(say, "short_error", ttft=errors(found.ttft), gaps=errors(found.gaps))


def ladder_head(itl_ms: float, lang: str) -> Iterator[str]:
    """What stands above the rungs."""
    say = speaker(TEXTS, lang)
    yield say("ladder", itl=itl_ms)
    heads = (say("threads"), say("per_s"), f"{say('largest')} ms", f"{say('server_late')} ms")
    yield _row(heads, RUNG_WIDTHS)


def rung_line(rung: Rung, late_ms: float) -> str:
    """One load of the ladder, in numbers alone."""
    return _row(
        [f"{rung.threads:,}", f"{rung.chunks_per_s:,.0f}", f"{rung.error_ms:.3f}", f"{late_ms:.2f}"], RUNG_WIDTHS
    )


def limit_line(limit: CalibrationLimit, lang: str) -> str:
    """How far it goes within a limit, and what the limit was."""
    say = speaker(TEXTS, lang)
    if limit.threads is None:
        words = say(f"none_{limit.limited_by}")
    else:
        key = f"limit_{limit.limited_by or 'open'}"
        words = say(key, threads=f"{limit.threads:,}", per_s=limit.chunks_per_s)
    return pad("  " + say("limit", error=limit.error_ms), NAME_COLUMNS + 3) + words
