"""Texts of the findings of a run."""

from __future__ import annotations

from ...texts import Texts

TEXTS: Texts = {
    "findings": ("What the run shows", "测试发现"),
    "queue.seen": (
        "At most {answered} of {under_way} requests in flight were answered at a time;",
        "同时得到回答的请求从未超过 {answered} 个（共 {under_way} 个在途）；",
    ),
    "queue.many": (
        "{began} of {waiting} waiting ones began as another ended: the server has {answered} workers or threads.",
        "{waiting} 个等待的请求中有 {began} 个恰在另一个结束时开始：服务端有 {answered} 个工作进程或线程。",
    ),
    "queue.one": (
        "{began} of {waiting} waiting ones began as another ended: one worker, or a blocking call in an async server.",
        "{waiting} 个等待的请求中有 {began} 个恰在另一个结束时开始：只有一个工作进程，或异步服务中有阻塞调用。",
    ),
    "queue.of_ttft": (
        "For the waiting requests, {queue} of the TTFT of {whole} is time in its queue (median).",
        "等待者的 TTFT 中位数 {whole} 中，有 {queue} 是在它的队列里等待。",
    ),
    "queue.of_ttfb": (
        "For the waiting requests, {queue} of the TTFB of {whole} is time in its queue (median).",
        "等待者的 TTFB 中位数 {whole} 中，有 {queue} 是在它的队列里等待。",
    ),
}
