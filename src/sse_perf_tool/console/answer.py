"""The summary of a single request."""

from __future__ import annotations

from ..records import Outcome, RequestRecord
from ..texts import Texts
from ..units import TOKENS_PER_S, figure
from .figures import ms_text
from .writer import GREEN, RED, Writer

TEXTS: Texts = {
    "status": ("HTTP status", "HTTP 状态"),
    "first_byte": ("TTFB", "TTFB（首字节）"),
    "first_token": ("TTFT", "TTFT（首 token）"),
    "answer": ("Answer", "回答"),
    "outcome": ("outcome", "结果"),
    "error": ("error", "错误"),
    "retries": ("retries", "重试次数"),
    "resent_times": ("sent again", "重新发送"),
    "conversation_id": ("conversation id", "会话 ID"),
    "message_id": ("message id", "消息 ID"),
    "finish_reason": ("finish reason", "结束原因"),
    "tokens": ("tokens", "token 数"),
    "tokens_from": ("{tokens} ({source})", "{tokens}（{source}）"),
    "usage": ("reported by the server", "服务端上报"),
    "estimate": ("estimated from the text", "按文本估算"),
    "weighted": ("estimated from the text by weights", "按文本加权估算"),
    "chunks": ("one a chunk", "每块计一个"),
    "tokenizer": ("counted by the tokenizer", "由分词器统计"),
    "mixed": ("partly reported, partly estimated", "部分上报，部分估算"),
    "length": ("length", "长度"),
    "characters": ("{number} characters", "{number} 字符"),
    "received": ("received", "接收"),
    "bytes": ("{number} bytes", "{number} 字节"),
    "connect": ("connect", "建立连接"),
    "streaming": ("streaming", "流式传输"),
    "total": ("total", "总耗时"),
    "tpot_fact": ("TPOT", "TPOT"),
    "throughput": ("throughput", "吞吐量"),
}


def show(writer: Writer, record: RequestRecord) -> None:
    """The summary of a single request."""
    say = writer.say
    good = record.outcome is Outcome.OK
    writer.gap()
    writer.heading("answer")
    rate = record.tokens_per_s
    whole = good and record.streaming_ns is None
    writer.facts(
        [
            ("outcome", writer.paint(record.outcome.value, GREEN if good else RED)),
            ("error", record.error),
            ("retries", str(record.retries) if record.retries else None),
            ("resent_times", str(record.resent) if record.resent else None),
            ("conversation_id", record.conversation_id),
            ("message_id", record.message_id),
            ("finish_reason", record.finish_reason),
            ("blocks", None if whole else f"{record.chunks:,}"),
            ("tokens", tokens_words(writer, record.output_tokens, record.token_source)),
            ("length", say("characters", number=f"{record.text_chars:,}")),
            ("received", say("bytes", number=f"{record.bytes_received:,}") if whole else None),
            ("connect", ms_text(record.connect_ns)),
            ("first_byte", ms_text(record.ttfb_ns)),
            ("first_token", ms_text(record.ttft_ns)),
            ("streaming", ms_text(record.streaming_ns)),
            ("total", ms_text(record.latency_ns)),
            ("tpot_fact", ms_text(record.tpot_ns)),
            ("throughput", None if rate is None else f"{figure(rate)} {TOKENS_PER_S[writer.column]}"),
        ]
    )


def tokens_words(writer: Writer, tokens: int | None, source: str | None) -> str | None:
    """A number of tokens and who counted them; None when there are none."""
    return writer.say("tokens_from", tokens=f"{tokens:,}", source=writer.say(source)) if tokens and source else None
