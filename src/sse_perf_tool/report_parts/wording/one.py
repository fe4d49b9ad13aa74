"""Texts of the report of a single request."""

from __future__ import annotations

from ...texts import Texts

TEXTS: Texts = {
    "one.course": ("Course of the request", "请求的过程"),
    "one.bar": ("Where the time went", "时间去向"),
    "one.connecting": ("connecting", "建立连接"),
    "one.waiting": ("to the first byte", "至首字节"),
    "one.first": ("from there to the first token", "再至首个 token"),
    "one.streaming": ("streaming", "流式输出"),
    "one.receiving": ("receiving", "接收"),
    "one.failed": ("Failed", "失败"),
    "one.why": ("{outcome}: {error}.", "{outcome}：{error}。"),
    "one.values": ("Values", "数值"),
    "one.value": ("Value", "数值"),
    "one.ttfb": ("Time to first byte (TTFB)", "首字节时间（TTFB）"),
    "one.ttft": ("Time to first token (TTFT)", "首 token 时间（TTFT）"),
    "one.tpot": ("Time per token (TPOT)", "每 token 耗时（TPOT）"),
    "one.latency": ("Response time", "响应时间"),
    "one.max_gap": ("Longest gap", "最长间隔"),
    "one.tokens": ("Output tokens", "输出 token"),
    "one.rate": ("{rate} tokens/s", "{rate} token/s"),
    "one.request": ("Request and answer", "请求与回答"),
    "chart.one_chunks": ("Chunks so far", "累计数据块"),
    "chart.one_gaps": ("Gap before each chunk", "各数据块之前的间隔"),
    "one.since": ("ms since the request began", "自请求发起的时间（ms）"),
    "one.csv": ("Chunks (CSV)", "数据块（CSV）"),
}
