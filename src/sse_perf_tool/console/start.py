"""The header of a run: target, format, query and load."""

from __future__ import annotations

from collections.abc import Sequence

from ..records import RunConfig
from ..report_parts.verdict import also_text, shape_text
from ..texts import Texts, clip, printable
from .writer import Writer

TEXTS: Texts = {
    "title": ("SSE performance test", "SSE 性能测试"),
    "target": ("Target", "目标"),
    "found": ("Found", "识别结果"),
    "query": ("Query", "问题"),
    "load": ("Load", "负载"),
    "one_thread": ("1 thread", "1 个线程"),
    "many_threads": ("{number} threads", "{number} 个线程"),
    "load_once": ("{threads}, one request each", "{threads}，各发送一次"),
    "load_single": ("1 request", "1 个请求"),
    "load_conversation": ("{threads}, one conversation each", "{threads}，各一个会话"),
    "load_total": ("{threads}, {requests} requests in total", "{threads}，共 {requests} 个请求"),
    "load_total_for": (
        "{threads}, {requests} requests in total, for at most {seconds:g} s",
        "{threads}，共 {requests} 个请求，最长 {seconds:g} 秒",
    ),
    "load_for": ("{threads} for {seconds:g} s", "{threads}，持续 {seconds:g} 秒"),
    "also": (", {text}", "，{text}"),
    "ramp": (", started over {seconds:g} s", "，在 {seconds:g} 秒内启动"),
    "format": ("Format", "格式"),
    "auto": ("auto: detected from the stream", "自动识别：由数据流判断"),
    "auto_guess": ("{guess} (auto, from the URL)", "{guess}（根据网址自动识别）"),
    "auto_seen": ("{seen} (auto)", "{seen}（自动识别）"),
    "reader": ("Reading thread", "读取线程"),
    "reader_compiled": ("compiled", "编译版"),
    "reader_python": ("Python", "Python 版"),
}


def show(
    writer: Writer,
    config: RunConfig,
    warnings: Sequence[str],
    guessed: str | None,
    seen: str | None,
    notes: Sequence[str] = (),
) -> None:
    """Target, format, query and load, and the warnings; `guessed` and `seen` as in `Console.start`."""
    writer.heading("title")
    writer.facts(
        [
            ("target", config.url),
            *(("found", note) for note in notes),
            ("format", _format_words(writer, config, guessed, seen)),
            ("query", clip(printable(config.query), writer.room) if config.query else config.param_file),
            ("load", _load_words(writer, config)),
        ]
    )
    for text in warnings:
        writer.warn(text)
    writer.gap()


def show_reader(writer: Writer, kind: str) -> None:
    """Which reading thread there is; see `RunConfig.reader`."""
    writer.facts([("reader", writer.say(f"reader_{kind}"))])
    writer.gap()


def _format_words(writer: Writer, config: RunConfig, guessed: str | None, seen: str | None) -> str:
    if config.format != "auto":
        return config.format
    if seen:
        return writer.say("auto_seen", seen=seen)
    return writer.say("auto_guess", guess=guessed) if guessed else writer.say("auto")


def _load_words(writer: Writer, config: RunConfig) -> str:
    say = writer.say
    threads = say("one_thread") if config.threads == 1 else say("many_threads", number=config.threads)
    if shape := shape_text(config):
        threads = shape[writer.column]
    if config.duration_s and config.requests is not None:
        words = say("load_total_for", threads=threads, requests=config.requests, seconds=config.duration_s)
    elif config.duration_s:
        words = say("load_for", threads=threads, seconds=config.duration_s)
    elif config.threads == 1 and config.requests_wanted == 1:
        words = say("load_single")
    elif config.requests is not None:
        words = say("load_total", threads=threads, requests=config.requests)
    else:
        words = say("load_once" if config.turns == 1 else "load_conversation", threads=threads)
    words += "".join(say("also", text=more[writer.column]) for more in also_text(config))
    return words + (say("ramp", seconds=config.ramp_up_s) if config.ramp_up_s else "")
