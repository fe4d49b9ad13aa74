"""Words for an answer that took too long, or broke off after silence: what had come, and for how long nothing did.

Pure: plain values in, texts in the language of the run out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ..texts import Texts, speaker
from ..units import NS_PER_S

TEXTS: Texts = {
    "timeout": (
        "no whole answer within {seconds:g} s{how} (--timeout)",
        "{seconds:g} 秒内没有收到完整回答{how}（--timeout）",
    ),
    "idle": (
        "no data for {seconds:g} s{how} (--idle-timeout)",
        "{seconds:g} 秒内没有收到任何数据{how}（--idle-timeout）",
    ),
    "not_connected": (": no connection was made", "：未能建立连接"),
    "never": (": not one byte came", "：一个字节也没有收到"),
    "no_body": (": the head of the answer came, but nothing of its body", "：只收到响应头，没有收到任何正文"),
    "part_of_head": (": only a part of the head came", "：只收到部分响应头"),
    "textless": (": {bytes} bytes of the body came, but no text", "：收到正文 {bytes} 字节，但没有任何文本"),
    "stalled": (": stalled after {received}, {silence} of silence", "：收到 {received}后停滞，静默 {silence}"),
    "stalled_alive": (
        ": stalled after {received}, {silence} without text although other data came",
        "：收到 {received}后停滞，{silence} 内有其他数据但没有文本",
    ),
    "coming": (": still coming, {received}", "：仍在传输，已收到 {received}"),
    "idle_after": (" after {received}", "（此前已收到 {received}）"),
    "before": ("{error}; before that {statuses}", "{error}；此前 {statuses}"),
    "status_1": ("HTTP {status} once", "HTTP {status} 一次"),
    "status_2": ("HTTP {status} twice", "HTTP {status} 两次"),
    "status_n": ("HTTP {status} {n} times", "HTTP {status} {n} 次"),
    "one_chunk": ("1 chunk", "1 个数据块"),
    "chunks": ("{n} chunks", "{n} 个数据块"),
    "bytes": ("{n} bytes of the body", "正文 {n} 字节"),
    "silence": ("{error} after {seconds} s without data", "{error}（此前 {seconds} 秒没有数据）"),
    "limit": (
        "{error}; {seconds} s sharp is what a time limit of a proxy or server looks like",
        "{error}；恰好 {seconds} 秒，这通常是代理或服务端的超时限制",
    ),
    "limit_status": (
        "{error} (after {seconds:.1f} s: {limit} s sharp is what a time limit of a proxy or server looks like)",
        "{error}（{seconds:.1f} 秒后：恰好 {limit} 秒，这通常是代理或服务端的超时限制）",
    ),
}

LIMITS_S = (30, 50, 60, 90, 100, 120, 180, 240, 300, 600, 900, 1800, 3600)
"""Time limits that proxies and gateways come with, or are commonly set to (nginx, squid, Varnish: 60, haproxy: 50)."""
EARLY_S, LATE_S = 0.5, 2.1
"""So much sooner or later than its limit a proxy may be (Varnish looks at the time every few seconds)."""
SILENCE_NS = NS_PER_S
"""A shorter wait before the end is no silence."""
STALL_GAPS, STALL_NS = 2, NS_PER_S // 4
"""An answer has stalled when it is silent for longer than so many of its longest gaps, and for longer than this."""


def limit_s(silence_ns: int) -> int | None:
    """The usual time limit that this silence is as long as; None when there is none."""
    seconds = silence_ns / NS_PER_S
    return next((limit for limit in LIMITS_S if limit - EARLY_S <= seconds <= limit + LATE_S), None)


class Waiting:
    """The words in one language."""

    def __init__(self, lang: str) -> None:
        self._say = speaker(TEXTS, lang)

    def received(self, chunks: int, body_bytes: int, stream: bool) -> str:
        """How much of an answer came: chunks, of a whole answer bytes."""
        if not stream:
            return self._say("bytes", n=body_bytes)
        return self._say("one_chunk") if chunks == 1 else self._say("chunks", n=chunks)

    def timed_out(self, seconds: float, how: str) -> str:
        """That an answer was not whole in time; `how` is what `unbegun` or `unfinished` says."""
        return self._say("timeout", seconds=seconds, how=how)

    def idle(self, seconds: float, received: str | None) -> str:
        """That nothing came for so long, after what had been received; None: nothing had."""
        how = self._say("never") if received is None else self._say("idle_after", received=received)
        return self._say("idle", seconds=seconds, how=how)

    def unbegun(self, connected: bool, any_byte: bool, attempts_before: bool) -> str:
        """What is known of an answer without a head.  After attempts that were answered it is those that matter."""
        if any_byte:
            return self._say("part_of_head")
        return "" if attempts_before else self._say("never" if connected else "not_connected")

    def unfinished(self, received: str | None, body_bytes: int, silence_ns: int, quiet_ns: int, gap_ns: int) -> str:
        """What is known of an answer whose head came, but not its end.

        Nanoseconds: `silence_ns` since its newest text, `quiet_ns` since its newest byte, `gap_ns` its longest gap.
        `received` None: no text came.
        """
        if received is None:
            return self._say("textless", bytes=body_bytes) if body_bytes else self._say("no_body")
        least_ns = max(STALL_NS, STALL_GAPS * gap_ns)
        if silence_ns <= least_ns:
            return self._say("coming", received=received)
        seconds = silence_ns / NS_PER_S
        silence = f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
        return self._say("stalled" if quiet_ns > least_ns else "stalled_alive", received=received, silence=silence)

    def with_silence(self, error: str, silence_ns: int) -> str:
        """An error about an end, with the silence before it, and with the time limit that this looks like."""
        if silence_ns < SILENCE_NS:
            return error
        said = self._say("silence", error=error, seconds=f"{silence_ns / NS_PER_S:.1f}")
        limit = limit_s(silence_ns)
        return said if limit is None else self._say("limit", error=said, seconds=limit)

    def with_limit(self, error: str, waited_ns: int) -> str:
        """A status that came after a wait, with the time limit that this looks like, if it does."""
        limit = limit_s(waited_ns)
        return (
            error
            if limit is None
            else self._say("limit_status", error=error, seconds=waited_ns / NS_PER_S, limit=limit)
        )

    def with_statuses(self, error: str, statuses: Sequence[int]) -> str:
        """An error with the statuses of the attempts before."""
        if not statuses:
            return error
        said = [
            self._say(f"status_{n}" if n <= 2 else "status_n", status=status, n=n)
            for status, n in Counter(statuses).items()
        ]
        return self._say("before", error=error, statuses=", ".join(said))
