"""Texts of what the server said of itself."""

from __future__ import annotations

from ...texts import Texts

TEXTS: Texts = {
    "profile": ("Seen inside the server", "服务端内部观察"),
    "section.server": ("The server's own metrics", "服务端自身指标"),
    "chart.server_requests": ("Requests in the server", "服务端的请求"),
    "chart.server_cache": ("KV cache in use", "KV 缓存占用"),
    "chart.server_tokens": ("Tokens by the server's count", "服务端统计的 token"),
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
    "server.of": ("{name}: {figures}", "{name}：{figures}"),
    "server.running": ("running max {most}", "处理中最多 {most}"),
    "server.waiting": ("waiting max {most}", "排队最多 {most}"),
    "server.kv_cache_percent": ("KV cache max {most} %", "KV 缓存最高 {most} %"),
    "server.memory_mb": ("memory max {most} MB", "内存最高 {most} MB"),
    "server.column": ("Server", "服务端"),
    "server.name.running": ("Server: running, most", "服务端：处理中，最多"),
    "server.name.waiting": ("Server: waiting, most", "服务端：排队，最多"),
    "server.name.kv_cache_percent": ("Server: KV cache, most, %", "服务端：KV 缓存，最高，%"),
    "server.name.generated_tokens_per_s": ("Server: generated tokens/s, most", "服务端：每秒生成 token，最多"),
    "server.name.prompt_tokens_per_s": ("Server: prompt tokens/s, most", "服务端：每秒输入 token，最多"),
    "server.name.preemptions_per_s": ("Server: preemptions/s, most", "服务端：每秒抢占，最多"),
    "server.name.memory_mb": ("Server: memory, most, MB", "服务端：内存，最高，MB"),
}
