"""Texts of what the server said of itself."""

from __future__ import annotations

from ...texts import Texts

TEXTS: Texts = {
    "section.server": ("The server's own metrics", "服务端自身指标"),
    "chart.server_requests": ("Requests in the server", "服务端的请求"),
    "chart.server_cache": ("KV cache in use", "KV 缓存占用"),
    "chart.server_tokens": ("Tokens by the server's count", "服务端统计的 Token"),
    "chart.server_preemptions": ("Preemptions", "抢占"),
    "chart.server_memory": ("Resident memory", "常驻内存"),
    "series.server_running": ("running", "处理中"),
    "series.server_waiting": ("waiting", "排队"),
    "series.server_cache": ("KV cache", "KV 缓存"),
    "series.server_generated": ("generated", "生成"),
    "series.server_prompt": ("prompt", "提示"),
    "series.server_preemptions": ("preemptions", "抢占"),
    "series.server_memory": ("memory", "内存"),
    "unit.megabytes": ("MB", "MB"),
}
