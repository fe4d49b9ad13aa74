"""Texts of the findings of a run."""

from __future__ import annotations

from ...texts import Texts

TEXTS: Texts = {
    "findings": ("What the run shows", "测试发现"),
    "outage.refused": ("refused", "拒绝连接"),
    "outage.died": (
        "The service died in mid-run: {kind} from {begin} on{broken}. None was ok any more, {failures} failed.",
        "服务在运行中途失效：自 {begin} 起{kind}{broken}。此后没有成功的请求，{failures} 个失败。",
    ),
    "outage.passed": (
        "{failures} of the {all} failures fell into {length}: {kind} from {begin} on{broken}. Then it was back.",
        "{all} 次失败中有 {failures} 次发生在 {length} 之内：自 {begin} 起{kind}{broken}，之后恢复。",
    ),
    "outage.broken": ("; {n} broke at that moment", "；{n}在那一刻中断"),
    "outage.streams.one": ("1 stream", "1 个流"),
    "outage.streams.many": ("{n} streams", "{n} 个流"),
    "outage.requests.one": ("1 failed request", "1 个失败的请求"),
    "outage.requests.many": ("{n} failed requests", "{n} 个失败的请求"),
    "after_chunks": (
        "after {least} to {most} chunks (median {median})",
        "已收到 {least} 至 {most} 个数据块（中位数 {median}）",
    ),
    "after_chunks.same": ("after {n} each", "均已收到 {n}"),
    "chunks.one": ("{n} chunk", "{n} 个数据块"),
    "chunks.many": ("{n} chunks", "{n} 个数据块"),
    "failed_ttft": (
        "{n} had a first token, after {ttft} (median), which is in no figure.",
        "{n}有首 token，中位数 {ttft}，但未计入任何指标。",
    ),
    "failed_ttft.alone": ("No other request had one.", "其他请求都没有首 token。"),
    "failed_ttft.with": (
        "With them the {name} of the TTFT would be {whole} instead of {shown}.",
        "若计入它们，TTFT 的 {name} 将是 {whole}，而非 {shown}。",
    ),
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
    "bad_events": (
        "{events} events in {n} are not JSON: those that were cut lack text (`malformed`), other words are skipped.",
        "{n}中共有 {events} 个事件不是 JSON：被截断处缺少文本（`malformed`），其余文字被跳过。",
    ),
    "compression.held": (
        "Clients that accept gzip get the answer compressed ({encoding}) and held back: TTFT {ttft} against {run}.",
        "接受 gzip 的客户端得到的回答被压缩（{encoding}）并被扣住：TTFT 为 {ttft}，而未压缩时为 {run}。",
    ),
    "compression.held_plain": (
        "Clients that accept gzip get the answer held back, though not compressed: TTFT {ttft} against {run}.",
        "接受 gzip 的客户端得到的回答虽未压缩，却被扣住：TTFT 为 {ttft}，而其余请求为 {run}。",
    ),
    "compression.kept": (
        "Clients that accept gzip get the answer compressed ({encoding}), and as promptly: TTFT {ttft} against {run}.",
        "接受 gzip 的客户端得到的回答被压缩（{encoding}），但同样及时：TTFT 为 {ttft}，未压缩时为 {run}。",
    ),
    "compression.unreadable": (
        "Clients that accept compression get the answer compressed ({encoding}), unreadable here without a package.",
        "接受压缩的客户端得到的回答被压缩（{encoding}），而本机缺少解压所需的包。",
    ),
    "compression.failed": (
        "The one request that accepts gzip failed, {outcome} ({encoding}): {error}",
        "唯一一个接受 gzip 的请求失败，{outcome}（{encoding}）：{error}",
    ),
    "compression.failed_plain": (
        "The one request that accepts gzip failed, {outcome}: {error}",
        "唯一一个接受 gzip 的请求失败，{outcome}：{error}",
    ),
    "accept_queue": (
        (
            "{resent} of {made} connections took {least} to {most}, as their SYN was sent again: its accept queue"
            " was full (backlog, `net.core.somaxconn`, too few workers), or packets were lost."
        ),
        (
            "{made} 个连接中有 {resent} 个耗时 {least} 至 {most}，因为 SYN 被重发：服务端的 accept 队列已满"
            "（backlog、`net.core.somaxconn`、工作进程太少），或网络丢包。"
        ),
    ),
    "accept_queue_here": (
        (
            "{resent} of {made} connections took {least} to {most}, as their SYN was sent again: its accept queue"
            " was full (backlog, `net.core.somaxconn`, too few workers)."
        ),
        (
            "{made} 个连接中有 {resent} 个耗时 {least} 至 {most}，因为 SYN 被重发：服务端的 accept 队列已满"
            "（backlog、`net.core.somaxconn`、工作进程太少）。"
        ),
    ),
    "packet_loss": (
        "Packets were lost on the way: {late} came out of order, {again} were sent again",
        "途中有丢包：{late} 个数据包乱序到达，{again} 个被重发",
    ),
    "packet_loss.of": (", in {n} of {all}", "，涉及 {all} 个中的 {n}"),
    "packet_loss.felt": (
        ". The gaps that this made are the network's, and what a user felt.",
        "。由此产生的间隔是网络造成的，也是用户的真实感受。",
    ),
    "other_programs": (
        (
            "Other programs kept the cores busy ({busy} of them, of which this tool {own} at most); the bounds say what"
            " that can have done to the figures."
        ),
        "其他程序占用了 CPU（共 {busy}，其中本工具最多 {own}）；误差界限说明了这对数据可能的影响。",
    ),
}
